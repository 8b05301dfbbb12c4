//! Which acts a status allows, and what it is afterwards: the table of domain section 5 with R9 to R12. Pure.
//!
//! ```
//! use chrono::DateTime;
//! use wardtrack::assets::model::Standing;
//! use wardtrack::assets::status::{Rule, Refusal, Who, decide_status, Known};
//! use wardtrack::db::types::{AssetAct, AssetStatus};
//!
//! let now = DateTime::from_timestamp(1_767_225_600, 0).unwrap();
//! let soiled = Known { standing: Standing::of(AssetStatus::Soiled), status_before: None, gone_since: None };
//! // R9: no rule makes a soiled asset available.
//! assert_eq!(decide_status(&soiled, AssetAct::Cleaned, Who::Rule(Rule::EquipmentRoom), now), Err(Refusal::PersonOnly));
//! ```

use chrono::{DateTime, TimeDelta, Utc};

use super::model::Standing;
use crate::db::types::{AssetAct, AssetStatus, Role};

/// R10: an available asset that was gone for longer comes back soiled.
pub const GONE_SOILED_AFTER: TimeDelta = TimeDelta::hours(24);

/// A rule that may change a status by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It stays in a patient room.
    PatientRoom,
    /// It stays in a soiled utility room.
    SoiledUtility,
    /// It stays in the room where equipment is cleaned.
    EquipmentRoom,
    /// Nobody has seen it for its limit.
    NotSeen,
    /// A reader heard a missing one.
    SeenAgain,
}

impl Rule {
    /// Every rule.
    pub const ALL: &'static [Self] = &[
        Self::PatientRoom,
        Self::SoiledUtility,
        Self::EquipmentRoom,
        Self::NotSeen,
        Self::SeenAgain,
    ];

    /// As stored (R12).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PatientRoom => "patient_room",
            Self::SoiledUtility => "soiled_utility",
            Self::EquipmentRoom => "equipment_room",
            Self::NotSeen => "not_seen",
            Self::SeenAgain => "seen_again",
        }
    }

    /// What it says about the asset.
    #[must_use]
    pub fn act(self) -> AssetAct {
        match self {
            Self::PatientRoom => AssetAct::Took,
            Self::SoiledUtility => AssetAct::Soiled,
            Self::EquipmentRoom => AssetAct::Cleaning,
            Self::NotSeen => AssetAct::Missing,
            Self::SeenAgain => AssetAct::SeenAgain,
        }
    }
}

/// Who or what acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A person with this role.
    Person(Role),
    /// A rule.
    Rule(Rule),
}

/// What is stored of an asset when somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Status and holds.
    pub standing: Standing,
    /// Of a missing one: what it was.
    pub status_before: Option<AssetStatus>,
    /// Of a missing one: when it was last known to be there.
    pub gone_since: Option<DateTime<Utc>>,
}

/// Why an act is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its status does not lead there.
    Status,
    /// Only a person may say so (R9).
    PersonOnly,
    /// Only some people may say so.
    Right,
    /// It is on hold, or its service is overdue (R2, R3).
    Held,
    /// A reason or category is needed.
    Reason,
}

/// Who may make a soiled asset available without cleaning (`clean.override`), and say that one is repaired.
#[must_use]
pub fn looks_after_devices(role: Role) -> bool {
    matches!(role, Role::Biomed | Role::Admin)
}

/// Whether an act needs a reason or a category.
#[must_use]
pub fn needs_reason(from: AssetStatus, act: AssetAct) -> bool {
    matches!(
        act,
        AssetAct::Broken
            | AssetAct::Returned
            | AssetAct::Held
            | AssetAct::Released
            | AssetAct::Retired
            | AssetAct::Restored
    ) || (act == AssetAct::Cleaned && from == AssetStatus::Soiled)
}

