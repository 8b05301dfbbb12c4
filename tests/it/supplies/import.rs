//! Items, places and rules from a file.

use std::fmt::Write;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::supplies::import::{SupplyImportError, SupplyPlan, apply_file, check_file};

use super::world::insert;
use crate::asset_import::send_file;
use crate::pages::{has, served};
use crate::register::filled;
use crate::support::TestDatabase;

pub(super) async fn check(conn: &AsyncPgConnection, text: &str) -> SupplyPlan {
    check_file(conn, text.as_bytes()).await.unwrap()
}

pub(super) async fn apply(
    conn: &mut AsyncPgConnection,
    text: &str,
    skip: bool,
) -> Result<SupplyPlan, SupplyImportError> {
    apply_file(conn, text.as_bytes(), skip, &|_, _| {}, chrono::Utc::now()).await
}

pub(super) async fn number(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    insert(conn, &format!("SELECT ({sql})::bigint AS id")).await
}

/// A facility with two rooms of different names and two of the same.
pub(super) async fn rooms(conn: &mut AsyncPgConnection) {
    conn.batch_execute(
        "INSERT INTO facility (name, time_zone) VALUES ('F', 'Europe/London');
         INSERT INTO building (facility_id, name) SELECT id, 'B' FROM facility;
         INSERT INTO floor (building_id, name, level) SELECT b.id, n, l FROM building b, (VALUES ('L0', 0), ('L1', 1)) v(n, l);
         INSERT INTO room (floor_id, name, kind) SELECT min(id), n, 'supply_room' FROM floor, (VALUES ('Store 1'), ('Twin')) v(n) GROUP BY n;
         INSERT INTO room (floor_id, name, kind) SELECT max(id), 'Twin', 'supply_room' FROM floor;
         INSERT INTO supply_round (name) VALUES ('Morning')",
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_names_row_column_and_remedy_and_nothing_half_is_imported() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    let head = "item_number,name,pack,pack_units,gtin,pack_gtin,place,room,round,bin,second_bin,reorder_point,target,fixed_quantity";
    for (row, column, remedy) in [
        (",Tape,,,,,,,,,,,,", "item_number", "needs the number"),
        ("1,,,,,,,,,,,,,", "name", "needs a name"),
        ("1,Tape,box,,,,,,,,,,,", "pack_units", "How many pieces"),
        ("1,Tape,,10,,,,,,,,,,", "pack", "What is the pack called"),
        (
            "1,Tape,box,0,,,,,,,,,,",
            "pack_units",
            "whole number from 1",
        ),
        ("1,Tape,box,1.5,,,,,,,,,,", "pack_units", "whole number"),
        ("1,Tape,box,-5,,,,,,,,,,", "pack_units", "whole number"),
        (
            "1,Tape,box,1000000000000,,,,,,,,,,",
            "pack_units",
            "whole number",
        ),
        (
            "1,Tape,,,09506000134353,,,,,,,,,",
            "gtin",
            "would have to be 2",
        ),
        (
            "1,Tape,,,9.506E+12,,,,,,,,,",
            "gtin",
            "format the column as text",
        ),
        ("1,Tape,,,123,,,,,,,,,", "gtin", "8, 12, 13 or 14 digits"),
        (
            "1,Tape,,,,09506000134352,,,,,,,,",
            "pack_gtin",
            "has no pack",
        ),
        (
            "1,Tape,box,5,09506000134352,9506000134352,,,,,,,,",
            "pack_gtin",
            "codes of their own",
        ),
        (
            "1,Tape,,,,,Store,,,A,,,,",
            "room",
            "say in room where it is",
        ),
        (
            "1,Tape,,,,,Store,Nowhere,,A,,,,",
            "room",
            "no room of this name",
        ),
        ("1,Tape,,,,,Store,Twin,,A,,,,", "room", "Several rooms"),
        ("1,Tape,,,,,Store,Store 1,,,,,,", "bin", "in which bin"),
        (
            "1,Tape,,,,,Store,Store 1,,A,A,,,5",
            "second_bin",
            "names of their own",
        ),
        (
            "1,Tape,,,,,Store,Store 1,,A,B,,,",
            "fixed_quantity",
            "what one of them holds",
        ),
        (
            "1,Tape,,,,,Store,Store 1,,A,,10,5,",
            "target",
            "below the reorder point",
        ),
        (
            "1,Tape,,,,,Store,Store 1,,A,,-1,5,",
            "reorder_point",
            "whole number from 0",
        ),
        ("1,Tape,,,", "", "The row has 5 cells"),
    ] {
        let plan = check(&conn, &format!("{head}\n{row}\n")).await;
        let fault = plan
            .faults
            .first()
            .unwrap_or_else(|| panic!("{row} is fine"));
        assert_eq!((fault.row, fault.column), (2, column), "{row}: {fault:?}");
        assert!(fault.remedy.contains(remedy), "{row}: {fault:?}");
        assert_eq!(plan.faulty_rows, 1, "{row}");
    }
    // Three broken rows among good ones: nothing is written, or the good ones alone when somebody says so.
    let file = format!(
        "{head}\n1,Tape,box,10,09506000134352,,Store,Store 1,Morning,A,,5,20,\n2,,,,,,,,,,,,,\n3,Gauze,,,09506000134352,,,,,,,,,\n4,Swab,box,x,,,,,,,,,,\n5,Glove,,,,,Store,,,B-1,B-2,,,25\n"
    );
    let refused = apply(&mut conn, &file, false).await;
    assert!(
        matches!(&refused, Err(SupplyImportError::Faults(plan)) if plan.faulty_rows == 3),
        "{refused:?}"
    );
    assert_eq!(number(&mut conn, "SELECT count(*) FROM item").await, 0);
    let done = apply(&mut conn, &file, true).await.unwrap();
    // The first row makes the place; the last one finds it.
    assert_eq!(
        (done.new_items(), done.places.len()),
        (2, 2),
        "{:?}",
        done.faults
    );
    let last = check(&conn, &file).await;
    assert_eq!((last.items.len(), last.places.len()), (0, 0), "{last:?}");
    // What should be held and is not there is suggested at once (R19).
    assert_eq!(
        number(
            &mut conn,
            "SELECT count(*) FROM order_line WHERE state = 'suggested'"
        )
        .await,
        1
    );
    assert_eq!(
        number(&mut conn, "SELECT quantity_suggested FROM order_line").await,
        20,
        "in packs of 10"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_spreadsheets_are_read_and_a_changed_pack_is_followed_by_rules() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rooms(&mut conn).await;
    let file = "\u{feff}Item number;Name;Pack;Pack units;Place;Room;Bin;Reorder point;Target\r\n7;'=1+1;box;10;Store;Store 1;A;5;20\r\n8;\"Tape; wide\";;;;;;;\r\n";
    let done = apply(&mut conn, file, false).await.unwrap();
    assert_eq!(done.new_items(), 2);
    let names = database
        .lines("SELECT name AS line FROM item ORDER BY item_number")
        .await;
    assert_eq!(
        names,
        ["=1+1", "Tape; wide"],
        "the mark against formulas is taken off"
    );
    assert_eq!(
        number(&mut conn, "SELECT quantity_suggested FROM order_line").await,
        20
    );
    let changed = apply(&mut conn, "item_number,pack,pack_units\n7,case,30\n", false)
        .await
        .unwrap();
    let what: Vec<&str> = changed.items[0]
        .changes
        .iter()
        .map(|change| change.column)
        .collect();
    assert_eq!(what, ["pack", "pack_units"]);
    assert_eq!(
        number(&mut conn, "SELECT pack_units FROM stocking").await,
        30
    );
    assert_eq!(
        number(&mut conn, "SELECT quantity_suggested FROM order_line").await,
        30
    );
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM item_pack WHERE is_ordered").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_items_are_imported_once_and_200_000_rows_are_refused() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let mut file = "item_number,name,unit,category,supplier,pack,pack_units\n".to_owned();
    for n in 0..50_000 {
        writeln!(
            file,
            "N{n},Item number {n},each,Category {},Supplier {},box,{}",
            n % 40,
            n % 300,
            n % 90 + 1
        )
        .unwrap();
    }
    let begun = std::time::Instant::now();
    let plan = check(&conn, &file).await;
    let checked = begun.elapsed();
    assert_eq!((plan.new_items(), plan.faulty_rows), (50_000, 0));
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |done: usize, all: usize| told.lock().unwrap().push((done, all));
    apply_file(
        &mut conn,
        file.as_bytes(),
        false,
        &progress,
        chrono::Utc::now(),
    )
    .await
    .unwrap();
    println!(
        "50,000 items: checked in {checked:?}, imported after {:?}",
        begun.elapsed()
    );
    let told = told.into_inner().unwrap();
    assert_eq!((told.len(), told.last()), (25, Some(&(50_000, 50_000))));
    assert_eq!(number(&mut conn, "SELECT count(*) FROM item").await, 50_000);
    assert_eq!(
        number(&mut conn, "SELECT count(*) FROM supplier").await,
        300
    );
    let again = check(&conn, &file).await;
    assert_eq!((again.items.len(), again.unchanged), (0, 50_000));
    let rows = format!("item_number,name\n{}", "1,a\n".repeat(200_000));
    let refused = check_file(&conn, rows.as_bytes()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The file has 200000 rows, more than 100000: split it into several files."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_technician_sends_a_file_sees_what_it_would_do_and_imports_it_once() {
    let (app, _, mut conn) = served().await;
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    assert_eq!(nurse.page("/supplies/import").await.status, 403);
    let path = "/supplies/import";
    let unreadable = send_file(&tech, path, b"number,name\n1,Tape\n", false).await;
    assert_eq!(unreadable.status, 422);
    has(&unreadable, "The first row has no column item_number");
    let file = b"item_number,name,gtin\nT-1,Tape,09506000134352\nT-2,Gauze <b>,09506000134353\n";
    let report = tech.follow(send_file(&tech, path, file, false).await).await;
    assert_eq!(report.h1(), "What this file would do");
    has(&report, "New items: 1");
    has(&report, "The check digit, the last one, would have to be 2");
    let action = report
        .attribute("form[action*='/supplies/import/']", "action")
        .unwrap();
    let mistakes = tech.page(&format!("{action}/errors")).await;
    assert!(
        mistakes.body.contains("3,gtin,09506000134353"),
        "{}",
        mistakes.body
    );
    let form = |ticked: bool| {
        let typed = [("skip_faulty", "1")];
        filled(&report, &action, &typed[..usize::from(ticked)])
    };
    let refused = tech.send_form(&action, &form(false)).await;
    assert_eq!(refused.status, 422);
    assert_eq!(number(&mut conn, "SELECT count(*) FROM item").await, 0);
    let done = tech
        .follow(tech.send_form(&action, &form(true)).await)
        .await;
    has(
        &done,
        "Imported: 1 items new, 0 changed, 0 places new or changed, 0 rules at places written.",
    );
    assert_eq!(
        tech.send_form(&action, &form(true)).await.status,
        303,
        "the same button again"
    );
    assert_eq!(number(&mut conn, "SELECT count(*) FROM item").await, 1);
    has(&tech.page("/supplies?q=T-1").await, "Tape");
}
