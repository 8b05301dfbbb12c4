//! Equipment as a file: results of a search, and what is in a room.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;
use futures_util::stream;

use super::refuse;
use crate::app::App;
use crate::db::DbConn;
use crate::db::types::SafetyHold;
use crate::find::export::{ROWS_MAX, ROWS_PER_PART, list_all, list_hits_of};
use crate::find::filter::PlaceFilter;
use crate::find::list::{Hit, Listing};
use crate::find::query::{FindQuery, TEXT_CHARS_MAX};
use crate::find::rank::Costs;
use crate::find::search::{Found, Source, find_text, find_type_name};
use crate::find::spots::list_type_names;
use crate::ids::{AssetId, AssetTypeId, RoomId};
use crate::location::certainty::Certainty;
use crate::places::store::find_place;
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, maybe_instant, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::find::{FindParams, narrow_to_type};
use crate::web::origin::find_origin;
use crate::web::page::{Nav, Shell};
use crate::web::strings::fill;
use crate::web::wording::grouped;

/// A row of the file.
struct EquipmentRow {
    hit: Hit,
    zone: Tz,
}

impl CsvRow for EquipmentRow {
    const COLUMNS: &'static [&'static str] = &[
        "asset_number",
        "type",
        "maker",
        "model",
        "owner_unit",
        "status",
        "ready",
        "safety_hold",
        "service_due_on",
        "room",
        "area",
        "certainty",
        "last_seen",
        "in_room_since",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let entry = &self.hit.entry;
        let is_ready = crate::assets::rules::is_ready(&entry.standing, &self.hit.certainty);
        let place = &entry.place;
        vec![
            Cell::text(&entry.asset_number),
            Cell::text(&entry.type_name),
            Cell::maybe(entry.maker.as_deref()),
            Cell::maybe(entry.model_name.as_deref()),
            Cell::maybe(entry.owner_unit_name.as_deref()),
            Cell::text(entry.standing.status.as_str()),
            Cell::Flag(is_ready),
            Cell::maybe(entry.standing.safety_hold.map(SafetyHold::as_str)),
            entry.service_due_on.map_or(Cell::Empty, Cell::Day),
            Cell::maybe(entry.room_name.as_deref()),
            Cell::maybe(entry.area_name.as_deref()),
            Cell::text(certainty_code(&self.hit.certainty)),
            maybe_instant(place.evidence_at(), self.zone),
            maybe_instant(place.entered_at, self.zone),
        ]
    }
}

fn certainty_code(certainty: &Certainty) -> &'static str {
    match certainty {
        Certainty::Confirmed => "confirmed",
        Certainty::Likely => "likely",
        Certainty::LastSeen { .. } => "last_seen",
        Certainty::Unknown { .. } => "unknown",
    }
}

/// `GET /find.csv`: all results of a search, or all equipment.
///
/// # Errors
/// When nothing has such a name, when there are too many rows, or when the database fails.
pub async fn find(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<FindParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let choice = params.choice(shell.t);
    // A page can say that a filter was left out; a file cannot, and would look like the whole answer.
    if let Some(problem) = choice.problems.into_iter().next() {
        return refuse(shell, problem, params.href(&[]));
    }
    let conn = app.db.conn().await?;
    let mut filters = choice.filters;
    let source = match find_source(&conn, &app, &params, &shell).await? {
        Ok((source, within)) => {
            filters.place = filters.place.or(within);
            source
        }
        Err(words) => return refuse(shell, words, params.href(&[])),
    };
    let origin = find_origin(&app, &conn, &viewer, &request, params.from.as_deref()).await?;
    let listing = Listing {
        source: &source,
        filters,
        sort: choice.sort,
        costs: &origin.costs,
        unit: origin.unit,
    };
    let ids = list_all(&conn, &listing, shell.now).await?;
    drop(conn);
    let file = CsvFile::new("equipment", &csv, &shell);
    let Some(ids) = ids else {
        let most = grouped(i64::try_from(ROWS_MAX).unwrap_or(i64::MAX));
        let words = fill(shell.t.tables.too_many, &[&most]);
        return refuse(shell, words, params.href(&[]));
    };
    record_export(&app, &viewer, "equipment", request.query_string()).await?;
    Ok(answer(app, &shell, ids, &file))
}

