//! How loud a beacon arrives: log-distance path loss, walls, the fixed luck of a place, and noise per packet.
//!
//! The figures are those of ordinary indoor measurements at 2.4 GHz. What matters for the location engine is kept apart: the
//! shadowing of a place is the same for every packet (no filter removes it), fading is new for each.

use super::floor::{FloorPlan, RoomIx};
use super::geometry::Point;
use super::noise::{Chance, hash, normal_of};
use super::readers::SimReader;
use crate::db::types::Technology;

/// Level at one metre in the open.
const AT_ONE_METRE_DBM: f32 = -60.0;
/// Ten times the path-loss exponent.
const PER_DECADE_DB: f32 = 26.0;
/// What a plasterboard wall takes.
const WALL_DB: f32 = 5.0;
/// What a concrete floor takes.
const STOREY_DB: f32 = 18.0;
/// What the walls of a lift take.
const LIFT_DB: f32 = 30.0;
/// Readers hang this much above the tags.
const ABOVE_TAGS_M: f32 = 1.4;
/// Height of a storey.
const STOREY_M: f32 = 4.0;
/// Deviation of the fixed luck of a place and reader.
const SHADOW_DB: f32 = 4.5;
/// Deviation from packet to packet.
const FADING_DB: f32 = 4.0;
/// Below this a reader decodes nothing.
const SENSITIVITY_DBM: f32 = -95.0;
/// Means below this never reach [`SENSITIVITY_DBM`]: fading ends at 3.5 deviations, and packets that rare teach nothing.
const HOPELESS_DBM: f32 = -102.0;
/// Further away than this nothing is heard, so walls need not be counted.
const REACH_M: f32 = 24.0;
/// Share of packets lost to collisions even next to the reader.
const LOST_NEARBY: f32 = 0.08;

/// Where a beacon is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub room: RoomIx,
    pub at: Point,
    pub in_lift: bool,
}

/// A reader that can hear a beacon, with the mean level there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audible {
    pub reader: u16,
    pub mean_dbm: f32,
}

/// The readers that can hear a beacon at a spot, with the mean level at each.
pub(super) fn list_audible(
    plan: &FloorPlan,
    readers: &[SimReader],
    seed: u64,
    asset: u16,
    spot: Spot,
) -> Vec<Audible> {
    let own_power_db = 1.5 * normal_of(hash(&[seed, 0xB0_0057, u64::from(asset)]));
    let level = plan.room(spot.room).level;
    let mut audible = Vec::new();
    for (ix, reader) in (0_u16..).zip(readers) {
        let distance_m = reader.at.distance_m(spot.at);
        if reader.technology != Technology::Ble || distance_m > REACH_M {
            continue;
        }
        let storeys = plan.room(reader.room).level.abs_diff(level);
        let height_m = ABOVE_TAGS_M + f32::from(storeys) * STOREY_M;
        let walls = if storeys == 0 {
            plan.count_walls(level, spot.at, reader.at)
        } else {
            0
        };
        let mean_dbm = AT_ONE_METRE_DBM + own_power_db + reader.gain_db
            - PER_DECADE_DB * distance_m.hypot(height_m).max(0.5).log10()
            - WALL_DB * f32::from(walls)
            - STOREY_DB * f32::from(storeys)
            - if spot.in_lift { LIFT_DB } else { 0.0 }
            + SHADOW_DB * normal_of(shadow_bits(seed, asset, spot, ix));
        if mean_dbm > HOPELESS_DBM {
            audible.push(Audible {
                reader: ix,
                mean_dbm,
            });
        }
    }
    audible
}

/// The luck of a place changes over about a metre and a half.
fn shadow_bits(seed: u64, asset: u16, spot: Spot, reader: u16) -> u64 {
    let cell = |metres: f32| u64::from((metres / 1.5).floor().to_bits());
    hash(&[
        seed,
        u64::from(asset),
        u64::from(spot.room.0),
        cell(spot.at.x),
        cell(spot.at.y),
        u64::from(reader),
    ])
}

/// The level of one packet at a reader, or `None` when it is lost: more often the fainter it is.
pub(super) fn decide_packet(mean_dbm: f32, chance: &mut Chance) -> Option<f32> {
    let rssi_dbm = (mean_dbm + FADING_DB * chance.normal()).round().min(-20.0);
    let heard = ((rssi_dbm - SENSITIVITY_DBM + 1.0) / 8.0).clamp(0.0, 1.0) * (1.0 - LOST_NEARBY);
    (rssi_dbm >= SENSITIVITY_DBM && chance.happens(heard)).then_some(rssi_dbm)
}

#[cfg(test)]
mod tests {
    use super::super::readers::list_readers;
    use super::*;

    fn spot(plan: &FloorPlan, room: &str) -> Spot {
        let room = plan.find_room(room).unwrap();
        Spot {
            room,
            at: plan.room(room).walls.at(0.4, 0.4),
            in_lift: false,
        }
    }

    #[test]
    fn a_beacon_is_heard_in_its_room_and_around_but_not_across_the_building() {
        let plan = FloorPlan::hospital();
        let readers = list_readers(&plan, 1);
        for asset in 0..50 {
            let heard = list_audible(&plan, &readers, 1, asset, spot(&plan, "Room 213"));
            assert!((2..=20).contains(&heard.len()), "{} readers", heard.len());
            let loudest = heard
                .iter()
                .max_by(|a, b| a.mean_dbm.total_cmp(&b.mean_dbm))
                .unwrap();
            assert!(
                (-85.0..=-45.0).contains(&loudest.mean_dbm),
                "{} dBm",
                loudest.mean_dbm
            );
        }
    }

    #[test]
    fn faint_packets_are_lost_more_often() {
        let mut chance = Chance::new(&[5]);
        let mut share = |mean_dbm| {
            (0..2_000)
                .filter(|_| decide_packet(mean_dbm, &mut chance).is_some())
                .count()
        };
        let (near, far, gone) = (share(-65.0), share(-90.0), share(-110.0));
        assert!(
            near > 1_700 && far > 300 && far < 1_500 && gone == 0,
            "{near} {far} {gone}"
        );
    }
}
