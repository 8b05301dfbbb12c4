//! Input that could not be used: reads for the page, and the mark that asks for a message to be sent again.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use super::model::{QuarantineCursor, QuarantineEntry, ReasonCount, ReplayMark};
use crate::audit::{Actor, Event, record_audit};
use crate::db::types::{QuarantineScope, QuarantineState};
use crate::ids::{QuarantineId, UserId};

/// Rows on one page.
pub const ROWS_PER_PAGE: i64 = 25;
/// How much of a body the list carries; one row alone has [`BODY_BYTES_MAX`].
pub const EXCERPT_BYTES_MAX: i32 = 160;
/// How much of a body is shown.
pub const BODY_BYTES_MAX: i32 = 4_096;

/// Rows newer than the retention, newest first: $1 reason or NULL, $2 and $3 cursor, $4 limit, $5 bytes of the body.
pub const ROWS_SQL: &str = include_str!("sql/quarantine.sql");

/// Rows after `after`, newest first, of one reason or of all.
///
/// # Errors
/// When the database fails.
pub async fn list_rows(
    mut conn: &AsyncPgConnection,
    reason: Option<&str>,
    after: Option<QuarantineCursor>,
    limit: i64,
) -> QueryResult<Vec<QuarantineEntry>> {
    sql_query(ROWS_SQL)
        .bind::<Nullable<Text>, _>(reason)
        .bind::<Nullable<Timestamptz>, _>(after.map(|cursor| cursor.received_at))
        .bind::<Nullable<BigInt>, _>(after.map(|cursor| cursor.quarantine_id.0))
        .bind::<BigInt, _>(limit)
        .bind::<Integer, _>(EXCERPT_BYTES_MAX)
        .load(&mut conn)
        .await
}

/// One row, with the first [`BODY_BYTES_MAX`] bytes of its body.
///
/// # Errors
/// When the database fails.
pub async fn find_row(
    mut conn: &AsyncPgConnection,
    id: QuarantineId,
) -> QueryResult<Option<QuarantineEntry>> {
    sql_query(
        "SELECT id AS quarantine_id, received_at, scope, reason, detail, routing_key, reader_key, \
           substring(body FROM 1 FOR $2) AS body_start, body_bytes, state, replay_asked_at, replayed_at \
         FROM quarantine WHERE id = $1",
    )
    .bind::<BigInt, _>(id.0)
    .bind::<Integer, _>(BODY_BYTES_MAX)
    .get_result(&mut conn)
    .await
    .optional()
}

/// Reasons since `now` minus 24 h, the most frequent first.
///
/// # Errors
/// When the database fails.
pub async fn list_reasons(
    mut conn: &AsyncPgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<ReasonCount>> {
    sql_query(
        "SELECT reason, count(*) AS rows FROM quarantine WHERE received_at > $1 \
         GROUP BY reason ORDER BY 2 DESC, 1 LIMIT 50",
    )
    .bind::<Timestamptz, _>(now - TimeDelta::hours(24))
    .load(&mut conn)
    .await
}

/// Rows since `now` minus 24 h.
///
/// # Errors
/// When the database fails.
pub async fn count_rows(mut conn: &AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<i64> {
    use crate::db::schema::quarantine;
    quarantine::table
        .filter(quarantine::received_at.gt(now - TimeDelta::hours(24)))
        .count()
        .get_result(&mut conn)
        .await
}

/// Marks a kept message: the gateway will publish it again under its own key. Asking twice changes nothing. The audit row
/// is in the same transaction.
///
/// # Errors
/// When the database fails.
pub async fn ask_replay(
    conn: &mut AsyncPgConnection,
    id: QuarantineId,
    by: UserId,
    now: DateTime<Utc>,
) -> QueryResult<ReplayMark> {
    conn.transaction(async |conn| {
        let mark = record_replay_asked(conn, id, now).await?;
        if mark == ReplayMark::Asked {
            let event = Event::new(
                Actor::User(by),
                "quarantine.replay_asked",
                format!("quarantine:{id}"),
            );
            record_audit(conn, &event, now).await?;
        }
        Ok(mark)
    })
    .await
}

async fn record_replay_asked(
    conn: &mut AsyncPgConnection,
    id: QuarantineId,
    now: DateTime<Utc>,
) -> QueryResult<ReplayMark> {
    use crate::db::schema::quarantine;
    let marked = diesel::update(quarantine::table.filter(quarantine::id.eq(id)))
        .filter(quarantine::scope.eq(QuarantineScope::Message))
        .filter(quarantine::state.eq(QuarantineState::Kept))
        .filter(quarantine::body_bytes.gt(0))
        .set((
            quarantine::state.eq(QuarantineState::ReplayAsked),
            quarantine::replay_asked_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if marked > 0 {
        return Ok(ReplayMark::Asked);
    }
    let found: Option<(QuarantineScope, i32)> = quarantine::table
        .filter(quarantine::id.eq(id))
        .select((quarantine::scope, quarantine::body_bytes))
        .first::<(QuarantineScope, i32)>(conn)
        .await
        .optional()?;
    Ok(match found {
        None => ReplayMark::NoRow,
        Some((QuarantineScope::Sighting, _)) => ReplayMark::OnlySighting,
        Some((QuarantineScope::Message, 0)) => ReplayMark::NoBody,
        Some((QuarantineScope::Message, _)) => ReplayMark::AlreadyAsked,
    })
}
