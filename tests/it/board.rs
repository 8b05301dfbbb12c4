//! The board of a unit and the targets behind it, through the pages.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::pages::{has, served};
use crate::support::{Actor, Html};

/// The unit "3 West" of the small hospital, with clean utility 3W-12.
const UNIT: i64 = 30_001;
const BOARD: &str = "/board/30001";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn count(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({sql})::bigint AS n"))
        .get_result(conn)
        .await
        .unwrap();
    row.n
}

/// A line for a kind of room.
async fn kind_line(conn: &mut AsyncPgConnection, numbers: &str) {
    conn.batch_execute(&format!(
        "INSERT INTO equipment_par (asset_type_id, room_kind, target, critical, maximum) VALUES (60001, 'clean_utility', {numbers})"
    ))
    .await
    .unwrap();
}

/// The rows of a board: type, ready and state.
fn rows(page: &Html) -> Vec<(String, String, String)> {
    let (types, ready, states) = (
        page.all("table.par tbody th > a"),
        page.all("table.par td.ready-n"),
        page.all("table.par td.c-state .chip"),
    );
    types
        .into_iter()
        .zip(ready)
        .zip(states)
        .map(|((name, ready), state)| (name, ready, state))
        .collect()
}

fn row(name: &str, ready: &str, state: &str) -> (String, String, String) {
    (name.to_owned(), ready.to_owned(), state.to_owned())
}

