//! What a scanned code stands for: an item with what its pack says, or a bin. Nothing is guessed.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::codes::gs1::elements::{ElementError, FNC1, Label};
use crate::codes::gs1::wrong_check_digit;
use crate::codes::tag_key::list_typed_keys;
use crate::db::schema::{item, item_code, item_pack};
use crate::ids::{BinId, ItemId, PackId, StockPlaceId};

/// What a code stands for.
pub const SCAN_CODES_SQL: &str = include_str!("sql/scan_codes.sql");
/// Longest code, in signs: the longest GS1 element strings have 90.
pub const CODE_MAX: usize = 200;

/// A code as it was read, before anybody knows whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// The text without what surrounds it.
    pub text: String,
    /// The GTIN in 14 digits.
    pub gtin: Option<String>,
    /// The lot on the pack; empty when it says none.
    pub lot_number: String,
    /// The last day of use on the pack.
    pub expires_on: Option<NaiveDate>,
    /// How many pieces the pack says it holds (AI 30).
    pub count: Option<i64>,
    /// The lot looks as if it had swallowed an expiry, because the scanner drops separators.
    pub lot_is_odd: bool,
}

/// Why a code cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeFault {
    /// Nothing was scanned.
    Empty,
    /// Longer than [`CODE_MAX`].
    TooLong,
    /// The check digit of the GTIN does not fit: the GTIN, and the digit that would.
    CheckDigit(String, u32),
    /// It begins as a GS1 code, and cannot be read on: why, in words.
    Label(ElementError),
}

impl Code {
    /// Reads a code. `today` decides the century of dates.
    ///
    /// # Errors
    /// When it is empty, too long, a GTIN with a wrong check digit, or a GS1 code that is broken. Other texts are taken as they are.
    pub fn read(text: &str, today: NaiveDate) -> Result<Self, CodeFault> {
        let text: String = text
            .chars()
            .filter(|sign| *sign == FNC1 || !sign.is_control())
            .collect();
        let text = text.trim();
        if text.is_empty() {
            return Err(CodeFault::Empty);
        }
        if text.chars().count() > CODE_MAX {
            return Err(CodeFault::TooLong);
        }
        let plain = Self {
            text: text.to_owned(),
            ..Self::default()
        };
        if is_gtin_shaped(text) {
            let gtin = format!("{text:0>14}");
            return match wrong_check_digit(&gtin) {
                // A number of 8, 12, 13 or 14 digits may also be somebody's own: whoever knows it decides.
                Some(digit) => Err(CodeFault::CheckDigit(text.to_owned(), digit)),
                None => Ok(Self {
                    gtin: Some(gtin),
                    ..plain
                }),
            };
        }
        if !looks_like_label(text) {
            return Ok(plain);
        }
        let label = Label::parse(text, today).map_err(CodeFault::Label)?;
        Ok(Self {
            gtin: label.gtin,
            lot_number: label.lot.unwrap_or_default(),
            expires_on: label.expires_on,
            count: label.count.map(i64::from),
            lot_is_odd: label.lot_may_hold_expiry,
            ..plain
        })
    }
}

fn is_gtin_shaped(text: &str) -> bool {
    matches!(text.len(), 8 | 12..=14) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A GS1 element string begins with its symbology, a bracket, a separator, or with 01 and a whole GTIN.
fn looks_like_label(text: &str) -> bool {
    let has_gtin = text
        .strip_prefix("01")
        .and_then(|rest| rest.get(..14))
        .is_some_and(|gtin| gtin.bytes().all(|byte| byte.is_ascii_digit()));
    text.starts_with(']') || text.starts_with('(') || text.starts_with(FNC1) || has_gtin
}

/// Whether a code that is refused for its check digit may be known as somebody's own number.
fn own_number(fault: &CodeFault) -> Option<&str> {
    match fault {
        CodeFault::CheckDigit(text, _) => Some(text),
        _ => None,
    }
}

/// What a code stands for at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A pack or piece of an item.
    Item {
        /// Which one.
        item_id: ItemId,
        /// Base units of what carries the code.
        units: i64,
        /// What the code says.
        code: Code,
    },
    /// A bin of the place.
    Bin(BinId),
    /// Nobody knows it.
    Unknown(Code),
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Nullable<BigInt>)]
    item_id: Option<ItemId>,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    bin_id: Option<BinId>,
}

