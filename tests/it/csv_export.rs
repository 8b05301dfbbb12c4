//! Lists as files.

use diesel::sql_types::{Jsonb, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use wardtrack::assets::import::{Import, Options, check_file};
use wardtrack::csv_text::{Column, read_table};

use crate::support::{Html, TestApp, seed};

async fn hospital() -> (TestApp, seed::Hospital) {
    let app = TestApp::new().await;
    let now = app.app.clock.now();
    let ids = seed::hospital(&mut app.db.conn().await.unwrap(), now).await;
    (app, ids)
}

/// The cells of a column, by row.
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

#[derive(diesel::QueryableByName)]
struct AuditRow {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Jsonb)]
    after: Value,
}

async fn exports(app: &TestApp) -> Vec<(String, String)> {
    let mut conn = app.db.conn().await.unwrap();
    let rows: Vec<AuditRow> = diesel::sql_query(
        "SELECT subject, after FROM audit_log WHERE action = 'list.exported' ORDER BY id",
    )
    .load(&mut conn)
    .await
    .unwrap();
    let query = |row: &AuditRow| row.after["query"].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| (row.subject.clone(), query(row)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_downloaded_as_filtered_and_the_download_is_recorded() {
    let (app, _) = hospital().await;
    let nurse = app.nurse().await;
    let page = nurse.page("/find?q=infusion+pump&status=ready").await;
    let href = page.attribute("a[download]", "href").expect("a link");
    assert!(
        href.contains("status=ready") && href.ends_with("bom=1"),
        "{href}"
    );
    let file = nurse.page(&href).await;
    assert_eq!(
        file.header("content-type").unwrap(),
        "text/csv; charset=utf-8; header=present"
    );
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let name = file.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"wardtrack-equipment-20"),
        "{name}"
    );
    assert!(file.body.starts_with('\u{feff}'), "asked for by bom=1");
    assert!(file.body.contains("\r\n"));
    assert_eq!(column(&file, "asset_number"), ["IP-0417", "IP-0333"]);
    assert_eq!(column(&file, "ready"), ["yes", "yes"]);
    assert_eq!(column(&file, "certainty"), ["likely", "last_seen"]);
    assert_eq!(column(&file, "room"), ["3W-12", "3W-12"]);
    let plain = nurse.page("/find.csv?q=infusion+pump").await;
    assert!(
        plain.body.starts_with("asset_number,type,maker,"),
        "no mark unless asked for"
    );
    assert_eq!(
        column(&plain, "asset_number").len(),
        4,
        "a retired one is in no list"
    );
    let exports = exports(&app).await;
    assert_eq!(exports.len(), 2);
    assert_eq!(
        exports[1],
        ("list:equipment".to_owned(), "q=infusion+pump".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_and_order_of_the_page_holds_in_the_file() {
    let (app, ids) = hospital().await;
    let nurse = app.nurse().await;
    for (query, numbers) in [
        (
            "sort=number",
            vec![
                "IP-0333", "IP-0377", "IP-0417", "IP-0500", "SP-0100", "WC-0007",
            ],
        ),
        (
            "type=60001&sort=number",
            vec!["IP-0333", "IP-0377", "IP-0417", "IP-0500"],
        ),
        (
            "q=alaris&sort=number",
            vec!["IP-0377", "IP-0417", "IP-0500", "SP-0100"],
        ),
        ("q=ip-03&sort=number", vec!["IP-0333", "IP-0377"]),
        ("q=IP-0417", vec!["IP-0417"]),
        ("q=SN-1&sort=number", vec!["IP-0333", "SP-0100"]),
        ("type=60001&place=room-40002", vec!["IP-0377"]),
        ("q=pump&owner=30002&sort=number", vec!["IP-0333", "IP-0417"]),
        ("type=60001&certainty=unknown", vec!["IP-0500"]),
        ("type=60004", vec![]),
    ] {
        let file = nurse.page(&format!("/find.csv?{query}")).await;
        assert_eq!(column(&file, "asset_number"), numbers, "{query}");
    }
    let file = nurse.page(&format!("/rooms/{}/csv", ids.clean)).await;
    assert_eq!(column(&file, "asset_number").len(), 3);
    let name = file.header("content-disposition").unwrap();
    assert!(name.contains("wardtrack-equipment-3w-12-"), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_never_part_of_a_list_without_saying_so() {
    let (app, _) = hospital().await;
    let nurse = app.nurse().await;
    for (query, words) in [
        ("q=zzzzqqqq", "Nothing is known by"),
        ("q=pump&status=sparkling", "sparkling"),
    ] {
        let answer = nurse.page(&format!("/find.csv?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.h1(), "There is no file");
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let long = nurse
        .page(&format!("/find.csv?q={}", "a".repeat(10_000)))
        .await;
    assert_eq!(long.status, 400);
    for path in [
        "/find.csv?type=999",
        "/rooms/999/csv",
        "/plan/999/csv",
        "/rooms.csv?floor=999",
        "/rooms.csv?floor=x",
    ] {
        assert_eq!(nurse.page(path).await.status, 404, "{path}");
    }
    assert!(exports(&app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn s32_what_a_spreadsheet_would_run_is_marked() {
    let (app, _) = hospital().await;
    let mut conn = app.db.conn().await.unwrap();
    diesel::sql_query("UPDATE asset SET asset_number = '=cmd|''/c calc''!A1' WHERE id = 80001")
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    let file = app.nurse().await.page("/find.csv?type=60001").await;
    assert!(
        file.body.contains("\r\n'=cmd|'/c calc'!A1,"),
        "{}",
        file.body
    );
    assert!(column(&file, "asset_number").contains(&"=cmd|'/c calc'!A1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_rows_come_in_parts_and_each_once() {
    let (app, _) = hospital().await;
    seed::more_pumps(&mut app.db.conn().await.unwrap(), 5_000).await;
    let file = app
        .nurse()
        .await
        .page("/find.csv?type=60001&sort=number")
        .await;
    let numbers = column(&file, "asset_number");
    assert_eq!(numbers.len(), 5_004);
    assert!(numbers.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_plans_readers_and_refused_input_are_files_too() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    let rooms = admin.page("/rooms.csv").await;
    assert_eq!(column(&rooms, "room").len(), 4);
    let floor = admin.page(&format!("/rooms.csv?floor={}", ids.floor)).await;
    assert_eq!(column(&floor, "room"), ["3W-12", "3W-14", "Bay 2"]);
    assert_eq!(column(&floor, "equipment"), ["3", "1", "0"]);
    let page = admin.page(&format!("/rooms?floor={}", ids.floor)).await;
    let href = page.attribute("a[download]", "href").unwrap();
    assert_eq!(column(&admin.page(&href).await, "room").len(), 3);
    let plan = admin
        .page(&format!("/plan/{}/csv?type={}", ids.floor, ids.pump_type))
        .await;
    assert_eq!(column(&plan, "room"), ["3W-12", "3W-14", "Bay 2"]);
    assert_eq!(column(&plan, "ready"), ["2", "0", "0"]);
    assert_eq!(column(&plan, "soiled"), ["0", "1", "0"]);
    let readers = admin.page("/readers.csv").await;
    assert_eq!(
        column(&readers, "reader"),
        ["new-1", "3w-14-a", "3w-12-a", "old-1"]
    );
    assert_eq!(column(&readers, "rooms"), ["", "3W-14; Bay 2", "3W-12", ""]);
    let refused = admin.page("/quarantine.csv?reason=not_json").await;
    assert_eq!(column(&refused, "reason"), ["not_json"]);
    assert!(
        !refused.body.contains("script"),
        "what came in a message stays here"
    );
    assert_eq!(
        column(&admin.page("/quarantine.csv").await, "number").len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_is_a_file_that_an_import_reads_without_changing_anything() {
    let (app, _) = hospital().await;
    let biomed = app.biomed().await;
    for (query, numbers) in [
        ("status=in_service&owner=30002", vec!["IP-0333", "IP-0417"]),
        ("text=sn-1", vec!["IP-0333", "SP-0100"]),
        ("type=60004", vec![]),
    ] {
        let page = biomed.page(&format!("/equipment?{query}")).await;
        let href = page.attribute("a[download]", "href");
        assert_eq!(href.is_some(), !numbers.is_empty(), "{query}");
        let file = match href {
            Some(href) => biomed.page(&href).await,
            None => biomed.page(&format!("/equipment.csv?{query}")).await,
        };
        assert_eq!(column(&file, "asset_number"), numbers, "{query}");
    }
    let refused = biomed.page("/equipment.csv?status=sparkling").await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("sparkling"), "{}", refused.text());

    let file = biomed.page("/equipment.csv?status=in_service").await;
    assert_eq!(
        column(&file, "serial"),
        ["SN-1", "", "800310442", "", "SN-1", ""]
    );
    assert_eq!(
        column(&file, "tag"),
        [
            "mac:AC233F000002",
            "mac:AC233F000003",
            "mac:AC233F000001",
            "",
            "",
            "epc:E28011606000020612345678"
        ]
    );
    let conn = app.db.conn().await.unwrap();
    let import = Import {
        bytes: file.body.as_bytes(),
        options: Options {
            create_types: false,
            skip_faulty: false,
        },
        today: app.app.clock.now().date_naive(),
        now: app.app.clock.now(),
    };
    let plan = check_file(&conn, &import).await.unwrap();
    assert_eq!(plan.faults, []);
    assert_eq!((plan.unchanged, plan.writes.len()), (6, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_tasks_targets_and_the_words_of_the_register_are_files_too() {
    let (app, _) = hospital().await;
    let mut conn = app.db.conn().await.unwrap();
    diesel::sql_query(
        "INSERT INTO alert (kind, severity, alert_key, asset_id, room_id, unit_id, opened_at, last_at) \
         SELECT 'missing', 'medium', 'missing/80001', 80001, r.id, r.unit_id, now(), now() FROM room r WHERE r.id = 40001",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    diesel::sql_query("INSERT INTO task (kind, asset_id, room_id, opened_at) VALUES ('look_for', 80001, 40001, now())")
        .execute(&mut conn)
        .await
        .unwrap();
    diesel::sql_query("INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40001, 6, 2)")
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    let admin = app.admin().await;
    for (page, name, values) in [
        ("/alerts?unit=all", "asset_number", vec!["IP-0417"]),
        ("/alerts?unit=all&kind=reader_down", "asset_number", vec![]),
        ("/tasks?unit=all", "asset_number", vec!["IP-0417"]),
        ("/board/par?type=60001", "target", vec!["6"]),
        ("/equipment/tags?free=1", "tag", vec!["mac:AC233F000004"]),
    ] {
        let shown = admin.page(page).await;
        let file = match shown.attribute("a[download]", "href") {
            Some(href) => admin.page(&href).await,
            None => admin.page(&page.replacen('?', ".csv?", 1)).await,
        };
        assert_eq!(column(&file, name), values, "{page}");
    }
    let board = admin.page("/board/30001").await;
    let href = board.attribute("a[download]", "href").unwrap();
    let file = admin.page(&href).await;
    assert_eq!(column(&file, "room"), ["3W-12"]);
    assert_eq!(column(&file, "ready"), ["2"]);
    assert_eq!(column(&file, "level"), ["below_target"]);
    let types = admin.page("/equipment/types.csv").await;
    assert_eq!(
        column(&types, "type"),
        [
            "Bariatric bed",
            "Infusion pump",
            "Syringe pump",
            "Wheelchair"
        ]
    );
    let models = admin.page("/equipment/models.csv?type=60001").await;
    assert_eq!(column(&models, "model"), ["Alaris GP", "Agilia VP"]);
    for path in [
        "/equipment/models.csv?type=x",
        "/board/par.csv?type=999",
        "/alerts.csv?kind=boredom",
    ] {
        assert_eq!(admin.page(path).await.status, 400, "{path}");
    }
    assert_eq!(admin.page("/board/999/csv").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_are_streamed_without_holding_a_connection() {
    let (app, _) = hospital().await;
    seed::more_pumps(&mut app.db.conn().await.unwrap(), 99_999).await;
    diesel::sql_query("ANALYZE")
        .execute(&mut app.db.conn().await.unwrap())
        .await
        .unwrap();
    let nurse = app.nurse().await;
    let started = std::time::Instant::now();
    let request = nurse.request(reqwest::Method::GET, "/find.csv?type=60001");
    let mut response = request.send().await.unwrap();
    let first = started.elapsed();
    let mut lines = 0;
    let mut largest = 0;
    while let Some(part) = response.chunk().await.unwrap() {
        lines += part.split(|byte| *byte == b'\n').count() - 1;
        largest = largest.max(part.len());
    }
    println!(
        "100,003 rows: first byte after {first:?}, all after {:?}",
        started.elapsed()
    );
    assert_eq!(lines, 100_004, "a header and every pump");
    assert!(largest < 1024 * 1024, "never one large piece: {largest}");
    let (in_use, _) = app.db.usage();
    assert_eq!(in_use, 0);
}
