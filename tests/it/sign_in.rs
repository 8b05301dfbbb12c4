//! Signing in and out, sessions, wrong tries, the set-up link and `wardtrack admin`.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bytea, Text};
use diesel_async::RunQueryDsl;
use sha2::{Digest, Sha256};
use wardtrack::config::DbArgs;
use wardtrack::db::Db;
use wardtrack::db::types::Role;
use wardtrack::people::model::SignInName;
use wardtrack::people::{accounts, password, store};

use crate::support::{Actor, Html, PASSWORD, TestApp};

const COOKIE: &str = "__Host-wt";

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(db: &Db, sql: &'static str, text: &str) -> i64 {
    let mut conn = db.conn().await.unwrap();
    let row: Count = diesel::sql_query(sql)
        .bind::<Text, _>(text)
        .get_result(&mut conn)
        .await
        .unwrap();
    row.count
}

async fn count_audit(app: &TestApp, action: &str) -> i64 {
    count(
        &app.db,
        "SELECT count(*) FROM audit_log WHERE action = $1",
        action,
    )
    .await
}

async fn stored_sessions(app: &TestApp, cookie: &str) -> i64 {
    let hash = Sha256::digest(cookie.as_bytes()).to_vec();
    let mut conn = app.db.conn().await.unwrap();
    let row: Count = diesel::sql_query("SELECT count(*) FROM user_session WHERE token_hash = $1")
        .bind::<Bytea, _>(hash)
        .get_result(&mut conn)
        .await
        .unwrap();
    row.count
}

