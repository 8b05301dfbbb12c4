//! Places of stock as a supply technician keeps them: added, renamed, moved, tied to a cart with a tag, and retired.

use diesel_async::SimpleAsyncConnection;
use wardtrack::db::types::StockReason;
use wardtrack::supplies::acts::{LotLabel, Receipt, StockAct};

use super::world::{Restock, Shelf, Ward, insert};
use crate::acts::key;
use crate::pages::{has, has_not, served};
use crate::register::{count, filled, text};

const ADD: &str = "/supplies/places/add";
const RESTOCK: Restock = Restock {
    reorder_point: 12,
    par: 40,
    pack: 10,
    two_bins: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_added_once_and_what_does_not_fit_is_named() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO supply_round (name) VALUES ('Morning');
         INSERT INTO room (floor_id, name, kind) SELECT floor_id, 'Twin', 'other' FROM room WHERE name = '3W-12';
         INSERT INTO room (floor_id, name, kind) SELECT floor_id, 'Twin', 'other' FROM room WHERE name = '0.021';
         INSERT INTO stock_place (kind, name, room_id) SELECT 'room', 'Old store', min(id) FROM room",
    )
    .await
    .unwrap();
    let round = insert(&mut conn, "SELECT id FROM supply_round")
        .await
        .to_string();
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    assert_eq!(nurse.page(ADD).await.status, 403);
    has_not(&nurse.page("/supplies").await, "Add a place");
    has(&tech.page("/supplies").await, "Add a place");
    let page = tech.page(ADD).await;
    assert_eq!(page.h1(), "Add a place of stock");
    let good = [("name", "4 West cart"), ("room", "3w-12")];
    for (field, value, words) in [
        ("name", "", "Name: it is needed."),
        ("name", "OLD store", "Name: OLD store is there already."),
        ("kind", "shelf", "What it is: shelf is none of the choices."),
        ("room", "", "Room: it is needed."),
        ("room", "9Z-99", "Room: there is none with the name 9Z-99."),
        ("room", "Twin", "Room: several have the name Twin: "),
        (
            "device",
            "WC-0007",
            "Equipment number: only a cart has one.",
        ),
        ("device", "XX-1", "no device in use has the number XX-1"),
        ("round", "999999", "Round: it is not there any more."),
        ("round", "x", "Round: it is not there any more."),
    ] {
        let mut fields = filled(&page, ADD, &good);
        let typed = fields.iter_mut().find(|(name, _)| name == field).unwrap();
        value.clone_into(&mut typed.1);
        let answer = tech.send_form(ADD, &fields).await;
        assert_eq!(answer.status, 422, "{field}: {value}");
        has(&answer, words);
        // What was typed stays.
        if !matches!(field, "kind" | "round") {
            let kept = answer.attribute(&format!("#{field}"), "value");
            assert_eq!(kept.as_deref(), Some(value), "{field}");
        }
        assert!(
            answer
                .attribute(&format!("#{field}[aria-invalid]"), "name")
                .is_some(),
            "{field}"
        );
    }
    let retired = [("name", "Cart"), ("kind", "cart"), ("device", "IP-0001")];
    let answer = tech.send_form(ADD, &filled(&page, ADD, &retired)).await;
    has(&answer, "no device in use has the number IP-0001");
    let there = "SELECT count(*) FROM stock_place";
    assert_eq!(count(&mut conn, there).await, 1, "nothing was added");
    let fields = filled(
        &page,
        ADD,
        &[good[0], good[1], ("kind", "cabinet"), ("round", &round)],
    );
    let added = tech.follow(tech.send_form(ADD, &fields).await).await;
    assert_eq!(added.h1(), "4 West cart");
    has(&added, "Room: Clean utility 3W-12, 3 West");
    assert_eq!(
        tech.send_form(ADD, &fields).await.status,
        303,
        "the same button again"
    );
    assert_eq!(count(&mut conn, there).await, 2);
    let list = tech.page("/supplies").await;
    has(&list, "4 West cart");
    has(&list, "Morning");
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'stock_place.added'";
    assert_eq!(count(&mut conn, audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_where_its_tag_was_last_seen_and_its_rules_follow() {
    let (app, hospital, mut conn) = served().await;
    let tech = app.supply_tech().await;
    let page = tech.page(ADD).await;
    let cart = |name: &'static str, device: &'static str| {
        [("kind", "cart"), ("name", name), ("device", device)]
    };
    let fields = filled(&page, ADD, &cart("Chemo cart", "wc-0007"));
    let there = tech.follow(tech.send_form(ADD, &fields).await).await;
    has(&there, "Cart WC-0007:");
    assert_eq!(there.all("#where .sure b"), ["Likely"]);
    assert_eq!(there.all("#where time").len(), 1, "how long ago");
    let room = format!(
        "/rooms/{}",
        count(
            &mut conn,
            &format!("SELECT room_id FROM asset WHERE id = {}", hospital.passed)
        )
        .await
    );
    assert!(there.attributes("#where a", "href").contains(&room));
    // One device is one place.
    let again = filled(&tech.page(ADD).await, ADD, &cart("Another cart", "WC-0007"));
    let taken = tech.send_form(ADD, &again).await;
    assert_eq!(taken.status, 422);
    has(&taken, "this device is Chemo cart already");
    // A cart that nobody has seen says so; one with a room of its own belongs there wherever it is.
    let lost = filled(&tech.page(ADD).await, ADD, &cart("Lost cart", "IP-0500"));
    let lost = tech.follow(tech.send_form(ADD, &lost).await).await;
    has(&lost, "Cart IP-0500: no place is known");
    assert_eq!(lost.all("#where .sure b"), ["Unknown"]);
    let mut home = filled(&tech.page(ADD).await, ADD, &cart("Home cart", "IP-0333"));
    home.push(("room".to_owned(), "Bay 2".to_owned()));
    home.retain(|(name, value)| name != "room" || !value.is_empty());
    let home = tech.follow(tech.send_form(ADD, &home).await).await;
    has(&home, "Room: Bay 2, 3 West");
    assert_eq!(home.all("#where .sure b"), ["Last seen"]);
    // The cart without a room comes to another floor: the rules that reach it there are carried anew, once.
    let due = "SELECT count(*) FROM stock_rule_due";
    assert_eq!(count(&mut conn, due).await, 0);
    for moved in [hospital.passed, hospital.last_seen] {
        for room in ["0.021", "Bay 2"] {
            conn.batch_execute(&format!(
                "UPDATE asset_place SET room_id = (SELECT id FROM room WHERE name = '{room}') WHERE asset_id = {moved}"
            ))
            .await
            .unwrap();
        }
    }
    assert_eq!(
        text(
            &mut conn,
            "SELECT string_agg(p.name, ',') FROM stock_rule_due d JOIN stock_place p ON p.id = d.stock_place_id"
        )
        .await,
        "Chemo cart"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_changed_once_retired_when_it_is_empty_and_used_again() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = Shelf::new(&mut conn, ward, "swab", RESTOCK, now).await;
    let place = shelf.stock.stock_place_id;
    let here = format!("/supplies/places/{place}");
    let edit = format!("{here}/edit");
    let tech = app.supply_tech().await;
    for page in [&here, &format!("{here}/setup")] {
        let page = tech.page(page).await;
        assert!(page.attributes("main a", "href").contains(&edit));
    }
    let page = tech.page(&edit).await;
    assert_eq!(page.h1(), "Change Store swab");
    // Renamed and moved; whoever was slower is told.
    let renamed = filled(&page, &edit, &[("name", "Store 4W"), ("room", "3W-14")]);
    let moved = tech.follow(tech.send_form(&edit, &renamed).await).await;
    assert_eq!(moved.h1(), "Store 4W");
    has(&moved, "Room: Soiled utility 3W-14");
    let late = filled(&page, &edit, &[("name", "Late"), ("key", &key())]);
    let stale = tech.send_form(&edit, &late).await;
    assert_eq!(stale.status, 409);
    has(&stale, "Somebody changed it meanwhile.");
    assert_eq!(stale.attribute("#name", "value").as_deref(), Some("Late"));
    let due = format!("SELECT count(*) FROM stock_rule_due WHERE stock_place_id = {place}");
    assert_eq!(count(&mut conn, &due).await, 1, "rules of the other room");
    // It is retired when nothing is there, nothing is on order, nobody counts it and no reader does.
    let send_retired = async || {
        let page = tech.page(&edit).await;
        let fields = filled(&page, &edit, &[("retired", "1")]);
        tech.send_form(&edit, &fields).await
    };
    let arrive = StockAct::Arrive {
        reason: StockReason::Return,
        bin_id: shelf.bins[0],
        lot: LotLabel::default(),
        quantity: 5,
        receipt: Receipt::default(),
    };
    shelf.accept(&mut conn, arrive, None, now).await;
    let refused = send_retired().await;
    assert_eq!(refused.status, 422);
    has(
        &refused,
        "items that are there by the books, or missing there: 1.",
    );
    assert!(refused.attribute("#retired[checked]", "value").is_some());
    let empty = StockAct::EmptyBin {
        bin_id: shelf.bins[0],
    };
    shelf.accept(&mut conn, empty, None, now).await;
    conn.batch_execute(&format!(
        "UPDATE order_line SET state = 'approved', quantity_ordered = 10, approved_at = now(), approved_by = (SELECT min(id) FROM app_user)
         WHERE stock_place_id = {place}"
    ))
    .await
    .unwrap();
    has(&send_retired().await, "approved or on their way: 1.");
    conn.batch_execute(&format!(
        "UPDATE order_line SET state = 'suggested', quantity_ordered = NULL, approved_at = NULL, approved_by = NULL WHERE stock_place_id = {place};
         INSERT INTO count_session (stock_place_id, created_at, created_by) SELECT {place}, now(), min(id) FROM app_user"
    ))
    .await
    .unwrap();
    has(&send_retired().await, "people are counting it.");
    conn.batch_execute(&format!(
        "DELETE FROM count_session; UPDATE stock_place SET kind = 'cabinet', reader_id = {} WHERE id = {place}",
        ward.reader
    ))
    .await
    .unwrap();
    has(&send_retired().await, "a reader counts this cabinet.");
    let cart = filled(&tech.page(&edit).await, &edit, &[("kind", "room")]);
    has(
        &tech.send_form(&edit, &cart).await,
        "What it is: a reader counts this cabinet, so it stays one.",
    );
    conn.batch_execute(&format!(
        "UPDATE stock_place SET kind = 'room', reader_id = NULL WHERE id = {place};
         INSERT INTO tag (tag_key, technology) VALUES ('x:card', 'rfid');
         INSERT INTO bin_card (tag_id, bin_id) SELECT max(id), {} FROM tag;
         INSERT INTO stock_rule (item_id, stock_place_id, reorder_point) VALUES (NULL, {place}, 3), ({}, {place}, 4)",
        shelf.bins[0], shelf.stock.item_id
    ))
    .await
    .unwrap();
    for list in ["/supplies", "/scan/issue", "/counts"] {
        has(&tech.page(list).await, "Store 4W");
    }
    let gone = send_retired().await;
    assert_eq!(gone.header("location"), Some("/supplies"), "{}", gone.body);
    for list in ["/supplies", "/scan/issue", "/counts"] {
        has_not(&tech.page(list).await, "Store 4W");
    }
    assert_eq!(tech.page(&here).await.status, 404);
    for left in [
        "FROM alert WHERE is_active AND stock_place_id =",
        "FROM order_line WHERE ended_at IS NULL AND stock_place_id =",
        "FROM stocking WHERE stock_place_id =",
        "FROM stock_rule WHERE stock_place_id =",
        "FROM bin_card JOIN bin ON bin.id = bin_id WHERE stock_place_id =",
    ] {
        let sql = format!("SELECT count(*) {left} {place}");
        assert_eq!(count(&mut conn, &sql).await, 0, "{left}");
    }
    // Nothing is put where nobody looks.
    let into_it = StockAct::Transfer {
        bin_id: shelf.other.1,
        lot_id: None,
        to: (place, shelf.bins[0]),
        quantity: 1,
    };
    let from_other = wardtrack::supplies::acts::StockForm {
        stock: wardtrack::supplies::ledger::StockKey {
            stock_place_id: shelf.other.0,
            ..shelf.stock
        },
        ..shelf.form(uuid::Uuid::new_v4(), into_it, None)
    };
    let refusal = wardtrack::supplies::acts::perform_stock_form(&mut conn, &from_other, now).await;
    assert!(
        matches!(
            refusal,
            Err(wardtrack::supplies::acts::StockError::Refused(
                wardtrack::supplies::acts::StockRefusal::NoBin
            ))
        ),
        "{refusal:?}"
    );
    // Its name is not free; the way to use it again is beside that.
    let name = filled(
        &tech.page(ADD).await,
        ADD,
        &[("name", "store 4w"), ("room", "3W-12")],
    );
    let taken = tech.send_form(ADD, &name).await;
    assert_eq!(taken.status, 422);
    has(&taken, "store 4w is a place that is no longer used.");
    assert!(taken.attributes("main a", "href").contains(&edit));
    let page = tech.page(&edit).await;
    let mut fields = filled(&page, &edit, &[]);
    assert!(fields.contains(&("retired".to_owned(), "1".to_owned())));
    fields.retain(|(name, _)| name != "retired");
    let again = tech.follow(tech.send_form(&edit, &fields).await).await;
    assert_eq!(again.h1(), "Store 4W");
    has(&tech.page("/supplies").await, "Store 4W");
    assert_eq!(
        text(
            &mut conn,
            &format!("SELECT string_agg(action, ',' ORDER BY id) FROM audit_log WHERE subject = 'stock_place:{place}'")
        )
        .await,
        "stock_place.changed,stock_place.retired,stock_place.changed"
    );
}
