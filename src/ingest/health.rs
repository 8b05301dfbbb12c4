//! How readers are doing, counted in memory and written every few seconds.

use super::timing::ClockOffset;

/// What the consumer remembers of a reader. Counts are since the last write.
#[derive(Clone, Debug, Default)]
pub struct ReaderMemory {
    /// Its clock.
    pub clock: ClockOffset,
    /// Newest message, heartbeats included, milliseconds since 1970.
    pub last_message_ms: Option<i64>,
    /// Newest sighting.
    pub last_sighting_ms: Option<i64>,
    /// Messages.
    pub messages: i64,
    /// Sightings that were taken.
    pub sightings: i64,
    /// Sightings and messages that were refused.
    pub rejected: i64,
    /// Batches that had come before.
    pub duplicates: i64,
    /// Sightings from the future (R27).
    pub clock_faults: i64,
    /// Numbers missing in `seq` or in `inv.seq`.
    pub sequence_gaps: i64,
    /// Newest reader event in words.
    pub last_event: Option<String>,
    /// Sightings per minute, smoothed over about a minute.
    pub sightings_per_min: f32,
    /// Since when it is down (I-9a).
    pub down_since_ms: Option<i64>,
    /// Whether there is something to write.
    pub is_dirty: bool,
    seq: Option<(String, u64)>,
    inventory_seq: Option<u64>,
}

impl ReaderMemory {
    /// Takes in the message counter: a jump within one start is a gap.
    pub fn record_seq(&mut self, boot: Option<&str>, seq: Option<u64>) {
        let Some(seq) = seq else { return };
        let boot = boot.unwrap_or_default();
        if let Some((known_boot, known)) = &self.seq
            && known_boot == boot
            && seq > known.saturating_add(1)
        {
            self.sequence_gaps += i64::try_from(seq - known - 1)
                .unwrap_or(i64::MAX)
                .min(1_000_000);
        }
        self.seq = Some((boot.to_owned(), seq));
    }

    /// Takes in the number of a full inventory, which is per reader and outlives restarts.
    pub fn record_inventory(&mut self, seq: u64) {
        if let Some(known) = self.inventory_seq
            && seq > known.saturating_add(1)
        {
            self.sequence_gaps += i64::try_from(seq - known - 1)
                .unwrap_or(i64::MAX)
                .min(1_000_000);
        }
        self.inventory_seq = Some(seq);
    }

    /// Folds the sightings since the last write into the rate; `elapsed_s` is the time since then.
    pub fn update_rate(&mut self, elapsed_s: f32) {
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a rate for people to read"
        )]
        let now = self.sightings as f32 * 60.0 / elapsed_s.max(0.1);
        let weight = 1.0 - (-elapsed_s / 60.0).exp();
        self.sightings_per_min += (now - self.sightings_per_min)
            * if self.sightings_per_min == 0.0 {
                1.0
            } else {
                weight
            };
        if self.sightings_per_min < 0.05 {
            self.sightings_per_min = 0.0;
        }
    }

    /// Forgets the counts that were written.
    pub fn clear_counts(&mut self) {
        self.messages = 0;
        self.sightings = 0;
        self.rejected = 0;
        self.duplicates = 0;
        self.clock_faults = 0;
        self.sequence_gaps = 0;
        self.is_dirty = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_counted_within_one_start_only() {
        let mut reader = ReaderMemory::default();
        for (boot, seq) in [
            ("a", 1),
            ("a", 2),
            ("a", 5),
            ("b", 900),
            ("b", 901),
            ("b", 901),
        ] {
            reader.record_seq(Some(boot), Some(seq));
        }
        assert_eq!(reader.sequence_gaps, 2, "3 and 4 are missing");
        reader.record_inventory(17);
        reader.record_inventory(19);
        assert_eq!(reader.sequence_gaps, 3);
    }

    #[test]
    fn the_rate_follows_the_last_minute() {
        let mut reader = ReaderMemory {
            sightings: 50,
            ..ReaderMemory::default()
        };
        reader.update_rate(5.0);
        assert!((reader.sightings_per_min - 600.0).abs() < 0.1);
        for _ in 0..120 {
            reader.clear_counts();
            reader.update_rate(5.0);
        }
        assert!(reader.sightings_per_min < 0.1);
    }
}
