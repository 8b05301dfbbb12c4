//! The load: a seeded hospital in which tags beacon and neighbouring readers hear them, as messages of the contract.
//!
//! Rooms lie in a grid, one reader in the middle of each. A tag beacons about every two seconds and is heard by the four
//! readers nearest to it, sometimes by one fewer or one more, with levels that fall with the distance and scatter. Four of
//! five tags never move; every fifth goes to a room next door once a minute. Only event time passes here, so the same seed
//! gives the same sightings however fast they are taken.

use std::collections::VecDeque;
use std::io::Write;

use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// Event time is made in steps of this length.
const TICK_MS: i64 = 100;
/// A moving tag changes room once in this time.
const MOVE_EVERY_MS: i64 = 60_000;
/// One tag in this many moves: 20 %.
const MOVING_ONE_IN: u32 = 5;
/// Rooms side by side on a floor.
const GRID_WIDTH: u32 = 10;
/// Rooms of a floor.
const GRID_ROOMS: u32 = 50;
/// Distance between the middles of neighbouring rooms.
const ROOM_PITCH_M: f32 = 5.0;
/// Readers that a beacon can reach: four nearly always, the fifth sometimes.
const REACHED: usize = 5;
/// Chance in 256 that one of the four nearest readers hears a beacon, and that the fifth does: four hearers on average.
const HEARD_IN_256: [u8; REACHED] = [250, 246, 240, 230, 58];
/// First tag's address.
pub(super) const MAC_BASE: u64 = 0xAC23_3F00_0000;

/// What the load consists of.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadShape {
    pub tags: u32,
    pub readers: u32,
    pub sightings_per_message: usize,
    pub beacon_every_ms: i64,
    pub seed: u64,
}

/// A message whose times are still event time since the start of the load.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    reader: u32,
    sightings: Vec<DraftSighting>,
}

