//! The message of a reader as it goes over the wire: contract version 1.

use serde::Serialize;

use super::desk::{ReaderMessage, SimSighting};

#[derive(Serialize)]
struct Body<'a> {
    v: u8,
    batch_id: uuid::Uuid,
    reader: &'a str,
    sent_at_ms: i64,
    boot: &'a str,
    seq: u64,
    s: Vec<Element<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inv: Option<Inventory>,
}

#[derive(Serialize)]
struct Inventory {
    seq: i64,
    part: usize,
    parts: usize,
}

#[derive(Serialize)]
struct Element<'a> {
    t: &'a str,
    age_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rssi: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ant: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bat: Option<u8>,
}

impl<'a> From<&'a SimSighting> for Element<'a> {
    fn from(sighting: &'a SimSighting) -> Self {
        Self {
            t: &sighting.tag_key,
            age_ms: sighting.age_ms,
            rssi: sighting.rssi_dbm,
            ant: sighting.antenna,
            n: sighting.reads,
            bat: sighting.battery_pct,
        }
    }
}

impl ReaderMessage {
    /// The body to publish. The same message gives the same bytes each time it is sent.
    ///
    /// # Errors
    /// Never for messages that a [`super::World`] made: all of their fields have a form in JSON.
    pub fn to_body(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Body {
            v: 1,
            batch_id: self.batch_id,
            reader: &self.reader_key,
            sent_at_ms: self.sent_at_ms,
            boot: &self.boot,
            seq: self.seq,
            s: self.sightings.iter().map(Element::from).collect(),
            inv: self
                .inventory
                .map(|(seq, part, parts)| Inventory { seq, part, parts }),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::{World, WorldConfig};
    use crate::ingest::envelope::{BODY_BYTES_MAX, Heard, parse};

    #[test]
    fn the_consumer_reads_what_the_readers_write() {
        let config = WorldConfig::default();
        let mut world = World::new(config, &HashMap::new());
        for message in world.step(config.start_ms + 40_000) {
            let body = message.to_body().unwrap();
            assert!(body.len() <= BODY_BYTES_MAX);
            let envelope = parse(&body, &message.reader_key).unwrap();
            assert_eq!(
                (envelope.batch_id, envelope.sent_at_ms),
                (message.batch_id, Some(message.sent_at_ms))
            );
            assert_eq!(envelope.rejected, 0);
            assert_eq!(envelope.sightings.len(), message.sightings.len());
            for (read, sent) in envelope.sightings.iter().zip(&message.sightings) {
                assert_eq!(read.tag_key, *sent.tag_key);
                assert_eq!(read.heard, Heard::AgeMs(sent.age_ms.into()));
                assert_eq!(
                    (read.rssi_dbm, read.antenna_port),
                    (sent.rssi_dbm, sent.antenna)
                );
            }
        }
    }
}
