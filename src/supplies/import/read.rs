//! Rows of a file as typed cells, each checked by itself. Pure.

use crate::codes::gs1::wrong_check_digit;
use crate::csv_text::{Column, Row, Table};
use crate::db::types::StockPlaceKind;

/// The columns that a file may have.
pub const COLUMNS: [Column; 20] = [
    Column::required("item_number"),
    Column::optional("name"),
    Column::optional("unit"),
    Column::optional("category"),
    Column::optional("supplier"),
    Column::optional("count_class"),
    Column::optional("pack"),
    Column::optional("pack_units"),
    Column::optional("gtin"),
    Column::optional("pack_gtin"),
    Column::optional("place"),
    Column::optional("place_kind"),
    Column::optional("room"),
    Column::optional("round"),
    Column::optional("bin"),
    Column::optional("second_bin"),
    Column::optional("reorder_point"),
    Column::optional("target"),
    Column::optional("maximum"),
    Column::optional("fixed_quantity"),
];

/// Positions of the columns.
#[derive(Clone, Copy)]
pub(super) enum At {
    Number,
    Name,
    Unit,
    Category,
    Supplier,
    Class,
    Pack,
    PackUnits,
    Gtin,
    PackGtin,
    Place,
    PlaceKind,
    Room,
    Round,
    Bin,
    SecondBin,
    Point,
    Target,
    Maximum,
    Fixed,
}

/// How what a spreadsheet runs begins; exports put a `'` before a text that begins so (S-32).
const FORMULA: [char; 4] = ['=', '+', '-', '@'];
/// Largest quantity.
const QUANTITY_MAX: i64 = 1_000_000;

/// A mistake, with the row as spreadsheets count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which row.
    pub row: u64,
    /// Which column; empty: all of the row.
    pub column: &'static str,
    /// What the cell says.
    pub value: String,
    /// What is wrong and what to do.
    pub remedy: String,
}

/// A row whose cells can be read. `None`: the cell is empty, nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub row: u64,
    pub number: String,
    pub name: Option<String>,
    pub unit: Option<String>,
    pub category: Option<String>,
    pub supplier: Option<String>,
    pub class: Option<String>,
    pub pack: Option<String>,
    pub pack_units: Option<i64>,
    pub gtin: Option<String>,
    pub pack_gtin: Option<String>,
    pub place: Option<String>,
    pub place_kind: Option<String>,
    pub room: Option<String>,
    pub round: Option<String>,
    pub bin: Option<String>,
    pub second_bin: Option<String>,
    pub reorder_point: Option<i64>,
    pub target: Option<i64>,
    pub maximum: Option<i64>,
    pub fixed_quantity: Option<i64>,
}

impl Draft {
    /// The kind of its place.
    pub(super) fn kind(&self) -> Option<StockPlaceKind> {
        StockPlaceKind::from_text(self.place_kind.as_deref()?)
    }

    /// Whether it says a number of the rule.
    pub(super) fn says_numbers(&self) -> bool {
        [
            self.reorder_point,
            self.target,
            self.maximum,
            self.fixed_quantity,
        ]
        .iter()
        .any(Option::is_some)
    }
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub drafts: Vec<Draft>,
    pub faults: Vec<Fault>,
}

pub(super) fn fault(row: u64, column: At, value: &str, remedy: impl Into<String>) -> Fault {
    let at = position(column);
    Fault {
        row,
        column: COLUMNS.get(at).map_or("", |column| column.name),
        value: value.chars().take(80).collect(),
        remedy: remedy.into(),
    }
}

#[expect(clippy::as_conversions, reason = "an enum without values, in order")]
fn position(column: At) -> usize {
    column as usize
}

pub(super) fn read_rows(table: &Table) -> Rows {
    let mut rows = Rows::default();
    rows.faults.extend(table.broken.iter().map(|broken| Fault {
        row: broken.row,
        column: "",
        value: String::new(),
        remedy: format!(
            "The row has {} cells, the first row has {}: put texts with the separator in them in quotes.",
            broken.cells, broken.expected
        ),
    }));
    for row in &table.rows {
        let mut reader = Reader {
            row,
            faults: Vec::new(),
        };
        let draft = reader.draft();
        if reader.faults.is_empty() {
            rows.drafts.push(draft);
        } else {
            rows.faults.append(&mut reader.faults);
        }
    }
    rows
}

