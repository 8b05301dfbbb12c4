//! Ways between the rooms of a drawing. Pure.
//!
//! A hallway is long: the way from one of its doors to the next must not lead over its middle. So every two rooms that open onto
//! the same hallway get a way of their own: to the door, along the hallway, and from the other door into the room.

use std::collections::HashMap;

use super::lines::shared_stretch;
use super::{Drawing, Edge, Point, Shape, Size};

/// Shortest wall that a door fits into.
const DOOR_M: f64 = 0.7;
/// How far apart the drawn walls of neighbours may be: walls have a thickness.
const WALL_M: f64 = 0.5;
/// A hallway with more doors than this gets no ways from door to door, which would be their number squared; ways then lead over
/// its middle.
const DOORS_MAX: usize = 120;

/// A door between two rooms, by their places in a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Door {
    /// The rooms.
    pub rooms: [usize; 2],
    /// Where, in metres.
    pub at: Point,
}

/// A room as walkers see it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// Where one stands in it, in metres.
    pub at: Point,
    /// Whether people pass through it.
    pub is_hallway: bool,
}

/// Doors where walls meet: between a hallway and everything along it; between two rooms only when one of them has no hallway
/// beside it.
#[must_use]
pub fn guess_doors<R>(drawing: &Drawing<R>, size: Size, is_hallway: &[bool]) -> Vec<Door> {
    let shapes: Vec<Outline> = drawing
        .rooms
        .iter()
        .map(|(_, shape)| Outline::new(shape, size))
        .collect();
    let hallway = |n: usize| is_hallway.get(n).copied().unwrap_or(false);
    let mut meetings = Vec::new();
    for (n, one) in shapes.iter().enumerate() {
        for (m, other) in shapes.iter().enumerate().skip(n + 1) {
            if let Some(at) = one.meets(other) {
                meetings.push(Door { rooms: [n, m], at });
            }
        }
    }
    let mut has_hallway = vec![false; shapes.len()];
    for door in &meetings {
        let [a, b] = door.rooms;
        for (room, beside) in [(a, b), (b, a)] {
            if hallway(beside)
                && let Some(has) = has_hallway.get_mut(room)
            {
                *has = true;
            }
        }
    }
    let is_closed_in = |n: usize| !hallway(n) && !has_hallway.get(n).copied().unwrap_or(false);
    meetings.retain(|door| {
        let [a, b] = door.rooms;
        hallway(a) || hallway(b) || is_closed_in(a) || is_closed_in(b)
    });
    meetings
}

struct Outline {
    walls: Vec<(Point, Point)>,
    low: Point,
    high: Point,
}

impl Outline {
    fn new(shape: &Shape, size: Size) -> Self {
        let (low, high) = shape.bounds();
        Self {
            walls: shape
                .walls()
                .into_iter()
                .map(|(a, b)| (size.to_metres(a), size.to_metres(b)))
                .collect(),
            low: size.to_metres(low),
            high: size.to_metres(high),
        }
    }

    /// The middle of the longest wall that both have, when a door fits into it.
    fn meets(&self, other: &Self) -> Option<Point> {
        let is_apart = self.low.x > other.high.x + WALL_M
            || other.low.x > self.high.x + WALL_M
            || self.low.y > other.high.y + WALL_M
            || other.low.y > self.high.y + WALL_M;
        if is_apart {
            return None;
        }
        let mut longest: Option<(f64, Point)> = None;
        for one in &self.walls {
            for another in &other.walls {
                let Some((a, b)) = shared_stretch(*one, *another, WALL_M) else {
                    continue;
                };
                let length = a.distance(b);
                if length >= DOOR_M && longest.is_none_or(|(most, _)| length > most) {
                    let middle = Point {
                        x: f64::midpoint(a.x, b.x),
                        y: f64::midpoint(a.y, b.y),
                    };
                    longest = Some((length, middle));
                }
            }
        }
        longest.map(|(_, middle)| middle)
    }
}

