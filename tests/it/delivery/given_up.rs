//! What is given up stays given up, and "messages not delivered" ends when messages arrive again or nobody waits for them.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use uuid::Uuid;
use wardtrack::alerts::acts::{AlertAct, AlertForm, perform_alert_form};
use wardtrack::db::types::Role;
use wardtrack::delivery::address::Allowed;
use wardtrack::delivery::routes::{RouteAct, RouteForm, RoutePosted, perform_route_form};
use wardtrack::delivery::sign::new_secret;
use wardtrack::delivery::store::{Claimed, SendError, claim, record_done, record_failure};
use wardtrack::delivery::worker::deliver_due;
use wardtrack::ids::{AlertId, DestinationId, UserId};
use wardtrack::scheduler::messages;

use super::catcher::Catcher;
use super::{TestClock, alert, courier, destination, run, start};
use crate::support::TestDatabase;

const WAITING: &str =
    "SELECT count(*) AS n FROM outbox WHERE done_at IS NULL AND failed_at IS NULL";
const SAID: &str = "SELECT count(*) AS n FROM alert WHERE kind = 'not_delivered' AND is_active";

async fn admin(conn: &mut AsyncPgConnection, database: &TestDatabase) -> UserId {
    run(conn, "INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('ada', 'Ada', 'admin', 'none')").await;
    UserId(database.number("SELECT id AS n FROM app_user").await)
}

async fn act(conn: &mut AsyncPgConnection, user_id: UserId, act: RouteAct, now: DateTime<Utc>) {
    let form = RouteForm {
        key: Uuid::now_v7(),
        user_id,
        act,
        location: "/",
    };
    let posted = perform_route_form(conn, &form, &Allowed::default(), now).await;
    assert_eq!(posted.unwrap(), RoutePosted::Done { secret: None });
}

async fn only_destination(database: &TestDatabase) -> DestinationId {
    DestinationId(database.number("SELECT id AS n FROM destination").await)
}

