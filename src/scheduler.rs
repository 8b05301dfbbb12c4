//! What time causes: place rules, missing and seen again, service that falls due, hold times of alerts, counts, retention
//! (`docs/adr/0009-one-scheduler.md`).
//!
//! One file a job. A job is one function that works in one transaction, given the time; [`Scheduler::run_job`] opens that
//! transaction and takes the job's lock in it, so that two schedulers never do the same work twice. What cannot be finished
//! at once is bounded and goes on in the next run. [`run`] is the loop.

pub mod cabinets;
pub mod clean_up;
pub mod counts;
pub mod demand;
pub mod expiry;
pub mod facts;
pub mod messages;
pub mod missing;
pub mod place_rules;
pub mod readers;
pub mod rooms;
pub mod seen_again;
pub mod service;

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Bool, Integer};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::db::Db;
use crate::db::fault::is_unavailable;
use crate::lifecycle::Lifecycle;
use crate::live::{Hints, TopicSet};

/// First half of the advisory locks, so that they meet no others.
const LOCK_CLASS: i32 = 0x7774;
/// A job that failed waits at least this long, then twice as long each time.
const RETRY_MIN: Duration = Duration::from_secs(1);
/// The longest wait after failures.
const RETRY_MAX: Duration = Duration::from_mins(1);
/// How long a job may go on after a stop was asked for; a transaction that is cut off changes nothing.
const FINISH_MAX: Duration = Duration::from_secs(3);

/// Something that is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Folds changes of counts into the counts.
    Counts,
    /// Patient room, soiled utility, equipment room.
    PlaceRules,
    /// R10: not seen for its limit.
    Missing,
    /// R10: missing ones that were heard, and look-for tasks that this closes.
    SeenAgain,
    /// R2: service that falls due at midnight.
    Service,
    /// R8: rooms below their critical level.
    Rooms,
    /// Readers that are down.
    Readers,
    /// R24: cabinets that are not heard.
    Cabinets,
    /// Alerts that are told further, and messages that tell several.
    Messages,
    /// R17: lots that expire.
    Expiry,
    /// Mean use of a day, and rules that reach many.
    Demand,
    /// Retention.
    CleanUp,
}

impl Job {
    /// Every job.
    pub const ALL: &'static [Self] = &[
        Self::Counts,
        Self::PlaceRules,
        Self::Missing,
        Self::SeenAgain,
        Self::Service,
        Self::Rooms,
        Self::Readers,
        Self::Cabinets,
        Self::Messages,
        Self::Expiry,
        Self::Demand,
        Self::CleanUp,
    ];

    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::PlaceRules => "place_rules",
            Self::Missing => "missing",
            Self::SeenAgain => "seen_again",
            Self::Service => "service",
            Self::Rooms => "rooms",
            Self::Readers => "readers",
            Self::Cabinets => "cabinets",
            Self::Messages => "messages",
            Self::Expiry => "expiry",
            Self::Demand => "demand",
            Self::CleanUp => "clean_up",
        }
    }

    /// How often it runs.
    #[must_use]
    pub fn every(self) -> Duration {
        Duration::from_secs(match self {
            Self::Counts => 1,
            Self::Missing => 2,
            Self::PlaceRules
            | Self::SeenAgain
            | Self::Readers
            | Self::Cabinets
            | Self::Demand
            | Self::Messages => 5,
            Self::Rooms => 15,
            Self::Service | Self::Expiry => 60,
            Self::CleanUp => 600,
        })
    }

    fn lock(self) -> i32 {
        match self {
            Self::Counts => 1,
            Self::PlaceRules => 2,
            Self::Missing => 3,
            Self::SeenAgain => 4,
            Self::Service => 5,
            Self::Rooms => 6,
            Self::Readers => 7,
            Self::CleanUp => 8,
            Self::Expiry => 9,
            Self::Demand => 10,
            Self::Cabinets => 11,
            Self::Messages => 12,
        }
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows that changed for people: assets, alerts, tasks.
    pub changed: usize,
    /// Whom to tell after COMMIT.
    pub topics: TopicSet,
    /// There is more to do: run it again at once.
    pub has_more: bool,
}

/// What one process remembers between runs; all of it may be lost.
#[derive(Clone, Debug, Default)]
pub struct Scheduler {
    walk: missing::Walk,
}

impl Scheduler {
    /// Runs a job in one transaction. `None`: another scheduler is at it.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn run_job(
        &mut self,
        conn: &mut AsyncPgConnection,
        job: Job,
        now: DateTime<Utc>,
    ) -> QueryResult<Option<Outcome>> {
        let mut walk = self.walk;
        let outcome = conn
            .transaction::<_, diesel::result::Error, _>(async |conn| {
                if !take_lock(conn, job).await? {
                    return Ok(None);
                }
                let outcome = match job {
                    Job::Counts => counts::run(conn, now).await,
                    Job::PlaceRules => place_rules::run(conn, now).await,
                    Job::Missing => missing::run(conn, now, &mut walk).await,
                    Job::SeenAgain => seen_again::run(conn, now).await,
                    Job::Service => service::run(conn, now).await,
                    Job::Rooms => rooms::run(conn, now).await,
                    Job::Readers => readers::run(conn, now).await,
                    Job::Cabinets => cabinets::run(conn, now).await,
                    Job::Messages => messages::run(conn, now).await,
                    Job::Expiry => expiry::run(conn, now).await,
                    Job::Demand => demand::run(conn, now).await,
                    Job::CleanUp => clean_up::run(conn, now).await,
                };
                outcome.map(Some)
            })
            .await?;
        self.walk = walk;
        Ok(outcome)
    }
}

