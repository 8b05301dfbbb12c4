//! Readers and refused input as files.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;

use super::{read_parts, rows_per_part};
use crate::app::App;
use crate::devices::model::{QuarantineCursor, QuarantineEntry, ReaderCursor, ReaderEntry};
use crate::devices::quarantine::list_rows;
use crate::devices::store::{list_antennas, list_readers};
use crate::ids::ReaderId;
use crate::web::PageError;
use crate::web::csv::{Cell, CsvFile, CsvParams, CsvRow, instant, maybe_instant, record_export};
use crate::web::extract::Viewer;
use crate::web::page::Nav;
use crate::web::quarantine::QuarantineParams;

struct ReaderRow {
    reader: ReaderEntry,
    rooms: String,
    zone: Tz,
}

impl CsvRow for ReaderRow {
    const COLUMNS: &'static [&'static str] = &[
        "reader",
        "name",
        "technology",
        "state",
        "silent_since",
        "last_message",
        "sightings_per_min",
        "rejected",
        "repeats",
        "foreign_tags_24h",
        "clock_offset_ms",
        "clock_faults",
        "credentials",
        "rooms",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let reader = &self.reader;
        vec![
            Cell::text(&reader.reader_key),
            Cell::text(&reader.name),
            Cell::text(reader.technology.as_str()),
            Cell::text(reader.state.as_str()),
            maybe_instant(reader.down_since, self.zone),
            maybe_instant(reader.last_message_at, self.zone),
            Cell::text(format!("{:.0}", reader.sightings_per_min)),
            Cell::Number(reader.rejected),
            Cell::Number(reader.duplicates),
            Cell::Number(reader.unregistered),
            Cell::Number(reader.clock_offset_ms),
            Cell::Number(reader.clock_faults),
            Cell::Number(reader.credentials),
            Cell::text(&self.rooms),
        ]
    }
}

/// `GET /readers.csv`
///
/// # Errors
/// When the database fails.
pub async fn readers(
    app: web::Data<App>,
    viewer: Viewer,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Readers);
    record_export(&app, &viewer, "readers", "").await?;
    let (now, zone) = (shell.now, shell.zone);
    let parts = read_parts(app, async move |conn, after: Option<ReaderCursor>| {
        let readers = list_readers(conn, now, after.as_ref(), rows_per_part()).await?;
        let ids: Vec<ReaderId> = readers.iter().map(|reader| reader.reader_id).collect();
        let antennas = list_antennas(conn, &ids).await?;
        let next = readers.last().map(|last| ReaderCursor {
            rank: last.rank,
            reader_key: last.reader_key.clone(),
        });
        let rows: Vec<ReaderRow> = readers
            .into_iter()
            .map(|reader| {
                let mut rooms: Vec<&str> = antennas
                    .iter()
                    .filter(|antenna| antenna.reader_id == reader.reader_id)
                    .map(|antenna| antenna.room_name.as_str())
                    .collect();
                rooms.dedup();
                ReaderRow {
                    rooms: rooms.join("; "),
                    reader,
                    zone,
                }
            })
            .collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("readers", &csv, &shell).parts(parts))
}

struct QuarantineRow {
    entry: QuarantineEntry,
    zone: Tz,
}

/// What came in the message stays here: only where it came from and why it was refused may leave as a file.
impl CsvRow for QuarantineRow {
    const COLUMNS: &'static [&'static str] = &[
        "number",
        "received",
        "scope",
        "reason",
        "reader",
        "routing_key",
        "bytes",
        "state",
        "sent_again",
    ];

    fn cells(&self) -> Vec<Cell<'_>> {
        let entry = &self.entry;
        vec![
            Cell::Number(entry.quarantine_id.0),
            instant(entry.received_at, self.zone),
            Cell::text(entry.scope.as_str()),
            Cell::text(&entry.reason),
            Cell::maybe(entry.reader_key.as_deref()),
            Cell::text(&entry.routing_key),
            Cell::Number(i64::from(entry.body_bytes)),
            Cell::text(entry.state.as_str()),
            maybe_instant(entry.replayed_at, self.zone),
        ]
    }
}

/// `GET /quarantine.csv`
///
/// # Errors
/// When the database fails.
pub async fn quarantine(
    app: web::Data<App>,
    viewer: Viewer,
    request: HttpRequest,
    params: web::Query<QuarantineParams>,
    csv: web::Query<CsvParams>,
) -> Result<HttpResponse, PageError> {
    let shell = viewer.shell(Nav::Quarantine);
    record_export(&app, &viewer, "quarantine", request.query_string()).await?;
    let zone = shell.zone;
    let reason = params.into_inner().reason;
    let reason = reason.filter(|code| !code.is_empty() && !code.contains('\0'));
    let parts = read_parts(app, async move |conn, after: Option<QuarantineCursor>| {
        let entries = list_rows(conn, reason.as_deref(), after, rows_per_part()).await?;
        let next = entries.last().map(|last| QuarantineCursor {
            received_at: last.received_at,
            quarantine_id: last.quarantine_id,
        });
        let rows: Vec<QuarantineRow> = entries
            .into_iter()
            .map(|entry| QuarantineRow { entry, zone })
            .collect();
        Ok((rows, next))
    });
    Ok(CsvFile::new("quarantine", &csv, &shell).parts(parts))
}
