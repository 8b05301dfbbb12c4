//! How far it is to walk from a room or a unit to every room. Pure.
//!
//! Where rooms hang together by ways (`walk_edge`), the cost is the length of the shortest way, in decimetres. For the others a
//! guess takes its place, by what they share with the origin: unit, floor, building, nothing. One number orders both: the guess
//! for a tier is above every way inside that tier and above the guesses of nearer tiers, and never below a typical length, so that
//! an unknown way is never shown before a known one of the same tier.
//!
//! 20,000 rooms with 60,000 ways take 8 ms in a release build, measured by the test below on one core of a small virtual machine.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::ids::{BuildingId, FloorId, RoomId, UnitId};

/// Decimetres.
type Cost = u32;

/// The least that a guess costs: 30 m to a room of the same unit, 80 m on the same floor, 200 m in the same building, 1 km
/// elsewhere.
const GUESS_MIN: [Cost; 4] = [300, 800, 2_000, 10_000];
/// Longest way that is told apart from longer ones: 1,000 km. Leaves room above for the guesses.
const COST_MAX: Cost = 10_000_000;

/// A room of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkRoom {
    /// The room.
    pub room_id: RoomId,
    /// Its unit.
    pub unit_id: Option<UnitId>,
    /// Its floor.
    pub floor_id: FloorId,
    /// Its building.
    pub building_id: BuildingId,
}

/// A way between two rooms, in both directions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WalkEdge {
    /// The rooms.
    pub rooms: [RoomId; 2],
    /// Metres; below 0 and not a number count as 0.
    pub cost_m: f64,
}

/// Where somebody starts from. Never the position of a person: a room or unit that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A room.
    Room(RoomId),
    /// Any room of a unit, whichever is nearest.
    Unit(UnitId),
}

/// What the cost of a room rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reach {
    /// The origin itself, or a room of the unit that is the origin.
    Here,
    /// A known way.
    Walk,
    /// No way is known; same unit.
    Unit,
    /// No way is known; same floor.
    Floor,
    /// No way is known; same building.
    Building,
    /// Nothing is shared.
    Elsewhere,
}

/// How near a room is. Orders by cost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nearness {
    /// Decimetres, or a guess that orders like them.
    pub cost_dm: Cost,
    /// What it rests on.
    pub reach: Reach,
    /// Whether the room is on a floor of the origin.
    pub is_other_floor: bool,
    /// Whether the room is in a building of the origin.
    pub is_other_building: bool,
}

/// Rooms and the ways between them.
#[derive(Clone, Debug, Default)]
pub struct WalkingMap {
    /// By id.
    rooms: Vec<WalkRoom>,
    /// Where the ways of each room begin in `ways`; one more than rooms.
    starts: Vec<usize>,
    ways: Vec<(usize, Cost)>,
    floors: HashMap<FloorId, String>,
    buildings: HashMap<BuildingId, String>,
}

/// How near every room of a map is.
#[derive(Clone, Debug, Default)]
pub struct Nearnesses {
    by_room: HashMap<RoomId, Nearness>,
}

impl Nearnesses {
    /// How near a room is; `None` for a room that is not on the map.
    #[must_use]
    pub fn find(&self, room: RoomId) -> Option<Nearness> {
        self.by_room.get(&room).copied()
    }

    /// Every room, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (RoomId, Nearness)> {
        self.by_room.iter().map(|(room, near)| (*room, *near))
    }

    /// The rooms, nearest first; of equally near ones the smaller id first.
    #[must_use]
    pub fn sorted_rooms(&self) -> Vec<RoomId> {
        let mut rooms: Vec<(Nearness, RoomId)> =
            self.iter().map(|(room, near)| (near, room)).collect();
        rooms.sort_unstable();
        rooms.into_iter().map(|(_, room)| room).collect()
    }
}

impl WalkingMap {
    /// A map. Ways that name a room twice or one that is not there are left out.
    #[must_use]
    pub fn new(mut rooms: Vec<WalkRoom>, edges: &[WalkEdge]) -> Self {
        rooms.sort_by_key(|room| room.room_id);
        rooms.dedup_by_key(|room| room.room_id);
        let find = |id: RoomId| rooms.binary_search_by_key(&id, |room| room.room_id).ok();
        let mut both: Vec<(usize, usize, Cost)> = Vec::with_capacity(edges.len() * 2);
        for edge in edges {
            let [a, b] = edge.rooms;
            if let (Some(a), Some(b)) = (find(a), find(b))
                && a != b
            {
                let cost = decimetres(edge.cost_m);
                both.push((a, b, cost));
                both.push((b, a, cost));
            }
        }
        both.sort_unstable();
        let mut starts = Vec::with_capacity(rooms.len() + 1);
        let mut next = 0;
        for room in 0..=rooms.len() {
            while both.get(next).is_some_and(|(from, ..)| *from < room) {
                next += 1;
            }
            starts.push(next);
        }
        Self {
            rooms,
            starts,
            ways: both.into_iter().map(|(_, to, cost)| (to, cost)).collect(),
            floors: HashMap::new(),
            buildings: HashMap::new(),
        }
    }

    /// With the names of floors and buildings, for words about distances.
    #[must_use]
    pub fn with_names(
        mut self,
        floors: HashMap<FloorId, String>,
        buildings: HashMap<BuildingId, String>,
    ) -> Self {
        self.floors = floors;
        self.buildings = buildings;
        self
    }

    /// A room of the map.
    #[must_use]
    pub fn find_room(&self, id: RoomId) -> Option<&WalkRoom> {
        let found = self.rooms.binary_search_by_key(&id, |room| room.room_id);
        self.rooms.get(found.ok()?)
    }

