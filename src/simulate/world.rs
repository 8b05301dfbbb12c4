//! The hospital as it runs: a clock that is stepped from outside, equipment that is moved, beacons, and what the readers
//! make of them. Nothing in here reads a clock or draws chance that the seed does not give.

use std::collections::HashMap;
use std::sync::Arc;

use super::desk::{Desk, Read, ReaderMessage};
use super::fleet::{AssetIx, SimAsset, list_assets};
use super::floor::{DoorIx, FloorPlan, RoomIx};
use super::geometry::Point;
use super::noise::{Chance, hash, ms_of_seconds, next_index, share_of};
use super::radio::{Audible, Spot, decide_packet, list_audible};
use super::readers::{SimReader, list_readers};
use super::tasks::{decide_destination, moves_per_s, readiness};
use super::truth::{TruthLog, Visit};
use super::walk::Walk;

/// The model moves in steps of this length.
const TICK_MS: i64 = 100;
/// Something that was just put down is left alone this long, at activity 1.
const REST_S: f32 = 180.0;
/// Both antennas of a portal read a passing label within this time of each other.
const PASS_MS: i64 = 600;
/// Share of passes that an antenna misses.
const PASS_MISSED: f32 = 0.03;
/// Time between two outages, on average.
const OUTAGE_EVERY_S: f32 = 1_200.0;
/// How long an outage lasts.
const OUTAGE_MS: i64 = 300_000;

/// Settings of the model.
#[derive(Clone, Copy, Debug)]
pub struct WorldConfig {
    /// Everything that is left to chance comes from here.
    pub seed: u64,
    /// How many times more is moved than in an ordinary hospital; the radio keeps real time.
    pub activity: f32,
    /// When the model starts, in milliseconds since 1970.
    pub start_ms: i64,
    /// Whether a reader now and then falls silent for five minutes.
    pub outages: bool,
    /// Whether readers' clocks are as wrong as [`SimReader::clock_offset_ms`] says.
    pub wrong_clocks: bool,
}

impl Default for WorldConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            activity: 6.0,
            start_ms: 1_767_261_600_000,
            outages: true,
            wrong_clocks: true,
        }
    }
}

/// What does not change while the model runs: the building, its readers and its equipment.
#[derive(Clone, Debug)]
pub struct Site {
    /// The building.
    pub plan: FloorPlan,
    /// Readers; their keys and places do not depend on the seed.
    pub readers: Vec<SimReader>,
    /// Equipment; it does not depend on the seed.
    pub assets: Vec<SimAsset>,
}

impl Site {
    /// The simulated hospital.
    #[must_use]
    pub fn hospital(seed: u64) -> Self {
        let plan = FloorPlan::hospital();
        let (readers, assets) = (list_readers(&plan, seed), list_assets(&plan));
        Self {
            plan,
            readers,
            assets,
        }
    }
}

/// One asset as it moves.
#[derive(Clone, Debug)]
struct Position {
    room: RoomIx,
    at: Point,
    walk: Option<Walk>,
    put_down_ms: i64,
    next_packet_ms: i64,
    beacon: Option<Arc<str>>,
    label: Option<Arc<str>>,
    /// Known while it stands still; walking makes it new for each packet.
    audible: Option<Vec<Audible>>,
}

/// A label that is about to be read at a portal.
#[derive(Clone, Debug)]
struct Pass {
    at_ms: i64,
    reader: u16,
    asset: u16,
    port: u8,
}

/// The running model.
#[derive(Clone, Debug)]
pub struct World {
    config: WorldConfig,
    site: Arc<Site>,
    now_ms: i64,
    positions: Vec<Position>,
    desks: Vec<Desk>,
    passes: Vec<Pass>,
    truth: TruthLog,
    people: Chance,
    air: Chance,
    faults: Chance,
}

impl World {
    /// A hospital at the start of its day. `places`: the room (by name) where assets (by number) are known to be; the
    /// others start where they were when the hospital was set up.
    #[must_use]
    pub fn new(config: WorldConfig, places: &HashMap<String, String>) -> Self {
        let site = Arc::new(Site::hospital(config.seed));
        let positions: Vec<_> = (0_u16..)
            .zip(&site.assets)
            .map(|(n, asset)| {
                let known = places
                    .get(&asset.number)
                    .and_then(|name| site.plan.find_room(name));
                new_position(&site, config, n, known.unwrap_or(asset.start))
            })
            .collect();
        let desks = (0_u64..)
            .zip(&site.readers)
            .map(|(n, reader)| {
                Desk::new(
                    reader,
                    n,
                    config.seed,
                    config.start_ms,
                    !config.wrong_clocks,
                )
            })
            .collect();
        let start = u64::try_from(config.start_ms).unwrap_or(0);
        Self {
            truth: TruthLog::new(positions.iter().map(|p| p.room), config.start_ms),
            people: Chance::new(&[config.seed, 0x9E0, start]),
            air: Chance::new(&[config.seed, 0xA18, start]),
            faults: Chance::new(&[config.seed, 0xFA0, start]),
            now_ms: config.start_ms,
            passes: Vec::new(),
            positions,
            desks,
            site,
            config,
        }
    }

