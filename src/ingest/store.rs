//! Writing a plan: arrays by UNNEST, ordered by key, tables always in the same order (I-8). Every function runs in the
//! caller's transaction.

use std::collections::BTreeMap;

use ahash::{AHashMap, AHashSet};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Binary, Date, Float, Integer, Nullable, SmallInt, Text, Timestamptz,
    Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::{try_join3, try_join4};
use uuid::Uuid;

use super::apply::StoredTag;
use super::health::ReaderMemory;
use super::intake::Batch;
use super::plan::{AssetMove, ClosedStay, Plan, SightingRow, TagStateRow, decide_stays};
use super::quarantine::NewQuarantine;
use super::timing::ClockOffset;
use crate::db::prepared::Prepared;
use crate::db::types::PlaceBasis;
use crate::ids::{AssetId, ReaderId, RoomId, TagId};

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Takes the lease of a shard: from now on transactions of its former owner fail.
///
/// # Errors
/// When the database fails.
pub async fn take_lease(
    conn: &mut AsyncPgConnection,
    shard: i32,
    owner: &str,
    now: DateTime<Utc>,
) -> QueryResult<i64> {
    let row: Number = sql_query(include_str!("sql/take_lease.sql"))
        .bind::<Integer, _>(shard)
        .bind::<Text, _>(owner)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await?;
    Ok(row.n)
}

/// What a transaction must know before it begins its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Lease {
    /// Version of the reference data.
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    /// How many places people gave in the last minutes.
    #[diesel(sql_type = BigInt)]
    pub claims: i64,
    /// The newest of them; with the count it tells whether any is new.
    #[diesel(sql_type = BigInt)]
    pub newest_claim: i64,
}

/// Holds the lease for this transaction; `None`: somebody else has it.
///
/// # Errors
/// When the database fails.
pub async fn find_lease(
    conn: &mut AsyncPgConnection,
    shard: i32,
    epoch: i64,
) -> QueryResult<Option<Lease>> {
    Prepared(
        sql_query(include_str!("sql/check_lease.sql"))
            .bind::<Integer, _>(shard)
            .bind::<BigInt, _>(epoch),
    )
    .get_result(conn)
    .await
    .optional()
}

/// A place that a person gave, for one tag of the asset (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct PlaceClaim {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub claim_id: i64,
    /// Tag of the asset.
    #[diesel(sql_type = BigInt)]
    pub tag_id: TagId,
    /// Where the person found it.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The places that people gave in the last minutes.
///
/// # Errors
/// When the database fails.
pub async fn list_claims(conn: &mut AsyncPgConnection) -> QueryResult<Vec<PlaceClaim>> {
    sql_query(include_str!("sql/load_claims.sql"))
        .load(conn)
        .await
}

/// Registers readers nobody knows as waiting (S-38).
///
/// # Errors
/// When the database fails.
pub async fn insert_waiting_readers(
    conn: &mut AsyncPgConnection,
    reader_keys: &[String],
) -> QueryResult<usize> {
    sql_query(include_str!("sql/register_waiting_readers.sql"))
        .bind::<Array<Text>, _>(reader_keys)
        .execute(conn)
        .await
}

