//! What alerts are about, and how much they matter (domain section 5, table of alerts). Pure.

use crate::db::types::{AlertKind, AssetStatus, Role, RoomKind, Severity};
use crate::ids::{
    AssetId, AssetTypeId, BinId, DestinationId, ItemId, LotId, ReaderId, RoomId, StockPlaceId,
};

/// The subject of an alert: with its kind it is the key of which at most one is unresolved (R22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A type is short in a room.
    TypeInRoom(AssetTypeId, RoomId),
    /// One asset.
    Asset(AssetId),
    /// One reader.
    Reader(ReaderId),
    /// An item at a place.
    ItemAtPlace(ItemId, StockPlaceId),
    /// An item in a bin of a place.
    ItemInBin(ItemId, StockPlaceId, BinId),
    /// A lot of an item at a place, and how many days are left; below zero: it has expired.
    LotAtPlace(LotId, ItemId, StockPlaceId, i64),
    /// The cabinet that a reader counts.
    Cabinet(StockPlaceId, ReaderId),
    /// Where messages go.
    Destination(DestinationId),
}

/// A condition that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What kind.
    pub kind: AlertKind,
    /// About what.
    pub subject: Subject,
    /// Where, when that matters for the words.
    pub room_id: Option<RoomId>,
}

impl Cause {
    /// Kind and subject in one text.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.kind, self.subject)
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match (self.kind, self.subject) {
            (AlertKind::Stockout | AlertKind::BothBinsEmpty | AlertKind::FeedSilent, _) => {
                Severity::Critical
            }
            (
                AlertKind::EquipmentBelowCritical | AlertKind::ReaderDown | AlertKind::NotDelivered,
                _,
            ) => Severity::High,
            (AlertKind::Expiry, Subject::LotAtPlace(.., days_left)) => expiry_severity(days_left),
            (
                AlertKind::SoiledInCleanRoom
                | AlertKind::Missing
                | AlertKind::Reorder
                | AlertKind::CountDiscrepancy
                | AlertKind::Expiry,
                _,
            ) => Severity::Medium,
        }
    }
}

/// A lot matters more the nearer its last day is: 90, 60, 30 days before, and from the day after it on.
#[must_use]
pub fn expiry_severity(days_left: i64) -> Severity {
    match days_left {
        ..0 => Severity::High,
        0..=30 => Severity::Medium,
        _ => Severity::Low,
    }
}

/// Kind and subject in one text, such as `missing:asset=70001`.
#[must_use]
pub fn key(kind: AlertKind, subject: Subject) -> String {
    let kind = kind.as_str();
    match subject {
        Subject::TypeInRoom(asset_type, room) => format!("{kind}:type={asset_type}:room={room}"),
        Subject::Asset(asset) => format!("{kind}:asset={asset}"),
        Subject::Reader(reader) => format!("{kind}:reader={reader}"),
        Subject::ItemAtPlace(item, place) => format!("{kind}:item={item}:place={place}"),
        Subject::ItemInBin(item, _, bin) => format!("{kind}:item={item}:bin={bin}"),
        Subject::LotAtPlace(lot, _, place, _) => format!("{kind}:lot={lot}:place={place}"),
        Subject::Cabinet(place, _) => format!("{kind}:place={place}"),
        Subject::Destination(destination) => format!("{kind}:destination={destination}"),
    }
}

/// R11: whether an asset of this status must not be in a room of this kind.
#[must_use]
pub fn is_soiled_in_clean_room(status: AssetStatus, room: RoomKind) -> bool {
    matches!(
        status,
        AssetStatus::Soiled | AssetStatus::Cleaning | AssetStatus::InRepair
    ) && matches!(room, RoomKind::CleanUtility | RoomKind::SupplyRoom)
}

/// Whether a role may resolve an alert while its condition holds, which silences it: those whom the alert is for (domain
/// section 5). Acknowledging is for everybody, because it hides nothing.
#[must_use]
pub fn may_resolve(kind: AlertKind, role: Role) -> bool {
    match kind {
        AlertKind::EquipmentBelowCritical | AlertKind::SoiledInCleanRoom => {
            matches!(role, Role::Supply | Role::Biomed | Role::Admin)
        }
        AlertKind::Missing | AlertKind::ReaderDown => matches!(role, Role::Biomed | Role::Admin),
        AlertKind::NotDelivered => role == Role::Admin,
        AlertKind::Stockout
        | AlertKind::Reorder
        | AlertKind::BothBinsEmpty
        | AlertKind::Expiry
        | AlertKind::FeedSilent
        | AlertKind::CountDiscrepancy => matches!(role, Role::Supply | Role::Admin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r22_keys_tell_kinds_and_subjects_apart() {
        let keys = [
            key(AlertKind::Missing, Subject::Asset(AssetId(1))),
            key(AlertKind::SoiledInCleanRoom, Subject::Asset(AssetId(1))),
            key(AlertKind::Missing, Subject::Asset(AssetId(11))),
            key(AlertKind::ReaderDown, Subject::Reader(ReaderId(1))),
            key(
                AlertKind::EquipmentBelowCritical,
                Subject::TypeInRoom(AssetTypeId(1), RoomId(11)),
            ),
            key(
                AlertKind::EquipmentBelowCritical,
                Subject::TypeInRoom(AssetTypeId(11), RoomId(1)),
            ),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn a_lot_matters_more_the_nearer_its_last_day_is() {
        let severities = [90, 61, 60, 31, 30, 1, 0, -1].map(expiry_severity);
        let (low, medium, high) = (Severity::Low, Severity::Medium, Severity::High);
        assert_eq!(
            severities,
            [low, low, low, low, medium, medium, medium, high]
        );
    }

    #[test]
    fn a_nurse_silences_nothing_and_an_administrator_everything() {
        for kind in AlertKind::ALL {
            assert!(!may_resolve(*kind, Role::Nurse), "{kind:?}");
            assert!(may_resolve(*kind, Role::Admin), "{kind:?}");
        }
        assert!(may_resolve(AlertKind::Missing, Role::Biomed));
        assert!(!may_resolve(AlertKind::Stockout, Role::Biomed));
        assert!(may_resolve(AlertKind::Stockout, Role::Supply));
        assert!(may_resolve(AlertKind::SoiledInCleanRoom, Role::Supply));
        assert!(!may_resolve(AlertKind::ReaderDown, Role::Supply));
    }

    #[test]
    fn r11_what_is_not_clean_must_not_be_in_a_clean_room() {
        for status in AssetStatus::ALL {
            for room in RoomKind::ALL {
                let is_dirty = ["soiled", "cleaning", "in_repair"].contains(&status.as_str());
                let is_clean = ["clean_utility", "supply_room"].contains(&room.as_str());
                assert_eq!(
                    is_soiled_in_clean_room(*status, *room),
                    is_dirty && is_clean
                );
            }
        }
    }
}
