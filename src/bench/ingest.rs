//! `wardtrack bench ingest`: the steps of a run, in order.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::child::ConsumerChild;
use super::cpu::{self, Processes};
use super::load::{Load, LoadShape};
use super::publish::LoadPublisher;
use super::raw;
use super::report::{Limits, Measured, Phase, Report, Setting};
use super::rows;
use super::stage::{BARE_SHARD, SHARD, Stage};
use crate::broker::bare::{QueueProbe, consume_bare};
use crate::broker::topology::shard_queue;
use crate::clock::Clock;
use crate::config::broker::{BrokerRole, ManagementArgs};
use crate::config::{BrokerArgs, Secret};

/// Event times begin this long before what they would need to, so that they stay in the past however fast the load is taken.
const HEADROOM_MS: i64 = 600_000;
/// Without any progress for this long the run fails.
const STUCK: Duration = Duration::from_mins(1);
/// How often the length of the queue and the committed batches are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The bare consumer acknowledges as many messages at once as wardtrack puts into one transaction at most.
const BARE_ACK_EVERY: u64 = 250;

/// What to measure.
#[derive(Clone, Debug)]
pub struct IngestBench {
    /// Registered tags.
    pub tags: u32,
    /// Readers, one a room.
    pub readers: u32,
    /// Sightings of a message.
    pub sightings_per_message: usize,
    /// Messages of the preloaded queue.
    pub messages: u64,
    /// Length of the measurement with the publisher beside the consumer.
    pub sustained: Duration,
    /// Time before that measurement, for caches to fill.
    pub warm_up: Duration,
    /// A tag beacons this often.
    pub beacon_every_ms: i64,
    /// Seed of the load.
    pub seed: u64,
    /// Messages taken ahead of their acknowledgement.
    pub prefetch: u16,
    /// With more messages than this waiting in the queue the publisher pauses.
    pub queue_max: u64,
    /// The psql program.
    pub psql: String,
}

/// Where the servers are.
#[derive(Clone, Debug)]
pub struct Servers {
    /// Address of the database server; its user needs the right to create databases.
    pub database_url: Secret,
    /// The broker.
    pub broker: BrokerArgs,
    /// Its administrator.
    pub management: ManagementArgs,
}

impl IngestBench {
    /// Measures. Database and virtual host of the run are gone afterwards, whatever happened.
    ///
    /// # Errors
    /// When a server cannot be used, the consumer fails, or the run is interrupted.
    pub async fn run(&self, servers: &Servers, clock: &Clock) -> anyhow::Result<Report> {
        // Minutes of measuring would be in vain without it.
        raw::check_psql(&self.psql).await?;
        let mut stage = Stage::set_up(
            servers.database_url.clone(),
            &servers.broker,
            &servers.management,
        )
        .await?;
        let measured = tokio::select! {
            measured = self.measure(&mut stage, clock) => measured,
            stopped = stop_signal() => stopped.and_then(|()| anyhow::bail!("interrupted")),
        };
        progress("taking database and virtual host away");
        stage.tear_down().await;
        measured
    }

