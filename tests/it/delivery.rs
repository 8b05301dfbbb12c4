//! Messages about alerts: written with their cause, sent at least once under one id, tried again, given up with an alert.

mod catcher;
mod given_up;
mod pages;
mod roles;
mod together;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use serde_json::Value;
use wardtrack::clock::{Clock, TestClock};
use wardtrack::config::{DeliveryArgs, Secret, WebhookArgs};
use wardtrack::delivery::address::Allowed;
use wardtrack::delivery::follow::{collect_digests, escalate};
use wardtrack::delivery::mail::Mailer;
use wardtrack::delivery::retry::TRIES_MAX;
use wardtrack::delivery::sign::{new_secret, signature};
use wardtrack::delivery::worker::{self, Courier, deliver_due};
use wardtrack::lifecycle::Lifecycle;
use wardtrack::live::Hints;

use self::catcher::Catcher;
use crate::support::{TestDatabase, wait_until};

fn start() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

/// A courier that may reach this machine.
fn courier(receivers: &[&Catcher]) -> Courier {
    let plain = receivers.iter().map(|catcher| catcher.address.to_string());
    let args = DeliveryArgs {
        mail_from: "wardtrack <wardtrack@hospital.example>".to_owned(),
        link_origin: "https://wardtrack.hospital.example".to_owned(),
        webhook: WebhookArgs {
            webhook_allow: vec!["127.0.0.0/8".to_owned()],
            webhook_allow_http: plain.collect(),
            webhook_allow_port: Vec::new(),
        },
    };
    let allowed = Allowed::new(&args.webhook);
    Courier::new(&args, allowed).unwrap()
}

fn with_mail(courier: Courier, server: &Catcher) -> Courier {
    let url = Secret::new(format!("smtp://{}", server.address));
    courier.with_mailer(Mailer::new(&url, "wardtrack <wardtrack@hospital.example>").unwrap())
}

