//! The simulated hospital in real time: every reader has its own connection, signs in with its own credentials, and keeps
//! what it could not send, as real readers do.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use diesel_async::AsyncConnection;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::desk::ReaderMessage;
use super::plan::SeedPlan;
use super::seed::{self, Stored};
use super::truth::TruthWriter;
use super::world::{Site, World, WorldConfig};
use crate::broker::connection::backoff;
use crate::broker::topology::{INGEST_EXCHANGE, reader_routing_key, reader_user_name};
use crate::broker::{BrokerAddress, Management, Outgoing, PublishError, Publisher};
use crate::clock::Clock;
use crate::config::BrokerArgs;
use crate::config::broker::BrokerRole;
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::live::Hints;

/// How often the model is brought up to the clock.
const STEP: Duration = Duration::from_millis(250);
/// After a longer pause of the process (a sleeping computer), the time between is left out rather than made up for.
const PAUSE_MAX_MS: i64 = 120_000;
/// Messages that a reader keeps while it cannot send; about half an hour.
const BUFFER_MESSAGES: usize = 2_048;
/// How long readers may take to send the rest when the simulation ends.
const FINISH_MAX: Duration = Duration::from_secs(4);
/// How often the log says how it goes.
const REPORT_EVERY_MS: i64 = 60_000;
/// Credential slot of simulated readers.
const SLOT: &str = "a";

/// What the run needs around it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The database, where the site is stored.
    pub db: Db,
    /// The management API, where the readers get their users.
    pub management: Management,
    /// Where the readers publish.
    pub broker: BrokerArgs,
    /// What time it is.
    pub clock: Clock,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// See [`WorldConfig::seed`].
    pub seed: u64,
    /// See [`WorldConfig::activity`].
    pub activity: f32,
    /// See [`WorldConfig::outages`].
    pub outages: bool,
    /// How long; without end when `None`.
    pub for_ms: Option<i64>,
    /// Where to write the true places.
    pub truth: Option<PathBuf>,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Messages confirmed by the broker.
    pub messages: u64,
    /// Sightings in them.
    pub sightings: u64,
    /// Messages that a reader had no room to keep while it could not send, or could not send before the end.
    pub lost: u64,
}

/// Counts of a run.
#[derive(Debug, Default)]
struct Counts {
    made: AtomicU64,
    sent: AtomicU64,
    sightings: AtomicU64,
    retried: AtomicU64,
    dropped: AtomicU64,
    connected: AtomicU64,
}

