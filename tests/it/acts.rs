//! What people say about equipment, through the pages: the table of domain section 5, once and only once.

use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::pages::{has, served};
use crate::support::{Actor, Html};

pub fn key() -> String {
    Uuid::now_v7().to_string()
}

impl Actor {
    /// Says something about one asset with a fresh form.
    pub async fn say(&self, act: &str, asset: i64, more: &[(&str, &str)]) -> Html {
        let (key, asset) = (key(), asset.to_string());
        let next = format!("/assets/{asset}");
        let mut fields = vec![
            ("key", key.as_str()),
            ("act", act),
            ("asset", &asset),
            ("next", &next),
        ];
        fields.extend(more);
        self.post("/acts", &fields).await
    }

    /// Says something that must be accepted, and returns the page that follows.
    pub async fn said(&self, act: &str, asset: i64, more: &[(&str, &str)]) -> Html {
        let answer = self.say(act, asset, more).await;
        assert_eq!(answer.status, 303, "{act}: {}", answer.text());
        let location = answer.header("location").unwrap().to_owned();
        self.page(&location).await
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

async fn status(conn: &mut AsyncPgConnection, asset: i64) -> String {
    let row: Line = diesel::sql_query("SELECT status AS line FROM asset WHERE id = $1")
        .bind::<BigInt, _>(asset)
        .get_result(conn)
        .await
        .unwrap();
    row.line
}

pub async fn count(conn: &mut AsyncPgConnection, sql: &str) -> i64 {
    let row: Number = diesel::sql_query(format!("SELECT ({sql})::bigint AS number"))
        .get_result(conn)
        .await
        .unwrap();
    row.number
}

#[tokio::test(flavor = "multi_thread")]
async fn took_soiled_cleaning_cleaned_is_the_usual_round() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    let pump = hospital.likely;
    let page = nurse.page(&format!("/assets/{pump}")).await;
    assert_eq!(page.all(".acts .btn.go"), ["Take it: in use"]);
    for (act, stored, words) in [
        ("took", "in_use", "IP-0417 is in use now."),
        ("soiled", "soiled", "IP-0417 is soiled now, to be cleaned."),
        ("cleaning", "cleaning", "IP-0417 is in cleaning now."),
        (
            "cleaned",
            "available",
            "IP-0417 is clean and available again.",
        ),
    ] {
        let page = nurse.said(act, pump, &[]).await;
        has(&page, words);
        assert!(page.all(".done .btn").contains(&"Undo".to_owned()), "{act}");
        assert_eq!(status(&mut conn, pump).await, stored);
    }
    let page = nurse.page(&format!("/assets/{pump}")).await;
    has(&page, "Cleaned, now available");
    // The timeline names role and unit and never a person.
    has(&page, "By Nurse");
    assert!(!page.text().contains("Test nurse"), "{}", page.text());
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM asset_event").await,
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_a_nurse_cannot_skip_cleaning_and_biomed_gives_a_reason() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    let refused = {
        nurse.page("/").await;
        nurse
            .say(
                "cleaned",
                hospital.reader_down,
                &[("reason", "looks clean")],
            )
            .await
    };
    assert_eq!(refused.status, 403);
    has(&refused, "IP-0377 is Soiled now");
    has(&refused, "Nothing was changed.");
    let biomed = app.biomed().await;
    biomed.page("/").await;
    let refused = biomed.say("cleaned", hospital.reader_down, &[]).await;
    assert_eq!(refused.status, 422);
    has(&refused, "A reason is needed.");
    assert_eq!(status(&mut conn, hospital.reader_down).await, "soiled");
    biomed
        .said(
            "cleaned",
            hospital.reader_down,
            &[("reason", "never left its wrapping")],
        )
        .await;
    assert_eq!(status(&mut conn, hospital.reader_down).await, "available");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_does_nothing_twice() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let (key, asset) = (key(), hospital.likely.to_string());
    let fields = [
        ("key", key.as_str()),
        ("act", "took"),
        ("asset", &asset),
        ("next", "/find"),
    ];
    let (first, second) = tokio::join!(nurse.post("/acts", &fields), nurse.post("/acts", &fields));
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.header("location"), second.header("location"));
    let third = nurse.post("/acts", &fields).await;
    assert_eq!(third.status, 303);
    has(&nurse.page("/find").await, "That was done already.");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM asset_event").await,
        1
    );
    assert_eq!(status(&mut conn, hospital.likely).await, "in_use");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_the_same_moment_one_takes_it_and_the_other_is_told() {
    let (app, hospital, mut conn) = served().await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    nurse.page("/").await;
    tech.page("/").await;
    let shown = [("shown", "available")];
    let (one, other) = tokio::join!(
        nurse.say("took", hospital.likely, &shown),
        tech.say("took", hospital.likely, &shown)
    );
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
    let told = if one.status == 409 { one } else { other };
    has(&told, "IP-0417 is In use now");
    has(&told, "somebody else was faster");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM asset_event").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_page_and_a_retired_asset_say_what_it_is_now() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    diesel::sql_query("UPDATE asset SET status = 'retired' WHERE id = $1")
        .bind::<BigInt, _>(hospital.likely)
        .execute(&mut conn)
        .await
        .unwrap();
    let late = nurse
        .say("took", hospital.likely, &[("shown", "available")])
        .await;
    assert_eq!(late.status, 409);
    has(&late, "IP-0417 is Retired now");
    let gone = nurse.say("took", 999_999, &[]).await;
    assert_eq!(gone.status, 404);
    has(&gone, "There is no such device.");
}

