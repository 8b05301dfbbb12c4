//! Full inventories of cabinets: kept part by part, then compared with the books (R25).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::InventoryPart;
use super::units::{Unit, lock_units, register_labels};
use crate::db::schema::{bin, cabinet, inventory_part, stock_level, stocking};
use crate::db::types::StockReason;
use crate::ids::{BinId, ItemId, LotId, StockPlaceId, TagId};
use crate::supplies::acts::receive_by_reader;
use crate::supplies::cabinet::{Compared, Follows, Held, compare, follows};
use crate::supplies::ledger::{MovedBy, NewMove, StockKey, lock, post};

/// Number, time, labels and how many labels were foreign.
type KeptPart = (i32, DateTime<Utc>, Vec<Option<TagId>>, i64);
/// Where a label is now, whether that changed, how often it was missed and since when.
type Noted = (Option<BinId>, bool, i16, Option<DateTime<Utc>>);

/// Keeps a part, and applies the inventory when all parts of it are there.
pub(super) async fn take_part(
    conn: &mut AsyncPgConnection,
    part: &InventoryPart,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let (last, counts_anew) = lock_cabinet(conn, part.stock_place_id).await?;
    if follows(last, part.seq, part.taken_at) == Follows::Over {
        metrics::counter!("wardtrack_cabinet_inventories_over_total").increment(1);
        return Ok(0);
    }
    let (mut tag_ids, foreign) = register_labels(conn, &part.unknown, now).await?;
    tag_ids.extend(&part.tag_ids);
    keep_part(conn, part, &tag_ids, part.foreign + foreign).await?;
    if part.is_damaged {
        // It waits for a part that never comes: until the next whole inventory the cabinet is as of the last one, and says so (R24).
        // The first one that waits says that; a label that is refused each time must not fill the table.
        sql_query(
            "DELETE FROM inventory_part p WHERE p.reader_id = $1 AND p.taken_at < $2 \
             AND p.taken_at > (SELECT min(f.taken_at) FROM inventory_part f WHERE f.reader_id = $1)",
        )
        .bind::<BigInt, _>(part.reader_id)
        .bind::<Timestamptz, _>(part.taken_at)
        .execute(conn)
        .await?;
        return Ok(0);
    }
    let parts: Vec<KeptPart> = inventory_part::table
        .filter(inventory_part::reader_id.eq(part.reader_id))
        .filter(inventory_part::seq.eq(part.seq))
        .filter(inventory_part::parts.eq(part.parts))
        .select((
            inventory_part::part,
            inventory_part::taken_at,
            inventory_part::tag_ids,
            inventory_part::foreign_tags,
        ))
        .load(conn)
        .await?;
    if parts.len() < usize::try_from(part.parts).unwrap_or(usize::MAX) {
        return Ok(0);
    }
    // The counts are as of the earliest part: what happened after it may be in it or not.
    let taken_at = parts
        .iter()
        .map(|(_, at, ..)| *at)
        .min()
        .unwrap_or(part.taken_at);
    let Follows::Newer { missed } = follows(last, part.seq, taken_at) else {
        return Ok(0);
    };
    let foreign: i64 = parts.iter().map(|(.., foreign)| foreign).sum();
    let present = parts
        .into_iter()
        .flat_map(|(_, _, tags, _)| tags.into_iter().flatten())
        .collect();
    diesel::delete(
        inventory_part::table
            .filter(inventory_part::reader_id.eq(part.reader_id))
            .filter(
                inventory_part::taken_at
                    .le(taken_at)
                    .or(inventory_part::seq.eq(part.seq)),
            ),
    )
    .execute(conn)
    .await?;
    diesel::update(cabinet::table.find(part.stock_place_id))
        .set((
            cabinet::inventory_seq.eq(part.seq),
            cabinet::inventory_at.eq(taken_at),
            cabinet::gaps.eq(cabinet::gaps + missed),
            cabinet::foreign_tags.eq(foreign),
            cabinet::counts_anew.eq(false),
        ))
        .execute(conn)
        .await?;
    if counts_anew {
        return count_anew(conn, part, &present, taken_at, now).await;
    }
    apply_inventory(conn, part, &present, taken_at, now).await
}

