//! Stock to read: places, what they hold of which item, lots, moves and use.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::ledger::{StockKey, columns};
use super::settle::{StandingRow, list_standings};
use crate::db::schema::{item, item_code, item_pack, lot, stock_day, supplier};
use crate::db::types::{LotState, Role, StockPlaceKind, StockReason};
use crate::ids::{BinId, ItemId, LotId, MoveId, StockPlaceId};

/// A place by itself.
pub const STOCK_PLACE_SQL: &str = include_str!("sql/stock_place.sql");
/// Places of stock.
pub const STOCK_PLACES_SQL: &str = include_str!("sql/stock_places.sql");
/// Which items a place should hold.
pub const ITEMS_OF_PLACE_SQL: &str = include_str!("sql/items_of_place.sql");
/// Which places should hold an item.
pub const PLACES_OF_ITEM_SQL: &str = include_str!("sql/places_of_item.sql");
/// Names, bins, next expiry and last count.
pub const STOCK_FACTS_SQL: &str = include_str!("sql/stock_facts.sql");
/// Lots of an item.
pub const ITEM_LOTS_SQL: &str = include_str!("sql/item_lots.sql");
/// Lots that expire.
pub const EXPIRING_LOTS_SQL: &str = include_str!("sql/expiring_lots.sql");
/// Moves of an item at a place.
pub const STOCK_MOVES_SQL: &str = include_str!("sql/stock_moves.sql");
/// Items by number, code or name.
pub const FIND_ITEMS_SQL: &str = include_str!("sql/find_items.sql");
/// Where an item may be moved to.
pub const TRANSFER_TARGETS_SQL: &str = include_str!("sql/transfer_targets.sql");
/// Most bins that a form offers to move stock to.
pub const TARGETS_MAX: i64 = 500;
/// Places or items on a page.
pub const STOCK_PER_PAGE: i64 = 100;
/// Lots and found items on a page; a page says when there are more.
pub const SHOWN_MAX: i64 = 100;
/// Moves on a page.
pub const MOVES_PER_PAGE: i64 = 25;

/// Where the page before ended: a name and an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameCursor {
    /// The name by which it is sorted.
    pub name: String,
    /// The id.
    pub id: i64,
}

impl std::fmt::Display for NameCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.id, self.name)
    }
}

impl NameCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, name) = text.split_once('.')?;
        // Postgres keeps no NUL in a text.
        let is_text = !name.contains('\0') && name.len() <= 500;
        let id = id.parse().ok()?;
        let name = name.to_owned();
        is_text.then_some(Self { name, id })
    }
}

/// Cuts what was read one row too far, and says whether there was more.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: i64) -> bool {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    has_more
}

/// A place of stock.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PlaceRow {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Room, cart or cabinet.
    #[diesel(sql_type = Text)]
    pub kind: StockPlaceKind,
    /// A cabinet that is not heard: its counts are as of then (R24).
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub silent_since: Option<DateTime<Utc>>,
    /// A cabinet with a reader: nothing is entered by hand.
    #[diesel(sql_type = Bool)]
    pub counts_itself: bool,
    /// Its round.
    #[diesel(sql_type = Nullable<Text>)]
    pub round_name: Option<String>,
    /// Its unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub unit_name: Option<String>,
    /// Items that it should hold.
    #[diesel(sql_type = BigInt)]
    pub items: i64,
    /// Orders that wait for a decision.
    #[diesel(sql_type = BigInt)]
    pub drafts: i64,
    /// Items of which none is available.
    #[diesel(sql_type = BigInt)]
    pub out: i64,
}

/// A page of places by name, and where the next one starts.
///
/// # Errors
/// When the database fails.
pub async fn list_stock_places(
    mut conn: &AsyncPgConnection,
    after: Option<&NameCursor>,
    limit: i64,
) -> QueryResult<(Vec<PlaceRow>, Option<NameCursor>)> {
    let mut rows: Vec<PlaceRow> = sql_query(STOCK_PLACES_SQL)
        .bind::<Nullable<Text>, _>(after.map(|cursor| cursor.name.as_str()))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| NameCursor {
        name: row.name.clone(),
        id: row.stock_place_id.0,
    });
    Ok((rows, next))
}

/// The name of a place that is in use.
///
/// # Errors
/// When the database fails.
pub async fn find_stock_place(
    mut conn: &AsyncPgConnection,
    id: StockPlaceId,
) -> QueryResult<Option<PlaceCard>> {
    sql_query(STOCK_PLACE_SQL)
        .bind::<BigInt, _>(id)
        .get_result(&mut conn)
        .await
        .optional()
}