    /// The building, readers and equipment.
    #[must_use]
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The model's time.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Runs the model up to `to_ms` and returns what the readers sent meanwhile, oldest first. How the time is cut into
    /// steps makes no difference.
    pub fn step(&mut self, to_ms: i64) -> Vec<ReaderMessage> {
        let mut messages = Vec::new();
        while self.now_ms + TICK_MS <= to_ms {
            self.tick(&mut messages);
        }
        messages
    }

    /// Jumps ahead to `to_ms` as if the time between had not been, for a process that was paused for long.
    pub fn skip_to(&mut self, to_ms: i64) {
        let by_ms = to_ms - self.now_ms;
        if by_ms <= 0 {
            return;
        }
        self.now_ms = to_ms;
        for position in &mut self.positions {
            position.next_packet_ms += by_ms;
            position.put_down_ms += by_ms;
            if let Some(walk) = &mut position.walk {
                walk.shift(by_ms);
            }
        }
        for pass in &mut self.passes {
            pass.at_ms += by_ms;
        }
        for desk in &mut self.desks {
            desk.skip(by_ms);
        }
    }

    /// Visits that have ended since the last call.
    pub fn take_visits(&mut self) -> Vec<Visit> {
        self.truth.take_closed()
    }

    /// The same, and the visits that still last, cut off now.
    pub fn cut_visits(&mut self) -> Vec<Visit> {
        self.truth.cut(self.now_ms)
    }

    /// How many assets are on their way.
    #[must_use]
    pub fn count_moving(&self) -> usize {
        self.positions.iter().filter(|p| p.walk.is_some()).count()
    }

    fn tick(&mut self, messages: &mut Vec<ReaderMessage>) {
        let before_ms = self.now_ms;
        self.now_ms += TICK_MS;
        if (self.now_ms - self.config.start_ms) % 1_000 == 0 {
            self.start_walks();
            self.fail_readers();
        }
        for n in 0..next_index(&self.positions) {
            self.move_on(n, before_ms);
            self.send_packet(n);
        }
        self.read_labels();
        for desk in &mut self.desks {
            desk.flush(self.now_ms, messages);
        }
    }

    /// People begin as many moves as the hour has.
    fn start_walks(&mut self) {
        let mut expected = moves_per_s(self.now_ms, self.config.activity);
        while self.people.happens(expected) {
            self.start_walk();
            expected -= 1.0;
        }
    }

    /// Picks something that is ready to be moved, and its way; after some tries nobody moves anything.
    fn start_walk(&mut self) {
        let Self {
            config,
            site,
            positions,
            people,
            now_ms,
            ..
        } = self;
        let rest_ms = ms_of_seconds(REST_S / config.activity.max(1.0));
        for _ in 0..40 {
            let n = people.below(next_index(positions));
            let (Some(asset), Some(position)) = (
                site.assets.get(usize::from(n)),
                positions.get_mut(usize::from(n)),
            ) else {
                return;
            };
            let here = position.room;
            let is_free = position.walk.is_none() && *now_ms - position.put_down_ms >= rest_ms;
            if !is_free || !people.happens(readiness(asset, site.plan.room(here).kind)) {
                continue;
            }
            let Some(to) = decide_destination(&site.plan, asset, here, people) else {
                continue;
            };
            let spot = parking_spot(site, n, to, *now_ms);
            let metres_per_s = 1.1 + 0.15 * people.normal();
            position.walk = Walk::plan(
                &site.plan,
                (here, position.at),
                (to, spot),
                *now_ms,
                metres_per_s,
            );
            return;
        }
    }

    /// Moves a walking asset: rooms entered, labels passing portals, and putting it down.
    fn move_on(&mut self, n: u16, before_ms: i64) {
        let Some(position) = self.positions.get_mut(usize::from(n)) else {
            return;
        };
        let Some(walk) = &position.walk else { return };
        for leg in walk.list_begun(before_ms, self.now_ms) {
            if let Some(door) = leg.door
                && position.label.is_some()
            {
                self.passes.extend(list_passes(
                    &self.site,
                    n,
                    door,
                    leg.room,
                    leg.start_ms(),
                    &mut self.air,
                ));
            }
            self.truth.record_room(AssetIx(n), leg.room, leg.start_ms());
            position.room = leg.room;
        }
        if let Some(leg) = walk.leg_at(self.now_ms) {
            position.at = leg.at(self.now_ms);
        }
        position.audible = None;
        if self.now_ms >= walk.end_ms() {
            position.at = walk.spot;
            position.put_down_ms = self.now_ms;
            position.walk = None;
        }
    }

