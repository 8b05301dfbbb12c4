//! What the database has to know of the simulated hospital, as plain rows that refer to each other by name.

use super::desk::HEARTBEAT_MS;
use super::fleet::{KINDS, SimAsset};
use super::floor::{Door, FloorPlan, RoomIx, SimRoom};
use super::readers::SimReader;
use super::world::Site;
use crate::db::types::{AssetStatus, RoomKind, Technology};
use crate::places::plan::doors::{self, Stop, list_ways};
use crate::places::plan::{Drawing, Edge, Point, Shape, Size};

/// Waiting for the lift and riding it takes as long as walking this far.
const LIFT_M: f64 = 50.0;

/// Everything to store.
#[derive(Clone, Debug)]
pub struct SeedPlan {
    /// Name of the facility.
    pub facility: String,
    /// Its time zone.
    pub time_zone: String,
    /// Name of the one building.
    pub building: String,
    /// Name and level of each floor.
    pub floors: Vec<(String, i32)>,
    /// Wards.
    pub units: Vec<String>,
    /// Rooms.
    pub rooms: Vec<PlanRoom>,
    /// What floors look like and how far it is between their rooms.
    pub drawings: Vec<PlanDrawing>,
    /// Readers.
    pub readers: Vec<PlanReader>,
    /// Names of the asset types.
    pub types: Vec<String>,
    /// Models.
    pub models: Vec<PlanModel>,
    /// Assets.
    pub assets: Vec<PlanAsset>,
    /// How many ready ones rooms should hold.
    pub pars: Vec<PlanPar>,
}

/// Equipment par of every room of a kind.
#[derive(Clone, Debug)]
pub struct PlanPar {
    /// The type.
    pub asset_type: String,
    /// The kind of room.
    pub room_kind: RoomKind,
    /// What each should hold.
    pub target: i32,
    /// Below this somebody is told.
    pub critical: i32,
    /// Above this some are surplus.
    pub maximum: Option<i32>,
}

/// Type, kind of room, target, critical level and maximum. An ordinary morning leaves the stores of a ward with some of them short
/// and some with more than they need.
#[rustfmt::skip]
const PARS: [(&str, RoomKind, i32, i32, Option<i32>); 16] = [
    ("infusion pump", RoomKind::EquipmentStorage, 6, 3, Some(8)),
    ("infusion pump", RoomKind::CleanUtility, 2, 1, Some(4)),
    ("syringe pump", RoomKind::EquipmentStorage, 3, 1, Some(4)),
    ("PCA pump", RoomKind::EquipmentStorage, 1, 0, Some(2)),
    ("enteral feeding pump", RoomKind::EquipmentStorage, 2, 1, Some(3)),
    ("patient monitor", RoomKind::EquipmentStorage, 2, 1, Some(3)),
    ("transport ventilator", RoomKind::EquipmentStorage, 1, 1, Some(2)),
    ("suction unit", RoomKind::EquipmentStorage, 2, 1, Some(2)),
    ("IV pole", RoomKind::EquipmentStorage, 4, 1, Some(6)),
    ("sequential compression device", RoomKind::EquipmentStorage, 2, 1, Some(3)),
    ("vital signs monitor", RoomKind::NurseStation, 6, 3, Some(8)),
    ("ECG machine", RoomKind::NurseStation, 2, 1, None),
    ("defibrillator", RoomKind::NurseStation, 2, 1, None),
    ("crash cart", RoomKind::NurseStation, 1, 1, None),
    ("bladder scanner", RoomKind::NurseStation, 1, 1, Some(1)),
    ("patient lift", RoomKind::NurseStation, 1, 0, Some(2)),
];

/// A room; its name is unique in the building.
#[derive(Clone, Debug)]
pub struct PlanRoom {
    /// Name.
    pub name: String,
    /// Name of its floor.
    pub floor: String,
    /// Its ward.
    pub unit: Option<String>,
    /// What it is for.
    pub kind: RoomKind,
    /// Bed spaces and antenna fields.
    pub zones: Vec<String>,
}

/// The drawing of a floor.
#[derive(Clone, Debug)]
pub struct PlanDrawing {
    /// Name of the floor.
    pub floor: String,
    /// Its rooms, by name.
    pub drawing: Drawing<String>,
    /// Ways between rooms, by name; those to other floors stand with the upper one.
    pub ways: Vec<Edge<String>>,
}