/// A place by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct PlaceCard {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Until when a cabinet that is not heard was (R24).
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub silent_since: Option<DateTime<Utc>>,
    /// A cabinet with a reader: it counts itself.
    #[diesel(sql_type = Bool)]
    pub counts_itself: bool,
    /// When its last full inventory was taken.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub inventory_at: Option<DateTime<Utc>>,
    /// Labels in it that belong to no item.
    #[diesel(sql_type = BigInt)]
    pub foreign_tags: i64,
    /// Pieces that the last inventory did not have, and that are not yet taken for gone (R25).
    #[diesel(sql_type = BigInt)]
    pub not_seen: i64,
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
    #[diesel(sql_type = Text)]
    sort_name: String,
}

/// What a list of stock is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StockOf {
    /// The items of a place.
    Place(StockPlaceId),
    /// The places of an item.
    Item(ItemId),
}

/// Names, bins and days of an item at a place.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct StockFacts {
    /// Which item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The number of the item.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// What quantities count.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// The name of the place.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// A cabinet with a reader: it counts itself.
    #[diesel(sql_type = Bool)]
    pub counts_itself: bool,
    /// A cabinet that is not heard.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub silent_since: Option<DateTime<Utc>>,
    /// The usual bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// Since when it is known to be empty; two-bin kanban only.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub empty_since: Option<DateTime<Utc>>,
    /// The other bin of two.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub second_bin_id: Option<BinId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub second_bin_name: Option<String>,
    /// Since when that one is known to be empty.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub second_empty_since: Option<DateTime<Utc>>,
    /// The earliest last day of use of what is there.
    #[diesel(sql_type = Nullable<Date>)]
    pub next_expiry: Option<NaiveDate>,
    /// When it was counted last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub counted_at: Option<DateTime<Utc>>,
}

/// An item at a place.
#[derive(Clone, Debug)]
pub struct StockLine {
    /// Names, bins and days.
    pub facts: StockFacts,
    /// Its numbers.
    pub standing: StandingRow,
}

/// A page of stock by name, and where the next one starts.
///
/// # Errors
/// When the database fails.
pub async fn list_stock(
    mut conn: &AsyncPgConnection,
    of: StockOf,
    after: Option<&NameCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<StockLine>, Option<NameCursor>)> {
    let (sql, id) = match of {
        StockOf::Place(id) => (ITEMS_OF_PLACE_SQL, id.0),
        StockOf::Item(id) => (PLACES_OF_ITEM_SQL, id.0),
    };
    let mut keys: Vec<KeyRow> = sql_query(sql)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<Text>, _>(after.map(|cursor| cursor.name.as_str()))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut keys, limit);
    let next = keys.last().filter(|_| has_more).map(|key| NameCursor {
        name: key.sort_name.clone(),
        id: match of {
            StockOf::Place(_) => key.item_id.0,
            StockOf::Item(_) => key.stock_place_id.0,
        },
    });
    let keys: Vec<StockKey> = keys
        .iter()
        .map(|key| StockKey {
            item_id: key.item_id,
            stock_place_id: key.stock_place_id,
        })
        .collect();
    Ok((list_lines(conn, &keys, now).await?, next))
}

/// An item at a place; `None` when the place need not hold it.
///
/// # Errors
/// When the database fails.
pub async fn find_stock(
    conn: &AsyncPgConnection,
    key: StockKey,
    now: DateTime<Utc>,
) -> QueryResult<Option<StockLine>> {
    Ok(list_lines(conn, &[key], now).await?.into_iter().next())
}

async fn list_lines(
    conn: &AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<Vec<StockLine>> {
    let (items, places) = columns(keys);
    let facts = async {
        let mut conn = conn;
        sql_query(STOCK_FACTS_SQL)
            .bind::<Array<BigInt>, _>(items)
            .bind::<Array<BigInt>, _>(places)
            .load::<StockFacts>(&mut conn)
            .await
    };
    let (facts, standings) = tokio::try_join!(facts, list_standings(conn, keys, now))?;
    let mut facts: std::collections::HashMap<_, _> = facts
        .into_iter()
        .map(|facts| ((facts.item_id, facts.stock_place_id), facts))
        .collect();
    let mut standings: std::collections::HashMap<_, _> = standings
        .into_iter()
        .map(|row| ((row.item_id, row.stock_place_id), row))
        .collect();
    let line = |key: &StockKey| {
        let key = (key.item_id, key.stock_place_id);
        Some(StockLine {
            facts: facts.remove(&key)?,
            standing: standings.remove(&key)?,
        })
    };
    Ok(keys.iter().filter_map(line).collect())
}

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
    let escaped = small
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    let mut rows: Vec<FoundItem> = sql_query(FIND_ITEMS_SQL)
        .bind::<Text, _>(&small)
        .bind::<Text, _>(format!("%{escaped}%"))
        .bind::<Nullable<Text>, _>(gtin)
        .bind::<BigInt, _>(SHOWN_MAX + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, SHOWN_MAX);
    Ok((rows, has_more))
}

