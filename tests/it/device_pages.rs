//! The pages about devices and the system, as the people who look after them use them.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;

use crate::pages::{has, has_not, served};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn s38_only_an_administrator_lets_a_reader_in_and_it_is_recorded() {
    let (app, hospital, _) = served().await;
    assert_eq!(app.nurse().await.page("/readers").await.status, 403);
    let biomed = app.biomed().await;
    let page = biomed.page("/readers").await;
    assert_eq!(
        page.all("tbody th .code"),
        ["new-1", "3w-14-a", "3w-12-a", "old-1"]
    );
    assert_eq!(
        page.all("tbody .chip"),
        ["Waiting", "Silent", "In use", "Turned off"]
    );
    has(
        &page,
        "2 in use, 1 of them silent; 1 waiting for approval, 1 turned off.",
    );
    has(&page, "Tags that are not ours were heard 1,234 times");
    assert!(page.all("tbody button").is_empty(), "biomed may look only");
    let path = format!("/readers/{}/approve", hospital.waiting);
    assert_eq!(biomed.post(&path, &[]).await.status, 403);

    let admin = app.admin().await;
    let page = admin.page("/readers").await;
    assert_eq!(page.all("tbody button"), ["Approve new-1"]);
    assert_eq!(admin.post(&path, &[]).await.status, 303);
    let after = admin.page("/readers").await;
    has(&after, "Reader new-1 is in use from now on.");
    assert!(after.all("tbody button").is_empty());
    admin.post(&path, &[]).await;
    has(
        &admin.page("/readers").await,
        "Reader new-1 was not waiting any more.",
    );
    assert_eq!(admin.post("/readers/1/approve", &[]).await.status, 404);
    assert_eq!(
        count_audit(&app, "reader.approved", "reader:new-1").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn quarantine_shows_why_and_sends_a_message_again_once() {
    let (app, hospital, _) = served().await;
    assert_eq!(app.biomed().await.page("/quarantine").await.status, 403);
    let admin = app.admin().await;
    let page = admin.page("/quarantine").await;
    assert_eq!(page.all("tbody th a"), ["Not JSON", "From the future"]);
    has(&page, "wardtrack does not know this reason");
    has(&page, "In the last 24 hours: 2");
    assert_eq!(
        admin
            .page("/quarantine?reason=not_json")
            .await
            .all("tbody th a"),
        ["Not JSON"]
    );
    has(
        &admin.page("/quarantine?reason=nothing%00").await,
        "In the last 24 hours",
    );
    has(
        &admin.page("/quarantine?reason=too_deep").await,
        "Nothing with this reason is in quarantine.",
    );

    let path = format!("/quarantine/{}", hospital.message);
    let row = admin.page(&path).await;
    assert_eq!(row.all("pre"), ["{\"v\":1,<script>"]);
    assert!(row.all("main script").is_empty());
    let replay = format!("{path}/replay");
    assert_eq!(
        row.attribute("main form", "action").as_deref(),
        Some(replay.as_str())
    );
    assert_eq!(
        admin.post(&replay, &[]).await.header("location"),
        Some(path.as_str())
    );
    let asked = admin.page(&path).await;
    has(&asked, "The message waits to be sent again.");
    assert!(asked.all("main button").is_empty());
    admin.post(&replay, &[]).await;
    has(&admin.page(&path).await, "Nothing was changed.");

    let sighting = format!("/quarantine/{}", hospital.sighting);
    has(
        &admin.page(&sighting).await,
        "Only whole messages can be sent again.",
    );
    admin.post(&format!("{sighting}/replay"), &[]).await;
    assert_eq!(admin.post("/quarantine/1/replay", &[]).await.status, 404);
    assert_eq!(admin.page("/quarantine/1").await.status, 404);
    let subject = format!("quarantine:{}", hospital.message);
    assert_eq!(
        count_audit(&app, "quarantine.replay_asked", &subject).await,
        1
    );
    assert_eq!(
        count_audit(
            &app,
            "quarantine.replay_asked",
            &format!("quarantine:{}", hospital.sighting)
        )
        .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_when_places_are_not_live() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    let path = format!("/assets/{}", hospital.likely);
    has_not(&nurse.page(&path).await, "Location data not live");
    app.clock.advance(TimeDelta::seconds(16));
    for path in ["/", "/find?q=pump", "/rooms", "/status", path.as_str()] {
        has(&nurse.page(path).await, "Location data not live since");
    }
    has_not(&nurse.page("/").await, "Live. Last update");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_short_for_staff_and_full_for_administrators() {
    let (app, _, mut conn) = served().await;
    let page = app.nurse().await.page("/status").await;
    has(&page, "Places are live.");
    has_not(&page, "PostgreSQL");
    let admin = app.admin().await;
    let full = admin.page("/status").await;
    for words in [
        "Not configured on this server.",
        "PostgreSQL 1",
        "Shard 0",
        "less than 1 min old",
        "Time zone data",
    ] {
        has(&full, words);
    }
    conn.batch_execute("DELETE FROM consumer_health")
        .await
        .unwrap();
    let none = admin.page("/status").await;
    has(&none, "nothing has been received yet");
    has(&none, "No consumer has ever reported.");
}

async fn count_audit(app: &TestApp, action: &str, subject: &str) -> i64 {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use wardtrack::db::schema::audit_log;
    let mut conn = app.db.conn().await.unwrap();
    audit_log::table
        .filter(audit_log::action.eq(action))
        .filter(audit_log::subject.eq(subject))
        .count()
        .get_result(&mut conn)
        .await
        .unwrap()
}
