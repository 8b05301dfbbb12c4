//! A consumer in this process on a stage of its own, and the acts of readers and administrators.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use clap::Parser;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;
use wardtrack::broker::topology::INGEST_EXCHANGE;
use wardtrack::broker::{BrokerAddress, Outgoing, PublishError, Publisher};
use wardtrack::clock::Clock;
use wardtrack::config::broker::{BrokerRole, ManagementArgs};
use wardtrack::config::ingest::HistoryMode;
use wardtrack::config::{BrokerArgs, DbArgs};
use wardtrack::ingest::apply::ApplyConfig;
use wardtrack::ingest::shard::{self, ShardConfig};
use wardtrack::ingest::stray::{self, Stray};
use wardtrack::ingest::{housekeeping, replay_marked};
use wardtrack::lifecycle::Lifecycle;
use wardtrack::live::Hints;
use wardtrack::location::EngineConfig;
use wardtrack::torture::stage::tag_key;
use wardtrack::torture::{Stage, StageArgs, StageReader};

use crate::support::TestDatabase;

/// Long enough for two busy cores; a test that passes never waits for it.
pub const SOON: Duration = Duration::from_secs(20);
const READERS: usize = 3;
const TAGS: usize = 6;

#[derive(Parser)]
struct Servers {
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
}

/// Where the servers are, from the environment that `scripts/servers` writes.
pub fn stage_args() -> StageArgs {
    let Servers {
        mut db,
        broker,
        management,
    } = Servers::try_parse_from(["it"]).unwrap();
    db.url().expect("these tests need servers: scripts/servers up test --fast, then eval \"$(scripts/servers env test)\"");
    db.db_pool = 6;
    StageArgs {
        db,
        broker,
        management,
    }
}

/// A stage, and the consumer on it.
pub struct Rig {
    pub stage: Stage,
    pub clock: Clock,
    running: Option<Lifecycle>,
}

/// Makes a stage, runs `test` on it, and takes it away again, also when the test fails.
pub async fn on_stage(test: impl AsyncFnOnce(&mut Rig)) {
    with_clock(Clock::system(), test).await;
}

/// As [`on_stage`], with a clock that the test moves.
pub async fn with_clock(clock: Clock, test: impl AsyncFnOnce(&mut Rig)) {
    let database = TestDatabase::new().await;
    let stage = Stage::on(&stage_args(), database.url(), &clock, READERS, TAGS)
        .await
        .unwrap();
    let mut rig = Rig {
        stage,
        clock,
        running: None,
    };
    let ended = AssertUnwindSafe(test(&mut rig)).catch_unwind().await;
    rig.stop().await;
    rig.stage.clear().await.unwrap();
    if let Err(panicked) = ended {
        std::panic::resume_unwind(panicked);
    }
}

/// A row of quarantine.
#[derive(Clone, Debug, QueryableByName)]
pub struct Kept {
    #[diesel(sql_type = Text)]
    pub scope: String,
    #[diesel(sql_type = Text)]
    pub reason: String,
    #[diesel(sql_type = Text)]
    pub detail: String,
    #[diesel(sql_type = Text)]
    pub state: String,
    #[diesel(sql_type = Text)]
    pub routing_key: String,
    #[diesel(sql_type = Binary)]
    pub body: Vec<u8>,
}

/// A message that follows the contract.
pub struct Batch {
    pub id: Uuid,
    pub sent_at_ms: i64,
    pub s: Vec<Value>,
    pub more: Value,
}

impl Batch {
    pub fn new(sent_at_ms: i64) -> Self {
        Self {
            id: Uuid::now_v7(),
            sent_at_ms,
            s: Vec::new(),
            more: json!({}),
        }
    }

    /// Adds a sighting of tag `n`.
    pub fn heard(mut self, n: usize, age_ms: i64, rssi_dbm: i64) -> Self {
        self.s
            .push(json!({"t": tag_key(n), "age_ms": age_ms, "rssi": rssi_dbm}));
        self
    }