/// A lot in a bin.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct LotRow {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub lot_id: LotId,
    /// Its number; empty when nobody told it.
    #[diesel(sql_type = Text)]
    pub lot_number: String,
    /// Last day of use.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// What people said of it.
    #[diesel(sql_type = Text)]
    pub state: LotState,
    /// Where.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The name of the place.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// The bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// How much; below zero: more was taken than was there by the books.
    #[diesel(sql_type = BigInt)]
    pub on_hand: i64,
    /// Days to its last day of use, at the place (R17); below zero: it has expired.
    #[diesel(sql_type = Nullable<Integer>)]
    pub days_left: Option<i32>,
}

/// Lots of an item that are anywhere, first to expire first; at most [`SHOWN_MAX`], and whether there are more.
///
/// # Errors
/// When the database fails.
pub async fn list_item_lots(
    mut conn: &AsyncPgConnection,
    id: ItemId,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<LotRow>, bool)> {
    let mut rows: Vec<LotRow> = sql_query(ITEM_LOTS_SQL)
        .bind::<BigInt, _>(id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(SHOWN_MAX + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, SHOWN_MAX);
    Ok((rows, has_more))
}

/// Number and last day of use of a lot of an item.
///
/// # Errors
/// When the database fails.
pub async fn find_lot_label(
    mut conn: &AsyncPgConnection,
    item_id: ItemId,
    lot_id: LotId,
) -> QueryResult<Option<(String, Option<NaiveDate>)>> {
    lot::table
        .find(lot_id)
        .filter(lot::item_id.eq(item_id))
        .select((lot::lot_number, lot::expires_on))
        .first(&mut conn)
        .await
        .optional()
}

/// The lot of an item with this number: with this last day of use, else the only one of the number.
///
/// # Errors
/// When the database fails.
pub async fn find_lot_of_label(
    mut conn: &AsyncPgConnection,
    item_id: ItemId,
    (number, expires_on): (&str, Option<NaiveDate>),
) -> QueryResult<Option<LotId>> {
    let found: Vec<(LotId, Option<NaiveDate>)> = lot::table
        .filter(lot::item_id.eq(item_id))
        .filter(lot::lot_number.eq(number))
        .select((lot::id, lot::expires_on))
        .order(lot::id)
        .limit(SHOWN_MAX)
        .load(&mut conn)
        .await?;
    let exact = found.iter().find(|(_, day)| *day == expires_on);
    Ok(match (exact, found.as_slice(), expires_on) {
        (Some((id, _)), ..) | (None, [(id, _)], None) => Some(*id),
        _ => None,
    })
}

/// Where the page of expiring lots before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotCursor {
    /// Last day of use.
    pub expires_on: NaiveDate,
    /// Its lot.
    pub lot_id: LotId,
    /// Its bin.
    pub bin_id: BinId,
}

impl std::fmt::Display for LotCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.expires_on, self.lot_id, self.bin_id)
    }
}

impl LotCursor {
    /// Reads what [`Display`](std::fmt::Display) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let expires_on: NaiveDate = parts.next()?.parse().ok()?;
        let lot_id = LotId(parts.next()?.parse().ok()?);
        let bin_id = BinId(parts.next()?.parse().ok()?);
        // A database refuses days that it cannot store.
        let is_plausible = (0..=9999).contains(&chrono::Datelike::year(&expires_on));
        is_plausible.then_some(Self {
            expires_on,
            lot_id,
            bin_id,
        })
    }
}

/// A lot in a bin, with its item.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ExpiringLot {
    /// The lot.
    #[diesel(embed)]
    pub lot: LotRow,
    /// Its item.
    #[diesel(sql_type = BigInt)]
    pub item_id: ItemId,
    /// The number of the item.
    #[diesel(sql_type = Text)]
    pub item_number: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub item_name: String,
    /// What quantities count.
    #[diesel(sql_type = Text)]
    pub base_unit: String,
    /// Its bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
}

