use proptest::prelude::*;

use super::*;

const R1: ReaderIndex = ReaderIndex(0);
const R2: ReaderIndex = ReaderIndex(1);
const A: RoomIndex = RoomIndex(0);
const B: RoomIndex = RoomIndex(1);

/// Reader 0 in room 0, reader 1 in room 1, and so on.
fn site(readers: u32) -> Site {
    let mut site = Site::default();
    for index in 0..readers {
        site.set_reader(ReaderIndex(index), Some(RoomIndex(index)));
    }
    site
}

fn heard(t_ms: i64, reader: ReaderIndex, rssi_dbm: f32) -> Heard {
    Heard {
        t_ms,
        reader,
        rssi_dbm,
    }
}

/// Runs sightings through a new track and closes what is open.
fn changes_of(site: &Site, engine: &Engine, sightings: &[Heard]) -> Vec<RoomChange> {
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    for sighting in sightings {
        track.hear(site, engine, *sighting, &mut out);
    }
    track.close_until(site, engine, i64::MAX, &mut out);
    out
}

/// A second of slots in which both readers hear the tag at these levels, one packet each 100 ms.
fn second(from_ms: i64, r1_dbm: Option<f32>, r2_dbm: Option<f32>) -> Vec<Heard> {
    let packet = |t_ms| {
        [
            r1_dbm.map(|dbm| heard(t_ms, R1, dbm)),
            r2_dbm.map(|dbm| heard(t_ms, R2, dbm)),
        ]
    };
    (0..10)
        .flat_map(|step| packet(from_ms + step * 100))
        .flatten()
        .collect()
}

#[test]
fn the_worked_example_of_the_engine_gives_its_table() {
    let (site, engine) = (site(2), Engine::default());
    let sightings = [
        heard(0, R1, -60.0),
        heard(100, R2, -80.0),
        heard(250, R1, -62.0),
        heard(700, R2, -78.0),
        heard(1_200, R1, -75.0),
        heard(1_300, R2, -66.0),
        heard(2_900, R2, -60.0),
    ];
    let table = [
        (500, -60.858, -82.408, 0.995_448, 0.004_552),
        (1_000, -63.266, -79.547, 0.999_490, 0.000_510),
        (1_500, -65.558, -68.339, 0.987_278, 0.012_722),
        (3_000, -67.966, -62.107, 0.244_260, 0.755_740),
    ];
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    let mut sightings = sightings.iter().peekable();
    for (slot_end_ms, l_r1, l_r2, b_a, b_b) in table {
        while let Some(sighting) = sightings.next_if(|sighting| sighting.t_ms < slot_end_ms) {
            track.hear(&site, &engine, *sighting, &mut out);
        }
        track.close_until(&site, &engine, slot_end_ms, &mut out);
        let near =
            |found: Option<f64>, expected: f64, by: f64| (found.unwrap() - expected).abs() <= by;
        assert!(
            near(track.level_dbm(R1, &engine), l_r1, 0.000_5),
            "{slot_end_ms}: {track:?}"
        );
        assert!(
            near(track.level_dbm(R2, &engine), l_r2, 0.000_5),
            "{slot_end_ms}: {track:?}"
        );
        assert!(
            near(track.belief_of(A), b_a, 0.000_000_5),
            "{slot_end_ms}: {track:?}"
        );
        assert!(
            near(track.belief_of(B), b_b, 0.000_000_5),
            "{slot_end_ms}: {track:?}"
        );
        assert_eq!(track.reported(), Some(A));
    }
    assert_eq!(out.len(), 1, "b is likelier in the end, but below theta");
    assert_eq!((out[0].from, out[0].to, out[0].at_ms), (None, A, 500));
}

#[test]
fn a_tag_that_moves_is_reported_once_with_its_former_room() {
    let mut sightings = second(0, Some(-60.0), Some(-85.0));
    for from_ms in [1_000, 2_000, 3_000, 4_000] {
        sightings.extend(second(from_ms, Some(-85.0), Some(-60.0)));
    }
    let changes = changes_of(&site(2), &Engine::default(), &sightings);
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!((changes[1].from, changes[1].to), (Some(A), B));
    assert!(changes[1].at_ms > 1_000 && changes[1].confidence >= 0.95);
}

