//! Orders: lines by supplier and round, what was sent, and receiving it short, over and damaged.

use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::db::types::StockReason;
use wardtrack::ids::OrderLineId;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct, StockRefusal, perform_stock_form};
use wardtrack::supplies::orders::{
    OrderAct, OrderError, OrderForm, OrderRefusal, perform_order_form,
};

use super::world::{Restock, Shelf, Ward, check, insert, new_ward};
use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

const RESTOCK: Restock = Restock {
    reorder_point: 60,
    par: 120,
    pack: 50,
    two_bins: false,
};

/// Approved lines of suppliers at places with a round each, as they are after a busy morning.
const APPROVED: &str = "
    INSERT INTO supplier (name) VALUES ('Beta & co.'), ('alpha');
    INSERT INTO supply_round (name) VALUES ('Morning'), ('Noon');
    INSERT INTO item (item_number, name, supplier_id)
        SELECT 'A' || n, 'Alpha item ' || n, (SELECT id FROM supplier WHERE name = 'alpha') FROM generate_series(1, 60) n
        UNION ALL SELECT 'B' || n, 'Beta item ' || n, (SELECT id FROM supplier WHERE name = 'Beta & co.') FROM generate_series(1, 5) n
        UNION ALL SELECT 'N', 'Item of nobody', NULL;
    INSERT INTO stock_place (kind, name, room_id, supply_round_id)
        SELECT 'room', 'Store of ' || name, (SELECT min(id) FROM room), id FROM supply_round;
    INSERT INTO bin (stock_place_id, name) SELECT id, 'Z-01' FROM stock_place;
    INSERT INTO stocking (item_id, stock_place_id, bin_id, par)
        SELECT i.id, b.stock_place_id, b.id, 20 FROM item i JOIN bin b ON b.stock_place_id = (SELECT min(id) FROM stock_place) + i.id % 2;
    INSERT INTO order_line (item_id, stock_place_id, state, cause, quantity_suggested, quantity_ordered, suggested_at, settled_at, approved_at, approved_by)
        SELECT item_id, stock_place_id, 'approved', 'reorder_point', 20, 20, now() - item_id * interval '1 minute', now(), now(), (SELECT min(id) FROM app_user)
        FROM stocking;";

