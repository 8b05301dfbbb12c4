//! Floor plans in the database.

use chrono::{DateTime, Utc};
use diesel::deserialize::QueryableByName;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Double, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

use super::plan::geojson::{NamedWay, PlanFault, read_plan, write_plan};
use super::plan::matching::{KnownRoom, MatchedPlan, match_rooms};
use super::plan::{Drawing, Point, Shape, Size};
use super::store::ROOMS_MAX;
use crate::audit::{Actor, Event, record_audit};
use crate::db::schema::{building, floor, floor_plan, room, room_shape, walk_edge};
use crate::db::types::RoomKind;
use crate::ids::{BuildingId, FloorId, RoomId, UnitId};

/// Rooms of a floor with their shapes and readers.
pub const PLAN_ROOMS_SQL: &str = include_str!("sql/plan_rooms.sql");
/// Ways that the plan of a floor gives.
pub const PLAN_WAYS_SQL: &str = include_str!("sql/plan_ways.sql");
/// Rows in one INSERT: far below the number of values that Postgres takes.
const INSERT_ROWS: usize = 5_000;

/// A room of a floor as its plan shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanRoom {
    /// The room.
    pub room_id: RoomId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: RoomKind,
    /// Its unit.
    pub unit_id: Option<UnitId>,
    /// Name of its unit.
    pub unit_name: Option<String>,
    /// Its walls and a point inside; `None` when the plan does not draw it.
    pub shape: Option<(Shape, Point)>,
    /// Readers in use that cover it.
    pub readers: i64,
    /// Since when all of them are down.
    pub down_since: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct PlanRoomRow {
    #[diesel(sql_type = BigInt)]
    room_id: RoomId,
    #[diesel(sql_type = Text)]
    room_name: String,
    #[diesel(sql_type = Text)]
    room_kind: RoomKind,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<UnitId>,
    #[diesel(sql_type = Nullable<Text>)]
    unit_name: Option<String>,
    #[diesel(sql_type = Nullable<Jsonb>)]
    points: Option<Value>,
    #[diesel(sql_type = Nullable<Double>)]
    label_x: Option<f64>,
    #[diesel(sql_type = Nullable<Double>)]
    label_y: Option<f64>,
    #[diesel(sql_type = BigInt)]
    readers: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    down_since: Option<DateTime<Utc>>,
}

impl PlanRoomRow {
    fn shape(&self) -> Option<(Shape, Point)> {
        let label = Point {
            x: self.label_x?,
            y: self.label_y?,
        };
        // What was stored was a shape; a row that somebody changed by hand is shown in the list only.
        Some((read_points(self.points.as_ref()?)?, label))
    }
}

fn read_points(points: &Value) -> Option<Shape> {
    let points: Option<Vec<Point>> = points
        .as_array()?
        .iter()
        .map(|point| {
            let axis = |n: usize| point.get(n).and_then(Value::as_f64);
            Some(Point {
                x: axis(0)?,
                y: axis(1)?,
            })
        })
        .collect();
    Shape::new(&points?).ok()
}

/// The size of the plan of a floor: `None` when there is no plan, `Some(None)` when it has no size.
///
/// # Errors
/// When the database fails.
pub async fn find_plan_size(
    mut conn: &AsyncPgConnection,
    floor: FloorId,
) -> QueryResult<Option<Option<Size>>> {
    let found: Option<(Option<f64>, Option<f64>)> = floor_plan::table
        .find(floor)
        .select((floor_plan::width_m, floor_plan::height_m))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(found.map(|(width, height)| Size::new(width?, height?)))
}