/// Records batches and returns those that are new; the others were applied before (R16).
///
/// # Errors
/// When the database fails.
pub async fn insert_batches(
    conn: &mut AsyncPgConnection,
    batches: &[(ReaderId, &Batch)],
) -> QueryResult<AHashSet<(ReaderId, Uuid)>> {
    #[derive(QueryableByName)]
    struct New {
        #[diesel(sql_type = BigInt)]
        reader_id: ReaderId,
        #[diesel(sql_type = SqlUuid)]
        batch_id: Uuid,
    }
    if batches.is_empty() {
        return Ok(AHashSet::new());
    }
    let days: Vec<NaiveDate> = batches.iter().map(|(_, batch)| batch.batch_day).collect();
    let readers: Vec<ReaderId> = batches.iter().map(|(reader_id, _)| *reader_id).collect();
    let ids: Vec<Uuid> = batches.iter().map(|(_, batch)| batch.batch_id).collect();
    let counts: Vec<i32> = batches
        .iter()
        .map(|(_, batch)| i32::try_from(batch.sightings.len()).unwrap_or(i32::MAX))
        .collect();
    let received: Vec<DateTime<Utc>> = batches.iter().map(|(_, batch)| batch.received_at).collect();
    let new: Vec<New> = Prepared(
        sql_query(include_str!("sql/insert_batches.sql"))
            .bind::<Array<Date>, _>(days)
            .bind::<Array<BigInt>, _>(readers)
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Array<Integer>, _>(counts)
            .bind::<Array<Timestamptz>, _>(received),
    )
    .load(conn)
    .await?;
    Ok(new
        .into_iter()
        .map(|row| (row.reader_id, row.batch_id))
        .collect())
}

/// Writes everything a plan holds, in the fixed order.
///
/// Statements that do not need each other's answer are sent together: the server works on them in the order in which they
/// stand here (I-8), and the consumer waits for two answers and not for seven.
///
/// # Errors
/// When the database fails or refuses a row.
pub async fn write(conn: &AsyncPgConnection, plan: &Plan, now: DateTime<Utc>) -> QueryResult<()> {
    let mut by_asset: BTreeMap<AssetId, Vec<AssetMove>> = BTreeMap::new();
    for next in &plan.moves {
        by_asset.entry(next.asset_id).or_default().push(*next);
    }
    let ((), (), open) = try_join3(
        insert_sightings(conn, &plan.sightings),
        upsert_tag_states(conn, &plan.tag_states),
        lock_places(conn, by_asset.keys().copied().collect()),
    )
    .await?;
    let (mut closed, mut now_open) = (Vec::new(), Vec::new());
    for (asset_id, mut moves) in by_asset {
        // Two tags of one asset decide apart from each other.
        moves.sort_by_key(|next| next.at);
        let (stays, last) = decide_stays(open.get(&asset_id).copied(), &moves);
        closed.extend(stays);
        now_open.extend(last);
    }
    try_join4(
        insert_stays(conn, &closed),
        upsert_places(conn, &now_open, now),
        insert_quarantine(conn, &plan.quarantine),
        add_unregistered(conn, &plan.unregistered),
    )
    .await
    .map(drop)
}

async fn insert_sightings(mut conn: &AsyncPgConnection, rows: &[SightingRow]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(include_str!("sql/insert_sightings.sql"))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.seen_at))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.tag_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.reader_id))
            .bind::<Array<SqlUuid>, _>(column(rows, |row| row.batch_id))
            .bind::<Array<SmallInt>, _>(column(rows, |row| row.batch_index))
            .bind::<Array<Nullable<SmallInt>>, _>(column(rows, |row| row.antenna_port))
            .bind::<Array<Nullable<Float>>, _>(column(rows, |row| row.rssi_dbm)),
    )
    .execute(&mut conn)
    .await
    .map(drop)
}

async fn upsert_tag_states(mut conn: &AsyncPgConnection, rows: &[TagStateRow]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(include_str!("sql/upsert_tag_states.sql"))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.tag_id))
            .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.room_id))
            .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.reader_id))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.seen_at))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| row.entered_at))
            .bind::<Array<Nullable<Float>>, _>(column(rows, |row| row.confidence))
            .bind::<Array<Nullable<SmallInt>>, _>(column(rows, |row| row.battery_pct)),
    )
    .execute(&mut conn)
    .await
    .map(drop)
}

type OpenStay = (RoomId, DateTime<Utc>, PlaceBasis);

