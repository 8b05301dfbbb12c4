//! Floor plans: pages, import, export, and the walking map behind "nearest".

use std::process::{Command, Output};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use serde_json::json;
use wardtrack::clock::Clock;
use wardtrack::ids::{RoomId, UnitId};
use wardtrack::places::cache::WalkingCache;
use wardtrack::places::walk::{Origin, Reach};
use wardtrack::simulate::{SeedPlan, Site, seed};

use crate::support::{Actor, Html, TestApp, TestDatabase, seed as rows};

/// Two rooms and a bay on the floor of the small hospital.
fn plan() -> String {
    let room = |name: &str, from: f64, to: f64| {
        json!({"type": "Feature", "properties": {"room": name},
            "geometry": {"type": "Polygon", "coordinates": [[[from, 0], [to, 0], [to, 6], [from, 6], [from, 0]]]}})
    };
    json!({"type": "FeatureCollection", "features": [room("3W-12", 0.0, 5.0), room("3W-14", 5.0, 10.0)]}).to_string()
}

async fn hospital() -> (TestApp, rows::Hospital) {
    let app = TestApp::new().await;
    let mut conn = app.db.conn().await.unwrap();
    let ids = rows::hospital(&mut conn, app.app.clock.now()).await;
    drop(conn);
    (app, ids)
}

