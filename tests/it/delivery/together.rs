//! Alerts that are told together, and alerts that are told further, by the clock.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use wardtrack::db::types::{AlertKind, Severity};
use wardtrack::delivery::routes::preview;
use wardtrack::scheduler::messages;

use super::{alert, destination, run, start};
use crate::support::{TestDatabase, seed};

/// Midnight of today: messages that tell several go every four hours from there.
fn midnight() -> DateTime<Utc> {
    DateTime::from_timestamp(start().timestamp() / 86_400 * 86_400, 0).unwrap()
}

/// A route of a destination, made besides the one for everything that it has already been given.
async fn only_route(conn: &mut AsyncPgConnection, name: &str, set: &str) {
    run(
        conn,
        &format!("UPDATE alert_route SET {set} WHERE destination_id = (SELECT id FROM destination WHERE name = '{name}')"),
    )
    .await;
}

async fn snooze(conn: &mut AsyncPgConnection, name: &str, until: DateTime<Utc>) {
    run(
        conn,
        &format!(
            "INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('someone', 'Someone', 'supply', 'none');
             UPDATE alert SET snoozed_until = '{until}', snooze_reason = 'parts ordered', snoozed_by = (SELECT id FROM app_user) WHERE alert_key = 'reader_down:{name}'"
        ),
    )
    .await;
}