    /// Adds any element.
    pub fn element(mut self, element: Value) -> Self {
        self.s.push(element);
        self
    }

    /// Adds fields of the envelope.
    pub fn with(mut self, more: Value) -> Self {
        self.more = more;
        self
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body =
            json!({"v": 1, "batch_id": self.id, "sent_at_ms": self.sent_at_ms, "s": self.s});
        for (name, value) in self.more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body.to_string().into_bytes()
    }
}

impl Rig {
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub fn reader(&self, n: usize) -> &StageReader {
        &self.stage.readers[n]
    }

    pub fn apply_config() -> ApplyConfig {
        ApplyConfig {
            engine: EngineConfig::default().build().unwrap(),
            history: HistoryMode::Full,
            seen_every_ms: 30_000,
        }
    }

    /// Starts what `wardtrack consume` runs.
    pub async fn start(&mut self) {
        housekeeping::make_partitions(
            &mut self.stage.db.conn().await.unwrap(),
            self.clock.now().date_naive(),
        )
        .await
        .unwrap();
        let life = self.running.get_or_insert_with(Lifecycle::new).clone();
        let (db, clock) = (&self.stage.db, &self.clock);
        let broker = self.stage.role(BrokerRole::Consumer).unwrap();
        let hints = Hints::without_pages();
        life.spawn_role("hints", hints.clone().publish(broker.clone(), life.clone()));
        let config = ShardConfig {
            shard: 0,
            prefetch: 500,
            broker: broker.clone(),
            apply: Self::apply_config(),
            hints: hints.clone(),
        };
        life.spawn_role(
            "consumer",
            shard::run(config, db.clone(), clock.clone(), life.clone()),
        );
        for queue in [Stray::Unrouted, Stray::Dead] {
            life.spawn_role(
                "strays",
                stray::run(
                    queue,
                    broker.clone(),
                    db.clone(),
                    clock.clone(),
                    life.clone(),
                ),
            );
        }
    }

    /// Starts the republishing of quarantine.
    pub fn start_gateway(&mut self) {
        let life = self.running.get_or_insert_with(Lifecycle::new).clone();
        let broker = self.stage.role(BrokerRole::Gateway).unwrap();
        let (db, clock) = (self.stage.db.clone(), self.clock.clone());
        life.spawn_role(
            "gateway",
            replay_marked::run(broker, db, clock, life.clone()),
        );
    }

    /// Stops everything in good order.
    pub async fn stop(&mut self) {
        if let Some(life) = self.running.take() {
            life.stop();
            life.wait().await.unwrap();
        }
    }

    /// Publishes as a reader, under its own key.
    pub async fn publish(&self, reader: usize, bodies: &[Vec<u8>]) {
        let reader = self.reader(reader);
        publish_all(&reader.address, &reader.routing_key, bodies)
            .await
            .unwrap();
    }

    /// Publishes as the broker's administrator, who may use any key.
    pub async fn publish_under(&self, routing_key: &str, body: Vec<u8>) {
        publish_all(&self.stage.administrator().unwrap(), routing_key, &[body])
            .await
            .unwrap();
    }

    pub async fn number(&self, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut conn = self.stage.db.conn().await.unwrap();
        let row: Row = sql_query(sql).get_result(&mut conn).await.unwrap();
        row.n
    }

