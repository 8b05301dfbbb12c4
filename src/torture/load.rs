//! The load of a round: messages of 20 readers about 500 tags that move between rooms, some bad, some late, some sent again;
//! and the ledger of what was sent and confirmed.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;
use uuid::Uuid;

use super::bad::{BadKind, BadMessage};
use super::stage::{Stage, tag_key};
use crate::clock::Clock;

/// Readers of a round.
pub const READERS: usize = 20;
/// Tags that move about.
pub const TAGS: usize = 500;
/// A tag that is heard from the future only, so that its times can be told apart.
pub const CLOCK_TAG: usize = TAGS;
/// Messages a second, all readers together.
pub const MESSAGES_PER_S: usize = 200;
/// Sightings of a good message.
const SIGHTINGS: usize = 10;
/// How often messages are made.
const TICK_MS: i64 = 50;
/// A tag goes to the next room this often.
const MOVE_EVERY_MS: i64 = 25_000;

/// A message of the load.
#[derive(Debug)]
pub struct Sent {
    /// Its id.
    pub batch_id: Uuid,
    /// Which reader sends it.
    pub reader: usize,
    /// When it was closed.
    pub sent_at_ms: i64,
    /// Whether it goes out at once, and once.
    pub is_prompt: bool,
    /// What has to be stored of it: position, tag, and when; `None` for the time of arrival.
    pub rows: Vec<(u16, usize, Option<i64>)>,
    /// What is wrong with it.
    pub bad: Option<BadKind>,
    /// Key when it is not the reader's own.
    pub routing_key: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

/// What was sent and confirmed.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<HashMap<Uuid, (Arc<Sent>, u32)>>,
    /// Sendings that were not confirmed and were done again.
    pub retries: AtomicU64,
    /// Messages sent again though they were confirmed.
    pub repeats: AtomicU64,
}

impl Ledger {
    fn open(&self, sent: &Arc<Sent>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(sent.batch_id, (Arc::clone(sent), 0));
    }

    /// The broker has it.
    pub fn confirm(&self, batch_id: Uuid) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, confirms)) = entries.get_mut(&batch_id) {
            *confirms += 1;
        }
    }

    /// Every message with the number of its confirms.
    #[must_use]
    pub fn all(&self) -> Vec<(Arc<Sent>, u32)> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.values().cloned().collect()
    }
}

/// Makes messages and hands them to the readers.
#[derive(Debug)]
pub struct Load {
    rng: ChaCha8Rng,
    keys: Vec<String>,
    begun_ms: i64,
    next_reader: usize,
    next_bad: usize,
    held: BTreeMap<(i64, u64), Arc<Sent>>,
    number: u64,
}