/// Stores the site, gives the readers their credentials, and publishes until the lifecycle ends softly or the time is over.
///
/// # Errors
/// When the site cannot be stored, a reader cannot be given a user, or the truth cannot be written. A broker that goes away
/// later is no error: readers keep trying.
pub async fn run(
    lifecycle: &Lifecycle,
    around: &Surroundings,
    options: &RunOptions,
) -> anyhow::Result<Published> {
    let plan = SeedPlan::of(&Site::hospital(options.seed));
    let (stored, places) = store_site(around, &plan, options.seed).await?;
    tracing::info!(inserted = stored.inserted, "the simulated site is stored");
    let secrets = super::credentials::issue_credentials(
        &around.db,
        &around.management,
        &around.clock,
        &stored.readers,
    )
    .await?;
    let config = WorldConfig {
        seed: options.seed,
        activity: options.activity,
        start_ms: around.clock.now_ms(),
        outages: options.outages,
        wrong_clocks: true,
    };
    let mut world = World::new(config, &places);
    let mut truth = options
        .truth
        .as_ref()
        .map(|path| {
            let file = File::create(path)
                .with_context(|| format!("cannot write the truth to {}", path.display()))?;
            anyhow::Ok(TruthWriter::new(BufWriter::new(file), 0, true)?)
        })
        .transpose()?;

    let counts = Arc::new(Counts::default());
    let mut senders = HashMap::new();
    let mut readers = JoinSet::new();
    let stop = CancellationToken::new();
    for (reader_key, secret) in secrets {
        let (sender, messages) = mpsc::channel(BUFFER_MESSAGES);
        let user = reader_user_name(&reader_key, SLOT);
        let line = Line {
            address: BrokerAddress::new(&around.broker, &user, secret)?,
            routing_key: reader_routing_key(&reader_key),
            name: format!("wardtrack simulated reader {reader_key}"),
            counts: Arc::clone(&counts),
            stop: stop.clone(),
        };
        senders.insert(reader_key, sender);
        readers.spawn(line.run(messages));
    }
    tracing::info!(readers = senders.len(), "simulating");
    let staff = tokio::spawn(super::staff::work(
        around.db.clone(),
        around.clock.clone(),
        plan,
        options.seed,
        publish_hints(around, lifecycle),
        lifecycle.clone(),
    ));
    let cabinets = tokio::spawn(super::cabinets::work(
        around.db.clone(),
        around.clock.clone(),
        options.seed,
        senders.clone(),
        lifecycle.clone(),
    ));
    let ended = publish_world(
        lifecycle, around, options, &mut world, &senders, &mut truth, &counts,
    )
    .await;
    if let Some(truth) = &mut truth {
        let site = Arc::clone(world.site());
        truth.write(&site.plan, &site.assets, &world.cut_visits())?;
    }
    staff.abort();
    cabinets.abort();
    drop(senders);
    let finished = async { while readers.join_next().await.is_some() {} };
    if tokio::time::timeout(FINISH_MAX, finished).await.is_err() {
        stop.cancel();
        readers.shutdown().await;
    }
    report(&counts, &world);
    ended.map(|()| counts.published())
}

/// What staff says is on open pages at once where this process may say so in the broker; else within half a minute.
fn publish_hints(around: &Surroundings, lifecycle: &Lifecycle) -> Hints {
    let hints = Hints::without_pages();
    match BrokerAddress::for_role(&around.broker, BrokerRole::Web) {
        Ok(address) => {
            tokio::spawn(hints.clone().publish(address, lifecycle.clone()));
        }
        Err(error) => tracing::info!(
            error = format!("{error:#}"),
            "open pages will follow what simulated staff says within half a minute"
        ),
    }
    hints
}

impl Counts {
    fn published(&self) -> Published {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Published {
            messages: read(&self.sent),
            sightings: read(&self.sightings),
            lost: read(&self.made).saturating_sub(read(&self.sent)),
        }
    }
}

/// Stores what is missing; returns where assets were last placed.
async fn store_site(
    around: &Surroundings,
    plan: &SeedPlan,
    seed: u64,
) -> anyhow::Result<(Stored, HashMap<String, String>)> {
    let mut conn = around.db.conn().await?;
    let now = around.clock.now();
    let mut stored = conn
        .transaction(async |conn| seed::store_plan(conn, plan, now).await)
        .await
        .context("storing the simulated site")?;
    conn.transaction(async |conn| seed::store_supplies(conn, seed, now).await)
        .await
        .context("storing the supplies of the simulated site")?;
    let supply_readers = conn
        .transaction(async |conn| seed::store_supply_readers(conn, now).await)
        .await
        .context("storing the readers of the supplies")?;
    stored.readers.extend(supply_readers);
    let places = seed::list_places(&mut conn, plan)
        .await
        .context("reading where the equipment is")?;
    Ok((stored, places))
}

