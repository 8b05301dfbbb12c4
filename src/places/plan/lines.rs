//! Straight lines between points. Pure.

use super::Point;

/// The lines from each point to the next, and from the last to the first.
#[must_use]
pub fn list_edges(points: &[Point]) -> Vec<(Point, Point)> {
    let next = points.iter().cycle().skip(1);
    points.iter().copied().zip(next.copied()).collect()
}

/// How far a point is from the nearest point of a line.
#[must_use]
pub fn distance_to_line(point: Point, a: Point, b: Point) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length_squared = dx * dx + dy * dy;
    if length_squared == 0.0 {
        return point.distance(a);
    }
    let along = ((point.x - a.x) * dx + (point.y - a.y) * dy) / length_squared;
    let along = along.clamp(0.0, 1.0);
    point.distance(Point {
        x: a.x + along * dx,
        y: a.y + along * dy,
    })
}

/// Whether two lines cross, or touch at more than an end of one of them.
#[must_use]
pub fn are_crossing(one: (Point, Point), other: (Point, Point)) -> bool {
    let side = |(a, b): (Point, Point), p: Point| {
        let cross = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
        if cross.abs() < 1e-12 {
            0_i8
        } else if cross > 0.0 {
            1
        } else {
            -1
        }
    };
    side(one, other.0) * side(one, other.1) < 0 && side(other, one.0) * side(other, one.1) < 0
}

/// The stretch that two lines share when they lie on each other within `slack`: two walls of neighbouring rooms.
#[must_use]
pub fn shared_stretch(
    one: (Point, Point),
    other: (Point, Point),
    slack: f64,
) -> Option<(Point, Point)> {
    let (a, b) = one;
    let length = a.distance(b);
    if length <= slack {
        return None;
    }
    let unit = Point {
        x: (b.x - a.x) / length,
        y: (b.y - a.y) / length,
    };
    let along = |p: Point| (p.x - a.x) * unit.x + (p.y - a.y) * unit.y;
    let aside = |p: Point| ((p.x - a.x) * unit.y - (p.y - a.y) * unit.x).abs();
    if aside(other.0) > slack || aside(other.1) > slack {
        return None;
    }
    let (c, d) = (along(other.0), along(other.1));
    let (from, to) = (c.min(d).max(0.0), c.max(d).min(length));
    let at = |share: f64| Point {
        x: a.x + unit.x * share,
        y: a.y + unit.y * share,
    };
    (to - from > slack).then(|| (at(from), at(to)))
}