/// A reader.
#[derive(Clone, Debug)]
pub struct PlanReader {
    /// Id on the wire.
    pub key: String,
    /// Name that people read.
    pub name: String,
    /// What it hears.
    pub technology: Technology,
    /// How often it reports when it hears nothing; `None`: it does not, so its silence says nothing (I-9a).
    pub heartbeat_interval_ms: Option<i64>,
    /// Port, room and zone of each antenna.
    pub antennas: Vec<PlanAntenna>,
}

/// An antenna.
#[derive(Clone, Debug)]
pub struct PlanAntenna {
    /// Port; 0 stands for the whole reader.
    pub port: i16,
    /// Room it covers.
    pub room: String,
    /// Zone of that room.
    pub zone: String,
}

/// A model.
#[derive(Clone, Debug)]
pub struct PlanModel {
    /// Its type.
    pub asset_type: String,
    /// Who makes it.
    pub maker: String,
    /// What they call it.
    pub name: String,
}

/// An asset with its tags.
#[derive(Clone, Debug)]
pub struct PlanAsset {
    /// Asset number.
    pub number: String,
    /// Its type.
    pub asset_type: String,
    /// Maker and name of its model.
    pub model: (String, String),
    /// The ward that owns it.
    pub owner_unit: Option<String>,
    /// Status.
    pub status: AssetStatus,
    /// Kind and value of its other numbers.
    pub identifiers: Vec<(String, String)>,
    /// Tags on it.
    pub tags: Vec<PlanTag>,
}

/// A tag.
#[derive(Clone, Debug)]
pub struct PlanTag {
    /// Canonical key.
    pub key: String,
    /// What it speaks.
    pub technology: Technology,
    /// How often it beacons; labels have none.
    pub expected_interval_ms: Option<i64>,
}

impl SeedPlan {
    /// The plan of a site.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        Self {
            facility: "Larkfield Hospital".to_owned(),
            time_zone: "UTC".to_owned(),
            building: "Main building".to_owned(),
            floors: [2, 3]
                .map(|level| (floor_name(level), i32::from(level)))
                .to_vec(),
            units: site.plan.units.clone(),
            rooms: list_rooms(site),
            drawings: [2, 3].map(|level| draw_floor(&site.plan, level)).to_vec(),
            readers: site
                .readers
                .iter()
                .map(|reader| plan_reader(&site.plan, reader))
                .collect(),
            types: KINDS.iter().map(|kind| kind.name.to_owned()).collect(),
            models: KINDS
                .iter()
                .flat_map(|kind| {
                    kind.models.iter().map(|(maker, name)| PlanModel {
                        asset_type: kind.name.to_owned(),
                        maker: (*maker).to_owned(),
                        name: (*name).to_owned(),
                    })
                })
                .collect(),
            assets: site
                .assets
                .iter()
                .map(|asset| plan_asset(&site.plan, asset))
                .collect(),
            pars: PARS.map(plan_par).to_vec(),
        }
    }
}

fn floor_name(level: u8) -> String {
    format!("Level {level}")
}

fn unit_name(plan: &FloorPlan, unit: u16) -> Option<String> {
    plan.units.get(usize::from(unit)).cloned()
}

fn list_rooms(site: &Site) -> Vec<PlanRoom> {
    let mut rooms: Vec<_> = site
        .plan
        .rooms
        .iter()
        .map(|room| PlanRoom {
            name: room.name.clone(),
            floor: floor_name(room.level),
            unit: room.unit.and_then(|unit| unit_name(&site.plan, unit)),
            kind: room.kind,
            zones: (1..=room.beds).map(|bed| format!("Bed {bed}")).collect(),
        })
        .collect();
    for antenna in site.readers.iter().flat_map(|reader| &reader.antennas) {
        if let Some(room) = rooms.get_mut(usize::from(antenna.room.0))
            && !room.zones.contains(&antenna.zone)
        {
            room.zones.push(antenna.zone.clone());
        }
    }
    rooms
}

