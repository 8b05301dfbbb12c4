//! Numbers and names as people read them.

use super::strings::Strings;
use crate::db::types::AssetStatus;

/// "12,345".
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    if number < 0 {
        text.push('-');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "Infusion pump" for "infusion pump": names at the start of a line. Only the first letter changes, so "ECG machine" stays.
#[must_use]
pub fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The word for a stored status.
#[must_use]
pub fn status_word(status: AssetStatus, t: &'static Strings) -> &'static str {
    match status {
        AssetStatus::Available => t.status.available,
        AssetStatus::InUse => t.status.in_use,
        AssetStatus::Soiled => t.status.soiled,
        AssetStatus::Cleaning => t.status.cleaning,
        AssetStatus::InRepair => t.status.in_repair,
        AssetStatus::Missing => t.status.missing,
        AssetStatus::Retired => t.status.retired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_with_a_capital_letter() {
        for (name, text) in [
            ("infusion pump", "Infusion pump"),
            ("ECG machine", "ECG machine"),
            ("", ""),
        ] {
            assert_eq!(capitalised(name), text);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
