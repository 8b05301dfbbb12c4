//! Stock and orders in plain words.

use super::super::page::Chip;
use super::super::strings::{Strings, fill};
use super::super::wording::grouped;
use crate::db::types::{OrderState, Rounding, StockReason};
use crate::supplies::list::OrderLine;

/// "100 each, 2 packs of 50"; pieces that are no whole packs are only counted.
#[must_use]
pub fn quantity(number: i64, unit: &str, pack_units: i64, t: &Strings) -> String {
    let t = &t.reorder;
    let amount = grouped(number);
    match number.checked_div(pack_units) {
        Some(packs)
            if pack_units > 1 && packs > 0 && packs.saturating_mul(pack_units) == number =>
        {
            let pack = grouped(pack_units);
            match packs {
                1 => fill(t.in_one_pack, &[&amount, &unit, &pack]),
                _ => fill(t.in_packs, &[&amount, &unit, &grouped(packs), &pack]),
            }
        }
        _ => fill(t.quantity, &[&amount, &unit]),
    }
}

/// "approved".
#[must_use]
pub fn state_word(state: OrderState, t: &'static Strings) -> &'static str {
    match state {
        OrderState::Suggested => t.reorder.state_suggested,
        OrderState::Approved => t.reorder.state_approved,
        OrderState::Sent => t.reorder.state_sent,
        OrderState::PartReceived => t.reorder.state_part_received,
        OrderState::Received => t.reorder.state_received,
        OrderState::Rejected => t.reorder.state_rejected,
        OrderState::Cancelled => t.reorder.state_cancelled,
        OrderState::Withdrawn => t.reorder.state_withdrawn,
    }
}

/// "issue".
#[must_use]
pub fn reason_word(reason: StockReason, t: &'static Strings) -> &'static str {
    let t = &t.stock;
    match reason {
        StockReason::Receive => t.reason_receive,
        StockReason::Issue => t.reason_issue,
        StockReason::Return => t.reason_return,
        StockReason::Transfer => t.reason_transfer,
        StockReason::Adjust => t.reason_adjust,
        StockReason::Count => t.reason_count,
        StockReason::WriteOff => t.reason_write_off,
        StockReason::ReturnToSupplier => t.reason_to_supplier,
        StockReason::CabinetTake => t.reason_cabinet_take,
        StockReason::CabinetPut => t.reason_cabinet_put,
        StockReason::EmptyBin => t.reason_empty_bin,
        StockReason::Refill => t.reason_refill,
        StockReason::Exit => t.reason_exit,
    }
}

/// Why an order is suggested, in one sentence.
#[must_use]
pub fn why(line: &OrderLine, t: &Strings) -> String {
    let t = &t.reorder;
    let number = |name| line.number(name).unwrap_or(0);
    if is_two_bins(line) {
        return match number("empty_bins") {
            2.. => t.both_empty.to_owned(),
            _ => t.one_empty.to_owned(),
        };
    }
    let (position, point) = (number("position"), number("reorder_point"));
    match (line.number("position"), position < point) {
        (None, _) => t.asked.to_owned(),
        (Some(_), true) => fill(t.is_below, &[&grouped(position), &grouped(point)]),
        (Some(_), false) => fill(t.is_at, &[&grouped(position), &grouped(point)]),
    }
}

/// Shape, word and colour of why an order is suggested.
#[must_use]
pub fn why_chip(line: &OrderLine, t: &'static Strings) -> Chip {
    let t = &t.reorder;
    let number = |name| line.number(name).unwrap_or(0);
    let (class, icon, word) = if is_two_bins(line) {
        match number("empty_bins") {
            2.. => ("is-crit", "alert", t.chip_bins),
            _ => ("is-warn", "order", t.chip_bin),
        }
    } else if number("available") <= 0 {
        ("is-crit", "alert", t.chip_out)
    } else {
        ("is-warn", "order", t.chip_low)
    };
    Chip { class, icon, word }
}

/// How the quantity is made, sentence by sentence.
#[must_use]
pub fn how(line: &OrderLine, t: &Strings) -> Vec<String> {
    let t = &t.reorder;
    let number = |name| line.number(name).unwrap_or(0);
    let mut sentences = Vec::new();
    let suggested = grouped(line.quantity_suggested);
    if is_two_bins(line) {
        let (bin, empty) = (grouped(number("fixed_quantity")), number("empty_bins"));
        sentences.push(fill(
            t.how_bin,
            &[&bin, &empty, &grouped(number("on_order"))],
        ));
    } else if line
        .arithmetic
        .get("method")
        .and_then(|method| method.as_str())
        == Some("fixed")
    {
        let quantity = grouped(number("fixed_quantity"));
        sentences.push(fill(
            t.how_fixed,
            &[&quantity, &grouped(number("reorder_point"))],
        ));
    } else if line.number("par").is_some() {
        let (par, position) = (number("par"), number("position"));
        let pack = grouped(number("pack_units"));
        let rounding = line
            .arithmetic
            .get("rounding")
            .and_then(|word| word.as_str());
        let rounded = match rounding.and_then(Rounding::from_text) {
            Some(Rounding::Down) => t.how_down,
            Some(Rounding::Nearest) => t.how_nearest,
            Some(Rounding::Up) | None => t.how_up,
        };
        let rounded = fill(rounded, &[&pack, &suggested]);
        let missing = grouped(par - position);
        sentences.push(fill(
            t.how_par,
            &[&grouped(par), &grouped(position), &missing, &rounded],
        ));
        if let Some(maximum) = line.number("maximum") {
            sentences.push(fill(t.how_maximum, &[&grouped(maximum)]));
        }
    }
    let per_day = line
        .arithmetic
        .get("use_per_day")
        .and_then(serde_json::Value::as_f64);
    sentences.push(match per_day {
        Some(per_day) if per_day > 0.0 => fill(t.how_use, &[&format!("{per_day:.1}")]),
        _ => t.how_no_use.to_owned(),
    });
    sentences
}

/// Whether the suggestion came from an empty bin.
#[must_use]
pub fn is_two_bins(line: &OrderLine) -> bool {
    line.arithmetic
        .get("two_bins")
        .and_then(serde_json::Value::as_bool)
        == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::strings::EN;

    #[test]
    fn quantities_say_units_and_whole_packs() {
        assert_eq!(
            quantity(1_000, "each", 50, &EN),
            "1,000 each, 20 packs of 50"
        );
        assert_eq!(quantity(50, "each", 50, &EN), "50 each, 1 pack of 50");
        assert_eq!(quantity(60, "each", 50, &EN), "60 each");
        assert_eq!(quantity(7, "roll", 1, &EN), "7 roll");
        assert_eq!(quantity(0, "each", 50, &EN), "0 each");
    }
}
