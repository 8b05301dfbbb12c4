//! The CSV file of synonyms: reading with each mistake by row, field, value and remedy; writing so that no cell is a formula. Pure.
//!
//! ```text
//! term,kind,type,maker,model
//! drip pump,slang,infusion pump,,
//! rill,brand,,Norvane,Rill 300
//! ```

use std::collections::HashMap;
use std::fmt;

use super::TERM_CHARS_MAX;
use crate::db::types::SynonymKind;
use crate::find::query::fold::fold;

/// Largest file.
pub const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Most rows.
pub const ROWS_MAX: usize = 20_000;
/// Most mistakes that are named.
pub const FAULTS_MAX: usize = 100;

/// The columns, in the order of an export.
const COLUMNS: [&str; 5] = ["term", "kind", "type", "maker", "model"];

/// What a row's synonym stands for, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetName {
    /// A type.
    Type(String),
    /// A model.
    Model {
        /// Its maker.
        maker: String,
        /// Its name.
        name: String,
    },
}

/// A row that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Its line in the file.
    pub line: u64,
    /// The synonym.
    pub term: String,
    /// Folded.
    pub folded: String,
    /// What sort of word it is.
    pub kind: SynonymKind,
    /// What it stands for.
    pub target: TargetName,
}

/// A mistake: where it is, what is there, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// Line of the file; 0 for the file as a whole.
    pub line: u64,
    /// The column.
    pub field: &'static str,
    /// What is in it, shortened.
    pub value: String,
    /// What to do.
    pub remedy: String,
}

impl RowFault {
    /// A mistake in a field of a row.
    #[must_use]
    pub fn new(line: u64, field: &'static str, value: &str, remedy: impl Into<String>) -> Self {
        Self {
            line,
            field,
            value: value.chars().take(60).collect(),
            remedy: remedy.into(),
        }
    }

    fn of_file(remedy: impl Into<String>) -> Self {
        Self::new(0, "", "", remedy)
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.field) {
            (0, _) => f.write_str(&self.remedy),
            (line, "") => write!(f, "row {line}: {}", self.remedy),
            (line, field) => write!(
                f,
                "row {line}: {field} is \u{201c}{}\u{201d}: {}",
                self.value, self.remedy
            ),
        }
    }
}

/// Reads a file: a byte order mark is skipped, and columns may stand in any order between commas, semicolons or tabs.
///
/// # Errors
/// Every mistake, at most [`FAULTS_MAX`].
pub fn read_rows(text: &str) -> Result<Vec<FileRow>, Vec<RowFault>> {
    let text = text.trim_start_matches('\u{feff}');
    if text.len() > BYTES_MAX {
        let words = format!("the file has more than {BYTES_MAX} bytes: send it in parts");
        return Err(vec![RowFault::of_file(words)]);
    }
    if text.trim().is_empty() {
        let words = format!(
            "the file is empty: its first row names the columns {}",
            COLUMNS.join(", ")
        );
        return Err(vec![RowFault::of_file(words)]);
    }
    // The reader counts a line end of two signs late.
    let text = &text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(find_delimiter(text))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(headers) => find_columns(headers).map_err(|fault| vec![fault])?,
        Err(error) => {
            return Err(vec![RowFault::of_file(format!(
                "the first row cannot be read: {error}"
            ))]);
        }
    };
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    let mut known: HashMap<(String, String), u64> = HashMap::new();
    for record in reader.records() {
        if rows.len() + faults.len() >= ROWS_MAX {
            faults.push(RowFault::of_file(format!(
                "the file has more than {ROWS_MAX} rows: send it in parts"
            )));
            break;
        }
        match record {
            Ok(record) => match read_row(&record, &columns, &mut known) {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => {}
                Err(mut found) => faults.append(&mut found),
            },
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                faults.push(RowFault::new(
                    line,
                    "",
                    "",
                    format!("it cannot be read: {error}"),
                ));
            }
        }
        if faults.len() >= FAULTS_MAX {
            faults.truncate(FAULTS_MAX);
            break;
        }
    }
    if faults.is_empty() {
        Ok(rows)
    } else {
        Err(faults)
    }
}

fn find_delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |sign: u8| first.bytes().filter(|byte| *byte == sign).count();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|sign| count(*sign))
        .unwrap_or(b',')
}

/// Where each column stands.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn cell<'r>(&self, record: &'r csv::StringRecord, name: &str) -> &'r str {
        let cell = self
            .0
            .get(name)
            .and_then(|at| record.get(*at))
            .unwrap_or_default();
        unescape(cell)
    }
}

fn find_columns(headers: &csv::StringRecord) -> Result<Columns, RowFault> {
    let mut places = HashMap::new();
    for (at, header) in headers.iter().enumerate() {
        let name = header.trim().to_lowercase();
        let Some(column) = COLUMNS.iter().find(|column| **column == name) else {
            let words = format!("no such column is known: use {}", COLUMNS.join(", "));
            return Err(RowFault::new(1, "column", header, words));
        };
        if places.insert(*column, at).is_some() {
            return Err(RowFault::new(
                1,
                "column",
                header,
                "it is there twice: keep one",
            ));
        }
    }
    for needed in ["term", "kind"] {
        if !places.contains_key(needed) {
            let words = format!(
                "the column {needed} is missing: the first row names the columns {}",
                COLUMNS.join(", ")
            );
            return Err(RowFault::of_file(words));
        }
    }
    Ok(Columns(places))
}