#[tokio::test(flavor = "multi_thread")]
async fn lines_stand_by_supplier_or_round_over_pages_and_all_of_a_supplier_are_sent_at_once() {
    let (app, hospital, mut conn) = served().await;
    let _ = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    conn.batch_execute(APPROVED).await.unwrap();
    let first = tech.page("/reorder?state=approved&group=supplier").await;
    assert_eq!(first.h1(), "Approved, to be sent: 66");
    assert_eq!(first.all("#lines .group h2"), ["alpha: 60 lines"]);
    assert_eq!(first.all("#lines li h3").len(), 50);
    assert!(first.all("#lines li h2").is_empty(), "headings in order");
    has_not(&first, "Mark all shown as sent");
    has(&first, "Mark all 60 of this supplier as sent");
    // The group goes on: its heading is there again, and so are all its lines in the form.
    let next = first
        .attributes("#lines .btns a.btn", "href")
        .into_iter()
        .next_back()
        .unwrap();
    let second = tech.page(&next).await;
    assert_eq!(
        second.all("#lines .group h2"),
        [
            "alpha: 60 lines",
            "Beta & co.: 5 lines",
            "No supplier is given: 1 line"
        ]
    );
    let shown = first.attributes("#lines li", "data-row").len()
        + second.attributes("#lines li", "data-row").len();
    assert_eq!(shown, 66, "every line once");
    let ids = second.attributes("#lines .group:first-of-type form input[name=line]", "value");
    assert_eq!(ids.len(), 60);
    // One more is approved meanwhile: nobody has seen it in the form, so it is not sent.
    conn.batch_execute(
        "INSERT INTO order_line (item_id, stock_place_id, state, cause, quantity_suggested, quantity_ordered, suggested_at, settled_at, approved_at, approved_by)
         SELECT item_id, stock_place_id, 'approved', 'person', 20, 20, now(), now(), now(), approved_by FROM order_line
         WHERE item_id = (SELECT id FROM item WHERE item_number = 'A7')",
    )
    .await
    .unwrap();
    let key = second
        .attribute("#lines .group form input[name=key]", "value")
        .unwrap();
    let mut fields = vec![
        ("key", key.as_str()),
        ("act", "send"),
        ("next", "/reorder?state=approved&group=supplier"),
    ];
    fields.extend(ids.iter().map(|id| ("line", id.as_str())));
    assert_eq!(tech.post("/reorder", &fields).await.status, 303);
    let left = tech.page("/reorder?state=approved&group=supplier").await;
    has(&left, "Marked as sent: 60 lines.");
    assert_eq!(tech.post("/reorder", &fields).await.status, 303);
    has(&left, "alpha: 1 line");
    has(&left, "Mark the line of this supplier as sent");
    has(&left, "Beta & co.: 5 lines");
    let sent = "SELECT count(*) FROM supply_order o JOIN supplier s ON s.id = o.supplier_id WHERE s.name = 'alpha'";
    assert_eq!(count(&mut conn, sent).await, 1);
    // By round: each place belongs to one; the file goes the same way as the page.
    let rounds = tech.page("/reorder?state=approved&group=round").await;
    let headings = rounds.all("#lines .group h2");
    assert_eq!(headings.len(), 2, "{headings:?}");
    assert!(headings[0].starts_with("Morning: ") && headings[1].starts_with("Noon: "));
    has(&rounds, "Mark all shown as sent");
    let file = tech
        .page("/reorder.csv?state=approved&group=supplier")
        .await;
    let beta = file.body.find("Beta item").unwrap();
    assert!(file.body.find("Alpha item").unwrap() < beta);
    assert!(beta < file.body.find("Item of nobody").unwrap());
    // What means nothing is left out.
    for query in [
        "group=x",
        "group=supplier&after=x",
        "group=round&after=1.1.%00",
    ] {
        let page = tech.page(&format!("/reorder?state=approved&{query}")).await;
        assert_eq!(page.status, 200, "{query}");
    }
}

/// An order of 100 that was sent, its id and that of its line.
async fn send(
    tech: &Actor,
    conn: &mut diesel_async::AsyncPgConnection,
    shelf: &Shelf,
) -> (i64, i64) {
    let place = shelf.stock.stock_place_id.0;
    let line = insert(
        conn,
        &format!(
            "SELECT id FROM order_line WHERE stock_place_id = {place} AND state = 'suggested'"
        ),
    )
    .await;
    tech.page("/reorder").await;
    let fields = [("quantity", "2"), ("units", "50")];
    assert_eq!(tech.on_line("approve", line, &fields).await.status, 303);
    assert_eq!(tech.on_line("send", line, &[]).await.status, 303);
    let order = insert(
        conn,
        &format!("SELECT supply_order_id AS id FROM order_line WHERE id = {line}"),
    )
    .await;
    (order, line)
}

