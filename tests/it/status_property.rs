//! Random histories of what people, rules, consumers and time do to a few assets, through the real store: what may never
//! happen does not, and what is kept twice agrees (R9, R10, R11, R12, R22).

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;
use wardtrack::alerts::store::settle_clean_rooms;
use wardtrack::assets::acts::{Act, ActError, By, perform_form, undo_form};
use wardtrack::clock::Clock;
use wardtrack::db::types::{AssetAct, PlaceBasis, Role, SafetyHold};
use wardtrack::ids::{AssetId, ReaderId, RoomId, TagId, UserId};
use wardtrack::ingest::plan::{AssetMove, Plan, TagStateRow};
use wardtrack::ingest::store;
use wardtrack::scheduler::{Job, Scheduler};

use crate::support::TestDatabase;

/// Assets in a history; each has the tag with the number that is 10,000 higher.
const ASSETS: i64 = 3;
const FIRST: i64 = 80_001;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// A person says something about one or two assets.
    Say(AssetAct, Role, u8, bool),
    /// A person takes back what was said last.
    Undo,
    /// The same form is sent again.
    Again,
    /// A consumer writes a move.
    Move(u8, u8),
    /// A consumer writes the last move again.
    MoveAgain,
    /// A tag is heard where it is.
    Heard(u8),
    /// A job runs.
    Run(Job),
    /// Time passes.
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let asset = 0..u8::try_from(ASSETS).unwrap();
    prop_oneof![
        8 => (prop::sample::select(AssetAct::ALL), prop::sample::select(Role::ALL), asset.clone(), any::<bool>())
            .prop_map(|(act, role, asset, two)| Step::Say(act, role, asset, two)),
        3 => Just(Step::Undo),
        1 => Just(Step::Again),
        5 => (asset.clone(), 0..6_u8).prop_map(|(asset, room)| Step::Move(asset, room)),
        1 => Just(Step::MoveAgain),
        3 => asset.prop_map(Step::Heard),
        8 => prop::sample::select(Job::ALL).prop_map(Step::Run),
        4 => prop::sample::select(&[5_i64, 20, 61, 130, 700, 90_000][..]).prop_map(Step::Wait),
    ]
}

#[derive(Clone, Debug, PartialEq, QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

#[derive(Debug, QueryableByName)]
struct Event {
    #[diesel(sql_type = BigInt)]
    asset_id: i64,
    #[diesel(sql_type = Text)]
    act: String,
    #[diesel(sql_type = Text)]
    from_status: String,
    #[diesel(sql_type = Text)]
    to_status: String,
    #[diesel(sql_type = Nullable<Text>)]
    rule: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
}

async fn lines(conn: &mut AsyncPgConnection, sql: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(sql)
        .load(conn)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.into_iter().map(|row| row.line).collect()
}

/// What undoing must bring back.
async fn standing(conn: &mut AsyncPgConnection) -> Vec<String> {
    lines(
        conn,
        "SELECT concat_ws(' ', a.id, status, coalesce(status_before, '-'), coalesce(safety_hold, '-'), coalesce(p.not_here_at::text, '-')) AS line
         FROM asset a LEFT JOIN asset_place p ON p.asset_id = a.id ORDER BY a.id",
    )
    .await
}

struct World {
    conn: AsyncPgConnection,
    now: DateTime<Utc>,
    rooms: Vec<i64>,
    scheduler: Scheduler,
    /// The form that was accepted last, by whom, what stood before, and how many events there were after.
    last: Option<(Uuid, UserId, Vec<String>)>,
    said_at: DateTime<Utc>,
    has_moved: bool,
    moved: Option<(u8, RoomId, DateTime<Utc>)>,
}

impl World {
    async fn step(&mut self, step: &Step) {
        self.now += TimeDelta::seconds(1);
        match step {
            Step::Wait(seconds) => self.now += TimeDelta::seconds(*seconds),
            Step::Run(job) => self.run(*job).await,
            Step::Say(act, role, asset, two) => self.say(*act, *role, *asset, *two).await,
            Step::Undo => self.undo().await,
            Step::Again => {
                // Keys are kept for a day.
                let is_kept = self.now - self.said_at < TimeDelta::hours(23);
                if let Some((key, user, _)) = self.last.clone().filter(|_| is_kept) {
                    let before = standing(&mut self.conn).await;
                    let ids = [AssetId(FIRST)];
                    let act = Act::new(AssetAct::Missing, &ids, By::Person(user, Role::Nurse));
                    perform_form(&mut self.conn, key, user, &act, "/", self.now)
                        .await
                        .unwrap();
                    assert_eq!(
                        standing(&mut self.conn).await,
                        before,
                        "a form that was sent twice"
                    );
                }
            }
            Step::Move(asset, room) => {
                let room = RoomId(self.rooms[usize::from(*room) % self.rooms.len()]);
                self.moved = Some((*asset, room, self.now));
                self.write(*asset, Some((room, self.now))).await;
            }
            Step::MoveAgain => {
                if let Some((asset, room, at)) = self.moved {
                    self.write(asset, Some((room, at))).await;
                }
            }
            Step::Heard(asset) => self.write(*asset, None).await,
        }
    }

