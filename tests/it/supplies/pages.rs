//! Stock and the work list of orders as nurses and supply technicians use them.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use wardtrack::ids::OrderLineId;

use super::world::{Restock, Shelf, Ward, insert};
use crate::acts::{count, key};
use crate::find_words::encoded;
use crate::pages::{has, has_not, served};
use crate::register::text;
use crate::support::{Actor, Html};

const RESTOCK: Restock = Restock {
    reorder_point: 60,
    par: 120,
    pack: 50,
    two_bins: false,
};

impl Actor {
    pub(super) async fn on_line(&self, act: &str, line: i64, more: &[(&str, &str)]) -> Html {
        let (key, line) = (key(), line.to_string());
        let mut fields = vec![
            ("key", key.as_str()),
            ("act", act),
            ("line", &line),
            ("next", "/reorder"),
        ];
        fields.extend(more);
        self.post("/reorder", &fields).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r20_a_draft_is_explained_approved_once_sent_and_a_file() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    has(
        &tech.page("/reorder").await,
        "Nothing is at or below its reorder point.",
    );
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let place = shelf.stock.stock_place_id.0;
    let line = insert(
        &mut conn,
        &format!("SELECT id FROM order_line WHERE stock_place_id = {place}"),
    )
    .await;
    let page = tech.page("/reorder").await;
    assert_eq!(page.h1(), "Reorder: 2 drafts to decide");
    has(&page, "Nothing is sent until you approve it.");
    has(&page, "Position 0 is below the reorder point of 60.");
    has(&page, "Order 150 each, 3 packs of 50");
    has(
        &page,
        "Target 120 - position 0 = 120. Rounded up to whole packs of 50: 150.",
    );
    let how = tech.page(&format!("/reorder/{line}")).await;
    assert_eq!(how.h1(), "How the order for Item cannula is made");
    has(&how, "Reorder point");
    assert_eq!(tech.page("/reorder/999999").await.status, 404);
    // Bad input: named, with a remedy, and nothing changes.
    for (quantity, words) in [
        ("0", "0 cannot be ordered"),
        ("-1", "-50 cannot be ordered"),
        ("1.5", "1.5 cannot be ordered"),
        ("1000000000000", "cannot be ordered"),
        ("9223372036854775807", "cannot be ordered"),
    ] {
        let answer = tech
            .on_line("approve", line, &[("quantity", quantity), ("units", "50")])
            .await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{quantity}: {}",
            answer.status
        );
        has(&answer, words);
        has(&answer, "Nothing was changed.");
    }
    let answer = tech
        .on_line("approve", line, &[("quantity", "60"), ("units", "1")])
        .await;
    assert_eq!(answer.status, 422);
    has(
        &answer,
        "60 is no whole number of packs of 50: order whole packs.",
    );
    let answer = tech
        .on_line("approve", 999_999, &[("quantity", "1"), ("units", "50")])
        .await;
    assert_eq!(answer.status, 404);
    // Two people at the same moment: one approves, the other is told.
    let admin = app.admin().await;
    admin.page("/reorder").await;
    let fields = [("quantity", "2"), ("units", "50")];
    let (one, two) = tokio::join!(
        tech.on_line("approve", line, &fields),
        admin.on_line("approve", line, &fields)
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
    let loser = if one.status == 409 { one } else { two };
    has(&loser, "Meanwhile it is approved.");
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'order.approved'";
    assert_eq!(count(&mut conn, audited).await, 1);
    let page = tech.page("/reorder?state=approved").await;
    assert_eq!(page.h1(), "Approved, to be sent: 1");
    has(&page, "100 each, 2 packs of 50");
    has(&page, "The program had suggested 150 each, 3 packs of 50.");
    let file = tech.page("/reorder.csv?state=approved").await;
    assert!(file.body.contains("Item cannula"), "{}", file.body);
    assert!(file.body.contains(",150,100,2,0,"), "{}", file.body);
    let key = page.attribute("form input[name=key]", "value").unwrap();
    let id = line.to_string();
    let send = [
        ("key", key.as_str()),
        ("act", "send"),
        ("line", id.as_str()),
        ("next", "/reorder?state=sent"),
    ];
    for _ in 0..2 {
        assert_eq!(
            tech.post("/reorder", &send).await.status,
            303,
            "a second press does nothing again"
        );
    }
    has(&tech.page("/reorder?state=sent").await, "On their way: 1");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM supply_order").await,
        1
    );
    let found = wardtrack::supplies::list::find_order_line(&conn, OrderLineId(line))
        .await
        .unwrap();
    assert_eq!(found.unwrap().quantity_ordered, Some(100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_draft_is_quiet_until_its_day_and_nurses_decide_nothing() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", RESTOCK, now).await;
    let place = shelf.stock.stock_place_id.0;
    let line = insert(
        &mut conn,
        &format!("SELECT id FROM order_line WHERE stock_place_id = {place}"),
    )
    .await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    assert_eq!(nurse.page("/reorder").await.status, 403);
    assert_eq!(
        nurse
            .on_line("approve", line, &[("quantity", "1"), ("units", "50")])
            .await
            .status,
        403
    );
    let tech = app.supply_tech().await;
    tech.page("/reorder").await;
    let day = |days| (now.date_naive() + TimeDelta::days(days)).to_string();
    for (reason, quiet) in [
        ("", day(7)),
        ("enough", day(0)),
        ("enough", day(400)),
        ("enough", "soon".to_owned()),
    ] {
        let answer = tech
            .on_line(
                "reject",
                line,
                &[("reason", reason), ("quiet_until", &quiet)],
            )
            .await;
        assert!(matches!(answer.status, 400 | 422), "{reason:?} {quiet}");
    }
    let quiet = day(7);
    let answer = tech
        .on_line(
            "reject",
            line,
            &[("reason", "enough elsewhere"), ("quiet_until", &quiet)],
        )
        .await;
    assert_eq!(answer.status, 303);
    let page = tech.page("/reorder?state=rejected").await;
    has(&page, "Reason: enough elsewhere. Quiet until");
    has_not(&tech.page("/reorder").await, "Order 150 each");
}

impl Actor {
    pub(super) async fn on_stock(&self, at: &Shelf, act: &str, more: &[(&str, &str)]) -> Html {
        let (key, place) = (key(), at.stock.stock_place_id.to_string());
        let mut fields = vec![("key", key.as_str()), ("act", act), ("place", &place)];
        fields.extend(more);
        self.post(&format!("/supplies/items/{}", at.stock.item_id), &fields)
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_is_found_received_issued_and_set_right_and_every_page_says_so() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let (item, place) = (shelf.stock.item_id.0, shelf.stock.stock_place_id.0);
    let code = format!(
        "INSERT INTO item_code (code, item_id) VALUES ('04006381333931', {item}) RETURNING item_id AS id"
    );
    assert_eq!(insert(&mut conn, &code).await, item);
    let tech = app.supply_tech().await;
    // Found by a part of the name, its number and its scanned code; nonsense is said, not an error.
    for query in [
        "ANNUL",
        "cannula",
        "4006381333931",
        "(01)04006381333931(10)A1",
    ] {
        let found = tech.page(&format!("/supplies?q={}", encoded(query))).await;
        has(&found, "1 item for");
        has(&found, "Item cannula");
    }
    for query in ["%", "_", "'", "\\", "zzz", "\u{1f600}", &"x".repeat(10_000)] {
        let found = tech.page(&format!("/supplies?q={}", encoded(query))).await;
        assert_eq!(found.status, 200, "{query}");
        has(&found, "No item has");
    }
    has(&tech.page("/supplies").await, "Something is out");
    let page = tech.page(&format!("/supplies/places/{place}")).await;
    has(&page, "Item cannula");
    has(&page, "None available");
    assert_eq!(tech.page("/supplies/places/999999").await.status, 404);
    assert_eq!(tech.page("/supplies/items/999999").await.status, 404);
    // A delivery is put away in packs; what is wrong with it is named.
    let bin = shelf.bins[0].to_string();
    let good = [
        ("quantity", "2"),
        ("units", "50"),
        ("bin", bin.as_str()),
        ("lot_number", "A1"),
        ("expires_on", "2090-01-31"),
    ];
    for (field, value, words) in [
        ("quantity", "0", "0 is no quantity"),
        ("quantity", "-3", "-150 is no quantity"),
        ("quantity", "1.5", "1.5 is no quantity"),
        ("quantity", "1000000000000", "is no quantity"),
        ("quantity", "9223372036854775807", "is no quantity"),
        ("bin", "999999", "no such bin here"),
        ("expires_on", "tomorrow", "tomorrow is no day"),
        (
            "expires_on",
            "2020-01-31",
            "That lot must not be put away: Expired",
        ),
        (
            "lot_number",
            "this number of a lot is far too long to be one",
            "too long for a lot number",
        ),
    ] {
        let bad: Vec<(&str, &str)> = good
            .iter()
            .map(|(name, old)| (*name, if *name == field { value } else { *old }))
            .collect();
        let answer = tech.on_stock(&shelf, "receive", &bad).await;
        assert!(
            matches!(answer.status, 400 | 404 | 422),
            "{value}: {}",
            answer.status
        );
        has(&answer, words);
        has(&answer, "Nothing was changed.");
    }
    assert_eq!(count(&mut conn, "SELECT count(*) FROM stock_move").await, 0);
    assert_eq!(tech.on_stock(&shelf, "receive", &good).await.status, 303);
    let answer = tech.on_stock(&shelf, "issue", &[("quantity", "30")]).await;
    assert_eq!(answer.status, 303);
    let page = tech
        .page(&format!("/supplies/items/{item}?place={place}"))
        .await;
    has(&page, "Issued: 30.");
    has(&page, "A1, use by 31 Jan 2090");
    has(&page, "\u{2212}30 each");
    has(&page, "Used this week so far: 30.");
    // The act can be taken back, once.
    let undone = "SELECT count(*) FROM stock_move WHERE undoes_id IS NOT NULL";
    let done = text(
        &mut conn,
        "SELECT form_key::text AS text FROM stock_move WHERE reason = 'issue'",
    )
    .await;
    let page = tech
        .page(&format!("/supplies/items/{item}?place={place}&done={done}"))
        .await;
    has(&page, "You can take this back for 30 s.");
    assert_eq!(
        tech.on_stock(&shelf, "undo", &[("done", &done)])
            .await
            .status,
        303
    );
    assert_eq!(
        tech.on_stock(&shelf, "undo", &[("done", &done)])
            .await
            .status,
        409
    );
    assert_eq!(count(&mut conn, undone).await, 1);
    let page = tech
        .page(&format!("/supplies/items/{item}?place={place}&done={done}"))
        .await;
    has_not(&page, "You can take this back");
    // An item that is not there, and units that make two wrongs a right.
    let away = [
        ("act", "receive"),
        ("place", &place.to_string()),
        ("key", &key()),
        ("quantity", "1"),
        ("bin", &bin),
    ];
    let answer = tech.post("/supplies/items/999999", &away).await;
    assert_eq!(answer.status, 404);
    let wrong = [("quantity", "-5"), ("units", "-1")];
    assert_eq!(tech.on_stock(&shelf, "issue", &wrong).await.status, 400);
    // A nurse has more in her hand than the books hold; she may not set the books right.
    let nurse = app.nurse().await;
    nurse.page("/supplies").await;
    let answer = nurse
        .on_stock(&shelf, "issue", &[("quantity", "103")])
        .await;
    assert_eq!(answer.status, 303);
    has(&nurse.page("/supplies").await, "3 more than the books held");
    let page = nurse
        .page(&format!("/supplies/items/{item}?place={place}"))
        .await;
    has(&page, "To be counted");
    has_not(&page, "Set right");
    let lot = insert(&mut conn, "SELECT min(id) AS id FROM lot").await;
    let portion = format!("{lot}.{bin}.-3");
    let right = [
        ("portion", portion.as_str()),
        ("quantity", "80"),
        ("note", "counted the shelf"),
    ];
    assert_eq!(nurse.on_stock(&shelf, "adjust", &right).await.status, 403);
    let same = [("portion", "1.1.5"), ("quantity", "5"), ("note", "x")];
    has(
        &tech.on_stock(&shelf, "adjust", &same).await,
        "there is nothing to set right",
    );
    assert_eq!(tech.on_stock(&shelf, "adjust", &right).await.status, 303);
    let page = tech
        .page(&format!("/supplies/items/{item}?place={place}"))
        .await;
    has(&page, "counted the shelf");
    has(&page, "Enough");
    let file = tech
        .page(&format!("/supplies/items/{item}/csv?place={place}"))
        .await;
    assert!(
        file.body
            .contains(",adjust,83,A-01,A1,2090-01-31,supply,,no,counted the shelf"),
        "{}",
        file.body
    );
    let file = tech.page(&format!("/supplies/places/{place}/csv")).await;
    assert!(
        file.body
            .contains(",Item cannula,each,A-01,,80,80,0,80,60,120,"),
        "{}",
        file.body
    );
    assert_eq!(
        tech.page(&format!("/supplies/items/{item}/csv"))
            .await
            .status,
        404
    );
    // What expires: not within a year, and once its day is near.
    let nothing = "Nothing that is in stock expires";
    has(&tech.page("/supplies/lots?within=365").await, nothing);
    for query in ["within=7", "within=x", "after=2026-11-30", "after=%00"] {
        let page = tech.page(&format!("/supplies/lots?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
    }
    let day = (now + TimeDelta::days(20)).date_naive();
    let near = format!("UPDATE lot SET expires_on = '{day}' WHERE lot_number = 'A1'");
    conn.batch_execute(&near).await.unwrap();
    let page = tech.page("/supplies/lots").await;
    has(&page, "Item cannula");
    has(&page, "20 days left");
    has(&page, "Use soon");
    has(&tech.page("/supplies/lots?within=0").await, nothing);
    let file = tech.page("/supplies/lots.csv").await;
    assert!(
        file.body.contains(",Item cannula,each,A1,"),
        "{}",
        file.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_bin_orders_one_bin_and_its_delivery_fills_it() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let restock = Restock {
        two_bins: true,
        ..RESTOCK
    };
    let shelf = Shelf::new(&mut conn, ward, "swab", restock, now).await;
    let (item, place) = (shelf.stock.item_id.0, shelf.stock.stock_place_id.0);
    let here = format!("/supplies/items/{item}?place={place}");
    let nurse = app.nurse().await;
    has(&nurse.page(&here).await, "Bin A-01 is empty");
    let bin = shelf.bins[0].to_string();
    let bin = [("bin", bin.as_str())];
    assert_eq!(nurse.on_stock(&shelf, "empty", &bin).await.status, 303);
    let again = nurse.on_stock(&shelf, "empty", &bin).await;
    assert_eq!(again.status, 409);
    has(&again, "That bin is already as you say");
    has(
        &nurse.page(&here).await,
        "Bin A-01 is known to be empty since",
    );
    let draft = format!(
        "SELECT count(*) FROM order_line WHERE stock_place_id = {place} AND state = 'suggested' AND quantity_suggested = 50"
    );
    assert_eq!(count(&mut conn, &draft).await, 1);
    assert_eq!(nurse.on_stock(&shelf, "full", &bin).await.status, 403);
    let tech = app.supply_tech().await;
    tech.page(&here).await;
    let line = insert(
        &mut conn,
        &format!("SELECT id FROM order_line WHERE stock_place_id = {place}"),
    )
    .await;
    let approved = tech
        .on_line("approve", line, &[("quantity", "1"), ("units", "50")])
        .await;
    assert_eq!(approved.status, 303);
    assert_eq!(tech.on_line("send", line, &[]).await.status, 303);
    let page = tech.page(&here).await;
    has(&page, "On order50 each, 1 pack of 50");
    has_not(&page, "still open");
    assert_eq!(tech.on_stock(&shelf, "full", &bin).await.status, 303);
    let received = format!(
        "SELECT count(*) FROM order_line WHERE id = {line} AND state = 'received' AND quantity_received = 50"
    );
    assert_eq!(count(&mut conn, &received).await, 1);
    // Taken back, the bin is empty again and its order is on its way again.
    let done = text(
        &mut conn,
        "SELECT form_key::text AS text FROM stock_move WHERE reason = 'refill'",
    )
    .await;
    let page = tech.page(&format!("{here}&done={done}")).await;
    has(&page, "bin filled");
    has(&page, "You can take this back");
    let undo = [("done", done.as_str())];
    assert_eq!(tech.on_stock(&shelf, "undo", &undo).await.status, 303);
    let sent = format!(
        "SELECT count(*) FROM order_line WHERE id = {line} AND state = 'sent' AND quantity_received = 0 AND ended_at IS NULL"
    );
    assert_eq!(count(&mut conn, &sent).await, 1);
    let empty = format!(
        "SELECT count(*) FROM bin WHERE stock_place_id = {place} AND empty_since IS NOT NULL"
    );
    assert_eq!(count(&mut conn, &empty).await, 1);
}
