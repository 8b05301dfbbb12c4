//! From shapes to what an SVG says: where walls, names, numbers, patterns and pins stand. Pure.
//!
//! A canvas has as many units as let the middling room be some 110 wide, so that texts of one size fit on plans of any size.

use crate::places::plan::{Point, Shape, bounds};

/// Width of the middling room.
const ROOM_UNITS: f64 = 112.0;
/// Margin around the plan, so that outer walls are not cut.
const PAD: f64 = 8.0;
/// A view wider than this shows larger letters, because it is shown smaller.
const FAR_FROM: f64 = 1_500.0;
/// Narrowest view.
const VIEW_MIN: f64 = 320.0;
/// One press of a zoom button.
const ZOOM_STEP: f64 = 1.6;

/// The drawing area of a floor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Canvas {
    /// Width in units.
    pub width: f64,
    /// Height in units.
    pub height: f64,
}

/// The part of a canvas that is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// Where a view moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nearer.
    In,
    /// Farther.
    Out,
    /// To the left.
    West,
    /// To the right.
    East,
    /// Up.
    North,
    /// Down.
    South,
}

impl Canvas {
    /// The canvas for these shapes; `aspect` is height / width of the plan.
    #[must_use]
    pub fn new<'a>(shapes: impl Iterator<Item = &'a Shape>, aspect: f64) -> Self {
        let mut widths: Vec<f64> = shapes
            .map(|shape| {
                let (low, high) = shape.bounds();
                high.x - low.x
            })
            .collect();
        widths.sort_by(f64::total_cmp);
        let middling = widths.get(widths.len() / 2).copied().unwrap_or(0.1);
        let inner = (ROOM_UNITS / middling.max(1e-6)).clamp(600.0, 20_000.0);
        Self {
            width: inner + 2.0 * PAD,
            height: inner * aspect.clamp(0.02, 50.0) + 2.0 * PAD,
        }
    }

    /// Where a point of the plan stands.
    #[must_use]
    pub fn place(&self, point: Point) -> Point {
        Point {
            x: PAD + point.x * (self.width - 2.0 * PAD),
            y: PAD + point.y * (self.height - 2.0 * PAD),
        }
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> View {
        self.view(0.0, 0.0, self.width)
    }

    /// The view with this corner and width, kept inside the canvas; anything that is no number counts as 0.
    #[must_use]
    pub fn view(&self, x: f64, y: f64, w: f64) -> View {
        let number = |value: f64| if value.is_finite() { value } else { 0.0 };
        let w = number(w).clamp(VIEW_MIN.min(self.width), self.width);
        let h = (w * (self.height / self.width).max(0.5)).min(self.height);
        View {
            x: number(x).clamp(0.0, self.width - w),
            y: number(y).clamp(0.0, self.height - h),
            w,
            h,
        }
    }

    /// The view around some points with a margin, never narrower than reads well.
    #[must_use]
    pub fn view_around(&self, points: impl Iterator<Item = Point>) -> View {
        let (low, high) = bounds(points.map(|point| self.place(point)));
        let w = (high.x - low.x + 80.0).max(700.0);
        let h = w * (self.height / self.width).max(0.5);
        self.view(
            f64::midpoint(low.x, high.x) - w / 2.0,
            f64::midpoint(low.y, high.y) - h / 2.0,
            w,
        )
    }

    /// The view after a press of a button; `None` when it would be the same.
    #[must_use]
    pub fn moved(&self, view: View, step: Move) -> Option<View> {
        let third = view.w / 3.0;
        let zoomed = |w: f64| {
            let w = w.clamp(VIEW_MIN.min(self.width), self.width);
            let h = (w * (self.height / self.width).max(0.5)).min(self.height);
            let (x, y) = (view.x + (view.w - w) / 2.0, view.y + (view.h - h) / 2.0);
            self.view(x, y, w)
        };
        let at_edge = match step {
            Move::In => view.w <= VIEW_MIN.min(self.width) + 1.0,
            Move::Out => view.w >= self.width - 1.0,
            _ => false,
        };
        if at_edge {
            return None;
        }
        let next = match step {
            Move::In => zoomed(view.w / ZOOM_STEP),
            Move::Out => zoomed(view.w * ZOOM_STEP),
            Move::West => self.view(view.x - third, view.y, view.w),
            Move::East => self.view(view.x + third, view.y, view.w),
            Move::North => self.view(view.x, view.y - third, view.w),
            Move::South => self.view(view.x, view.y + third, view.w),
        };
        let is_same = (next.x - view.x).abs() < 1.0
            && (next.y - view.y).abs() < 1.0
            && (next.w - view.w).abs() < 1.0;
        (!is_same).then_some(next)
    }
}

