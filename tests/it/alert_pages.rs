//! Alerts as people see them: the list, acknowledging, resolving, and what happens when two people or the world are faster.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use wardtrack::alerts::rules::{Cause, Subject, key as alert_key};
use wardtrack::alerts::store::{end, raise};
use wardtrack::db::types::AlertKind;
use wardtrack::ids::{AssetId, AssetTypeId, DestinationId, ReaderId, RoomId};

use crate::acts::{count, key};
use crate::pages::{has, has_not, served};
use crate::support::seed::Hospital;
use crate::support::{Actor, Html, TestApp};

/// One alert of each kind; their ids in order of the kinds.
async fn raise_all(app: &TestApp, hospital: &Hospital, conn: &mut AsyncPgConnection) -> Vec<i64> {
    let cause = |kind, subject, room_id| Cause {
        kind,
        subject,
        room_id,
    };
    let room = RoomId(hospital.clean);
    let causes = [
        cause(
            AlertKind::EquipmentBelowCritical,
            Subject::TypeInRoom(AssetTypeId(hospital.pump_type), room),
            None,
        ),
        cause(
            AlertKind::SoiledInCleanRoom,
            Subject::Asset(AssetId(hospital.last_seen)),
            Some(room),
        ),
        cause(
            AlertKind::Missing,
            Subject::Asset(AssetId(hospital.reader_down)),
            None,
        ),
        cause(
            AlertKind::ReaderDown,
            Subject::Reader(ReaderId(100_002)),
            None,
        ),
    ];
    conn.batch_execute(&format!(
        "INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES ({}, {}, 4, 3)",
        hospital.pump_type, hospital.clean
    ))
    .await
    .unwrap();
    raise(conn, &causes, app.app.clock.now()).await.unwrap();
    let mut ids = Vec::new();
    for cause in &causes {
        let sql = format!(
            "SELECT id FROM alert WHERE kind = '{}'",
            cause.kind.as_str()
        );
        ids.push(count(conn, &sql).await);
    }
    ids
}

