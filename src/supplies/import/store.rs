//! Writing a plan, in the caller's transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Progress;
use super::decide::{ItemWrite, PlaceWrite, SupplyPlan};
use crate::supplies::carry::{KeyRow, carry, carry_changed};
use crate::supplies::ledger::StockKey;

/// Rows of one statement.
const PART: usize = 2_000;

/// One import of supplies at a time: what two of them decide would meet in too many ways.
pub(super) async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    sql_query("SELECT pg_advisory_xact_lock(hashtext('wardtrack supplies import'))")
        .execute(conn)
        .await
        .map(drop)
}

pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    plan: &SupplyPlan,
    progress: Progress<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let all = plan.items.len() + plan.places.len();
    let mut done = 0;
    for part in plan.items.chunks(PART) {
        write_items(conn, part).await?;
        done += part.len();
        progress(done, all);
    }
    let mut keys = BTreeSet::new();
    for part in plan.places.chunks(PART) {
        keys.extend(write_places(conn, part).await?);
        done += part.len();
        progress(done, all);
    }
    let written: Vec<StockKey> = keys.iter().copied().collect();
    carry(conn, &written, now).await?;
    let mut others = list_followers(conn, &plan.items).await?;
    others.retain(|key| !keys.contains(key));
    carry_changed(conn, &others, now).await.map(drop)
}

fn column<'a, T, R>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

async fn write_items(conn: &mut AsyncPgConnection, items: &[ItemWrite]) -> QueryResult<()> {
    let numbers = column(items, |item| item.number.as_str());
    sql_query(include_str!("../sql/import_write_items.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .bind::<Array<Text>, _>(column(items, |item| item.name.as_str()))
        .bind::<Array<Text>, _>(column(items, |item| item.unit.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.category.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.supplier.as_deref()))
        .bind::<Array<Text>, _>(column(items, |item| item.class.as_str()))
        .execute(conn)
        .await?;
    let packs: Vec<&ItemWrite> = items.iter().filter(|item| item.pack.is_some()).collect();
    sql_query(include_str!("../sql/import_clear_packs.sql"))
        .bind::<Array<Text>, _>(column(&packs, |item| item.number.as_str()))
        .bind::<Array<Text>, _>(column(&packs, |item| pack_of(item).0))
        .execute(conn)
        .await?;
    sql_query(include_str!("../sql/import_write_packs.sql"))
        .bind::<Array<Text>, _>(column(&packs, |item| item.number.as_str()))
        .bind::<Array<Text>, _>(column(&packs, |item| pack_of(item).0))
        .bind::<Array<BigInt>, _>(column(&packs, |item| pack_of(item).1))
        .execute(conn)
        .await?;
    sql_query(include_str!("../sql/import_write_codes.sql"))
        .bind::<Array<Text>, _>(&numbers)
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.gtin.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.pack_gtin.as_deref()))
        .execute(conn)
        .await
        .map(drop)
}

fn pack_of(item: &ItemWrite) -> (&str, i64) {
    item.pack
        .as_ref()
        .map_or(("", 1), |(name, units)| (name.as_str(), *units))
}

async fn write_places(
    conn: &mut AsyncPgConnection,
    writes: &[PlaceWrite],
) -> QueryResult<Vec<StockKey>> {
    let places = column(writes, |write| write.place.as_str());
    sql_query(include_str!("../sql/import_write_places.sql"))
        .bind::<Array<Text>, _>(&places)
        .bind::<Array<Text>, _>(column(writes, |write| write.kind.as_str()))
        .bind::<Array<Nullable<BigInt>>, _>(column(writes, |write| write.room_id))
        .bind::<Array<Nullable<Text>>, _>(column(writes, |write| write.round.as_deref()))
        .execute(conn)
        .await?;
    sql_query(include_str!("../sql/import_write_bins.sql"))
        .bind::<Array<Text>, _>(&places)
        .bind::<Array<Text>, _>(column(writes, |write| write.bin.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(writes, |write| write.second_bin.as_deref()))
        .execute(conn)
        .await?;
    let keys: Vec<KeyRow> = sql_query(include_str!("../sql/import_write_rules.sql"))
        .bind::<Array<Text>, _>(column(writes, |write| write.number.as_str()))
        .bind::<Array<Text>, _>(&places)
        .bind::<Array<Text>, _>(column(writes, |write| write.bin.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(writes, |write| write.second_bin.as_deref()))
        .bind::<Array<Nullable<BigInt>>, _>(column(writes, |write| write.reorder_point))
        .bind::<Array<Nullable<BigInt>>, _>(column(writes, |write| write.target))
        .bind::<Array<Nullable<BigInt>>, _>(column(writes, |write| write.maximum))
        .bind::<Array<Nullable<BigInt>>, _>(column(writes, |write| write.fixed_quantity))
        .load(conn)
        .await?;
    Ok(keys.iter().map(KeyRow::stock).collect())
}

/// What is computed from packs and suppliers of items follows where these changed.
async fn list_followers(
    conn: &mut AsyncPgConnection,
    items: &[ItemWrite],
) -> QueryResult<Vec<StockKey>> {
    let follows = |item: &&ItemWrite| {
        let inputs = ["pack", "pack_units", "supplier"];
        item.changes
            .iter()
            .any(|change| inputs.contains(&change.column))
    };
    let changed: Vec<&ItemWrite> = items.iter().filter(follows).collect();
    let mut keys = Vec::new();
    for part in changed.chunks(PART) {
        let rows: Vec<KeyRow> = sql_query(
            "SELECT s.item_id, s.stock_place_id FROM stocking s JOIN item i ON i.id = s.item_id WHERE lower(i.item_number) = ANY ($1)",
        )
        .bind::<Array<Text>, _>(column(part, |item| item.number.to_lowercase()))
        .load(conn)
        .await?;
        keys.extend(rows.iter().map(KeyRow::stock));
    }
    Ok(keys)
}