    /// Consumers report, so that silence means something; silence is looked at in two runs, five minutes apart.
    async fn run(&mut self, job: Job) {
        for seconds in [-300, 0] {
            let at = self.now + TimeDelta::seconds(if job == Job::Missing { seconds } else { 0 });
            let text = at.to_rfc3339();
            self.conn
                .batch_execute(&format!(
                    "UPDATE consumer_health SET reported_at = '{text}', caught_up_at = '{text}'"
                ))
                .await
                .unwrap();
            self.scheduler
                .run_job(&mut self.conn, job, at)
                .await
                .unwrap();
        }
        if job == Job::Missing {
            self.scheduler = Scheduler::default();
        }
    }

    async fn say(&mut self, act: AssetAct, role: Role, asset: u8, two: bool) {
        let user = UserId(
            120_001
                + i64::try_from(Role::ALL.iter().position(|known| *known == role).unwrap())
                    .unwrap(),
        );
        let first = FIRST + i64::from(asset);
        let second = FIRST + (i64::from(asset) + 1) % ASSETS;
        let ids = if two {
            vec![AssetId(first), AssetId(second)]
        } else {
            vec![AssetId(first)]
        };
        let act = Act {
            reason: (act != AssetAct::Held).then_some("a reason"),
            hold: (act == AssetAct::Held).then_some(SafetyHold::Recall),
            room_id: (act == AssetAct::Found && two)
                .then_some(RoomId(self.rooms[usize::from(asset)])),
            ..Act::new(act, &ids, By::Person(user, role))
        };
        let before = standing(&mut self.conn).await;
        let key = Uuid::now_v7();
        match perform_form(&mut self.conn, key, user, &act, "/", self.now).await {
            Ok(_) => {
                self.last = Some((key, user, before));
                (self.said_at, self.has_moved) = (self.now, false);
            }
            Err(ActError::Refused(_)) => assert_eq!(
                standing(&mut self.conn).await,
                before,
                "refused, so nothing changed"
            ),
            Err(ActError::Database(error)) => panic!("{act:?}: {error}"),
        }
    }

    async fn undo(&mut self) {
        let Some((undone, user, before)) = self.last.take() else {
            return;
        };
        let ids: Vec<String> = lines(
            &mut self.conn,
            &format!("SELECT asset_id::text AS line FROM asset_event WHERE act_key = '{undone}'"),
        )
        .await;
        match undo_form(&mut self.conn, undone, Uuid::now_v7(), user, "/", self.now).await {
            Ok(_) => {
                let is_theirs = |line: &&String| ids.iter().any(|id| line.starts_with(id.as_str()));
                let after = standing(&mut self.conn).await;
                // A move since then has ended what was said of the former place.
                let words = if self.has_moved { 4 } else { 5 };
                let cut = |lines: &[String]| -> Vec<String> {
                    let theirs = lines.iter().filter(is_theirs);
                    theirs
                        .map(|line| line.split(' ').take(words).collect())
                        .collect()
                };
                let (was, is) = (cut(&before), cut(&after));
                assert_eq!(is, was, "undone");
            }
            Err(ActError::Refused(_)) => {}
            Err(ActError::Database(error)) => panic!("undo: {error}"),
        }
    }