impl Actor {
    /// Acknowledges or resolves alerts with a fresh form.
    async fn on_alerts(&self, act: &str, alerts: &[i64], more: &[(&str, &str)]) -> Html {
        let (key, ids): (String, Vec<String>) =
            (key(), alerts.iter().map(i64::to_string).collect());
        let mut fields = vec![("key", key.as_str()), ("act", act), ("next", "/alerts")];
        fields.extend(ids.iter().map(|id| ("alert", id.as_str())));
        fields.extend(more);
        self.post("/alerts", &fields).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_in_plain_words_what_is_the_matter_the_gravest_first() {
    let (app, hospital, mut conn) = served().await;
    let nurse = app.nurse().await;
    has(&nurse.page("/alerts").await, "No alert is open here.");
    raise_all(&app, &hospital, &mut conn).await;
    let page = nurse.page("/alerts").await;
    assert_eq!(page.h1(), "Alerts: 4 open");
    has(
        &page,
        "Infusion pump: 2 ready in Clean utility 3W-12, 3 West, critical level is 3",
    );
    has(
        &page,
        "IP-0333 (Infusion pump) is available and in a clean room: Clean utility 3W-12, 3 West",
    );
    has(
        &page,
        "IP-0377 (Infusion pump) is missing, last known in Soiled utility 3W-14, 3 West",
    );
    has(&page, "Reader 3w-14-a not heard since");
    has(&page, "It covers 3W-14, Bay 2.");
    has(&page, "Nobody has acknowledged it.");
    let severities = page.all(".alerts .chip");
    assert_eq!(severities, ["High", "High", "Medium", "Medium"]);
    // The navigation says how many wait, for screen readers in words.
    assert_eq!(page.all("#alerts-waiting"), ["4 open"]);
    let one = nurse.page("/alerts?kind=reader_down&state=open").await;
    assert_eq!(one.all(".alerts h2").len(), 1);
    let odd = nurse
        .page("/alerts?kind=weather&state=%27&unit=mars&after=x")
        .await;
    assert_eq!(odd.status, 200);
    for words in ["weather", "mars", "is no known kind", "is no known state"] {
        has(&odd, words);
    }
    assert_eq!(odd.all(".alerts h2").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_has_its_own_alerts() {
    let (app, hospital, mut conn) = served().await;
    raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    conn.batch_execute("UPDATE app_user SET home_unit_id = 30002")
        .await
        .unwrap();
    // The library owns no missing pump; the rest is in 3 West.
    let mine = nurse.page("/alerts").await;
    assert_eq!(mine.h1(), "Alerts of Equipment library: 0 open");
    assert_eq!(mine.all("#alerts-waiting"), [""]);
    conn.batch_execute("UPDATE app_user SET home_unit_id = 30001")
        .await
        .unwrap();
    let mine = nurse.page("/alerts").await;
    assert_eq!(mine.h1(), "Alerts of 3 West: 4 open");
    assert_eq!(nurse.page("/alerts?unit=all").await.h1(), "Alerts: 4 open");
    assert_eq!(mine.all(".seg a")[..2], ["3 West (4)", "Hospital (4)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_reads_the_alerts_of_another_unit_and_the_choice_stays() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    conn.batch_execute(&format!(
        "UPDATE app_user SET home_unit_id = 30001; UPDATE alert SET unit_id = 30002 WHERE id = {}",
        ids[1]
    ))
    .await
    .unwrap();
    let mine = nurse.page("/alerts").await;
    assert_eq!(mine.h1(), "Alerts of 3 West: 3 open");
    assert_eq!(
        mine.attributes("#unit option", "value")[..2],
        ["all", "mine"]
    );
    assert_eq!(mine.all("#unit option[selected]"), ["3 West"]);
    let other = nurse.page("/alerts?unit=30002&kind=").await;
    assert_eq!(other.h1(), "Alerts of Equipment library: 1 open");
    assert_eq!(other.all(".alerts h2").len(), 1);
    assert_eq!(
        other.all(".seg a")[..4],
        [
            "3 West (3)",
            "Hospital (4)",
            "Equipment library (1)",
            "All now (1)"
        ]
    );
    assert_eq!(other.all("#unit option[selected]"), ["Equipment library"]);
    // Tabs, file and further pages keep it.
    let tabs = other.attributes(".seg:nth-of-type(2) a", "href");
    assert_eq!(tabs.len(), 4);
    assert!(tabs.iter().all(|to| to.contains("unit=30002")), "{tabs:?}");
    let file = other.attribute("#alerts a[download]", "href").unwrap();
    let rows = nurse.page(&file).await;
    assert_eq!(rows.body.trim_end().lines().count(), 2, "{}", rows.body);
    conn.batch_execute(
        "INSERT INTO alert (kind, severity, alert_key, room_id, asset_type_id, opened_at, last_at) \
         SELECT 'equipment_below_critical', 'high', 'k' || n, 40001, 60001, now(), now() FROM generate_series(1, 60) n; \
         UPDATE alert SET unit_id = 30002 WHERE alert_key LIKE 'k%'",
    )
    .await
    .unwrap();
    let other = nurse.page("/alerts?unit=30002").await;
    let next = other.attribute("#alerts > p a.btn", "href").unwrap();
    let next = nurse.page(&next).await;
    assert_eq!(next.h1(), "Alerts of Equipment library: 61 open");
    assert_eq!(next.all(".alerts h2").len(), 11);
    // A unit that is not there is said, and all are shown.
    let odd = nurse.page("/alerts?unit=99999").await;
    has(&odd, "99999\u{201d} is no known unit: all are shown.");
    assert_eq!(odd.h1(), "Alerts: 64 open");
    assert_eq!(nurse.page("/alerts.csv?unit=99999").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_leads_to_the_messages_for_those_who_may_see_them() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO destination (name, kind, address, created_at) VALUES ('Supply team', 'mail', 'supply@hospital.example', now())",
    )
    .await
    .unwrap();
    let destination = count(&mut conn, "SELECT id AS n FROM destination").await;
    let cause = Cause {
        kind: AlertKind::NotDelivered,
        subject: Subject::Destination(DestinationId(destination)),
        room_id: None,
    };
    raise(&mut conn, &[cause], app.app.clock.now())
        .await
        .unwrap();
    let (tech, nurse) = (app.supply_tech().await, app.nurse().await);
    let words = "Messages to Supply team could not be delivered";
    for path in ["/alerts", "/"] {
        let page = tech.page(path).await;
        has(&page, words);
        assert_eq!(
            page.attributes("#alerts h2 a, #home-alerts li > a", "href"),
            ["/deliveries?state=failed"],
            "{path}"
        );
        let page = nurse.page(path).await;
        has(&page, words);
        assert!(
            page.all("#alerts h2 a, #home-alerts li > a").is_empty(),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_hides_nothing_and_says_who_by_role() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    nurse.page("/alerts").await;
    let answer = nurse.on_alerts("acknowledge", &ids[..1], &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let page = nurse.page("/alerts").await;
    has(&page, "Acknowledged: Infusion pump: 2 ready");
    has(&page, "Acknowledged by Nurse, just now");
    assert_eq!(page.all(".alerts h2").len(), 4);
    assert_eq!(page.h1(), "Alerts: 3 open");
    // Several at once: the one that has been acknowledged is left as it is.
    let several = nurse.on_alerts("acknowledge", &ids, &[]).await;
    assert_eq!(several.status, 303);
    let page = nurse.page("/alerts").await;
    has(
        &page,
        "3 alerts acknowledged. 1 more had been acknowledged or had ended meanwhile.",
    );
    assert_eq!(page.h1(), "Alerts: 0 open");
    assert_eq!(
        nurse
            .page("/alerts?state=acknowledged")
            .await
            .all(".alerts h2")
            .len(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_people_at_the_same_moment_one_acknowledges_and_the_other_is_told() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let (nurse, tech) = (app.nurse().await, app.supply_tech().await);
    nurse.page("/").await;
    tech.page("/").await;
    let (one, other) = tokio::join!(
        nurse.on_alerts("acknowledge", &ids[..1], &[]),
        tech.on_alerts("acknowledge", &ids[..1], &[])
    );
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
    let told = if one.status == 409 { one } else { other };
    has(&told, "It was acknowledged meanwhile by");
    has(&told, "Nothing was changed.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_acknowledges_once() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    let (key, id) = (key(), ids[0].to_string());
    let fields = [
        ("key", key.as_str()),
        ("act", "acknowledge"),
        ("alert", &id),
    ];
    assert_eq!(nurse.post("/alerts", &fields).await.status, 303);
    assert_eq!(nurse.post("/alerts", &fields).await.status, 303);
    has(&nurse.page("/alerts").await, "That was done already.");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_resolves_itself_says_so_and_an_old_page_s_button_is_told() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    nurse.page("/alerts").await;
    let ended = alert_key(
        AlertKind::Missing,
        Subject::Asset(AssetId(hospital.reader_down)),
    );
    end(&mut conn, &[ended], app.app.clock.now()).await.unwrap();
    let late = nurse.on_alerts("acknowledge", &ids[2..3], &[]).await;
    assert_eq!(late.status, 409);
    has(&late, "IP-0377 (Infusion pump) was missing");
    has(&late, "It resolved itself meanwhile");
    assert_eq!(nurse.page("/alerts").await.h1(), "Alerts: 3 open");
    let recent = nurse.page("/alerts?state=recent").await;
    has(&recent, "Its condition ended, and it resolved itself");
    has(&recent, "Nobody had acknowledged it.");
    // After two days only what nobody had acknowledged is still told.
    app.clock.advance(chrono::TimeDelta::days(2));
    let nurse = {
        let again = app.anonymous();
        again.sign_in("nurse", crate::support::PASSWORD).await;
        again
    };
    has(&nurse.page("/alerts?state=recent").await, "was missing");
    conn.batch_execute(
        "UPDATE alert SET acknowledged_at = opened_at, acknowledged_by = (SELECT min(id) FROM app_user) WHERE kind = 'missing'",
    )
    .await
    .unwrap();
    has_not(&nurse.page("/alerts?state=recent").await, "was missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_while_the_condition_holds_needs_right_and_reason_and_keeps_quiet_until_it_ended()
{
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let (nurse, biomed) = (app.nurse().await, app.biomed().await);
    assert!(
        nurse
            .page("/alerts")
            .await
            .all("#alerts details")
            .is_empty()
    );
    let refused = nurse
        .on_alerts("resolve", &ids[2..3], &[("reason", "sold")])
        .await;
    assert_eq!(refused.status, 403);
    has(&refused, "Your role cannot resolve this");
    assert_eq!(
        biomed
            .page("/alerts")
            .await
            .all("#alerts details[id^=resolve]")
            .len(),
        4
    );
    let without = biomed
        .on_alerts("resolve", &ids[2..3], &[("reason", "  ")])
        .await;
    assert_eq!(without.status, 422);
    has(&without, "a reason is needed");
    let done = biomed
        .on_alerts("resolve", &ids[2..3], &[("reason", "lent to <b>")])
        .await;
    assert_eq!(done.status, 303);
    let recent = biomed.page("/alerts?state=recent").await;
    has(&recent, "Resolved by Biomed, just now.");
    has(&recent, "Reason: lent to <b>");
    has(&recent, "It stays quiet until that has ended once.");
    let cause = Cause {
        kind: AlertKind::Missing,
        subject: Subject::Asset(AssetId(hospital.reader_down)),
        room_id: None,
    };
    let now = app.app.clock.now();
    let open = "SELECT count(*) FROM alert WHERE kind = 'missing' AND state = 'open'";
    raise(&mut conn, &[cause], now).await.unwrap();
    assert_eq!(count(&mut conn, open).await, 0, "quiet");
    end(&mut conn, &[cause.key()], now).await.unwrap();
    raise(&mut conn, &[cause], now).await.unwrap();
    assert_eq!(count(&mut conn, open).await, 1, "it had ended once");
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'alert.resolved'";
    assert_eq!(count(&mut conn, audited).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_soiled_pump_in_the_clean_room_shows_and_goes_when_it_is_cleaned() {
    let (app, hospital, _) = served().await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    nurse.said("took", hospital.likely, &[]).await;
    nurse.said("soiled", hospital.likely, &[]).await;
    let page = nurse.page("/alerts").await;
    has(
        &page,
        "IP-0417 (Infusion pump) is soiled and in a clean room: Clean utility 3W-12, 3 West",
    );
    nurse.said("cleaning", hospital.likely, &[]).await;
    nurse.said("cleaned", hospital.likely, &[]).await;
    has(&nurse.page("/alerts").await, "No alert is open here.");
    has(
        &nurse.page("/alerts?state=recent").await,
        "IP-0417 (Infusion pump) was not clean",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_alerts_come_page_by_page_each_once() {
    let (app, _, mut conn) = served().await;
    conn.batch_execute(
        "INSERT INTO alert (kind, severity, alert_key, room_id, asset_type_id, opened_at, last_at) \
         SELECT 'equipment_below_critical', (ARRAY['low', 'medium', 'high', 'critical'])[1 + n % 4], 'k' || n, 40001, 60001, \
                now() - (n / 10) * interval '1 minute', now() FROM generate_series(1, 10000) n",
    )
    .await
    .unwrap();
    let nurse = app.nurse().await;
    let mut page = nurse.page("/alerts").await;
    assert_eq!(page.h1(), "Alerts: 10,000 open");
    assert_eq!(page.all("#alerts-waiting"), ["99+ open"]);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let rows = page.attributes(".alerts > li", "data-row");
        assert_eq!(rows.len(), 50);
        for row in rows {
            assert!(seen.insert(row.clone()), "{row} twice");
        }
        assert!(
            page.all(".alerts .chip")
                .iter()
                .all(|word| word == "Critical")
        );
        let next = page.attribute("#alerts > p a.btn", "href").unwrap();
        page = nurse.page(&next).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_forms_are_refused_in_words_and_change_nothing() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let nurse = app.nurse().await;
    nurse.page("/").await;
    for (act, alerts, more, status, words) in [
        ("acknowledge", vec![], vec![], 400, "No alert was chosen"),
        ("postpone", ids.clone(), vec![], 400, "postpone"),
        (
            "acknowledge",
            ids.clone(),
            vec![("assignee", "7")],
            400,
            "assignee",
        ),
        (
            "acknowledge",
            vec![999_999],
            vec![],
            404,
            "There is no such alert",
        ),
        (
            "acknowledge",
            vec![ids[0], 999_999],
            vec![],
            404,
            "Nothing was changed",
        ),
        (
            "acknowledge",
            (1..=101).collect(),
            vec![],
            400,
            "101 alerts",
        ),
    ] {
        let answer = nurse.on_alerts(act, &alerts, &more).await;
        assert_eq!(answer.status, status, "{words}: {}", answer.text());
        has(&answer, words);
    }
    let touched = "SELECT count(*) FROM alert WHERE state <> 'open'";
    assert_eq!(count(&mut conn, touched).await, 0);
    let away = nurse
        .on_alerts(
            "acknowledge",
            &ids[..1],
            &[("next", "https://evil.example/")],
        )
        .await;
    assert_eq!(away.header("location"), Some("/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_switched_it_on_hears_critical_alerts() {
    let (app, hospital, mut conn) = served().await;
    let ids = raise_all(&app, &hospital, &mut conn).await;
    let (admin, nurse) = (app.admin().await, app.nurse().await);
    let newest = async |person: &Actor| {
        let page = person.page("/help").await;
        page.attribute("#alerts-waiting", "data-critical")
    };
    has(
        &admin.page("/alerts").await,
        "Turn the sound for critical alerts on",
    );
    assert_eq!(newest(&admin).await, None);
    let on = admin.post("/alerts/sound", &[("sound", "on")]).await;
    assert_eq!(on.status, 303);
    // None of these is critical.
    assert_eq!(newest(&admin).await.as_deref(), Some("0"));
    conn.batch_execute(&format!(
        "UPDATE alert SET severity = 'critical' WHERE id IN ({}, {})",
        ids[0], ids[1]
    ))
    .await
    .unwrap();
    let second = ids[0].max(ids[1]).to_string();
    assert_eq!(newest(&admin).await, Some(second));
    assert_eq!(newest(&nurse).await, None, "each person chooses");
    let page = admin.page("/help").await;
    assert!(page.body.contains("alert-sound.js"), "{}", page.body);
    assert!(
        page.body.contains("sse-connect"),
        "the bell is live for them"
    );
    // Who acknowledged it has heard it.
    admin.page("/alerts").await;
    admin.on_alerts("acknowledge", &ids[..2], &[]).await;
    assert_eq!(newest(&admin).await.as_deref(), Some("0"));
    admin.post("/alerts/sound", &[("sound", "off")]).await;
    assert_eq!(newest(&admin).await, None);
    assert!(!admin.page("/help").await.body.contains("alert-sound.js"));
}
