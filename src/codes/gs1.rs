//! Numbers of GS1.

pub mod elements;

/// Digits of a GTIN as it stands in a UDI-DI.
pub const GTIN_DIGITS: usize = 14;

/// The check digit that belongs to the digits before it; `None` when there is anything but digits.
///
/// From the right, digits count three times and once in turn; the check digit makes the sum a multiple of ten.
#[must_use]
pub fn check_digit(digits_before: &str) -> Option<u32> {
    let mut sum = 0;
    for (position, sign) in digits_before.chars().rev().enumerate() {
        let digit = sign.to_digit(10)?;
        sum += if position % 2 == 0 { 3 * digit } else { digit };
    }
    Some((10 - sum % 10) % 10)
}

/// The 14 digits of a text that is a GTIN, alone or after `(01)` or `01`; `None` when the text is something else.
#[must_use]
pub fn gtin_of(text: &str) -> Option<&str> {
    let is_gtin = |digits: &&str| {
        digits.len() == GTIN_DIGITS && digits.bytes().all(|sign| sign.is_ascii_digit())
    };
    let bracketed = text
        .strip_prefix("(01)")
        .and_then(|rest| rest.get(..GTIN_DIGITS))
        .filter(is_gtin);
    bracketed.or(Some(text).filter(is_gtin))
}

/// The check digit that a GTIN should end with, when it ends with another one.
#[must_use]
pub fn wrong_check_digit(gtin: &str) -> Option<u32> {
    let (before, last) = gtin.split_at_checked(gtin.len().checked_sub(1)?)?;
    check_digit(before).filter(|wanted| wanted.to_string() != last)
}

/// What a scanner reads from the symbol of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Symbol {
    /// Which product: AI 01, with a right check digit.
    pub gtin: Option<String>,
    /// Which piece of it: AI 21.
    pub serial: Option<String>,
    /// Individual asset: AI 8004.
    pub giai: Option<String>,
    /// Returnable asset: AI 8003, without the leading zero.
    pub grai: Option<String>,
}

/// Reads the symbol of a device as scanners type it: with brackets, or plain with a space or control character for FNC1. `None` for
/// every other text, and for one without a device's number in it.
#[must_use]
pub fn parse_symbol(text: &str) -> Option<Symbol> {
    let text: String = text.trim().chars().map(as_fnc1).collect();
    let mut symbol = Symbol::default();
    for element in elements::split(&text).ok()? {
        let value = element.value;
        match element.ai {
            "01" => symbol.gtin = Some(value.to_owned()),
            "21" => symbol.serial = Some(value.to_owned()),
            "8004" => symbol.giai = Some(value.to_owned()),
            "8003" => symbol.grai = Some(value.strip_prefix('0').unwrap_or(value).to_owned()),
            _ => {}
        }
    }
    let is_device = symbol.gtin.is_some() || symbol.giai.is_some() || symbol.grai.is_some();
    is_device.then_some(symbol)
}

/// Scanners type other signs where the symbol has FNC1.
fn as_fnc1(sign: char) -> char {
    if sign == ' ' || sign.is_control() {
        elements::FNC1
    } else {
        sign
    }
}

impl Symbol {
    /// The numbers by which a register may know the device, as people write them.
    #[must_use]
    pub fn numbers(&self) -> Vec<String> {
        let mut numbers = Vec::new();
        match (&self.gtin, &self.serial) {
            (Some(gtin), Some(serial)) => {
                numbers.push(format!("(01){gtin}(21){serial}"));
                numbers.push(format!("01{gtin}21{serial}"));
                numbers.push(serial.clone());
            }
            (Some(gtin), None) => {
                numbers.push(format!("(01){gtin}"));
                numbers.push(gtin.clone());
            }
            (None, serial) => numbers.extend(serial.clone()),
        }
        for (ai, number) in [("8004", &self.giai), ("8003", &self.grai)] {
            if let Some(number) = number {
                numbers.push(format!("({ai}){number}"));
                numbers.push(number.clone());
            }
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gtins_are_found_and_checked() {
        assert_eq!(gtin_of("07613203021012"), Some("07613203021012"));
        assert_eq!(gtin_of("(01)07613203021012(21)5"), Some("07613203021012"));
        assert_eq!(gtin_of("B-123"), None);
        assert_eq!(wrong_check_digit("07613203021012"), None);
        assert_eq!(wrong_check_digit("07613203021013"), Some(2));
        assert_eq!(wrong_check_digit(""), None);
        // The example of the GS1 General Specifications.
        assert_eq!(check_digit("629104150021"), Some(3));
    }

    #[test]
    fn symbols_are_read_with_brackets_and_as_scanners_type_them() {
        let udi = Symbol {
            gtin: Some("07613203021012".to_owned()),
            serial: Some("800310442".to_owned()),
            ..Symbol::default()
        };
        for text in [
            "(01)07613203021012(21)800310442",
            "(01)07613203021012(17)270331(10)A7(21)800310442",
            "010761320302101221800310442",
            "0107613203021012172703311\u{30}A7 21800310442",
            "]d20107613203021012\u{1d}21800310442",
        ] {
            assert_eq!(parse_symbol(text), Some(udi.clone()), "{text:?}");
        }
        assert!(
            udi.numbers()
                .contains(&"(01)07613203021012(21)800310442".to_owned())
        );
        let giai = parse_symbol("80044012345A7").unwrap();
        assert_eq!(giai.numbers(), ["(8004)4012345A7", "4012345A7"]);
        for text in [
            "",
            "infusion pump",
            "2112",
            "IP-0417",
            "0107613203021013",
            "(01)07613203021012(98)",
            "(01)07613203021012(18)x",
            "(01)0761",
            "01",
        ] {
            assert_eq!(parse_symbol(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_symbol_panic(text in "[\\]d2()018 é\u{1d}]{0,40}") {
            let _ = parse_symbol(&text);
        }

        #[test]
        fn one_wrong_digit_is_always_noticed(digits in "[0-9]{13}", at in 0_usize..13, plus in 1_u32..10) {
            let whole = format!("{digits}{}", check_digit(&digits).unwrap());
            let changed: String = whole.chars().enumerate().map(|(position, sign)| {
                if position == at { char::from_digit((sign.to_digit(10).unwrap() + plus) % 10, 10).unwrap() } else { sign }
            }).collect();
            prop_assert!(wrong_check_digit(&whole).is_none());
            prop_assert!(wrong_check_digit(&changed).is_some());
        }
    }
}
