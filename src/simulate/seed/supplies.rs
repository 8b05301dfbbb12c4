//! Stock of a hospital that holds none at all yet: catalogue, places, bins, rules and what is in them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::noise::Chance;
use super::super::supplies::{
    KINDS, ROUNDS, SIZES, SUPPLIERS, TWO_BIN_EVERY, item_number, used_a_day,
};
use crate::db::schema::{
    bin, item, item_pack, lot, room, stock_place, stock_rule, stocking, supplier, supply_round,
};
use crate::db::types::{RoomKind, StockPlaceKind, StockReason};
use crate::ids::{BinId, ItemId, LotId, RoomId, RoundId, StockPlaceId, SupplierId};
use crate::supplies::carry::write_in_force;
use crate::supplies::ledger::{MovedBy, NewMove, StockKey, post};
use crate::supplies::settle::settle;

/// Supply rooms at most.
const PLACES_MAX: usize = 6;
/// Cabinets at most.
const CABINETS_MAX: usize = 3;
/// Days of use before today, and every how many of them something is taken.
const PAST_DAYS: i64 = 56;
const TAKEN_EVERY: i64 = 2;
/// What an order costs, and holding one piece for a year.
const ORDER_COST: f64 = 12.0;
const HOLDING_COST: f64 = 0.4;
/// Items that one place holds: 40 kinds, one size each, so that places differ.
const DAYS_OF_STOCK: i64 = 4;

/// An item as it was stored.
#[derive(Clone, Copy)]
struct Item {
    id: ItemId,
    pack_units: i64,
    a_day: i64,
}

/// Stores supplies when there are none. Returns how many rows were inserted.
///
/// # Errors
/// When a statement fails.
pub async fn store_supplies(
    conn: &mut AsyncPgConnection,
    seed: u64,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let known: i64 = item::table.count().get_result(conn).await?;
    let rooms = list_rooms(conn).await?;
    if known > 0 || rooms.is_empty() {
        return Ok(0);
    }
    let mut chance = Chance::new(&[seed, 0x57_0C4]);
    let items = store_catalogue(conn).await?;
    let places = store_places(conn, &rooms).await?;
    let mut inserted = items.len() + places.len();
    for (position, (place, is_cabinet)) in places.iter().enumerate() {
        let held: Vec<(usize, Item)> = items
            .iter()
            .copied()
            .enumerate()
            .filter(|(number, _)| {
                let (kind, size) = (number / SIZES.len(), number % SIZES.len());
                // A cabinet holds what is dear; a room one or two sizes of every kind.
                let is_dear = kind % 8 == position % 8;
                if *is_cabinet {
                    is_dear
                } else {
                    size == 1 || (kind + position) % 4 == size
                }
            })
            .collect();
        inserted += store_stock(conn, (*place, *is_cabinet), &held, &mut chance, now).await?;
    }
    Ok(inserted)
}

