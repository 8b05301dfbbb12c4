//! An item at a place as a row: the numbers, what they mean, and as of when.

use chrono::{DateTime, Utc};

use crate::supplies::rules::{Cover, cover};
use crate::supplies::stock::StockLine;
use crate::web::filters;
use crate::web::page::{Chip, Shell};
use crate::web::routes;
use crate::web::strings::{Strings, fill};
use crate::web::wording::grouped;

/// An item at a place, ready to show.
#[derive(Clone, Debug)]
pub struct StockRow {
    /// The page of the item at this place.
    pub href: String,
    /// Name of the item.
    pub item: String,
    /// Its number.
    pub number: String,
    /// Name of the place.
    pub place: String,
    /// Its bins.
    pub bins: String,
    /// All that is there.
    pub on_hand: String,
    /// What of it may be used.
    pub available: String,
    /// Approved or sent.
    pub on_order: String,
    /// Reorder point; nothing for two bins.
    pub point: String,
    /// Target, or what one bin holds.
    pub target: String,
    /// Days of cover.
    pub cover: String,
    /// Earliest last day of use.
    pub expiry: String,
    /// When it was counted last.
    pub counted_at: Option<DateTime<Utc>>,
    /// How it stands.
    pub chip: Chip,
}

/// "4 days".
pub(super) fn cover_words(line: &StockLine, t: &Strings) -> String {
    let t = &t.stock;
    match cover(line.standing.usable, f64::from(line.standing.use_per_day)) {
        Cover::Unknown => t.cover_unknown.to_owned(),
        Cover::MoreThan99 => t.cover_long.to_owned(),
        Cover::Days(days) => fill(t.cover_days, &[&format!("{days:.0}")]),
    }
}

/// Shape, word and colour of how it stands.
pub(super) fn stock_chip(line: &StockLine, t: &'static Strings) -> Chip {
    let t = &t.stock;
    let row = &line.standing;
    let standing = row.standing();
    let (class, icon, word) = if row.is_silent {
        ("is-hold", "hold", t.chip_silent)
    } else if row.on_hand < 0 {
        ("is-crit", "alert", t.chip_count)
    } else if row.usable <= 0 {
        ("is-crit", "alert", t.chip_out)
    } else if row.has_two_bins && row.empty_bins >= 2 {
        ("is-crit", "alert", t.chip_bins)
    } else if standing.wanted().is_some() {
        let word = if row.has_two_bins {
            t.chip_bin
        } else {
            t.chip_low
        };
        ("is-warn", "order", word)
    } else if row.usable <= row.reorder_point && !row.has_two_bins {
        ("is-warn", "order", t.chip_on_order)
    } else {
        ("is-ok", "ready", t.chip_enough)
    };
    Chip { class, icon, word }
}

impl StockRow {
    pub(in crate::web) fn new(line: &StockLine, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let (facts, row) = (&line.facts, &line.standing);
        let none = || t.none_word.to_owned();
        Self {
            href: routes::item_path(facts.item_id, Some(facts.stock_place_id)),
            item: facts.item_name.clone(),
            number: facts.item_number.clone(),
            place: facts.stock_place_name.clone(),
            bins: match &facts.second_bin_name {
                Some(second) => fill(t.two_bins, &[&facts.bin_name, second]),
                None => facts.bin_name.clone(),
            },
            on_hand: grouped(row.on_hand),
            available: grouped(row.usable),
            on_order: grouped(row.on_order),
            point: if row.has_two_bins {
                t.by_bin.to_owned()
            } else {
                grouped(row.reorder_point)
            },
            target: match row.fixed_quantity.filter(|_| row.has_two_bins) {
                Some(bin) => fill(t.twice, &[&grouped(bin)]),
                None => grouped(row.par),
            },
            cover: cover_words(line, shell.t),
            expiry: facts.next_expiry.map_or_else(none, filters::day),
            counted_at: facts.counted_at,
            chip: stock_chip(line, shell.t),
        }
    }
}
