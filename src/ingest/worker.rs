//! One shard's hold on the database: lease, soft state, and the transaction that applies messages.

use std::time::{Duration, Instant};

use ahash::AHashSet;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::apply::{ApplyConfig, ShardState};
use super::directory::Directory;
use super::intake::{Arrival, Batch, Intake, take_in};
use super::plan::Plan;
use super::quarantine::{NewQuarantine, Origin};
use super::spent::{Spent, Stopwatch};
use super::store;
use crate::alerts::store::settle_clean_rooms;
use crate::broker::Message;
use crate::broker::topology::reader_of_routing_key;
use crate::clock::Clock;
use crate::db::partitions::ensure_partition;
use crate::db::{Db, DbConn, DbError};
use crate::ids::ReaderId;
use crate::live::{Topic, TopicSet};
use crate::supplies::reads::apply_reads;

/// How often the health of readers is written.
const HEALTH_EVERY: Duration = Duration::from_secs(5);
/// Batches slower than this break the flow of arrivals, so that silence of a tag means nothing.
const STALL: Duration = Duration::from_secs(1);

/// What Postgres says when the same statement may well succeed a moment later.
const PASSING: [&str; 3] = ["deadlock", "lock timeout", "statement timeout"];
/// What it says when the trouble is its own and not in the rows. A good message must not go to quarantine for it.
const SERVER_TROUBLE: [&str; 6] = [
    "No space left",
    "could not extend",
    "out of memory",
    "out of shared memory",
    "permission denied",
    "terminating connection",
];

fn says(message: &str, words: &[&str]) -> bool {
    words.iter().any(|word| message.contains(word))
}

/// Why messages could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another consumer has the shard now.
    #[error("another consumer has taken over this shard")]
    LostLease,
    /// The database does not answer; the same messages may be tried again.
    #[error("the database does not answer")]
    Gone(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Rolled back because of somebody else's work; to be tried again at once.
    #[error("the transaction met another one")]
    Transient(#[source] DieselError),
    /// The database refuses what these messages say.
    #[error("the database refused the rows")]
    Refused(#[source] DieselError),
}

impl From<DbError> for ApplyError {
    fn from(error: DbError) -> Self {
        Self::Gone(Box::new(error))
    }
}

enum InTransaction {
    LostLease,
    Diesel(DieselError),
}

impl From<DieselError> for InTransaction {
    fn from(error: DieselError) -> Self {
        Self::Diesel(error)
    }
}

/// What a transaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Messages applied for the first time.
    pub batches: usize,
    /// Sightings in them.
    pub sightings: usize,
    /// Messages that had been applied before.
    pub duplicates: usize,
    /// Messages and sightings that went to quarantine.
    pub quarantined: usize,
    /// Assets that came to another room.
    pub moves: usize,
}

/// A shard's worker between two failures of the database.
pub struct Worker {
    conn: DbConn,
    clock: Clock,
    shard: i32,
    epoch: i64,
    state: ShardState,
    started: Instant,
    flowing_since: Instant,
    health_written: Instant,
    partitions: AHashSet<(&'static str, NaiveDate)>,
    report: store::ConsumerReport,
    reported: Instant,
    spent: Spent,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Worker {{ shard: {}, epoch: {} }}",
            self.shard, self.epoch
        )
    }
}

