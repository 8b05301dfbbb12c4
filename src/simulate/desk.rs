//! What a reader does with what it hears: merges reads for a second, numbers its messages, and says so every 30 s when it
//! has nothing to say. Its clock may be wrong.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::noise::{Chance, hash};
use super::readers::SimReader;

/// Reads are merged this long.
const MERGE_MS: i64 = 1_000;
/// Silence after which a heartbeat is sent.
pub const HEARTBEAT_MS: i64 = 30_000;
/// A message holds no more than this; the contract allows 5,000.
const SIGHTINGS_MAX: usize = 200;
/// How often clocks are set.
const CLOCK_SET_MS: i64 = 3_600_000;

/// One message of one reader, before it is put in an envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct ReaderMessage {
    /// Who sends it.
    pub reader_key: Arc<str>,
    /// Kept over retries.
    pub batch_id: Uuid,
    /// The reader's clock when the batch was closed.
    pub sent_at_ms: i64,
    /// Names this start of the reader.
    pub boot: Arc<str>,
    /// Counts the messages since then.
    pub seq: u64,
    /// What was heard; empty: a heartbeat.
    pub sightings: Vec<SimSighting>,
    /// Of a full inventory: its number, which part this is, and how many there are.
    pub inventory: Option<(i64, usize, usize)>,
}

/// One merged read.
#[derive(Clone, Debug, PartialEq)]
pub struct SimSighting {
    /// Canonical tag key.
    pub tag_key: Arc<str>,
    /// How long before `sent_at_ms` it was heard.
    pub age_ms: u32,
    /// How loud.
    pub rssi_dbm: Option<f32>,
    /// At which antenna, for readers that have several.
    pub antenna: Option<u8>,
    /// How many reads were merged, when more than one.
    pub reads: Option<u16>,
    /// What the tag said of its battery.
    pub battery_pct: Option<u8>,
}

/// One packet as it arrives.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub at_ms: i64,
    pub tag_key: Arc<str>,
    pub rssi_dbm: f32,
    pub antenna: Option<u8>,
    pub reads: u16,
    pub battery_pct: Option<u8>,
}

/// The state of one reader.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    reader_key: Arc<str>,
    boot: Arc<str>,
    start_ms: i64,
    clock_offset_ms: i64,
    clock_drift_ms_per_h: i64,
    next_flush_ms: i64,
    last_sent_ms: i64,
    down_until_ms: i64,
    seq: u64,
    ids: Chance,
    merged: Vec<Read>,
    by_tag: HashMap<(Arc<str>, Option<u8>), usize>,
}

impl Desk {
    /// A reader that starts now. `honest_clock`: ignore what is wrong with its clock.
    pub(super) fn new(
        reader: &SimReader,
        n: u64,
        seed: u64,
        start_ms: i64,
        honest_clock: bool,
    ) -> Self {
        let start = u64::try_from(start_ms).unwrap_or(0);
        let bits = hash(&[seed, 0xDE5C, n]);
        let phase_ms = i64::try_from(bits % 1_000).unwrap_or(0);
        Self {
            reader_key: reader.key.as_str().into(),
            boot: format!("k{:06x}", hash(&[seed, start]) & 0xFF_FFFF).into(),
            start_ms,
            clock_offset_ms: if honest_clock {
                0
            } else {
                reader.clock_offset_ms
            },
            clock_drift_ms_per_h: if honest_clock {
                0
            } else {
                reader.clock_drift_ms_per_h
            },
            next_flush_ms: start_ms + 1 + phase_ms,
            last_sent_ms: start_ms - i64::try_from(bits >> 20 & 0x3FFF).unwrap_or(0),
            down_until_ms: start_ms,
            seq: 0,
            ids: Chance::new(&[seed, 0x1D5, n, start]),
            merged: Vec::new(),
            by_tag: HashMap::new(),
        }
    }

    /// Takes a packet in, joining it with others of the same tag and antenna. The loudest level is kept.
    pub(super) fn hear(&mut self, read: Read) {
        if read.at_ms < self.down_until_ms {
            return;
        }
        let key = (Arc::clone(&read.tag_key), read.antenna);
        let same = self.by_tag.get(&key);
        if let Some(same) = same.and_then(|at| self.merged.get_mut(*at)) {
            same.at_ms = read.at_ms;
            same.rssi_dbm = same.rssi_dbm.max(read.rssi_dbm);
            same.reads = same.reads.saturating_add(read.reads);
            same.battery_pct = read.battery_pct.or(same.battery_pct);
        } else {
            self.by_tag.insert(key, self.merged.len());
            self.merged.push(read);
        }
    }

    /// Messages due at `now_ms`, oldest first.
    pub(super) fn flush(&mut self, now_ms: i64, out: &mut Vec<ReaderMessage>) {
        if now_ms < self.next_flush_ms {
            return;
        }
        self.next_flush_ms += MERGE_MS;
        if now_ms < self.down_until_ms {
            self.forget();
            return;
        }
        if self.merged.is_empty() && now_ms - self.last_sent_ms < HEARTBEAT_MS {
            return;
        }
        self.last_sent_ms = now_ms;
        self.by_tag.clear();
        let mut reads = std::mem::take(&mut self.merged).into_iter().peekable();
        loop {
            let part: Vec<_> = reads
                .by_ref()
                .take(SIGHTINGS_MAX)
                .map(|read| sighting(read, now_ms))
                .collect();
            out.push(self.new_message(now_ms, part));
            if reads.peek().is_none() {
                break;
            }
        }
    }

