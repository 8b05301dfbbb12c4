//! Stock to read: places, what they hold of which item; items, lots and moves have a file each.

mod items;
mod lots;
mod moves;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

pub use self::items::{
    FIND_ITEMS_SQL, FoundItem, ItemCard, count_days_out, find_item, find_item_by_number,
    find_items, list_used_days,
};
pub use self::lots::{
    EXPIRING_LOTS_SQL, ExpiringLot, ITEM_LOTS_SQL, LotCursor, LotRow, find_lot_label,
    find_lot_of_label, list_expiring_lots, list_item_lots,
};
pub use self::moves::{
    MOVES_PER_PAGE, MoveCursor, MoveLine, STOCK_MOVES_SQL, TARGETS_MAX, TRANSFER_TARGETS_SQL,
    TransferTarget, list_moves, list_transfer_targets,
};
use super::ledger::{StockKey, columns};
use super::settle::{StandingRow, list_standings};
use crate::db::types::StockPlaceKind;
use crate::ids::{AssetId, BinId, ItemId, RoomId, StockPlaceId};

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
/// Places or items on a page.
pub const STOCK_PER_PAGE: i64 = 100;
/// Lots and found items on a page; a page says when there are more.
pub const SHOWN_MAX: i64 = 100;

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

/// The LIKE pattern of texts that contain this one, sign for sign (S-29).
pub(super) fn containing(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
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
    /// The room it is in, or belongs to.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// The cart as a device.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub asset_id: Option<AssetId>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s29_what_people_type_is_no_pattern() {
        assert_eq!(containing("5_%\\"), "%5\\_\\%\\\\%");
    }

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
    }
}
