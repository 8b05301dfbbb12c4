//! Equipment from a CSV file.

use diesel::deserialize::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use reqwest::Method;
use serde_json::Value;

use crate::support::{Actor, Html, TestApp, seed};

async fn hospital() -> TestApp {
    let app = TestApp::new().await;
    let now = app.app.clock.now();
    seed::hospital(&mut app.db.conn().await.unwrap(), now).await;
    app
}

async fn send(actor: &Actor, file: &[u8], create_types: bool) -> Html {
    send_file(actor, "/equipment/import", file, create_types).await
}

/// Sends a file as a browser does, from the page at `path`.
pub async fn send_file(actor: &Actor, path: &str, file: &[u8], create_types: bool) -> Html {
    actor.page(path).await;
    let token = actor.form_token().unwrap();
    let mut body = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\pumps.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    if create_types {
        body.extend_from_slice(
            b"\r\n--xyz\r\nContent-Disposition: form-data; name=\"create_types\"\r\n\r\n1",
        );
    }
    body.extend_from_slice(b"\r\n--xyz--\r\n");
    let request = actor
        .request(Method::POST, path)
        .header("Sec-Fetch-Site", "same-origin")
        .header("Content-Type", "multipart/form-data; boundary=xyz")
        .body(body);
    actor.send(request).await
}

/// The report of a file, with its address.
async fn check(actor: &Actor, file: &str, create_types: bool) -> (String, Html) {
    let answer = send(actor, file.as_bytes(), create_types).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let href = answer.header("location").unwrap().to_owned();
    let report = actor.page(&href).await;
    assert_eq!(report.status, 200, "{}", report.body);
    assert_eq!(report.h1(), "What this file would do");
    (href, report)
}

async fn apply(actor: &Actor, href: &str, report: &Html, more: &[(&str, &str)]) -> Html {
    let digest = report
        .attribute("input[name=digest]", "value")
        .expect("a button");
    let mut fields = vec![("digest", digest.as_str())];
    fields.extend_from_slice(more);
    actor.post(href.split('?').next().unwrap(), &fields).await
}

fn summary(report: &Html) -> Vec<String> {
    report.all("#summary li").into_iter().take(4).collect()
}

