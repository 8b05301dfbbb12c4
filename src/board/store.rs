//! Reads of the board of a unit, from the kept counts and never from the assets.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::lines::list_lines_in;
use super::model::{KeptCount, ReadyRoom, UnitRoom};
use super::rules::{Offer, count_spare};
use super::sheet::Sheet;
use crate::ids::{AssetTypeId, RoomId, UnitId};
use crate::places::walk::Nearnesses;

/// Counts of some rooms and types.
pub const COUNTS_SQL: &str = include_str!("sql/counts.sql");
/// Rooms that can spare some.
pub const READY_ROOMS_SQL: &str = include_str!("sql/ready_rooms.sql");
/// Most rooms of one unit on its board.
pub const ROOMS_MAX: i64 = 1_000;
/// Rooms that are asked first: only when too little is there, all others are.
const NEAR_ROOMS: usize = 512;

/// The board of a unit as it is now.
///
/// # Errors
/// When the database fails.
pub async fn load_sheet(mut conn: &AsyncPgConnection, unit: UnitId) -> QueryResult<Sheet> {
    let rooms: Vec<UnitRoom> = sql_query(
        "SELECT id AS room_id, name AS room_name, kind AS room_kind FROM room WHERE unit_id = $1 ORDER BY name, id LIMIT $2",
    )
    .bind::<BigInt, _>(unit)
    .bind::<BigInt, _>(ROOMS_MAX)
    .load(&mut conn)
    .await?;
    let lines = list_lines_in(conn, &rooms).await?;
    let types: BTreeSet<AssetTypeId> = lines.iter().map(|line| line.asset_type_id).collect();
    if types.is_empty() {
        return Ok(Sheet::default());
    }
    let ids: Vec<RoomId> = rooms.iter().map(|room| room.room_id).collect();
    let counts: Vec<KeptCount> = sql_query(COUNTS_SQL)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<BigInt>, _>(Vec::from_iter(types))
        .load(&mut conn)
        .await?;
    Ok(Sheet::new(rooms, &lines, &counts))
}

/// For each of some types the rooms that can spare some, and how far they are. Near rooms are asked first; all of them only for
/// types of which the near ones cannot spare as many as are wanted.
///
/// # Errors
/// When the database fails.
#[expect(clippy::implicit_hasher, reason = "one caller, with the usual hasher")]
pub async fn list_offers(
    conn: &AsyncPgConnection,
    wanted: &HashMap<AssetTypeId, i64>,
    near: &Nearnesses,
) -> QueryResult<HashMap<AssetTypeId, Vec<Offer>>> {
    let mut offers: HashMap<AssetTypeId, Vec<Offer>> = HashMap::new();
    let mut rooms = near.sorted_rooms();
    let is_all = rooms.len() <= NEAR_ROOMS;
    rooms.truncate(NEAR_ROOMS);
    let types: Vec<AssetTypeId> = wanted.keys().copied().collect();
    for row in list_ready_rooms(conn, &types, Some(rooms)).await? {
        offers
            .entry(row.asset_type_id)
            .or_default()
            .push(offer(&row, near));
    }
    if is_all {
        return Ok(offers);
    }
    let is_covered = |id: &AssetTypeId, wanted: i64| {
        let spare = offers.get(id).into_iter().flatten();
        spare.map(|offer| offer.spare).sum::<i64>() >= wanted
    };
    let rest: Vec<AssetTypeId> = wanted
        .iter()
        .filter(|(id, wanted)| !is_covered(id, **wanted))
        .map(|(id, _)| *id)
        .collect();
    for id in &rest {
        offers.remove(id);
    }
    for row in list_ready_rooms(conn, &rest, None).await? {
        offers
            .entry(row.asset_type_id)
            .or_default()
            .push(offer(&row, near));
    }
    Ok(offers)
}

fn offer(row: &ReadyRoom, near: &Nearnesses) -> Offer {
    Offer {
        cost: near
            .find(row.room_id)
            .map_or(u64::MAX, |near| u64::from(near.cost_dm)),
        room_id: row.room_id,
        spare: count_spare(row.ready, row.target),
    }
}

async fn list_ready_rooms(
    mut conn: &AsyncPgConnection,
    types: &[AssetTypeId],
    rooms: Option<Vec<RoomId>>,
) -> QueryResult<Vec<ReadyRoom>> {
    if types.is_empty() {
        return Ok(Vec::new());
    }
    sql_query(READY_ROOMS_SQL)
        .bind::<Array<BigInt>, _>(types)
        .bind::<Nullable<Array<BigInt>>, _>(rooms)
        .load(&mut conn)
        .await
}
