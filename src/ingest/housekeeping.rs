//! Partitions made ahead and dropped behind, and suspects given one more try (ingest-design sections 6 and 8).

use std::time::Duration;

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Date, Integer, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::clock::Clock;
use crate::db::Db;
use crate::db::partitions::ensure_partition;
use crate::lifecycle::Lifecycle;

/// How often it runs.
const EVERY: Duration = Duration::from_mins(10);
/// Days made ahead.
const AHEAD_DAYS: u64 = 14;
/// Days made behind: as old as sightings may be, and one more.
const BEHIND_DAYS: u64 = 8;
/// Seven days of replay and one more.
const BATCH_DAYS: u64 = 8;
/// Raw history.
const SIGHTING_DAYS: u64 = 3;
/// Refused input.
const QUARANTINE_DAYS: u64 = 30;
/// Closed stays.
const STAY_MONTHS: u32 = 13;
/// Audit log, six years.
const AUDIT_MONTHS: u32 = 72;

/// Runs now and then every ten minutes until the soft token.
///
/// # Errors
/// Never by itself: failures are logged and tried again.
pub async fn run(db: Db, clock: Clock, life: Lifecycle) -> anyhow::Result<()> {
    while !life.is_stopping() {
        let wait = match run_once(&db, clock.now()).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "housekeeping failed, trying again in ten seconds"
                );
                Duration::from_secs(10)
            }
        };
        tokio::select! { () = tokio::time::sleep(wait) => {}, () = life.soft().cancelled() => {} }
    }
    Ok(())
}

async fn run_once(db: &Db, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut conn = db.conn().await?;
    make_partitions(&mut conn, now.date_naive()).await?;
    let dropped = drop_old(&mut conn, now).await?;
    let retried = ask_for_suspects(&mut conn, now).await?;
    if dropped > 0 || retried > 0 {
        tracing::info!(
            dropped_partitions = dropped,
            retried_suspects = retried,
            "housekeeping"
        );
    }
    Ok(())
}

/// Makes the partitions around `today`: days for sightings and batches, months for the rest.
///
/// # Errors
/// When the database fails.
pub async fn make_partitions(conn: &mut AsyncPgConnection, today: NaiveDate) -> QueryResult<()> {
    let from = today
        .checked_sub_days(Days::new(BEHIND_DAYS))
        .unwrap_or(today);
    for day in from
        .iter_days()
        .take(usize::try_from(BEHIND_DAYS + AHEAD_DAYS + 1).unwrap_or(0))
    {
        let is_kept = today.signed_duration_since(day).num_days()
            <= i64::try_from(SIGHTING_DAYS).unwrap_or(0);
        if is_kept {
            ensure_partition(conn, "sighting", day).await?;
        }
        ensure_partition(conn, "ingest_batch", day).await?;
    }
    for table in ["asset_stay", "quarantine", "audit_log"] {
        for day in [
            from,
            today,
            today.checked_add_months(Months::new(1)).unwrap_or(today),
        ] {
            ensure_partition(conn, table, day).await?;
        }
    }
    Ok(())
}

/// Drops what is older than its retention; returns how many partitions went.
///
/// # Errors
/// When the database fails.
pub async fn drop_old(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<i32> {
    #[derive(QueryableByName)]
    struct Dropped {
        #[diesel(sql_type = Integer)]
        n: i32,
    }
    let today = now.date_naive();
    let days = |n| today.checked_sub_days(Days::new(n)).unwrap_or(today);
    let months = |n| today.checked_sub_months(Months::new(n)).unwrap_or(today);
    let mut total = 0;
    for (table, before) in [
        ("sighting", days(SIGHTING_DAYS)),
        ("ingest_batch", days(BATCH_DAYS)),
        ("quarantine", days(QUARANTINE_DAYS)),
        ("asset_stay", months(STAY_MONTHS)),
        ("audit_log", months(AUDIT_MONTHS)),
    ] {
        let dropped: Dropped = sql_query("SELECT drop_partitions_before($1, $2) AS n")
            .bind::<Text, _>(table)
            .bind::<Date, _>(before)
            .get_result(conn)
            .await?;
        total += dropped.n;
    }
    // Batches whose own day is far off have no day partition to be dropped with.
    let before = now - chrono::TimeDelta::days(i64::try_from(BATCH_DAYS).unwrap_or(8));
    sql_query("DELETE FROM ingest_batch_default WHERE received_at < $1")
        .bind::<Timestamptz, _>(before)
        .execute(conn)
        .await?;
    Ok(total)
}

/// Asks for suspects to be sent once more, alone, after ten minutes; those that came back before stay.
async fn ask_for_suspects(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Asked {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let asked: Asked = sql_query(include_str!("sql/ask_for_suspects.sql"))
        .bind::<Timestamptz, _>(now - chrono::TimeDelta::minutes(10))
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await?;
    Ok(asked.n)
}
