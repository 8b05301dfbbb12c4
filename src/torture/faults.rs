//! The rounds of `wardtrack torture faults`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::check::{self, Arrivals};
use super::load::{Ledger, Load, READERS, TAGS};
use super::reader::Line;
use super::report::{Fault, Round, Waits};
use super::servers::{Server, Servers};
use super::stage::{Stage, StageArgs};
use super::supervisor::Supervisor;
use crate::broker::topology::{DEAD_QUEUE, shard_queue};
use crate::clock::Clock;
use crate::ingest::housekeeping;
use crate::lifecycle::Lifecycle;

/// Until then there are neither bad messages nor faults.
const CLEAN_MS: i64 = 6_000;
/// Until then there are bad messages and no faults.
const CALM_MS: i64 = 12_000;
/// The load goes on at least this long after the last fault.
const AFTERWARDS: Duration = Duration::from_secs(8);
/// How long Postgres is away.
const POSTGRES_AWAY: Duration = Duration::from_secs(20);
/// How long the consumer may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(5);
/// How long it may take after the load until everything is confirmed and taken.
const DRAIN_MAX: Duration = Duration::from_mins(3);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many rounds.
    pub rounds: u32,
    /// Shortest load of a round.
    pub load_for: Duration,
    /// Everything that is left to chance comes from it.
    pub seed: u64,
    /// Where the servers are.
    pub stage: StageArgs,
    /// Program that stops and starts them.
    pub servers_command: String,
    /// Their name there.
    pub servers_name: String,
}

/// Runs the rounds and prints a table for each, and a line of JSON at the end. False when anything was not as it must be.
///
/// # Errors
/// When the servers cannot be used.
pub async fn run(options: &Options, clock: &Clock, life: &Lifecycle) -> anyhow::Result<bool> {
    let servers = Servers {
        command: options.servers_command.clone(),
        name: options.servers_name.clone(),
    };
    servers.check().await?;
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let stage = Stage::build(&options.stage, clock, READERS, TAGS + 1)
            .await
            .context("setting the stage")?;
        let log = std::env::temp_dir().join(format!("{}.log", stage.broker.vhost));
        let ended = tokio::select! {
            ended = run_round(number, options, &servers, &stage, &log, clock) => ended,
            () = life.soft().cancelled() => Err(anyhow::anyhow!("stopped")),
        };
        // Whatever was stopped is needed to clear up.
        for server in [Server::Postgres, Server::Rabbitmq] {
            servers.start(server).await?;
        }
        let cleared = stage.clear().await;
        let round = ended
            .with_context(|| format!("round {number}; the consumer's log is {}", log.display()))?;
        cleared.context("clearing the stage")?;
        round.print();
        if round.breaches.is_empty() {
            std::fs::remove_file(&log).ok();
        } else {
            println!("  the consumer's log is {}", log.display());
        }
        rounds.push(round);
    }
    let passed = rounds
        .iter()
        .filter(|round| round.breaches.is_empty())
        .count();
    println!("{passed} of {} rounds passed", rounds.len());
    let list: Vec<_> = rounds.iter().map(Round::json).collect();
    println!(
        "{}",
        serde_json::json!({"rounds": rounds.len(), "passed": passed, "seed": options.seed, "list": list})
    );
    Ok(passed == rounds.len())
}

/// Tasks of a round; they end with it.
struct Running {
    readers: JoinSet<()>,
    load: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.load.abort();
    }
}