impl Worker {
    /// Takes the shard over: a new epoch, and the places as they are stored.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn start(
        db: &Db,
        clock: &Clock,
        shard: u16,
        owner: &str,
        config: ApplyConfig,
    ) -> Result<Self, ApplyError> {
        let mut conn = db.conn().await?;
        let shard = i32::from(shard);
        let gone = |error: DieselError| ApplyError::Gone(Box::new(error));
        let epoch = store::take_lease(&mut conn, shard, owner, clock.now())
            .await
            .map_err(gone)?;
        let mut directory = Directory::default();
        directory.reload(&mut conn).await.map_err(gone)?;
        let stored = store::list_tag_states(&mut conn).await.map_err(gone)?;
        let readers = store::list_reader_health(&mut conn).await.map_err(gone)?;
        tracing::info!(
            shard,
            epoch,
            tags = directory.tag_count(),
            places = stored.len(),
            "took over the shard"
        );
        let mut state = ShardState::new(config, directory, &stored);
        state.restore_readers(readers);
        let now = Instant::now();
        Ok(Self {
            conn,
            clock: clock.clone(),
            shard,
            epoch,
            state,
            started: now,
            flowing_since: now,
            health_written: now,
            partitions: AHashSet::new(),
            report: store::ConsumerReport {
                caught_up_at: None,
                last_batch_at: None,
                applied: 0,
            },
            reported: now.checked_sub(HEALTH_EVERY).unwrap_or(now),
            spent: Spent::default(),
        })
    }

    /// Applies messages in one transaction. With none it closes what has gone quiet and writes what is due.
    ///
    /// # Errors
    /// See [`ApplyError`]. After any of them this worker's soft state is spoilt: start a new one (I-7).
    pub async fn apply(
        &mut self,
        messages: &[Message],
        is_caught_up: bool,
    ) -> Result<Applied, ApplyError> {
        let begun = Instant::now();
        let mono_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let arrival = Arrival {
            now: self.clock.now(),
            is_caught_up,
        };
        let is_health_due = self.health_written.elapsed() >= HEALTH_EVERY;
        let is_flowing = self.flowing_since.elapsed() > STALL * 2;
        let (shard, epoch, state, partitions) = (
            self.shard,
            self.epoch,
            &mut self.state,
            &mut self.partitions,
        );
        let elapsed_s = self.health_written.elapsed().as_secs_f32();
        let (mut watch, mut spent) = (Stopwatch::start(), Spent::default());
        let done = self
            .conn
            .transaction::<Applied, InTransaction, _>(async |conn| {
                let lease = store::find_lease(conn, shard, epoch)
                    .await?
                    .ok_or(InTransaction::LostLease)?;
                if lease.version != state.directory.version() {
                    state.directory.reload(conn).await?;
                    state.directory_changed();
                }
                if state.has_new_claims(&lease) {
                    state.adopt_claims(&lease, store::list_claims(conn).await?);
                }
                watch.lap(&mut spent.sql);
                let (mut applied, mut plan) = (Applied::default(), Plan::default());
                let batches = take_in_all(conn, state, messages, arrival, &mut plan).await?;
                watch.lap(&mut spent.parse);
                let known = find_readers(state, &batches, &mut plan);
                let new = store::insert_batches(conn, &known.0).await?;
                watch.lap(&mut spent.sql);
                apply_new(state, known, new, mono_ms, &mut applied, &mut plan);
                // While a backlog drains, a tag's next sightings may be waiting in the queue: its silence means nothing.
                if is_flowing && is_caught_up {
                    state.close_quiet(mono_ms, &mut plan);
                }
                state.finish(&mut plan);
                applied.quarantined = plan.quarantine.len();
                applied.moves = plan.moves.len();
                watch.lap(&mut spent.decide);
                ensure_partitions(conn, partitions, &plan).await?;
                store::write(conn, &plan, arrival.now).await?;
                // R11, R23: in the transaction of the move that causes it.
                settle_clean_rooms(conn, &plan.moved_assets(), arrival.now).await?;
                if !plan.stock.is_empty() && apply_reads(conn, &plan.stock, arrival.now).await? > 0
                {
                    // Open lists of stock and orders listen to this.
                    state.changed.insert(Topic::Alerts);
                }
                if is_health_due {
                    let event_ms = if is_caught_up {
                        arrival.now.timestamp_millis()
                    } else {
                        state.newest_ms()
                    };
                    write_health(conn, state, event_ms, elapsed_s, arrival.now).await?;
                }
                watch.lap(&mut spent.sql);
                Ok(applied)
            })
            .await;
        watch.lap(&mut spent.commit);
        let applied = match done {
            Ok(applied) => applied,
            Err(InTransaction::LostLease) => return Err(ApplyError::LostLease),
            Err(InTransaction::Diesel(error)) => return Err(self.explain(error).await),
        };
        if is_health_due {
            self.health_written = Instant::now();
            self.state
                .readers
                .values_mut()
                .for_each(super::health::ReaderMemory::clear_counts);
        }
        if begun.elapsed() > STALL {
            self.flowing_since = Instant::now();
        }
        if applied.batches > 0 {
            self.spent.add(&spent);
        }
        self.record(applied, begun.elapsed(), arrival);
        Ok(applied)
    }

    /// What changed for people with the transactions since it was taken last.
    pub fn take_changed(&mut self) -> TopicSet {
        self.state.changed.take()
    }

    /// Notes that the shard waited for messages.
    pub fn waited(&mut self, time: Duration) {
        self.spent.wait += time;
    }

    /// Says in the log what the time went to.
    pub fn log_spent(&self) {
        self.spent.log(self.shard);
    }

    /// Writes the newest sighting of every tag; for a stop.
    ///
    /// # Errors
    /// See [`ApplyError`].
    pub async fn write_all_seen(&mut self) -> Result<(), ApplyError> {
        self.state.mark_all_seen();
        self.health_written = self
            .health_written
            .checked_sub(HEALTH_EVERY)
            .unwrap_or(self.health_written);
        self.apply(&[], false).await.map(drop)
    }

    /// Tells the pages that this shard lives, at most every two seconds.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report(&mut self) -> Result<(), ApplyError> {
        if self.reported.elapsed() < Duration::from_secs(2) {
            return Ok(());
        }
        let now = self.clock.now();
        if let Err(error) =
            store::record_consumer_report(&mut self.conn, self.shard, self.report, now).await
        {
            return Err(self.explain(error).await);
        }
        self.reported = Instant::now();
        self.report.applied = 0;
        Ok(())
    }

    fn record(&mut self, applied: Applied, took: Duration, arrival: Arrival) {
        if arrival.is_caught_up {
            self.report.caught_up_at = Some(arrival.now);
        }
        if applied.batches > 0 {
            self.report.last_batch_at = Some(arrival.now);
            metrics::histogram!("wardtrack_ingest_transaction_seconds").record(took.as_secs_f64());
        }
        self.report.applied += i64::try_from(applied.sightings).unwrap_or(0);
        let count = |name: &'static str, n: usize| {
            metrics::counter!(name).increment(u64::try_from(n).unwrap_or(0));
        };
        count("wardtrack_ingest_batches_total", applied.batches);
        count("wardtrack_ingest_sightings_total", applied.sightings);
        count("wardtrack_ingest_duplicates_total", applied.duplicates);
        count("wardtrack_ingest_quarantined_total", applied.quarantined);
        count("wardtrack_ingest_moves_total", applied.moves);
    }

    /// Tells apart: the database is gone, the transaction met another, or these rows are refused.
    async fn explain(&mut self, error: DieselError) -> ApplyError {
        use DatabaseErrorKind::{
            CheckViolation, ExclusionViolation, ForeignKeyViolation, NotNullViolation,
            ReadOnlyTransaction, SerializationFailure, UniqueViolation,
        };
        if let DieselError::DatabaseError(kind, info) = &error {
            match kind {
                SerializationFailure => return ApplyError::Transient(error),
                UniqueViolation | ForeignKeyViolation | NotNullViolation | CheckViolation
                | ExclusionViolation => {
                    return ApplyError::Refused(error);
                }
                ReadOnlyTransaction => return ApplyError::Gone(Box::new(error)),
                _ if says(info.message(), &PASSING) => return ApplyError::Transient(error),
                _ if says(info.message(), &SERVER_TROUBLE) => {
                    return ApplyError::Gone(Box::new(error));
                }
                _ => {}
            }
        }
        let answers = diesel::sql_query("SELECT 1")
            .execute(&mut self.conn)
            .await
            .is_ok();
        if answers {
            ApplyError::Refused(error)
        } else {
            ApplyError::Gone(Box::new(error))
        }
    }

    /// Keeps a message that cannot be applied, without applying anything.
    ///
    /// # Errors
    /// See [`ApplyError`].
    pub async fn quarantine(
        &mut self,
        message: &Message,
        reason: &'static str,
        detail: &str,
    ) -> Result<(), ApplyError> {
        let routing_key = message.routing_key();
        let origin = Origin {
            received_at: self.clock.now(),
            routing_key,
            reader_key: reader_of_routing_key(routing_key),
            content_type: message.content_type(),
        };
        let mut plan = Plan::default();
        plan.quarantine.push(NewQuarantine::message(
            origin,
            reason,
            detail,
            message.body(),
        ));
        let (shard, epoch, partitions, now) = (
            self.shard,
            self.epoch,
            &mut self.partitions,
            origin.received_at,
        );
        let done = self
            .conn
            .transaction::<(), InTransaction, _>(async |conn| {
                store::find_lease(conn, shard, epoch)
                    .await?
                    .ok_or(InTransaction::LostLease)?;
                ensure_partitions(conn, partitions, &plan).await?;
                Ok(store::write(conn, &plan, now).await?)
            })
            .await;
        match done {
            Ok(()) => {
                metrics::counter!("wardtrack_ingest_quarantined_total").increment(1);
                Ok(())
            }
            Err(InTransaction::LostLease) => Err(ApplyError::LostLease),
            Err(InTransaction::Diesel(error)) => Err(self.explain(error).await),
        }
    }
}

