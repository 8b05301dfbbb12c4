//! From the rows of a file to drafts of assets, as far as that needs no database. Pure.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::codes::tag_key;
use crate::csv_text::{Column, Row, Table};
use crate::db::types::{AssetStatus, Technology};

/// The columns of the file.
pub const COLUMNS: [Column; 15] = [
    Column::required("asset_number"),
    Column::optional("type"),
    Column::optional("maker"),
    Column::optional("model"),
    Column::optional("owner_unit"),
    Column::optional("serial"),
    Column::optional("udi"),
    Column::optional("barcode"),
    Column::optional("giai"),
    Column::optional("grai"),
    Column::optional("other"),
    Column::optional("tag"),
    Column::optional("tag_interval_ms"),
    Column::optional("service_due_on"),
    Column::optional("status"),
];
const NUMBER: usize = 0;
const TYPE: usize = 1;
const MAKER: usize = 2;
const MODEL: usize = 3;
const OWNER: usize = 4;
/// Columns of identifiers, in the order of [`COLUMNS`]; named after the kinds that are stored.
const IDENTIFIERS: [usize; 6] = [5, 6, 7, 8, 9, 10];
const TAG: usize = 11;
const INTERVAL: usize = 12;
const DUE: usize = 13;
const STATUS: usize = 14;

/// What stands between several numbers of one kind.
const SEPARATOR: char = '|';
/// Most numbers of one kind.
const NUMBERS_MAX: usize = 20;
/// Longest time between two beacons: a day.
const INTERVAL_MS_MAX: i64 = 86_400_000;
/// How much of a value a fault repeats.
const SHOWN_CHARS_MAX: usize = 80;

/// What is wrong with a row: in which column, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The row as spreadsheets count.
    pub row: u64,
    /// The column; empty when it is the whole row.
    pub column: &'static str,
    /// What the cell says, shortened.
    pub value: String,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a cell, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// Too few or too many cells.
    #[error(
        "The row has {cells} cells and the first row {expected}. Look for a missing separator or an open quotation mark."
    )]
    Cells {
        /// Those of the row.
        cells: usize,
        /// Those of the header.
        expected: usize,
    },
    /// Must not be empty.
    #[error("Fill it in: a row without it cannot be used.")]
    Missing,
    /// Too long.
    #[error("It has more than {most} characters. Shorten it.")]
    TooLong {
        /// The most there may be.
        most: usize,
    },
    /// A formula.
    #[error("It is a formula of a spreadsheet. Paste the value instead.")]
    Formula,
    /// Signs that nobody sees.
    #[error("It has signs that cannot be printed, such as an end of line. Type it again.")]
    Unprintable,
    /// No day.
    #[error("Write the day as 2026-09-07: year, month, day.")]
    BadDate,
    /// No status for a new one.
    #[error("A new one may be available, in_use, soiled, cleaning or in_repair.")]
    BadStatus,
    /// No tag.
    #[error("It is no tag id. Write it as mac:AC233F000001 or epc:E28011606000020612345678.")]
    BadTag,
    /// No number of milliseconds.
    #[error("Write how often the tag sends, in milliseconds from 1 to 86400000, such as 2000.")]
    BadInterval,
    /// A beacon without its interval.
    #[error("Write how often the tag sends, in milliseconds, such as 2000: it is a new one.")]
    NoInterval,
    /// An interval without a tag, or for one that does not send.
    #[error("Leave it empty: {0}")]
    NeedlessInterval(&'static str),
    /// Too many numbers in one cell.
    #[error("It has more than {NUMBERS_MAX} numbers. Keep those that people use.")]
    TooManyNumbers,
    /// The number is in the file twice.
    #[error("Row {row} has the same number. Keep one of the two rows.")]
    NumberTwice {
        /// The first row with it.
        row: u64,
    },
    /// The tag is in the file twice.
    #[error("Row {row} has the same tag. A tag is on one thing at a time.")]
    TagTwice {
        /// The first row with it.
        row: u64,
    },
    /// On another asset, on a piece of an item, or the card of a bin.
    #[error("The tag is on {asset}. Take it off there first.")]
    TagElsewhere {
        /// The number of that asset, or what it is on, in words.
        asset: String,
    },
    /// Out of service.
    #[error("This one is retired. Restore it first, or take the row out.")]
    Retired,
    /// No such type.
    #[error("There is no such type.{} To make new ones, tick \"Make types and models that are new\".", did_you_mean(.nearest.as_deref()))]
    UnknownType {
        /// The nearest one.
        nearest: Option<String>,
    },
    /// No such model.
    #[error("There is no such model.{} To make new ones, tick \"Make types and models that are new\".", did_you_mean(.nearest.as_deref()))]
    UnknownModel {
        /// The nearest one.
        nearest: Option<String>,
    },
    /// A model needs its maker.
    #[error("Fill in the maker: it is a new model.")]
    NoMaker,
    /// A maker needs a model.
    #[error("Fill in the model too, or leave the maker empty.")]
    NoModel,
    /// Several makers have it.
    #[error("Several makers have such a model. Fill in the maker.")]
    SeveralMakers,
    /// The model is of another type.
    #[error("The model {model} is of the type {model_type}. Correct one of the two.")]
    OtherType {
        /// The model.
        model: String,
        /// Its type.
        model_type: String,
    },
    /// No such unit.
    #[error("There is no such unit.{} Units are made with the places.", did_you_mean(.nearest.as_deref()))]
    UnknownUnit {
        /// The nearest one.
        nearest: Option<String>,
    },
    /// Several facilities have such a unit.
    #[error(
        "Several facilities have a unit of this name. Leave it empty and choose it on the page of the asset."
    )]
    SeveralUnits,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| {
        format!(" Did you mean \u{201c}{name}\u{201d}?")
    })
}

