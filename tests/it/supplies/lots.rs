//! Lots: what people say of them, what follows at every place at once, and how what may not be used leaves.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::clock::Clock;
use wardtrack::db::types::{LotState, StockReason};
use wardtrack::ids::LotId;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct, StockRefusal, perform_stock_form};
use wardtrack::supplies::expiry::follow_calendar;
use wardtrack::supplies::ledger::lock;
use wardtrack::supplies::lots::{
    LotError, LotForm, LotPosted, LotRefusal, list_lot_events, perform_lot_form,
};

use super::lowering::alerts;
use super::world::{Restock, Shelf, Ward, check, insert, new_ward};
use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html, TestDatabase};

const RESTOCK: Restock = Restock {
    reorder_point: 12,
    par: 40,
    pack: 10,
    two_bins: false,
};

/// 30 of lot A1 here, and 20 of it at the other place.
async fn stock(conn: &mut AsyncPgConnection, shelf: &Shelf, now: DateTime<Utc>) -> LotId {
    let label = LotLabel {
        number: "A1",
        expires_on: Some((now + TimeDelta::days(400)).date_naive()),
    };
    let arrive = StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[0],
        lot: label,
        quantity: 50,
        receipt: Receipt::default(),
    };
    shelf.accept(conn, arrive, None, now).await;
    let transfer = StockAct::Transfer {
        bin_id: shelf.bins[0],
        lot_id: None,
        to: shelf.other,
        quantity: 20,
    };
    shelf.accept(conn, transfer, None, now).await;
    shelf.lots(conn).await[0]
}

fn form<'a>(
    shelf: &Shelf,
    lot_id: LotId,
    states: (LotState, LotState),
    reason: &'a str,
) -> LotForm<'a> {
    LotForm {
        key: Uuid::new_v4(),
        user_id: shelf.ward.people[0],
        lot_id,
        seen: states.0,
        state: states.1,
        reason,
        location: "/",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_a_recall_raises_the_alerts_of_every_place_in_its_own_transaction() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "recalled", RESTOCK, now).await;
    let other = Shelf {
        stock: wardtrack::supplies::ledger::StockKey {
            stock_place_id: shelf.other.0,
            ..shelf.stock
        },
        ..shelf
    };
    let lot_id = stock(&mut conn, &shelf, now).await;
    for place in [&shelf, &other] {
        assert_eq!(alerts(&mut conn, place).await, [""; 0]);
    }
    let recall = form(
        &shelf,
        lot_id,
        (LotState::Usable, LotState::Recalled),
        "letter of the maker",
    );
    // Seen before COMMIT, on the connection of the cause, at both places; rolled back, it is gone at both.
    let rolled_back = conn
        .transaction::<(), LotError, _>(async |conn| {
            perform_lot_form(conn, &recall, now).await?;
            for place in [&shelf, &other] {
                assert_eq!(alerts(conn, place).await, ["reorder", "stockout"]);
            }
            Err(diesel::result::Error::RollbackTransaction.into())
        })
        .await;
    assert!(rolled_back.is_err());
    for place in [&shelf, &other] {
        assert_eq!(alerts(&mut conn, place).await, [""; 0]);
    }
    assert!(list_lot_events(&conn, lot_id).await.unwrap().is_empty());
    check(&mut conn, shelf.stock.item_id, now, "rolled back").await;
    let done = perform_lot_form(&mut conn, &recall, now).await.unwrap();
    assert!(matches!(done, LotPosted::Done { settled } if settled.keys == 2));
    let again = perform_lot_form(&mut conn, &recall, now).await.unwrap();
    assert!(matches!(again, LotPosted::Repeat { .. }));
    for place in [&shelf, &other] {
        assert_eq!(alerts(&mut conn, place).await, ["reorder", "stockout"]);
    }
    check(&mut conn, shelf.stock.item_id, now, "recalled").await;
    // Who looked before is told, and what makes no sense is refused.
    for (states, reason, wanted) in [
        (
            (LotState::Usable, LotState::Damaged),
            "late",
            LotRefusal::MovedOn(LotState::Recalled),
        ),
        (
            (LotState::Recalled, LotState::Recalled),
            "twice",
            LotRefusal::Same,
        ),
        (
            (LotState::Recalled, LotState::Usable),
            " ",
            LotRefusal::Reason,
        ),
        (
            (LotState::Recalled, LotState::Usable),
            "nul\0",
            LotRefusal::Reason,
        ),
    ] {
        let refused = perform_lot_form(&mut conn, &form(&shelf, lot_id, states, reason), now).await;
        assert!(
            matches!(refused, Err(LotError::Refused(refusal)) if refusal == wanted),
            "{wanted:?}: {refused:?}"
        );
    }
    // It was a mistake: everything ends, and its history stays.
    let back = form(
        &shelf,
        lot_id,
        (LotState::Recalled, LotState::Usable),
        "another maker",
    );
    perform_lot_form(&mut conn, &back, now).await.unwrap();
    for place in [&shelf, &other] {
        assert_eq!(alerts(&mut conn, place).await, [""; 0]);
    }
    check(&mut conn, shelf.stock.item_id, now, "usable again").await;
    let events = list_lot_events(&conn, lot_id).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.after, event.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (LotState::Usable, "another maker"),
            (LotState::Recalled, "letter of the maker")
        ]
    );
    for change in ["UPDATE lot_event SET reason = 'x'", "DELETE FROM lot_event"] {
        assert!(conn.batch_execute(change).await.is_err(), "{change}");
    }
}

