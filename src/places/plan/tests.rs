use proptest::prelude::*;

use super::geojson::{NamedWay, read_plan, write_plan};
use super::matching::{KnownRoom, match_rooms};
use super::*;
use crate::ids::{FloorId, RoomId};

fn ring(points: &[(f64, f64)]) -> Vec<Point> {
    points.iter().map(|&(x, y)| Point { x, y }).collect()
}

fn shape(points: &[(f64, f64)]) -> Shape {
    Shape::new(&ring(points)).unwrap()
}

#[test]
fn a_shape_is_a_ring_inside_the_plan() {
    let square = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5), (0.0, 0.0)];
    let good = shape(&square);
    assert_eq!(good.points().len(), 4);
    assert!((good.area() - 0.25).abs() < 1e-12);
    let refused = |points: &[(f64, f64)]| Shape::new(&ring(points)).unwrap_err();
    assert_eq!(refused(&[]), ShapeError::TooFew(0));
    assert_eq!(
        refused(&[(0.0, 0.0), (0.1, 0.1), (0.0, 0.0)]),
        ShapeError::TooFew(2)
    );
    assert_eq!(
        refused(&[(0.0, 0.0), (f64::NAN, 0.1), (0.1, 0.0)]),
        ShapeError::NotFinite(2)
    );
    assert!(matches!(
        refused(&[(0.0, 0.0), (1.2, 0.0), (0.0, 1.0)]),
        ShapeError::Outside { corner: 2, .. }
    ));
    assert_eq!(
        refused(&[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)]),
        ShapeError::NoArea
    );
    assert_eq!(
        refused(&[(0.0, 0.0), (0.9, 0.8), (0.9, 0.0), (0.0, 0.5)]),
        ShapeError::Crossing
    );
    let many: Vec<(f64, f64)> = (0..300).map(|n| (f64::from(n) / 300.0, 0.0)).collect();
    assert_eq!(refused(&many), ShapeError::TooMany(300));
}

#[test]
fn the_label_lies_inside_an_l_and_a_u() {
    let l = shape(&[
        (0.0, 0.0),
        (0.2, 0.0),
        (0.2, 0.8),
        (1.0, 0.8),
        (1.0, 1.0),
        (0.0, 1.0),
    ]);
    let u = shape(&[
        (0.0, 0.0),
        (0.1, 0.0),
        (0.1, 0.9),
        (0.9, 0.9),
        (0.9, 0.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (0.0, 1.0),
    ]);
    for shape in [l, u] {
        assert!(shape.contains(shape.label_point(1.0)));
    }
    let square = shape(&[(0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4)]);
    let label = square.label_point(1.0);
    assert!(label.distance(Point { x: 0.3, y: 0.3 }) < 1e-9);
    assert_eq!(square.chord_at(0.3, 0.3), Some((0.2, 0.4)));
}

proptest! {
    /// Stars around a point: as crooked as rooms get.
    #[test]
    fn every_label_lies_inside_its_room(radii in prop::collection::vec(0.05_f64..0.5, 3..40), aspect in 0.1_f64..4.0) {
        let count = f64::from(u32::try_from(radii.len()).unwrap());
        let points: Vec<(f64, f64)> = radii.iter().zip(0_u32..).map(|(radius, n)| {
            let angle = f64::from(n) / count * std::f64::consts::TAU;
            (0.5 + radius * angle.cos(), 0.5 + radius * angle.sin())
        }).collect();
        if let Ok(shape) = Shape::new(&ring(&points)) {
            prop_assert!(shape.contains(shape.label_point(aspect)));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = read_plan(&text);
    }

    #[test]
    fn a_written_plan_reads_as_the_same(x in 0.01_f64..0.49, y in 0.01_f64..0.99, metres in 0.0_f64..100.0) {
        let drawing = Drawing {
            size: Size::new(90.0, 15.0),
            rooms: vec![
                ("A \"1\"".to_owned(), shape(&[(0.0, 0.0), (x, 0.0), (x, y)])),
                ("B".to_owned(), shape(&[(0.5, 0.0), (1.0, 0.0), (1.0, y), (0.5, y)])),
            ],
        };
        let way = NamedWay { feature: 3, from: "B".to_owned(), to: "C".to_owned(), to_floor: Some("Level 4".to_owned()), cost_m: metres };
        let read = read_plan(&write_plan(&drawing, std::slice::from_ref(&way))).unwrap();
        prop_assert_eq!(read.drawing.size, drawing.size);
        prop_assert!((read.ways[0].cost_m - metres).abs() < 1e-6);
        prop_assert_eq!(NamedWay { cost_m: metres, ..read.ways[0].clone() }, way);
        for ((named, shape), (name, drawn)) in read.drawing.rooms.iter().zip(&drawing.rooms) {
            prop_assert_eq!(&named.name, name);
            prop_assert!(shape.points().iter().zip(drawn.points()).all(|(a, b)| a.distance(*b) < 1e-6));
        }
    }
}

const METRES: &str = r#"{"type":"FeatureCollection","features":[
  {"type":"Feature","properties":{"room":"North"},"geometry":{"type":"Polygon","coordinates":[[[100,10],[120,10],[120,20],[100,20],[100,10]]]}},
  {"type":"Feature","properties":{"room":"South"},"geometry":{"type":"Polygon","coordinates":[[[100,0],[120,0],[120,10],[100,10],[100,0]]]}}]}"#;