    async fn measure(&self, stage: &mut Stage, clock: &Clock) -> anyhow::Result<Report> {
        progress(&format!(
            "making a database with {} tags and {} readers, and a virtual host",
            self.tags, self.readers
        ));
        let shape = self.shape();
        stage.furnish_broker().await?;
        stage.add_bare_queue().await?;
        stage.furnish_database(&shape).await?;
        // Before the consumer has written anything: identical empty tables.
        let (unnest_url, copy_url) = (
            stage.copy_database("unnest").await?,
            stage.copy_database("copy").await?,
        );
        let setting = self.setting(stage, clock).await?;
        let mut processes = self.find_processes(stage).await?;
        let probe = QueueProbe::connect(&stage.admin()?, "wardtrack bench, probe").await?;

        let origin_ms = clock.now_ms() - Load::span_ms(&shape, self.messages) - HEADROOM_MS;
        let load = Load::new(shape);
        let mut publisher = LoadPublisher::connect(
            &stage.role(BrokerRole::Gateway)?,
            load,
            self.seed,
            clock.clone(),
            origin_ms,
        )
        .await?;
        progress(&format!(
            "publishing {} messages to two equal queues",
            self.messages
        ));
        let preloaded = self.preload(&mut publisher).await?;
        progress("wardtrack drains the first queue");
        let (drain, drained_rows) = self
            .drain(stage, &probe, &mut processes, preloaded.sightings)
            .await?;
        progress("a bare consumer drains the second queue");
        let consumer = stage.role(BrokerRole::Consumer)?;
        let bare = shard_queue(BARE_SHARD);
        let bare_consume = consume_bare(
            &consumer,
            &bare,
            self.prefetch,
            BARE_ACK_EVERY,
            self.messages,
        )
        .await?;
        anyhow::ensure!(
            bare_consume.messages == self.messages,
            "the second queue ended after {} messages",
            bare_consume.messages
        );
        probe.delete_queue(&bare).await?;
        progress("Postgres takes the same rows by UNNEST and by COPY");
        let limits = {
            let written = &drained_rows;
            for url in [&unnest_url, &copy_url] {
                raw::make_partitions(url, written).await?;
            }
            Limits {
                sightings: preloaded.sightings,
                bare_consume: bare_consume.took,
                unnest: raw::write_by_unnest(&unnest_url, written).await?,
                copy: raw::write_by_copy(&copy_url, &self.psql, written).await?,
            }
        };
        drop(drained_rows);
        progress(&format!(
            "wardtrack beside a publisher, {} s after {} s to warm up",
            self.sustained.as_secs(),
            self.warm_up.as_secs()
        ));
        let sustained = self
            .sustain(stage, &probe, &mut processes, &mut publisher)
            .await?;
        publisher.close().await;
        probe.close().await;
        let measured = Measured {
            preloaded,
            drain,
            limits,
            sustained,
        };
        Ok(Report { setting, measured })
    }

    fn shape(&self) -> LoadShape {
        LoadShape {
            tags: self.tags,
            readers: self.readers,
            sightings_per_message: self.sightings_per_message,
            beacon_every_ms: self.beacon_every_ms,
            seed: self.seed,
        }
    }

    async fn setting(&self, stage: &Stage, clock: &Clock) -> anyhow::Result<Setting> {
        let postgres = stage.postgres_facts().await?;
        Ok(Setting {
            bench: self.clone(),
            begun_at: clock.now(),
            rabbitmq_version: stage.rabbitmq_version.clone(),
            is_durable: postgres.is_durable(),
            postgres_version: postgres.version,
        })
    }

    async fn find_processes(&self, stage: &Stage) -> anyhow::Result<Processes> {
        let mut conn = stage.connect().await?;
        let backend = rows::find_backend_pid(&mut conn).await?;
        Ok(Processes {
            consumer: None,
            pages: None,
            postmaster: cpu::parent_of(backend, "postgres"),
            rabbitmq: cpu::local(stage.broker_pids().await, "beam.smp"),
        })
    }

    async fn preload(&self, publisher: &mut LoadPublisher) -> anyhow::Result<Preloaded> {
        let begun = Instant::now();
        publisher.publish(self.messages).await?;
        Ok(Preloaded {
            sightings: publisher.sightings,
            bytes: publisher.bytes,
            took: begun.elapsed(),
        })
    }

