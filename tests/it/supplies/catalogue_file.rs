//! The catalogue as a file: what it has, for whom, and that an import takes it in again without changing anything.

use diesel_async::SimpleAsyncConnection;
use wardtrack::csv_text::{Column, read_table};

use super::import::{apply, check, number};
use crate::pages::served;
use crate::support::Html;

fn column(file: &Html, name: &'static str) -> Vec<String> {
    assert_eq!(file.status, 200, "{}", file.body);
    let table = read_table(file.body.as_bytes(), &[Column::required(name)]).unwrap();
    assert_eq!(table.broken_count, 0, "{}", file.body);
    table
        .rows
        .iter()
        .map(|row| row.cell(0).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_a_file_that_an_import_takes_in_again_without_changing_anything() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO floor (building_id, name, level) SELECT min(id), 'Attic', 9 FROM building;
         INSERT INTO room (floor_id, name, kind) SELECT min(id), n, 'supply_room' FROM floor, (VALUES ('Store 1'), ('Twin')) v(n) GROUP BY n;
         INSERT INTO room (floor_id, name, kind) SELECT max(id), 'Twin', 'supply_room' FROM floor",
    )
    .await
    .unwrap();
    let file = "item_number,name,unit,category,supplier,count_class,pack,pack_units,gtin,pack_gtin,place,place_kind,room,round,bin,second_bin,reorder_point,target,maximum,fixed_quantity\n\
        '=1,'=1+1 \"wide\",roll,'-x,'@North,a,box,50,09506000134352,04006381333931,Store,cabinet,Store 1,Night,A,,5,20,90,50\n\
        '=1,,,,,,,,,,Other,,Store 1,,B,C,,,,25\n\
        2,Gauze,each,,,,,,,,Store,,,,D,,,,,\n\
        3,\"Swab; large\",each,,,b,bag,7,,,,,,,,,,,,\n\
        4,No longer,each,,,,,,,,,,,,,,,,,\n";
    apply(&mut conn, file, false).await.unwrap();
    conn.batch_execute(
        "UPDATE item SET is_retired = true WHERE item_number = '4';
         UPDATE item SET holding_cost = 0.25 WHERE item_number = '=1';
         UPDATE supplier SET order_cost = 12.5;
         UPDATE stock_place SET room_id = (SELECT max(id) FROM room WHERE name = 'Twin') WHERE name = 'Other';
         INSERT INTO item_code (code, item_id) SELECT c, i.id FROM item i, (VALUES ('96385074'), ('+A99/$5'), ('00000096385074')) v(c) WHERE item_number = '=1';
         INSERT INTO item_pack (item_id, name, units) SELECT id, 'carton', 500 FROM item WHERE item_number = '=1';
         INSERT INTO item_code (code, item_id, item_pack_id) SELECT 'CARTON-1', item_id, id FROM item_pack WHERE name = 'carton'",
    )
    .await
    .unwrap();
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    let page = tech.page("/supplies/import").await;
    let href = page
        .attribute("a[href*='items.csv']", "href")
        .expect("a link to all of it");
    let file = tech.page(&href).await;
    assert!(file.body.starts_with('\u{feff}'));
    assert_eq!(
        column(&file, "item_number"),
        ["=1", "=1", "=1", "2", "2", "3"],
        "each item, and each again at its places"
    );
    assert_eq!(column(&file, "gtin")[0], "00000096385074");
    assert_eq!(
        column(&file, "other_codes")[0],
        "+A99/$5 | 09506000134352 | 96385074 | CARTON-1 (carton)"
    );
    assert_eq!(column(&file, "other_packs")[0], "carton 500");
    assert_eq!(column(&file, "holding_cost")[0], "0.25");
    assert_eq!(column(&file, "supplier_order_cost")[0], "12.5");
    assert!(
        file.body
            .contains("\r\n'=1,\"'=1+1 \"\"wide\"\"\",roll,'-x,'@North,"),
        "{}",
        file.body
    );
    let plan = check(&conn, &file.body).await;
    assert_eq!(plan.faults, []);
    assert_eq!((plan.writes(), plan.unchanged), (0, 6), "{plan:?}");
    // Changed in a spreadsheet and sent again, it does what it says and nothing else.
    let changed = file
        .body
        .replace("'-x", "Tapes")
        .replace(",20,90,50", ",30,90,50");
    let plan = apply(&mut conn, &changed, false).await.unwrap();
    assert_eq!(
        (plan.items.len(), plan.places.len(), plan.writes()),
        (1, 1, 2)
    );
    // Everybody may have the list, and only those who look after supplies its costs (S-19).
    let listed = nurse.page("/supplies/items.csv").await;
    assert_eq!(column(&listed, "item_number"), ["=1", "2", "3"]);
    assert!(
        !listed.body.contains("cost") && !listed.body.contains("lead_days"),
        "{}",
        listed.body
    );
    assert_eq!(check(&conn, &listed.body).await.writes(), 0);
    let records =
        "SELECT count(*) FROM audit_log WHERE action = 'list.exported' AND subject = 'list:items'";
    assert_eq!(number(&mut conn, records).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_a_file_too_with_more_rows_than_a_page_shows() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO item (item_number, name) SELECT 'N' || n, CASE WHEN n % 2 = 0 THEN 'Tape ' ELSE 'Gauze ' END || n % 7 FROM generate_series(1, 1300) n;
         INSERT INTO item_code (code, item_id) SELECT '09506000134352', id FROM item WHERE item_number = 'N7'",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    let page = nurse.page("/supplies?q=tape").await;
    let href = page
        .attribute("a[href*='items.csv?q']", "href")
        .expect("a link to what was found");
    let file = nurse.page(&href).await;
    let mut numbers = column(&file, "item_number");
    assert_eq!(numbers.len(), 650);
    assert!(column(&file, "name").is_sorted());
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 650, "each once");
    for (query, wanted) in [
        ("N8", vec!["N8"]),
        ("9506000134352", vec!["N7"]),
        ("nothing+like+it", vec![]),
        ("%25", vec![]),
    ] {
        let file = nurse.page(&format!("/supplies/items.csv?q={query}")).await;
        assert_eq!(column(&file, "item_number"), wanted, "{query}");
    }
    let all = nurse.page("/supplies/items.csv").await;
    assert_eq!(column(&all, "item_number").len(), 1_300);
    let start = nurse.page("/supplies").await;
    assert!(start.attribute("a[href*='items.csv']", "href").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_items_are_downloaded_and_checked_again() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO item (item_number, name) SELECT 'N' || n, 'Item ' || n % 5000 FROM generate_series(1, 50000) n;
         INSERT INTO item_pack (item_id, name, units, is_ordered) SELECT id, 'box', 50, true FROM item;
         ANALYZE",
    )
    .await
    .unwrap();
    let tech = app.supply_tech().await;
    let begun = std::time::Instant::now();
    let file = tech.page("/supplies/items.csv?places=1").await;
    println!(
        "50,000 items downloaded in {:?}, {} bytes",
        begun.elapsed(),
        file.body.len()
    );
    let plan = check(&conn, &file.body).await;
    println!("and checked after {:?}", begun.elapsed());
    assert_eq!(
        (plan.writes(), plan.unchanged, plan.faulty_rows),
        (0, 50_000, 0)
    );
}