/// The last inventory of a cabinet, and whether the next one counts anew; whoever applies the next one waits here.
async fn lock_cabinet(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<(Option<(i64, DateTime<Utc>)>, bool)> {
    diesel::insert_into(cabinet::table)
        .values(cabinet::stock_place_id.eq(place))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let (seq, at, counts_anew): (Option<i64>, Option<DateTime<Utc>>, bool) = cabinet::table
        .find(place)
        .select((
            cabinet::inventory_seq,
            cabinet::inventory_at,
            cabinet::counts_anew,
        ))
        .for_update()
        .first(conn)
        .await?;
    Ok((seq.zip(at), counts_anew))
}

async fn keep_part(
    conn: &mut AsyncPgConnection,
    part: &InventoryPart,
    tag_ids: &[TagId],
    foreign: i64,
) -> QueryResult<()> {
    use diesel::query_dsl::methods::FilterDsl as _;
    diesel::insert_into(inventory_part::table)
        .values((
            inventory_part::reader_id.eq(part.reader_id),
            inventory_part::seq.eq(part.seq),
            inventory_part::part.eq(part.part),
            inventory_part::parts.eq(part.parts.saturating_add(i32::from(part.is_damaged))),
            inventory_part::taken_at.eq(part.taken_at),
            inventory_part::tag_ids.eq(tag_ids),
            inventory_part::foreign_tags.eq(foreign),
        ))
        .on_conflict((
            inventory_part::reader_id,
            inventory_part::seq,
            inventory_part::part,
        ))
        .do_update()
        // A cabinet that counts anew uses its numbers again: the newer part stands.
        .set((
            inventory_part::parts.eq(diesel::upsert::excluded(inventory_part::parts)),
            inventory_part::taken_at.eq(diesel::upsert::excluded(inventory_part::taken_at)),
            inventory_part::tag_ids.eq(diesel::upsert::excluded(inventory_part::tag_ids)),
            inventory_part::foreign_tags.eq(diesel::upsert::excluded(inventory_part::foreign_tags)),
        ))
        .filter(inventory_part::taken_at.lt(diesel::upsert::excluded(inventory_part::taken_at)))
        .execute(conn)
        .await
        .map(drop)
}

/// Compares a full inventory with the books and appends what changed.
async fn apply_inventory(
    conn: &mut AsyncPgConnection,
    part: &InventoryPart,
    present: &BTreeSet<TagId>,
    taken_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let place = part.stock_place_id;
    let tag_ids: Vec<TagId> = present.iter().copied().collect();
    let units = lock_units(conn, Some(place), &tag_ids).await?;
    let held: Vec<Held> = units
        .iter()
        .filter(|unit| unit.stock_place_id == Some(place))
        .map(|unit| Held {
            tag_id: unit.tag_id,
            misses: unit.misses,
            missed_since: unit.missed_since,
        })
        .collect();
    let compared = compare(&held, present, taken_at);
    let units: BTreeMap<TagId, Unit> = units.iter().map(|unit| (unit.tag_id, *unit)).collect();
    let put_items = compared.put.iter().filter_map(|tag_id| units.get(tag_id));
    let bins = usual_bins(conn, place, put_items.map(|unit| unit.item_id).collect()).await?;
    let by = |tag_id| MovedBy::Reader(part.reader_id, part.batch_id, tag_id);
    let (mut moves, mut put) = (Vec::new(), Vec::new());
    for (tag_id, since) in &compared.taken {
        let unit = units.get(tag_id);
        moves.extend(unit.and_then(|u| u.leaves(StockReason::CabinetTake, by(*tag_id), *since)));
    }
    for tag_id in &compared.put {
        let Some(unit) = units.get(tag_id) else {
            continue;
        };
        let Some(bin_id) = bins.get(&unit.item_id) else {
            continue;
        };
        // From another cabinet: it was taken there, whatever that one says later.
        moves.extend(unit.leaves(StockReason::CabinetTake, by(*tag_id), taken_at));
        moves.push(unit.moved(
            StockReason::CabinetPut,
            (place, *bin_id),
            unit.units,
            by(*tag_id),
            taken_at,
        ));
        put.push((*tag_id, *bin_id));
    }
    note_units(conn, &compared, &put).await?;
    let mut keys: Vec<StockKey> = moves.iter().map(|next| next.key).collect();
    keys.sort_unstable();
    keys.dedup();
    lock(conn, &keys).await?;
    // What a cabinet had before was put back, or was not read for a while: only what is new came with an order.
    let is_new = |by: MovedBy| {
        let MovedBy::Reader(.., tag_id) = by else {
            return false;
        };
        units.get(&tag_id).is_some_and(|unit| !unit.was_put)
    };
    for key in keys {
        let is_put = |next: &&mut NewMove<'_>| {
            next.reason == StockReason::CabinetPut && next.key == key && is_new(next.by)
        };
        let put: Vec<&mut NewMove<'_>> = moves.iter_mut().filter(is_put).collect();
        let pieces: Vec<i64> = put.iter().map(|next| next.quantity).collect();
        let lines = receive_by_reader(conn, key, &pieces, now).await?;
        for (next, line) in put.into_iter().zip(lines) {
            next.order_line_id = line;
        }
    }
    post(conn, &moves, now).await?;
    Ok(moves.len())
}

