//! Floor plans: rooms as shapes with what is ready in them, and the same as a list.

mod canvas;
pub mod import;
mod look;
mod samples;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::filters;
use super::page::{Chip, Nav, Page, Shell, see_other};
use super::strings::fill;
use super::{PageError, routes};
use crate::app::App;
use crate::db::DbConn;
use crate::find::query::{FindQuery, QueryError};
use crate::find::spots::{Counted, find_counted, list_room_tallies, list_type_names};
use crate::find::words::WordCache;
use crate::ids::{AssetTypeId, FloorId};
use crate::live::{Kind, Topic};
use crate::places::drawing::{export_plan, find_plan_size, list_plan_rooms};
use crate::places::model::FloorEntry;
use crate::places::store::{find_floor_of_unit, list_floors};
use crate::web::extract::{Asked, IdPath, Viewer};
use canvas::{Label, Sketch};
use look::{Asking, Look};

/// The query string of a plan.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PlanParams {
    /// The type that is counted.
    #[serde(default)]
    pub r#type: String,
    /// What pins show.
    #[serde(default)]
    pub q: String,
    /// Left edge of the view.
    pub x: Option<String>,
    /// Upper edge of the view.
    pub y: Option<String>,
    /// Width of the view.
    pub w: Option<String>,
}

/// The plan of a floor.
#[derive(Debug, Template)]
#[template(path = "plan/index.html", blocks = ["plan"])]
pub struct PlanPage {
    /// Frame.
    pub shell: Shell,
    /// "Level 3, Main building: ready equipment".
    pub heading: String,
    /// Where the form sends to.
    pub action: String,
    /// The rooms as the plain list.
    pub list_href: String,
    /// All floors, with the same filter.
    pub floors: Vec<FloorTab>,
    /// Types to choose from.
    pub types: Vec<TypeOption>,
    /// What could not be done as asked.
    pub problem: Option<String>,
    /// What pins show, and how to end that.
    pub search: Option<SearchNote>,
    /// "7 ready in 3 rooms of this floor".
    pub found: String,
    /// "2 rooms without a working reader."
    pub down: Option<String>,
    /// The drawing; `None` when the floor has no plan.
    pub drawing: Option<DrawingView>,
    /// "3 rooms are not on the plan".
    pub undrawn: Option<String>,
    /// Rooms in which something is, most ready first.
    pub rows: Vec<RoomRow>,
    /// Rooms with nothing, by name.
    pub rest: Vec<RoomRow>,
    /// Where an administrator imports a plan.
    pub import_href: Option<String>,
    /// The plan as a file.
    pub download_href: Option<String>,
    /// The list below as a file.
    pub csv_href: String,
}

/// A floor to choose.
#[derive(Clone, Debug)]
pub struct FloorTab {
    /// Its plan.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Whether it is shown.
    pub is_current: bool,
}

