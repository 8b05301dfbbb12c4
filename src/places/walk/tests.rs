use proptest::prelude::*;

use super::*;

fn room(id: i64, unit: Option<i64>, floor: i64, building: i64) -> WalkRoom {
    WalkRoom {
        room_id: RoomId(id),
        unit_id: unit.map(UnitId),
        floor_id: FloorId(floor),
        building_id: BuildingId(building),
    }
}

fn edge(a: i64, b: i64, cost_m: f64) -> WalkEdge {
    WalkEdge {
        rooms: [RoomId(a), RoomId(b)],
        cost_m,
    }
}

fn costs(map: &WalkingMap, origin: Origin) -> Vec<(i64, Cost, Reach)> {
    let near = map.costs_from(origin);
    near.sorted_rooms()
        .into_iter()
        .map(|room| {
            let one = near.find(room).unwrap();
            (room.0, one.cost_dm, one.reach)
        })
        .collect()
}

#[test]
fn without_ways_rooms_come_by_what_they_share() {
    let rooms = vec![
        room(1, Some(1), 1, 1),
        room(2, Some(1), 2, 1),
        room(3, Some(2), 1, 1),
        room(4, None, 2, 1),
        room(5, None, 9, 9),
    ];
    let map = WalkingMap::new(rooms, &[]);
    assert_eq!(
        costs(&map, Origin::Room(RoomId(1))),
        [
            (1, 0, Reach::Here),
            (2, 300, Reach::Unit),
            (3, 800, Reach::Floor),
            (4, 2_000, Reach::Building),
            (5, 10_000, Reach::Elsewhere),
        ]
    );
}

#[test]
fn the_shortest_way_counts_and_unknown_ways_come_after_known_ones() {
    let rooms = vec![
        room(1, Some(1), 1, 1),
        room(2, Some(1), 1, 1),
        room(3, Some(1), 1, 1),
        room(4, Some(1), 1, 1),
    ];
    let edges = [edge(1, 2, 50.0), edge(2, 3, 7.04), edge(1, 3, 12.0)];
    let map = WalkingMap::new(rooms, &edges);
    assert_eq!(
        costs(&map, Origin::Room(RoomId(1))),
        [
            (1, 0, Reach::Here),
            (3, 120, Reach::Walk),
            (2, 190, Reach::Walk),
            (4, 300, Reach::Unit)
        ]
    );
}

#[test]
fn a_unit_starts_from_the_nearest_of_its_rooms() {
    let rooms = vec![
        room(1, Some(1), 1, 1),
        room(2, Some(1), 2, 1),
        room(3, None, 2, 1),
        room(4, None, 3, 1),
    ];
    let edges = [edge(1, 3, 90.0), edge(2, 3, 10.0), edge(3, 4, 5.0)];
    let near = WalkingMap::new(rooms, &edges).costs_from(Origin::Unit(UnitId(1)));
    let of = |id| near.find(RoomId(id)).unwrap();
    assert_eq!((of(1).cost_dm, of(2).cost_dm), (0, 0));
    assert_eq!((of(3).cost_dm, of(3).is_other_floor), (100, false));
    assert_eq!((of(4).cost_dm, of(4).is_other_floor), (150, true));
}

#[test]
fn an_unknown_origin_and_broken_ways_do_no_harm() {
    let map = WalkingMap::new(
        vec![
            room(1, None, 1, 1),
            room(1, None, 1, 1),
            room(2, None, 1, 1),
        ],
        &[edge(1, 1, 5.0), edge(1, 7, 5.0), edge(1, 2, f64::NAN)],
    );
    assert!(
        map.costs_from(Origin::Room(RoomId(99)))
            .iter()
            .all(|(_, near)| near.reach == Reach::Elsewhere)
    );
    assert_eq!(
        costs(&map, Origin::Room(RoomId(1))),
        [(1, 0, Reach::Here), (2, 0, Reach::Walk)]
    );
    assert!(
        WalkingMap::default()
            .costs_from(Origin::Unit(UnitId(1)))
            .sorted_rooms()
            .is_empty()
    );
}