/// The floor seen from above, north at the top, and the ways through its doors.
fn draw_floor(plan: &FloorPlan, level: u8) -> PlanDrawing {
    let rooms: Vec<&SimRoom> = plan.rooms.iter().collect();
    let on_level = || rooms.iter().filter(|room| room.level == level);
    let side = |of: fn(&SimRoom) -> f32| {
        on_level()
            .map(|room| f64::from(of(room)))
            .fold(0.0, f64::max)
    };
    let (width_m, height_m) = (
        side(|room| room.walls.high.x),
        side(|room| room.walls.high.y),
    );
    let shape = |room: &SimRoom| {
        let (low, high) = (room.walls.low, room.walls.high);
        let corners = [
            (low.x, low.y),
            (high.x, low.y),
            (high.x, high.y),
            (low.x, high.y),
        ];
        let place = |(x, y): (f32, f32)| Point {
            x: f64::from(x) / width_m,
            y: 1.0 - f64::from(y) / height_m,
        };
        Shape::new(&corners.map(place)).ok()
    };
    let drawing = Drawing {
        size: Size::new(width_m, height_m),
        rooms: on_level()
            .filter_map(|room| Some((room.name.clone(), shape(room)?)))
            .collect(),
    };
    PlanDrawing {
        floor: floor_name(level),
        drawing,
        ways: list_floor_ways(plan, &rooms, level),
    }
}

fn list_floor_ways(plan: &FloorPlan, rooms: &[&SimRoom], level: u8) -> Vec<Edge<String>> {
    let in_metres = |at: super::geometry::Point| Point {
        x: f64::from(at.x),
        y: f64::from(at.y),
    };
    let stops: Vec<Stop> = rooms
        .iter()
        .map(|room| Stop {
            at: in_metres(room.walls.at(0.5, 0.5)),
            is_hallway: room.kind == RoomKind::Hallway,
        })
        .collect();
    let index = |room: RoomIx| usize::from(room.0);
    // The lift stands with its upper floor.
    let of_level = |door: &&Door| {
        let levels = door.rooms.map(|room| plan.room(room).level);
        levels.iter().max() == Some(&level)
    };
    let (lifts, flat): (Vec<&Door>, Vec<&Door>) = plan
        .doors
        .iter()
        .filter(of_level)
        .partition(|door| door.is_lift);
    let flat: Vec<doors::Door> = flat
        .into_iter()
        .map(|door| doors::Door {
            rooms: door.rooms.map(index),
            at: in_metres(door.at),
        })
        .collect();
    let by_lift = lifts.into_iter().map(|door| Edge {
        rooms: door.rooms.map(index),
        cost_m: LIFT_M,
    });
    let name = |room: usize| {
        rooms
            .get(room)
            .map_or_else(String::new, |room| room.name.clone())
    };
    list_ways(&stops, &flat)
        .into_iter()
        .chain(by_lift)
        .map(|way| Edge {
            rooms: way.rooms.map(name),
            cost_m: way.cost_m,
        })
        .collect()
}

fn plan_reader(plan: &FloorPlan, reader: &SimReader) -> PlanReader {
    PlanReader {
        key: reader.key.clone(),
        name: reader.name.clone(),
        technology: reader.technology,
        heartbeat_interval_ms: Some(HEARTBEAT_MS),
        antennas: reader
            .antennas
            .iter()
            .map(|antenna| PlanAntenna {
                port: i16::from(antenna.port),
                room: plan.room(antenna.room).name.clone(),
                zone: antenna.zone.clone(),
            })
            .collect(),
    }
}

fn plan_par(
    (asset_type, room_kind, target, critical, maximum): (&str, RoomKind, i32, i32, Option<i32>),
) -> PlanPar {
    PlanPar {
        asset_type: asset_type.to_owned(),
        room_kind,
        target,
        critical,
        maximum,
    }
}

fn plan_asset(plan: &FloorPlan, asset: &SimAsset) -> PlanAsset {
    let beacon = asset.beacon.as_ref().map(|beacon| PlanTag {
        key: beacon.tag_key.clone(),
        technology: Technology::Ble,
        expected_interval_ms: Some(i64::from(beacon.interval_ms)),
    });
    let label = asset.label_key.as_ref().map(|key| PlanTag {
        key: key.clone(),
        technology: Technology::Rfid,
        expected_interval_ms: None,
    });
    let serial = ("serial".to_owned(), asset.serial.clone());
    let giai = asset
        .giai
        .iter()
        .map(|giai| ("giai".to_owned(), giai.clone()));
    PlanAsset {
        number: asset.number.clone(),
        asset_type: asset.kind.name.to_owned(),
        model: (asset.model.0.to_owned(), asset.model.1.to_owned()),
        owner_unit: unit_name(plan, asset.unit),
        status: asset.status,
        identifiers: std::iter::once(serial).chain(giai).collect(),
        tags: beacon.into_iter().chain(label).collect(),
    }
}