/// Brings the model up to the clock again and again, and hands its messages to the readers.
async fn publish_world(
    lifecycle: &Lifecycle,
    around: &Surroundings,
    options: &RunOptions,
    world: &mut World,
    senders: &HashMap<String, mpsc::Sender<ReaderMessage>>,
    truth: &mut Option<TruthWriter<BufWriter<File>>>,
    counts: &Counts,
) -> anyhow::Result<()> {
    let site = Arc::clone(world.site());
    let end_ms = options.for_ms.map(|for_ms| world.now_ms() + for_ms);
    let mut next_report_ms = world.now_ms() + REPORT_EVERY_MS;
    let mut ticker = tokio::time::interval(STEP);
    ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! { _ = ticker.tick() => {}, () = lifecycle.soft().cancelled() => return Ok(()) }
        let now_ms = around.clock.now_ms();
        if now_ms - world.now_ms() > PAUSE_MAX_MS {
            tracing::warn!(
                paused_ms = now_ms - world.now_ms(),
                "this process was paused; going on from now"
            );
            world.skip_to(now_ms);
        }
        for message in world.step(end_ms.map_or(now_ms, |end| now_ms.min(end))) {
            let Some(sender) = senders.get(&*message.reader_key) else {
                continue;
            };
            counts.made.fetch_add(1, Ordering::Relaxed);
            if sender.try_send(message).is_err() {
                counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        let visits = world.take_visits();
        if let Some(truth) = truth {
            truth.write(&site.plan, &site.assets, &visits)?;
        }
        if now_ms >= next_report_ms {
            next_report_ms = now_ms + REPORT_EVERY_MS;
            report(counts, world);
        }
        if end_ms.is_some_and(|end| now_ms >= end) {
            return Ok(());
        }
    }
}

fn report(counts: &Counts, world: &World) {
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    tracing::info!(
        messages = read(&counts.sent),
        sightings = read(&counts.sightings),
        retried = read(&counts.retried),
        dropped = read(&counts.dropped),
        connected = read(&counts.connected),
        moving = world.count_moving(),
        "simulated readers"
    );
}

/// The network side of one reader.
struct Line {
    address: BrokerAddress,
    routing_key: String,
    name: String,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

impl Line {
    /// Sends messages in order, each until it is confirmed; the same message keeps its batch id over all tries.
    async fn run(self, mut messages: mpsc::Receiver<ReaderMessage>) {
        let mut publisher: Option<Publisher> = None;
        while let Some(message) = messages.recv().await {
            let Ok(body) = message.to_body() else {
                continue;
            };
            let outgoing = Outgoing {
                exchange: INGEST_EXCHANGE,
                routing_key: &self.routing_key,
                body: &body,
                message_id: Some(message.batch_id.to_string()),
                received_at_ms: None,
            };
            let mut tries = 0;
            while let Err(error) = self.try_send(&mut publisher, &outgoing).await {
                tracing::debug!(
                    reader.key = %message.reader_key,
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "not sent, trying again"
                );
                self.counts.retried.fetch_add(1, Ordering::Relaxed);
                let wait = backoff(tries, Duration::from_millis(200), Duration::from_secs(5));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = self.stop.cancelled() => return,
                }
                tries += 1;
            }
            self.counts.sent.fetch_add(1, Ordering::Relaxed);
            let heard = u64::try_from(message.sightings.len()).unwrap_or(0);
            self.counts.sightings.fetch_add(heard, Ordering::Relaxed);
        }
        if let Some(publisher) = publisher {
            publisher.close().await;
        }
    }

    /// One try, connecting first when need be. A connection that failed is given up.
    async fn try_send(
        &self,
        line: &mut Option<Publisher>,
        message: &Outgoing<'_>,
    ) -> Result<(), PublishError> {
        let publisher = match line.take() {
            Some(publisher) if publisher.is_usable() => publisher,
            broken => {
                if broken.is_some() {
                    self.counts.connected.fetch_sub(1, Ordering::Relaxed);
                }
                let publisher = Publisher::connect(&self.address, &self.name).await?;
                self.counts.connected.fetch_add(1, Ordering::Relaxed);
                publisher
            }
        };
        let sent = publisher.publish(message).await;
        if matches!(sent, Err(PublishError::Broker(_))) {
            self.counts.connected.fetch_sub(1, Ordering::Relaxed);
            publisher.close().await;
        } else {
            *line = Some(publisher);
        }
        sent
    }
}