impl View {
    /// The attribute `viewBox`.
    #[must_use]
    pub fn attribute(&self) -> String {
        format!("{:.0} {:.0} {:.0} {:.0}", self.x, self.y, self.w, self.h)
    }

    /// Whether it is shown so small that letters must be larger.
    #[must_use]
    pub fn is_far(&self) -> bool {
        self.w > FAR_FROM
    }
}

/// A text and where its middle stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Middle.
    pub x: String,
    /// Base line.
    pub y: String,
    /// The text.
    pub text: String,
}

impl Label {
    fn new(x: f64, y: f64, text: impl Into<String>) -> Self {
        Self {
            x: format!("{x:.1}"),
            y: format!("{y:.1}"),
            text: text.into(),
        }
    }
}

/// A rectangle.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Left edge.
    pub x: String,
    /// Upper edge.
    pub y: String,
    /// Width.
    pub width: String,
    /// Height.
    pub height: String,
}

/// A pin: its outline and the number in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The path.
    pub path: String,
    /// The number.
    pub label: Label,
    /// Whether what it points at is ready.
    pub is_ready: bool,
}

/// What stands in a room.
#[derive(Clone, Debug, PartialEq)]
pub enum Middle {
    /// Nothing.
    Empty,
    /// A number.
    Number(String),
    /// A number of what was last seen.
    Was(String),
    /// A pin with a number.
    Pin {
        /// The number.
        number: String,
        /// Whether what it points at is ready.
        is_ready: bool,
    },
}

/// A room as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// The walls: the attribute `points`.
    pub walls: String,
    /// The same a little smaller, for the outline of a room whose readers are down.
    pub inset: String,
    /// Lines of its name; none where they do not fit.
    pub name: Vec<Label>,
    /// Its number.
    pub number: Option<Label>,
    /// Its pin.
    pub pin: Option<Pin>,
    /// The strip for a pattern or for words along its lower wall.
    pub strip: Option<Block>,
    /// The middle of the words in that strip.
    pub strip_label: Label,
    /// How many letters fit into that strip.
    pub strip_letters: usize,
}

/// Sizes of letters.
struct Letters {
    name: f64,
    number: f64,
    strip: f64,
}

impl Sketch {
    /// Draws a room. The strip is kept free for a pattern, or for a line of words.
    #[must_use]
    pub fn new(
        canvas: &Canvas,
        (shape, label): (&Shape, Point),
        name: &str,
        middle: &Middle,
        is_far: bool,
    ) -> Self {
        let letters = if is_far {
            Letters {
                name: 23.0,
                number: 42.0,
                strip: 30.0,
            }
        } else {
            Letters {
                name: 17.0,
                number: 34.0,
                strip: 22.0,
            }
        };
        let at = canvas.place(label);
        let to_units = |(from, to): (f64, f64), is_x: bool| {
            let one = |share: f64| {
                let point = canvas.place(Point { x: share, y: share });
                if is_x { point.x } else { point.y }
            };
            (one(from), one(to))
        };
        let chord = |y: f64| {
            let chord = shape.chord_at(y, label.x);
            chord.map_or((at.x, at.x), |chord| to_units(chord, true))
        };
        let (top, bottom) = shape
            .column_at(label.x, label.y)
            .map_or((at.y, at.y), |column| to_units(column, false));
        let width = {
            let (from, to) = chord(label.y);
            to - from
        };
        let strip = strip(shape, canvas, label, bottom, letters.strip);
        let floor = strip
            .as_ref()
            .map_or(bottom - 4.0, |(block, _)| block.1 - 2.0);
        let has_middle = *middle != Middle::Empty;
        let column = Column {
            x: at.x,
            top: top + 4.0,
            bottom: if has_middle { floor } else { bottom - 4.0 },
        };
        let (name, middle_at) = lay_out(name, width, &column, has_middle, &letters);
        let (number, pin) = match middle {
            Middle::Empty => (None, None),
            Middle::Number(text) | Middle::Was(text) => (
                Some(Label::new(
                    middle_at.x,
                    middle_at.y + letters.number * 0.36,
                    text,
                )),
                None,
            ),
            Middle::Pin { number, is_ready } => (
                None,
                Some(draw_pin(
                    middle_at,
                    number,
                    *is_ready,
                    letters.number / 34.0,
                )),
            ),
        };
        let (block, strip_width) = strip.map_or((None, 0.0), |(block, width)| (Some(block), width));
        let strip_at = block.map_or(at, |(x, y, width, height)| Point {
            x: x + width / 2.0,
            y: y + height / 2.0,
        });
        Self {
            walls: attribute(shape.points().iter().map(|point| canvas.place(*point))),
            inset: attribute(inset(shape, canvas, at)),
            name,
            number,
            pin,
            strip: block.map(|(x, y, width, height)| Block {
                x: format!("{x:.1}"),
                y: format!("{y:.1}"),
                width: format!("{width:.1}"),
                height: format!("{height:.1}"),
            }),
            strip_label: Label::new(strip_at.x, strip_at.y + letters.strip * 0.25, ""),
            strip_letters: count_letters(strip_width, letters.strip * 0.72),
        }
    }
}

