//! Sightings of slots that are still open, and the level of each reader that hears the tag.

use super::config::Engine;
use super::site::{ReaderIndex, Site};

/// A sighting that waits for its slot to close.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenSighting {
    pub slot: i64,
    pub reader: ReaderIndex,
    pub rssi_dbm: f32,
}

/// Sorts by slot, then reader, then level. The level is part of the order because sums of floating-point numbers depend on
/// theirs, and the result must not depend on the order in which sightings arrived.
pub(super) fn sort_sightings(open: &mut [OpenSighting]) {
    open.sort_unstable_by(|a, b| {
        (a.slot, a.reader)
            .cmp(&(b.slot, b.reader))
            .then_with(|| a.rssi_dbm.total_cmp(&b.rssi_dbm))
    });
}

/// How loud one reader hears the tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub reader: ReaderIndex,
    /// Mean of 10^(rssi / lam), where a packet that others heard and this reader missed counts as 0.
    pub power: f64,
    last_slot: i64,
}

/// Levels of the active readers of one tag, ordered by reader.
#[derive(Clone, Debug, Default)]
pub(super) struct Levels(Vec<Level>);

/// A slot about to be closed: `sightings` are sorted and all of this slot.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClosingSlot<'a> {
    pub slot: i64,
    /// Slots since the one closed before; `None` for the tag's very first.
    pub gap_slots: Option<u32>,
    pub sightings: &'a [OpenSighting],
}

impl Levels {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Level> {
        self.0.iter()
    }

    /// Takes in a slot; false when no working reader heard the tag in it, and then nothing was learned.
    pub(super) fn close_slot(
        &mut self,
        closing: &ClosingSlot<'_>,
        site: &Site,
        engine: &Engine,
    ) -> bool {
        let end_ms = engine.slot_end_ms(closing.slot);
        let is_down = |reader| {
            site.is_watching() && site.reader_down_since_ms(reader, end_ms, engine).is_some()
        };
        let runs = || {
            let by_reader = closing.sightings.chunk_by(|a, b| a.reader == b.reader);
            by_reader
                .filter_map(|run| run.first().map(|first| (first.reader, run)))
                .filter(|(reader, _)| !is_down(*reader))
        };
        let Some(packets) = runs().map(|(_, run)| run.len()).max() else {
            return false;
        };
        let packets = u32::try_from(packets).unwrap_or(u32::MAX);
        let share = closing
            .gap_slots
            .map_or(1.0, |gap| engine.share(gap, packets));

        let keep = 1.0 - share;
        let active_slots = engine.config().active_ms / engine.config().slot_ms;
        self.0.retain_mut(|level| {
            if closing.slot.saturating_sub(level.last_slot) > active_slots || is_down(level.reader)
            {
                return false;
            }
            // A reader that sends nothing at all may have heard the tag: its level stands until it speaks or is down.
            let is_unknown = site.is_watching()
                && site.is_reader_silent(level.reader, end_ms, engine)
                && !closing
                    .sightings
                    .iter()
                    .any(|sighting| sighting.reader == level.reader);
            if !is_unknown {
                level.power *= keep;
            }
            true
        });
        for (reader, run) in runs() {
            let sum: f64 = run
                .iter()
                .map(|sighting| engine.power(sighting.rssi_dbm))
                .sum();
            let added = share * sum / f64::from(packets);
            self.add(reader, added, closing.slot);
        }
        true
    }

    fn add(&mut self, reader: ReaderIndex, added: f64, slot: i64) {
        match self.0.binary_search_by_key(&reader, |level| level.reader) {
            Ok(found) => {
                if let Some(level) = self.0.get_mut(found) {
                    level.power += added;
                    level.last_slot = slot;
                }
            }
            Err(position) => self.0.insert(
                position,
                Level {
                    reader,
                    power: added,
                    last_slot: slot,
                },
            ),
        }
    }
}