    pub async fn text(&self, sql: &str) -> String {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            t: String,
        }
        let mut conn = self.stage.db.conn().await.unwrap();
        let row: Row = sql_query(sql).get_result(&mut conn).await.unwrap();
        row.t
    }

    pub async fn execute(&self, sql: &str) {
        let mut conn = self.stage.db.conn().await.unwrap();
        conn.batch_execute(sql).await.unwrap();
    }

    pub async fn sightings(&self) -> i64 {
        self.number("SELECT count(*) AS n FROM sighting").await
    }

    /// Positions in a batch that are stored, in order.
    pub async fn stored(&self, batch_id: Uuid) -> Vec<i16> {
        let text = self
            .text(&format!(
                "SELECT coalesce(string_agg(batch_index::text, ' ' ORDER BY batch_index), '') AS t
                 FROM sighting WHERE batch_id = '{batch_id}'"
            ))
            .await;
        text.split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect()
    }

    /// When the sighting at a position of a batch happened, milliseconds since 1970.
    pub async fn seen_ms(&self, batch_id: Uuid, index: i16) -> i64 {
        self.number(&format!(
            "SELECT round(extract(epoch FROM seen_at) * 1000)::bigint AS n FROM sighting
             WHERE batch_id = '{batch_id}' AND batch_index = {index}"
        ))
        .await
    }

    pub async fn quarantine(&self) -> Vec<Kept> {
        let mut conn = self.stage.db.conn().await.unwrap();
        sql_query(
            "SELECT scope, reason, detail, state, routing_key, body FROM quarantine ORDER BY id",
        )
        .load(&mut conn)
        .await
        .unwrap()
    }

    /// Waits until so many batches were taken.
    pub async fn wait_for_batches(&self, wanted: i64) {
        wait_until("batches applied", SOON, async || {
            self.number("SELECT count(*) AS n FROM ingest_batch").await >= wanted
        })
        .await;
    }

    /// Waits until the consumer has found its queue empty.
    pub async fn wait_until_caught_up(&self) {
        wait_until("the shard has caught up", SOON, async || {
            self.number("SELECT count(caught_up_at) AS n FROM consumer_health")
                .await
                == 1
        })
        .await;
    }

    pub async fn wait_for_quarantine(&self, wanted: i64) {
        wait_until("rows in quarantine", SOON, async || {
            self.number("SELECT count(*) AS n FROM quarantine").await >= wanted
        })
        .await;
    }

    /// The room number in which an asset is, if any.
    pub async fn room_of(&self, tag: usize) -> Option<usize> {
        let text = self
            .text(&format!(
                "SELECT coalesce(max(substring(room.name FROM 6)), '') AS t FROM asset_place
                 JOIN asset ON asset.id = asset_id JOIN room ON room.id = asset_place.room_id WHERE asset_number = 'A-{tag:05}'"
            ))
            .await;
        text.parse().ok()
    }
}

/// Waits until `condition` holds. The one of `support` cannot borrow what it looks at.
pub async fn wait_until(what: &str, deadline: Duration, mut condition: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + deadline;
    while !condition().await {
        assert!(
            Instant::now() < until,
            "waited {deadline:?} in vain: {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Publishes on one connection and waits for every confirm.
pub async fn publish_all(
    address: &BrokerAddress,
    routing_key: &str,
    bodies: &[Vec<u8>],
) -> Result<(), PublishError> {
    let publisher = Publisher::connect(address, "wardtrack test").await?;
    let mut pending = Vec::new();
    for body in bodies {
        let message = Outgoing {
            exchange: INGEST_EXCHANGE,
            routing_key,
            body,
            message_id: None,
            received_at_ms: None,
        };
        pending.push(publisher.send(&message).await?);
    }
    for confirm in pending {
        confirm.settled().await?;
    }
    publisher.close().await;
    Ok(())
}

/// An instant that many tests start from: noon today, so that no test crosses midnight.
pub fn start_at() -> DateTime<Utc> {
    let today = Clock::system().now().date_naive();
    today.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

/// Publishes with the header by which the gateway says when it received a message.
pub async fn publish_stamped(reader: &StageReader, body: &[u8], received_at_ms: i64) {
    let publisher = Publisher::connect(&reader.address, "wardtrack test")
        .await
        .unwrap();
    let message = Outgoing {
        exchange: INGEST_EXCHANGE,
        routing_key: &reader.routing_key,
        body,
        message_id: None,
        received_at_ms: Some(received_at_ms),
    };
    publisher.publish(&message).await.unwrap();
    publisher.close().await;
}
