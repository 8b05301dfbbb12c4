//! What time causes, job by job, with a clock that the test moves: each limit to the second.

use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;
use wardtrack::assets::acts::{Act, By, perform};
use wardtrack::clock::{Clock, TestClock};
use wardtrack::db::types::{AssetAct, Role};
use wardtrack::ids::{AssetId, UserId};
use wardtrack::lifecycle::Lifecycle;
use wardtrack::live::Hints;
use wardtrack::scheduler::{self, Job, Outcome, Scheduler};

use crate::ingest::rig::wait_until;
use crate::support::TestDatabase;

/// IP-0417 and its tag, of the small hospital.
const PUMP: i64 = 80_001;
const NURSE: By = By::Person(UserId(120_001), Role::Nurse);

/// A ward with one room of each kind that rules look at. The pump of the small hospital is moved by hand.
pub struct Ward {
    pub database: TestDatabase,
    pub conn: AsyncPgConnection,
    pub start: DateTime<Utc>,
    pub scheduler: Scheduler,
}

impl Ward {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let mut conn = database.conn().await;
        let start = Clock::system().now().trunc_subsecs(0);
        crate::support::seed::hospital(&mut conn, start).await;
        conn.batch_execute(
            "INSERT INTO app_user (sign_in_name, display_name, role, password_hash) VALUES ('n', 'n', 'nurse', '-'), ('b', 'b', 'biomed', '-');
             INSERT INTO room (floor_id, unit_id, name, kind) VALUES (20001, 30001, '3W-01', 'patient_room');
             INSERT INTO zone (room_id, name) SELECT id, 'Whole room' FROM room WHERE name = '3W-01';
             DELETE FROM antenna; UPDATE reader_health SET down_since = NULL;
             INSERT INTO antenna (reader_id, port, zone_id) SELECT 100001, row_number() OVER (ORDER BY id), id FROM zone;
             UPDATE tag_state SET seen_at = now() + interval '1 hour' WHERE tag_id <> 90001;
             UPDATE asset SET status = 'retired' WHERE id <> 80001",
        )
        .await
        .unwrap();
        let ward = Self {
            database,
            conn,
            start,
            scheduler: Scheduler::default(),
        };
        ward.execute(&format!(
            "UPDATE asset SET status_since = '{}'",
            ward.text(-86_400)
        ))
        .await;
        ward
    }

    /// The instant so many seconds after the start.
    pub fn at(&self, seconds: i64) -> DateTime<Utc> {
        self.start + TimeDelta::seconds(seconds)
    }

    fn text(&self, seconds: i64) -> String {
        self.at(seconds).to_rfc3339()
    }

    pub async fn execute(&self, sql: &str) {
        let mut conn = self.database.conn().await;
        conn.batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Runs a job while consumers report; those about silence say themselves when they do.
    pub async fn run(&mut self, job: Job, seconds: i64) -> Outcome {
        if matches!(job, Job::Rooms | Job::Readers) {
            self.consumers_live(seconds).await;
        }
        self.run_as_it_is(job, seconds).await
    }

    async fn run_as_it_is(&mut self, job: Job, seconds: i64) -> Outcome {
        let now = self.at(seconds);
        self.scheduler
            .run_job(&mut self.conn, job, now)
            .await
            .unwrap()
            .expect("nobody else is at it")
    }

    /// Puts the pump into the first room of a kind, as a consumer does.
    async fn enter(&self, kind: &str, status: &str, seconds: i64) {
        self.execute(&format!(
            "UPDATE asset_place SET room_id = (SELECT min(id) FROM room WHERE kind = '{kind}'), entered_at = '{at}', not_here_at = NULL, scanned_at = NULL
             WHERE asset_id = {PUMP};
             UPDATE asset SET status = '{status}', status_since = '{before}' WHERE id = {PUMP}",
            at = self.text(seconds),
            before = self.text(seconds - 1),
        ))
        .await;
        self.heard(seconds).await;
    }

    async fn heard(&self, seconds: i64) {
        self.execute(&format!(
            "UPDATE tag_state SET seen_at = '{}' WHERE tag_id = 90001",
            self.text(seconds)
        ))
        .await;
    }

    /// The consumers report at this time, so that silence means something.
    async fn consumers_live(&self, seconds: i64) {
        let at = self.text(seconds);
        self.execute(&format!(
            "UPDATE consumer_health SET reported_at = '{at}', caught_up_at = '{at}'"
        ))
        .await;
    }

    async fn status(&self) -> String {
        self.line(&format!(
            "SELECT status AS line FROM asset WHERE id = {PUMP}"
        ))
        .await
    }

    async fn line(&self, sql: &str) -> String {
        self.database.lines(sql).await.pop().unwrap_or_default()
    }

    async fn alerts(&self, kind: &str) -> String {
        self.line(&format!("SELECT coalesce(string_agg(state || ' ' || causes, ', ' ORDER BY id), '') AS line FROM alert WHERE kind = '{kind}'")).await
    }

    async fn say(&mut self, act: AssetAct, seconds: i64, reason: Option<&'static str>) {
        let ids = [AssetId(PUMP)];
        let act = Act {
            reason,
            ..Act::new(act, &ids, NURSE)
        };
        let now = self.at(seconds);
        perform(&mut self.conn, Uuid::now_v7(), &act, now)
            .await
            .unwrap();
    }

    /// Silence is looked at from five minutes after the consumers came; the walk begins anew.
    async fn look_for_missing(&mut self, seconds: i64) -> usize {
        self.scheduler = Scheduler::default();
        self.consumers_live(seconds - 300).await;
        assert_eq!(
            self.run(Job::Missing, seconds - 300).await.changed,
            0,
            "nothing is silent yet"
        );
        self.consumers_live(seconds).await;
        self.run(Job::Missing, seconds).await.changed
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn place_rules_act_when_the_dwell_is_complete_and_not_a_second_before() {
    let mut ward = Ward::new().await;
    for (kind, from, to, dwell, rule) in [
        ("patient_room", "available", "in_use", 120, "patient_room"),
        ("soiled_utility", "in_use", "soiled", 60, "soiled_utility"),
        ("equipment_room", "soiled", "cleaning", 60, "equipment_room"),
    ] {
        ward.enter(kind, from, 0).await;
        ward.heard(dwell).await;
        assert_eq!(
            ward.run(Job::PlaceRules, dwell - 1).await.changed,
            0,
            "{kind}"
        );
        assert_eq!(ward.status().await, from);
        let outcome = ward.run(Job::PlaceRules, dwell + 7).await;
        assert_eq!(
            (outcome.changed, ward.status().await.as_str()),
            (1, to),
            "{kind}"
        );
        assert!(
            outcome
                .topics
                .covers(wardtrack::live::Topic::Asset(AssetId(PUMP)))
        );
        // R12: when it happened, and when we learned it.
        let event = ward.line("SELECT concat_ws(' ', rule, from_status, to_status, extract(epoch FROM learned_at - at)::int) AS line FROM asset_event ORDER BY id DESC LIMIT 1").await;
        assert_eq!(event, format!("{rule} {from} {to} 7"));
        assert_eq!(
            ward.run(Job::PlaceRules, dwell + 8).await.changed,
            0,
            "once"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r9_no_place_makes_anything_available() {
    let mut ward = Ward::new().await;
    for kind in [
        "patient_room",
        "soiled_utility",
        "equipment_room",
        "clean_utility",
    ] {
        for status in ["soiled", "cleaning", "in_repair", "in_use"] {
            ward.enter(kind, status, 0).await;
            for seconds in [3_600, 3_601] {
                ward.heard(seconds).await;
                ward.run(Job::PlaceRules, seconds).await;
                assert_ne!(ward.status().await, "available", "{status} in {kind}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_in_a_room_stands_until_the_asset_leaves_it() {
    let mut ward = Ward::new().await;
    ward.enter("patient_room", "in_use", 0).await;
    ward.say(AssetAct::Returned, 30, Some("not used")).await;
    ward.heard(7_200).await;
    assert_eq!(ward.run(Job::PlaceRules, 7_200).await.changed, 0);
    assert_eq!(ward.status().await, "available");
    // It comes back into a patient's room: the dwell begins anew.
    ward.execute(&format!(
        "UPDATE asset_place SET entered_at = '{}'",
        ward.text(7_300)
    ))
    .await;
    ward.heard(7_420).await;
    assert_eq!(ward.run(Job::PlaceRules, 7_419).await.changed, 0);
    assert_eq!(ward.run(Job::PlaceRules, 7_420).await.changed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_not_likely_changes_no_status() {
    let mut ward = Ward::new().await;
    ward.enter("patient_room", "available", 0).await;
    assert_eq!(
        ward.run(Job::PlaceRules, 121).await.changed,
        0,
        "silent for two minutes: last seen"
    );
    ward.heard(120).await;
    ward.execute(&format!(
        "UPDATE asset_place SET not_here_at = '{}'",
        ward.text(60)
    ))
    .await;
    assert_eq!(
        ward.run(Job::PlaceRules, 121).await.changed,
        0,
        "reported not here"
    );
    ward.execute("UPDATE asset_place SET not_here_at = NULL")
        .await;
    ward.execute(&format!(
        "UPDATE reader_health SET down_since = '{}'",
        ward.text(100)
    ))
    .await;
    assert_eq!(
        ward.run(Job::PlaceRules, 121).await.changed,
        0,
        "nobody hears the room"
    );
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    assert_eq!(ward.run(Job::PlaceRules, 121).await.changed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_asset_that_is_refused_or_held_by_somebody_stops_no_other() {
    let mut ward = Ward::new().await;
    ward.enter("patient_room", "available", 0).await;
    ward.heard(120).await;
    let other = format!(
        "UPDATE asset SET status = 'available', status_since = '{before}' WHERE id IN (80002, 80003);
         UPDATE asset_place SET room_id = (SELECT room_id FROM asset_place WHERE asset_id = {PUMP}), entered_at = '{at}' WHERE asset_id IN (80002, 80003);
         UPDATE tag_state SET seen_at = '{heard}';
         ALTER TABLE asset_event ADD CONSTRAINT not_the_second CHECK (asset_id <> 80002)",
        before = ward.text(-1),
        at = ward.text(0),
        heard = ward.text(120),
    );
    ward.execute(&other).await;
    let mut somebody = ward.database.conn().await;
    somebody
        .batch_execute(&format!(
            "BEGIN; SELECT FROM asset_place WHERE asset_id = {PUMP} FOR UPDATE"
        ))
        .await
        .unwrap();
    let begun = Instant::now();
    assert_eq!(
        ward.run(Job::PlaceRules, 121).await.changed,
        1,
        "only the third"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "it waits for nobody"
    );
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(ward.run(Job::PlaceRules, 122).await.changed, 1);
    let left = ward.line("SELECT string_agg(status, ' ' ORDER BY id) AS line FROM asset WHERE id BETWEEN 80001 AND 80003").await;
    assert_eq!(left, "in_use available in_use");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_missing_after_a_day_with_its_alert_and_back_when_heard() {
    let mut ward = Ward::new().await;
    let day = 86_400;
    ward.enter("clean_utility", "available", 0).await;
    assert_eq!(ward.look_for_missing(day).await, 0, "a day and not more");
    assert_eq!(ward.look_for_missing(day + 1).await, 1);
    assert_eq!(
        (
            ward.status().await.as_str(),
            ward.alerts("missing").await.as_str()
        ),
        ("missing", "open 1")
    );
    let event = ward.line("SELECT rule || ' ' || extract(epoch FROM learned_at - at)::int AS line FROM asset_event ORDER BY id DESC LIMIT 1").await;
    assert_eq!(
        event, "not_seen 1",
        "it happened when the limit was reached"
    );
    assert_eq!(ward.look_for_missing(day + 500).await, 0, "once");
    // Not heard since: nothing. Heard: back, soiled because it was gone for longer than a day, alert over.
    assert_eq!(ward.run(Job::SeenAgain, day + 600).await.changed, 0);
    ward.heard(day + 601).await;
    assert_eq!(ward.run(Job::SeenAgain, day + 602).await.changed, 1);
    assert_eq!(
        (
            ward.status().await.as_str(),
            ward.alerts("missing").await.as_str()
        ),
        ("soiled", "resolved 1")
    );
    assert_eq!(ward.run(Job::SeenAgain, day + 603).await.changed, 0);
    // R22: gone again within ten minutes of that, it is the same alert.
    ward.say(AssetAct::Missing, day + 610, None).await;
    assert_eq!(ward.alerts("missing").await, "open 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_slow_tags_have_a_week_and_passive_ones_for_ever() {
    let mut ward = Ward::new().await;
    let day = 86_400;
    ward.enter("clean_utility", "in_use", 0).await;
    ward.execute("UPDATE tag SET expected_interval_ms = 300000 WHERE id = 90001")
        .await;
    assert_eq!(ward.look_for_missing(7 * day).await, 0);
    ward.execute("UPDATE tag SET technology = 'rfid', expected_interval_ms = NULL WHERE id = 90001; UPDATE asset_place SET basis = 'pass'").await;
    assert_eq!(ward.look_for_missing(400 * day).await, 0);
    ward.execute("UPDATE tag SET technology = 'ble', expected_interval_ms = 300000 WHERE id = 90001; UPDATE asset_place SET basis = 'beacon'").await;
    assert_eq!(ward.look_for_missing(7 * day + 1).await, 1);
    ward.heard(7 * day + 2).await;
    ward.run(Job::SeenAgain, 7 * day + 2).await;
    assert_eq!(
        ward.status().await,
        "in_use",
        "only what was available may have been used"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_a_scan_counts_as_seen() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", 0).await;
    ward.say(AssetAct::Found, 80_000, None).await;
    assert_eq!(ward.look_for_missing(90_000).await, 0);
    assert_eq!(ward.look_for_missing(80_000 + 86_401).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_who_says_what_a_device_is_has_seen_it() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", 0).await;
    assert_eq!(ward.look_for_missing(100_000).await, 1);
    ward.say(AssetAct::Broken, 100_100, Some("no_power")).await;
    assert_eq!(ward.status().await, "in_repair");
    assert_eq!(
        ward.look_for_missing(100_800).await,
        0,
        "it lies on the bench, without radio"
    );
    assert_eq!(ward.status().await, "in_repair");
    assert_eq!(ward.look_for_missing(100_100 + 86_401).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tag_heard_before_it_was_put_on_says_nothing_of_the_device() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", 0).await;
    // A spare tag that nobody heard for three days comes onto a device that was just here.
    ward.heard(-3 * 86_400).await;
    ward.execute(&format!(
        "UPDATE tag_assignment SET assigned_at = '{}' WHERE asset_id = {PUMP}",
        ward.text(600)
    ))
    .await;
    assert_eq!(ward.look_for_missing(1_000).await, 0);
    // And a missing device is not there again because its new tag was heard before.
    ward.say(AssetAct::Missing, 1_100, None).await;
    ward.heard(2_000).await;
    ward.execute(&format!(
        "UPDATE tag_assignment SET assigned_at = '{}' WHERE asset_id = {PUMP}",
        ward.text(2_100)
    ))
    .await;
    assert_eq!(ward.run(Job::SeenAgain, 2_200).await.changed, 0);
    assert_eq!(ward.status().await, "missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_seen_again_lifts_not_here_and_a_later_report_keeps_its_task() {
    let task = "SELECT coalesce(string_agg(state || ' ' || coalesce(outcome, ''), ', '), '') AS line FROM task";
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", -600).await;
    ward.say(AssetAct::NotHere, 0, None).await;
    assert_eq!(ward.look_for_missing(90_000).await, 1);
    ward.heard(100_000).await;
    assert_eq!(ward.run(Job::SeenAgain, 100_001).await.changed, 1);
    assert_eq!(ward.status().await, "soiled");
    assert_eq!(ward.line(task).await, "done seen");
    let placed = format!(
        "SELECT count(*)::text AS line FROM asset_place WHERE asset_id = {PUMP} AND not_here_at IS NULL"
    );
    assert_eq!(ward.line(&placed).await, "1", "its room counts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_silence_means_nothing_while_readers_or_consumers_are_away() {
    let mut ward = Ward::new().await;
    let day = 86_400;
    ward.enter("clean_utility", "available", 0).await;
    ward.execute(&format!(
        "UPDATE reader_health SET down_since = '{}' WHERE reader_id = 100001",
        ward.text(10)
    ))
    .await;
    ward.run(Job::Readers, 20).await;
    assert_eq!(ward.alerts("reader_down").await, "open 1");
    assert_eq!(ward.look_for_missing(3 * day).await, 0, "held back");
    // The reader is back: what it hears must have its turn before silence counts again.
    ward.execute("UPDATE reader_health SET down_since = NULL WHERE reader_id = 100001")
        .await;
    assert_eq!(ward.look_for_missing(3 * day + 1).await, 0);
    ward.run(Job::Readers, 3 * day + 2).await;
    ward.run(Job::Readers, 3 * day + 122).await;
    assert_eq!(ward.alerts("reader_down").await, "resolved 1");
    assert_eq!(ward.look_for_missing(3 * day + 122 + 1_799).await, 0);
    assert_eq!(ward.look_for_missing(3 * day + 122 + 1_800).await, 1);
    ward.execute("DELETE FROM alert; UPDATE asset SET status = 'available', status_before = NULL, gone_since = NULL WHERE id = 80001").await;
    // Consumers that do not report: nobody listens.
    ward.scheduler = Scheduler::default();
    for seconds in [0, 300, 600] {
        assert_eq!(ward.run(Job::Missing, 9 * day + seconds).await.changed, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r10_radio_that_goes_on_does_not_bring_back_what_a_person_called_missing() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", -600).await;
    ward.heard(-2).await;
    ward.say(AssetAct::Missing, 0, None).await;
    assert_eq!(ward.alerts("missing").await, "open 1");
    ward.heard(30).await;
    assert_eq!(
        ward.run(Job::SeenAgain, 31).await.changed,
        0,
        "the radio that led to the wrong room"
    );
    ward.execute(&format!(
        "UPDATE asset_place SET entered_at = '{}', room_id = 40003",
        ward.text(40)
    ))
    .await;
    ward.heard(50).await;
    assert_eq!(ward.run(Job::SeenAgain, 51).await.changed, 1);
    assert_eq!(ward.status().await, "available");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_for_task_is_done_when_the_asset_is_seen_in_another_room() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", -600).await;
    ward.say(AssetAct::NotHere, 0, None).await;
    ward.heard(10).await;
    assert_eq!(
        ward.run(Job::SeenAgain, 11).await.changed,
        0,
        "heard where it was not"
    );
    ward.execute(&format!(
        "UPDATE asset_place SET entered_at = '{}', room_id = 40003, not_here_at = NULL",
        ward.text(20)
    ))
    .await;
    let outcome = ward.run(Job::SeenAgain, 21).await;
    assert_eq!(outcome.changed, 1);
    assert_eq!(
        ward.line("SELECT state || ' ' || outcome AS line FROM task")
            .await,
        "done seen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_service_falls_due_at_midnight_of_the_facility_on_both_nights_of_a_clock_change() {
    let mut ward = Ward::new().await;
    // London: the day after 28 March 2026 begins at 00:00 UTC, the one after 29 March at 23:00 UTC; in October the other way.
    for (due, before, after) in [
        ("2026-03-28", "2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z"),
        ("2026-03-29", "2026-03-29T22:59:59Z", "2026-03-29T23:00:00Z"),
        ("2026-10-24", "2026-10-24T22:59:59Z", "2026-10-24T23:00:00Z"),
        ("2026-10-25", "2026-10-25T23:59:59Z", "2026-10-26T00:00:00Z"),
    ] {
        ward.execute(&format!("UPDATE asset_type SET overdue_blocks = true; UPDATE asset SET service_due_on = '{due}', is_service_blocked = false WHERE id = {PUMP}")).await;
        for (now, blocked) in [(before, 0), (after, 1)] {
            ward.start = now.parse().unwrap();
            assert_eq!(
                ward.run(Job::Service, 0).await.changed,
                blocked,
                "{due} at {now}"
            );
        }
        assert_eq!(
            ward.run(Job::Service, 60).await.changed,
            0,
            "only what changes"
        );
    }
    ward.execute("UPDATE asset SET service_due_on = '2027-01-01' WHERE id = 80001")
        .await;
    assert_eq!(
        ward.run(Job::Service, 0).await.changed,
        1,
        "done: free again"
    );
    ward.execute("UPDATE asset SET service_due_on = '2020-01-01' WHERE id = 80001; UPDATE asset_type SET overdue_blocks = false").await;
    assert_eq!(
        ward.run(Job::Service, 0).await.changed,
        0,
        "its type may be used"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r8_ten_minutes_below_critical_raise_and_five_minutes_well_end() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", -600).await;
    ward.execute(
        "INSERT INTO equipment_par (asset_type_id, room_kind, target, critical) VALUES (60001, 'clean_utility', 9, 9);
         INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40001, 4, 1)",
    )
    .await;
    assert_eq!(ward.run(Job::Rooms, 0).await.changed, 0);
    assert_eq!(
        ward.database
            .number("SELECT count(*) AS n FROM equipment_par_watch")
            .await,
        0,
        "the line of the room wins"
    );
    ward.say(AssetAct::Took, 10, None).await;
    for (seconds, alerts) in [(20, ""), (619, ""), (620, "open 1"), (900, "open 1")] {
        ward.run(Job::Rooms, seconds).await;
        assert_eq!(
            ward.alerts("equipment_below_critical").await,
            alerts,
            "at {seconds}"
        );
    }
    ward.say(AssetAct::Returned, 1_000, Some("not used")).await;
    // Well for four minutes, short again, well: the five minutes begin anew.
    ward.run(Job::Rooms, 1_000).await;
    ward.say(AssetAct::Took, 1_200, None).await;
    ward.run(Job::Rooms, 1_240).await;
    ward.say(AssetAct::Returned, 1_300, Some("not used")).await;
    for (seconds, alerts) in [(1_300, "open 1"), (1_599, "open 1"), (1_600, "resolved 1")] {
        ward.run(Job::Rooms, seconds).await;
        assert_eq!(
            ward.alerts("equipment_below_critical").await,
            alerts,
            "at {seconds}"
        );
    }
    assert_eq!(
        ward.database
            .number("SELECT count(*) AS n FROM equipment_par_watch")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_a_room_whose_readers_are_down_raises_nothing_until_they_are_back() {
    let mut ward = Ward::new().await;
    ward.execute("INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40003, 4, 1)").await;
    ward.run(Job::Rooms, 0).await;
    ward.execute(&format!(
        "UPDATE reader_health SET down_since = '{}' WHERE reader_id = 100001",
        ward.text(10)
    ))
    .await;
    ward.run(Job::Rooms, 6_000).await;
    assert_eq!(ward.alerts("equipment_below_critical").await, "");
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    ward.run(Job::Rooms, 6_001).await;
    assert_eq!(ward.alerts("equipment_below_critical").await, "open 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn r24_counts_and_readers_say_nothing_while_no_consumer_takes_sightings() {
    let mut ward = Ward::new().await;
    ward.execute("INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40003, 4, 1)").await;
    ward.run(Job::Rooms, 0).await;
    ward.execute(&format!(
        "UPDATE reader_health SET down_since = '{}' WHERE reader_id = 100001",
        ward.text(1)
    ))
    .await;
    ward.run(Job::Readers, 2).await;
    assert_eq!(ward.alerts("reader_down").await, "open 1");
    // What the consumer wrote last stays as it is: the reader seems back, the room seems short.
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    ward.run(Job::Readers, 3).await;
    ward.run_as_it_is(Job::Rooms, 3_600).await;
    ward.run_as_it_is(Job::Readers, 3_600).await;
    assert_eq!(ward.alerts("equipment_below_critical").await, "");
    assert_eq!(ward.alerts("reader_down").await, "open 1");
    ward.run(Job::Rooms, 3_601).await;
    assert_eq!(ward.alerts("equipment_below_critical").await, "open 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn r22_a_person_who_resolves_early_keeps_the_key_quiet_until_the_condition_ends_once() {
    let mut ward = Ward::new().await;
    ward.execute("INSERT INTO equipment_par (asset_type_id, room_id, target, critical) VALUES (60001, 40003, 4, 1)").await;
    ward.run(Job::Rooms, 0).await;
    ward.run(Job::Rooms, 600).await;
    ward.execute("UPDATE alert SET state = 'resolved', resolved_at = now(), resolved_by = 120001, resolution = 'on their way'").await;
    ward.run(Job::Rooms, 9_000).await;
    assert_eq!(ward.alerts("equipment_below_critical").await, "resolved 1");
    ward.enter("patient_care_area", "available", 9_000).await;
    ward.run(Job::Rooms, 9_001).await;
    ward.run(Job::Rooms, 9_301).await;
    assert_eq!(
        ward.database
            .number("SELECT count(*) AS n FROM alert WHERE is_active")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_down_alert_ends_two_minutes_after_it_is_heard() {
    let mut ward = Ward::new().await;
    let down =
        |at: &str| format!("UPDATE reader_health SET down_since = '{at}' WHERE reader_id = 100001");
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    ward.run(Job::Readers, 0).await;
    assert_eq!(ward.alerts("reader_down").await, "");
    ward.execute(&down(&ward.text(5))).await;
    ward.run(Job::Readers, 10).await;
    ward.run(Job::Readers, 15).await;
    assert_eq!(
        ward.alerts("reader_down").await,
        "open 1",
        "one cause, one count"
    );
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    ward.run(Job::Readers, 100).await;
    ward.execute(&down(&ward.text(150))).await;
    ward.run(Job::Readers, 150).await;
    ward.execute("UPDATE reader_health SET down_since = NULL")
        .await;
    ward.run(Job::Readers, 200).await;
    ward.run(Job::Readers, 319).await;
    assert_eq!(ward.alerts("reader_down").await, "open 1");
    ward.run(Job::Readers, 320).await;
    assert_eq!(ward.alerts("reader_down").await, "resolved 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_removes_what_is_old_and_nothing_else() {
    let mut ward = Ward::new().await;
    let day = 86_400;
    for seconds in [-day - 1, -day + 60] {
        ward.execute(&format!("INSERT INTO form_post (form_key, user_id, at, location) VALUES (gen_random_uuid(), 120001, '{}', '/')", ward.text(seconds))).await;
    }
    for seconds in [-90 * day - 1, -90 * day + 60] {
        let at = ward.text(seconds);
        ward.execute(&format!(
            "INSERT INTO alert (kind, severity, alert_key, is_active, state, opened_at, last_at, ended_at, resolved_at)
             VALUES ('missing', 'medium', 'k', false, 'resolved', '{at}', '{at}', '{at}', '{at}');
             INSERT INTO task (kind, asset_id, state, opened_at, closed_at, outcome) VALUES ('look_for', 80001, 'done', '{at}', '{at}', 'seen')"
        ))
        .await;
    }
    ward.execute(&format!(
        "INSERT INTO alert (kind, severity, alert_key, opened_at, last_at) VALUES ('missing', 'medium', 'open', '{old}', '{old}');
         INSERT INTO task (kind, asset_id, opened_at) VALUES ('look_for', 80001, '{old}')",
        old = ward.text(-400 * day)
    ))
    .await;
    for seconds in [-3_601, -3_599] {
        ward.execute(&format!(
            "INSERT INTO csv_upload (upload_key, user_id, file_name, at, content) VALUES (gen_random_uuid(), 120001, 'a.csv', '{}', 'asset_number')",
            ward.text(seconds)
        ))
        .await;
    }
    for seconds in [-601, -599] {
        ward.execute(&format!(
            "INSERT INTO place_claim (asset_id, room_id, at) VALUES (80001, 40001, '{}')",
            ward.text(seconds)
        ))
        .await;
    }
    ward.consumers_live(-700).await;
    ward.run(Job::CleanUp, 0).await;
    let counts = "SELECT concat_ws(' ', (SELECT count(*) FROM form_post), (SELECT count(*) FROM alert), (SELECT count(*) FROM task), (SELECT count(*) FROM csv_upload), (SELECT count(*) FROM place_claim)) AS line";
    assert_eq!(
        ward.line(counts).await,
        "1 2 2 1 2",
        "a consumer has not taken the places over yet"
    );
    ward.consumers_live(0).await;
    ward.run(Job::CleanUp, 0).await;
    assert_eq!(ward.line(counts).await, "1 2 2 1 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schedulers_at_once_do_it_once() {
    let mut ward = Ward::new().await;
    ward.enter("patient_room", "available", 0).await;
    ward.heard(120).await;
    let now = ward.at(120);
    let mut tries = Vec::new();
    for _ in 0..6 {
        let mut conn = ward.database.conn().await;
        tries.push(tokio::spawn(async move {
            let outcome = Scheduler::default()
                .run_job(&mut conn, Job::PlaceRules, now)
                .await
                .unwrap();
            outcome.map_or(0, |outcome| outcome.changed)
        }));
    }
    let mut changed = 0;
    for one in tries {
        changed += one.await.unwrap();
    }
    assert_eq!(changed, 1);
    assert_eq!(
        ward.database
            .number("SELECT count(*) AS n FROM asset_event")
            .await,
        1
    );
    // Who has the lock keeps the others out, and they say so.
    let mut holder = ward.database.conn().await;
    holder
        .batch_execute("BEGIN; SELECT pg_advisory_xact_lock(30580, 2)")
        .await
        .unwrap();
    let skipped = ward
        .scheduler
        .run_job(&mut ward.conn, Job::PlaceRules, now)
        .await
        .unwrap();
    assert_eq!(skipped, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_leaves_the_others_and_the_loop_stops_in_time() {
    let ward = Ward::new().await;
    ward.enter("patient_room", "available", 0).await;
    ward.heard(120).await;
    ward.execute("ALTER TABLE equipment_par RENAME TO equipment_par_gone; ALTER TABLE facility RENAME TO facility_gone").await;
    let clock = TestClock::at(ward.at(120));
    let life = Lifecycle::new();
    life.spawn_role(
        "scheduler",
        scheduler::run(
            ward.database.pool(),
            clock.clock(),
            Hints::without_pages(),
            life.clone(),
        ),
    );
    wait_until(
        "the place rule acts and counts are folded",
        Duration::from_secs(20),
        async || {
            ward.status().await == "in_use"
                && ward
                    .database
                    .number("SELECT count(*) AS n FROM asset_count_delta")
                    .await
                    == 0
        },
    )
    .await;
    let begun = Instant::now();
    life.stop();
    life.wait().await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_folded_and_say_the_same_before_and_after() {
    let mut ward = Ward::new().await;
    ward.enter("clean_utility", "available", 0).await;
    let counts = "SELECT string_agg(concat_ws(' ', asset_type_id, room_id, state, n), ', ' ORDER BY asset_type_id, room_id, state) AS line FROM asset_counts";
    let before = ward.line(counts).await;
    assert!(ward.run(Job::Counts, 0).await.changed > 0);
    assert_eq!(ward.line(counts).await, before);
    assert_eq!(
        ward.database
            .number("SELECT count(*) AS n FROM asset_count_delta")
            .await,
        0
    );
}