async fn claimed(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Vec<Claimed> {
    claim(conn, 10, now).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_given_up_while_it_was_tried_is_not_tried_again() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = start();
    let ada = admin(&mut conn, &database).await;
    destination(&mut conn, "hub", None, "").await;
    let hub = only_destination(&database).await;
    for name in ["a", "b"] {
        alert(&mut conn, name, "high", now).await;
    }
    let under_way = claimed(&mut conn, now).await;
    assert_eq!(under_way.len(), 2);
    act(&mut conn, ada, RouteAct::TurnOff(hub), now).await;
    let slow = SendError::again("it took longer than 15 s");
    let given_up = record_failure(&mut conn, &under_way[0], &slow, 0.5, now).await;
    assert!(!given_up.unwrap(), "it had been given up already");
    assert_eq!(database.number(WAITING).await, 0);
    assert_eq!(database.number(SAID).await, 0, "nobody waits for them");
    // The other one had arrived when that could be noted.
    record_done(&mut conn, &under_way[1], now).await.unwrap();
    let states = "SELECT string_agg(CASE WHEN done_at IS NOT NULL THEN 'sent' WHEN failed_at IS NOT NULL THEN 'failed' ELSE 'waiting' END, ' ' ORDER BY id) AS line FROM outbox";
    assert_eq!(database.lines(states).await, ["failed sent"]);
    act(&mut conn, ada, RouteAct::TurnOn(hub), now).await;
    assert!(claimed(&mut conn, now).await.is_empty());
    // One that was written in the moment in which the destination was turned off does not wait for the day when it is turned on again.
    act(&mut conn, ada, RouteAct::TurnOff(hub), now).await;
    run(
        &mut conn,
        "INSERT INTO outbox (destination_id, alert_id, event, dedupe_key, created_at, next_at) SELECT d.id, max(a.id), 'opened', 'late', now(), now() FROM destination d, alert a GROUP BY d.id;
         INSERT INTO digest_entry (destination_id, alert_id, entered_at) SELECT d.id, max(a.id), now() FROM destination d, alert a GROUP BY d.id",
    )
    .await;
    messages::run(&mut conn, now).await.unwrap();
    assert_eq!(database.number(WAITING).await, 0);
    let entries = "SELECT count(*) AS n FROM digest_entry";
    assert_eq!(database.number(entries).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_410_what_was_on_its_way_beside_it_stays_given_up() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let test = TestClock::at(start());
    let now = test.clock().now();
    let gone = Catcher::web(|_| (410, "")).await;
    destination(&mut conn, "gone", Some(&gone), &new_secret()).await;
    for name in ["a", "b", "c"] {
        alert(&mut conn, name, "high", now).await;
    }
    let under_way = claimed(&mut conn, now).await;
    let answered = SendError::gone("it answered 410: it wants no more messages");
    let failed = SendError::again("it answered 500");
    assert!(
        record_failure(&mut conn, &under_way[0], &answered, 0.5, now)
            .await
            .unwrap()
    );
    assert!(
        !record_failure(&mut conn, &under_way[1], &failed, 0.5, now)
            .await
            .unwrap()
    );
    assert!(
        !record_failure(&mut conn, &under_way[2], &answered, 0.5, now)
            .await
            .unwrap()
    );
    assert_eq!(database.number(WAITING).await, 0);
    assert_eq!(database.number(SAID).await, 1);
    // The same at once: four are under way together, and none of them is lost or waits for another one.
    run(
        &mut conn,
        "DELETE FROM alert WHERE kind = 'not_delivered'; UPDATE destination SET disabled_at = NULL, disabled_reason = NULL, failures = 0, broken_until = NULL",
    )
    .await;
    for name in ["d", "e", "f", "g", "h"] {
        alert(&mut conn, name, "high", now).await;
    }
    let begun = std::time::Instant::now();
    deliver_due(&courier(&[&gone]), &database.pool(), &test.clock())
        .await
        .unwrap();
    assert_eq!(database.number(WAITING).await, 0);
    assert_eq!(database.number(SAID).await, 1);
    let noted = "SELECT count(*) AS n FROM outbox WHERE locked_until IS NOT NULL";
    assert_eq!(
        database.number(noted).await,
        0,
        "all was noted in one go, after {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn not_delivered_ends_when_the_destination_is_turned_on_or_off_or_messages_arrive() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let now = start();
    let ada = admin(&mut conn, &database).await;
    destination(&mut conn, "hub", None, "").await;
    let hub = only_destination(&database).await;
    let gone = SendError::gone("it answered 410: it wants no more messages");
    let mut names = ["a", "b", "c", "d"].into_iter();
    let mut fails = async |conn: &mut AsyncPgConnection| {
        alert(conn, names.next().unwrap(), "high", now).await;
        let message = claimed(conn, now).await.pop().unwrap();
        record_failure(conn, &message, &gone, 0.5, now)
            .await
            .unwrap();
    };
    fails(&mut conn).await;
    assert_eq!(database.number(SAID).await, 1);
    act(&mut conn, ada, RouteAct::TurnOn(hub), now).await;
    assert_eq!(database.number(SAID).await, 0, "turned on");
    fails(&mut conn).await;
    assert_eq!(database.number(SAID).await, 1, "said again");
    act(&mut conn, ada, RouteAct::TurnOff(hub), now).await;
    assert_eq!(database.number(SAID).await, 0, "turned off");
    act(&mut conn, ada, RouteAct::TurnOn(hub), now).await;
    fails(&mut conn).await;
    // Somebody says why it need not be shown: then it is quiet until messages arrive, and no longer.
    let id = database
        .number("SELECT id AS n FROM alert WHERE kind = 'not_delivered' AND is_active")
        .await;
    let form = AlertForm {
        key: Uuid::now_v7(),
        user_id: ada,
        role: Role::Admin,
        ids: &[AlertId(id)],
        act: AlertAct::Resolve {
            reason: Some("they move house"),
        },
        location: "/",
    };
    perform_alert_form(&mut conn, &form, now).await.unwrap();
    assert_eq!(database.number(SAID).await, 1, "quiet");
    // Mended at the other end, with no failure since: a message arrives.
    run(&mut conn, "UPDATE destination SET disabled_at = NULL, disabled_reason = NULL, failures = 0, broken_until = NULL").await;
    alert(&mut conn, "arrives", "high", now).await;
    let message = claimed(&mut conn, now).await.pop().unwrap();
    assert!(record_done(&mut conn, &message, now).await.unwrap());
    assert_eq!(database.number(SAID).await, 0);
    fails(&mut conn).await;
    let open = "SELECT count(*) AS n FROM alert WHERE kind = 'not_delivered' AND state = 'open'";
    assert_eq!(database.number(open).await, 1, "it speaks again");
}
