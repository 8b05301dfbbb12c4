//! `wardtrack bench search`: how long a page of results takes beside the ingest of a hospital, and how long its statements alone
//! take, over fleets of several sizes in one run.
//!
//! Pages and statements are asked for in turns, a stretch of time each, so that both meet the same minutes of the machine. Both get
//! the same requests at the same rate.

mod asks;
mod hospital;
mod pace;
mod pages;
pub mod report;
mod statements;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio_util::sync::CancellationToken;

use self::asks::{Ask, Kind, make_asks};
use self::hospital::{SignedIn, Size, make_hospital, sign_in_people};
use self::pace::{Samples, ask_evenly};
use self::pages::{Pages, time_gzip};
use self::report::{Gzip, Measured, OfKind, Report, Setting};
use self::statements::Statements;
use super::child::ConsumerChild;
use super::cpu::{self, CpuTimes, Processes};
use super::ingest::{Servers, progress, stop_signal};
use super::load::{Load, LoadShape};
use super::publish::LoadPublisher;
use super::rows;
use super::stage::{SHARD, Stage, connect};
use crate::broker::bare::QueueProbe;
use crate::broker::topology::shard_queue;
use crate::clock::Clock;
use crate::config::DbArgs;
use crate::config::broker::BrokerRole;

/// Stretches into which each measurement is cut.
const TURNS: u32 = 4;
/// People who are signed in.
const PEOPLE: u32 = 20;
/// A tag beacons this often: what spares its battery for years.
const BEACON_EVERY_MS: i64 = 8_000;
/// Small messages, as a reader sends them that hears little.
const SIGHTINGS_PER_MESSAGE: usize = 20;
/// Sightings are at least this old when they come, however long a reader took to fill its message.
const AGE_MS_MIN: i64 = 5_000;
/// Messages that the consumer takes ahead of their acknowledgement.
const PREFETCH: u16 = 500;
/// Changes of counts are folded this often, as the scheduler does.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// How long the consumer may take until it has applied something.
const INGEST_START_MAX: Duration = Duration::from_mins(3);
/// Assets for each room.
const ASSETS_A_ROOM: u32 = 200;

/// What to measure.
#[derive(Clone, Debug)]
pub struct SearchBench {
    /// Sizes of the fleet, one after the other.
    pub assets: Vec<u32>,
    /// Length of each of the two measurements of a size.
    pub measured: Duration,
    /// The same load before them, for caches to fill.
    pub warm_up: Duration,
    /// Requests a second.
    pub rate: u32,
    /// Sightings a second beside them.
    pub sightings_per_s: u32,
    /// Seed of requests and sightings.
    pub seed: u64,
}

impl SearchBench {
    /// Measures. Databases and virtual hosts of the run are gone afterwards, whatever happened.
    ///
    /// # Errors
    /// When a server cannot be used, a process of wardtrack fails, or the run is interrupted.
    pub async fn run(
        &self,
        servers: &Servers,
        db: &DbArgs,
        clock: &Clock,
    ) -> anyhow::Result<Report> {
        let (mut measured, begun_at) = (Vec::new(), clock.now());
        let mut setting = None;
        for assets in &self.assets {
            let mut stage = Stage::set_up(
                servers.database_url.clone(),
                &servers.broker,
                &servers.management,
            )
            .await?;
            if setting.is_none() {
                setting = Some(Setting::of(self.clone(), begun_at, &stage).await?);
            }
            let size = tokio::select! {
                size = self.measure(&mut stage, *assets, db, clock) => size,
                stopped = stop_signal() => stopped.and_then(|()| anyhow::bail!("interrupted")),
            };
            progress("taking database and virtual host away");
            stage.tear_down().await;
            measured.push(size?);
        }
        let setting = setting.context("no size was given")?;
        Ok(Report { setting, measured })
    }

    async fn measure(
        &self,
        stage: &mut Stage,
        assets: u32,
        db: &DbArgs,
        clock: &Clock,
    ) -> anyhow::Result<Measured> {
        let size = self.size(assets);
        progress(&format!(
            "making a hospital with {assets} assets in {} rooms",
            size.rooms
        ));
        stage.furnish_broker().await?;
        let url = stage.make_database().await?;
        let mut conn = connect(&url).await?;
        let hospital = make_hospital(&mut conn, size).await?;
        let people = Arc::new(sign_in_people(&mut conn, &hospital, PEOPLE, clock.now()).await?);
        let count = self
            .rate
            .saturating_mul(u32::try_from(self.measured.as_secs())?);
        let warm_up = self
            .rate
            .saturating_mul(u32::try_from(self.warm_up.as_secs())?);
        let asks = make_asks(
            &hospital,
            people.len(),
            usize::try_from(count + warm_up)?,
            self.seed,
        );
        let run = Run {
            bench: self,
            size,
            warm_up,
            statements: Arc::new(
                Statements::prepare(db, &url, clock.clone(), &asks, &people).await?,
            ),
            asks: Arc::new(asks),
            people,
        };
        run.beside_ingest(stage, &mut conn, clock).await
    }

