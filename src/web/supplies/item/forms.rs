//! What people may do with an item at a place, as the forms of its page offer it.

use chrono::{DateTime, Utc};

use super::Here;
use super::rows::lot_words;
use crate::db::types::Role;
use crate::supplies::acts::PortionRow;
use crate::supplies::list::OrderLine;
use crate::supplies::stock::ItemCard;
use crate::web::acts::new_key;
use crate::web::page::Shell;
use crate::web::routes;
use crate::web::strings::fill;
use crate::web::supplies::stock_act::lot_state_word;
use crate::web::supplies::words::{quantity, state_word};
use crate::web::wording::grouped;

/// A value of a select, and its words.
pub type Choice = (String, String);

/// What people may do with the item at the place.
#[derive(Clone, Debug)]
pub struct Forms {
    /// Where forms are sent.
    pub action: String,
    /// Idempotency key to issue.
    pub issue_key: String,
    /// Idempotency key to return.
    pub return_key: String,
    /// Idempotency key to receive.
    pub receive_key: String,
    /// Idempotency key to set right.
    pub adjust_key: String,
    /// Idempotency key to write off.
    pub write_off_key: String,
    /// Idempotency key to send back.
    pub to_supplier_key: String,
    /// Idempotency key to move.
    pub transfer_key: String,
    /// Units that a quantity may be given in.
    pub units: Vec<Choice>,
    /// What may be issued or returned, first to expire first.
    pub lots: Vec<Choice>,
    /// What may be issued without a reason: the lot that expires first, and others of its day.
    pub first_lots: Vec<Choice>,
    /// What may be issued with a reason: another lot expires first.
    pub other_lots: Vec<Choice>,
    /// "A1 expires first. To take another lot, say why below."
    pub fefo: Option<String>,
    /// What may be written off or sent back: everything that is there.
    pub leaving: Vec<Choice>,
    /// What may be moved.
    pub moving: Vec<Choice>,
    /// Where it may be moved to.
    pub targets: Vec<Choice>,
    /// What is there, to be set right.
    pub portions: Vec<Choice>,
    /// Bins.
    pub bins: Vec<Choice>,
    /// Orders that are on their way.
    pub orders: Vec<Choice>,
    /// The bins of two: id, name, whether it is empty, and a key.
    pub two_bins: Vec<TwoBin>,
    /// Whether the person looks after supplies.
    pub is_supply: bool,
}

/// One of two bins.
#[derive(Clone, Debug)]
pub struct TwoBin {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Since when it is empty.
    pub empty_since: Option<DateTime<Utc>>,
    /// Idempotency key.
    pub key: String,
}

