//! What is used in a day, computed anew four times a day.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::supplies::demand::follow_demand;

/// Computes the mean use that is due. Nobody has to be told: open pages follow within half a minute.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let (changed, has_more) = follow_demand(conn, now).await?;
    Ok(Outcome {
        changed,
        has_more,
        ..Outcome::default()
    })
}