/// The rooms of a floor as its plan shows them.
///
/// # Errors
/// When the database fails.
pub async fn list_plan_rooms(
    mut conn: &AsyncPgConnection,
    floor: FloorId,
) -> QueryResult<Vec<PlanRoom>> {
    let rows: Vec<PlanRoomRow> = sql_query(PLAN_ROOMS_SQL)
        .bind::<BigInt, _>(floor)
        .bind::<BigInt, _>(ROOMS_MAX)
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| PlanRoom {
            shape: row.shape(),
            room_id: row.room_id,
            name: row.room_name,
            kind: row.room_kind,
            unit_id: row.unit_id,
            unit_name: row.unit_name,
            readers: row.readers,
            down_since: row.down_since,
        })
        .collect())
}

/// A floor by its name and that of its building; several when the building is not named and more than one has such a floor.
///
/// # Errors
/// When the database fails.
pub async fn list_floors_named(
    mut conn: &AsyncPgConnection,
    name: &str,
    in_building: Option<&str>,
) -> QueryResult<Vec<(FloorId, String)>> {
    let mut query = floor::table
        .inner_join(building::table)
        .filter(floor::name.eq(name))
        .select((floor::id, building::name))
        .order((building::name, floor::id))
        .limit(100)
        .into_boxed();
    if let Some(building_name) = in_building {
        query = query.filter(building::name.eq(building_name));
    }
    query.load(&mut conn).await
}

/// Compares a plan with the rooms of a floor; nothing is changed.
///
/// # Errors
/// When the database fails. What is wrong with the text is the inner error.
pub async fn check_plan(
    conn: &AsyncPgConnection,
    floor: FloorId,
    text: &str,
) -> QueryResult<Result<MatchedPlan, Vec<PlanFault>>> {
    let file = match read_plan(text) {
        Ok(file) => file,
        Err(faults) => return Ok(Err(faults)),
    };
    let known = list_known_rooms(conn, floor).await?;
    Ok(match_rooms(&file, floor, &known))
}

/// The rooms of the building of a floor.
async fn list_known_rooms(
    mut conn: &AsyncPgConnection,
    floor_id: FloorId,
) -> QueryResult<Vec<KnownRoom>> {
    let building_id: Option<BuildingId> = floor::table
        .find(floor_id)
        .select(floor::building_id)
        .first(&mut conn)
        .await
        .optional()?;
    let Some(building_id) = building_id else {
        return Ok(Vec::new());
    };
    let rows: Vec<(RoomId, String, RoomKind, FloorId, String)> = room::table
        .inner_join(floor::table)
        .filter(floor::building_id.eq(building_id))
        .select((room::id, room::name, room::kind, floor::id, floor::name))
        .order(room::id)
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(room_id, name, kind, floor_id, floor_name)| KnownRoom {
            room_id,
            name,
            is_hallway: kind == RoomKind::Hallway,
            floor_id,
            floor_name,
        })
        .collect())
}

/// Puts a plan in the place of the one that was there, and says so in the audit log.
///
/// # Errors
/// When the database fails.
pub async fn replace_plan(
    conn: &mut AsyncPgConnection,
    floor: FloorId,
    plan: &MatchedPlan,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    store_drawing(conn, floor, plan, now).await?;
    let event = Event::new(actor, "plan.imported", format!("floor:{floor}")).with_after(json!({
        "rooms": plan.drawing.rooms.len(),
        "ways": plan.ways.len(),
        "width_m": plan.drawing.size.map(|size| size.width_m),
        "height_m": plan.drawing.size.map(|size| size.height_m),
    }));
    record_audit(conn, &event, now).await
}

