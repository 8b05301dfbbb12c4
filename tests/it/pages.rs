//! The pages, as people use them.

use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection};

use crate::support::seed::{self, Hospital};
use crate::support::{Actor, Html, TestApp};

pub async fn served() -> (TestApp, Hospital, AsyncPgConnection) {
    let app = TestApp::new().await;
    let mut conn = AsyncPgConnection::establish(app.database_url().expose())
        .await
        .unwrap();
    let hospital = seed::hospital(&mut conn, app.app.clock.now()).await;
    (app, hospital, conn)
}

pub fn has(page: &Html, words: &str) {
    assert!(
        page.text().contains(words),
        "{words:?} is not in: {}",
        page.text()
    );
}

pub fn has_not(page: &Html, words: &str) {
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
    assert_eq!(page.all(".types .count")[0], "2 ready");
    assert_eq!(page.all(".types .quiet")[0], "of 4");
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
    assert!(
        rows[0].ends_with("Ready Take it IP-0417Not here: IP-0417"),
        "{}",
        rows[0]
    );
    assert!(rows[1].contains("Last seen, was 52 min ago"), "{}", rows[1]);
    assert!(
        rows[2].contains("Last seen, was 15 min ago")
            && rows[2].ends_with("Soiled Select: IP-0377Open IP-0377"),
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
        path = page.attribute("p.head a.btn", "href").unwrap_or_default();
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
    let stream = whole.attribute("main", "sse-connect").unwrap();
    let watched = format!("/live/events?watch=asset%2E{}&since=", hospital.likely);
    assert!(stream.starts_with(&watched), "{stream}");
    assert!(whole.attribute("#now", "data-live").is_some());
    assert!(whole.attribute("#timeline", "data-live").is_some());
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
    assert_eq!(part.all("#timeline h2"), ["What happened"]);
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
