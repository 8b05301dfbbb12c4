//! A scan that is not booked at once is sent again by the page's own forms: nothing that was typed or said yes to is lost.

use diesel_async::SimpleAsyncConnection;

use super::scan::{GTIN, level, shelf, sound};
use super::world::{Ward, check};
use crate::acts::count;
use crate::pages::{has, served};
use crate::support::Html;

const RECEIVE: &str = "/scan/receive";

/// The field for the scanner as the page has it, with some of it typed.
fn typed(page: &Html, texts: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = page.form("form[data-scan]");
    for (name, value) in texts {
        let field = fields.iter_mut().find(|(field, _)| field == name);
        (*value).clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).1);
    }
    fields
}

/// What stands beside the code: quantity, lot and day.
fn beside(page: &Html) -> [String; 3] {
    ["#scan-n", "#scan-lot", "#scan-day"]
        .map(|field| page.attribute(field, "value").unwrap_or_default())
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let field = fields.iter().find(|(field, _)| field == name);
    field.map(|(_, value)| value.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn r18_expired_pieces_with_a_typed_lot_are_kept_apart_and_labelled() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let tech = app.supply_tech().await;
    let page = tech.page(&format!("{RECEIVE}?place={place}")).await;
    let old = [
        ("code", GTIN),
        ("quantity", "2"),
        ("lot_number", "L1"),
        ("expires_on", "2020-01-31"),
    ];
    let refused = tech.send_form(RECEIVE, &typed(&page, &old)).await;
    assert_eq!(refused.status, 422);
    has(&refused, "Keep apart in quarantine");
    assert_eq!(beside(&refused), ["2", "L1", "2020-01-31"], "it stays");
    // Exactly what the button of the page sends.
    let apart = tech.send_form(RECEIVE, &refused.form("#offer")).await;
    assert_eq!(apart.status, 303, "{}", apart.body);
    assert_eq!(level(&mut conn, item).await, 20);
    let kept_apart = format!(
        "SELECT coalesce(sum(on_hand), 0) FROM stock_level l JOIN lot ON lot.id = l.lot_id
         WHERE l.item_id = {item} AND lot_number = 'L1' AND expires_on = '2020-01-31' AND state = 'quarantined'"
    );
    assert_eq!(count(&mut conn, &kept_apart).await, 20);
    let unlabelled = format!("SELECT count(*) FROM lot WHERE item_id = {item} AND lot_number = ''");
    assert_eq!(count(&mut conn, &unlabelled).await, 0);
    check(&mut conn, item, app.app.clock.now(), "kept apart").await;
    // Booked: the next scan starts anew.
    let page = tech.page(apart.header("location").unwrap()).await;
    assert_eq!(beside(&page), ["1", "", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_that_follow_one_another_keep_every_yes_and_come_to_an_end() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let tech = app.supply_tech().await;
    let here = format!("{RECEIVE}?place={place}");
    let page = tech.page(&here).await;
    conn.batch_execute(&format!(
        "WITH o AS (INSERT INTO supply_order (sent_at, sent_by, form_key) SELECT now(), min(id), gen_random_uuid() FROM app_user RETURNING id)
         UPDATE order_line SET state = 'sent', quantity_ordered = 10, approved_at = now(), approved_by = (SELECT min(id) FROM app_user),
            supply_order_id = (SELECT id FROM o) WHERE item_id = {item} AND stock_place_id = {place}"
    ))
    .await
    .unwrap();
    // A lot that looks as if it held its day too, three boxes where one was ordered, and past the day that was typed.
    let odd = "010400638133393110A717280630";
    let all = [
        ("code", odd),
        ("quantity", "3"),
        ("expires_on", "2020-01-31"),
    ];
    let mut answer = tech.send_form(RECEIVE, &typed(&page, &all)).await;
    let mut pressed = Vec::new();
    while answer.status == 422 {
        assert!(pressed.len() < 3, "it goes on for ever: {pressed:?}");
        pressed.push(answer.all("#offer button").join(" "));
        assert_eq!(beside(&answer), ["3", "", "2020-01-31"]);
        answer = tech.send_form(RECEIVE, &answer.form("#offer")).await;
    }
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(
        pressed,
        [
            "Take this lot all the same",
            "Keep apart in quarantine",
            "More came: book them all"
        ]
    );
    let booked = format!(
        "SELECT coalesce(sum(on_hand), 0) FROM stock_level l JOIN lot ON lot.id = l.lot_id
         WHERE l.item_id = {item} AND lot_number = 'A717280630' AND expires_on = '2020-01-31' AND state = 'quarantined'"
    );
    assert_eq!(count(&mut conn, &booked).await, 30);
    let line = format!("SELECT sum(quantity_received) FROM order_line WHERE item_id = {item}");
    assert_eq!(count(&mut conn, &line).await, 30);
    // The same at an issue, where the second offer asks for a reason: an odd lot, and another one expires first.
    let page = tech.page(&here).await;
    let first = [
        ("code", "(01)04006381333931(17)700131(10)FIRST"),
        ("quantity", "1"),
    ];
    let came = tech.send_form(RECEIVE, &typed(&page, &first)).await;
    let came = match came.status {
        422 => tech.send_form(RECEIVE, &came.form("#offer")).await,
        _ => came,
    };
    assert_eq!(came.status, 303, "{}", came.body);
    let other = "010400638133393110B717280630";
    let page = tech.page(&here).await;
    let mut came = tech
        .send_form(RECEIVE, &typed(&page, &[("code", other)]))
        .await;
    for _ in 0..2 {
        assert_eq!(came.status, 422, "an odd lot, and more than was ordered");
        came = tech.send_form(RECEIVE, &came.form("#offer")).await;
    }
    assert_eq!(came.status, 303, "{}", came.body);
    assert_eq!(level(&mut conn, item).await, 50);
    let page = tech.page(&format!("/scan/issue?place={place}")).await;
    let fields = typed(&page, &[("code", other)]);
    let one = tech.send_form("/scan/issue", &fields).await;
    has(&one, "looks as if it held the use-by date too");
    let two = tech.send_form("/scan/issue", &one.form("#offer")).await;
    has(&two, "Another lot expires first.");
    let mut offer = two.form("#offer");
    assert_eq!(value(&offer, "override"), Some("1"));
    // A reason that is too long is refused, and stands there to be made shorter.
    let long = "x".repeat(201);
    for (why, status) in [(long.as_str(), 422), ("the other box is torn", 303)] {
        let note = offer.iter_mut().find(|(name, _)| name == "note").unwrap();
        why.clone_into(&mut note.1);
        let answer = tech.send_form("/scan/issue", &offer).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 422 {
            offer = answer.form("#offer");
            assert_eq!(value(&offer, "note"), Some(why));
        }
    }
    assert_eq!(level(&mut conn, item).await, 40);
    let noted =
        "SELECT count(*) FROM stock_move WHERE reason = 'issue' AND note = 'the other box is torn'";
    assert_eq!(count(&mut conn, noted).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_miss_what_was_typed_stands_there_still() {
    let (app, hospital, mut conn) = served().await;
    let ward = Ward::of(&hospital, &mut conn).await;
    let shelf = shelf(&mut conn, ward, false).await;
    let (item, place) = (shelf.stock.item_id, shelf.stock.stock_place_id.0);
    let tech = app.supply_tech().await;
    let page = tech.page(&format!("{RECEIVE}?place={place}")).await;
    // Twelve boxes, and a label that cannot be read.
    let damaged = [
        ("code", "4006381333932"),
        ("quantity", "12"),
        ("lot_number", "L4"),
        ("expires_on", "2070-01-31"),
    ];
    let miss = tech.send_form(RECEIVE, &typed(&page, &damaged)).await;
    assert_eq!(sound(&miss).as_deref(), Some("miss"));
    assert_eq!(beside(&miss), ["12", "L4", "2070-01-31"]);
    // The label of another box of them.
    let again = typed(&miss, &[("code", GTIN)]);
    let hit = tech.send_form(RECEIVE, &again).await;
    assert_eq!(hit.status, 303, "{}", hit.body);
    let booked = format!(
        "SELECT sum(on_hand) FROM stock_level l JOIN lot ON lot.id = l.lot_id WHERE l.item_id = {item} AND lot_number = 'L4'"
    );
    assert_eq!(count(&mut conn, &booked).await, 120);
    let page = tech.page(hit.header("location").unwrap()).await;
    assert_eq!(beside(&page), ["1", "", ""]);
    // The same form again was booked: nothing of it stays.
    let known = tech.send_form(RECEIVE, &again).await;
    assert_eq!(sound(&known).as_deref(), Some("duplicate"));
    assert_eq!(beside(&known), ["1", "", ""]);
    // A quantity that does not fit stands there to be put right.
    let unfit = typed(&page, &[("code", GTIN), ("quantity", "1.5")]);
    let unfit = tech.send_form(RECEIVE, &unfit).await;
    assert_eq!((unfit.status, beside(&unfit)[0].as_str()), (422, "1.5"));
    // Who refills goes on refilling: the next scan empties no bin.
    let page = tech
        .page(&format!("/scan/bins?place={place}&mode=full"))
        .await;
    let fields = [
        ("code", "A-01"),
        ("lot_number", "L5"),
        ("expires_on", "31.1.2070"),
    ];
    let unfit = tech.send_form("/scan/bins", &typed(&page, &fields)).await;
    assert_eq!(unfit.status, 422);
    let next = unfit.form("form[data-scan]");
    assert_eq!(value(&next, "mode"), Some("full"));
    assert_eq!(value(&next, "lot_number"), Some("L5"));
}
