//! The equipment: 420 assets of 18 types with the tags they carry. Makers and models are invented.

use super::floor::{FloorPlan, RoomIx};
use super::noise::{hash, next_index, share_of};
use crate::db::types::{AssetStatus, RoomKind};

/// How a type of equipment is used, and so where it goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// From the store to a patient, then soiled utility, cleaning, and back.
    Pool,
    /// Goes with a patient from room to room.
    Bed,
    /// Brings people to the exit.
    Chair,
    /// Lives at a nurse station, is fetched and brought back.
    Station,
}

/// What a type carries to be heard by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carries {
    /// A beacon every 2 s.
    Beacon,
    /// A beacon every 10 s, for a battery that lasts.
    SlowBeacon,
    /// A beacon and an RFID label.
    Both,
    /// Of eight, three have both and five only the label.
    MostlyLabel,
}

/// A type of equipment.
#[derive(Debug)]
pub struct AssetKind {
    /// First letters of the asset number.
    pub prefix: &'static str,
    /// Name of the type.
    pub name: &'static str,
    /// Maker and model.
    pub models: &'static [(&'static str, &'static str)],
    /// How it is used.
    pub habit: Habit,
    /// How readily it is moved, 0 to 1.
    pub mobility: f32,
    count: u16,
    carries: Carries,
}

const fn kind(
    (prefix, name): (&'static str, &'static str),
    models: &'static [(&'static str, &'static str)],
    (habit, mobility): (Habit, f32),
    (count, carries): (u16, Carries),
) -> AssetKind {
    AssetKind {
        prefix,
        name,
        models,
        habit,
        mobility,
        count,
        carries,
    }
}

/// Every type of the simulated hospital.
#[rustfmt::skip]
pub static KINDS: [AssetKind; 18] = [
    kind(("IP", "infusion pump"), &[("Norvane", "Rill 300"), ("Quillmark", "DripSure 2")], (Habit::Pool, 1.0), (90, Carries::Beacon)),
    kind(("SY", "syringe pump"), &[("Norvane", "Rill S")], (Habit::Pool, 0.8), (30, Carries::Beacon)),
    kind(("PC", "PCA pump"), &[("Quillmark", "EaseLine")], (Habit::Pool, 0.5), (12, Carries::Beacon)),
    kind(("EF", "enteral feeding pump"), &[("Brantholm", "Nourish 4")], (Habit::Pool, 0.6), (16, Carries::Beacon)),
    kind(("PM", "patient monitor"), &[("Ostrelle", "Vista M8"), ("Vardane", "Beacon 12")], (Habit::Pool, 0.5), (24, Carries::Beacon)),
    kind(("VS", "vital signs monitor"), &[("Ostrelle", "Vista Spot")], (Habit::Station, 1.0), (28, Carries::Beacon)),
    kind(("EC", "ECG machine"), &[("Vardane", "Trace 7")], (Habit::Station, 0.7), (8, Carries::Beacon)),
    kind(("DF", "defibrillator"), &[("Vardane", "Restart 3")], (Habit::Station, 0.1), (8, Carries::SlowBeacon)),
    kind(("VE", "transport ventilator"), &[("Kestwick", "Aria T")], (Habit::Pool, 0.4), (14, Carries::Beacon)),
    kind(("SU", "suction unit"), &[("Brantholm", "Clear 20")], (Habit::Pool, 0.5), (16, Carries::SlowBeacon)),
    kind(("HB", "hospital bed"), &[("Kestwick", "Haven 5"), ("Marlund", "Repose")], (Habit::Bed, 0.08), (60, Carries::SlowBeacon)),
    kind(("WC", "wheelchair"), &[("Marlund", "Glide 20")], (Habit::Chair, 1.0), (26, Carries::Both)),
    kind(("IV", "IV pole"), &[("Marlund", "Stand 5")], (Habit::Pool, 0.7), (32, Carries::MostlyLabel)),
    kind(("WW", "workstation on wheels"), &[("Tavrin", "Rounder")], (Habit::Station, 0.8), (20, Carries::Beacon)),
    kind(("CC", "crash cart"), &[("Tavrin", "Ready Cart")], (Habit::Station, 0.05), (6, Carries::SlowBeacon)),
    kind(("BS", "bladder scanner"), &[("Ostrelle", "Echo B")], (Habit::Station, 0.9), (6, Carries::Beacon)),
    kind(("SC", "sequential compression device"), &[("Brantholm", "Pulse 2")], (Habit::Pool, 0.7), (18, Carries::Beacon)),
    kind(("PL", "patient lift"), &[("Kestwick", "Hoist 250")], (Habit::Station, 0.5), (6, Carries::SlowBeacon)),
];

