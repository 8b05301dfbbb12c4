//! Lists as CSV files to download.
//!
//! A list becomes a file by telling what its columns are called and what the cells of a row are; the names never change, because
//! people build on them:
//!
//! ```text
//! impl CsvRow for RoomCount {
//!     const COLUMNS: &'static [&'static str] = &["room", "unit"];
//!     fn cells(&self) -> Vec<Cell<'_>> { vec![Cell::text(&self.room_name), Cell::maybe(self.unit_name.as_deref())] }
//! }
//!
//! CsvFile::new("rooms", &params.csv, viewer.shell(Nav::Find)).whole(&rooms)          a list of some hundreds
//! CsvFile::new("equipment", ..).parts(stream_of_vectors)                            a list without a limit
//! ```
//!
//! The handler calls [`record_export`] first (S-50) and says in its query string that it takes [`CsvParams`].

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::json;

use super::PageError;
use super::extract::Viewer;
use super::page::Shell;
use crate::app::App;
use crate::audit::{Actor, Event, record_audit};
pub use crate::csv_text::Cell;
use crate::csv_text::CsvText;

/// A row of a list as a row of a file.
pub trait CsvRow {
    /// Names of the columns.
    const COLUMNS: &'static [&'static str];

    /// The cells, as many as there are columns.
    fn cells(&self) -> Vec<Cell<'_>>;
}

/// What every download takes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CsvParams {
    /// "1": the file begins with the mark that makes spreadsheets read it as UTF-8.
    pub bom: Option<String>,
}

impl CsvParams {
    /// Whether the file begins with the mark.
    #[must_use]
    pub fn with_mark(&self) -> bool {
        self.bom.as_deref() == Some("1")
    }
}

/// A file on its way to the browser.
#[derive(Clone, Debug)]
pub struct CsvFile {
    name: String,
    with_mark: bool,
}

impl CsvFile {
    /// A file called `wardtrack-<what>-<day>.csv`, the day being that of the facility.
    #[must_use]
    pub fn new(what: &str, params: &CsvParams, shell: &Shell) -> Self {
        let day = shell.now.with_timezone(&shell.zone).date_naive();
        let what: String = what
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let words: Vec<&str> = what.split('-').filter(|word| !word.is_empty()).collect();
        Self {
            name: format!("wardtrack-{}-{day}.csv", words.join("-")),
            with_mark: params.with_mark(),
        }
    }

    /// Answers with all rows at once: for lists that are short by nature.
    #[must_use]
    pub fn whole<R: CsvRow>(&self, rows: &[R]) -> HttpResponse {
        let mut text = self.start::<R>();
        for row in rows {
            text.write(row.cells());
        }
        self.head().body(text.take())
    }

    /// Answers part by part, as they come: only one part is in memory. When one fails, the transfer breaks off, so that nobody
    /// takes half a list for the whole.
    #[must_use]
    pub fn parts<R, S>(&self, parts: S) -> HttpResponse
    where
        R: CsvRow + 'static,
        S: Stream<Item = Result<Vec<R>, PageError>> + 'static,
    {
        let mut text = self.start::<R>();
        let head = stream::iter([Ok(Bytes::from(text.take()))]);
        let rows = parts.map(move |part| {
            let part = part.inspect_err(|error| {
                tracing::error!(error = %error, "a download broke off");
            });
            let part = part.map_err(actix_web::Error::from)?;
            for row in &part {
                text.write(row.cells());
            }
            Ok::<_, actix_web::Error>(Bytes::from(text.take()))
        });
        self.head().streaming(head.chain(rows))
    }

    fn start<R: CsvRow>(&self) -> CsvText {
        let mut text = CsvText::new(self.with_mark);
        text.write(R::COLUMNS.iter().map(|name| Cell::text(*name)));
        text
    }

    fn head(&self) -> actix_web::HttpResponseBuilder {
        let mut answer = HttpResponse::Ok();
        let name = format!("attachment; filename=\"{}\"", self.name);
        answer
            .insert_header((header::CONTENT_DISPOSITION, name))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/csv; charset=utf-8; header=present");
        answer
    }
}

/// Records who took which list away, and narrowed to what (S-50).
///
/// # Errors
/// When the database cannot be written: then nothing is handed out.
pub async fn record_export(
    app: &App,
    viewer: &Viewer,
    list: &str,
    query: &str,
) -> Result<(), PageError> {
    let mut conn = app.db.conn().await?;
    let query: String = query.chars().take(500).collect();
    let event = Event::new(
        Actor::User(viewer.user_id),
        "list.exported",
        format!("list:{list}"),
    )
    .with_after(json!({ "query": query }));
    record_audit(&mut conn, &event, app.clock.now()).await?;
    Ok(())
}

/// An instant as files have it: with the facility's offset, so that it is exact and a person can read it.
#[must_use]
pub fn instant(at: DateTime<Utc>, zone: Tz) -> Cell<'static> {
    Cell::text(
        at.with_timezone(&zone)
            .to_rfc3339_opts(SecondsFormat::Secs, false),
    )
}

/// The same, or nothing.
#[must_use]
pub fn maybe_instant(at: Option<DateTime<Utc>>, zone: Tz) -> Cell<'static> {
    at.map_or(Cell::Empty, |at| instant(at, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_list_and_the_day_of_the_facility() {
        let mut shell = Shell::sample();
        shell.zone = chrono_tz::Pacific::Auckland;
        let params = CsvParams::default();
        let name = |what: &str| CsvFile::new(what, &params, &shell).name;
        let day = shell.now.with_timezone(&shell.zone).date_naive();
        assert_eq!(name("rooms"), format!("wardtrack-rooms-{day}.csv"));
        assert_eq!(
            name("Level 3\"; \r\nx"),
            format!("wardtrack-level-3-x-{day}.csv")
        );
    }

    #[test]
    fn instants_carry_their_offset() {
        let at = DateTime::from_timestamp(1_788_789_960, 0).unwrap();
        assert_eq!(
            instant(at, chrono_tz::Europe::Berlin),
            Cell::text("2026-09-07T16:06:00+02:00")
        );
        assert_eq!(maybe_instant(None, chrono_tz::UTC), Cell::Empty);
    }
}
