//! The drawing of a floor: shapes of rooms in a square from 0 to 1, x from the left, y from the upper edge. Pure.
//!
//! [`geojson`] reads and writes drawings, [`doors`] guesses the ways between rooms that lie wall to wall.

pub mod doors;
pub mod geojson;
pub mod lines;
pub mod matching;

use lines::{are_crossing, list_edges};

/// Most corners of a room.
pub const POINTS_MAX: usize = 200;
/// Most rooms of a floor.
pub const ROOMS_MAX: usize = 1_000;
/// Most ways that one plan may name or be given.
pub const EDGES_MAX: usize = 50_000;
/// Longest side of a plan, and the longest way, in metres.
pub const METRES_MAX: f64 = 10_000.0;
/// Smallest area of a room as a share of the plan: less cannot be seen or pressed.
const AREA_MIN: f64 = 1e-7;
/// Coordinates this little outside count as being on the edge: they come from rounding.
const EDGE_SLACK: f64 = 1e-6;

/// A point of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// From the left edge.
    pub x: f64,
    /// From the upper edge.
    pub y: f64,
}

impl Point {
    /// How far it is to another, in the units of both.
    #[must_use]
    pub fn distance(self, to: Self) -> f64 {
        (self.x - to.x).hypot(self.y - to.y)
    }
}

/// Width and height of a plan in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// From west to east.
    pub width_m: f64,
    /// From north to south.
    pub height_m: f64,
}

impl Size {
    /// A size with both sides above zero and at most [`METRES_MAX`].
    #[must_use]
    pub fn new(width_m: f64, height_m: f64) -> Option<Self> {
        let fits = |side: f64| side > 0.0 && side <= METRES_MAX;
        (fits(width_m) && fits(height_m)).then_some(Self { width_m, height_m })
    }

    /// Metres between two points of the plan.
    #[must_use]
    pub fn distance_m(self, from: Point, to: Point) -> f64 {
        self.to_metres(from).distance(self.to_metres(to))
    }

    fn to_metres(self, point: Point) -> Point {
        Point {
            x: point.x * self.width_m,
            y: point.y * self.height_m,
        }
    }
}

/// Why points are no shape of a room.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// Two corners make no room.
    #[error("has {0} different corners; a room needs at least 3")]
    TooFew(usize),
    /// More than can be drawn well.
    #[error("has {0} corners; at most {POINTS_MAX} are allowed: leave out small niches")]
    TooMany(usize),
    /// Not a number, or without end.
    #[error("corner {0} is no finite number")]
    NotFinite(usize),
    /// Outside the plan.
    #[error("corner {corner} is at {x}, {y}; both must lie between 0 and 1")]
    Outside {
        /// Which corner, from 1.
        corner: usize,
        /// Where.
        x: f64,
        /// Where.
        y: f64,
    },
    /// All corners on one line.
    #[error("encloses no area: its corners lie on one line or almost so")]
    NoArea,
    /// A bow tie.
    #[error("crosses itself: give its corners in the order in which one walks along the walls")]
    Crossing,
}

/// The walls of a room: at least three corners, all inside the plan, a ring that does not cross itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    points: Vec<Point>,
}

impl Shape {
    /// Checks a ring of corners; the first may be repeated at the end.
    ///
    /// # Errors
    /// See [`ShapeError`].
    pub fn new(ring: &[Point]) -> Result<Self, ShapeError> {
        if ring.len() > POINTS_MAX + 1 {
            return Err(ShapeError::TooMany(ring.len()));
        }
        let mut points: Vec<Point> = Vec::with_capacity(ring.len());
        for (point, corner) in ring.iter().zip(1..) {
            let point = fit_point(*point, corner)?;
            if points.last() != Some(&point) {
                points.push(point);
            }
        }
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        if points.len() < 3 {
            return Err(ShapeError::TooFew(points.len()));
        }
        if points.len() > POINTS_MAX {
            return Err(ShapeError::TooMany(points.len()));
        }
        let shape = Self { points };
        if shape.area() < AREA_MIN {
            return Err(ShapeError::NoArea);
        }
        if shape.crosses_itself() {
            return Err(ShapeError::Crossing);
        }
        Ok(shape)
    }

    /// The corners in order; the first is not repeated.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The walls, from corner to corner.
    #[must_use]
    pub fn walls(&self) -> Vec<(Point, Point)> {
        list_edges(&self.points)
    }

    /// The area as a share of the plan.
    #[must_use]
    pub fn area(&self) -> f64 {
        self.signed_area().abs()
    }

    /// Upper left and lower right corner of the smallest rectangle around it.
    #[must_use]
    pub fn bounds(&self) -> (Point, Point) {
        bounds(self.points.iter().copied())
    }