#[tokio::test(flavor = "multi_thread")]
async fn not_here_makes_the_place_unknown_at_once_and_shows_the_next_best() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let page = nurse.said("not_here", hospital.likely, &[]).await;
    has(&page, "IP-0417: its place is unknown now");
    has(&page, "Unknown");
    has(&page, "did not find it there");
    has(&page, "Next best");
    has(&page, "IP-0333");
    // Said twice, there is still one task.
    nurse.said("not_here", hospital.likely, &[]).await;
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM task WHERE state = 'open'").await,
        1
    );
    let results = nurse
        .page(&format!("/find?type={}", hospital.pump_type))
        .await;
    assert_eq!(results.h1(), "Infusion pump: 1 ready");
    // Found again: confirmed, and the task is done.
    let page = nurse.said("found", hospital.likely, &[]).await;
    has(&page, "Confirmed");
    assert_eq!(
        count(
            &mut conn,
            "SELECT count(*) FROM task WHERE outcome = 'found'"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn not_here_is_said_of_the_room_that_the_page_showed() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    let page = nurse
        .page(&format!("/find?type={}", hospital.pump_type))
        .await;
    let shown = page
        .attribute("form input[name=shown_room]", "value")
        .unwrap();
    assert_eq!(shown, hospital.clean.to_string());
    // While she walks there, readers hear it elsewhere.
    diesel::sql_query("UPDATE asset_place SET room_id = 40003 WHERE asset_id = 80001")
        .execute(&mut conn)
        .await
        .unwrap();
    let old = nurse
        .say("not_here", hospital.likely, &[("shown_room", &shown)])
        .await;
    assert_eq!(old.status, 409);
    has(&old, "Its place has changed since your page was shown");
    assert_eq!(count(&mut conn, "SELECT count(*) FROM task").await, 0);
    // "It is here" says the room of the page, wherever readers put it meanwhile.
    let page = nurse.page(&format!("/assets/{}", hospital.last_seen)).await;
    let room = page.attribute(".acts input[name=room]", "value").unwrap();
    diesel::sql_query("UPDATE asset_place SET room_id = 40003 WHERE asset_id = 80002")
        .execute(&mut conn)
        .await
        .unwrap();
    nurse
        .said("found", hospital.last_seen, &[("room", &room)])
        .await;
    let place = "SELECT room_id FROM asset_place WHERE asset_id = 80002";
    assert_eq!(count(&mut conn, place).await, hospital.clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_of_not_here_leaves_since_when_the_status_is_so() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let since =
        "SELECT extract(epoch FROM status_since)::bigint * 1000 FROM asset WHERE id = 80001";
    let before = count(&mut conn, since).await;
    let page = nurse.said("not_here", hospital.likely, &[]).await;
    let done = page.attribute(".done input[name=done]", "value").unwrap();
    app.clock.advance(TimeDelta::seconds(20));
    let key = key();
    let fields = [("key", key.as_str()), ("done", &done), ("next", "/find")];
    assert_eq!(nurse.post("/undo", &fields).await.status, 303);
    assert_eq!(count(&mut conn, since).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn r14_found_in_another_room_moves_it_by_hand() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let nowhere = nurse
        .say("found", hospital.likely, &[("room", "9X-99")])
        .await;
    assert_eq!(nowhere.status, 422);
    has(&nowhere, "There is no room 9X-99");
    let page = nurse
        .said("found", hospital.likely, &[("room", " 3w-14 ")])
        .await;
    has(&page, "Soiled utility 3W-14, 3 West");
    has(&page, "Confirmed");
    app.clock.advance(TimeDelta::minutes(5));
    let label = format!("wt:room:{}", hospital.clean);
    let page = nurse
        .said("found", hospital.likely, &[("room", &label)])
        .await;
    has(&page, "Clean utility 3W-12, 3 West");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM place_claim").await,
        2
    );
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM asset_stay WHERE asset_id = (SELECT id FROM asset WHERE asset_number = 'IP-0417') AND left_at > now() - interval '100 years' AND basis = 'scan'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_takes_back_within_half_a_minute_and_not_after() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    let other = app.supply_tech().await;
    nurse.page("/").await;
    other.page("/").await;
    let page = nurse.said("took", hospital.likely, &[]).await;
    let done = page.attribute(".done input[name=done]", "value").unwrap();
    let undo = |key: String| {
        let done = done.clone();
        vec![("key", key), ("done", done), ("next", "/find".to_owned())]
    };
    let send = async |actor: &Actor, key: String| {
        let fields = undo(key);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        actor.post("/undo", &fields).await
    };
    assert_eq!(
        send(&other, key()).await.status,
        409,
        "another person's act"
    );
    let first = key();
    assert_eq!(send(&nurse, first.clone()).await.status, 303);
    assert_eq!(send(&nurse, first).await.status, 303, "a double tap");
    assert_eq!(status(&mut conn, hospital.likely).await, "available");
    assert_eq!(
        send(&nurse, key()).await.status,
        409,
        "it was taken back already"
    );

    let page = nurse.said("took", hospital.likely, &[]).await;
    let done = page.attribute(".done input[name=done]", "value").unwrap();
    app.clock.advance(TimeDelta::seconds(40));
    let key = key();
    let fields = [("key", key.as_str()), ("done", &done), ("next", "/find")];
    let late = nurse.post("/undo", &fields).await;
    assert_eq!(late.status, 409);
    has(&late, "This can no longer be taken back");
    assert_eq!(status(&mut conn, hospital.likely).await, "in_use");
    let page = nurse
        .page(&format!("/assets/{}?done={done}", hospital.likely))
        .await;
    assert!(page.all(".done .btn").is_empty(), "no Undo after its time");
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_what_is_on_hold_is_neither_ready_nor_taken() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    diesel::sql_query("UPDATE asset SET safety_hold = 'recall', hold_since = now() WHERE id = $1")
        .bind::<BigInt, _>(hospital.likely)
        .execute(&mut conn)
        .await
        .unwrap();
    let page = nurse.page(&format!("/assets/{}", hospital.likely)).await;
    assert_eq!(page.all(".hero .chip"), ["On hold"]);
    has(&page, "Called back: nobody may use it. Ask biomed.");
    let refused = nurse.say("took", hospital.likely, &[]).await;
    assert_eq!(refused.status, 409);
    has(&refused, "It must not be used; ask biomed.");
    let results = nurse
        .page(&format!("/find?type={}", hospital.pump_type))
        .await;
    assert_eq!(results.h1(), "Infusion pump: 1 ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_at_once_change_together_or_not_at_all() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let (one, other) = (
        hospital.likely.to_string(),
        hospital.reader_down.to_string(),
    );
    let form_key = key();
    let mixed = [
        ("key", form_key.as_str()),
        ("act", "took"),
        ("asset", &one),
        ("asset", &other),
        ("next", "/find"),
    ];
    let refused = nurse.post("/acts", &mixed).await;
    assert_eq!(refused.status, 409);
    has(&refused, "IP-0377 is Soiled now");
    assert_eq!(status(&mut conn, hospital.likely).await, "available");
    let second = hospital.last_seen.to_string();
    // The key was not used up by the refusal.
    let both = [
        ("key", form_key.as_str()),
        ("act", "took"),
        ("asset", &one),
        ("asset", &second),
        ("next", "/find"),
    ];
    let done = nurse.post("/acts", &both).await;
    assert_eq!(done.status, 303);
    let page = nurse.page(done.header("location").unwrap()).await;
    has(&page, "2 devices:");
    assert_eq!(
        count(&mut conn, "SELECT count(DISTINCT act_key) FROM asset_event").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_device_has_a_fault_tag_and_no_other_has() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let tag = format!("/labels/fault/{}", hospital.likely);
    assert_eq!(
        nurse.page(&tag).await.status,
        303,
        "nothing is wrong with it"
    );
    let page = nurse
        .said("broken", hospital.likely, &[("reason", "battery")])
        .await;
    assert_eq!(page.attribute("#fault-link", "href"), Some(tag.clone()));
    let tag = nurse.page(&tag).await;
    assert_eq!(tag.h1(), "Fault tag of IP-0417");
    has(&tag, "Do not use");
    has(&tag, "Battery");
    assert_eq!(nurse.page("/labels/fault/999").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_ticked_in_the_list_of_a_room_and_cleaned_with_one_press() {
    let (app, hospital, mut conn) = served().await;
    diesel::sql_query("UPDATE asset SET status = 'cleaning' WHERE id IN (80001, 80002)")
        .execute(&mut conn)
        .await
        .unwrap();
    let nurse = app.nurse().await;
    let room = format!("/rooms/{}", hospital.clean);
    let page = nurse.page(&room).await;
    let boxes = page.attributes("input[form=several-in-cleaning][name=asset]", "value");
    assert_eq!(boxes.len(), 2, "{}", page.body);
    let hidden = |name: &str| {
        page.attribute(&format!("#several-in-cleaning input[name={name}]"), "value")
            .unwrap()
    };
    let (key, shown, next) = (hidden("key"), hidden("shown"), hidden("next"));
    let mut fields = vec![
        ("key", key.as_str()),
        ("shown", &shown),
        ("next", &next),
        ("act", "cleaned"),
    ];
    let none = nurse.post("/acts", &fields).await;
    assert_eq!(none.status, 400);
    has(&none, "Choose at least one device");
    fields.extend(boxes.iter().map(|id| ("asset", id.as_str())));
    let answer = nurse.post("/acts", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = nurse.page(answer.header("location").unwrap()).await;
    assert_eq!(page.h1(), "Clean utility 3W-12");
    assert_eq!(page.all(".done .btn"), ["Undo"]);
    for asset in [hospital.likely, hospital.last_seen] {
        assert_eq!(status(&mut conn, asset).await, "available");
    }
    assert!(page.all("#several-in-cleaning").is_empty());
    assert!(
        page.all("tbody .c-act .btn.go").len() >= 2,
        "and can be taken here"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_forms_are_refused_in_words_and_change_nothing() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let (form_key, asset) = (key(), hospital.likely.to_string());
    let many: Vec<String> = (1..=101).map(|id| id.to_string()).collect();
    let mut crowd = vec![("key", form_key.as_str()), ("act", "took")];
    crowd.extend(many.iter().map(|id| ("asset", id.as_str())));
    let long = "a".repeat(10_000);
    for (fields, part) in [
        (vec![], "act"),
        (
            vec![("key", form_key.as_str()), ("act", "took")],
            "None was chosen",
        ),
        (
            vec![
                ("key", form_key.as_str()),
                ("act", "'; DROP TABLE asset; --"),
                ("asset", &asset),
            ],
            "act",
        ),
        (
            vec![("key", "no-key"), ("act", "took"), ("asset", &asset)],
            "key",
        ),
        (
            vec![
                ("key", form_key.as_str()),
                ("act", "broken"),
                ("asset", &asset),
                ("reason", &long),
            ],
            "10000 characters",
        ),
        (crowd, "101 devices are too many"),
    ] {
        let answer = nurse.post("/acts", &fields).await;
        assert_eq!(answer.status, 400, "{part}");
        has(&answer, part);
    }
    let nothing = nurse.say("broken", hospital.likely, &[]).await;
    assert_eq!(nothing.status, 422);
    has(&nothing, "A reason is needed.");
    assert_eq!(
        count(&mut conn, "SELECT count(*) FROM asset_event").await,
        0
    );
    let away = nurse
        .say(
            "took",
            hospital.likely,
            &[("next", "https://evil.example/")],
        )
        .await;
    assert!(away.header("location").unwrap().starts_with("/assets/"));
}
