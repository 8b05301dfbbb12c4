//! Rooms as a file: with how much is in them, and by readiness as on a plan.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::refuse;
use crate::app::App;
use crate::find::spots::{RoomTally, list_room_tallies, list_type_names};
use crate::ids::FloorId;
use crate::places::drawing::{PlanRoom, list_plan_rooms};
use crate::places::model::{FloorEntry, RoomCount};
use crate::places::store::{list_floor_rooms, list_floors};
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, maybe_instant, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::Nav;
use crate::web::plan::{PlanParams, read_asking};
use crate::web::rooms::RoomsParams;
use crate::web::{PageError, routes};

struct RoomRow {
    floor: FloorEntry,
    room: RoomCount,
    zone: Tz,
}

impl CsvRow for RoomRow {
    const COLUMNS: &'static [&'static str] = &[
        "building",
        "floor",
        "unit",
        "room",
        "kind",
        "equipment",
        "readers",
        "readers_silent_since",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::text(&self.floor.building_name),
            Cell::text(&self.floor.floor_name),
            Cell::maybe(self.room.unit_name.as_deref()),
            Cell::text(&self.room.room_name),
            Cell::text(self.room.room_kind.as_str()),
            Cell::Number(self.room.assets),
            Cell::Number(self.room.readers),
            maybe_instant(self.room.down_since, self.zone),
        ]
    }
}

/// `GET /rooms.csv`: the rooms of a floor, or of all floors.
///
/// # Errors
/// When there is no such floor, or the database fails.
pub async fn rooms(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<RoomsParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let asked = match params.floor.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => Some(FloorId(text.parse().map_err(|_| PageError::NotFound)?)),
        None => None,
    };
    let conn = app.db.conn().await?;
    let mut floors = list_floors(&conn).await?;
    floors.retain(|floor| asked.is_none_or(|asked| floor.floor_id == asked));
    if asked.is_some() && floors.is_empty() {
        return Err(PageError::NotFound);
    }
    let mut rows = Vec::new();
    for floor in floors {
        let rooms = list_floor_rooms(&conn, floor.floor_id).await?;
        rows.extend(rooms.into_iter().map(|room| RoomRow {
            floor: floor.clone(),
            room,
            zone: shell.zone,
        }));
    }
    drop(conn);
    record_export(&app, &viewer, "rooms", request.query_string()).await?;
    Ok(CsvFile::new("rooms", &csv, &shell).whole(&rows))
}

struct PlanRow {
    room: PlanRoom,
    tally: RoomTally,
    zone: Tz,
}

impl CsvRow for PlanRow {
    const COLUMNS: &'static [&'static str] = &[
        "unit",
        "room",
        "kind",
        "ready",
        "in_use",
        "soiled",
        "cleaning",
        "other",
        "readers",
        "readers_silent_since",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            Cell::maybe(self.room.unit_name.as_deref()),
            Cell::text(&self.room.name),
            Cell::text(self.room.kind.as_str()),
            Cell::Number(self.tally.ready),
            Cell::Number(self.tally.in_use),
            Cell::Number(self.tally.soiled),
            Cell::Number(self.tally.cleaning),
            Cell::Number(self.tally.out),
            Cell::Number(self.room.readers),
            maybe_instant(self.room.down_since, self.zone),
        ]
    }
}

/// `GET /plan/{id}/csv`: the list below a plan, of what the plan counts.
///
/// # Errors
/// When there is no such floor, when the plan could not count what is asked, or when the database fails.
pub async fn plan(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<FloorId>,
    request: HttpRequest,
    params: web::Query<PlanParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Plan);
    let conn = app.db.conn().await?;
    let floors = list_floors(&conn).await?;
    let floor = floors.into_iter().find(|floor| floor.floor_id == id.0);
    let floor = floor.ok_or(PageError::NotFound)?;
    let types = list_type_names(&conn).await?;
    let asking = read_asking(&conn, &app.words, &params, &types, &shell).await?;
    if let Some(problem) = asking.problem {
        return refuse(shell, problem, routes::plan_path(id.0));
    }
    let rooms = list_plan_rooms(&conn, id.0).await?;
    let ids: Vec<_> = rooms.iter().map(|room| room.room_id).collect();
    let tallies = list_room_tallies(&conn, &ids, &asking.counted).await?;
    drop(conn);
    record_export(
        &app,
        &viewer,
        "plan",
        &format!("floor={}&{}", id.0, request.query_string()),
    )
    .await?;
    let rows: Vec<PlanRow> = rooms
        .into_iter()
        .map(|room| PlanRow {
            tally: tallies.get(&room.room_id).copied().unwrap_or_default(),
            room,
            zone: shell.zone,
        })
        .collect();
    let name = format!("plan-{}-{}", floor.building_name, floor.floor_name);
    Ok(CsvFile::new(&name, &csv, &shell).whole(&rows))
}
