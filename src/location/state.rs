//! One tag's track: sightings go in, room changes come out, on the tag's own event time.

use super::config::Engine;
use super::decide::Beliefs;
use super::site::{ReaderIndex, RoomIndex, Site};
use super::window::{ClosingSlot, Levels, OpenSighting, sort_sightings};

/// Levels that the engine computes with; outside, powers overflow. Ingest is stricter.
const LEVELS_DBM: std::ops::RangeInclusive<f32> = -200.0..=100.0;

/// One reader heard the tag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// Event time.
    pub t_ms: i64,
    /// Who heard it.
    pub reader: ReaderIndex,
    /// How loud.
    pub rssi_dbm: f32,
}

/// What became of a sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeardOutcome {
    /// Counted in the slot of its own time.
    InSlot,
    /// Its slot was closed already; counted in the oldest slot that is still open.
    Folded,
    /// Older than the tag's newest sighting by more than the limit: changed nothing (R15).
    TooLate,
    /// The reader serves no room: changed nothing.
    NoRoom,
    /// The level is no number from -200 to 100 dBm: changed nothing.
    BadLevel,
}

/// The reported room changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomChange {
    /// Room reported before; `None` the first time.
    pub from: Option<RoomIndex>,
    /// Room reported from now on.
    pub to: RoomIndex,
    /// End of the slot that decided it; never earlier than a sighting it rests on.
    pub at_ms: i64,
    /// Belief of the new room.
    pub confidence: f64,
}

/// A place that outlived a restart, from `tag_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredPlace {
    /// The room.
    pub room: RoomIndex,
    /// Since when the tag is there.
    pub since_ms: i64,
    /// Newest sighting that was stored; older ones never change the place (R15).
    pub seen_ms: i64,
}

/// Soft state of one tag (I-6a): lost with the process and rebuilt from new sightings, the stored place standing until then.
#[derive(Clone, Debug, Default)]
pub struct TagTrack {
    open: Vec<OpenSighting>,
    levels: Levels,
    beliefs: Beliefs,
    reported: Option<RoomIndex>,
    newest_ms: Option<i64>,
    /// Slots up to this one take no more sightings.
    sealed_slot: Option<i64>,
    /// Slot closed last by this process; `None` while the window is cold.
    closed_slot: Option<i64>,
    /// Smallest slot in `open`.
    oldest_open_slot: Option<i64>,
    /// Slots to go until the reported room may change.
    warm_slots_left: u32,
}

impl TagTrack {
    /// A track after a restart: the stored room stands until the window is warm and another room reaches `theta`.
    #[must_use]
    pub fn restored(place: StoredPlace, engine: &Engine) -> Self {
        let mut track = Self::default();
        track.adopt(place, engine);
        track
    }

    /// Takes over a place that was decided elsewhere (a person's scan, a portal); the levels stay as they are.
    pub fn adopt(&mut self, place: StoredPlace, engine: &Engine) {
        let seen_ms = place.seen_ms.max(place.since_ms);
        self.reported = Some(place.room);
        self.beliefs = Beliefs::certain(place.room);
        self.newest_ms = Some(self.newest_ms.map_or(seen_ms, |newest| newest.max(seen_ms)));
        // No change may be dated before the place began.
        let sealed = engine.slot_of(place.since_ms).saturating_sub(1);
        let sealed = self.sealed_slot.map_or(sealed, |slot| slot.max(sealed));
        self.sealed_slot = Some(sealed);
        for sighting in &mut self.open {
            sighting.slot = sighting.slot.max(sealed.saturating_add(1));
        }
        self.oldest_open_slot = self.open.iter().map(|sighting| sighting.slot).min();
        self.warm_slots_left = engine.config().warm_slots;
    }

    /// Takes in a sighting and closes the slots that end `lateness_ms` before the tag's newest sighting; changes are added
    /// to `out` in time order.
    pub fn hear(
        &mut self,
        site: &Site,
        engine: &Engine,
        heard: Heard,
        out: &mut Vec<RoomChange>,
    ) -> HeardOutcome {
        if !LEVELS_DBM.contains(&heard.rssi_dbm) {
            return HeardOutcome::BadLevel;
        }
        if site.room_of(heard.reader).is_none() {
            return HeardOutcome::NoRoom;
        }
        let newest_ms = self
            .newest_ms
            .map_or(heard.t_ms, |newest| newest.max(heard.t_ms));
        if newest_ms.saturating_sub(heard.t_ms) > engine.config().late_limit_ms {
            return HeardOutcome::TooLate;
        }
        self.newest_ms = Some(newest_ms);
        let own_slot = engine.slot_of(heard.t_ms);
        let first_open = self
            .sealed_slot
            .map(|sealed| sealed.saturating_add(1))
            .filter(|first| own_slot < *first);
        let slot = first_open.map_or(own_slot, |first| self.oldest_open_slot.unwrap_or(first));
        self.open.push(OpenSighting {
            slot,
            reader: heard.reader,
            rssi_dbm: heard.rssi_dbm,
        });
        self.oldest_open_slot = Some(
            self.oldest_open_slot
                .map_or(slot, |oldest| oldest.min(slot)),
        );
        self.close_until(
            site,
            engine,
            newest_ms.saturating_sub(engine.config().lateness_ms),
            out,
        );
        if first_open.is_some() {
            HeardOutcome::Folded
        } else {
            HeardOutcome::InSlot
        }
    }