/// An asset, by its place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AssetIx(pub(super) u16);

/// A Bluetooth beacon.
#[derive(Clone, Debug)]
pub struct Beacon {
    /// Canonical tag key.
    pub tag_key: String,
    /// How often it sends.
    pub interval_ms: u16,
    /// What it says about its battery.
    pub battery_pct: u8,
}

/// A piece of equipment.
#[derive(Clone, Debug)]
pub struct SimAsset {
    /// Number on its label.
    pub number: String,
    /// Its type.
    pub kind: &'static AssetKind,
    /// Maker and model.
    pub model: (&'static str, &'static str),
    /// The maker's number.
    pub serial: String,
    /// Its GS1 number, when it carries an RFID label.
    pub giai: Option<String>,
    /// The ward that owns it, as a place in [`FloorPlan::units`].
    pub unit: u16,
    /// Where it belongs.
    pub home: RoomIx,
    /// Where it is when the hospital is first set up.
    pub start: RoomIx,
    /// Its status then.
    pub status: AssetStatus,
    /// Its beacon.
    pub beacon: Option<Beacon>,
    /// Tag key of its RFID label.
    pub label_key: Option<String>,
}

/// The fleet. It is the same for every seed, so that a second run with another seed finds its assets in the database.
#[must_use]
pub fn list_assets(plan: &FloorPlan) -> Vec<SimAsset> {
    let beds: Vec<RoomIx> = plan
        .indexed_rooms()
        .flat_map(|(ix, room)| std::iter::repeat_n(ix, usize::from(room.beds)))
        .collect();
    let mut assets = Vec::new();
    for kind in &KINDS {
        for n in 0..kind.count {
            let bits = hash(&[0x0F1E_E700, u64::from(next_index(&assets))]);
            assets.push(new_asset(plan, &beds, kind, n, bits));
        }
    }
    assets
}

fn new_asset(
    plan: &FloorPlan,
    beds: &[RoomIx],
    kind: &'static AssetKind,
    n: u16,
    bits: u64,
) -> SimAsset {
    let bed = beds.get(usize::from(n)).copied();
    let unit = match kind.habit {
        Habit::Bed => bed.and_then(|room| plan.room(room).unit),
        _ => None,
    }
    .unwrap_or(n % next_index(&plan.units));
    let home = match (kind.habit, bed) {
        (Habit::Bed, Some(room)) => room,
        (Habit::Station, _) => pick(plan, RoomKind::NurseStation, unit, bits),
        (Habit::Pool, _) if share_of(hash(&[bits, 1])) < 0.25 => {
            pick(plan, RoomKind::CleanUtility, unit, bits)
        }
        _ => pick(plan, RoomKind::EquipmentStorage, unit, bits),
    };
    let (start, status) = first_place(plan, kind, unit, home, bits);
    let has_label = match kind.carries {
        Carries::Both | Carries::MostlyLabel => true,
        Carries::Beacon | Carries::SlowBeacon => false,
    };
    let has_beacon = kind.carries != Carries::MostlyLabel || n % 8 < 3;
    let reference = 40_000 + bits % 900_000;
    SimAsset {
        number: format!("{}-{:04}", kind.prefix, 401 + n),
        kind,
        model: kind
            .models
            .get(usize::from(n) % kind.models.len().max(1))
            .copied()
            .unwrap_or(("", "")),
        serial: format!(
            "{}{:02}{:06}",
            kind.prefix.chars().rev().collect::<String>(),
            18 + bits % 8,
            (bits >> 20) % 1_000_000
        ),
        giai: has_label.then(|| format!("{COMPANY_PREFIX:07}{reference}")),
        unit,
        home,
        start,
        status,
        beacon: has_beacon.then(|| Beacon {
            // The two highest bits set: an address the beacon has chosen itself ("static random"), nobody's assigned range.
            tag_key: format!("mac:{:012X}", (bits & 0xFFFF_FFFF_FFFF) | 0xC000_0000_0000),
            interval_ms: if kind.carries == Carries::SlowBeacon {
                10_000
            } else {
                2_000
            },
            battery_pct: u8::try_from(8 + (bits >> 8) % 93).unwrap_or(100),
        }),
        label_key: has_label.then(|| format!("epc:{:024X}", giai_96(reference))),
    }
}