    /// From the first delivery to the last commit: the start of the program is not counted, taking over the shard is.
    async fn drain(
        &self,
        stage: &Stage,
        probe: &QueueProbe,
        processes: &mut Processes,
        sightings: u64,
    ) -> anyhow::Result<(Phase, rows::Written)> {
        let queue = shard_queue(SHARD);
        let mut conn = stage.connect().await?;
        let mut consumer =
            ConsumerChild::start(&stage.database_url()?, &stage.broker, self.prefetch)?;
        processes.consumer = consumer.pid();
        let mut progress = Progress::new(self.messages);
        while probe.count_ready(&queue).await? >= self.messages {
            progress.check(self.messages, &mut consumer)?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (begun, cpu_begun) = (Instant::now(), processes.times());
        loop {
            let ready = probe.count_ready(&queue).await?;
            progress.check(ready, &mut consumer)?;
            // Counting rows costs the server something, so only when the queue is empty.
            if ready == 0 && rows::count_batches(&mut conn).await? >= self.messages {
                break;
            }
            let pause = if ready > 2 * u64::from(self.prefetch) {
                LOOK_EVERY
            } else {
                Duration::from_millis(2)
            };
            tokio::time::sleep(pause).await;
        }
        let (took, cpu) = (begun.elapsed(), processes.times().since(cpu_begun));
        let (counts, written) = (
            rows::count_rows(&mut conn).await?,
            rows::read_written(&mut conn).await?,
        );
        anyhow::ensure!(
            u64::try_from(counts.sightings)? == sightings,
            "{sightings} sightings were published and {} are in the database: figures of a wrong run are worth nothing",
            counts.sightings
        );
        let spent = consumer.stop().await?;
        Ok((
            Phase {
                rows: counts,
                took,
                cpu,
                spent,
            },
            written,
        ))
    }

    async fn sustain(
        &self,
        stage: &Stage,
        probe: &QueueProbe,
        processes: &mut Processes,
        publisher: &mut LoadPublisher,
    ) -> anyhow::Result<Phase> {
        let queue = shard_queue(SHARD);
        let mut conn = stage.connect().await?;
        let mut consumer =
            ConsumerChild::start(&stage.database_url()?, &stage.broker, self.prefetch)?;
        processes.consumer = consumer.pid();
        let begun = Instant::now();
        let end = begun + self.warm_up + self.sustained;
        let measure = async {
            tokio::time::sleep(self.warm_up).await;
            let before = rows::count_rows(&mut conn).await?;
            let (from, cpu_from) = (Instant::now(), processes.times());
            tokio::time::sleep_until(end.into()).await;
            let (took, cpu) = (from.elapsed(), processes.times().since(cpu_from));
            let after = rows::count_rows(&mut conn).await?;
            anyhow::Ok((after.since(before), took, cpu))
        };
        let publishing = publisher.publish_until(
            end + Duration::from_millis(500),
            probe,
            &queue,
            self.queue_max,
        );
        let ((counts, took, cpu), ()) = tokio::try_join!(measure, publishing)?;
        consumer.ensure_alive()?;
        anyhow::ensure!(
            counts.sightings > 0,
            "the consumer took nothing; its log ends with:\n{}",
            consumer.last_lines()
        );
        let spent = consumer.stop().await?;
        Ok(Phase {
            rows: counts,
            took,
            cpu,
            spent,
        })
    }
}

/// What was published before the drain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preloaded {
    pub sightings: u64,
    pub bytes: u64,
    pub took: Duration,
}

/// Notices when the queue stops getting shorter.
struct Progress {
    ready: u64,
    since: Instant,
}

impl Progress {
    fn new(ready: u64) -> Self {
        Self {
            ready,
            since: Instant::now(),
        }
    }

    fn check(&mut self, ready: u64, consumer: &mut ConsumerChild) -> anyhow::Result<()> {
        consumer.ensure_alive()?;
        if ready < self.ready {
            *self = Self::new(ready);
        }
        let last = consumer.last_lines();
        anyhow::ensure!(
            self.since.elapsed() < STUCK,
            "{ready} messages are left and none was taken for {} s; the consumer's log ends with:\n{last}",
            STUCK.as_secs()
        );
        Ok(())
    }
}

/// SIGINT or SIGTERM.
pub(super) async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("listening for signals"),
        _ = terminate.recv() => Ok(()),
    }
}

pub(super) fn progress(doing: &str) {
    eprintln!("bench: {doing}");
}
