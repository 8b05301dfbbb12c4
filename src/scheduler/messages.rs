//! Alerts that nobody acknowledged in time, and messages that tell several.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::delivery::follow::{collect_digests, escalate};
use crate::live::Topic;

/// Writes to the outbox what is due.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let (escalated, has_more) = escalate(conn, now).await?;
    let digests = collect_digests(conn, now).await?;
    let mut outcome = Outcome {
        changed: escalated + digests,
        has_more,
        ..Outcome::default()
    };
    if escalated > 0 {
        outcome.topics.insert(Topic::Alerts);
    }
    Ok(outcome)
}