/// Locks the open stays and reads them as the database holds them, because a person may have placed an asset by hand
/// meanwhile.
async fn lock_places(
    mut conn: &AsyncPgConnection,
    asset_ids: Vec<AssetId>,
) -> QueryResult<AHashMap<AssetId, OpenStay>> {
    #[derive(QueryableByName)]
    struct Open {
        #[diesel(sql_type = BigInt)]
        asset_id: AssetId,
        #[diesel(sql_type = BigInt)]
        room_id: RoomId,
        #[diesel(sql_type = Timestamptz)]
        entered_at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        basis: PlaceBasis,
    }
    if asset_ids.is_empty() {
        return Ok(AHashMap::new());
    }
    let query = sql_query(include_str!("sql/lock_places.sql"));
    let open: Vec<Open> = Prepared(query.bind::<Array<BigInt>, _>(asset_ids))
        .load(&mut conn)
        .await?;
    Ok(open
        .into_iter()
        .map(|row| (row.asset_id, (row.room_id, row.entered_at, row.basis)))
        .collect())
}

async fn insert_stays(mut conn: &AsyncPgConnection, rows: &[ClosedStay]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(include_str!("sql/insert_stays.sql"))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.asset_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.room_id))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.entered_at))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.left_at))
            .bind::<Array<Text>, _>(column(rows, |row| row.basis)),
    )
    .execute(&mut conn)
    .await
    .map(drop)
}

async fn upsert_places(
    mut conn: &AsyncPgConnection,
    rows: &[AssetMove],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(include_str!("sql/upsert_places.sql"))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.asset_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.room_id))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.tag_id))
            .bind::<Array<Nullable<BigInt>>, _>(column(rows, |row| row.reader_id))
            .bind::<Array<Timestamptz>, _>(column(rows, |row| row.at))
            .bind::<Array<Text>, _>(column(rows, |row| row.basis))
            .bind::<Array<Float>, _>(column(rows, |row| row.confidence))
            .bind::<Timestamptz, _>(now),
    )
    .execute(&mut conn)
    .await
    .map(drop)
}

/// Keeps refused input.
///
/// # Errors
/// When the database fails.
pub async fn insert_quarantine(
    mut conn: &AsyncPgConnection,
    rows: &[NewQuarantine],
) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sql_query(include_str!("sql/insert_quarantine.sql"))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.received_at))
        .bind::<Array<Text>, _>(column(rows, |row| row.scope))
        .bind::<Array<Text>, _>(column(rows, |row| row.reason))
        .bind::<Array<Text>, _>(column(rows, |row| row.detail.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.routing_key.as_str()))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.reader_key.as_deref()))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(rows, |row| row.batch_id))
        .bind::<Array<Nullable<Integer>>, _>(column(rows, |row| row.batch_index))
        .bind::<Array<Binary>, _>(column(rows, |row| row.body.as_slice()))
        .bind::<Array<Integer>, _>(column(rows, |row| row.body_bytes))
        .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.content_type.as_deref()))
        .execute(&mut conn)
        .await
        .map(drop)
}

async fn add_unregistered(
    mut conn: &AsyncPgConnection,
    counts: &AHashMap<(ReaderId, DateTime<Utc>), i64>,
) -> QueryResult<()> {
    if counts.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = counts.iter().collect();
    Prepared(
        sql_query(include_str!("sql/add_unregistered.sql"))
            .bind::<Array<BigInt>, _>(column(&rows, |((reader_id, _), _)| *reader_id))
            .bind::<Array<Timestamptz>, _>(column(&rows, |((_, hour_at), _)| *hour_at))
            .bind::<Array<BigInt>, _>(column(&rows, |(_, sightings)| **sightings)),
    )
    .execute(&mut conn)
    .await
    .map(drop)
}

