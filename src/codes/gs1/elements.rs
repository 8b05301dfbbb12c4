//! Element strings: what the bar code on a pack says about product, lot, piece and dates (GS1 General Specifications 3, 7.8, 7.12).

use chrono::{Datelike, Months, NaiveDate};

use super::{GTIN_DIGITS, check_digit};

/// What a scanner sends for FNC1, the end of a value that has no fixed length.
pub const FNC1: char = '\u{1d}';

/// One element: application identifier and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Application identifier, 2 to 4 digits.
    pub ai: &'a str,
    /// Its value, as it stands in the symbol.
    pub value: &'a str,
}

/// What the elements of one symbol mean together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Which product: AI 01.
    pub gtin: Option<String>,
    /// Which batch: AI 10.
    pub lot: Option<String>,
    /// Which piece: AI 21.
    pub serial: Option<String>,
    /// Last day of use: AI 17, else the day of AI 7003.
    pub expires_on: Option<NaiveDate>,
    /// Made on: AI 11.
    pub made_on: Option<NaiveDate>,
    /// How many pieces are in it: AI 30.
    pub count: Option<u32>,
    /// The lot looks as if it had swallowed an expiry: many scanners drop FNC1. To be shown to whoever scans.
    pub lot_may_hold_expiry: bool,
}

/// Why a text is no element string. Nothing is guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElementError {
    /// Nothing, or nothing but separators.
    #[error("there is no code: scan the bar code again")]
    Empty,
    /// The scanner says that the symbol is of another kind.
    #[error("\"{0}\" is not a GS1 symbol: scan the GS1 bar code of the pack")]
    OtherSymbology(String),
    /// No such application identifier is known.
    #[error("nothing is known by the number at \"{0}\": scan the GS1 bar code of the pack")]
    UnknownAi(String),
    /// The value has the wrong length or signs.
    #[error("({ai}) takes {wanted}, not \"{value}\": scan again, or type what is printed")]
    BadValue {
        /// Application identifier.
        ai: String,
        /// What was read.
        value: String,
        /// What belongs there.
        wanted: String,
    },
    /// The check digit does not belong to the other digits.
    #[error("({ai}) {value} ends in a wrong check digit, {wanted} belongs there: scan again")]
    WrongCheckDigit {
        /// Application identifier.
        ai: String,
        /// What was read.
        value: String,
        /// The right one.
        wanted: u32,
    },
    /// No such day.
    #[error("({ai}) {value} is no date: YYMMDD, day 00 for the end of the month")]
    NoDate {
        /// Application identifier.
        ai: String,
        /// What was read.
        value: String,
    },
    /// One identifier, two values.
    #[error("({ai}) is given twice, as \"{first}\" and \"{second}\": scan one pack at a time")]
    Repeated {
        /// Application identifier.
        ai: String,
        /// The first value.
        first: String,
        /// The other one.
        second: String,
    },
}

/// What follows an application identifier.
#[derive(Clone, Copy)]
enum Shape {
    /// Digits, exactly so many; the last may be a check digit.
    Digits { count: usize, is_checked: bool },
    /// Digits, 1 to so many.
    DigitsUpTo(usize),
    /// Signs of the set of 82, 1 to so many.
    Text(usize),
    /// Digits with a check digit at their end, then up to so many signs.
    KeyThenText { digits: usize, signs: usize },
}

/// The shape that an identifier has; `None` for an unknown one.
fn shape(ai: &str) -> Option<Shape> {
    if !is_number(ai) {
        return None;
    }
    let digits = |count| Shape::Digits {
        count,
        is_checked: false,
    };
    let checked = |count| Shape::Digits {
        count,
        is_checked: true,
    };
    Some(match ai {
        "00" | "8017" | "8018" => checked(18),
        "01" | "02" => checked(GTIN_DIGITS),
        "20" => digits(2),
        "10" | "21" | "22" | "254" | "710" | "711" | "712" | "713" | "714" | "715" | "716" => {
            Shape::Text(20)
        }
        "11" | "13" | "15" | "16" | "17" => digits(6),
        "30" | "37" => Shape::DigitsUpTo(8),
        "240" | "241" | "250" | "400" | "8004" | "90" => Shape::Text(30),
        "253" => Shape::KeyThenText {
            digits: 13,
            signs: 17,
        },
        "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => checked(13),
        "7003" => digits(10),
        "8003" => Shape::KeyThenText {
            digits: 14,
            signs: 16,
        },
        "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => Shape::Text(90),
        _ if ai.len() == 4 && is_measure(ai) => digits(6),
        _ => return None,
    })
}

