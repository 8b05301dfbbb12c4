//! What a file would do. Pure.
//!
//! A row with a mistake is left out whole, and what it said counts for no other row: [`decide`] takes it out and decides again, so that
//! "import the good rows" does what the file without the others would do.

mod items;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use self::items::decide_item;
use self::places::{decide_place, decide_stock_places};
use super::facts::Facts;
use super::read::{At, Draft, Fault, Rows, fault};
use crate::assets::import::sha256_hex;
use crate::csv_text::Table;
use crate::db::types::StockPlaceKind;
use crate::ids::{ItemId, RoomId, StockPlaceId};

/// How often rows are taken out and the others decided again; what rests on a longer chain of mistakes is left out with them.
const PASSES_MAX: usize = 10;

/// One field that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which column.
    pub column: &'static str,
    /// What it was; empty: nothing.
    pub old: String,
    /// What it becomes; empty: nothing.
    pub new: String,
}

/// A code that an item gets, or that moves from its pack to its piece or back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeWrite {
    /// The code.
    pub code: String,
    /// The pack that carries it; `None`: one piece.
    pub pack: Option<String>,
}

/// An item that is new or changes: all of it as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemWrite {
    /// The first row that says so.
    pub row: u64,
    /// The item, when it is there.
    pub item_id: Option<ItemId>,
    /// Its number.
    pub number: String,
    /// Its name.
    pub name: String,
    /// What quantities count.
    pub unit: String,
    /// Category.
    pub category: Option<String>,
    /// Supplier, by name.
    pub supplier: Option<String>,
    /// How exact counts must be: a, b or c.
    pub class: String,
    /// The pack that is ordered: its name and base units.
    pub pack: Option<(String, i64)>,
    /// Codes that the file names and that are not there already. All others stay where they are.
    pub codes: Vec<CodeWrite>,
    /// What changes.
    pub changes: Vec<Change>,
}

/// A place of stock that is new, or whose kind, room or round changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockPlaceWrite {
    /// The first row of the place.
    pub row: u64,
    /// The place, when it is there.
    pub stock_place_id: Option<StockPlaceId>,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StockPlaceKind,
    /// Its room; `None`: it stays where it is.
    pub room_id: Option<RoomId>,
    /// Its round, by name; `None`: it stays on its round, or on none.
    pub round: Option<String>,
    /// What changes, and of a new one what it gets.
    pub changes: Vec<Change>,
}

/// An item at a place that is new there, or whose bin or own rule changes: all of it as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceWrite {
    /// The row.
    pub row: u64,
    /// Number of the item.
    pub number: String,
    /// Name of the place.
    pub place: String,
    /// The usual bin.
    pub bin: String,
    /// The second of two bins.
    pub second_bin: Option<String>,
    /// At or below it, order; `None`: inherited or computed.
    pub reorder_point: Option<i64>,
    /// What it should hold; `None`: inherited or computed.
    pub target: Option<i64>,
    /// Never above it.
    pub maximum: Option<i64>,
    /// Fixed quantity, or what one of two bins holds.
    pub fixed_quantity: Option<i64>,
    /// What changes.
    pub changes: Vec<Change>,
    /// Whether there was no rule.
    pub is_new: bool,
}

/// What a file would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplyPlan {
    /// Rows of the file.
    pub rows: usize,
    /// Items to write, in the order of the file.
    pub items: Vec<ItemWrite>,
    /// Places of stock to write, in the order of the file.
    pub stock_places: Vec<StockPlaceWrite>,
    /// Rules to write, in the order of the file.
    pub places: Vec<PlaceWrite>,
    /// Rows that change nothing.
    pub unchanged: usize,
    /// Rows with mistakes.
    pub faulty_rows: usize,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Suppliers that are made.
    pub new_suppliers: Vec<String>,
    /// Places that are made.
    pub new_places: Vec<String>,
    /// Rounds that are made.
    pub new_rounds: Vec<String>,
    /// Columns that are left out.
    pub unknown_columns: Vec<String>,
    /// Tells this plan from any other.
    pub digest: String,
}

impl SupplyPlan {
    /// Items that are new.
    #[must_use]
    pub fn new_items(&self) -> usize {
        self.items
            .iter()
            .filter(|item| item.item_id.is_none())
            .count()
    }

    /// How much it writes: items, places of stock, and items at places.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.items.len() + self.stock_places.len() + self.places.len()
    }
}

/// Rows by item, in the order of the file.
type Merged = BTreeMap<String, Vec<Draft>>;

/// What rows with mistakes said something of.
#[derive(Debug, Default)]
struct Lost {
    items: BTreeSet<String>,
    places: BTreeSet<String>,
}

/// What the rows come to, all of them without mistakes or none.
#[derive(Debug, Default)]
struct Decided {
    items: Vec<ItemWrite>,
    stock_places: Vec<StockPlaceWrite>,
    places: Vec<PlaceWrite>,
    faults: Vec<Fault>,
}