/// The status after an act.
///
/// # Errors
/// When the act is not allowed from here, or not by them.
pub fn decide_status(
    known: &Known,
    act: AssetAct,
    who: Who,
    now: DateTime<Utc>,
) -> Result<AssetStatus, Refusal> {
    use AssetStatus as S;
    let from = known.standing.status;
    if let Who::Rule(rule) = who {
        if rule.act() != act {
            return Err(Refusal::PersonOnly);
        }
    } else if act == AssetAct::SeenAgain {
        return Err(Refusal::Status);
    }
    match (act, from) {
        (AssetAct::Took, S::Available) => {
            if known.standing.is_held() && matches!(who, Who::Person(_)) {
                return Err(Refusal::Held);
            }
            Ok(S::InUse)
        }
        (AssetAct::Soiled, S::InUse) => Ok(S::Soiled),
        (AssetAct::Cleaning, S::Soiled) => Ok(S::Cleaning),
        (AssetAct::Returned, S::InUse) | (AssetAct::Cleaned, S::Cleaning) => Ok(S::Available),
        (AssetAct::Cleaned, S::Soiled | S::InRepair) => by_right(who, S::Available),
        (AssetAct::Broken, from) if !matches!(from, S::Retired | S::InRepair) => Ok(S::InRepair),
        (AssetAct::Repaired, S::InRepair) => by_right(who, S::Cleaning),
        (AssetAct::Missing, from) if !matches!(from, S::Retired | S::Missing) => Ok(S::Missing),
        (AssetAct::SeenAgain | AssetAct::Found, S::Missing) => Ok(status_after_missing(known, now)),
        (AssetAct::Found | AssetAct::NotHere, from) if from != S::Retired => Ok(from),
        (AssetAct::Retired, from) if from != S::Retired => by_right(who, S::Retired),
        (AssetAct::Restored, S::Retired) => match who {
            Who::Person(Role::Admin) => Ok(S::Cleaning),
            Who::Person(_) => Err(Refusal::Right),
            Who::Rule(_) => Err(Refusal::PersonOnly),
        },
        (AssetAct::Held, from) if from != S::Retired && known.standing.safety_hold.is_none() => {
            by_right(who, from)
        }
        (AssetAct::Released, from) if known.standing.safety_hold.is_some() => by_right(who, from),
        _ => Err(Refusal::Status),
    }
}

/// R10: as it was before, but an available one that was gone for long may have been used.
fn status_after_missing(known: &Known, now: DateTime<Utc>) -> AssetStatus {
    match known.status_before.unwrap_or(AssetStatus::Soiled) {
        AssetStatus::Available
            if known
                .gone_since
                .is_none_or(|since| now - since > GONE_SOILED_AFTER) =>
        {
            AssetStatus::Soiled
        }
        before => before,
    }
}

fn by_right(who: Who, to: AssetStatus) -> Result<AssetStatus, Refusal> {
    match who {
        Who::Person(role) if looks_after_devices(role) => Ok(to),
        Who::Person(_) => Err(Refusal::Right),
        Who::Rule(_) => Err(Refusal::PersonOnly),
    }
}

/// The acts that a person may do now, the likeliest first.
#[must_use]
pub fn list_allowed(known: &Known, role: Role, now: DateTime<Utc>) -> Vec<AssetAct> {
    [
        AssetAct::Took,
        AssetAct::Soiled,
        AssetAct::Cleaned,
        AssetAct::Cleaning,
        AssetAct::Found,
        AssetAct::NotHere,
        AssetAct::Returned,
        AssetAct::Repaired,
        AssetAct::Broken,
        AssetAct::Released,
        AssetAct::Held,
        AssetAct::Missing,
        AssetAct::Retired,
        AssetAct::Restored,
    ]
    .into_iter()
    .filter(|act| decide_status(known, *act, Who::Person(role), now).is_ok())
    .collect()
}

/// The room that a status rule looks at, and how long the asset must have stayed there.
#[must_use]
pub fn place_rule(
    kind: crate::db::types::RoomKind,
    from: AssetStatus,
) -> Option<(Rule, TimeDelta)> {
    use crate::db::types::RoomKind;
    match (kind, from) {
        (RoomKind::PatientRoom, AssetStatus::Available) => {
            Some((Rule::PatientRoom, TimeDelta::minutes(2)))
        }
        (RoomKind::SoiledUtility, AssetStatus::InUse) => {
            Some((Rule::SoiledUtility, TimeDelta::minutes(1)))
        }
        (RoomKind::EquipmentRoom, AssetStatus::Soiled) => {
            Some((Rule::EquipmentRoom, TimeDelta::minutes(1)))
        }
        _ => None,
    }
}

