//! What a search takes a text for, on the page: synonyms, mistakes, places, parts of numbers, and odd input.

use diesel_async::AsyncConnection;
use diesel_async::AsyncPgConnection;
use diesel_async::SimpleAsyncConnection;
use wardtrack::find::synonyms::exchange::{StarterScope, add_starter};

use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn found(nurse: &Actor, q: &str) -> Html {
    nurse.page(&format!("/find?q={}", encoded(q))).await
}

fn numbers(page: &Html) -> Vec<String> {
    page.all("tbody th .code")
}

async fn with_starter(conn: &mut AsyncPgConnection) {
    let report = conn
        .transaction(async |conn| add_starter(conn, StarterScope::All).await)
        .await
        .unwrap();
    assert!(report.added > 50, "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_name_says_what_it_was_taken_for_and_can_be_searched_as_typed() {
    let (app, _, _) = served().await;
    let nurse = app.nurse().await;
    let page = found(&nurse, "infuison pmup").await;
    assert_eq!(
        (page.status, page.h1().as_str()),
        (200, "Infusion pump: 2 ready")
    );
    has(&page, "Showing results for Infusion pump.");
    has(&page, "Also: Syringe pump");
    assert_eq!(numbers(&page)[0], "IP-0417");
    assert_eq!(
        page.attribute("#q", "value").as_deref(),
        Some("infuison pmup")
    );
    let literal = page.attribute(".reading a", "href").unwrap();
    assert!(literal.contains("exact=1"), "{literal}");
    let literal = nurse.page(&literal).await;
    assert!(
        literal.h1().starts_with("Nothing found for"),
        "{}",
        literal.h1()
    );
    has(&literal, "Search for similar words too");
    assert!(!literal.all(".types .name").is_empty(), "no next step");
    has_not(&found(&nurse, "infusion pump").await, "Showing results");
}

#[tokio::test(flavor = "multi_thread")]
async fn synonyms_find_their_type_from_the_next_request_on() {
    let (app, _, mut conn) = served().await;
    let nurse = app.nurse().await;
    assert!(
        found(&nurse, "drip machine")
            .await
            .h1()
            .starts_with("Nothing found")
    );
    with_starter(&mut conn).await;
    for (q, h1) in [
        ("drip machine", "Infusion pump: 2 ready"),
        ("IV-Pump", "Infusion pump: 2 ready"),
        ("syringe driver", "Syringe pump: 0 ready"),
        ("wheel chair", "Wheelchair: 1 ready"),
        ("w/c", "Wheelchair: 1 ready"),
    ] {
        assert_eq!(found(&nurse, q).await.h1(), h1, "{q}");
    }
    has(
        &found(&nurse, "drip machine").await,
        "\u{201c}Infusion pump\u{201d} is also called drip machine.",
    );
    // A make of the list leads to its devices, whatever else the brand stands for.
    let alaris = found(&nurse, "alaris").await;
    assert_eq!(numbers(&alaris).len(), 4);
    has(&alaris, "Also: all of type");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_or_unit_is_a_hit_and_a_thing_in_a_place_is_narrowed_to_it() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let room = found(&nurse, "3w12").await;
    assert_eq!(room.h1(), "Places called \u{201c}3w12\u{201d}");
    has(&room, "Places: Clean utility 3W-12, 3 West");
    assert_eq!(
        room.attribute(".reading a", "href"),
        Some(format!("/rooms/{}", hospital.clean))
    );
    has(&found(&nurse, "3 west").await, "Places: 3 West (rooms)");
    let both = found(&nurse, "infusion pump 3 west").await;
    assert_eq!(both.status, 303);
    let location = both.header("location").unwrap().to_owned();
    assert_eq!(location, "/find?q=infusion%20pump&place=unit%2D30001");
    let page = nurse.page(&location).await;
    assert_eq!(page.h1(), "Infusion pump: 2 ready");
    assert_eq!(numbers(&page), ["IP-0417", "IP-0333", "IP-0377"]);
    has(&page, "Clear filters");
}

#[tokio::test(flavor = "multi_thread")]
async fn s29_part_of_any_number_finds_it_and_signs_of_patterns_mean_themselves() {
    let (app, hospital, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO asset_identifier (asset_id, kind, value) VALUES (80003, 'other', 'A%5_Z-77'), (80004, 'other', 'AX5YZ-77')",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    for (q, expected) in [
        ("10442", vec!["IP-0417"]),
        ("ip 0417x", vec![]),
        ("p041", vec!["IP-0417"]),
        ("7613203", vec!["IP-0417"]),
        ("A%5z", vec!["IP-0377"]),
        ("yz77", vec!["IP-0500"]),
    ] {
        let page = found(&nurse, q).await;
        assert_eq!(page.status, 200, "{q}");
        assert_eq!(numbers(&page), expected, "{q}");
    }
    assert_eq!(found(&nurse, "10442").await.h1(), "Numbers that hold 10442");
    // Retired ones are found by their whole number only.
    assert!(!numbers(&found(&nurse, "000").await).contains(&"IP-0001".to_owned()));
    let twice = found(&nurse, "sn-1").await;
    assert_eq!(twice.h1(), "2 devices have the number sn-1");
    let _ = hospital;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_text_gets_a_page_with_a_next_step_with_all_words_loaded() {
    let (app, _, mut conn) = served().await;
    with_starter(&mut conn).await;
    let nurse = app.nurse().await;
    for q in [
        "%",
        "_",
        "'",
        "\u{1f6cf}\u{fe0f}",
        "مضخة",
        "a'; DROP TABLE asset; --",
        "qqqqqqqq",
    ] {
        let page = found(&nurse, q).await;
        assert_eq!(page.status, 200, "{q}");
        assert!(
            page.h1().starts_with("Nothing found for"),
            "{q}: {}",
            page.h1()
        );
        assert!(!page.all(".types .name").is_empty(), "{q}: no next step");
        has(&page, "Look by room");
    }
    // Marks that turn the direction of text are no letters: the rest is read.
    has(&found(&nurse, "\u{202e}pmup").await, "Showing results for");
    for q in ["x", "p"] {
        assert_eq!(found(&nurse, q).await.status, 200);
    }
    let long = nurse.page(&format!("/find?q={}", "a".repeat(10_000))).await;
    assert_eq!(long.status, 400);
    has(&long, "The search text has 10000 characters; at most 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_keep_to_the_type_that_was_guessed() {
    let (app, _, _) = served().await;
    let nurse = app.nurse().await;
    let page = nurse.page("/find?q=infuison+pump&status=soiled").await;
    assert_eq!(numbers(&page), ["IP-0377"]);
    let page = nurse.page("/find?q=infuison+pump&status=in_repair").await;
    has(&page, "Nothing matches these filters.");
    has(&page, "Clear filters");
    // The other type is offered with the same filter.
    let also = page.all(".reading a");
    assert!(also.iter().any(|words| words == "Syringe pump"), "{also:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_and_order_holds_on_the_page_with_and_without_a_text() {
    let (app, _, _) = served().await;
    let nurse = app.nurse().await;
    for (query, expected) in [
        ("type=60001&status=ready", vec!["IP-0417", "IP-0333"]),
        ("type=60001&place=room-40002", vec!["IP-0377"]),
        (
            "type=60001&place=floor-20001&sort=number",
            vec!["IP-0333", "IP-0377", "IP-0417"],
        ),
        ("type=60001&place=floor-20002", vec![]),
        (
            "type=60001&place=unit-30001&sort=number",
            vec!["IP-0333", "IP-0377", "IP-0417"],
        ),
        ("q=pump&owner=30002&sort=number", vec!["IP-0333", "IP-0417"]),
        ("type=60001&certainty=unknown", vec!["IP-0500"]),
        ("type=60001&certainty=sure", vec!["IP-0417"]),
        ("type=60001&certainty=confirmed", vec![]),
        (
            "type=60001&sort=number",
            vec!["IP-0333", "IP-0377", "IP-0417", "IP-0500"],
        ),
        (
            "type=60001&sort=newest&status=ready",
            vec!["IP-0417", "IP-0333"],
        ),
        // Without a text: all that is soiled here, all of one owner.
        ("status=soiled", vec!["IP-0377"]),
        ("place=unit-30001&status=soiled", vec!["IP-0377"]),
        ("status=in_use", vec!["SP-0100"]),
        ("owner=30002&type=&sort=number", vec!["IP-0333", "IP-0417"]),
        ("place=room-40002", vec!["IP-0377"]),
        // A type beside a text that means several.
        ("q=pump&type=60002", vec!["SP-0100"]),
    ] {
        let page = nurse.page(&format!("/find?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(numbers(&page), expected, "{query}");
    }
    let page = nurse.page("/find?place=unit-30001&status=soiled").await;
    assert_eq!(page.h1(), "All equipment: 1 soiled");
    let page = nurse.page("/find?q=wheelchair&type=60002").await;
    has(&page, "The type \u{201c}60002\u{201d} was left out");
    assert_eq!(numbers(&page), ["WC-0007"]);
    assert_eq!(
        nurse.page("/find.csv?q=wheelchair&type=60002").await.status,
        400
    );
    // The page of all types asks for the same.
    let types = nurse.page("/find").await;
    assert!(!types.all("#f-type option").is_empty() && !types.all(".types .name").is_empty());
    let plan = nurse
        .page("/find?q=infusion+pump")
        .await
        .attribute("nav.seg a[href^='/plan']", "href");
    let plan = nurse.page(&plan.expect("a way to the plan")).await;
    assert_eq!(
        plan.header("location"),
        Some("/plan/20001?q=infusion%20pump")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mistake_in_the_name_of_a_place_is_forgiven_and_no_digit() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute("UPDATE unit SET name = 'Emergency' WHERE id = 30002; UPDATE room SET unit_id = 30002 WHERE id = 40004")
        .await
        .unwrap();
    let nurse = app.nurse().await;
    has(&found(&nurse, "emergncy").await, "Places: Emergency");
    let narrowed = found(&nurse, "infusion pump emergncy").await;
    assert_eq!(
        narrowed.header("location"),
        Some("/find?q=infusion%20pump&place=unit%2D30002")
    );
    has_not(&found(&nurse, "4 west").await, "Places: 3 West");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_symbol_leads_to_the_device_with_its_serial_or_asset_number() {
    let (app, hospital, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO asset_identifier (asset_id, kind, value) VALUES (80003, 'giai', '4012345A7')",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    for (scan, asset) in [
        ("(01)07613203021012(21)800310442", hospital.likely),
        ("010761320302101221800310442", hospital.likely),
        ("]d201076132030210121727033121800310442", hospital.likely),
        ("80044012345A7", hospital.reader_down),
    ] {
        let page = found(&nurse, scan).await;
        assert_eq!(
            page.header("location"),
            Some(format!("/assets/{asset}").as_str()),
            "{scan}"
        );
    }
    let other = found(&nurse, "010761320302101221999999999").await;
    assert_eq!(other.status, 200);
    assert!(
        other.h1().starts_with("Nothing found for"),
        "{}",
        other.h1()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nearest_can_be_measured_from_nowhere_although_one_has_a_unit() {
    let (app, _, mut conn) = served().await;
    let nurse = app.nurse().await;
    conn.batch_execute("UPDATE app_user SET home_unit_id = 30001")
        .await
        .unwrap();
    let page = nurse.page("/find?type=60001").await;
    has(&page, "nearest to 3 West first");
    let fields = [("from", ""), ("next", "/find?type=60001")];
    assert_eq!(nurse.post("/origin", &fields).await.status, 303);
    let page = nurse.page("/find?type=60001").await;
    has(&page, "Ready first, then the surest place");
}
