//! The rows that wardtrack wrote, read back from its tables and dealt out to as many transactions as it took.
//!
//! A tag's state and an asset's place were written several times; what counts is every write, not only the last. How often a
//! state was written is in its `version`; the former places of an asset are its closed stays.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_query;
use diesel::sql_types::{
    BigInt, Date, Float, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct BatchRow {
    #[diesel(sql_type = Date)]
    pub batch_day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub reader_id: i64,
    #[diesel(sql_type = SqlUuid)]
    pub batch_id: Uuid,
    #[diesel(sql_type = Integer)]
    pub sightings: i32,
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
}

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct SightingRow {
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    pub tag_id: i64,
    #[diesel(sql_type = BigInt)]
    pub reader_id: i64,
    #[diesel(sql_type = SqlUuid)]
    pub batch_id: Uuid,
    #[diesel(sql_type = SmallInt)]
    pub batch_index: i16,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub antenna_port: Option<i16>,
    #[diesel(sql_type = Nullable<Float>)]
    pub rssi_dbm: Option<f32>,
}

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct StateRow {
    #[diesel(sql_type = BigInt)]
    pub tag_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reader_id: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub entered_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Float>)]
    pub confidence: Option<f32>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub battery_pct: Option<i16>,
    #[diesel(sql_type = BigInt)]
    pub version: i64,
}

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct StayRow {
    #[diesel(sql_type = BigInt)]
    pub asset_id: i64,
    #[diesel(sql_type = BigInt)]
    pub room_id: i64,
    #[diesel(sql_type = Timestamptz)]
    pub entered_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    pub left_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub basis: String,
}

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct PlaceRow {
    #[diesel(sql_type = BigInt)]
    pub asset_id: i64,
    #[diesel(sql_type = BigInt)]
    pub room_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub tag_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub reader_id: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    pub entered_at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    pub basis: String,
    #[diesel(sql_type = Nullable<Float>)]
    pub confidence: Option<f32>,
    #[diesel(sql_type = Timestamptz)]
    pub learned_at: DateTime<Utc>,
}

/// What one transaction writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Portion {
    pub batches: Vec<BatchRow>,
    pub sightings: Vec<SightingRow>,
    pub states: Vec<StateRow>,
    pub stays: Vec<StayRow>,
    pub places: Vec<PlaceRow>,
}

/// Sightings taken and rows written per table, every write of a row counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(super) struct RowCounts {
    #[diesel(sql_type = BigInt)]
    pub sightings: i64,
    #[diesel(sql_type = BigInt)]
    pub ingest_batch: i64,
    #[diesel(sql_type = BigInt)]
    pub sighting: i64,
    #[diesel(sql_type = BigInt)]
    pub tag_state: i64,
    #[diesel(sql_type = BigInt)]
    pub asset_stay: i64,
    #[diesel(sql_type = BigInt)]
    pub asset_place: i64,
}

impl RowCounts {
    /// Rows of all tables.
    pub(super) fn total(self) -> i64 {
        self.ingest_batch + self.sighting + self.tag_state + self.asset_stay + self.asset_place
    }

    /// What came since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            sightings: self.sightings - earlier.sightings,
            ingest_batch: self.ingest_batch - earlier.ingest_batch,
            sighting: self.sighting - earlier.sighting,
            tag_state: self.tag_state - earlier.tag_state,
            asset_stay: self.asset_stay - earlier.asset_stay,
            asset_place: self.asset_place - earlier.asset_place,
        }
    }
}

/// Everything that was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub portions: Vec<Portion>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many batches are committed.
pub(super) async fn count_batches(conn: &mut AsyncPgConnection) -> anyhow::Result<u64> {
    let row: Number = sql_query("SELECT count(*) AS n FROM ingest_batch")
        .get_result(conn)
        .await?;
    Ok(u64::try_from(row.n)?)
}

/// What is committed, in one snapshot.
pub(super) async fn count_rows(conn: &mut AsyncPgConnection) -> anyhow::Result<RowCounts> {
    Ok(sql_query(include_str!("sql/count_rows.sql"))
        .get_result(conn)
        .await?)
}

/// Process id of the session's own server process.
pub(super) async fn find_backend_pid(conn: &mut AsyncPgConnection) -> anyhow::Result<u32> {
    let row: Number = sql_query("SELECT pg_backend_pid()::bigint AS n")
        .get_result(conn)
        .await?;
    Ok(u32::try_from(row.n)?)
}