    /// One transaction as a consumer's: states, stays, places, then the alerts of clean rooms.
    async fn write(&mut self, asset: u8, moved: Option<(RoomId, DateTime<Utc>)>) {
        let (asset_id, tag_id) = (
            AssetId(FIRST + i64::from(asset)),
            TagId(90_001 + i64::from(asset)),
        );
        let mut plan = Plan::default();
        let now = self.now;
        plan.tag_states.push(TagStateRow {
            tag_id,
            room_id: moved.map(|(room, _)| room),
            reader_id: None,
            seen_at: now,
            entered_at: moved.map(|(_, at)| at),
            confidence: None,
            battery_pct: None,
        });
        self.has_moved |= moved.is_some();
        if let Some((room_id, at)) = moved {
            plan.moves.push(AssetMove {
                asset_id,
                room_id,
                tag_id,
                reader_id: Some(ReaderId(100_001)),
                at,
                basis: PlaceBasis::Beacon,
                confidence: 0.99,
            });
        }
        self.conn
            .transaction::<_, diesel::result::Error, _>(async |conn| {
                store::write(conn, &plan, now).await?;
                settle_clean_rooms(conn, &plan.moved_assets(), now).await
            })
            .await
            .unwrap();
    }

    async fn check(&mut self) {
        self.check_events().await;
        let nothing: Vec<String> = Vec::new();
        for (rule, sql) in [
            (
                "counts by room",
                "WITH counted AS (SELECT asset_type_id, coalesce(room_id, 0) AS room_id, asset_state(status, safety_hold, is_service_blocked, room_id) AS state, count(*) AS n
                     FROM asset WHERE status <> 'retired' GROUP BY 1, 2, 3)
                 (SELECT c::text AS line FROM counted c EXCEPT SELECT k::text FROM (SELECT asset_type_id, room_id, state, n FROM asset_counts) k)
                 UNION ALL
                 (SELECT k::text FROM (SELECT asset_type_id, room_id, state, n FROM asset_counts) k EXCEPT SELECT c::text FROM counted c)",
            ),
            (
                "totals",
                "WITH counted AS (SELECT asset_type_id, coalesce(model_id, 0) AS model_id, asset_state(status, safety_hold, is_service_blocked, room_id) AS state, count(*) AS n
                     FROM asset WHERE status <> 'retired' GROUP BY 1, 2, 3)
                 (SELECT c::text AS line FROM counted c EXCEPT SELECT k::text FROM asset_totals k)
                 UNION ALL (SELECT k::text FROM asset_totals k EXCEPT SELECT c::text FROM counted c)",
            ),
            ("R22: one unresolved alert a key", "SELECT alert_key AS line FROM alert WHERE state <> 'resolved' GROUP BY alert_key HAVING count(*) > 1"),
            (
                "R11: soiled in a clean room",
                "WITH model AS (SELECT a.id FROM asset a JOIN asset_place p ON p.asset_id = a.id AND p.not_here_at IS NULL JOIN room r ON r.id = p.room_id
                     WHERE a.status IN ('soiled', 'cleaning', 'in_repair') AND r.kind IN ('clean_utility', 'supply_room')),
                 told AS (SELECT asset_id AS id FROM alert WHERE kind = 'soiled_in_clean_room' AND is_active)
                 (SELECT id::text AS line FROM model EXCEPT SELECT id::text FROM told) UNION ALL (SELECT id::text FROM told EXCEPT SELECT id::text FROM model)",
            ),
            (
                "R10: missing",
                "WITH model AS (SELECT id FROM asset WHERE status = 'missing'),
                 told AS (SELECT asset_id AS id FROM alert WHERE kind = 'missing' AND is_active)
                 (SELECT id::text AS line FROM model EXCEPT SELECT id::text FROM told) UNION ALL (SELECT id::text FROM told EXCEPT SELECT id::text FROM model)",
            ),
        ] {
            assert_eq!(lines(&mut self.conn, sql).await, nothing, "{rule}");
        }
    }

    /// R12: status and hold are the fold of the events. R9: no rule made anything available that was not.
    async fn check_events(&mut self) {
        let events: Vec<Event> = diesel::sql_query("SELECT asset_id, act, from_status, to_status, rule, detail FROM asset_event ORDER BY id")
            .load(&mut self.conn)
            .await
            .unwrap();
        let mut folded: BTreeMap<i64, (String, String, String)> = (0..ASSETS)
            .map(|n| {
                (
                    FIRST + n,
                    ("available".to_owned(), "-".to_owned(), "-".to_owned()),
                )
            })
            .collect();
        for event in events {
            let (status, before, hold) = folded.get_mut(&event.asset_id).unwrap();
            assert_eq!(
                *status, event.from_status,
                "each event begins where the last ended: {event:?}"
            );
            if event.rule.is_some() && event.to_status == "available" {
                assert_eq!(
                    (event.from_status.as_str(), before.as_str()),
                    ("missing", "available"),
                    "R9: {event:?}"
                );
            }
            match event.act.as_str() {
                "held" => *hold = event.detail.clone().unwrap_or_default(),
                "released" => "-".clone_into(hold),
                _ => {}
            }
            if event.to_status == "missing"
                && event.from_status != "missing"
                && event.act == "missing"
            {
                before.clone_from(&event.from_status);
            }
            *status = event.to_status;
        }
        let expected: Vec<String> = folded
            .iter()
            .map(|(id, (status, _, hold))| format!("{id} {status} {hold}"))
            .collect();
        let stored = lines(&mut self.conn, "SELECT concat_ws(' ', id, status, coalesce(safety_hold, '-')) AS line FROM asset ORDER BY id").await;
        assert_eq!(stored, expected);
    }
}