fn attribute(points: impl Iterator<Item = Point>) -> String {
    let texts: Vec<String> = points.map(|p| format!("{:.1},{:.1}", p.x, p.y)).collect();
    texts.join(" ")
}

/// The walls drawn toward the label by some six units.
fn inset(shape: &Shape, canvas: &Canvas, at: Point) -> impl Iterator<Item = Point> {
    let points: Vec<Point> = shape
        .points()
        .iter()
        .map(|point| canvas.place(*point))
        .collect();
    points.into_iter().map(move |point| {
        let shrink = |from: f64, to: f64| {
            let by = (to - from).abs().min(7.0);
            if to > from { to - by } else { to + by }
        };
        Point {
            x: shrink(at.x, point.x),
            y: shrink(at.y, point.y),
        }
    })
}

/// Left, top, width and height of a strip along the lower wall, and its width; `None` where the room is too small for one.
fn strip(
    shape: &Shape,
    canvas: &Canvas,
    label: Point,
    bottom: f64,
    height: f64,
) -> Option<((f64, f64, f64, f64), f64)> {
    let inner = canvas.height - 2.0 * PAD;
    let of_canvas = |units: f64| (units - PAD) / inner;
    let (upper, lower) = (bottom - height - 3.0, bottom - 3.0);
    let ends = [upper, lower].map(|y| shape.chord_at(of_canvas(y), label.x));
    let [Some(one), Some(other)] = ends else {
        return None;
    };
    let (from, to) = (one.0.max(other.0), one.1.min(other.1));
    let x = |share: f64| canvas.place(Point { x: share, y: 0.0 }).x;
    let (from, to) = (x(from) + 3.0, x(to) - 3.0);
    let is_inside = from < x(label.x) && x(label.x) < to;
    (is_inside && to - from >= 24.0).then_some(((from, upper, to - from, height), to - from))
}

/// The free part of a room above its label point and below it.
struct Column {
    x: f64,
    top: f64,
    bottom: f64,
}

/// Lines of the name, and where the number stands: below the name, or beside it where the room is low and wide.
fn lay_out(
    name: &str,
    width: f64,
    column: &Column,
    has_middle: bool,
    letters: &Letters,
) -> (Vec<Label>, Point) {
    let line = letters.name * 1.15;
    let height = column.bottom - column.top;
    let middle = f64::midpoint(column.top, column.bottom);
    let number = if has_middle {
        letters.number * 1.1
    } else {
        0.0
    };
    let lines = wrap(name, count_letters(width - 8.0, letters.name));
    let names = f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX)) * line;
    let only_number = Point {
        x: column.x,
        y: middle,
    };
    if lines.is_empty() {
        return (Vec::new(), only_number);
    }
    if names + number <= height {
        let top = middle - f64::midpoint(names, number);
        let labels = lines
            .into_iter()
            .zip(1_u32..)
            .map(|(text, nth)| {
                Label::new(column.x, top + f64::from(nth) * line - line * 0.22, text)
            })
            .collect();
        return (
            labels,
            Point {
                x: column.x,
                y: top + names + number / 2.0,
            },
        );
    }
    let whole = width_of(name, letters.name);
    if line <= height && whole + letters.number * 2.0 + 16.0 <= width {
        let from = column.x - f64::midpoint(whole, letters.number * 1.5);
        let label = Label::new(from + whole / 2.0, middle + letters.name * 0.36, name);
        let number = Point {
            x: from + whole + letters.number,
            y: middle,
        };
        return (vec![label], number);
    }
    if !has_middle && line <= height && whole <= width {
        return (
            vec![Label::new(column.x, middle + letters.name * 0.36, name)],
            only_number,
        );
    }
    (Vec::new(), only_number)
}

