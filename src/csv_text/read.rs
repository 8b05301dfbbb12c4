//! Reading a table with known columns.

use super::{BYTE_ORDER_MARK, BYTES_MAX, ROWS_MAX, unescape_formula};

/// Most broken rows that are kept; the others are only counted.
const BROKEN_MAX: usize = 1_000;

/// A column that a file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether there is no reading the file without it.
    pub is_required: bool,
}

impl Column {
    /// A column that must be there.
    #[must_use]
    pub const fn required(name: &'static str) -> Self {
        Self {
            name,
            is_required: true,
        }
    }

    /// A column that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str) -> Self {
        Self {
            name,
            is_required: false,
        }
    }
}

/// Why a file cannot be read at all. The words say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// Nothing in it.
    #[error("The file is empty: the first row has to name the columns.")]
    Empty,
    /// Too many bytes.
    #[error("The file has {bytes} bytes, more than {BYTES_MAX}: split it into several files.")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Too many rows.
    #[error("The file has more than {ROWS_MAX} rows: split it into several files.")]
    TooManyRows,
    /// Another encoding.
    #[error("Row {row} is not UTF-8 text: save the file as \"CSV UTF-8\" and send it again.")]
    NotUtf8 {
        /// The first such row, as spreadsheets count.
        row: u64,
    },
    /// Another encoding, known by its mark.
    #[error("The file is UTF-16 (\"Unicode text\"): save it as \"CSV UTF-8\" and send it again.")]
    Utf16,
    /// Columns that must be there are not.
    #[error(
        "The first row has no column {}: it names the columns, and it has {}.",
        .missing.join(", "),
        .found.join(", ")
    )]
    MissingColumns {
        /// Those that must be there.
        missing: Vec<String>,
        /// Those that are.
        found: Vec<String>,
    },
    /// A column is there twice.
    #[error("The column {0} is there twice: take one of them out.")]
    ColumnTwice(String),
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenRow {
    /// Its number, as spreadsheets count.
    pub row: u64,
    /// How many cells it has.
    pub cells: usize,
    /// How many the first row has.
    pub expected: usize,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The rows that have as many cells as the first one.
    pub rows: Vec<Row>,
    /// Those that have not, at most 1,000.
    pub broken: Vec<BrokenRow>,
    /// How many those are.
    pub broken_count: usize,
    /// Columns that nobody asked for, as the file spells them.
    pub unknown: Vec<String>,
    /// Which of the known columns the file has.
    pub has: Vec<bool>,
    /// What stands between cells.
    pub delimiter: char,
}

/// One row, its cells in the order of the known columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, as spreadsheets count: the header is 1.
    pub number: u64,
    cells: Vec<Box<str>>,
}

impl Row {
    /// A row, for tests of what reads rows.
    #[must_use]
    pub fn new(number: u64, cells: &[&str]) -> Self {
        Self {
            number,
            cells: cells.iter().map(|cell| (*cell).into()).collect(),
        }
    }

    /// The text of a column, without white space around it and without the mark against formulas; empty when the file has no such
    /// column.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        unescape_formula(self.raw(column)).trim()
    }

    /// The same as it stands in the file.
    #[must_use]
    pub fn raw(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.as_ref())
    }
}

/// Reads a file whose first row names columns. Names are compared without regard to case, and `Asset number` is `asset_number`.
///
/// # Errors
/// See [`CsvError`]. Rows with too few or too many cells are no error but listed in the table.
pub fn read_table(bytes: &[u8], columns: &[Column]) -> Result<Table, CsvError> {
    let text = decode(bytes)?;
    let (delimiter, text, rows_before) = find_delimiter(text);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    if !read_record(&mut reader, &mut record) || record.iter().all(|cell| cell.trim().is_empty()) {
        return Err(CsvError::Empty);
    }
    let header = Header::read(&record, columns)?;
    let mut lines = Lines::of(text);
    let mut inner_lines = line_breaks(&record);
    let mut table = Table {
        rows: Vec::new(),
        broken: Vec::new(),
        broken_count: 0,
        unknown: header.unknown.clone(),
        has: header.places.iter().map(Option::is_some).collect(),
        delimiter: char::from(delimiter),
    };
    while read_record(&mut reader, &mut record) {
        let last_line = lines.last_of(reader.position().byte());
        let inside = line_breaks(&record);
        inner_lines += inside;
        // Cells may have lines of their own, which spreadsheets do not count.
        let number = (last_line + rows_before).saturating_sub(inner_lines);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if table.rows.len() + table.broken_count >= ROWS_MAX {
            return Err(CsvError::TooManyRows);
        }
        let has_extra = record
            .iter()
            .skip(header.width)
            .any(|cell| !cell.trim().is_empty());
        if record.len() < header.width || has_extra {
            table.broken_count += 1;
            if table.broken.len() < BROKEN_MAX {
                table.broken.push(BrokenRow {
                    row: number,
                    cells: record.len(),
                    expected: header.width,
                });
            }
            continue;
        }
        let cell = |place: &Option<usize>| place.and_then(|at| record.get(at)).unwrap_or("").into();
        table.rows.push(Row {
            number,
            cells: header.places.iter().map(cell).collect(),
        });
    }
    Ok(table)
}