    /// Whether a point lies inside; points on a wall may count either way.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let is_left_of = |(a, b): &(Point, Point)| {
            (a.y > point.y) != (b.y > point.y)
                && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x
        };
        self.walls().iter().filter(|wall| is_left_of(wall)).count() % 2 == 1
    }

    /// From where to where a horizontal line at `y` runs inside the room, for the stretch around `x` or, when `x` is outside,
    /// the longest one.
    #[must_use]
    pub fn chord_at(&self, y: f64, x: f64) -> Option<(f64, f64)> {
        let chords = self.chords(y, |point| (point.x, point.y));
        let around = chords.iter().find(|(from, to)| *from <= x && x <= *to);
        around.or_else(|| longest(&chords)).copied()
    }

    /// From where to where a vertical line at `x` runs inside the room, for the stretch around `y` or the longest one.
    #[must_use]
    pub fn column_at(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let chords = self.chords(x, |point| (point.y, point.x));
        let around = chords.iter().find(|(from, to)| *from <= y && y <= *to);
        around.or_else(|| longest(&chords)).copied()
    }

    /// A point inside with as much space around it as one of some thirty candidates has; `aspect` is height / width of the plan.
    #[must_use]
    pub fn label_point(&self, aspect: f64) -> Point {
        let (low, high) = self.bounds();
        let share = |from: f64, to: f64, n: u8| from + (to - from) * (f64::from(n) - 0.5) / 15.0;
        let rows = (1..=15).filter_map(|n| {
            let y = share(low.y, high.y, n);
            let (from, to) = longest(&self.chords(y, |p| (p.x, p.y))).copied()?;
            let x = f64::midpoint(from, to);
            Some(Point { x, y })
        });
        let columns = (1..=15).filter_map(|n| {
            let x = share(low.x, high.x, n);
            let (from, to) = longest(&self.chords(x, |p| (p.y, p.x))).copied()?;
            let y = f64::midpoint(from, to);
            Some(Point { x, y })
        });
        let middle = Some(self.centroid()).filter(|point| self.contains(*point));
        let mut best: Option<(f64, Point)> = None;
        // The middle comes first: where others have no more space than it, it looks best.
        for point in middle.into_iter().chain(rows).chain(columns) {
            let space = self.space_around(point, aspect);
            if best.is_none_or(|(most, _)| space > most * 1.05) {
                best = Some((space, point));
            }
        }
        best.map_or_else(|| self.centroid(), |(_, point)| point)
    }

    fn chords(&self, at: f64, turn: impl Fn(Point) -> (f64, f64)) -> Vec<(f64, f64)> {
        let mut crossings: Vec<f64> = Vec::new();
        for (a, b) in self.walls() {
            let ((ax, ay), (bx, by)) = (turn(a), turn(b));
            if (ay > at) != (by > at) {
                crossings.push(ax + (bx - ax) * (at - ay) / (by - ay));
            }
        }
        crossings.sort_by(f64::total_cmp);
        crossings
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [from, to] => Some((*from, *to)),
                _ => None,
            })
            .collect()
    }

    fn space_around(&self, point: Point, aspect: f64) -> f64 {
        let scaled = |p: Point| Point {
            x: p.x,
            y: p.y * aspect,
        };
        self.walls()
            .iter()
            .map(|(a, b)| lines::distance_to_line(scaled(point), scaled(*a), scaled(*b)))
            .fold(f64::INFINITY, f64::min)
    }

    fn signed_area(&self) -> f64 {
        let twice: f64 = self
            .walls()
            .iter()
            .map(|(a, b)| a.x * b.y - b.x * a.y)
            .sum();
        twice / 2.0
    }

    fn centroid(&self) -> Point {
        let area = self.signed_area();
        let (mut x, mut y) = (0.0, 0.0);
        for (a, b) in self.walls() {
            let cross = a.x * b.y - b.x * a.y;
            x += (a.x + b.x) * cross;
            y += (a.y + b.y) * cross;
        }
        Point {
            x: x / (6.0 * area),
            y: y / (6.0 * area),
        }
    }

    fn crosses_itself(&self) -> bool {
        let walls = self.walls();
        let last = walls.len() - 1;
        walls.iter().enumerate().any(|(n, one)| {
            walls
                .iter()
                .enumerate()
                .skip(n + 2)
                // The first and the last wall share a corner.
                .filter(|(m, _)| !(n == 0 && *m == last))
                .any(|(_, other)| are_crossing(*one, *other))
        })
    }
}

fn fit_point(point: Point, corner: usize) -> Result<Point, ShapeError> {
    if !point.x.is_finite() || !point.y.is_finite() {
        return Err(ShapeError::NotFinite(corner));
    }
    let allowed = -EDGE_SLACK..=1.0 + EDGE_SLACK;
    if !allowed.contains(&point.x) || !allowed.contains(&point.y) {
        let Point { x, y } = point;
        return Err(ShapeError::Outside { corner, x, y });
    }
    Ok(Point {
        x: point.x.clamp(0.0, 1.0),
        y: point.y.clamp(0.0, 1.0),
    })
}

fn longest(chords: &[(f64, f64)]) -> Option<&(f64, f64)> {
    chords
        .iter()
        .max_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0)))
}

/// Upper left and lower right corner of the smallest rectangle around some points; both 0, 0 when there are none.
#[must_use]
pub fn bounds(points: impl Iterator<Item = Point>) -> (Point, Point) {
    let around = points.fold(None, |around: Option<(Point, Point)>, point| {
        let (low, high) = around.unwrap_or((point, point));
        Some((
            Point {
                x: low.x.min(point.x),
                y: low.y.min(point.y),
            },
            Point {
                x: high.x.max(point.x),
                y: high.y.max(point.y),
            },
        ))
    });
    let nowhere = Point { x: 0.0, y: 0.0 };
    around.unwrap_or((nowhere, nowhere))
}

/// The drawing of a floor, with rooms named as `R`: by name in a file, by id in the database.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing<R> {
    /// Its size, when one was given.
    pub size: Option<Size>,
    /// The rooms.
    pub rooms: Vec<(R, Shape)>,
}

impl<R> Drawing<R> {
    /// Height / width; 2 : 3 when no size was given.
    #[must_use]
    pub fn aspect(&self) -> f64 {
        aspect(self.size)
    }
}

/// Height / width of a plan; 2 : 3 when no size was given.
#[must_use]
pub fn aspect(size: Option<Size>) -> f64 {
    size.map_or(2.0 / 3.0, |size| size.height_m / size.width_m)
}

/// A way from one room to another and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge<R> {
    /// The rooms.
    pub rooms: [R; 2],
    /// Metres to walk.
    pub cost_m: f64,
}

#[cfg(test)]
mod tests;