/// Reads what wardtrack wrote.
pub(super) async fn read_written(conn: &mut AsyncPgConnection) -> anyhow::Result<Written> {
    // Every transaction that applied messages wrote into this table, so its transaction ids count them.
    let transactions: Number =
        sql_query("SELECT count(DISTINCT xmin::text) AS n FROM ingest_batch")
            .get_result(conn)
            .await?;
    let batches: Vec<BatchRow> =
        sql_query("SELECT batch_day, reader_id, batch_id, sightings, received_at FROM ingest_batch ORDER BY received_at, batch_id").load(conn).await?;
    let sightings: Vec<SightingRow> = sql_query(
        "SELECT seen_at, tag_id, reader_id, batch_id, batch_index, antenna_port, rssi_dbm FROM sighting ORDER BY tableoid, ctid",
    )
    .load(conn)
    .await?;
    let states: Vec<StateRow> =
        sql_query("SELECT tag_id, room_id, reader_id, seen_at, entered_at, confidence, battery_pct, version FROM tag_state ORDER BY tag_id").load(conn).await?;
    let stays: Vec<StayRow> =
        sql_query("SELECT asset_id, room_id, entered_at, left_at, basis FROM asset_stay ORDER BY asset_id, left_at").load(conn).await?;
    let places: Vec<PlaceRow> = sql_query(
        "SELECT asset_id, room_id, tag_id, reader_id, entered_at, basis, confidence, learned_at FROM asset_place ORDER BY asset_id",
    )
    .load(conn)
    .await?;
    let mut portions = vec![Portion::default(); usize::try_from(transactions.n)?.max(1)];
    deal(batches, &mut portions, |portion, row| {
        portion.batches.push(row);
    });
    deal(sightings, &mut portions, |portion, row| {
        portion.sightings.push(row);
    });
    deal_states(states, &mut portions);
    deal_places(places, stays, &mut portions);
    Ok(Written { portions })
}

fn deal<R>(rows: Vec<R>, portions: &mut [Portion], put: impl Fn(&mut Portion, R)) {
    let (count, last) = (rows.len().max(1), portions.len());
    for (at, row) in rows.into_iter().enumerate() {
        if let Some(portion) = portions.get_mut(at * last / count) {
            put(portion, row);
        }
    }
}

/// The writes of one row, spread evenly over the transactions, never two in one; rows begin at different places.
fn spread(row: usize, rows: usize, writes: usize, portions: usize) -> impl Iterator<Item = usize> {
    // Never more writes than transactions: wardtrack merges what happens to a row within one.
    let writes = writes.min(portions).max(1);
    (0..writes).map(move |write| (write * rows + row) * portions / (writes * rows.max(1)))
}

fn deal_states(states: Vec<StateRow>, portions: &mut [Portion]) {
    let (rows, last) = (states.len(), portions.len());
    for (row, state) in states.into_iter().enumerate() {
        let writes = usize::try_from(state.version).unwrap_or(0) + 1;
        for (write, at) in spread(row, rows, writes, last).enumerate() {
            let Some(portion) = portions.get_mut(at) else {
                continue;
            };
            // Every write must be newer than the one before, or the guard of the table lets it change nothing.
            let to_go = i64::try_from(writes - write).unwrap_or(0) - 1;
            let seen_at = state.seen_at - TimeDelta::seconds(30 * to_go);
            portion.states.push(StateRow {
                seen_at,
                ..state.clone()
            });
        }
    }
}

fn deal_places(places: Vec<PlaceRow>, stays: Vec<StayRow>, portions: &mut [Portion]) {
    let mut stays_of: HashMap<i64, Vec<StayRow>> = HashMap::new();
    for stay in stays {
        stays_of.entry(stay.asset_id).or_default().push(stay);
    }
    let (rows, last) = (places.len(), portions.len());
    for (row, place) in places.into_iter().enumerate() {
        let mut former = stays_of
            .remove(&place.asset_id)
            .unwrap_or_default()
            .into_iter();
        let mut closing: Option<StayRow> = None;
        for at in spread(row, rows, former.len() + 1, last) {
            let Some(portion) = portions.get_mut(at) else {
                continue;
            };
            // Coming to a room closes the stay in the one before.
            portion.stays.extend(closing.take());
            closing = former.next();
            portion.places.push(match &closing {
                Some(stay) => PlaceRow {
                    room_id: stay.room_id,
                    entered_at: stay.entered_at,
                    ..place.clone()
                },
                None => place.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_writes_of_a_row_go_to_different_transactions_and_all_are_used() {
        let (rows, portions) = (100, 30);
        let mut used = HashSet::new();
        for row in 0..rows {
            for writes in 1..=portions {
                let places: Vec<usize> = spread(row, rows, writes, portions).collect();
                assert_eq!(
                    places.iter().collect::<HashSet<_>>().len(),
                    writes,
                    "row {row}, {writes} writes: {places:?}"
                );
                assert!(places.iter().all(|at| *at < portions));
                used.extend(places);
            }
        }
        assert_eq!(used.len(), portions);
    }

    #[test]
    fn every_stay_and_every_place_is_written_once_in_order() {
        let at = |second: i64| DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap();
        let stay = |room_id, from, to| StayRow {
            asset_id: 7,
            room_id,
            entered_at: at(from),
            left_at: at(to),
            basis: "beacon".to_owned(),
        };
        let place = PlaceRow {
            asset_id: 7,
            room_id: 3,
            tag_id: None,
            reader_id: None,
            entered_at: at(20),
            basis: "beacon".to_owned(),
            confidence: None,
            learned_at: at(20),
        };
        let mut portions = vec![Portion::default(); 10];
        deal_places(
            vec![place],
            vec![stay(1, 0, 10), stay(2, 10, 20)],
            &mut portions,
        );
        let places: Vec<i64> = portions
            .iter()
            .flat_map(|portion| &portion.places)
            .map(|place| place.room_id)
            .collect();
        let stays: Vec<i64> = portions
            .iter()
            .flat_map(|portion| &portion.stays)
            .map(|stay| stay.room_id)
            .collect();
        assert_eq!((places, stays), (vec![1, 2, 3], vec![1, 2]));
    }
}
