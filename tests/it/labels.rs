//! Labels to print.

use crate::support::{Html, TestApp, seed};

async fn hospital() -> TestApp {
    let app = TestApp::new().await;
    let now = app.app.clock.now();
    seed::hospital(&mut app.db.conn().await.unwrap(), now).await;
    app
}

/// What a scanner reads from the codes of a page.
fn scan(page: &Html) -> Vec<String> {
    let selector = scraper::Selector::parse("svg.qr").unwrap();
    let path = scraper::Selector::parse("path").unwrap();
    page.doc()
        .select(&selector)
        .map(|svg| {
            let side: usize = svg
                .attr("viewBox")
                .unwrap()
                .split(' ')
                .nth(2)
                .unwrap()
                .parse()
                .unwrap();
            let outline = svg.select(&path).next().unwrap().attr("d").unwrap();
            let mut dark = vec![vec![false; side]; side];
            for run in outline.split('M').skip(1) {
                let numbers: Vec<usize> = run
                    .split(|c: char| !c.is_ascii_digit())
                    .filter_map(|number| number.parse().ok())
                    .collect();
                for square in &mut dark[numbers[1]][numbers[0]..numbers[0] + numbers[2]] {
                    *square = true;
                }
            }
            let dot = 4;
            let shade = |x: usize, y: usize| if dark[y / dot][x / dot] { 0 } else { 255 };
            let mut image =
                rqrr::PreparedImage::prepare_from_greyscale(side * dot, side * dot, shade);
            image.detect_grids()[0].decode().unwrap().1
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_an_asset_leads_the_search_box_to_it() {
    let app = hospital().await;
    let nurse = app.nurse().await;
    let asset = nurse.page("/assets/80001").await;
    assert!(asset.text().contains("Print label"));
    let href = asset.attribute("a[href^='/labels/']", "href").unwrap();
    let page = nurse.page(&href).await;
    assert_eq!(page.h1(), "Labels for equipment");
    assert_eq!(page.all(".label .title"), ["IP-0417"]);
    assert_eq!(page.all(".label .line1"), ["Infusion pump"]);
    assert_eq!(scan(&page), ["IP-0417"]);
    let found = nurse.page(&format!("/find?q={}", scan(&page)[0])).await;
    assert_eq!(found.header("location"), Some("/assets/80001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_room_makes_it_the_place_to_measure_from() {
    let app = hospital().await;
    let nurse = app.nurse().await;
    let room = nurse.page("/rooms/40001").await;
    let href = room.attribute("a[href^='/labels/']", "href").unwrap();
    let page = nurse.page(&href).await;
    assert_eq!(scan(&page), ["wt:room:40001"]);
    assert!(page.text().contains("Clean utility 3W-12") && page.text().contains("3 West"));
    nurse.page("/find?q=wt%3Aroom%3A40001").await;
    assert!(nurse.page("/").await.text().contains("3W-12"));
    let floor = nurse.page("/labels/rooms?floor=20001").await;
    assert_eq!(
        scan(&floor),
        ["wt:room:40001", "wt:room:40002", "wt:room:40003"]
    );
    let unit = nurse.page("/labels/rooms?unit=30001&floor=20002").await;
    assert!(
        unit.text().contains("No room fits that."),
        "{}",
        unit.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_ranges_types_and_rooms_choose_assets() {
    let app = hospital().await;
    let nurse = app.nurse().await;
    for (query, numbers) in [
        ("numbers=ip-0417,WC-0007", vec!["IP-0417", "WC-0007"]),
        ("numbers=IP-0330..IP-0380", vec!["IP-0333", "IP-0377"]),
        (
            "type=60001",
            vec!["IP-0333", "IP-0377", "IP-0417", "IP-0500"],
        ),
        ("type=60001&room=40002", vec!["IP-0377"]),
        ("room=40001", vec!["IP-0333", "IP-0417", "WC-0007"]),
        (
            "numbers=IP-0417&copies=3&layout=letter-3x10&start=29",
            vec!["IP-0417", "IP-0417", "IP-0417"],
        ),
        ("numbers=IP-0001", vec![]),
        ("", vec![]),
    ] {
        let page = nurse.page(&format!("/labels/assets?{query}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.all(".label .title"), numbers, "{query}");
    }
    let page = nurse
        .page("/labels/assets?numbers=IP-0417&copies=3&layout=letter-3x10&start=29")
        .await;
    assert_eq!(page.all(".sheet").len(), 2);
    assert_eq!(page.all(".label.none").len(), 28);
    assert!(page.text().contains("3 labels on 2 sheets"));
    let retired = nurse
        .page("/labels/assets?numbers=IP-0001,IP-0417,NO-1")
        .await;
    assert!(
        retired
            .text()
            .contains("Not known, so not printed: IP-0001, NO-1."),
        "{}",
        retired.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_printed_is_said_in_words() {
    let app = hospital().await;
    seed::more_pumps(&mut app.db.conn().await.unwrap(), 600).await;
    let nurse = app.nurse().await;
    for (path, words) in [
        ("/labels/assets?type=60001", "more than 500 labels"),
        (
            "/labels/assets?numbers=XP-00001..XP-99999",
            "more than 500 labels",
        ),
        (
            "/labels/assets?numbers=XP-00001..XP-00011&copies=50",
            "more than 500 labels",
        ),
        (
            "/labels/assets?numbers=IP-2..IP-1",
            "IP-2..IP-1 is no range",
        ),
        (
            "/labels/assets?numbers=IP-0417&start=25",
            "25 is not possible",
        ),
        (
            "/labels/assets?numbers=IP-0417&start=0",
            "write a number from 1 to 24",
        ),
        (
            "/labels/assets?numbers=IP-0417&copies=x",
            "x is not possible",
        ),
        (
            "/labels/assets?numbers=IP-0417&layout=a3",
            "There is no such sheet.",
        ),
        ("/labels/rooms?floor=20001&copies=51", "51 is not possible"),
    ] {
        let page = nurse.page(path).await;
        assert_eq!(page.status, 400, "{path}");
        assert!(
            page.all("#problems").join("").contains(words),
            "{path}: {}",
            page.text()
        );
        assert!(page.all(".sheet").is_empty());
    }
    let odd = nurse
        .page("/labels/assets?numbers=%27%3B--%20%F0%9F%9B%8F%20%25")
        .await;
    assert!(
        odd.text()
            .contains("Not known, so not printed: ', --, \u{1f6cf}, %"),
        "{}",
        odd.text()
    );
    let most = nurse
        .page("/labels/assets?numbers=XP-00001..XP-00500")
        .await;
    assert_eq!(most.all(".label .title").len(), 500);
}
