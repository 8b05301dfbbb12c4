//! Lots that come nearer to their last day, and stock that stops counting at local midnight (R17).

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::live::Topic;
use crate::supplies::expiry::follow_calendar;

/// Makes alerts and suggestions follow the calendar.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let (changed, has_more) = follow_calendar(conn, now).await?;
    let mut outcome = Outcome {
        changed,
        has_more,
        ..Outcome::default()
    };
    if changed > 0 {
        outcome.topics.insert(Topic::Alerts);
    }
    Ok(outcome)
}
