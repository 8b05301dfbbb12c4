//! What one transaction writes: rows, and the stays that moves close. Plain data and pure rules.

use ahash::AHashMap;
use chrono::{DateTime, Utc};

use super::quarantine::NewQuarantine;
use crate::db::types::PlaceBasis;
use crate::ids::{AssetId, ReaderId, RoomId, TagId};
use crate::supplies::reads::StockReads;

/// A row of `sighting`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SightingRow {
    /// When.
    pub seen_at: DateTime<Utc>,
    /// Which tag.
    pub tag_id: TagId,
    /// Heard by.
    pub reader_id: ReaderId,
    /// Its batch.
    pub batch_id: uuid::Uuid,
    /// Its position there.
    pub batch_index: i16,
    /// Antenna port.
    pub antenna_port: Option<i16>,
    /// Level.
    pub rssi_dbm: Option<f32>,
}

/// A row of `tag_state`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TagStateRow {
    /// Which tag.
    pub tag_id: TagId,
    /// Where it is.
    pub room_id: Option<RoomId>,
    /// Which reader heard it.
    pub reader_id: Option<ReaderId>,
    /// Newest sighting.
    pub seen_at: DateTime<Utc>,
    /// Since when it is there.
    pub entered_at: Option<DateTime<Utc>>,
    /// Belief of the room.
    pub confidence: Option<f32>,
    /// Battery.
    pub battery_pct: Option<i16>,
}

/// An asset came to another room.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssetMove {
    /// Which asset.
    pub asset_id: AssetId,
    /// Where it is now.
    pub room_id: RoomId,
    /// By which tag we know.
    pub tag_id: TagId,
    /// By which reader.
    pub reader_id: Option<ReaderId>,
    /// Event time.
    pub at: DateTime<Utc>,
    /// What it rests on.
    pub basis: PlaceBasis,
    /// Belief of the room.
    pub confidence: f32,
}

/// Everything that one transaction writes.
#[derive(Debug, Default)]
pub struct Plan {
    /// Raw history.
    pub sightings: Vec<SightingRow>,
    /// Changed states, one row a tag.
    pub tag_states: Vec<TagStateRow>,
    /// Moves in event order per asset.
    pub moves: Vec<AssetMove>,
    /// What was told of stock.
    pub stock: StockReads,
    /// Refused input.
    pub quarantine: Vec<NewQuarantine>,
    /// Sightings of tags that are not ours, per reader and hour (I-10).
    pub unregistered: AHashMap<(ReaderId, DateTime<Utc>), i64>,
}

impl Plan {
    /// The assets that moved, each once, by id.
    #[must_use]
    pub fn moved_assets(&self) -> Vec<AssetId> {
        let mut ids: Vec<AssetId> = self.moves.iter().map(|next| next.asset_id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// The stays that an asset's moves close, and the one that is open after them.
///
/// `open` is the stay as the database holds it; moves not later than its start change nothing (R15).
#[must_use]
pub fn decide_stays(
    open: Option<(RoomId, DateTime<Utc>, PlaceBasis)>,
    moves: &[AssetMove],
) -> (Vec<ClosedStay>, Option<AssetMove>) {
    let (mut closed, mut now) = (Vec::new(), None::<AssetMove>);
    let mut current = open;
    for next in moves {
        if let Some((room_id, entered_at, basis)) = current {
            if next.at <= entered_at || next.room_id == room_id {
                continue;
            }
            closed.push(ClosedStay {
                asset_id: next.asset_id,
                room_id,
                entered_at,
                left_at: next.at,
                basis,
            });
        }
        current = Some((next.room_id, next.at, next.basis));
        now = Some(*next);
    }
    (closed, now)
}

/// A row of `asset_stay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedStay {
    /// Which asset.
    pub asset_id: AssetId,
    /// Where it was.
    pub room_id: RoomId,
    /// Since when.
    pub entered_at: DateTime<Utc>,
    /// Until when.
    pub left_at: DateTime<Utc>,
    /// What it rested on.
    pub basis: PlaceBasis,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
    }

    fn moved(room: i64, second: i64) -> AssetMove {
        AssetMove {
            asset_id: AssetId(10_001),
            room_id: RoomId(room),
            tag_id: TagId(20_001),
            reader_id: None,
            at: at(second),
            basis: PlaceBasis::Beacon,
            confidence: 0.99,
        }
    }

    #[test]
    fn a_chain_of_moves_closes_every_stay_but_the_last() {
        let open = Some((RoomId(1), at(0), PlaceBasis::Beacon));
        let (closed, now) = decide_stays(open, &[moved(2, 10), moved(3, 20), moved(1, 30)]);
        let rooms: Vec<(i64, DateTime<Utc>, DateTime<Utc>)> = closed
            .iter()
            .map(|stay| (stay.room_id.0, stay.entered_at, stay.left_at))
            .collect();
        assert_eq!(
            rooms,
            [(1, at(0), at(10)), (2, at(10), at(20)), (3, at(20), at(30))]
        );
        assert_eq!(now, Some(moved(1, 30)));
    }

    #[test]
    fn r15_moves_older_than_the_open_stay_change_nothing() {
        let open = Some((RoomId(1), at(100), PlaceBasis::Beacon));
        assert_eq!(
            decide_stays(open, &[moved(2, 40), moved(3, 100)]),
            (vec![], None)
        );
    }

    #[test]
    fn the_first_place_of_an_asset_closes_nothing() {
        assert_eq!(
            decide_stays(None, &[moved(2, 40)]),
            (vec![], Some(moved(2, 40)))
        );
    }

    #[test]
    fn r16_being_told_the_same_room_again_changes_nothing() {
        let open = Some((RoomId(2), at(40), PlaceBasis::Beacon));
        assert_eq!(decide_stays(open, &[moved(2, 60)]), (vec![], None));
    }
}
