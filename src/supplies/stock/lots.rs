//! Lots: of an item, by their label, and those that expire.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{SHOWN_MAX, cut};
use crate::db::schema::lot;
use crate::db::types::LotState;
use crate::ids::{BinId, ItemId, LotId, StockPlaceId};

/// Lots of an item.
pub const ITEM_LOTS_SQL: &str = include_str!("../sql/item_lots.sql");
/// Lots that expire.
pub const EXPIRING_LOTS_SQL: &str = include_str!("../sql/expiring_lots.sql");

/// A lot in a bin.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct LotRow {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub lot_id: LotId,
    /// Its number; empty when nobody told it.
    #[diesel(sql_type = Text)]
    pub lot_number: String,
    /// Last day of use.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// What people said of it.
    #[diesel(sql_type = Text)]
    pub state: LotState,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The name of the place.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// The bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// How much; below zero: more was taken than was there by the books.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    /// Days to its last day of use, at the place (R17); below zero: it has expired.
    #[diesel(sql_type = Nullable<Integer>)]
    pub days_left: Option<i32>,
}

/// Lots of an item that are anywhere, first to expire first; at most [`SHOWN_MAX`], and whether there are more.
///
/// # Errors
/// When the database fails.
pub async fn list_item_lots(
    mut conn: &AsyncPgConnection,
    id: ItemId,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<LotRow>, bool)> {
    let mut rows: Vec<LotRow> = sql_query(ITEM_LOTS_SQL)
        .bind::<BigInt, _>(id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(SHOWN_MAX + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, SHOWN_MAX);
    Ok((rows, has_more))
}

/// Number and last day of use of a lot of an item.
///
/// # Errors
/// When the database fails.
pub async fn find_lot_label(
    mut conn: &AsyncPgConnection,
    item_id: ItemId,
    lot_id: LotId,
) -> QueryResult<Option<(String, Option<NaiveDate>)>> {
    lot::table
        .find(lot_id)
        .filter(lot::item_id.eq(item_id))
        .select((lot::lot_number, lot::expires_on))
        .first(&mut conn)
        .await
        .optional()
}

/// The lot of an item with this number: with this last day of use, else the only one of the number.
///
/// # Errors
/// When the database fails.
pub async fn find_lot_of_label(
    mut conn: &AsyncPgConnection,
    item_id: ItemId,
    (number, expires_on): (&str, Option<NaiveDate>),
) -> QueryResult<Option<LotId>> {
    let found: Vec<(LotId, Option<NaiveDate>)> = lot::table
        .filter(lot::item_id.eq(item_id))
        .filter(lot::lot_number.eq(number))
        .select((lot::id, lot::expires_on))
        .order(lot::id)
        .limit(SHOWN_MAX)
        .load(&mut conn)
        .await?;
    let exact = found.iter().find(|(_, day)| *day == expires_on);
    Ok(match (exact, found.as_slice(), expires_on) {
        (Some((id, _)), ..) | (None, [(id, _)], None) => Some(*id),
        _ => None,
    })
}

/// Where the page of expiring lots before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotCursor {
    /// Last day of use.
    pub expires_on: NaiveDate,
    /// Its lot.
    pub lot_id: LotId,
    /// Its bin.
    pub bin_id: BinId,
}

impl std::fmt::Display for LotCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.expires_on, self.lot_id, self.bin_id)
    }
}

impl LotCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let expires_on: NaiveDate = parts.next()?.parse().ok()?;
        let lot_id = LotId(parts.next()?.parse().ok()?);
        let bin_id = BinId(parts.next()?.parse().ok()?);
        // A database refuses days that it cannot store.
        let is_plausible = (0..=9999).contains(&chrono::Datelike::year(&expires_on));
        is_plausible.then_some(Self {
            expires_on,
            lot_id,
            bin_id,
        })
    }
}

/// A lot in a bin, with its item.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ExpiringLot {
    /// The lot.
    #[diesel(embed)]
    pub lot: LotRow,
    /// Its item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// The number of the item.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// What quantities count.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// Its bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
}

/// Lots that are anywhere and whose last day of use is not after `until`, first to expire first, and where the next page starts.
///
/// # Errors
/// When the database fails.
pub async fn list_expiring_lots(
    mut conn: &AsyncPgConnection,
    until: NaiveDate,
    after: Option<LotCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<ExpiringLot>, Option<LotCursor>)> {
    let mut rows: Vec<ExpiringLot> = sql_query(EXPIRING_LOTS_SQL)
        .bind::<Date, _>(until)
        .bind::<Nullable<Date>, _>(after.map(|cursor| cursor.expires_on))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.lot_id))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.bin_id))
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).and_then(|row| {
        Some(LotCursor {
            expires_on: row.lot.expires_on?,
            lot_id: row.lot.lot_id,
            bin_id: row.bin_id,
        })
    });
    Ok((rows, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_nonsense_is_not() {
        let lot = LotCursor::parse("2026-11-30.4.5").unwrap();
        assert_eq!(LotCursor::parse(&lot.to_string()), Some(lot));
        for text in [
            "",
            "2026-11-30",
            "2026-13-30.4.5",
            "+99999-01-01.1.1",
            "2026-11-30.4.x",
        ] {
            assert_eq!(LotCursor::parse(text), None, "{text}");
        }
    }
}
