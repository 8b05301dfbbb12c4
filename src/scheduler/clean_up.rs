//! Retention of what people and rules leave behind (`docs/RUNBOOK.md`, Retention). What is said about an asset is kept.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::Outcome;
use crate::assets::import::remove_old_uploads;
use crate::delivery::follow::remove_old;

/// Keys of forms: nobody presses a button of a page that is a day old and means the same press.
pub const FORM_KEPT: TimeDelta = TimeDelta::hours(24);
/// Places that people gave, once the consumers have taken them over.
pub const CLAIM_KEPT: TimeDelta = TimeDelta::minutes(10);
/// The same, when a consumer is away: every transaction of the others counts these rows.
pub const CLAIM_KEPT_MAX: TimeDelta = TimeDelta::hours(24);
/// Resolved alerts and closed tasks.
pub const DONE_KEPT: TimeDelta = TimeDelta::days(90);
/// Rows removed by one statement.
const PAGE: i64 = 5_000;

/// Removes old rows.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let mut outcome = Outcome::default();
    let claims = sql_query(include_str!("sql/remove_claims.sql"))
        .bind::<Timestamptz, _>(now - CLAIM_KEPT)
        .bind::<Timestamptz, _>(now - CLAIM_KEPT_MAX)
        .bind::<BigInt, _>(PAGE);
    let mut removed = claims.execute(conn).await?;
    removed += remove_old_uploads(conn, now).await?;
    removed += remove_old(conn, now).await?;
    for (sql, before) in [
        (REMOVE_FORMS_SQL, now - FORM_KEPT),
        (REMOVE_ALERTS_SQL, now - DONE_KEPT),
        (REMOVE_TASKS_SQL, now - DONE_KEPT),
    ] {
        let gone = sql_query(sql)
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(PAGE)
            .execute(conn)
            .await?;
        outcome.has_more |= i64::try_from(gone).unwrap_or(0) >= PAGE;
        removed += gone;
    }
    outcome.changed = removed;
    Ok(outcome)
}

/// Forms.
pub const REMOVE_FORMS_SQL: &str = "DELETE FROM form_post WHERE form_key IN \
     (SELECT form_key FROM form_post WHERE at < $1 ORDER BY at LIMIT $2)";
/// Alerts: one that a person resolved while its condition holds keeps its key quiet, so it stays.
pub const REMOVE_ALERTS_SQL: &str = "DELETE FROM alert WHERE id IN (SELECT id FROM alert \
     WHERE state = 'resolved' AND NOT is_active AND opened_at < $1 AND resolved_at < $1 AND ended_at < $1 \
     ORDER BY opened_at, id LIMIT $2)";
/// Tasks.
pub const REMOVE_TASKS_SQL: &str = "DELETE FROM task WHERE id IN \
     (SELECT id FROM task WHERE state <> 'open' AND closed_at < $1 ORDER BY closed_at, id LIMIT $2)";
