//! Readers and consumers as the pages need them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Float4, Integer, Nullable, SmallInt, Text, Timestamptz};

use crate::db::types::{QuarantineScope, QuarantineState, ReaderState, RoomKind, Technology};
use crate::ids::{QuarantineId, ReaderId, RoomId};

/// A reader with its health.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct ReaderEntry {
    /// The reader.
    #[diesel(sql_type = BigInt)]
    pub reader_id: ReaderId,
    /// Its id on the wire.
    #[diesel(sql_type = Text)]
    pub reader_key: String,
    /// What people call it; may be empty.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it speaks.
    #[diesel(sql_type = Text)]
    pub technology: Technology,
    /// Whether its sightings are used.
    #[diesel(sql_type = Text)]
    pub state: ReaderState,
    /// How often it reports when it hears nothing.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub heartbeat_interval_ms: Option<i64>,
    /// Position in the list: 0 waiting, 1 silent, 2 in use, 3 disabled.
    #[diesel(sql_type = Integer)]
    pub rank: i32,
    /// When it sent something last.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_message_at: Option<DateTime<Utc>>,
    /// Since when it has missed its heartbeats.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub down_since: Option<DateTime<Utc>>,
    /// Arrival minus sent.
    #[diesel(sql_type = BigInt)]
    pub clock_offset_ms: i64,
    /// Sightings whose time was corrected (R27).
    #[diesel(sql_type = BigInt)]
    pub clock_faults: i64,
    /// Messages and sightings refused.
    #[diesel(sql_type = BigInt)]
    pub rejected: i64,
    /// Batches that came again.
    #[diesel(sql_type = BigInt)]
    pub duplicates: i64,
    /// Sightings a minute.
    #[diesel(sql_type = Float4)]
    pub sightings_per_min: f32,
    /// Newest entry of its event list.
    #[diesel(sql_type = Nullable<Text>)]
    pub last_event: Option<String>,
    /// Credentials that are valid now.
    #[diesel(sql_type = BigInt)]
    pub credentials: i64,
    /// Sightings of unregistered tags in the last 24 h (I-10).
    #[diesel(sql_type = BigInt)]
    pub unregistered: i64,
}

/// Where a list of readers goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderCursor {
    /// Rank of the last reader shown.
    pub rank: i32,
    /// Its key.
    pub reader_key: String,
}

impl ReaderCursor {
    /// Reads the text of a link.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (rank, reader_key) = text.split_once('.')?;
        Some(Self {
            rank: rank.parse().ok()?,
            reader_key: reader_key.to_owned(),
        })
    }
}

impl std::fmt::Display for ReaderCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.rank, self.reader_key)
    }
}

/// An antenna and the room it looks at.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct AntennaEntry {
    /// Its reader.
    #[diesel(sql_type = BigInt)]
    pub reader_id: ReaderId,
    /// Number of the port; 0 stands for the whole reader.
    #[diesel(sql_type = SmallInt)]
    pub port: i16,
    /// The zone it covers.
    #[diesel(sql_type = Text)]
    pub zone_name: String,
    /// The room of that zone.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Name of that room.
    #[diesel(sql_type = Text)]
    pub room_name: String,
    /// What that room is for.
    #[diesel(sql_type = Text)]
    pub room_kind: RoomKind,
}

/// How many readers there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct ReaderCounts {
    /// Waiting for approval.
    #[diesel(sql_type = BigInt)]
    pub waiting: i64,
    /// In use.
    #[diesel(sql_type = BigInt)]
    pub active: i64,
    /// In use, but silent.
    #[diesel(sql_type = BigInt)]
    pub down: i64,
    /// Turned off.
    #[diesel(sql_type = BigInt)]
    pub disabled: i64,
}

/// What came of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It was waiting and is in use from now on.
    Approved {
        /// The reader's key.
        reader_key: String,
    },
    /// It was not waiting any more: nothing was changed.
    NotWaiting {
        /// The reader's key.
        reader_key: String,
        /// What it is instead.
        state: ReaderState,
    },
    /// There is no such reader.
    NoReader,
}

/// What a consumer reported last.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ConsumerHealth {
    /// Its shard.
    #[diesel(sql_type = Integer)]
    pub shard: i32,
    /// When it reported.
    #[diesel(sql_type = Timestamptz)]
    pub reported_at: DateTime<Utc>,
    /// When its queue was last empty.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub caught_up_at: Option<DateTime<Utc>>,
    /// When it wrote its last batch.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_batch_at: Option<DateTime<Utc>>,
    /// Its version of wardtrack.
    #[diesel(sql_type = Text)]
    pub version: String,
}

/// A consumer that has not reported for this long is taken for dead.
pub const REPORT_AGE_MAX: TimeDelta = TimeDelta::seconds(15);
/// A queue that was not empty for this long holds locations back.
pub const CATCH_UP_AGE_MAX: TimeDelta = TimeDelta::seconds(60);

/// Whether the places on the pages follow the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// They do.
    Live {
        /// When the consumers reported last (the oldest of them).
        updated_at: DateTime<Utc>,
    },
    /// They do not.
    NotLive {
        /// Since when; `None` when no consumer ever wrote anything.
        since: Option<DateTime<Utc>>,
    },
}

