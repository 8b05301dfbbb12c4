//! S-16: what needs a password that was entered lately.

use chrono::TimeDelta;
use wardtrack::db::types::Role;

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::{Actor, Html, PASSWORD, TestApp};

const COOKIE: &str = "__Host-wt";
const SETUP: &str = "/deliveries/set-up";
const AGAIN: &str = "/sign-in/again?next=%2Fdeliveries%2Fset%2Dup";

async fn enter(who: &Actor, password: &str, more: &[(&str, &str)]) -> Html {
    let mut fields = vec![("password", password), ("next", SETUP)];
    fields.extend(more);
    who.post("/sign-in/again", &fields).await
}

/// Every kind of form of the set-up.
fn forms() -> Vec<Vec<(&'static str, &'static str)>> {
    vec![
        vec![
            ("act", "add_destination"),
            ("name", "Hub"),
            ("kind", "webhook"),
            ("address", "https://hooks.example.com/x"),
            ("minutes", "60"),
        ],
        vec![("act", "new_key"), ("destination", "1")],
        vec![("act", "turn_off"), ("destination", "1")],
        vec![("act", "turn_on"), ("destination", "1")],
        vec![("act", "test"), ("destination", "1")],
        vec![
            ("act", "add_route"),
            ("destination", "1"),
            ("alert_kind", ""),
            ("unit", ""),
            ("severity", "low"),
            ("step", "0"),
        ],
        vec![("act", "remove_route"), ("destination", "1")],
    ]
}

