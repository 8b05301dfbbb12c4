//! Drawings as GeoJSON, as `docs/PLANS.md` explains it. Pure.
//!
//! Read by hand from JSON values: whoever draws a plan needs to know which feature, which field, what stands there and what to
//! write instead, and no derived reader says all of that.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Drawing, EDGES_MAX, METRES_MAX, Point, ROOMS_MAX, Shape, Size, bounds};

/// Largest text that is read.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Faults that are told at once; more would not be read.
const FAULTS_MAX: usize = 30;

/// What is wrong with a plan: which feature (from 1), which field, what it holds, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFault {
    /// The feature, counted from 1; `None` when it is about the file.
    pub feature: Option<usize>,
    /// Field and value.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for PlanFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(number) = self.feature {
            write!(f, "feature {number}: ")?;
        }
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

impl PlanFault {
    /// A fault of a feature.
    #[must_use]
    pub fn of(feature: usize, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            feature: Some(feature),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// A fault of the file.
    #[must_use]
    pub fn of_file(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            feature: None,
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// A room as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The feature that draws it, from 1.
    pub feature: usize,
    /// Its name.
    pub name: String,
}

/// A way as a file names it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedWay {
    /// The feature that gives it, from 1.
    pub feature: usize,
    /// A room of this floor.
    pub from: String,
    /// A room of this floor, or of `to_floor`.
    pub to: String,
    /// Another floor of the building: stairs and lifts.
    pub to_floor: Option<String>,
    /// Metres to walk.
    pub cost_m: f64,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanFile {
    /// The rooms it draws.
    pub drawing: Drawing<Named>,
    /// The ways it gives.
    pub ways: Vec<NamedWay>,
}

/// How the coordinates of a file become those of a plan.
#[derive(Clone, Copy)]
struct Frame {
    low: Point,
    width: f64,
    height: f64,
    is_y_up: bool,
    /// Metres in one unit of a coordinate.
    metres: Option<(f64, f64)>,
}

impl Frame {
    fn place(&self, point: Point) -> Point {
        let y = (point.y - self.low.y) / self.height;
        Point {
            x: (point.x - self.low.x) / self.width,
            y: if self.is_y_up { 1.0 - y } else { y },
        }
    }
}

/// Reads a plan.
///
/// # Errors
/// Everything that is wrong, up to some thirty faults.
pub fn read_plan(text: &str) -> Result<PlanFile, Vec<PlanFault>> {
    let root = parse(text).map_err(|fault| vec![fault])?;
    let features = list_features(&root).map_err(|fault| vec![fault])?;
    let mut faults = Vec::new();
    let mut rings: Vec<(Named, Vec<Point>)> = Vec::new();
    let mut lines: Vec<(usize, &Map<String, Value>, Vec<Point>)> = Vec::new();
    let mut drawn: HashMap<String, usize> = HashMap::new();
    for (feature, number) in features.iter().zip(1..) {
        match read_feature(feature, number) {
            Ok(Feature::Room(named, ring)) => {
                if let Some(first) = drawn.insert(named.name.clone(), number) {
                    let what = format!(
                        "property room {:?} is drawn by feature {first} too",
                        named.name
                    );
                    faults.push(PlanFault::of(
                        number,
                        what,
                        "draw each room once, as one Polygon",
                    ));
                }
                rings.push((named, ring));
            }
            Ok(Feature::Way(properties, line)) => lines.push((number, properties, line)),
            Err(fault) => faults.push(fault),
        }
    }
    if rings.len() > ROOMS_MAX {
        let what = format!("the file draws {} rooms", rings.len());
        let remedy = format!("a floor may have at most {ROOMS_MAX}: split it into two floors");
        faults.push(PlanFault::of_file(what, remedy));
    }
    if rings.is_empty() && faults.is_empty() {
        faults.push(PlanFault::of_file(
            "no feature draws a room",
            "add a Polygon with the property room for each room",
        ));
    }
    if !faults.is_empty() {
        return Err(first_of(faults));
    }
    let frame = read_frame(&root, &rings).map_err(|fault| vec![fault])?;
    build(frame, rings, &lines)
}

fn build(
    frame: Frame,
    rings: Vec<(Named, Vec<Point>)>,
    lines: &[(usize, &Map<String, Value>, Vec<Point>)],
) -> Result<PlanFile, Vec<PlanFault>> {
    let mut faults = Vec::new();
    let mut rooms = Vec::with_capacity(rings.len());
    for (named, ring) in rings {
        let placed: Vec<Point> = ring.iter().map(|point| frame.place(*point)).collect();
        match Shape::new(&placed) {
            Ok(shape) => rooms.push((named, shape)),
            Err(error) => faults.push(PlanFault::of(
                named.feature,
                format!("coordinates of room {:?}", named.name),
                format!("the room {error}"),
            )),
        }
    }
    let mut ways = Vec::with_capacity(lines.len());
    for (number, properties, line) in lines {
        match read_way(*number, properties, line, &frame) {
            Ok(way) => ways.push(way),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(first_of(faults));
    }
    let size = frame
        .metres
        .and_then(|(x, y)| Size::new(frame.width * x, frame.height * y));
    Ok(PlanFile {
        drawing: Drawing { size, rooms },
        ways,
    })
}

fn first_of(mut faults: Vec<PlanFault>) -> Vec<PlanFault> {
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if more > 0 {
        faults.truncate(FAULTS_MAX);
        faults.push(PlanFault::of_file(
            format!("{more} more faults"),
            "put these right first, then check again",
        ));
    }
    faults
}

fn parse(text: &str) -> Result<Map<String, Value>, PlanFault> {
    if text.len() > BYTES_MAX {
        let what = format!("the file has {} bytes", text.len());
        let remedy = format!(
            "at most {BYTES_MAX} are read: one floor a file, coordinates with few decimals"
        );
        return Err(PlanFault::of_file(what, remedy));
    }
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(PlanFault::of_file(
            "the file is empty",
            "choose a GeoJSON file, or paste its text",
        ));
    }
    let root: Value = serde_json::from_str(text).map_err(|error| {
        PlanFault::of_file(
            format!("the file is no JSON: {error}"),
            "export the drawing again as GeoJSON",
        )
    })?;
    match root {
        Value::Object(root) => Ok(root),
        other => Err(PlanFault::of_file(
            format!("the file holds {}", shown(&other)),
            "it must be a GeoJSON object of type FeatureCollection",
        )),
    }
}

fn list_features(root: &Map<String, Value>) -> Result<&Vec<Value>, PlanFault> {
    let kind = root.get("type").unwrap_or(&Value::Null);
    if kind != "FeatureCollection" {
        return Err(PlanFault::of_file(
            format!("type is {}", shown(kind)),
            "it must be \"FeatureCollection\"",
        ));
    }
    match root.get("features") {
        Some(Value::Array(features)) if features.len() <= ROOMS_MAX + EDGES_MAX => Ok(features),
        Some(Value::Array(features)) => Err(PlanFault::of_file(
            format!("features has {} entries", features.len()),
            format!(
                "at most {} are read: one floor a file",
                ROOMS_MAX + EDGES_MAX
            ),
        )),
        other => Err(PlanFault::of_file(
            format!("features is {}", shown(other.unwrap_or(&Value::Null))),
            "it must be a list of features",
        )),
    }
}

enum Feature<'a> {
    Room(Named, Vec<Point>),
    Way(&'a Map<String, Value>, Vec<Point>),
}

fn read_feature(feature: &Value, number: usize) -> Result<Feature<'_>, PlanFault> {
    let properties = match feature.get("properties") {
        Some(Value::Object(properties)) => properties,
        other => {
            return Err(PlanFault::of(
                number,
                format!("properties is {}", shown(other.unwrap_or(&Value::Null))),
                "give an object with room, or with from and to",
            ));
        }
    };
    let geometry = feature.get("geometry").unwrap_or(&Value::Null);
    let kind = geometry.get("type").and_then(Value::as_str);
    let coordinates = geometry.get("coordinates").unwrap_or(&Value::Null);
    match kind {
        Some("Polygon") => {
            let name = read_text(properties, "room", number)?;
            Ok(Feature::Room(
                Named {
                    feature: number,
                    name,
                },
                read_ring(coordinates, number)?,
            ))
        }
        Some("LineString") => Ok(Feature::Way(properties, read_points(coordinates, number)?)),
        None if geometry.is_null() && properties.contains_key("from") => {
            Ok(Feature::Way(properties, Vec::new()))
        }
        _ => Err(PlanFault::of(
            number,
            format!(
                "geometry.type is {}",
                shown(geometry.get("type").unwrap_or(&Value::Null))
            ),
            "use Polygon for a room, LineString for a way between rooms",
        )),
    }
}

fn read_text(
    properties: &Map<String, Value>,
    field: &str,
    number: usize,
) -> Result<String, PlanFault> {
    match properties.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        other => Err(PlanFault::of(
            number,
            format!(
                "property {field} is {}",
                shown(other.unwrap_or(&Value::Null))
            ),
            "give the name of a room in quotes",
        )),
    }
}

