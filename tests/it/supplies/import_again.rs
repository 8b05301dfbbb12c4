//! What the report shows is what is written, and a file that was applied changes nothing the second time.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::supplies::import::SupplyPlan;

use super::import::{apply, check, number, rooms};
use crate::support::TestDatabase;

/// Changes of places of stock, as name, column, old and new.
fn place_changes(plan: &SupplyPlan) -> Vec<(&str, &str, &str, &str)> {
    let places = plan.stock_places.iter().flat_map(|write| {
        write.changes.iter().map(|change| {
            (
                write.name.as_str(),
                change.column,
                change.old.as_str(),
                change.new.as_str(),
            )
        })
    });
    places.collect()
}

const PLACES: &str = "SELECT p.name || '/' || p.kind || '/' || r.name || '/' || coalesce(o.name, '-') AS line FROM stock_place p \
                      JOIN room r ON r.id = p.room_id LEFT JOIN supply_round o ON o.id = p.supply_round_id ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn rooms_kinds_and_rounds_of_places_are_shown_and_then_written() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    conn.batch_execute("INSERT INTO room (floor_id, name, kind) SELECT min(id), 'Store 2', 'supply_room' FROM floor")
        .await
        .unwrap();
    let first =
        "item_number,name,place,room,round,bin\n1,Tape,Store,Store 1,,A\n2,Gauze,Store,,,B\n";
    let plan = check(&conn, first).await;
    assert_eq!(
        place_changes(&plan),
        [
            ("Store", "place_kind", "", "room"),
            ("Store", "room", "", "Store 1")
        ]
    );
    assert_eq!(plan.new_places, ["Store"]);
    apply(&mut conn, first, false).await.unwrap();
    // A round without a room, a round that is new, and no number of a rule in the row.
    let second = "item_number,place,round\n1,Store,morning\n2,Store,MORNING\n";
    let plan = check(&conn, second).await;
    assert_eq!(
        place_changes(&plan),
        [("Store", "round", "", "morning")],
        "known in any case"
    );
    assert_eq!((plan.writes(), plan.new_rounds.len()), (1, 0));
    apply(&mut conn, second, false).await.unwrap();
    assert_eq!(database.lines(PLACES).await, ["Store/room/Store 1/Morning"]);
    let third = "item_number,place,place_kind,room,round\n2,Store,cabinet,Store 2,Night\n";
    let plan = check(&conn, third).await;
    assert_eq!(
        place_changes(&plan),
        [
            ("Store", "place_kind", "room", "cabinet"),
            ("Store", "room", "Store 1", "Store 2"),
            ("Store", "round", "Morning", "Night")
        ]
    );
    assert_eq!(
        (plan.new_rounds.as_slice(), plan.unchanged),
        (&["Night".to_owned()][..], 0)
    );
    apply(&mut conn, third, false).await.unwrap();
    assert_eq!(
        database.lines(PLACES).await,
        ["Store/cabinet/Store 2/Night"]
    );
    // A number in a row moves the place nowhere by itself.
    let fourth = "item_number,place,reorder_point,target\n1,Store,5,9\n";
    let plan = check(&conn, fourth).await;
    assert_eq!((plan.stock_places.len(), plan.places.len()), (0, 1));
    // What rows say of one place has to agree.
    for (file, column, remedy) in [
        (
            "item_number,place,room\n1,Store,Store 1\n2,Store,Store 2\n",
            "room",
            "Row 2 says Store 1",
        ),
        (
            "item_number,place,round\n1,Store,Noon\n2,Store,Eve\n",
            "round",
            "Row 2 says Noon",
        ),
        (
            "item_number,place,place_kind\n1,Store,cart\n2,Store,room\n",
            "place_kind",
            "Row 2 says cart",
        ),
    ] {
        let plan = check(&conn, file).await;
        let fault = &plan.faults[0];
        assert_eq!((fault.row, fault.column), (3, column), "{fault:?}");
        assert!(fault.remedy.contains(remedy), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_to_write_the_same_changes_nothing() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    let file = "item_number,name,supplier,gtin,place,room,round,bin\nt-1,Tape,North Medical,09506000134352,Twins,Store 1,Night,A\n";
    let first = apply(&mut conn, file, false).await.unwrap();
    assert_eq!(first.new_suppliers, ["North Medical"]);
    conn.batch_execute(
        "INSERT INTO item_code (code, item_id) SELECT '04006381333931', id FROM item;
         UPDATE stock_place SET room_id = (SELECT max(id) FROM room WHERE name = 'Twin')",
    )
    .await
    .unwrap();
    for same in [
        // Either of two codes of a piece; the supplier and the round in other letters; the room, of which there are two, in which it is.
        "item_number,gtin\nT-1,9506000134352\n",
        "item_number,gtin\nT-1,4006381333931\n",
        "item_number,supplier\nT-1,NORTH medical\n",
        "item_number,place,room,round\nT-1,Twins,Twin,NIGHT\n",
        "item_number,name,supplier,gtin,place,room,round,bin\nT-1,Tape,north medical,4006381333931,Twins,Twin,night,A\n",
    ] {
        let plan = check(&conn, same).await;
        assert_eq!((plan.writes(), plan.unchanged), (0, 1), "{same}: {plan:?}");
        assert_eq!(
            plan.new_suppliers.len() + plan.new_rounds.len(),
            0,
            "{same}"
        );
    }
    assert_eq!(number(&mut conn, "SELECT count(*) FROM supplier").await, 1);
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        choices[usize::try_from(self.0 >> 33).unwrap() % choices.len()]
    }
}

