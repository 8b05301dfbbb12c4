//! Items, packs, codes and where they are held, as a supply technician keeps them one by one.

use diesel_async::SimpleAsyncConnection;

use super::world::{Restock, Shelf, Ward, check, insert};
use crate::acts::key;
use crate::pages::{has, has_not, served};
use crate::register::{count, filled, text};

const ADD: &str = "/supplies/items/add";

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_added_once_with_packs_and_codes_and_held_at_a_place_until_it_is_ended() {
    let (app, hospital, mut conn) = served().await;
    let now = app.app.clock.now();
    let ward = Ward::of(&hospital, &mut conn).await;
    let nothing = Restock {
        reorder_point: 0,
        par: 0,
        pack: 1,
        two_bins: false,
    };
    let shelf = Shelf::new(&mut conn, ward, "swab", nothing, now).await;
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    assert_eq!(nurse.page(ADD).await.status, 403);
    has_not(&nurse.page("/supplies").await, "Add an item");
    has(&tech.page("/supplies").await, "Add an item");
    let page = tech.page(ADD).await;
    // What is wrong is named with its field, and what was typed stays.
    for (field, value, words) in [
        ("number", "", "Number: it is needed."),
        ("number", "SWAB", "Number: SWAB is there already."),
        ("name", "", "Name: it is needed."),
        ("unit", "", "Counted in: it is needed."),
        ("class", "d", "d is none of the choices"),
        (
            "holding_cost",
            "0",
            "Cost to hold one for a year: 0 does not fit.",
        ),
        ("holding_cost", "1000000000000", "does not fit"),
        ("name", &"x".repeat(121), "Give at most 120 characters."),
    ] {
        let good = [
            ("number", "T-1"),
            ("name", "Tape"),
            ("supplier", "Medline"),
            ("holding_cost", "0.5"),
            (field, value),
        ];
        let answer = tech.send_form(ADD, &filled(&page, ADD, &good)).await;
        assert_eq!(answer.status, 422, "{field}: {value}");
        has(&answer, words);
        if field != "class" {
            let kept = answer.attribute(&format!("#{field}"), "value");
            assert_eq!(kept.as_deref(), Some(value), "{field}");
        }
    }
    assert_eq!(count(&mut conn, "SELECT count(*) FROM item").await, 1);
    let good = [
        ("number", "T-1"),
        ("name", "Tape"),
        ("supplier", "Medline"),
        ("holding_cost", "0.5"),
    ];
    let fields = filled(&page, ADD, &good);
    let edit = tech.follow(tech.send_form(ADD, &fields).await).await;
    assert_eq!(edit.h1(), "Change Tape");
    assert_eq!(
        tech.send_form(ADD, &fields).await.status,
        303,
        "the same button again"
    );
    let item = insert(&mut conn, "SELECT id FROM item WHERE item_number = 'T-1'").await;
    let parts = format!("/supplies/items/{item}/parts");
    // Packs and codes.
    let send = async |fields: &[(&str, &str)]| {
        let key = key();
        let mut all = vec![("key", key.as_str())];
        all.extend(fields);
        tech.post(&parts, &all).await
    };
    for (fields, words) in [
        (
            [("act", "add_pack"), ("pack", "box"), ("pack_units", "1")],
            "1 does not fit",
        ),
        (
            [("act", "add_pack"), ("pack", "box"), ("pack_units", "1.5")],
            "1.5 does not fit",
        ),
        (
            [("act", "add_pack"), ("pack", ""), ("pack_units", "50")],
            "Name of the pack: it is needed.",
        ),
        (
            [
                ("act", "add_code"),
                ("code", "9506000134353"),
                ("pack_id", ""),
            ],
            "would have to be 2",
        ),
        (
            [("act", "add_code"), ("code", ""), ("pack_id", "")],
            "Code: it is needed.",
        ),
    ] {
        let answer = send(&fields).await;
        assert_eq!(answer.status, 422, "{words}");
        has(&answer, words);
    }
    let box_of_50 = [
        ("act", "add_pack"),
        ("pack", "box"),
        ("pack_units", "50"),
        ("ordered", "1"),
    ];
    assert_eq!(send(&box_of_50).await.status, 303);
    assert_eq!(
        send(&box_of_50).await.status,
        422,
        "there is one of that name"
    );
    let pack = insert(&mut conn, "SELECT id FROM item_pack")
        .await
        .to_string();
    assert_eq!(
        send(&[
            ("act", "add_code"),
            ("code", "9506000134352"),
            ("pack_id", &pack)
        ])
        .await
        .status,
        303
    );
    // A code of a box with a wrong check digit: put right, it is on the box still.
    let wrong = send(&[
        ("act", "add_code"),
        ("code", "9506000134353"),
        ("pack_id", &pack),
    ])
    .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.attribute("#pack_id option[selected]", "value"),
        Some(pack.clone())
    );
    let wrong = send(&[
        ("act", "add_pack"),
        ("pack", "crate"),
        ("pack_units", "1"),
        ("ordered", "1"),
    ])
    .await;
    assert!(wrong.attribute("#ordered[checked]", "value").is_some());
    let answer = send(&[("act", "remove_pack"), ("pack_id", &pack)]).await;
    assert_eq!(answer.status, 422);
    has(&answer, "Pack box: a code is on it.");
    let other = format!("/supplies/items/{}/parts", shelf.stock.item_id);
    let answer = tech
        .post(
            &other,
            &[
                ("key", &key()),
                ("act", "add_code"),
                ("code", "09506000134352"),
            ],
        )
        .await;
    assert_eq!(answer.status, 422);
    has(&answer, "item T-1 has 09506000134352 already");
    has(&tech.page("/supplies?q=9506000134352").await, "Tape");
    // Held at a place: by its name in any case, in a bin that is made.
    let hold = format!("/supplies/items/{item}/hold");
    for (place, bin, second, words) in [
        ("Nowhere", "A-09", "", "there is none with the name Nowhere"),
        ("store swab", "", "", "Bin: it is needed."),
        (
            "store swab",
            "A-09",
            "A-09",
            "Two bins need labels of their own.",
        ),
    ] {
        let answer = tech
            .fill(
                &hold,
                &hold,
                &[("place", place), ("bin", bin), ("second_bin", second)],
            )
            .await;
        assert_eq!(answer.status, 422, "{words}");
        has(&answer, words);
    }
    let answer = tech
        .fill(
            &hold,
            &hold,
            &[("place", "store swab"), ("bin", "A-09"), ("second_bin", "")],
        )
        .await;
    let here = tech.follow(answer).await;
    has(&here, "It is held there now.");
    has(&here, "No use is known");
    let kept = format!(
        "SELECT concat_ws(',', reorder_point, par, pack_units) FROM stocking WHERE item_id = {item}"
    );
    assert_eq!(text(&mut conn, &kept).await, "0,0,50");
    check(&mut conn, wardtrack::ids::ItemId(item), now, "held").await;
    // A pack that is ordered is followed at once.
    assert_eq!(
        send(&[("act", "order_pack"), ("pack_id", "")]).await.status,
        303
    );
    assert_eq!(text(&mut conn, &kept).await, "0,0,1");
    // Retiring, another unit and ending are refused while something hangs on it.
    let path = format!("/supplies/items/{item}/edit");
    let page = tech.page(&path).await;
    let answer = tech
        .send_form(&path, &filled(&page, &path, &[("retired", "1")]))
        .await;
    assert_eq!(answer.status, 422);
    has(&answer, "places that should hold it: 1.");
    let place = shelf.stock.stock_place_id;
    conn.batch_execute(&format!(
        "INSERT INTO lot (item_id, first_received_at) VALUES ({item}, now());
         INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
         SELECT 'count', {item}, l.id, s.bin_id, s.stock_place_id, 7, now(), now() FROM stocking s JOIN lot l USING (item_id) WHERE s.item_id = {item}"
    ))
    .await
    .unwrap();
    let answer = tech
        .send_form(&path, &filled(&page, &path, &[("unit", "roll")]))
        .await;
    assert_eq!(answer.status, 422);
    has(&answer, "something was booked in each already");
    let (id, bins_page) = (place.to_string(), format!("{hold}?place={place}"));
    assert_eq!(
        tech.page(&bins_page)
            .await
            .attribute("#bin", "value")
            .as_deref(),
        Some("A-09")
    );
    let end = |key: String| {
        vec![
            ("key".to_owned(), key),
            ("act".to_owned(), "end".to_owned()),
            ("place_id".to_owned(), id.clone()),
        ]
    };
    let answer = tech.send_form(&hold, &end(key())).await;
    assert_eq!(answer.status, 422);
    has(&answer, "The place holds 7 of it.");
    conn.batch_execute(&format!(
        "INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
         SELECT 'write_off', item_id, lot_id, bin_id, stock_place_id, -7, now(), now() FROM stock_move WHERE item_id = {item}"
    ))
    .await
    .unwrap();
    let once = end(key());
    let page = tech.follow(tech.send_form(&hold, &once).await).await;
    has(&page, "It is held there no longer.");
    assert_eq!(
        tech.send_form(&hold, &once).await.status,
        303,
        "the same button again"
    );
    assert_eq!(
        count(
            &mut conn,
            &format!("SELECT count(*) FROM stocking WHERE item_id = {item}")
        )
        .await,
        0
    );
    let open = format!(
        "SELECT (SELECT count(*) FROM order_line WHERE item_id = {item} AND ended_at IS NULL) + (SELECT count(*) FROM alert WHERE item_id = {item} AND is_active)"
    );
    assert_eq!(count(&mut conn, &open).await, 0, "nothing is left open");
    assert_eq!(
        tech.send_form(&hold, &end(key())).await.status,
        409,
        "it is not held there"
    );
    // Now it can be retired, and is then held nowhere.
    let page = tech.page(&path).await;
    let fields = filled(&page, &path, &[("retired", "1")]);
    let done = tech.follow(tech.send_form(&path, &fields).await).await;
    has(&done, "This item is no longer used.");
    let stale = filled(&page, &path, &[("name", "Tape, wide"), ("key", &key())]);
    let answer = tech.send_form(&path, &stale).await;
    assert_eq!(answer.status, 409, "the form is of before");
    assert_eq!(
        answer.attribute("#name", "value").as_deref(),
        Some("Tape, wide")
    );
    let answer = tech
        .fill(&hold, &hold, &[("place", "store swab"), ("bin", "A-09")])
        .await;
    has(&answer, "the item is no longer used");
    let audited = format!(
        "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_log WHERE subject = 'item:{item}'"
    );
    assert_eq!(
        text(&mut conn, &audited).await,
        "item.added item.pack_added item.code_added item.held item.pack_ordered item.no_longer_held item.changed"
    );
    for path in [
        "/supplies/items/999999/edit",
        "/supplies/items/999999/hold",
        "/supplies/suppliers/999999",
    ] {
        assert_eq!(tech.page(path).await.status, 404, "{path}");
        assert_eq!(nurse.page(path).await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_and_cost_of_a_supplier_are_changed_once_and_followed() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute("INSERT INTO supplier (name) VALUES ('Medline'), ('Other')")
        .await
        .unwrap();
    let id = insert(&mut conn, "SELECT min(id) AS id FROM supplier").await;
    let path = format!("/supplies/suppliers/{id}");
    let tech = app.supply_tech().await;
    let page = tech.page(&path).await;
    assert_eq!(page.h1(), "Supplier Medline");
    for (field, value, words) in [
        ("lead", "", "Days from order to delivery:"),
        ("lead", "-1", "-1 does not fit"),
        ("lead", "366", "366 does not fit"),
        ("lead_deviation", "x", "x does not fit"),
        ("order_cost", "0", "Cost of one order: 0 does not fit."),
        ("name", "other", "Name: other is there already."),
    ] {
        let answer = tech
            .send_form(&path, &filled(&page, &path, &[(field, value)]))
            .await;
        assert_eq!(answer.status, 422, "{field}: {value}");
        has(&answer, words.trim_start());
    }
    let fields = filled(&page, &path, &[("lead", "2.5"), ("order_cost", "12.5")]);
    has(
        &tech.follow(tech.send_form(&path, &fields).await).await,
        "Saved.",
    );
    assert_eq!(
        tech.send_form(&path, &fields).await.status,
        303,
        "the same button again"
    );
    let late = filled(&page, &path, &[("lead", "9"), ("key", &key())]);
    assert_eq!(tech.send_form(&path, &late).await.status, 409);
    assert_eq!(
        text(
            &mut conn,
            &format!("SELECT concat_ws(',', lead_days, order_cost) FROM supplier WHERE id = {id}")
        )
        .await,
        "2.5,12.5"
    );
    assert_eq!(
        count(
            &mut conn,
            &format!("SELECT count(*) FROM stock_rule_due WHERE supplier_id = {id}")
        )
        .await,
        1,
        "what is computed from it is to follow"
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM audit_log WHERE action = 'supplier.changed'"
        )
        .await,
        1
    );
}
