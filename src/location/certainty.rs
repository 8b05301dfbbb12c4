//! The certainty word beside a place (domain reference, "Place certainty"): never surer than the evidence.
//!
//! ```
//! use chrono::{DateTime, TimeDelta};
//! use wardtrack::location::certainty::{Certainty, CertaintyRules, EvidenceKind, PlaceEvidence, decide_certainty};
//!
//! let entered_at = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
//! let evidence = PlaceEvidence {
//!     kind: EvidenceKind::RoomDecision,
//!     entered_at: Some(entered_at),
//!     seen_at: Some(entered_at + TimeDelta::seconds(30)),
//!     expected_interval_ms: Some(2_000),
//!     ..PlaceEvidence::default()
//! };
//! let now = entered_at + TimeDelta::seconds(40);
//! assert_eq!(decide_certainty(now, &evidence, &CertaintyRules::default()), Certainty::Likely);
//! ```

use chrono::{DateTime, TimeDelta, Utc};

/// What placed the asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvidenceKind {
    /// Nothing did: never seen.
    #[default]
    Nothing,
    /// The room engine, from beacons.
    RoomDecision,
    /// A passive tag read by an antenna or portal.
    Pass,
    /// A person scanned it, or said that it is there.
    PersonScan,
}

/// What is known about an asset's place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceEvidence {
    /// What placed it.
    pub kind: EvidenceKind,
    /// Since when it is in the room.
    pub entered_at: Option<DateTime<Utc>>,
    /// Newest evidence for the room.
    pub seen_at: Option<DateTime<Utc>>,
    /// Newest time at which a person confirmed this very room, whatever `kind` is.
    pub scanned_at: Option<DateTime<Utc>>,
    /// How often the tag is expected to be heard; `None` for passive tags.
    pub expected_interval_ms: Option<i64>,
    /// Since when all readers of the room are down; `None` while one works.
    pub readers_down_since: Option<DateTime<Utc>>,
    /// When somebody said "it is not here".
    pub not_here_at: Option<DateTime<Utc>>,
}

/// The times that the words depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertaintyRules {
    /// How long a person's scan makes a place confirmed.
    pub confirmed_for: TimeDelta,
    /// How long the room must have held to be likely.
    pub dwell_for: TimeDelta,
    /// Missed intervals until a beacon's place counts as old.
    pub intervals: i32,
    /// Shortest time until then. Twice the 30 s at which "still here" is written at most (I-9).
    pub fresh_for_min: TimeDelta,
    /// How long a pass of a passive tag makes a place likely.
    pub pass_for: TimeDelta,
    /// Silence of a tag after which its place is unknown.
    pub missing_after: TimeDelta,
    /// The same for slow tags.
    pub missing_after_slow: TimeDelta,
    /// A tag with an interval above this is slow.
    pub slow_above: TimeDelta,
}

impl Default for CertaintyRules {
    fn default() -> Self {
        Self {
            confirmed_for: TimeDelta::minutes(30),
            dwell_for: TimeDelta::seconds(10),
            intervals: 3,
            fresh_for_min: TimeDelta::seconds(60),
            pass_for: TimeDelta::minutes(30),
            missing_after: TimeDelta::hours(24),
            missing_after_slow: TimeDelta::days(7),
            slow_above: TimeDelta::seconds(60),
        }
    }
}

/// The word, with the facts for the sentence that explains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// A person confirmed the place a short while ago.
    Confirmed,
    /// The evidence is fresh and has held.
    Likely,
    /// It was there; the page shows the age and the word "was".
    LastSeen {
        /// Why it is not likely.
        reason: LastSeenReason,
    },
    /// Nobody knows.
    Unknown {
        /// Why not.
        reason: UnknownReason,
    },
}

