//! The building: two floors, each a corridor with a ward at either end and a core with the lifts between them.
//!
//! Rooms are rectangles in metres; doors join them to a graph in which every two rooms have one way, because all rooms
//! hang on the corridor.

use std::collections::VecDeque;

use super::geometry::{Point, Rect};
use super::noise::next_index;
use crate::db::types::RoomKind;

/// Width of the smallest room; the wider ones are multiples of it.
const SLOT_M: f32 = 4.5;
/// Where the core begins: the wards are mirrored around it.
const CORE_FROM_M: f32 = 36.0;
/// Where the core ends.
const CORE_TO_M: f32 = 54.0;
/// Rooms south of the corridor lie below the first, those north of it above the second.
const HALL_Y_M: (f32, f32) = (6.0, 9.0);
/// Depth of the building.
const DEPTH_M: f32 = 15.0;

/// A room of the plan, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomIx(pub(super) u16);

/// A door of the plan, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DoorIx(pub(super) u16);

/// A room.
#[derive(Clone, Debug)]
pub struct SimRoom {
    /// Name, unique in the building.
    pub name: String,
    /// The same in the letters that reader keys may have.
    pub key: String,
    /// What it is for.
    pub kind: RoomKind,
    /// The ward it belongs to, as a place in [`FloorPlan::units`].
    pub unit: Option<u16>,
    /// Storey: 2 or 3.
    pub level: u8,
    /// Its walls.
    pub walls: Rect,
    /// Bed spaces.
    pub beds: u8,
}

/// A way from one room to another.
#[derive(Clone, Debug)]
pub struct Door {
    /// The room behind it and the one before it (for most doors: room and hallway).
    pub rooms: [RoomIx; 2],
    /// Where it is.
    pub at: Point,
    /// The lift: the rooms are the lobbies of two floors.
    pub is_lift: bool,
}

/// The building.
#[derive(Clone, Debug)]
pub struct FloorPlan {
    /// Wards.
    pub units: Vec<String>,
    /// Rooms, hallways included.
    pub rooms: Vec<SimRoom>,
    /// Doors.
    pub doors: Vec<Door>,
    doors_of: Vec<Vec<DoorIx>>,
}

/// What a slot of a ward holds: name, kind, width in slots, beds. Counted from the lifts outward.
type SlotUse = (&'static str, RoomKind, u8, u8);

const NORTH: [SlotUse; 7] = [
    ("Clean utility", RoomKind::CleanUtility, 1, 0),
    ("Nurse station", RoomKind::NurseStation, 2, 0),
    ("Room", RoomKind::PatientRoom, 1, 1),
    ("Room", RoomKind::PatientRoom, 1, 1),
    ("Room", RoomKind::PatientRoom, 1, 1),
    ("Room", RoomKind::PatientRoom, 1, 1),
    ("Room", RoomKind::PatientRoom, 1, 1),
];
const SOUTH: [SlotUse; 8] = [
    ("Equipment storage", RoomKind::EquipmentStorage, 1, 0),
    ("Soiled utility", RoomKind::SoiledUtility, 1, 0),
    ("Supply room", RoomKind::SupplyRoom, 1, 0),
    ("Room", RoomKind::PatientRoom, 1, 2),
    ("Room", RoomKind::PatientRoom, 1, 2),
    ("Room", RoomKind::PatientRoom, 1, 2),
    ("Room", RoomKind::PatientRoom, 1, 2),
    ("Room", RoomKind::PatientRoom, 1, 2),
];

/// Which end of a floor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    West,
    East,
}

impl Side {
    /// From and to, in metres, of what lies this many slots from the core.
    fn span_m(self, from_slot: u8, slots: u8) -> (f32, f32) {
        let (near, far) = (
            f32::from(from_slot) * SLOT_M,
            f32::from(from_slot + slots) * SLOT_M,
        );
        match self {
            Self::West => (CORE_FROM_M - far, CORE_FROM_M - near),
            Self::East => (CORE_TO_M + near, CORE_TO_M + far),
        }
    }
}

impl FloorPlan {
    /// The hospital: 4 wards on 2 floors, 60 beds in 40 patient rooms, and the rooms equipment passes through.
    #[must_use]
    pub fn hospital() -> Self {
        let mut plan = Self {
            units: Vec::new(),
            rooms: Vec::new(),
            doors: Vec::new(),
            doors_of: Vec::new(),
        };
        let lobbies = [plan.add_level(2), plan.add_level(3)];
        plan.add_core_rooms(lobbies);
        let lift = Point {
            x: f32::midpoint(CORE_FROM_M, CORE_TO_M),
            y: HALL_Y_M.1 - 0.5,
        };
        plan.add_door(lobbies, lift, true);
        plan
    }

