//! Counts as people do them: blind, counted again by somebody else where they are off, and posted as of the moment of the count.

use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::db::types::StockReason;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct, StockRefusal, perform_stock_form};

use super::world::{Restock, Shelf, Ward, check, insert};
use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

const RESTOCK: Restock = Restock {
    reorder_point: 12,
    par: 40,
    pack: 10,
    two_bins: false,
};

impl Actor {
    /// Begins a count of a place; returns the address of its page.
    async fn begin_count(&self, place: i64) -> String {
        let (key, place) = (key(), place.to_string());
        let fields = [("key", key.as_str()), ("place", place.as_str())];
        let answer = self.post("/counts", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer
            .header("location")
            .expect("a count has a page")
            .to_owned()
    }

    async fn on_count(&self, page: &str, act: &str, more: &[(&str, &str)]) -> Html {
        self.in_round("1", page, act, more).await
    }

    async fn in_round(&self, round: &str, page: &str, act: &str, more: &[(&str, &str)]) -> Html {
        let key = key();
        let mut fields = vec![("key", key.as_str()), ("act", act)];
        if matches!(act, "enter" | "empty") {
            fields.push(("round", round));
        }
        fields.extend(more);
        self.post(page, &fields).await
    }
}

async fn put(
    conn: &mut AsyncPgConnection,
    shelf: &Shelf,
    (number, days): (&str, Option<i64>),
    quantity: i64,
    now: chrono::DateTime<chrono::Utc>,
) {
    let act = StockAct::Arrive {
        reason: StockReason::Return,
        bin_id: shelf.bins[0],
        lot: LotLabel {
            number,
            expires_on: days.map(|days| now.date_naive() + TimeDelta::days(days)),
        },
        quantity,
        receipt: Receipt::default(),
    };
    shelf.accept(conn, act, None, now).await;
}

fn on_hand(shelf: &Shelf) -> String {
    format!(
        "SELECT coalesce(sum(on_hand), 0) FROM stock_level WHERE item_id = {} AND stock_place_id = {}",
        shelf.stock.item_id, shelf.stock.stock_place_id
    )
}

async fn scan(tech: &Actor, page: &str, code: &str, n: &str, bin: &str) -> Html {
    let mut fields = vec![("code", code), ("quantity", n)];
    if !bin.is_empty() {
        fields.push(("bin", bin));
    }
    tech.on_count(page, "scan", &fields).await
}

const WAITING: &str = "SELECT count(*) FROM alert WHERE kind = 'count_discrepancy' AND is_active";

#[tokio::test(flavor = "multi_thread")]
async fn r21_a_count_is_blind_counted_again_by_another_and_posted_as_of_the_count() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    put(&mut conn, &shelf, ("L1", Some(30)), 60, now).await;
    put(&mut conn, &shelf, ("L2", Some(90)), 717, now).await;
    let place = shelf.stock.stock_place_id.0;
    let (tech, admin) = (app.supply_tech().await, app.admin().await);
    admin.page("/counts").await;
    has(&tech.page("/counts").await, "Store cannula");
    let page = tech.begin_count(place).await;
    // Two counts of one place would count the same pieces twice.
    let again = [("key", key()), ("place", place.to_string())];
    let again: Vec<(&str, &str)> = again.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let refused = admin.post("/counts", &again).await;
    assert_eq!(refused.status, 409);
    has(&refused, "is going on already");
    let line = insert(&mut conn, "SELECT min(id) AS id FROM count_line")
        .await
        .to_string();
    let draft = tech.page(&page).await;
    has(&draft, "Its day has come");
    assert_eq!(
        tech.on_count(&page, "start", &[]).await.status,
        422,
        "nothing was chosen"
    );
    assert_eq!(
        tech.on_count(&page, "start", &[("line", &line)])
            .await
            .status,
        303
    );
    // Blind: neither the page nor the file says what the books hold.
    let blind = tech.page(&page).await;
    has(&blind, "0 of 1 counted");
    has_not(&blind, "777");
    let file = tech.page(&format!("{page}/csv")).await;
    assert!(!file.body.contains("777"), "{}", file.body);
    for bad in ["-1", "1.5", "1000000000000", "x", ""] {
        let answer = tech
            .on_count(&page, "enter", &[("line", &line), ("quantity", bad)])
            .await;
        assert_eq!(answer.status, 422, "{bad}");
        has(&answer, "enter a whole number from 0 to 1,000,000");
    }
    assert_eq!(tech.on_count(&page, "review", &[]).await.status, 422);
    let enter = [("line", line.as_str()), ("quantity", "700")];
    assert_eq!(tech.on_count(&page, "enter", &enter).await.status, 303);
    // What moves after the count is no difference.
    let issue = StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity: 7,
    };
    shelf
        .accept(&mut conn, issue, None, now + TimeDelta::minutes(5))
        .await;
    assert_eq!(tech.on_count(&page, "review", &[]).await.status, 303);
    assert_eq!(count(&mut conn, WAITING).await, 1);
    let review = tech.page(&page).await;
    has(
        &review,
        "You counted this line. Another person counts it again.",
    );
    has_not(&review, "777");
    // A page from before the review is no second count.
    let stale = admin.on_count(&page, "enter", &enter).await;
    assert_eq!(stale.status, 409);
    assert_eq!(count(&mut conn, WAITING).await, 1);
    let same = tech.in_round("2", &page, "enter", &enter).await;
    assert_eq!(same.status, 422);
    has(&same, "Another person has to count it again");
    let early = tech.on_count(&page, "post", &[("reason", "lost")]).await;
    assert_eq!(early.status, 409);
    has(
        &early,
        "Lines still wait to be counted again by another person: 1.",
    );
    has_not(&admin.page(&page).await, "777");
    let second = [("line", line.as_str()), ("quantity", "690")];
    assert_eq!(
        admin.in_round("2", &page, "enter", &second).await.status,
        303
    );
    // What it is compared with is shown now: it is not entered again.
    let again = admin.in_round("2", &page, "enter", &second).await;
    assert_eq!(again.status, 422);
    assert_eq!(count(&mut conn, WAITING).await, 0, "it was counted again");
    let review = tech.page(&page).await;
    has(&review, "777");
    has(&review, "\u{2212}87");
    let file = tech.page(&format!("{page}/csv")).await;
    assert!(file.body.contains(",690,"), "{}", file.body);
    assert!(file.body.contains(",777,-87"), "{}", file.body);
    assert_eq!(tech.on_count(&page, "post", &[]).await.status, 422);
    let post = [("reason", "boxes were lent")];
    assert_eq!(tech.on_count(&page, "post", &post).await.status, 303);
    assert_eq!(tech.on_count(&page, "post", &post).await.status, 409);
    assert_eq!(count(&mut conn, &on_hand(&shelf)).await, 690 - 7);
    // What was missing had most likely left first: of the lot that expires first nothing is left.
    let first = "SELECT sum(on_hand) FROM stock_level l JOIN lot ON lot.id = l.lot_id WHERE lot_number = 'L1'";
    assert_eq!(count(&mut conn, first).await, 0);
    assert_eq!(count(&mut conn, WAITING).await, 0, "nothing is short");
    let over = tech.page(&page).await;
    has(&over, "The books were set right: boxes were lent");
    has(&over, "Within what is allowed: 0 of 1 counted lines.");
    check(
        &mut conn,
        shelf.stock.item_id,
        now + TimeDelta::minutes(6),
        "posted",
    )
    .await;
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'count.posted' AND reason = 'boxes were lent'";
    assert_eq!(count(&mut conn, audited).await, 1);
    // The moves of a count are not taken back: it is counted again.
    let item = format!("/supplies/items/{}?place={place}", shelf.stock.item_id);
    has_not(&tech.page(&item).await, "Never counted");
    has(&tech.page("/counts?over=1").await, "boxes were lent");
    assert!(
        tech.page("/counts.csv?over=1")
            .await
            .body
            .contains("posted")
    );
    let nurse = app.nurse().await;
    assert_eq!(nurse.page("/counts").await.status, 403);
    assert_eq!(nurse.on_count(&page, "review", &[]).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn packs_are_scanned_into_lines_unexpected_ones_too_and_entries_are_taken_back() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", RESTOCK, now).await;
    let odd = Shelf::new(&mut conn, ward, "odd", RESTOCK, now).await;
    put(&mut conn, &shelf, ("L1", Some(30)), 30, now).await;
    let (item, odd_item) = (shelf.stock.item_id, odd.stock.item_id);
    conn.batch_execute(&format!(
        "INSERT INTO item_pack (item_id, name, units) VALUES ({item}, 'box', 10);
         INSERT INTO item_code (code, item_id, item_pack_id) SELECT '04006381333931', {item}, id FROM item_pack WHERE item_id = {item};
         INSERT INTO item_code (code, item_id) VALUES ('ODD-7', {odd_item})"
    ))
    .await
    .unwrap();
    let tech = app.supply_tech().await;
    tech.page("/counts").await;
    let page = tech.begin_count(shelf.stock.stock_place_id.0).await;
    let line = insert(&mut conn, "SELECT min(id) AS id FROM count_line")
        .await
        .to_string();
    tech.on_count(&page, "start", &[("line", &line)]).await;
    let bin = shelf.bins[0].to_string();
    let counted = format!(
        "SELECT coalesce(sum(quantity), 0) FROM count_entry WHERE count_line_id = {line} AND undone_at IS NULL AND replaced_by_id IS NULL"
    );
    // An item of one line needs no bin; the label of a bin chooses it.
    assert_eq!(
        scan(&tech, &page, "4006381333931", "2", "").await.status,
        303
    );
    assert_eq!(count(&mut conn, &counted).await, 20);
    let chosen = scan(&tech, &page, "a-01", "1", "").await;
    assert_eq!(
        chosen.header("location").unwrap(),
        format!("{page}?bin={bin}")
    );
    // A lot on the pack is remembered.
    let label = scan(&tech, &page, "(01)04006381333931(10)L1", "1", &bin).await;
    assert_eq!(label.status, 303, "{}", label.body);
    assert_eq!(count(&mut conn, &counted).await, 30);
    has(
        &tech.page(&page).await,
        "10 of Item swab, lot L1, in bin A-01",
    );
    for (code, status, words) in [
        ("nobody-knows", 422, "Nobody knows the code nobody-knows."),
        ("4006381333932", 422, "its last digit should be 1"),
        ("ODD-7", 422, "scan the label of the bin first"),
        ("  ", 422, "Nothing was scanned"),
    ] {
        let answer = scan(&tech, &page, code, "7", "").await;
        assert_eq!(answer.status, status, "{code}");
        has(&answer, words);
        assert_eq!(
            answer.attribute("#said", "data-sound").as_deref(),
            Some("miss")
        );
        let kept = answer.attribute("#scan-n", "value");
        assert_eq!(kept.as_deref(), Some("7"), "how many stands there still");
    }
    // What should not be there gets a line of its own.
    assert_eq!(scan(&tech, &page, "ODD-7", "3", &bin).await.status, 303);
    has(&tech.page(&page).await, "2 of 2 counted");
    // A total replaces what was scanned; taken back, the scans hold again.
    tech.on_count(&page, "enter", &[("line", &line), ("quantity", "4")])
        .await;
    assert_eq!(count(&mut conn, &counted).await, 4);
    let entry = insert(&mut conn, "SELECT max(id) AS id FROM count_entry")
        .await
        .to_string();
    let undo = [("entry", entry.as_str())];
    assert_eq!(tech.on_count(&page, "take_back", &undo).await.status, 303);
    assert_eq!(count(&mut conn, &counted).await, 30);
    assert_eq!(tech.on_count(&page, "take_back", &undo).await.status, 409);
    // Not counted is not the same as empty.
    let skip = [("line", line.as_str())];
    assert_eq!(tech.on_count(&page, "skip", &skip).await.status, 303);
    assert_eq!(count(&mut conn, &counted).await, 0);
    assert_eq!(tech.on_count(&page, "empty", &skip).await.status, 303);
    assert_eq!(tech.on_count(&page, "review", &[]).await.status, 303);
    assert_eq!(tech.on_count(&page, "resume", &[]).await.status, 303);
    assert_eq!(count(&mut conn, WAITING).await, 0, "it goes on");
    let right = [("line", line.as_str()), ("quantity", "30")];
    tech.on_count(&page, "enter", &right).await;
    tech.on_count(&page, "review", &[]).await;
    // The find is off: another person counts it, and then it is in the books there.
    assert_eq!(count(&mut conn, WAITING).await, 1);
    let found = insert(&mut conn, "SELECT max(id) AS id FROM count_line")
        .await
        .to_string();
    let admin = app.admin().await;
    admin.page(&page).await;
    let not_off = admin.in_round("2", &page, "enter", &right).await;
    assert_eq!(not_off.status, 422);
    has(&not_off, "only lines that are off are counted again");
    let three = [("line", found.as_str()), ("quantity", "3")];
    assert_eq!(
        admin.in_round("2", &page, "enter", &three).await.status,
        303
    );
    let post = [("reason", "put in the wrong room")];
    assert_eq!(tech.on_count(&page, "post", &post).await.status, 303);
    let there = format!(
        "SELECT sum(on_hand) FROM stock_level WHERE item_id = {odd_item} AND bin_id = {bin}"
    );
    assert_eq!(count(&mut conn, &there).await, 3);
    assert_eq!(count(&mut conn, &on_hand(&shelf)).await, 30);
    assert_eq!(count(&mut conn, WAITING).await, 0);
    has(&tech.page(&page).await, "not in the books");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_is_given_up_changes_nothing_and_cabinets_count_themselves() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "tape", RESTOCK, now).await;
    put(&mut conn, &shelf, ("", None), 30, now).await;
    let place = shelf.stock.stock_place_id.0;
    let tech = app.supply_tech().await;
    tech.page("/counts").await;
    let page = tech.begin_count(place).await;
    let line = insert(&mut conn, "SELECT min(id) AS id FROM count_line")
        .await
        .to_string();
    tech.on_count(&page, "start", &[("line", &line)]).await;
    tech.on_count(&page, "empty", &[("line", &line)]).await;
    tech.on_count(&page, "review", &[]).await;
    assert_eq!(count(&mut conn, WAITING).await, 1);
    assert_eq!(tech.on_count(&page, "cancel", &[]).await.status, 422);
    let why = [("reason", "called away")];
    assert_eq!(tech.on_count(&page, "cancel", &why).await.status, 303);
    assert_eq!(count(&mut conn, WAITING).await, 0);
    assert_eq!(count(&mut conn, &on_hand(&shelf)).await, 30);
    has(
        &tech.page(&page).await,
        "The count was cancelled: called away",
    );
    let late = tech
        .on_count(&page, "enter", &[("line", &line), ("quantity", "1")])
        .await;
    assert_eq!(late.status, 409);
    has(&late, "the count is cancelled now");
    assert_eq!(tech.page("/counts/999999").await.status, 404);
    assert_eq!(
        tech.on_count("/counts/999999", "review", &[]).await.status,
        404
    );
    assert_eq!(tech.on_count(&page, "odd", &[]).await.status, 400);
    // A cabinet with a reader is not in the list, and cannot be counted.
    conn.batch_execute(&format!(
        "UPDATE stock_place SET kind = 'cabinet', reader_id = {} WHERE id = {place}",
        ward.reader
    ))
    .await
    .unwrap();
    has_not(&tech.page("/counts").await, "Store tape");
    let place = place.to_string();
    let key = key();
    let fields = [("key", key.as_str()), ("place", place.as_str())];
    let answer = tech.post("/counts", &fields).await;
    assert_eq!(answer.status, 409);
    has(&answer, "This cabinet counts itself.");
    for (place, status) in [("999999", 404), ("x", 400)] {
        let fields = [("key", key.as_str()), ("place", place)];
        assert_eq!(
            tech.post("/counts", &fields).await.status,
            status,
            "{place}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_right_or_taken_back_beside_a_count_is_not_booked_twice() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    tech.page("/counts").await;
    for (name, two_bins) in [("adjusted", false), ("undone", false), ("emptied", true)] {
        let restock = Restock {
            two_bins,
            ..RESTOCK
        };
        let shelf = Shelf::new(&mut conn, ward, name, restock, now).await;
        put(&mut conn, &shelf, ("", None), 100, now).await;
        let lot_id = shelf.lots(&mut conn).await[0];
        let issue = StockAct::Leave {
            reason: StockReason::Issue,
            bin_id: None,
            lot_id: None,
            quantity: 4,
        };
        let issued = shelf.form(uuid::Uuid::new_v4(), issue, None);
        perform_stock_form(&mut conn, &issued, now).await.unwrap();
        let page = tech.begin_count(shelf.stock.stock_place_id.0).await;
        let line = format!(
            "SELECT id FROM count_line WHERE bin_id = {} ORDER BY id DESC LIMIT 1",
            shelf.bins[0]
        );
        let line = insert(&mut conn, &line).await.to_string();
        tech.on_count(&page, "start", &[("line", &line)]).await;
        // 96 by the books, 95 on the shelf.
        let enter = [("line", line.as_str()), ("quantity", "95")];
        tech.on_count(&page, "enter", &enter).await;
        let later = now + TimeDelta::minutes(5);
        let (act, note) = match name {
            // A colleague sees the same and sets the books right.
            "adjusted" => (
                StockAct::Adjust {
                    bin_id: shelf.bins[0],
                    lot_id,
                    change: -1,
                },
                Some("seen"),
            ),
            // The issue was a mistake: the four were on the shelf all the time, so five are missing.
            "undone" => (
                StockAct::Undo {
                    form_key: issued.key,
                },
                None,
            ),
            // The bin is used up: whatever it held is gone.
            _ => (
                StockAct::EmptyBin {
                    bin_id: shelf.bins[0],
                },
                None,
            ),
        };
        shelf.accept(&mut conn, act, note, later).await;
        tech.on_count(&page, "review", &[]).await;
        let posted = tech.on_count(&page, "post", &[("reason", "looked")]).await;
        assert_eq!(posted.status, 303, "{name}: {}", posted.body);
        let held = if name == "emptied" { 0 } else { 95 };
        assert_eq!(count(&mut conn, &on_hand(&shelf)).await, held, "{name}");
        // After the count nothing from before it is taken back.
        if name == "emptied" {
            let refusal = shelf
                .refuse(
                    &mut conn,
                    StockAct::Undo {
                        form_key: issued.key,
                    },
                    None,
                    later,
                )
                .await;
            assert_eq!(refusal, StockRefusal::NoUndo);
        }
        check(&mut conn, shelf.stock.item_id, later, name).await;
    }
}

#[tokio::test]
async fn r21_a_line_that_a_late_move_put_off_is_counted_again_before_it_is_posted() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    tech.page("/counts").await;
    let shelf = Shelf::new(&mut conn, ward, "late", RESTOCK, now).await;
    let before = now - TimeDelta::minutes(5);
    put(&mut conn, &shelf, ("", None), 50, before).await;
    let page = tech.begin_count(shelf.stock.stock_place_id.0).await;
    let line = format!("SELECT id FROM count_line WHERE bin_id = {}", shelf.bins[0]);
    let line = insert(&mut conn, &line).await.to_string();
    tech.on_count(&page, "start", &[("line", &line)]).await;
    let enter = [("line", line.as_str()), ("quantity", "50")];
    tech.on_count(&page, "enter", &enter).await;
    tech.on_count(&page, "review", &[]).await;
    // What a reader saw before the count arrives only now: 40 should have been there, and 50 were counted.
    let issue = StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity: 10,
    };
    shelf.accept(&mut conn, issue, None, before).await;
    let posted = tech.on_count(&page, "post", &[("reason", "looked")]).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    has(
        &tech.page(&page).await,
        "To be counted again by another person: 1.",
    );
    assert_eq!(
        count(&mut conn, &on_hand(&shelf)).await,
        40,
        "nothing was posted"
    );
    let alerts = format!(
        "SELECT count(*) FROM alert WHERE kind = 'count_discrepancy' AND is_active AND item_id = {}",
        shelf.stock.item_id
    );
    assert_eq!(count(&mut conn, &alerts).await, 1);
    let other = app.admin().await;
    other.page("/counts").await;
    let answer = other.in_round("2", &page, "enter", &enter).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let posted = tech
        .on_count(&page, "post", &[("reason", "counted twice")])
        .await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    assert_eq!(count(&mut conn, &on_hand(&shelf)).await, 50);
    assert_eq!(count(&mut conn, &alerts).await, 0);
}