/// Ways through doors: from room to room through one, and from door to door along a hallway. Of several ways between two rooms the
/// shortest is kept.
#[must_use]
pub fn list_ways(stops: &[Stop], doors: &[Door]) -> Vec<Edge<usize>> {
    let mut ways = Ways::default();
    let mut along: HashMap<usize, Vec<(usize, Point)>> = HashMap::new();
    for door in doors {
        let [a, b] = door.rooms;
        if let (Some(from), Some(to)) = (stops.get(a), stops.get(b)) {
            ways.add(a, b, from.at.distance(door.at) + door.at.distance(to.at));
            for (hall, stop, room) in [(a, from, b), (b, to, a)] {
                if stop.is_hallway {
                    along.entry(hall).or_default().push((room, door.at));
                }
            }
        }
    }
    for openings in along.values().filter(|doors| doors.len() <= DOORS_MAX) {
        for (n, (room, at)) in openings.iter().enumerate() {
            for (other, other_at) in openings.iter().skip(n + 1) {
                if let (Some(from), Some(to)) = (stops.get(*room), stops.get(*other)) {
                    let cost =
                        from.at.distance(*at) + at.distance(*other_at) + other_at.distance(to.at);
                    ways.add(*room, *other, cost);
                }
            }
        }
    }
    ways.into_edges()
}

#[derive(Default)]
struct Ways(HashMap<[usize; 2], f64>);

impl Ways {
    fn add(&mut self, a: usize, b: usize, cost_m: f64) {
        if a != b {
            let known = self.0.entry([a.min(b), a.max(b)]).or_insert(f64::INFINITY);
            *known = known.min(cost_m);
        }
    }

    fn into_edges(self) -> Vec<Edge<usize>> {
        let mut edges: Vec<Edge<usize>> = self
            .0
            .into_iter()
            .map(|(rooms, cost_m)| Edge { rooms, cost_m })
            .collect();
        edges.sort_by_key(|edge| edge.rooms);
        edges
    }
}

/// The ways of a drawing whose doors nobody gave.
#[must_use]
pub fn guess_ways<R>(drawing: &Drawing<R>, size: Size, is_hallway: &[bool]) -> Vec<Edge<usize>> {
    let stops: Vec<Stop> = drawing
        .rooms
        .iter()
        .zip(is_hallway.iter().copied().chain(std::iter::repeat(false)))
        .map(|((_, shape), is_hallway)| Stop {
            at: size.to_metres(shape.label_point(drawing.aspect())),
            is_hallway,
        })
        .collect();
    list_ways(&stops, &guess_doors(drawing, size, is_hallway))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(x: (f64, f64), y: (f64, f64)) -> Shape {
        let corners = [(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1)];
        let ring: Vec<Point> = corners
            .into_iter()
            .map(|(x, y)| Point {
                x: x / 30.0,
                y: y / 10.0,
            })
            .collect();
        Shape::new(&ring).unwrap()
    }

    /// Three rooms above a hallway of 30 m, and a closet that only the third touches.
    fn ward() -> (Drawing<&'static str>, Size, Vec<bool>) {
        let drawing = Drawing {
            size: Size::new(30.0, 10.0),
            rooms: vec![
                ("left", room((0.0, 10.0), (2.0, 8.0))),
                ("middle", room((10.0, 20.0), (2.0, 8.0))),
                ("right", room((20.0, 30.0), (2.0, 8.0))),
                ("hall", room((0.0, 30.0), (8.0, 10.0))),
                ("closet", room((20.0, 30.0), (0.0, 2.0))),
            ],
        };
        let size = drawing.size.unwrap();
        (drawing, size, vec![false, false, false, true, false])
    }

    #[test]
    fn rooms_open_onto_the_hallway_and_onto_each_other_only_without_one() {
        let (drawing, size, halls) = ward();
        let doors: Vec<_> = guess_doors(&drawing, size, &halls)
            .into_iter()
            .map(|door| door.rooms)
            .collect();
        assert_eq!(doors, [[0, 3], [1, 3], [2, 3], [2, 4]]);
    }

    #[test]
    fn the_way_along_a_hallway_does_not_lead_over_its_middle() {
        let (drawing, size, halls) = ward();
        let ways = guess_ways(&drawing, size, &halls);
        let cost = |a, b| {
            ways.iter()
                .find(|way| way.rooms == [a, b])
                .map(|way| way.cost_m)
        };
        // 3 m to the door, 10 m along, 3 m in.
        assert!((cost(0, 1).unwrap() - 16.0).abs() < 1e-6);
        assert!((cost(0, 2).unwrap() - 26.0).abs() < 1e-6);
        assert_eq!(cost(1, 4), None);
    }
}