    /// A beacon whose time has come is heard by every reader in reach, or lost.
    fn send_packet(&mut self, n: u16) {
        let Self {
            config,
            site,
            positions,
            desks,
            air,
            now_ms,
            ..
        } = self;
        let (Some(position), Some(asset)) = (
            positions.get_mut(usize::from(n)),
            site.assets.get(usize::from(n)),
        ) else {
            return;
        };
        let (Some(tag_key), Some(beacon)) = (&position.beacon, &asset.beacon) else {
            return;
        };
        if *now_ms < position.next_packet_ms {
            return;
        }
        // Beacons add up to 10 ms to every interval, so that two of them do not collide for ever; the tick rounds that.
        position.next_packet_ms += i64::from(beacon.interval_ms) + i64::from(air.below(2)) * 10;
        let spot = Spot {
            room: position.room,
            at: position.at,
            in_lift: position
                .walk
                .as_ref()
                .and_then(|w| w.leg_at(*now_ms))
                .is_some_and(|leg| leg.in_lift),
        };
        let audible = position
            .audible
            .get_or_insert_with(|| list_audible(&site.plan, &site.readers, config.seed, n, spot));
        let battery_pct = air.happens(0.01).then_some(beacon.battery_pct);
        for Audible { reader, mean_dbm } in audible.iter() {
            if let Some(rssi_dbm) = decide_packet(*mean_dbm, air)
                && let Some(desk) = desks.get_mut(usize::from(*reader))
            {
                desk.hear(Read {
                    at_ms: *now_ms,
                    tag_key: Arc::clone(tag_key),
                    rssi_dbm,
                    antenna: None,
                    reads: 1,
                    battery_pct,
                });
            }
        }
    }

    /// Labels whose moment at a portal has come.
    fn read_labels(&mut self) {
        let Self {
            positions,
            desks,
            passes,
            air,
            now_ms,
            ..
        } = self;
        passes.retain(|pass| {
            if pass.at_ms > *now_ms {
                return true;
            }
            let label = positions
                .get(usize::from(pass.asset))
                .and_then(|p| p.label.as_ref());
            if let (Some(label), Some(desk)) = (label, desks.get_mut(usize::from(pass.reader))) {
                desk.hear(Read {
                    at_ms: pass.at_ms,
                    tag_key: Arc::clone(label),
                    rssi_dbm: (-56.0 + 5.0 * air.normal()).round(),
                    antenna: Some(pass.port),
                    reads: 2 + air.below(8),
                    battery_pct: None,
                });
            }
            false
        });
    }

    /// Now and then a reader falls silent.
    fn fail_readers(&mut self) {
        if !self.config.outages || !self.faults.happens(1.0 / OUTAGE_EVERY_S) {
            return;
        }
        let which = self.faults.below(next_index(&self.desks));
        if let Some(desk) = self.desks.get_mut(usize::from(which)) {
            desk.fail_until(self.now_ms + OUTAGE_MS);
        }
    }
}

fn new_position(site: &Site, config: WorldConfig, n: u16, room: RoomIx) -> Position {
    let asset = site.assets.get(usize::from(n));
    let beacon = asset.and_then(|a| a.beacon.as_ref());
    let interval_ms = beacon.map_or(1, |b| u64::from(b.interval_ms.max(1)));
    let phase = hash(&[config.seed, 0x9A5E, u64::from(n)]) % interval_ms;
    Position {
        room,
        at: parking_spot(site, n, room, 0),
        walk: None,
        put_down_ms: config.start_ms - ms_of_seconds(REST_S),
        next_packet_ms: config.start_ms + i64::try_from(phase).unwrap_or(0),
        beacon: beacon.map(|b| b.tag_key.as_str().into()),
        label: asset.and_then(|a| a.label_key.as_deref()).map(Arc::from),
        audible: None,
    }
}

/// Where in a room it is put: anywhere but the last half metre before a wall.
fn parking_spot(site: &Site, asset: u16, room: RoomIx, now_ms: i64) -> Point {
    let bits = hash(&[
        u64::from(asset),
        u64::from(room.0),
        u64::try_from(now_ms).unwrap_or(0),
    ]);
    let walls = site.plan.room(room).walls;
    let margin = |from: f32, to: f32| (0.5 / (to - from)).min(0.4);
    let place =
        |share: f32, from: f32, to: f32| margin(from, to) + share * (1.0 - 2.0 * margin(from, to));
    walls.at(
        place(share_of(bits), walls.low.x, walls.high.x),
        place(share_of(hash(&[bits])), walls.low.y, walls.high.y),
    )
}

/// Reads of a label that passes a door: the antenna on the near side first, the one on the far side last.
fn list_passes(
    site: &Site,
    asset: u16,
    door: DoorIx,
    into: RoomIx,
    at_ms: i64,
    air: &mut Chance,
) -> Vec<Pass> {
    let mut passes = Vec::new();
    for (reader, portal) in (0_u16..).zip(&site.readers) {
        if portal.door != Some(door) {
            continue;
        }
        for antenna in &portal.antennas {
            if !air.happens(PASS_MISSED) {
                let after_ms = if antenna.room == into { PASS_MS } else { 0 };
                passes.push(Pass {
                    at_ms: at_ms + after_ms,
                    reader,
                    asset,
                    port: antenna.port,
                });
            }
        }
    }
    passes
}