/// A type to choose.
#[derive(Clone, Debug)]
pub struct TypeOption {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

/// What pins show.
#[derive(Clone, Debug)]
pub struct SearchNote {
    /// "Pins show "alaris"."
    pub words: String,
    /// The plan without pins.
    pub clear_href: String,
}

/// The drawing.
#[derive(Clone, Debug)]
pub struct DrawingView {
    /// Name of the whole picture.
    pub label: String,
    /// The part that is shown.
    pub view_box: String,
    /// All of it, for the script.
    pub whole_box: String,
    /// Whether letters are larger.
    pub is_far: bool,
    /// Rooms.
    pub rooms: Vec<RoomMark>,
    /// Zoom and pan.
    pub buttons: Vec<ViewButton>,
    /// Whether the view began at the viewer's unit.
    pub is_own_unit: bool,
    /// Whether pins are shown.
    pub has_pins: bool,
}

/// A button that changes the view; a link, so that it works without script.
#[derive(Clone, Debug)]
pub struct ViewButton {
    /// The plan with that view.
    pub href: String,
    /// What it does, for the script.
    pub does: &'static str,
    /// Its word.
    pub word: &'static str,
    /// The view, for the script.
    pub view_box: String,
}

/// A room of the drawing.
#[derive(Clone, Debug)]
pub struct RoomMark {
    /// Its page.
    pub href: String,
    /// "Clean utility 3W-12: 4 ready, 2 in use".
    pub label: String,
    /// "mine" for rooms of the viewer's unit, "asleep" for those without a working reader.
    pub class: &'static str,
    /// Where everything stands.
    pub sketch: Sketch,
    /// The pattern of the strip: "many", "some", "few" or "none".
    pub pattern: Option<&'static str>,
    /// Words in the strip.
    pub flag: Option<Label>,
    /// Whether the number is of what was last seen.
    pub is_was: bool,
}

/// A room of the list.
#[derive(Clone, Debug)]
pub struct RoomRow {
    /// Tells rows apart when the page is brought up to date.
    pub key: String,
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Option<String>,
    /// "4", or "was 4".
    pub ready: String,
    /// In use.
    pub in_use: i64,
    /// Soiled.
    pub soiled: i64,
    /// Everything else.
    pub other: i64,
    /// In a word.
    pub chip: Chip,
}

/// `GET /plan`: the plan of the viewer's own floor, or of the first, with the same search.
///
/// # Errors
/// When the database fails.
pub async fn first(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<PlanParams>,
) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let own = match viewer.home_unit {
        Some(unit) => find_floor_of_unit(&conn, unit).await?,
        None => None,
    };
    let floor = match own {
        Some(floor) => Some(floor),
        None => list_floors(&conn).await?.first().map(|f| f.floor_id),
    };
    Ok(see_other(&floor.map_or_else(
        || routes::ROOMS.to_owned(),
        |floor| routes::search_on_plan_path(Some(floor), &params.q, &params.r#type),
    )))
}

/// `GET /plan/{id}`
///
/// # Errors
/// When there is no such floor, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<FloorId>,
    params: web::Query<PlanParams>,
    asked: Asked,
) -> Result<HttpResponse, PageError> {
    let mut shell = viewer.shell(Nav::Plan);
    shell.watch([Topic::All(Kind::Room)]);
    let conn = app.db.conn().await?;
    let floors = list_floors(&conn).await?;
    let floor = find_floor(&floors, id.0).ok_or(PageError::NotFound)?;
    let (rooms, size, types) = tokio::try_join!(
        list_plan_rooms(&conn, id.0),
        find_plan_size(&conn, id.0),
        list_type_names(&conn),
    )?;
    let asking = read_asking(&conn, &app.words, &params, &types, &shell).await?;
    let ids: Vec<_> = rooms.iter().map(|room| room.room_id).collect();
    let tallies = list_room_tallies(&conn, &ids, &asking.counted).await?;
    let look = Look {
        floor,
        floors: &floors,
        rooms: &rooms,
        size,
        tallies: &tallies,
        types: &types,
        home_unit: viewer.home_unit,
        may_import: routes::may_open(viewer.role, routes::PLAN_IMPORT),
        params: &params,
        asking: &asking,
    };
    let page = PlanPage::new(shell, &look);
    if asked.fragment {
        Page::new(page.as_plan()).render()
    } else {
        Page::new(page).render()
    }
}

/// The floor with this id.
fn find_floor(floors: &[FloorEntry], id: FloorId) -> Option<&FloorEntry> {
    floors.iter().find(|floor| floor.floor_id == id)
}

/// What the query string asks to count. What it cannot mean is said, and everything is counted.
pub(in crate::web) async fn read_asking(
    conn: &DbConn,
    words: &WordCache,
    params: &PlanParams,
    types: &[(AssetTypeId, String)],
    shell: &Shell,
) -> Result<Asking, PageError> {
    let t = &shell.t.plan;
    let all = |problem: Option<String>| Asking {
        counted: Counted::All,
        chosen: None,
        text: None,
        problem,
    };
    match FindQuery::parse(&params.q) {
        Err(QueryError::TooLong { .. }) => return Ok(all(Some(t.long_text.to_owned()))),
        Ok(FindQuery::Text(text)) => {
            let found = find_counted(conn, words, &text).await?;
            return Ok(match found {
                Some(counted) => Asking {
                    counted,
                    chosen: None,
                    text: Some(text.as_str().to_owned()),
                    problem: None,
                },
                None => all(Some(fill(t.unknown_text, &[&text.as_str()]))),
            });
        }
        Ok(FindQuery::Everything) => {}
    }
    let wanted = params.r#type.trim();
    if wanted.is_empty() {
        return Ok(all(None));
    }
    let found = types.iter().find(|(id, _)| id.to_string() == wanted);
    Ok(match found {
        Some((id, _)) => Asking {
            counted: Counted::Types(vec![*id]),
            chosen: Some(*id),
            text: None,
            problem: None,
        },
        None => all(Some(t.unknown_type.to_owned())),
    })
}

/// `GET /plan/{id}/geojson`
///
/// # Errors
/// When the floor has no plan, or the database fails.
pub async fn download(app: web::Data<App>, id: IdPath<FloorId>) -> Result<HttpResponse, PageError> {
    let conn = app.db.conn().await?;
    let text = export_plan(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let name = format!("attachment; filename=\"floor-{}.geojson\"", id.0);
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, name))
        .content_type("application/geo+json")
        .body(text))
}