fn read_ring(coordinates: &Value, number: usize) -> Result<Vec<Point>, PlanFault> {
    let rings = coordinates.as_array().map_or(&[][..], Vec::as_slice);
    let [ring] = rings else {
        return Err(PlanFault::of(
            number,
            format!("coordinates has {} rings", rings.len()),
            "give one ring: a room has no holes and one outline",
        ));
    };
    let points = read_points(ring, number)?;
    if points.len() < 4 || points.first() != points.last() {
        return Err(PlanFault::of(
            number,
            format!(
                "coordinates: a ring of {} points that is not closed",
                points.len()
            ),
            "give at least four points, the last the same as the first",
        ));
    }
    Ok(points)
}

fn read_points(points: &Value, number: usize) -> Result<Vec<Point>, PlanFault> {
    let Some(points) = points.as_array() else {
        return Err(PlanFault::of(
            number,
            format!("coordinates is {}", shown(points)),
            "give a list of points",
        ));
    };
    points
        .iter()
        .zip(1..)
        .map(|(point, nth)| {
            let axis = |n: usize| {
                point
                    .get(n)
                    .and_then(Value::as_f64)
                    .filter(|value| value.is_finite() && value.abs() <= 1e9)
            };
            match (axis(0), axis(1)) {
                (Some(x), Some(y)) => Ok(Point { x, y }),
                _ => Err(PlanFault::of(
                    number,
                    format!("point {nth} of coordinates is {}", shown(point)),
                    "give two numbers: [x, y]",
                )),
            }
        })
        .collect()
}

