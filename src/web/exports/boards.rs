//! The board of a unit and the targets of equipment as files.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{read_parts, refuse, rows_per_part};
use crate::app::App;
use crate::board::lines::list_lines;
use crate::board::model::{ParLine, UnitRoom};
use crate::board::rules::Level;
use crate::board::sheet::SheetRow;
use crate::board::store::load_sheet;
use crate::find::search::find_type_name;
use crate::ids::{AssetTypeId, ParId, UnitId};
use crate::places::store::list_units;
use crate::web::board::cut_words;
use crate::web::board::par::LinesParams;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::Nav;
use crate::web::{PageError, routes};

impl CsvRow for ParLine {
    const COLUMNS: &'static [&'static str] = &[
        "type",
        "room",
        "area",
        "room_kind",
        "target",
        "critical",
        "maximum",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let par = self.par();
        vec![
            Cell::text(&self.type_name),
            Cell::maybe(self.room_name.as_deref()),
            Cell::maybe(self.area_name.as_deref()),
            Cell::text(self.room_kind.as_str()),
            Cell::Number(i64::from(par.target)),
            Cell::Number(i64::from(par.critical)),
            maximum(par.maximum),
        ]
    }
}

fn maximum(maximum: Option<i32>) -> Cell<'static> {
    maximum.map_or(Cell::Empty, |number| Cell::Number(i64::from(number)))
}

/// `GET /board/par.csv`
///
/// # Errors
/// When the type means nothing, or the database fails.
pub async fn targets(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<LinesParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Targets);
    let asked = params.r#type.as_deref().filter(|text| !text.is_empty());
    let mut chosen = None;
    if let Some(text) = asked {
        let id = text.parse().ok().map(AssetTypeId);
        let conn = app.db.conn().await?;
        chosen = match id {
            Some(id) => find_type_name(&conn, id).await?.map(|_| id),
            None => None,
        };
        if chosen.is_none() {
            let words = shell.t.par.unknown_type.to_owned();
            return refuse(shell, words, routes::BOARD_PAR.to_owned());
        }
    }
    record_export(&app, &viewer, "targets", request.query_string()).await?;
    let parts = read_parts(app, async move |conn, after: Option<(String, ParId)>| {
        let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
        let lines = list_lines(conn, chosen, after, rows_per_part()).await?;
        let next = lines
            .last()
            .map(|last| (last.type_name.clone(), last.par_id));
        Ok((lines, next))
    });
    Ok(CsvFile::new("targets", &csv, &shell).parts(parts))
}

struct BoardFileRow {
    room: UnitRoom,
    row: SheetRow,
}

impl CsvRow for BoardFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "room",
        "room_kind",
        "type",
        "target",
        "critical",
        "maximum",
        "ready",
        "level",
        "unit_in_use",
        "unit_soiled",
        "unit_cleaning",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let par = self.row.line.par();
        vec![
            Cell::text(&self.room.room_name),
            Cell::text(self.room.room_kind.as_str()),
            Cell::text(&self.row.line.type_name),
            Cell::Number(i64::from(par.target)),
            Cell::Number(i64::from(par.critical)),
            maximum(par.maximum),
            Cell::Number(self.row.ready),
            Cell::text(level_code(self.row.level())),
            Cell::Number(self.row.on_unit.in_use),
            Cell::Number(self.row.on_unit.soiled),
            Cell::Number(self.row.on_unit.cleaning),
        ]
    }
}

fn level_code(level: Level) -> &'static str {
    match level {
        Level::BelowCritical => "below_critical",
        Level::BelowTarget => "below_target",
        Level::AboveMaximum => "above_maximum",
        Level::Enough => "enough",
    }
}

/// `GET /board/{id}/csv`
///
/// # Errors
/// When there is no such unit, or the database fails.
pub async fn board(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<UnitId>,
    request: HttpRequest,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Board);
    let conn = app.db.conn().await?;
    let units = list_units(&conn).await?;
    let unit = units.into_iter().find(|(unit, _)| *unit == id.0);
    let (unit, name) = unit.ok_or(PageError::NotFound)?;
    let sheet = load_sheet(&conn, unit).await?;
    drop(conn);
    if let Some(words) = cut_words(&sheet, &shell) {
        return refuse(shell, words, routes::board_path(unit));
    }
    record_export(&app, &viewer, "board", request.path()).await?;
    let rows: Vec<BoardFileRow> = sheet
        .rows()
        .map(|(room, row)| BoardFileRow {
            room: room.clone(),
            row: row.clone(),
        })
        .collect();
    Ok(CsvFile::new(&format!("board-{name}"), &csv, &shell).whole(&rows))
}
