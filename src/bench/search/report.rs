//! The figures of `bench search`: a table for people, one JSON object for machines.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::SearchBench;
use super::asks::Kind;
use super::pace::Samples;
use super::pages::ServerTimes;
use crate::bench::child::Spent;
use crate::bench::cpu::CpuTimes;
use crate::bench::stage::Stage;

/// A page may take this many times as long as its statements, each at the 99th of a hundred.
pub const TIMES_SQL_BAR: f64 = 3.0;
/// And so many milliseconds more.
pub const MORE_MS_BAR: f64 = 10.0;
/// The sightings beside count as there when this share of them was applied.
const INGEST_SHARE_MIN: f64 = 0.95;

/// Under which conditions was measured.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    bench: SearchBench,
    begun_at: DateTime<Utc>,
    rabbitmq_version: String,
    postgres_version: String,
    is_durable: bool,
}

impl Setting {
    pub(super) async fn of(
        bench: SearchBench,
        begun_at: DateTime<Utc>,
        stage: &Stage,
    ) -> anyhow::Result<Self> {
        let postgres = stage.postgres_facts().await?;
        Ok(Self {
            bench,
            begun_at,
            rabbitmq_version: stage.rabbitmq_version.clone(),
            is_durable: postgres.is_durable(),
            postgres_version: postgres.version,
        })
    }
}

/// Packing pages, measured apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gzip {
    pages: u32,
    took: Duration,
    bytes: usize,
    packed_bytes: usize,
}

impl Gzip {
    /// Adds a page.
    pub(super) fn add(&mut self, took: Duration, bytes: usize, packed_bytes: usize) {
        self.pages += 1;
        self.took += took;
        self.bytes += bytes;
        self.packed_bytes += packed_bytes;
    }

    fn ms(&self) -> f64 {
        ms(self.took) / f64::from(self.pages.max(1))
    }

    fn kib(&self, bytes: usize) -> f64 {
        f64::from(u32::try_from(bytes / 1_024).unwrap_or(u32::MAX)) / f64::from(self.pages.max(1))
    }
}

/// The requests of one kind.
#[derive(Clone, Debug)]
pub(super) struct OfKind {
    pub kind: Kind,
    pub page: Samples,
    pub sql: Samples,
}

/// Everything that was measured at one size.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub assets: u32,
    pub rooms: u32,
    /// Tags that are heard.
    pub heard: u32,
    /// Sightings that were applied while was measured, and how long that was.
    pub sightings: i64,
    pub took: Duration,
    pub page: Samples,
    pub sql: Samples,
    pub server: ServerTimes,
    pub cpu: CpuTimes,
    /// Processor time while pages and while statements were asked for.
    pub page_cpu: CpuTimes,
    pub sql_cpu: CpuTimes,
    pub gzip: Gzip,
    pub kinds: Vec<OfKind>,
    /// Messages that were not applied in the end.
    pub waiting_messages: u64,
    pub consumer: Spent,
}

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) setting: Setting,
    pub(super) measured: Vec<Measured>,
}

impl Measured {
    fn page_p99(&self) -> f64 {
        ms(self.page.per_mille(990))
    }

    fn sql_p99(&self) -> f64 {
        ms(self.sql.per_mille(990))
    }

    fn bar_ms(&self) -> f64 {
        TIMES_SQL_BAR * self.sql_p99() + MORE_MS_BAR
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "a figure for people, far below 2^52"
    )]
    fn sightings_per_s(&self) -> f64 {
        self.sightings as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Quick enough, every answer good, and the sightings really beside it.
    fn is_bar_met(&self, wanted_per_s: u32) -> bool {
        self.page_p99() <= self.bar_ms()
            && self.page.fault_count + self.sql.fault_count == 0
            && self.sightings_per_s() >= f64::from(wanted_per_s) * INGEST_SHARE_MIN
    }

    fn json(&self, wanted_per_s: u32) -> Value {
        let pages = self.server.requests.count;
        json!({
            "assets": self.assets,
            "rooms": self.rooms,
            "tags_heard": self.heard,
            "page": times(&self.page),
            "sql": times(&self.sql),
            "bar_ms": round(self.bar_ms()),
            "is_bar_met": self.is_bar_met(wanted_per_s),
            "sightings_per_s": self.sightings_per_s().round(),
            "waiting_messages": self.waiting_messages,
            "profile": {
                "server_ms": round(self.server.requests.ms_a_page(pages)),
                "guard_ms": round(self.server.guard.ms_a_page(pages)),
                "pool_wait_ms": round(self.server.pool_wait.ms_a_page(pages)),
                "render_ms": round(self.server.render.ms_a_page(pages)),
                "gzip_ms": round(self.gzip.ms()),
                "page_kib": self.gzip.kib(self.gzip.bytes).round(),
                "page_packed_kib": round(self.gzip.kib(self.gzip.packed_bytes)),
            },
            "kinds": self.kinds.iter().map(|of| json!({
                "kind": of.kind.name(),
                "page": times(&of.page),
                "sql": times(&of.sql),
            })).collect::<Vec<_>>(),
            "page_cpu": cpu(self.page_cpu),
            "sql_cpu": cpu(self.sql_cpu),
            "cpu": cpu(self.cpu),
        })
    }
}

