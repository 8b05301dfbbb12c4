//! Pages for a scanner: every scan is booked once or said to be in vain, and can be taken back.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::ids::ItemId;

use super::world::{Restock, Shelf, Ward, check, insert};
use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

pub(super) const GTIN: &str = "4006381333931";

impl Actor {
    async fn scan(&self, page: &str, place: i64, more: &[(&str, &str)]) -> Html {
        let (key, place) = (key(), place.to_string());
        let mut fields = vec![
            ("key", key.as_str()),
            ("act", "scan"),
            ("place", place.as_str()),
        ];
        fields.extend(more);
        self.post(page, &fields).await
    }

    /// Presses the first Undo of the running log.
    async fn undo_last(&self, page: &str, place: i64) -> Html {
        let shown = self.page(&format!("{page}?place={place}")).await;
        let done = shown.attribute("#scan-log input[name=done]", "value");
        let (key, place) = (key(), place.to_string());
        let done = done.expect("something to take back");
        let fields = [
            ("key", key.as_str()),
            ("act", "undo"),
            ("place", place.as_str()),
            ("done", done.as_str()),
        ];
        self.post(page, &fields).await
    }
}

pub(super) async fn shelf(conn: &mut AsyncPgConnection, ward: Ward, two_bins: bool) -> Shelf {
    let restock = Restock {
        reorder_point: 12,
        par: 40,
        pack: 10,
        two_bins,
    };
    let now = chrono::Utc::now();
    let shelf = Shelf::new(conn, ward, "cannula", restock, now).await;
    let item = shelf.stock.item_id;
    conn.batch_execute(&format!(
        "INSERT INTO item_pack (item_id, name, units) VALUES ({item}, 'box', 10);
         INSERT INTO item_code (code, item_id, item_pack_id) SELECT '0{GTIN}', {item}, id FROM item_pack WHERE item_id = {item};
         INSERT INTO item_code (code, item_id) VALUES ('PIECE-1', {item})"
    ))
    .await
    .unwrap();
    shelf
}

pub(super) async fn level(conn: &mut AsyncPgConnection, item: ItemId) -> i64 {
    let sql = format!("SELECT coalesce(sum(on_hand), 0) FROM stock_level WHERE item_id = {item}");
    count(conn, &sql).await
}