/// The first inventory of a reader that is new to the cabinet: what it tells is there, whatever people booked before. The difference is a
/// count by the reader; orders are left alone, because nobody knows what came with them.
async fn count_anew(
    conn: &mut AsyncPgConnection,
    part: &InventoryPart,
    present: &BTreeSet<TagId>,
    taken_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let place = part.stock_place_id;
    let tag_ids: Vec<TagId> = present.iter().copied().collect();
    let units = lock_units(conn, Some(place), &tag_ids).await?;
    let (here, gone): (Vec<&Unit>, Vec<&Unit>) = units
        .iter()
        .partition(|unit| present.contains(&unit.tag_id));
    let bins = usual_bins(conn, place, here.iter().map(|unit| unit.item_id).collect()).await?;
    // From another cabinet: it was taken there.
    let by = |tag_id| MovedBy::Reader(part.reader_id, part.batch_id, tag_id);
    let elsewhere = here
        .iter()
        .filter(|unit| unit.stock_place_id != Some(place));
    let mut moves: Vec<NewMove<'_>> = elsewhere
        .filter_map(|unit| unit.leaves(StockReason::CabinetTake, by(unit.tag_id), taken_at))
        .collect();
    let held = list_levels(conn, place).await?;
    let mut keys: Vec<StockKey> = moves.iter().map(|next| next.key).collect();
    let items = here.iter().map(|unit| unit.item_id);
    keys.extend(
        items
            .chain(held.keys().map(|(item_id, ..)| *item_id))
            .map(|item_id| StockKey {
                item_id,
                stock_place_id: place,
            }),
    );
    keys.sort_unstable();
    keys.dedup();
    lock(conn, &keys).await?;
    // Read again under the locks: nothing moves now.
    let mut differences = list_levels(conn, place).await?;
    for level in differences.values_mut() {
        *level = level.saturating_neg();
    }
    let (mut put, mut taken) = (Vec::new(), Vec::new());
    for unit in here {
        if let Some(bin_id) = bins.get(&unit.item_id) {
            *differences
                .entry((unit.item_id, *bin_id, unit.lot_id))
                .or_default() += unit.units;
            put.push((unit.tag_id, *bin_id));
        }
    }
    taken.extend(gone.iter().map(|unit| (unit.tag_id, taken_at)));
    let compared = Compared {
        taken,
        ..Compared::default()
    };
    note_units(conn, &compared, &put).await?;
    let differences = differences.into_iter().filter(|(_, change)| *change != 0);
    moves.extend(
        differences.map(|((item_id, bin_id, lot_id), quantity)| NewMove {
            reason: StockReason::Count,
            key: StockKey {
                item_id,
                stock_place_id: place,
            },
            lot_id,
            bin_id,
            quantity,
            happened_at: taken_at,
            by: MovedBy::Inventory(part.reader_id, part.batch_id),
            order_line_id: None,
            undoes_id: None,
            note: None,
        }),
    );
    post(conn, &moves, now).await?;
    Ok(moves.len())
}

