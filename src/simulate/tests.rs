//! The whole model.

use std::collections::{HashMap, HashSet};

use super::*;

fn world(seed: u64) -> World {
    let config = WorldConfig {
        seed,
        ..WorldConfig::default()
    };
    World::new(config, &HashMap::new())
}

const START_MS: i64 = 1_767_261_600_000;

#[test]
fn the_same_seed_gives_the_same_messages_however_time_is_cut() {
    let (mut a, mut b, mut c) = (world(7), world(7), world(8));
    let whole = a.step(START_MS + 60_000);
    let parts: Vec<_> = (1..=600)
        .flat_map(|n| b.step(START_MS + n * 100 + 37))
        .collect();
    assert!(whole.len() > 1_000);
    assert_eq!(whole, parts);
    assert_ne!(whole, c.step(START_MS + 60_000));
}

#[test]
fn messages_stay_within_the_limits_of_the_contract() {
    let site = Site::hospital(1);
    let plan = SeedPlan::of(&site);
    let tags: HashSet<&str> = plan
        .assets
        .iter()
        .flat_map(|a| &a.tags)
        .map(|t| t.key.as_str())
        .collect();
    let readers: HashSet<&str> = plan.readers.iter().map(|r| r.key.as_str()).collect();
    let mut ids = HashSet::new();
    let mut heard = HashSet::new();
    let mut last_seq: HashMap<_, u64> = HashMap::new();
    for message in world(1).step(START_MS + 300_000) {
        assert!(readers.contains(&*message.reader_key));
        assert!(ids.insert(message.batch_id), "a batch id came twice");
        assert!(message.sightings.len() <= 200);
        let seq = last_seq
            .entry(std::sync::Arc::clone(&message.reader_key))
            .or_default();
        *seq += 1;
        assert_eq!(message.seq, *seq);
        for sighting in &message.sightings {
            assert!(tags.contains(&*sighting.tag_key));
            assert!(sighting.age_ms <= 2_000, "{} ms old", sighting.age_ms);
            assert!((-95.0..=-20.0).contains(&sighting.rssi_dbm.unwrap()));
            heard.insert(std::sync::Arc::clone(&sighting.tag_key));
        }
    }
    let beacons = site.assets.iter().filter_map(|asset| asset.beacon.as_ref());
    for beacon in beacons {
        assert!(heard.contains(beacon.tag_key.as_str()), "{beacon:?}");
    }
    assert_eq!(last_seq.len(), 90, "every reader has said something");
}

#[test]
fn no_asset_is_ever_in_two_rooms_or_in_none() {
    let mut world = world(3);
    let mut visits = Vec::new();
    for minute in 1..=20 {
        world.step(START_MS + minute * 60_000);
        visits.extend(world.take_visits());
    }
    visits.extend(world.cut_visits());
    let site = std::sync::Arc::clone(world.site());
    let mut until: HashMap<AssetIx, (i64, RoomIx)> = HashMap::new();
    let mut moved = 0;
    for visit in &visits {
        assert!(visit.to_ms > visit.from_ms);
        if let Some((to_ms, room)) = until.insert(visit.asset, (visit.to_ms, visit.room)) {
            assert_eq!(to_ms, visit.from_ms, "a gap or an overlap");
            let doors = site.plan.list_way(room, visit.room);
            assert_eq!(doors.len(), 1, "a jump from {room:?} to {:?}", visit.room);
            moved += 1;
        }
    }
    assert_eq!(until.len(), 420);
    assert!(
        until
            .values()
            .all(|(to_ms, _)| *to_ms == START_MS + 1_200_000)
    );
    assert!(moved > 400, "only {moved} rooms were entered");
}

#[test]
fn something_is_on_its_way_within_a_minute() {
    let mut world = world(1);
    let most = (1..=60)
        .map(|s| {
            world.step(START_MS + s * 1_000);
            world.count_moving()
        })
        .max();
    assert!(most >= Some(2), "{most:?} moving at once");
}

