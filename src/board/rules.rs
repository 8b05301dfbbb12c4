//! Equipment par (domain section 4, R8): how a count stands to its target, what a target may be, and where more can come from. Pure.

use crate::ids::RoomId;

/// Largest number in a line.
pub const NUMBER_MAX: i32 = 10_000;
/// Most rooms that are named as sources of one shortage.
pub const SOURCES_MAX: usize = 3;

/// How many ready assets of a type a room should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Par {
    /// What it should hold.
    pub target: i32,
    /// Below this somebody is told.
    pub critical: i32,
    /// Above this some are surplus.
    pub maximum: Option<i32>,
}

/// How a count stands to its line, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Below the critical level.
    BelowCritical,
    /// Below the target.
    BelowTarget,
    /// Above the maximum: some are surplus.
    AboveMaximum,
    /// Enough.
    Enough,
}

impl Level {
    /// Whether more are needed.
    #[must_use]
    pub fn is_short(self) -> bool {
        matches!(self, Self::BelowCritical | Self::BelowTarget)
    }
}

impl Par {
    /// How this many ready ones stand to the line (R8).
    #[must_use]
    pub fn level(&self, ready: i64) -> Level {
        if ready < i64::from(self.critical) {
            Level::BelowCritical
        } else if ready < i64::from(self.target) {
            Level::BelowTarget
        } else if self.maximum.is_some_and(|max| ready > i64::from(max)) {
            Level::AboveMaximum
        } else {
            Level::Enough
        }
    }

    /// How many are missing to the target.
    #[must_use]
    pub fn missing(&self, ready: i64) -> i64 {
        (i64::from(self.target) - ready).max(0)
    }
}

/// How many of a room's ready assets it can spare: what is above its target, or all of them where no line asks for any.
#[must_use]
pub fn count_spare(ready: i64, target: Option<i32>) -> i64 {
    (ready - target.map_or(0, i64::from)).max(0)
}

/// A room that can spare some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// How far it is; rooms that are not on the map come last.
    pub cost: u64,
    /// The room.
    pub room_id: RoomId,
    /// How many it can spare.
    pub spare: i64,
}

/// The rooms to name for a shortage: nearest first, of equally near ones the smaller id first, until enough are found.
#[must_use]
pub fn choose_sources(missing: i64, room: RoomId, offers: &[Offer]) -> Vec<Offer> {
    let mut offers: Vec<Offer> = offers
        .iter()
        .filter(|offer| offer.spare > 0 && offer.room_id != room)
        .copied()
        .collect();
    offers.sort_unstable_by_key(|offer| (offer.cost, offer.room_id));
    let mut wanted = missing;
    offers
        .into_iter()
        .take(SOURCES_MAX)
        .take_while(|offer| {
            let is_wanted = wanted > 0;
            wanted -= offer.spare;
            is_wanted
        })
        .collect()
}

/// A field of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParField {
    /// Target.
    Target,
    /// Critical level.
    Critical,
    /// Maximum.
    Maximum,
}

/// What is wrong with a field, and with which value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParFault {
    /// No whole number from `low` to [`NUMBER_MAX`].
    Number {
        /// Where.
        field: ParField,
        /// What was typed.
        value: String,
        /// The least that works.
        low: i32,
    },
    /// The critical level is above the target.
    CriticalAboveTarget(i32, i32),
    /// The maximum is below the target.
    MaximumBelowTarget(i32, i32),
}

impl ParFault {
    /// The field that it stands at.
    #[must_use]
    pub fn field(&self) -> ParField {
        match self {
            Self::Number { field, .. } => *field,
            Self::CriticalAboveTarget(..) => ParField::Critical,
            Self::MaximumBelowTarget(..) => ParField::Maximum,
        }
    }
}

/// Reads the three numbers of a line; an empty maximum means none.
///
/// # Errors
/// Every field that is wrong.
pub fn parse_par(target: &str, critical: &str, maximum: &str) -> Result<Par, Vec<ParFault>> {
    let mut faults = Vec::new();
    let mut number = |field, text: &str, low| {
        let number = parse_number(text).filter(|number| (low..=NUMBER_MAX).contains(number));
        if number.is_none() {
            faults.push(ParFault::Number {
                field,
                value: text.trim().chars().take(40).collect(),
                low,
            });
        }
        number
    };
    let target = number(ParField::Target, target, 1);
    let critical = number(ParField::Critical, critical, 0);
    let maximum = match maximum.trim() {
        "" => Some(None),
        text => number(ParField::Maximum, text, 1).map(Some),
    };
    if let (Some(target), Some(critical)) = (target, critical)
        && critical > target
    {
        faults.push(ParFault::CriticalAboveTarget(critical, target));
    }
    if let (Some(target), Some(Some(maximum))) = (target, maximum)
        && maximum < target
    {
        faults.push(ParFault::MaximumBelowTarget(maximum, target));
    }
    match (target, critical, maximum) {
        (Some(target), Some(critical), Some(maximum)) if faults.is_empty() => Ok(Par {
            target,
            critical,
            maximum,
        }),
        _ => Err(faults),
    }
}