/// 310n to 369n: weights and other measures.
fn is_measure(ai: &str) -> bool {
    ai.starts_with('3') && matches!(ai.as_bytes().get(1), Some(b'1'..=b'6'))
}

/// Identifiers after whose value no FNC1 is needed: their length is known to every scanner.
fn has_known_length(ai: &str) -> bool {
    matches!(
        ai.get(..2),
        Some(
            "00" | "01"
                | "02"
                | "11"
                | "13"
                | "15"
                | "16"
                | "17"
                | "20"
                | "31"
                | "32"
                | "33"
                | "34"
                | "35"
                | "36"
                | "41"
        )
    )
}

/// The identifier at the start of a text.
fn ai_at(text: &str) -> Option<(&str, Shape)> {
    (2..=4).find_map(|length| {
        let ai = text.get(..length)?;
        Some((ai, shape(ai)?))
    })
}

/// Splits an element string into its elements, in the order of the symbol: plain with FNC1, or as printed with brackets; a symbology
/// identifier before it is taken off. Lengths, signs and check digits are looked at, dates are not.
///
/// # Errors
/// [`ElementError`] for everything that is not an element string.
pub fn split(text: &str) -> Result<Vec<Element<'_>>, ElementError> {
    let mut rest = text;
    if text.starts_with(']') {
        let is_gs1 = ["]C1", "]e0", "]d2", "]Q3", "]J1"];
        let after = is_gs1.iter().find_map(|id| text.strip_prefix(id));
        rest = after.ok_or_else(|| ElementError::OtherSymbology(text.chars().take(3).collect()))?;
    }
    rest = rest.trim_start_matches(FNC1);
    let is_bracketed = rest.starts_with('(');
    let mut elements: Vec<Element<'_>> = Vec::new();
    while !rest.is_empty() {
        let unknown = || ElementError::UnknownAi(rest.chars().take(6).collect());
        let (element, after) = if is_bracketed {
            bracketed(rest).ok_or_else(unknown)?
        } else {
            plain(rest).ok_or_else(unknown)?
        };
        check(element)?;
        match elements.iter().find(|known| known.ai == element.ai) {
            Some(known) if known.value != element.value => {
                return Err(ElementError::Repeated {
                    ai: element.ai.to_owned(),
                    first: known.value.to_owned(),
                    second: element.value.to_owned(),
                });
            }
            Some(_) => {}
            None => elements.push(element),
        }
        rest = after.trim_start_matches(FNC1);
    }
    if elements.is_empty() {
        return Err(ElementError::Empty);
    }
    Ok(elements)
}

/// The first element of a text with brackets, and what follows. A value ends where a bracket with a known identifier begins: a lot may
/// hold brackets of its own.
fn bracketed(text: &str) -> Option<(Element<'_>, &str)> {
    let (ai, after) = text.strip_prefix('(')?.split_once(')')?;
    shape(ai)?;
    let end = after
        .match_indices('(')
        .map(|(position, _)| position)
        .find(|position| {
            let next = after
                .get(position + 1..)
                .and_then(|next| next.split_once(')'));
            next.is_some_and(|(ai, _)| shape(ai).is_some())
        })
        .unwrap_or(after.len());
    let (value, rest) = after.split_at_checked(end)?;
    Some((
        Element {
            ai,
            value: value.trim_end_matches(FNC1),
        },
        rest,
    ))
}

/// The first element of a plain text, and what follows.
fn plain(text: &str) -> Option<(Element<'_>, &str)> {
    let (ai, shape) = ai_at(text)?;
    let after = text.get(ai.len()..)?;
    let until_fnc1 = after.find(FNC1).unwrap_or(after.len());
    let end = match shape {
        Shape::Digits { count, .. } if has_known_length(ai) => count.min(until_fnc1),
        _ => until_fnc1,
    };
    // Where that is no border between signs, the value is too long or has wrong signs, which is said of all of it.
    let (value, rest) = after
        .split_at_checked(end)
        .unwrap_or_else(|| after.split_at(until_fnc1));
    Some((Element { ai, value }, rest))
}

