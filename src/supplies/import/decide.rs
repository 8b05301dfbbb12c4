//! What a file would do. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, ItemFacts, RuleFacts};
use super::read::{At, Draft, Fault, Rows, fault};
use crate::assets::import::sha256_hex;
use crate::csv_text::Table;
use crate::ids::ItemId;

/// One field that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which column.
    pub column: &'static str,
    /// What it was; empty: nothing.
    pub old: String,
    /// What it becomes.
    pub new: String,
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
    /// GTIN of one piece.
    pub gtin: Option<String>,
    /// GTIN of the pack.
    pub pack_gtin: Option<String>,
    /// What changes.
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
    /// Kind of the place, when it is made.
    pub kind: String,
    /// Its room, when it is made.
    pub room_id: Option<i64>,
    /// Its round, by name.
    pub round: Option<String>,
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
}

pub(super) fn decide(table: &Table, rows: Rows, facts: &Facts) -> SupplyPlan {
    let mut plan = SupplyPlan {
        rows: table.rows.len() + table.broken_count,
        faults: rows.faults,
        unknown_columns: table.unknown.clone(),
        ..SupplyPlan::default()
    };
    let merged = merge(rows.drafts, &mut plan.faults);
    let mut taken_codes: BTreeMap<String, String> = facts.codes.clone();
    let mut touched: BTreeSet<u64> = BTreeSet::new();
    let mut suppliers = BTreeSet::new();
    let mut places = BTreeSet::new();
    // A place that is new needs its room once.
    let has_room = |draft: &&Draft| draft.place.is_some() && draft.room.is_some();
    let told: Vec<&Draft> = merged.values().flatten().filter(has_room).collect();
    let told: BTreeSet<String> = told
        .into_iter()
        .filter_map(|draft| draft.place.clone())
        .collect();
    for (number, drafts) in &merged {
        let faults_before = plan.faults.len();
        let Some(item) = decide_item(number, drafts, facts, &mut taken_codes, &mut plan.faults)
        else {
            continue;
        };
        if plan.faults.len() > faults_before {
            continue;
        }
        for draft in drafts {
            let Some(place) = &draft.place else {
                continue;
            };
            match decide_place(number, place, draft, facts, &told) {
                Err(mistake) => plan.faults.push(mistake),
                Ok(None) => {}
                Ok(Some(write)) => {
                    touched.insert(write.row);
                    if !facts.places.contains_key(place) {
                        places.insert(place.clone());
                    }
                    plan.places.push(write);
                }
            }
        }
        if item.item_id.is_none() || !item.changes.is_empty() {
            touched.insert(item.row);
            suppliers.extend(item.supplier.clone());
            plan.items.push(item);
        }
    }
    let broken: BTreeSet<u64> = plan.faults.iter().map(|fault| fault.row).collect();
    let good = plan
        .places
        .iter()
        .filter(|write| !broken.contains(&write.row));
    let made: BTreeSet<&str> = good
        .filter(|write| write.room_id.is_some())
        .map(|write| write.place.as_str())
        .collect();
    let lost = plan.places.iter().filter(|write| {
        !facts.places.contains_key(&write.place) && !made.contains(write.place.as_str())
    });
    let lost: Vec<Fault> = lost
        .map(|write| {
            let remedy = "The place is new, and the row that says its room has mistakes.";
            fault(write.row, At::Place, &write.place, remedy)
        })
        .collect();
    plan.faults.extend(lost);
    let faulty: BTreeSet<u64> = plan.faults.iter().map(|fault| fault.row).collect();
    plan.faulty_rows = faulty.len() + table.broken_count.saturating_sub(table.broken.len());
    // A row with a mistake is left out whole, and with it what other rows say of an item that is not there.
    plan.places.retain(|write| !faulty.contains(&write.row));
    plan.items.retain(|item| !faulty.contains(&item.row));
    let is_there = |number: &str| {
        facts.items.contains_key(&number.to_lowercase())
            || plan
                .items
                .iter()
                .any(|item| item.number.eq_ignore_ascii_case(number))
    };
    plan.places = {
        let kept: BTreeSet<String> = plan
            .places
            .iter()
            .map(|write| write.number.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter(|number| is_there(number))
            .collect();
        let mut writes = std::mem::take(&mut plan.places);
        writes.retain(|write| kept.contains(&write.number));
        writes
    };
    plan.faults.sort_by_key(|fault| fault.row);
    plan.items.sort_by_key(|item| item.row);
    plan.places.sort_by_key(|write| write.row);
    plan.new_suppliers = suppliers.into_iter().collect();
    plan.new_places = places.into_iter().collect();
    let read: usize = merged.values().map(Vec::len).sum();
    plan.unchanged = read.saturating_sub(touched.union(&faulty).count().min(read));
    plan.digest =
        sha256_hex(format!("{:?}|{:?}|{:?}", plan.items, plan.places, plan.faults).as_bytes());
    plan
}

/// Rows by item, in the order of the file; what the rows of an item say of it has to agree.
fn merge(drafts: Vec<Draft>, faults: &mut Vec<Fault>) -> BTreeMap<String, Vec<Draft>> {
    let mut merged: BTreeMap<String, Vec<Draft>> = BTreeMap::new();
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

/// The one thing that rows say in a column, or a fault at the row that says something else.
fn agreed<T: Clone + PartialEq + ToString>(
    drafts: &[Draft],
    column: At,
    of: impl Fn(&Draft) -> Option<T>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let mut said: Option<(u64, T)> = None;
    for draft in drafts {
        let Some(value) = of(draft) else {
            continue;
        };
        match &said {
            None => said = Some((draft.row, value)),
            Some((_, known)) if *known == value => {}
            Some((row, known)) => {
                let remedy = format!("Row {row} says {}: an item has one.", known.to_string());
                faults.push(fault(draft.row, column, &value.to_string(), remedy));
            }
        }
    }
    said.map(|(_, value)| value)
}

fn decide_item(
    key: &str,
    drafts: &[Draft],
    facts: &Facts,
    codes: &mut BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Option<ItemWrite> {
    let first = drafts.first()?;
    let known = facts.items.get(key);
    let name = agreed(drafts, At::Name, |draft| draft.name.clone(), faults);
    let unit = agreed(drafts, At::Unit, |draft| draft.unit.clone(), faults);
    let category = agreed(drafts, At::Category, |draft| draft.category.clone(), faults);
    let supplier = agreed(drafts, At::Supplier, |draft| draft.supplier.clone(), faults);
    let class = agreed(drafts, At::Class, |draft| draft.class.clone(), faults);
    let pack = agreed(drafts, At::Pack, |draft| draft.pack.clone(), faults);
    let pack_units = agreed(drafts, At::PackUnits, |draft| draft.pack_units, faults);
    let gtin = agreed(drafts, At::Gtin, |draft| draft.gtin.clone(), faults);
    let pack_gtin = agreed(
        drafts,
        At::PackGtin,
        |draft| draft.pack_gtin.clone(),
        faults,
    );
    if known.is_none() && name.is_none() {
        faults.push(fault(
            first.row,
            At::Name,
            "",
            "The item is new: it needs a name.",
        ));
    }
    for (column, code) in [(At::Gtin, &gtin), (At::PackGtin, &pack_gtin)] {
        let Some(code) = code else {
            continue;
        };
        match codes.get(code) {
            Some(owner) if owner != key => {
                let remedy = format!("Item {owner} has this code already: a code is of one item.");
                faults.push(fault(first.row, column, code, remedy));
            }
            _ => {
                codes.insert(code.clone(), key.to_owned());
            }
        }
    }
    if gtin.is_some() && gtin == pack_gtin {
        let remedy = "Piece and pack have codes of their own: leave one of them empty.";
        faults.push(fault(
            first.row,
            At::PackGtin,
            gtin.as_deref().unwrap_or_default(),
            remedy,
        ));
    }
    let known_pack = known.and_then(|item| item.pack.clone().zip(item.pack_units));
    let pack = match (pack, pack_units) {
        (None, None) => known_pack,
        (Some(name), Some(units)) => Some((name, units)),
        (Some(name), None) => match &known_pack {
            Some((known, units)) if *known == name => Some((name, *units)),
            _ => {
                let remedy = "How many pieces are in the pack? Say it in pack_units.";
                faults.push(fault(first.row, At::PackUnits, "", remedy));
                known_pack
            }
        },
        (None, Some(units)) => {
            if known_pack.is_none() {
                let remedy = "What is the pack called? Say it in pack, such as box.";
                faults.push(fault(first.row, At::Pack, "", remedy));
            }
            known_pack.map(|(known, _)| (known, units))
        }
    };
    if pack_gtin.is_some() && pack.is_none() {
        let remedy = "The item has no pack: say it in pack and pack_units.";
        faults.push(fault(
            first.row,
            At::PackGtin,
            pack_gtin.as_deref().unwrap_or_default(),
            remedy,
        ));
    }
    let old = |of: &dyn Fn(&ItemFacts) -> Option<String>| known.and_then(of);
    let mut write = ItemWrite {
        row: first.row,
        item_id: known.map(|item| item.item_id),
        number: known.map_or_else(|| first.number.clone(), |item| item.item_number.clone()),
        name: name
            .or_else(|| old(&|item| Some(item.name.clone())))
            .unwrap_or_default(),
        unit: unit
            .or_else(|| old(&|item| Some(item.unit.clone())))
            .unwrap_or_else(|| "each".to_owned()),
        category: category.or_else(|| old(&|item| item.category.clone())),
        supplier: supplier.or_else(|| old(&|item| item.supplier.clone())),
        class: class
            .or_else(|| old(&|item| Some(item.class.clone())))
            .unwrap_or_else(|| "c".to_owned()),
        pack,
        gtin: gtin.or_else(|| old(&|item| item.gtin.clone())),
        pack_gtin: pack_gtin.or_else(|| old(&|item| item.pack_gtin.clone())),
        changes: Vec::new(),
    };
    if let Some(item) = known {
        let (pack, units) = write.pack.clone().unzip();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let number = |value: Option<i64>| value.map(|n| n.to_string()).unwrap_or_default();
        write.changes = changes([
            ("name", item.name.clone(), write.name.clone()),
            ("unit", item.unit.clone(), write.unit.clone()),
            ("category", text(&item.category), text(&write.category)),
            ("supplier", text(&item.supplier), text(&write.supplier)),
            ("count_class", item.class.clone(), write.class.clone()),
            ("pack", text(&item.pack), text(&pack)),
            ("pack_units", number(item.pack_units), number(units)),
            ("gtin", text(&item.gtin), text(&write.gtin)),
            ("pack_gtin", text(&item.pack_gtin), text(&write.pack_gtin)),
        ]);
    }
    Some(write)
}

fn changes<const N: usize>(fields: [(&'static str, String, String); N]) -> Vec<Change> {
    fields
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(column, old, new)| Change { column, old, new })
        .collect()
}

fn decide_place(
    key: &str,
    place: &str,
    draft: &Draft,
    facts: &Facts,
    told: &BTreeSet<String>,
) -> Result<Option<PlaceWrite>, Fault> {
    let refuse = |column, value: &str, remedy: &str| Err(fault(draft.row, column, value, remedy));
    let known: Option<&RuleFacts> = facts.rules.get(&(key.to_owned(), place.to_owned()));
    let is_there = facts.places.contains_key(place) || told.contains(place);
    let room_id = match (&draft.room, is_there) {
        (None, true) => None,
        (None, false) => {
            return refuse(At::Room, "", "The place is new: say in room where it is.");
        }
        (Some(room), _) => match facts.rooms.get(room).map(Vec::as_slice) {
            Some([only]) => Some(only.0),
            Some([_, _, ..]) => {
                return refuse(
                    At::Room,
                    room,
                    "Several rooms are called so: give them names of their own first.",
                );
            }
            _ => {
                return refuse(
                    At::Room,
                    room,
                    "There is no room of this name: write it as the pages do.",
                );
            }
        },
    };
    if let Some(round) = &draft.round
        && !facts.rounds.contains_key(&round.to_lowercase())
    {
        return refuse(At::Round, round, "There is no round of this name.");
    }
    let bin = draft
        .bin
        .clone()
        .or_else(|| known.map(|rule| rule.bin.clone()));
    let Some(bin) = bin else {
        return refuse(
            At::Bin,
            "",
            "The item is new at this place: say in which bin it lies.",
        );
    };
    let second_bin = draft
        .second_bin
        .clone()
        .or_else(|| known.and_then(|rule| rule.second_bin.clone()));
    let fixed_quantity = draft
        .fixed_quantity
        .or_else(|| known.and_then(|rule| rule.fixed_quantity));
    if second_bin.as_deref() == Some(bin.as_str()) {
        return refuse(At::SecondBin, &bin, "The two bins need names of their own.");
    }
    let is_two_bin_now = known.is_some_and(|rule| rule.second_bin.is_some());
    if second_bin.is_some() && fixed_quantity.is_none() && !is_two_bin_now {
        return refuse(
            At::Fixed,
            "",
            "Two bins: say in fixed_quantity what one of them holds.",
        );
    }
    let reorder_point = draft
        .reorder_point
        .or_else(|| known.and_then(|rule| rule.reorder_point));
    let target = draft.target.or_else(|| known.and_then(|rule| rule.target));
    if let Some((target, _)) = target
        .zip(reorder_point)
        .filter(|(target, point)| target < point)
    {
        return refuse(
            At::Target,
            &target.to_string(),
            "The target cannot be below the reorder point.",
        );
    }
    let maximum = draft
        .maximum
        .or_else(|| known.and_then(|rule| rule.maximum));
    let number = |value: Option<i64>| value.map(|n| n.to_string()).unwrap_or_default();
    let changed = known.map(|rule| {
        changes([
            ("bin", rule.bin.clone(), bin.clone()),
            (
                "second_bin",
                rule.second_bin.clone().unwrap_or_default(),
                second_bin.clone().unwrap_or_default(),
            ),
            (
                "reorder_point",
                number(rule.reorder_point),
                number(reorder_point),
            ),
            ("target", number(rule.target), number(target)),
            ("maximum", number(rule.maximum), number(maximum)),
            (
                "fixed_quantity",
                number(rule.fixed_quantity),
                number(fixed_quantity),
            ),
        ])
    });
    if changed.as_ref().is_some_and(Vec::is_empty) {
        return Ok(None);
    }
    Ok(Some(PlaceWrite {
        row: draft.row,
        number: draft.number.clone(),
        place: place.to_owned(),
        kind: draft
            .place_kind
            .clone()
            .unwrap_or_else(|| "room".to_owned()),
        room_id,
        round: draft.round.clone(),
        bin,
        second_bin,
        reorder_point,
        target,
        maximum,
        fixed_quantity,
        is_new: known.is_none(),
        changes: changed.unwrap_or_default(),
    }))
}
