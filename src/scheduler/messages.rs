//! Alerts that nobody acknowledged in time, messages that tell several, and what was still written for destinations that are turned off.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::delivery::follow::{collect_digests, escalate};
use crate::delivery::store::give_up_waiting;
use crate::live::Topic;

/// Writes to the outbox what is due.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    // An alert that began in the moment in which its destination was turned off.
    let given_up = give_up_waiting(conn, None, "the destination is turned off", now).await?;
    let (escalated, has_more) = escalate(conn, now).await?;
    let digests = collect_digests(conn, now).await?;
    let mut outcome = Outcome {
        changed: given_up + escalated + digests,
        has_more,
        ..Outcome::default()
    };
    if given_up + escalated + digests > 0 {
        outcome.topics.insert(Topic::Alerts);
    }
    Ok(outcome)
}