fn read_frame(
    root: &Map<String, Value>,
    rings: &[(Named, Vec<Point>)],
) -> Result<Frame, PlanFault> {
    let is_normalised = match root.get("normalised") {
        None | Some(Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(other) => {
            return Err(PlanFault::of_file(
                format!("normalised is {}", shown(other)),
                "write true when coordinates run from 0 to 1, else leave it out",
            ));
        }
    };
    let is_y_up = match root.get("y_axis").map(|value| (value, value.as_str())) {
        // Pictures count from their upper edge, maps from the south.
        None => !is_normalised,
        Some((_, Some("up"))) => true,
        Some((_, Some("down"))) => false,
        Some((other, _)) => {
            return Err(PlanFault::of_file(
                format!("y_axis is {}", shown(other)),
                "write \"up\" or \"down\"",
            ));
        }
    };
    if is_normalised {
        let metres = match (read_side(root, "width_m")?, read_side(root, "height_m")?) {
            (Some(width), Some(height)) => Some((width, height)),
            (None, None) => None,
            _ => {
                return Err(PlanFault::of_file(
                    "only one of width_m and height_m is there",
                    "give both, or none",
                ));
            }
        };
        return Ok(Frame {
            low: Point { x: 0.0, y: 0.0 },
            width: 1.0,
            height: 1.0,
            is_y_up,
            metres,
        });
    }
    let (low, high) = bounds(rings.iter().flat_map(|(_, ring)| ring.iter().copied()));
    let (width, height) = (high.x - low.x, high.y - low.y);
    if Size::new(width, height).is_none() {
        return Err(PlanFault::of_file(
            format!("the drawing is {width} m wide and {height} m high"),
            format!(
                "both must be above 0 and at most {METRES_MAX} m; for coordinates from 0 to 1 add \"normalised\": true"
            ),
        ));
    }
    Ok(Frame {
        low,
        width,
        height,
        is_y_up,
        metres: Some((1.0, 1.0)),
    })
}

fn read_side(root: &Map<String, Value>, field: &str) -> Result<Option<f64>, PlanFault> {
    match root.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value
            .as_f64()
            .filter(|side| *side > 0.0 && *side <= METRES_MAX)
        {
            Some(side) => Ok(Some(side)),
            None => Err(PlanFault::of_file(
                format!("{field} is {}", shown(value)),
                format!("give metres, above 0 and at most {METRES_MAX}"),
            )),
        },
    }
}