/// Finds what a code stands for.
///
/// # Errors
/// The inner error when the code cannot be read and is not known as it stands; the outer one when the database fails.
pub async fn find_scanned(
    mut conn: &AsyncPgConnection,
    text: &str,
    place: StockPlaceId,
    today: NaiveDate,
) -> QueryResult<Result<Scanned, CodeFault>> {
    let read = Code::read(text, today);
    let asked = match &read {
        Ok(code) => code.text.as_str(),
        Err(fault) => match own_number(fault) {
            Some(text) => text,
            None => return Ok(read.map(Scanned::Unknown)),
        },
    };
    let gtin = read.as_ref().ok().and_then(|code| code.gtin.clone());
    let known: Option<Known> = sql_query(SCAN_CODES_SQL)
        .bind::<Text, _>(asked)
        .bind::<Nullable<Text>, _>(gtin)
        .bind::<BigInt, _>(place)
        .bind::<Array<Text>, _>(list_typed_keys(asked))
        .get_result(&mut conn)
        .await
        .optional()?;
    let code = match (&known, read) {
        (_, Ok(code)) => code,
        (Some(_), Err(CodeFault::CheckDigit(text, _))) => Code {
            text,
            ..Code::default()
        },
        (_, Err(fault)) => return Ok(Err(fault)),
    };
    Ok(Ok(match known {
        Some(Known {
            bin_id: Some(bin_id),
            ..
        }) => Scanned::Bin(bin_id),
        Some(Known {
            item_id: Some(item_id),
            units,
            ..
        }) => Scanned::Item {
            item_id,
            units: code.count.unwrap_or(units),
            code,
        },
        _ => Scanned::Unknown(code),
    }))
}

/// Why a code was not linked to an item.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No such item, or it is no longer used.
    #[error("there is no such item")]
    NoItem,
    /// No such pack of the item.
    #[error("there is no such pack of the item")]
    NoPack,
    /// The code is linked already; to this item.
    #[error("the code is linked already")]
    Taken(ItemId),
    /// The database failed.
    #[error("linking a code")]
    Database(#[from] diesel::result::Error),
}

/// Remembers a code for an item, or for one of its packs.
///
/// # Errors
/// See [`LinkError`].
pub async fn link_code(
    conn: &mut AsyncPgConnection,
    code: &Code,
    item_id: ItemId,
    pack_id: Option<PackId>,
) -> Result<(), LinkError> {
    let items: i64 = item::table
        .filter(item::id.eq(item_id))
        .filter(item::is_retired.eq(false))
        .count()
        .get_result(conn)
        .await?;
    if items == 0 {
        return Err(LinkError::NoItem);
    }
    if let Some(pack_id) = pack_id {
        let packs: i64 = item_pack::table
            .filter(item_pack::id.eq(pack_id))
            .filter(item_pack::item_id.eq(item_id))
            .count()
            .get_result(conn)
            .await?;
        if packs == 0 {
            return Err(LinkError::NoPack);
        }
    }
    let text = code.gtin.as_deref().unwrap_or(&code.text);
    let made = diesel::insert_into(item_code::table)
        .values((
            item_code::code.eq(text),
            item_code::item_id.eq(item_id),
            item_code::item_pack_id.eq(pack_id),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if made == 1 {
        return Ok(());
    }
    let owner: ItemId = item_code::table
        .find(text)
        .select(item_code::item_id)
        .first(conn)
        .await?;
    if owner == item_id {
        Ok(())
    } else {
        Err(LinkError::Taken(owner))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codes::gs1::check_digit;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 9, 7).unwrap()
    }

    #[test]
    fn a_pack_says_item_lot_day_and_count() {
        let code = Code::read("\u{1d}0104006381333931172704301000A1\u{1d}3024", today()).unwrap();
        assert_eq!(code.gtin.as_deref(), Some("04006381333931"));
        assert_eq!(code.expires_on, NaiveDate::from_ymd_opt(2027, 4, 30));
        assert_eq!((code.lot_number.as_str(), code.count), ("00A1", Some(24)));
        let typed = Code::read("(01)04006381333931(10)A1", today()).unwrap();
        assert_eq!(typed.lot_number, "A1");
    }

    #[test]
    fn bare_numbers_are_gtins_when_their_check_digit_fits() {
        let code = Code::read(" 4006381333931\r", today()).unwrap();
        assert_eq!(code.gtin.as_deref(), Some("04006381333931"));
        assert_eq!(
            Code::read("4006381333932", today()),
            Err(CodeFault::CheckDigit("4006381333932".to_owned(), 1))
        );
    }

    #[test]
    fn other_texts_are_taken_as_they_are() {
        for text in ["A-01", "100-20", "+H123ABC", "wound pad"] {
            let code = Code::read(text, today()).unwrap();
            assert_eq!((code.text.as_str(), code.gtin), (text, None));
        }
        assert_eq!(Code::read(" \t ", today()), Err(CodeFault::Empty));
        assert_eq!(
            Code::read(&"x".repeat(CODE_MAX + 1), today()),
            Err(CodeFault::TooLong)
        );
        assert!(matches!(
            Code::read("(01)04006381333931(17)991332", today()),
            Err(CodeFault::Label(_))
        ));
    }

    proptest! {
        #[test]
        fn nothing_that_is_scanned_makes_it_fall_over(text in "\\PC{0,80}") {
            if let Ok(code) = Code::read(&text, today()) {
                prop_assert!(!code.text.is_empty());
                if let Some(gtin) = code.gtin {
                    prop_assert_eq!(gtin.len(), 14);
                    prop_assert_eq!(check_digit(&gtin[..13]), gtin[13..].parse().ok());
                }
            }
        }
    }
}
