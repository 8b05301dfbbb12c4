//! Writing a plan, in the caller's transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::decide::{CodeWrite, ItemWrite, PlaceWrite, StockPlaceWrite, SupplyPlan};
use super::{Progress, SupplyImportError};
use crate::ids::{RoomId, StockPlaceId};
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

/// Writes all of it. Each block has to write as many rows as it has: else nothing may stay, and the caller takes it all back.
pub(super) async fn write(
    conn: &mut AsyncPgConnection,
    plan: &SupplyPlan,
    progress: Progress<'_>,
    now: DateTime<Utc>,
) -> Result<(), SupplyImportError> {
    let all = plan.writes();
    let mut done = 0;
    for part in plan.items.chunks(PART) {
        write_items(conn, part).await?;
        done += part.len();
        progress(done, all);
    }
    write_rounds(conn, &plan.new_rounds).await?;
    // All places go before what they hold: the row that says the room of one may come last.
    for part in plan.stock_places.chunks(PART) {
        write_stock_places(conn, part).await?;
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
    carry_changed(conn, &others, now).await?;
    Ok(())
}

/// Whether a statement wrote all that it was given.
fn whole(what: &'static str, given: usize, written: usize) -> Result<(), SupplyImportError> {
    if given == written {
        return Ok(());
    }
    Err(SupplyImportError::NotWhole {
        what,
        given,
        written,
    })
}

fn column<'a, T, R>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

async fn write_items(
    conn: &mut AsyncPgConnection,
    items: &[ItemWrite],
) -> Result<(), SupplyImportError> {
    let written = sql_query(include_str!("../sql/import_write_items.sql"))
        .bind::<Array<Text>, _>(column(items, |item| item.number.as_str()))
        .bind::<Array<Text>, _>(column(items, |item| item.name.as_str()))
        .bind::<Array<Text>, _>(column(items, |item| item.unit.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.category.as_deref()))
        .bind::<Array<Nullable<Text>>, _>(column(items, |item| item.supplier.as_deref()))
        .bind::<Array<Text>, _>(column(items, |item| item.class.as_str()))
        .execute(conn)
        .await?;
    whole("items", items.len(), written)?;
    let packs: Vec<&ItemWrite> = items.iter().filter(|item| item.pack.is_some()).collect();
    sql_query(include_str!("../sql/import_clear_packs.sql"))
        .bind::<Array<Text>, _>(column(&packs, |item| item.number.as_str()))
        .bind::<Array<Text>, _>(column(&packs, |item| pack_of(item).0))
        .execute(conn)
        .await?;
    let written = sql_query(include_str!("../sql/import_write_packs.sql"))
        .bind::<Array<Text>, _>(column(&packs, |item| item.number.as_str()))
        .bind::<Array<Text>, _>(column(&packs, |item| pack_of(item).0))
        .bind::<Array<BigInt>, _>(column(&packs, |item| pack_of(item).1))
        .execute(conn)
        .await?;
    whole("packs", packs.len(), written)?;
    let codes: Vec<(&str, &CodeWrite)> = items
        .iter()
        .flat_map(|item| item.codes.iter().map(|code| (item.number.as_str(), code)))
        .collect();
    let written = sql_query(include_str!("../sql/import_write_codes.sql"))
        .bind::<Array<Text>, _>(column(&codes, |(number, _)| *number))
        .bind::<Array<Text>, _>(column(&codes, |(_, write)| write.code.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(&codes, |(_, write)| write.pack.as_deref()))
        .execute(conn)
        .await?;
    whole("codes", codes.len(), written)
}

fn pack_of(item: &ItemWrite) -> (&str, i64) {
    item.pack
        .as_ref()
        .map_or(("", 1), |(name, units)| (name.as_str(), *units))
}

/// Rounds that are new; how often they go is changed on their page.
async fn write_rounds(conn: &mut AsyncPgConnection, names: &[String]) -> QueryResult<()> {
    sql_query(
        "INSERT INTO supply_round (name) SELECT name FROM unnest($1::text[]) AS u(name) ON CONFLICT (lower(name)) DO NOTHING",
    )
    .bind::<Array<Text>, _>(names)
    .execute(conn)
    .await
    .map(drop)
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = BigInt)]
    written: i64,
}

async fn write_stock_places(
    conn: &mut AsyncPgConnection,
    writes: &[StockPlaceWrite],
) -> Result<(), SupplyImportError> {
    let ids: Vec<Option<StockPlaceId>> = column(writes, |write| write.stock_place_id);
    let rooms: Vec<Option<RoomId>> = column(writes, |write| write.room_id);
    let done: Written = sql_query(include_str!("../sql/import_write_places.sql"))
        .bind::<Array<Nullable<BigInt>>, _>(ids)
        .bind::<Array<Text>, _>(column(writes, |write| write.name.as_str()))
        .bind::<Array<Text>, _>(column(writes, |write| write.kind.as_str()))
        .bind::<Array<Nullable<BigInt>>, _>(rooms)
        .bind::<Array<Nullable<Text>>, _>(column(writes, |write| write.round.as_deref()))
        .get_result(conn)
        .await?;
    let written = usize::try_from(done.written).unwrap_or_default();
    whole("places", writes.len(), written)
}

async fn write_places(
    conn: &mut AsyncPgConnection,
    writes: &[PlaceWrite],
) -> Result<Vec<StockKey>, SupplyImportError> {
    let places = column(writes, |write| write.place.as_str());
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
    whole("items at places", writes.len(), keys.len())?;
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
