//! Reads of places.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::model::{DownRoom, FloorEntry, RoomCount, RoomPlace, RoomReader};
use crate::ids::{FloorId, RoomId, UnitId};

/// Rooms of one floor, counted.
pub const FLOOR_ROOMS_SQL: &str = include_str!("sql/floor_rooms.sql");
/// Rooms without a working reader.
pub const DOWN_ROOMS_SQL: &str = include_str!("sql/down_rooms.sql");
/// Most floors in one list.
pub const FLOORS_MAX: i64 = 500;
/// Most rooms of one floor in one list.
pub const ROOMS_MAX: i64 = 1_000;

/// The rooms with these ids, in no order.
///
/// # Errors
/// When the database fails.
pub async fn list_places(
    mut conn: &AsyncPgConnection,
    ids: &[RoomId],
) -> QueryResult<Vec<RoomPlace>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    sql_query(include_str!("sql/places.sql"))
        .bind::<Array<BigInt>, _>(ids)
        .load(&mut conn)
        .await
}

/// One room.
///
/// # Errors
/// When the database fails.
pub async fn find_place(conn: &AsyncPgConnection, id: RoomId) -> QueryResult<Option<RoomPlace>> {
    Ok(list_places(conn, &[id]).await?.pop())
}

/// All floors, by building, highest first.
///
/// # Errors
/// When the database fails.
pub async fn list_floors(mut conn: &AsyncPgConnection) -> QueryResult<Vec<FloorEntry>> {
    sql_query(
        "SELECT f.id AS floor_id, f.name AS floor_name, f.level, b.name AS building_name, \
           (SELECT count(*) FROM room r WHERE r.floor_id = f.id) AS rooms \
         FROM floor f JOIN building b ON b.id = f.building_id ORDER BY b.name, f.level DESC, f.id LIMIT $1",
    )
    .bind::<BigInt, _>(FLOORS_MAX)
    .load(&mut conn)
    .await
}

/// The rooms of a floor with how many assets are in each.
///
/// # Errors
/// When the database fails.
pub async fn list_floor_rooms(
    mut conn: &AsyncPgConnection,
    floor: FloorId,
) -> QueryResult<Vec<RoomCount>> {
    sql_query(FLOOR_ROOMS_SQL)
        .bind::<BigInt, _>(floor.0)
        .bind::<BigInt, _>(ROOMS_MAX)
        .load(&mut conn)
        .await
}

/// The floor on which most rooms of a unit are.
///
/// # Errors
/// When the database fails.
pub async fn find_floor_of_unit(
    mut conn: &AsyncPgConnection,
    unit: UnitId,
) -> QueryResult<Option<FloorId>> {
    use crate::db::schema::room;
    room::table
        .filter(room::unit_id.eq(unit))
        .group_by(room::floor_id)
        .order((diesel::dsl::count_star().desc(), room::floor_id))
        .select(room::floor_id)
        .first(&mut conn)
        .await
        .optional()
}

/// Rooms whose active readers are all down (R13), with the time since when.
///
/// # Errors
/// When the database fails.
pub async fn list_down_rooms(mut conn: &AsyncPgConnection) -> QueryResult<Vec<DownRoom>> {
    sql_query(DOWN_ROOMS_SQL).load(&mut conn).await
}

/// The readers that cover a room.
///
/// # Errors
/// When the database fails.
pub async fn list_room_readers(
    mut conn: &AsyncPgConnection,
    room: RoomId,
) -> QueryResult<Vec<RoomReader>> {
    sql_query(
        "SELECT r.id AS reader_id, r.reader_key, r.technology, r.state, h.down_since, h.last_message_at, \
           string_agg(DISTINCT z.name, ', ' ORDER BY z.name) AS zones \
         FROM zone z JOIN antenna an ON an.zone_id = z.id JOIN reader r ON r.id = an.reader_id \
           LEFT JOIN reader_health h ON h.reader_id = r.id \
         WHERE z.room_id = $1 \
         GROUP BY r.id, h.reader_id ORDER BY r.reader_key LIMIT 200",
    )
    .bind::<BigInt, _>(room.0)
    .load(&mut conn)
    .await
}