/// Writes the health of readers that have news.
///
/// # Errors
/// When the database fails.
pub async fn upsert_reader_health(
    conn: &mut AsyncPgConnection,
    rows: &[(ReaderId, &ReaderMemory)],
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let at = |ms: Option<i64>| ms.and_then(DateTime::from_timestamp_millis);
    Prepared(
        sql_query(include_str!("sql/upsert_reader_health.sql"))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.0))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| at(row.1.last_message_ms)))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| at(row.1.last_sighting_ms)))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(rows, |row| at(row.1.down_since_ms)))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.clock.measured_ms()))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.clock_faults))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.messages))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.sightings))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.rejected))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.duplicates))
            .bind::<Array<BigInt>, _>(column(rows, |row| row.1.sequence_gaps))
            .bind::<Array<Float>, _>(column(rows, |row| row.1.sightings_per_min))
            .bind::<Array<Nullable<Text>>, _>(column(rows, |row| row.1.last_event.as_deref()))
            .bind::<Timestamptz, _>(now),
    )
    .execute(conn)
    .await
    .map(drop)
}

/// What a consumer reports of itself every few seconds.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerReport {
    /// When the queue was last seen empty.
    pub caught_up_at: Option<DateTime<Utc>>,
    /// When a batch was last applied.
    pub last_batch_at: Option<DateTime<Utc>>,
    /// Sightings applied since the last report.
    pub applied: i64,
}

/// Writes a consumer's report.
///
/// # Errors
/// When the database fails.
pub async fn record_consumer_report(
    conn: &mut AsyncPgConnection,
    shard: i32,
    report: ConsumerReport,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    sql_query(include_str!("sql/report_consumer.sql"))
        .bind::<Integer, _>(shard)
        .bind::<Timestamptz, _>(now)
        .bind::<Nullable<Timestamptz>, _>(report.caught_up_at)
        .bind::<Nullable<Timestamptz>, _>(report.last_batch_at)
        .bind::<BigInt, _>(report.applied)
        .bind::<Text, _>(env!("CARGO_PKG_VERSION"))
        .execute(conn)
        .await
        .map(drop)
}

/// Loads where every tag was.
///
/// # Errors
/// When the database fails.
pub async fn list_tag_states(conn: &mut AsyncPgConnection) -> QueryResult<Vec<StoredTag>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        tag_id: TagId,
        #[diesel(sql_type = Nullable<BigInt>)]
        room_id: Option<RoomId>,
        #[diesel(sql_type = Nullable<BigInt>)]
        reader_id: Option<ReaderId>,
        #[diesel(sql_type = Timestamptz)]
        seen_at: DateTime<Utc>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        entered_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<Float>)]
        confidence: Option<f32>,
    }
    let rows: Vec<Row> = sql_query(include_str!("sql/load_tag_states.sql"))
        .load(conn)
        .await?;
    let stored = rows.into_iter().map(|row| StoredTag {
        tag_id: row.tag_id,
        place: row.room_id.zip(row.entered_at),
        seen_at: row.seen_at,
        confidence: row.confidence,
        reader_id: row.reader_id,
    });
    Ok(stored.collect())
}

/// Loads how every reader was doing.
///
/// # Errors
/// When the database fails.
pub async fn list_reader_health(
    conn: &mut AsyncPgConnection,
) -> QueryResult<Vec<(ReaderId, ReaderMemory)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        reader_id: ReaderId,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        last_message_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        last_sighting_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        down_since: Option<DateTime<Utc>>,
        #[diesel(sql_type = BigInt)]
        clock_offset_ms: i64,
        #[diesel(sql_type = Float)]
        sightings_per_min: f32,
    }
    let rows: Vec<Row> = sql_query(include_str!("sql/load_reader_health.sql"))
        .load(conn)
        .await?;
    let ms = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    let stored = rows.into_iter().map(|row| {
        let mut memory = ReaderMemory::default();
        // Exactly zero stands for "never measured": a message needs a millisecond to arrive.
        if row.clock_offset_ms != 0 {
            memory.clock = ClockOffset::restored(row.clock_offset_ms);
        }
        memory.last_message_ms = ms(row.last_message_at);
        memory.last_sighting_ms = ms(row.last_sighting_at);
        memory.down_since_ms = ms(row.down_since);
        memory.sightings_per_min = row.sightings_per_min;
        (row.reader_id, memory)
    });
    Ok(stored.collect())
}

fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
