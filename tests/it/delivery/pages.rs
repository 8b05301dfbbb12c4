//! Who is told, and what became of it, as administrators and supply technicians see it.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use wardtrack::delivery::follow::collect_digests;

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html};

const SETUP: &str = "/deliveries/set-up";

impl Actor {
    async fn set_up(&self, fields: &[(&str, &str)]) -> Html {
        let key = key();
        let mut all = vec![("key", key.as_str())];
        all.extend(fields);
        self.post(SETUP, &all).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_says_who_is_told_sees_who_would_be_and_tries_it_out() {
    let (app, _, mut conn) = served().await;
    let (admin, nurse) = (app.admin().await, app.nurse().await);
    assert_eq!(nurse.page(SETUP).await.status, 403);
    assert_eq!(
        nurse
            .set_up(&[("act", "test"), ("destination", "1")])
            .await
            .status,
        403
    );
    has(&admin.page(SETUP).await, "There is no destination yet.");
    let mail = |name, address| {
        [
            ("act", "add_destination"),
            ("name", name),
            ("kind", "mail"),
            ("address", address),
            ("minutes", "60"),
        ]
    };
    let web = |name, address| {
        [
            ("act", "add_destination"),
            ("name", name),
            ("kind", "webhook"),
            ("address", address),
            ("minutes", "60"),
        ]
    };
    for (fields, status, words) in [
        (
            mail("", "a@b.example"),
            422,
            "Give it a name of 1 to 80 characters.",
        ),
        (mail("Team", "nobody"), 422, "This is no mail address"),
        (
            web("Hub", "http://hub.example/"),
            422,
            "Messages go to https addresses only",
        ),
        (
            web("Hub", "https://10.0.0.5/hook"),
            422,
            "10.0.0.5 is not a public address",
        ),
        (
            web("Hub", "https://169.254.169.254/"),
            422,
            "is not a public address",
        ),
    ] {
        let page = admin.set_up(&fields).await;
        assert_eq!(page.status, status, "{fields:?}");
        has(&page, words);
        has(&page, "Nothing was changed.");
    }
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM destination").await,
        0
    );
    assert_eq!(
        admin
            .set_up(&mail("Supply team", "supply@hospital.example"))
            .await
            .status,
        303
    );
    let page = admin
        .set_up(&mail("supply TEAM", "other@hospital.example"))
        .await;
    assert_eq!(page.status, 409);
    has(&page, "There is a destination of this name already");
    let page = admin
        .set_up(&web("Hub", "https://hooks.example.com/x"))
        .await;
    has(&page, "It is shown only now.");
    has(&page, "whsec_");
    has_not(&admin.page(SETUP).await, "whsec_");
    let id = |name: &str| format!("SELECT id AS n FROM destination WHERE name = '{name}'");
    let team = count(&mut conn, &id("Supply team")).await.to_string();
    let hub = count(&mut conn, &id("Hub")).await.to_string();
    let route = |to, kind, step, together| {
        [
            ("act", "add_route"),
            ("destination", to),
            ("alert_kind", kind),
            ("unit", ""),
            ("severity", "medium"),
            ("step", step),
            ("together", together),
        ]
    };
    assert_eq!(
        admin
            .set_up(&route(&team, "stockout", "0", ""))
            .await
            .status,
        303
    );
    assert_eq!(admin.set_up(&route(&hub, "", "1", "")).await.status, 303);
    assert_eq!(
        admin.set_up(&route(&hub, "", "1", "")).await.status,
        409,
        "the same again"
    );
    assert_eq!(admin.set_up(&route(&hub, "", "6", "")).await.status, 422);
    assert_eq!(
        admin.set_up(&route("999999", "", "0", "")).await.status,
        404
    );
    let asked =
        |kind: &str, severity: &str| format!("{SETUP}?kind={kind}&unit=&severity={severity}");
    let page = admin.page(&asked("stockout", "critical")).await;
    has(&page, "Supply team (Mail): at once");
    has(
        &page,
        "Hub (Web address): when nobody acknowledged it, step 1",
    );
    has(
        &admin.page(&asked("stockout", "low")).await,
        "Nobody would be told of such an alert.",
    );
    assert_eq!(
        admin
            .set_up(&[("act", "test"), ("destination", &team)])
            .await
            .status,
        303
    );
    let page = admin.page("/deliveries").await;
    has(&page, "Test message");
    has(&page, "Waiting");
    // An alert says whom it was told; what could not be delivered stands there too.
    conn.batch_execute(
        "INSERT INTO alert (kind, severity, alert_key, opened_at, last_at) VALUES ('stockout', 'critical', 'stockout:item=1:place=1', now(), now());
         UPDATE outbox SET failed_at = now(), attempts = 10, last_error = 'the mail server: 550 no such <user>' WHERE event = 'opened'",
    )
    .await
    .unwrap();
    has(
        &admin.page("/alerts?unit=all").await,
        "Not delivered to Supply team.",
    );
    let page = app
        .supply_tech()
        .await
        .page("/deliveries?state=failed")
        .await;
    has(&page, "Out of stock: began");
    has(&page, "the mail server: 550 no such <user>");
    assert_eq!(
        admin
            .set_up(&[("act", "turn_off"), ("destination", &hub)])
            .await
            .status,
        303
    );
    assert_eq!(
        admin
            .set_up(&[("act", "test"), ("destination", &hub)])
            .await
            .status,
        409
    );
    let audited = "SELECT count(*) AS n FROM audit_log WHERE action LIKE 'destination.%' OR action LIKE 'route.%'";
    assert_eq!(count(&mut conn, audited).await, 6, "S-50");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_form_keeps_what_was_typed_and_says_what_is_wrong_at_its_field() {
    let (app, _, mut conn) = served().await;
    let admin = app.admin().await;
    conn.batch_execute(
        "INSERT INTO destination (name, kind, address, created_at) VALUES ('Team', 'mail', 'team@hospital.example', now()), ('Hub', 'mail', 'hub@hospital.example', now());
         INSERT INTO alert_route (destination_id) SELECT min(id) FROM destination",
    )
    .await
    .unwrap();
    let page = admin.page(SETUP).await;
    assert_eq!(page.attributes("details[open]", "id").len(), 0);
    let fields = |name, address, minutes| {
        [
            ("act", "add_destination"),
            ("name", name),
            ("kind", "webhook"),
            ("address", address),
            ("minutes", minutes),
        ]
    };
    for (fields, status, field, words) in [
        (
            fields("Hub \"2\"", "https://10.0.0.5/hook", "60"),
            422,
            "d-address",
            "10.0.0.5 is not a public address",
        ),
        (
            fields("Hub \"2\"", "https://hub.example/", "soon"),
            422,
            "d-minutes",
            "soon minutes cannot be used: enter 1 to 1440.",
        ),
        (
            fields("Hub \"2\"", "https://hub.example/", "0"),
            422,
            "d-minutes",
            "0 minutes cannot be used: enter 1 to 1440.",
        ),
        (
            fields("hub", "https://hub.example/", "60"),
            409,
            "d-name",
            "There is a destination of this name already",
        ),
    ] {
        let page = admin.set_up(&fields).await;
        assert_eq!(page.status, status, "{fields:?}");
        has(&page, words);
        has(&page, "Nothing was changed.");
        let value = |id: &str| page.attribute(id, "value").unwrap();
        assert_eq!(
            [value("#d-name"), value("#d-address"), value("#d-minutes")],
            [fields[1].1, fields[3].1, fields[4].1]
        );
        assert_eq!(
            page.attribute("#d-kind option[selected]", "value").unwrap(),
            "webhook"
        );
        assert_eq!(page.attributes("details[open]", "id"), ["add-destination"]);
        let described = page.attribute(&format!("#{field}"), "aria-describedby");
        assert!(described.unwrap().contains(&format!("{field}-error")));
        assert!(page.all(&format!("#{field}-error"))[0].contains(words));
        assert_eq!(
            page.attribute("#problems a", "href").unwrap(),
            format!("#{field}")
        );
    }
    let hub = count(
        &mut conn,
        "SELECT id AS n FROM destination WHERE name = 'Hub'",
    )
    .await
    .to_string();
    let page = admin
        .set_up(&[
            ("act", "add_route"),
            ("destination", &hub),
            ("alert_kind", "missing"),
            ("unit", "30002"),
            ("severity", "high"),
            ("step", "9"),
            ("together", "1"),
        ])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.attributes("details[open]", "id"), ["add-route"]);
    assert_eq!(
        page.attributes("#add-route option[selected]", "value"),
        [hub.as_str(), "missing", "30002", "high"]
    );
    assert_eq!(page.attribute("#r-step", "value").unwrap(), "9");
    assert!(page.attribute("#r-together", "checked").is_some());
    assert!(page.all("#r-step-error")[0].contains("Step 9 cannot be used: enter 0 to 5."));
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM destination").await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_preview_say_the_step_and_whether_it_is_together() {
    let (app, _, mut conn) = served().await;
    let admin = app.admin().await;
    conn.batch_execute(
        "INSERT INTO destination (name, kind, address, created_at) VALUES ('Team', 'mail', 'team@hospital.example', now());
         INSERT INTO alert_route (destination_id, step, is_digest) SELECT d.id, s.step, s.step <> 1 FROM destination d, generate_series(0, 2) AS s (step)",
    )
    .await
    .unwrap();
    let page = admin.page(SETUP).await;
    assert_eq!(
        page.all("td[data-label=\"When it is told\"]"),
        [
            "when it begins, together with others",
            "when nobody acknowledged it, step 1",
            "when nobody acknowledged it, step 2, together with others",
        ]
    );
    let asked = |severity: &str| format!("{SETUP}?kind=missing&unit=&severity={severity}");
    let critical = admin.page(&asked("critical")).await;
    assert_eq!(
        critical.all("#who li"),
        [
            "Team (Mail): when it begins, together with others",
            "Team (Mail): when nobody acknowledged it, step 1",
            "Team (Mail): when nobody acknowledged it, step 2, together with others",
        ]
    );
    let low = admin.page(&asked("low")).await;
    assert_eq!(
        low.all("#who li")[1],
        "Team (Mail): when nobody acknowledged it, step 1, together with others"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_that_is_told_together_says_whether_it_was() {
    let (app, _, mut conn) = served().await;
    let (admin, now) = (app.admin().await, app.app.clock.now());
    conn.batch_execute(&format!(
        "INSERT INTO destination (name, kind, address, created_at) VALUES ('Team', 'mail', 'team@hospital.example', now()), ('Lead', 'mail', 'lead@hospital.example', now());
         INSERT INTO alert_route (destination_id, is_digest) SELECT id, true FROM destination;
         INSERT INTO alert (kind, severity, alert_key, opened_at, last_at) SELECT 'stockout', 'critical', 'k' || n, '{now}', '{now}' FROM generate_series(1, 2) n"
    ))
    .await
    .unwrap();
    let says = async |words: &str| {
        let page = admin.page("/alerts?unit=all").await;
        let notes = page.all(".alerts > li > .quiet");
        assert_eq!(notes.len(), 2);
        for note in notes {
            assert!(note.contains(words), "{words}: {note}");
        }
    };
    says("Team will be told of it together with others.").await;
    // What still waits at a destination that is turned off will never be told.
    let lead = "SELECT id AS n FROM destination WHERE name = 'Lead'";
    let lead = count(&mut conn, lead).await.to_string();
    let off = [("act", "turn_off"), ("destination", lead.as_str())];
    admin.page(SETUP).await;
    assert_eq!(admin.set_up(&off).await.status, 303);
    says("Not delivered to Lead.").await;
    collect_digests(&mut conn, now + TimeDelta::hours(5))
        .await
        .unwrap();
    says("Message to Team is on its way.").await;
    conn.batch_execute("UPDATE outbox SET failed_at = now(), attempts = 10, last_error = 'gone' WHERE failed_at IS NULL")
        .await
        .unwrap();
    says("Not delivered to Team.").await;
    conn.batch_execute("UPDATE outbox SET failed_at = NULL, done_at = now()")
        .await
        .unwrap();
    says("Told Team at").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_needs_an_end_and_a_reason_and_hides_nothing() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute("INSERT INTO alert (kind, severity, alert_key, opened_at, last_at) VALUES ('stockout', 'critical', 'stockout:item=1:place=1', now(), now())")
        .await
        .unwrap();
    let alert = count(
        &mut conn,
        "SELECT id AS n FROM alert WHERE kind = 'stockout'",
    )
    .await
    .to_string();
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    for actor in [&tech, &nurse] {
        has(&actor.page("/alerts?unit=all").await, "Out of stock");
    }
    let snooze = async |who: &Actor, hours: &str, reason: &str| {
        let key = key();
        let fields = [
            ("key", key.as_str()),
            ("act", "snooze"),
            ("alert", &alert),
            ("hours", hours),
            ("reason", reason),
            ("next", "/alerts"),
        ];
        who.post("/alerts", &fields).await.status
    };
    assert_eq!(snooze(&nurse, "4", "later").await, 403);
    assert_eq!(snooze(&tech, "4", "").await, 422);
    assert_eq!(snooze(&tech, "169", "later").await, 422);
    assert_eq!(snooze(&tech, "0", "later").await, 422);
    assert_eq!(snooze(&tech, "soon", "later").await, 400);
    assert_eq!(snooze(&tech, "24", "ordered by phone").await, 303);
    let page = tech.page("/alerts").await;
    has(&page, "Snoozed until");
    has(&page, "ordered by phone");
}
