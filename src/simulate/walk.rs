//! A way through the building, as legs of a straight line in one room each.

use super::floor::{DoorIx, FloorPlan, RoomIx};
use super::geometry::Point;
use super::noise::{ms_of_seconds, share_between};

/// How long the lift takes.
const LIFT_MS: i64 = 25_000;

/// A straight line in one room.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub room: RoomIx,
    from: Point,
    to: Point,
    start_ms: i64,
    end_ms: i64,
    /// The door passed at the start.
    pub door: Option<DoorIx>,
    pub in_lift: bool,
}

impl Leg {
    /// Where the asset is then.
    pub(super) fn at(&self, now_ms: i64) -> Point {
        self.from
            .toward(self.to, share_between(self.start_ms, now_ms, self.end_ms))
    }

    pub(super) fn start_ms(&self) -> i64 {
        self.start_ms
    }

    pub(super) fn end_ms(&self) -> i64 {
        self.end_ms
    }
}

/// A walk under way.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    legs: Vec<Leg>,
    /// Where the asset is put down.
    pub spot: Point,
}

impl Walk {
    /// The walk from a spot in one room to a spot in another; `None` when there is no way or it is the same room.
    pub(super) fn plan(
        plan: &FloorPlan,
        (from_room, from): (RoomIx, Point),
        (to_room, to): (RoomIx, Point),
        start_ms: i64,
        metres_per_s: f32,
    ) -> Option<Self> {
        let way = plan.list_way(from_room, to_room);
        if way.is_empty() {
            return None;
        }
        let mut legs = Vec::with_capacity(way.len() + 2);
        let (mut room, mut at, mut now_ms, mut came_by) = (from_room, from, start_ms, None);
        let mut add = |room, from: Point, to: Point, door, now_ms: &mut i64, lift_ms: i64| {
            let walked_ms = ms_of_seconds(from.distance_m(to) / metres_per_s).max(1);
            let end_ms = *now_ms + if lift_ms > 0 { lift_ms } else { walked_ms };
            legs.push(Leg {
                room,
                from,
                to,
                start_ms: *now_ms,
                end_ms,
                door,
                in_lift: lift_ms > 0,
            });
            *now_ms = end_ms;
        };
        for (door_ix, next) in way {
            let door = plan.door(door_ix);
            add(room, at, door.at, came_by, &mut now_ms, 0);
            if door.is_lift {
                add(room, door.at, door.at, None, &mut now_ms, LIFT_MS);
            }
            (room, at, came_by) = (next, door.at, Some(door_ix));
        }
        add(room, at, to, came_by, &mut now_ms, 0);
        Some(Self { legs, spot: to })
    }

    /// Legs that begin after one time and not after another, in order.
    pub(super) fn list_begun(&self, after_ms: i64, to_ms: i64) -> impl Iterator<Item = &Leg> {
        self.legs
            .iter()
            .filter(move |leg| leg.start_ms > after_ms && leg.start_ms <= to_ms)
    }

    /// The leg under way; the last one when the walk is over.
    pub(super) fn leg_at(&self, now_ms: i64) -> Option<&Leg> {
        self.legs
            .iter()
            .find(|leg| now_ms < leg.end_ms)
            .or(self.legs.last())
    }

    /// When the asset is put down.
    pub(super) fn end_ms(&self) -> i64 {
        self.legs.last().map_or(0, Leg::end_ms)
    }

    /// Moves the whole walk in time, for a process that was paused.
    pub(super) fn shift(&mut self, by_ms: i64) {
        for leg in &mut self.legs {
            leg.start_ms += by_ms;
            leg.end_ms += by_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_stays_inside_the_rooms_it_names() {
        let plan = FloorPlan::hospital();
        let spot = |name| {
            let room = plan.find_room(name).unwrap();
            (room, plan.room(room).walls.at(0.3, 0.7))
        };
        let walk = Walk::plan(&plan, spot("Room 201"), spot("Room 318"), 1_000, 1.0).unwrap();
        let names: Vec<_> = walk
            .legs
            .iter()
            .map(|leg| plan.room(leg.room).name.as_str())
            .collect();
        let expected = [
            "Room 201",
            "Hallway 2W-1",
            "Lift lobby 2",
            "Lift lobby 2",
            "Lift lobby 3",
            "Hallway 3E-1",
            "Hallway 3E-2",
            "Room 318",
        ];
        assert_eq!(names, expected);
        for now_ms in (1_000..walk.end_ms()).step_by(500) {
            let leg = walk.leg_at(now_ms).unwrap();
            assert!(
                plan.room(leg.room).walls.contains(leg.at(now_ms)),
                "{now_ms} {leg:?}"
            );
        }
    }
}
