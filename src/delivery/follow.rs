//! What time causes: alerts that nobody acknowledged go a step further, messages that tell several are due, old ones go.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Alerts in one run.
const ALERTS_MAX: i64 = 500;
/// Messages that are removed in one run.
const REMOVED_MAX: i64 = 5_000;
/// How long messages that have ended are kept.
pub const KEPT: TimeDelta = TimeDelta::days(14);

/// Tells alerts that nobody acknowledged in time further. Returns how many, and whether there are more.
///
/// # Errors
/// When the database fails.
pub async fn escalate(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<(usize, bool)> {
    let told = sql_query(include_str!("sql/escalate.sql"))
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(ALERTS_MAX)
        .execute(conn)
        .await?;
    Ok((told, i64::try_from(told).unwrap_or(i64::MAX) >= ALERTS_MAX))
}

/// Writes the messages that tell several alerts, where they are due. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn collect_digests(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let written: Number = sql_query(include_str!("sql/digest.sql"))
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await?;
    Ok(usize::try_from(written.n).unwrap_or(0))
}

/// Removes messages that ended two weeks ago. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn remove_old(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<usize> {
    sql_query(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE (done_at IS NOT NULL OR failed_at IS NOT NULL) AND created_at < $1 \
         ORDER BY created_at LIMIT $2)",
    )
    .bind::<Timestamptz, _>(now - KEPT)
    .bind::<BigInt, _>(REMOVED_MAX)
    .execute(conn)
    .await
}