impl Report {
    /// Whether every size kept to the bar.
    #[must_use]
    pub fn is_bar_met(&self) -> bool {
        let wanted = self.setting.bench.sightings_per_s;
        self.measured.iter().all(|size| size.is_bar_met(wanted))
    }

    /// The figures as one JSON object, units in the names.
    #[must_use]
    pub fn json(&self) -> Value {
        let bench = &self.setting.bench;
        let sizes = self
            .measured
            .iter()
            .map(|size| size.json(bench.sightings_per_s));
        json!({
            "bench": "search",
            "wardtrack_version": env!("CARGO_PKG_VERSION"),
            "begun_at": self.setting.begun_at.to_rfc3339(),
            "postgres_version": self.setting.postgres_version,
            "rabbitmq_version": self.setting.rabbitmq_version,
            "is_durable": self.setting.is_durable,
            "cpu_count": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "rate_per_s": bench.rate,
            "sightings_per_s": bench.sightings_per_s,
            "measured_s": bench.measured.as_secs(),
            "seed": bench.seed,
            "sizes": sizes.collect::<Vec<_>>(),
            "growth": self.growth().iter().map(|growth| json!({
                "from_assets": growth.from.assets,
                "to_assets": growth.to.assets,
                "page_p50_times": round(growth.times(|size| ms(size.page.per_mille(500)))),
                "page_p99_times": round(growth.times(Measured::page_p99)),
                "sql_p50_times": round(growth.times(|size| ms(size.sql.per_mille(500)))),
                "sql_p99_times": round(growth.times(Measured::sql_p99)),
            })).collect::<Vec<_>>(),
            "times_sql_bar": TIMES_SQL_BAR,
            "more_ms_bar": MORE_MS_BAR,
            "is_bar_met": self.is_bar_met(),
        })
    }

    /// The figures as a table, with what was met and what was missed.
    #[must_use]
    pub fn table(&self) -> String {
        let bench = &self.setting.bench;
        let mut out = format!(
            "{} requests/s for {} s, in turns with their statements alone, beside {} sightings/s; Postgres {}, RabbitMQ {}\n\n\
             {:<28} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
            bench.rate,
            bench.measured.as_secs(),
            bench.sightings_per_s,
            self.setting.postgres_version,
            self.setting.rabbitmq_version,
            "ms from the intended start",
            "p50",
            "p90",
            "p99",
            "most",
            "mean"
        );
        for size in &self.measured {
            write_times(
                &mut out,
                &format!("page, {} assets", size.assets),
                &size.page,
            );
            write_times(
                &mut out,
                &format!("SQL alone, {} assets", size.assets),
                &size.sql,
            );
        }
        for growth in self.growth() {
            let _ = writeln!(
                out,
                "\nGrowth from {} to {} assets: page p50 {:.2} times, p99 {:.2} times; SQL p50 {:.2} times, p99 {:.2} times.",
                growth.from.assets,
                growth.to.assets,
                growth.times(|size| ms(size.page.per_mille(500))),
                growth.times(Measured::page_p99),
                growth.times(|size| ms(size.sql.per_mille(500))),
                growth.times(Measured::sql_p99),
            );
        }
        for size in &self.measured {
            write_profile(&mut out, size);
        }
        if !self.setting.is_durable {
            out.push_str("\nNOT DURABLE: fsync, full_page_writes or synchronous_commit is off; these figures say nothing about a real server.\n");
        }
        out.push('\n');
        for size in &self.measured {
            write_verdict(&mut out, size, bench.sightings_per_s);
        }
        out
    }

    /// The smallest size beside each bigger one.
    fn growth(&self) -> Vec<Growth<'_>> {
        let Some((from, others)) = self.measured.split_first() else {
            return Vec::new();
        };
        others.iter().map(|to| Growth { from, to }).collect()
    }
}

struct Growth<'a> {
    from: &'a Measured,
    to: &'a Measured,
}

impl Growth<'_> {
    fn times(&self, figure: impl Fn(&Measured) -> f64) -> f64 {
        figure(self.to) / figure(self.from).max(1e-6)
    }
}

