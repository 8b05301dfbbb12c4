//! Alerts in plain words.

use super::super::filters;
use super::super::page::{Chip, Shell, role_name};
use super::super::strings::{Strings, fill};
use super::super::wording::{capitalised, grouped, status_word};
use crate::alerts::list::AlertLine;
use crate::db::types::{AlertKind, AlertState, Role, Severity};

/// "Infusion pump: 1 ready in Clean utility 3W-12, critical level is 2"; of one that is over, what it was.
#[must_use]
pub fn alert_sentence(line: &AlertLine, shell: &Shell) -> String {
    let t = &shell.t.alerts;
    let place = line.place_short().unwrap_or_else(|| t.somewhere.to_owned());
    let type_name = line.type_name.as_deref().unwrap_or_default();
    let number = line.asset_number.as_deref().unwrap_or_default();
    let device = format!("{number} ({type_name})");
    let reader = line.reader_key.as_deref().unwrap_or_default();
    let item = line.item_name.as_deref().unwrap_or_default();
    let stock = line.stock_place_name.as_deref().unwrap_or(t.somewhere);
    let destination = line.destination_name.as_deref().unwrap_or(t.somewhere);
    let bin = line.bin_name.as_deref().unwrap_or_default();
    if line.state == AlertState::Resolved && !line.is_active {
        return match line.kind {
            AlertKind::EquipmentBelowCritical => {
                fill(t.was_below, &[&capitalised(type_name), &place])
            }
            AlertKind::SoiledInCleanRoom => fill(t.was_soiled, &[&device]),
            AlertKind::Missing => fill(t.was_missing, &[&device]),
            AlertKind::ReaderDown => fill(t.was_reader, &[&reader]),
            AlertKind::Stockout => fill(t.was_stockout, &[&item, &stock]),
            AlertKind::Reorder => fill(t.was_reorder, &[&item, &stock]),
            AlertKind::BothBinsEmpty => fill(t.was_both_empty, &[&item, &stock]),
            AlertKind::Expiry => fill(t.was_expiry, &[&item, &lot_word(line, shell), &stock]),
            AlertKind::FeedSilent => fill(t.was_feed, &[&stock]),
            AlertKind::CountDiscrepancy => fill(t.was_discrepancy, &[&item, &bin, &stock]),
            AlertKind::NotDelivered => fill(t.was_not_delivered, &[&destination]),
        };
    }
    match line.kind {
        AlertKind::EquipmentBelowCritical => {
            let (name, ready) = (capitalised(type_name), grouped(line.ready.unwrap_or(0)));
            match line.critical {
                Some(critical) => fill(t.below, &[&name, &ready, &place, &critical]),
                None => fill(t.below_no_level, &[&name, &ready, &place]),
            }
        }
        AlertKind::SoiledInCleanRoom => {
            let status = line
                .asset_status
                .map_or("", |status| status_word(status, shell.t))
                .to_lowercase();
            fill(t.soiled, &[&device, &status, &place])
        }
        AlertKind::Missing if line.room_id.is_none() => fill(t.missing_never, &[&device]),
        AlertKind::Missing => fill(t.missing, &[&device, &place]),
        AlertKind::ReaderDown => match line.last_message_at {
            Some(at) => fill(t.reader, &[&reader, &filters::clock(at, shell)]),
            None => fill(t.reader_never, &[&reader]),
        },
        AlertKind::Stockout => fill(t.stockout, &[&item, &stock]),
        AlertKind::Reorder => fill(t.reorder, &[&item, &stock]),
        AlertKind::BothBinsEmpty => fill(t.both_empty, &[&item, &stock]),
        AlertKind::Expiry => {
            let day = line.expires_on.map(filters::day).unwrap_or_default();
            let has_expired = line.severity >= Severity::High;
            let words = if has_expired { t.expired } else { t.expiry };
            fill(words, &[&item, &lot_word(line, shell), &day, &stock])
        }
        AlertKind::FeedSilent => {
            let since = line.silent_since.unwrap_or(line.opened_at);
            fill(t.feed, &[&stock, &filters::clock(since, shell)])
        }
        AlertKind::CountDiscrepancy => fill(t.discrepancy, &[&item, &bin, &stock]),
        AlertKind::NotDelivered => fill(t.not_delivered, &[&destination]),
    }
}

fn lot_word(line: &AlertLine, shell: &Shell) -> String {
    match line.lot_number.as_deref() {
        Some(number) if !number.is_empty() => fill(shell.t.alerts.lot, &[&number]),
        _ => shell.t.alerts.no_lot.to_owned(),
    }
}

/// Shape, word and colour of a severity.
#[must_use]
pub fn severity_chip(severity: Severity, t: &'static Strings) -> Chip {
    let t = &t.alerts;
    let (class, icon, word) = match severity {
        Severity::Critical => ("is-crit", "alert", t.critical),
        Severity::High => ("is-hold", "alert", t.high),
        Severity::Medium => ("is-warn", "bell", t.medium),
        Severity::Low => ("is-note", "bell", t.low),
    };
    Chip { class, icon, word }
}

/// "Soiled item in clean room".
#[must_use]
pub fn kind_word(kind: AlertKind, t: &'static Strings) -> &'static str {
    match kind {
        AlertKind::EquipmentBelowCritical => t.alerts.kind_below,
        AlertKind::SoiledInCleanRoom => t.alerts.kind_soiled,
        AlertKind::Missing => t.alerts.kind_missing,
        AlertKind::ReaderDown => t.alerts.kind_reader,
        AlertKind::Stockout => t.alerts.kind_stockout,
        AlertKind::Reorder => t.alerts.kind_reorder,
        AlertKind::BothBinsEmpty => t.alerts.kind_both_empty,
        AlertKind::Expiry => t.alerts.kind_expiry,
        AlertKind::FeedSilent => t.alerts.kind_feed,
        AlertKind::CountDiscrepancy => t.alerts.kind_discrepancy,
        AlertKind::NotDelivered => t.alerts.kind_not_delivered,
    }
}

/// "Nurse, 4 West": role and unit, never a person's name.
#[must_use]
pub fn who(role: Option<Role>, unit: Option<&str>, t: &'static Strings) -> String {
    match (role, unit) {
        (Some(role), Some(unit)) => format!("{}, {unit}", role_name(role, t)),
        (Some(role), None) => role_name(role, t).to_owned(),
        (None, _) => t.alerts.nobody_known.to_owned(),
    }
}
