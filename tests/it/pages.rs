//! The pages, as people use them.

use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use crate::support::seed::{self, Hospital};
use crate::support::{Actor, Html, TestApp};

async fn served() -> (TestApp, Hospital, AsyncPgConnection) {
    let app = TestApp::new().await;
    let mut conn = AsyncPgConnection::establish(app.database_url().expose())
        .await
        .unwrap();
    let hospital = seed::hospital(&mut conn, app.app.clock.now()).await;
    (app, hospital, conn)
}

fn has(page: &Html, words: &str) {
    assert!(
        page.text().contains(words),
        "{words:?} is not in: {}",
        page.text()
    );
}

fn has_not(page: &Html, words: &str) {
    assert!(
        !page.text().contains(words),
        "{words:?} is in: {}",
        page.text()
    );
}

/// Asset numbers of the rows, in order.
fn numbers(page: &Html) -> Vec<String> {
    page.all("tbody th .code")
}

async fn found(nurse: &Actor, q: &str) -> Html {
    let encoded = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
    nurse.page(&format!("/find?q={encoded}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn home_has_the_search_box_with_focus_and_types_with_counts() {
    let (app, hospital, _) = served().await;
    let page = app.nurse().await.page("/").await;
    assert_eq!(page.h1(), "Find equipment");
    assert!(page.attribute("input[name=q]", "autofocus").is_some());
    assert_eq!(
        page.attribute("form[role=search]", "action").as_deref(),
        Some("/find")
    );
    assert_eq!(
        page.all(".types .name")[..2],
        ["Infusion pump", "Syringe pump"]
    );
    assert_eq!(page.all(".types .count")[0], "3 available of 4");
    let href = page.attribute(".types a", "href").unwrap();
    assert_eq!(href, format!("/find?type={}", hospital.pump_type));
    has(&page, "Live. Last update");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_list_ready_ones_first_with_place_certainty_and_age() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let page = nurse
        .page(&format!("/find?type={}", hospital.pump_type))
        .await;
    assert_eq!(page.h1(), "Infusion pump: 2 ready");
    assert_eq!(page.all("title"), ["Infusion pump: 2 ready - wardtrack"]);
    // Available with an unknown place is not ready (R2); retired ones are not listed.
    assert_eq!(numbers(&page), ["IP-0417", "IP-0333", "IP-0377", "IP-0500"]);
    let rows = page.all("tbody tr");
    assert!(
        rows[0].starts_with(
            "Clean utility 3W-12, 3 West Likely just now Infusion pump IP-0417 BD Alaris GP"
        ),
        "{}",
        rows[0]
    );
    assert!(rows[0].ends_with("Ready"), "{}", rows[0]);
    assert!(rows[1].contains("Last seen, was 52 min ago"), "{}", rows[1]);
    assert!(
        rows[2].contains("Last seen, was 15 min ago") && rows[2].ends_with("Soiled"),
        "{}",
        rows[2]
    );
    assert!(
        rows[3].contains("Never seen") && rows[3].contains("Unknown"),
        "{}",
        rows[3]
    );
    has(&page, "1 to 4 of 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exact_identifier_in_any_case_jumps_to_its_asset() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    for q in [
        "ip-0417",
        " IP-0417 ",
        "800310442",
        "(01)07613203021012",
        "MAC:ac:23:3f:00:00:01",
        "AC233F000001",
    ] {
        let page = found(&nurse, q).await;
        assert_eq!(page.status, 303, "{q}");
        assert_eq!(
            page.header("location"),
            Some(format!("/assets/{}", hospital.likely).as_str()),
            "{q}"
        );
    }
    // A retired one is found by its number too.
    assert_eq!(found(&nurse, "IP-0001").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_exists_twice_lists_both() {
    let (app, _, _) = served().await;
    let page = found(&app.nurse().await, "sn-1").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.h1(), "2 devices have the number sn-1");
    let mut both = numbers(&page);
    both.sort();
    assert_eq!(both, ["IP-0333", "SP-0100"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_find_types_then_models_then_beginnings_of_numbers() {
    let (app, _, _) = served().await;
    let nurse = app.nurse().await;
    assert_eq!(
        found(&nurse, "infusion pump").await.h1(),
        "Infusion pump: 2 ready"
    );
    assert_eq!(
        found(&nurse, "INFUSION").await.h1(),
        "Infusion pump: 2 ready"
    );
    let both = found(&nurse, "pump").await;
    assert_eq!(both.h1(), "Pump: 2 ready");
    has(&both, "Types that match: Infusion pump, Syringe pump.");
    assert_eq!(numbers(&found(&nurse, "alaris").await).len(), 4);
    assert_eq!(numbers(&found(&nurse, "kabi agilia").await), ["IP-0333"]);
    let by_number = found(&nurse, "ip-03").await;
    assert_eq!(by_number.h1(), "Asset numbers that begin with ip-03");
    assert_eq!(numbers(&by_number), ["IP-0333", "IP-0377"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn s29_odd_text_is_harmless_and_leads_on() {
    let (app, _, _) = served().await;
    let nurse = app.nurse().await;
    for q in [
        "%",
        "_",
        "\\",
        "'",
        "a'; DROP TABLE asset; --",
        "\u{1f6cf}\u{fe0f}",
        "مضخة",
        "\u{202e}pmup",
        "x",
        "</title><script>",
    ] {
        let page = found(&nurse, q).await;
        assert_eq!(page.status, 200, "{q}");
        assert!(
            page.h1().starts_with("Nothing found for"),
            "{q}: {}",
            page.h1()
        );
        assert!(!page.all(".types .name").is_empty(), "{q}: no next step");
        assert_eq!(
            page.attribute("#q", "value").as_deref(),
            Some(q),
            "the text stays in the box"
        );
        assert!(page.all("main script").is_empty());
    }
    for q in ["%00", "%20%20", "", "%0a"] {
        let page = nurse.page(&format!("/find?q={q}")).await;
        assert_eq!((page.status, page.h1().as_str()), (200, "All types"), "{q}");
    }
    let long = nurse.page(&format!("/find?q={}", "a".repeat(5_000))).await;
    assert_eq!(long.status, 400);
    has(
        &long,
        "The search text has 5000 characters; at most 100 can be searched for.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_types_and_cursors_are_pages_with_a_next_step() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    for id in ["1", "99999999999999999999", "x", "-5", "%00"] {
        let page = nurse.page(&format!("/find?type={id}")).await;
        assert_eq!(
            (page.status, page.h1().as_str()),
            (404, "There is no such type"),
            "{id}"
        );
        assert!(!page.all(".types .name").is_empty());
    }
    for after in [
        "x",
        "0",
        "1767225600000.r.0.0.1",
        "9999999999999999.r.0.0.1",
    ] {
        let page = nurse
            .page(&format!("/find?type={}&after={after}", hospital.pump_type))
            .await;
        assert_eq!(numbers(&page).len(), 4, "{after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_goes_on_page_by_page_and_shows_every_row_once() {
    let (app, hospital, mut conn) = served().await;
    seed::more_pumps(&mut conn, 60).await;
    let nurse = app.nurse().await;
    let mut path = format!("/find?type={}", hospital.pump_type);
    let mut seen = Vec::new();
    for (count, words) in [
        (25, "1 to 25 of 64"),
        (25, "26 to 50 of 64"),
        (14, "51 to 64 of 64"),
    ] {
        let page = nurse.page(&path).await;
        assert_eq!(page.h1(), "Infusion pump: 2 ready");
        assert_eq!(numbers(&page).len(), count);
        has(&page, words);
        seen.extend(numbers(&page));
        // Ages grow between two pages; the order is that of the first one.
        app.clock.advance(TimeDelta::seconds(45));
        path = page.attribute("a.btn", "href").unwrap_or_default();
    }
    assert!(path.is_empty(), "the last page leads no further");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asset_page_says_where_how_sure_and_why() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let page = nurse.page(&format!("/assets/{}", hospital.likely)).await;
    assert_eq!(page.h1(), "Infusion pump IP-0417");
    assert_eq!(page.all(".where"), ["Clean utility 3W-12, 3 West"]);
    assert_eq!(page.all(".hero .chip"), ["Ready"]);
    has(
        &page,
        "Heard by reader 3w-12-a 40 s ago; this room has held for 6 min.",
    );
    has(&page, "Main building, Level 3");
    has(&page, "BD Alaris GP, owned by Equipment library");
    has(&page, "800310442");
    has(&page, "battery 82 %");
    let stays = page.all("ol.time li");
    assert_eq!(stays.len(), 3);
    assert!(
        stays[1].contains("Soiled utility 3W-14, 3 West (2 h)"),
        "{}",
        stays[1]
    );

    let old = nurse.page(&format!("/assets/{}", hospital.last_seen)).await;
    assert_eq!(old.all(".where"), ["Was in Clean utility 3W-12, 3 West"]);
    has(
        &old,
        "Heard last by reader 3w-12-a 52 min ago. It should be heard at least every 1 min.",
    );

    let passed = nurse.page(&format!("/assets/{}", hospital.passed)).await;
    has(
        &passed,
        "Its tag passed here 10 min ago. A pass counts for 30 min.",
    );

    let never = nurse.page(&format!("/assets/{}", hospital.never)).await;
    assert_eq!(never.all(".where"), ["Never seen"]);
    has(
        &never,
        "It has no tag, so no reader can hear it. Ask biomed to put a tag on it.",
    );
    assert_eq!(nurse.page("/assets/40001").await.status, 404);
    assert_eq!(nurse.page("/assets/x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn r13_a_silent_reader_turns_its_room_to_last_seen_and_says_since_when() {
    let (app, hospital, _) = served().await;
    let page = app
        .nurse()
        .await
        .page(&format!("/assets/{}", hospital.reader_down))
        .await;
    assert_eq!(page.all(".where"), ["Was in Soiled utility 3W-14, 3 West"]);
    has(&page, "Last seen, was 15 min ago");
    has(&page, "The reader of this room is offline since");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_asks_for_its_parts_only_and_never_extends_the_session() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let path = format!("/assets/{}", hospital.likely);
    let whole = nurse.page(&path).await;
    assert_eq!(
        whole.attribute("#now", "hx-get").as_deref(),
        Some(path.as_str())
    );
    assert_eq!(
        whole.attribute("#now", "hx-trigger").as_deref(),
        Some("every 5s")
    );
    assert_eq!(
        whole.attribute("#now", "hx-headers").as_deref(),
        Some(r#"{"Wardtrack-Poll": "1"}"#)
    );
    app.clock.advance(TimeDelta::minutes(5));
    let part = nurse.poll(&path).await;
    assert_eq!(part.status, 200);
    assert!(
        !part.body.contains("<html") && !part.body.contains("<h1"),
        "{}",
        part.body
    );
    assert_eq!(
        part.all("#now .where"),
        ["Was in Clean utility 3W-12, 3 West"]
    );
    assert_eq!(part.all("#timeline h2"), ["Where it has been"]);
    // 16 min of polls alone: the session has ended (S-13).
    app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(nurse.poll(&path).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_stays_are_reached_page_by_page() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    for n in 0..60 {
        let left_at = now - TimeDelta::minutes(500 + n * 10);
        seed::stay(
            &mut conn,
            hospital.passed,
            hospital.clean,
            left_at - TimeDelta::minutes(9),
            left_at,
        )
        .await;
    }
    let nurse = app.nurse().await;
    let path = format!("/assets/{}", hospital.passed);
    let first = nurse.page(&path).await;
    assert_eq!(
        first.all("ol.time li").len(),
        51,
        "the open stay and 50 others"
    );
    let earlier = first.attribute("#earlier", "href").unwrap();
    let second = nurse.page(&earlier).await;
    assert_eq!(second.all("ol.time li").len(), 10);
    assert!(
        second.attribute("#now", "hx-get").is_none(),
        "a page of the past does not refresh itself"
    );
    assert_eq!(
        nurse
            .page(&format!("{path}?before=x"))
            .await
            .all("ol.time li")
            .len(),
        51
    );
    assert_eq!(
        nurse
            .page(&format!("{path}?before=-99999999999999"))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_shows_what_is_in_it_what_left_and_its_readers() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let page = nurse.page(&format!("/rooms/{}", hospital.soiled)).await;
    assert_eq!(page.h1(), "Soiled utility 3W-14");
    has(&page, "3 West. Main building, Level 3");
    has(&page, "Here now: 1");
    assert_eq!(numbers(&page), ["IP-0377"]);
    has(&page, "The readers of this room are offline since");
    has(&page, "Infusion pump IP-0417 left 3 h ago, after 2 h");
    has(&page, "3w-14-a Silent");

    let floor = nurse
        .page(&format!("/rooms?floor={}", hospital.floor))
        .await;
    assert_eq!(floor.h1(), "Rooms on Level 3, Main building");
    assert_eq!(
        floor.all("tbody th"),
        ["Clean utility 3W-12", "Soiled utility 3W-14", "Bay 2"]
    );
    assert_eq!(floor.all("tbody td.r"), ["3", "1", "0"]);
    assert!(
        floor.all("tbody tr")[1].contains("Offline since"),
        "{}",
        floor.text()
    );
    let ground = nurse.page("/rooms").await;
    assert_eq!(ground.h1(), "Rooms on Ground, Main building");
    assert!(
        ground.all("tbody tr")[0].ends_with("None"),
        "no reader covers it: {}",
        ground.text()
    );
    assert_eq!(nurse.page("/rooms?floor=9x").await.status, 200);
    assert_eq!(nurse.page("/rooms/80001").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn s38_only_an_administrator_lets_a_reader_in_and_it_is_recorded() {
    let (app, hospital, _) = served().await;
    assert_eq!(app.nurse().await.page("/readers").await.status, 403);
    let biomed = app.biomed().await;
    let page = biomed.page("/readers").await;
    assert_eq!(
        page.all("tbody th .code"),
        ["new-1", "3w-14-a", "3w-12-a", "old-1"]
    );
    assert_eq!(
        page.all("tbody .chip"),
        ["Waiting", "Silent", "In use", "Turned off"]
    );
    has(
        &page,
        "2 in use, 1 of them silent; 1 waiting for approval, 1 turned off.",
    );
    has(&page, "Tags that are not ours were heard 1,234 times");
    assert!(page.all("tbody button").is_empty(), "biomed may look only");
    let path = format!("/readers/{}/approve", hospital.waiting);
    assert_eq!(biomed.post(&path, &[]).await.status, 403);

    let admin = app.admin().await;
    let page = admin.page("/readers").await;
    assert_eq!(page.all("tbody button"), ["Approve new-1"]);
    assert_eq!(admin.post(&path, &[]).await.status, 303);
    let after = admin.page("/readers").await;
    has(&after, "Reader new-1 is in use from now on.");
    assert!(after.all("tbody button").is_empty());
    admin.post(&path, &[]).await;
    has(
        &admin.page("/readers").await,
        "Reader new-1 was not waiting any more.",
    );
    assert_eq!(admin.post("/readers/1/approve", &[]).await.status, 404);
    assert_eq!(
        count_audit(&app, "reader.approved", "reader:new-1").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_shows_why_and_sends_a_message_again_once() {
    let (app, hospital, _) = served().await;
    assert_eq!(app.biomed().await.page("/quarantine").await.status, 403);
    let admin = app.admin().await;
    let page = admin.page("/quarantine").await;
    assert_eq!(page.all("tbody th a"), ["Not JSON", "From the future"]);
    has(&page, "wardtrack does not know this reason");
    has(&page, "In the last 24 hours: 2");
    assert_eq!(
        admin
            .page("/quarantine?reason=not_json")
            .await
            .all("tbody th a"),
        ["Not JSON"]
    );
    has(
        &admin.page("/quarantine?reason=nothing%00").await,
        "In the last 24 hours",
    );
    has(
        &admin.page("/quarantine?reason=too_deep").await,
        "Nothing with this reason is in quarantine.",
    );

    let path = format!("/quarantine/{}", hospital.message);
    let row = admin.page(&path).await;
    assert_eq!(row.all("pre"), ["{\"v\":1,<script>"]);
    assert!(row.all("main script").is_empty());
    let replay = format!("{path}/replay");
    assert_eq!(
        row.attribute("main form", "action").as_deref(),
        Some(replay.as_str())
    );
    assert_eq!(
        admin.post(&replay, &[]).await.header("location"),
        Some(path.as_str())
    );
    let asked = admin.page(&path).await;
    has(&asked, "The message waits to be sent again.");
    assert!(asked.all("main button").is_empty());
    admin.post(&replay, &[]).await;
    has(&admin.page(&path).await, "Nothing was changed.");

    let sighting = format!("/quarantine/{}", hospital.sighting);
    has(
        &admin.page(&sighting).await,
        "Only whole messages can be sent again.",
    );
    admin.post(&format!("{sighting}/replay"), &[]).await;
    assert_eq!(admin.post("/quarantine/1/replay", &[]).await.status, 404);
    assert_eq!(admin.page("/quarantine/1").await.status, 404);
    let subject = format!("quarantine:{}", hospital.message);
    assert_eq!(
        count_audit(&app, "quarantine.replay_asked", &subject).await,
        1
    );
    assert_eq!(
        count_audit(
            &app,
            "quarantine.replay_asked",
            &format!("quarantine:{}", hospital.sighting)
        )
        .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_when_places_are_not_live() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let path = format!("/assets/{}", hospital.likely);
    has_not(&nurse.page(&path).await, "Location data not live");
    app.clock.advance(TimeDelta::seconds(16));
    for path in ["/", "/find?q=pump", "/rooms", "/status", path.as_str()] {
        has(&nurse.page(path).await, "Location data not live since");
    }
    has_not(&nurse.page("/").await, "Live. Last update");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_short_for_staff_and_full_for_administrators() {
    let (app, _, mut conn) = served().await;
    let page = app.nurse().await.page("/status").await;
    has(&page, "Places are live.");
    has_not(&page, "PostgreSQL");
    let admin = app.admin().await;
    let full = admin.page("/status").await;
    for words in [
        "Not configured on this server.",
        "PostgreSQL 1",
        "Shard 0",
        "less than 1 min old",
        "Time zone data",
    ] {
        has(&full, words);
    }
    conn.batch_execute("DELETE FROM consumer_health")
        .await
        .unwrap();
    let none = admin.page("/status").await;
    has(&none, "nothing has been received yet");
    has(&none, "No consumer has ever reported.");
}

async fn count_audit(app: &TestApp, action: &str, subject: &str) -> i64 {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use wardtrack::db::schema::audit_log;
    let mut conn = app.db.conn().await.unwrap();
    audit_log::table
        .filter(audit_log::action.eq(action))
        .filter(audit_log::subject.eq(subject))
        .count()
        .get_result(&mut conn)
        .await
        .unwrap()
}
