//! Reads of assets.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::model::{AssetEntry, AssetIdentifier, AssetTag, ClosedStay, Departure};
use crate::db::prepared::Prepared;
use crate::ids::{AssetId, RoomId};

/// Assets by id, as list rows.
pub const ENTRIES_SQL: &str = include_str!("sql/entries.sql");
/// Assets by number.
pub const BY_NUMBERS_SQL: &str = include_str!("sql/by_numbers.sql");
/// Tags of an asset.
pub const TAGS_SQL: &str = include_str!("sql/tags.sql");
/// Closed stays of an asset.
pub const STAYS_SQL: &str = include_str!("sql/stays.sql");
/// Assets that left a room.
pub const DEPARTURES_SQL: &str = include_str!("sql/departures.sql");
/// Closed stays on one page.
pub const STAYS_PER_PAGE: i64 = 50;

/// The assets with these ids, in no order.
///
/// # Errors
/// When the database fails.
pub async fn list_entries(
    mut conn: &AsyncPgConnection,
    ids: &[AssetId],
) -> QueryResult<Vec<AssetEntry>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    // Planning the joins takes longer than reading a page of rows.
    Prepared(sql_query(ENTRIES_SQL).bind::<Array<BigInt>, _>(ids))
        .load(&mut conn)
        .await
}

/// The assets with these numbers, in their order; a number that nothing has is left out.
///
/// # Errors
/// When the database fails.
pub async fn list_ids_by_number(
    mut conn: &AsyncPgConnection,
    numbers: &[String],
) -> QueryResult<Vec<AssetId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
    }
    let rows: Vec<Row> = sql_query(BY_NUMBERS_SQL)
        .bind::<Array<Text>, _>(numbers)
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.asset_id).collect())
}

/// One asset.
///
/// # Errors
/// When the database fails.
pub async fn find_entry(conn: &AsyncPgConnection, id: AssetId) -> QueryResult<Option<AssetEntry>> {
    Ok(list_entries(conn, &[id]).await?.pop())
}

/// The other numbers of an asset.
///
/// # Errors
/// When the database fails.
pub async fn list_identifiers(
    mut conn: &AsyncPgConnection,
    id: AssetId,
) -> QueryResult<Vec<AssetIdentifier>> {
    sql_query("SELECT kind, value FROM asset_identifier WHERE asset_id = $1 ORDER BY kind, value LIMIT 100")
        .bind::<BigInt, _>(id.0)
        .load(&mut conn)
        .await
}

/// The tags that are on an asset now, the newest heard first.
///
/// # Errors
/// When the database fails.
pub async fn list_tags(mut conn: &AsyncPgConnection, id: AssetId) -> QueryResult<Vec<AssetTag>> {
    sql_query(TAGS_SQL)
        .bind::<BigInt, _>(id.0)
        .load(&mut conn)
        .await
}

/// Closed stays of an asset that ended before `before`, newest first, at most `limit`. An asset leaves one room at a
/// time, so `left_at` alone is a total order.
///
/// # Errors
/// When the database fails.
pub async fn list_stays(
    mut conn: &AsyncPgConnection,
    id: AssetId,
    before: Option<DateTime<Utc>>,
    limit: i64,
) -> QueryResult<Vec<ClosedStay>> {
    sql_query(STAYS_SQL)
        .bind::<BigInt, _>(id.0)
        .bind::<Nullable<Timestamptz>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// Assets that left a room since `since`, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_departures(
    mut conn: &AsyncPgConnection,
    room: RoomId,
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<Departure>> {
    sql_query(DEPARTURES_SQL)
        .bind::<BigInt, _>(room.0)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}