    /// Names of floor and building of a room; empty when they are not known.
    #[must_use]
    pub fn names_of(&self, id: RoomId) -> (&str, &str) {
        let room = self.find_room(id);
        let floor = room.and_then(|room| self.floors.get(&room.floor_id));
        let building = room.and_then(|room| self.buildings.get(&room.building_id));
        (
            floor.map_or("", String::as_str),
            building.map_or("", String::as_str),
        )
    }

    /// How near every room is. From an origin that is not on the map everything is elsewhere.
    #[must_use]
    pub fn costs_from(&self, origin: Origin) -> Nearnesses {
        let is_origin = |room: &WalkRoom| match origin {
            Origin::Room(id) => room.room_id == id,
            Origin::Unit(id) => room.unit_id == Some(id),
        };
        let sources: Vec<usize> = (0..)
            .zip(&self.rooms)
            .filter(|(_, room)| is_origin(room))
            .map(|(n, _)| n)
            .collect();
        let shared = Shared::of(origin, sources.iter().filter_map(|n| self.rooms.get(*n)));
        let walked = self.walk(&sources);
        let guesses = self.guesses(&shared, &walked);
        let by_room = self.rooms.iter().zip(&walked).map(|(room, walked)| {
            let tier = shared.tier(room);
            let (cost_dm, reach) = match walked {
                Some(_) if is_origin(room) => (0, Reach::Here),
                Some(cost) => (*cost, Reach::Walk),
                None => tier.guess(&guesses),
            };
            let near = Nearness {
                cost_dm,
                reach,
                is_other_floor: !shared.floors.contains(&room.floor_id),
                is_other_building: !shared.buildings.contains(&room.building_id),
            };
            (room.room_id, near)
        });
        Nearnesses {
            by_room: by_room.collect(),
        }
    }

    /// The shortest way from any of the rooms to each (Dijkstra); `None` where none leads.
    fn walk(&self, sources: &[usize]) -> Vec<Option<Cost>> {
        let mut costs: Vec<Option<Cost>> = vec![None; self.rooms.len()];
        let mut waiting: BinaryHeap<Reverse<(Cost, usize)>> =
            sources.iter().map(|room| Reverse((0, *room))).collect();
        while let Some(Reverse((cost, room))) = waiting.pop() {
            match costs.get_mut(room) {
                Some(known @ None) => *known = Some(cost),
                // Came here by a shorter way before.
                _ => continue,
            }
            for (next, way) in self.ways_of(room) {
                if costs.get(*next) == Some(&None) {
                    waiting.push(Reverse(((cost + way).min(COST_MAX), *next)));
                }
            }
        }
        costs
    }

    fn ways_of(&self, room: usize) -> &[(usize, Cost)] {
        let bounds = (self.starts.get(room), self.starts.get(room + 1));
        match bounds {
            (Some(from), Some(to)) => self.ways.get(*from..*to).unwrap_or_default(),
            _ => &[],
        }
    }

    /// What a room costs to which no way leads, for each tier.
    fn guesses(&self, shared: &Shared, walked: &[Option<Cost>]) -> [Cost; 4] {
        let mut longest = [0; 4];
        for (room, walked) in self.rooms.iter().zip(walked) {
            let tier = shared.tier(room).index();
            if let (Some(cost), Some(longest)) = (walked, longest.get_mut(tier)) {
                *longest = (*cost).max(*longest);
            }
        }
        let mut above = 0;
        let mut guesses = GUESS_MIN;
        for (guess, longest) in guesses.iter_mut().zip(longest) {
            *guess = (*guess).max(longest + 1).max(above + 1);
            above = *guess;
        }
        guesses
    }
}

fn decimetres(metres: f64) -> Cost {
    let tenths = (metres * 10.0).round().clamp(0.0, f64::from(COST_MAX));
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits; NaN becomes 0"
    )]
    let tenths = tenths as Cost;
    tenths
}

/// What a room shares with the origin.
#[derive(Clone, Copy)]
enum Tier {
    Unit,
    Floor,
    Building,
    Elsewhere,
}

impl Tier {
    fn index(self) -> usize {
        match self {
            Self::Unit => 0,
            Self::Floor => 1,
            Self::Building => 2,
            Self::Elsewhere => 3,
        }
    }

    fn guess(self, guesses: &[Cost; 4]) -> (Cost, Reach) {
        let [unit, floor, building, elsewhere] = *guesses;
        match self {
            Self::Unit => (unit, Reach::Unit),
            Self::Floor => (floor, Reach::Floor),
            Self::Building => (building, Reach::Building),
            Self::Elsewhere => (elsewhere, Reach::Elsewhere),
        }
    }
}

/// The places of an origin.
struct Shared {
    unit: Option<UnitId>,
    floors: HashSet<FloorId>,
    buildings: HashSet<BuildingId>,
}

impl Shared {
    fn of<'a>(origin: Origin, sources: impl Iterator<Item = &'a WalkRoom>) -> Self {
        let mut shared = Self {
            unit: match origin {
                Origin::Unit(id) => Some(id),
                Origin::Room(_) => None,
            },
            floors: HashSet::new(),
            buildings: HashSet::new(),
        };
        for room in sources {
            shared.unit = shared.unit.or(room.unit_id);
            shared.floors.insert(room.floor_id);
            shared.buildings.insert(room.building_id);
        }
        shared
    }

    fn tier(&self, room: &WalkRoom) -> Tier {
        if self.unit.is_some() && room.unit_id == self.unit {
            Tier::Unit
        } else if self.floors.contains(&room.floor_id) {
            Tier::Floor
        } else if self.buildings.contains(&room.building_id) {
            Tier::Building
        } else {
            Tier::Elsewhere
        }
    }
}

#[cfg(test)]
mod tests;