impl Actor {
    async fn receives(&self, order: i64, line: i64, fields: &[(&str, &str)]) -> Html {
        let (key, line) = (key(), line.to_string());
        let mut all = vec![("key", key.as_str()), ("line", line.as_str())];
        all.extend(fields);
        self.post(&format!("/orders/{order}"), &all).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_received_in_part_damaged_and_over_and_its_ledger_says_so() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    has(&tech.page("/orders").await, "There are none.");
    let shelf = Shelf::new(&mut conn, ward, "cannula", RESTOCK, now).await;
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let here = format!("/orders/{order}");
    let list = tech.page("/orders").await;
    assert_eq!(list.h1(), "Orders that were sent");
    has(&list, &format!("Order {order}"));
    has(&list, "Supply");
    has(&list, "Nothing has come");
    has(&tech.page("/orders?which=done").await, "There are none.");
    has(&tech.page("/reorder").await, "Orders that were sent");
    // It is led to from the line, from Supplies and from More, for those who may open it.
    for address in ["/reorder?state=sent", "/orders"] {
        let links = tech.page(address).await.attributes("main a", "href");
        assert!(links.contains(&here), "{address}: {links:?}");
    }
    for address in ["/supplies", "/more", "/reorder"] {
        let links = tech.page(address).await.attributes("main a", "href");
        assert!(links.iter().any(|href| href == "/orders"), "{address}");
    }
    let page = tech.page(&here).await;
    assert_eq!(page.h1(), format!("Order {order}"));
    has(&page, "Item cannula");
    has(&page, "Store cannula, bin A-01");
    has(&page, "Still to come: 100 each, 2 packs of 50.");
    let proposed = page.attribute(&format!("#l{line}-quantity"), "value");
    assert_eq!(proposed.as_deref(), Some("2"), "all of it, in packs");
    // Bad input: the field and its remedy are named, what was typed stays, nothing changes.
    let bin = shelf.bins[0].to_string();
    let good = [
        ("quantity", "60"),
        ("units", "1"),
        ("bin", bin.as_str()),
        ("lot_number", "A1"),
        ("expires_on", "2090-01-31"),
        ("damaged", "3"),
    ];
    for (field, value, words) in [
        ("quantity", "0", "0 is no quantity"),
        ("quantity", "1.5", "1.5 is no quantity"),
        ("quantity", "111", "Only 100 are still open of that order"),
        ("damaged", "-1", "-1 cannot be damaged"),
        ("damaged", "61", "61 cannot be damaged"),
        ("damaged", "some", "some cannot be damaged"),
        ("bin", "999999", "no such bin here"),
        ("expires_on", "soon", "soon is no day"),
        ("expires_on", "2020-01-31", "must not be put away: Expired"),
        ("lot_number", &"x".repeat(41), "too long for a lot number"),
    ] {
        let bad: Vec<(&str, &str)> = good
            .iter()
            .map(|(name, old)| (*name, if *name == field { value } else { *old }))
            .collect();
        let answer = tech.receives(order, line, &bad).await;
        assert!(
            matches!(answer.status, 404 | 422),
            "{value}: {}",
            answer.status
        );
        has(&answer, words);
        assert_eq!(answer.all("#problems a").len(), 1, "{value}");
        let target = answer.attribute("#problems a", "href").unwrap();
        assert_eq!(
            answer
                .attributes(&format!("input{target}, select{target}"), "id")
                .len(),
            1,
            "{target}"
        );
        let kept = answer.attribute("#lot_number", "value").unwrap();
        assert_eq!(kept, if field == "lot_number" { value } else { "A1" });
    }
    for (line, bin, wanted) in [(line + 999, bin.as_str(), 404), (line, "x", 400)] {
        let answer = tech
            .receives(order, line, &[("quantity", "1"), ("bin", bin)])
            .await;
        assert_eq!(answer.status, wanted);
    }
    assert_eq!(tech.page("/orders/999999").await.status, 404);
    assert_eq!(count(&mut conn, "SELECT count(*) FROM stock_move").await, 0);
    // 60 come, 3 of them damaged: all are received, and three are gone again; a second press does nothing again.
    let again = key();
    let (again, line_text) = (again.as_str(), line.to_string());
    let mut fields = vec![("key", again), ("line", line_text.as_str())];
    fields.extend(good);
    for _ in 0..2 {
        let answer = tech.post(&here, &fields).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), Some(here.as_str()));
    }
    let moves = "SELECT string_agg(reason || quantity || coalesce(note, ''), ' ' ORDER BY id) FROM stock_move";
    let ledger = crate::register::text(&mut conn, moves).await;
    assert_eq!(ledger, "receive60 write_off-3damaged at receipt");
    check(&mut conn, shelf.stock.item_id, now, "damaged").await;
    let page = tech.page(&here).await;
    has(&page, "60 each, 3 of it damaged");
    has(&page, "Still to come: 40 each.");
    has(&page, "part received");
    has(&tech.page("/orders").await, "Came in part");
    let file = tech.page(&format!("/orders/{order}/csv")).await;
    assert!(
        file.body.contains(",50,100,2,60,3,40,Store cannula,A-01,"),
        "{}",
        file.body
    );
    // 70 more are 30 % over: only with a yes.
    let more = [("quantity", "70"), ("units", "1"), ("bin", bin.as_str())];
    let answer = tech.receives(order, line, &more).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.attribute("#problems a", "href").as_deref(),
        Some("#over")
    );
    let yes = [&more[..], &[("over", "1")]].concat();
    assert_eq!(tech.receives(order, line, &yes).await.status, 303);
    let late = tech.receives(order, line, &more).await;
    assert_eq!(late.status, 409);
    has(&late, "Nothing of this order is to come any more.");
    check(&mut conn, shelf.stock.item_id, now, "over").await;
    has(&tech.page("/orders").await, "There are none.");
    let done = tech.page("/orders?which=done").await;
    has(&done, "1 of 1");
    let file = tech.page("/orders.csv?which=all").await;
    assert!(file.body.contains(",supply,1,1,0,0,0"), "{}", file.body);
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let links = nurse.page("/supplies").await.attributes("main a", "href");
    assert!(!links.iter().any(|href| href == "/orders"));
    for address in ["/orders", &here, "/orders.csv"] {
        assert_eq!(nurse.page(address).await.status, 403, "{address}");
    }
    assert_eq!(nurse.receives(order, line, &more).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_closed_short_afterwards_or_taken_back() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    let state = |line: i64, state: &str| {
        format!("SELECT count(*) FROM order_line WHERE id = {line} AND state = '{state}'")
    };
    let shelf = Shelf::new(&mut conn, ward, "short", RESTOCK, now).await;
    let bin = shelf.bins[0].to_string();
    let some = [("quantity", "10"), ("units", "1"), ("bin", bin.as_str())];
    // Short at once.
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let short = [&some[..], &[("short", "1")]].concat();
    assert_eq!(tech.receives(order, line, &short).await.status, 303);
    assert_eq!(count(&mut conn, &state(line, "received")).await, 1);
    check(&mut conn, shelf.stock.item_id, now, "short at once").await;
    // In part, and then no more: a reason is needed.
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let cancel = tech
        .on_line("close", line, &[("reason", "none left")])
        .await;
    assert_eq!(
        cancel.status, 409,
        "nothing of it has come: it is taken back"
    );
    assert_eq!(tech.receives(order, line, &some).await.status, 303);
    let page = tech.page(&format!("/orders/{order}")).await;
    has(&page, "The rest will not come");
    assert_eq!(
        tech.on_line("close", line, &[("reason", "")]).await.status,
        422
    );
    let closed = tech
        .on_line("close", line, &[("reason", "none left")])
        .await;
    assert_eq!(closed.status, 303);
    assert_eq!(count(&mut conn, &state(line, "received")).await, 1);
    check(&mut conn, shelf.stock.item_id, now, "closed").await;
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'order.closed'";
    assert_eq!(count(&mut conn, audited).await, 1);
    // Nothing of it comes.
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let page = tech.page(&format!("/orders/{order}")).await;
    has(&page, "It will not come");
    let back = tech.on_line("cancel", line, &[("reason", "lost")]).await;
    assert_eq!(back.status, 303);
    has(&tech.page("/orders?which=done").await, "Taken back");
    check(&mut conn, shelf.stock.item_id, now, "taken back").await;
    // Expired stock is kept apart only when somebody says so.
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let old = [
        &some[..],
        &[("lot_number", "OLD"), ("expires_on", "2020-01-31")],
    ]
    .concat();
    let answer = tech.receives(order, line, &old).await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.attribute("#problems a", "href").as_deref(),
        Some("#apart")
    );
    let apart = [&old[..], &[("apart", "1")]].concat();
    assert_eq!(tech.receives(order, line, &apart).await.status, 303);
    let kept = "SELECT count(*) FROM lot WHERE lot_number = 'OLD' AND state = 'quarantined'";
    assert_eq!(count(&mut conn, kept).await, 1);
    check(&mut conn, shelf.stock.item_id, now, "kept apart").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bins_and_cabinets_say_how_an_order_comes_in() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let tech = app.supply_tech().await;
    let shelf = Shelf::new(&mut conn, ward, "cabinet", RESTOCK, now).await;
    let (order, line) = send(&tech, &mut conn, &shelf).await;
    let place = shelf.stock.stock_place_id.0;
    let cabinet = format!(
        "UPDATE stock_place SET kind = 'cabinet', reader_id = {} WHERE id = {place}",
        ward.reader
    );
    conn.batch_execute(&cabinet).await.unwrap();
    let page = tech.page(&format!("/orders/{order}")).await;
    has(&page, "This cabinet counts itself");
    assert!(page.attribute("input[name=quantity]", "value").is_none());
    let bin = shelf.bins[0].to_string();
    let by_hand = [("quantity", "10"), ("bin", bin.as_str())];
    assert_eq!(tech.receives(order, line, &by_hand).await.status, 409);
    let restock = Restock {
        two_bins: true,
        ..RESTOCK
    };
    let pair = Shelf::new(&mut conn, ward, "swab", restock, now).await;
    let bins = pair.bins.map(|bin| bin.to_string());
    for bin in &bins {
        let empty = [("bin", bin.as_str())];
        assert_eq!(tech.on_stock(&pair, "empty", &empty).await.status, 303);
    }
    let (order, _) = send(&tech, &mut conn, &pair).await;
    let page = tech.page(&format!("/orders/{order}")).await;
    has(&page, "fill the empty one, and say so at the item");
    for bin in &bins {
        let full = [("bin", bin.as_str())];
        assert_eq!(tech.on_stock(&pair, "full", &full).await.status, 303);
    }
    let page = tech.page(&format!("/orders/{order}")).await;
    has(&page, "Nothing of this order is to come any more.");
}