#[test]
fn of_two_rooms_equally_likely_the_smaller_is_reported() {
    let changes = changes_of(
        &site(2),
        &Engine::default(),
        &[heard(10, R2, -70.0), heard(10, R1, -70.0)],
    );
    assert_eq!(changes[0].to, A);
}

#[test]
fn a_slot_closes_when_the_tag_is_heard_one_second_after_its_end() {
    let (site, engine) = (site(1), Engine::default());
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    track.hear(&site, &engine, heard(400, R1, -60.0), &mut out);
    assert_eq!(track.oldest_open_slot_end_ms(&engine), Some(500));
    track.hear(&site, &engine, heard(1_499, R1, -60.0), &mut out);
    assert!(out.is_empty());
    track.hear(&site, &engine, heard(1_500, R1, -60.0), &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(track.oldest_open_slot_end_ms(&engine), Some(1_500));
    assert_eq!(track.newest_ms(), Some(1_500));
    assert_eq!(track.confidence(), Some(1.0));
}

#[test]
fn late_sightings_are_folded_up_to_five_seconds_and_dropped_after() {
    let (site, engine) = (site(1), Engine::default());
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    for t_ms in [0, 10_000] {
        assert_eq!(
            track.hear(&site, &engine, heard(t_ms, R1, -60.0), &mut out),
            HeardOutcome::InSlot
        );
    }
    track.hear(&site, &engine, heard(12_000, R1, -60.0), &mut out);
    assert_eq!(
        track.hear(&site, &engine, heard(10_100, R1, -60.0), &mut out),
        HeardOutcome::Folded
    );
    assert_eq!(
        track.hear(&site, &engine, heard(7_000, R1, -60.0), &mut out),
        HeardOutcome::Folded
    );
    assert_eq!(
        track.hear(&site, &engine, heard(6_999, R1, -60.0), &mut out),
        HeardOutcome::TooLate
    );
}

#[test]
fn a_sighting_that_cannot_be_placed_changes_nothing() {
    let (site, engine) = (site(1), Engine::default());
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    assert_eq!(
        track.hear(&site, &engine, heard(0, R2, -60.0), &mut out),
        HeardOutcome::NoRoom
    );
    for level in [f32::NAN, f32::INFINITY, f32::MAX, f32::MIN, 101.0] {
        let outcome = track.hear(&site, &engine, heard(0, R1, level), &mut out);
        assert_eq!(outcome, HeardOutcome::BadLevel);
    }
    assert_eq!(track.newest_ms(), None);
}

#[test]
fn extreme_times_do_no_harm() {
    for t_ms in [i64::MIN, i64::MAX] {
        let changes = changes_of(
            &site(2),
            &Engine::default(),
            &[heard(t_ms, R1, -60.0), heard(0, R2, -60.0)],
        );
        assert!(changes.len() <= 2, "{changes:?}");
    }
}

#[test]
fn r15_sightings_older_than_the_stored_place_never_change_it() {
    let (site, engine) = (site(2), Engine::default());
    let place = StoredPlace {
        room: A,
        since_ms: 50_000,
        seen_ms: 100_000,
    };
    let mut track = TagTrack::restored(place, &engine);
    let mut out = Vec::new();
    for t_ms in (0..94_000).step_by(500) {
        assert_eq!(
            track.hear(&site, &engine, heard(t_ms, R2, -50.0), &mut out),
            HeardOutcome::TooLate
        );
    }
    track.close_until(&site, &engine, i64::MAX, &mut out);
    assert!(out.is_empty());
    assert_eq!(
        (track.reported(), track.newest_ms(), track.confidence()),
        (Some(A), Some(100_000), None)
    );
}

#[test]
fn i6a_the_stored_room_stands_until_the_window_is_warm() {
    let (site, engine) = (site(2), Engine::default());
    let place = StoredPlace {
        room: A,
        since_ms: 0,
        seen_ms: 10_000,
    };
    let (mut track, mut out) = (TagTrack::restored(place, &engine), Vec::new());
    for (slot, t_ms) in (20_000..22_000).step_by(500).enumerate() {
        assert_eq!(track.reported(), if slot < 3 { Some(A) } else { Some(B) });
        track.hear(&site, &engine, heard(t_ms, R2, -40.0), &mut out);
        track.close_until(&site, &engine, t_ms + 500, &mut out);
    }
    assert_eq!((out[0].from, out[0].to, out[0].at_ms), (Some(A), B, 21_500));
}

#[test]
fn a_place_decided_elsewhere_is_taken_over_and_no_change_is_dated_before_it() {
    let (site, engine) = (site(2), Engine::default());
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    for sighting in second(0, Some(-40.0), None) {
        track.hear(&site, &engine, sighting, &mut out);
    }
    track.adopt(
        StoredPlace {
            room: B,
            since_ms: 3_000,
            seen_ms: 3_000,
        },
        &engine,
    );
    for sighting in
        second(3_100, Some(-40.0), None)
            .into_iter()
            .chain(second(4_100, Some(-40.0), None))
    {
        track.hear(&site, &engine, sighting, &mut out);
    }
    track.close_until(&site, &engine, i64::MAX, &mut out);
    let last = out.last().unwrap();
    assert_eq!((last.from, last.to), (Some(B), A));
    assert!(last.at_ms >= 3_000, "{out:?}");
}

#[test]
fn i9a_a_tag_leaves_a_room_whose_reader_works() {
    let engine = Engine::default();
    let mut site = site(2);
    let (mut track, mut out) = (TagTrack::default(), Vec::new());
    for step in 0..20 {
        let t_ms = step * 1_000;
        for reader in [R1, R2] {
            site.record_message(reader, t_ms, &engine);
        }
        let (r1_dbm, r2_dbm) = if step < 10 {
            (-60.0, -80.0)
        } else {
            (-80.0, -60.0)
        };
        for sighting in second(t_ms, Some(r1_dbm), Some(r2_dbm)) {
            track.hear(&site, &engine, sighting, &mut out);
        }
    }
    assert_eq!(track.reported(), Some(B));
}

/// Any sightings of one tag by four readers, sorted by time.
fn sorted_sightings() -> impl Strategy<Value = Vec<Heard>> {
    let step = prop_oneof![4 => 0i64..300, 1 => 0i64..4_000];
    prop::collection::vec((step, 0u32..4, -95i16..-40), 1..120).prop_map(|steps| {
        let mut t_ms = 0;
        let at = |(step, reader, rssi)| {
            t_ms += step;
            heard(t_ms, ReaderIndex(reader), f32::from(rssi))
        };
        steps.into_iter().map(at).collect()
    })
}

proptest! {
    /// I-6a: disorder within the lateness, and timers below the watermark, change nothing at all.
    #[test]
    fn i6a_order_within_the_lateness_and_timers_do_not_matter(
        sorted in sorted_sightings(),
        delays in prop::collection::vec((0i64..=1_000, any::<bool>(), 0i64..3_000), 120),
    ) {
        let (site, engine) = (site(4), Engine::default());
        let expected = changes_of(&site, &engine, &sorted);

        let mut shuffled: Vec<_> = sorted.iter().zip(&delays).collect();
        shuffled.sort_by_key(|(sighting, (delay_ms, ..))| sighting.t_ms + delay_ms);
        let (mut track, mut found) = (TagTrack::default(), Vec::new());
        for (sighting, (_, has_timer, behind_ms)) in shuffled {
            let outcome = track.hear(&site, &engine, *sighting, &mut found);
            prop_assert_eq!(outcome, HeardOutcome::InSlot);
            if *has_timer {
                let watermark_ms = track.newest_ms().unwrap() - 1_000;
                track.close_until(&site, &engine, watermark_ms - behind_ms, &mut found);
            }
        }
        track.close_until(&site, &engine, i64::MAX, &mut found);
        prop_assert_eq!(found, expected);
    }

    /// Estimates are in time order, chain up, and never lie before the newest sighting that they rest on.
    #[test]
    fn changes_chain_up_in_time_order(sorted in sorted_sightings()) {
        let changes = changes_of(&site(4), &Engine::default(), &sorted);
        prop_assert_eq!(changes[0].from, None);
        for pair in changes.windows(2) {
            prop_assert!(pair[0].at_ms < pair[1].at_ms);
            prop_assert_eq!(pair[1].from, Some(pair[0].to));
            prop_assert!(pair[1].from != Some(pair[1].to));
        }
        for change in &changes {
            prop_assert_eq!(change.at_ms % 500, 0);
            prop_assert!((0.0..=1.0).contains(&change.confidence));
        }
        prop_assert!(changes[0].at_ms > sorted[0].t_ms);
    }

    /// R15: whatever arrives too late leaves the track as it was.
    #[test]
    fn r15_sightings_that_are_too_late_change_nothing(
        sorted in sorted_sightings(),
        late in prop::collection::vec((5_001i64..100_000, 0u32..4, -95i16..-30), 1..50),
    ) {
        let (site, engine) = (site(4), Engine::default());
        let (mut track, mut out) = (TagTrack::default(), Vec::new());
        for sighting in &sorted {
            track.hear(&site, &engine, *sighting, &mut out);
        }
        let (before, changes) = (format!("{track:?}"), out.clone());
        for (age_ms, reader, rssi) in late {
            let t_ms = track.newest_ms().unwrap() - age_ms;
            let outcome = track.hear(&site, &engine, heard(t_ms, ReaderIndex(reader), f32::from(rssi)), &mut out);
            prop_assert_eq!(outcome, HeardOutcome::TooLate);
        }
        prop_assert_eq!(format!("{track:?}"), before);
        prop_assert_eq!(out, changes);
    }

    /// R13: the reader of a room dies, is found dead after three heartbeats, comes back: its tag never moves. The other
    /// readers hear the tag at any level a neighbour's wall lets through.
    #[test]
    fn r13_losing_the_reader_of_a_room_never_moves_its_tags(
        away_s in 3i64..200,
        interval_ms in prop_oneof![Just(100i64), Just(1_000), Just(3_000)],
        neighbours in prop::collection::vec(-90i16..-65, 400),
        marked in any::<bool>(),
    ) {
        let engine = Engine::default();
        let mut site = site(2);
        let (mut track, mut out) = (TagTrack::default(), Vec::new());
        let (dies_ms, returns_ms) = (30_000, 30_000 + away_s * 1_000);
        let mut next_packet_ms = 0;
        let mut neighbour = neighbours.iter().cycle();
        for now_ms in (0..returns_ms + 30_000).step_by(100) {
            let is_alive = now_ms < dies_ms || now_ms >= returns_ms;
            // Readers hear other tags as well, and say something each second.
            if now_ms % 1_000 == 0 {
                site.record_message(R2, now_ms, &engine);
                if is_alive {
                    site.record_message(R1, now_ms, &engine);
                }
            }
            if marked && now_ms == dies_ms {
                site.mark_down(R1, now_ms);
            }
            if now_ms == returns_ms {
                site.mark_up(R1, now_ms);
            }
            if now_ms >= next_packet_ms {
                next_packet_ms += interval_ms;
                let level = f32::from(*neighbour.next().unwrap());
                track.hear(&site, &engine, heard(now_ms, R2, level), &mut out);
                if is_alive {
                    track.hear(&site, &engine, heard(now_ms, R1, -50.0), &mut out);
                }
            }
        }
        prop_assert_eq!(out.len(), 1, "{:?}", out);
        prop_assert_eq!(track.reported(), Some(A));
    }
}
