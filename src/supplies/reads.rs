//! Stock that readers tell of: full inventories of cabinets, cards at the board of empty bins, labelled pieces on their way out.
//!
//! The consumer calls [`apply_reads`] in the transaction of the message, so that the moves, alerts and suggestions that follow are there with it or
//! not at all. Locks: cabinet or card, then label, then what [`super::ledger::lock`] takes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::acts::{LotLabel, empty_bin, find_or_insert_lot, receive_by_reader};
use super::cabinet::{Compared, Follows, Held, compare, follows, is_put_up};
use super::ledger::{MovedBy, NewMove, StockKey, lock, post};
use crate::codes::epc::sgtin_96;
use crate::db::schema::{cabinet, inventory_part, stocking, tag, unit_tag};
use crate::db::types::{StockReason, Technology};
use crate::ids::{BinId, ItemId, LotId, ReaderId, StockPlaceId, TagId};

/// Pieces that the books have in a cabinet.
pub const CABINET_UNITS_SQL: &str = include_str!("sql/cabinet_units.sql");
/// Cards with their bins and what these are of.
pub const BIN_CARDS_SQL: &str = include_str!("sql/bin_cards.sql");

/// One part of a full inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryPart {
    /// The reader in the cabinet.
    pub reader_id: ReaderId,
    /// The cabinet.
    pub stock_place_id: StockPlaceId,
    /// The message it came by.
    pub batch_id: Uuid,
    /// Number of the inventory.
    pub seq: i64,
    /// Which part this is, from 1.
    pub part: i32,
    /// How many parts there are.
    pub parts: i32,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// Labels of pieces that are known.
    pub tag_ids: Vec<TagId>,
    /// Keys of labels that nobody knows yet.
    pub unknown: Vec<String>,
    /// Labels that are no pieces: of devices or bins.
    pub foreign: i64,
}

/// A card or a labelled piece that an antenna for it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockRead {
    /// By which reader.
    pub reader_id: ReaderId,
    /// The message it came by.
    pub batch_id: Uuid,
    /// Which label.
    pub tag_id: TagId,
    /// When.
    pub seen_at: DateTime<Utc>,
}

/// What a transaction of the consumer tells of stock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StockReads {
    /// Parts of inventories in the order of their arrival.
    pub parts: Vec<InventoryPart>,
    /// Cards at the board.
    pub cards: Vec<StockRead>,
    /// Pieces on their way out.
    pub exits: Vec<StockRead>,
}

impl StockReads {
    /// Nothing of stock was told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.cards.is_empty() && self.exits.is_empty()
    }
}

/// Makes stock follow what readers told. Returns how many moves were appended and bins emptied.
///
/// # Errors
/// When the database fails.
pub async fn apply_reads(
    conn: &mut AsyncPgConnection,
    reads: &StockReads,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut changed = 0;
    for part in &reads.parts {
        changed += take_part(conn, part, now).await?;
    }
    if !reads.cards.is_empty() {
        changed += read_cards(conn, &reads.cards, now).await?;
    }
    if !reads.exits.is_empty() {
        changed += read_exits(conn, &reads.exits, now).await?;
    }
    Ok(changed)
}

// Cabinets.

/// Number, time, labels and how many labels were foreign.
type KeptPart = (i32, DateTime<Utc>, Vec<Option<TagId>>, i64);
/// Where a label is now, whether that changed, how often it was missed and since when.
type Noted = (Option<BinId>, bool, i16, Option<DateTime<Utc>>);

/// Keeps a part, and applies the inventory when all parts of it are there.
async fn take_part(
    conn: &mut AsyncPgConnection,
    part: &InventoryPart,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let last = lock_cabinet(conn, part.stock_place_id).await?;
    if follows(last, part.seq, part.taken_at) == Follows::Over {
        metrics::counter!("wardtrack_cabinet_inventories_over_total").increment(1);
        return Ok(0);
    }
    let (mut tag_ids, foreign) = register_labels(conn, &part.unknown, now).await?;
    tag_ids.extend(&part.tag_ids);
    keep_part(conn, part, &tag_ids, part.foreign + foreign).await?;
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
        ))
        .execute(conn)
        .await?;
    apply_inventory(conn, part, &present, taken_at, now).await
}

