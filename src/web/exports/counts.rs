//! Counts as files. What the books held stands in them only when it may be seen: after the count, and not while a line waits.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::db::types::CountStep;
use crate::ids::CountSessionId;
use crate::supplies::counts::{CountLine, CountSession, find_count, list_count_lines, list_counts};
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::{IdPath, Viewer};
use crate::web::page::Nav;
use crate::web::supplies::counts::CountParams;

struct CountFileRow {
    count: CountSession,
    zone: Tz,
}

impl CsvRow for CountFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "count",
        "stock_place",
        "state",
        "begun",
        "lines",
        "counted",
        "off",
        "waiting",
        "ended",
        "reason",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let count = &self.count;
        vec![
            Cell::Number(count.count_session_id.0),
            Cell::text(&count.stock_place_name),
            Cell::text(count.state.as_str()),
            instant(count.created_at, self.zone),
            Cell::Number(count.lines),
            Cell::Number(count.counted),
            Cell::Number(count.off),
            Cell::Number(count.waiting),
            maybe_instant(count.ended_at, self.zone),
            Cell::maybe(count.end_reason.as_deref()),
        ]
    }
}

struct LineFileRow {
    line: CountLine,
    shows_books: bool,
    zone: Tz,
}

impl CsvRow for LineFileRow {
    const COLUMNS: &'static [&'static str] = &[
        "bin",
        "item_number",
        "item",
        "unit",
        "cause",
        "skipped",
        "counted",
        "counted_at",
        "counted_twice",
        "expected",
        "difference",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let line = &self.line;
        let number = |number: Option<i64>| number.map_or(Cell::Empty, Cell::Number);
        let shown = line.counted().filter(|_| self.shows_books);
        let yes_no = |is_so| Cell::text(if is_so { "yes" } else { "no" });
        vec![
            Cell::text(&line.bin_name),
            Cell::text(&line.item_number),
            Cell::text(&line.item_name),
            Cell::text(&line.base_unit),
            Cell::text(line.cause.as_str()),
            yes_no(line.is_skipped),
            number(line.counted().filter(|_| !line.waits)),
            maybe_instant(line.counted_at(), self.zone),
            yes_no(line.second_quantity.is_some()),
            number(shown.map(|_| line.expected)),
            number(shown.map(|counted| counted - line.expected)),
        ]
    }
}

/// `GET /counts.csv`
///
/// # Errors
/// When the database fails.
pub async fn counts(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<CountParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Counts);
    record_export(&app, &viewer, "counts", request.query_string()).await?;
    let (zone, is_open) = (shell.zone, params.is_open());
    let parts = read_parts(app, async move |conn, before: Option<CountSessionId>| {
        let (counts, next) = list_counts(conn, is_open, before, rows_per_part()).await?;
        let rows: Vec<CountFileRow> = counts
            .into_iter()
            .map(|count| CountFileRow { count, zone })
            .collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("counts", &csv, &shell).parts(parts))
}

/// `GET /counts/{id}/csv`
///
/// # Errors
/// 404 for a count that does not exist; when the database fails.
pub async fn count_lines(
    app: web::Data<App>,
    viewer: Viewer,
    id: IdPath<CountSessionId>,
    request: HttpRequest,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Counts);
    let count = find_count(&*app.db.conn().await?, id.0)
        .await?
        .ok_or(PageError::NotFound)?;
    record_export(&app, &viewer, "count", request.query_string()).await?;
    let zone = shell.zone;
    let is_seen = matches!(count.state, CountStep::Review | CountStep::Posted);
    let parts = read_parts(app, async move |conn, _: Option<()>| {
        let lines = list_count_lines(conn, id.0).await?;
        let rows: Vec<LineFileRow> = lines
            .into_iter()
            .map(|line| LineFileRow {
                shows_books: is_seen && !line.waits,
                line,
                zone,
            })
            .collect();
        Ok((rows, None))
    });
    Ok(CsvFile::new("count", &csv, &shell).parts(parts))
}