    /// Closes every open slot that ends at or before `until_ms`: for a timer, and for the end of the input.
    pub fn close_until(
        &mut self,
        site: &Site,
        engine: &Engine,
        until_ms: i64,
        out: &mut Vec<RoomChange>,
    ) {
        let is_due = |slot| engine.slot_end_ms(slot) <= until_ms;
        if !self.oldest_open_slot.is_some_and(is_due) {
            return;
        }
        let mut open = std::mem::take(&mut self.open);
        sort_sightings(&mut open);
        let mut closed = 0;
        for sightings in open.chunk_by(|a, b| a.slot == b.slot) {
            let Some(slot) = sightings
                .first()
                .map(|sighting| sighting.slot)
                .filter(|slot| is_due(*slot))
            else {
                break;
            };
            out.extend(self.close_slot(slot, sightings, site, engine));
            closed += sightings.len();
        }
        open.drain(..closed);
        self.oldest_open_slot = open.first().map(|sighting| sighting.slot);
        self.open = open;
    }

    fn close_slot(
        &mut self,
        slot: i64,
        sightings: &[OpenSighting],
        site: &Site,
        engine: &Engine,
    ) -> Option<RoomChange> {
        self.sealed_slot = Some(slot);
        let gap_slots = self
            .closed_slot
            .map(|before| u32::try_from(slot.saturating_sub(before)).unwrap_or(u32::MAX));
        if !self.levels.close_slot(
            &ClosingSlot {
                slot,
                gap_slots,
                sightings,
            },
            site,
            engine,
        ) {
            return None;
        }
        self.closed_slot = Some(slot);
        let at_ms = engine.slot_end_ms(slot);
        if self.is_held(site, engine, at_ms) {
            return None;
        }
        self.beliefs.update(
            &self.levels,
            self.reported,
            gap_slots.unwrap_or(1),
            site,
            engine,
        );
        self.warm_slots_left = self.warm_slots_left.saturating_sub(1);
        self.decide(at_ms, engine)
    }

    /// Whether the reported room stands because its readers do not listen (R13). Belief stands still as well: what other
    /// readers say in the meantime would carry the tag away as soon as the room's reader is back.
    fn is_held(&mut self, site: &Site, engine: &Engine, at_ms: i64) -> bool {
        let Some(room) = self.reported.filter(|_| site.is_watching()) else {
            return false;
        };
        if site.room_down_since_ms(room, at_ms, engine).is_some() {
            self.warm_slots_left = engine.config().warm_slots;
        }
        site.is_room_silent(room, at_ms, engine)
    }

    fn decide(&mut self, at_ms: i64, engine: &Engine) -> Option<RoomChange> {
        let (room, confidence) = self.beliefs.most_likely()?;
        let may_change = match self.reported {
            None => true,
            Some(reported) => {
                reported != room && confidence >= engine.config().theta && self.warm_slots_left == 0
            }
        };
        if !may_change {
            return None;
        }
        let from = self.reported.replace(room);
        Some(RoomChange {
            from,
            to: room,
            at_ms,
            confidence,
        })
    }

    /// Time of the newest sighting, or that of the stored place when nothing newer came.
    #[must_use]
    pub fn newest_ms(&self) -> Option<i64> {
        self.newest_ms
    }

    /// The reported room.
    #[must_use]
    pub fn reported(&self) -> Option<RoomIndex> {
        self.reported
    }

    /// Belief of the reported room after the last closed slot; `None` while no slot was closed.
    #[must_use]
    pub fn confidence(&self) -> Option<f64> {
        self.closed_slot
            .and(self.reported)
            .and_then(|room| self.beliefs.belief_of(room))
    }

    /// When the oldest open slot ends; `None` when nothing waits. A timer calls [`TagTrack::close_until`] after it.
    #[must_use]
    pub fn oldest_open_slot_end_ms(&self, engine: &Engine) -> Option<i64> {
        self.oldest_open_slot.map(|slot| engine.slot_end_ms(slot))
    }

    /// Level in dB at which `reader` hears the tag; `None` when it does not. For explanations and tests.
    #[must_use]
    pub fn level_dbm(&self, reader: ReaderIndex, engine: &Engine) -> Option<f64> {
        self.levels
            .iter()
            .find(|level| level.reader == reader)
            .map(|level| engine.level_dbm(level.power))
    }

    /// Belief that the tag is in `room`; `None` when it is no candidate. For explanations and tests.
    #[must_use]
    pub fn belief_of(&self, room: RoomIndex) -> Option<f64> {
        self.beliefs.belief_of(room)
    }
}

#[cfg(test)]
mod tests;