/// Length, signs and check digit of a value.
fn check(element: Element<'_>) -> Result<(), ElementError> {
    let Element { ai, value } = element;
    let bad = |wanted: String| ElementError::BadValue {
        ai: ai.to_owned(),
        value: value.chars().take(40).collect(),
        wanted,
    };
    let is_text = |text: &str| text.chars().all(is_sign);
    let key = |digits: &str| {
        let (before, last) = digits.split_at_checked(digits.len().saturating_sub(1))?;
        check_digit(before).filter(|wanted| wanted.to_string() != last)
    };
    let wrong = match shape(ai) {
        Some(Shape::Digits { count, is_checked }) => {
            if value.len() != count || !is_number(value) {
                return Err(bad(format!("{count} digits")));
            }
            is_checked.then(|| key(value)).flatten()
        }
        Some(Shape::DigitsUpTo(most)) => {
            if value.is_empty() || value.len() > most || !is_number(value) {
                return Err(bad(format!("1 to {most} digits")));
            }
            None
        }
        Some(Shape::Text(most)) => {
            if value.is_empty() || value.len() > most || !is_text(value) {
                return Err(bad(format!("1 to {most} letters, digits and common signs")));
            }
            None
        }
        Some(Shape::KeyThenText { digits, signs }) => {
            let (number, _) = value
                .split_at_checked(digits)
                .filter(|(number, text)| is_number(number) && text.len() <= signs && is_text(text))
                .ok_or_else(|| {
                    bad(format!(
                        "{digits} digits and up to {signs} letters, digits and common signs"
                    ))
                })?;
            key(number)
        }
        None => return Err(ElementError::UnknownAi(ai.to_owned())),
    };
    match wrong {
        None => Ok(()),
        Some(wanted) => Err(ElementError::WrongCheckDigit {
            ai: ai.to_owned(),
            value: value.to_owned(),
            wanted,
        }),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|sign| sign.is_ascii_digit())
}

/// The set of 82 signs (GS1 General Specifications 7.11).
fn is_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(sign)
}

impl Label {
    /// Reads an element string. `today` settles the century of dates with two digits for the year; store the full date.
    ///
    /// # Errors
    /// [`ElementError`] for everything that is not an element string, and for dates that do not exist.
    pub fn parse(text: &str, today: NaiveDate) -> Result<Self, ElementError> {
        let mut label = Self::default();
        let mut expires_by_hour = None;
        for element in split(text)? {
            let value = element.value;
            let day = || date(element, today);
            match element.ai {
                "01" => label.gtin = Some(value.to_owned()),
                "10" => {
                    label.lot = Some(value.to_owned());
                    label.lot_may_hold_expiry = holds_expiry(value, today);
                }
                "21" => label.serial = Some(value.to_owned()),
                "30" => label.count = value.parse().ok(),
                "11" => label.made_on = Some(day()?),
                "17" => label.expires_on = Some(day()?),
                "7003" => expires_by_hour = Some(day()?),
                "13" | "15" | "16" => drop(day()?),
                _ => {}
            }
        }
        label.expires_on = label.expires_on.or(expires_by_hour);
        Ok(label)
    }
}

/// The day of YYMMDD at the start of a value.
fn date(element: Element<'_>, today: NaiveDate) -> Result<NaiveDate, ElementError> {
    day_of(element.value, today).ok_or_else(|| ElementError::NoDate {
        ai: element.ai.to_owned(),
        value: element.value.to_owned(),
    })
}

