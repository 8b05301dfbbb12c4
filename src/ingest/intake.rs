//! From a message to plain rows of numbers: parsed, and readers and tags looked up.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::directory::Directory;
use super::envelope::{self, BODY_BYTES_MAX, Heard, Inventory};
use super::quarantine::{NewQuarantine, Origin};
use super::timing::AGE_MAX_MS;
use crate::broker::Message;
use crate::broker::topology::reader_of_routing_key;

/// A sighting whose tag was looked up.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Position in the message.
    pub index: i16,
    /// Position of the tag in the directory; `None` for tags that are not ours (I-10).
    pub tag: Option<u32>,
    /// When, as the reader says it.
    pub heard: Heard,
    /// Level.
    pub rssi_dbm: Option<f32>,
    /// Antenna port.
    pub antenna_port: Option<u8>,
    /// Battery of the tag.
    pub battery_pct: Option<u8>,
}

/// A message that can be used.
#[derive(Debug)]
pub struct Batch {
    /// Reader that the routing key names (I-3).
    pub reader_key: String,
    /// Its routing key.
    pub routing_key: String,
    /// Id of the batch.
    pub batch_id: Uuid,
    /// Day of its dedupe row.
    pub batch_day: NaiveDate,
    /// Reader clock when the batch was closed.
    pub sent_at_ms: Option<i64>,
    /// When it arrived.
    pub received_at: DateTime<Utc>,
    /// Whether the arrival says something about the reader's clock: delivered for the first time, and stamped on arrival or
    /// taken from an empty queue.
    pub tells_clock: bool,
    /// Start counter.
    pub boot: Option<String>,
    /// Message counter.
    pub seq: Option<u64>,
    /// Whether it is part of a full inventory.
    pub inventory: Option<Inventory>,
    /// Tags of a full inventory that nobody knows; of other messages they are only counted (I-10).
    pub unknown_tags: Vec<String>,
    /// Newest reader event in words.
    pub last_event: Option<String>,
    /// Good sightings.
    pub sightings: Vec<Sighting>,
    /// Rows for refused sightings.
    pub rejects: Vec<NewQuarantine>,
    /// How many were refused.
    pub rejected: u32,
}

/// What became of a message.
#[derive(Debug)]
pub enum Intake {
    /// It can be used.
    Batch(Box<Batch>),
    /// It is refused as a whole.
    Refused(Box<NewQuarantine>),
}

/// When and how a message came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The consumer's clock.
    pub now: DateTime<Utc>,
    /// Whether the queue was empty before it.
    pub is_caught_up: bool,
}

/// Parses a message and looks up its tags.
#[must_use]
pub fn take_in(message: &Message, arrival: Arrival, directory: &Directory) -> Intake {
    let routing_key = message.routing_key();
    let reader_key = reader_of_routing_key(routing_key);
    let stamped = message
        .received_at_ms()
        .and_then(DateTime::from_timestamp_millis)
        // Readers can set the header too: nothing waits longer than this, and what is older would get partitions of its own.
        .filter(|at| (arrival.now - *at).num_milliseconds() <= AGE_MAX_MS);
    let received_at = stamped.unwrap_or(arrival.now).min(arrival.now);
    let origin = Origin {
        received_at,
        routing_key,
        reader_key,
        content_type: message.content_type(),
    };
    let Some(reader_key) = reader_key else {
        let detail = "the routing key names no reader: publish under s. and the reader's id, such as s.icu-3-n";
        return Intake::Refused(Box::new(NewQuarantine::message(
            origin,
            "unknown_key",
            detail,
            message.body(),
        )));
    };
    let envelope = match envelope::parse(message.body(), reader_key) {
        Ok(envelope) => envelope,
        Err(refusal) => {
            return Intake::Refused(Box::new(NewQuarantine::refused(
                origin,
                &refusal,
                message.body(),
            )));
        }
    };
    debug_assert!(
        message.body().len() <= BODY_BYTES_MAX,
        "larger bodies are refused by the parser"
    );
    let sightings = envelope.sightings.iter().map(|sighting| Sighting {
        index: i16::try_from(sighting.index).unwrap_or(i16::MAX),
        tag: directory.tag_position(&sighting.tag_key),
        heard: sighting.heard,
        rssi_dbm: sighting.rssi_dbm,
        antenna_port: sighting.antenna_port,
        battery_pct: sighting.battery_pct,
    });
    let mut unknown_tags = Vec::new();
    if envelope.inventory.is_some() {
        let is_unknown = |key: &&str| directory.tag_position(key).is_none();
        let keys = envelope.sightings.iter().map(|sighting| &*sighting.tag_key);
        unknown_tags.extend(keys.filter(is_unknown).map(str::to_owned));
    }
    Intake::Batch(Box::new(Batch {
        sightings: sightings.collect(),
        unknown_tags,
        rejects: envelope
            .rejects
            .iter()
            .map(|reject| NewQuarantine::sighting(origin, envelope.batch_id, reject))
            .collect(),
        rejected: envelope.rejected,
        reader_key: reader_key.to_owned(),
        routing_key: routing_key.to_owned(),
        batch_id: envelope.batch_id,
        batch_day: envelope.batch_day,
        sent_at_ms: envelope.sent_at_ms,
        received_at,
        tells_clock: message.delivery_count() == 0 && (stamped.is_some() || arrival.is_caught_up),
        boot: envelope.boot.map(std::borrow::Cow::into_owned),
        seq: envelope.seq,
        inventory: envelope.inventory,
        last_event: envelope.events.into_iter().next_back(),
    }))
}