fn write_times(out: &mut String, name: &str, samples: &Samples) {
    let [p50, p90, p99, most] = [500, 900, 990, 1_000].map(|rank| ms(samples.per_mille(rank)));
    let _ = writeln!(
        out,
        "{name:<28} {p50:>9.1} {p90:>9.1} {p99:>9.1} {most:>9.1} {:>9.1}",
        ms(samples.mean())
    );
}

fn write_profile(out: &mut String, size: &Measured) {
    let pages = size.server.requests.count;
    let server = size.server.requests.ms_a_page(pages);
    let _ = writeln!(
        out,
        "\nProfile, {} assets, on average a page: {:.1} ms from the intended start to the last byte; of them {server:.1} ms in the \
         server (session and guard {:.1} ms, waiting for a connection {:.2} ms, rendering {:.2} ms, the rest statements and their \
         order), the rest packing, sending and waiting for a processor. Its statements alone: {:.1} ms. Packing {:.0} KiB to {:.1} KiB \
         takes {:.2} ms, measured apart.",
        size.assets,
        ms(size.page.mean()),
        size.server.guard.ms_a_page(pages),
        size.server.pool_wait.ms_a_page(pages),
        size.server.render.ms_a_page(pages),
        ms(size.sql.mean()),
        size.gzip.kib(size.gzip.bytes),
        size.gzip.kib(size.gzip.packed_bytes),
        size.gzip.ms()
    );
    for (what, times) in [("pages", size.page_cpu), ("statements alone", size.sql_cpu)] {
        let show = |value: Option<f64>| value.map_or("?".to_owned(), |s| format!("{s:.1} s"));
        let _ = writeln!(
            out,
            "  processor time during the {what}: server {}, Postgres {}, consumer {}, RabbitMQ {}, bench {}",
            show(times.pages_s),
            show(times.postgres_s),
            show(times.consumer_s),
            show(times.rabbitmq_s),
            show(times.publisher_s)
        );
    }
    out.push_str("  page and its SQL alone by kind, p50 / p99 in ms:");
    for of in &size.kinds {
        let [page50, page99] = [500, 990].map(|rank| ms(of.page.per_mille(rank)));
        let [sql50, sql99] = [500, 990].map(|rank| ms(of.sql.per_mille(rank)));
        let _ = write!(
            out,
            " {} {page50:.0} / {page99:.0} and {sql50:.0} / {sql99:.0};",
            of.kind.name()
        );
    }
    out.push('\n');
    let Spent {
        sql_s,
        commit_s,
        transactions,
        ..
    } = size.consumer;
    let _ = writeln!(
        out,
        "  {:.0} sightings/s were applied, {} messages wait at the end; the consumer spent {sql_s:.1} s on SQL and {commit_s:.1} s on \
         COMMIT in {transactions} transactions",
        size.sightings_per_s(),
        size.waiting_messages
    );
}

fn write_verdict(out: &mut String, size: &Measured, wanted_per_s: u32) {
    let (page, bar) = (size.page_p99(), size.bar_ms());
    let words = if size.is_bar_met(wanted_per_s) {
        "Bar met"
    } else {
        "BAR MISSED"
    };
    let _ = writeln!(
        out,
        "{words} at {} assets: page p99 {page:.1} ms, at most {TIMES_SQL_BAR} times the {:.1} ms of its statements and {MORE_MS_BAR} ms \
         more = {bar:.1} ms is asked for.",
        size.assets,
        size.sql_p99()
    );
    if size.sightings_per_s() < f64::from(wanted_per_s) * INGEST_SHARE_MIN {
        let _ = writeln!(
            out,
            "  Only {:.0} of {wanted_per_s} sightings/s were applied beside it.",
            size.sightings_per_s()
        );
    }
    for (what, samples) in [("pages", &size.page), ("statements", &size.sql)] {
        if samples.fault_count > 0 {
            let _ = writeln!(
                out,
                "  {} of {} {what} were no answers; the first: {}",
                samples.fault_count,
                samples.len(),
                samples.faults.join("; ")
            );
        }
    }
}

fn times(samples: &Samples) -> Value {
    json!({
        "requests": samples.len(),
        "faults": samples.fault_count,
        "p50_ms": round(ms(samples.per_mille(500))),
        "p90_ms": round(ms(samples.per_mille(900))),
        "p99_ms": round(ms(samples.per_mille(990))),
        "max_ms": round(ms(samples.per_mille(1_000))),
        "mean_ms": round(ms(samples.mean())),
    })
}

fn cpu(times: CpuTimes) -> Value {
    json!({
        "server_cpu_s": times.pages_s.map(round),
        "postgres_cpu_s": times.postgres_s.map(round),
        "consumer_cpu_s": times.consumer_s.map(round),
        "rabbitmq_cpu_s": times.rabbitmq_s.map(round),
        "bench_cpu_s": times.publisher_s.map(round),
    })
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