/// Why a place is only "last seen".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSeenReason {
    /// Not heard for longer than this.
    Silent {
        /// How long a place stays fresh for this tag.
        fresh_for: TimeDelta,
    },
    /// No reader of the room works (R13).
    ReadersDown {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// The room changed a moment ago and has not held for its dwell yet.
    JustArrived {
        /// When it will have.
        likely_at: DateTime<Utc>,
    },
    /// The pass of a passive tag is too long ago.
    PassTooOld,
    /// The person's scan is too long ago and nothing hears the tag.
    ScanTooOld,
}

/// Why a place is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownReason {
    /// No reader and no person ever saw it.
    NeverSeen,
    /// Somebody looked and did not find it there.
    ReportedNotHere {
        /// When.
        at: DateTime<Utc>,
    },
    /// Silent for longer than this.
    NotSeenFor {
        /// The limit for this tag.
        missing_after: TimeDelta,
    },
}

impl Certainty {
    /// The word on the page.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Confirmed => "Confirmed",
            Self::Likely => "Likely",
            Self::LastSeen { .. } => "Last seen",
            Self::Unknown { .. } => "Unknown",
        }
    }
}

/// Decides the word at `now`. Clocks differ: evidence from a little in the future counts as just now.
#[must_use]
pub fn decide_certainty(
    now: DateTime<Utc>,
    evidence: &PlaceEvidence,
    rules: &CertaintyRules,
) -> Certainty {
    let (Some(seen_at), Some(entered_at)) = (
        evidence.seen_at.or(evidence.entered_at),
        evidence.entered_at,
    ) else {
        return unknown(UnknownReason::NeverSeen);
    };
    if evidence.kind == EvidenceKind::Nothing {
        return unknown(UnknownReason::NeverSeen);
    }
    let scanned_at = scan_of_this_stay(evidence, seen_at, entered_at);
    if let Some(at) = standing_not_here(evidence, entered_at, scanned_at) {
        return unknown(UnknownReason::ReportedNotHere { at });
    }
    if scanned_at.is_some_and(|at| now - at < rules.confirmed_for) {
        return Certainty::Confirmed;
    }
    if let Some(missing_after) = missing_after(evidence, rules) {
        // Silence counts as absence only while somebody listened: a tag that was fresh when the readers went down stays
        // "last seen" however long the outage lasts (R13, R24).
        let listened_until = evidence
            .readers_down_since
            .map_or(now, |since| since.min(now));
        if listened_until - seen_at > missing_after {
            return unknown(UnknownReason::NotSeenFor { missing_after });
        }
    }
    if let Some(since) = evidence.readers_down_since {
        return last_seen(LastSeenReason::ReadersDown { since });
    }
    decide_by_age(now, evidence, seen_at, entered_at, rules)
}

fn decide_by_age(
    now: DateTime<Utc>,
    evidence: &PlaceEvidence,
    seen_at: DateTime<Utc>,
    entered_at: DateTime<Utc>,
    rules: &CertaintyRules,
) -> Certainty {
    let age = now - seen_at;
    match (evidence.kind, evidence.expected_interval_ms) {
        (EvidenceKind::PersonScan | EvidenceKind::Nothing, _) => {
            last_seen(LastSeenReason::ScanTooOld)
        }
        (EvidenceKind::Pass, _) | (EvidenceKind::RoomDecision, None) => {
            if age < rules.pass_for {
                Certainty::Likely
            } else {
                last_seen(LastSeenReason::PassTooOld)
            }
        }
        (EvidenceKind::RoomDecision, Some(interval_ms)) => {
            let fresh_for = fresh_for(interval_ms, rules);
            if age >= fresh_for {
                return last_seen(LastSeenReason::Silent { fresh_for });
            }
            if now - entered_at < rules.dwell_for {
                return last_seen(LastSeenReason::JustArrived {
                    likely_at: entered_at + rules.dwell_for,
                });
            }
            Certainty::Likely
        }
    }
}