#[derive(Clone, Copy, Debug)]
struct DraftSighting {
    event_ms: i64,
    tag: u32,
    rssi_dbm: i16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hearer {
    reader: u32,
    mean_dbm: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct LoadTag {
    room: u32,
    /// Place within the room, from its middle.
    x_m: f32,
    y_m: f32,
    hearers: [Hearer; REACHED],
    hearer_count: usize,
}

/// The hospital at one moment of its event time.
#[derive(Debug)]
pub(super) struct Load {
    shape: LoadShape,
    rng: ChaCha8Rng,
    tags: Vec<LoadTag>,
    buffers: Vec<Vec<DraftSighting>>,
    ready: VecDeque<Draft>,
    tick: i64,
}

impl Load {
    pub(super) fn new(shape: LoadShape) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(shape.seed);
        let tags = (0..shape.tags).map(|tag| {
            let half = ROOM_PITCH_M * 0.45;
            let mut made = LoadTag {
                room: tag % shape.readers,
                x_m: rng.random_range(-half..half),
                y_m: rng.random_range(-half..half),
                ..LoadTag::default()
            };
            made.listen(shape.readers);
            made
        });
        let tags = tags.collect();
        let buffers =
            vec![Vec::with_capacity(shape.sightings_per_message); to_usize(shape.readers)];
        Self {
            shape,
            rng,
            tags,
            buffers,
            ready: VecDeque::new(),
            tick: 0,
        }
    }

    /// Event time that has passed since the start.
    #[cfg(test)]
    fn event_ms(&self) -> i64 {
        self.tick * TICK_MS
    }

    /// How much event time a number of messages covers, roughly.
    pub(super) fn span_ms(shape: &LoadShape, messages: u64) -> i64 {
        let sightings =
            messages.saturating_mul(u64::try_from(shape.sightings_per_message).unwrap_or(1));
        let per_beacon_round = u64::from(shape.tags).saturating_mul(4).max(1);
        let span = sightings.saturating_mul(u64::try_from(shape.beacon_every_ms).unwrap_or(1))
            / per_beacon_round;
        i64::try_from(span).unwrap_or(i64::MAX)
    }

    /// The next full message.
    pub(super) fn next_message(&mut self) -> Draft {
        loop {
            if let Some(draft) = self.ready.pop_front() {
                return draft;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        let moves_per_round = MOVE_EVERY_MS / TICK_MS;
        for tag in numbers(
            self.tick.rem_euclid(moves_per_round),
            moves_per_round,
            i64::from(self.shape.tags / MOVING_ONE_IN),
        ) {
            self.move_tag(tag * MOVING_ONE_IN);
        }
        let ticks_per_beacon = (self.shape.beacon_every_ms / TICK_MS).max(1);
        for tag in numbers(
            self.tick.rem_euclid(ticks_per_beacon),
            ticks_per_beacon,
            i64::from(self.shape.tags),
        ) {
            self.beacon(tag);
        }
        self.tick += 1;
    }

    fn move_tag(&mut self, tag: u32) {
        let choice = self.rng.next_u32();
        if let Some(moving) = self.tags.get_mut(to_usize(tag)) {
            moving.room = next_door(moving.room, choice, self.shape.readers);
            moving.listen(self.shape.readers);
        }
    }

    fn beacon(&mut self, tag: u32) {
        let Some(sender) = self.tags.get(to_usize(tag)) else {
            return;
        };
        let event_ms = self.tick * TICK_MS + i64::from(self.rng.next_u32() % 100);
        for (hearer, heard_in_256) in sender
            .hearers
            .iter()
            .zip(HEARD_IN_256)
            .take(sender.hearer_count)
        {
            let random = self.rng.next_u64().to_le_bytes();
            let [chance, a, b, c, d, ..] = random;
            if chance >= heard_in_256 {
                continue;
            }
            // The sum of four even ones is close enough to a bell: a standard deviation of 4 dB.
            let sum = f32::from(u16::from(a) + u16::from(b) + u16::from(c) + u16::from(d));
            let rssi_dbm = round_dbm(hearer.mean_dbm + (sum - 510.0) * (4.0 / 147.8));
            let Some(buffer) = self.buffers.get_mut(to_usize(hearer.reader)) else {
                continue;
            };
            buffer.push(DraftSighting {
                event_ms,
                tag,
                rssi_dbm,
            });
            if buffer.len() == self.shape.sightings_per_message {
                let empty = Vec::with_capacity(self.shape.sightings_per_message);
                let sightings = std::mem::replace(buffer, empty);
                self.ready.push_back(Draft {
                    reader: hearer.reader,
                    sightings,
                });
            }
        }
    }
}

impl LoadTag {
    /// Finds the nearest readers of the floor and how loud they hear the tag on average.
    fn listen(&mut self, readers: u32) {
        let (floor, x, y) = grid(self.room);
        let first = floor * GRID_ROOMS;
        let mut near: Vec<(f32, u32)> = (first..(first + GRID_ROOMS).min(readers))
            .filter_map(|reader| {
                let (_, rx, ry) = grid(reader);
                (rx.abs_diff(x) <= 2 && ry.abs_diff(y) <= 2).then(|| {
                    let dx = offset_m(rx, x) - self.x_m;
                    let dy = offset_m(ry, y) - self.y_m;
                    (dx.hypot(dy), reader)
                })
            })
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        self.hearer_count = near.len().min(REACHED);
        for (hearer, (distance_m, reader)) in self.hearers.iter_mut().zip(near) {
            // Log distance with exponent 2.5 and a wall of 6 dB to every other room.
            let wall_db = if reader == self.room { 0.0 } else { 6.0 };
            let mean_dbm = -55.0 - 25.0 * distance_m.max(0.5).log10() - wall_db;
            *hearer = Hearer { reader, mean_dbm };
        }
    }
}

impl Draft {
    /// Number of sightings.
    pub(super) fn len(&self) -> usize {
        self.sightings.len()
    }

    /// Name of the reader that sends it.
    pub(super) fn reader_key(&self) -> String {
        reader_key(self.reader)
    }

    /// Writes the message. `sent_at_ms` is the true time of publishing; what lies between it and the event time (which
    /// starts at `origin_ms`) is the age, so that the rules about time hold however fast the load is published.
    pub(super) fn write_body(
        &self,
        batch_id: Uuid,
        sent_at_ms: i64,
        origin_ms: i64,
        body: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        body.clear();
        write!(
            body,
            "{{\"v\":1,\"batch_id\":\"{batch_id}\",\"reader\":\"{}\",\"sent_at_ms\":{sent_at_ms},\"s\":[",
            reader_key(self.reader)
        )?;
        for (at, sighting) in self.sightings.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let mac = MAC_BASE + u64::from(sighting.tag);
            let age_ms = (sent_at_ms - origin_ms - sighting.event_ms).max(0);
            write!(
                body,
                "{comma}{{\"t\":\"mac:{mac:012X}\",\"age_ms\":{age_ms},\"rssi\":{}}}",
                sighting.rssi_dbm
            )?;
        }
        body.extend_from_slice(b"]}");
        Ok(())
    }
}

/// Id of a batch: a UUID of version 7, as readers are advised to make.
pub(super) fn batch_id(sent_at_ms: i64, rng: &mut impl RngCore) -> Uuid {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    let sent_at_ms = u64::try_from(sent_at_ms).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(sent_at_ms, &random).into_uuid()
}

/// Name of a reader on the wire; the rows are made by `sql/seed.sql` in the same way.
pub(super) fn reader_key(reader: u32) -> String {
    format!("bench-{reader:05}")
}

/// `first`, `first + step` and so on, below `end`.
fn numbers(first: i64, step: i64, end: i64) -> impl Iterator<Item = u32> {
    let step = usize::try_from(step).unwrap_or(1).max(1);
    (first..end)
        .step_by(step)
        .filter_map(|number| u32::try_from(number).ok())
}

/// Floor, and column and row on it.
fn grid(room: u32) -> (u32, u32, u32) {
    let on_floor = room % GRID_ROOMS;
    (
        room / GRID_ROOMS,
        on_floor % GRID_WIDTH,
        on_floor / GRID_WIDTH,
    )
}

fn offset_m(to: u32, from: u32) -> f32 {
    let steps = i16::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
    f32::from(steps) * ROOM_PITCH_M
}

/// The room beside, in front or behind, as far as there is one.
fn next_door(room: u32, choice: u32, readers: u32) -> u32 {
    let (floor, x, y) = grid(room);
    let doors = [
        (x.wrapping_sub(1), y),
        (x + 1, y),
        (x, y.wrapping_sub(1)),
        (x, y + 1),
    ];
    let rooms = doors
        .into_iter()
        .filter(|(x, y)| *x < GRID_WIDTH && *y < GRID_ROOMS / GRID_WIDTH);
    let rooms: Vec<u32> = rooms
        .map(|(x, y)| floor * GRID_ROOMS + y * GRID_WIDTH + x)
        .filter(|room| *room < readers)
        .collect();
    let at = to_usize(choice).checked_rem(rooms.len()).unwrap_or(0);
    rooms.get(at).copied().unwrap_or(room)
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "clamped to the range of levels before"
)]
fn round_dbm(level_dbm: f32) -> i16 {
    level_dbm.clamp(-110.0, -20.0).round() as i16
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::ingest::envelope;

    const SHAPE: LoadShape = LoadShape {
        tags: 1_000,
        readers: 50,
        sightings_per_message: 100,
        beacon_every_ms: 2_000,
        seed: 1,
    };

    fn drafts(shape: LoadShape, count: usize) -> Vec<Draft> {
        let mut load = Load::new(shape);
        (0..count).map(|_| load.next_message()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_sightings_and_another_seed_others() {
        let text = |seed| format!("{:?}", drafts(LoadShape { seed, ..SHAPE }, 50));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn every_message_is_one_of_the_contract_with_a_hundred_good_sightings() {
        let mut body = Vec::new();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (sent_at_ms, origin_ms) = (1_767_225_600_000, 1_767_225_000_000);
        for draft in drafts(SHAPE, 50) {
            let id = batch_id(sent_at_ms, &mut rng);
            draft
                .write_body(id, sent_at_ms, origin_ms, &mut body)
                .unwrap();
            let envelope = envelope::parse(&body, &draft.reader_key()).unwrap();
            assert_eq!(
                (
                    envelope.sightings.len(),
                    envelope.rejected,
                    envelope.batch_id
                ),
                (100, 0, id)
            );
            assert!(
                envelope
                    .sightings
                    .iter()
                    .all(|sighting| sighting.rssi_dbm.is_some())
            );
        }
    }

    #[test]
    fn a_tag_is_heard_by_four_readers_every_two_seconds() {
        let mut load = Load::new(SHAPE);
        let (mut sightings, mut pairs) = (0_usize, HashSet::new());
        while load.event_ms() < 20_000 {
            let draft = load.next_message();
            sightings += draft.len();
            pairs.extend(
                draft
                    .sightings
                    .iter()
                    .map(|sighting| (draft.reader, sighting.tag)),
            );
        }
        let expected = 1_000 * 4 * 10;
        assert!(
            sightings.abs_diff(expected) < expected / 5,
            "{sightings} sightings in 20 s"
        );
        assert!(
            pairs.len() < 1_000 * 7,
            "tags are heard by their neighbours only: {} pairs",
            pairs.len()
        );
    }

    #[test]
    fn a_fifth_of_the_tags_moves_once_a_minute() {
        let mut load = Load::new(SHAPE);
        let rooms = |load: &Load| load.tags.iter().map(|tag| tag.room).collect::<Vec<_>>();
        let before = rooms(&load);
        while load.event_ms() < MOVE_EVERY_MS {
            load.step();
        }
        let moved = rooms(&load)
            .iter()
            .zip(before)
            .filter(|(now, before)| **now != *before)
            .count();
        assert_eq!(moved, 200);
    }

    #[test]
    fn the_reader_of_the_room_hears_a_tag_loudest_on_average() {
        let mut levels: HashMap<(u32, bool), (i64, i64)> = HashMap::new();
        for draft in drafts(SHAPE, 500) {
            for sighting in &draft.sightings {
                let is_own = sighting.tag % SHAPE.readers == draft.reader;
                let sum = levels.entry((sighting.tag, is_own)).or_default();
                *sum = (sum.0 + i64::from(sighting.rssi_dbm), sum.1 + 1);
            }
        }
        let mean = |own| {
            let all: Vec<i64> = levels
                .iter()
                .filter(|((_, is_own), _)| *is_own == own)
                .map(|(_, (sum, n))| sum / n)
                .collect();
            all.iter().sum::<i64>() / i64::try_from(all.len()).unwrap()
        };
        assert!(
            mean(true) > mean(false) + 5,
            "{} dBm against {} dBm",
            mean(true),
            mean(false)
        );
    }
}
