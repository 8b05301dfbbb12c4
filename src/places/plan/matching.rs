//! From the names of a plan file to the rooms of a building. Pure.

use std::collections::{HashMap, HashSet};

use super::doors::guess_ways;
use super::geojson::{PlanFault, PlanFile};
use super::{Drawing, Edge};
use crate::ids::{FloorId, RoomId};

/// A room that a plan may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRoom {
    /// The room.
    pub room_id: RoomId,
    /// Its name, unique on its floor.
    pub name: String,
    /// Whether people pass through it.
    pub is_hallway: bool,
    /// Its floor.
    pub floor_id: FloorId,
    /// Name of that floor.
    pub floor_name: String,
}

/// A plan whose rooms were all found.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchedPlan {
    /// The drawing.
    pub drawing: Drawing<RoomId>,
    /// Ways, the room with the smaller id first, one for each two rooms.
    pub ways: Vec<Edge<RoomId>>,
    /// Whether ways on this floor were guessed from walls that meet, because the file gives none.
    pub is_guessed: bool,
    /// Rooms of the floor that the plan does not draw.
    pub missing: Vec<String>,
}

/// Finds the rooms of a file on a floor; `known` are the rooms of its whole building.
///
/// # Errors
/// Names every feature whose room is not known.
pub fn match_rooms(
    file: &PlanFile,
    floor: FloorId,
    known: &[KnownRoom],
) -> Result<MatchedPlan, Vec<PlanFault>> {
    let here: HashMap<&str, &KnownRoom> = known
        .iter()
        .filter(|room| room.floor_id == floor)
        .map(|room| (room.name.as_str(), room))
        .collect();
    let mut faults = Vec::new();
    let mut rooms = Vec::new();
    let mut is_hallway = Vec::new();
    for (named, shape) in &file.drawing.rooms {
        match here.get(named.name.as_str()) {
            Some(room) => {
                rooms.push((room.room_id, shape.clone()));
                is_hallway.push(room.is_hallway);
            }
            None => faults.push(unknown(named.feature, "room", &named.name)),
        }
    }
    let mut ways: HashMap<[RoomId; 2], f64> = HashMap::new();
    let mut has_own = false;
    for way in &file.ways {
        let from = here.get(way.from.as_str());
        if from.is_none() {
            faults.push(unknown(way.feature, "from", &way.from));
        }
        let to = match &way.to_floor {
            None => here.get(way.to.as_str()).copied(),
            Some(floor) => known
                .iter()
                .find(|room| room.floor_name == *floor && room.name == way.to),
        };
        if to.is_none() {
            faults.push(unknown(way.feature, "to", &way.to));
        }
        if let (Some(from), Some(to)) = (from, to) {
            if from.room_id == to.room_id {
                let what = format!("properties from and to are both {:?}", way.from);
                faults.push(PlanFault::of(
                    way.feature,
                    what,
                    "a way leads from one room to another",
                ));
            }
            has_own |= way.to_floor.is_none();
            add_way(&mut ways, from.room_id, to.room_id, way.cost_m);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let drawing = Drawing {
        size: file.drawing.size,
        rooms,
    };
    let is_guessed = !has_own && drawing.size.is_some();
    if let (true, Some(size)) = (is_guessed, drawing.size) {
        for edge in guess_ways(&drawing, size, &is_hallway) {
            let [a, b] = edge.rooms.map(|n| drawing.rooms.get(n).map(|(id, _)| *id));
            if let (Some(a), Some(b)) = (a, b) {
                add_way(&mut ways, a, b, edge.cost_m);
            }
        }
    }
    let drawn: HashSet<RoomId> = drawing.rooms.iter().map(|(id, _)| *id).collect();
    let mut missing: Vec<String> = here
        .values()
        .filter(|room| !drawn.contains(&room.room_id))
        .map(|room| room.name.clone())
        .collect();
    missing.sort();
    Ok(MatchedPlan {
        drawing,
        ways: sorted(ways),
        is_guessed,
        missing,
    })
}

fn unknown(feature: usize, field: &str, name: &str) -> PlanFault {
    PlanFault::of(
        feature,
        format!("property {field} is {name:?}, and no room there has this name"),
        "use the name as the list of rooms shows it, or add the room first",
    )
}

/// Of several ways between two rooms the shortest counts.
fn add_way(ways: &mut HashMap<[RoomId; 2], f64>, a: RoomId, b: RoomId, cost_m: f64) {
    let known = ways.entry([a.min(b), a.max(b)]).or_insert(f64::INFINITY);
    *known = known.min(cost_m);
}

fn sorted(ways: HashMap<[RoomId; 2], f64>) -> Vec<Edge<RoomId>> {
    let mut edges: Vec<Edge<RoomId>> = ways
        .into_iter()
        .map(|(rooms, cost_m)| Edge { rooms, cost_m })
        .collect();
    edges.sort_by_key(|edge| edge.rooms);
    edges
}
