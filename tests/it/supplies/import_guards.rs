//! What forms refuse a file refuses too, and what a file does not name it leaves alone.

use std::fmt::Write;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::supplies::import::{Change, SupplyImportError};

use super::import::{apply, check, number, rooms};
use crate::support::TestDatabase;

/// Changes of the only item, as column, old and new.
async fn item_changes(conn: &mut AsyncPgConnection, file: &str) -> Vec<(String, String, String)> {
    let plan = check(conn, file).await;
    assert_eq!(plan.faults, [], "{file}");
    let change = |change: &Change| {
        let Change { column, old, new } = change.clone();
        (column.to_owned(), old, new)
    };
    let found = plan.items.iter().flat_map(|item| &item.changes);
    found.map(change).collect()
}

fn change(column: &str, old: &str, new: &str) -> (String, String, String) {
    (column.to_owned(), old.to_owned(), new.to_owned())
}

const ON: &str = "SELECT c.code || ':' || coalesce(p.name, '-') AS line FROM item_code c \
                  LEFT JOIN item_pack p ON p.id = c.item_pack_id ORDER BY 1";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_pack_to_order_does_not_take_the_code_of_the_old_one() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let first = "item_number,name,pack,pack_units,pack_gtin\n1,Tape,box,50,09506000134352\n";
    apply(&mut conn, first, false).await.unwrap();
    let second = "item_number,pack,pack_units,pack_gtin\n1,carton,500,\n";
    assert_eq!(
        item_changes(&mut conn, second).await,
        [
            change("pack", "box", "carton"),
            change("pack_units", "50", "500")
        ]
    );
    apply(&mut conn, second, false).await.unwrap();
    assert_eq!(database.lines(ON).await, ["09506000134352:box"]);
    // A file that names the code says where it is, and the dry run shows it.
    let third = "item_number,pack_gtin\n1,09506000134352\n";
    assert_eq!(
        item_changes(&mut conn, third).await,
        [
            change("pack_gtin", "09506000134352 (box)", ""),
            change("pack_gtin", "", "09506000134352 (carton)")
        ]
    );
    apply(&mut conn, third, false).await.unwrap();
    assert_eq!(database.lines(ON).await, ["09506000134352:carton"]);
    assert_eq!(check(&conn, third).await.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_on_the_wrong_side_moves_and_one_on_both_sides_is_a_mistake() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let first = "item_number,name,pack,pack_units,gtin\n1,Tape,box,50,09506000134352\n";
    apply(&mut conn, first, false).await.unwrap();
    assert_eq!(database.lines(ON).await, ["09506000134352:-"]);
    let corrected = "item_number,gtin,pack_gtin\n1,,09506000134352\n";
    assert_eq!(
        item_changes(&mut conn, corrected).await,
        [
            change("gtin", "09506000134352", ""),
            change("pack_gtin", "", "09506000134352 (box)")
        ]
    );
    apply(&mut conn, corrected, false).await.unwrap();
    assert_eq!(database.lines(ON).await, ["09506000134352:box"]);
    assert_eq!(check(&conn, corrected).await.writes(), 0);
    // And back, with a code of its own for the pack in the same row.
    let back = "item_number,gtin,pack_gtin\n1,9506000134352,04006381333931\n";
    apply(&mut conn, back, false).await.unwrap();
    let both = ["04006381333931:box", "09506000134352:-"];
    assert_eq!(database.lines(ON).await, both);
    let twice = "item_number,gtin,pack_gtin\n1,09506000134352,9506000134352\n";
    let refused = apply(&mut conn, twice, false).await;
    let Err(SupplyImportError::Faults(plan)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (plan.faults[0].row, plan.faults[0].column),
        (2, "pack_gtin")
    );
    assert!(plan.faults[0].remedy.contains("leave one of them empty"));
    assert_eq!(database.lines(ON).await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_row_with_the_room_of_a_new_place_may_come_last_in_a_long_file() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    let mut file = "item_number,name,place,room,bin\n".to_owned();
    for n in 0..4_100 {
        let room = if n == 4_099 { "Store 1" } else { "" };
        writeln!(file, "N{n:05},Item {n},Far,{room},A-{}", n % 7).unwrap();
    }
    let done = apply(&mut conn, &file, false).await.unwrap();
    assert_eq!((done.places.len(), done.new_places.len()), (4_100, 1));
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM stocking").await,
        4_100
    );
    assert_eq!(check(&conn, &file).await.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_when_less_is_written_than_was_shown() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    let file = "item_number,name,place,room,bin,reorder_point,target\n1,Tape,Store,Store 1,A,5,9\n2,Gauze,Store,,B,5,9\n";
    for table in ["stocking", "stock_place", "item"] {
        conn.batch_execute(&format!(
            "CREATE OR REPLACE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
             CREATE TRIGGER swallow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION swallow()"
        ))
        .await
        .unwrap();
        let failed = apply(&mut conn, file, false).await;
        assert!(
            matches!(failed, Err(SupplyImportError::NotWhole { .. })),
            "{table}: {failed:?}"
        );
        let all = "SELECT (SELECT count(*) FROM item) + (SELECT count(*) FROM stock_place) + (SELECT count(*) FROM stock_rule) + (SELECT count(*) FROM audit_log)";
        assert_eq!(number(&mut conn, all).await, 0, "{table}");
        conn.batch_execute(&format!("DROP TRIGGER swallow ON {table}"))
            .await
            .unwrap();
    }
    apply(&mut conn, file, false).await.unwrap();
    assert_eq!(number(&mut conn, "SELECT count(*) FROM stocking").await, 2);
}

/// Items that were used, or are not any more; a cabinet with rules above it, and a place that is not used any more.
async fn guarded(conn: &mut AsyncPgConnection) {
    rooms(conn).await;
    let file = "item_number,name,unit,place,room,bin,second_bin,maximum,fixed_quantity,pack,pack_units\n\
                1,Tape,roll,Store,Store 1,A,,200,,box,10\n2,Gauze,each,Store,,B,,,,,\n3,Swab,each,,,,,,,,\n";
    apply(conn, file, false).await.unwrap();
    conn.batch_execute(
        "INSERT INTO lot (item_id, first_received_at) SELECT id, now() FROM item WHERE item_number = '1';
         INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
         SELECT 'count', s.item_id, l.id, s.bin_id, s.stock_place_id, 5, now(), now() FROM stocking s JOIN lot l USING (item_id);
         UPDATE item SET is_retired = true WHERE item_number = '3';
         INSERT INTO stock_place (kind, name, room_id, is_retired) SELECT 'room', 'Old', min(id), true FROM room;
         INSERT INTO stock_rule (item_id, facility_id, par, maximum) SELECT i.id, f.id, 40, 60 FROM item i, facility f WHERE i.item_number = '2';
         INSERT INTO asset_type (name) VALUES ('Cart');
         INSERT INTO asset (asset_number, asset_type_id) SELECT 'C-1', id FROM asset_type;
         INSERT INTO stock_place (kind, name, asset_id) SELECT 'cart', 'Cart', id FROM asset",
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_forms_refuse_files_refuse_and_nothing_half_is_written() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    guarded(&mut conn).await;
    let head = "item_number,name,unit,category,place,place_kind,room,bin,second_bin,reorder_point,target,maximum,fixed_quantity";
    for (row, column, value, remedy) in [
        // The unit of what was booked stays.
        (
            "1,,each,,,,,,,,,,",
            "unit",
            "each",
            "Something was booked in roll already",
        ),
        // What is no longer used is held nowhere, and a place that is no longer used holds nothing.
        (
            "3,,,,Store,,,C,,,,,",
            "place",
            "Store",
            "The item is no longer used",
        ),
        (
            "2,,,,Old,,,C,,,,,",
            "place",
            "Old",
            "This place is no longer used",
        ),
        // Rules that contradict themselves, or a rule above.
        (
            "1,,,,Store,,,,,,300,,",
            "target",
            "300",
            "above the maximum of 200",
        ),
        (
            "1,,,,Store,,,,,250,,,",
            "reorder_point",
            "250",
            "above the maximum of 200",
        ),
        (
            "1,,,,Store,,,,,10,90,80,",
            "maximum",
            "80",
            "filled up to 90",
        ),
        (
            "1,,,,Store,,,,,,,,25",
            "fixed_quantity",
            "25",
            "whole packs of 10",
        ),
        (
            "2,,,,Store,,,,,50,,,",
            "reorder_point",
            "50",
            "sets a target of 40",
        ),
        (
            "2,,,,Store,,,,,,70,,",
            "target",
            "70",
            "sets a maximum of 60",
        ),
        // A cart that is where its tag is.
        (
            "2,,,,Cart,,Store 1,C,,,,,",
            "room",
            "Store 1",
            "where its tag is",
        ),
        (
            "2,,,,Cart,room,,C,,,,,",
            "place_kind",
            "room",
            "It is a cart with a tag",
        ),
        // Formulas.
        (
            "=1+1,Tape,,,,,,,,,,,",
            "item_number",
            "=1+1",
            "put a ' before it",
        ),
        (
            "9,=1+1,,,,,,,,,,,",
            "name",
            "=1+1",
            "takes this for a formula",
        ),
        (
            "9,Tape,@SUM(A1),,,,,,,,,,",
            "unit",
            "@SUM(A1)",
            "takes this for a formula",
        ),
        (
            "9,Tape,, +1+1,,,,,,,,,",
            "category",
            "+1+1",
            "takes this for a formula",
        ),
        (
            "9,Tape,,,Store,,,-A1,,,,,",
            "bin",
            "-A1",
            "takes this for a formula",
        ),
    ] {
        let file = format!("{head}\n7,Good,each,,,,,,,,,,\n{row}\n");
        let refused = apply(&mut conn, &file, false).await;
        let Err(SupplyImportError::Faults(plan)) = refused else {
            panic!("{row}: {refused:?}");
        };
        let fault = &plan.faults[0];
        assert_eq!(
            (fault.row, fault.column, fault.value.as_str()),
            (3, column, value),
            "{row}: {fault:?}"
        );
        assert!(fault.remedy.contains(remedy), "{row}: {fault:?}");
        assert_eq!(plan.faulty_rows, 1, "{row}: {:?}", plan.faults);
        assert_eq!(
            number(&mut conn, "SELECT count(*) FROM item").await,
            3,
            "{row}"
        );
    }
    // With the mark before it, and where nothing forbids it, all of it goes.
    let fine = format!(
        "{head}\n9,'=1+1,,'-x,Store,,,D,,5,9,9,\n2,,roll,,Store,,,,,30,40,60,\n1,Wide tape,roll,,Store,,,,,90,200,,20\n3,Old swab,,,,,,,,,,,\n"
    );
    let done = apply(&mut conn, &fine, false).await.unwrap();
    assert_eq!((done.items.len(), done.places.len()), (4, 3));
    assert_eq!(check(&conn, &fine).await.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rests_on_a_row_with_a_mistake_is_left_out_with_it_and_said() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    // Row 2 is wrong. Row 3 is of the same new item, and the only one that says the room of P, on which row 4 rests. Row 5 is of that item.
    let file = "item_number,name,count_class,place,room,bin\n1,Tape,x,,,\n1,,,P,Store 1,A\n2,Gauze,,P,,B\n2,,,Q,Store 1,C\n3,Swab,,Q,,D\n4,Glove,,Z,Store 1,E\n";
    let plan = check(&conn, file).await;
    let wrong: Vec<(u64, &str)> = plan
        .faults
        .iter()
        .map(|fault| (fault.row, fault.column))
        .collect();
    assert_eq!(
        wrong,
        [
            (2, "count_class"),
            (3, "name"),
            (4, "place"),
            (5, "name"),
            (6, "place")
        ],
        "{:?}",
        plan.faults
    );
    let done = apply(&mut conn, file, true).await.unwrap();
    assert_eq!((done.items.len(), done.places.len()), (1, 1));
    // A mistake that all rows of an item repeat is one of each, however many they are, and holds nothing else up.
    let mut long = "item_number,name,gtin,place,room,bin\n5,Drape,,,,\n".to_owned();
    for n in 0..30 {
        writeln!(long, "6,,,S{n},Store 1,A\n4,,09506000134352,T{n},Store 1,A").unwrap();
    }
    conn.batch_execute("INSERT INTO item (item_number, name) VALUES ('7', 'Owner'); INSERT INTO item_code (code, item_id) SELECT '09506000134352', max(id) FROM item")
        .await
        .unwrap();
    let plan = check(&conn, &long).await;
    assert_eq!((plan.faulty_rows, plan.items.len()), (60, 1));
    // A chain that has no end is cut.
    let mut long = "item_number,name,place,room,bin\nK0,,P1,Store 1,A\n".to_owned();
    for n in 1..40 {
        writeln!(long, "K{n},Item,P{n},,A\nK{n},,P{},Store 1,A", n + 1).unwrap();
    }
    let plan = check(&conn, &long).await;
    assert_eq!((plan.faulty_rows, plan.writes()), (79, 0));
}