/// Lots that are anywhere and whose last day of use is not after `until`, first to expire first, and where the next page starts.
///
/// # Errors
/// When the database fails.
pub async fn list_expiring_lots(
    mut conn: &AsyncPgConnection,
    until: NaiveDate,
    after: Option<LotCursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<(Vec<ExpiringLot>, Option<LotCursor>)> {
    let mut rows: Vec<ExpiringLot> = sql_query(EXPIRING_LOTS_SQL)
        .bind::<Date, _>(until)
        .bind::<Nullable<Date>, _>(after.map(|cursor| cursor.expires_on))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.lot_id))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.bin_id))
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).and_then(|row| {
        Some(LotCursor {
            expires_on: row.lot.expires_on?,
            lot_id: row.lot.lot_id,
            bin_id: row.bin_id,
        })
    });
    Ok((rows, next))
}

/// Where the page of moves before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveCursor {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its id.
    pub id: MoveId,
}

/// A move of the ledger. Who did it is told as a role, not as a name.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct MoveLine {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub move_id: MoveId,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: StockReason,
    /// Base units; below zero: they left.
    #[diesel(sql_type = BigInt)]
    pub quantity: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub happened_at: DateTime<Utc>,
    /// When it was written.
    #[diesel(sql_type = Timestamptz)]
    pub recorded_at: DateTime<Utc>,
    /// The form of a person.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub form_key: Option<Uuid>,
    /// Whether it takes another one back.
    #[diesel(sql_type = Bool)]
    pub is_undo: bool,
    /// Whether it may still be taken back, but for the time that has passed: not when it was, nor what an order or an empty bin hangs on.
    #[diesel(sql_type = Bool)]
    pub can_be_undone: bool,
    /// What the person said.
    #[diesel(sql_type = Nullable<Text>)]
    pub note: Option<String>,
    /// Its lot.
    #[diesel(sql_type = BigInt)]
    pub lot_id: LotId,
    /// The number of the lot.
    #[diesel(sql_type = Text)]
    pub lot_number: String,
    /// Last day of use of the lot.
    #[diesel(sql_type = Nullable<Date>)]
    pub expires_on: Option<NaiveDate>,
    /// Its bin.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
    /// What the person is.
    #[diesel(sql_type = Nullable<Text>)]
    pub role: Option<Role>,
    /// The reader that saw it.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_key: Option<String>,
}

/// Moves of an item at a place, the newest first, and where the next page starts.
///
/// # Errors
/// When the database fails.
pub async fn list_moves(
    mut conn: &AsyncPgConnection,
    key: StockKey,
    after: Option<MoveCursor>,
    limit: i64,
) -> QueryResult<(Vec<MoveLine>, Option<MoveCursor>)> {
    let mut rows: Vec<MoveLine> = sql_query(STOCK_MOVES_SQL)
        .bind::<BigInt, _>(key.item_id)
        .bind::<BigInt, _>(key.stock_place_id)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(limit + 1)
        .load(&mut conn)
        .await?;
    let has_more = cut(&mut rows, limit);
    let next = rows.last().filter(|_| has_more).map(|row| MoveCursor {
        at: row.happened_at,
        id: row.move_id,
    });
    Ok((rows, next))
}

/// A bin that stock of an item may be moved to.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TransferTarget {
    /// Its place.
    #[diesel(sql_type = BigInt)]
    pub stock_place_id: StockPlaceId,
    /// The name of the place.
    #[diesel(sql_type = Text)]
    pub stock_place_name: String,
    /// The bin.
    #[diesel(sql_type = BigInt)]
    pub bin_id: BinId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub bin_name: String,
}

/// The usual bins of all places that hold an item and do not count themselves, by the names of the places; at most [`TARGETS_MAX`].
///
/// # Errors
/// When the database fails.
pub async fn list_transfer_targets(
    mut conn: &AsyncPgConnection,
    id: ItemId,
) -> QueryResult<Vec<TransferTarget>> {
    sql_query(TRANSFER_TARGETS_SQL)
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(TARGETS_MAX)
        .load(&mut conn)
        .await
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_back_and_nonsense_is_not() {
        let cursor = NameCursor {
            name: "no. 4, \u{df}".to_owned(),
            id: 12,
        };
        assert_eq!(NameCursor::parse(&cursor.to_string()), Some(cursor));
        for text in ["", "7", "x.y", "1.a\0"] {
            assert_eq!(NameCursor::parse(text), None, "{text}");
        }
        let lot = LotCursor::parse("2026-11-30.4.5").unwrap();
        assert_eq!(LotCursor::parse(&lot.to_string()), Some(lot));
        for text in [
            "",
            "2026-11-30",
            "2026-13-30.4.5",
            "+99999-01-01.1.1",
            "2026-11-30.4.x",
        ] {
            assert_eq!(LotCursor::parse(text), None, "{text}");
        }
    }
}