/// GS1's own example prefix: it belongs to no hospital.
const COMPANY_PREFIX: u64 = 614_141;

/// The label of an asset number in GS1's GIAI-96 scheme: header, filter 0, partition 5 (a prefix of 7 digits), prefix, reference.
fn giai_96(reference: u64) -> u128 {
    (0x34_u128 << 88) | (5_u128 << 82) | (u128::from(COMPANY_PREFIX) << 58) | u128::from(reference)
}

/// A room of the kind in the ward, or the first of the kind anywhere.
fn pick(plan: &FloorPlan, kind: RoomKind, unit: u16, bits: u64) -> RoomIx {
    let rooms = match plan.list_rooms(kind, Some(unit)) {
        own if own.is_empty() => plan.list_rooms(kind, None),
        own => own,
    };
    let end = u64::from(next_index(&rooms)).max(1);
    let at = usize::try_from(hash(&[bits, 2]) % end).unwrap_or(0);
    rooms.get(at).copied().unwrap_or(RoomIx(0))
}

/// Where an ordinary morning finds it: nearly half of the pool is with patients.
fn first_place(
    plan: &FloorPlan,
    kind: &AssetKind,
    unit: u16,
    home: RoomIx,
    bits: u64,
) -> (RoomIx, AssetStatus) {
    let share = share_of(hash(&[bits, 3]));
    match kind.habit {
        Habit::Bed if share < 0.75 => (home, AssetStatus::InUse),
        Habit::Pool if share < 0.45 => (
            pick(plan, RoomKind::PatientRoom, unit, bits),
            AssetStatus::InUse,
        ),
        Habit::Pool if share < 0.53 => (
            pick(plan, RoomKind::SoiledUtility, unit, bits),
            AssetStatus::Soiled,
        ),
        Habit::Pool if share < 0.60 => (
            pick(plan, RoomKind::EquipmentRoom, unit, bits),
            AssetStatus::Cleaning,
        ),
        Habit::Pool if share < 0.64 => (
            pick(plan, RoomKind::BiomedShop, unit, bits),
            AssetStatus::InRepair,
        ),
        _ => (home, AssetStatus::Available),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_tags_are_unique() {
        let plan = FloorPlan::hospital();
        let assets = list_assets(&plan);
        assert_eq!(assets.len(), 420);
        assert_eq!(
            assets
                .iter()
                .map(|a| &a.number)
                .collect::<HashSet<_>>()
                .len(),
            420
        );
        let beacons: HashSet<_> = assets
            .iter()
            .filter_map(|a| a.beacon.as_ref())
            .map(|b| &b.tag_key)
            .collect();
        let labels: HashSet<_> = assets.iter().filter_map(|a| a.label_key.as_ref()).collect();
        assert_eq!((beacons.len(), labels.len()), (400, 58));
        assert!(
            assets
                .iter()
                .all(|a| a.beacon.is_some() || a.label_key.is_some())
        );
    }

    #[test]
    fn labels_hold_a_valid_asset_number() {
        // GS1 EPC Tag Data Standard, GIAI-96: 8 bits header, 3 filter, 3 partition, 24 prefix, 58 reference.
        let epc = giai_96(40_001);
        let fields = [
            epc >> 88,
            (epc >> 85) & 7,
            (epc >> 82) & 7,
            (epc >> 58) & 0xFF_FFFF,
            epc & 0x3FF_FFFF,
        ];
        assert_eq!(fields, [0x34, 0, 5, 614_141, 40_001]);
    }
}
