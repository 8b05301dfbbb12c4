//! The outbox in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use uuid::Uuid;

use super::retry::{BREAKER_FAILURES, BREAKER_FOR, next_try};
use crate::alerts::rules::{Cause, Subject, key};
use crate::alerts::store::{end, raise};
use crate::db::types::{AlertKind, DestinationKind, MessageEvent, MessageState, Severity};
use crate::ids::{AlertId, DestinationId, OutboxId};

/// Takes messages that are due.
pub const CLAIM_SQL: &str = include_str!("sql/claim.sql");
/// Messages, the newest first.
pub const DELIVERIES_SQL: &str = include_str!("sql/deliveries.sql");
/// Whom alerts were told.
pub const TOLD_SQL: &str = include_str!("sql/told.sql");
/// Letters of a reason that are kept.
const ERROR_CHARS_MAX: usize = 300;

/// Why a message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct SendError {
    /// In words that people see.
    pub text: String,
    /// How long the receiver asked to wait.
    pub after: Option<TimeDelta>,
    /// It will never arrive: nothing more is sent there.
    pub is_gone: bool,
}

impl SendError {
    /// It may arrive later.
    pub fn again(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            after: None,
            is_gone: false,
        }
    }

    /// It never will.
    pub fn gone(text: impl Into<String>) -> Self {
        Self {
            is_gone: true,
            ..Self::again(text)
        }
    }
}

/// A message to send now.
#[derive(Clone, Debug, QueryableByName)]
pub struct Claimed {
    /// Its row.
    #[diesel(sql_type = BigInt)]
    pub outbox_id: OutboxId,
    /// The same over all tries.
    #[diesel(sql_type = SqlUuid)]
    pub message_id: Uuid,
    /// What happened.
    #[diesel(sql_type = Text)]
    pub event: MessageEvent,
    /// Failed tries.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// When it was caused.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// The alert.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub alert_id: Option<AlertId>,
    /// More of it: `{"alerts": [...]}` of those that tell several.
    #[diesel(sql_type = Jsonb)]
    pub payload: Value,
    /// To whom.
    #[diesel(sql_type = BigInt)]
    pub destination_id: DestinationId,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Mail or web address.
    #[diesel(sql_type = Text)]
    pub kind: DestinationKind,
    /// Where that is.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// Key to sign with.
    #[diesel(sql_type = Nullable<Text>)]
    pub secret: Option<String>,
    /// The key before it, while it is still used.
    #[diesel(sql_type = Nullable<Text>)]
    pub old_secret: Option<String>,
}

impl Claimed {
    /// The alerts that it tells.
    #[must_use]
    pub fn alert_ids(&self) -> Vec<AlertId> {
        let listed = self.payload.get("alerts").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_i64);
        self.alert_id
            .into_iter()
            .chain(listed.map(AlertId))
            .collect()
    }
}

/// Takes messages that are due; nobody else gets them for a minute.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    conn: &mut AsyncPgConnection,
    limit: i64,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Claimed>> {
    sql_query(CLAIM_SQL)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .bind::<Integer, _>(BREAKER_FAILURES)
        .load(conn)
        .await
}

/// A message arrived. Returns whether an alert ended with that.
///
/// # Errors
/// When the database fails.
pub async fn record_done(
    conn: &mut AsyncPgConnection,
    message: &Claimed,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    conn.transaction(async |conn| {
        lock_destination(conn, message.destination_id).await?;
        // What was given up while it was on its way, and arrived all the same, did arrive.
        sql_query(
            "UPDATE outbox SET done_at = $2, failed_at = NULL, locked_until = NULL, attempts = attempts + 1 WHERE id = $1 AND done_at IS NULL",
        )
        .bind::<BigInt, _>(message.outbox_id)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
        sql_query(
            "UPDATE destination SET failures = 0, broken_until = NULL WHERE id = $1 AND failures > 0",
        )
        .bind::<BigInt, _>(message.destination_id)
        .execute(conn)
        .await?;
        end_not_delivered(conn, message.destination_id, now).await
    })
    .await
}

/// Lets the outcomes of one destination be noted one after another: each changes its message, the destination, and perhaps all that
/// waits for it. Messages to it may be written meanwhile.
async fn lock_destination(
    conn: &mut AsyncPgConnection,
    destination: DestinationId,
) -> QueryResult<()> {
    sql_query("SELECT FROM destination WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<BigInt, _>(destination)
        .execute(conn)
        .await
        .map(drop)
}

/// Messages arrive there, or nobody waits for them any more: "messages not delivered" ends, and one that a person made quiet may speak
/// again. Returns whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn end_not_delivered(
    conn: &mut AsyncPgConnection,
    destination: DestinationId,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let key = key(AlertKind::NotDelivered, Subject::Destination(destination));
    Ok(end(conn, &[key], now).await? > 0)
}

