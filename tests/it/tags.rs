//! Tags through the pages: a scan puts one on, moves it only when a person says so (R1), and the consumer notices.

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::ingest::rig::{Batch, SOON, on_stage, wait_until};
use crate::pages::{has, has_not, served};
use crate::register::{count, filled, key, text};
use crate::support::{Actor, Html, TestApp};

/// Scans a tag on the page of a device.
async fn scan(actor: &Actor, asset: i64, tag: &str, more: &[(&str, &str)]) -> Html {
    let action = format!("/assets/{asset}/tag-on");
    let typed: Vec<(&str, &str)> = [("scan", tag)].iter().chain(more).copied().collect();
    actor
        .fill(&format!("/assets/{asset}"), &action, &typed)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_tag_goes_on_with_one_scan_in_any_notation() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    // mac:AC233F000004 is registered and on nothing.
    let page = biomed
        .follow(scan(&biomed, hospital.never, "ac-23-3f-00-00-04\n", &[]).await)
        .await;
    has(&page, "mac:AC233F000004 is on IP-0500 now.");
    has(&page, "Tag put on");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE asset_id = 80004 AND ended_at IS NULL"
        )
        .await,
        1
    );
    assert_eq!(
        text(
            &mut conn,
            "SELECT string_agg(action, ' ') FROM audit_log WHERE subject = 'asset:80004'"
        )
        .await,
        "tag.put_on"
    );
    let again = scan(&biomed, hospital.never, "mac:AC233F000004", &[]).await;
    assert_eq!(again.status, 409);
    has(&again, "mac:AC233F000004 is on IP-0500 already.");
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_the_label_of_a_supply_item_goes_on_no_device_and_is_not_among_the_tags() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    conn.batch_execute(
        "INSERT INTO item (item_number, name) VALUES ('1', 'Stent');
         INSERT INTO lot (item_id, first_received_at) SELECT id, now() FROM item;
         INSERT INTO tag (tag_key, technology) VALUES ('epc:AA01', 'rfid');
         INSERT INTO unit_tag (tag_id, item_id, lot_id) SELECT t.id, l.item_id, l.id FROM tag t, lot l WHERE t.tag_key = 'epc:AA01'",
    )
    .await
    .unwrap();
    let page = scan(&biomed, hospital.never, "epc:AA01", &[]).await;
    assert_eq!(page.status, 409);
    has(&page, "epc:AA01 is the label of a supply item");
    let list = biomed.page("/equipment/tags").await;
    has(&list, "mac:AC233F000004");
    has_not(&list, "epc:AA01");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tag_is_registered_there_and_then() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let action = format!("/assets/{}/tag-on", hospital.never);
    let ask = scan(&biomed, hospital.never, "ac233f0000ff", &[]).await;
    assert_eq!(ask.status, 422);
    assert_eq!(ask.h1(), "mac:AC233F0000FF is a new tag");
    assert_eq!(ask.attribute("#interval", "value").as_deref(), Some("2"));
    assert_eq!(count(&mut conn, "SELECT count(*) FROM tag").await, 5);
    let wrong = biomed
        .send_form(&action, &filled(&ask, &action, &[("interval", "0")]))
        .await;
    assert_eq!(wrong.status, 422);
    has(&wrong, "whole number of seconds between 1 and 86400");
    let done = biomed
        .send_form(&action, &filled(&wrong, &action, &[("interval", "5")]))
        .await;
    has(
        &biomed.follow(done).await,
        "mac:AC233F0000FF is on IP-0500 now.",
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT expected_interval_ms FROM tag WHERE tag_key = 'mac:AC233F0000FF'"
        )
        .await,
        5_000
    );
    // A passive one besides it: nothing is asked but whether it is meant.
    let ask = scan(
        &biomed,
        hospital.never,
        "epc:e2801160600002061234ffff",
        &[("replace", "")],
    )
    .await;
    assert!(ask.attribute("#interval", "value").is_none());
    let done = biomed.send_form(&action, &filled(&ask, &action, &[])).await;
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE asset_id = 80004 AND ended_at IS NULL"
        )
        .await,
        2
    );
    // The label of a device is no tag.
    let label = scan(&biomed, hospital.never, "IP-0417", &[]).await;
    assert_eq!(label.status, 422);
    has(&label, "is no key of a tag");
    assert_eq!(
        label.attribute("#scan", "value").as_deref(),
        Some("IP-0417")
    );
    for odd in ["", "   ", "mac:AC233F", "\u{202e}مضخة", &"7".repeat(5_000)] {
        assert_eq!(
            scan(&biomed, hospital.never, odd, &[]).await.status,
            422,
            "{odd:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_a_tag_on_another_device_moves_only_in_a_second_step() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let action = format!("/assets/{}/tag-on", hospital.never);
    let ask = scan(&biomed, hospital.never, "mac:AC233F000001", &[]).await;
    assert_eq!(ask.status, 409);
    assert_eq!(ask.h1(), "mac:AC233F000001 is on IP-0417");
    has(&ask, "Move it here, to IP-0500?");
    assert_eq!(
        count(
            &mut conn,
            "SELECT asset_id FROM tag_assignment WHERE tag_id = 90001 AND ended_at IS NULL"
        )
        .await,
        hospital.likely
    );
    let done = biomed.send_form(&action, &filled(&ask, &action, &[])).await;
    let page = biomed.follow(done).await;
    has(
        &page,
        "mac:AC233F000001 is on IP-0500 now. It is no longer on IP-0417.",
    );
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE tag_id = 90001"
        )
        .await,
        2
    );
    let other = biomed.page(&format!("/assets/{}", hospital.likely)).await;
    has(&other, "Tag taken off");
    has(&other, "Tags that were on it");
    let tag = biomed.page("/equipment/tags/90001").await;
    assert_eq!(tag.all("ol.rows a"), ["IP-0500", "IP-0417"]);
    // Taken off again, once; the page that is old now says so.
    let off = format!("/assets/{}/tag-off", hospital.never);
    let form = filled(&tag, &off, &[]);
    assert_eq!(biomed.send_form(&off, &form).await.status, 303);
    assert_eq!(
        biomed.send_form(&off, &form).await.status,
        303,
        "a double tap"
    );
    let late = biomed
        .post(&off, &[("key", &key()), ("tag", "90001")])
        .await;
    assert_eq!(late.status, 409);
    has(
        &biomed.page("/equipment/tags?free=1").await,
        "mac:AC233F000001",
    );
    let put = "/equipment/tags/90001/put-on";
    let nowhere = biomed
        .fill("/equipment/tags/90001", put, &[("number", "IP-9999")])
        .await;
    assert_eq!(nowhere.status, 422);
    has(&nowhere, "There is no device with the number IP-9999.");
    let back = biomed
        .fill("/equipment/tags/90001", put, &[("number", "ip-0417")])
        .await;
    has(
        &biomed.follow(back).await,
        "mac:AC233F000001 is on IP-0417 now.",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn swapping_a_tag_ends_the_former_assignment() {
    let (app, hospital, mut conn) = served().await;
    let biomed = app.biomed().await;
    let page = biomed
        .follow(scan(&biomed, hospital.likely, "mac:AC233F000004", &[]).await)
        .await;
    has(
        &page,
        "mac:AC233F000004 is on IP-0417 now. mac:AC233F000001 came off.",
    );
    assert_eq!(
        text(
            &mut conn,
            "SELECT string_agg(act, ' ' ORDER BY id) FROM asset_event WHERE asset_id = 80001"
        )
        .await,
        "tag_off tag_on"
    );
    let list = biomed.page("/equipment/tags?text=IP-0417").await;
    assert_eq!(list.all("tbody th"), ["mac:AC233F000004"]);
    let stale = biomed
        .post(
            "/assets/80001/tag-on",
            &[
                ("key", &key()),
                ("scan", "mac:AC233F000001"),
                ("replace", "90001"),
            ],
        )
        .await;
    assert_eq!(stale.status, 409);
    has(&stale, "is not on the device any more");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE asset_id = 80001 AND ended_at IS NULL"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_of_two_people_with_one_tag_one_is_told_where_it_is() {
    let (app, hospital, mut conn) = served().await;
    let (biomed, admin) = (app.biomed().await, app.admin().await);
    for (n, tag) in ["mac:AC233F000004", "mac:AC233F0000EE"]
        .into_iter()
        .enumerate()
    {
        biomed.page("/").await;
        admin.page("/").await;
        let register = [("register", "1"), ("interval", "2"), ("scan", tag)];
        let (one_key, two_key) = (key(), key());
        let with = |key: &'static str| [register.to_vec(), vec![("key", key)]].concat();
        let (one_key, two_key): (&'static str, &'static str) = (one_key.leak(), two_key.leak());
        let never = format!("/assets/{}/tag-on", hospital.never);
        let (mine, theirs) = (with(one_key), with(two_key));
        let (one, two) = tokio::join!(
            biomed.post(&never, &mine),
            admin.post("/assets/80006/tag-on", &theirs)
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{tag}: {} {}", one.text(), two.text());
        has(if one.status == 409 { &one } else { &two }, "Move it here");
        let open = format!(
            "SELECT count(*) FROM tag_assignment ta JOIN tag t ON t.id = ta.tag_id WHERE t.tag_key = '{tag}' AND ended_at IS NULL"
        );
        assert_eq!(count(&mut conn, &open).await, 1, "{n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_device_takes_no_tag_and_nurses_take_none_off() {
    let (app, hospital, mut conn) = served().await;
    let (biomed, nurse) = (app.biomed().await, app.nurse().await);
    let page = biomed.page(&format!("/assets/{}", hospital.never)).await;
    let action = format!("/assets/{}/tag-on", hospital.never);
    let form = filled(&page, &action, &[("scan", "mac:AC233F000004")]);
    diesel::sql_query("UPDATE asset SET status = 'retired' WHERE id = 80004")
        .execute(&mut conn)
        .await
        .unwrap();
    let late = biomed.send_form(&action, &form).await;
    assert_eq!(late.status, 409);
    has(&late, "IP-0500 is retired and takes no tag.");
    nurse.page("/").await;
    let off = nurse
        .post(
            "/assets/80001/tag-off",
            &[("key", &key()), ("tag", "90001")],
        )
        .await;
    assert_eq!(off.status, 403);
    assert_eq!(nurse.page("/equipment/tags").await.status, 200);
    has_not(&nurse.page("/equipment/tags/90001").await, "Take off");
    assert_eq!(biomed.page("/equipment/tags/999").await.status, 404);
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM tag_assignment WHERE ended_at IS NOT NULL"
        )
        .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_added_with_its_device_is_asked_about_and_then_on_it() {
    let (app, _, mut conn) = served().await;
    let biomed = app.biomed().await;
    let add = "/equipment/add";
    let typed = [
        ("number", "IP-0905"),
        ("type", "60001"),
        ("tag", "AC:23:3F:00:00:04"),
    ];
    let page = biomed.follow(biomed.fill(add, add, &typed).await).await;
    has(
        &page,
        "IP-0905 is in the register. mac:AC233F000004 is on IP-0905 now.",
    );
    let typed = [
        ("number", "IP-0906"),
        ("type", "60001"),
        ("tag", "AC:23:3F:00:00:05"),
    ];
    let ask = biomed.fill(add, add, &typed).await;
    assert_eq!(ask.h1(), "mac:AC233F000005 is a new tag");
    let action = format!(
        "/assets/{}/tag-on",
        count(
            &mut conn,
            "SELECT id FROM asset WHERE asset_number = 'IP-0906'"
        )
        .await
    );
    let done = biomed.send_form(&action, &filled(&ask, &action, &[])).await;
    has(
        &biomed.follow(done).await,
        "mac:AC233F000005 is on IP-0906 now.",
    );
}

/// Sightings of tag `n` at reader `reader` for half a minute, strong enough to decide the room.
fn half_minute(now_ms: i64, n: usize) -> Batch {
    (0..15).fold(Batch::new(now_ms), |batch, second| {
        batch.heard(n, 30_000 - second * 2_000, -50)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_consumer_places_a_device_by_its_new_tag_though_the_tag_stays_where_it_is() {
    on_stage(async |rig| {
        rig.start().await;
        let place_of = |number: &str| {
            format!("SELECT coalesce((SELECT p.room_id FROM asset_place p JOIN asset a ON a.id = p.asset_id WHERE a.asset_number = '{number}'), 0) AS n")
        };
        let first = rig.text("SELECT a.asset_number AS t FROM tag_assignment ta JOIN asset a ON a.id = ta.asset_id JOIN tag t ON t.id = ta.tag_id ORDER BY t.tag_key LIMIT 1").await;
        rig.publish(0, &[half_minute(rig.now_ms(), 0).body()]).await;
        wait_until("the first device has a place", SOON, async || rig.number(&place_of(&first)).await > 0).await;
        let room = rig.number(&place_of(&first)).await;

        let pages = TestApp::on(&rig.stage.db_url, |_| {});
        let admin = pages.admin().await;
        let type_id = rig.number("SELECT min(id) AS n FROM asset_type").await.to_string();
        let add = "/equipment/add";
        let typed = [("number", "NEW-1"), ("type", type_id.as_str()), ("tag", "mac:AC233F000000")];
        let ask = admin.fill(add, add, &typed).await;
        assert_eq!(ask.status, 409, "{}", ask.text());
        let id = rig.number("SELECT id AS n FROM asset WHERE asset_number = 'NEW-1'").await;
        let action = format!("/assets/{id}/tag-on");
        let moved = admin.send_form(&action, &filled(&ask, &action, &[])).await;
        assert_eq!(moved.status, 303, "{}", moved.text());
        assert_eq!(rig.number(&place_of("NEW-1")).await, 0);

        rig.publish(0, &[half_minute(rig.now_ms() + 31_000, 0).body()]).await;
        wait_until("the new device has the place of its tag", SOON, async || {
            rig.number(&place_of("NEW-1")).await == room
        })
        .await;
    })
    .await;
}
