//! The work list of orders as a supply technician uses it.

use chrono::TimeDelta;
use wardtrack::ids::OrderLineId;

use super::world::{Restock, Shelf, Ward, insert};
use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

const RESTOCK: Restock = Restock {
    reorder_point: 60,
    par: 120,
    pack: 50,
    two_bins: false,
};

impl Actor {
    async fn on_line(&self, act: &str, line: i64, more: &[(&str, &str)]) -> Html {
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
