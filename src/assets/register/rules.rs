//! What the forms of the register may hold. Pure: what only the database knows (is the number free?) is asked in the transaction.

use chrono::{Months, NaiveDate};

use crate::codes::gs1::{gtin_of, wrong_check_digit};
use crate::ids::{AssetId, AssetTypeId, ModelId, UnitId};

/// Longest asset number.
pub const NUMBER_CHARS_MAX: usize = 64;
/// Longest name of a type, maker or model.
pub const NAME_CHARS_MAX: usize = 120;
/// Longest identifier.
pub const IDENTIFIER_CHARS_MAX: usize = 192;
/// Most identifiers of an asset.
pub const IDENTIFIERS_MAX: usize = 20;
/// Kinds of identifiers, as stored.
pub const IDENTIFIER_KINDS: [&str; 6] = ["serial", "udi", "barcode", "giai", "grai", "other"];
/// The first year in which service can have been due.
const DUE_YEAR_MIN: i32 = 2000;
/// How far ahead service can be due.
const DUE_MONTHS_MAX: u32 = 20 * 12;
/// Fastest and slowest beacon, in seconds.
pub const INTERVAL_S: std::ops::RangeInclusive<i64> = 1..=86_400;

/// A mistake in a form. [`Fault::field`] names the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A text field is empty.
    Missing(&'static str),
    /// A text is too long: field, characters, limit.
    Long(&'static str, usize, usize),
    /// A text holds what cannot be seen, such as a line break.
    Odd(&'static str),
    /// Nothing has this id, or it is no id: field.
    Unknown(&'static str),
    /// Another asset has this number.
    NumberTaken {
        /// Which.
        asset_id: AssetId,
        /// Its number as it is written there.
        number: String,
        /// Whether it is retired: its number is not used again either.
        is_retired: bool,
    },
    /// The model is one of another type, with that type's name.
    ModelOfOtherType(String),
    /// No date.
    DateOdd(String),
    /// A date out of the range: first and last day.
    DateRange(NaiveDate, NaiveDate),
    /// More identifiers than [`IDENTIFIERS_MAX`].
    ManyIdentifiers(usize),
    /// An unknown kind of identifier.
    IdentifierKind(String),
    /// An identifier that is too long, with its characters.
    IdentifierLong(String, usize),
    /// The same identifier twice.
    IdentifierTwice(String),
    /// A number of GS1 whose check digit should be another: the field, the number, the digit.
    CheckDigit(&'static str, String, u32),
    /// A type, or a model of this maker, has this name.
    NameTaken(String),
    /// Devices of this model have another type: how many.
    ModelInUse(i64),
}

impl Fault {
    /// The field that it is about.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::Missing(field)
            | Self::Long(field, ..)
            | Self::Odd(field)
            | Self::Unknown(field)
            | Self::CheckDigit(field, ..) => field,
            Self::NumberTaken { .. } => "number",
            Self::ModelOfOtherType(_) => "model",
            Self::DateOdd(_) | Self::DateRange(..) => "due",
            Self::ManyIdentifiers(_)
            | Self::IdentifierKind(_)
            | Self::IdentifierLong(..)
            | Self::IdentifierTwice(_) => "identifiers",
            Self::NameTaken(_) => "name",
            Self::ModelInUse(_) => "type",
        }
    }
}

/// The fields of an asset as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetInput {
    /// Asset number.
    pub number: String,
    /// Id of the type.
    pub asset_type: String,
    /// Id of the model, or nothing.
    pub model: String,
    /// Id of the unit that owns it, or nothing.
    pub owner: String,
    /// When service is due, or nothing.
    pub due: String,
    /// Kind and value of each identifier; rows without a value are left out.
    pub identifiers: Vec<(String, String)>,
}

/// An asset that may be stored, as far as the form itself tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetDraft {
    /// Asset number.
    pub number: String,
    /// Type.
    pub asset_type_id: AssetTypeId,
    /// Model.
    pub model_id: Option<ModelId>,
    /// Owner.
    pub owner_unit_id: Option<UnitId>,
    /// When service is due.
    pub service_due_on: Option<NaiveDate>,
    /// Kind and value, in order.
    pub identifiers: Vec<(String, String)>,
}

impl AssetDraft {
    /// Reads the fields.
    ///
    /// # Errors
    /// Every mistake, in the order of the fields.
    pub fn parse(input: &AssetInput, today: NaiveDate) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let number = check_text("number", &input.number, NUMBER_CHARS_MAX, &mut faults);
        let asset_type_id = match input.asset_type.trim() {
            "" => {
                faults.push(Fault::Missing("type"));
                None
            }
            text => check_id("type", text, &mut faults).map(AssetTypeId),
        };
        let mut optional = |field, text: &str| match text.trim() {
            "" => None,
            text => check_id(field, text, &mut faults),
        };
        let model_id = optional("model", &input.model).map(ModelId);
        let owner_unit_id = optional("owner", &input.owner).map(UnitId);
        let service_due_on = parse_due(&input.due, today, &mut faults);
        let identifiers = parse_identifiers(&input.identifiers, &mut faults);
        match asset_type_id {
            Some(asset_type_id) if faults.is_empty() => Ok(Self {
                number,
                asset_type_id,
                model_id,
                owner_unit_id,
                service_due_on,
                identifiers,
            }),
            _ => Err(faults),
        }
    }
}