async fn run_round(
    number: u32,
    options: &Options,
    servers: &Servers,
    stage: &Stage,
    log: &std::path::Path,
    clock: &Clock,
) -> anyhow::Result<Round> {
    let begun = Instant::now();
    housekeeping::make_partitions(&mut *stage.db.conn().await?, clock.now().date_naive()).await?;
    let consumer = Supervisor::start(stage, PathBuf::from(log))?;
    let ledger = Arc::new(Ledger::default());
    let is_over = Arc::new(AtomicBool::new(false));
    let load_begun_ms = clock.now_ms();
    let load_begun = Instant::now();
    let mut running = start_load(
        stage,
        options.seed.wrapping_add(u64::from(number)),
        &ledger,
        &is_over,
        clock,
    )?;
    let mut round = Round {
        number,
        ..Round::default()
    };
    inject(&mut round, servers, &consumer, load_begun, clock).await?;
    let until = (load_begun + options.load_for).max(Instant::now() + AFTERWARDS);
    tokio::time::sleep_until(until.into()).await;
    is_over.store(true, Ordering::Relaxed);
    round.load_s = load_begun.elapsed().as_secs_f64();

    let confirmed = async { while running.readers.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_MAX, confirmed).await.is_err() {
        round.breaches.push(format!(
            "not everything was confirmed {DRAIN_MAX:?} after the load"
        ));
    }
    if let Err(error) = wait_for_empty_queue(stage).await {
        round.breaches.push(format!("{error:#}"));
    }
    for end in consumer.unasked_ends() {
        round
            .breaches
            .push(format!("the consumer ended by itself ({end})"));
    }
    let ended = consumer.finish().await?;
    if ended.code != Some(0) || ended.after > END_MAX {
        round.breaches.push(format!(
            "asked to end at last, the consumer took {:?}, exit code {:?}",
            ended.after, ended.code
        ));
    }
    evaluate(&mut round, stage, &ledger, load_begun_ms).await?;
    round.took_s = begun.elapsed().as_secs_f64();
    Ok(round)
}

fn start_load(
    stage: &Stage,
    seed: u64,
    ledger: &Arc<Ledger>,
    is_over: &Arc<AtomicBool>,
    clock: &Clock,
) -> anyhow::Result<Running> {
    let stop = CancellationToken::new();
    let (mut readers, mut senders) = (JoinSet::new(), Vec::new());
    let mut lines: Vec<_> = stage
        .readers
        .iter()
        .map(|reader| (reader.address.clone(), reader.routing_key.clone()))
        .collect();
    lines.push((stage.administrator()?, String::new()));
    for (address, routing_key) in lines {
        let (sender, messages) = mpsc::unbounded_channel();
        let line = Line {
            address,
            routing_key,
            ledger: Arc::clone(ledger),
            stop: stop.clone(),
        };
        senders.push(sender);
        readers.spawn(line.run(messages));
    }
    let mut load = Load::new(stage, seed, clock.now_ms());
    let (ledger, is_over, clock) = (Arc::clone(ledger), Arc::clone(is_over), clock.clone());
    let load = tokio::spawn(async move {
        let is_over = || is_over.load(Ordering::Relaxed);
        load.run(&clock, &ledger, &senders, CLEAN_MS, is_over).await;
    });
    Ok(Running {
        readers,
        load,
        stop,
    })
}

/// Does everything to the servers and the consumer that has to be survived.
async fn inject(
    round: &mut Round,
    servers: &Servers,
    consumer: &Supervisor,
    load_begun: Instant,
    clock: &Clock,
) -> anyhow::Result<()> {
    let calm = Duration::from_millis(CALM_MS.unsigned_abs());
    let mut next = load_begun + calm;
    for step in 0..5 {
        tokio::time::sleep_until(next.into()).await;
        let begun_ms = clock.now_ms();
        let (name, note, pause_s) = match step {
            0 | 4 => {
                consumer.kill().await?;
                ("consumer killed (SIGKILL)", String::new(), 6)
            }
            1 => {
                servers.stop(Server::Postgres).await?;
                tokio::time::sleep(POSTGRES_AWAY).await;
                servers.start(Server::Postgres).await?;
                ("Postgres stopped", String::new(), 6)
            }
            2 => {
                let ended = consumer.terminate().await?;
                if ended.code != Some(0) || ended.after > END_MAX {
                    round.breaches.push(format!(
                        "asked to end under load, the consumer took {:?}, exit code {:?}",
                        ended.after, ended.code
                    ));
                }
                let note = format!(
                    "ended with {:?} after {:.1} s",
                    ended.code,
                    ended.after.as_secs_f64()
                );
                ("consumer asked to end (TERM)", note, 5)
            }
            _ => {
                servers.restart(Server::Rabbitmq).await?;
                ("RabbitMQ restarted", String::new(), 5)
            }
        };
        round.faults.push(Fault {
            name,
            begun_ms,
            ended_ms: clock.now_ms(),
            note,
        });
        next = Instant::now() + Duration::from_secs(pause_s);
    }
    Ok(())
}

