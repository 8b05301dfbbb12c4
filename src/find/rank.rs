//! The order of results: ready ones first, nearest room first, then the surest place. Pure.
//!
//! Ages are not part of the order: rows that stay where they are do not change places at each reload.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::filter::Sort;
use crate::assets::model::{PlaceFacts, Standing};
use crate::assets::rules::is_ready;
use crate::db::types::{AssetStatus, CountState};
use crate::ids::{AssetId, FloorId, RoomId, UnitId};
use crate::location::certainty::Certainty;

/// Since when no reader of a room works.
pub type DownRooms = HashMap<RoomId, DateTime<Utc>>;

/// How far each room is from where the person wants to go from; rooms that are not in it are farthest.
/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Costs(Arc<RoomCosts>);

#[derive(Debug, Default)]
struct RoomCosts {
    by_room: HashMap<RoomId, u64>,
    nearest_first: Vec<RoomId>,
}

impl Costs {
    /// The cost of a room.
    #[must_use]
    pub fn of(&self, room: RoomId) -> u64 {
        self.0.by_room.get(&room).copied().unwrap_or(u64::MAX)
    }

    /// The nearest rooms.
    #[must_use]
    pub fn nearest(&self, count: usize) -> &[RoomId] {
        let all = &self.0.nearest_first;
        all.get(..count).unwrap_or(all)
    }
}

impl FromIterator<(RoomId, u64)> for Costs {
    fn from_iter<I: IntoIterator<Item = (RoomId, u64)>>(rooms: I) -> Self {
        let by_room: HashMap<RoomId, u64> = rooms.into_iter().collect();
        let mut nearest_first: Vec<RoomId> = by_room.keys().copied().collect();
        nearest_first.sort_unstable_by_key(|room| (by_room.get(room).copied(), *room));
        Self(Arc::new(RoomCosts {
            by_room,
            nearest_first,
        }))
    }
}

/// An asset that matches, with what its order depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The asset.
    pub asset_id: AssetId,
    /// The number on its label.
    pub asset_number: String,
    /// Who owns it.
    pub owner_unit_id: Option<UnitId>,
    /// Status and what may stand against using it.
    pub standing: Standing,
    /// Where it can be looked for: none when somebody did and it was not there.
    pub found_room_id: Option<RoomId>,
    /// What is known about its place.
    pub place: PlaceFacts,
    /// The unit of its room.
    pub unit_id: Option<UnitId>,
    /// The floor of its room.
    pub floor_id: Option<FloorId>,
}

impl Candidate {
    /// What it is counted under: the same as the SQL function `asset_state`.
    #[must_use]
    pub fn state(&self) -> CountState {
        match self.standing.status {
            AssetStatus::Available if self.standing.is_held() => CountState::Held,
            AssetStatus::Available if self.found_room_id.is_none() => CountState::Unplaced,
            AssetStatus::Available => CountState::Ready,
            AssetStatus::InUse => CountState::InUse,
            AssetStatus::Soiled => CountState::Soiled,
            AssetStatus::Cleaning => CountState::Cleaning,
            AssetStatus::InRepair => CountState::InRepair,
            AssetStatus::Missing | AssetStatus::Retired => CountState::Missing,
        }
    }

    /// How sure its place is.
    #[must_use]
    pub fn certainty(&self, now: DateTime<Utc>, down: &DownRooms) -> Certainty {
        self.place
            .certainty(now, find_down_since(&self.place, down))
    }
}

/// Which states come first: what can be taken, then what will soon be ready.
#[must_use]
pub fn state_rank(state: CountState) -> u8 {
    match state {
        CountState::Ready => 0,
        CountState::Cleaning => 1,
        CountState::Soiled => 2,
        CountState::InUse => 3,
        CountState::Unplaced => 4,
        CountState::Held => 5,
        CountState::InRepair => 6,
        CountState::Missing => 7,
    }
}

/// Where an asset stands in the list: a total order, because no two share an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    class: u8,
    cost: u64,
    room: i64,
    certainty: u8,
    label: String,
    asset_id: AssetId,
}

impl RankKey {
    /// The asset.
    #[must_use]
    pub fn asset_id(&self) -> AssetId {
        self.asset_id
    }

    /// The bucket that it belongs to when the nearest come first.
    #[must_use]
    pub fn bucket(&self) -> (u8, u64, i64) {
        (self.class, self.cost, self.room)
    }
}

/// The bucket of a room and state when the nearest come first; room 0: no known place.
#[must_use]
pub fn bucket_rank(state: CountState, room: i64, costs: &Costs) -> (u8, u64, i64) {
    let cost = costs.of(RoomId(room));
    (state_rank(state), cost, room)
}