/// A type as it may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeDraft {
    /// What people ask for.
    pub name: String,
    /// Whether overdue service keeps it from being ready (R2).
    pub overdue_blocks: bool,
}

impl TypeDraft {
    /// Reads the fields.
    ///
    /// # Errors
    /// Every mistake.
    pub fn parse(name: &str, overdue_blocks: bool) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let name = check_text("name", name, NAME_CHARS_MAX, &mut faults);
        if faults.is_empty() {
            Ok(Self {
                name,
                overdue_blocks,
            })
        } else {
            Err(faults)
        }
    }
}

/// A model as it may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDraft {
    /// Its type.
    pub asset_type_id: AssetTypeId,
    /// Maker.
    pub maker: String,
    /// Name.
    pub name: String,
    /// Which product, by UDI.
    pub udi_di: Option<String>,
}

impl ModelDraft {
    /// Reads the fields: id of the type, maker, name, UDI-DI.
    ///
    /// # Errors
    /// Every mistake.
    pub fn parse(
        asset_type: &str,
        maker: &str,
        name: &str,
        udi_di: &str,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let maker = check_text("maker", maker, NAME_CHARS_MAX, &mut faults);
        let name = check_text("name", name, NAME_CHARS_MAX, &mut faults);
        let asset_type_id = match asset_type.trim() {
            "" => {
                faults.push(Fault::Missing("type"));
                None
            }
            text => check_id("type", text, &mut faults).map(AssetTypeId),
        };
        let udi_di = match udi_di.trim() {
            "" => None,
            text => {
                let text = check_text("udi", text, IDENTIFIER_CHARS_MAX, &mut faults);
                check_gtin("udi", &text, &mut faults);
                Some(text)
            }
        };
        match asset_type_id {
            Some(asset_type_id) if faults.is_empty() => Ok(Self {
                asset_type_id,
                maker,
                name,
                udi_di,
            }),
            _ => Err(faults),
        }
    }
}

/// Signs that nobody sees: control signs, and those that turn the direction of what follows.
fn is_unseen(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn check_text(
    field: &'static str,
    text: &str,
    chars_max: usize,
    faults: &mut Vec<Fault>,
) -> String {
    let text = text.trim();
    let chars = text.chars().count();
    if text.is_empty() {
        faults.push(Fault::Missing(field));
    } else if chars > chars_max {
        faults.push(Fault::Long(field, chars, chars_max));
    } else if text.chars().any(is_unseen) {
        faults.push(Fault::Odd(field));
    }
    text.to_owned()
}

fn check_id(field: &'static str, text: &str, faults: &mut Vec<Fault>) -> Option<i64> {
    let id = text.parse().ok();
    if id.is_none() {
        faults.push(Fault::Unknown(field));
    }
    id
}

/// A date as `<input type="date">` sends it. Day and month in another order would be read one way here and another there, so
/// nothing else is taken.
fn parse_due(text: &str, today: NaiveDate, faults: &mut Vec<Fault>) -> Option<NaiveDate> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let date = (text.len() == 10)
        .then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
        .flatten();
    let Some(date) = date else {
        faults.push(Fault::DateOdd(text.chars().take(40).collect()));
        return None;
    };
    let first = NaiveDate::from_ymd_opt(DUE_YEAR_MIN, 1, 1).unwrap_or(NaiveDate::MIN);
    let last = today
        .checked_add_months(Months::new(DUE_MONTHS_MAX))
        .unwrap_or(NaiveDate::MAX);
    if date < first || date > last {
        faults.push(Fault::DateRange(first, last));
    }
    Some(date)
}

fn parse_identifiers(typed: &[(String, String)], faults: &mut Vec<Fault>) -> Vec<(String, String)> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (kind, value) in typed {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        let shown: String = value.chars().take(40).collect();
        let chars = value.chars().count();
        if !IDENTIFIER_KINDS.contains(&kind.as_str()) {
            faults.push(Fault::IdentifierKind(kind.chars().take(40).collect()));
        } else if chars > IDENTIFIER_CHARS_MAX {
            faults.push(Fault::IdentifierLong(shown, chars));
        } else if value.chars().any(is_unseen) {
            faults.push(Fault::Odd("identifiers"));
        } else if kept
            .iter()
            .any(|(known, other)| known == kind && other == value)
        {
            faults.push(Fault::IdentifierTwice(shown));
        } else {
            if kind == "udi" {
                check_gtin("identifiers", value, faults);
            }
            kept.push((kind.clone(), value.to_owned()));
        }
    }
    if kept.len() > IDENTIFIERS_MAX {
        faults.push(Fault::ManyIdentifiers(kept.len()));
    }
    kept.sort();
    kept
}