impl Forms {
    pub(super) fn new(here: &Here, card: &ItemCard, role: Role, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let facts = &here.line.facts;
        let mut units = vec![("1".to_owned(), card.base_unit.clone())];
        units.extend(
            card.packs
                .iter()
                .filter(|(_, units)| *units > 1)
                .map(|(name, units)| {
                    (
                        units.to_string(),
                        fill(t.pack_of, &[name, &grouped(*units)]),
                    )
                }),
        );
        let bin_name = |id| match &facts.second_bin_name {
            Some(second) if facts.second_bin_id == Some(id) => second.clone(),
            _ if facts.bin_id == id => facts.bin_name.clone(),
            _ => t.other_bin.to_owned(),
        };
        let portion = |row: &PortionRow| {
            let lot = lot_words(&row.lot_number, row.expires_on, shell);
            let words = [&lot, &bin_name(row.bin_id), &grouped(row.on_hand)];
            fill(t.portion, &[words[0], words[1], words[2]])
        };
        let with_state = |row: &PortionRow| {
            let words = portion(row);
            if row.is_usable {
                words
            } else {
                fill(
                    t.portion_state,
                    &[&words, &lot_state_word(row.state, shell.t)],
                )
            }
        };
        let value = |row: &PortionRow| format!("{}.{}.{}", row.lot_id, row.bin_id, row.on_hand);
        let there = || here.portions.iter().filter(|row| row.on_hand > 0);
        let lots = Lots::new(&here.portions, portion, shell);
        let mut bins = vec![(facts.bin_id.to_string(), facts.bin_name.clone())];
        let second = facts.second_bin_id.zip(facts.second_bin_name.clone());
        bins.extend(second.clone().map(|(id, name)| (id.to_string(), name)));
        let two_bin = |id: crate::ids::BinId, name: String, empty_since| TwoBin {
            id: id.0,
            name,
            empty_since,
            key: new_key(),
        };
        let mut two_bins = Vec::new();
        if let Some((id, name)) = second {
            two_bins.push(two_bin(
                facts.bin_id,
                facts.bin_name.clone(),
                facts.empty_since,
            ));
            two_bins.push(two_bin(id, name, facts.second_empty_since));
        }
        let order = |line: &OrderLine| {
            let open = (line.quantity() - line.quantity_received).max(0);
            let amount = quantity(open, &line.base_unit, line.pack_units, shell.t);
            let state = state_word(line.state, shell.t);
            (
                line.order_line_id.to_string(),
                fill(t.order_open, &[&amount, &state]),
            )
        };
        Self {
            action: routes::item_path(card.item_id, None),
            issue_key: new_key(),
            return_key: new_key(),
            receive_key: new_key(),
            adjust_key: new_key(),
            write_off_key: new_key(),
            to_supplier_key: new_key(),
            transfer_key: new_key(),
            units,
            fefo: lots.fefo,
            lots: [lots.first.clone(), lots.other.clone()].concat(),
            first_lots: lots.first,
            other_lots: lots.other,
            portions: here
                .portions
                .iter()
                .map(|row| (value(row), with_state(row)))
                .collect(),
            leaving: there().map(|row| (value(row), with_state(row))).collect(),
            moving: there()
                .filter(|row| row.is_usable)
                .map(|row| (value(row), portion(row)))
                .collect(),
            targets: targets(here, shell),
            bins,
            orders: here.orders.iter().map(order).collect(),
            two_bins,
            is_supply: routes::may_open(role, routes::REORDER),
        }
    }
}

/// Lots that may be issued.
struct Lots {
    first: Vec<Choice>,
    other: Vec<Choice>,
    fefo: Option<String>,
}

impl Lots {
    /// The same rule as that of the act: another lot than the one that expires first needs a reason.
    fn new(portions: &[PortionRow], words: impl Fn(&PortionRow) -> String, shell: &Shell) -> Self {
        let usable = || portions.iter().filter(|row| row.is_usable);
        let leaves_first = usable().find(|row| row.on_hand > 0);
        let (mut first, mut other): (Vec<Choice>, Vec<Choice>) = (Vec::new(), Vec::new());
        for row in usable() {
            let value = row.lot_id.to_string();
            if first.iter().chain(&other).any(|(known, _)| *known == value) {
                continue;
            }
            let needs_reason = leaves_first.is_some_and(|leaves| leaves.leaves_before(row));
            let of = if needs_reason { &mut other } else { &mut first };
            of.push((value, words(row)));
        }
        let fefo = leaves_first.filter(|_| !other.is_empty()).map(|row| {
            let lot = lot_words(&row.lot_number, row.expires_on, shell);
            fill(shell.t.stock.fefo, &[&lot])
        });
        Self { first, other, fefo }
    }
}

/// Where the item may be moved to; this place only when it has another bin of it.
fn targets(here: &Here, shell: &Shell) -> Vec<Choice> {
    let facts = &here.line.facts;
    here.targets
        .iter()
        .filter(|to| to.stock_place_id != facts.stock_place_id || facts.second_bin_id.is_some())
        .map(|to| {
            let words = [&to.stock_place_name, &to.bin_name];
            (
                format!("{}.{}", to.stock_place_id, to.bin_id),
                fill(shell.t.stock.target_words, &[words[0], words[1]]),
            )
        })
        .collect()
}
