//! R2: service that is overdue keeps an asset of some types from being ready. Due on a day means overdue from the midnight
//! after it, in the facility's time zone.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Date, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use crate::db::schema::facility;
use crate::ids::{AssetId, AssetTypeId, FacilityId, RoomId};
use crate::live::Topic;

/// Sets the block where service fell due.
pub const BLOCK_SQL: &str = include_str!("sql/block_service.sql");
/// Lifts it where it was done, or where the type no longer asks for it.
pub const UNBLOCK_SQL: &str = include_str!("sql/unblock_service.sql");
/// Assets changed by one statement.
const PAGE: i64 = 1_000;

#[derive(QueryableByName)]
#[expect(
    clippy::struct_field_names,
    reason = "columns are named as in the database"
)]
struct Changed {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
    #[diesel(sql_type = BigInt)]
    asset_type_id: AssetTypeId,
    #[diesel(sql_type = Nullable<BigInt>)]
    room_id: Option<RoomId>,
}

/// Sets and lifts blocks, both for a bounded number of assets.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let facilities: Vec<(FacilityId, String)> = facility::table
        .order(facility::id)
        .select((facility::id, facility::time_zone))
        .load(conn)
        .await?;
    let mut outcome = Outcome::default();
    if facilities.is_empty() {
        return Ok(outcome);
    }
    let ids: Vec<FacilityId> = facilities.iter().map(|(id, _)| *id).collect();
    let days: Vec<NaiveDate> = facilities
        .iter()
        .map(|(_, zone)| today(zone, now))
        .collect();
    let newest = days.iter().max().copied().unwrap_or_default();
    let newest = newest.checked_add_days(Days::new(1)).unwrap_or(newest);
    for sql in [BLOCK_SQL, UNBLOCK_SQL] {
        let changed: Vec<Changed> = sql_query(sql)
            .bind::<Array<BigInt>, _>(&ids)
            .bind::<Array<Date>, _>(&days)
            .bind::<Date, _>(newest)
            .bind::<BigInt, _>(PAGE)
            .load(conn)
            .await?;
        outcome.changed += changed.len();
        outcome.has_more |= i64::try_from(changed.len()).unwrap_or(0) >= PAGE;
        for row in changed {
            outcome.topics.insert(Topic::Asset(row.asset_id));
            outcome.topics.insert(Topic::Type(row.asset_type_id));
            outcome.topics.extend(row.room_id.map(Topic::Room));
        }
    }
    Ok(outcome)
}

/// The day on the calendar of a facility; UTC when its zone is not known.
fn today(zone: &str, now: DateTime<Utc>) -> NaiveDate {
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    now.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_changes_at_local_midnight_on_both_nights_of_a_clock_change() {
        let london = |text| today("Europe/London", at(text)).to_string();
        assert_eq!(london("2026-03-28T23:59:59Z"), "2026-03-28");
        assert_eq!(london("2026-03-29T00:00:00Z"), "2026-03-29");
        assert_eq!(london("2026-03-29T22:59:59Z"), "2026-03-29");
        assert_eq!(london("2026-03-29T23:00:00Z"), "2026-03-30");
        assert_eq!(london("2026-10-24T23:00:00Z"), "2026-10-25");
        assert_eq!(london("2026-10-25T23:59:59Z"), "2026-10-25");
        assert_eq!(london("2026-10-26T00:00:00Z"), "2026-10-26");
        assert_eq!(
            today("Nowhere/Town", at("2026-01-01T00:00:00Z")).to_string(),
            "2026-01-01"
        );
    }
}
