//! A whole list, not a page of it: for files to download.
//!
//! First the order of all rows is made, from what the order depends on and in parts, and only ids are kept: eight bytes a row. Then
//! the rows are read part by part in that order ([`list_hits_of`]), as fast as somebody takes them.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::list::{Hit, Listing, View, list_candidates, list_rooms_within};
use super::rank::{DownRooms, RankKey, rank_key};
use super::search::{Source, list_ids};
use crate::ids::AssetId;
use crate::places::store::list_down_rooms;

/// All assets of some types.
pub const ALL_OF_TYPES_SQL: &str = include_str!("sql/all_of_types.sql");
/// All assets of some models.
pub const ALL_OF_MODELS_SQL: &str = include_str!("sql/all_of_models.sql");

/// Most rows of one file.
pub const ROWS_MAX: usize = 200_000;
/// Rows that are read together.
pub const ROWS_PER_PART: usize = 500;
/// Assets whose order is looked up together.
const CANDIDATES_PER_PART: usize = 2_000;

/// The assets of a list in its order, all of them; `None` when there are more than [`ROWS_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list_all(
    conn: &AsyncPgConnection,
    listing: &Listing<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<Vec<AssetId>>> {
    let ids = list_source(conn, listing).await?;
    if ids.len() > ROWS_MAX {
        return Ok(None);
    }
    let down = find_down_rooms(conn).await?;
    let view = View {
        listing,
        now,
        as_of: now,
        after: None,
        down: &down,
    };
    let mut keys: Vec<RankKey> = Vec::new();
    for part in ids.chunks(CANDIDATES_PER_PART) {
        let candidates = list_candidates(conn, part).await?;
        keys.extend(
            candidates
                .iter()
                .filter(|candidate| view.is_wanted(candidate))
                .map(|candidate| rank_key(candidate, listing.sort, now, listing.costs, &down)),
        );
    }
    keys.sort_unstable();
    Ok(Some(keys.iter().map(RankKey::asset_id).collect()))
}

/// The rows of these assets, in this order; those that have gone meanwhile are left out.
///
/// # Errors
/// When the database fails.
pub async fn list_hits_of(
    conn: &AsyncPgConnection,
    ids: &[AssetId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Hit>> {
    let down = find_down_rooms(conn).await?;
    super::list::list_hits_by_id(conn, ids, now, &down).await
}

async fn find_down_rooms(conn: &AsyncPgConnection) -> QueryResult<DownRooms> {
    let rooms = list_down_rooms(conn).await?;
    Ok(rooms
        .into_iter()
        .map(|room| (room.room_id, room.since))
        .collect())
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    asset_id: AssetId,
}

/// One more than there may be, so that too many can be told.
async fn list_source(
    mut conn: &AsyncPgConnection,
    listing: &Listing<'_>,
) -> QueryResult<Vec<AssetId>> {
    let limit = i64::try_from(ROWS_MAX)
        .unwrap_or(i64::MAX)
        .saturating_add(1);
    let (sql, ids): (&str, Vec<i64>) = match listing.source {
        Source::Types(types) => (ALL_OF_TYPES_SQL, types.iter().map(|id| id.0).collect()),
        Source::Models(models) => (ALL_OF_MODELS_SQL, models.iter().map(|id| id.0).collect()),
        source => return list_ids(conn, source, limit).await,
    };
    let rooms: Option<Vec<i64>> = match listing.filters.place {
        Some(place) => {
            let rooms = list_rooms_within(conn, place).await?;
            Some(rooms.iter().map(|room| room.0).collect())
        }
        None => None,
    };
    let rows: Vec<IdRow> = sql_query(sql)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Nullable<Array<BigInt>>, _>(rooms)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}
