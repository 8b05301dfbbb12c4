//! Conditions that must hold for a while before an alert begins or ends (R8, R24). The decisions are pure.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::deserialize::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Timestamptz};

use crate::ids::{AssetTypeId, ReaderId, RoomId};

/// R8: how long a room must be below its critical level.
pub const BELOW_FOR: TimeDelta = TimeDelta::minutes(10);
/// R8: how long it must be well again.
pub const WELL_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long a reader must be heard again.
pub const HEARD_FOR: TimeDelta = TimeDelta::minutes(2);

/// A type in a room: is it below its critical level, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct RoomWatch {
    /// The type.
    #[diesel(sql_type = BigInt)]
    pub asset_type_id: AssetTypeId,
    /// The room.
    #[diesel(sql_type = BigInt)]
    pub room_id: RoomId,
    /// Whether fewer are ready than the critical level.
    #[diesel(sql_type = Bool)]
    pub is_below: bool,
    /// What was remembered; `None`: nothing, it was well.
    #[diesel(sql_type = Nullable<Bool>)]
    pub was_below: Option<bool>,
    /// Since when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
    /// Whether its alert is active, seen or not.
    #[diesel(sql_type = Bool)]
    pub is_alerted: bool,
}

/// What to do about a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomStep {
    /// Nothing yet.
    Wait,
    /// Remember that it is below, or not, from now on.
    Begin,
    /// Raise the alert.
    Raise,
    /// End the alert, if any, and forget the room.
    End,
}

impl RoomWatch {
    /// R8 and R24: `is_deaf` says that no reader of the room works, so that its count is only old.
    #[must_use]
    pub fn decide(&self, is_deaf: bool, now: DateTime<Utc>) -> RoomStep {
        let held_for = self.since.map_or(TimeDelta::zero(), |since| now - since);
        match (self.is_below, self.was_below) {
            (true, Some(true)) if !self.is_alerted && !is_deaf && held_for >= BELOW_FOR => {
                RoomStep::Raise
            }
            (false, _) if !self.is_alerted => RoomStep::End,
            (false, Some(false)) if held_for >= WELL_FOR => RoomStep::End,
            (true, Some(true)) | (false, Some(false)) => RoomStep::Wait,
            _ => RoomStep::Begin,
        }
    }
}

/// A reader that is down or has an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct ReaderWatch {
    /// The reader.
    #[diesel(sql_type = BigInt)]
    pub reader_id: ReaderId,
    /// A room that it covers.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub room_id: Option<RoomId>,
    /// Whether it is approved: others are not missed.
    #[diesel(sql_type = Bool)]
    pub is_used: bool,
    /// Whether it has missed its heartbeats.
    #[diesel(sql_type = Bool)]
    pub is_down: bool,
    /// Whether its alert is active, seen or not.
    #[diesel(sql_type = Bool)]
    pub is_alerted: bool,
    /// Since when it is heard again.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub calm_since: Option<DateTime<Utc>>,
}

/// What to do about a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderStep {
    /// Nothing yet.
    Wait,
    /// Raise the alert.
    Raise,
    /// It is heard again: remember since when.
    Calm,
    /// It is silent again before the alert ended.
    Alarm,
    /// End the alert.
    End,
}

impl ReaderWatch {
    /// What to do at `now`.
    #[must_use]
    pub fn decide(&self, now: DateTime<Utc>) -> ReaderStep {
        match (
            self.is_used && self.is_down,
            self.is_alerted,
            self.calm_since,
        ) {
            (true, false, _) => ReaderStep::Raise,
            (true, true, Some(_)) => ReaderStep::Alarm,
            (false, true, _) if !self.is_used => ReaderStep::End,
            (false, true, None) => ReaderStep::Calm,
            (false, true, Some(since)) if now - since >= HEARD_FOR => ReaderStep::End,
            (true, true, None) | (false, false, _) | (false, true, Some(_)) => ReaderStep::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    fn room(is_below: bool, was_below: Option<bool>, is_alerted: bool) -> RoomWatch {
        RoomWatch {
            asset_type_id: AssetTypeId(1),
            room_id: RoomId(1),
            is_below,
            was_below,
            since: was_below.map(|_| at(0)),
            is_alerted,
        }
    }

    #[test]
    fn r8_ten_minutes_below_raise_and_five_minutes_well_end() {
        let below = room(true, Some(true), false);
        assert_eq!(below.decide(false, at(599)), RoomStep::Wait);
        assert_eq!(below.decide(false, at(600)), RoomStep::Raise);
        assert_eq!(
            room(true, None, false).decide(false, at(600)),
            RoomStep::Begin
        );
        assert_eq!(
            room(true, Some(true), true).decide(false, at(9_000)),
            RoomStep::Wait
        );
        let well = room(false, Some(false), true);
        assert_eq!(well.decide(false, at(299)), RoomStep::Wait);
        assert_eq!(well.decide(false, at(300)), RoomStep::End);
        assert_eq!(
            room(false, Some(true), true).decide(false, at(9_000)),
            RoomStep::Begin
        );
        assert_eq!(
            room(true, Some(false), true).decide(false, at(9_000)),
            RoomStep::Begin
        );
        assert_eq!(
            room(false, Some(true), false).decide(false, at(60)),
            RoomStep::End
        );
    }

    #[test]
    fn r24_a_room_that_nobody_hears_raises_nothing() {
        assert_eq!(
            room(true, Some(true), false).decide(true, at(9_000)),
            RoomStep::Wait
        );
    }

    #[test]
    fn a_reader_ends_its_alert_after_two_minutes() {
        let reader = |is_used, is_down, is_alerted, calm: Option<i64>| ReaderWatch {
            reader_id: ReaderId(1),
            room_id: None,
            is_used,
            is_down,
            is_alerted,
            calm_since: calm.map(at),
        };
        assert_eq!(
            reader(true, true, false, None).decide(at(0)),
            ReaderStep::Raise
        );
        assert_eq!(
            reader(true, true, true, None).decide(at(0)),
            ReaderStep::Wait
        );
        assert_eq!(
            reader(true, false, true, None).decide(at(0)),
            ReaderStep::Calm
        );
        assert_eq!(
            reader(true, false, true, Some(0)).decide(at(119)),
            ReaderStep::Wait
        );
        assert_eq!(
            reader(true, false, true, Some(0)).decide(at(120)),
            ReaderStep::End
        );
        assert_eq!(
            reader(true, true, true, Some(0)).decide(at(60)),
            ReaderStep::Alarm
        );
        assert_eq!(
            reader(false, true, true, None).decide(at(0)),
            ReaderStep::End
        );
        assert_eq!(
            reader(false, true, false, None).decide(at(0)),
            ReaderStep::Wait
        );
    }
}