fn check_gtin(field: &'static str, text: &str, faults: &mut Vec<Fault>) {
    if let Some(gtin) = gtin_of(text)
        && let Some(wanted) = wrong_check_digit(gtin)
    {
        faults.push(Fault::CheckDigit(field, gtin.to_owned(), wanted));
    }
}

/// Whether service that is due on this day keeps an asset from being ready today (R2).
#[must_use]
pub fn is_service_blocked(overdue_blocks: bool, due: Option<NaiveDate>, today: NaiveDate) -> bool {
    overdue_blocks && due.is_some_and(|due| due < today)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn input() -> AssetInput {
        AssetInput {
            number: " IP-0900 ".to_owned(),
            asset_type: "5".to_owned(),
            due: "2026-09-07".to_owned(),
            identifiers: vec![
                ("serial".to_owned(), "SN 1".to_owned()),
                ("udi".to_owned(), "  ".to_owned()),
                ("udi".to_owned(), "(01)07613203021012(21)8".to_owned()),
            ],
            ..AssetInput::default()
        }
    }

    fn faults(change: impl FnOnce(&mut AssetInput)) -> Vec<Fault> {
        let mut input = input();
        change(&mut input);
        AssetDraft::parse(&input, day("2026-09-07"))
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn a_sound_form_becomes_a_draft() {
        let draft = AssetDraft::parse(&input(), day("2026-09-07")).unwrap();
        assert_eq!(draft.number, "IP-0900");
        assert_eq!(draft.service_due_on, Some(day("2026-09-07")));
        assert_eq!(draft.identifiers.len(), 2);
    }

    #[test]
    fn every_mistake_is_named_with_its_field() {
        type Change = fn(&mut AssetInput);
        assert_eq!(faults(|_| ()), []);
        let changes: [(Change, &str); 16] = [
            (|i| i.number = "\u{202e}IP".to_owned(), "number"),
            (|i| i.number = "x".repeat(65), "number"),
            (|i| i.number = " ".to_owned(), "number"),
            (|i| i.asset_type = String::new(), "type"),
            (
                |i| i.asset_type = "9999999999999999999999".to_owned(),
                "type",
            ),
            (|i| i.model = "BD".to_owned(), "model"),
            (|i| i.owner = "'".to_owned(), "owner"),
            (|i| i.due = "07/09/2026".to_owned(), "due"),
            (|i| i.due = "2026-02-30".to_owned(), "due"),
            (|i| i.due = "1999-12-31".to_owned(), "due"),
            (|i| i.due = "2046-09-08".to_owned(), "due"),
            (
                |i| i.identifiers.push(("udi".into(), "07613203021013".into())),
                "identifiers",
            ),
            (
                |i| i.identifiers.push(("badge".into(), "7".into())),
                "identifiers",
            ),
            (
                |i| i.identifiers.push(("serial".into(), "SN 1".into())),
                "identifiers",
            ),
            (
                |i| i.identifiers = vec![("serial".into(), "é".repeat(193))],
                "identifiers",
            ),
            (
                |i| i.identifiers = (0..21).map(|n| ("other".into(), n.to_string())).collect(),
                "identifiers",
            ),
        ];
        for (change, field) in changes {
            let found = faults(change);
            assert_eq!(found.len(), 1, "{field}: {found:?}");
            assert_eq!(found[0].field(), field);
        }
    }

    #[test]
    fn models_and_types_are_checked_too() {
        assert!(TypeDraft::parse("ECG machine", true).is_ok());
        assert_eq!(
            TypeDraft::parse("", true),
            Err(vec![Fault::Missing("name")])
        );
        assert!(ModelDraft::parse("1", "BD", "Alaris GP", "07613203021012").is_ok());
        assert!(ModelDraft::parse("1", "BD", "Alaris GP", "not a GTIN").is_ok());
        assert_eq!(
            ModelDraft::parse("1", "BD", "Alaris GP", "07613203021019"),
            Err(vec![Fault::CheckDigit("udi", "07613203021019".into(), 2)])
        );
        assert_eq!(ModelDraft::parse("", "", "", "").unwrap_err().len(), 3);
    }

    #[test]
    fn r2_service_blocks_from_the_day_after_it_was_due() {
        let today = day("2026-09-07");
        assert!(is_service_blocked(true, Some(day("2026-09-06")), today));
        assert!(!is_service_blocked(true, Some(today), today));
        assert!(!is_service_blocked(false, Some(day("2026-09-06")), today));
        assert!(!is_service_blocked(true, None, today));
    }

    proptest! {
        #[test]
        fn what_is_accepted_fits_the_columns(number in "\\PC{0,80}", value in "\\PC{0,220}", due in "\\PC{0,12}") {
            let input = AssetInput {
                number, asset_type: "1".to_owned(), due,
                identifiers: vec![("other".to_owned(), value)],
                ..AssetInput::default()
            };
            if let Ok(draft) = AssetDraft::parse(&input, day("2026-09-07")) {
                prop_assert!((1..=NUMBER_CHARS_MAX).contains(&draft.number.chars().count()));
                prop_assert!(draft.identifiers.iter().all(|(_, value)| (1..=IDENTIFIER_CHARS_MAX).contains(&value.chars().count())));
            }
        }
    }
}