fn day_of(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let two = |from: usize| text.get(from..from + 2)?.parse::<u32>().ok();
    let (year, month, day) = (two(0)?, two(2)?, two(4)?);
    let century = today.year().div_euclid(100) * 100;
    let year = i32::try_from(year).ok()?;
    // GS1 General Specifications 7.12: the year is at most 49 years back and 50 ahead.
    let year = match year - today.year().rem_euclid(100) {
        51.. => year + century - 100,
        ..=-50 => year + century + 100,
        _ => year + century,
    };
    if day == 0 {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        return first.checked_add_months(Months::new(1))?.pred_opt();
    }
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Whether `17` and a date stand in a lot.
fn holds_expiry(lot: &str, today: NaiveDate) -> bool {
    lot.match_indices("17").any(|(position, _)| {
        lot.get(position + 2..position + 8)
            .is_some_and(|text| is_number(text) && day_of(text, today).is_some())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn parse(text: &str) -> Result<Label, ElementError> {
        Label::parse(text, day(2026, 6, 1))
    }

    #[test]
    fn a_pack_tells_product_lot_piece_dates_and_count() {
        let wanted = Label {
            gtin: Some("07613203021012".to_owned()),
            lot: Some("A7(b)".to_owned()),
            serial: Some("80031".to_owned()),
            expires_on: Some(day(2028, 2, 29)),
            made_on: Some(day(1999, 12, 31)),
            count: Some(50),
            lot_may_hold_expiry: false,
        };
        for text in [
            "(01)07613203021012(17)280200(11)991231(30)50(10)A7(b)(21)80031",
            "0107613203021012172802001199123130\u{35}0\u{1d}10A7(b)\u{1d}2180031",
            "]C1\u{1d}0107613203021012\u{1d}172802001199123130\u{35}0\u{1d}10A7(b)\u{1d}2180031\u{1d}",
        ] {
            assert_eq!(parse(text), Ok(wanted.clone()), "{text:?}");
        }
    }

    #[test]
    fn a_lot_that_swallowed_an_expiry_is_pointed_at() {
        let read = parse("010761320302101210A717280630").unwrap();
        assert_eq!(read.lot.as_deref(), Some("A717280630"));
        assert!(read.lot_may_hold_expiry);
        assert!(
            !parse("010761320302101210A717289930")
                .unwrap()
                .lot_may_hold_expiry
        );
    }

    #[test]
    fn s33_what_is_wrong_is_named_and_nothing_is_guessed() {
        for (text, words) in [
            ("", "there is no code"),
            ("\u{1d}", "there is no code"),
            ("]d10107613203021012", "not a GS1 symbol"),
            ("]", "not a GS1 symbol"),
            ("infusion", "nothing is known by the number"),
            (
                "010761320302101218260101",
                "nothing is known by the number at \"182601\"",
            ),
            ("0107613203021013", "wrong check digit, 2 belongs there"),
            ("(01)076132030210", "(01) takes 14 digits"),
            ("(01)07613203021é12", "(01) takes 14 digits"),
            ("01é", "(01) takes 14 digits"),
            ("0107613203021012172806", "(17) takes 6 digits"),
            ("(17)281301", "no date"),
            ("(17)270230", "no date"),
            ("(10)A#1", "(10) takes 1 to 20"),
            ("(10)", "(10) takes 1 to 20"),
            ("(10)123456789012345678901", "(10) takes 1 to 20"),
            ("(10)A(10)B", "given twice"),
            ("(30)1.5", "(30) takes 1 to 8 digits"),
            ("(8003)0950", "(8003) takes 14 digits"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
        assert!(parse("(10)A(10)A").is_ok());
    }

    #[test]
    fn the_century_follows_the_day_of_the_scan() {
        let expiry = |text: &str, today| Label::parse(text, today).unwrap().expires_on.unwrap();
        assert_eq!(expiry("17760630", day(2026, 6, 1)), day(2076, 6, 30));
        assert_eq!(expiry("17770630", day(2026, 6, 1)), day(1977, 6, 30));
        assert_eq!(expiry("17770630", day(2027, 6, 1)), day(2077, 6, 30));
        assert_eq!(expiry("17000630", day(2060, 6, 1)), day(2100, 6, 30));
        assert_eq!(expiry("70032806301430", day(2026, 6, 1)), day(2028, 6, 30));
    }

    proptest! {
        #[test]
        fn s33_no_text_breaks_it(text in "(\\(?(00|01|10|17|21|30|253|3101|414|7003|8003|8004|99)\\)?)?[0-9A-Zé()\u{1d}\\]#]{0,30}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_is_read_with_brackets_and_without(
            lot in "[0-9A-Za-z!%&'*+,./:;<=>?_-]{1,20}",
            serial in "[0-9A-Za-z!%&'*+,./:;<=>?_-]{1,20}",
            product in "[0-9]{13}",
        ) {
            let gtin = format!("{product}{}", check_digit(&product).unwrap());
            let plain = format!("01{gtin}10{lot}{FNC1}21{serial}");
            let printed = format!("(01){gtin}(10){lot}(21){serial}");
            let read = parse(&plain).unwrap();
            prop_assert_eq!(&read, &parse(&printed).unwrap());
            prop_assert_eq!(read.gtin, Some(gtin));
            prop_assert_eq!(read.lot, Some(lot));
            prop_assert_eq!(read.serial, Some(serial));
        }
    }
}