/// A row as far as it can be understood by itself. What is empty changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) row: u64,
    pub(super) number: String,
    pub(super) type_name: String,
    pub(super) maker: String,
    pub(super) model: String,
    pub(super) owner: String,
    /// Of the kinds that are filled in: all numbers.
    pub(super) identifiers: Vec<(&'static str, Vec<String>)>,
    pub(super) tag: Option<String>,
    pub(super) interval_ms: Option<i64>,
    pub(super) due: Option<NaiveDate>,
    pub(super) status: Option<AssetStatus>,
}

/// What the rows are.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) drafts: Vec<Draft>,
    pub(super) faults: Vec<Fault>,
    /// How many rows have at least one of them.
    pub(super) faulty: usize,
}

/// Reads every row by itself, and finds what is there twice.
pub(super) fn read_rows(table: &Table) -> Rows {
    let mut rows = Rows {
        faulty: table.broken_count,
        ..Rows::default()
    };
    for broken in &table.broken {
        rows.faults.push(Fault {
            row: broken.row,
            column: "",
            value: String::new(),
            kind: FaultKind::Cells {
                cells: broken.cells,
                expected: broken.expected,
            },
        });
    }
    let mut numbers: HashMap<String, u64> = HashMap::new();
    let mut tags: HashMap<String, u64> = HashMap::new();
    for row in &table.rows {
        let mut reader = CellReader {
            row,
            faults: Vec::new(),
        };
        let draft = reader.draft();
        let known = numbers
            .entry(draft.number.to_lowercase())
            .or_insert(row.number);
        if *known != row.number && !draft.number.is_empty() {
            let kind = FaultKind::NumberTwice { row: *known };
            reader.refuse(NUMBER, kind);
        }
        if let Some(tag) = &draft.tag {
            let known = tags.entry(tag.clone()).or_insert(row.number);
            if *known != row.number {
                let kind = FaultKind::TagTwice { row: *known };
                reader.refuse(TAG, kind);
            }
        }
        if reader.faults.is_empty() {
            rows.drafts.push(draft);
        } else {
            rows.faulty += 1;
            rows.faults.append(&mut reader.faults);
        }
    }
    rows
}

/// What a fault repeats of a value.
pub(super) fn shorten(value: &str) -> String {
    let mut short: String = value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN_CHARS_MAX)
        .collect();
    if value.chars().count() > SHOWN_CHARS_MAX {
        short.push('\u{2026}');
    }
    short
}

struct CellReader<'a> {
    row: &'a Row,
    faults: Vec<Fault>,
}