/// A message did not arrive: it is tried again, or given up with an alert. Returns whether it was given up now; one that had been given
/// up meanwhile, because its destination was turned off, stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn record_failure(
    conn: &mut AsyncPgConnection,
    message: &Claimed,
    error: &SendError,
    jitter: f64,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let next = next_try(message.attempts + 1, jitter, error.after, now).filter(|_| !error.is_gone);
    let text: String = error.text.chars().take(ERROR_CHARS_MAX).collect();
    conn.transaction(async |conn| {
        lock_destination(conn, message.destination_id).await?;
        let noted = sql_query(include_str!("sql/record_failure.sql"))
            .bind::<BigInt, _>(message.outbox_id)
            .bind::<Text, _>(text)
            .bind::<Nullable<Timestamptz>, _>(next)
            .bind::<Timestamptz, _>(now)
            .bind::<Bool, _>(error.is_gone)
            .bind::<Integer, _>(BREAKER_FAILURES)
            .bind::<BigInt, _>(BREAKER_FOR.num_seconds())
            .execute(conn)
            .await?;
        if noted == 0 {
            return Ok(false);
        }
        if error.is_gone {
            let destination = Some(message.destination_id);
            give_up_waiting(conn, destination, &error.text, now).await?;
        }
        if next.is_some() {
            return Ok(false);
        }
        // Told by whatever other way there is: this alert goes by the routes too, but never to the same destination.
        let cause = Cause {
            kind: AlertKind::NotDelivered,
            subject: Subject::Destination(message.destination_id),
            room_id: None,
        };
        raise(conn, &[cause], now).await?;
        Ok(true)
    })
    .await
}

/// What waits at destinations that are turned off is given up, at all of them or at one: messages, and alerts that were to be told
/// together. Each says so.
///
/// # Errors
/// When the database fails.
pub async fn give_up_waiting(
    conn: &mut AsyncPgConnection,
    destination: Option<DestinationId>,
    why: &str,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let text: String = why.chars().take(ERROR_CHARS_MAX).collect();
    let messages = sql_query(
        "UPDATE outbox o SET failed_at = $2, locked_until = NULL, last_error = coalesce(o.last_error, $3) FROM destination d \
         WHERE d.id = o.destination_id AND d.disabled_at IS NOT NULL AND ($1 IS NULL OR d.id = $1) AND o.done_at IS NULL AND o.failed_at IS NULL",
    )
    .bind::<Nullable<BigInt>, _>(destination)
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(&text)
    .execute(conn)
    .await?;
    let entries = sql_query(include_str!("sql/give_up_digests.sql"))
        .bind::<Nullable<BigInt>, _>(destination)
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(&text)
        .execute(conn)
        .await?;
    Ok(messages + entries)
}

/// A message as the page lists it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct DeliveryLine {
    /// Its row.
    #[diesel(sql_type = BigInt)]
    pub outbox_id: OutboxId,
    /// What happened.
    #[diesel(sql_type = Text)]
    pub event: MessageEvent,
    /// When it was caused.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it is tried next.
    #[diesel(sql_type = Timestamptz)]
    pub next_at: DateTime<Utc>,
    /// Tries so far.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// The first of them.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub first_tried_at: Option<DateTime<Utc>>,
    /// When it arrived.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub done_at: Option<DateTime<Utc>>,
    /// When it was given up.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failed_at: Option<DateTime<Utc>>,
    /// Why the last try failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_error: Option<String>,
    /// The alert.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub alert_id: Option<AlertId>,
    /// To whom.
    #[diesel(sql_type = Text)]
    pub destination: String,
    /// Mail or web address.
    #[diesel(sql_type = Text)]
    pub kind: DestinationKind,
    /// What the alert is about.
    #[diesel(sql_type = Nullable<Text>)]
    pub alert_kind: Option<AlertKind>,
    /// How much it matters.
    #[diesel(sql_type = Nullable<Text>)]
    pub severity: Option<Severity>,
    /// Where it stands.
    #[diesel(sql_type = Text)]
    pub state: MessageState,
}

/// Messages, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn list_deliveries(
    mut conn: &AsyncPgConnection,
    state: Option<MessageState>,
    before: Option<OutboxId>,
    limit: i64,
) -> QueryResult<Vec<DeliveryLine>> {
    sql_query(DELIVERIES_SQL)
        .bind::<Nullable<Text>, _>(state)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(&mut conn)
        .await
}

/// Whom an alert was told.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ToldLine {
    /// Which alert.
    #[diesel(sql_type = BigInt)]
    pub alert_id: AlertId,
    /// To whom.
    #[diesel(sql_type = Text)]
    pub destination: String,
    /// When it arrived.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub done_at: Option<DateTime<Utc>>,
    /// When it was given up.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub failed_at: Option<DateTime<Utc>>,
    /// Whether it has not been sent yet, because it will be told together with others.
    #[diesel(sql_type = Bool)]
    pub waits_together: bool,
}

/// Whom alerts were told, and will be.
///
/// # Errors
/// When the database fails.
pub async fn list_told(
    mut conn: &AsyncPgConnection,
    alerts: &[AlertId],
) -> QueryResult<Vec<ToldLine>> {
    if alerts.is_empty() {
        return Ok(Vec::new());
    }
    sql_query(TOLD_SQL)
        .bind::<Array<BigInt>, _>(alerts)
        .load(&mut conn)
        .await
}