    /// A lobby between two wards; returns the lobby.
    fn add_level(&mut self, level: u8) -> RoomIx {
        let walls = Rect::new((CORE_FROM_M, CORE_TO_M), HALL_Y_M);
        let lobby = self.add_room(SimRoom {
            name: format!("Lift lobby {level}"),
            key: format!("lift-lobby-{level}"),
            kind: RoomKind::Hallway,
            unit: None,
            level,
            walls,
            beds: 0,
        });
        for (side, word, x) in [
            (Side::West, "West", CORE_FROM_M),
            (Side::East, "East", CORE_TO_M),
        ] {
            let unit = next_index(&self.units);
            self.units.push(format!("{level} {word}"));
            let inner = self.add_ward(level, side, word, unit);
            let at = Point {
                x,
                y: f32::midpoint(HALL_Y_M.0, HALL_Y_M.1),
            };
            self.add_door([inner, lobby], at, false);
        }
        lobby
    }

    /// The rooms of one ward along its hallway; returns the end of the hallway next to the lifts.
    fn add_ward(&mut self, level: u8, side: Side, word: &str, unit: u16) -> RoomIx {
        let suffix = format!("{level}{}", word.chars().take(1).collect::<String>());
        let halls = [1_u8, 2].map(|part| {
            self.add_room(SimRoom {
                name: format!("Hallway {suffix}-{part}"),
                key: format!("hallway-{}-{part}", suffix.to_lowercase()),
                kind: RoomKind::Hallway,
                unit: Some(unit),
                level,
                walls: Rect::new(side.span_m((part - 1) * 4, 4), HALL_Y_M),
                beds: 0,
            })
        });
        let [inner, outer] = halls;
        let (near, far) = side.span_m(0, 4);
        let middle = Point {
            x: if side == Side::West { near } else { far },
            y: f32::midpoint(HALL_Y_M.0, HALL_Y_M.1),
        };
        self.add_door(halls, middle, false);
        let mut number = if side == Side::West { 1_u16 } else { 11 } + u16::from(level) * 100;
        let rows = [
            (&NORTH[..], (HALL_Y_M.1, DEPTH_M), HALL_Y_M.1),
            (&SOUTH[..], (0.0, HALL_Y_M.0), HALL_Y_M.0),
        ];
        for (row, depth, door_y) in rows {
            let mut slot = 0;
            for &(name, kind, slots, beds) in row {
                let label = if kind == RoomKind::PatientRoom {
                    number += 1;
                    (number - 1).to_string()
                } else {
                    suffix.clone()
                };
                let x = side.span_m(slot, slots);
                let room = self.add_room(SimRoom {
                    name: format!("{name} {label}"),
                    key: format!("{name} {label}").to_lowercase().replace(' ', "-"),
                    kind,
                    unit: Some(unit),
                    level,
                    walls: Rect::new(x, depth),
                    beds,
                });
                let at = Point {
                    x: f32::midpoint(x.0, x.1),
                    y: door_y,
                };
                self.add_door([room, if slot < 4 { inner } else { outer }], at, false);
                slot += slots;
            }
        }
        inner
    }

    /// What the whole hospital shares, around the lifts.
    fn add_core_rooms(&mut self, lobbies: [RoomIx; 2]) {
        let (north, south) = ((HALL_Y_M.1, DEPTH_M), (0.0, HALL_Y_M.0));
        let [second, third] = lobbies;
        let shared = [
            (
                2,
                second,
                "Equipment room",
                RoomKind::EquipmentRoom,
                (36.0, 48.0),
                north,
            ),
            (
                2,
                second,
                "Biomed shop",
                RoomKind::BiomedShop,
                (48.0, 54.0),
                north,
            ),
            (2, second, "Main exit", RoomKind::Exit, (36.0, 45.0), south),
            (
                2,
                second,
                "Shipping dock",
                RoomKind::ShippingReceiving,
                (45.0, 54.0),
                south,
            ),
            (
                3,
                third,
                "Central store",
                RoomKind::CentralStore,
                (36.0, 48.0),
                north,
            ),
            (
                3,
                third,
                "Linen room",
                RoomKind::Laundry,
                (48.0, 54.0),
                north,
            ),
        ];
        for (level, lobby, name, kind, x, y) in shared {
            let room = self.add_room(SimRoom {
                name: name.to_owned(),
                key: name.to_lowercase().replace(' ', "-"),
                kind,
                unit: None,
                level,
                walls: Rect::new(x, y),
                beds: 0,
            });
            let door_y = if y == north { HALL_Y_M.1 } else { HALL_Y_M.0 };
            let at = Point {
                x: f32::midpoint(x.0, x.1),
                y: door_y,
            };
            self.add_door([room, lobby], at, false);
        }
    }

    fn add_room(&mut self, room: SimRoom) -> RoomIx {
        let ix = RoomIx(next_index(&self.rooms));
        self.rooms.push(room);
        self.doors_of.push(Vec::new());
        ix
    }

    fn add_door(&mut self, rooms: [RoomIx; 2], at: Point, is_lift: bool) {
        let ix = DoorIx(next_index(&self.doors));
        self.doors.push(Door { rooms, at, is_lift });
        for room in rooms {
            if let Some(doors) = self.doors_of.get_mut(usize::from(room.0)) {
                doors.push(ix);
            }
        }
    }