/// A delivery brings the lot to a place that had none of it while somebody recalls it: whoever is second decides on what the first left.
#[tokio::test(flavor = "multi_thread")]
async fn r23_a_recall_and_a_delivery_at_the_same_moment_leave_no_place_out() {
    let database = TestDatabase::new().await;
    let now = Clock::system().now().trunc_subsecs(0);
    let url = database.url();
    let mut conn = AsyncPgConnection::establish(url.expose()).await.unwrap();
    let ward = Ward::new(&mut conn, now).await;
    for round in 0..6 {
        let name = format!("race-{round}");
        let shelf = Shelf::new(&mut conn, ward, &name, RESTOCK, now).await;
        let arrive = |number: &'static str| StockAct::Arrive {
            reason: StockReason::Return,
            bin_id: shelf.bins[0],
            lot: LotLabel {
                number,
                expires_on: None,
            },
            quantity: 30,
            receipt: Receipt::default(),
        };
        shelf.accept(&mut conn, arrive("R"), None, now).await;
        let lot_id = shelf.lots(&mut conn).await[0];
        let recall = form(
            &shelf,
            lot_id,
            (LotState::Usable, LotState::Recalled),
            "letter",
        );
        // It wanders to the other place at the same moment.
        let transfer = StockAct::Transfer {
            bin_id: shelf.bins[0],
            lot_id: Some(lot_id),
            to: shelf.other,
            quantity: 15,
        };
        let wander = shelf.form(Uuid::new_v4(), transfer, None);
        let mut other = AsyncPgConnection::establish(url.expose()).await.unwrap();
        let (recalled, _) = tokio::join!(
            perform_lot_form(&mut conn, &recall, now),
            perform_stock_form(&mut other, &wander, now)
        );
        assert!(
            matches!(recalled, Ok(LotPosted::Done { .. })),
            "{recalled:?}"
        );
        check(&mut conn, shelf.stock.item_id, now, &name).await;
    }
    // The recall waits for a delivery to a place that has nothing of the lot yet: it locks the item wherever it may be.
    let shelf = Shelf::new(&mut conn, ward, "waits", RESTOCK, now).await;
    let lot_id = stock(&mut conn, &shelf, now).await;
    let mut other = AsyncPgConnection::establish(url.expose()).await.unwrap();
    let (waiting, stocks) = (
        form(
            &shelf,
            lot_id,
            (LotState::Usable, LotState::Quarantined),
            "letter",
        ),
        shelf.stock,
    );
    conn.batch_execute("BEGIN").await.unwrap();
    lock(&mut conn, &[stocks]).await.unwrap();
    other
        .batch_execute("SET lock_timeout = '200ms'")
        .await
        .unwrap();
    let timed_out = perform_lot_form(&mut other, &waiting, now).await;
    assert!(
        matches!(timed_out, Err(LotError::Database(_))),
        "{timed_out:?}"
    );
    conn.batch_execute("ROLLBACK").await.unwrap();
    perform_lot_form(&mut other, &waiting, now).await.unwrap();
}

