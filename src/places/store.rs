//! Reads of places.

use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::model::{DownRoom, FloorEntry, RoomCount, RoomPlace, RoomReader};
use super::walk::{WalkEdge, WalkRoom, WalkingMap};
use crate::db::prepared::Prepared;
use crate::ids::{BuildingId, FloorId, RoomId, UnitId};

/// Rooms of one floor, counted.
pub const FLOOR_ROOMS_SQL: &str = include_str!("sql/floor_rooms.sql");
/// Rooms without a working reader.
pub const DOWN_ROOMS_SQL: &str = include_str!("sql/down_rooms.sql");
/// Rooms with the places above them, for the walking map.
pub const WALKING_ROOMS_SQL: &str = include_str!("sql/walking_rooms.sql");
/// Most rooms, and most ways, of a walking map.
pub const WALKING_MAX: i64 = 1_000_000;
/// Most floors in one list.
pub const FLOORS_MAX: i64 = 500;
/// Most units in one list.
pub const UNITS_MAX: i64 = 1_000;
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
           coalesce(n.rooms, 0) AS rooms \
         FROM floor f JOIN building b ON b.id = f.building_id \
           LEFT JOIN (SELECT floor_id, count(*) AS rooms FROM room GROUP BY floor_id) n ON n.floor_id = f.id \
         ORDER BY b.name, f.level DESC, f.id LIMIT $1",
    )
    .bind::<BigInt, _>(FLOORS_MAX)
    .load(&mut conn)
    .await
}

/// Floors to choose from: id and "Main building, Level 3", in the order of [`list_floors`]. Every list of results has them, so no room
/// is counted here.
///
/// # Errors
/// When the database fails.
pub async fn list_floor_names(mut conn: &AsyncPgConnection) -> QueryResult<Vec<(FloorId, String)>> {
    use crate::db::schema::{building, floor};
    let rows: Vec<(FloorId, String, String)> = floor::table
        .inner_join(building::table)
        .order((building::name, floor::level.desc(), floor::id))
        .select((floor::id, building::name, floor::name))
        .limit(FLOORS_MAX)
        .load(&mut conn)
        .await?;
    let named = |(id, building, floor)| (id, format!("{building}, {floor}"));
    Ok(rows.into_iter().map(named).collect())
}

/// Rooms with this name, in any case, over all floors; at most ten.
///
/// # Errors
/// When the database fails.
pub async fn list_rooms_named(
    mut conn: &AsyncPgConnection,
    name: &str,
) -> QueryResult<Vec<RoomPlace>> {
    use crate::db::schema::room;
    let ids: Vec<RoomId> = room::table
        .filter(
            diesel::dsl::sql::<diesel::sql_types::Text>("lower(name)")
                .eq(name.trim().to_lowercase()),
        )
        .order(room::id)
        .select(room::id)
        .limit(10)
        .load(&mut conn)
        .await?;
    list_places(conn, &ids).await
}

/// All units by name.
///
/// # Errors
/// When the database fails.
pub async fn list_units(mut conn: &AsyncPgConnection) -> QueryResult<Vec<(UnitId, String)>> {
    use crate::db::schema::unit;
    unit::table
        .order((unit::name, unit::id))
        .select((unit::id, unit::name))
        .limit(UNITS_MAX)
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
    Prepared(sql_query(DOWN_ROOMS_SQL)).load(&mut conn).await
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

/// The number that rises with every change of places.
///
/// # Errors
/// When the database fails.
pub async fn find_place_version(mut conn: &AsyncPgConnection) -> QueryResult<i64> {
    use crate::db::schema::place_version;
    place_version::table
        .select(place_version::version)
        .first(&mut conn)
        .await
}

#[derive(QueryableByName)]
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
struct WalkRoomRow {
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<UnitId>,
    #[diesel(sql_type = BigInt)]
    floor_id: FloorId,
    #[diesel(sql_type = BigInt)]
    building_id: BuildingId,
}

/// All rooms and the ways between them. Ask [`super::cache::WalkingCache`] instead, which loads them only when they changed.
///
/// # Errors
/// When the database fails.
pub async fn load_walking_map(mut conn: &AsyncPgConnection) -> QueryResult<WalkingMap> {
    use crate::db::schema::{building, floor, walk_edge};
    let rooms: Vec<WalkRoomRow> = sql_query(WALKING_ROOMS_SQL)
        .bind::<BigInt, _>(WALKING_MAX)
        .load(&mut conn)
        .await?;
    let edges: Vec<(RoomId, RoomId, f64)> = walk_edge::table
        .select((walk_edge::room_a, walk_edge::room_b, walk_edge::cost_m))
        .order((walk_edge::floor_id, walk_edge::room_a, walk_edge::room_b))
        .limit(WALKING_MAX)
        .load(&mut conn)
        .await?;
    let floors: Vec<(FloorId, String)> = floor::table
        .select((floor::id, floor::name))
        .load(&mut conn)
        .await?;
    let buildings: Vec<(BuildingId, String)> = building::table
        .select((building::id, building::name))
        .load(&mut conn)
        .await?;
    let rooms = rooms
        .into_iter()
        .map(|row| WalkRoom {
            room_id: row.room_id,
            unit_id: row.unit_id,
            floor_id: row.floor_id,
            building_id: row.building_id,
        })
        .collect();
    let edges: Vec<WalkEdge> = edges
        .into_iter()
        .map(|(a, b, cost_m)| WalkEdge {
            rooms: [a, b],
            cost_m,
        })
        .collect();
    Ok(WalkingMap::new(rooms, &edges).with_names(
        floors.into_iter().collect(),
        buildings.into_iter().collect(),
    ))
}