/// Digits only: "+5" and "5.0" are no counts that somebody typed.
fn parse_number(text: &str) -> Option<i32> {
    let text = text.trim();
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn par(target: i32, critical: i32, maximum: Option<i32>) -> Par {
        Par {
            target,
            critical,
            maximum,
        }
    }

    fn offer(cost: u64, room: i64, spare: i64) -> Offer {
        Offer {
            cost,
            room_id: RoomId(room),
            spare,
        }
    }

    #[test]
    fn r8_a_count_stands_to_its_line() {
        let line = par(6, 2, Some(8));
        for (ready, level) in [
            (0, Level::BelowCritical),
            (1, Level::BelowCritical),
            (2, Level::BelowTarget),
            (5, Level::BelowTarget),
            (6, Level::Enough),
            (8, Level::Enough),
            (9, Level::AboveMaximum),
        ] {
            assert_eq!(line.level(ready), level, "{ready}");
        }
        assert_eq!(par(1, 0, None).level(0), Level::BelowTarget);
        assert_eq!(par(1, 0, None).level(1_000), Level::Enough);
    }

    #[test]
    fn sources_are_the_nearest_until_enough_are_found() {
        let offers = [
            offer(900, 5, 9),
            offer(10, 4, 2),
            offer(10, 3, 1),
            offer(0, 1, 7),
            offer(20, 6, 0),
            offer(30, 7, 1),
        ];
        let rooms = |missing| {
            choose_sources(missing, RoomId(1), &offers)
                .iter()
                .map(|offer| offer.room_id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(rooms(0), [0_i64; 0]);
        assert_eq!(rooms(1), [3]);
        assert_eq!(rooms(3), [3, 4]);
        assert_eq!(rooms(100), [3, 4, 7], "no more than three");
    }

    #[test]
    fn every_wrong_number_is_named() {
        use ParField::{Critical, Maximum, Target};
        assert_eq!(parse_par("6", "0", ""), Ok(par(6, 0, None)));
        assert_eq!(parse_par(" 6 ", "6", "6"), Ok(par(6, 6, Some(6))));
        let fields = |target, critical, maximum| {
            parse_par(target, critical, maximum)
                .unwrap_err()
                .iter()
                .map(ParFault::field)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields("", "", ""), [Target, Critical]);
        assert_eq!(fields("0", "-1", "x"), [Target, Critical, Maximum]);
        assert_eq!(
            fields("10001", "1.5", "99999999999"),
            [Target, Critical, Maximum]
        );
        assert_eq!(fields("+5", "1", ""), [Target]);
        assert_eq!(fields("5", "6", "4"), [Critical, Maximum]);
        assert_eq!(
            parse_par("5", "6", "").unwrap_err(),
            [ParFault::CriticalAboveTarget(6, 5)]
        );
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_keeps_the_order_of_the_table(
            target in ".{0,8}|-?[0-9]{1,6}", critical in "-?[0-9]{0,6}", maximum in "-?[0-9]{0,6}"
        ) {
            if let Ok(line) = parse_par(&target, &critical, &maximum) {
                prop_assert!((1..=NUMBER_MAX).contains(&line.target));
                prop_assert!((0..=line.target).contains(&line.critical));
                prop_assert!(line.maximum.is_none_or(|max| (line.target..=NUMBER_MAX).contains(&max)));
            }
        }

        #[test]
        fn short_means_missing_and_only_the_rest_can_spare(
            target in 1..50_i32, critical in 0..50_i32, more in proptest::option::of(0..20_i32), ready in 0..100_i64
        ) {
            let line = par(target, critical.min(target), more.map(|more| target + more));
            let level = line.level(ready);
            prop_assert_eq!(level.is_short(), line.missing(ready) > 0);
            prop_assert_eq!(count_spare(ready, Some(target)) > 0, ready > i64::from(target));
            prop_assert!(level != Level::AboveMaximum || count_spare(ready, Some(target)) > 0);
        }

        #[test]
        fn sources_are_sorted_and_none_is_superfluous(
            offers in proptest::collection::vec((0..100_u64, 1..30_i64, 0..6_i64), 0..30), missing in 0..20_i64
        ) {
            let offers: Vec<Offer> = offers.into_iter().map(|(cost, room, spare)| offer(cost, room, spare)).collect();
            let chosen = choose_sources(missing, RoomId(1), &offers);
            prop_assert!(chosen.len() <= SOURCES_MAX);
            prop_assert!(chosen.iter().all(|one| one.spare > 0 && one.room_id != RoomId(1)));
            prop_assert!(chosen.is_sorted_by_key(|one| (one.cost, one.room_id)));
            if let Some((_, before)) = chosen.split_last() {
                prop_assert!(before.iter().map(|one| one.spare).sum::<i64>() < missing);
            }
            let nearest = offers.iter().filter(|one| one.spare > 0 && one.room_id != RoomId(1)).map(|one| one.cost).min();
            prop_assert_eq!(chosen.first().map(|one| one.cost), nearest.filter(|_| missing > 0));
        }
    }
}
