//! What is used of each item at each place in a day, from the days of the ledger; days of cover and computed reorder points rest on it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::carry::{KeyRow, carry_changed};
use super::ledger::StockKey;
use super::settle::{StandingRow, list_standings, mark_days_out};

/// Computes what is due.
pub const FOLLOW_DEMAND_SQL: &str = include_str!("sql/follow_demand.sql");
/// Items and places in one run.
pub const DEMAND_MAX: i64 = 1_000;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demanded {
    /// Items and places whose use was computed.
    pub computed: usize,
    /// Those of which the rule in force changed with it.
    pub changed: usize,
    /// Whether there are more that are due.
    pub has_more: bool,
}

/// Computes mean use and deviation of the items and places that were not looked at for six hours, and carries what follows from them into
/// the rules in force. Rows that somebody is changing wait for the next run.
///
/// # Errors
/// When the database fails.
pub async fn follow_demand(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Demanded> {
    let computed: Vec<Computed> = sql_query(FOLLOW_DEMAND_SQL)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(DEMAND_MAX)
        .load(conn)
        .await?;
    // A day that nothing moves on is a day without stock all the same: it must not count as one without need.
    let all: Vec<StockKey> = computed.iter().map(|row| row.key.stock()).collect();
    let standings = list_standings(conn, &all, now).await?;
    let is_out =
        |row: &&StandingRow| row.use_per_day > 0.0 && row.standing().decide().is_out == Some(true);
    let out: Vec<&StandingRow> = standings.iter().filter(is_out).collect();
    mark_days_out(conn, &out).await?;
    // What was written by hand, without rules, is left alone.
    let ruled = computed.iter().filter(|row| row.has_rules);
    let keys: Vec<StockKey> = ruled.map(|row| row.key.stock()).collect();
    let changed = carry_changed(conn, &keys, now).await?;
    let full = usize::try_from(DEMAND_MAX).unwrap_or(usize::MAX);
    Ok(Demanded {
        computed: computed.len(),
        changed,
        has_more: computed.len() >= full,
    })
}

#[derive(QueryableByName)]
struct Computed {
    #[diesel(embed)]
    key: KeyRow,
    #[diesel(sql_type = Bool)]
    has_rules: bool,
}