    fn new_message(&mut self, now_ms: i64, sightings: Vec<SimSighting>) -> ReaderMessage {
        let since_set_ms = (now_ms - self.start_ms).rem_euclid(CLOCK_SET_MS);
        let sent_at_ms =
            now_ms + self.clock_offset_ms + self.clock_drift_ms_per_h * since_set_ms / CLOCK_SET_MS;
        let stamp_ms = u64::try_from(sent_at_ms).unwrap_or(0);
        let batch_id =
            uuid::Builder::from_unix_timestamp_millis(stamp_ms, &self.ids.ten_bytes()).into_uuid();
        self.seq += 1;
        ReaderMessage {
            reader_key: Arc::clone(&self.reader_key),
            batch_id,
            sent_at_ms,
            boot: Arc::clone(&self.boot),
            seq: self.seq,
            sightings,
            inventory: None,
        }
    }

    /// Takes the reader off the network until then.
    pub(super) fn fail_until(&mut self, until_ms: i64) {
        self.down_until_ms = until_ms;
        self.forget();
    }

    /// Moves on in time without having heard anything, for a process that was paused.
    pub(super) fn skip(&mut self, by_ms: i64) {
        self.forget();
        self.next_flush_ms += by_ms;
        self.down_until_ms += by_ms;
    }

    fn forget(&mut self) {
        self.merged.clear();
        self.by_tag.clear();
    }
}

fn sighting(read: Read, now_ms: i64) -> SimSighting {
    SimSighting {
        tag_key: read.tag_key,
        age_ms: u32::try_from(now_ms - read.at_ms).unwrap_or(0),
        rssi_dbm: Some(read.rssi_dbm),
        antenna: read.antenna,
        reads: (read.reads > 1).then_some(read.reads),
        battery_pct: read.battery_pct,
    }
}

#[cfg(test)]
mod tests {
    use super::super::floor::FloorPlan;
    use super::super::readers::list_readers;
    use super::*;

    fn desk() -> Desk {
        let readers = list_readers(&FloorPlan::hospital(), 1);
        Desk::new(&readers[0], 0, 1, 0, true)
    }

    fn read(at_ms: i64, tag: &str, rssi_dbm: f32) -> Read {
        Read {
            at_ms,
            tag_key: tag.into(),
            rssi_dbm,
            antenna: None,
            reads: 1,
            battery_pct: None,
        }
    }

    fn flushed(desk: &mut Desk, to_ms: i64) -> Vec<ReaderMessage> {
        let mut out = Vec::new();
        for now_ms in (0..=to_ms).step_by(100) {
            desk.flush(now_ms, &mut out);
        }
        out
    }

    #[test]
    fn a_silent_reader_sends_a_heartbeat_every_30_s() {
        let mut desk = desk();
        let sent = flushed(&mut desk, 95_000);
        assert!((3..=4).contains(&sent.len()), "{} messages", sent.len());
        assert!(sent.iter().all(|m| m.sightings.is_empty()));
        let seqs: Vec<_> = sent.iter().map(|m| m.seq).collect();
        assert!(seqs.windows(2).all(|w| w[1] == w[0] + 1));
    }

    #[test]
    fn reads_of_a_second_are_merged_to_the_loudest() {
        let mut desk = desk();
        desk.hear(read(0, "x:a", -70.0));
        desk.hear(read(1, "x:a", -60.0));
        desk.hear(read(1, "x:b", -80.0));
        let mut out = Vec::new();
        desk.flush(2_000, &mut out);
        assert_eq!(out.len(), 1);
        let heard: Vec<_> = out[0]
            .sightings
            .iter()
            .map(|s| (&*s.tag_key, s.reads, s.age_ms))
            .collect();
        assert_eq!(heard, [("x:a", Some(2), 1_999), ("x:b", None, 1_999)]);
        assert_eq!(out[0].sightings[0].rssi_dbm, Some(-60.0));
    }

    #[test]
    fn many_tags_are_cut_into_several_messages() {
        let mut desk = desk();
        for n in 0..450 {
            desk.hear(read(0, &format!("x:{n}"), -70.0));
        }
        let mut out = Vec::new();
        desk.flush(2_000, &mut out);
        let sizes: Vec<_> = out.iter().map(|m| m.sightings.len()).collect();
        assert_eq!(sizes, [200, 200, 50]);
    }

    #[test]
    fn a_reader_that_is_down_says_nothing() {
        let mut desk = desk();
        desk.fail_until(60_000);
        desk.hear(read(10, "x:a", -70.0));
        assert!(flushed(&mut desk, 59_000).is_empty());
        assert!(!flushed(&mut desk, 95_000).is_empty());
    }
}