/// Rooms that hold supplies, those of wards first, and nurse stations, where cabinets stand.
async fn list_rooms(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(RoomId, String, RoomKind)>> {
    room::table
        .filter(room::kind.eq_any([
            RoomKind::SupplyRoom,
            RoomKind::CleanUtility,
            RoomKind::NurseStation,
        ]))
        .order((room::kind.desc(), room::name, room::id))
        .select((room::id, room::name, room::kind))
        .load(conn)
        .await
}

async fn store_catalogue(conn: &mut AsyncPgConnection) -> QueryResult<Vec<Item>> {
    let rows: Vec<_> = SUPPLIERS
        .iter()
        .map(|(name, days, deviation)| {
            (
                supplier::name.eq(*name),
                supplier::lead_days.eq(*days),
                supplier::lead_deviation_days.eq(*deviation),
                supplier::order_cost.eq(ORDER_COST),
            )
        })
        .collect();
    let suppliers: Vec<SupplierId> = diesel::insert_into(supplier::table)
        .values(rows)
        .returning(supplier::id)
        .get_results(conn)
        .await?;
    let numbered: Vec<_> = KINDS
        .iter()
        .enumerate()
        .flat_map(|(number, kind)| {
            SIZES
                .iter()
                .enumerate()
                .map(move |(size, (word, _))| (number, kind, size, *word))
        })
        .collect();
    let rows: Vec<_> = numbered
        .iter()
        .map(|(number, kind, size, word)| {
            (
                item::item_number.eq(item_number(*number, *size)),
                item::name.eq(format!("{}, {word}", kind.name)),
                item::base_unit.eq(kind.unit),
                item::category.eq(kind.category),
                item::supplier_id.eq(suppliers.get(kind.supplier)),
                item::holding_cost.eq(HOLDING_COST),
            )
        })
        .collect();
    let ids: Vec<ItemId> = diesel::insert_into(item::table)
        .values(rows)
        .returning(item::id)
        .get_results(conn)
        .await?;
    let packs: Vec<_> = ids
        .iter()
        .zip(&numbered)
        .filter(|(_, (_, kind, ..))| kind.pack_units > 1)
        .map(|(id, (_, kind, ..))| {
            (
                item_pack::item_id.eq(*id),
                item_pack::name.eq(kind.pack_name),
                item_pack::units.eq(kind.pack_units),
                item_pack::is_ordered.eq(true),
            )
        })
        .collect();
    diesel::insert_into(item_pack::table)
        .values(packs)
        .execute(conn)
        .await?;
    let items = ids
        .iter()
        .zip(&numbered)
        .map(|(id, (_, kind, size, _))| Item {
            id: *id,
            pack_units: kind.pack_units,
            a_day: used_a_day(kind, *size),
        });
    Ok(items.collect())
}

/// Supply rooms and cabinets; whether it is a cabinet.
async fn store_places(
    conn: &mut AsyncPgConnection,
    rooms: &[(RoomId, String, RoomKind)],
) -> QueryResult<Vec<(StockPlaceId, bool)>> {
    let rows: Vec<_> = ROUNDS
        .iter()
        .map(|(name, days)| {
            (
                supply_round::name.eq(*name),
                supply_round::every_days.eq(*days),
            )
        })
        .collect();
    let rounds: Vec<RoundId> = diesel::insert_into(supply_round::table)
        .values(rows)
        .returning(supply_round::id)
        .get_results(conn)
        .await?;
    let is_store = |kind: &RoomKind| *kind != RoomKind::NurseStation;
    let stores = rooms
        .iter()
        .filter(|(_, _, kind)| is_store(kind))
        .take(PLACES_MAX);
    let stations = rooms
        .iter()
        .filter(|(_, _, kind)| !is_store(kind))
        .take(CABINETS_MAX);
    let planned: Vec<_> = stores
        .map(|(id, name, _)| (*id, name.clone(), StockPlaceKind::Room))
        .chain(
            stations
                .map(|(id, name, _)| (*id, format!("Cabinet, {name}"), StockPlaceKind::Cabinet)),
        )
        .collect();
    let rows: Vec<_> = planned
        .iter()
        .enumerate()
        .map(|(position, (room_id, name, kind))| {
            (
                stock_place::kind.eq(*kind),
                stock_place::name.eq(name),
                stock_place::room_id.eq(*room_id),
                stock_place::supply_round_id.eq(rounds.get(position % ROUNDS.len())),
            )
        })
        .collect();
    let ids: Vec<StockPlaceId> = diesel::insert_into(stock_place::table)
        .values(rows)
        .returning(stock_place::id)
        .get_results(conn)
        .await?;
    let is_cabinet = planned
        .iter()
        .map(|(_, _, kind)| *kind == StockPlaceKind::Cabinet);
    Ok(ids.into_iter().zip(is_cabinet).collect())
}

/// Bins, rules, lots and levels of a place.
async fn store_stock(
    conn: &mut AsyncPgConnection,
    (place, is_cabinet): (StockPlaceId, bool),
    held: &[(usize, Item)],
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let is_two_bin = |position: usize| !is_cabinet && position.is_multiple_of(TWO_BIN_EVERY);
    let names = held.iter().enumerate().flat_map(|(position, _)| {
        let shelf = char::from(b'A' + u8::try_from(position / 12).unwrap_or(25).min(25));
        let bins = if is_two_bin(position) { 2 } else { 1 };
        (0..bins).map(move |second| {
            let suffix = if second == 0 { "" } else { "b" };
            (
                position,
                format!("{shelf}-{:02}{suffix}", position % 12 + 1),
            )
        })
    });
    let names: Vec<(usize, String)> = names.collect();
    let rows: Vec<_> = names
        .iter()
        .map(|(_, name)| (bin::stock_place_id.eq(place), bin::name.eq(name)))
        .collect();
    let bins: Vec<BinId> = diesel::insert_into(bin::table)
        .values(rows)
        .returning(bin::id)
        .get_results(conn)
        .await?;
    let bins_of = |position: usize| {
        let mut of = names
            .iter()
            .zip(&bins)
            .filter(|((at, _), _)| *at == position)
            .map(|(_, id)| *id);
        (of.next(), of.next())
    };
    let today = now.date_naive();
    let (mut rows, mut rules) = (Vec::new(), Vec::new());
    let (mut stock, mut lots) = (Vec::new(), Vec::new());
    for (position, (number, item)) in held.iter().enumerate() {
        let (Some(first), second) = bins_of(position) else {
            continue;
        };
        let point = item.a_day * 3;
        let par = point + item.a_day * DAYS_OF_STOCK + item.pack_units;
        let one_bin = par / 2 + 1;
        let taken = past_use(item.a_day, chance);
        rows.push((
            stocking::item_id.eq(item.id),
            stocking::stock_place_id.eq(place),
            stocking::bin_id.eq(first),
            stocking::second_bin_id.eq(second),
            stocking::fixed_quantity.eq(second.map(|_| one_bin)),
            stocking::use_per_day.eq(mean_use(&taken)),
            stocking::settled_at.eq(now),
        ));
        rules.push((
            stock_rule::item_id.eq(item.id),
            stock_rule::stock_place_id.eq(place),
            stock_rule::reorder_point.eq(point),
            stock_rule::par.eq(par),
            stock_rule::fixed_quantity.eq(second.map(|_| one_bin)),
        ));
        lots.push((item.id, *number, expiry(today, chance)));
        // An ordinary morning: most places hold enough, some are near their point.
        let part = 30 + i64::from(chance.below(70));
        let first_bin = if second.is_some() {
            one_bin
        } else {
            (par * part / 100).max(1)
        };
        stock.push((item.id, first, first_bin, taken));
        stock.extend(second.map(|second| (item.id, second, one_bin, Vec::new())));
    }
    let inserted = rows.len() + bins.len();
    diesel::insert_into(stock_rule::table)
        .values(rules)
        .execute(conn)
        .await?;
    diesel::insert_into(stocking::table)
        .values(rows)
        .execute(conn)
        .await?;
    let lots = store_lots(conn, &lots, now).await?;
    let mut moves = Vec::new();
    for (item_id, bin_id, quantity, taken) in &stock {
        let Some((_, lot_id)) = lots.iter().find(|(of, _)| of == item_id) else {
            continue;
        };
        let stock_move = |reason, quantity, days_ago| NewMove {
            reason,
            key: StockKey {
                item_id: *item_id,
                stock_place_id: place,
            },
            lot_id: *lot_id,
            bin_id: *bin_id,
            quantity,
            happened_at: now - TimeDelta::days(days_ago),
            by: MovedBy::Command,
            order_line_id: None,
            undoes_id: None,
            note: None,
        };
        let before: i64 = taken.iter().map(|(_, used)| used).sum();
        moves.push(stock_move(
            StockReason::Count,
            quantity + before,
            PAST_DAYS + 1,
        ));
        let issues = taken.iter();
        moves.extend(issues.map(|(ago, used)| stock_move(StockReason::Issue, -used, *ago)));
    }
    let keys: Vec<StockKey> = held
        .iter()
        .map(|(_, item)| StockKey {
            item_id: item.id,
            stock_place_id: place,
        })
        .collect();
    write_in_force(conn, &keys, now).await?;
    post(conn, &moves, now).await?;
    settle(conn, &keys, now).await?;
    Ok(inserted + moves.len())
}

/// What was taken in the last weeks, the oldest first: days ago, and how much.
fn past_use(a_day: i64, chance: &mut Chance) -> Vec<(i64, i64)> {
    let days = 1..=PAST_DAYS;
    days.rev()
        .filter(|ago| ago % TAKEN_EVERY == 0)
        .map(|ago| {
            let percent = 50 + i64::from(chance.below(100));
            (ago, (a_day * TAKEN_EVERY * percent / 100).max(1))
        })
        .collect()
}

/// Mean of a day.
fn mean_use(taken: &[(i64, i64)]) -> f32 {
    let sum: i64 = taken.iter().map(|(_, used)| used).sum();
    let hundredths = u16::try_from(sum * 100 / PAST_DAYS).unwrap_or(u16::MAX);
    f32::from(hundredths) / 100.0
}

/// Most lots last for long, some expire within the quarter, and now and then one already has.
fn expiry(today: NaiveDate, chance: &mut Chance) -> Option<NaiveDate> {
    let days = match chance.below(200) {
        0 => -2,
        1..=12 => 25,
        13..=30 => 70,
        31..=70 => return None,
        more => 100 + i64::from(more) * 4,
    };
    Some(today + TimeDelta::days(days))
}

/// One lot an item and place; a lot that another place holds is found again.
async fn store_lots(
    conn: &mut AsyncPgConnection,
    lots: &[(ItemId, usize, Option<NaiveDate>)],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(ItemId, LotId)>> {
    let rows: Vec<_> = lots
        .iter()
        .map(|(item_id, number, expires_on)| {
            let code = expires_on.map_or(0, |day| day.to_epoch_days());
            (
                lot::item_id.eq(*item_id),
                lot::lot_number.eq(format!(
                    "{:02}K{:04}",
                    number % 100,
                    code.rem_euclid(10_000)
                )),
                lot::expires_on.eq(*expires_on),
                lot::first_received_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(lot::table)
        .values(rows)
        .on_conflict((lot::item_id, lot::lot_number, lot::expires_on))
        .do_update()
        .set(lot::lot_number.eq(diesel::upsert::excluded(lot::lot_number)))
        .returning((lot::item_id, lot::id))
        .get_results(conn)
        .await
}