/// The key of a candidate as of `as_of`.
#[must_use]
pub fn rank_key(
    candidate: &Candidate,
    sort: Sort,
    as_of: DateTime<Utc>,
    costs: &Costs,
    down: &DownRooms,
) -> RankKey {
    let certainty = candidate.certainty(as_of, down);
    let certainty_rank = match certainty {
        Certainty::Confirmed | Certainty::Likely => 0,
        Certainty::LastSeen { .. } => 1,
        Certainty::Unknown { .. } => 2,
    };
    let key = |class, cost, room, certainty, label| RankKey {
        class,
        cost,
        room,
        certainty,
        label,
        asset_id: candidate.asset_id,
    };
    match sort {
        Sort::Nearest => {
            let room = candidate.found_room_id.map_or(0, |room| room.0);
            let (class, cost, room) = bucket_rank(candidate.state(), room, costs);
            key(class, cost, room, certainty_rank, String::new())
        }
        Sort::Newest => {
            let age_min = candidate
                .place
                .evidence_at()
                .map_or(i64::MAX, |at| (as_of - at).num_minutes().max(0));
            key(0, age_min.unsigned_abs(), 0, certainty_rank, String::new())
        }
        Sort::Number => key(0, 0, 0, 0, candidate.asset_number.to_lowercase()),
    }
}

/// Whether it can be taken now (R2).
#[must_use]
pub fn is_candidate_ready(candidate: &Candidate, as_of: DateTime<Utc>, down: &DownRooms) -> bool {
    is_ready(&candidate.standing, &candidate.certainty(as_of, down))
}

/// Since when no reader of the asset's room works.
#[must_use]
pub fn find_down_since(place: &PlaceFacts, down: &DownRooms) -> Option<DateTime<Utc>> {
    down.get(&place.room_id?).copied()
}

/// A mark in a list: "what comes after this row". Pages after the first are ordered as of the time of the first, so that
/// growing ages do not move rows over the edge between two pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCursor {
    /// When the first page was made.
    pub as_of: DateTime<Utc>,
    /// The last row shown.
    pub last: RankKey,
}

/// A cursor older than this is too old to go on from: the list begins again.
const CURSOR_AGE_MAX: TimeDelta = TimeDelta::hours(12);
/// Longest text of a cursor: an asset number has at most 64 characters.
const CURSOR_CHARS_MAX: usize = 400;

impl PageCursor {
    /// Reads the text of a link. `None` when it is not a cursor, or too old: then the list begins at its start.
    #[must_use]
    pub fn parse(text: &str, now: DateTime<Utc>) -> Option<Self> {
        if text.len() > CURSOR_CHARS_MAX {
            return None;
        }
        let mut parts = text.splitn(7, '.');
        let as_of = DateTime::from_timestamp_millis(parts.next()?.parse().ok()?)?;
        let last = RankKey {
            class: parts.next()?.parse().ok()?,
            cost: parts.next()?.parse().ok()?,
            room: parts.next()?.parse().ok()?,
            certainty: parts.next()?.parse().ok()?,
            asset_id: AssetId(parts.next()?.parse().ok()?),
            label: parts.next()?.to_owned(),
        };
        let is_usable = as_of <= now && now - as_of < CURSOR_AGE_MAX;
        is_usable.then_some(Self { as_of, last })
    }
}

impl std::fmt::Display for PageCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = &self.last;
        write!(
            f,
            "{}.{}.{}.{}.{}.{}.{}",
            self.as_of.timestamp_millis(),
            last.class,
            last.cost,
            last.room,
            last.certainty,
            last.asset_id,
            last.label
        )
    }
}

/// A part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// Rows before it.
    pub before: usize,
    /// The rows.
    pub page: &'a [RankKey],
    /// Whether more follow.
    pub has_more: bool,
}