#[test]
fn a_label_is_read_on_both_sides_of_a_portal() {
    let mut world = world(2);
    let mut ports: HashMap<_, Vec<(i64, u8)>> = HashMap::new();
    for message in world.step(START_MS + 1_200_000) {
        for sighting in message.sightings {
            if let Some(port) = sighting.antenna {
                assert!(sighting.tag_key.starts_with("epc:"));
                let at_ms = message.sent_at_ms - i64::from(sighting.age_ms);
                ports
                    .entry((std::sync::Arc::clone(&message.reader_key), sighting.tag_key))
                    .or_default()
                    .push((at_ms, port));
            }
        }
    }
    let pairs = ports
        .values()
        .flat_map(|reads| reads.windows(2))
        .filter(|pair| pair[1].0 - pair[0].0 < 2_000 && pair[0].1 != pair[1].1)
        .count();
    assert!(pairs > 5, "{pairs} complete passes");
}

#[test]
fn a_pause_is_skipped_without_a_flood() {
    let mut world = world(1);
    world.step(START_MS + 10_000);
    world.skip_to(START_MS + 3_600_000);
    let messages = world.step(START_MS + 3_601_000);
    assert!(messages.len() < 200, "{} messages", messages.len());
    assert!(
        messages
            .iter()
            .all(|m| m.sightings.iter().all(|s| s.age_ms <= 2_000))
    );
}

#[test]
fn assets_start_where_they_are_known_to_be() {
    let places = HashMap::from([("IP-0417".to_owned(), "Room 203".to_owned())]);
    let mut world = World::new(WorldConfig::default(), &places);
    world.step(START_MS + 1_000);
    let site = std::sync::Arc::clone(world.site());
    let asset = site
        .assets
        .iter()
        .position(|a| a.number == "IP-0417")
        .unwrap();
    let visit = world
        .cut_visits()
        .into_iter()
        .find(|v| usize::from(v.asset.0) == asset)
        .unwrap();
    assert_eq!(site.plan.room(visit.room).name, "Room 203");
}

/// The loudest reader of the last ten seconds is a poor guess, but with a radio model far from reality it would be right
/// nearly always or nearly never.
#[test]
fn the_loudest_reader_is_mostly_right() {
    let mut world = world(1);
    let site = std::sync::Arc::clone(world.site());
    let room_of: HashMap<&str, RoomIx> = site
        .readers
        .iter()
        .map(|r| (r.key.as_str(), r.room))
        .collect();
    let mut truth: HashMap<&str, RoomIx> = HashMap::new();
    let (mut right, mut all) = (0_u32, 0_u32);
    for step in 1..=30 {
        let messages = world.step(START_MS + step * 10_000);
        let visits = world.cut_visits();
        for visit in &visits {
            if let Some(beacon) = &site.assets[usize::from(visit.asset.0)].beacon {
                truth.insert(&beacon.tag_key, visit.room);
            }
        }
        let mut loudest: HashMap<_, (f32, RoomIx)> = HashMap::new();
        for message in &messages {
            for sighting in message.sightings.iter().filter(|s| s.antenna.is_none()) {
                let heard = (sighting.rssi_dbm.unwrap(), room_of[&*message.reader_key]);
                let best = loudest.entry(&*sighting.tag_key).or_insert(heard);
                if heard.0 > best.0 {
                    *best = heard;
                }
            }
        }
        all += u32::try_from(loudest.len()).unwrap();
        right += u32::try_from(
            loudest
                .iter()
                .filter(|(tag, (_, room))| truth[**tag] == *room)
                .count(),
        )
        .unwrap();
    }
    let share = f64::from(right) / f64::from(all);
    println!("the loudest reader is right in {share:.3} of {all} cases");
    assert!((0.60..0.98).contains(&share), "{share}");
}