async fn act(person: &Actor, act: &str, asset: i64) {
    let (key, asset) = (Uuid::now_v7().to_string(), asset.to_string());
    let fields = [
        ("key", key.as_str()),
        ("act", act),
        ("asset", &asset),
        ("next", BOARD),
    ];
    let answer = person.post("/acts", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
}

/// Sends the form of a new target with a fresh key.
async fn add(person: &Actor, fields: &[(&str, &str)]) -> Html {
    let key = Uuid::now_v7().to_string();
    let mut all = vec![("key", key.as_str())];
    all.extend(fields);
    person.post("/board/par", &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_follows_what_people_say() {
    let (app, hospital, mut conn) = served().await;
    kind_line(&mut conn, "2, 1, 2").await;
    let nurse = app.nurse().await;
    let page = nurse.page(BOARD).await;
    assert_eq!(page.h1(), "Board of 3 West");
    assert_eq!(rows(&page), [row("Infusion pump", "2", "Enough")]);
    has(&page, "Every room of 3 West holds enough.");
    has(&page, "Target of every room of the kind clean utility");
    // One is soiled on the unit, but in another room.
    assert_eq!(page.all("td[data-label='Soiled, unit']"), ["1"]);
    let watch = page.attribute("main", "sse-connect").unwrap();
    assert!(watch.contains("room%2E40001"), "{watch}");

    act(&nurse, "took", hospital.likely).await;
    let page = nurse.page(BOARD).await;
    assert_eq!(rows(&page), [row("Infusion pump", "1", "Below target")]);
    assert_eq!(page.all("td[data-label='In use, unit']"), ["1"]);
    has(
        &page,
        "1 missing. No other room can spare any. To be cleaned on the unit: 1.",
    );

    act(&nurse, "took", hospital.last_seen).await;
    let page = nurse.page(BOARD).await;
    assert_eq!(rows(&page), [row("Infusion pump", "0", "Below critical")]);
    assert_eq!(page.all(".sum"), ["1 below critical."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortage_names_the_nearest_rooms_that_can_spare_some() {
    let (app, _, mut conn) = served().await;
    kind_line(&mut conn, "5, 1, NULL").await;
    // Bay 2 (40003) is on the unit, the equipment room (40004) on another floor; a second clean utility needs what it has.
    conn.batch_execute(
        "INSERT INTO room (floor_id, name, kind) VALUES (20001, '3E-01', 'clean_utility');
         INSERT INTO asset (asset_number, asset_type_id, model_id) SELECT 'XP-' || n, 60001, 70001 FROM generate_series(1, 8) n;
         INSERT INTO asset_place (asset_id, room_id, entered_at, basis, learned_at)
         SELECT id, CASE WHEN asset_number = 'XP-1' THEN 40003 WHEN asset_number IN ('XP-2', 'XP-3', 'XP-4') THEN 40004 ELSE 40005 END,
                now(), 'scan', now() FROM asset WHERE asset_number LIKE 'XP-%'",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    let page = nurse.page(BOARD).await;
    assert_eq!(rows(&page), [row("Infusion pump", "2", "Below target")]);
    assert_eq!(
        page.all(".sources li"),
        [
            "1 to spare in Bay 2, 3 West, on this unit",
            "3 to spare in Equipment room 0.021, Ground, other floor: Ground"
        ]
    );
    let href = page.attribute(".sources a", "href").unwrap();
    assert_eq!(href, "/find?type=60001&place=room%2D40003&status=ready");
    let results = nurse.page(&href).await;
    has(&results, "XP-1");
    assert!(!results.text().contains("XP-2"), "{}", results.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_the_line_of_a_room_wins_over_the_one_for_its_kind() {
    let (app, _, mut conn) = served().await;
    kind_line(&mut conn, "9, 9, NULL").await;
    conn.batch_execute(
        "INSERT INTO equipment_par (asset_type_id, room_id, target, critical, maximum) VALUES (60001, 40001, 1, 0, 1)",
    )
    .await
    .unwrap();
    let page = app.nurse().await.page(BOARD).await;
    assert_eq!(rows(&page), [row("Infusion pump", "2", "Above maximum")]);
    has(&page, "Target of this room only");
    has(&page, "1 can go to other rooms.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_readers_are_down_says_that_its_counts_are_old() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO equipment_par (asset_type_id, room_kind, target, critical) VALUES (60001, 'soiled_utility', 1, 0)",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    has(
        &nurse.page(BOARD).await,
        "The readers of this room are offline since",
    );
    has(&nurse.page("/board/30001/wall").await, "Readers down");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_shows_what_matters_and_a_way_out_and_its_polls_are_no_use_of_the_session() {
    let (app, _, mut conn) = served().await;
    kind_line(&mut conn, "5, 3, NULL").await;
    conn.batch_execute(
        "INSERT INTO equipment_par (asset_type_id, room_kind, target, critical) VALUES (60003, 'clean_utility', 1, 0)",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    let page = nurse.page("/board/30001/wall").await;
    assert_eq!(page.h1(), "3 West");
    assert_eq!(
        page.all(".wall-type"),
        ["Infusion pump", "Wheelchair"],
        "short ones first"
    );
    assert_eq!(page.all(".wall-state .chip"), ["Below critical", "Enough"]);
    assert_eq!(page.all(".wall-count"), ["2 ready of 5", "1 ready of 1"]);
    assert_eq!(
        page.all("nav, form, header").len(),
        0,
        "no navigation on a wall"
    );
    has(&page, "signs out when nobody has used it for 15 minutes");
    assert_eq!(
        page.attribute(".wall-foot a:last-child", "href").unwrap(),
        BOARD
    );
    assert!(page.body.contains("data-live-off"));

    app.clock.advance(chrono::TimeDelta::minutes(10));
    assert_eq!(nurse.poll("/board/30001/wall").await.status, 200);
    // Had the poll been a use of the session, it would last for another 15 min.
    app.clock.advance(chrono::TimeDelta::minutes(6));
    assert_eq!(nurse.poll("/board/30001/wall").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_board_leads_to_ones_own_unit_or_to_a_choice() {
    let (app, _, mut conn) = served().await;
    let admin = app.admin().await;
    conn.batch_execute("UPDATE app_user SET home_unit_id = NULL")
        .await
        .unwrap();
    let page = admin.page("/board").await;
    assert_eq!(page.h1(), "Choose a unit");
    assert_eq!(page.all(".rows li"), ["3 West", "Equipment library"]);
    has(
        &admin.page(BOARD).await,
        "No targets are set for the rooms of 3 West.",
    );
    diesel::sql_query("UPDATE app_user SET home_unit_id = $1")
        .bind::<BigInt, _>(UNIT)
        .execute(&mut conn)
        .await
        .unwrap();
    let own = admin.page("/board").await;
    assert_eq!((own.status, own.header("location")), (303, Some(BOARD)));
    assert_eq!(
        admin.page("/board?choose=1").await.all(".rows li"),
        ["3 West (your unit)", "Equipment library"]
    );
    for path in [
        "/board/99",
        "/board/x",
        "/board/-1",
        "/board/99999999999999999999",
    ] {
        assert_eq!(admin.page(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_added_changed_and_deleted_once_and_audited() {
    let (app, _, mut conn) = served().await;
    let biomed = app.biomed().await;
    let form = biomed
        .page("/board/par/new?type=60001&room=wt%3Aroom%3A40001")
        .await;
    assert_eq!(form.attribute("#room", "value").unwrap(), "3W-12");
    assert_eq!(form.all("option[selected]"), ["Infusion pump"]);
    let key = Uuid::now_v7().to_string();
    let fields = [
        ("key", key.as_str()),
        ("type", "60001"),
        ("kind", ""),
        ("room", "3w-12"),
        ("target", "4"),
        ("critical", "1"),
        ("maximum", ""),
    ];
    for words in ["The target is added.", "Nothing was done twice."] {
        let answer = biomed.post("/board/par", &fields).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/board/par")),
            "{}",
            answer.text()
        );
        has(&biomed.page("/board/par").await, words);
    }
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM equipment_par WHERE room_id = 40001 AND target = 4"
        )
        .await,
        1
    );
    let page = biomed.page("/board/par").await;
    assert_eq!(
        page.all("tbody td")[..4],
        ["Clean utility 3W-12, 3 West", "4", "1", "none"]
    );
    let line = page.attribute("tbody td a", "href").unwrap();
    let form = biomed.page(&line).await;
    has(&form, "Infusion pump: Clean utility 3W-12, 3 West");
    let shown = form.attribute("input[name=shown]", "value").unwrap();
    let change = |target: &'static str, shown: String| {
        let (biomed, line) = (&biomed, line.clone());
        async move {
            let key = Uuid::now_v7().to_string();
            biomed
                .post(
                    &line,
                    &[
                        ("key", &key),
                        ("shown", &shown),
                        ("target", target),
                        ("critical", "1"),
                        ("maximum", "9"),
                    ],
                )
                .await
        }
    };
    assert_eq!(change("5", shown.clone()).await.status, 303);
    // Somebody else still has the page from before.
    let stale = change("7", shown.clone()).await;
    assert_eq!(stale.status, 409);
    has(
        &stale,
        "It is now: target 5, critical level 1, maximum 9. Nothing was saved",
    );
    assert_eq!(stale.attribute("#target", "value").unwrap(), "7");
    assert_eq!(
        count(&mut conn, "SELECT target FROM equipment_par").await,
        5
    );
    let now = stale.attribute("input[name=shown]", "value").unwrap();
    assert_eq!(
        change("7", now).await.status,
        303,
        "a second press replaces it knowingly"
    );

    let delete = format!("{line}/delete");
    let key = Uuid::now_v7().to_string();
    let stale = biomed
        .post(&delete, &[("key", &key), ("shown", &shown)])
        .await;
    assert_eq!(stale.status, 409);
    has(&stale, "Nothing was deleted");
    let now = stale.attribute("input[name=shown]", "value").unwrap();
    for _ in 0..2 {
        let answer = biomed
            .post(&delete, &[("key", &key), ("shown", &now)])
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM equipment_par").await,
        0
    );
    let gone = change("7", now).await;
    assert_eq!(gone.status, 409);
    has(&gone, "Somebody deleted it meanwhile.");
    assert_eq!(biomed.page(&line).await.status, 404);
    for (action, times) in [("par.added", 1), ("par.changed", 2), ("par.deleted", 1)] {
        let sql = format!(
            "SELECT count(*) FROM audit_log WHERE action = '{action}' AND actor_user_id IS NOT NULL"
        );
        assert_eq!(count(&mut conn, &sql).await, times, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_target_names_field_value_and_remedy_and_keeps_what_was_typed() {
    let (app, _, mut conn) = served().await;
    kind_line(&mut conn, "6, 2, NULL").await;
    conn.batch_execute("INSERT INTO room (floor_id, name, kind) VALUES (20002, '3W-12', 'office')")
        .await
        .unwrap();
    let biomed = app.biomed().await;
    biomed.page("/board/par/new").await;
    let good = [
        ("type", "60001"),
        ("kind", ""),
        ("room", "3W-14"),
        ("target", "6"),
        ("critical", "2"),
        ("maximum", "8"),
    ];
    for (changes, words) in [
        (
            vec![("target", "")],
            "Target is empty. Enter a whole number from 1 to 10,000.",
        ),
        (
            vec![("target", "0")],
            "Target is “0”. Enter a whole number from 1 to 10,000.",
        ),
        (vec![("target", "<b>6")], "Target is “<b>6”."),
        (
            vec![("critical", "-1")],
            "Critical level is “-1”. Enter a whole number from 0",
        ),
        (
            vec![("critical", "7")],
            "Critical level is 7, above the target of 6.",
        ),
        (
            vec![("maximum", "5")],
            "Maximum is 5, below the target of 6.",
        ),
        (
            vec![("maximum", "99999999999999")],
            "Maximum is “99999999999999”.",
        ),
        (vec![("type", "")], "Equipment is empty. Choose a type."),
        (vec![("type", "77")], "Equipment is “77”, which is no type."),
        (
            vec![("kind", "ballroom")],
            "Which rooms is “ballroom”, which is no kind of room.",
        ),
        (
            vec![("kind", "office")],
            "Room is “3W-14”, but every room of a kind is chosen above.",
        ),
        (vec![("room", "")], "Room is empty."),
        (
            vec![("room", "4X-99")],
            "Room is “4X-99”, and no room has this name.",
        ),
        (
            vec![("room", "3W-12")],
            "several rooms have this name: Clean utility 3W-12, 3 West (Main building, Level 3); Office 3W-12",
        ),
        (
            vec![("kind", "clean_utility"), ("room", "")],
            "This type has a target for the same rooms already.",
        ),
    ] {
        let mut fields = good.to_vec();
        for (name, value) in &changes {
            fields
                .iter_mut()
                .filter(|field| field.0 == *name)
                .for_each(|field| field.1 = value);
        }
        let page = add(&biomed, &fields).await;
        assert_eq!(page.status, 422, "{words}: {}", page.text());
        has(&page, words);
        assert_eq!(page.all("[aria-invalid=true]").len(), 1, "{words}");
        let kept = fields.iter().find(|field| field.0 == "critical").unwrap().1;
        assert_eq!(page.attribute("#critical", "value").unwrap(), kept);
    }
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM equipment_par").await,
        1
    );
    // Forms that no page of ours sends.
    let mut unknown = good.to_vec();
    unknown.push(("colour", "red"));
    assert_eq!(add(&biomed, &unknown).await.status, 400);
    assert_eq!(biomed.post("/board/par", &good).await.status, 400, "no key");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_biomed_and_administrators_change_targets() {
    let (app, _, mut conn) = served().await;
    kind_line(&mut conn, "6, 2, NULL").await;
    let id = count(&mut conn, "SELECT max(id) FROM equipment_par").await;
    let (line, delete) = (
        format!("/board/par/{id}"),
        format!("/board/par/{id}/delete"),
    );
    let nurse = app.nurse().await;
    let page = nurse.page("/board/par").await;
    assert_eq!(page.status, 200);
    assert!(!page.all("a").contains(&"Add a target".to_owned()));
    assert_eq!(nurse.page(BOARD).await.all(".edits").len(), 0);
    for path in ["/board/par/new", line.as_str()] {
        assert_eq!(nurse.page(path).await.status, 403, "{path}");
    }
    nurse.page(BOARD).await;
    for path in ["/board/par", line.as_str(), delete.as_str()] {
        assert_eq!(
            nurse.post(path, &[("key", "x")]).await.status,
            403,
            "{path}"
        );
    }
    let admin = app.admin().await;
    assert_eq!(admin.page(&line).await.status, 200);
    assert_eq!(admin.page(BOARD).await.all(".edits a").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_targets_is_narrowed_and_goes_page_by_page() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO room (floor_id, name) SELECT 20001, 'R-' || n FROM generate_series(1, 120) n;
         INSERT INTO equipment_par (asset_type_id, room_id, target, critical) SELECT 60003, id, 1, 0 FROM room WHERE name LIKE 'R-%'",
    )
    .await
    .unwrap();
    kind_line(&mut conn, "6, 2, NULL").await;
    let nurse = app.nurse().await;
    let first = nurse.page("/board/par").await;
    assert_eq!(first.all("tbody tr").len(), 100);
    assert_eq!(first.all("tbody th")[0], "Infusion pump");
    let next = nurse
        .page(&first.attribute("p.btns a.btn", "href").unwrap())
        .await;
    assert_eq!(next.all("tbody tr").len(), 21);
    has(&next, "First page");
    let narrowed = nurse.page("/board/par?type=60001").await;
    assert_eq!(narrowed.all("tbody tr").len(), 1);
    has(
        &nurse.page("/board/par?type=x").await,
        "There is no such type of equipment",
    );
    assert_eq!(nurse.page("/board/par?after=%00").await.status, 200);
}
