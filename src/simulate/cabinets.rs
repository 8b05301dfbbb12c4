//! What the readers of supplies send: cabinets that count themselves when their door closes, and the board where cards of empty bins hang.
//!
//! Nurses take pieces out and technicians put deliveries in; a cabinet then tells all that is in it, three times, now and then with a
//! label that was not read (R25).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::desk::{ReaderMessage, SimSighting};
use super::noise::Chance;
use super::seed::supply_readers::{BOARD, label_key};
use crate::clock::Clock;
use crate::db::Db;
use crate::db::schema::{cabinet, reader, stock_place};
use crate::ids::StockPlaceId;
use crate::lifecycle::Lifecycle;

/// How often cabinets and board look round.
const EVERY: Duration = Duration::from_secs(10);
/// A cabinet is opened in a round.
const OPENED: f32 = 0.2;
/// A bin becomes empty in a round, somewhere.
const EMPTIED: f32 = 0.3;
/// A label is not read.
const NOT_READ: f32 = 0.002;
/// Inventories after the door was closed.
const SCANS: u8 = 3;
/// Labels in one part of an inventory.
const PART: usize = 1_000;
/// An order arrives after this time: here days are minutes.
const DELIVERED_AFTER: TimeDelta = TimeDelta::minutes(3);
/// Pieces of one delivery at most.
const PIECES_MAX: i64 = 300;

type Sender = mpsc::Sender<ReaderMessage>;

/// A cabinet as it is in truth.
struct SimCabinet {
    place: StockPlaceId,
    line: Line,
    labels: Vec<Arc<str>>,
    inventory: i64,
    scans: u8,
}

/// What a reader needs to send.
struct Line {
    key: Arc<str>,
    boot: Arc<str>,
    seq: u64,
    sender: Sender,
}

impl Line {
    fn send(
        &mut self,
        sightings: Vec<SimSighting>,
        inventory: Option<(i64, usize, usize)>,
        now: DateTime<Utc>,
    ) {
        self.seq += 1;
        let message = ReaderMessage {
            reader_key: Arc::clone(&self.key),
            batch_id: Uuid::now_v7(),
            sent_at_ms: now.timestamp_millis(),
            boot: Arc::clone(&self.boot),
            seq: self.seq,
            sightings,
            inventory,
        };
        // A full line drops it, as a reader without room does; the next inventory tells the same.
        if let Err(error) = self.sender.try_send(message) {
            tracing::debug!(%error, "a cabinet could not keep a message");
        }
    }
}

fn sighting(label: &Arc<str>) -> SimSighting {
    SimSighting {
        tag_key: Arc::clone(label),
        age_ms: 0,
        rssi_dbm: None,
        antenna: None,
        reads: None,
        battery_pct: None,
    }
}

