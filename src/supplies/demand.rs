//! What is used of each item at each place in a day, from the days of the ledger; days of cover and safety stock rest on it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Computes what is due.
pub const FOLLOW_DEMAND_SQL: &str = include_str!("sql/follow_demand.sql");
/// Items and places in one run.
pub const DEMAND_MAX: i64 = 1_000;

/// Computes mean use and deviation of the items and places that were not looked at for six hours. Returns how many, and whether there are
/// more. Rows that somebody is changing wait for the next run.
///
/// # Errors
/// When the database fails.
pub async fn follow_demand(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<(usize, bool)> {
    let computed = sql_query(FOLLOW_DEMAND_SQL)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(DEMAND_MAX)
        .execute(conn)
        .await?;
    let full = usize::try_from(DEMAND_MAX).unwrap_or(usize::MAX);
    Ok((computed, computed >= full))
}
