//! The board of a unit: what its rooms should hold ready, what they do, and where more is; also for a screen on the wall.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::exports;
use super::filters;
use super::page::{Nav, Page, Shell, see_other};
use super::strings::fill;
use super::{PageError, routes};
use crate::app::App;
use crate::board::lines::UNIT_LINES_MAX;
use crate::board::rules::{Level, Offer};
use crate::board::sheet::Sheet;
use crate::board::store::{list_offers, load_sheet};
use crate::db::DbConn;
use crate::ids::{AssetTypeId, RoomId, UnitId};
use crate::live::Topic;
use crate::places::model::RoomPlace;
use crate::places::store::{list_down_rooms, list_places, list_units};
use crate::places::walk::Origin;
use crate::web::extract::{IdPath, Viewer};

pub mod par;
pub mod par_form;
mod rows;
pub mod screens;

use rows::{BoardRoom, BoardRow, Near, Neighbours, WallRow};

/// The query string of the list of boards.
#[derive(Debug, Default, Deserialize)]
pub struct BoardsParams {
    /// Whether to list the units, also for somebody who has one.
    pub choose: Option<String>,
}

/// The units, to choose a board.
#[derive(Debug, Template)]
#[template(path = "board/index.html")]
pub struct BoardsPage {
    /// Frame.
    pub shell: Shell,
    /// The units.
    pub units: Vec<UnitLink>,
}

/// A unit to choose.
#[derive(Clone, Debug)]
pub struct UnitLink {
    /// Its board.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Whether it is the person's own.
    pub is_own: bool,
}

/// `GET /board`: the board of one's own unit, or all units.
///
/// # Errors
/// When the database fails.
pub async fn index(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<BoardsParams>,
) -> Result<HttpResponse, PageError> {
    if let (Some(unit), None) = (viewer.home_unit, &params.choose) {
        return Ok(see_other(&routes::board_path(unit)));
    }
    let conn = app.db.conn().await?;
    let units = list_units(&conn).await?;
    let link = |(id, name): (UnitId, String)| UnitLink {
        href: routes::board_path(id),
        name,
        is_own: viewer.home_unit == Some(id),
    };
    Page::new(BoardsPage {
        units: units.into_iter().map(link).collect(),
        shell: viewer.shell(Nav::Board),
    })
    .render()
}

/// The board of a unit.
#[derive(Debug, Template)]
#[template(path = "board/unit.html")]
pub struct BoardPage {
    /// Frame.
    pub shell: Shell,
    /// Name of the unit.
    pub unit_name: String,
    /// "1 below critical, 2 below target, 6 enough".
    pub summary: String,
    /// The rooms that have targets.
    pub rooms: Vec<BoardRoom>,
    /// Said when not all targets are shown.
    pub cut: Option<String>,
    /// Whether the person may change targets.
    pub may_edit: bool,
    /// The same for a screen on the wall.
    pub wall_href: String,
    /// The unit's screens, for those who look after them.
    pub screens_href: Option<String>,
    /// The same as a file.
    pub csv_href: String,
}

/// The board of a unit for a screen on the wall.
#[derive(Debug, Template)]
#[template(path = "board/wall.html")]
pub struct WallPage {
    /// Frame.
    pub shell: Shell,
    /// Name of the unit.
    pub unit_name: String,
    /// What is short first.
    pub rows: Vec<WallRow>,
    /// The ordinary board.
    pub leave_href: String,
    /// This page again.
    pub here_href: String,
    /// Whether a screen shows it, and not a person.
    pub is_screen: bool,
}

/// What a board is made of.
struct Board {
    unit_name: String,
    sheet: Sheet,
    neighbours: Neighbours,
    down: HashMap<RoomId, chrono::DateTime<chrono::Utc>>,
}

/// `GET /board/{id}`
///
/// # Errors
/// When there is no such unit, or the database fails.
pub async fn page(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<UnitId>,
) -> Result<Page<BoardPage>, PageError> {
    let mut shell = viewer.shell(Nav::Board);
    let conn = app.db.conn().await?;
    let board = load(&app, &conn, id.0).await?.ok_or(PageError::NotFound)?;
    shell.watch(board.topics());
    let may_edit = viewer.may_open(routes::BOARD_PAR_NEW);
    Ok(Page::new(BoardPage::new(shell, id.0, &board, may_edit)))
}

/// `GET /board/{id}/wall`: for a screen on the wall.
///
/// # Errors
/// When there is no such unit, or the database fails.
pub async fn wall(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<UnitId>,
) -> Result<Page<WallPage>, PageError> {
    let mut shell = viewer.shell(Nav::Board);
    let conn = app.db.conn().await?;
    let board = load(&app, &conn, id.0).await?.ok_or(PageError::NotFound)?;
    shell.watch(board.topics());
    Ok(Page::new(WallPage::new(shell, id.0, &board)))
}

async fn load(app: &App, conn: &DbConn, id: UnitId) -> Result<Option<Board>, PageError> {
    let units = list_units(conn).await?;
    let Some((_, unit_name)) = units.into_iter().find(|(unit, _)| *unit == id) else {
        return Ok(None);
    };
    let sheet = load_sheet(conn, id).await?;
    let down = list_down_rooms(conn).await?;
    Ok(Some(Board {
        neighbours: load_neighbours(app, conn, id, &sheet).await?,
        down: down
            .into_iter()
            .map(|room| (room.room_id, room.since))
            .collect(),
        unit_name,
        sheet,
    }))
}