impl Load {
    /// A load for the readers of a stage.
    #[must_use]
    pub fn new(stage: &Stage, seed: u64, now_ms: i64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            keys: stage
                .readers
                .iter()
                .map(|reader| reader.key.clone())
                .collect(),
            begun_ms: now_ms,
            next_reader: 0,
            next_bad: 0,
            held: BTreeMap::new(),
            number: 0,
        }
    }

    /// Makes messages at the given pace until `is_over`; bad ones from `bad_from_ms` on. Then everything held back goes out.
    pub async fn run(
        &mut self,
        clock: &Clock,
        ledger: &Ledger,
        readers: &[UnboundedSender<Arc<Sent>>],
        bad_from_ms: i64,
        is_over: impl Fn() -> bool,
    ) {
        let mut ticker = tokio::time::interval(Duration::from_millis(TICK_MS.unsigned_abs()));
        let mut made = 0;
        while !is_over() {
            ticker.tick().await;
            let now_ms = clock.now_ms();
            let elapsed_ms = usize::try_from(now_ms - self.begun_ms).unwrap_or(0);
            let due = elapsed_ms * MESSAGES_PER_S / 1_000;
            while made < due {
                made += 1;
                self.make(
                    now_ms,
                    now_ms - self.begun_ms >= bad_from_ms,
                    ledger,
                    readers,
                );
            }
            while let Some(entry) = self.held.first_entry() {
                if entry.key().0 > now_ms {
                    break;
                }
                hand_over(entry.remove(), readers);
            }
        }
        for sent in std::mem::take(&mut self.held).into_values() {
            hand_over(sent, readers);
        }
    }

    fn make(
        &mut self,
        now_ms: i64,
        may_be_bad: bool,
        ledger: &Ledger,
        readers: &[UnboundedSender<Arc<Sent>>],
    ) {
        let reader = self.next_reader;
        self.next_reader = (self.next_reader + 1) % self.keys.len().max(1);
        let roll: f64 = self.rng.random();
        let is_bad = may_be_bad && roll < 0.05;
        let is_late = !is_bad && may_be_bad && roll < 0.08;
        let again = if !is_bad && !is_late && roll < 0.13 {
            self.rng.random_range(1..=5_u64)
        } else {
            0
        };
        let sent = if is_bad {
            self.bad(reader, now_ms)
        } else {
            self.good(reader, now_ms, !is_late && again == 0)
        };
        let sent = Arc::new(sent);
        ledger.open(&sent);
        if is_late {
            self.hold(&sent, now_ms, 3_000..20_000);
        } else {
            hand_over(Arc::clone(&sent), readers);
        }
        ledger.repeats.fetch_add(again, Ordering::Relaxed);
        for _ in 0..again {
            self.hold(&sent, now_ms, 0..10_000);
        }
    }

    /// Random times, so that what is held comes shuffled.
    fn hold(&mut self, sent: &Arc<Sent>, now_ms: i64, after_ms: std::ops::Range<i64>) {
        self.number += 1;
        let due_ms = now_ms + self.rng.random_range(after_ms);
        self.held.insert((due_ms, self.number), Arc::clone(sent));
    }

    fn good(&mut self, reader: usize, now_ms: i64, is_prompt: bool) -> Sent {
        let rooms = self.keys.len().max(1);
        let here = self.tags_in(reader, now_ms);
        let next_door = self.tags_in((reader + 1) % rooms, now_ms);
        let (mut elements, mut rows) = (Vec::new(), Vec::new());
        for index in 0..SIGHTINGS {
            let (tags, level_dbm) = if index < 8 {
                (&here, -58)
            } else {
                (&next_door, -82)
            };
            let Some(&tag) = tags.choose(&mut self.rng) else {
                continue;
            };
            let age_ms = self.rng.random_range(0..400_i64);
            let rssi_dbm = level_dbm - self.rng.random_range(0..6);
            rows.push((
                u16::try_from(elements.len()).unwrap_or(u16::MAX),
                tag,
                Some(now_ms - age_ms),
            ));
            elements.push(json!({"t": tag_key(tag), "age_ms": age_ms, "rssi": rssi_dbm}));
        }
        let batch_id = Uuid::now_v7();
        let body = json!({"v": 1, "batch_id": batch_id, "reader": self.keys.get(reader), "sent_at_ms": now_ms, "s": elements});
        Sent {
            batch_id,
            reader,
            sent_at_ms: now_ms,
            is_prompt,
            rows,
            bad: None,
            routing_key: None,
            body: body.to_string().into_bytes(),
        }
    }

    fn bad(&mut self, reader: usize, now_ms: i64) -> Sent {
        // One after the other, so that every kind comes in every round.
        let kind = BadKind::ALL
            .get(self.next_bad % BadKind::ALL.len())
            .copied()
            .unwrap_or(BadKind::NotJson);
        self.next_bad += 1;
        let tag = self
            .tags_in(reader, now_ms)
            .choose(&mut self.rng)
            .copied()
            .unwrap_or(0);
        let key = self.keys.get(reader).map_or("", String::as_str);
        let BadMessage {
            batch_id,
            body,
            routing_key,
            stored,
            ..
        } = kind.message(key, now_ms, tag, CLOCK_TAG);
        Sent {
            batch_id,
            reader: if routing_key.is_some() {
                self.keys.len()
            } else {
                reader
            },
            sent_at_ms: now_ms,
            is_prompt: false,
            rows: stored,
            bad: Some(kind),
            routing_key,
            body,
        }
    }

    fn tags_in(&self, room: usize, now_ms: i64) -> Vec<usize> {
        let rooms = self.keys.len().max(1);
        let elapsed_ms = now_ms - self.begun_ms;
        (0..TAGS)
            .filter(|tag| {
                let offset_ms = i64::try_from(*tag).unwrap_or(0) * 7_919 % MOVE_EVERY_MS;
                let moves = usize::try_from((elapsed_ms + offset_ms) / MOVE_EVERY_MS).unwrap_or(0);
                (tag + moves) % rooms == room
            })
            .collect()
    }
}

/// The place behind the readers belongs to somebody who may use any key.
fn hand_over(sent: Arc<Sent>, readers: &[UnboundedSender<Arc<Sent>>]) {
    if let Some(reader) = readers.get(sent.reader) {
        // A reader that is gone was stopped, and then nothing matters any more.
        reader.send(sent).ok();
    }
}
