//! Items: one with its packs and codes, found by text or number, and what was used of them.

use chrono::{NaiveDate, TimeDelta};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{SHOWN_MAX, containing, cut};
use crate::db::schema::{item, item_code, item_pack, stock_day, supplier};
use crate::ids::ItemId;
use crate::supplies::ledger::StockKey;

/// Days that the mean use rests on.
const DEMAND_DAYS: i64 = 56;
/// Items by number, code or name.
pub const FIND_ITEMS_SQL: &str = include_str!("../sql/find_items.sql");

/// An item of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemCard {
    /// Its id.
    pub item_id: ItemId,
    /// Its number.
    pub item_number: String,
    /// Its name.
    pub name: String,
    /// What quantities count.
    pub base_unit: String,
    /// Its category.
    pub category: Option<String>,
    /// Who delivers it.
    pub supplier_name: Option<String>,
    /// Whether it is no longer used.
    pub is_retired: bool,
    /// Names of packs, and the base units in each.
    pub packs: Vec<(String, i64)>,
    /// What scanners read from it: GTIN and other codes.
    pub codes: Vec<String>,
}

/// An item with its packs and codes.
///
/// # Errors
/// When the database fails.
pub async fn find_item(mut conn: &AsyncPgConnection, id: ItemId) -> QueryResult<Option<ItemCard>> {
    type Found = (String, String, String, Option<String>, Option<String>, bool);
    let found: Option<Found> = item::table
        .left_join(supplier::table)
        .filter(item::id.eq(id))
        .select((
            item::item_number,
            item::name,
            item::base_unit,
            item::category,
            supplier::name.nullable(),
            item::is_retired,
        ))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((item_number, name, base_unit, category, supplier_name, is_retired)) = found else {
        return Ok(None);
    };
    let packs = item_pack::table
        .filter(item_pack::item_id.eq(id))
        .order((item_pack::units, item_pack::name))
        .select((item_pack::name, item_pack::units))
        .load(&mut conn)
        .await?;
    let codes = item_code::table
        .filter(item_code::item_id.eq(id))
        .order(item_code::code)
        .select(item_code::code)
        .limit(20)
        .load(&mut conn)
        .await?;
    Ok(Some(ItemCard {
        item_id: id,
        item_number,
        name,
        base_unit,
        category,
        supplier_name,
        is_retired,
        packs,
        codes,
    }))
}

/// An item that was found.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct FoundItem {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Its number.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its category.
    #[diesel(sql_type = Nullable<Text>)]
    pub category: Option<String>,
    /// What quantities count.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// Who delivers it.
    #[diesel(sql_type = Nullable<Text>)]
    pub supplier_name: Option<String>,
    /// Places that should hold it.
    #[diesel(sql_type = BigInt)]
    pub places: i64,
    /// What is anywhere.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
}

/// Items by number, scanned code or a part of the name, by name; at most [`SHOWN_MAX`], and whether there are more. `gtin`: what a
/// scanner read, in 14 digits.
///
/// # Errors
/// When the database fails.
pub async fn find_items(
    mut conn: &AsyncPgConnection,
    text: &str,
    gtin: Option<&str>,
) -> QueryResult<(Vec<FoundItem>, bool)> {
    let small = text.trim().to_lowercase();
    let mut rows: Vec<FoundItem> = sql_query(FIND_ITEMS_SQL)
        .bind::<Text, _>(&small)
        .bind::<Text, _>(containing(&small))
        .bind::<Nullable<Text>, _>(gtin)
        .bind::<BigInt, _>(SHOWN_MAX + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, SHOWN_MAX);
    Ok((rows, has_more))
}

/// The item with this number, in any case.
///
/// # Errors
/// When the database fails.
pub async fn find_item_by_number(
    mut conn: &AsyncPgConnection,
    number: &str,
) -> QueryResult<Option<ItemId>> {
    sql_query("SELECT id FROM item WHERE lower(item_number) = lower($1)")
        .bind::<Text, _>(number)
        .get_result::<IdRow>(&mut conn)
        .await
        .optional()
        .map(|row| row.map(|row| ItemId(row.id)))
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What was used of an item at a place on each day from `from` on that anything happened.
///
/// # Errors
/// When the database fails.
pub async fn list_used_days(
    mut conn: &AsyncPgConnection,
    key: StockKey,
    from: NaiveDate,
) -> QueryResult<Vec<(NaiveDate, i64)>> {
    stock_day::table
        .filter(stock_day::item_id.eq(key.item_id))
        .filter(stock_day::stock_place_id.eq(key.stock_place_id))
        .filter(stock_day::day.ge(from))
        .order(stock_day::day)
        .select((stock_day::day, stock_day::used))
        .load(&mut conn)
        .await
}

/// Days among the last 56 before today on which nothing of an item was available at a place: they are left out of the mean use.
///
/// # Errors
/// When the database fails.
pub async fn count_days_out(
    mut conn: &AsyncPgConnection,
    key: StockKey,
    today: NaiveDate,
) -> QueryResult<i64> {
    stock_day::table
        .filter(stock_day::item_id.eq(key.item_id))
        .filter(stock_day::stock_place_id.eq(key.stock_place_id))
        .filter(stock_day::day.ge(today - TimeDelta::days(DEMAND_DAYS)))
        .filter(stock_day::day.lt(today))
        .filter(stock_day::was_out)
        .count()
        .get_result(&mut conn)
        .await
}