#[test]
fn metres_are_fitted_into_the_plan_with_north_at_the_top() {
    let plan = read_plan(METRES).unwrap();
    assert_eq!(plan.drawing.size, Size::new(20.0, 20.0));
    let (low, high) = plan.drawing.rooms[0].1.bounds();
    assert_eq!((low.y, high.y), (0.0, 0.5));
    let turned = METRES.replacen('{', r#"{"y_axis":"down","#, 1);
    let (low, _) = read_plan(&turned).unwrap().drawing.rooms[0].1.bounds();
    assert!((low.y - 0.5).abs() < 1e-12);
}

#[test]
fn a_fault_names_feature_field_value_and_remedy() {
    let feature = |properties: &str, geometry: &str| {
        format!(
            r#"{{"type":"FeatureCollection","normalised":true,"features":[{{"type":"Feature","properties":{properties},"geometry":{geometry}}}]}}"#
        )
    };
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[0.5,0],[0.5,0.5],[0,0.5],[0,0]]]}"#;
    let cases = [
        (String::new(), "the file is empty"),
        (METRES.chars().take(40).collect(), "no JSON"),
        ("[1]".to_owned(), "a list of 1"),
        (r#"{"type":"Feature"}"#.to_owned(), "type is \"Feature\""),
        (
            r#"{"type":"FeatureCollection"}"#.to_owned(),
            "features is missing",
        ),
        (
            r#"{"type":"FeatureCollection","features":[]}"#.to_owned(),
            "no feature draws a room",
        ),
        (
            feature(r#"{"room":"A"}"#, r#"{"type":"Point","coordinates":[0,0]}"#),
            "feature 1: geometry.type is \"Point\": use Polygon",
        ),
        (feature("null", square), "feature 1: properties is missing"),
        (
            feature(r#"{"room":7}"#, square),
            "feature 1: property room is 7",
        ),
        (
            feature(r#"{"room":"A"}"#, &square.replace("0.5", "1.5")),
            "feature 1: coordinates of room \"A\": the room corner 2 is at 1.5, 0",
        ),
        (
            feature(r#"{"room":"A"}"#, &square.replace("[0,0]]]", "[0,0.1]]]")),
            "not closed",
        ),
        (
            feature(r#"{"room":"A"}"#, &square.replace("[0.5,0]", "[\"x\",0]")),
            "point 2 of coordinates is a list of 2: give two numbers",
        ),
        (
            feature(r#"{"from":"A","to":"B"}"#, "null"),
            "no feature draws a room",
        ),
        (
            METRES.replacen('{', r#"{"normalised":"yes","#, 1),
            "normalised is \"yes\"",
        ),
        (
            METRES.replace("South", "North"),
            "feature 2: property room \"North\" is drawn by feature 1 too",
        ),
    ];
    for (text, words) in cases {
        let faults = read_plan(&text).unwrap_err();
        let told = faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        assert!(told.contains(words), "{text}: {told}");
    }
    let long = " ".repeat(geojson::BYTES_MAX + 1);
    assert!(
        read_plan(&long).unwrap_err()[0]
            .to_string()
            .contains("at most")
    );
}

#[test]
fn rooms_are_matched_by_name_and_doors_guessed_when_no_way_is_given() {
    let room = |id, name: &str, floor| KnownRoom {
        room_id: RoomId(id),
        name: name.to_owned(),
        is_hallway: false,
        floor_id: FloorId(floor),
        floor_name: format!("Level {floor}"),
    };
    let known = [
        room(9, "North", 1),
        room(4, "South", 1),
        room(5, "Store", 1),
        room(6, "North", 2),
    ];
    let plan = match_rooms(&read_plan(METRES).unwrap(), FloorId(1), &known).unwrap();
    assert_eq!(plan.missing, ["Store"]);
    assert!(plan.is_guessed);
    assert_eq!(
        plan.ways,
        [Edge {
            rooms: [RoomId(4), RoomId(9)],
            cost_m: 10.0
        }]
    );

    let faults = match_rooms(&read_plan(METRES).unwrap(), FloorId(2), &known).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0]
            .to_string()
            .starts_with("feature 2: property room is \"South\"")
    );

    let with_way = METRES.replace(
        "\"features\":[",
        r#""features":[{"type":"Feature","properties":{"from":"North","to":"North","to_floor":"Level 2","metres":40},"geometry":null},
           {"type":"Feature","properties":{"from":"North","to":"Store"},"geometry":{"type":"LineString","coordinates":[[100,0],[103,4]]}},"#,
    );
    let plan = match_rooms(&read_plan(&with_way).unwrap(), FloorId(1), &known).unwrap();
    assert!(!plan.is_guessed);
    let costs: Vec<_> = plan
        .ways
        .iter()
        .map(|way| (way.rooms.map(|r| r.0), way.cost_m))
        .collect();
    assert_eq!(costs, [([5, 9], 5.0), ([6, 9], 40.0)]);
}