/// Where more of what is short can come from. The way is measured from the unit, once for all its rooms.
async fn load_neighbours(
    app: &App,
    conn: &DbConn,
    unit: UnitId,
    sheet: &Sheet,
) -> Result<Neighbours, PageError> {
    let mut wanted: HashMap<AssetTypeId, i64> = HashMap::new();
    for (_, row) in sheet.rows().filter(|(_, row)| row.level().is_short()) {
        let missing = wanted.entry(row.line.asset_type_id).or_default();
        *missing = (*missing).max(row.line.par().missing(row.ready));
    }
    if wanted.is_empty() {
        return Ok(Neighbours::default());
    }
    let map = app.walking.map(conn).await?;
    let from = Origin::Unit(unit);
    let near = map.costs_from(from);
    let offers = list_offers(conn, &wanted, &near).await?;
    let mut neighbours = Neighbours {
        offers,
        places: HashMap::new(),
        near: Some(Near {
            from,
            map,
            costs: near,
        }),
    };
    let rooms: Vec<RoomId> = sheet
        .rows()
        .flat_map(|(room, row)| neighbours.sources(room.room_id, row))
        .map(|Offer { room_id, .. }| room_id)
        .collect();
    let places = list_places(conn, &rooms).await?;
    neighbours.places = places
        .into_iter()
        .map(|place: RoomPlace| (place.room_id, place.short()))
        .collect();
    Ok(neighbours)
}

impl Board {
    /// What an open board follows: the rooms of its targets, the types that are short, because their surplus is elsewhere, and alerts,
    /// which also say that a target was changed.
    fn topics(&self) -> Vec<Topic> {
        let rooms = self.sheet.rooms.iter();
        let rooms = rooms.map(|room| Topic::Room(room.room.room_id));
        let types = self.sheet.rows().map(|(_, row)| row.line.asset_type_id);
        rooms
            .chain(types.map(Topic::Type))
            .chain([Topic::Alerts])
            .collect()
    }

    fn summary(&self, shell: &Shell) -> String {
        let t = &shell.t.board;
        let count = |level| {
            let rows = self.sheet.rows().filter(|(_, row)| row.level() == level);
            rows.count()
        };
        let parts: Vec<String> = [
            (Level::BelowCritical, t.sum_critical),
            (Level::BelowTarget, t.sum_target),
            (Level::AboveMaximum, t.sum_over),
            (Level::Enough, t.sum_enough),
        ]
        .into_iter()
        .map(|(level, words)| (count(level), words))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| fill(words, &[&count]))
        .collect();
        let is_short = self.sheet.rows().any(|(_, row)| row.level().is_short());
        match parts.as_slice() {
            [] => String::new(),
            _ if is_short => format!("{}.", parts.join(", ")),
            [_] => fill(t.all_enough, &[&self.unit_name]),
            _ => format!(
                "{} {}.",
                fill(t.all_enough, &[&self.unit_name]),
                parts.join(", ")
            ),
        }
    }
}

/// Said when a unit has more targets than are read.
pub(in crate::web) fn cut_words(sheet: &Sheet, shell: &Shell) -> Option<String> {
    let lines = i64::try_from(sheet.rows().count()).unwrap_or(i64::MAX);
    (lines >= UNIT_LINES_MAX).then(|| fill(shell.t.board.cut, &[&UNIT_LINES_MAX]))
}

impl BoardPage {
    fn new(shell: Shell, unit: UnitId, board: &Board, may_edit: bool) -> Self {
        Self {
            summary: board.summary(&shell),
            rooms: board
                .sheet
                .rooms
                .iter()
                .map(|room| {
                    let down = board.down.get(&room.room.room_id).copied();
                    let rows = room.rows.iter().map(|row| {
                        let room = &room.room;
                        BoardRow::new(unit, room, row, &board.neighbours, may_edit, &shell)
                    });
                    BoardRoom::new(&room.room, down, rows.collect(), &shell)
                })
                .collect(),
            cut: cut_words(&board.sheet, &shell),
            may_edit,
            wall_href: routes::wall_path(unit),
            screens_href: may_edit.then(|| routes::screens_path(unit)),
            csv_href: exports::download_href(&routes::board_csv_path(unit), &[]),
            unit_name: board.unit_name.clone(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample_for(crate::db::types::Role::Biomed);
        let nurse = Shell::sample();
        let unit = UnitId(30_001);
        let board = rows::sample_board();
        let empty = Board {
            sheet: Sheet::default(),
            ..rows::sample_board()
        };
        vec![
            Self::new(shell.clone(), unit, &board, true),
            Self::new(nurse.clone(), unit, &board, false),
            Self::new(shell, unit, &empty, true),
            Self::new(nurse, unit, &empty, false),
        ]
    }
}

impl WallPage {
    fn new(shell: Shell, unit: UnitId, board: &Board) -> Self {
        Self {
            rows: rows::wall_rows(&board.sheet, &board.down, &shell),
            leave_href: routes::board_path(unit),
            here_href: routes::wall_path(unit),
            is_screen: false,
            unit_name: board.unit_name.clone(),
            shell,
        }
    }

    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let unit = UnitId(30_001);
        let empty = Board {
            sheet: Sheet::default(),
            ..rows::sample_board()
        };
        vec![
            Self::new(shell.clone(), unit, &rows::sample_board()),
            Self {
                is_screen: true,
                ..Self::new(shell.clone(), unit, &rows::sample_board())
            },
            Self::new(shell, unit, &empty),
        ]
    }
}

impl BoardsPage {
    /// Pages for tests of templates.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let shell = Shell::sample();
        let unit = |id, name: &str, is_own| UnitLink {
            href: routes::board_path(UnitId(id)),
            name: name.to_owned(),
            is_own,
        };
        vec![
            Self {
                units: vec![unit(30_001, "3 West", true), unit(30_002, "ICU <b>", false)],
                shell: shell.clone(),
            },
            Self {
                units: Vec::new(),
                shell,
            },
        ]
    }
}