/// A suggestion of the shelf, approved and sent.
async fn on_its_way(conn: &mut AsyncPgConnection, shelf: &Shelf, quantity: i64) -> OrderLineId {
    let id = insert(
        conn,
        &format!(
            "WITH o AS (INSERT INTO supply_order (sent_at, sent_by, form_key) SELECT now(), min(id), gen_random_uuid() FROM app_user RETURNING id)
             UPDATE order_line SET state = 'sent', quantity_ordered = {quantity}, approved_at = now(), approved_by = (SELECT min(id) FROM app_user),
                supply_order_id = (SELECT id FROM o) WHERE item_id = {} AND stock_place_id = {} AND state = 'suggested' RETURNING id",
            shelf.stock.item_id, shelf.stock.stock_place_id
        ),
    )
    .await;
    OrderLineId(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_receipt_is_not_taken_back_from_a_line_that_a_later_one_closed() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let shelf = Shelf::new(&mut conn, ward, "closed", RESTOCK, now).await;
    let line = on_its_way(&mut conn, &shelf, 40).await;
    let come = |quantity, closes_short| StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity,
        receipt: Receipt {
            order_line_id: Some(line),
            closes_short,
            ..Receipt::default()
        },
    };
    let keys = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    for (key, act) in keys.iter().zip([come(10, false), come(20, true)]) {
        let form = shelf.form(*key, act, None);
        perform_stock_form(&mut conn, &form, now).await.unwrap();
    }
    let back = |form_key| StockAct::Undo { form_key };
    let refusal = shelf.refuse(&mut conn, back(keys[0]), None, now).await;
    assert_eq!(refusal, StockRefusal::NoUndo);
    check(&mut conn, shelf.stock.item_id, now, "closed").await;
    // The one that closed it is taken back, and then the other: all of it is on its way again.
    for key in [keys[1], keys[0]] {
        shelf.accept(&mut conn, back(key), None, now).await;
    }
    let open = format!(
        "SELECT count(*) FROM order_line WHERE id = {line} AND state = 'sent' AND quantity_received = 0 AND ended_at IS NULL"
    );
    assert_eq!(count(&mut conn, &open).await, 1);
    check(&mut conn, shelf.stock.item_id, now, "taken back").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bins_are_ordered_in_bins_and_come_by_filling_them() {
    let (_database, mut conn, ward, now) = new_ward().await;
    let restock = Restock {
        reorder_point: 0,
        par: 0,
        pack: 40,
        two_bins: true,
    };
    let shelf = Shelf::new(&mut conn, ward, "pair", restock, now).await;
    let item = shelf.stock.item_id;
    let bin_id = shelf.bins[0];
    let empty = StockAct::EmptyBin { bin_id };
    shelf.accept(&mut conn, empty, None, now).await;
    // The supplier sells packs of 50.
    let line = on_its_way(&mut conn, &shelf, 50).await;
    let received = StockAct::Arrive {
        reason: StockReason::Receive,
        bin_id: shelf.bins[1],
        lot: LotLabel::default(),
        quantity: 50,
        receipt: Receipt {
            order_line_id: Some(line),
            ..Receipt::default()
        },
    };
    let refusal = shelf.refuse(&mut conn, received, None, now).await;
    assert_eq!(refusal, StockRefusal::FillTheBin);
    let full = StockAct::Refill {
        bin_id,
        lot: LotLabel::default(),
        quantity: None,
    };
    shelf.accept(&mut conn, full, None, now).await;
    let done = format!("SELECT count(*) FROM order_line WHERE id = {line} AND state = 'received'");
    assert_eq!(count(&mut conn, &done).await, 1, "10 more are no bin");
    // Filled, taken back, filled, taken back: it is empty since it was emptied.
    let since =
        format!("SELECT extract(epoch FROM empty_since)::bigint FROM bin WHERE id = {bin_id}");
    for minute in 1..4 {
        let at = now + TimeDelta::minutes(minute);
        let key = uuid::Uuid::new_v4();
        if minute > 1 {
            let form = shelf.form(key, full, None);
            perform_stock_form(&mut conn, &form, at).await.unwrap();
            let undo = StockAct::Undo { form_key: key };
            shelf.accept(&mut conn, undo, None, at).await;
            assert_eq!(
                count(&mut conn, &since).await,
                (now + TimeDelta::minutes(1)).timestamp()
            );
        } else {
            shelf.accept(&mut conn, empty, None, at).await;
        }
        check(&mut conn, item, at, "around").await;
    }
    let draft = format!(
        "SELECT coalesce(sum(quantity_suggested), 0) FROM order_line WHERE item_id = {item} AND stock_place_id = {} AND state = 'suggested'",
        shelf.stock.stock_place_id
    );
    assert_eq!(
        count(&mut conn, &draft).await,
        40,
        "one bin, whatever was left of the last order"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_a_day_to_be_quiet_until_is_one_of_the_facility() {
    let (_database, mut conn, ward, now) = new_ward().await;
    conn.batch_execute("UPDATE facility SET time_zone = 'Pacific/Kiritimati'")
        .await
        .unwrap();
    let shelf = Shelf::new(&mut conn, ward, "far", RESTOCK, now).await;
    let suggested = format!(
        "SELECT id FROM order_line WHERE item_id = {} AND stock_place_id = {} AND state = 'suggested'",
        shelf.stock.item_id, shelf.stock.stock_place_id
    );
    let line = OrderLineId(insert(&mut conn, &suggested).await);
    // 11:00 of one day in UTC is 01:00 of the next one there.
    let morning = (now + TimeDelta::days(1))
        .date_naive()
        .and_hms_opt(11, 0, 0);
    let morning = morning.unwrap().and_utc();
    let reject = async |conn: &mut AsyncPgConnection, day| {
        let form = OrderForm {
            key: uuid::Uuid::new_v4(),
            user_id: ward.people[0],
            ids: &[line],
            act: OrderAct::Reject {
                reason: "enough elsewhere",
                quiet_until: day,
            },
            location: "/",
        };
        perform_order_form(conn, &form, morning).await
    };
    let tomorrow = morning.date_naive() + TimeDelta::days(1);
    let refused = reject(&mut conn, tomorrow).await;
    assert!(
        matches!(refused, Err(OrderError::Refused(OrderRefusal::QuietUntil))),
        "it is that day there already: {refused:?}"
    );
    reject(&mut conn, tomorrow + TimeDelta::days(1))
        .await
        .unwrap();
    let open = format!("SELECT count(*) FROM ({suggested}) s");
    assert_eq!(count(&mut conn, &open).await, 0, "it is quiet");
}
