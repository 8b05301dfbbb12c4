//! Where an item is held: its place, its usual bin and the second of two.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{ItemError, ItemRefusal, Written, lock_item, part};
use crate::alerts::rules::{Subject, key};
use crate::alerts::store::end;
use crate::db::schema::{bin, order_line, stock_level, stock_place, stock_rule, stocking};
use crate::db::types::{AlertKind, OrderState};
use crate::ids::{BinId, ItemId, StockPlaceId};
use crate::supplies::carry::carry;
use crate::supplies::item_form::ItemFault;
use crate::supplies::ledger::{StockKey, lock};

/// Where an item is held: the place by name, its usual bin and the second of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The place of stock, by name.
    pub place: String,
    /// The usual bin, by name.
    pub bin: String,
    /// The second of two bins, by name.
    pub second_bin: Option<String>,
}

/// Where an item is held, by names, to change it.
///
/// # Errors
/// When the database fails.
pub async fn find_held(mut conn: &AsyncPgConnection, key: StockKey) -> QueryResult<Option<Held>> {
    type Row = (String, BinId, Option<BinId>);
    let found: Option<Row> = stocking::table
        .inner_join(stock_place::table)
        .filter(stocking::item_id.eq(key.item_id))
        .filter(stocking::stock_place_id.eq(key.stock_place_id))
        .select((stock_place::name, stocking::bin_id, stocking::second_bin_id))
        .first(&mut conn)
        .await
        .optional()?;
    let Some((place, first, second)) = found else {
        return Ok(None);
    };
    let bins: Vec<(BinId, String)> = bin::table
        .filter(bin::id.eq_any([Some(first), second].into_iter().flatten()))
        .select((bin::id, bin::name))
        .load(&mut conn)
        .await?;
    let name = |id: BinId| {
        let found = bins.iter().find(|(known, _)| *known == id);
        found.map(|(_, name)| name.clone())
    };
    Ok(Some(Held {
        place,
        bin: name(first).unwrap_or_default(),
        second_bin: second.and_then(name),
    }))
}

/// The place of stock of this name, in any case; held, so that nobody retires it meanwhile.
async fn place_named(conn: &mut AsyncPgConnection, name: &str) -> Result<StockPlaceId, ItemError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: StockPlaceId,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT id FROM stock_place WHERE lower(name) = lower($1) AND NOT is_retired ORDER BY name = $1 DESC, id LIMIT 1 \
         FOR KEY SHARE",
    )
    .bind::<Text, _>(name)
    .load(conn)
    .await?;
    let found = rows.into_iter().next().map(|row| row.id);
    Ok(found.ok_or_else(|| ItemFault::NoPlace(name.to_owned()))?)
}

/// The bin of this name there; one that is new is made, one that was retired is used again.
async fn bin_named(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    name: &str,
) -> QueryResult<BinId> {
    diesel::insert_into(bin::table)
        .values((bin::stock_place_id.eq(place), bin::name.eq(name)))
        .on_conflict((bin::stock_place_id, bin::name))
        .do_update()
        .set(bin::is_retired.eq(false))
        .returning(bin::id)
        .get_result(conn)
        .await
}

