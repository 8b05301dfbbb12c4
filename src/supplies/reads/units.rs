//! Labelled pieces: what a label stands for, and where the books have it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::codes::epc::sgtin_96;
use crate::db::schema::tag;
use crate::db::types::{StockReason, Technology};
use crate::ids::{BinId, ItemId, LotId, StockPlaceId, TagId};
use crate::supplies::acts::{LotLabel, find_or_insert_lot};
use crate::supplies::ledger::{MovedBy, NewMove, StockKey};

/// Pieces that the books have in a cabinet.
pub const CABINET_UNITS_SQL: &str = include_str!("../sql/cabinet_units.sql");

/// What a label can be of: the item whose GTIN it carries.
#[derive(QueryableByName)]
struct Product {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    units: i64,
}

/// Registers labels that name a product of the catalogue (SGTIN-96), of a lot that nobody told. Returns them, and how many others there are.
pub(super) async fn register_labels(
    conn: &mut AsyncPgConnection,
    keys: &[String],
    now: DateTime<Utc>,
) -> QueryResult<(Vec<TagId>, i64)> {
    let gtins: BTreeMap<&str, String> = keys
        .iter()
        .filter_map(|key| Some((key.as_str(), sgtin_96(key.strip_prefix("epc:")?)?.gtin)))
        .collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    if gtins.is_empty() {
        return Ok((Vec::new(), count(keys.len())));
    }
    let products: Vec<Product> = sql_query(
        "SELECT c.code, c.item_id, coalesce(p.units, 1) AS units FROM item_code c JOIN item i ON i.id = c.item_id \
         LEFT JOIN item_pack p ON p.id = c.item_pack_id WHERE c.code = ANY ($1) AND NOT i.is_retired",
    )
    .bind::<Array<Text>, _>(gtins.values().collect::<Vec<_>>())
    .load(conn)
    .await?;
    let products: BTreeMap<&str, (ItemId, i64)> = products
        .iter()
        .map(|product| (product.code.as_str(), (product.item_id, product.units)))
        .collect();
    let mut lots: BTreeMap<ItemId, LotId> = BTreeMap::new();
    let mut registered = Vec::new();
    for (key, gtin) in &gtins {
        let Some((item_id, units)) = products.get(gtin.as_str()) else {
            continue;
        };
        let lot_id = if let Some(lot_id) = lots.get(item_id) {
            *lot_id
        } else {
            let lot_id = find_or_insert_lot(conn, *item_id, LotLabel::default(), now).await?;
            lots.insert(*item_id, lot_id);
            lot_id
        };
        registered.push((*key, *item_id, lot_id, *units));
    }
    let tag_ids = insert_labels(conn, &registered).await?;
    let foreign = count(keys.len()) - count(tag_ids.len());
    Ok((tag_ids, foreign))
}

/// Stores labels of pieces: key, item, lot and base units. Those that are something else already are left out.
///
/// # Errors
/// When the database fails.
pub async fn insert_labels(
    conn: &mut AsyncPgConnection,
    labels: &[(&str, ItemId, LotId, i64)],
) -> QueryResult<Vec<TagId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        tag_id: TagId,
    }
    if labels.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = labels
        .iter()
        .map(|(key, ..)| (tag::tag_key.eq(*key), tag::technology.eq(Technology::Rfid)))
        .collect();
    diesel::insert_into(tag::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let keys: Vec<&str> = labels.iter().map(|(key, ..)| *key).collect();
    let items: Vec<ItemId> = labels.iter().map(|(_, item_id, ..)| *item_id).collect();
    let lots: Vec<LotId> = labels.iter().map(|(_, _, lot_id, _)| *lot_id).collect();
    let units: Vec<i64> = labels.iter().map(|(.., units)| *units).collect();
    let rows: Vec<Row> = sql_query(include_str!("../sql/insert_unit_tags.sql"))
        .bind::<Array<Text>, _>(keys)
        .bind::<Array<BigInt>, _>(items)
        .bind::<Array<BigInt>, _>(lots)
        .bind::<Array<BigInt>, _>(units)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.tag_id).collect())
}

/// A labelled piece as it is stored.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(super) struct Unit {
    #[diesel(sql_type = BigInt)]
    pub(super) tag_id: TagId,
    #[diesel(sql_type = BigInt)]
    pub(super) item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    pub(super) lot_id: LotId,
    #[diesel(sql_type = BigInt)]
    pub(super) units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) bin_id: Option<BinId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) stock_place_id: Option<StockPlaceId>,
    #[diesel(sql_type = SmallInt)]
    pub(super) misses: i16,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) missed_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    pub(super) was_put: bool,
}

impl Unit {
    /// The books have it no longer where they had it.
    pub(super) fn leaves(
        &self,
        reason: StockReason,
        by: MovedBy,
        at: DateTime<Utc>,
    ) -> Option<NewMove<'static>> {
        let (bin_id, stock_place_id) = (self.bin_id?, self.stock_place_id?);
        Some(self.moved(reason, (stock_place_id, bin_id), -self.units, by, at))
    }

    pub(super) fn moved(
        &self,
        reason: StockReason,
        (stock_place_id, bin_id): (StockPlaceId, BinId),
        quantity: i64,
        by: MovedBy,
        happened_at: DateTime<Utc>,
    ) -> NewMove<'static> {
        NewMove {
            reason,
            key: StockKey {
                item_id: self.item_id,
                stock_place_id,
            },
            lot_id: self.lot_id,
            bin_id,
            quantity,
            happened_at,
            by,
            order_line_id: None,
            undoes_id: None,
            note: None,
        }
    }
}

pub(super) async fn lock_units(
    conn: &mut AsyncPgConnection,
    place: Option<StockPlaceId>,
    tag_ids: &[TagId],
) -> QueryResult<Vec<Unit>> {
    sql_query(CABINET_UNITS_SQL)
        .bind::<Nullable<BigInt>, _>(place)
        .bind::<Array<BigInt>, _>(tag_ids)
        .load(conn)
        .await
}
