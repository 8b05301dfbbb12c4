//! Evidence, belief and the choice of a room: one prediction and one update per closed slot.

use super::config::Engine;
use super::site::{RoomIndex, Site};
use super::window::Levels;

/// Belief of a room that becomes a candidate while others are held.
const ENTERING_BELIEF: f64 = 1e-4;

#[derive(Clone, Copy, Debug)]
struct Candidate {
    room: RoomIndex,
    belief: f64,
    /// Power of its loudest active reader; negative when it has none, 0 and more when it has.
    peak: f64,
}

/// Belief over the candidate rooms of one tag, ordered by room. Candidates are the rooms of its active readers and the
/// reported room, so a large site costs no more than a small one.
#[derive(Clone, Debug, Default)]
pub(super) struct Beliefs(Vec<Candidate>);

impl Beliefs {
    /// All belief in one room: what is known after a restart, or after somebody said where the tag is.
    pub(super) fn certain(room: RoomIndex) -> Self {
        Self(vec![Candidate {
            room,
            belief: 1.0,
            peak: -1.0,
        }])
    }

    pub(super) fn belief_of(&self, room: RoomIndex) -> Option<f64> {
        self.0
            .iter()
            .find(|candidate| candidate.room == room)
            .map(|candidate| candidate.belief)
    }

    /// Takes in the levels after a slot that closed `gap_slots` after the one before.
    pub(super) fn update(
        &mut self,
        levels: &Levels,
        reported: Option<RoomIndex>,
        gap_slots: u32,
        site: &Site,
        engine: &Engine,
    ) {
        self.choose_candidates(levels, reported, site);
        self.predict(engine.leave_q);
        let loudest = self
            .0
            .iter()
            .fold(0.0, |loudest: f64, candidate| loudest.max(candidate.peak));
        let loudest = engine.at_least_floor(loudest);
        let exponent = engine.evidence_exponent(gap_slots);
        for candidate in &mut self.0 {
            let ratio = engine.at_least_floor(candidate.peak) / loudest;
            candidate.belief *= ratio.powf(exponent);
        }
        self.normalise();
    }

    fn choose_candidates(&mut self, levels: &Levels, reported: Option<RoomIndex>, site: &Site) {
        let entering = if self.0.is_empty() {
            1.0
        } else {
            ENTERING_BELIEF
        };
        for candidate in &mut self.0 {
            candidate.peak = -1.0;
        }
        for level in levels.iter() {
            let Some(room) = site.room_of(level.reader) else {
                continue;
            };
            match self.0.iter_mut().find(|candidate| candidate.room >= room) {
                Some(candidate) if candidate.room == room => {
                    candidate.peak = candidate.peak.max(level.power);
                }
                _ => {
                    let position = self.0.partition_point(|candidate| candidate.room < room);
                    self.0.insert(
                        position,
                        Candidate {
                            room,
                            belief: entering,
                            peak: level.power,
                        },
                    );
                }
            }
        }
        self.0
            .retain(|candidate| candidate.peak >= 0.0 || Some(candidate.room) == reported);
        self.normalise();
    }

    fn predict(&mut self, leave_q: f64) {
        let others = u32::try_from(self.0.len())
            .unwrap_or(u32::MAX)
            .saturating_sub(1);
        if others == 0 {
            return;
        }
        let arriving = leave_q / f64::from(others);
        for candidate in &mut self.0 {
            candidate.belief =
                (1.0 - leave_q) * candidate.belief + arriving * (1.0 - candidate.belief);
        }
    }

    fn normalise(&mut self) {
        let sum: f64 = self.0.iter().map(|candidate| candidate.belief).sum();
        if sum > 0.0 {
            for candidate in &mut self.0 {
                candidate.belief /= sum;
            }
        }
    }

    /// The most likely room; of equals the smallest.
    pub(super) fn most_likely(&self) -> Option<(RoomIndex, f64)> {
        let first = self.0.first()?;
        let mut best = (first.room, first.belief);
        for candidate in &self.0 {
            if candidate.belief > best.1 {
                best = (candidate.room, candidate.belief);
            }
        }
        Some(best)
    }
}