/// What the books have in a place, by item, bin and lot.
async fn list_levels(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<BTreeMap<(ItemId, BinId, LotId), i64>> {
    type Level = (ItemId, BinId, LotId, i64);
    let levels: Vec<Level> = stock_level::table
        .filter(stock_level::stock_place_id.eq(place))
        .filter(stock_level::on_hand.ne(0))
        .select((
            stock_level::item_id,
            stock_level::bin_id,
            stock_level::lot_id,
            stock_level::on_hand,
        ))
        .load(conn)
        .await?;
    let levels = levels
        .into_iter()
        .map(|(item_id, bin_id, lot_id, on_hand)| ((item_id, bin_id, lot_id), on_hand));
    Ok(levels.collect())
}

/// Where an item lies in a place: its usual bin; for what is not held there the first bin of all.
async fn usual_bins(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    items: BTreeSet<ItemId>,
) -> QueryResult<BTreeMap<ItemId, BinId>> {
    if items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(ItemId, BinId)> = stocking::table
        .filter(stocking::stock_place_id.eq(place))
        .filter(stocking::item_id.eq_any(&items))
        .select((stocking::item_id, stocking::bin_id))
        .load(conn)
        .await?;
    let mut bins: BTreeMap<ItemId, BinId> = rows.into_iter().collect();
    if bins.len() < items.len() {
        let first: Option<BinId> = bin::table
            .filter(bin::stock_place_id.eq(place))
            .filter(bin::is_retired.eq(false))
            .order((bin::name, bin::id))
            .select(bin::id)
            .first(conn)
            .await
            .optional()?;
        for item_id in items {
            if let Some(first) = first {
                bins.entry(item_id).or_insert(first);
            }
        }
    }
    Ok(bins)
}

/// Where labels are now, and which were not seen.
async fn note_units(
    conn: &mut AsyncPgConnection,
    compared: &Compared,
    put: &[(TagId, BinId)],
) -> QueryResult<()> {
    let mut rows: BTreeMap<TagId, Noted> = BTreeMap::new();
    rows.extend(
        put.iter()
            .map(|(tag, bin)| (*tag, (Some(*bin), true, 0, None))),
    );
    rows.extend(
        compared
            .taken
            .iter()
            .map(|(tag, _)| (*tag, (None, true, 0, None))),
    );
    rows.extend(
        compared
            .back
            .iter()
            .map(|tag| (*tag, (None, false, 0, None))),
    );
    let missed = compared.missed.iter();
    rows.extend(missed.map(|held| (held.tag_id, (None, false, held.misses, held.missed_since))));
    if rows.is_empty() {
        return Ok(());
    }
    let moved: Vec<bool> = rows.values().map(|(_, is_moved, ..)| *is_moved).collect();
    sql_query(include_str!("../sql/note_units.sql"))
        .bind::<Array<BigInt>, _>(rows.keys().copied().collect::<Vec<TagId>>())
        .bind::<Array<Nullable<BigInt>>, _>(rows.values().map(|(bin, ..)| *bin).collect::<Vec<_>>())
        .bind::<Array<diesel::sql_types::Bool>, _>(moved)
        .bind::<Array<SmallInt>, _>(
            rows.values()
                .map(|(_, _, misses, _)| *misses)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Timestamptz>>, _>(
            rows.values().map(|(.., since)| *since).collect::<Vec<_>>(),
        )
        .execute(conn)
        .await
        .map(drop)
}