/// How long a place stays fresh for a tag that is expected every `interval_ms`.
#[must_use]
pub fn fresh_for(interval_ms: i64, rules: &CertaintyRules) -> TimeDelta {
    let interval = TimeDelta::try_milliseconds(interval_ms.max(0)).unwrap_or(TimeDelta::zero());
    interval
        .checked_mul(rules.intervals)
        .unwrap_or(TimeDelta::MAX)
        .max(rules.fresh_for_min)
}

fn missing_after(evidence: &PlaceEvidence, rules: &CertaintyRules) -> Option<TimeDelta> {
    let interval_ms = evidence.expected_interval_ms?;
    let is_slow = interval_ms > rules.slow_above.num_milliseconds();
    Some(if is_slow {
        rules.missing_after_slow
    } else {
        rules.missing_after
    })
}

/// A scan counts for the present stay only: after a change of room something newer spoke.
fn scan_of_this_stay(
    evidence: &PlaceEvidence,
    seen_at: DateTime<Utc>,
    entered_at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let placed_by_scan = (evidence.kind == EvidenceKind::PersonScan).then_some(seen_at);
    evidence
        .scanned_at
        .max(placed_by_scan)
        .filter(|at| *at >= entered_at)
}

/// A "not here" stands until the asset changes room or a person finds it there after all. Being heard again does not lift
/// it: the same radio evidence led the person to the wrong room.
fn standing_not_here(
    evidence: &PlaceEvidence,
    entered_at: DateTime<Utc>,
    scanned_at: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let at = evidence.not_here_at?;
    let is_overruled = entered_at > at || scanned_at.is_some_and(|scan| scan > at);
    (!is_overruled).then_some(at)
}

fn last_seen(reason: LastSeenReason) -> Certainty {
    Certainty::LastSeen { reason }
}

