//! A table of a recorded site: CSV, packed or not, read row by row with errors that name the place.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::{ErrorKind, StringRecord};
use flate2::read::MultiGzDecoder;

/// A table of a recorded site could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be opened.
    #[error("cannot open {}: check that the file exists and may be read", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Reading stopped half-way: a disk fault or a damaged gzip file.
    #[error("cannot read {} after line {line}: the file may be cut off or damaged, copy it again", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Last line that was read.
        line: u64,
        /// What the system said.
        #[source]
        source: csv::Error,
    },
    /// A line is wrong.
    #[error("{} line {line}: {problem}", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Line, counted from 1.
        line: u64,
        /// Field, value and remedy.
        problem: String,
    },
}

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    columns: Vec<(&'static str, usize)>,
    record: StringRecord,
    line: u64,
}

impl Table {
    /// Opens `path` and finds its columns by their names; those of `optional` may be absent.
    pub(super) fn open(
        path: &Path,
        needed: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self, TableError> {
        let file = File::open(path).map_err(|source| TableError::Open {
            path: path.to_owned(),
            source,
        })?;
        let file = BufReader::new(file);
        let is_packed = path.extension().is_some_and(|extension| extension == "gz");
        let bytes: Box<dyn Read> = if is_packed {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let mut table = Self {
            path: path.to_owned(),
            reader: csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(bytes),
            columns: Vec::new(),
            record: StringRecord::new(),
            line: 0,
        };
        table.advance()?;
        for name in needed.iter().chain(optional) {
            let found = table
                .record
                .iter()
                .position(|header| header.trim_start_matches('\u{feff}').trim() == *name);
            match found {
                Some(position) => table.columns.push((name, position)),
                None if optional.contains(name) => {}
                None => {
                    let problem = format!(
                        "the header has no column {name}: it needs {}",
                        needed.join(",")
                    );
                    return Err(TableError::Line {
                        path: table.path,
                        line: 1,
                        problem,
                    });
                }
            }
        }
        Ok(table)
    }

    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, TableError> {
        let columns = self.record.len();
        if !self.advance()? {
            return Ok(None);
        }
        let fields = self.record.len();
        if fields != columns {
            let problem =
                format!("the row has {fields} fields and the header {columns}: give it as many");
            return Err(TableError::Line {
                path: self.path.clone(),
                line: self.line,
                problem,
            });
        }
        Ok(Some(Row(self)))
    }

    fn advance(&mut self) -> Result<bool, TableError> {
        let read = self.reader.read_record(&mut self.record);
        match read {
            Ok(more) => {
                self.line = self
                    .record
                    .position()
                    .map_or(self.line, csv::Position::line);
                Ok(more)
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: csv::Error) -> TableError {
        let path = self.path.clone();
        if let ErrorKind::Utf8 { pos, .. } = error.kind() {
            let line = pos.as_ref().map_or(self.line + 1, csv::Position::line);
            let problem = "the text is not UTF-8: save the file as UTF-8".to_owned();
            return TableError::Line {
                path,
                line,
                problem,
            };
        }
        TableError::Read {
            path,
            line: self.line,
            source: error,
        }
    }
}

/// The current row of a table.
pub(super) struct Row<'a>(&'a Table);

impl Row<'_> {
    /// The text of a field; empty when the column is absent.
    pub(super) fn optional_text(&self, field: &str) -> &str {
        let column = self.0.columns.iter().find(|(name, _)| *name == field);
        column
            .and_then(|(_, position)| self.0.record.get(*position))
            .map_or("", str::trim)
    }

    /// The text of a field that must not be empty.
    pub(super) fn text(&self, field: &str) -> Result<&str, TableError> {
        let text = self.optional_text(field);
        if text.is_empty() {
            Err(self.wrong(field, "is empty: fill it in"))
        } else {
            Ok(text)
        }
    }

    /// A finite number.
    pub(super) fn number<T: Number>(&self, field: &str) -> Result<T, TableError> {
        let number = self.text(field)?.parse::<T>().ok().filter(T::is_usable);
        number.ok_or_else(|| self.wrong(field, T::REMEDY))
    }

    /// A finite number, or nothing.
    pub(super) fn optional_number<T: Number>(&self, field: &str) -> Result<Option<T>, TableError> {
        if self.optional_text(field).is_empty() {
            return Ok(None);
        }
        self.number(field).map(Some)
    }

    /// The error that says what is wrong with a field of this row.
    pub(super) fn wrong(&self, field: &str, problem: &str) -> TableError {
        let problem = format!("{field} {:?} {problem}", self.optional_text(field));
        TableError::Line {
            path: self.0.path.clone(),
            line: self.0.line,
            problem,
        }
    }
}

/// Kinds of numbers that a table holds.
pub(super) trait Number: FromStr {
    /// What to tell somebody whose field does not parse.
    const REMEDY: &'static str;

    /// False for what parses and still is no number.
    fn is_usable(&self) -> bool {
        true
    }
}

impl Number for i64 {
    const REMEDY: &'static str = "is not a whole number: write it in digits only";
}

impl Number for f32 {
    const REMEDY: &'static str =
        "is not a number: write it in digits, with a point before decimals";

    fn is_usable(&self) -> bool {
        self.is_finite()
    }
}

impl Number for f64 {
    const REMEDY: &'static str = f32::REMEDY;

    fn is_usable(&self) -> bool {
        self.is_finite()
    }
}
