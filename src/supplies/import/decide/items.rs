//! Items: what the rows of one say of it, its pack and its codes.

use std::collections::BTreeMap;

use super::{Change, CodeWrite, ItemWrite, changes};
use crate::supplies::import::facts::{Facts, ItemFacts};
use crate::supplies::import::read::{At, Draft, Fault, fault};

/// The one thing that rows say in a column, or a fault at each row that says something else.
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

/// The supplier: other letters are no other one.
fn agreed_supplier(drafts: &[Draft], faults: &mut Vec<Fault>) -> Option<String> {
    let first = drafts.iter().find_map(|draft| draft.supplier.as_ref())?;
    let small = first.to_lowercase();
    let spelled = |draft: &Draft| {
        let name = draft.supplier.as_ref()?;
        let is_same = name.to_lowercase() == small;
        Some(if is_same { first } else { name }.clone())
    };
    agreed(drafts, At::Supplier, spelled, faults)
}

/// Refuses a cell in every row that fills it in so: a mistake that all rows of an item repeat is one of all of them.
fn refuse(
    drafts: &[Draft],
    (column, value, remedy): (At, &str, &str),
    is_so: impl Fn(&Draft) -> bool,
    faults: &mut Vec<Fault>,
) {
    let rows = drafts.iter().filter(|draft| is_so(draft));
    faults.extend(rows.map(|draft| fault(draft.row, column, value, remedy)));
}

/// What becomes of an item: `drafts` are its rows, of which others may have been lost. `claimed`: codes that items of the file have.
pub(super) fn decide_item(
    (key, drafts, is_lost): (&str, &[Draft], bool),
    facts: &Facts,
    claimed: &mut BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Option<ItemWrite> {
    let first = drafts.first()?;
    let known = facts.items.get(key);
    let name = agreed(drafts, At::Name, |draft| draft.name.clone(), faults);
    let unit = agreed(drafts, At::Unit, |draft| draft.unit.clone(), faults);
    let category = agreed(drafts, At::Category, |draft| draft.category.clone(), faults);
    let supplier = agreed_supplier(drafts, faults);
    let class = agreed(drafts, At::Class, |draft| draft.class.clone(), faults);
    if known.is_none() && name.is_none() {
        let remedy = if is_lost {
            "The item is new, and the row that says its name has mistakes."
        } else {
            "The item is new: it needs a name."
        };
        refuse(drafts, (At::Name, "", remedy), |_| true, faults);
    }
    if let (Some(item), Some(unit)) = (known, &unit)
        && item.has_moves
        && item.unit != *unit
    {
        let remedy = format!(
            "Something was booked in {} already, so it stays. Add a new item for another unit.",
            item.unit
        );
        let says_it = |draft: &Draft| draft.unit.as_ref() == Some(unit);
        refuse(drafts, (At::Unit, unit, &remedy), says_it, faults);
    }
    let pack = decide_pack(drafts, known, faults);
    let (codes, code_changes) = decide_codes((key, drafts), pack.as_ref(), facts, claimed, faults);
    let old = |of: &dyn Fn(&ItemFacts) -> Option<String>| known.and_then(of);
    // Another way to write the same supplier is no change.
    let old_supplier = old(&|item| item.supplier.clone());
    let is_same = |name: &String| {
        let small = name.to_lowercase();
        old_supplier
            .as_ref()
            .is_some_and(|old| old.to_lowercase() == small)
    };
    let supplier = supplier.filter(|name| !is_same(name));
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
        supplier: supplier.or(old_supplier),
        class: class
            .or_else(|| old(&|item| Some(item.class.clone())))
            .unwrap_or_else(|| "c".to_owned()),
        pack,
        codes,
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
        ]);
        write.changes.extend(code_changes);
    }
    Some(write)
}