/// The management counts every five seconds only: what it says has to hold for longer than that.
async fn wait_for_empty_queue(stage: &Stage) -> anyhow::Result<()> {
    let until = Instant::now() + DRAIN_MAX;
    let (shard, mut empty_since) = (shard_queue(0), None::<Instant>);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let queues = stage.management.list_queues().await.unwrap_or_default();
        let waiting = queues
            .iter()
            .find(|queue| queue.name == shard)
            .map(|queue| queue.messages);
        empty_since = match waiting {
            Some(0) => empty_since.or_else(|| Some(Instant::now())),
            _ => None,
        };
        if empty_since.is_some_and(|since| since.elapsed() > Duration::from_secs(7)) {
            let dead = queues
                .iter()
                .find(|queue| queue.name == DEAD_QUEUE)
                .map(|queue| queue.messages);
            anyhow::ensure!(dead == Some(0), "{DEAD_QUEUE} holds {dead:?} messages");
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < until,
            "{shard} holds {waiting:?} messages {DRAIN_MAX:?} after the load"
        );
    }
}

async fn evaluate(
    round: &mut Round,
    stage: &Stage,
    ledger: &Ledger,
    load_begun_ms: i64,
) -> anyhow::Result<()> {
    let sent = ledger.all();
    let mut conn = stage.db.conn().await?;
    round.messages = sent.len();
    round.bad = sent
        .iter()
        .filter(|(message, _)| message.bad.is_some())
        .count();
    round.confirmed = sent.iter().filter(|(_, confirms)| *confirms > 0).count();
    let confirmed = sent.iter().filter(|(_, confirms)| *confirms > 0);
    round.sightings = confirmed.map(|(message, _)| message.rows.len()).sum();
    round.retries = ledger.retries.load(Ordering::Relaxed);
    round.repeats = ledger.repeats.load(Ordering::Relaxed);
    let never = round.messages - round.confirmed;
    if never > 0 {
        round
            .breaches
            .push(format!("{never} messages were never confirmed"));
    }
    round.findings = check::check(&mut conn, &sent).await?;
    round.breaches.extend(round.findings.breaches());
    round.arrivals = check::list_arrivals(&mut conn, &sent).await?;
    (round.clean, round.beside_bad) = waits(&round.arrivals, load_begun_ms);
    // The median: a disk that stalls for a second would spoil any other measure now and then.
    let (clean_ms, beside_bad_ms) = (round.clean.median_ms, round.beside_bad.median_ms);
    if beside_bad_ms > (2 * clean_ms).max(clean_ms + 500) {
        round.breaches.push(format!(
            "beside bad messages good ones waited {beside_bad_ms} ms, without them {clean_ms} ms"
        ));
    }
    let never: Vec<&str> = round
        .faults
        .iter()
        .filter(|fault| round.resumed_ms(fault).is_none())
        .map(|fault| fault.name)
        .collect();
    if !never.is_empty() {
        round
            .breaches
            .push(format!("never went on after: {}", never.join(", ")));
    }
    Ok(())
}

/// In the time before the first fault, without bad messages and with them. The first two seconds are the consumer's start.
fn waits(arrivals: &Arrivals, load_begun_ms: i64) -> (Waits, Waits) {
    let between = |from_ms: i64, to_ms: i64| {
        let times = arrivals.prompt.iter().filter(|(sent_ms, _)| {
            (load_begun_ms + from_ms..load_begun_ms + to_ms).contains(sent_ms)
        });
        Waits::of(
            times
                .map(|(sent_ms, received_ms)| received_ms - sent_ms)
                .collect(),
        )
    };
    (between(2_000, CLEAN_MS), between(CLEAN_MS, CALM_MS - 1_000))
}