impl Actor {
    async fn says(&self, lot: i64, fields: &[(&str, &str)]) -> Html {
        let key = key();
        let mut all = vec![("key", key.as_str())];
        all.extend(fields);
        self.post(&format!("/supplies/lots/{lot}"), &all).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_a_recalled_lot_is_said_so_on_its_page_and_leaves_only_by_the_back_door() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let lot = stock(&mut conn, &shelf, now).await.0;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    let at_item = format!("/supplies/items/{item}?place={place}");
    let here = format!("/supplies/lots/{lot}");
    let nurse = app.nurse().await;
    let tech = app.supply_tech().await;
    // Every move and every bin that shows it leads to it.
    let links = tech.page(&at_item).await.attributes("main a", "href");
    assert!(
        links.iter().filter(|href| **href == here).count() >= 3,
        "{links:?}"
    );
    let page = nurse.page(&here).await;
    assert_eq!(page.h1(), "Lot A1");
    has(&page, "Item cannula");
    has(&page, "Store cannula");
    has(&page, "30 each");
    has(&page, "Other cannula");
    has(&page, "20 each");
    has(&page, "it is usable until its last day");
    has_not(&page, "Say how it is");
    let recall = [
        ("seen", "usable"),
        ("state", "recalled"),
        ("reason", "letter"),
    ];
    assert_eq!(nurse.says(lot, &recall).await.status, 403);
    assert_eq!(tech.page("/supplies/lots/999999").await.status, 404);
    assert_eq!(tech.says(999_999, &recall).await.status, 404);
    // Expired is not said, and what was typed stays.
    for (state, reason, words) in [
        ("expired", "old", "Nobody says that a lot has expired"),
        ("", "old", "Choose how it is."),
        ("lost", "old", "lost is nothing that a lot can be"),
        ("recalled", "", "Say why"),
    ] {
        let fields = [("seen", "usable"), ("state", state), ("reason", reason)];
        let answer = tech.says(lot, &fields).await;
        assert_eq!(answer.status, 422, "{state}");
        has(&answer, words);
        assert_eq!(answer.all("#problems a").len(), 1);
        let kept = answer.attribute("#reason", "value");
        assert_eq!(kept.as_deref(), Some(reason));
    }
    let unreadable = [("seen", "soon"), ("state", "recalled"), ("reason", "x")];
    assert_eq!(tech.says(lot, &unreadable).await.status, 400);
    assert_eq!(tech.says(lot, &recall).await.status, 303);
    let page = tech.page(&here).await;
    has(&page, "The lot is now: Recalled.");
    has(&page, "Usable, then Recalled");
    has(&page, "letter");
    has(&tech.page(&at_item).await, "None available");
    let late = [("seen", "usable"), ("state", "damaged"), ("reason", "wet")];
    let answer = tech.says(lot, &late).await;
    assert_eq!(answer.status, 409);
    has(&answer, "Meanwhile somebody said: Recalled.");
    let file = tech.page(&format!("{here}/csv")).await;
    assert!(
        file.body.contains(",recalled,Store cannula,A-01,30,"),
        "{}",
        file.body
    );
    // It is not used and does not wander; it is written off or sent back, with a reason.
    let bin = shelf.bins[0];
    let portion = format!("{lot}.{bin}.30");
    let lot_text = lot.to_string();
    let issue = [("quantity", "1"), ("lot", lot_text.as_str())];
    let answer = nurse.on_stock(&shelf, "issue", &issue).await;
    assert_eq!(answer.status, 422);
    has(&answer, "That lot must not be used: Recalled.");
    let target = format!("{}.{}", shelf.other.0, shelf.other.1);
    let some = [("portion", portion.as_str()), ("quantity", "10")];
    let away = [&some[..], &[("target", target.as_str())]].concat();
    let answer = tech.on_stock(&shelf, "transfer", &away).await;
    assert_eq!(answer.status, 422);
    has(&answer, "That lot must not be used: Recalled.");
    for act in ["write_off", "to_supplier"] {
        let with_note = [&some[..], &[("note", "recall 17")]].concat();
        assert_eq!(nurse.on_stock(&shelf, act, &with_note).await.status, 403);
        let answer = tech.on_stock(&shelf, act, &some).await;
        assert_eq!(answer.status, 422, "{act} without a reason");
        let beyond = [
            ("portion", portion.as_str()),
            ("quantity", "31"),
            ("note", "all"),
        ];
        let answer = tech.on_stock(&shelf, act, &beyond).await;
        assert_eq!(answer.status, 422, "{act} of more than there is");
        has(&answer, "There are only");
        let nonsense = [("portion", "1.x"), ("quantity", "1"), ("note", "all")];
        assert_eq!(tech.on_stock(&shelf, act, &nonsense).await.status, 400);
        assert_eq!(tech.on_stock(&shelf, act, &with_note).await.status, 303);
    }
    let page = tech.page(&at_item).await;
    has(&page, "Sent back: 10.");
    has(&page, "written off");
    has(&page, "recall 17");
    let left = format!("SELECT on_hand FROM stock_level WHERE lot_id = {lot} AND bin_id = {bin}");
    assert_eq!(count(&mut conn, &left).await, 10);
    check(&mut conn, item, now, "sent back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_moves_to_a_place_that_holds_the_item_and_cabinets_refuse() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let lot = stock(&mut conn, &shelf, now).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id);
    let at_item = format!("/supplies/items/{item}?place={place}");
    let tech = app.supply_tech().await;
    let page = tech.page(&at_item).await;
    assert_eq!(page.all("#transfer-to option"), ["Other cannula, bin B-01"]);
    let target = page.attribute("#transfer-to option", "value").unwrap();
    let portion = page.attribute("#transfer-which option", "value").unwrap();
    let fields = [
        ("portion", portion.as_str()),
        ("quantity", "5"),
        ("target", target.as_str()),
    ];
    assert_eq!(tech.on_stock(&shelf, "transfer", &fields).await.status, 303);
    has(&tech.page(&at_item).await, "Moved: 5.");
    let there = format!(
        "SELECT on_hand FROM stock_level WHERE lot_id = {lot} AND bin_id = {}",
        shelf.other.1
    );
    assert_eq!(count(&mut conn, &there).await, 25);
    check(&mut conn, item, now, "moved").await;
    let same = format!("{place}.{}", shelf.bins[0]);
    for (target, wanted) in [(same.as_str(), 422), ("1.999999", 404), ("1", 400)] {
        let wrong = [
            ("portion", portion.as_str()),
            ("quantity", "5"),
            ("target", target),
        ];
        let answer = tech.on_stock(&shelf, "transfer", &wrong).await;
        assert_eq!(answer.status, wanted, "{target}");
    }
    let nurse = app.nurse().await;
    let page = nurse.page(&at_item).await;
    assert!(
        page.all("#act-transfer, #act-write-off, #act-to-supplier")
            .is_empty()
    );
    assert_eq!(
        nurse.on_stock(&shelf, "transfer", &fields).await.status,
        403
    );
    // A cabinet that counts itself is not offered as a target, and refuses; from a cabinet nothing leaves by hand.
    let reader = ward.reader;
    for (cabinet, is_here) in [(shelf.other.0, false), (place, true)] {
        conn.batch_execute(&format!(
            "UPDATE stock_place SET kind = 'room', reader_id = NULL WHERE reader_id = {reader};
             UPDATE stock_place SET kind = 'cabinet', reader_id = {reader} WHERE id = {cabinet}"
        ))
        .await
        .unwrap();
        let page = tech.page(&at_item).await;
        assert!(page.all("#act-transfer").is_empty());
        assert_eq!(page.all("#act-write-off").is_empty(), is_here);
        let answer = tech.on_stock(&shelf, "transfer", &fields).await;
        assert_eq!(answer.status, 409);
        has(&answer, "This cabinet counts itself");
    }
    let noted = [&fields[..2], &[("note", "torn")]].concat();
    for act in ["write_off", "to_supplier"] {
        assert_eq!(tech.on_stock(&shelf, act, &noted).await.status, 409);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issue_form_says_which_lot_expires_first_before_and_after() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let at_item = format!(
        "/supplies/items/{}?place={}",
        shelf.stock.item_id, shelf.stock.stock_place_id
    );
    let nurse = app.nurse().await;
    for (number, days) in [("LATE", 400), ("SOON", 40)] {
        has_not(
            &nurse.page(&at_item).await,
            "expires first. To take another lot",
        );
        let act = StockAct::Arrive {
            reason: StockReason::Return,
            bin_id: shelf.bins[0],
            lot: LotLabel {
                number,
                expires_on: Some((now + TimeDelta::days(days)).date_naive()),
            },
            quantity: 10,
            receipt: Receipt::default(),
        };
        shelf.accept(&mut conn, act, None, now).await;
    }
    let page = nurse.page(&at_item).await;
    has(&page, "SOON, use by");
    has(&page, "expires first. To take another lot, say why below.");
    assert_eq!(
        page.attribute("#issue-lot", "aria-describedby").as_deref(),
        Some("issue-lot-hint")
    );
    let late = page.all("#issue-lot optgroup option");
    assert_eq!(late.len(), 1);
    assert!(late[0].starts_with("LATE"), "{late:?}");
    let late = page
        .attribute("#issue-lot optgroup option", "value")
        .unwrap();
    let fields = [("quantity", "2"), ("lot", late.as_str())];
    let answer = nurse.on_stock(&shelf, "issue", &fields).await;
    assert_eq!(answer.status, 422);
    has(
        &answer,
        "Another lot expires first. Take that one, or say why not.",
    );
    let with_reason = [&fields[..], &[("note", "the other box is open")]].concat();
    assert_eq!(
        nurse.on_stock(&shelf, "issue", &with_reason).await.status,
        303
    );
    let taken = insert(
        &mut conn,
        "SELECT lot_id AS id FROM stock_move WHERE reason = 'issue'",
    )
    .await;
    assert_eq!(taken.to_string(), late);
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_pieces_come_and_go_with_one_form_and_are_taken_back_with_it() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "damaged", RESTOCK, now).await;
    let arrive = |damaged| StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: 15,
        receipt: Receipt {
            damaged,
            ..Receipt::default()
        },
    };
    for damaged in [-1, 16, i64::MAX] {
        let refusal = shelf.refuse(&mut conn, arrive(damaged), None, now).await;
        assert_eq!(refusal, StockRefusal::Damaged(damaged));
    }
    // 15 would be above the reorder point of 12; 11 of them are not.
    let key = Uuid::new_v4();
    let form = shelf.form(key, arrive(4), None);
    perform_stock_form(&mut conn, &form, now).await.unwrap();
    assert_eq!(alerts(&mut conn, &shelf).await, ["reorder"]);
    check(&mut conn, shelf.stock.item_id, now, "4 of 15 damaged").await;
    let undo = StockAct::Undo { form_key: key };
    shelf.accept(&mut conn, undo, None, now).await;
    let sum = "SELECT coalesce(sum(on_hand), 0) FROM stock_level";
    assert_eq!(count(&mut conn, sum).await, 0);
    assert_eq!(alerts(&mut conn, &shelf).await, ["reorder", "stockout"]);
    check(&mut conn, shelf.stock.item_id, now, "taken back").await;
}

/// What is less than nothing of a lot is no longer taken off what is available when the lot is over: the suggestion follows (R17, R19).
#[tokio::test(flavor = "multi_thread")]
async fn r17_a_lot_of_which_the_books_hold_too_little_expires_too() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "short", RESTOCK, now).await;
    let arrive = StockAct::Arrive {
        reason: StockReason::Return,
        bin_id: shelf.bins[0],
        lot: LotLabel {
            number: "SOON",
            expires_on: Some((now + TimeDelta::days(1)).date_naive()),
        },
        quantity: 5,
        receipt: Receipt::default(),
    };
    shelf.accept(&mut conn, arrive, None, now).await;
    let lot_id = shelf.lots(&mut conn).await[0];
    let issue = StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: Some(lot_id),
        quantity: 30,
    };
    shelf.accept(&mut conn, issue, None, now).await;
    let item = shelf.stock.item_id;
    check(&mut conn, item, now, "25 too little").await;
    let suggested = format!(
        "SELECT quantity_suggested FROM order_line WHERE state = 'suggested' AND stock_place_id = {}",
        shelf.stock.stock_place_id
    );
    assert_eq!(count(&mut conn, &suggested).await, 70);
    let later = now + TimeDelta::days(3);
    while follow_calendar(&mut conn, later).await.unwrap().1 {}
    assert_eq!(count(&mut conn, &suggested).await, 40);
    check(&mut conn, item, later, "over").await;
    // Once is enough.
    let settled =
        format!("SELECT count(*) FROM stocking WHERE item_id = {item} AND settled_at = '{later}'");
    assert_eq!(count(&mut conn, &settled).await, 1);
    let again = follow_calendar(&mut conn, later + TimeDelta::hours(1))
        .await
        .unwrap();
    assert!(!again.1);
    assert_eq!(count(&mut conn, &settled).await, 1);
}