/// The place rule that is due at `now`, and when its dwell was complete.
///
/// The dwell counts from entering the room, in full. What was said of the asset while it is in the room (by a person, or by
/// this very rule) stands until it leaves: otherwise "returned, not used" in a patient's room would be taken back at once.
#[must_use]
pub fn due_place_rule(
    kind: crate::db::types::RoomKind,
    status: (AssetStatus, DateTime<Utc>),
    entered_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<(Rule, DateTime<Utc>)> {
    let (status, since) = status;
    let (rule, dwell) = place_rule(kind, status)?;
    let at = entered_at + dwell;
    (since <= entered_at && at <= now).then_some((rule, at))
}

/// R10: whether a missing asset that was heard at `seen_at` is there again.
///
/// A person may call an asset missing while a reader hears it: the radio that led to the wrong room does not overrule that
/// by going on. Then it takes another room, or silence for longer than `fresh_for` before.
#[must_use]
pub fn is_seen_again(
    missing_since: DateTime<Utc>,
    gone_since: DateTime<Utc>,
    fresh_for: TimeDelta,
    entered_at: Option<DateTime<Utc>>,
    seen_at: DateTime<Utc>,
) -> bool {
    let was_silent = missing_since - gone_since >= fresh_for;
    seen_at > missing_since && (was_silent || entered_at.is_some_and(|at| at > missing_since))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::db::types::{RoomKind, SafetyHold};

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + hours * 3_600, 0).unwrap()
    }

    fn known(status: AssetStatus) -> Known {
        Known {
            standing: Standing::of(status),
            status_before: (status == AssetStatus::Missing).then_some(AssetStatus::Soiled),
            gone_since: (status == AssetStatus::Missing).then(|| at(0)),
        }
    }

    fn after(status: AssetStatus, act: AssetAct, who: Who) -> Result<AssetStatus, Refusal> {
        decide_status(&known(status), act, who, at(1))
    }

    const NURSE: Who = Who::Person(Role::Nurse);
    const BIOMED: Who = Who::Person(Role::Biomed);
    const ADMIN: Who = Who::Person(Role::Admin);

    /// Every change of status that the table of domain section 5 allows to a nurse, a biomed engineer and an administrator.
    #[test]
    fn the_table_of_section_5_and_nothing_else() {
        use AssetStatus as S;
        let mut nurse = Vec::new();
        for from in S::ALL {
            for act in AssetAct::ALL {
                if let Ok(to) = after(*from, *act, NURSE)
                    && to != *from
                {
                    nurse.push((*from, *act, to));
                }
            }
        }
        let mut expected = vec![
            (S::Available, AssetAct::Took, S::InUse),
            (S::InUse, AssetAct::Soiled, S::Soiled),
            (S::InUse, AssetAct::Returned, S::Available),
            (S::Soiled, AssetAct::Cleaning, S::Cleaning),
            (S::Cleaning, AssetAct::Cleaned, S::Available),
            (S::Missing, AssetAct::Found, S::Soiled),
        ];
        for from in [S::Available, S::InUse, S::Soiled, S::Cleaning, S::Missing] {
            expected.push((from, AssetAct::Broken, S::InRepair));
        }
        for from in [S::Available, S::InUse, S::Soiled, S::Cleaning, S::InRepair] {
            expected.push((from, AssetAct::Missing, S::Missing));
        }
        let sort = |list: &mut Vec<(S, AssetAct, S)>| list.sort_unstable();
        sort(&mut nurse);
        sort(&mut expected);
        assert_eq!(nurse, expected);
        assert_eq!(
            after(S::Soiled, AssetAct::Cleaned, BIOMED),
            Ok(S::Available)
        );
        assert_eq!(
            after(S::Soiled, AssetAct::Cleaned, NURSE),
            Err(Refusal::Right)
        );
        assert_eq!(
            after(S::InRepair, AssetAct::Repaired, BIOMED),
            Ok(S::Cleaning)
        );
        assert_eq!(after(S::Soiled, AssetAct::Retired, BIOMED), Ok(S::Retired));
        assert_eq!(
            after(S::Retired, AssetAct::Restored, ADMIN),
            Ok(S::Cleaning)
        );
        assert_eq!(
            after(S::Retired, AssetAct::Restored, BIOMED),
            Err(Refusal::Right)
        );
    }

    #[test]
    fn r3_a_held_asset_is_not_taken_and_only_some_lift_the_hold() {
        let mut held = known(AssetStatus::Available);
        held.standing.safety_hold = Some(SafetyHold::Recall);
        let decide = |act, who| decide_status(&held, act, who, at(1));
        assert_eq!(decide(AssetAct::Took, NURSE), Err(Refusal::Held));
        assert_eq!(decide(AssetAct::Released, NURSE), Err(Refusal::Right));
        assert_eq!(
            decide(AssetAct::Released, BIOMED),
            Ok(AssetStatus::Available)
        );
        assert_eq!(decide(AssetAct::Held, BIOMED), Err(Refusal::Status));
    }

    #[test]
    fn r10_an_available_asset_comes_back_soiled_when_it_was_gone_for_more_than_a_day() {
        let mut missing = known(AssetStatus::Missing);
        missing.status_before = Some(AssetStatus::Available);
        let who = Who::Rule(Rule::SeenAgain);
        let back = |hours| decide_status(&missing, AssetAct::SeenAgain, who, at(hours));
        assert_eq!(back(24), Ok(AssetStatus::Available));
        assert_eq!(back(25), Ok(AssetStatus::Soiled));
        missing.status_before = Some(AssetStatus::InUse);
        let found = decide_status(&missing, AssetAct::Found, NURSE, at(100));
        assert_eq!(found, Ok(AssetStatus::InUse));
    }

    fn any_cause() -> impl Strategy<Value = (AssetAct, Who, i64)> {
        let who = prop_oneof![
            prop::sample::select(Role::ALL).prop_map(Who::Person),
            prop::sample::select(Rule::ALL).prop_map(Who::Rule),
        ];
        (prop::sample::select(AssetAct::ALL), who, 0_i64..60)
    }

    proptest! {
        /// R9: after it became soiled (or anything that is not clean), a run of rules alone never makes it ready.
        #[test]
        fn r9_no_sequence_makes_a_soiled_asset_available_without_a_person(
            causes in prop::collection::vec(any_cause(), 0..60),
        ) {
            let mut state = known(AssetStatus::Soiled);
            let mut person_cleaned = false;
            let mut hour = 0;
            for (act, who, hours) in causes {
                hour += hours;
                let from = state.standing.status;
                let Ok(to) = decide_status(&state, act, who, at(hour)) else { continue };
                match (from, to) {
                    (_, AssetStatus::Missing) => {
                        state.status_before = Some(from);
                        state.gone_since = Some(at(hour));
                    }
                    (AssetStatus::Missing, _) => {
                        state.status_before = None;
                        state.gone_since = None;
                    }
                    _ => {}
                }
                state.standing.status = to;
                if matches!(who, Who::Person(_)) && to == AssetStatus::Available && from != AssetStatus::Missing {
                    person_cleaned = true;
                }
                if to == AssetStatus::Soiled {
                    person_cleaned = false;
                }
                if to == AssetStatus::Available {
                    prop_assert!(person_cleaned, "{from:?} became available by {who:?} with {act:?}");
                }
            }
        }

        #[test]
        fn a_place_rule_never_ends_in_available(kind in prop::sample::select(RoomKind::ALL), status in prop::sample::select(AssetStatus::ALL)) {
            if let Some((rule, _)) = place_rule(kind, status) {
                let to = decide_status(&known(status), rule.act(), Who::Rule(rule), at(1));
                prop_assert!(matches!(to, Ok(to) if to != AssetStatus::Available));
            }
        }
    }

    #[test]
    fn place_rules_wait_for_their_dwell_and_for_people() {
        use RoomKind::{EquipmentRoom, PatientRoom, SoiledUtility};
        let start = at(0);
        let after = |s: i64| start + TimeDelta::seconds(s);
        let due = |kind, status, since_s: i64, now_s: i64| {
            due_place_rule(kind, (status, after(since_s)), start, after(now_s))
        };
        let (free, used, soiled) = (
            AssetStatus::Available,
            AssetStatus::InUse,
            AssetStatus::Soiled,
        );
        assert_eq!(due(PatientRoom, free, 0, 119), None);
        assert_eq!(
            due(PatientRoom, free, 0, 120),
            Some((Rule::PatientRoom, after(120)))
        );
        assert_eq!(due(PatientRoom, free, 1, 3_600), None, "a word while there");
        assert_eq!(due(SoiledUtility, used, -5, 59), None);
        assert_eq!(
            due(SoiledUtility, used, -5, 900),
            Some((Rule::SoiledUtility, after(60)))
        );
        assert_eq!(
            due(EquipmentRoom, soiled, -5, 60),
            Some((Rule::EquipmentRoom, after(60)))
        );
        assert_eq!(due(EquipmentRoom, used, -5, 900), None);
    }

    #[test]
    fn r10_radio_that_goes_on_does_not_overrule_a_person() {
        let fresh_for = TimeDelta::seconds(60);
        let seen = |gone_min: i64, entered_min: Option<i64>, seen_min: i64| {
            let min = |m: i64| at(10) + TimeDelta::minutes(m);
            is_seen_again(
                min(0),
                min(gone_min),
                fresh_for,
                entered_min.map(min),
                min(seen_min),
            )
        };
        assert!(seen(-1_440, Some(-2_000), 1), "silent for a day");
        assert!(!seen(-1_440, Some(-2_000), 0), "not newer");
        assert!(
            !seen(0, Some(-30), 1),
            "heard all the time in the same room"
        );
        assert!(seen(0, Some(1), 2), "another room");
    }
}