/// The pack that is ordered.
fn decide_pack(
    drafts: &[Draft],
    known: Option<&ItemFacts>,
    faults: &mut Vec<Fault>,
) -> Option<(String, i64)> {
    let pack = agreed(drafts, At::Pack, |draft| draft.pack.clone(), faults);
    let units = agreed(drafts, At::PackUnits, |draft| draft.pack_units, faults);
    let known = known.and_then(|item| item.pack.clone().zip(item.pack_units));
    match (pack, units) {
        (None, None) => known,
        (Some(name), Some(units)) => Some((name, units)),
        (Some(name), None) => match &known {
            Some((same, units)) if *same == name => Some((name, *units)),
            _ => {
                let remedy = "How many pieces are in the pack? Say it in pack_units.";
                let says_it = |draft: &Draft| draft.pack.is_some();
                refuse(drafts, (At::PackUnits, "", remedy), says_it, faults);
                known
            }
        },
        (None, Some(units)) => {
            if known.is_none() {
                let remedy = "What is the pack called? Say it in pack, such as box.";
                let says_it = |draft: &Draft| draft.pack_units.is_some();
                refuse(drafts, (At::Pack, "", remedy), says_it, faults);
            }
            known.map(|(name, _)| (name, units))
        }
    }
}

/// The codes that the rows name, as far as they are not where they should be: a code is on one piece or on one pack, so one that is on the
/// other side is taken off there.
fn decide_codes(
    (key, drafts): (&str, &[Draft]),
    pack: Option<&(String, i64)>,
    facts: &Facts,
    claimed: &mut BTreeMap<String, String>,
    faults: &mut Vec<Fault>,
) -> (Vec<CodeWrite>, Vec<Change>) {
    let gtin = agreed(drafts, At::Gtin, |draft| draft.gtin.clone(), faults);
    let pack_gtin = agreed(
        drafts,
        At::PackGtin,
        |draft| draft.pack_gtin.clone(),
        faults,
    );
    let says_pack_gtin = |draft: &Draft| draft.pack_gtin.is_some();
    if let (Some(piece), Some(code)) = (&gtin, &pack_gtin)
        && piece == code
    {
        let remedy = "Piece and pack have codes of their own: leave one of them empty.";
        refuse(drafts, (At::PackGtin, code, remedy), says_pack_gtin, faults);
    }
    if let (Some(code), None) = (&pack_gtin, pack) {
        let remedy = "The item has no pack: say it in pack and pack_units.";
        refuse(drafts, (At::PackGtin, code, remedy), says_pack_gtin, faults);
    }
    let (mut writes, mut changed) = (Vec::new(), Vec::new());
    let sides = [
        (At::Gtin, "gtin", gtin, None),
        (
            At::PackGtin,
            "pack_gtin",
            pack_gtin,
            pack.map(|(name, _)| name.clone()),
        ),
    ];
    for (at, column, said, side) in sides {
        let Some(code) = said else {
            continue;
        };
        let known = facts.codes.get(&code);
        let owner = known
            .map(|known| &known.item_key)
            .or_else(|| claimed.get(&code));
        if let Some(owner) = owner.filter(|owner| *owner != key) {
            let remedy = format!("Item {owner} has this code already: a code is of one item.");
            let says_it = |draft: &Draft| {
                let cell = match at {
                    At::Gtin => &draft.gtin,
                    _ => &draft.pack_gtin,
                };
                cell.as_ref() == Some(&code)
            };
            refuse(drafts, (at, &code, &remedy), says_it, faults);
            continue;
        }
        claimed.insert(code.clone(), key.to_owned());
        if known.is_some_and(|known| known.pack == side) {
            continue;
        }
        if let Some(known) = known {
            // It is taken off there.
            let (column, old) = match &known.pack {
                None => ("gtin", code.clone()),
                Some(name) => ("pack_gtin", format!("{code} ({name})")),
            };
            changed.push(Change {
                column,
                old,
                new: String::new(),
            });
        }
        changed.push(Change {
            column,
            old: String::new(),
            new: match &side {
                None => code.clone(),
                Some(name) => format!("{code} ({name})"),
            },
        });
        writes.push(CodeWrite { code, pack: side });
    }
    (writes, changed)
}