/// Parses messages; readers nobody knows are registered as waiting first.
async fn take_in_all<'m>(
    conn: &mut AsyncPgConnection,
    state: &mut ShardState,
    messages: &'m [Message],
    arrival: Arrival,
    plan: &mut Plan,
) -> Result<Vec<(Batch, &'m [u8])>, DieselError> {
    let mut batches = Vec::with_capacity(messages.len());
    for message in messages {
        match take_in(message, arrival, &state.directory) {
            Intake::Batch(batch) => batches.push((*batch, message.body())),
            Intake::Refused(row) => plan.quarantine.push(*row),
        }
    }
    let mut unknown: Vec<String> = batches
        .iter()
        .filter(|(batch, _)| state.directory.reader(&batch.reader_key).is_none())
        .map(|(batch, _)| batch.reader_key.clone())
        .collect();
    if !unknown.is_empty() {
        unknown.sort_unstable();
        unknown.dedup();
        store::insert_waiting_readers(conn, &unknown).await?;
        state.directory.reload(conn).await?;
        state.directory_changed();
        state.readers_registered();
    }
    for row in &plan.quarantine {
        if let Some(reader) = row
            .reader_key
            .as_deref()
            .and_then(|key| state.directory.reader(key))
        {
            let id = reader.id;
            let memory = state.reader_memory(id);
            memory.rejected += 1;
            memory.is_dirty = true;
        }
    }
    Ok(batches)
}

