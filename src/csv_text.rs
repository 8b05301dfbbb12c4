//! Tables as CSV text, both ways. Pure: rows in, bytes out, and back.
//!
//! Writing follows RFC 4180 and keeps spreadsheets from running what they open (S-32). Reading takes what spreadsheets of every
//! language save: with or without a byte order mark, with commas, semicolons or tabs, and with either end of line.
//!
//! ```
//! use wardtrack::csv_text::{Cell, Column, CsvText, read_table};
//!
//! let mut text = CsvText::new(false);
//! text.write([Cell::text("Asset number"), Cell::text("Due")]);
//! text.write([Cell::text("=1+1"), Cell::Number(3)]);
//! let bytes = text.take();
//! assert_eq!(bytes, b"Asset number,Due\r\n'=1+1,3\r\n");
//!
//! let columns = [Column::required("asset number"), Column::optional("due")];
//! let table = read_table(&bytes, &columns).unwrap();
//! assert_eq!(table.rows[0].cell(0), "=1+1");
//! ```

mod read;
#[cfg(test)]
mod tests;

pub use read::{BrokenRow, Column, CsvError, Row, Table, read_table};

use std::borrow::Cow;

use chrono::NaiveDate;

/// Largest file that is read (S-30).
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most rows of a file that is read (S-30).
pub const ROWS_MAX: usize = 200_000;

/// What programs like to see at the beginning of a file to know that it is UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One cell to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text; what a spreadsheet would take for a formula gets a leading `'` (S-32).
    Text(Cow<'a, str>),
    /// A whole number: never escaped, so that `-5` stays a number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// A day, as 2026-09-07.
    Day(NaiveDate),
}

impl<'a> Cell<'a> {
    /// Text.
    #[must_use]
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Text, or nothing.
    #[must_use]
    pub fn maybe(text: Option<impl Into<Cow<'a, str>>>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }

    /// A number, or nothing.
    #[must_use]
    pub fn maybe_number(number: Option<i64>) -> Self {
        number.map_or(Self::Empty, Self::Number)
    }

    /// As it stands in the file, before quoting.
    fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => escape_formula(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Flag(true) => Cow::Borrowed("yes"),
            Self::Flag(false) => Cow::Borrowed("no"),
            Self::Day(day) => Cow::Owned(day.to_string()),
        }
    }
}

/// Rows on their way to a file.
#[derive(Debug)]
pub struct CsvText {
    writer: csv::Writer<Vec<u8>>,
}

impl CsvText {
    /// An empty text; `with_mark` begins it with the mark that makes spreadsheets read it as UTF-8.
    #[must_use]
    pub fn new(with_mark: bool) -> Self {
        let start = if with_mark {
            BYTE_ORDER_MARK.to_vec()
        } else {
            Vec::new()
        };
        Self {
            writer: csv::WriterBuilder::new()
                .terminator(csv::Terminator::CRLF)
                .flexible(true)
                .from_writer(start),
        }
    }

    /// Adds a row.
    pub fn write<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        for cell in cells {
            // Writing to memory cannot fail, and rows may have any length.
            let written = self.writer.write_field(cell.written().as_bytes());
            debug_assert!(written.is_ok());
        }
        let ended = self.writer.write_record(None::<&[u8]>);
        debug_assert!(ended.is_ok());
    }

    /// What was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let next = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(Vec::new());
        std::mem::replace(&mut self.writer, next)
            .into_inner()
            .unwrap_or_default()
    }
}

fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n')
}

/// Whether a spreadsheet, or the mark that keeps it from that, is at the beginning of the text.
fn looks_like_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(is_formula_start)
}

/// Text as it can stand in a spreadsheet (S-32).
#[must_use]
pub fn escape_formula(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Undoes [`escape_formula`].
#[must_use]
pub fn unescape_formula(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => text,
    }
}