/// The rows after the cursor, at most `limit`.
#[must_use]
pub fn cut_page<'a>(keys: &'a [RankKey], after: Option<&RankKey>, limit: usize) -> Cut<'a> {
    let before = after.map_or(0, |last| keys.partition_point(|key| key <= last));
    let rest = keys.get(before..).unwrap_or_default();
    let page = rest.get(..limit).unwrap_or(rest);
    Cut {
        before,
        page,
        has_more: rest.len() > page.len(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::db::types::PlaceBasis;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
    }

    /// A beacon in a room for a day, heard `age_s` before second 0.
    fn candidate(id: i64, status: AssetStatus, room: i64, age_s: i64) -> Candidate {
        let place = PlaceFacts {
            room_id: Some(RoomId(room)),
            entered_at: Some(at(-90_000)),
            basis: Some(PlaceBasis::Beacon),
            seen_at: Some(at(-age_s)),
            interval_ms: Some(2_000),
            ..PlaceFacts::default()
        };
        Candidate {
            asset_id: AssetId(id),
            asset_number: format!("IP-{:04}", 9_999 - id),
            owner_unit_id: None,
            standing: Standing::of(status),
            found_room_id: place.room_id,
            place,
            unit_id: None,
            floor_id: None,
        }
    }

    fn costs() -> Costs {
        Costs::from_iter([(RoomId(7), 0), (RoomId(8), 120), (RoomId(9), 900)])
    }

    fn order(candidates: &[Candidate], sort: Sort, down: &DownRooms) -> Vec<i64> {
        let mut keys: Vec<RankKey> = candidates
            .iter()
            .map(|candidate| rank_key(candidate, sort, at(0), &costs(), down))
            .collect();
        keys.sort_unstable();
        keys.iter().map(|key| key.asset_id().0).collect()
    }

    #[test]
    fn ready_comes_first_then_nearest_then_surest_then_id() {
        let mut lost = candidate(6, AssetStatus::Available, 7, 5);
        lost.found_room_id = None;
        let candidates = [
            candidate(1, AssetStatus::InUse, 7, 5),
            candidate(2, AssetStatus::Available, 9, 5),
            candidate(3, AssetStatus::Available, 8, 900),
            candidate(4, AssetStatus::Available, 8, 10),
            candidate(5, AssetStatus::Soiled, 9, 5),
            lost,
            candidate(7, AssetStatus::Available, 77, 5),
        ];
        assert_eq!(
            order(&candidates, Sort::Nearest, &DownRooms::new()),
            [4, 3, 2, 7, 5, 1, 6]
        );
        assert_eq!(
            order(&candidates, Sort::Number, &DownRooms::new()),
            [7, 6, 5, 4, 3, 2, 1]
        );
    }

    #[test]
    fn r13_a_room_without_readers_is_less_sure() {
        let candidates = [
            candidate(1, AssetStatus::Available, 8, 10),
            candidate(2, AssetStatus::Available, 8, 10),
        ];
        let down = DownRooms::from([(RoomId(8), at(-5))]);
        assert_eq!(order(&candidates, Sort::Nearest, &down), [1, 2]);
        let word = candidates[0].certainty(at(0), &down).word();
        assert_eq!(word, "Last seen");
    }

    #[test]
    fn a_cursor_survives_its_text_and_nonsense_does_not() {
        for sort in [Sort::Nearest, Sort::Newest, Sort::Number] {
            let mut odd = candidate(42, AssetStatus::Soiled, 8, 500);
            odd.asset_number = "IP.04/17 \u{e9}".to_owned();
            let cursor = PageCursor {
                as_of: at(0),
                last: rank_key(&odd, sort, at(0), &costs(), &DownRooms::new()),
            };
            let text = cursor.to_string();
            assert_eq!(PageCursor::parse(&text, at(60)), Some(cursor), "{text}");
            assert_eq!(PageCursor::parse(&text, at(-60)), None, "from the future");
            assert_eq!(PageCursor::parse(&text, at(86_400)), None, "from yesterday");
        }
        let long = format!("1767225600000.0.0.0.0.1.{}", "a".repeat(1_000));
        for text in [
            "",
            "x",
            "1.2.3",
            "1.0.0.0.0.9",
            "99999999999999999999.0.0.0.0.1.",
            &long,
        ] {
            assert_eq!(PageCursor::parse(text, at(60)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn pages_hold_every_row_once(ages in prop::collection::vec((0_i64..200_000, 7_i64..11), 0..80), limit in 1_usize..9) {
            let mut keys: Vec<RankKey> = (0_i64..)
                .zip(&ages)
                .map(|(id, (age_s, room))| {
                    let status = if id % 3 == 0 { AssetStatus::InUse } else { AssetStatus::Available };
                    rank_key(&candidate(id, status, *room, *age_s), Sort::Nearest, at(0), &costs(), &DownRooms::new())
                })
                .collect();
            keys.sort_unstable();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let cut = cut_page(&keys, after.as_ref(), limit);
                prop_assert_eq!(cut.before, seen.len());
                seen.extend_from_slice(cut.page);
                after = cut.page.last().cloned();
                if !cut.has_more {
                    break;
                }
            }
            prop_assert_eq!(seen, keys);
        }
    }
}
