//! How far a room is, in words. Pure.

use super::strings::fill;
use super::strings::plan::Distance;
use crate::ids::RoomId;
use crate::places::walk::{Nearness, Origin, Reach, WalkingMap};

/// "same room", "30 m away", "other floor: Level 4, 70 m", "same unit".
#[must_use]
pub fn describe_distance(
    near: Nearness,
    room: RoomId,
    origin: Origin,
    map: &WalkingMap,
    t: &Distance,
) -> String {
    let (floor, building) = map.names_of(room);
    let metres = rounded_metres(near.cost_dm);
    let is_known = near.reach == Reach::Walk;
    match near.reach {
        Reach::Here if matches!(origin, Origin::Unit(_)) => t.on_unit.to_owned(),
        Reach::Here => t.here.to_owned(),
        _ if near.is_other_building && building.is_empty() => t.elsewhere.to_owned(),
        _ if near.is_other_building && is_known => {
            fill(t.other_building_metres, &[&building, &metres])
        }
        _ if near.is_other_building => fill(t.other_building, &[&building]),
        _ if near.is_other_floor && is_known => fill(t.other_floor_metres, &[&floor, &metres]),
        _ if near.is_other_floor => fill(t.other_floor, &[&floor]),
        Reach::Walk => fill(t.metres, &[&metres]),
        Reach::Unit => t.unit.to_owned(),
        Reach::Floor | Reach::Building | Reach::Elsewhere => t.floor.to_owned(),
    }
}

/// Nobody walks by the metre: full metres up to 20, fives up to 100, tens above.
fn rounded_metres(decimetres: u32) -> u32 {
    let metres = decimetres.div_ceil(10);
    let step = match metres {
        0..=20 => 1,
        21..=100 => 5,
        _ => 10,
    };
    (metres + step / 2) / step * step
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::ids::{BuildingId, FloorId, UnitId};
    use crate::places::walk::{WalkEdge, WalkRoom};

    fn map() -> WalkingMap {
        let room = |id, unit, floor, building| WalkRoom {
            room_id: RoomId(id),
            unit_id: Some(UnitId(unit)),
            floor_id: FloorId(floor),
            building_id: BuildingId(building),
        };
        let rooms = vec![
            room(1, 1, 1, 1),
            room(2, 1, 1, 1),
            room(3, 1, 1, 1),
            room(4, 2, 1, 1),
            room(5, 2, 2, 1),
            room(6, 2, 2, 1),
            room(7, 3, 3, 2),
        ];
        let edge = |a, b, cost_m| WalkEdge {
            rooms: [RoomId(a), RoomId(b)],
            cost_m,
        };
        WalkingMap::new(rooms, &[edge(1, 2, 31.2), edge(2, 5, 40.0)]).with_names(
            HashMap::from([(FloorId(2), "Level 4".to_owned())]),
            HashMap::from([(BuildingId(2), "Annex".to_owned())]),
        )
    }

    #[test]
    fn a_distance_says_what_it_rests_on() {
        let (map, t) = (map(), &Distance::EN);
        let origin = Origin::Room(RoomId(1));
        let near = map.costs_from(origin);
        let words = |room| {
            describe_distance(
                near.find(RoomId(room)).unwrap(),
                RoomId(room),
                origin,
                &map,
                t,
            )
        };
        assert_eq!(words(1), "same room");
        assert_eq!(words(2), "30 m away");
        assert_eq!(words(3), "same unit");
        assert_eq!(words(4), "same floor");
        assert_eq!(words(5), "other floor: Level 4, 70 m");
        assert_eq!(words(6), "other floor: Level 4");
        assert_eq!(words(7), "other building: Annex");
        let unit = Origin::Unit(UnitId(1));
        let near = map.costs_from(unit).find(RoomId(2)).unwrap();
        assert_eq!(
            describe_distance(near, RoomId(2), unit, &map, t),
            "on this unit"
        );
    }

    #[test]
    fn metres_are_rounded_as_people_say_them() {
        for (decimetres, metres) in [
            (0, 0),
            (1, 1),
            (195, 20),
            (312, 30),
            (974, 100),
            (1_240, 120),
        ] {
            assert_eq!(rounded_metres(decimetres), metres);
        }
    }
}
