//! Readers that have missed their heartbeats: one alert each, until they are heard for two minutes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;

use super::Outcome;
use crate::alerts::rules::{Cause, Subject, key};
use crate::alerts::store::{end, list_reader_watches, raise, set_calm};
use crate::alerts::watch::ReaderStep;
use crate::db::types::AlertKind;
use crate::devices::model::LiveState;
use crate::devices::store::find_live_state;
use crate::live::Topic;

/// Begins and ends alerts of readers.
///
/// # Errors
/// When the database fails.
pub async fn run(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> QueryResult<Outcome> {
    let kind = AlertKind::ReaderDown;
    let (mut causes, mut calm, mut alarmed, mut ended) = (vec![], vec![], vec![], vec![]);
    let mut outcome = Outcome::default();
    // The consumer writes who is silent: while it is away, that says nothing about the readers.
    if !matches!(find_live_state(conn, now).await?, LiveState::Live { .. }) {
        return Ok(outcome);
    }
    for watch in list_reader_watches(conn).await? {
        let subject = Subject::Reader(watch.reader_id);
        match watch.decide(now) {
            ReaderStep::Wait => continue,
            ReaderStep::Calm => {
                calm.push(key(kind, subject));
                continue;
            }
            ReaderStep::Alarm => {
                alarmed.push(key(kind, subject));
                continue;
            }
            ReaderStep::Raise => causes.push(Cause {
                kind,
                subject,
                room_id: watch.room_id,
            }),
            ReaderStep::End => ended.push(key(kind, subject)),
        }
        outcome.changed += 1;
        outcome
            .topics
            .extend([Topic::Alerts, Topic::Reader(watch.reader_id)]);
    }
    raise(conn, &causes, now).await?;
    set_calm(conn, &calm, Some(now)).await?;
    set_calm(conn, &alarmed, None).await?;
    end(conn, &ended, now).await?;
    Ok(outcome)
}