pub(super) fn sound(page: &Html) -> Option<String> {
    page.attribute("#said", "data-sound")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_scanned_is_issued_once_said_aloud_and_taken_back() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    for person in [&tech, &nurse] {
        person.page("/scan/issue").await;
    }
    // Thirty come, in boxes of ten; a nurse takes some.
    let got = tech
        .scan("/scan/receive", place, &[("code", GTIN), ("quantity", "3")])
        .await;
    assert_eq!(got.status, 303, "{}", got.body);
    assert_eq!(level(&mut conn, item).await, 30);
    let page = tech.page(got.header("location").unwrap()).await;
    assert_eq!(sound(&page).as_deref(), Some("hit"));
    has(&page, "Received: 30 of Item cannula, into bin A-01.");
    has(&page, "Scans: 1, pieces: 30");
    let took = nurse
        .scan("/scan/issue", place, &[("code", "PIECE-1")])
        .await;
    assert_eq!(took.status, 303);
    let page = nurse.page(took.header("location").unwrap()).await;
    has(&page, "Issued: 1 of Item cannula.");
    assert_eq!(level(&mut conn, item).await, 29);
    // The same form again books nothing.
    let key = key();
    let place_text = place.to_string();
    let fields = [
        ("key", key.as_str()),
        ("act", "scan"),
        ("place", place_text.as_str()),
        ("code", "PIECE-1"),
        ("quantity", "4"),
    ];
    assert_eq!(nurse.post("/scan/issue", &fields).await.status, 303);
    let again = nurse.post("/scan/issue", &fields).await;
    assert_eq!(
        (again.status, sound(&again).as_deref()),
        (409, Some("duplicate"))
    );
    assert_eq!(level(&mut conn, item).await, 25);
    assert_eq!(nurse.undo_last("/scan/issue", place).await.status, 303);
    assert_eq!(level(&mut conn, item).await, 29);
    // More than the books hold is in her hand: it is booked, and the bin is to be counted.
    let beyond = nurse
        .scan("/scan/issue", place, &[("code", GTIN), ("quantity", "4")])
        .await;
    has(
        &nurse.page(beyond.header("location").unwrap()).await,
        "The books held 11 fewer",
    );
    assert_eq!(nurse.undo_last("/scan/issue", place).await.status, 303);
    check(&mut conn, item, app.app.clock.now(), "taken back").await;
    for (code, more, status, words) in [
        (
            "4006381333932",
            ("quantity", "1"),
            422,
            "its last digit should be 1",
        ),
        ("zzz", ("quantity", "1"), 404, "Nobody knows the code zzz."),
        (
            "A-01",
            ("quantity", "1"),
            422,
            "This is the label of a bin.",
        ),
        ("", ("quantity", "1"), 422, "Nothing was scanned"),
        (
            "PIECE-1",
            ("quantity", "0"),
            422,
            "enter a whole number from 1",
        ),
        (
            "PIECE-1",
            ("quantity", "1.5"),
            422,
            "enter a whole number from 1",
        ),
        (
            "PIECE-1",
            ("quantity", "1000000000000"),
            422,
            "enter a whole number from 1",
        ),
        ("PIECE-1", ("odd", "1"), 400, "odd"),
        (
            "(01)0400638133393",
            ("quantity", "1"),
            422,
            "This code cannot be read",
        ),
    ] {
        let answer = nurse
            .scan("/scan/issue", place, &[("code", code), more])
            .await;
        assert_eq!(answer.status, status, "{code}: {}", answer.body);
        has(&answer, words);
        assert_eq!(sound(&answer).as_deref(), Some("miss"), "{code}");
    }
    assert_eq!(level(&mut conn, item).await, 29);
    for page in ["/scan/receive", "/scan/link?code=zzz", "/counts"] {
        assert_eq!(nurse.page(page).await.status, 403, "{page}");
    }
    has(
        &nurse.page("/scan/issue").await,
        "Choose the place of stock",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_code_is_linked_once_and_remembered() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let tech = app.supply_tech().await;
    tech.page("/scan/receive").await;
    let new = "(01)00012345678905(10)Z9";
    let miss = tech.scan("/scan/receive", place, &[("code", new)]).await;
    assert_eq!(miss.status, 404);
    let href = miss.attribute("#said a", "href").expect("a way to link it");
    let page = tech.page(&format!("{href}&q=cannula")).await;
    has(&page, "Item cannula (cannula)");
    let box_id = insert(
        &mut conn,
        &format!("SELECT id FROM item_pack WHERE item_id = {item}"),
    )
    .await;
    let (item_text, box_text, back) = (
        item.to_string(),
        box_id.to_string(),
        format!("/scan/receive?place={place}"),
    );
    let send = async |item: &str, pack: &str| {
        let key = key();
        let fields = [
            ("key", key.as_str()),
            ("code", new),
            ("back", back.as_str()),
            ("item", item),
            ("pack", pack),
        ];
        tech.post("/scan/link", &fields).await
    };
    assert_eq!(send("999999", "0").await.status, 404);
    assert_eq!(send(&item_text, "999999").await.status, 422);
    let linked = send(&item_text, &box_text).await;
    assert_eq!(linked.header("location"), Some(back.as_str()));
    assert_eq!(
        send(&item_text, &box_text).await.status,
        303,
        "twice is once"
    );
    let other = insert(
        &mut conn,
        "INSERT INTO item (item_number, name) VALUES ('other', 'Other') RETURNING id",
    )
    .await;
    let taken = send(&other.to_string(), "0").await;
    assert_eq!(taken.status, 409);
    has(&taken, "belongs to another item already");
    let got = tech.scan("/scan/receive", place, &[("code", new)]).await;
    assert_eq!(got.status, 303, "{}", got.body);
    let lot = "SELECT count(*) FROM lot WHERE lot_number = 'Z9'";
    assert_eq!(count(&mut conn, lot).await, 1);
    assert_eq!(level(&mut conn, item).await, 10);
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'item.code_linked'";
    assert_eq!(count(&mut conn, audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_is_received_against_its_order_and_taken_back_from_it() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let tech = app.supply_tech().await;
    tech.page("/scan/receive").await;
    conn.batch_execute(&format!(
        "WITH o AS (INSERT INTO supply_order (sent_at, sent_by, form_key) SELECT now(), min(id), gen_random_uuid() FROM app_user RETURNING id)
         UPDATE order_line SET state = 'sent', quantity_ordered = 40, approved_at = now(), approved_by = (SELECT min(id) FROM app_user),
            supply_order_id = (SELECT id FROM o) WHERE item_id = {item} AND stock_place_id = {place}"
    ))
    .await
    .unwrap();
    let line = format!(
        "SELECT quantity_received FROM order_line WHERE item_id = {item} AND stock_place_id = {place} AND state <> 'suggested'"
    );
    let got = tech
        .scan(
            "/scan/receive",
            place,
            &[
                ("code", GTIN),
                ("quantity", "3"),
                ("lot_number", "L5"),
                ("expires_on", "2050-01-31"),
            ],
        )
        .await;
    has(
        &tech.page(got.header("location").unwrap()).await,
        "Still to come: 10.",
    );
    assert_eq!(count(&mut conn, &line).await, 30);
    let over = tech
        .scan("/scan/receive", place, &[("code", GTIN), ("quantity", "2")])
        .await;
    assert_eq!(over.status, 422);
    has(&over, "More came: book them all");
    let all = [("code", GTIN), ("quantity", "2"), ("over", "1")];
    assert_eq!(tech.scan("/scan/receive", place, &all).await.status, 303);
    assert_eq!(count(&mut conn, &line).await, 50);
    assert_eq!(tech.undo_last("/scan/receive", place).await.status, 303);
    assert_eq!(count(&mut conn, &line).await, 30);
    let state = format!(
        "SELECT count(*) FROM order_line WHERE item_id = {item} AND stock_place_id = {place} AND state = 'part_received' AND ended_at IS NULL"
    );
    assert_eq!(count(&mut conn, &state).await, 1);
    check(&mut conn, item, app.app.clock.now(), "taken back").await;
    // The order comes in full; one more may be a second scan, so it is asked for.
    let last = [("code", GTIN), ("quantity", "1")];
    assert_eq!(tech.scan("/scan/receive", place, &last).await.status, 303);
    assert_eq!(count(&mut conn, &line).await, 40);
    let more = tech.scan("/scan/receive", place, &last).await;
    assert_eq!(more.status, 422);
    has(&more, "All 40 that were ordered of Item cannula have come.");
    assert_eq!(level(&mut conn, item).await, 40);
    let yes = [last[0], last[1], ("over", "1")];
    assert_eq!(tech.scan("/scan/receive", place, &yes).await.status, 303);
    assert_eq!(level(&mut conn, item).await, 50);
    assert_eq!(count(&mut conn, &line).await, 40, "it belongs to no order");
    assert_eq!(tech.undo_last("/scan/receive", place).await.status, 303);
    assert_eq!(tech.undo_last("/scan/receive", place).await.status, 303);
    assert_eq!(count(&mut conn, &line).await, 30);
    // Expired at receipt: refused, with the choice to keep it apart.
    let old = [("code", "(01)04006381333931(17)200131(10)OLD")];
    let refused = tech.scan("/scan/receive", place, &old).await;
    assert_eq!(refused.status, 422);
    has(&refused, "Keep apart in quarantine");
    let apart = [old[0], ("apart", "1")];
    assert_eq!(tech.scan("/scan/receive", place, &apart).await.status, 303);
    // A lot that is younger than the oldest leaves with a reason only.
    let young = [("code", "(01)04006381333931(17)700131(10)NEW")];
    let more = [young[0], ("over", "1")];
    assert_eq!(tech.scan("/scan/receive", place, &more).await.status, 303);
    let other = tech.scan("/scan/issue", place, &young).await;
    assert_eq!(other.status, 422);
    has(&other, "Take this lot all the same");
    let why = [
        young[0],
        ("override", "1"),
        ("note", "the other box is torn"),
    ];
    assert_eq!(tech.scan("/scan/issue", place, &why).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn bins_are_emptied_and_refilled_by_their_labels_and_a_mistake_is_put_right() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, true).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    for person in [&tech, &nurse] {
        person.page("/scan/issue").await;
    }
    for (bin, code) in shelf.bins.iter().zip(["A-01", "A-02"]) {
        conn.batch_execute(&format!(
            "UPDATE bin SET empty_since = now() - interval '1 hour' WHERE id = {bin}"
        ))
        .await
        .unwrap();
        let full = [("code", code), ("mode", "full"), ("lot_number", "L7")];
        assert_eq!(nurse.scan("/scan/bins", place, &full).await.status, 403);
        let filled = tech.scan("/scan/bins", place, &full).await;
        assert_eq!(filled.status, 303, "{}", filled.body);
    }
    assert_eq!(level(&mut conn, item).await, 20);
    let known = [("code", "A-01"), ("mode", "full")];
    let again = tech.scan("/scan/bins", place, &known).await;
    assert_eq!(
        (again.status, sound(&again).as_deref()),
        (409, Some("duplicate"))
    );
    // Both are full: which one the item's own code means is not clear.
    let unclear = nurse
        .scan("/scan/bins", place, &[("code", "PIECE-1")])
        .await;
    has(&unclear, "Scan the label of the bin");
    let empty = nurse.scan("/scan/bins", place, &[("code", "a-02")]).await;
    assert_eq!(empty.status, 303);
    has(
        &nurse.page(empty.header("location").unwrap()).await,
        "Bin A-02 is empty: Item cannula.",
    );
    assert_eq!(level(&mut conn, item).await, 10);
    let again = nurse.scan("/scan/bins", place, &[("code", "A-02")]).await;
    assert_eq!(
        (again.status, sound(&again).as_deref()),
        (409, Some("duplicate"))
    );
    has(&again, "known to be empty already");
    let page = tech.page(&format!("/scan/bins?place={place}")).await;
    has(&page, "Bin A-02: Item cannula");
    has_not(
        &nurse.page(&format!("/scan/bins?place={place}")).await,
        "Not empty",
    );
    // It was a mistake: what had been booked as used is there again.
    let (key, bin, place_text) = (key(), shelf.bins[1].to_string(), place.to_string());
    let fields = [
        ("key", key.as_str()),
        ("act", "not_empty"),
        ("place", place_text.as_str()),
        ("bin", bin.as_str()),
    ];
    assert_eq!(nurse.post("/scan/bins", &fields).await.status, 403);
    assert_eq!(tech.post("/scan/bins", &fields).await.status, 303);
    assert_eq!(level(&mut conn, item).await, 20);
    let drafts = format!(
        "SELECT count(*) FROM order_line WHERE item_id = {item} AND stock_place_id = {place} AND state = 'suggested'"
    );
    assert_eq!(
        count(&mut conn, &drafts).await,
        0,
        "its draft was withdrawn"
    );
    check(&mut conn, item, app.app.clock.now(), "not empty").await;
    // An empty bin and a refill are taken back too, with their bin.
    assert_eq!(
        nurse
            .scan("/scan/bins", place, &[("code", "A-01")])
            .await
            .status,
        303
    );
    assert_eq!(nurse.undo_last("/scan/bins", place).await.status, 303);
    assert_eq!(level(&mut conn, item).await, 20);
    assert_eq!(
        nurse
            .scan("/scan/bins", place, &[("code", "A-01")])
            .await
            .status,
        303
    );
    let full = [("code", "PIECE-1"), ("mode", "full")];
    assert_eq!(
        tech.scan("/scan/bins", place, &full).await.status,
        303,
        "one bin is empty: it is clear"
    );
    assert_eq!(tech.undo_last("/scan/bins", place).await.status, 303);
    let empty = format!(
        "SELECT count(*) FROM bin WHERE stock_place_id = {place} AND empty_since IS NOT NULL"
    );
    assert_eq!(count(&mut conn, &empty).await, 1);
    check(&mut conn, item, app.app.clock.now(), "refill taken back").await;
    let odd = tech.scan("/scan/bins", place, &[("code", "cannula")]).await;
    assert_ne!(odd.status, 404, "the number of the item finds it too");
}
