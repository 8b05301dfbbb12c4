//! Messages about alerts as a file.

use actix_web::{HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::delivery::store::{DeliveryLine, list_deliveries};
use crate::ids::OutboxId;
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::delivery::DeliveryParams;
use crate::web::extract::Viewer;
use crate::web::page::Nav;

struct Row {
    line: DeliveryLine,
    zone: Tz,
}

impl CsvRow for Row {
    const COLUMNS: &'static [&'static str] = &[
        "created",
        "event",
        "alert_kind",
        "severity",
        "destination",
        "how",
        "state",
        "tries",
        "first_tried",
        "sent",
        "given_up",
        "last_error",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let line = &self.line;
        vec![
            instant(line.created_at, self.zone),
            Cell::text(line.event.as_str()),
            Cell::text(
                line.alert_kind
                    .map_or("", crate::db::types::AlertKind::as_str),
            ),
            Cell::text(line.severity.map_or("", crate::db::types::Severity::as_str)),
            Cell::text(&line.destination),
            Cell::text(line.kind.as_str()),
            Cell::text(line.state.as_str()),
            Cell::Number(line.attempts.into()),
            maybe_instant(line.first_tried_at, self.zone),
            maybe_instant(line.done_at, self.zone),
            maybe_instant(line.failed_at, self.zone),
            Cell::text(line.last_error.as_deref().unwrap_or_default()),
        ]
    }
}

/// `GET /deliveries.csv`
///
/// # Errors
/// When the database fails.
pub async fn deliveries(
    app: web::Data<App>,
    viewer: Viewer,
    params: web::Query<DeliveryParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Deliveries);
    let (zone, state) = (shell.zone, params.state());
    record_export(&app, &viewer, "deliveries", "").await?;
    let parts = read_parts(app, async move |conn, before: Option<OutboxId>| {
        let lines = list_deliveries(conn, state, before, rows_per_part()).await?;
        let next = lines.last().map(|last| last.outbox_id);
        let rows: Vec<Row> = lines.into_iter().map(|line| Row { line, zone }).collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("deliveries", &csv, &shell).parts(parts))
}