async fn history(database: &TestDatabase, steps: &[Step]) {
    let start = Clock::system().now().trunc_subsecs(0);
    let mut conn = database.conn().await;
    conn.batch_execute(&format!(
        "DELETE FROM asset_event WHERE undoes IS NOT NULL; DELETE FROM asset_event; DELETE FROM alert; DELETE FROM task;
         DELETE FROM place_claim; DELETE FROM form_post; DELETE FROM equipment_par_watch; DELETE FROM asset_stay; DELETE FROM asset_place;
         DELETE FROM tag_state;
         UPDATE tag_assignment SET ended_at = NULL;
         UPDATE asset SET status = 'available', status_since = '{start}', status_before = NULL, gone_since = NULL, safety_hold = NULL,
             hold_since = NULL, is_service_blocked = false"
    ))
    .await
    .unwrap();
    let rooms = lines(&mut conn, "SELECT id::text AS line FROM room WHERE kind IN ('clean_utility', 'soiled_utility', 'patient_room', 'equipment_room', 'supply_room', 'hallway') ORDER BY id").await;
    let rooms = rooms.iter().map(|id| id.parse().unwrap()).collect();
    let mut world = World {
        conn,
        now: start,
        rooms,
        scheduler: Scheduler::default(),
        last: None,
        said_at: start,
        has_moved: false,
        moved: None,
    };
    for step in steps {
        world.step(step).await;
        world.check().await;
    }
}

#[test]
fn r9_r12_r22_hold_over_random_histories_of_people_rules_and_sightings() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let database = runtime.block_on(async {
        let database = TestDatabase::new().await;
        let mut conn = database.conn().await;
        crate::support::seed::spread_ids(&mut conn).await;
        conn.batch_execute(
            "INSERT INTO facility (name, time_zone) VALUES ('North hospital', 'Europe/London');
             INSERT INTO building (facility_id, name) VALUES (1, 'Main building');
             INSERT INTO floor (building_id, name, level) VALUES (10001, 'Level 3', 3);
             INSERT INTO room (floor_id, name, kind) SELECT 20001, kind, kind
                 FROM unnest(ARRAY['clean_utility', 'soiled_utility', 'patient_room', 'equipment_room', 'supply_room', 'hallway']) kind;
             INSERT INTO reader (reader_key, state, approved_at) VALUES ('r', 'active', now());
             INSERT INTO asset_type (name, overdue_blocks) VALUES ('Infusion pump', true);
             INSERT INTO asset (asset_number, asset_type_id, service_due_on) SELECT 'IP-' || n, 60001, CURRENT_DATE + 1 FROM generate_series(1, 3) n;
             INSERT INTO tag (tag_key, technology, expected_interval_ms) SELECT 'x:' || n, 'ble', 2000 FROM generate_series(1, 3) n;
             INSERT INTO tag_assignment (tag_id, asset_id, assigned_at) SELECT 90000 + n, 80000 + n, '2026-01-01' FROM generate_series(1, 3) n;
             INSERT INTO app_user (sign_in_name, display_name, role, password_hash)
                 SELECT role, role, role, '-' FROM unnest(ARRAY['nurse', 'supply', 'biomed', 'admin']) WITH ORDINALITY AS r(role, n) ORDER BY n;
             INSERT INTO equipment_par (asset_type_id, room_kind, target, critical) VALUES (60001, 'clean_utility', 3, 2);
             INSERT INTO consumer_health (shard, reported_at, version) VALUES (0, now(), '0');
             SELECT ensure_partition('asset_stay', day::date) FROM generate_series(now() - interval '1 month', now() + interval '4 months', interval '1 month') day",
        )
        .await
        .unwrap();
        database
    });
    let config = Config {
        cases: std::env::var("PROPTEST_CASES")
            .ok()
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(60),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = prop::collection::vec(any_step(), 40);
    let done = runner.run(&strategy, |steps| {
        runtime.block_on(history(&database, &steps));
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}
