//! Rows of the page of an item: moves and lots.

use chrono::{DateTime, NaiveDate, Utc};

use crate::db::types::LotState;
use crate::supplies::stock::{LotRow, MoveLine};
use crate::web::page::{Chip, Shell, role_name};
use crate::web::strings::fill;
use crate::web::supplies::words::reason_word;
use crate::web::wording::grouped;
use crate::web::{filters, routes};

/// Days before the last day of use from which a lot is marked.
const SOON_DAYS: i32 = 90;

/// A move, ready to show.
#[derive(Clone, Debug)]
pub struct MoveRow {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// "- 5 each".
    pub quantity: String,
    /// Its bin.
    pub bin: String,
    /// Its lot.
    pub lot: String,
    /// The page of the lot.
    pub lot_href: String,
    /// A role or a reader.
    pub by: String,
    /// What was said.
    pub note: String,
}

/// A lot, ready to show.
#[derive(Clone, Debug)]
pub struct LotLine {
    /// Its page.
    pub href: String,
    /// Its number.
    pub number: String,
    /// Where it is.
    pub place: String,
    /// The bin there.
    pub bin: String,
    /// How much.
    pub on_hand: String,
    /// Its last day of use.
    pub expires: String,
    /// Whether it may be used.
    pub chip: Chip,
}

/// "25A0042, use by 30 Nov 2026".
pub(super) fn lot_words(number: &str, expires_on: Option<NaiveDate>, shell: &Shell) -> String {
    let t = &shell.t.stock;
    let number = if number.is_empty() { t.no_lot } else { number };
    match expires_on {
        Some(day) => fill(t.lot_until, &[&number, &filters::day(day)]),
        None => number.to_owned(),
    }
}

impl MoveRow {
    pub(super) fn new(line: &MoveLine, unit: &str, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let reason = reason_word(line.reason, shell.t);
        let sign = if line.quantity < 0 { "\u{2212}" } else { "+" };
        let amount = grouped(line.quantity.saturating_abs());
        Self {
            at: line.happened_at,
            reason: if line.is_undo {
                fill(t.undone, &[&reason])
            } else {
                reason.to_owned()
            },
            quantity: format!("{sign}{amount} {unit}"),
            bin: line.bin_name.clone(),
            lot: lot_words(&line.lot_number, line.expires_on, shell),
            lot_href: routes::lot_path(line.lot_id),
            by: match (line.role, &line.reader_key) {
                (Some(role), _) => role_name(role, shell.t).to_owned(),
                (None, Some(reader)) => fill(t.by_reader, &[reader]),
                (None, None) => t.by_program.to_owned(),
            },
            note: line.note.clone().unwrap_or_default(),
        }
    }
}

impl LotLine {
    pub(in crate::web::supplies) fn new(row: &LotRow, shell: &Shell) -> Self {
        let t = &shell.t.stock;
        let hold = |word| ("is-hold", "hold", word);
        let days = row.days_left.unwrap_or(i32::MAX);
        let left = fill(t.days_left, &[&grouped(i64::from(days.max(0)))]);
        let (class, icon, word) = match row.state {
            LotState::Recalled => hold(t.lot_recalled),
            LotState::Quarantined => hold(t.lot_quarantined),
            LotState::Damaged => hold(t.lot_damaged),
            LotState::Usable if days < 0 => hold(t.lot_expired),
            LotState::Usable if days <= SOON_DAYS => ("is-warn", "bell", t.lot_soon),
            LotState::Usable => ("is-ok", "ready", t.lot_usable),
        };
        let expires = row
            .expires_on
            .map_or_else(|| t.none_word.to_owned(), filters::day);
        let number = &row.lot_number;
        Self {
            href: routes::lot_path(row.lot_id),
            number: if number.is_empty() {
                t.no_lot.to_owned()
            } else {
                number.clone()
            },
            place: row.stock_place_name.clone(),
            bin: row.bin_name.clone(),
            on_hand: grouped(row.on_hand),
            expires: if (0..=SOON_DAYS).contains(&days) {
                fill(t.with_days, &[&expires, &left])
            } else {
                expires
            },
            chip: Chip { class, icon, word },
        }
    }
}
