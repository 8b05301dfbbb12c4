//! What a scanned code stands for: an item with what its pack says, or a bin. Nothing is guessed.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

use crate::audit::{Actor, Event, record_audit};
use crate::codes::gs1::elements::{ElementError, FNC1, Label};
use crate::codes::gs1::wrong_check_digit;
use crate::codes::tag_key::list_typed_keys;
use crate::db::schema::{bin, item, item_code, item_pack, stocking};
use crate::db::types::StockReason;
use crate::ids::{BinId, ItemId, PackId, StockPlaceId, UserId};

/// What a code stands for.
pub const SCAN_CODES_SQL: &str = include_str!("sql/scan_codes.sql");
/// What a person did with a scanner.
pub const SCAN_LOG_SQL: &str = include_str!("sql/scan_log.sql");
/// Bins that are empty.
pub const EMPTY_BINS_SQL: &str = include_str!("sql/empty_bins.sql");
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

/// What a person did with a scanner.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ScanRow {
    /// The form.
    #[diesel(sql_type = SqlUuid)]
    pub form_key: Uuid,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: StockReason,
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// Its unit.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// A bin that it was booked in.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// Base units; below zero: they left.
    #[diesel(sql_type = BigInt)]
    pub quantity: i64,
    /// Its lot.
    #[diesel(sql_type = Nullable<Text>)]
    pub lot_number: Option<String>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// All such forms.
    #[diesel(sql_type = BigInt)]
    pub forms: i64,
    /// All their pieces.
    #[diesel(sql_type = BigInt)]
    pub pieces: i64,
}

/// What a person did last at a place, the newest first; what was taken back is not among it.
///
/// # Errors
/// When the database fails.
pub async fn list_scans(
    mut conn: &AsyncPgConnection,
    (user_id, place): (UserId, StockPlaceId),
    reasons: &[StockReason],
    since: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<ScanRow>> {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.as_str()).collect();
    sql_query(SCAN_LOG_SQL)
        .bind::<BigInt, _>(user_id)
        .bind::<BigInt, _>(place)
        .bind::<Array<Text>, _>(reasons)
        .bind::<Timestamptz, _>(since)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// One of two bins that is empty.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct EmptyBin {
    /// The bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub empty_since: DateTime<Utc>,
    /// What lies in it.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// The name of that.
    #[diesel(sql_type = Text)]
    pub item_name: String,
}

/// Bins that are empty at a place, the last one first.
///
/// # Errors
/// When the database fails.
pub async fn list_empty_bins(
    mut conn: &AsyncPgConnection,
    place: StockPlaceId,
    limit: i64,
) -> QueryResult<Vec<EmptyBin>> {
    sql_query(EMPTY_BINS_SQL)
        .bind::<BigInt, _>(place)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// One of two bins, and whether it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoBin {
    /// What lies in it.
    pub item_id: ItemId,
    /// The bin.
    pub bin_id: BinId,
    /// Its name.
    pub name: String,
    /// It is empty.
    pub is_empty: bool,
}

/// The bins of two at a place that hold an item, or that are this bin.
///
/// # Errors
/// When the database fails.
pub async fn list_two_bins(
    mut conn: &AsyncPgConnection,
    place: StockPlaceId,
    of: Result<ItemId, BinId>,
) -> QueryResult<Vec<TwoBin>> {
    let on = stocking::bin_id
        .eq(bin::id)
        .or(stocking::second_bin_id.eq(bin::id.nullable()));
    let mut query = stocking::table
        .inner_join(bin::table.on(on.assume_not_null()))
        .filter(stocking::stock_place_id.eq(place))
        .filter(stocking::second_bin_id.is_not_null())
        .order((stocking::item_id, bin::id))
        .select((
            stocking::item_id,
            bin::id,
            bin::name,
            bin::empty_since.is_not_null(),
        ))
        .into_boxed();
    query = match of {
        Ok(item_id) => query.filter(stocking::item_id.eq(item_id)),
        Err(bin_id) => query.filter(bin::id.eq(bin_id)),
    };
    let rows: Vec<(ItemId, BinId, String, bool)> = query.load(&mut conn).await?;
    let bins = rows
        .into_iter()
        .map(|(item_id, bin_id, name, is_empty)| TwoBin {
            item_id,
            bin_id,
            name,
            is_empty,
        });
    Ok(bins.collect())
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

/// The packs of an item: id, name and base units.
///
/// # Errors
/// When the database fails.
pub async fn list_packs(
    mut conn: &AsyncPgConnection,
    item_id: ItemId,
) -> QueryResult<Vec<(PackId, String, i64)>> {
    item_pack::table
        .filter(item_pack::item_id.eq(item_id))
        .select((item_pack::id, item_pack::name, item_pack::units))
        .order((item_pack::units, item_pack::id))
        .load(&mut conn)
        .await
}

/// Remembers a code for an item, or for one of its packs, and who said so.
///
/// # Errors
/// See [`LinkError`].
pub async fn link_code(
    conn: &mut AsyncPgConnection,
    code: &Code,
    (item_id, pack_id): (ItemId, Option<PackId>),
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), LinkError> {
    conn.transaction(async |conn| {
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
            let subject = format!("item:{item_id}");
            let mut event = Event::new(Actor::User(by), "item.code_linked", subject);
            event.after = Some(json!({ "code": text, "pack": pack_id }));
            return Ok(record_audit(conn, &event, now).await?);
        }
        let owner: ItemId = item_code::table
            .find(text)
            .select(item_code::item_id)
            .first(conn)
            .await?;
        let is_own = owner == item_id;
        is_own.then_some(()).ok_or(LinkError::Taken(owner))
    })
    .await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
                    prop_assert_eq!(wrong_check_digit(&gtin), None);
                }
            }
        }
    }
}
