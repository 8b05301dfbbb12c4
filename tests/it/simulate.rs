//! `wardtrack simulate --record` as a user runs it, and the room engine over what it writes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use diesel_async::AsyncConnection;
use wardtrack::clock::Clock;
use wardtrack::config::broker::BrokerRole;
use wardtrack::config::ingest::HistoryMode;
use wardtrack::ingest::apply::ApplyConfig;
use wardtrack::ingest::housekeeping;
use wardtrack::ingest::shard::{self, ShardConfig};
use wardtrack::lifecycle::Lifecycle;
use wardtrack::live::Hints;
use wardtrack::location::Engine;
use wardtrack::recording::{Recording, read_recording};
use wardtrack::simulate::run::{RunOptions, Surroundings, run};
use wardtrack::simulate::{SeedPlan, Site, seed};

use crate::support::{TestBroker, TestDatabase, wait_until};

fn wardtrack(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wardtrack"))
        .args(arguments)
        .output()
        .unwrap()
}

fn record(folder: &Path, seconds: &str, seed: &str) {
    let folder = folder.to_str().unwrap();
    let done = wardtrack(&[
        "simulate", "--record", folder, "--for", seconds, "--seed", seed,
    ]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Share of the true time during which the estimates say the true room.
fn accuracy(recording: &Recording, estimates: &str) -> f64 {
    let mut rooms: HashMap<&str, BTreeMap<i64, &str>> = HashMap::new();
    for line in estimates.lines().skip(1) {
        let mut fields = line.splitn(3, ',');
        let (tag, at, room) = (
            fields.next().unwrap(),
            fields.next().unwrap(),
            fields.next().unwrap(),
        );
        rooms
            .entry(tag)
            .or_default()
            .insert(at.parse().unwrap(), room);
    }
    let (mut right_ms, mut all_ms) = (0, 0);
    for visit in &recording.truth {
        all_ms += visit.to_ms - visit.from_ms;
        let Some(changes) = rooms.get(visit.tag.as_str()) else {
            continue;
        };
        let mut from_ms = visit.from_ms;
        let mut room = changes.range(..=from_ms).next_back().map(|(_, room)| *room);
        let ends = changes
            .range(from_ms + 1..visit.to_ms)
            .map(|(at_ms, room)| (*at_ms, Some(*room)));
        for (at_ms, next) in ends.chain([(visit.to_ms, None)]) {
            if room == Some(visit.room.as_str()) {
                right_ms += at_ms - from_ms;
            }
            (from_ms, room) = (at_ms, next);
        }
    }
    f64::from(i32::try_from(right_ms / 1_000).unwrap())
        / f64::from(i32::try_from(all_ms / 1_000).unwrap())
}

#[test]
fn the_same_seed_records_the_same_site() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for (folder, seed) in folders.iter().zip(["4", "4", "5"]) {
        record(folder.path(), "20", seed);
    }
    let files = |n: usize| {
        ["readers.csv", "sightings.csv.gz", "truth.csv", "split.csv"]
            .map(|name| fs::read(folders[n].path().join(name)).unwrap())
    };
    assert_eq!(files(0), files(1));
    assert_ne!(files(0)[1], files(2)[1]);
}

#[test]
fn the_room_engine_is_mostly_right_about_the_simulated_hospital() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), "300", "1");
    let recording = read_recording(folder.path()).unwrap();
    assert_eq!((recording.readers.len(), recording.tags.len()), (82, 400));
    assert!(
        recording
            .sightings
            .windows(2)
            .all(|pair| pair[0].t_ms <= pair[1].t_ms)
    );
    let located = wardtrack(&["locate", folder.path().to_str().unwrap()]);
    assert!(located.status.success());
    let share = accuracy(&recording, std::str::from_utf8(&located.stdout).unwrap());
    println!("right during {share:.3} of the time");
    // Below: the radio model or the engine is broken. Above: the model is too kind to be a test of anything.
    assert!((0.85..0.99).contains(&share), "{share:.3}");
}

#[test]
fn an_activity_out_of_range_is_refused_with_the_range() {
    let refused = wardtrack(&["simulate", "--record", "/nonexistent", "--activity", "1000"]);
    assert_eq!(refused.status.code(), Some(2));
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        text.contains("--activity") && text.contains("0 to 100"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn storing_the_site_again_changes_nothing() {
    let database = TestDatabase::new().await;
    let mut conn = database.conn().await;
    let plan = SeedPlan::of(&Site::hospital(1));
    let now = Clock::system().now();
    let version = "SELECT version AS n FROM reference_version";
    let mut inserted = Vec::new();
    let mut versions = Vec::new();
    for _ in 0..2 {
        let stored = conn
            .transaction(async |conn| seed::store_plan(conn, &plan, now).await)
            .await
            .unwrap();
        assert_eq!(stored.readers.len(), 90);
        inserted.push(stored.inserted);
        versions.push(database.number(version).await);
    }
    assert!(inserted[0] > 2_000 && inserted[1] == 0, "{inserted:?}");
    assert_eq!(
        versions[0], versions[1],
        "consumers would load everything again"
    );
    let untagged = "SELECT count(*) AS n FROM asset a
        WHERE NOT EXISTS (SELECT FROM tag_assignment t WHERE t.asset_id = a.id)";
    assert_eq!(database.number(untagged).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_readers_fill_the_places_of_an_empty_database() {
    let (database, broker) = (TestDatabase::new().await, TestBroker::new().await);
    let (life, clock, db) = (Lifecycle::new(), Clock::system(), database.pool());
    housekeeping::make_partitions(&mut database.conn().await, clock.now().date_naive())
        .await
        .unwrap();
    let config = ShardConfig {
        shard: 0,
        prefetch: 400,
        broker: broker.role(BrokerRole::Consumer),
        apply: ApplyConfig {
            engine: Engine::default(),
            history: HistoryMode::Off,
            seen_every_ms: 30_000,
        },
        hints: Hints::without_pages(),
    };
    life.spawn_role(
        "consumer",
        shard::run(config, db.clone(), clock.clone(), life.clone()),
    );
    for reader in Site::hospital(1).readers {
        broker.owns_user(&reader.key);
    }
    let around = Surroundings {
        db,
        management: broker.management.clone(),
        broker: broker.args.clone(),
        clock,
    };
    let folder = tempfile::tempdir().unwrap();
    let options = RunOptions {
        seed: 1,
        activity: 20.0,
        outages: false,
        for_ms: Some(6_000),
        truth: Some(folder.path().join("truth.csv")),
    };
    let done = run(&life, &around, &options).await.unwrap();
    assert_eq!(done.lost, 0);
    let sent = i64::try_from(done.messages).unwrap();
    let applied = "SELECT count(*) AS n FROM ingest_batch";
    wait_until(
        Duration::from_secs(30),
        "every message is applied",
        || async { database.number(applied).await == sent },
    )
    .await;
    let sightings = "SELECT coalesce(sum(sightings), 0)::bigint AS n FROM ingest_batch";
    assert_eq!(
        database.number(sightings).await,
        i64::try_from(done.sightings).unwrap()
    );
    let refused = "SELECT count(*) AS n FROM quarantine";
    assert_eq!(database.number(refused).await, 0);
    let placed = "SELECT count(*) AS n FROM asset_place";
    wait_until(
        Duration::from_secs(10),
        "the equipment has places",
        || async { database.number(placed).await > 300 },
    )
    .await;
    life.stop();
    life.wait().await.unwrap();
    let truth = fs::read_to_string(options.truth.unwrap()).unwrap();
    assert!(truth.lines().count() > 420);
}