/// The messages so far: "12:00 lead digest: first asleep".
async fn messages_so_far(database: &TestDatabase, midnight: DateTime<Utc>) -> Vec<String> {
    database
        .lines(&format!(
            "SELECT to_char(o.created_at - '{midnight}'::timestamptz, 'HH24:MI') || ' ' || d.name || ' ' || o.event || ': ' || string_agg(substr(a.alert_key, 13), ' ' ORDER BY a.id) AS line
             FROM outbox o JOIN destination d ON d.id = o.destination_id
             JOIN (SELECT id AS outbox_id, alert_id FROM outbox WHERE alert_id IS NOT NULL UNION ALL SELECT outbox_id, alert_id FROM outbox_alert) t ON t.outbox_id = o.id
             JOIN alert a ON a.id = t.alert_id GROUP BY o.id, d.name ORDER BY o.created_at, d.name, o.id"
        ))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_told_further_late_goes_with_the_next_message_and_holds_up_nobody() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let midnight = midnight();
    let at = |hours, minutes| midnight + TimeDelta::hours(hours) + TimeDelta::minutes(minutes);
    for name in ["lead", "phone"] {
        destination(&mut conn, name, None, "").await;
    }
    only_route(&mut conn, "lead", "step = 1, is_digest = true").await;
    only_route(&mut conn, "phone", "step = 1").await;
    for name in ["first", "asleep"] {
        alert(&mut conn, name, "critical", at(8, 0)).await;
    }
    snooze(&mut conn, "asleep", at(12, 5)).await;
    for (hours, minutes) in [(8, 15), (12, 0), (12, 5), (12, 6)] {
        messages::run(&mut conn, at(hours, minutes)).await.unwrap();
    }
    let first = [
        "08:15 phone escalated: first",
        "12:00 lead digest: first",
        "12:05 phone escalated: asleep",
    ];
    assert_eq!(messages_so_far(&database, midnight).await, first);
    messages::run(&mut conn, at(16, 0)).await.unwrap();
    // One that was begun before the hour and written after it: its period is over, so it goes at once, and so do others after it.
    alert(&mut conn, "late", "high", at(15, 59)).await;
    for n in [7, 8] {
        run(
            &mut conn,
            &format!(
                "INSERT INTO digest_entry (destination_id, alert_id, entered_at) SELECT d.id, a.id, '{}' FROM destination d, alert a WHERE d.name = 'lead' AND a.alert_key = 'reader_down:late'",
                at(15, 59)
            ),
        )
        .await;
        messages::run(&mut conn, at(16, n)).await.unwrap();
    }
    let lead: Vec<String> = messages_so_far(&database, midnight)
        .await
        .into_iter()
        .filter(|line| line.contains("lead"))
        .collect();
    assert_eq!(
        lead,
        [
            "12:00 lead digest: first",
            "16:00 lead digest: asleep",
            "16:07 lead digest: late",
            "16:08 lead digest: late",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_medium_or_low_is_told_further_with_the_next_message_as_the_preview_says() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let midnight = midnight();
    let at = |hours, minutes| midnight + TimeDelta::hours(hours) + TimeDelta::minutes(minutes);
    for name in ["team", "lead", "head", "board"] {
        destination(&mut conn, name, None, "").await;
    }
    only_route(&mut conn, "lead", "step = 1").await;
    only_route(&mut conn, "head", "step = 2").await;
    // Never told of these.
    only_route(&mut conn, "board", "step = 1, min_severity = 'high'").await;
    for name in ["open", "seen", "rises"] {
        alert(&mut conn, name, "medium", at(8, 10)).await;
    }
    run(
        &mut conn,
        &format!(
            "UPDATE alert SET state = 'acknowledged', acknowledged_at = '{0}' WHERE alert_key = 'reader_down:seen';
             UPDATE alert SET severity = 'critical', last_at = '{0}' WHERE alert_key = 'reader_down:rises'",
            at(8, 20)
        ),
    )
    .await;
    let mut when = at(8, 10);
    while when <= at(24, 0) {
        messages::run(&mut conn, when).await.unwrap();
        when += TimeDelta::minutes(5);
    }
    let told = messages_so_far(&database, midnight).await;
    let of = |name: &str| -> Vec<&str> {
        let told = told
            .iter()
            .filter(|line| line.ends_with(&format!(" {name}")));
        told.map(String::as_str).collect()
    };
    assert_eq!(
        of("open"),
        [
            "08:10 team opened: open",
            "12:00 lead digest: open",
            "16:00 head digest: open",
        ]
    );
    assert_eq!(of("seen"), ["08:10 team opened: seen"]);
    assert_eq!(
        of("rises"),
        [
            "08:10 team opened: rises",
            "08:20 team raised: rises",
            "08:35 board escalated: rises",
            "08:35 lead escalated: rises",
            "08:50 head escalated: rises",
        ]
    );
    let said = preview(&conn, AlertKind::ReaderDown, None, Severity::Medium)
        .await
        .unwrap();
    let said: Vec<_> = said
        .iter()
        .map(|told| (told.step, told.destination.as_str(), told.is_digest))
        .collect();
    assert_eq!(
        said,
        [(0, "team", false), (1, "lead", true), (2, "head", true)]
    );
    let said = preview(&conn, AlertKind::ReaderDown, None, Severity::Critical)
        .await
        .unwrap();
    assert!(said.iter().all(|told| !told.is_digest), "{said:?}");
    assert_eq!(said.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_together_first_has_until_the_message_after_it() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let midnight = midnight();
    let at = |hours, minutes| midnight + TimeDelta::hours(hours) + TimeDelta::minutes(minutes);
    for name in ["team", "lead"] {
        destination(&mut conn, name, None, "").await;
    }
    only_route(&mut conn, "team", "is_digest = true").await;
    only_route(&mut conn, "lead", "step = 1").await;
    alert(&mut conn, "a", "low", at(8, 10)).await;
    let mut when = at(8, 10);
    while when <= at(24, 0) {
        messages::run(&mut conn, when).await.unwrap();
        when += TimeDelta::minutes(10);
    }
    assert_eq!(
        messages_so_far(&database, midnight).await,
        ["12:00 team digest: a", "16:00 lead digest: a"]
    );
    // Where nobody is named for a further step, nothing waits for one.
    run(&mut conn, "DELETE FROM alert_route WHERE step = 1").await;
    alert(&mut conn, "b", "low", at(24, 10)).await;
    let waits = "SELECT count(*) AS n FROM alert WHERE escalate_at IS NOT NULL";
    assert_eq!(database.number(waits).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_of_an_alert_is_known_when_it_is_decided_whether_it_is_told_further() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    seed::hospital(&mut conn, start()).await;
    destination(&mut conn, "lead", None, "").await;
    only_route(&mut conn, "lead", "step = 1, unit_id = 30001").await;
    run(
        &mut conn,
        "INSERT INTO alert (kind, severity, alert_key, room_id, opened_at, last_at) VALUES ('soiled_in_clean_room', 'medium', 'a', 40001, now(), now())",
    )
    .await;
    let waits = "SELECT count(*) AS n FROM alert WHERE unit_id = 30001 AND escalate_at IS NOT NULL";
    assert_eq!(database.number(waits).await, 1);
}
