//! What lowers stock: an issue beyond the books, what must leave first, and what may not be changed. Every cause is walked in [`super::causes`].

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;
use wardtrack::db::types::{LotState, StockReason};
use wardtrack::supplies::acts::{
    LotLabel, Receipt, StockAct, StockPosted, StockRefusal, find_or_insert_lot, perform_stock_form,
};
use wardtrack::supplies::ledger::StockKey;

use super::world::{Restock, Shelf, check, new_ward};

const RESTOCK: Restock = Restock {
    reorder_point: 12,
    par: 40,
    pack: 10,
    two_bins: false,
};

#[derive(QueryableByName, Debug)]
struct Kind {
    #[diesel(sql_type = Text)]
    kind: String,
}

pub(super) async fn alerts(conn: &mut AsyncPgConnection, shelf: &Shelf) -> Vec<String> {
    alerts_at(conn, shelf.stock).await
}

/// The kinds of the active alerts about an item at a place.
pub(super) async fn alerts_at(conn: &mut AsyncPgConnection, stock: StockKey) -> Vec<String> {
    let rows: Vec<Kind> = sql_query("SELECT kind FROM alert WHERE item_id = $1 AND stock_place_id = $2 AND is_active ORDER BY kind")
        .bind::<BigInt, _>(stock.item_id)
        .bind::<BigInt, _>(stock.stock_place_id)
        .load(conn)
        .await
        .unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_beyond_the_books_is_accepted_and_the_bin_is_to_be_counted() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "beyond", RESTOCK, now).await;
    let issue = |quantity| StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity,
    };
    let posted = shelf.accept(&mut conn, issue(3), None, now).await;
    assert!(
        matches!(posted, StockPosted::Done { beyond: 3, .. }),
        "{posted:?}"
    );
    assert_eq!(
        alerts(&mut conn, &shelf).await,
        ["count_discrepancy", "reorder", "stockout"]
    );
    let back = StockAct::Arrive {
        reason: StockReason::Return,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: 3,
        receipt: Receipt::default(),
    };
    shelf.accept(&mut conn, back, None, now).await;
    assert_eq!(
        alerts(&mut conn, &shelf).await,
        ["reorder", "stockout"],
        "nothing is below nothing any more"
    );
    for quantity in [0, -1, 1_000_001, 1_000_000_000_000] {
        let refusal = shelf.refuse(&mut conn, issue(quantity), None, now).await;
        assert_eq!(refusal, StockRefusal::Quantity(quantity));
    }
    check(&mut conn, shelf.stock.item_id, now, "at the end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_r18_what_expires_first_leaves_first_and_what_has_expired_only_by_the_back_door() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "fefo", RESTOCK, now).await;
    let day = |days| Some(now.date_naive() + TimeDelta::days(days));
    let arrive = |number: &'static str, expires_on, quarantines| StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[0],
        lot: LotLabel { number, expires_on },
        quantity: 10,
        receipt: Receipt {
            quarantines,
            ..Receipt::default()
        },
    };
    shelf
        .accept(&mut conn, arrive("LATE", day(400), false), None, now)
        .await;
    shelf
        .accept(&mut conn, arrive("SOON", day(1), false), None, now)
        .await;
    let refusal = shelf
        .refuse(&mut conn, arrive("OLD", day(-1), false), None, now)
        .await;
    assert_eq!(refusal, StockRefusal::Quarantine(LotState::Usable));
    shelf
        .accept(&mut conn, arrive("OLD", day(-1), true), None, now)
        .await;
    let (late, soon) = (
        find_or_insert_lot(
            &mut conn,
            shelf.stock.item_id,
            LotLabel {
                number: "LATE",
                expires_on: day(400),
            },
            now,
        )
        .await
        .unwrap(),
        find_or_insert_lot(
            &mut conn,
            shelf.stock.item_id,
            LotLabel {
                number: "SOON",
                expires_on: day(1),
            },
            now,
        )
        .await
        .unwrap(),
    );
    let issue = |lot_id| StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id,
        quantity: 4,
    };
    assert_eq!(
        shelf.refuse(&mut conn, issue(Some(late)), None, now).await,
        StockRefusal::OtherLot
    );
    shelf
        .accept(
            &mut conn,
            issue(Some(late)),
            Some("the older box is torn"),
            now,
        )
        .await;
    shelf.accept(&mut conn, issue(None), None, now).await;
    let left = wardtrack::supplies::acts::list_portions(&conn, shelf.stock, None, now)
        .await
        .unwrap();
    let left: Vec<(&str, i64, bool)> = left
        .iter()
        .map(|p| (p.lot_number.as_str(), p.on_hand, p.is_usable))
        .collect();
    assert_eq!(
        left,
        [("OLD", 10, false), ("SOON", 6, true), ("LATE", 6, true)]
    );
    // Two days on, the second lot may not be used either: what is left counts as 6, and may leave only by write-off or return.
    let later = now + TimeDelta::days(2);
    while wardtrack::supplies::expiry::follow_calendar(&mut conn, later)
        .await
        .unwrap()
        .1
    {}
    assert_eq!(
        alerts(&mut conn, &shelf).await,
        ["expiry", "expiry", "reorder"]
    );
    let refusal = shelf
        .refuse(&mut conn, issue(Some(soon)), Some("it looks fine"), later)
        .await;
    assert_eq!(refusal, StockRefusal::NotUsable(LotState::Usable));
    let away = |reason, quantity| StockAct::Leave {
        reason,
        bin_id: None,
        lot_id: Some(soon),
        quantity,
    };
    assert_eq!(
        shelf
            .refuse(&mut conn, away(StockReason::WriteOff, 6), None, later)
            .await,
        StockRefusal::Reason
    );
    assert_eq!(
        shelf
            .refuse(
                &mut conn,
                away(StockReason::WriteOff, 7),
                Some("expired"),
                later
            )
            .await,
        StockRefusal::Beyond(6)
    );
    shelf
        .accept(
            &mut conn,
            away(StockReason::WriteOff, 6),
            Some("expired"),
            later,
        )
        .await;
    while wardtrack::supplies::expiry::follow_calendar(&mut conn, later)
        .await
        .unwrap()
        .1
    {}
    assert_eq!(
        alerts(&mut conn, &shelf).await,
        ["expiry", "reorder"],
        "the lot that is gone is quiet"
    );
    check(&mut conn, shelf.stock.item_id, later, "at the end").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_only_appended_to() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "append", RESTOCK, now).await;
    let issue = StockAct::Leave {
        reason: StockReason::Issue,
        bin_id: None,
        lot_id: None,
        quantity: 2,
    };
    let form = shelf.form(Uuid::new_v4(), issue, None);
    perform_stock_form(&mut conn, &form, now).await.unwrap();
    for sql in [
        "UPDATE stock_move SET quantity = -1",
        "DELETE FROM stock_move",
    ] {
        let error = sql_query(sql)
            .execute(&mut conn)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("only appended to"), "{error}");
    }
    // The same form again: nothing is issued twice, however often it comes, also at the same moment.
    let again = perform_stock_form(&mut conn, &form, now).await.unwrap();
    assert_eq!(
        again,
        StockPosted::Repeat {
            location: "/".to_owned()
        }
    );
    let undo = StockAct::Undo { form_key: form.key };
    shelf
        .accept(&mut conn, undo, None, now + TimeDelta::seconds(20))
        .await;
    let refusal = shelf
        .refuse(&mut conn, undo, None, now + TimeDelta::seconds(21))
        .await;
    assert_eq!(refusal, StockRefusal::NoUndo);
    check(&mut conn, shelf.stock.item_id, now, "undone").await;
}