#[tokio::test]
async fn what_was_counted_in_a_bin_is_gone_when_the_bin_is_emptied_whatever_the_books_held() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let (tech, admin) = (app.supply_tech().await, app.admin().await);
    for person in [&tech, &admin] {
        person.page("/counts").await;
    }
    let restock = Restock {
        two_bins: true,
        ..RESTOCK
    };
    let shelf = Shelf::new(&mut conn, ward, "nothing", restock, now).await;
    let page = tech.begin_count(shelf.stock.stock_place_id.0).await;
    let line = format!("SELECT id FROM count_line WHERE bin_id = {}", shelf.bins[0]);
    let line = insert(&mut conn, &line).await.to_string();
    tech.on_count(&page, "start", &[("line", &line)]).await;
    let enter = [("line", line.as_str()), ("quantity", "10")];
    tech.on_count(&page, "enter", &enter).await;
    tech.on_count(&page, "review", &[]).await;
    assert_eq!(
        admin.in_round("2", &page, "enter", &enter).await.status,
        303
    );
    // The books held nothing, so nothing is booked as used.
    let act = StockAct::EmptyBin {
        bin_id: shelf.bins[0],
    };
    let later = app.app.clock.now() + TimeDelta::minutes(5);
    shelf.accept(&mut conn, act, None, later).await;
    let posted = tech.on_count(&page, "post", &[("reason", "looked")]).await;
    assert_eq!(posted.status, 303, "{}", posted.body);
    assert_eq!(count(&mut conn, &on_hand(&shelf)).await, 0);
}