fn read_row(
    record: &csv::StringRecord,
    columns: &Columns,
    known: &mut HashMap<(String, String), u64>,
) -> Result<Option<FileRow>, Vec<RowFault>> {
    let line = record.position().map_or(0, csv::Position::line);
    if record.iter().all(str::is_empty) {
        return Ok(None);
    }
    let mut faults = Vec::new();
    if record.len() > columns.0.len() {
        let words = format!(
            "it has {} cells and the first row has {}: put a cell with a comma in quotes",
            record.len(),
            columns.0.len()
        );
        return Err(vec![RowFault::new(line, "", "", words)]);
    }
    let cell = |name| columns.cell(record, name);
    let term = read_term(cell("term"))
        .map_err(|remedy| faults.push(RowFault::new(line, "term", cell("term"), remedy)));
    let kind = read_kind(cell("kind"))
        .map_err(|remedy| faults.push(RowFault::new(line, "kind", cell("kind"), remedy)));
    let target = match (cell("type"), cell("maker"), cell("model")) {
        ("", "", "") => Err(RowFault::new(
            line,
            "type",
            "",
            "write the name of a type, or maker and model",
        )),
        (name, "", "") => Ok(TargetName::Type(name.to_owned())),
        ("", "", name) => Err(RowFault::new(
            line,
            "maker",
            name,
            "write the maker of this model too",
        )),
        ("", maker, "") => Err(RowFault::new(
            line,
            "model",
            maker,
            "write the model of this maker too",
        )),
        ("", maker, name) => Ok(TargetName::Model {
            maker: maker.to_owned(),
            name: name.to_owned(),
        }),
        (name, ..) => Err(RowFault::new(
            line,
            "type",
            name,
            "write a type, or maker and model, not both",
        )),
    };
    let target = target.map_err(|fault| faults.push(fault));
    let (Ok((term, folded)), Ok(kind), Ok(target)) = (term, kind, target) else {
        return Err(faults);
    };
    let of = match &target {
        TargetName::Type(name) => name.to_lowercase(),
        TargetName::Model { maker, name } => format!("{maker}\u{0}{name}"),
    };
    if let Some(first) = known.insert((folded.clone(), of), line) {
        let words = format!("row {first} has it already: remove one of them");
        return Err(vec![RowFault::new(line, "term", &term, words)]);
    }
    Ok(Some(FileRow {
        line,
        term,
        folded,
        kind,
        target,
    }))
}

/// A synonym and how it is compared.
///
/// # Errors
/// Says what to write instead.
pub fn read_term(text: &str) -> Result<(String, String), String> {
    let term = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars = term.chars().count();
    if term.is_empty() {
        return Err("write the word that people use".to_owned());
    }
    if chars > TERM_CHARS_MAX {
        return Err(format!(
            "it has {chars} characters; at most {TERM_CHARS_MAX} work: shorten it"
        ));
    }
    if term.chars().any(char::is_control) {
        return Err("it holds a control character: type it anew".to_owned());
    }
    let folded = fold(&term);
    if folded.is_empty() {
        return Err("it has no letter or digit to search by: write a word".to_owned());
    }
    Ok((term, folded))
}

/// What sort of word it is.
///
/// # Errors
/// Names the sorts there are.
pub fn read_kind(text: &str) -> Result<SynonymKind, String> {
    SynonymKind::from_text(&text.trim().to_lowercase()).ok_or_else(|| {
        let kinds: Vec<&str> = SynonymKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("write one of {}", kinds.join(", "))
    })
}

/// One row of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRow<'a> {
    /// The synonym.
    pub term: &'a str,
    /// What sort of word it is.
    pub kind: SynonymKind,
    /// Name of the type, when it stands for a type.
    pub type_name: &'a str,
    /// Maker of the model, when it stands for a model.
    pub maker: &'a str,
    /// Name of the model.
    pub model: &'a str,
}

/// Writes a file (RFC 4180), with a byte order mark so that spreadsheets read its accents.
///
/// # Errors
/// Never in memory; the signature is that of the writer.
pub fn write_rows(rows: &[ExportRow<'_>]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        let kind = row.kind.as_str();
        writer.write_record([row.term, kind, row.type_name, row.maker, row.model].map(escape))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(format!("\u{feff}{}", String::from_utf8_lossy(&bytes)))
}

const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// A cell that no spreadsheet takes for a formula (S-32).
fn escape(cell: &str) -> String {
    let is_escaped = cell
        .strip_prefix('\'')
        .is_some_and(|rest| rest.starts_with(FORMULA));
    if cell.starts_with(FORMULA) || is_escaped {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn unescape(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests;