/// Counts lines. The reader counts them too, but stands between the two signs of an end of line in one kind of files and behind
/// them in the other.
struct Lines<'a> {
    bytes: &'a [u8],
    counted: usize,
    breaks: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            bytes: text.as_bytes(),
            counted: 0,
            breaks: 0,
        }
    }

    /// The line on which the row ends that the reader has just read.
    fn last_of(&mut self, read: u64) -> u64 {
        let read = usize::try_from(read).unwrap_or(usize::MAX);
        let mut end = read.min(self.bytes.len());
        let last = |end: usize| end.checked_sub(1).and_then(|at| self.bytes.get(at));
        if last(end) == Some(&b'\r') && self.bytes.get(end) == Some(&b'\n') {
            end += 1;
        }
        let is_ended = last(end) == Some(&b'\n');
        let new = self.bytes.get(self.counted..end).unwrap_or_default();
        let new = new.split(|byte| *byte == b'\n').count() - 1;
        self.breaks += u64::try_from(new).unwrap_or(u64::MAX);
        self.counted = end.max(self.counted);
        self.breaks + u64::from(!is_ended)
    }
}

/// The text is UTF-8 already, so reading from memory ends and does not fail.
fn read_record(reader: &mut csv::Reader<&[u8]>, record: &mut csv::StringRecord) -> bool {
    reader.read_record(record).unwrap_or(false)
}

fn decode(bytes: &[u8]) -> Result<&str, CsvError> {
    if bytes.len() > BYTES_MAX {
        return Err(CsvError::TooLarge { bytes: bytes.len() });
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(CsvError::Utf16);
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n').count() - 1;
        CsvError::NotUtf8 {
            row: u64::try_from(lines).unwrap_or(u64::MAX).saturating_add(1),
        }
    })
}

/// What stands between the cells of the first line, the rest of the text, and how many lines were left out: some programs write
/// `sep=;` above the header.
fn find_delimiter(text: &str) -> (u8, &str, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(said) = first.trim_end().strip_prefix("sep=")
        && let [delimiter] = said.as_bytes()
    {
        return (*delimiter, rest, 1);
    }
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut is_quoted = false;
    for byte in first.bytes() {
        if byte == b'"' {
            is_quoted = !is_quoted;
        }
        for (delimiter, count) in &mut counts {
            if byte == *delimiter && !is_quoted {
                *count += 1;
            }
        }
    }
    // Of equals the first wins: a comma.
    let best = counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(delimiter, _)| *delimiter);
    (best, text, 0)
}

fn line_breaks(record: &csv::StringRecord) -> u64 {
    let breaks = record
        .as_slice()
        .bytes()
        .filter(|byte| *byte == b'\n')
        .count();
    u64::try_from(breaks).unwrap_or(u64::MAX)
}

struct Header {
    width: usize,
    /// Where each known column is.
    places: Vec<Option<usize>>,
    unknown: Vec<String>,
}

impl Header {
    fn read(record: &csv::StringRecord, columns: &[Column]) -> Result<Self, CsvError> {
        // Spreadsheets save empty columns at the end.
        let width = record
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.trim().is_empty())
            .last()
            .map_or(0, |(last, _)| last + 1);
        let mut places = vec![None; columns.len()];
        let mut unknown = Vec::new();
        for (at, cell) in record.iter().enumerate().take(width) {
            let name = column_key(unescape_formula(cell));
            let known = columns
                .iter()
                .position(|column| column_key(column.name) == name);
            match known.and_then(|known| places.get_mut(known)) {
                Some(place @ None) => *place = Some(at),
                Some(Some(_)) => return Err(CsvError::ColumnTwice(shorten(cell))),
                None if name.is_empty() => {}
                None => unknown.push(shorten(cell)),
            }
        }
        let missing: Vec<String> = columns
            .iter()
            .zip(&places)
            .filter(|(column, place)| column.is_required && place.is_none())
            .map(|(column, _)| column.name.to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(Self {
                width,
                places,
                unknown,
            });
        }
        let found = record.iter().take(width.min(40)).map(shorten).collect();
        Err(CsvError::MissingColumns { missing, found })
    }
}

/// Names are the same whatever their case, and whether they are written with spaces, hyphens or underscores.
fn column_key(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

fn shorten(cell: &str) -> String {
    cell.trim().chars().take(60).collect()
}
