//! Points and walls, in metres.

/// A point of a floor, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// From west to east.
    pub x: f32,
    /// From south to north.
    pub y: f32,
}

impl Point {
    /// Metres from here to there.
    #[must_use]
    pub fn distance_m(self, to: Self) -> f32 {
        (self.x - to.x).hypot(self.y - to.y)
    }

    /// The point at this share of the way to another.
    #[must_use]
    pub fn toward(self, to: Self, share: f32) -> Self {
        Self {
            x: self.x + (to.x - self.x) * share,
            y: self.y + (to.y - self.y) * share,
        }
    }
}

/// Walls of a room.
#[derive(Clone, Copy, Debug)]
pub struct Rect {
    /// South-west corner.
    pub low: Point,
    /// North-east corner.
    pub high: Point,
}

impl Rect {
    pub(super) fn new(x: (f32, f32), y: (f32, f32)) -> Self {
        Self {
            low: Point { x: x.0, y: y.0 },
            high: Point { x: x.1, y: y.1 },
        }
    }

    /// The point at these shares of width and depth.
    #[must_use]
    pub fn at(&self, x_share: f32, y_share: f32) -> Point {
        Point {
            x: self.low.x + (self.high.x - self.low.x) * x_share,
            y: self.low.y + (self.high.y - self.low.y) * y_share,
        }
    }

    /// Whether the point lies inside or on a wall.
    #[must_use]
    pub fn contains(&self, p: Point) -> bool {
        p.x >= self.low.x && p.x <= self.high.x && p.y >= self.low.y && p.y <= self.high.y
    }

    /// Whether the straight line between two points passes through the inside of the room.
    #[must_use]
    pub fn is_crossed_by(&self, a: Point, b: Point) -> bool {
        let (mut enters, mut leaves) = (0.0_f32, 1.0_f32);
        let axes = [
            (a.x, b.x, self.low.x, self.high.x),
            (a.y, b.y, self.low.y, self.high.y),
        ];
        for (from, to, low, high) in axes {
            let along = to - from;
            if along.abs() < 1e-6 {
                if from <= low || from >= high {
                    return false;
                }
                continue;
            }
            let (p, q) = ((low - from) / along, (high - from) / along);
            enters = enters.max(p.min(q));
            leaves = leaves.min(p.max(q));
        }
        // A line that only touches a corner passes no wall worth counting.
        leaves - enters > 1e-4
    }
}
