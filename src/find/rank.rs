//! The order of results: ready ones first, then the surest place, then the newest evidence. Pure.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::assets::model::PlaceFacts;
use crate::assets::rules::is_ready;
use crate::db::types::AssetStatus;
use crate::ids::{AssetId, RoomId};
use crate::location::certainty::Certainty;

/// Since when no reader of a room works.
pub type DownRooms = HashMap<RoomId, DateTime<Utc>>;

/// An asset that matches, with what its order depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The asset.
    pub asset_id: AssetId,
    /// Stored status.
    pub status: AssetStatus,
    /// What is known about its place.
    pub place: PlaceFacts,
}

/// Where an asset stands in the list: a total order, because no two share an id. The age counts in whole minutes, as it
/// is shown: rows that look the same do not change places at each reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RankKey {
    is_not_ready: bool,
    certainty: u8,
    age_min: i64,
    asset_id: AssetId,
}

impl RankKey {
    /// The asset.
    #[must_use]
    pub fn asset_id(&self) -> AssetId {
        self.asset_id
    }

    /// Whether it is ready (R2).
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.is_not_ready
    }
}

/// Orders candidates as of `as_of`.
#[must_use]
pub fn rank(as_of: DateTime<Utc>, candidates: &[Candidate], down: &DownRooms) -> Vec<RankKey> {
    let mut keys: Vec<RankKey> = candidates
        .iter()
        .map(|candidate| rank_key(as_of, candidate, down))
        .collect();
    keys.sort_unstable();
    keys
}

fn rank_key(as_of: DateTime<Utc>, candidate: &Candidate, down: &DownRooms) -> RankKey {
    let place = &candidate.place;
    let certainty = place.certainty(as_of, find_down_since(place, down));
    RankKey {
        is_not_ready: !is_ready(candidate.status, &certainty),
        certainty: match certainty {
            Certainty::Confirmed | Certainty::Likely => 0,
            Certainty::LastSeen { .. } => 1,
            Certainty::Unknown { .. } => 2,
        },
        age_min: place
            .evidence_at()
            .map_or(i64::MAX, |at| (as_of - at).num_minutes().max(0)),
        asset_id: candidate.asset_id,
    }
}

/// Since when no reader of the asset's room works.
#[must_use]
pub fn find_down_since(place: &PlaceFacts, down: &DownRooms) -> Option<DateTime<Utc>> {
    down.get(&place.room_id?).copied()
}

/// A mark in a list: "what comes after this row". Pages after the first are ordered as of the time of the first, so that
/// growing ages do not move rows over the edge between two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor {
    /// When the first page was made.
    pub as_of: DateTime<Utc>,
    /// The last row shown.
    pub last: RankKey,
}

/// A cursor older than this is too old to go on from: the list begins again.
const CURSOR_AGE_MAX: TimeDelta = TimeDelta::hours(12);

impl PageCursor {
    /// Reads the text of a link. `None` when it is not a cursor, or too old: then the list begins at its start.
    #[must_use]
    pub fn parse(text: &str, now: DateTime<Utc>) -> Option<Self> {
        let mut parts = text.split('.');
        let as_of = DateTime::from_timestamp_millis(parts.next()?.parse().ok()?)?;
        let last = RankKey {
            is_not_ready: match parts.next()? {
                "r" => false,
                "n" => true,
                _ => return None,
            },
            certainty: parts.next()?.parse().ok()?,
            age_min: parts.next()?.parse().ok()?,
            asset_id: AssetId(parts.next()?.parse().ok()?),
        };
        let is_usable = parts.next().is_none() && as_of <= now && now - as_of < CURSOR_AGE_MAX;
        is_usable.then_some(Self { as_of, last })
    }
}

impl std::fmt::Display for PageCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = &self.last;
        let group = if last.is_not_ready { "n" } else { "r" };
        write!(
            f,
            "{}.{group}.{}.{}.{}",
            self.as_of.timestamp_millis(),
            last.certainty,
            last.age_min,
            last.asset_id
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
pub fn cut_page(keys: &[RankKey], after: Option<RankKey>, limit: usize) -> Cut<'_> {
    let before = after.map_or(0, |last| keys.partition_point(|key| *key <= last));
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

    /// A beacon in room 7 for an hour, heard `age_s` before second 0.
    fn candidate(id: i64, status: AssetStatus, age_s: i64) -> Candidate {
        let place = PlaceFacts {
            room_id: Some(RoomId(7)),
            entered_at: Some(at(-90_000)),
            basis: Some(PlaceBasis::Beacon),
            seen_at: Some(at(-age_s)),
            interval_ms: Some(2_000),
        };
        Candidate {
            asset_id: AssetId(id),
            status,
            place,
        }
    }

    fn order(candidates: &[Candidate], down: &DownRooms) -> Vec<i64> {
        rank(at(0), candidates, down)
            .iter()
            .map(|key| key.asset_id().0)
            .collect()
    }

    #[test]
    fn ready_comes_first_then_likely_then_newest_then_id() {
        let candidates = [
            candidate(1, AssetStatus::InUse, 5),
            candidate(2, AssetStatus::Available, 900),
            candidate(3, AssetStatus::Available, 50),
            candidate(4, AssetStatus::Available, 10),
            candidate(5, AssetStatus::Available, 300),
            Candidate {
                place: PlaceFacts::default(),
                ..candidate(6, AssetStatus::Available, 0)
            },
        ];
        assert_eq!(order(&candidates, &DownRooms::new()), [3, 4, 5, 2, 1, 6]);
    }

    #[test]
    fn r13_a_room_without_readers_falls_behind() {
        let mut elsewhere = candidate(2, AssetStatus::Available, 40);
        elsewhere.place.room_id = Some(RoomId(8));
        let candidates = [candidate(1, AssetStatus::Available, 10), elsewhere];
        let down = DownRooms::from([(RoomId(7), at(-5))]);
        assert_eq!(order(&candidates, &down), [2, 1]);
    }

    #[test]
    fn a_cursor_survives_its_text_and_nonsense_does_not() {
        let keys = rank(
            at(0),
            &[candidate(42, AssetStatus::Soiled, 500)],
            &DownRooms::new(),
        );
        let cursor = PageCursor {
            as_of: at(0),
            last: keys[0],
        };
        assert_eq!(PageCursor::parse(&cursor.to_string(), at(60)), Some(cursor));
        assert_eq!(
            PageCursor::parse(&cursor.to_string(), at(-60)),
            None,
            "from the future"
        );
        assert_eq!(
            PageCursor::parse(&cursor.to_string(), at(86_400)),
            None,
            "from yesterday"
        );
        for text in [
            "",
            "x",
            "1.2.3",
            "1.r.0.0.1.9",
            "99999999999999999999.r.0.0.1",
            "1767225600000.q.0.0.1",
        ] {
            assert_eq!(PageCursor::parse(text, at(60)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn pages_hold_every_row_once(ages in prop::collection::vec(0_i64..200_000, 0..80), limit in 1_usize..9) {
            let candidates: Vec<_> = (0_i64..)
                .zip(&ages)
                .map(|(id, age_s)| {
                    let status = if id % 3 == 0 { AssetStatus::InUse } else { AssetStatus::Available };
                    candidate(id, status, *age_s)
                })
                .collect();
            let keys = rank(at(0), &candidates, &DownRooms::new());
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let cut = cut_page(&keys, after, limit);
                prop_assert_eq!(cut.before, seen.len());
                seen.extend_from_slice(cut.page);
                after = cut.page.last().copied();
                if !cut.has_more {
                    break;
                }
            }
            prop_assert_eq!(seen, keys);
        }
    }
}