pub(super) fn decide(table: &Table, rows: Rows, facts: &Facts) -> SupplyPlan {
    let mut faults = rows.faults;
    let mut merged = merge(rows.drafts, &mut faults);
    let mut lost = Lost::default();
    let mut done = Decided::default();
    for pass in 1..=PASSES_MAX {
        done = decide_rows(&merged, facts, &lost);
        if done.faults.is_empty() {
            break;
        }
        if pass == PASSES_MAX {
            let rest = |draft: &Draft| {
                let remedy = "Rows on which it rests have mistakes: put these right first.";
                fault(draft.row, At::Number, &draft.number, remedy)
            };
            done.faults.extend(merged.values().flatten().map(rest));
        }
        take_out(&mut merged, &done.faults, &mut lost);
        faults.append(&mut done.faults);
        if pass == PASSES_MAX {
            done = Decided::default();
        }
    }
    faults.sort_by_key(|fault| fault.row);
    let wrong_rows: BTreeSet<u64> = faults.iter().map(|fault| fault.row).collect();
    let touched: BTreeSet<u64> = done
        .items
        .iter()
        .map(|write| write.row)
        .chain(done.stock_places.iter().map(|write| write.row))
        .chain(done.places.iter().map(|write| write.row))
        .collect();
    let good: usize = merged.values().map(Vec::len).sum();
    done.items.sort_by_key(|item| item.row);
    done.stock_places.sort_by_key(|write| write.row);
    done.places.sort_by_key(|write| write.row);
    let new_places = done
        .stock_places
        .iter()
        .filter(|write| write.stock_place_id.is_none());
    let mut plan = SupplyPlan {
        rows: table.rows.len() + table.broken_count,
        unchanged: good.saturating_sub(touched.len()),
        faulty_rows: wrong_rows.len() + table.broken_count.saturating_sub(table.broken.len()),
        faults,
        new_suppliers: list_new(
            done.items.iter().filter_map(|item| item.supplier.as_ref()),
            &facts.suppliers,
        ),
        new_places: new_places.map(|write| write.name.clone()).collect(),
        new_rounds: list_new(
            done.stock_places
                .iter()
                .filter_map(|write| write.round.as_ref()),
            &facts.rounds,
        ),
        items: done.items,
        stock_places: done.stock_places,
        places: done.places,
        unknown_columns: table.unknown.clone(),
        digest: String::new(),
    };
    let all = format!(
        "{:?}|{:?}|{:?}|{:?}|{:?}",
        plan.items, plan.stock_places, plan.places, plan.new_rounds, plan.faults
    );
    plan.digest = sha256_hex(all.as_bytes());
    plan
}

/// Names that nobody knows, each once in any case.
fn list_new<'a>(names: impl Iterator<Item = &'a String>, known: &BTreeSet<String>) -> Vec<String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for name in names {
        let small = name.to_lowercase();
        if !known.contains(&small) {
            found.entry(small).or_insert_with(|| name.clone());
        }
    }
    found.into_values().collect()
}

/// Rows by item, in the order of the file; what is said twice is a fault.
fn merge(drafts: Vec<Draft>, faults: &mut Vec<Fault>) -> Merged {
    let mut merged = Merged::new();
    for draft in drafts {
        let rows = merged.entry(draft.number.to_lowercase()).or_default();
        let twice = rows.iter().find(|row| row.place == draft.place);
        if let Some(first) = twice {
            let (column, value) = match &draft.place {
                Some(place) => (At::Place, place.as_str()),
                None => (At::Number, draft.number.as_str()),
            };
            let remedy = format!("Row {} says this already: take one of them out.", first.row);
            faults.push(fault(draft.row, column, value, remedy));
            continue;
        }
        rows.push(draft);
    }
    merged
}

/// Takes the rows with these faults out.
fn take_out(merged: &mut Merged, faults: &[Fault], lost: &mut Lost) {
    let wrong_rows: BTreeSet<u64> = faults.iter().map(|fault| fault.row).collect();
    for (key, drafts) in merged.iter_mut() {
        drafts.retain(|draft| {
            let is_good = !wrong_rows.contains(&draft.row);
            if !is_good {
                lost.items.insert(key.clone());
                lost.places.extend(draft.place.clone());
            }
            is_good
        });
    }
    merged.retain(|_, drafts| !drafts.is_empty());
}

fn decide_rows(merged: &Merged, facts: &Facts, lost: &Lost) -> Decided {
    let mut done = Decided::default();
    done.stock_places = decide_stock_places(merged, facts, lost, &mut done.faults);
    let mut claimed = BTreeMap::new();
    for (key, drafts) in merged {
        let is_lost = lost.items.contains(key);
        let item = decide_item(
            (key, drafts, is_lost),
            facts,
            &mut claimed,
            &mut done.faults,
        );
        let Some(item) = item else {
            continue;
        };
        for draft in drafts {
            match decide_place(key, draft, facts, &item) {
                Err(mistake) => done.faults.push(mistake),
                Ok(write) => done.places.extend(write),
            }
        }
        if item.item_id.is_none() || !item.changes.is_empty() {
            done.items.push(item);
        }
    }
    done
}

/// What changes; fields that stay are left out.
fn changes<const N: usize>(fields: [(&'static str, String, String); N]) -> Vec<Change> {
    fields
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(column, old, new)| Change { column, old, new })
        .collect()
}