/// The last inventory of a cabinet; whoever applies the next one waits here.
async fn lock_cabinet(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
) -> QueryResult<Option<(i64, DateTime<Utc>)>> {
    diesel::insert_into(cabinet::table)
        .values(cabinet::stock_place_id.eq(place))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let (seq, at): (Option<i64>, Option<DateTime<Utc>>) = cabinet::table
        .find(place)
        .select((cabinet::inventory_seq, cabinet::inventory_at))
        .for_update()
        .first(conn)
        .await?;
    Ok(seq.zip(at))
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
            inventory_part::parts.eq(part.parts),
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
async fn register_labels(
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
    let rows: Vec<Row> = sql_query(include_str!("sql/insert_unit_tags.sql"))
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
struct Unit {
    #[diesel(sql_type = BigInt)]
    tag_id: TagId,
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    lot_id: LotId,
    #[diesel(sql_type = BigInt)]
    units: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    bin_id: Option<BinId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    stock_place_id: Option<StockPlaceId>,
    #[diesel(sql_type = SmallInt)]
    misses: i16,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    missed_since: Option<DateTime<Utc>>,
}

impl Unit {
    /// The books have it no longer where they had it.
    fn leaves(
        &self,
        reason: StockReason,
        by: MovedBy,
        at: DateTime<Utc>,
    ) -> Option<NewMove<'static>> {
        let (bin_id, stock_place_id) = (self.bin_id?, self.stock_place_id?);
        Some(self.moved(reason, (stock_place_id, bin_id), -self.units, by, at))
    }

    fn moved(
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

async fn lock_units(
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
    let bins = usual_bins(conn, place, &compared, &units).await?;
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
    for key in keys {
        let is_put =
            |next: &&mut NewMove<'_>| next.reason == StockReason::CabinetPut && next.key == key;
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

/// Where an item lies in a place: its usual bin; for what is not held there the first bin of all.
async fn usual_bins(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    compared: &Compared,
    units: &BTreeMap<TagId, Unit>,
) -> QueryResult<BTreeMap<ItemId, BinId>> {
    use crate::db::schema::bin;
    let items: BTreeSet<ItemId> = compared
        .put
        .iter()
        .filter_map(|tag_id| units.get(tag_id))
        .map(|unit| unit.item_id)
        .collect();
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
    sql_query(include_str!("sql/note_units.sql"))
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

// Cards and exits.

#[derive(Clone, Copy, Debug, QueryableByName)]
struct Card {
    #[diesel(sql_type = BigInt)]
    tag_id: TagId,
    #[diesel(sql_type = BigInt)]
    bin_id: BinId,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    board_seen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    filled_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    item_id: Option<ItemId>,
    #[diesel(sql_type = BigInt)]
    stock_place_id: StockPlaceId,
}

/// A card that was put up at the board: its bin is empty, once.
async fn read_cards(
    conn: &mut AsyncPgConnection,
    reads: &[StockRead],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut tag_ids: Vec<TagId> = reads.iter().map(|read| read.tag_id).collect();
    tag_ids.sort_unstable();
    tag_ids.dedup();
    let cards: Vec<Card> = sql_query(BIN_CARDS_SQL)
        .bind::<Array<BigInt>, _>(&tag_ids)
        .load(conn)
        .await?;
    let mut emptied = Vec::new();
    let mut seen = Vec::new();
    for card in &cards {
        let mut board_seen_at = card.board_seen_at;
        let mut of_card: Vec<&StockRead> =
            reads.iter().filter(|r| r.tag_id == card.tag_id).collect();
        of_card.sort_by_key(|read| read.seen_at);
        for read in of_card {
            if is_put_up(board_seen_at, card.filled_at, read.seen_at) {
                emptied.push((*card, *read));
            }
            board_seen_at = board_seen_at.max(Some(read.seen_at));
        }
        seen.extend(board_seen_at.map(|at| (card.tag_id, at)));
    }
    sql_query(
        "UPDATE bin_card c SET board_seen_at = u.seen_at FROM unnest($1::bigint[], $2::timestamptz[]) AS u(tag_id, seen_at) \
         WHERE c.tag_id = u.tag_id",
    )
    .bind::<Array<BigInt>, _>(seen.iter().map(|(tag, _)| *tag).collect::<Vec<TagId>>())
    .bind::<Array<Timestamptz>, _>(seen.iter().map(|(_, at)| *at).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    let stock = |card: &Card| {
        card.item_id.map(|item_id| StockKey {
            item_id,
            stock_place_id: card.stock_place_id,
        })
    };
    let mut keys: Vec<StockKey> = emptied.iter().filter_map(|(card, _)| stock(card)).collect();
    keys.sort_unstable();
    keys.dedup();
    lock(conn, &keys).await?;
    let mut changed = 0;
    for (card, read) in emptied {
        let Some(stock) = stock(&card) else {
            metrics::counter!("wardtrack_bin_cards_without_rule_total").increment(1);
            tracing::warn!(
                bin.id = card.bin_id.0,
                "the card of a bin that is not one of two was read"
            );
            continue;
        };
        let by = MovedBy::Reader(read.reader_id, read.batch_id, read.tag_id);
        let posted = empty_bin(conn, stock, card.bin_id, by, read.seen_at, now).await?;
        changed += usize::from(posted.is_some());
    }
    Ok(changed)
}

/// Pieces that were read on their way out have left the stock.
async fn read_exits(
    conn: &mut AsyncPgConnection,
    reads: &[StockRead],
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut first: BTreeMap<TagId, &StockRead> = BTreeMap::new();
    for read in reads {
        let known = first.entry(read.tag_id).or_insert(read);
        if read.seen_at < known.seen_at {
            *known = read;
        }
    }
    let tag_ids: Vec<TagId> = first.keys().copied().collect();
    let units = lock_units(conn, None, &tag_ids).await?;
    let moves: Vec<NewMove<'_>> = units
        .iter()
        .filter_map(|unit| {
            let read = first.get(&unit.tag_id)?;
            let by = MovedBy::Reader(read.reader_id, read.batch_id, read.tag_id);
            unit.leaves(StockReason::Exit, by, read.seen_at)
        })
        .collect();
    let gone: Vec<TagId> = units
        .iter()
        .filter(|unit| unit.bin_id.is_some())
        .map(|unit| unit.tag_id)
        .collect();
    diesel::update(unit_tag::table.filter(unit_tag::tag_id.eq_any(gone)))
        .set((
            unit_tag::bin_id.eq(None::<BinId>),
            unit_tag::misses.eq(0_i16),
            unit_tag::missed_since.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await?;
    post(conn, &moves, now).await?;
    Ok(moves.len())
}