/// Stores the rows of a plan. The row of the floor is locked first: two imports at the same moment happen one after the other.
///
/// # Errors
/// When the database fails.
pub async fn store_drawing(
    conn: &mut AsyncPgConnection,
    floor_id: FloorId,
    plan: &MatchedPlan,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    floor::table
        .find(floor_id)
        .select(floor::id)
        .for_update()
        .first::<FloorId>(conn)
        .await?;
    let size = plan.drawing.size;
    let values = (
        floor_plan::width_m.eq(size.map(|size| size.width_m)),
        floor_plan::height_m.eq(size.map(|size| size.height_m)),
        floor_plan::imported_at.eq(now),
    );
    diesel::insert_into(floor_plan::table)
        .values((floor_plan::floor_id.eq(floor_id), values))
        .on_conflict(floor_plan::floor_id)
        .do_update()
        .set(values)
        .execute(conn)
        .await?;
    let of_floor = room::table
        .filter(room::floor_id.eq(floor_id))
        .select(room::id);
    diesel::delete(room_shape::table.filter(room_shape::room_id.eq_any(of_floor)))
        .execute(conn)
        .await?;
    diesel::delete(walk_edge::table.filter(walk_edge::floor_id.eq(floor_id)))
        .execute(conn)
        .await?;
    let aspect = plan.drawing.aspect();
    let shapes: Vec<_> = plan
        .drawing
        .rooms
        .iter()
        .map(|(room_id, shape)| {
            let label = shape.label_point(aspect);
            let points: Vec<[f64; 2]> = shape.points().iter().map(|p| [p.x, p.y]).collect();
            (
                room_shape::room_id.eq(*room_id),
                room_shape::points.eq(json!(points)),
                room_shape::label_x.eq(label.x),
                room_shape::label_y.eq(label.y),
            )
        })
        .collect();
    diesel::insert_into(room_shape::table)
        .values(shapes)
        .execute(conn)
        .await?;
    for ways in plan.ways.chunks(INSERT_ROWS) {
        let rows: Vec<_> = ways
            .iter()
            .map(|way| {
                let [a, b] = way.rooms;
                (
                    walk_edge::floor_id.eq(floor_id),
                    walk_edge::room_a.eq(a),
                    walk_edge::room_b.eq(b),
                    walk_edge::cost_m.eq(way.cost_m),
                )
            })
            .collect();
        diesel::insert_into(walk_edge::table)
            .values(rows)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The plan of a floor as GeoJSON; `None` when it has none.
///
/// # Errors
/// When the database fails.
pub async fn export_plan(conn: &AsyncPgConnection, floor: FloorId) -> QueryResult<Option<String>> {
    let Some(size) = find_plan_size(conn, floor).await? else {
        return Ok(None);
    };
    let (rooms, ways) =
        tokio::try_join!(list_plan_rooms(conn, floor), list_named_ways(conn, floor))?;
    let rooms = rooms
        .into_iter()
        .filter_map(|room| Some((room.name, room.shape?.0)))
        .collect();
    Ok(Some(write_plan(&Drawing { size, rooms }, &ways)))
}

#[derive(QueryableByName)]
struct WayRow {
    #[diesel(sql_type = Text)]
    from_name: String,
    #[diesel(sql_type = Text)]
    to_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    to_floor: Option<String>,
    #[diesel(sql_type = Double)]
    cost_m: f64,
}

async fn list_named_ways(
    mut conn: &AsyncPgConnection,
    floor: FloorId,
) -> QueryResult<Vec<NamedWay>> {
    let rows: Vec<WayRow> = sql_query(PLAN_WAYS_SQL)
        .bind::<BigInt, _>(floor)
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| NamedWay {
            feature: 0,
            from: row.from_name,
            to: row.to_name,
            to_floor: row.to_floor,
            cost_m: row.cost_m,
        })
        .collect())
}

/// Checks a plan and puts it in the place of the one that was there, in one transaction.
///
/// # Errors
/// When the database fails. What is wrong with the text is the inner error; then nothing is changed.
pub async fn import_plan(
    conn: &mut AsyncPgConnection,
    floor: FloorId,
    text: &str,
    actor: Actor<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Result<MatchedPlan, Vec<PlanFault>>> {
    conn.transaction(async |conn| {
        let checked = check_plan(conn, floor, text).await?;
        if let Ok(plan) = &checked {
            replace_plan(conn, floor, plan, actor, now).await?;
        }
        Ok(checked)
    })
    .await
}
