//! The brake on wrong passwords (S-07): pure decisions.
//!
//! Tries are counted per account and *place*: the network they come from, or the browser when it has signed in to this account
//! before. So strangers slow strangers, and never the person at the usual workstation.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong tries in a row that cost no waiting.
const FREE_TRIES: i32 = 5;
/// The longest wait between two tries.
const WAIT_SECONDS_MAX: i64 = 15 * 60;
/// Wrong tries in a row on one account, from all networks together, after which only an administrator helps.
pub const FAILURES_MAX: i64 = 100;

/// What was counted so far for one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Wrong tries in a row from this place.
    pub failures: i32,
    /// No try from this place before this instant.
    pub next_try_at: Option<DateTime<Utc>>,
    /// Wrong tries in a row that count together with this place: itself for a known browser, all strange networks otherwise.
    pub failures_together: i64,
}

/// Whether a try is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes. It counts as a failure from now on, until the password proves right: tries that run at once cannot slip through.
    Try {
        /// Failures with this one.
        failures: i32,
        /// When the next try may come.
        next_try_at: DateTime<Utc>,
    },
    /// Not yet.
    Wait(Duration),
    /// Not before an administrator sets a new password.
    NeedsAdmin,
}

/// Decides about one try.
#[must_use]
pub fn decide_try(counted: &Counted, now: DateTime<Utc>) -> Decision {
    if counted.failures_together >= FAILURES_MAX {
        return Decision::NeedsAdmin;
    }
    if let Some(wait) = counted
        .next_try_at
        .and_then(|next| (next - now).to_std().ok())
        .filter(|wait| !wait.is_zero())
    {
        return Decision::Wait(wait);
    }
    let failures = counted.failures.saturating_add(1);
    Decision::Try {
        failures,
        next_try_at: now + wait_after(failures),
    }
}

/// 0 up to the fourth failure, then 1 s, 2 s, 4 s and so on up to 15 min.
fn wait_after(failures: i32) -> TimeDelta {
    let Ok(doublings) = u32::try_from(failures - FREE_TRIES) else {
        return TimeDelta::zero();
    };
    let seconds = 1_i64
        .checked_shl(doublings.min(30))
        .unwrap_or(WAIT_SECONDS_MAX);
    TimeDelta::seconds(seconds.min(WAIT_SECONDS_MAX))
}

/// The network of an address, as the throttle counts it: one household or ward, not one address of many.
#[must_use]
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The place of a browser that signed in to the account before.
#[must_use]
pub fn place_of_browser(id: &str) -> String {
    format!("{BROWSER}{id}")
}

/// How places of known browsers start; networks never do.
pub const BROWSER: &str = "browser:";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_788_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn s07_waits_double_after_the_fifth_failure_up_to_15_min() {
        let waits: Vec<i64> = (1..=17).map(|n| wait_after(n).num_seconds()).collect();
        assert_eq!(
            waits,
            [
                0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900
            ]
        );
        assert_eq!(wait_after(i32::MAX).num_seconds(), 900);
    }

    #[test]
    fn s07_a_try_counts_before_its_password_is_checked() {
        let fifth = decide_try(
            &Counted {
                failures: 4,
                next_try_at: Some(at(0)),
                failures_together: 4,
            },
            at(0),
        );
        assert_eq!(
            fifth,
            Decision::Try {
                failures: 5,
                next_try_at: at(1)
            }
        );
        let sixth = Counted {
            failures: 5,
            next_try_at: Some(at(1)),
            failures_together: 5,
        };
        assert_eq!(
            decide_try(&sixth, at(0)),
            Decision::Wait(Duration::from_secs(1))
        );
        assert!(matches!(
            decide_try(&sixth, at(1)),
            Decision::Try { failures: 6, .. }
        ));
    }

    #[test]
    fn s07_after_100_failures_only_an_administrator_helps() {
        let counted = Counted {
            failures_together: 100,
            ..Counted::default()
        };
        assert_eq!(decide_try(&counted, at(0)), Decision::NeedsAdmin);
        assert!(matches!(
            decide_try(&Counted::default(), at(0)),
            Decision::Try { failures: 1, .. }
        ));
    }

    #[test]
    fn s07_neighbours_share_a_network() {
        for (address, network) in [
            ("10.1.2.3", "10.1.2.0/24"),
            ("::ffff:10.1.2.9", "10.1.2.0/24"),
            ("fd00:1:2:3:4::5", "fd00:1:2:3::/64"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()), network);
        }
    }
}