async fn send(who: &Actor, form: &[(&str, &str)]) -> Html {
    let key = key();
    let mut fields = vec![("key", key.as_str())];
    fields.extend(form);
    who.post(SETUP, &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_who_is_told_is_changed_only_with_a_password_of_the_last_five_minutes() {
    let (app, _, mut conn) = served().await;
    let admin = app.admin().await;
    app.clock.advance(TimeDelta::minutes(5));
    let page = admin.page(SETUP).await;
    assert!(!page.all("main form[method=post]").is_empty());
    has_not(&page, "Enter your password to change this");
    assert_eq!(send(&admin, &forms()[0]).await.status, 200);
    app.clock.advance(TimeDelta::seconds(1));
    let page = admin.page(SETUP).await;
    has(&page, "You entered your password more than 5 minutes ago");
    has(&page, "Hub");
    assert!(
        page.all("main form[method=post]").is_empty(),
        "{}",
        page.body
    );
    let to = page.attribute("main a.btn.go", "href");
    assert_eq!(to.as_deref(), Some(AGAIN));
    let before = "SELECT count(*) AS n FROM audit_log WHERE action LIKE 'destination.%' OR action LIKE 'route.%'";
    assert_eq!(count(&mut conn, before).await, 1);
    for form in forms() {
        let answer = send(&admin, &form).await;
        assert_eq!(answer.status, 303, "{form:?}");
        assert_eq!(answer.header("location"), Some(AGAIN), "{form:?}");
    }
    assert_eq!(count(&mut conn, before).await, 1, "nothing was changed");
    assert_eq!(
        count(&mut conn, "SELECT count(*) AS n FROM outbox").await,
        0
    );
    let page = admin.page(AGAIN).await;
    assert_eq!(page.h1(), "Enter your password again");
    has(&page, "in the last 5 minutes");
    has(&page, "You are signed in as admin.");
    let done = enter(&admin, PASSWORD, &[]).await;
    assert_eq!((done.status, done.header("location")), (303, Some(SETUP)));
    let page = admin.page(SETUP).await;
    has(&page, "For 5 minutes you can make changes");
    assert!(!page.all("main form[method=post]").is_empty());
    let mut other = forms().swap_remove(0);
    other[1].1 = "Hub 2";
    assert_eq!(send(&admin, &other).await.status, 200);
    assert_eq!(count(&mut conn, before).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_s12_the_password_makes_a_new_id_and_the_old_one_is_dead_and_the_session_ends_when_it_would_have()
 {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for _ in 0..70 {
        app.clock.advance(TimeDelta::minutes(10));
        assert_eq!(admin.page("/status").await.status, 200);
    }
    let old = admin.cookie(COOKIE).unwrap();
    admin.page(AGAIN).await;
    assert_eq!(enter(&admin, PASSWORD, &[]).await.status, 303);
    let new = admin.cookie(COOKIE).unwrap();
    assert_ne!(old, new);
    let thief = app.anonymous();
    thief.set_cookie(COOKIE, &old);
    let refused = thief.page("/").await;
    assert_eq!(refused.status, 303, "the old one is dead");
    assert_eq!(admin.page("/").await.status, 200);
    // S-13: twelve hours from signing in, not from the password.
    app.clock.advance(TimeDelta::minutes(10));
    assert_eq!(admin.page("/").await.status, 200);
    app.clock.advance(TimeDelta::minutes(10));
    assert_eq!(admin.page("/").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_only_the_own_password_counts_with_the_brake_of_signing_in_and_leads_nowhere_else() {
    let (app, _, mut conn) = served().await;
    app.add_user("kim", Role::Nurse).await;
    let admin = app.admin().await;
    app.clock.advance(TimeDelta::minutes(6));
    admin.page(AGAIN).await;
    let old = admin.cookie(COOKIE).unwrap();
    // Another name is no field of this form.
    let other = enter(&admin, PASSWORD, &[("name", "kim")]).await;
    assert_eq!(other.status, 400);
    assert_eq!(enter(&admin, "", &[]).await.status, 422);
    let wrong = enter(&admin, "wrong", &[]).await;
    assert_eq!(wrong.status, 422);
    has(&wrong, "The password is wrong.");
    assert_eq!(
        wrong.attribute("input[name=next]", "value").as_deref(),
        Some(SETUP)
    );
    assert!(!wrong.body.contains("value=\"wrong\""));
    let said = "SELECT count(*) AS n FROM audit_log WHERE action = 'session.step_up_refused' AND actor_user_id = (SELECT id FROM app_user WHERE sign_in_name = 'admin')";
    assert_eq!(count(&mut conn, said).await, 1);
    // S-07: with the tries of the sign-in page, so that a session that was left open cannot be used to guess.
    for _ in 0..5 {
        enter(&admin, "wrong", &[]).await;
    }
    let waits = enter(&admin, PASSWORD, &[]).await;
    assert_eq!(
        (waits.status, waits.header("retry-after")),
        (429, Some("1"))
    );
    has(&waits, "Wait 1 s and try again");
    let counted = "SELECT sum(failures) AS n FROM sign_in_failure WHERE account = 'admin'";
    assert_eq!(count(&mut conn, counted).await, 5);
    assert_eq!(admin.cookie(COOKIE).unwrap(), old, "the session goes on");
    app.clock.advance(TimeDelta::seconds(1));
    let away = admin
        .post(
            "/sign-in/again",
            &[("password", PASSWORD), ("next", "//evil.example/")],
        )
        .await;
    assert_eq!((away.status, away.header("location")), (303, Some("/")));
    let done = "SELECT count(*) AS n FROM audit_log WHERE action = 'session.stepped_up'";
    assert_eq!(count(&mut conn, done).await, 1, "S-50");
    let left = "SELECT count(*) AS n FROM sign_in_failure WHERE account = 'admin'";
    assert_eq!(count(&mut conn, left).await, 0);
    // Who entered it lately goes straight on.
    let straight = admin.page(AGAIN).await;
    assert_eq!(
        (straight.status, straight.header("location")),
        (303, Some(SETUP))
    );
    admin.page("/").await;
    // Nobody gets there without a session.
    let visitor = app.anonymous().page(AGAIN).await;
    assert!(visitor.header("location").unwrap().starts_with("/sign-in"));
}