pub(super) async fn hold(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    let sheet = lock_item(conn, id).await?;
    if sheet.fields.is_retired {
        return Err(ItemFault::IsRetired.into());
    }
    if held.second_bin.as_deref() == Some(held.bin.as_str()) {
        return Err(ItemFault::SameBin(held.bin.clone()).into());
    }
    let place = place_named(conn, &held.place).await?;
    let key = StockKey {
        item_id: id,
        stock_place_id: place,
    };
    lock(conn, &[key]).await?;
    let first = bin_named(conn, place, &held.bin).await?;
    let second = match &held.second_bin {
        Some(name) => Some(bin_named(conn, place, name).await?),
        None => None,
    };
    // What one of two bins holds is put in with the rules, below.
    diesel::insert_into(stocking::table)
        .values((
            stocking::item_id.eq(id),
            stocking::stock_place_id.eq(place),
            stocking::bin_id.eq(first),
            stocking::second_bin_id.eq(second),
            stocking::fixed_quantity.eq(1_i64),
        ))
        .on_conflict((stocking::item_id, stocking::stock_place_id))
        .do_update()
        .set((
            stocking::bin_id.eq(first),
            stocking::second_bin_id.eq(second),
            stocking::fixed_quantity.eq(1_i64),
        ))
        .execute(conn)
        .await?;
    carry(conn, &[key], now).await?;
    let after = json!({"stock_place_id": place, "bin": held.bin, "second_bin": held.second_bin});
    let mut written = part(id, "item.held", None, Some(after));
    written.stock_place_id = Some(place);
    Ok(written)
}

pub(super) async fn end_holding(
    conn: &mut AsyncPgConnection,
    id: ItemId,
    place: StockPlaceId,
    now: DateTime<Utc>,
) -> Result<Written, ItemError> {
    lock_item(conn, id).await?;
    let key_of = StockKey {
        item_id: id,
        stock_place_id: place,
    };
    lock(conn, &[key_of]).await?;
    // More or less than nothing: somebody has to take it away or count it first.
    let levels: Vec<i64> = stock_level::table
        .filter(stock_level::item_id.eq(id))
        .filter(stock_level::stock_place_id.eq(place))
        .filter(stock_level::on_hand.ne(0))
        .select(stock_level::on_hand)
        .load(conn)
        .await?;
    if !levels.is_empty() {
        return Err(ItemFault::HasStock(levels.iter().sum()).into());
    }
    let lines: Vec<OrderState> = order_line::table
        .filter(order_line::item_id.eq(id))
        .filter(order_line::stock_place_id.eq(place))
        .filter(order_line::ended_at.is_null())
        .select(order_line::state)
        .for_update()
        .load(conn)
        .await?;
    if lines.iter().any(|state| *state != OrderState::Suggested) {
        return Err(ItemFault::HasOrder.into());
    }
    if end_at(conn, &[key_of], now).await? == 0 {
        return Err(ItemRefusal::Gone.into());
    }
    let before = json!({"stock_place_id": place});
    Ok(part(id, "item.no_longer_held", Some(before), None))
}

/// Items are to be held at places no longer: their suggestions, their alerts and their own rules there go with that. The caller holds the
/// locks, and has seen that nothing is left there and nothing on order. Returns how many were held.
pub(super) async fn end_at(
    conn: &mut AsyncPgConnection,
    keys: &[StockKey],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut alerts = Vec::new();
    let mut ended = 0;
    for held in keys {
        diesel::update(order_line::table)
            .filter(order_line::item_id.eq(held.item_id))
            .filter(order_line::stock_place_id.eq(held.stock_place_id))
            .filter(order_line::state.eq(OrderState::Suggested))
            .set((
                order_line::state.eq(OrderState::Withdrawn),
                order_line::ended_at.eq(now),
                order_line::settled_at.eq(now),
            ))
            .execute(conn)
            .await?;
        let subject = Subject::ItemAtPlace(held.item_id, held.stock_place_id);
        alerts.extend(
            [
                AlertKind::Stockout,
                AlertKind::Reorder,
                AlertKind::BothBinsEmpty,
            ]
            .map(|kind| key(kind, subject)),
        );
        diesel::delete(
            stock_rule::table
                .filter(stock_rule::item_id.eq(held.item_id))
                .filter(stock_rule::stock_place_id.eq(held.stock_place_id)),
        )
        .execute(conn)
        .await?;
        ended += diesel::delete(stocking::table.find((held.item_id, held.stock_place_id)))
            .execute(conn)
            .await?;
    }
    alerts.sort();
    end(conn, &alerts, now).await?;
    Ok(ended)
}