/// Takes the lock of a job until the end of the transaction, unless somebody else has it.
async fn take_lock(conn: &mut AsyncPgConnection, job: Job) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = Bool)]
        is_taken: bool,
    }
    let taken: Taken = sql_query("SELECT pg_try_advisory_xact_lock($1, $2) AS is_taken")
        .bind::<Integer, _>(LOCK_CLASS)
        .bind::<Integer, _>(job.lock())
        .get_result(conn)
        .await?;
    Ok(taken.is_taken)
}

/// When a job runs next, and how often it failed in a row.
struct Due {
    job: Job,
    at: Instant,
    failures: u32,
}

/// Runs every job at its period until the soft token of `life`. A job that fails is logged and tried again; the others go on.
///
/// # Errors
/// Never by itself: the database may come and go.
pub async fn run(db: Db, clock: Clock, hints: Hints, life: Lifecycle) -> anyhow::Result<()> {
    let mut scheduler = Scheduler::default();
    let begun = Instant::now();
    let mut due: Vec<Due> = Job::ALL
        .iter()
        .map(|job| Due {
            job: *job,
            at: begun,
            failures: 0,
        })
        .collect();
    let mut away = 0;
    while let Some(next) = due.iter_mut().min_by_key(|due| due.at) {
        tokio::select! {
            biased;
            () = life.soft().cancelled() => break,
            () = tokio::time::sleep_until(next.at) => {}
        }
        let job = next.job;
        let done = tokio::select! {
            () = cut_off(&life) => break,
            done = run_once(&mut scheduler, &db, &clock, job) => done,
        };
        let (wait, is_away) = settle(next, done, &hints, away);
        next.at = Instant::now() + wait;
        away = if is_away { away + 1 } else { 0 };
        if is_away {
            // Nothing can run: one job asks whether the database is back, and the others wait with it.
            let again = Instant::now() + wait;
            for due in &mut due {
                due.at = due.at.max(again);
            }
        }
    }
    Ok(())
}

async fn cut_off(life: &Lifecycle) {
    life.soft().cancelled().await;
    tokio::time::sleep(FINISH_MAX).await;
}

async fn run_once(
    scheduler: &mut Scheduler,
    db: &Db,
    clock: &Clock,
    job: Job,
) -> anyhow::Result<Option<Outcome>> {
    let mut conn = db.conn().await?;
    Ok(scheduler.run_job(&mut conn, job, clock.now()).await?)
}

/// Says what came of a run; returns how long the job waits and whether the database is away.
fn settle(
    due: &mut Due,
    done: anyhow::Result<Option<Outcome>>,
    hints: &Hints,
    away: u32,
) -> (Duration, bool) {
    let job = due.job.name();
    match done {
        Ok(outcome) => {
            due.failures = 0;
            let outcome = outcome.unwrap_or_default();
            if outcome.changed > 0 {
                tracing::debug!(job, changed = outcome.changed, "scheduled job");
                let changed = u64::try_from(outcome.changed).unwrap_or(0);
                metrics::counter!("wardtrack_scheduler_changes_total", "job" => job)
                    .increment(changed);
            }
            hints.send(outcome.topics.iter());
            let wait = if outcome.has_more {
                Duration::ZERO
            } else {
                due.job.every()
            };
            (wait, false)
        }
        Err(error) => {
            metrics::counter!("wardtrack_scheduler_failures_total", "job" => job).increment(1);
            let error: &(dyn std::error::Error + 'static) = error.as_ref();
            if is_unavailable(error) {
                if away == 0 {
                    tracing::warn!(job, error, "the database is away; trying again");
                }
                return (backoff(away), true);
            }
            due.failures += 1;
            tracing::warn!(job, error, "a scheduled job failed; trying again");
            (backoff(due.failures).max(due.job.every()), false)
        }
    }
}

fn backoff(failures: u32) -> Duration {
    RETRY_MIN
        .saturating_mul(2_u32.saturating_pow(failures.min(10)))
        .min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_a_lock_and_a_name_of_its_own() {
        let locks: std::collections::BTreeSet<_> = Job::ALL.iter().map(|job| job.lock()).collect();
        let names: std::collections::BTreeSet<_> = Job::ALL.iter().map(|job| job.name()).collect();
        assert_eq!((locks.len(), names.len()), (Job::ALL.len(), Job::ALL.len()));
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!(backoff(0), RETRY_MIN);
        assert!(backoff(3) > backoff(2));
        assert_eq!(backoff(u32::MAX), RETRY_MAX);
    }
}
