//! When a sighting happened: the reader's word, corrected by its clock's offset, and kept from the future (ingest-design section 3).

use super::envelope::Heard;

/// Older sightings are refused: dedupe rows are kept a day longer than this.
pub const AGE_MAX_MS: i64 = 7 * 24 * 3_600_000;
/// A sighting this far ahead of the server is a clock fault (R27).
pub const FUTURE_MAX_MS: i64 = 2 * 60_000;
/// Offsets below this are taken for delay on the way and not applied.
const OFFSET_USED_MS: i64 = 2_000;
/// How many deliveries the offset is the minimum of.
const OFFSETS_KEPT: usize = 64;

/// How far a reader's clock is behind the server's: the smallest (received - sent) of the last 64 messages.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset {
    recent_ms: std::collections::VecDeque<i64>,
    last: Option<(i64, i64)>,
}

impl ClockOffset {
    /// What was measured before a restart.
    #[must_use]
    pub fn restored(offset_ms: i64) -> Self {
        Self {
            recent_ms: std::iter::once(offset_ms).collect(),
            last: None,
        }
    }

    /// Takes in a message delivered for the first time, without a backlog before it.
    ///
    /// A reader that gives away what it kept while it could not send does so much faster than it wrote it, or out of order:
    /// these delays are not those of its clock. Were they taken for it, everything it kept would be dated at its arrival.
    pub fn record(&mut self, sent_at_ms: i64, received_at_ms: i64) {
        let last = self.last.replace((sent_at_ms, received_at_ms));
        if let Some((last_sent_ms, last_received_ms)) = last {
            let wrote_ms = sent_at_ms.saturating_sub(last_sent_ms);
            let took_ms = received_at_ms.saturating_sub(last_received_ms);
            if wrote_ms < 0 || took_ms < wrote_ms / 2 {
                return;
            }
        }
        if self.recent_ms.len() == OFFSETS_KEPT {
            self.recent_ms.pop_front();
        }
        self.recent_ms
            .push_back(received_at_ms.saturating_sub(sent_at_ms));
    }

    /// The offset as measured; 0 before the first message.
    #[must_use]
    pub fn measured_ms(&self) -> i64 {
        self.recent_ms.iter().copied().min().unwrap_or(0)
    }

    /// The offset to apply: the measured one when it is above two seconds either way, else 0.
    #[must_use]
    pub fn applied_ms(&self) -> i64 {
        let measured = self.measured_ms();
        if measured.saturating_abs() > OFFSET_USED_MS {
            measured
        } else {
            0
        }
    }
}

/// What became of a sighting's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenAt {
    /// Milliseconds since 1970.
    At(i64),
    /// It was in the future and takes the arrival time (R27).
    ClockFault {
        /// The arrival, milliseconds since 1970.
        seen_ms: i64,
        /// What the reader said.
        said_ms: i64,
    },
    /// Older than seven days.
    TooOld(i64),
}

/// When a sighting happened.
#[must_use]
pub fn decide_seen_at(
    heard: Heard,
    sent_at_ms: Option<i64>,
    offset_ms: i64,
    received_at_ms: i64,
) -> SeenAt {
    let said_ms = match (heard, sent_at_ms) {
        (Heard::AgeMs(age_ms), Some(sent)) => sent.saturating_sub(age_ms).saturating_add(offset_ms),
        (Heard::AgeMs(age_ms), None) => received_at_ms.saturating_sub(age_ms),
        (Heard::AtMs(at_ms), _) => at_ms.saturating_add(offset_ms),
    };
    if said_ms > received_at_ms.saturating_add(FUTURE_MAX_MS) {
        SeenAt::ClockFault {
            seen_ms: received_at_ms,
            said_ms,
        }
    } else if said_ms < received_at_ms.saturating_sub(AGE_MAX_MS) {
        SeenAt::TooOld(said_ms)
    } else {
        SeenAt::At(said_ms)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_767_225_600_000;

    #[test]
    fn r27_a_time_ahead_of_the_server_takes_the_arrival_time() {
        let at = |ahead| decide_seen_at(Heard::AgeMs(0), Some(NOW + ahead), 0, NOW);
        assert_eq!(at(FUTURE_MAX_MS), SeenAt::At(NOW + FUTURE_MAX_MS));
        let said_ms = NOW + FUTURE_MAX_MS + 1;
        assert_eq!(
            at(FUTURE_MAX_MS + 1),
            SeenAt::ClockFault {
                seen_ms: NOW,
                said_ms
            }
        );
    }

    #[test]
    fn s39_older_than_seven_days_is_too_old() {
        assert_eq!(
            decide_seen_at(Heard::AgeMs(AGE_MAX_MS), Some(NOW), 0, NOW),
            SeenAt::At(NOW - AGE_MAX_MS)
        );
        assert!(matches!(
            decide_seen_at(Heard::AgeMs(8 * 24 * 3_600_000), Some(NOW), 0, NOW),
            SeenAt::TooOld(_)
        ));
    }

    #[test]
    fn a_clock_that_is_an_hour_behind_is_corrected_and_small_delays_are_not() {
        let mut offset = ClockOffset::default();
        for (n, delay) in (0..).zip([3_600_900, 3_600_050, 3_600_400]) {
            offset.record(NOW + 10_000 * n, NOW + 10_000 * n + delay);
        }
        assert_eq!(offset.applied_ms(), 3_600_050);
        assert_eq!(
            decide_seen_at(
                Heard::AgeMs(50),
                Some(NOW),
                offset.applied_ms(),
                NOW + 3_600_060
            ),
            SeenAt::At(NOW + 3_600_000)
        );
        let mut late = ClockOffset::default();
        late.record(NOW, NOW + 1_999);
        assert_eq!((late.measured_ms(), late.applied_ms()), (1_999, 0));
    }

    #[test]
    fn only_the_last_64_messages_count() {
        let mut offset = ClockOffset::default();
        offset.record(NOW, NOW - 60_000);
        for _ in 0..64 {
            offset.record(NOW, NOW + 5_000);
        }
        assert_eq!(offset.applied_ms(), 5_000);
    }

    #[test]
    fn what_a_reader_kept_and_gives_away_at_once_says_nothing_about_its_clock() {
        let mut offset = ClockOffset::default();
        offset.record(NOW, NOW + 40);
        for n in 0..200 {
            // Written each 100 ms from 30 s ago on, received within a quarter of a second.
            offset.record(NOW + 1_000 + 100 * n, NOW + 31_000 + n);
        }
        assert_eq!(offset.applied_ms(), 0);
        for n in 0..70 {
            // From then on its clock is an hour behind, and it sends as it writes.
            let wrote = NOW + 40_000 + 1_000 * n;
            offset.record(wrote, wrote + 3_600_000);
        }
        assert_eq!(offset.applied_ms(), 3_600_000);
    }

    proptest! {
        #[test]
        fn what_is_used_is_never_more_than_two_minutes_ahead_nor_seven_days_old(
            age in 0_i64..10_i64.pow(12), sent in prop::option::of(0_i64..2 * NOW), offset in -10_i64.pow(10)..10_i64.pow(10)
        ) {
            if let SeenAt::At(at) | SeenAt::ClockFault { seen_ms: at, .. } = decide_seen_at(Heard::AgeMs(age), sent, offset, NOW) {
                prop_assert!((NOW - AGE_MAX_MS..=NOW + FUTURE_MAX_MS).contains(&at));
            }
        }
    }
}
