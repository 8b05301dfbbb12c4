//! R24: cabinets that fell silent, and those that are heard again.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::live::Topic;
use crate::supplies::silence::follow_silence;

/// Notes who is silent. While no consumer takes sightings, silence means nothing.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let mut outcome = Outcome::default();
    if matches!(find_live_state(conn, now).await?, LiveState::Live { .. }) {
        outcome.changed = follow_silence(conn, now).await?;
        if outcome.changed > 0 {
            outcome.topics.insert(Topic::Alerts);
        }
    }
    Ok(outcome)
}