async fn import(admin: &Actor, floor: i64, text: &str, go: &str) -> Html {
    let path = format!("/plan/{floor}/import");
    admin.page(&path).await;
    admin.post(&path, &[("geojson", text), ("go", go)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_fits_and_changes_nothing() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    let checked = import(&admin, ids.floor, &plan(), "check").await;
    assert_eq!(checked.status, 200);
    let text = checked.text();
    assert!(text.contains("2 rooms are drawn."), "{text}");
    assert!(
        text.contains("1 room of this floor is not drawn: Bay 2."),
        "{text}"
    );
    assert!(
        checked
            .all("button")
            .contains(&"Import this plan".to_owned())
    );
    let page = admin.page(&format!("/plan/{}", ids.floor)).await;
    assert!(
        page.text().contains("This floor has no plan yet."),
        "{}",
        page.text()
    );
    assert!(page.all("a").contains(&"Import a plan".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_replaces_the_plan_is_audited_and_can_be_repeated() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    let mut exported = Vec::new();
    for _ in 0..2 {
        let done = import(&admin, ids.floor, &plan(), "apply").await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(
            done.header("location"),
            Some(format!("/plan/{}", ids.floor).as_str())
        );
        let page = admin.page(&format!("/plan/{}", ids.floor)).await;
        assert!(page.body.contains("The plan is imported."));
        exported.push(
            admin
                .page(&format!("/plan/{}/geojson", ids.floor))
                .await
                .body,
        );
    }
    assert_eq!(exported[0], exported[1]);
    // What was exported can be imported.
    let again = import(&admin, ids.floor, &exported[0], "apply").await;
    assert_eq!(again.status, 303, "{}", again.text());
    let third = admin.page(&format!("/plan/{}/geojson", ids.floor)).await;
    assert_eq!(third.header("content-type"), Some("application/geo+json"));
    assert_eq!(third.body, exported[0]);
    let mut conn = app.db.conn().await.unwrap();
    let audited = number(
        &mut conn,
        "SELECT count(*) AS n FROM audit_log WHERE action = 'plan.imported'",
    )
    .await;
    assert_eq!(audited, 3);
    assert_eq!(
        number(&mut conn, "SELECT count(*) AS n FROM room_shape").await,
        2
    );
    assert_eq!(
        number(&mut conn, "SELECT count(*) AS n FROM walk_edge").await,
        1
    );
}

async fn number(conn: &mut diesel_async::AsyncPgConnection, sql: &str) -> i64 {
    use diesel::sql_types::BigInt;
    use diesel_async::RunQueryDsl;
    #[derive(diesel::QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let row: Number = diesel::sql_query(sql).get_result(conn).await.unwrap();
    row.n
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_plan_is_refused_with_feature_field_and_remedy() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    for (text, words) in [
        (String::new(), "the file is empty"),
        ("{\"type\":".to_owned(), "the file is no JSON"),
        (
            plan().replace("Polygon", "Point"),
            "feature 1: geometry.type is \"Point\": use Polygon",
        ),
        (
            plan().replace("3W-14", "3W-99"),
            "feature 2: property room is \"3W-99\", and no room there has this name",
        ),
        (
            plan().replacen('{', r#"{"normalised":true,"#, 1),
            "both must lie between 0 and 1",
        ),
    ] {
        let refused = import(&admin, ids.floor, &text, "apply").await;
        assert_eq!(refused.status, 422, "{text}");
        let told = refused.all("#problems a").join("\n");
        assert!(told.contains(words), "{words}: {told}");
        assert!(
            refused
                .all("textarea")
                .join("")
                .contains(text.split_whitespace().next().unwrap_or(""))
        );
    }
    let too_long = " ".repeat(4 * 1024 * 1024 + 1);
    assert_eq!(
        import(&admin, ids.floor, &too_long, "check").await.status,
        422
    );
    let huge = "x".repeat(50 * 1024 * 1024);
    admin.page(&format!("/plan/{}/import", ids.floor)).await;
    let path = format!("/plan/{}/import", ids.floor);
    let token = admin.form_token().unwrap();
    let request = admin
        .request(reqwest::Method::POST, &path)
        .header("Sec-Fetch-Site", "same-origin")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(format!("csrf={token}&go=check&geojson={huge}"));
    // Refused before all of it is read: the answer is 413, unless the connection ends while we still send.
    if let Ok(answer) = request.send().await {
        assert_eq!(answer.status().as_u16(), 413);
    }
    let page = admin.page(&format!("/plan/{}", ids.floor)).await;
    assert!(page.text().contains("This floor has no plan yet."));
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_are_links_named_by_what_is_in_them() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    import(&admin, ids.floor, &plan(), "apply").await;
    let page = admin.page(&format!("/plan/{}", ids.floor)).await;
    assert_eq!(page.h1(), "Level 3, Main building: ready equipment");
    let clean = format!("#plan svg a[href='/rooms/{}']", ids.clean);
    let label = page.attribute(&clean, "aria-label").unwrap();
    assert_eq!(label, "Clean utility 3W-12: 3 ready");
    let soiled = format!("#plan svg a[href='/rooms/{}']", ids.soiled);
    let label = page.attribute(&soiled, "aria-label").unwrap();
    assert!(
        label.starts_with(
            "Soiled utility 3W-14: was 0, Reader down, 0 ready, 1 soiled, readers down since "
        ),
        "{label}"
    );
    assert!(
        page.all(&format!("{soiled} text"))
            .contains(&"Reader down".to_owned())
    );
    assert!(
        page.text().contains("2 rooms without a working reader."),
        "{}",
        page.text()
    );
    assert!(
        page.text()
            .contains("1 room is not on the plan; it is in the list below.")
    );
    // The list says the same, most ready first.
    let rows = page.all("#list tbody tr");
    assert!(
        // Cells stand side by side without white space between them.
        rows[0].starts_with("Clean utility 3W-12 3 West3"),
        "{rows:?}"
    );
    assert!(rows[1].contains("was 0"), "{rows:?}");
    assert!(
        page.all("#list summary")
            .contains(&"Show the other room".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_or_a_search_shows_pins_and_counts_only_that() {
    let (app, ids) = hospital().await;
    let admin = app.admin().await;
    import(&admin, ids.floor, &plan(), "apply").await;
    let path = format!("/plan/{}", ids.floor);
    let clean = format!("#plan svg a[href='/rooms/{}']", ids.clean);
    for query in [
        format!("?type={}", ids.pump_type),
        "?q=infusion%20pump".to_owned(),
    ] {
        let page = admin.page(&format!("{path}{query}")).await;
        assert_eq!(
            page.attribute(&clean, "aria-label").unwrap(),
            "Clean utility 3W-12: 2 ready"
        );
        assert_eq!(page.all(&format!("{clean} .pin-t")), ["2"]);
        assert!(
            page.text().contains("2 ready in 1 room of this floor."),
            "{}",
            page.text()
        );
    }
    let model = admin.page(&format!("{path}?q=agilia")).await;
    assert_eq!(
        model.attribute(&clean, "aria-label").unwrap(),
        "Clean utility 3W-12: 1 ready"
    );
    let one = admin.page(&format!("{path}?q=WC-0007")).await;
    assert_eq!(
        one.attribute(&clean, "aria-label").unwrap(),
        "Clean utility 3W-12: 1 ready"
    );
    for (query, words) in [
        ("?type=99", "There is no such type of equipment"),
        ("?type=x%27", "There is no such type of equipment"),
        ("?q=zzzz", "Nothing is known by \"zzzz\""),
    ] {
        let page = admin.page(&format!("{path}{query}")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(words), "{}", page.text());
    }
    let long = admin.page(&format!("{path}?q={}", "a".repeat(5_000))).await;
    assert!(
        long.text().contains("The search text is too long"),
        "{}",
        long.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn zoom_and_pan_are_links_and_odd_views_do_no_harm() {
    let database = TestApp::new().await;
    let mut conn = database.db.conn().await.unwrap();
    let site = SeedPlan::of(&Site::hospital(1));
    let now = database.app.clock.now();
    conn.transaction(async |conn| seed::store_plan(conn, &site, now).await)
        .await
        .unwrap();
    let floor = number(
        &mut conn,
        "SELECT id AS n FROM floor WHERE name = 'Level 3'",
    )
    .await;
    drop(conn);
    let nurse = database.nurse().await;
    let path = format!("/plan/{floor}");
    let page = nurse.page(&path).await;
    let whole = page.attribute("#plan-svg", "viewBox").unwrap();
    assert_eq!(
        page.all("#plan svg a").len(),
        37,
        "{:?}",
        page.all("#plan svg a")
    );
    assert!(page.all("[data-plan]").contains(&"Zoom in".to_owned()));
    assert!(
        !page.all("[data-plan]").contains(&"Zoom out".to_owned()),
        "all of it is shown"
    );
    let nearer = page.attribute("[data-plan=in]", "href").unwrap();
    let page = nurse.page(nearer.split('#').next().unwrap()).await;
    assert_ne!(page.attribute("#plan-svg", "viewBox").unwrap(), whole);
    assert!(page.all("[data-plan]").contains(&"Whole floor".to_owned()));
    for odd in ["?w=NaN", "?x=-1e308&y=1e308&w=0", "?w=abc&x=", "?x=inf&w=1"] {
        let page = nurse.page(&format!("{path}{odd}")).await;
        assert_eq!(page.status, 200, "{odd}");
        let numbers = page.attribute("#plan-svg", "viewBox").unwrap();
        assert!(
            !numbers.contains('-') && !numbers.contains("NaN"),
            "{numbers}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn floors_without_a_plan_or_that_do_not_exist_say_so() {
    let (app, ids) = hospital().await;
    let nurse = app.nurse().await;
    assert_eq!(nurse.page("/plan/1").await.status, 404);
    assert_eq!(nurse.page("/plan/x").await.status, 404);
    assert_eq!(
        nurse
            .page(&format!("/plan/{}/geojson", ids.floor))
            .await
            .status,
        404
    );
    assert_eq!(
        nurse
            .page(&format!("/plan/{}/import", ids.floor))
            .await
            .status,
        403
    );
    let page = nurse.page(&format!("/plan/{}", ids.floor)).await;
    assert!(
        page.text().contains("An administrator can import one."),
        "{}",
        page.text()
    );
    assert!(page.all("#list tbody tr")[0].starts_with("Clean utility 3W-12"));
    let first = nurse.page("/plan").await;
    assert_eq!(first.status, 303);
    let list = nurse.page(&format!("/rooms?floor={}", ids.floor)).await;
    assert!(
        list.attribute(&format!("a[href='/plan/{}']", ids.floor), "href")
            .is_some()
    );
}

fn admin(database: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .arg("admin")
        .args(arguments)
        .env("WARDTRACK_DATABASE_URL", database.url().expose())
        .env_remove("WARDTRACK_DATABASE_URL_FILE")
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_imports_checks_and_exports() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    rows::hospital(&mut conn, Clock::system().now()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.geojson");
    let file = file.to_str().unwrap();
    std::fs::write(file, plan()).unwrap();
    let text = |output: &Output| {
        String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
    };
    let dry = admin(
        &database,
        &["import-plan", "--floor", "Level 3", "--dry-run", file],
    );
    assert!(
        dry.status.success() && text(&dry).contains("would import 2 rooms and 1 ways"),
        "{}",
        text(&dry)
    );
    assert_eq!(
        database
            .number("SELECT count(*) AS n FROM floor_plan")
            .await,
        0
    );
    let done = admin(
        &database,
        &[
            "import-plan",
            "--floor",
            "Level 3",
            "--building",
            "Main building",
            file,
        ],
    );
    assert!(done.status.success(), "{}", text(&done));
    let exported = admin(&database, &["export-plan", "--floor", "Level 3"]);
    assert!(text(&exported).contains("3W-12"), "{}", text(&exported));
    let refused = admin(&database, &["import-plan", "--floor", "Level 9", file]);
    assert!(
        !refused.status.success() && text(&refused).contains("there is no floor \"Level 9\""),
        "{}",
        text(&refused)
    );
    let none = admin(&database, &["export-plan", "--floor", "Ground"]);
    assert!(text(&none).contains("has no plan"), "{}", text(&none));
    std::fs::write(file, plan().replace("3W-14", "Bay 7")).unwrap();
    let refused = admin(&database, &["import-plan", "--floor", "Level 3", file]);
    assert!(
        !refused.status.success()
            && text(&refused).contains("feature 2: property room is \"Bay 7\""),
        "{}",
        text(&refused)
    );
    std::fs::write(file, vec![b' '; 50 * 1024 * 1024]).unwrap();
    let refused = admin(&database, &["import-plan", "--floor", "Level 3", file]);
    assert!(
        !refused.status.success() && text(&refused).contains("more than"),
        "{}",
        text(&refused)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walking_map_of_the_demo_follows_its_corridors_and_the_lift() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let site = SeedPlan::of(&Site::hospital(1));
    let now = Clock::system().now();
    conn.transaction(async |conn| seed::store_plan(conn, &site, now).await)
        .await
        .unwrap();
    let cache = WalkingCache::default();
    let map = cache.map(&conn).await.unwrap();
    assert!(
        std::sync::Arc::ptr_eq(&map, &cache.map(&conn).await.unwrap()),
        "nothing changed"
    );
    let room = async |name: &str| {
        RoomId(
            database
                .number(&format!("SELECT id AS n FROM room WHERE name = '{name}'"))
                .await,
        )
    };
    let (from, near, far, above) = (
        room("Room 201").await,
        room("Room 202").await,
        room("Room 211").await,
        room("Room 301").await,
    );
    let costs = map.costs_from(Origin::Room(from));
    assert!(
        costs.iter().all(|(_, near)| near.reach <= Reach::Walk),
        "everything hangs together"
    );
    let of = |room| costs.find(room).unwrap();
    assert!(of(near).cost_dm < of(far).cost_dm && of(far).cost_dm < of(above).cost_dm);
    assert!(of(above).is_other_floor && !of(far).is_other_floor);
    let unit = UnitId(
        database
            .number("SELECT id AS n FROM unit WHERE name = '2 West'")
            .await,
    );
    assert_eq!(
        map.costs_from(Origin::Unit(unit))
            .find(from)
            .unwrap()
            .cost_dm,
        0
    );

    // A change of places is seen at the next look.
    conn.batch_execute("UPDATE walk_edge SET cost_m = cost_m * 2")
        .await
        .unwrap();
    let changed = cache
        .map(&conn)
        .await
        .unwrap()
        .costs_from(Origin::Room(from));
    assert!(changed.find(near).unwrap().cost_dm > of(near).cost_dm);
}
