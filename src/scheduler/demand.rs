//! What is used in a day, computed anew four times a day, and changes of rules that reach many items and places, in parts.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::live::Topic;
use crate::supplies::carry::carry_due;
use crate::supplies::demand::follow_demand;

/// Carries one part of a change of rules that waits, and computes the mean use that is due with what follows from it.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let (carried, has_more_rules) = carry_due(conn, now).await?;
    let demanded = follow_demand(conn, now).await?;
    let mut outcome = Outcome {
        changed: carried + demanded.computed,
        has_more: has_more_rules || demanded.has_more,
        ..Outcome::default()
    };
    // New means alone tell nobody: open pages follow within half a minute.
    if carried + demanded.changed > 0 {
        outcome.topics.insert(Topic::Alerts);
    }
    Ok(outcome)
}