fn read_way(
    number: usize,
    properties: &Map<String, Value>,
    line: &[Point],
    frame: &Frame,
) -> Result<NamedWay, PlanFault> {
    let cost_m = match (properties.get("metres"), frame.metres) {
        (Some(value), _) => value
            .as_f64()
            .filter(|metres| (0.0..=METRES_MAX).contains(metres))
            .ok_or_else(|| {
                PlanFault::of(
                    number,
                    format!("property metres is {}", shown(value)),
                    format!("give a number from 0 to {METRES_MAX}"),
                )
            })?,
        (None, Some((x, y))) if line.len() >= 2 => line
            .windows(2)
            .map(|pair| match pair {
                [a, b] => ((a.x - b.x) * x).hypot((a.y - b.y) * y),
                _ => 0.0,
            })
            .sum::<f64>()
            .min(METRES_MAX),
        _ => {
            return Err(PlanFault::of(
                number,
                "property metres is missing",
                "say how many metres the way is; it can be measured only on a LineString in metres",
            ));
        }
    };
    let to_floor = match properties.get("to_floor") {
        None | Some(Value::Null) => None,
        Some(_) => Some(read_text(properties, "to_floor", number)?),
    };
    Ok(NamedWay {
        feature: number,
        from: read_text(properties, "from", number)?,
        to: read_text(properties, "to", number)?,
        to_floor,
        cost_m,
    })
}

/// A value in short.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "missing".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        other => {
            let text = other.to_string();
            if text.chars().count() <= 60 {
                text
            } else {
                format!("{}...", text.chars().take(60).collect::<String>())
            }
        }
    }
}

/// To seven decimals: less than a tenth of a millimetre on the largest plan, and files that people can read.
fn rounded(value: f64) -> f64 {
    (value * 1e7).round() / 1e7
}

/// Writes a plan so that reading it again gives the same to seven decimals. Ways name their rooms by `from` and `to`.
#[must_use]
pub fn write_plan(drawing: &Drawing<String>, ways: &[NamedWay]) -> String {
    let rooms = drawing.rooms.iter().map(|(name, shape)| {
        let first = shape.points().first();
        let ring: Vec<[f64; 2]> = shape
            .points()
            .iter()
            .chain(first)
            .map(|p| [rounded(p.x), rounded(p.y)])
            .collect();
        json!({"type": "Feature", "properties": {"room": name},
            "geometry": {"type": "Polygon", "coordinates": [ring]}})
    });
    let ways = ways.iter().map(|way| {
        let mut properties = json!({"from": way.from, "to": way.to, "metres": rounded(way.cost_m)});
        if let (Some(floor), Some(properties)) = (&way.to_floor, properties.as_object_mut()) {
            properties.insert("to_floor".to_owned(), json!(floor));
        }
        json!({"type": "Feature", "properties": properties, "geometry": null})
    });
    let features: Vec<Value> = rooms.chain(ways).collect();
    let mut root = json!({"type": "FeatureCollection", "normalised": true, "y_axis": "down", "features": features});
    if let (Some(size), Some(root)) = (drawing.size, root.as_object_mut()) {
        root.insert("width_m".to_owned(), json!(size.width_m));
        root.insert("height_m".to_owned(), json!(size.height_m));
    }
    root.to_string()
}