/// Up to 30 rooms anywhere and up to 40 ways.
fn maps() -> impl Strategy<Value = (Vec<WalkRoom>, Vec<WalkEdge>)> {
    let room = (prop::option::of(0_i64..4), 0_i64..4);
    let edge = (0_i64..30, 0_i64..30, 0.0_f64..300.0);
    (
        prop::collection::vec(room, 1..30),
        prop::collection::vec(edge, 0..40),
    )
        .prop_map(|(rooms, edges)| {
            let rooms = rooms
                .into_iter()
                .zip(0..)
                .map(|((unit, floor), id)| super::tests::room(id, unit, floor, floor / 2))
                .collect();
            let edges = edges
                .into_iter()
                .map(|(a, b, cost)| super::tests::edge(a, b, cost))
                .collect();
            (rooms, edges)
        })
}

proptest! {
    #[test]
    fn ways_are_never_longer_than_over_another_room((rooms, edges) in maps()) {
        let map = WalkingMap::new(rooms.clone(), &edges);
        let from: Vec<_> = rooms.iter().map(|room| map.costs_from(Origin::Room(room.room_id))).collect();
        for (a, near) in rooms.iter().zip(&from) {
            let own = near.find(a.room_id).unwrap();
            prop_assert_eq!((own.cost_dm, own.reach), (0, Reach::Here));
            for (b, over) in rooms.iter().zip(&from) {
                for c in &rooms {
                    let walk = |near: &Nearnesses, to: &WalkRoom| {
                        let one = near.find(to.room_id).unwrap();
                        (one.reach <= Reach::Walk).then_some(one.cost_dm)
                    };
                    if let (Some(first), Some(second)) = (walk(near, b), walk(over, c)) {
                        prop_assert!(walk(near, c).unwrap() <= first + second);
                    }
                }
            }
        }
    }

    #[test]
    fn a_guess_comes_after_all_that_is_nearer((rooms, edges) in maps()) {
        let map = WalkingMap::new(rooms.clone(), &edges);
        let origin = rooms[0];
        let near = map.costs_from(Origin::Room(origin.room_id));
        let tier = |room: &WalkRoom| {
            if origin.unit_id.is_some() && room.unit_id == origin.unit_id { 0 }
            else if room.floor_id == origin.floor_id { 1 }
            else if room.building_id == origin.building_id { 2 }
            else { 3 }
        };
        for a in &rooms {
            for b in &rooms {
                let (one, other) = (near.find(a.room_id).unwrap(), near.find(b.room_id).unwrap());
                // The guessed one of the same or a farther tier never comes first.
                if other.reach > Reach::Walk && tier(a) <= tier(b) {
                    let is_same_guess = one.reach == other.reach;
                    prop_assert!(one.cost_dm < other.cost_dm || (is_same_guess && one.cost_dm == other.cost_dm), "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn one_more_way_never_makes_a_walk_longer((rooms, edges) in maps(), a in 0_i64..30, b in 0_i64..30) {
        let before = WalkingMap::new(rooms.clone(), &edges).costs_from(Origin::Room(RoomId(0)));
        let more = [edges, vec![edge(a, b, 1.0)]].concat();
        let after = WalkingMap::new(rooms, &more).costs_from(Origin::Room(RoomId(0)));
        for (room, was) in before.iter().filter(|(_, near)| near.reach <= Reach::Walk) {
            prop_assert!(after.find(room).unwrap().cost_dm <= was.cost_dm);
        }
    }
}

/// The size that the runner's time for this test is about; see the head of the module.
#[test]
fn twenty_thousand_rooms_are_reached() {
    let count = 20_000;
    let rooms = (0..count)
        .map(|id| room(id, Some(id / 40), id / 200, id / 2_000))
        .collect();
    let mut edges = Vec::new();
    for id in 0..count {
        for step in [1, 17, 400] {
            edges.push(edge(id, (id + step) % count, 4.0));
        }
    }
    let near = WalkingMap::new(rooms, &edges).costs_from(Origin::Unit(UnitId(3)));
    assert!(near.iter().all(|(_, near)| near.reach <= Reach::Walk));
}