/// Cells of the table of mistakes: column, value and what to do.
fn faults(report: &Html) -> Vec<Vec<String>> {
    let cells = report.all(
        "section[aria-labelledby=h-faults] tbody th, section[aria-labelledby=h-faults] tbody td",
    );
    cells.chunks(4).map(<[_]>::to_vec).collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn lines(app: &TestApp, sql: &str) -> Vec<String> {
    let mut conn = app.db.conn().await.unwrap();
    let rows: Vec<Line> = diesel::sql_query(sql).load(&mut conn).await.unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

async fn asset(app: &TestApp, number: &str) -> String {
    let sql = format!(
        "SELECT concat_ws('|', t.name, m.maker, m.name, u.name, a.status, a.service_due_on, \
           (SELECT string_agg(kind || '=' || value, ',' ORDER BY kind, value) FROM asset_identifier i WHERE i.asset_id = a.id), \
           (SELECT string_agg(tg.tag_key || '/' || coalesce(tg.expected_interval_ms, 0), ',') FROM tag_assignment ta \
            JOIN tag tg ON tg.id = ta.tag_id WHERE ta.asset_id = a.id AND ta.ended_at IS NULL), \
           (SELECT string_agg(act || coalesce(':' || detail, ''), ',' ORDER BY id) FROM asset_event e WHERE e.asset_id = a.id)) AS line \
         FROM asset a JOIN asset_type t ON t.id = a.asset_type_id LEFT JOIN model m ON m.id = a.model_id \
         LEFT JOIN unit u ON u.id = a.owner_unit_id WHERE a.asset_number = '{number}'"
    );
    lines(app, &sql).await.join("\n")
}

async fn count_assets(app: &TestApp) -> usize {
    lines(app, "SELECT asset_number AS line FROM asset")
        .await
        .len()
}

const FILE: &str = "\u{feff}Asset Number;type;Maker;model;owner_unit;serial;other;tag;tag_interval_ms;service_due_on;status;colour\r\n\
    IP-2001;infusion pump;bd;alaris gp;3 west;800310501;OLD-1 | OLD-2;AC233F00A001;2000;2027-03-31;soiled;red\r\n\
    WC-0102;Wheelchair;;;;;;epc:e28011606000020612340102;;;;\r\n\
    ip-0417;;;;;800310442;;mac:AC233F000001;;2027-01-31;in_use;\r\n\
    IP-0333;;;;;SN-1;;;;;;\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_shown_first_and_then_imported_exactly_so() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let (href, report) = check(&biomed, FILE, false).await;
    assert_eq!(
        summary(&report),
        ["2 new", "1 changed", "1 unchanged", "0 rows with mistakes"]
    );
    assert!(
        report
            .text()
            .contains("These columns mean nothing here and are left out: colour.")
    );
    assert!(
        report.text().contains("service_due_on: 2027-01-31"),
        "{}",
        report.text()
    );
    assert_eq!(count_assets(&app).await, 7, "nothing is written by looking");
    let done = apply(&biomed, &href, &report, &[]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let next = biomed.page(done.header("location").unwrap()).await;
    assert!(
        next.text()
            .contains("Imported: 2 new, 1 changed, 1 unchanged."),
        "{}",
        next.text()
    );
    assert_eq!(
        asset(&app, "IP-2001").await,
        "Infusion pump|BD|Alaris GP|3 West|soiled|2027-03-31|other=OLD-1,other=OLD-2,serial=800310501|mac:AC233F00A001/2000|registered,tag_on:mac:AC233F00A001"
    );
    assert_eq!(
        asset(&app, "WC-0102").await,
        "Wheelchair|available|epc:E28011606000020612340102/0|registered,tag_on:epc:E28011606000020612340102"
    );
    assert_eq!(
        asset(&app, "IP-0417").await,
        "Infusion pump|BD|Alaris GP|Equipment library|available|2027-01-31|serial=800310442,udi=(01)07613203021012|mac:AC233F000001/2000|edited:service_due_on",
        "an existing status is never overwritten, and other numbers stay"
    );
    let audit = lines(
        &app,
        "SELECT after::text AS line FROM audit_log WHERE action = 'assets.imported'",
    )
    .await;
    let audit: Value = serde_json::from_str(&audit[0]).unwrap();
    assert_eq!(
        (&audit["new"], &audit["changed"], &audit["unchanged"]),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(audit["sha256"].as_str().unwrap().len(), 64);
    assert!(!audit.to_string().contains("IP-2001"), "no content");
    assert!(
        lines(&app, "SELECT file_name AS line FROM csv_upload")
            .await
            .is_empty()
    );

    let (_, again) = check(&biomed, FILE, false).await;
    assert_eq!(
        summary(&again),
        ["0 new", "0 changed", "4 unchanged", "0 rows with mistakes"]
    );
    assert_eq!(
        again.attribute("input[name=digest]", "value"),
        None,
        "there is nothing to import"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_names_row_column_value_and_what_to_do() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let long = "X".repeat(65);
    let file = format!(
        "asset_number,type,maker,model,owner_unit,serial,tag,tag_interval_ms,service_due_on,status\n\
         IP-0417,,,,,,mac:AC233F000002,,,\n\
         N-1,Wheelchair,,,,,,,,\n\
         n-1,Wheelchair,,,,,,,,\n\
         IP-0001,,,,,x,,,,\n\
         N-2,Wheelchair,,,3 Wets,,,,,\n\
         N-3,Wheelchair,,,,,,,31.12.2026,\n\
         {long},Wheelchair,,,,,,,,\n\
         =1+1,Wheelchair,,,,,,,,\n\
         N-4,Infusion pmup,,,,,,,,\n\
         N-5,Wheelchair\n\
         N-6,Wheelchair,,,,,,,,,,x\n\
         N-7,Wheelchair,,,,,mac:12,,,\n\
         N-8,Wheelchair,,,,,AC233F00AA08,,,\n\
         N-9,Wheelchair,,,,,AC233F00AA08,2000,,\n\
         N-10,Wheelchair,BD,Alaris GP,,,,,,\n\
         N-11,,,,,,,,,\n\
         N-12,Wheelchair,,,,,,,,retired\n\
         N-13,Wheelchair,,Alaris GX,,,,,,\n\
         N-14,Wheelchair,,,,,,500,,\n\
         ,Wheelchair,,,,,,,,\n\
         N-15,\"Wheel\nchair\",,,,,,,,\n\
         N-16,Wheelchair,Marlund,,,,,,,\n"
    );
    let (href, report) = check(&biomed, &file, false).await;
    let shown = faults(&report);
    let expect = [
        (
            "2",
            "tag",
            "mac:AC233F000002",
            "The tag is on IP-0333. Take it off there first.",
        ),
        ("4", "asset_number", "n-1", "Row 3 has the same number."),
        ("5", "asset_number", "IP-0001", "This one is retired."),
        (
            "6",
            "owner_unit",
            "3 Wets",
            "Did you mean \u{201c}3 West\u{201d}?",
        ),
        (
            "7",
            "service_due_on",
            "31.12.2026",
            "Write the day as 2026-09-07",
        ),
        ("8", "asset_number", &long, "more than 64 characters"),
        (
            "9",
            "asset_number",
            "=1+1",
            "It is a formula of a spreadsheet.",
        ),
        (
            "10",
            "type",
            "Infusion pmup",
            "Did you mean \u{201c}Infusion pump\u{201d}? To make new ones",
        ),
        ("11", "", "", "The row has 2 cells and the first row 10."),
        ("12", "", "", "The row has 12 cells and the first row 10."),
        ("13", "tag", "mac:12", "It is no tag id."),
        ("14", "tag_interval_ms", "", "Write how often the tag sends"),
        ("15", "tag", "AC233F00AA08", "Row 14 has the same tag."),
        (
            "16",
            "type",
            "Wheelchair",
            "The model BD Alaris GP is of the type Infusion pump.",
        ),
        ("17", "type", "", "Fill it in"),
        ("18", "status", "retired", "A new one may be available"),
        ("19", "model", "Alaris GX", "Did you mean \u{201c}Alaris"),
        ("20", "tag_interval_ms", "500", "the row has no tag"),
        ("21", "asset_number", "", "Fill it in"),
        ("22", "type", "Wheel chair", "signs that cannot be printed"),
        ("23", "model", "", "Fill in the model too"),
    ];
    for (row, column, value, words) in expect {
        let line = shown.iter().find(|line| line[0] == format!("Row {row}"));
        let line = line.unwrap_or_else(|| panic!("row {row} is not among {shown:#?}"));
        assert_eq!(
            (line[1].as_str(), line[2].as_str()),
            (column, value),
            "row {row}"
        );
        assert!(line[3].contains(words), "row {row}: {}", line[3]);
    }
    assert_eq!(shown.len(), expect.len(), "{shown:#?}");
    assert_eq!(summary(&report)[0], "1 new");
    assert_eq!(summary(&report)[3], "21 rows with mistakes");

    let errors = biomed
        .page(&report.attribute("a[download]", "href").unwrap())
        .await;
    assert!(
        errors
            .body
            .starts_with("\u{feff}row,column,value,what_to_do\r\n2,tag,mac:AC233F000002,"),
        "{}",
        errors.body
    );
    assert!(
        errors.body.contains("9,asset_number,'=1+1,"),
        "S-32: {}",
        errors.body
    );
    assert_eq!(errors.body.lines().count(), 22);

    let refused = apply(&biomed, &href, &report, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .text()
            .contains("Some rows have mistakes, so nothing was imported.")
    );
    assert_eq!(count_assets(&app).await, 7);
    let done = apply(&biomed, &href, &report, &[("skip_faulty", "1")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(count_assets(&app).await, 8);
    assert_eq!(asset(&app, "N-1").await, "Wheelchair|available|registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_tag_comes_onto_its_new_device_without_its_place_and_a_new_type_tells_consumers() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let mut conn = app.db.conn().await.unwrap();
    diesel::sql_query(
        "INSERT INTO tag_state (tag_id, seen_at, room_id, entered_at) SELECT id, now(), 40001, now() FROM tag WHERE tag_key = 'mac:AC233F000004' \
         ON CONFLICT (tag_id) DO UPDATE SET room_id = 40001, entered_at = now()",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    drop(conn);
    let version = "SELECT version::text AS line FROM reference_version";
    let file = "asset_number,type,model,tag\nIP-0500,,,mac:AC233F000004\n";
    let (href, report) = check(&biomed, file, false).await;
    assert_eq!(apply(&biomed, &href, &report, &[]).await.status, 303);
    let placed = "SELECT count(*)::text AS line FROM tag_state s JOIN tag t ON t.id = s.tag_id WHERE t.tag_key = 'mac:AC233F000004' AND s.room_id IS NULL";
    assert_eq!(lines(&app, placed).await, ["1"]);
    let before = lines(&app, version).await;
    let file = "asset_number,type,maker,model\nWC-0007,Syringe pump,BD,Alaris CC\n";
    let (href, report) = check(&biomed, file, false).await;
    assert_eq!(apply(&biomed, &href, &report, &[]).await.status, 303);
    assert_ne!(lines(&app, version).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_types_and_models_are_made_only_when_that_is_ticked() {
    let app = hospital().await;
    let admin = app.admin().await;
    let file = "asset_number,type,maker,model\nSC-1,Scale,Seca,657\nSC-2,scale,seca,657\nSC-3,Scale,,\nIP-9,,BD,Alaris Neo\n";
    let (_, report) = check(&admin, file, false).await;
    assert_eq!(summary(&report)[3], "4 rows with mistakes");
    let (href, report) = check(&admin, file, true).await;
    assert_eq!(
        summary(&report),
        ["3 new", "0 changed", "0 unchanged", "1 rows with mistakes"]
    );
    assert!(
        report.text().contains("1 new types: Scale"),
        "{}",
        report.text()
    );
    assert!(report.text().contains("1 new models: Seca 657"));
    assert_eq!(
        faults(&report)[0][3],
        "Fill it in: a row without it cannot be used."
    );
    let done = apply(
        &admin,
        &href,
        &report,
        &[("skip_faulty", "1"), ("create_types", "1")],
    )
    .await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(
        asset(&app, "SC-2").await,
        "Scale|Seca|657|available|registered"
    );
    assert_eq!(
        lines(
            &app,
            "SELECT name AS line FROM asset_type WHERE lower(name) = 'scale'"
        )
        .await,
        ["Scale"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_shown_is_not_imported() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let file = "asset_number,owner_unit\nIP-0417,3 West\n";
    let (href, report) = check(&biomed, file, false).await;
    diesel::sql_query("UPDATE asset SET owner_unit_id = NULL WHERE id = 80001")
        .execute(&mut app.db.conn().await.unwrap())
        .await
        .unwrap();
    let refused = apply(&biomed, &href, &report, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .text()
            .contains("The register has changed since the file was checked")
    );
    assert_eq!(
        lines(
            &app,
            "SELECT coalesce(owner_unit_id::text, 'none') AS line FROM asset WHERE id = 80001"
        )
        .await,
        ["none"]
    );
    // The page that says so carries the new report: pressing again imports it, and a double press does so once.
    let both = tokio::join!(
        apply(&biomed, &href, &refused, &[]),
        apply(&biomed, &href, &refused, &[])
    );
    assert_eq!(
        (both.0.status, both.1.status),
        (303, 303),
        "{} {}",
        both.0.text(),
        both.1.text()
    );
    let edits = lines(
        &app,
        "SELECT act AS line FROM asset_event WHERE asset_id = 80001",
    )
    .await;
    assert_eq!(edits, ["edited"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_read_say_what_to_do() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    for (file, words) in [
        (&b""[..], "Choose a file first."),
        (b"\n\n", "The file is empty"),
        (b"type,serial\nx,y\n", "has no column asset_number"),
        (b"asset_number\nA\nB\xff\xfe\n", "Row 3 is not UTF-8"),
        (b"\xff\xfea\0s\0", "UTF-16"),
        (b"asset_number,serial,Serial\n", "is there twice"),
    ] {
        let answer = send(&biomed, file, false).await;
        assert_eq!(answer.status, 422, "{words}");
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
        assert_eq!(
            answer.attribute("#problems a", "href").as_deref(),
            Some("#file")
        );
    }
    let many = format!("asset_number\n{}", "A\n".repeat(200_001));
    let answer = send(&biomed, many.as_bytes(), false).await;
    assert!(
        answer.text().contains("more than 200000 rows"),
        "{}",
        answer.text()
    );
    let large = vec![b'a'; 11 * 1024 * 1024];
    assert_eq!(send(&biomed, &large, false).await.status, 413);
    assert!(
        lines(&app, "SELECT file_name AS line FROM csv_upload")
            .await
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_belongs_to_its_sender_and_is_kept_an_hour() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let (href, report) = check(&biomed, "asset_number,type\nN-1,Wheelchair\n", false).await;
    let admin = app.admin().await;
    assert_eq!(admin.page(&href).await.status, 303, "another person's");
    assert_eq!(admin.page(&format!("{href}/errors")).await.status, 404);
    assert_eq!(app.nurse().await.page(&href).await.status, 403);
    assert_eq!(biomed.page("/equipment/import/nonsense").await.status, 404);
    app.clock.advance(chrono::TimeDelta::minutes(10));
    for _ in 0..6 {
        biomed.page("/").await;
        app.clock.advance(chrono::TimeDelta::minutes(10));
    }
    let gone = apply(&biomed, &href, &report, &[]).await;
    assert_eq!(
        gone.header("location"),
        Some("/equipment/import"),
        "{}",
        gone.text()
    );
    assert!(
        biomed
            .page("/equipment/import")
            .await
            .text()
            .contains("The file is kept no more")
    );
    assert_eq!(count_assets(&app).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_file_without_the_token_or_from_elsewhere_is_refused() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    biomed.page("/equipment/import").await;
    let token = biomed.form_token().unwrap();
    let part = |name: &str, value: &str| {
        format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = part("file", "asset_number\nA");
    for (path, site, kind, body, status) in [
        (
            "/equipment/import",
            "same-origin",
            "multipart/form-data; boundary=xyz",
            format!("{file}--xyz--"),
            403,
        ),
        (
            "/equipment/import",
            "same-origin",
            "multipart/form-data; boundary=xyz",
            format!("{}{file}--xyz--", part("csrf", "x")),
            403,
        ),
        (
            "/equipment/import",
            "cross-site",
            "multipart/form-data; boundary=xyz",
            format!("{}{file}--xyz--", part("csrf", &token)),
            403,
        ),
        (
            "/equipment/import",
            "same-origin",
            "multipart/form-data",
            format!("{}{file}--xyz--", part("csrf", &token)),
            400,
        ),
        (
            "/equipment/import",
            "same-origin",
            "multipart/form-data; boundary=xyz",
            format!(
                "{}{}{file}--xyz--",
                part("csrf", &token),
                part("role", "admin")
            ),
            400,
        ),
        (
            "/acts",
            "same-origin",
            "multipart/form-data; boundary=xyz",
            format!("{}--xyz--", part("csrf", &token)),
            415,
        ),
    ] {
        let request = biomed
            .request(Method::POST, path)
            .header("Sec-Fetch-Site", site)
            .header("Content-Type", kind)
            .body(body);
        assert_eq!(
            biomed.send(request).await.status,
            status,
            "{path} {site} {kind}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_rows_are_one_transaction_of_seconds() {
    use std::fmt::Write;
    use wardtrack::assets::import::{Import, Options, apply_file, check_file};

    let app = hospital().await;
    let mut file =
        "asset_number,type,maker,model,serial,tag,tag_interval_ms,service_due_on\n".to_owned();
    for n in 0..50_000 {
        writeln!(
            file,
            "BIG-{n:06},Infusion pump,BD,Alaris GP,S{n},mac:AC23{n:08X},2000,2027-03-31"
        )
        .unwrap();
    }
    let now = app.app.clock.now();
    let import = Import {
        bytes: file.as_bytes(),
        options: Options::default(),
        today: now.date_naive(),
        now,
    };
    let mut conn = app.db.conn().await.unwrap();
    let started = std::time::Instant::now();
    let plan = check_file(&conn, &import).await.unwrap();
    let checked = started.elapsed();
    assert_eq!((plan.new_count(), plan.faulty_rows), (50_000, 0));
    let started = std::time::Instant::now();
    apply_file(&mut conn, &import, None).await.unwrap();
    let applied = started.elapsed();
    let started = std::time::Instant::now();
    let again = check_file(&conn, &import).await.unwrap();
    assert_eq!(again.unchanged, 50_000);
    println!(
        "50,000 rows: checked in {checked:?}, imported in {applied:?}, checked again in {:?}",
        started.elapsed()
    );
    drop(conn);
    let rules = lines(
        &app,
        "SELECT DISTINCT act || ' ' || rule AS line FROM asset_event ORDER BY 1",
    )
    .await;
    assert_eq!(
        rules,
        ["registered import by command", "tag_on import by command"]
    );
    let counts = lines(
        &app,
        "SELECT (SELECT count(*) FROM asset_event)::text || ' ' || (SELECT count(*) FROM tag_assignment)::text AS line",
    )
    .await;
    assert_eq!(counts, ["100000 50004"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_says_what_would_happen_and_ends_with_1_when_rows_are_wrong() {
    let app = hospital().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let url = app.database_url();
    let run = |more: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wardtrack"))
            .args(["admin", "import-assets"])
            .arg(&path)
            .args(more)
            .env("WARDTRACK_DATABASE_URL", url.expose())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), text)
    };
    std::fs::write(&path, "asset_number,type\nN-1,Wheelchair\nN-2,Scale\n").unwrap();
    let (code, text) = run(&[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("row 3: type \"Scale\": There is no such type."),
        "{text}"
    );
    assert!(
        text.contains("2 rows: 1 new, 0 changed, 0 unchanged, 1 with mistakes"),
        "{text}"
    );
    assert_eq!(run(&["--apply"]).0, Some(1));
    assert_eq!(count_assets(&app).await, 7);
    let (code, text) = run(&["--create-types"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(count_assets(&app).await, 7, "a dry run");
    let (code, text) = run(&["--create-types", "--apply"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("imported"));
    assert_eq!(asset(&app, "N-2").await, "Scale|available|registered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_file_is_one_that_works() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let file = biomed.page("/equipment/import.csv").await;
    let (_, report) = check(&biomed, &file.body, false).await;
    assert_eq!(
        summary(&report),
        ["2 new", "0 changed", "0 unchanged", "0 rows with mistakes"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_and_changes_nothing() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    let file = biomed.page("/find.csv?bom=1").await;
    let (_, report) = check(&biomed, &file.body, false).await;
    assert_eq!(
        summary(&report),
        ["0 new", "0 changed", "6 unchanged", "0 rows with mistakes"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_the_card_of_a_bin_and_the_label_of_a_piece_are_named_and_not_taken() {
    let app = hospital().await;
    let biomed = app.biomed().await;
    for sql in [
        "INSERT INTO tag (tag_key, technology) VALUES ('x:card-1', 'rfid'), ('x:piece-1', 'rfid') RETURNING tag_key AS line",
        "INSERT INTO item (item_number, name) VALUES ('swab', 'Swab') RETURNING name AS line",
        "INSERT INTO stock_place (kind, name, room_id) SELECT 'room', 'Store', min(id) FROM room RETURNING name AS line",
        "INSERT INTO bin (stock_place_id, name) SELECT id, 'A-01' FROM stock_place RETURNING name AS line",
        "INSERT INTO bin_card (tag_id, bin_id) SELECT t.id, b.id FROM tag t, bin b WHERE tag_key = 'x:card-1' RETURNING '' AS line",
        "INSERT INTO lot (item_id, first_received_at) SELECT id, now() FROM item RETURNING '' AS line",
        "INSERT INTO unit_tag (tag_id, item_id, lot_id) SELECT t.id, l.item_id, l.id FROM tag t, lot l WHERE tag_key = 'x:piece-1' RETURNING '' AS line",
    ] {
        lines(&app, sql).await;
    }
    let file = "asset_number,type,tag\nN-1,Wheelchair,x:card-1\nN-2,Wheelchair,x:piece-1\n";
    let (_, report) = check(&biomed, file, false).await;
    let shown = faults(&report);
    let words: Vec<&str> = shown.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(
        words,
        [
            "The tag is on the card of bin A-01. Take it off there first.",
            "The tag is on a piece of Swab. Take it off there first."
        ]
    );
}