/// Decides whether the pages are live: every consumer reports and has lately been through its queue.
#[must_use]
pub fn decide_live_state(now: DateTime<Utc>, consumers: &[ConsumerHealth]) -> LiveState {
    let Some(updated_at) = consumers.iter().map(|consumer| consumer.reported_at).min() else {
        return LiveState::NotLive { since: None };
    };
    let behind = consumers
        .iter()
        .filter_map(|consumer| find_not_live_since(now, consumer))
        .min();
    match behind {
        None => LiveState::Live { updated_at },
        Some(since) => LiveState::NotLive { since: Some(since) },
    }
}

fn find_not_live_since(now: DateTime<Utc>, consumer: &ConsumerHealth) -> Option<DateTime<Utc>> {
    let is_silent = now - consumer.reported_at > REPORT_AGE_MAX;
    let is_behind = consumer
        .caught_up_at
        .is_none_or(|at| now - at > CATCH_UP_AGE_MAX);
    if is_behind {
        // What came after the last empty queue may be missing from the pages.
        return Some(
            consumer
                .caught_up_at
                .unwrap_or(consumer.reported_at)
                .min(consumer.reported_at),
        );
    }
    is_silent.then_some(consumer.reported_at)
}

/// A message or sighting that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct QuarantineEntry {
    /// The row.
    #[diesel(sql_type = BigInt)]
    pub quarantine_id: QuarantineId,
    /// When it came.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    /// Whole message or one sighting.
    #[diesel(sql_type = Text)]
    pub scope: QuarantineScope,
    /// Code of the reason.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// What exactly was wrong.
    #[diesel(sql_type = Text)]
    pub detail: String,
    /// Routing key that it came with.
    #[diesel(sql_type = Text)]
    pub routing_key: String,
    /// Reader that sent it, as far as known.
    #[diesel(sql_type = Nullable<Text>)]
    pub reader_key: Option<String>,
    /// Its first bytes.
    #[diesel(sql_type = diesel::sql_types::Binary)]
    pub body_start: Vec<u8>,
    /// Its full length.
    #[diesel(sql_type = Integer)]
    pub body_bytes: i32,
    /// What happened to it.
    #[diesel(sql_type = Text)]
    pub state: QuarantineState,
    /// When somebody asked for it to be sent again.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub replay_asked_at: Option<DateTime<Utc>>,
    /// When it was sent again.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub replayed_at: Option<DateTime<Utc>>,
}

/// Where a list of quarantine rows goes on: rows older than this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantineCursor {
    /// When the last row shown came.
    pub received_at: DateTime<Utc>,
    /// That row.
    pub quarantine_id: QuarantineId,
}

impl QuarantineCursor {
    /// Reads the text of a link.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        Some(Self {
            received_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
            quarantine_id: QuarantineId(id.parse().ok()?),
        })
    }
}

impl std::fmt::Display for QuarantineCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}.{}",
            self.received_at.timestamp_micros(),
            self.quarantine_id
        )
    }
}

/// How often a reason came up.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ReasonCount {
    /// Code of the reason.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Rows.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
}

/// What came of "send again".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayMark {
    /// It was kept, and waits to be sent now.
    Asked,
    /// It waits or was sent already: nothing was changed.
    AlreadyAsked,
    /// It is one sighting of a message; only whole messages can be sent again.
    OnlySighting,
    /// Its body was not kept, so there is nothing to send.
    NoBody,
    /// There is no such row, or it was removed after 30 days.
    NoRow,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    fn consumer(shard: i32, reported_s: i64, caught_up_s: Option<i64>) -> ConsumerHealth {
        ConsumerHealth {
            shard,
            reported_at: at(reported_s),
            caught_up_at: caught_up_s.map(at),
            last_batch_at: None,
            version: "0.1.0".into(),
        }
    }

    #[test]
    fn pages_are_live_while_every_consumer_reports_and_keeps_up() {
        let now = at(1_000);
        let live = [consumer(0, 990, Some(995)), consumer(1, 986, Some(941))];
        assert_eq!(
            decide_live_state(now, &live),
            LiveState::Live {
                updated_at: at(986)
            }
        );
        assert_eq!(
            decide_live_state(now, &[]),
            LiveState::NotLive { since: None }
        );
    }

    #[test]
    fn a_silent_or_late_consumer_says_since_when() {
        let now = at(1_000);
        let silent = [consumer(0, 990, Some(995)), consumer(1, 984, Some(984))];
        assert_eq!(
            decide_live_state(now, &silent),
            LiveState::NotLive {
                since: Some(at(984))
            }
        );
        let late = [consumer(0, 999, Some(930))];
        assert_eq!(
            decide_live_state(now, &late),
            LiveState::NotLive {
                since: Some(at(930))
            }
        );
        let never = [consumer(0, 999, None)];
        assert_eq!(
            decide_live_state(now, &never),
            LiveState::NotLive {
                since: Some(at(999))
            }
        );
    }

    #[test]
    fn cursors_survive_their_text() {
        let cursor = QuarantineCursor {
            received_at: at(7),
            quarantine_id: QuarantineId(12),
        };
        assert_eq!(QuarantineCursor::parse(&cursor.to_string()), Some(cursor));
        let reader = ReaderCursor {
            rank: 2,
            reader_key: "3w-12-a".into(),
        };
        assert_eq!(ReaderCursor::parse(&reader.to_string()), Some(reader));
        for text in ["", ".", "a.b", "1", "99999999999999999999.1"] {
            assert_eq!(QuarantineCursor::parse(text), None, "{text}");
        }
    }
}
