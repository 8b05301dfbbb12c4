//! When a message is tried again. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Waits after each failed try; after the last one nothing is tried any more.
const LADDER_S: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Tries in all.
pub const TRIES_MAX: i32 = 10;
/// A receiver may ask for a longer wait, up to this.
const ASKED_MAX: TimeDelta = TimeDelta::days(1);
/// Failures in a row after which a destination is left alone for a while.
pub const BREAKER_FAILURES: i32 = 5;
/// For how long.
pub const BREAKER_FOR: TimeDelta = TimeDelta::seconds(30);

/// When the next try is, after so many failed ones; `None` after the last. `jitter` is from 0 to 1: each wait is up to a fifth shorter or
/// longer, so that receivers that come back are not met by all messages at once. `asked` is what the receiver asked for (Retry-After).
#[must_use]
pub fn next_try(
    failed: i32,
    jitter: f64,
    asked: Option<TimeDelta>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let step = usize::try_from(failed.checked_sub(1)?).ok()?;
    let wait_s = LADDER_S.get(step)?;
    let factor = 0.8 + 0.4 * jitter.clamp(0.0, 1.0);
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "at most a day in milliseconds"
    )]
    let delay = (*wait_s as f64 * 1_000.0 * factor) as i64;
    let asked = asked.unwrap_or(TimeDelta::zero()).min(ASKED_MAX);
    Some(now + TimeDelta::milliseconds(delay).max(asked))
}

/// Until when a destination is left alone after so many failures in a row.
#[must_use]
pub fn broken_until(failures: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (failures >= BREAKER_FAILURES).then(|| now + BREAKER_FOR)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_tries_over_three_days_and_then_none() {
        let begun = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let (mut now, mut tries) = (begun, 1);
        while let Some(next) = next_try(tries, 0.5, None, now) {
            now = next;
            tries += 1;
        }
        assert_eq!(tries, TRIES_MAX);
        assert_eq!((now - begun).num_minutes(), 272_105 / 60);
        assert_eq!(next_try(0, 0.5, None, begun), None, "nothing failed yet");
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_but_not_for_for_ever() {
        let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
        let wait = |asked| (next_try(1, 0.5, Some(asked), now).unwrap() - now).num_seconds();
        assert_eq!(wait(TimeDelta::seconds(120)), 120);
        assert_eq!(wait(TimeDelta::seconds(1)), 5);
        assert_eq!(wait(TimeDelta::days(90)), 86_400);
    }

    proptest! {
        #[test]
        fn waits_are_within_a_fifth_of_the_ladder(failed in 1_i32..10, jitter in 0.0_f64..1.0) {
            let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
            let wait = (next_try(failed, jitter, None, now).unwrap() - now).num_milliseconds();
            let of = LADDER_S[usize::try_from(failed - 1).unwrap()] * 1_000;
            prop_assert!(wait >= of * 8 / 10 && wait <= of * 12 / 10 + 1);
        }
    }
}