fn unknown(reason: UnknownReason) -> Certainty {
    Certainty::Unknown { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: fn() -> CertaintyRules = CertaintyRules::default;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    /// A beacon of 2 s that entered its room at 0 and was heard last at 1,000 s.
    fn beacon() -> PlaceEvidence {
        PlaceEvidence {
            kind: EvidenceKind::RoomDecision,
            entered_at: Some(at(0)),
            seen_at: Some(at(1_000)),
            expected_interval_ms: Some(2_000),
            ..PlaceEvidence::default()
        }
    }

    fn decide(now_s: i64, evidence: &PlaceEvidence) -> Certainty {
        decide_certainty(at(now_s), evidence, &RULES())
    }

    #[test]
    fn certainty_beacon_is_likely_for_a_minute_then_last_seen_then_unknown() {
        let fresh_for = TimeDelta::seconds(60);
        assert_eq!(decide(1_059, &beacon()), Certainty::Likely);
        assert_eq!(
            decide(1_060, &beacon()),
            last_seen(LastSeenReason::Silent { fresh_for })
        );
        assert_eq!(
            decide(1_000 + 86_400, &beacon()),
            last_seen(LastSeenReason::Silent { fresh_for })
        );
        let missing_after = TimeDelta::hours(24);
        assert_eq!(
            decide(1_001 + 86_400, &beacon()),
            unknown(UnknownReason::NotSeenFor { missing_after })
        );
    }

    #[test]
    fn certainty_slow_beacon_gets_three_intervals_and_seven_days() {
        let slow = PlaceEvidence {
            expected_interval_ms: Some(300_000),
            ..beacon()
        };
        assert_eq!(decide(1_899, &slow), Certainty::Likely);
        let fresh_for = TimeDelta::seconds(900);
        assert_eq!(
            decide(1_900, &slow),
            last_seen(LastSeenReason::Silent { fresh_for })
        );
        assert_eq!(decide(1_000 + 6 * 86_400, &slow).word(), "Last seen");
        assert_eq!(decide(1_001 + 7 * 86_400, &slow).word(), "Unknown");
    }

    #[test]
    fn certainty_a_room_must_hold_for_its_dwell() {
        let fresh = PlaceEvidence {
            seen_at: Some(at(9)),
            ..beacon()
        };
        assert_eq!(
            decide(9, &fresh),
            last_seen(LastSeenReason::JustArrived { likely_at: at(10) })
        );
        assert_eq!(decide(10, &fresh), Certainty::Likely);
    }

    #[test]
    fn certainty_passive_tag_is_likely_for_half_an_hour_and_never_missing() {
        let pass = PlaceEvidence {
            kind: EvidenceKind::Pass,
            seen_at: Some(at(0)),
            expected_interval_ms: None,
            ..beacon()
        };
        assert_eq!(decide(0, &pass), Certainty::Likely);
        assert_eq!(decide(1_799, &pass), Certainty::Likely);
        assert_eq!(decide(1_800, &pass), last_seen(LastSeenReason::PassTooOld));
        assert_eq!(
            decide(30 * 86_400, &pass),
            last_seen(LastSeenReason::PassTooOld)
        );
    }

    #[test]
    fn certainty_scan_confirms_for_half_an_hour_unless_something_newer_moved_it() {
        let scan = PlaceEvidence {
            kind: EvidenceKind::PersonScan,
            seen_at: Some(at(0)),
            ..beacon()
        };
        assert_eq!(decide(1_799, &scan), Certainty::Confirmed);
        assert_eq!(decide(1_800, &scan), last_seen(LastSeenReason::ScanTooOld));
        let agreeing = PlaceEvidence {
            scanned_at: Some(at(900)),
            ..beacon()
        };
        assert_eq!(decide(1_050, &agreeing), Certainty::Confirmed);
        let moved_since = PlaceEvidence {
            entered_at: Some(at(950)),
            ..agreeing
        };
        assert_eq!(decide(1_050, &moved_since), Certainty::Likely);
    }

    #[test]
    fn r13_readers_down_says_last_seen_with_the_time() {
        let down = PlaceEvidence {
            readers_down_since: Some(at(1_010)),
            ..beacon()
        };
        assert_eq!(
            decide(1_020, &down),
            last_seen(LastSeenReason::ReadersDown { since: at(1_010) })
        );
    }

    #[test]
    fn r24_silence_while_readers_are_down_is_not_absence() {
        let down = PlaceEvidence {
            readers_down_since: Some(at(1_010)),
            ..beacon()
        };
        assert_eq!(
            decide(40 * 86_400, &down),
            last_seen(LastSeenReason::ReadersDown { since: at(1_010) })
        );
        let gone_before = PlaceEvidence {
            readers_down_since: Some(at(2 * 86_400)),
            ..beacon()
        };
        assert_eq!(decide(3 * 86_400, &gone_before).word(), "Unknown");
    }

    #[test]
    fn certainty_not_here_stands_until_the_asset_moves_or_is_found() {
        let reported = PlaceEvidence {
            not_here_at: Some(at(990)),
            ..beacon()
        };
        assert_eq!(
            decide(1_001, &reported),
            unknown(UnknownReason::ReportedNotHere { at: at(990) })
        );
        let moved = PlaceEvidence {
            entered_at: Some(at(991)),
            ..reported
        };
        assert_eq!(decide(1_002, &moved), Certainty::Likely);
        let found = PlaceEvidence {
            scanned_at: Some(at(995)),
            ..reported
        };
        assert_eq!(decide(1_002, &found), Certainty::Confirmed);
    }

    #[test]
    fn certainty_never_seen_is_unknown() {
        assert_eq!(
            decide(0, &PlaceEvidence::default()),
            unknown(UnknownReason::NeverSeen)
        );
    }

    #[test]
    fn certainty_stands_clocks_that_differ() {
        let ahead = PlaceEvidence {
            seen_at: Some(at(1_020)),
            ..beacon()
        };
        assert_eq!(decide(1_000, &ahead), Certainty::Likely);
        let entered_ahead = PlaceEvidence {
            entered_at: Some(at(1_005)),
            ..ahead
        };
        assert_eq!(decide(1_000, &entered_ahead).word(), "Last seen");
    }
}