/// Mean width of a letter of a bold sans serif.
const LETTER: f64 = 0.57;

fn width_of(text: &str, size: f64) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)) * size * LETTER
}

fn count_letters(width: f64, size: f64) -> usize {
    (1..=60_u32)
        .take_while(|count| f64::from(*count) * size * LETTER <= width)
        .count()
}

/// Words in lines of at most so many letters; nothing when a word is longer.
fn wrap(name: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in name.split_whitespace() {
        let length = word.chars().count();
        if length > letters {
            return Vec::new();
        }
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + length <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn draw_pin(at: Point, number: &str, is_ready: bool, scale: f64) -> Pin {
    let scale = if is_ready { scale } else { scale * 0.78 };
    let (x, y) = (at.x, at.y);
    let path = format!(
        "M{x:.1} {:.1}l{:.1} {:.1}a{r:.1} {r:.1} 0 1 1 {:.1} 0z",
        y + 24.0 * scale,
        -13.0 * scale,
        -14.0 * scale,
        26.0 * scale,
        r = 18.0 * scale,
    );
    Pin {
        path,
        label: Label::new(x, y + 4.5 * scale, number),
        is_ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: (f64, f64), y: (f64, f64)) -> Shape {
        let corners = [(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1)];
        Shape::new(&corners.map(|(x, y)| Point { x, y })).unwrap()
    }

    #[test]
    fn views_stay_inside_the_canvas() {
        let rooms = [rect((0.0, 0.05), (0.0, 1.0)), rect((0.05, 0.1), (0.0, 1.0))];
        let canvas = Canvas::new(rooms.iter(), 0.2);
        assert!((canvas.width - 2_256.0).abs() < 1.0, "{canvas:?}");
        for (x, y, w) in [
            (0.0, 0.0, 500.0),
            (1e9, -1e9, 500.0),
            (f64::NAN, f64::INFINITY, f64::NEG_INFINITY),
            (50.0, 50.0, 1e12),
        ] {
            let view = canvas.view(x, y, w);
            assert!(
                view.x >= 0.0 && view.x + view.w <= canvas.width + 1e-6,
                "{view:?}"
            );
            assert!(
                view.y >= 0.0 && view.y + view.h <= canvas.height + 1e-6,
                "{view:?}"
            );
            assert!(view.w >= 320.0);
        }
    }

    #[test]
    fn zooming_out_and_in_ends_where_nothing_changes() {
        let canvas = Canvas {
            width: 2_000.0,
            height: 1_000.0,
        };
        let whole = canvas.whole();
        assert_eq!(canvas.moved(whole, Move::Out), None);
        assert_eq!(canvas.moved(whole, Move::West), None);
        let mut view = whole;
        let mut steps = 0;
        while let Some(next) = canvas.moved(view, Move::In).filter(|next| next.w < view.w) {
            view = next;
            steps += 1;
        }
        assert_eq!(steps, 4);
        assert!(canvas.moved(view, Move::East).is_some());
    }

    #[test]
    fn names_are_wrapped_or_left_out() {
        assert_eq!(
            wrap("Clean utility 3W-12", 9),
            ["Clean", "utility", "3W-12"]
        );
        assert_eq!(wrap("Clean utility 3W-12", 13), ["Clean utility", "3W-12"]);
        assert!(wrap("Anaesthesiology", 8).is_empty());
    }

    #[test]
    fn what_stands_in_a_room_stands_inside_it() {
        let room = rect((0.1, 0.2), (0.0, 0.4));
        let canvas = Canvas::new(std::iter::once(&room), 0.2);
        let middle = Middle::Number("12".to_owned());
        let sketch = Sketch::new(
            &canvas,
            (&room, room.label_point(0.2)),
            "Room 7",
            &middle,
            false,
        );
        let (low, high) = room.bounds();
        let (low, high) = (canvas.place(low), canvas.place(high));
        let number = sketch.number.unwrap();
        let strip = sketch.strip.unwrap();
        for (x, y) in sketch
            .name
            .iter()
            .map(|l| (&l.x, &l.y))
            .chain([(&number.x, &number.y), (&strip.x, &strip.y)])
        {
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!(
                x > low.x && x < high.x && y > low.y && y < high.y,
                "{x} {y}"
            );
        }
    }
}