/// The batches with their readers, and their bodies; those of readers that are not registered are refused.
type Known<'a> = (Vec<(ReaderId, &'a Batch)>, Vec<&'a [u8]>);

fn find_readers<'a>(
    state: &ShardState,
    batches: &'a [(Batch, &'a [u8])],
    plan: &mut Plan,
) -> Known<'a> {
    let (mut known, mut bodies) = (
        Vec::with_capacity(batches.len()),
        Vec::with_capacity(batches.len()),
    );
    for (batch, body) in batches {
        match state.directory.reader(&batch.reader_key) {
            Some(reader) => {
                known.push((reader.id, batch));
                bodies.push(*body);
            }
            None => plan.quarantine.push(too_many_waiting(batch)),
        }
    }
    (known, bodies)
}

/// Applies the batches that were not applied before, in the order of their arrival.
fn apply_new(
    state: &mut ShardState,
    (known, bodies): Known<'_>,
    mut new: AHashSet<(ReaderId, Uuid)>,
    mono_ms: u64,
    applied: &mut Applied,
    plan: &mut Plan,
) {
    for ((reader_id, batch), body) in known.into_iter().zip(bodies) {
        // Taken out at once: the same batch twice in one transaction is new only the first time.
        if new.remove(&(reader_id, batch.batch_id)) {
            applied.batches += 1;
            applied.sightings += batch.sightings.len();
            state.apply(batch, body, mono_ms, plan);
        } else {
            applied.duplicates += 1;
            let memory = state.reader_memory(reader_id);
            memory.duplicates += 1;
            memory.is_dirty = true;
        }
    }
}

fn too_many_waiting(batch: &Batch) -> NewQuarantine {
    let origin = Origin {
        received_at: batch.received_at,
        routing_key: &batch.routing_key,
        reader_key: Some(&batch.reader_key),
        content_type: None,
    };
    let detail = "this reader is not registered and the waiting room is full: register it, or remove readers that are not yours";
    NewQuarantine::message(origin, "unknown_reader", detail, b"")
}

/// Checks every timestamp of the plan against the partitions: one row without a partition fails the whole statement (I-5).
async fn ensure_partitions(
    conn: &mut AsyncPgConnection,
    made: &mut AHashSet<(&'static str, NaiveDate)>,
    plan: &Plan,
) -> Result<(), DieselError> {
    use chrono::Datelike;
    let month = |at: DateTime<Utc>| at.date_naive().with_day(1).unwrap_or_default();
    let sightings = plan
        .sightings
        .iter()
        .map(|row| ("sighting", row.seen_at.date_naive()));
    let stays = plan.moves.iter().map(|next| ("asset_stay", month(next.at)));
    let quarantine = plan
        .quarantine
        .iter()
        .map(|row| ("quarantine", month(row.received_at)));
    let needed: AHashSet<(&'static str, NaiveDate)> =
        sightings.chain(stays).chain(quarantine).collect();
    for (table, day) in needed {
        if !made.contains(&(table, day)) {
            ensure_partition(conn, table, day).await?;
            made.insert((table, day));
        }
    }
    Ok(())
}

async fn write_health(
    conn: &mut AsyncPgConnection,
    state: &mut ShardState,
    event_ms: i64,
    elapsed_s: f32,
    now: DateTime<Utc>,
) -> Result<(), DieselError> {
    state.update_down_readers(event_ms);
    for memory in state.readers.values_mut() {
        let before = memory.sightings_per_min;
        memory.update_rate(elapsed_s);
        memory.is_dirty |= (memory.sightings_per_min - before).abs() > 0.05;
    }
    let mut rows: Vec<_> = state
        .readers
        .iter()
        .filter(|(_, memory)| memory.is_dirty)
        .map(|(id, memory)| (*id, memory))
        .collect();
    rows.sort_unstable_by_key(|(reader_id, _)| *reader_id);
    store::upsert_reader_health(conn, &rows, now).await
}