/// What the query string means: a text, a type, or everything, and within which place when the text names one; in words when it
/// means nothing.
async fn find_source(
    conn: &DbConn,
    app: &App,
    params: &FindParams,
    shell: &Shell,
) -> Result<Result<(Source, Option<PlaceFilter>), String>, PageError> {
    let text = match FindQuery::parse(&params.q) {
        Err(_) => return Ok(Err(fill(shell.t.tables.long_text, &[&TEXT_CHARS_MAX]))),
        Ok(FindQuery::Text(text)) => text,
        Ok(FindQuery::Everything) => {
            let Some(wanted) = params.wanted_type() else {
                let types = list_type_names(conn).await?;
                let types = types.into_iter().map(|(id, _)| id).collect();
                return Ok(Ok((Source::Types(types), None)));
            };
            let id = wanted.parse().ok().map(AssetTypeId);
            let id = id.ok_or(PageError::NotFound)?;
            find_type_name(conn, id).await?.ok_or(PageError::NotFound)?;
            return Ok(Ok((Source::Types(vec![id]), None)));
        }
    };
    let is_exact = params.is_exact();
    let mut findings = find_text(conn, &app.words, &text, is_exact).await?;
    let mut within = None;
    let is_code = matches!(findings.found, Found::One(_) | Found::SameCode(_));
    // "pump 4 west": the page leads on to pumps in 4 West.
    if !is_code
        && params.place.as_deref().unwrap_or_default().is_empty()
        && let Some(narrowed) = findings.matched.narrowed.take()
        && let Ok(FindQuery::Text(rest)) = FindQuery::parse(&narrowed.text)
    {
        within = Some(narrowed.place);
        findings = find_text(conn, &app.words, &rest, is_exact).await?;
    }
    let wanted = params.wanted_type();
    if !narrow_to_type(&mut findings.found, wanted) {
        let wanted: String = wanted.unwrap_or_default().chars().take(40).collect();
        return Ok(Err(fill(shell.t.pages.find.type_beside, &[&wanted])));
    }
    Ok(match findings.found {
        Found::One(asset) => Ok((Source::Assets(vec![asset]), within)),
        Found::SameCode(source)
        | Found::Types(source)
        | Found::Models(source)
        | Found::Numbers(source)
        | Found::Parts(source) => Ok((source, within)),
        Found::Nothing => Err(fill(shell.t.tables.nothing_found, &[&text.as_str()])),
    })
}

/// `GET /rooms/{id}/csv`: what is in a room.
///
/// # Errors
/// When there is no such room, or the database fails.
pub async fn room(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<RoomId>,
    request: HttpRequest,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Find);
    let conn = app.db.conn().await?;
    let place = find_place(&conn, id.0).await?.ok_or(PageError::NotFound)?;
    let (source, costs) = (Source::Room(id.0), Costs::default());
    let ids = list_all(&conn, &Listing::new(&source, &costs), shell.now).await?;
    drop(conn);
    let file = CsvFile::new(&format!("equipment-{}", place.room_name), &csv, &shell);
    record_export(&app, &viewer, "equipment", request.path()).await?;
    Ok(answer(app, &shell, ids.unwrap_or_default(), &file))
}

/// The rows of these assets, read as fast as the browser takes them.
fn answer(app: web::Data<App>, shell: &Shell, ids: Vec<AssetId>, file: &CsvFile) -> HttpResponse {
    let (now, zone) = (shell.now, shell.zone);
    // No connection is held between parts: a slow browser must not keep one of few.
    let parts = stream::try_unfold((app, ids, 0_usize), move |(app, ids, done)| async move {
        let end = ids.len().min(done + ROWS_PER_PART);
        let Some(part) = ids.get(done..end).filter(|part| !part.is_empty()) else {
            return Ok::<_, PageError>(None);
        };
        let conn = app.db.conn().await?;
        let hits = list_hits_of(&conn, part, now).await?;
        drop(conn);
        let rows: Vec<EquipmentRow> = hits
            .into_iter()
            .map(|hit| EquipmentRow { hit, zone })
            .collect();
        Ok(Some((rows, (app, ids, end))))
    });
    file.parts(parts)
}
