//! The readers: a Bluetooth reader in every room, a second in the widest, and RFID portals at eight doors.

use super::floor::{DoorIx, FloorPlan, RoomIx};
use super::geometry::Point;
use super::noise::{hash, normal_of, share_of};
use crate::db::types::{RoomKind, Technology};

/// Where the zone of an antenna lies.
#[derive(Clone, Debug)]
pub struct SimAntenna {
    /// Port on the reader; 0 stands for the whole reader.
    pub port: u8,
    /// Room it covers.
    pub room: RoomIx,
    /// Name of its zone in that room.
    pub zone: String,
}

/// A reader.
#[derive(Clone, Debug)]
pub struct SimReader {
    /// Id on the wire.
    pub key: String,
    /// Name that people read.
    pub name: String,
    /// What it hears.
    pub technology: Technology,
    /// Room it is mounted in.
    pub room: RoomIx,
    /// Where in it.
    pub at: Point,
    /// How much better than the model it hears.
    pub gain_db: f32,
    /// Its antennas.
    pub antennas: Vec<SimAntenna>,
    /// The door a portal watches.
    pub door: Option<DoorIx>,
    /// How wrong its clock is.
    pub clock_offset_ms: i64,
    /// How much the clock runs away between two corrections, in milliseconds an hour.
    pub clock_drift_ms_per_h: i64,
}

/// Zone of a Bluetooth reader.
pub const WHOLE_ROOM: &str = "Whole room";

/// Clocks that are wrong enough for the offset rule (ingest-design section 3), by place in the list of readers.
const WRONG_CLOCKS_MS: [(usize, i64); 4] = [(7, -3_000), (31, 4_000), (58, -2_600), (86, 2_400)];

/// All 90 readers. Keys and places are the same for every seed; how well each hears is not.
#[must_use]
pub fn list_readers(plan: &FloorPlan, seed: u64) -> Vec<SimReader> {
    let mut readers = Vec::new();
    for (ix, room) in plan.indexed_rooms() {
        let is_wide = room.kind == RoomKind::NurseStation
            || matches!(room.kind, RoomKind::EquipmentRoom | RoomKind::Exit);
        let spots: &[(&str, &str, f32)] = if is_wide {
            &[("-a", ", west side", 0.25), ("-b", ", east side", 0.75)]
        } else {
            &[("", "", 0.5)]
        };
        for &(suffix, side, x_share) in spots {
            let at = room.walls.at(x_share, 0.5);
            let bits = hash(&[seed, 0x5EED_0A17, u64::from(ix.0), hash_of_share(x_share)]);
            readers.push(SimReader {
                key: format!("ble-{}{suffix}", room.key),
                name: format!("{}{side}", room.name),
                technology: Technology::Ble,
                room: ix,
                at,
                gain_db: 1.5 * normal_of(bits),
                antennas: vec![SimAntenna {
                    port: 0,
                    room: ix,
                    zone: WHOLE_ROOM.to_owned(),
                }],
                door: None,
                clock_offset_ms: 0,
                clock_drift_ms_per_h: 0,
            });
        }
    }
    readers.extend(list_portals(plan));
    for (n, reader) in (0_u64..).zip(&mut readers) {
        // Ordinary clocks: a few tens of milliseconds wrong, and off by as much again until they are next set.
        let share = share_of(hash(&[seed, 0xC10C, n]));
        reader.clock_offset_ms = super::noise::ms_of_seconds(0.04 * (share - 0.5));
        reader.clock_drift_ms_per_h = super::noise::ms_of_seconds(0.2 * (share - 0.5));
    }
    for (n, offset_ms) in WRONG_CLOCKS_MS {
        if let Some(reader) = readers.get_mut(n) {
            reader.clock_offset_ms = offset_ms;
        }
    }
    readers
}

fn hash_of_share(share: f32) -> u64 {
    u64::from(share.to_bits())
}

/// Two antennas at a door: port 1 looks into the room, port 2 into the hallway before it.
fn list_portals(plan: &FloorPlan) -> Vec<SimReader> {
    let is_watched = |kind| {
        matches!(
            kind,
            RoomKind::Exit
                | RoomKind::ShippingReceiving
                | RoomKind::EquipmentRoom
                | RoomKind::CentralStore
                | RoomKind::EquipmentStorage
        )
    };
    let rooms = plan
        .indexed_rooms()
        .filter(|(_, room)| is_watched(room.kind));
    rooms
        .filter_map(|(ix, room)| {
            let door_ix = plan.find_door(ix)?;
            let door = plan.door(door_ix);
            let [inside, outside] = door.rooms;
            Some(SimReader {
                key: format!("portal-{}", room.key),
                name: format!("{}, doorway", room.name),
                technology: Technology::Rfid,
                room: ix,
                at: door.at,
                gain_db: 0.0,
                antennas: vec![
                    SimAntenna {
                        port: 1,
                        room: inside,
                        zone: "Doorway".to_owned(),
                    },
                    SimAntenna {
                        port: 2,
                        room: outside,
                        zone: format!("At the door of {}", room.name),
                    },
                ],
                door: Some(door_ix),
                clock_offset_ms: 0,
                clock_drift_ms_per_h: 0,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_room_is_heard_and_keys_fit_the_contract() {
        let plan = FloorPlan::hospital();
        let readers = list_readers(&plan, 1);
        assert_eq!(readers.len(), 90);
        let rooms: HashSet<_> = readers.iter().map(|r| r.room).collect();
        assert_eq!(rooms.len(), plan.rooms.len());
        let keys: HashSet<_> = readers.iter().map(|r| r.key.as_str()).collect();
        assert_eq!(keys.len(), 90);
        for key in keys {
            assert!(
                key.len() <= 64
                    && key
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{key}"
            );
        }
    }
}