struct Reader<'a> {
    row: &'a Row,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn draft(&mut self) -> Draft {
        let number = self.text(At::Number, 64).unwrap_or_default();
        if number.is_empty() && self.faults.is_empty() {
            self.refuse(At::Number, "", "Every row needs the number of an item.");
        }
        Draft {
            row: self.row.number,
            number,
            name: self.text(At::Name, 120),
            unit: self.text(At::Unit, 20),
            category: self.text(At::Category, 80),
            supplier: self.text(At::Supplier, 120),
            class: self.word(At::Class, &["a", "b", "c"]),
            pack: self.text(At::Pack, 40),
            pack_units: self.number(At::PackUnits, 1),
            gtin: self.gtin(At::Gtin),
            pack_gtin: self.gtin(At::PackGtin),
            place: self.text(At::Place, 120),
            place_kind: self.word(At::PlaceKind, &["room", "cart", "cabinet"]),
            room: self.text(At::Room, 120),
            round: self.text(At::Round, 80),
            bin: self.text(At::Bin, 40),
            second_bin: self.text(At::SecondBin, 40),
            reorder_point: self.number(At::Point, 0),
            target: self.number(At::Target, 0),
            maximum: self.number(At::Maximum, 0),
            fixed_quantity: self.number(At::Fixed, 1),
        }
    }

    fn refuse(&mut self, column: At, value: &str, remedy: impl Into<String>) {
        self.faults
            .push(fault(self.row.number, column, value, remedy));
    }

    fn text(&mut self, column: At, most: usize) -> Option<String> {
        let (raw, text) = (
            self.row.raw(position(column)).trim(),
            self.row.cell(position(column)),
        );
        if text.is_empty() {
            return None;
        }
        if raw.starts_with(FORMULA) {
            let remedy = "A spreadsheet takes this for a formula. Write the value itself; if it is a text that begins so, put a ' before it.";
            self.refuse(column, raw, remedy);
        } else if text.chars().count() > most {
            self.refuse(column, text, format!("At most {most} characters."));
        } else if text.chars().any(char::is_control) {
            self.refuse(
                column,
                text,
                "Take line breaks and other control characters out.",
            );
        }
        Some(text.to_owned())
    }

    fn word(&mut self, column: At, words: &[&str]) -> Option<String> {
        let text = self.row.cell(position(column)).to_lowercase();
        if text.is_empty() {
            return None;
        }
        if !words.contains(&text.as_str()) {
            self.refuse(
                column,
                &text,
                format!("Write one of: {}.", words.join(", ")),
            );
        }
        Some(text)
    }

    /// A whole number; thousands may be told apart by nothing.
    fn number(&mut self, column: At, least: i64) -> Option<i64> {
        let text = self.row.cell(position(column));
        if text.is_empty() {
            return None;
        }
        match text.parse::<i64>() {
            Ok(number) if (least..=QUANTITY_MAX).contains(&number) => Some(number),
            _ => {
                let remedy = format!(
                    "Write a whole number from {least} to {QUANTITY_MAX}, without dots, commas and signs."
                );
                self.refuse(column, text, remedy);
                None
            }
        }
    }

    /// A GTIN of 8, 12, 13 or 14 digits, as 14.
    fn gtin(&mut self, column: At) -> Option<String> {
        let text = self.row.cell(position(column));
        if text.is_empty() {
            return None;
        }
        let is_number = text.bytes().all(|sign| sign.is_ascii_digit());
        if !is_number || !matches!(text.len(), 8 | 12 | 13 | 14) {
            let remedy = "A GTIN has 8, 12, 13 or 14 digits. Spreadsheets turn long numbers into 1.23E+12: format the column as text.";
            self.refuse(column, text, remedy);
            return None;
        }
        let gtin = format!("{text:0>14}");
        if let Some(digit) = wrong_check_digit(&gtin) {
            let remedy = format!(
                "The check digit, the last one, would have to be {digit}: look at the label again."
            );
            self.refuse(column, text, remedy);
            return None;
        }
        Some(gtin)
    }
}