/// Sends until the soft token of `life`. What fails is tried again in the next round.
pub(super) async fn work(
    db: Db,
    clock: Clock,
    seed: u64,
    senders: HashMap<String, Sender>,
    life: Lifecycle,
) {
    let mut chance = Chance::new(&[seed, 0xCAB1]);
    let connect = |key: &str| {
        senders.get(key).map(|sender| Line {
            key: key.into(),
            boot: format!("b{}", clock.now_ms() / 1_000).into(),
            seq: 0,
            sender: sender.clone(),
        })
    };
    let mut board = connect(BOARD);
    let mut cabinets: Option<Vec<SimCabinet>> = None;
    loop {
        tokio::select! { () = life.soft().cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        let now = clock.now();
        let round = async {
            let mut conn = db.conn().await?;
            let cabinets = match &mut cabinets {
                Some(cabinets) => cabinets,
                none => none.insert(load_cabinets(&mut conn, &connect).await?),
            };
            for cabinet in cabinets {
                use_cabinet(&mut conn, cabinet, &mut chance, now).await?;
            }
            if let Some(board) = &mut board {
                let cards = list_cards(&mut conn, &mut chance).await?;
                board.send(cards.iter().map(sighting).collect(), None, now);
            }
            anyhow::Ok(())
        };
        if let Err(error) = round.await {
            tracing::debug!(
                error = format!("{error:#}"),
                "simulated cabinets sent nothing"
            );
        }
    }
}

#[derive(QueryableByName)]
struct Label {
    #[diesel(sql_type = Text)]
    tag_key: String,
}

async fn load_cabinets(
    conn: &mut AsyncPgConnection,
    line: impl Fn(&str) -> Option<Line>,
) -> anyhow::Result<Vec<SimCabinet>> {
    let rows: Vec<(StockPlaceId, String, Option<i64>)> = stock_place::table
        .inner_join(reader::table)
        .left_join(cabinet::table)
        .order(stock_place::id)
        .select((
            stock_place::id,
            reader::reader_key,
            cabinet::inventory_seq.nullable(),
        ))
        .load(conn)
        .await?;
    let mut cabinets = Vec::new();
    for (place, key, seq) in rows {
        let Some(line) = line(&key) else {
            continue;
        };
        let labels: Vec<Label> = sql_query(
            "SELECT t.tag_key FROM unit_tag u JOIN bin b ON b.id = u.bin_id JOIN tag t ON t.id = u.tag_id \
             WHERE b.stock_place_id = $1 ORDER BY t.id",
        )
        .bind::<BigInt, _>(place)
        .load(conn)
        .await?;
        cabinets.push(SimCabinet {
            place,
            line,
            labels: labels.into_iter().map(|row| row.tag_key.into()).collect(),
            inventory: seq.unwrap_or(0),
            scans: SCANS,
        });
    }
    Ok(cabinets)
}

/// Somebody may open it; while it has not told three times what is in it since then, it does.
async fn use_cabinet(
    conn: &mut AsyncPgConnection,
    cabinet: &mut SimCabinet,
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if cabinet.scans == 0 {
        let put = deliveries(conn, cabinet.place, chance, now).await?;
        let is_opened = !put.is_empty() || chance.happens(OPENED);
        cabinet.labels.extend(put);
        if is_opened && !cabinet.labels.is_empty() {
            for _ in 0..=chance.below(2) {
                let at = usize::from(
                    chance.below(u16::try_from(cabinet.labels.len()).unwrap_or(u16::MAX)),
                );
                if at < cabinet.labels.len() {
                    cabinet.labels.swap_remove(at);
                }
            }
        }
        if is_opened {
            cabinet.scans = SCANS;
        }
    }
    if cabinet.scans == 0 {
        cabinet.line.send(Vec::new(), None, now);
        return Ok(());
    }
    cabinet.scans -= 1;
    cabinet.inventory += 1;
    let read: Vec<SimSighting> = cabinet
        .labels
        .iter()
        .filter(|_| !chance.happens(NOT_READ))
        .map(sighting)
        .collect();
    let parts = read.len().div_ceil(PART).max(1);
    for part in 0..parts {
        let of_part = read.iter().skip(part * PART).take(PART).cloned().collect();
        cabinet
            .line
            .send(of_part, Some((cabinet.inventory, part + 1, parts)), now);
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Delivery {
    #[diesel(sql_type = Text)]
    gtin: String,
    #[diesel(sql_type = BigInt)]
    pieces: i64,
}

/// New labels for what was ordered for a cabinet and has come by now.
async fn deliveries(
    conn: &mut AsyncPgConnection,
    place: StockPlaceId,
    chance: &mut Chance,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Arc<str>>> {
    let come: Vec<Delivery> = sql_query(
        "SELECT c.gtin, o.quantity_ordered - o.quantity_received AS pieces FROM order_line o \
         JOIN LATERAL (SELECT min(code) AS gtin FROM item_code WHERE item_id = o.item_id AND length(code) = 14) c ON c.gtin IS NOT NULL \
         WHERE o.stock_place_id = $1 AND o.state IN ('sent', 'part_received') AND o.settled_at < $2 ORDER BY o.id LIMIT 3",
    )
    .bind::<BigInt, _>(place)
    .bind::<Timestamptz, _>(now - DELIVERED_AFTER)
    .load(conn)
    .await?;
    let mut labels = Vec::new();
    for delivery in come {
        for _ in 0..delivery.pieces.clamp(0, PIECES_MAX) {
            // 36 bits that no label of the seed has.
            let random =
                (u64::from(chance.below(u16::MAX)) << 16) | u64::from(chance.below(u16::MAX));
            labels.extend(label_key(&delivery.gtin, (1 << 35) | random).map(Arc::from));
        }
    }
    Ok(labels)
}

/// Cards at the board: of every bin that is known to be empty, and now and then of one more.
async fn list_cards(
    conn: &mut AsyncPgConnection,
    chance: &mut Chance,
) -> anyhow::Result<Vec<Arc<str>>> {
    #[derive(QueryableByName)]
    struct Card {
        #[diesel(sql_type = Text)]
        tag_key: String,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        is_up: bool,
    }
    let cards: Vec<Card> = sql_query(
        "SELECT t.tag_key, b.empty_since IS NOT NULL AS is_up FROM bin_card c JOIN bin b ON b.id = c.bin_id JOIN tag t ON t.id = c.tag_id \
         WHERE t.tag_key LIKE 'x:card-%' ORDER BY t.id",
    )
    .load(conn)
    .await?;
    let (up, full): (Vec<Card>, Vec<Card>) = cards.into_iter().partition(|card| card.is_up);
    let mut keys: Vec<Arc<str>> = up.into_iter().map(|card| card.tag_key.into()).collect();
    if chance.happens(EMPTIED)
        && let Some(card) = chance.pick(&full)
    {
        keys.push(card.tag_key.as_str().into());
    }
    Ok(keys)
}