fn is_sign_in_page(answer: &Html) -> bool {
    answer.status == 303
        && answer
            .header("location")
            .is_some_and(|to| to.starts_with("/sign-in"))
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_the_cookie_is_host_bound_and_only_its_hash_is_stored() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let kim = app.anonymous();
    let answer = kim.sign_in("Kim ", PASSWORD).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let line = answer.set_cookie(COOKIE).unwrap();
    for part in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(
        !line.contains("Domain") && !line.contains("Max-Age"),
        "{line}"
    );
    let cookie = kim.cookie(COOKIE).unwrap();
    assert_eq!(cookie.len(), 43);
    assert_eq!(stored_sessions(&app, &cookie).await, 1);
    let page = kim.page("/").await;
    assert_eq!(page.status, 200);
    assert!(page.all(".bar .person")[0].contains("kim"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn s12_signing_in_makes_a_new_id_and_the_old_one_is_dead() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let kim = app.anonymous();
    kim.page("/sign-in").await;
    let before = kim.cookie(COOKIE).unwrap();
    kim.sign_in("kim", PASSWORD).await;
    let after = kim.cookie(COOKIE).unwrap();
    assert_ne!(before, after);
    assert_eq!(stored_sessions(&app, &before).await, 0);
    // A cookie that somebody planted is never taken over.
    let other = app.anonymous();
    other.set_cookie(COOKIE, &before);
    other.sign_in("kim", PASSWORD).await;
    assert_ne!(other.cookie(COOKIE).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_a_session_ends_after_15_idle_minutes_and_comes_back_to_its_page() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    app.clock.advance(TimeDelta::minutes(14));
    assert_eq!(nurse.page("/").await.status, 200);
    app.clock.advance(TimeDelta::minutes(14));
    assert_eq!(nurse.page("/find?q=pump").await.status, 200);
    app.clock.advance(TimeDelta::minutes(15));
    let ended = nurse.page("/find?q=pump").await;
    assert!(is_sign_in_page(&ended), "{}", ended.status);
    let form = nurse.page(ended.header("location").unwrap()).await;
    assert!(
        form.text().contains("Your session has ended"),
        "{}",
        form.text()
    );
    let next = form.attribute("input[name=next]", "value").unwrap();
    assert_eq!(next, "/find?q=pump");
    let back = nurse
        .post(
            "/sign-in",
            &[("name", "nurse"), ("password", PASSWORD), ("next", &next)],
        )
        .await;
    assert_eq!(back.header("location"), Some("/find?q=pump"));
    assert_eq!(nurse.page("/find?q=pump").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_a_session_ends_after_12_hours_however_busy() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    for _ in 0..71 {
        app.clock.advance(TimeDelta::minutes(10));
        assert_eq!(nurse.page("/status").await.status, 200);
    }
    app.clock.advance(TimeDelta::minutes(10));
    assert!(is_sign_in_page(&nurse.page("/status").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_polls_never_extend_a_session() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    for _ in 0..7 {
        app.clock.advance(TimeDelta::minutes(2));
        assert_eq!(nurse.poll("/").await.status, 200);
    }
    app.clock.advance(TimeDelta::minutes(1));
    let ended = nurse.poll("/").await;
    assert_eq!(ended.status, 401);
    assert_eq!(ended.header("hx-redirect"), Some("/sign-in"));
    assert!(is_sign_in_page(&nurse.page("/").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_the_time_of_use_is_written_once_a_minute() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    let written = "SELECT count(*) FROM user_session WHERE user_id IS NOT NULL AND last_used_at > created_at AND $1 = ''";
    app.clock.advance(TimeDelta::seconds(59));
    nurse.page("/").await;
    assert_eq!(count(&app.db, written, "").await, 0);
    app.clock.advance(TimeDelta::seconds(1));
    nurse.page("/").await;
    assert_eq!(count(&app.db, written, "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_a_new_password_and_disabling_end_every_session() {
    let app = TestApp::new().await;
    let (nurse, admin) = (app.nurse().await, app.admin().await);
    let now = app.app.clock.now();
    let find = async |name: &str| {
        let conn = app.db.conn().await.unwrap();
        store::find_user(&conn, &SignInName::parse(name).unwrap())
            .await
            .unwrap()
            .unwrap()
    };
    let hash = password::hash("five dry umbrellas").unwrap();
    accounts::set_password(&app.db, &find("nurse").await, &hash, now)
        .await
        .unwrap();
    assert!(is_sign_in_page(&nurse.page("/").await));
    assert_eq!(nurse.sign_in("nurse", PASSWORD).await.status, 422);
    assert_eq!(
        nurse.sign_in("nurse", "five dry umbrellas").await.status,
        303
    );
    let disabled = accounts::disable_user(&app.db, &find("nurse").await, now)
        .await
        .unwrap();
    assert_eq!(disabled, accounts::Disabling::Done);
    assert!(is_sign_in_page(&nurse.page("/").await));
    assert_eq!(
        nurse.sign_in("nurse", "five dry umbrellas").await.status,
        422
    );
    let last = accounts::disable_user(&app.db, &find("admin").await, now)
        .await
        .unwrap();
    assert_eq!(last, accounts::Disabling::LastAdmin);
    assert_eq!(admin.page("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_signing_out_ends_the_session_and_clears_the_browser() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let cookie = nurse.cookie(COOKIE).unwrap();
    let answer = nurse.post("/sign-out", &[]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/sign-in"))
    );
    assert_eq!(
        answer.header("clear-site-data"),
        Some("\"cache\", \"storage\"")
    );
    assert_eq!(stored_sessions(&app, &cookie).await, 0);
    assert!(
        nurse
            .page("/sign-in")
            .await
            .text()
            .contains("You have signed out")
    );
    assert!(
        !nurse
            .page("/sign-in")
            .await
            .text()
            .contains("You have signed out"),
        "said once"
    );
    let thief = app.anonymous();
    thief.set_cookie(COOKIE, &cookie);
    assert!(is_sign_in_page(&thief.page("/").await));
    assert_eq!(count_audit(&app, "session.ended").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s28_signing_in_never_leads_to_another_site() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil\t",
    ] {
        let kim = app.anonymous();
        kim.page("/sign-in").await;
        let answer = kim
            .post(
                "/sign-in",
                &[("name", "kim"), ("password", PASSWORD), ("next", next)],
            )
            .await;
        assert_eq!(answer.header("location"), Some("/"), "{next:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s06_when_too_many_sign_in_at_once_the_next_is_told_to_come_back() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let mut places = Vec::new();
    while let Ok(place) = app.app.passwords.enter() {
        places.push(place);
    }
    assert_eq!(places.len(), 104);
    let busy = app.anonymous().sign_in("kim", PASSWORD).await;
    assert_eq!(busy.status, 503);
    assert!(busy.header("retry-after").is_some());
    drop(places);
    assert_eq!(app.anonymous().sign_in("kim", PASSWORD).await.status, 303);
}

/// The page without what differs in every answer.
fn comparable(answer: &Html, name: &str) -> String {
    answer
        .body
        .replace(&answer.form_token().unwrap(), "TOKEN")
        .replace(name, "NAME")
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_unknown_and_known_names_get_the_same_answer_in_about_the_same_time() {
    let app = TestApp::new().await;
    for n in 0..4 {
        app.add_user(&format!("known{n}"), Role::Nurse).await;
    }
    // The first unknown name makes the hash that all later ones are compared with.
    app.anonymous().sign_in("warm-up", "wrong").await;
    let timed = async |name: String| {
        let visitor = app.anonymous();
        visitor.page("/sign-in").await;
        let started = Instant::now();
        let answer = visitor
            .post("/sign-in", &[("name", &name), ("password", "wrong")])
            .await;
        (started.elapsed(), answer)
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let (time, one) = timed(format!("known{n}")).await;
        known.push(time);
        let (time, other) = timed(format!("other{n}")).await;
        unknown.push(time);
        assert_eq!((one.status, other.status), (422, 422));
        assert_eq!(
            comparable(&one, &format!("known{n}")),
            comparable(&other, &format!("other{n}"))
        );
        assert!(
            one.text().contains("Name or password is wrong"),
            "{}",
            one.text()
        );
    }
    let fastest = |times: &[Duration]| times.iter().min().copied().unwrap();
    let (known, unknown) = (fastest(&known), fastest(&unknown));
    assert!(
        unknown * 2 > known && known * 2 > unknown,
        "known {known:?}, unknown {unknown:?}"
    );
}

async fn fail_to_sign_in(app: &TestApp, name: &str, times: usize) {
    for _ in 0..times {
        app.anonymous().sign_in(name, "wrong").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_after_five_failures_even_the_right_password_waits() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    fail_to_sign_in(&app, "kim", 7).await;
    let kim = app.anonymous();
    let waits = kim.sign_in("kim", PASSWORD).await;
    assert_eq!(
        (waits.status, waits.header("retry-after")),
        (429, Some("1"))
    );
    assert!(
        waits.text().contains("Wait 1 s and try again"),
        "{}",
        waits.text()
    );
    app.clock.advance(TimeDelta::seconds(1));
    assert_eq!(app.anonymous().sign_in("kim", "wrong").await.status, 422);
    assert_eq!(
        kim.sign_in("kim", PASSWORD).await.header("retry-after"),
        Some("2")
    );
    app.clock.advance(TimeDelta::seconds(2));
    assert_eq!(kim.sign_in("kim", PASSWORD).await.status, 303);
    let left = count(
        &app.db,
        "SELECT count(*) FROM sign_in_failure WHERE account = $1",
        "kim",
    )
    .await;
    assert_eq!(left, 0, "a right password forgets wrong ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_tries_at_once_are_counted_one_after_another() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let tries = (0..20).map(|_| async { app.anonymous().sign_in("kim", "wrong").await.status });
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|status| **status == 422).count(),
        5,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 429).count(),
        15,
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_strangers_do_not_slow_a_browser_that_signed_in_before() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let kim = app.anonymous();
    kim.sign_in("kim", PASSWORD).await;
    kim.post("/theme", &[("theme", ""), ("next", "/")]).await;
    kim.page("/").await;
    kim.post("/sign-out", &[]).await;
    fail_to_sign_in(&app, "kim", 8).await;
    assert_eq!(app.anonymous().sign_in("kim", PASSWORD).await.status, 429);
    assert_eq!(kim.sign_in("kim", PASSWORD).await.status, 303);
    // For another account the same browser is a stranger.
    app.add_user("ada", Role::Nurse).await;
    fail_to_sign_in(&app, "ada", 8).await;
    let other = app.anonymous();
    other.set_cookie("__Host-wt-known", &kim.cookie("__Host-wt-known").unwrap());
    assert_eq!(other.sign_in("ada", PASSWORD).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn s07_after_100_failures_only_an_administrator_helps() {
    let app = TestApp::new().await;
    app.add_user("kim", Role::Nurse).await;
    let mut conn = app.db.conn().await.unwrap();
    diesel::sql_query(
        "INSERT INTO sign_in_failure SELECT 'kim', '10.0.' || n || '.0/24', 20, now(), now() FROM generate_series(1, 5) n",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let refused = app.anonymous().sign_in("kim", PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert!(
        refused.text().contains("Ask an administrator"),
        "{}",
        refused.text()
    );
    let user = store::find_user(&conn, &SignInName::parse("kim").unwrap())
        .await
        .unwrap()
        .unwrap();
    let hash = password::hash(PASSWORD).unwrap();
    accounts::set_password(&app.db, &user, &hash, app.app.clock.now())
        .await
        .unwrap();
    assert_eq!(app.anonymous().sign_in("kim", PASSWORD).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn s50_sign_in_failure_and_denied_access_are_on_record_without_what_was_typed() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    app.anonymous().sign_in("nurse", "hunter2-by-mistake").await;
    app.anonymous().sign_in("hunter2 as name", "x").await;
    assert_eq!(nurse.page("/quarantine").await.status, 403);
    assert_eq!(count_audit(&app, "session.started").await, 1);
    assert_eq!(count_audit(&app, "session.refused").await, 2);
    assert_eq!(count_audit(&app, "access.denied").await, 1);
    let leaked = "SELECT count(*) FROM audit_log a WHERE a::text LIKE '%' || $1 || '%'";
    assert_eq!(count(&app.db, leaked, "hunter2").await, 0);
    let leaked = "SELECT count(*) FROM sign_in_failure a WHERE a::text LIKE '%' || $1 || '%'";
    assert_eq!(count(&app.db, leaked, "hunter2").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s06_a_weaker_stored_hash_is_renewed_at_sign_in() {
    let app = TestApp::new().await;
    let id = app.add_user("kim", Role::Nurse).await;
    // argon2id with 8 MiB and one round, of PASSWORD.
    let weak = argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        argon2::Params::new(8 * 1024, 1, 1, None).unwrap(),
    );
    let weak = argon2::PasswordHasher::hash_password(&weak, PASSWORD.as_bytes())
        .unwrap()
        .to_string();
    let mut conn = app.db.conn().await.unwrap();
    store::set_password_hash(&mut conn, id, &weak)
        .await
        .unwrap();
    assert_eq!(app.anonymous().sign_in("kim", PASSWORD).await.status, 303);
    let user = store::find_user(&conn, &SignInName::parse("kim").unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(
        user.password_hash.contains("m=19456,t=2,p=1"),
        "{}",
        user.password_hash
    );
    assert_eq!(app.anonymous().sign_in("kim", PASSWORD).await.status, 303);
}

async fn set_up(visitor: &Actor, path: &str, name: &str, password: &str) -> Html {
    visitor
        .post(
            path,
            &[
                ("name", name),
                ("display_name", "Ada Berg"),
                ("password", password),
            ],
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_the_set_up_link_makes_one_administrator_once() {
    let app = TestApp::new().await;
    let link = accounts::make_setup_link(&app.db, app.app.clock.now())
        .await
        .unwrap()
        .unwrap();
    let path = format!("/set-up/{}", link.expose());
    let visitor = app.anonymous();
    assert_eq!(visitor.page(&path).await.h1(), "Set up wardtrack");
    let short = set_up(&visitor, &path, "ada", "too short").await;
    assert_eq!(short.status, 422);
    assert!(
        short.text().contains("it needs at least 15"),
        "{}",
        short.text()
    );
    assert_eq!(
        short.attribute("#password", "aria-invalid").as_deref(),
        Some("true")
    );
    assert_eq!(
        set_up(&visitor, &path, "Ada Berg", PASSWORD).await.status,
        422
    );
    let rival = app.anonymous();
    rival.page(&path).await;
    assert_eq!(
        set_up(&visitor, &path, "ada", PASSWORD)
            .await
            .header("location"),
        Some("/sign-in")
    );
    assert_eq!(set_up(&rival, &path, "eve", PASSWORD).await.status, 404);
    assert!(
        visitor
            .page("/sign-in")
            .await
            .text()
            .contains("The administrator is made")
    );
    assert_eq!(visitor.sign_in("ada", PASSWORD).await.status, 303);
    assert_eq!(visitor.page("/quarantine").await.status, 200);
    assert_eq!(
        app.anonymous().page(&path).await.h1(),
        "This set-up link no longer works"
    );
    assert!(
        accounts::make_setup_link(&app.db, app.app.clock.now())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s09_set_up_links_die_after_an_hour_by_a_newer_one_and_by_an_administrator() {
    let app = TestApp::new().await;
    let open = async |link: &str| {
        app.anonymous()
            .page(&format!("/set-up/{link}"))
            .await
            .status
    };
    let first = accounts::make_setup_link(&app.db, app.app.clock.now())
        .await
        .unwrap()
        .unwrap();
    let second = accounts::make_setup_link(&app.db, app.app.clock.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (open(first.expose()).await, open(second.expose()).await),
        (404, 200)
    );
    app.clock.advance(TimeDelta::minutes(60));
    assert_eq!(open(second.expose()).await, 404);
    let third = accounts::make_setup_link(&app.db, app.app.clock.now())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(open(third.expose()).await, 200);
    app.add_user("ada", Role::Admin).await;
    assert_eq!(open(third.expose()).await, 404);
    assert_eq!(open("nonsense").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_have_ended_are_removed() {
    let app = TestApp::new().await;
    let nurse = app.nurse().await;
    app.anonymous().page("/sign-in").await;
    app.clock.advance(TimeDelta::minutes(10));
    nurse.page("/").await;
    app.clock.advance(TimeDelta::minutes(6));
    assert_eq!(
        accounts::clean_up(&app.db, app.app.clock.now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(nurse.page("/").await.status, 200);
}

/// Runs `wardtrack admin` as somebody on the server does: exit code, output and errors.
async fn admin(app: &TestApp, arguments: &[&str]) -> (i32, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .arg("admin")
        .args(arguments)
        .env("WARDTRACK_DATABASE_URL", app.database_url().expose())
        .env_remove("WARDTRACK_DATABASE_URL_FILE")
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn s05_accounts_are_added_on_the_command_line_with_passwords_from_files() {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, short) = (
        file("good", "four wet umbrellas\n"),
        file("short", "short\n"),
    );
    let (code, text) = admin(
        &app,
        &[
            "user",
            "add",
            "ada",
            "--role",
            "admin",
            "--password-file",
            &short,
        ],
    )
    .await;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("it needs at least 15"), "{text}");
    let add = [
        "user",
        "add",
        "ada",
        "--role",
        "admin",
        "--display-name",
        "Ada Berg",
        "--password-file",
        &good,
    ];
    let (code, text) = admin(&app, &add).await;
    assert_eq!((code, text.as_str()), (0, "added ada (admin)\n"));
    assert_eq!(admin(&app, &add).await.0, 1);
    assert_eq!(
        admin(&app, &[&add[..], &["--if-missing"]].concat()).await.0,
        0
    );
    assert_eq!(app.anonymous().sign_in("ada", PASSWORD).await.status, 303);
    assert_eq!(
        admin(&app, &["user", "list"]).await.1,
        "ada\tadmin\tactive\tAda Berg\n"
    );
    let (code, text) = admin(&app, &["user", "disable", "ada"]).await;
    assert_eq!(code, 1);
    assert!(text.contains("last administrator"), "{text}");
    let (code, text) = admin(&app, &["user", "add", "eve", "--role", "boss"]).await;
    assert_eq!(code, 2);
    assert!(text.contains("nurse, supply, biomed, admin"), "{text}");
    let (code, text) = admin(&app, &["setup-link"]).await;
    assert_eq!(code, 1);
    assert!(text.contains("there is an administrator already"), "{text}");
    assert_eq!(count_audit(&app, "user.added").await, 1);
    let pool = DbArgs {
        db_pool: 2,
        db_statement_timeout_ms: 5_000,
    };
    assert!(Db::new(&pool, &app.database_url(), "test").is_ok());
}