impl CellReader<'_> {
    fn draft(&mut self) -> Draft {
        let number = self.text(NUMBER, 64);
        if number.is_empty() && self.faults.is_empty() {
            self.refuse(NUMBER, FaultKind::Missing);
        }
        let identifiers = IDENTIFIERS
            .iter()
            .filter_map(|column| self.numbers(*column))
            .collect();
        let tag = self.tag();
        Draft {
            row: self.row.number,
            number,
            type_name: self.text(TYPE, 120),
            maker: self.text(MAKER, 120),
            model: self.text(MODEL, 120),
            owner: self.text(OWNER, 120),
            identifiers,
            interval_ms: self.interval(tag.as_deref()),
            tag,
            due: self.due(),
            status: self.status(),
        }
    }

    fn refuse(&mut self, column: usize, kind: FaultKind) {
        self.faults.push(Fault {
            row: self.row.number,
            column: COLUMNS.get(column).map_or("", |column| column.name),
            value: shorten(self.row.raw(column).trim()),
            kind,
        });
    }

    /// The text of a cell; empty when it may not be used.
    fn text(&mut self, column: usize, most: usize) -> String {
        let raw = self.row.raw(column).trim();
        let text = self.row.cell(column);
        let kind = if raw.starts_with(['=', '@']) {
            FaultKind::Formula
        } else if text.chars().any(char::is_control) {
            FaultKind::Unprintable
        } else if text.chars().count() > most {
            FaultKind::TooLong { most }
        } else {
            return text.to_owned();
        };
        self.refuse(column, kind);
        String::new()
    }

    fn numbers(&mut self, column: usize) -> Option<(&'static str, Vec<String>)> {
        let name = COLUMNS.get(column)?.name;
        let text = self.text(column, 192 * NUMBERS_MAX);
        if text.is_empty() {
            return None;
        }
        let mut numbers: Vec<String> = Vec::new();
        for number in text
            .split(SEPARATOR)
            .map(str::trim)
            .filter(|n| !n.is_empty())
        {
            if number.chars().count() > 192 {
                self.refuse(column, FaultKind::TooLong { most: 192 });
                return None;
            }
            if !numbers.iter().any(|known| known == number) {
                numbers.push(number.to_owned());
            }
        }
        if numbers.len() > NUMBERS_MAX {
            self.refuse(column, FaultKind::TooManyNumbers);
            return None;
        }
        Some((name, numbers))
    }

    fn tag(&mut self) -> Option<String> {
        let text = self.text(TAG, tag_key::TAG_KEY_CHARS_MAX);
        if text.is_empty() {
            return None;
        }
        if let Ok(key) = tag_key::canonical(&text) {
            return Some(key.into_owned());
        }
        self.refuse(TAG, FaultKind::BadTag);
        None
    }

    fn interval(&mut self, tag: Option<&str>) -> Option<i64> {
        let text = self.text(INTERVAL, 20);
        if text.is_empty() {
            return None;
        }
        let Some(tag) = tag else {
            // A tag that is wrong has been named already.
            if self.row.cell(TAG).is_empty() {
                let kind = FaultKind::NeedlessInterval("the row has no tag.");
                self.refuse(INTERVAL, kind);
            }
            return None;
        };
        if technology_of(tag) == Some(Technology::Rfid) {
            let kind = FaultKind::NeedlessInterval("passive RFID tags send nothing by themselves.");
            self.refuse(INTERVAL, kind);
            return None;
        }
        let number = text.parse().ok();
        let number = number.filter(|ms: &i64| (1..=INTERVAL_MS_MAX).contains(ms));
        if number.is_none() {
            self.refuse(INTERVAL, FaultKind::BadInterval);
        }
        number
    }

    fn due(&mut self) -> Option<NaiveDate> {
        let text = self.text(DUE, 20);
        if text.is_empty() {
            return None;
        }
        let years = NaiveDate::from_ymd_opt(1990, 1, 1)..NaiveDate::from_ymd_opt(2200, 1, 1);
        let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
        let day = day.filter(|day| years.contains(&Some(*day)));
        if day.is_none() {
            self.refuse(DUE, FaultKind::BadDate);
        }
        day
    }

    fn status(&mut self) -> Option<AssetStatus> {
        let text = self.text(STATUS, 40);
        if text.is_empty() {
            return None;
        }
        let word = text.to_lowercase().replace([' ', '-'], "_");
        let status = AssetStatus::from_text(&word);
        if status.is_none() {
            self.refuse(STATUS, FaultKind::BadStatus);
        }
        status
    }
}

/// What a tag speaks, as far as its id says: `x:` says nothing.
pub(super) fn technology_of(key: &str) -> Option<Technology> {
    match key.split_once(':').map(|(kind, _)| kind) {
        Some("epc") => Some(Technology::Rfid),
        Some("mac" | "ib" | "eddy" | "alt") => Some(Technology::Ble),
        _ => None,
    }
}
