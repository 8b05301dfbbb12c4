//! What the database has to know of the simulated hospital, as plain rows that refer to each other by name.

use super::desk::HEARTBEAT_MS;
use super::fleet::{KINDS, SimAsset};
use super::floor::FloorPlan;
use super::readers::SimReader;
use super::world::Site;
use crate::db::types::{AssetStatus, RoomKind, Technology};

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
    /// Readers.
    pub readers: Vec<PlanReader>,
    /// Names of the asset types.
    pub types: Vec<String>,
    /// Models.
    pub models: Vec<PlanModel>,
    /// Assets.
    pub assets: Vec<PlanAsset>,
}

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