    fn size(&self, assets: u32) -> Size {
        let per_tag = u64::from(self.sightings_per_s) * u64::try_from(BEACON_EVERY_MS).unwrap_or(1);
        // Four readers hear each beacon.
        let heard = u32::try_from(per_tag / 4_000).unwrap_or(u32::MAX);
        Size {
            assets,
            rooms: (assets / ASSETS_A_ROOM).max(50),
            heard: heard.clamp(1, assets),
            beacon_every_ms: BEACON_EVERY_MS,
        }
    }
}

/// What is needed to measure one size.
struct Run<'a> {
    bench: &'a SearchBench,
    size: Size,
    warm_up: u32,
    statements: Arc<Statements>,
    asks: Arc<Vec<Ask>>,
    people: Arc<Vec<SignedIn>>,
}

impl Run<'_> {
    async fn beside_ingest(
        &self,
        stage: &Stage,
        conn: &mut AsyncPgConnection,
        clock: &Clock,
    ) -> anyhow::Result<Measured> {
        let url = stage.database_url()?;
        let shape = LoadShape {
            tags: self.size.heard,
            readers: self.size.rooms,
            sightings_per_message: SIGHTINGS_PER_MESSAGE,
            beacon_every_ms: self.size.beacon_every_ms,
            seed: self.bench.seed,
        };
        let gateway = stage.role(BrokerRole::Gateway)?;
        let to_fill_ms = u64::from(self.size.rooms) * u64::try_from(SIGHTINGS_PER_MESSAGE * 1_000)?
            / u64::from(self.bench.sightings_per_s.max(1));
        let origin_ms = clock.now_ms() - i64::try_from(to_fill_ms)? - AGE_MS_MIN;
        let load = Load::new(shape);
        let mut publisher =
            LoadPublisher::connect(&gateway, load, self.bench.seed, clock.clone(), origin_ms)
                .await?;
        let mut consumer = ConsumerChild::start(&url, &stage.broker, PREFETCH)?;
        let mut pages = Pages::start(&url, &stage.broker).await?;
        let processes = Processes {
            consumer: consumer.pid(),
            pages: pages.pid(),
            postmaster: cpu::parent_of(rows::find_backend_pid(conn).await?, "postgres"),
            rabbitmq: cpu::local(stage.broker_pids().await, "beam.smp"),
        };
        let stop = CancellationToken::new();
        let mut fold_conn = connect(&url).await?;
        let measure = async {
            // A consumer reads where every tag is before it begins; beside pages that would be another measurement.
            wait_for_ingest(&mut consumer, conn).await?;
            let measured = self.in_turns(&mut pages, conn, &processes).await;
            stop.cancel();
            measured
        };
        let (mut measured, (), ()) = tokio::try_join!(
            measure,
            publisher.publish_evenly(self.bench.sightings_per_s, &stop),
            fold_counts(&mut fold_conn, &stop),
        )?;
        publisher.close().await;
        let probe = QueueProbe::connect(&stage.admin()?, "wardtrack bench, probe").await?;
        measured.waiting_messages = probe.count_ready(&shard_queue(SHARD)).await?;
        probe.close().await;
        pages.ensure_alive()?;
        consumer.ensure_alive()?;
        pages.stop().await?;
        measured.consumer = consumer.stop().await?;
        Ok(measured)
    }

    /// Pages and statements, a stretch of each in turns.
    async fn in_turns(
        &self,
        pages: &mut Pages,
        conn: &mut AsyncPgConnection,
        processes: &Processes,
    ) -> anyhow::Result<Measured> {
        let bench = self.bench;
        progress(&format!(
            "asking {} times a second beside {} sightings a second, {} s after {} s to warm up",
            bench.rate,
            bench.sightings_per_s,
            bench.measured.as_secs() * 2,
            bench.warm_up.as_secs() * 2
        ));
        self.ask_pages(pages, 0..self.warm_up).await?;
        self.ask_statements(0..self.warm_up).await?;
        let (times, cpu) = (pages.times().await?, processes.times());
        let sightings = count_sightings(conn).await?;
        let begun = std::time::Instant::now();
        let (mut page, mut sql) = (Samples::default(), Samples::default());
        let (mut page_cpu, mut sql_cpu) = (CpuTimes::default(), CpuTimes::default());
        let count = u32::try_from(self.asks.len())?.saturating_sub(self.warm_up);
        for turn in 0..TURNS {
            let from = self.warm_up + count * turn / TURNS;
            let until = self.warm_up + count * (turn + 1) / TURNS;
            let before = processes.times();
            page.append(self.ask_pages(pages, from..until).await?);
            let between = processes.times();
            sql.append(self.ask_statements(from..until).await?);
            page_cpu = page_cpu.plus(between.since(before));
            sql_cpu = sql_cpu.plus(processes.times().since(between));
            pages.ensure_alive()?;
        }
        let took = begun.elapsed();
        Ok(Measured {
            assets: self.size.assets,
            rooms: self.size.rooms,
            heard: self.size.heard,
            sightings: count_sightings(conn).await? - sightings,
            took,
            server: pages.times().await?.since(times),
            cpu: processes.times().since(cpu),
            page_cpu,
            sql_cpu,
            gzip: self.time_gzip(pages).await?,
            kinds: self.by_kind(&page, &sql),
            page,
            sql,
            waiting_messages: 0,
            consumer: super::child::Spent::default(),
        })
    }

    async fn ask_pages(&self, pages: &Pages, numbers: Range<u32>) -> anyhow::Result<Samples> {
        ask_evenly(self.bench.rate, numbers, |n| {
            let (asks, at) = (self.asks.clone(), usize_of(n));
            let asking = self.who(at).map(|(ask, person)| pages.ask(ask, person));
            async move {
                let answer = asking.context("no such request")?.await?;
                let ask = asks.get(at).context("no such request")?;
                answer.ensure_good(ask)
            }
        })
        .await
    }

    async fn ask_statements(&self, numbers: Range<u32>) -> anyhow::Result<Samples> {
        ask_evenly(self.bench.rate, numbers, |n| {
            let (asks, people) = (self.asks.clone(), self.people.clone());
            let (statements, at) = (self.statements.clone(), usize_of(n));
            async move {
                let ask = asks.get(at).context("no such request")?;
                let person = people.get(ask.person).context("no such person")?;
                statements.answer(ask, person).await
            }
        })
        .await
    }

    fn by_kind(&self, page: &Samples, sql: &Samples) -> Vec<OfKind> {
        let kinds = Kind::ALL.iter().map(|kind| {
            let is_kind = |n| {
                self.asks
                    .get(usize_of(n))
                    .is_some_and(|ask| ask.kind == *kind)
            };
            OfKind {
                kind: *kind,
                page: page.only(is_kind),
                sql: sql.only(is_kind),
            }
        });
        kinds.collect()
    }

    fn who(&self, at: usize) -> Option<(&Ask, &SignedIn)> {
        let ask = self.asks.get(at)?;
        Some((ask, self.people.get(ask.person)?))
    }

    /// Packing pages like those of the first requests, measured apart.
    async fn time_gzip(&self, pages: &Pages) -> anyhow::Result<Gzip> {
        let mut gzip = Gzip::default();
        for at in 0..self.asks.len().min(40) {
            let Some((ask, person)) = self.who(at) else {
                break;
            };
            let answer = pages.ask(ask, person).await?;
            if answer.status == 200 {
                let html = answer.html()?;
                gzip.add(time_gzip(&html)?, html.len(), answer.body.len());
            }
        }
        Ok(gzip)
    }
}

/// Waits until the first sightings are in the database.
async fn wait_for_ingest(
    consumer: &mut ConsumerChild,
    conn: &mut AsyncPgConnection,
) -> anyhow::Result<()> {
    let begun = std::time::Instant::now();
    while count_sightings(conn).await? == 0 {
        consumer.ensure_alive()?;
        anyhow::ensure!(
            begun.elapsed() < INGEST_START_MAX,
            "no sighting was applied within {} s; the consumer's log ends with:\n{}",
            INGEST_START_MAX.as_secs(),
            consumer.last_lines()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn count_sightings(conn: &mut AsyncPgConnection) -> anyhow::Result<i64> {
    let row: Number =
        diesel::sql_query("SELECT coalesce(sum(sightings), 0)::bigint AS n FROM ingest_batch")
            .get_result(conn)
            .await?;
    Ok(row.n)
}

/// Keeps the counts folded until it is told to stop.
async fn fold_counts(conn: &mut AsyncPgConnection, stop: &CancellationToken) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(FOLD_EVERY) => {}
        }
        diesel::sql_query("SELECT fold_asset_counts() AS n")
            .execute(conn)
            .await
            .context("folding the counts")?;
    }
}

fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
