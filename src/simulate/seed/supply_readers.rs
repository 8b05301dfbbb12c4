//! Readers of supplies: RFID cabinets with a label on every piece, and the board where the cards of empty bins hang.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::super::desk::HEARTBEAT_MS;
use super::super::supplies::{COMPANY_DIGITS, gtin, item_numbers};
use crate::codes::epc::Sgtin;
use crate::db::schema::{antenna, reader, stock_place, unit_tag, zone};
use crate::db::types::{AntennaPurpose, ReaderState, StockPlaceKind, Technology};
use crate::ids::{ItemId, LotId, ReaderId, RoomId, StockPlaceId, ZoneId};
use crate::supplies::reads::insert_labels;

/// Key of the reader at the board.
pub(in crate::simulate) const BOARD: &str = "board-1";
/// Serial numbers of labels that the seed makes; later ones are above it.
const SERIAL_MAX: u64 = 1_000_000;

/// Cabinets and board with their readers, labels and cards, as far as they are missing. Returns the readers by their keys.
///
/// # Errors
/// When a statement fails.
pub async fn store_supply_readers(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<HashMap<String, ReaderId>> {
    store_gtins(conn).await?;
    let mut readers = HashMap::new();
    let cabinets: Vec<(StockPlaceId, RoomId, Option<ReaderId>)> = stock_place::table
        .filter(stock_place::kind.eq(StockPlaceKind::Cabinet))
        .filter(stock_place::room_id.is_not_null())
        .order((stock_place::name, stock_place::id))
        .select((
            stock_place::id,
            stock_place::room_id.assume_not_null(),
            stock_place::reader_id,
        ))
        .limit(3)
        .load(conn)
        .await?;
    for (number, (place, room_id, known)) in (1..).zip(cabinets) {
        let key = format!("cabinet-{number}");
        if let Some(reader_id) = known {
            let known_key: String = reader::table
                .find(reader_id)
                .select(reader::reader_key)
                .first(conn)
                .await?;
            // Another cabinet than ours, which somebody connected, is left alone.
            if known_key == key {
                readers.insert(key, reader_id);
            }
            continue;
        }
        let name = format!("RFID cabinet {number}");
        let Some(reader_id) =
            store_reader(conn, &key, &name, (room_id, AntennaPurpose::Place), now).await?
        else {
            continue;
        };
        diesel::update(stock_place::table.find(place))
            .set(stock_place::reader_id.eq(reader_id))
            .execute(conn)
            .await?;
        store_labels(conn, place).await?;
        readers.insert(key, reader_id);
    }
    let board: Option<RoomId> = stock_place::table
        .filter(stock_place::kind.eq(StockPlaceKind::Room))
        .order((stock_place::name, stock_place::id))
        .select(stock_place::room_id.assume_not_null())
        .first(conn)
        .await
        .optional()?;
    if let Some(room_id) = board
        && let Some(reader_id) = store_reader(
            conn,
            BOARD,
            "Board of empty bins",
            (room_id, AntennaPurpose::Board),
            now,
        )
        .await?
    {
        store_cards(conn).await?;
        readers.insert(BOARD.to_owned(), reader_id);
    }
    Ok(readers)
}

/// Items of the simulated catalogue without a code get their GTIN.
async fn store_gtins(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let numbers = item_numbers();
    let gtins: Vec<String> = (0..numbers.len()).map(gtin).collect();
    sql_query(
        "INSERT INTO item_code (code, item_id) SELECT n.gtin, i.id FROM unnest($1::text[], $2::text[]) AS n(item_number, gtin) \
         JOIN item i ON i.item_number = n.item_number ON CONFLICT (code) DO NOTHING",
    )
    .bind::<Array<Text>, _>(numbers)
    .bind::<Array<Text>, _>(gtins)
    .execute(conn)
    .await
    .map(drop)
}

/// A reader in use with one antenna; `None` when the room has no zone for it.
async fn store_reader(
    conn: &mut AsyncPgConnection,
    key: &str,
    name: &str,
    (room_id, purpose): (RoomId, AntennaPurpose),
    now: DateTime<Utc>,
) -> QueryResult<Option<ReaderId>> {
    let known: Option<ReaderId> = reader::table
        .filter(reader::reader_key.eq(key))
        .select(reader::id)
        .first(conn)
        .await
        .optional()?;
    if known.is_some() {
        return Ok(known);
    }
    let zone_id: Option<ZoneId> = zone::table
        .filter(zone::room_id.eq(room_id))
        .order(zone::id)
        .select(zone::id)
        .first(conn)
        .await
        .optional()?;
    let Some(zone_id) = zone_id else {
        return Ok(None);
    };
    let reader_id: ReaderId = diesel::insert_into(reader::table)
        .values((
            reader::reader_key.eq(key),
            reader::name.eq(name),
            reader::technology.eq(Technology::Rfid),
            reader::state.eq(ReaderState::Active),
            reader::approved_at.eq(now),
            reader::heartbeat_interval_ms.eq(HEARTBEAT_MS),
        ))
        .returning(reader::id)
        .get_result(conn)
        .await?;
    diesel::insert_into(antenna::table)
        .values((
            antenna::reader_id.eq(reader_id),
            antenna::port.eq(0_i16),
            antenna::zone_id.eq(zone_id),
            antenna::purpose.eq(purpose),
        ))
        .execute(conn)
        .await?;
    Ok(Some(reader_id))
}

#[derive(QueryableByName)]
struct Portion {
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    lot_id: LotId,
    #[diesel(sql_type = BigInt)]
    bin_id: crate::ids::BinId,
    #[diesel(sql_type = BigInt)]
    on_hand: i64,
    #[diesel(sql_type = Text)]
    gtin: String,
}

/// A label on every piece that the books have in a cabinet.
async fn store_labels(conn: &mut AsyncPgConnection, place: StockPlaceId) -> QueryResult<()> {
    let portions: Vec<Portion> = sql_query(
        "SELECT l.item_id, l.lot_id, l.bin_id, l.on_hand, min(c.code) AS gtin FROM stock_level l \
         JOIN item_code c ON c.item_id = l.item_id AND length(c.code) = 14 WHERE l.stock_place_id = $1 AND l.on_hand > 0 \
         GROUP BY l.bin_id, l.lot_id ORDER BY l.bin_id, l.lot_id",
    )
    .bind::<BigInt, _>(place)
    .load(conn)
    .await?;
    let mut serial = u64::try_from(place.0).unwrap_or(0) % 100 * 10_000;
    for portion in portions {
        let mut keys = Vec::new();
        for _ in 0..portion.on_hand {
            serial += 1;
            keys.extend(label_key(&portion.gtin, serial % SERIAL_MAX));
        }
        let labels: Vec<(&str, ItemId, LotId, i64)> = keys
            .iter()
            .map(|key| (key.as_str(), portion.item_id, portion.lot_id, 1))
            .collect();
        let tags = insert_labels(conn, &labels).await?;
        diesel::update(unit_tag::table.filter(unit_tag::tag_id.eq_any(tags)))
            .set(unit_tag::bin_id.eq(portion.bin_id))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The key of a label.
pub(in crate::simulate) fn label_key(gtin: &str, serial: u64) -> Option<String> {
    let piece = Sgtin {
        gtin: gtin.to_owned(),
        serial,
        filter: 1,
    };
    piece.to_hex(COMPANY_DIGITS).map(|hex| format!("epc:{hex}"))
}

/// A card for each of two bins that has none.
async fn store_cards(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        bin_id: crate::ids::BinId,
    }
    let bins: Vec<Row> = sql_query(
        "SELECT b.id AS bin_id FROM stocking s JOIN bin b ON b.id IN (s.bin_id, s.second_bin_id) JOIN stock_place p ON p.id = s.stock_place_id \
         WHERE s.second_bin_id IS NOT NULL AND p.reader_id IS NULL AND NOT EXISTS (SELECT FROM bin_card c WHERE c.bin_id = b.id) ORDER BY b.id",
    )
    .load(conn)
    .await?;
    if bins.is_empty() {
        return Ok(());
    }
    sql_query(
        "WITH made AS (INSERT INTO tag (tag_key, technology) SELECT 'x:card-' || n, 'rfid' FROM unnest($1::bigint[]) n \
         ON CONFLICT (tag_key) DO UPDATE SET technology = 'rfid' RETURNING id, tag_key) \
         INSERT INTO bin_card (tag_id, bin_id) SELECT id, substr(tag_key, 8)::bigint FROM made",
    )
    .bind::<Array<BigInt>, _>(bins.iter().map(|row| row.bin_id).collect::<Vec<_>>())
    .execute(conn)
    .await?;
    Ok(())
}