async fn run(conn: &mut AsyncPgConnection, sql: &str) {
    conn.batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A destination with a route for everything.
async fn destination(
    conn: &mut AsyncPgConnection,
    name: &str,
    catcher: Option<&Catcher>,
    secret: &str,
) {
    let (kind, address, secret) = match catcher {
        Some(catcher) => (
            "webhook",
            format!("http://{}/hook", catcher.address),
            format!("'{secret}'"),
        ),
        None => (
            "mail",
            format!("{name}@hospital.example"),
            "NULL".to_owned(),
        ),
    };
    run(
        conn,
        &format!(
            "INSERT INTO destination (name, kind, address, secret, created_at) VALUES ('{name}', '{kind}', '{address}', {secret}, now());
             INSERT INTO alert_route (destination_id) SELECT max(id) FROM destination"
        ),
    )
    .await;
}

/// Opens an alert as whatever causes one does.
async fn alert(conn: &mut AsyncPgConnection, name: &str, severity: &str, at: DateTime<Utc>) {
    run(
        conn,
        &format!(
            "INSERT INTO alert (kind, severity, alert_key, opened_at, last_at) VALUES ('reader_down', '{severity}', 'reader_down:{name}', '{at}', '{at}')"
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r23_messages_are_there_with_their_alert_or_not_at_all_and_once_for_each_happening() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = start();
    destination(&mut conn, "team", None, "").await;
    run(&mut conn, "INSERT INTO alert_route (destination_id, kind, min_severity) SELECT id, 'reader_down', 'high' FROM destination").await;
    let rolled_back = conn
        .transaction::<(), diesel::result::Error, _>(async |conn| {
            alert(conn, "gone", "high", now).await;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    assert!(rolled_back.is_err());
    assert_eq!(database.number("SELECT count(*) AS n FROM outbox").await, 0);
    alert(&mut conn, "a", "low", now).await;
    assert_eq!(
        database.number("SELECT count(*) AS n FROM outbox").await,
        1,
        "two routes, one message"
    );
    // The cause comes again, it matters more, people do things, it ends, it is back.
    for (sql, wanted) in [
        ("causes = causes + 1", 1),
        ("severity = 'high'", 2),
        ("state = 'acknowledged', acknowledged_at = now()", 2),
        (
            "state = 'resolved', resolved_at = now(), is_active = false, ended_at = now()",
            2,
        ),
        (
            "state = 'open', resolved_at = NULL, is_active = true, ended_at = NULL, reopened = 1",
            3,
        ),
        (
            "state = 'resolved', resolved_at = now(), is_active = false, ended_at = now()",
            3,
        ),
        (
            "state = 'open', resolved_at = NULL, is_active = true, ended_at = NULL, reopened = 2, severity = 'low'",
            4,
        ),
        // It matters more again: that is news again.
        ("severity = 'high'", 5),
    ] {
        run(&mut conn, &format!("UPDATE alert SET {sql}")).await;
        assert_eq!(
            database.number("SELECT count(*) AS n FROM outbox").await,
            wanted,
            "{sql}"
        );
    }
    let events = database
        .lines("SELECT string_agg(event, ' ' ORDER BY id) AS line FROM outbox")
        .await;
    assert_eq!(events, ["opened raised reopened reopened raised"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_receiver_that_fails_and_a_worker_that_is_killed_every_message_arrives_under_one_id()
{
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let test = TestClock::at(start());
    let db = database.pool();
    // Three of ten requests fail, in no order that the worker could follow.
    let catcher = Catcher::web(|n| {
        if (n * 7 + n / 3) % 10 < 3 {
            (503, "")
        } else {
            (200, "")
        }
    })
    .await;
    let courier = courier(&[&catcher]);
    let (old, new) = (new_secret(), new_secret());
    destination(&mut conn, "hub", Some(&catcher), &new).await;
    run(
        &mut conn,
        &format!(
            "UPDATE destination SET old_secret = '{old}', old_secret_until = '{}'",
            test.clock().now() + TimeDelta::days(9)
        ),
    )
    .await;
    for n in 0..60 {
        alert(&mut conn, &n.to_string(), "high", test.clock().now()).await;
    }
    let waiting = "SELECT count(*) AS n FROM outbox WHERE done_at IS NULL";
    let mut killed = 0;
    for _ in 0..400 {
        if database.number(waiting).await == 0 {
            break;
        }
        let clock = test.clock();
        let round = deliver_due(&courier, &db, &clock);
        if killed < 10 {
            // Cut off wherever it is: before a message is sent, while it is, or before that was noted.
            killed += 1;
            drop(tokio::time::timeout(Duration::from_millis(3 * killed), round).await);
        } else {
            round.await.unwrap();
        }
        // Past the time for which a killed worker's message is kept for it; later past the long waits of one that failed five times in a row.
        let is_late = killed >= 10;
        test.advance(TimeDelta::seconds(if is_late { 600 } else { 61 }));
    }
    assert_eq!(database.number(waiting).await, 0, "all arrived");
    let got = catcher.got();
    let mut by_alert: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for message in got.iter().filter(|message| message.answered == 200) {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let id = body["data"]["alerts"][0]["alert_id"].as_i64().unwrap();
        by_alert
            .entry(id)
            .or_default()
            .insert(message.header("webhook-id").to_owned());
    }
    assert_eq!(by_alert.len(), 60, "every alert arrived");
    assert!(
        by_alert.values().all(|ids| ids.len() == 1),
        "under one id: {by_alert:?}"
    );
    assert!(
        got.iter().any(|message| message.answered == 503),
        "some failed"
    );
    // The first whole one: a worker may have been killed while it sent.
    let message = got.iter().find(|message| message.answered == 200).unwrap();
    let timestamp: i64 = message.header("webhook-timestamp").parse().unwrap();
    let wanted = signature(
        &[&new, &old],
        message.header("webhook-id"),
        timestamp,
        message.body.as_bytes(),
    );
    assert_eq!(
        message.header("webhook-signature"),
        wanted,
        "S-44: both keys sign"
    );
    assert!(message.body.len() < 20_000);
    println!("{} requests for 60 messages, 10 workers killed", got.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_cannot_be_sent_for_an_hour_arrives_after_it_and_nothing_else_waits_for_it() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let (test, db) = (TestClock::at(start()), database.pool());
    let is_up = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let looks = std::sync::Arc::clone(&is_up);
    let server = Catcher::mail(move |_| looks.load(std::sync::atomic::Ordering::SeqCst)).await;
    let hub = Catcher::web(|_| (204, "")).await;
    let courier = with_mail(courier(&[&hub]), &server);
    destination(&mut conn, "team", None, "").await;
    destination(&mut conn, "hub", Some(&hub), &new_secret()).await;
    let begun = test.clock().now();
    alert(&mut conn, "a", "critical", begun).await;
    let waiting = "SELECT count(*) AS n FROM outbox WHERE done_at IS NULL AND failed_at IS NULL";
    while test.clock().now() - begun < TimeDelta::hours(1) {
        deliver_due(&courier, &db, &test.clock()).await.unwrap();
        test.advance(TimeDelta::minutes(2));
    }
    assert_eq!(hub.got().len(), 1, "the other destination was told at once");
    assert_eq!(database.number(waiting).await, 1);
    let why = database
        .lines("SELECT last_error AS line FROM outbox WHERE done_at IS NULL")
        .await;
    assert!(why[0].contains("451"), "{why:?}");
    is_up.store(true, std::sync::atomic::Ordering::SeqCst);
    for _ in 0..100 {
        deliver_due(&courier, &db, &test.clock()).await.unwrap();
        test.advance(TimeDelta::minutes(2));
    }
    assert_eq!(database.number(waiting).await, 0);
    let got = server.got();
    let taken: Vec<_> = got.iter().filter(|mail| mail.answered == 250).collect();
    assert_eq!(taken.len(), 1);
    let ids: BTreeSet<&str> = got.iter().map(|mail| mail.header("message-id")).collect();
    assert_eq!(ids.len(), 1, "one id over all tries");
    assert_eq!(
        taken[0].header("subject"),
        "Critical: Reader not heard: a reader"
    );
    assert_eq!(taken[0].header("to"), "team@hospital.example");
    assert!(
        taken[0]
            .body
            .contains("https://wardtrack.hospital.example/alerts"),
        "{}",
        taken[0].body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_last_try_it_is_said_and_410_and_addresses_inside_are_not_tried_for_ever() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let (test, db) = (TestClock::at(start()), database.pool());
    let broken = Catcher::web(|_| (500, "")).await;
    let moved = Catcher::web(|_| (302, "location: http://127.0.0.1:1/\r\n")).await;
    let gone = Catcher::web(|_| (410, "")).await;
    let courier = courier(&[&broken, &moved, &gone]);
    for (name, catcher) in [("broken", &broken), ("moved", &moved), ("gone", &gone)] {
        destination(&mut conn, name, Some(catcher), &new_secret()).await;
    }
    destination(&mut conn, "inside", Some(&broken), &new_secret()).await;
    run(
        &mut conn,
        "UPDATE destination SET address = 'https://10.0.0.5/hook' WHERE name = 'inside'",
    )
    .await;
    alert(&mut conn, "a", "high", test.clock().now()).await;
    // Only the first alert: those about messages are told nobody here.
    run(&mut conn, "DELETE FROM alert_route").await;
    for _ in 0..200 {
        deliver_due(&courier, &db, &test.clock()).await.unwrap();
        test.advance(TimeDelta::hours(1));
    }
    let tries = usize::try_from(TRIES_MAX).unwrap();
    assert_eq!(broken.got().len(), tries);
    assert_eq!(moved.got().len(), tries, "redirects are not followed");
    assert_eq!(gone.got().len(), 1);
    let lines = database
        .lines("SELECT d.name || ': ' || o.last_error AS line FROM outbox o JOIN destination d ON d.id = o.destination_id WHERE failed_at IS NOT NULL ORDER BY d.name")
        .await;
    assert_eq!(
        lines,
        [
            "broken: it answered 500",
            "gone: it answered 410: it wants no more messages",
            "inside: 10.0.0.5 is not a public address: have its network or host added to WARDTRACK_WEBHOOK_ALLOW on the server",
            "moved: it answered 302: redirects are not followed, enter the new address",
        ]
    );
    let alerts = database
        .lines("SELECT d.name AS line FROM alert a JOIN destination d ON d.id = a.destination_id WHERE a.kind = 'not_delivered' AND a.is_active ORDER BY d.name")
        .await;
    assert_eq!(alerts, ["broken", "gone", "inside", "moved"]);
    let off = database
        .lines("SELECT name AS line FROM destination WHERE disabled_at IS NOT NULL")
        .await;
    assert_eq!(off, ["gone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_acknowledges_is_told_further_and_what_may_wait_is_told_together() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let begun = DateTime::from_timestamp(start().timestamp() / 86_400 * 86_400 + 3_600, 0).unwrap();
    for name in ["team", "lead", "digest"] {
        destination(&mut conn, name, None, "").await;
    }
    run(
        &mut conn,
        "UPDATE alert_route SET step = 1 WHERE destination_id = (SELECT id FROM destination WHERE name = 'lead');
         UPDATE alert_route SET is_digest = true WHERE destination_id = (SELECT id FROM destination WHERE name = 'digest');
         UPDATE destination SET digest_minutes = 60",
    )
    .await;
    for (name, severity) in [
        ("critical", "critical"),
        ("high", "high"),
        ("medium", "medium"),
        ("seen", "critical"),
        ("asleep", "critical"),
    ] {
        alert(&mut conn, name, severity, begun).await;
    }
    run(
        &mut conn,
        &format!(
            "INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('someone', 'Someone', 'supply', 'none');
             UPDATE alert SET state = 'acknowledged', acknowledged_at = '{begun}' WHERE alert_key = 'reader_down:seen';
             UPDATE alert SET snoozed_until = '{}', snooze_reason = 'parts ordered', snoozed_by = (SELECT id FROM app_user) WHERE alert_key = 'reader_down:asleep'",
            begun + TimeDelta::hours(2)
        ),
    )
    .await;
    let told = |name: &str| {
        format!(
            "SELECT coalesce(string_agg(a.alert_key, ' ' ORDER BY o.id), '') AS line FROM outbox o JOIN destination d ON d.id = o.destination_id JOIN alert a ON a.id = o.alert_id WHERE d.name = '{name}'"
        )
    };
    for (minutes, wanted) in [
        (14, ""),
        (15, "reader_down:critical"),
        (16, "reader_down:critical"),
        (60, "reader_down:critical reader_down:high"),
        (119, "reader_down:critical reader_down:high"),
        (
            120,
            "reader_down:critical reader_down:high reader_down:asleep",
        ),
    ] {
        escalate(&mut conn, begun + TimeDelta::minutes(minutes))
            .await
            .unwrap();
        assert_eq!(
            database.lines(&told("lead")).await,
            [wanted],
            "after {minutes} minutes"
        );
    }
    assert_eq!(
        database
            .number("SELECT count(*) AS n FROM digest_entry")
            .await,
        6,
        "what is medium is told further together with others"
    );
    assert_eq!(
        collect_digests(&mut conn, begun + TimeDelta::minutes(59))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        collect_digests(&mut conn, begun + TimeDelta::minutes(60))
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        collect_digests(&mut conn, begun + TimeDelta::minutes(61))
            .await
            .unwrap(),
        0
    );
    let server = Catcher::mail(|_| true).await;
    let courier = with_mail(courier(&[]), &server);
    let later = TestClock::at(begun + TimeDelta::hours(3));
    deliver_due(&courier, &database.pool(), &later.clock())
        .await
        .unwrap();
    let got = server.got();
    let digest: Vec<_> = got
        .iter()
        .filter(|mail| mail.header("to").starts_with("digest"))
        .collect();
    assert_eq!(digest.len(), 1);
    assert_eq!(digest[0].header("subject"), "5 alerts of wardtrack");
    assert!(digest[0].body.find("Critical").unwrap() < digest[0].body.find("Medium").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_on_its_way_within_two_seconds_of_its_cause() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let server = Catcher::mail(|_| true).await;
    let (life, clock) = (Lifecycle::new(), Clock::system());
    life.spawn_role(
        "messages",
        worker::run(
            with_mail(courier(&[]), &server),
            database.pool(),
            clock.clone(),
            Hints::without_pages(),
            life.clone(),
        ),
    );
    destination(&mut conn, "team", None, "").await;
    for n in 0..40 {
        alert(&mut conn, &n.to_string(), "high", clock.now()).await;
        // As causes come: not all at one moment of the worker's round.
        tokio::time::sleep(Duration::from_millis(37 * (n % 5))).await;
    }
    wait_until(Duration::from_secs(30), "all arrived", || async {
        server.got().len() >= 40
    })
    .await;
    life.stop();
    let p95 = database
        .number("SELECT (1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM first_tried_at - created_at)))::bigint AS n FROM outbox")
        .await;
    println!("from cause to first try of a mail: p95 {p95} ms of 40");
    assert!(p95 <= 2_000, "{p95} ms");
}