    /// The room with this index.
    #[expect(
        clippy::indexing_slicing,
        reason = "room indexes come from this plan, whose list never shrinks"
    )]
    #[must_use]
    pub fn room(&self, ix: RoomIx) -> &SimRoom {
        &self.rooms[usize::from(ix.0)]
    }

    /// The door with this index.
    #[expect(
        clippy::indexing_slicing,
        reason = "door indexes come from this plan, whose list never shrinks"
    )]
    #[must_use]
    pub fn door(&self, ix: DoorIx) -> &Door {
        &self.doors[usize::from(ix.0)]
    }

    /// Every room with its index.
    pub fn indexed_rooms(&self) -> impl Iterator<Item = (RoomIx, &SimRoom)> {
        (0_u16..).map(RoomIx).zip(&self.rooms)
    }

    /// Rooms of a kind; of one ward when one is named.
    #[must_use]
    pub fn list_rooms(&self, kind: RoomKind, unit: Option<u16>) -> Vec<RoomIx> {
        self.indexed_rooms()
            .filter(|(_, room)| room.kind == kind && (unit.is_none() || room.unit == unit))
            .map(|(ix, _)| ix)
            .collect()
    }

    /// The room with this name.
    #[must_use]
    pub fn find_room(&self, name: &str) -> Option<RoomIx> {
        self.indexed_rooms()
            .find(|(_, room)| room.name == name)
            .map(|(ix, _)| ix)
    }

    /// The door of a room that has one only.
    #[must_use]
    pub fn find_door(&self, room: RoomIx) -> Option<DoorIx> {
        self.doors_of
            .get(usize::from(room.0))
            .and_then(|doors| doors.first().copied())
    }

    /// Doors to pass on the way, each with the room behind it; empty when already there.
    #[must_use]
    pub fn list_way(&self, from: RoomIx, to: RoomIx) -> Vec<(DoorIx, RoomIx)> {
        let mut came_by: Vec<Option<(DoorIx, RoomIx)>> = vec![None; self.rooms.len()];
        let mut waiting = VecDeque::from([from]);
        while let Some(room) = waiting.pop_front() {
            if room == to {
                break;
            }
            for &door in self
                .doors_of
                .get(usize::from(room.0))
                .map_or(&[][..], Vec::as_slice)
            {
                let [a, b] = self.door(door).rooms;
                let next = if a == room { b } else { a };
                if let Some(seen @ None) = came_by.get_mut(usize::from(next.0))
                    && next != from
                {
                    *seen = Some((door, room));
                    waiting.push_back(next);
                }
            }
        }
        let mut way = Vec::new();
        let mut room = to;
        while room != from {
            let Some(&Some((door, before))) = came_by.get(usize::from(room.0)) else {
                return Vec::new();
            };
            way.push((door, room));
            room = before;
        }
        way.reverse();
        way
    }

    /// Walls between two points of a floor, counted by the rooms that the straight line passes through.
    #[must_use]
    pub fn count_walls(&self, level: u8, from: Point, to: Point) -> u8 {
        let rooms = self
            .rooms
            .iter()
            .filter(|room| room.level == level && room.walls.is_crossed_by(from, to))
            .count();
        u8::try_from(rooms.saturating_sub(1)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hospital_has_the_size_it_promises() {
        let plan = FloorPlan::hospital();
        assert_eq!(plan.units, ["2 West", "2 East", "3 West", "3 East"]);
        assert_eq!(plan.list_rooms(RoomKind::PatientRoom, None).len(), 40);
        assert_eq!(
            plan.rooms.iter().map(|r| u32::from(r.beds)).sum::<u32>(),
            60
        );
        let mut names: Vec<_> = plan.rooms.iter().map(|r| &r.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), plan.rooms.len());
    }

    #[test]
    fn every_room_can_be_reached_and_no_two_overlap() {
        let plan = FloorPlan::hospital();
        for (from, a) in plan.indexed_rooms() {
            for (to, b) in plan.indexed_rooms() {
                assert_eq!(
                    plan.list_way(from, to).is_empty(),
                    from == to,
                    "{} {}",
                    a.name,
                    b.name
                );
                let apart = a.walls.high.x <= b.walls.low.x
                    || b.walls.high.x <= a.walls.low.x
                    || a.walls.high.y <= b.walls.low.y
                    || b.walls.high.y <= a.walls.low.y;
                assert!(
                    from == to || a.level != b.level || apart,
                    "{} over {}",
                    a.name,
                    b.name
                );
            }
        }
    }

    #[test]
    fn walls_are_counted_along_the_line() {
        let plan = FloorPlan::hospital();
        let centre = |name| plan.room(plan.find_room(name).unwrap()).walls.at(0.5, 0.5);
        assert_eq!(
            plan.count_walls(2, centre("Room 211"), centre("Room 211")),
            0
        );
        assert_eq!(
            plan.count_walls(2, centre("Room 211"), centre("Room 212")),
            1
        );
        assert_eq!(
            plan.count_walls(2, centre("Room 211"), centre("Room 213")),
            2
        );
    }
}