/// A file of some rows about few items and places, so that they meet in every way.
fn random_file(dice: &mut Dice) -> String {
    let mut file = "item_number,name,unit,category,supplier,count_class,pack,pack_units,gtin,pack_gtin,place,place_kind,room,round,bin,second_bin,reorder_point,target,maximum,fixed_quantity\n".to_owned();
    let codes = [
        "",
        "",
        "",
        "09506000134352",
        "04006381333931",
        "96385074",
        "07613203021012",
    ];
    for _ in 0..12 {
        let cells = [
            dice.roll(&["a", "A", "b", "c", "d"]),
            dice.roll(&["", "Tape", "Gauze"]),
            dice.roll(&["", "", "", "each", "roll"]),
            dice.roll(&["", "", "Wound", "'=x"]),
            dice.roll(&["", "", "North", "NORTH", "South"]),
            dice.roll(&["", "", "a", "c", "x"]),
            dice.roll(&["", "", "box", "carton"]),
            dice.roll(&["", "", "10", "50"]),
            dice.roll(&codes),
            dice.roll(&codes),
            dice.roll(&["", "P", "Q", "R"]),
            dice.roll(&["", "", "", "cart", "room"]),
            dice.roll(&["", "", "Store 1", "Store 2", "Twin"]),
            dice.roll(&["", "", "Morning", "night", "Night"]),
            dice.roll(&["", "A", "B", "C"]),
            dice.roll(&["", "", "B", "D"]),
            dice.roll(&["", "", "5", "30"]),
            dice.roll(&["", "", "20", "60"]),
            dice.roll(&["", "", "", "50", "100"]),
            dice.roll(&["", "", "", "10", "100"]),
        ];
        file.push_str(&cells.join(","));
        file.push('\n');
    }
    file
}

async fn two_stores(conn: &mut AsyncPgConnection) {
    rooms(conn).await;
    conn.batch_execute("INSERT INTO room (floor_id, name, kind) SELECT min(id), 'Store 2', 'supply_room' FROM floor")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_applied_changes_nothing_the_second_time() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    two_stores(&mut conn).await;
    let mut dice = Dice(20_261_127);
    let (mut wrote, mut items, mut stock_places, mut places, mut codes, mut wrong) =
        (0, 0, 0, 0, 0, 0);
    for round in 0..150 {
        let file = random_file(&mut dice);
        let shown = check(&conn, &file).await;
        let done = apply(&mut conn, &file, true).await.unwrap();
        assert_eq!(shown, done, "file {round}: what was shown is what was done");
        let again = check(&conn, &file).await;
        assert_eq!(again.writes(), 0, "file {round}:\n{file}\n{again:?}");
        assert_eq!(
            again.new_rounds.len() + again.new_suppliers.len(),
            0,
            "{round}"
        );
        // What was wrong is wrong still, and rows are counted once.
        assert_eq!(
            again.unchanged + again.faulty_rows,
            12,
            "file {round}: {again:?}"
        );
        wrote += usize::from(done.writes() > 0);
        items += done.items.len();
        stock_places += done.stock_places.len();
        places += done.places.len();
        codes += done
            .items
            .iter()
            .map(|item| item.codes.len())
            .sum::<usize>();
        wrong += done.faulty_rows;
    }
    println!(
        "{wrote} files wrote {items} items, {stock_places} places, {places} rules, {codes} codes; {wrong} rows were wrong"
    );
    assert!(
        wrote > 60 && items > 60 && stock_places > 30 && places > 30 && codes > 20 && wrong > 100
    );
}
