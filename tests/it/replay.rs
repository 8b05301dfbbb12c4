//! Played through the broker, a recorded site gives the same sequence of rooms as decided offline.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use wardtrack::cli::locate::locate;
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
use wardtrack::simulate::playback::{Names, Surroundings, play};

use crate::support::{TestBroker, TestDatabase, acceptance_folder, wait_until};

/// A visit shorter than this may differ.
const SHORT_MS: i64 = 5_000;
/// Share of visits that may differ for that reason.
const SHORT_SHARE_MAX: f64 = 0.02;

/// Room and time of entering, in order.
type Visits = Vec<(String, i64)>;

fn offline(recording: &Recording) -> BTreeMap<String, Visits> {
    let mut visits: BTreeMap<String, Visits> = BTreeMap::new();
    for estimate in locate(recording, &Engine::default()) {
        let tag = recording.tags[usize::try_from(estimate.tag).unwrap()].clone();
        let room = recording.room_name(estimate.change.to).unwrap().to_owned();
        visits
            .entry(tag)
            .or_default()
            .push((room, estimate.change.at_ms));
    }
    visits
}

/// Without the visits shorter than [`SHORT_MS`] (the last has no end, so it stays), neighbours in one room joined.
fn without_short(visits: &Visits) -> Vec<String> {
    let long = visits.iter().enumerate().filter(|(at, (_, from_ms))| {
        visits
            .get(at + 1)
            .is_none_or(|(_, to_ms)| to_ms - from_ms >= SHORT_MS)
    });
    let mut rooms: Vec<String> = long.map(|(_, (room, _))| room.clone()).collect();
    rooms.dedup();
    rooms
}

fn rooms(visits: &Visits) -> Vec<&str> {
    visits.iter().map(|(room, _)| room.as_str()).collect()
}

async fn played(recording: &Recording, site: &str, speed: f64) -> BTreeMap<String, Visits> {
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
    // Users belong to the whole server: a name of its own keeps parallel tests apart.
    let names = Names::new(&format!(
        "{site}-{}",
        &broker.args.vhost[broker.args.vhost.len() - 6..]
    ));
    for (position, reader) in recording.readers.iter().enumerate() {
        broker.owns_user(&names.reader_key(position, &reader.name));
    }
    let around = Surroundings {
        db,
        management: broker.management.clone(),
        broker: broker.args.clone(),
        clock,
    };
    let done = play(recording, &names, speed, &around, &life)
        .await
        .unwrap();
    let sent = i64::try_from(done.messages).unwrap();
    wait_until(
        Duration::from_mins(1),
        "every message is applied",
        || async {
            database
                .number("SELECT count(*) AS n FROM ingest_batch")
                .await
                == sent
        },
    )
    .await;
    // The last slots close when their tags have been quiet for a while.
    let wanted = i64::try_from(offline(recording).values().map(Vec::len).sum::<usize>()).unwrap();
    let stays =
        "SELECT (SELECT count(*) FROM asset_stay) + (SELECT count(*) FROM asset_place) AS n";
    let begun = std::time::Instant::now();
    while database.number(stays).await < wanted && begun.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    life.stop();
    life.wait().await.unwrap();
    let sql = "SELECT format('%s|%s|%s', a.asset_number, r.name, (extract(epoch FROM s.entered_at) * 1000)::bigint) AS line
               FROM (SELECT asset_id, room_id, entered_at FROM asset_stay UNION ALL SELECT asset_id, room_id, entered_at FROM asset_place) s
               JOIN asset a ON a.id = s.asset_id JOIN room r ON r.id = s.room_id ORDER BY s.entered_at";
    let by_number: BTreeMap<String, String> = recording
        .tags
        .iter()
        .map(|tag| (names.asset_number(tag), tag.clone()))
        .collect();
    let mut visits: BTreeMap<String, Visits> = BTreeMap::new();
    for line in database.lines(sql).await {
        let parts: Vec<&str> = line.split('|').collect();
        let at_ms: i64 = parts[2].parse::<i64>().unwrap() - done.shift_ms;
        visits
            .entry(by_number[parts[0]].clone())
            .or_default()
            .push((parts[1].to_owned(), at_ms));
    }
    visits
}

/// Compares both ways of every tag.
fn compare(
    site: &str,
    speed: f64,
    offline: &BTreeMap<String, Visits>,
    live: &BTreeMap<String, Visits>,
) {
    let total: usize = offline.values().map(Vec::len).sum();
    assert!(
        total >= 10,
        "{site}: only {total} visits, that proves nothing"
    );
    let (mut differing, mut exact) = (0, 0);
    for (tag, wanted) in offline {
        let found = live
            .get(tag)
            .unwrap_or_else(|| panic!("{site}: tag {tag} has no stays"));
        if rooms(found) == rooms(wanted) {
            exact += 1;
            continue;
        }
        assert_eq!(
            without_short(found),
            without_short(wanted),
            "{site}: the long visits of {tag} differ"
        );
        let common = rooms(found)
            .iter()
            .zip(rooms(wanted))
            .take_while(|(a, b)| **a == *b)
            .count();
        differing += found.len().max(wanted.len()) - common.min(found.len().min(wanted.len()));
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "a share"
    )]
    let share = differing as f64 / total as f64;
    println!(
        "{site} at speed {speed}: {} tags, {total} visits, {exact} tags exactly alike, {differing} short visits differ ({:.2} %)",
        offline.len(),
        share * 100.0
    );
    assert!(
        share <= SHORT_SHARE_MAX,
        "{site}: {differing} of {total} visits differ"
    );
}

async fn check(folder: &Path, site: &str, speed: f64) {
    let recording = read_recording(folder).unwrap();
    let wanted = offline(&recording);
    compare(site, speed, &wanted, &played(&recording, site, speed).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_equals_locate_on_a_recorded_site() {
    let Some(folder) = acceptance_folder("replay_equals_locate_on_a_recorded_site") else {
        return;
    };
    check(&folder.join("data/location/warsaw"), "warsaw", 60.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_equals_locate_on_a_recorded_simulator_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = wardtrack::simulate::WorldConfig {
        activity: 20.0,
        wrong_clocks: false,
        outages: false,
        ..Default::default()
    };
    wardtrack::simulate::record::record_site(config, 120_000, folder.path()).unwrap();
    check(folder.path(), "simulated", 4.0).await;
}
