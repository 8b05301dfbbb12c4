//! Who moves what, and where to: rates by shift and habits by type of equipment. Only equipment is modelled; the people who
//! push it have neither names nor places.

use super::fleet::{Habit, SimAsset};
use super::floor::{FloorPlan, RoomIx};
use super::noise::Chance;
use crate::db::types::RoomKind;

/// Moves an hour in the whole hospital, by day, at activity 1.
const MOVES_PER_H: f32 = 120.0;

/// Moves to begin in one second of this hour: the day shift is the busiest, the night the quietest.
pub(super) fn moves_per_s(now_ms: i64, activity: f32) -> f32 {
    let shift = match (now_ms / 3_600_000).rem_euclid(24) {
        7..15 => 1.0,
        15..23 => 0.65,
        _ => 0.4,
    };
    MOVES_PER_H * shift * activity / 3_600.0
}

/// How readily an asset of this type is taken from a room of this kind, 0 to 1.
pub(super) fn readiness(asset: &SimAsset, kind: RoomKind) -> f32 {
    let urgency = match kind {
        RoomKind::SoiledUtility | RoomKind::EquipmentRoom | RoomKind::Exit => 1.0,
        RoomKind::EquipmentStorage | RoomKind::CleanUtility | RoomKind::NurseStation => 0.6,
        RoomKind::BiomedShop => 0.2,
        _ => 0.5,
    };
    urgency * asset.kind.mobility
}

/// Where it goes next: what comes after the kind of room it is in. `None`: it stays.
pub(super) fn decide_destination(
    plan: &FloorPlan,
    asset: &SimAsset,
    here: RoomIx,
    chance: &mut Chance,
) -> Option<RoomIx> {
    let at_home = here == asset.home;
    let is_with_patient = plan.room(here).kind == RoomKind::PatientRoom;
    let share = chance.share();
    let kind = match (asset.kind.habit, plan.room(here).kind) {
        (Habit::Pool, RoomKind::PatientRoom) if share < 0.75 => RoomKind::SoiledUtility,
        (Habit::Pool, RoomKind::SoiledUtility) => RoomKind::EquipmentRoom,
        (Habit::Pool, RoomKind::EquipmentRoom) if share < 0.06 => RoomKind::BiomedShop,
        (Habit::Pool, RoomKind::BiomedShop) if share < 0.08 => RoomKind::ShippingReceiving,
        (Habit::Pool, RoomKind::BiomedShop | RoomKind::ShippingReceiving) => {
            RoomKind::EquipmentRoom
        }
        (Habit::Pool, RoomKind::EquipmentRoom | RoomKind::SupplyRoom | RoomKind::Hallway) => {
            return Some(asset.home);
        }
        (Habit::Pool, _) => RoomKind::PatientRoom,
        (Habit::Bed, _) if at_home && share < 0.5 => RoomKind::EquipmentRoom,
        (Habit::Chair, RoomKind::PatientRoom) if share < 0.7 => RoomKind::Exit,
        (Habit::Station, _) if at_home && share < 0.1 => RoomKind::Hallway,
        (Habit::Bed | Habit::Chair | Habit::Station, _) if at_home => RoomKind::PatientRoom,
        (Habit::Station, _) if is_with_patient && share < 0.35 => RoomKind::PatientRoom,
        (Habit::Bed | Habit::Chair | Habit::Station, _) => return Some(asset.home),
    };
    // Most equipment stays in its ward; some is lent to another.
    let unit = if chance.happens(0.85) {
        asset.unit
    } else {
        chance.below(super::noise::next_index(&plan.units))
    };
    let mut rooms = plan.list_rooms(kind, Some(unit));
    if rooms.is_empty() {
        rooms = plan.list_rooms(kind, None);
    }
    rooms.retain(|room| *room != here);
    chance.pick(&rooms).copied()
}

#[cfg(test)]
mod tests {
    use super::super::fleet::list_assets;
    use super::*;

    #[test]
    fn nights_are_quieter_than_days() {
        let per_s = |hour: i64| moves_per_s(hour * 3_600_000, 1.0);
        assert!(per_s(10) > per_s(18) && per_s(18) > per_s(3) && per_s(3) > 0.0);
    }

    #[test]
    fn a_soiled_pump_is_cleaned_before_it_is_stored() {
        let plan = FloorPlan::hospital();
        let pump = list_assets(&plan)
            .into_iter()
            .find(|a| a.kind.prefix == "IP")
            .unwrap();
        let soiled = plan.find_room("Soiled utility 2W").unwrap();
        let mut chance = Chance::new(&[1]);
        for _ in 0..50 {
            let next = decide_destination(&plan, &pump, soiled, &mut chance).unwrap();
            assert_eq!(plan.room(next).kind, RoomKind::EquipmentRoom);
        }
    }
}
