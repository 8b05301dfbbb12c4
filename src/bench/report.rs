//! The figures of a run: a table for people, one JSON object for machines.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::child::Spent;
use super::cpu::CpuTimes;
use super::ingest::{IngestBench, Published};
use super::rows::RowCounts;

/// wardtrack is to reach this share of the raw limits together on the machine of the project.
pub const RATIO_BAR: f64 = 0.25;
/// And this many sightings per second.
pub const GOAL_SIGHTINGS_PER_S: f64 = 50_000.0;

/// Under which conditions was measured.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub bench: IngestBench,
    pub begun_at: DateTime<Utc>,
    pub rabbitmq_version: String,
    pub postgres_version: String,
    pub is_durable: bool,
}

/// One measurement of wardtrack itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    pub sightings: u64,
    pub took: Duration,
    pub cpu: CpuTimes,
    pub spent: Spent,
    pub transactions: u64,
}

/// How long the servers took for the same load with nothing else to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub sightings: u64,
    pub bare_consume: Duration,
    pub unnest: Duration,
    pub copy: Duration,
}

/// Everything that was measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub published: Published,
    pub drain: Phase,
    pub drained: RowCounts,
    pub limits: Limits,
    pub sustained: Phase,
}

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    setting: Setting,
    measured: Measured,
}

impl Phase {
    fn rate(&self) -> f64 {
        per_s(self.sightings, self.took)
    }
}

impl Limits {
    fn consume(&self) -> f64 {
        per_s(self.sightings, self.bare_consume)
    }

    fn unnest(&self) -> f64 {
        per_s(self.sightings, self.unnest)
    }

    fn copy(&self) -> f64 {
        per_s(self.sightings, self.copy)
    }

    /// The better of the two ways into Postgres.
    fn postgres(&self) -> f64 {
        self.unnest().max(self.copy())
    }

    /// Every sighting has to be consumed and its rows have to be written, so the times of both add up: a consumer that did
    /// nothing else, one after the other, would take `1/consume + 1/postgres` for each.
    fn together(&self) -> f64 {
        1.0 / (1.0 / self.consume() + 1.0 / self.postgres())
    }
}

impl Report {
    pub(super) fn new(setting: Setting, measured: Measured) -> Self {
        Self { setting, measured }
    }

    /// wardtrack's drain as a share of the limit together.
    #[must_use]
    pub fn drain_ratio(&self) -> f64 {
        self.measured.drain.rate() / self.measured.limits.together()
    }

    /// wardtrack's sustained rate as a share of the limit together.
    #[must_use]
    pub fn sustained_ratio(&self) -> f64 {
        self.measured.sustained.rate() / self.measured.limits.together()
    }

    /// The figures as one JSON object, units in the names.
    #[must_use]
    pub fn json(&self) -> Value {
        let Measured {
            published,
            drain,
            drained,
            limits,
            sustained,
        } = &self.measured;
        let Setting { bench, .. } = &self.setting;
        json!({
            "bench": "ingest",
            "wardtrack_version": env!("CARGO_PKG_VERSION"),
            "begun_at": self.setting.begun_at.to_rfc3339(),
            "postgres_version": self.setting.postgres_version,
            "rabbitmq_version": self.setting.rabbitmq_version,
            "is_durable": self.setting.is_durable,
            "cpu_count": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "tags": bench.tags,
            "readers": bench.readers,
            "sightings_per_message": bench.sightings_per_message,
            "seed": bench.seed,
            "prefetch_messages": bench.prefetch,
            "preloaded_messages": bench.messages,
            "preloaded_sightings": published.sightings,
            "preloaded_bytes": published.bytes,
            "publish_sightings_per_s": round(per_s(published.sightings, published.took)),
            "raw_consume_sightings_per_s": round(limits.consume()),
            "raw_postgres_copy_sightings_per_s": round(limits.copy()),
            "raw_postgres_unnest_sightings_per_s": round(limits.unnest()),
            "raw_postgres_sightings_per_s": round(limits.postgres()),
            "limit_together_sightings_per_s": round(limits.together()),
            "drain_sightings_per_s": round(drain.rate()),
            "drain_ratio": round3(self.drain_ratio()),
            "drain_s": round3(drain.took.as_secs_f64()),
            "drain_transactions": drain.transactions,
            "drain_rows": {
                "ingest_batch": drained.ingest_batch,
                "sighting": drained.sighting,
                "tag_state": drained.tag_state,
                "asset_stay": drained.asset_stay,
                "asset_place": drained.asset_place,
                "total": drained.total(),
            },
            "drain_cpu": cpu(drain),
            "drain_time": time(drain),
            "sustained_sightings_per_s": round(sustained.rate()),
            "sustained_ratio": round3(self.sustained_ratio()),
            "sustained_s": round3(sustained.took.as_secs_f64()),
            "sustained_cpu": cpu(sustained),
            "sustained_time": time(sustained),
            "ratio_bar": RATIO_BAR,
            "is_bar_met": self.is_bar_met(),
            "goal_sightings_per_s": GOAL_SIGHTINGS_PER_S,
            "is_goal_met": self.is_goal_met(),
        })
    }

    fn is_bar_met(&self) -> bool {
        self.drain_ratio().min(self.sustained_ratio()) >= RATIO_BAR
    }

    fn is_goal_met(&self) -> bool {
        self.measured
            .drain
            .rate()
            .min(self.measured.sustained.rate())
            >= GOAL_SIGHTINGS_PER_S
    }

    /// The figures as a table, with a sentence on what was met and what was missed.
    #[must_use]
    pub fn table(&self) -> String {
        let Measured {
            published,
            drain,
            drained,
            limits,
            sustained,
        } = &self.measured;
        let Setting { bench, .. } = &self.setting;
        let mut out = format!(
            "{} sightings in {} messages, {} tags, {} readers; Postgres {}, RabbitMQ {}\n\n",
            published.sightings,
            bench.messages,
            bench.tags,
            bench.readers,
            self.setting.postgres_version,
            self.setting.rabbitmq_version
        );
        let mut row = |name: &str, rate: f64, note: &str| {
            let _ = writeln!(out, "{name:<44} {rate:>12.0} sightings/s  {note}");
        };
        row(
            "raw consume of this RabbitMQ",
            limits.consume(),
            &seconds(limits.bare_consume),
        );
        row(
            "raw Postgres, UNNEST of the rows written",
            limits.unnest(),
            &seconds(limits.unnest),
        );
        row(
            "raw Postgres, COPY by psql of the same rows",
            limits.copy(),
            &seconds(limits.copy),
        );
        row(
            "limit together, 1/(1/consume + 1/postgres)",
            limits.together(),
            "",
        );
        row(
            "publishing the load to two queues",
            per_s(published.sightings, published.took),
            &seconds(published.took),
        );
        row(
            "wardtrack, drain of the preloaded queue",
            drain.rate(),
            &format!(
                "{}, {:.2} of the limit",
                seconds(drain.took),
                self.drain_ratio()
            ),
        );
        row(
            "wardtrack, beside the publisher",
            sustained.rate(),
            &format!(
                "{}, {:.2} of the limit",
                seconds(sustained.took),
                self.sustained_ratio()
            ),
        );
        let _ = writeln!(
            out,
            "\nRows written in the drain: {} in {} transactions (ingest_batch {}, sighting {}, tag_state {}, asset_stay {}, asset_place {})",
            drained.total(),
            drain.transactions,
            drained.ingest_batch,
            drained.sighting,
            drained.tag_state,
            drained.asset_stay,
            drained.asset_place
        );
        self.write_profile(&mut out, "drain", drain);
        self.write_profile(&mut out, "beside the publisher", sustained);
        out.push('\n');
        out.push_str(&self.verdict());
        out
    }

    fn write_profile(&self, out: &mut String, name: &str, phase: &Phase) {
        let CpuTimes {
            consumer_s,
            publisher_s,
            postgres_s,
            rabbitmq_s,
        } = phase.cpu;
        let show = |value: Option<f64>| value.map_or("?".to_owned(), |value| format!("{value:.1}"));
        let _ = writeln!(
            out,
            "Processor seconds, {name}: consumer {}, Postgres {}, RabbitMQ {}, bench {} in {}",
            show(consumer_s),
            show(postgres_s),
            show(rabbitmq_s),
            show(publisher_s),
            seconds(phase.took)
        );
        let Spent {
            wait_s,
            parse_s,
            decide_s,
            sql_s,
            commit_s,
            ..
        } = phase.spent;
        let _ = writeln!(
            out,
            "Consumer's time, {name}: waiting for messages {wait_s:.1} s, parsing {parse_s:.1}, deciding {decide_s:.1}, SQL {sql_s:.1}, commit {commit_s:.1}"
        );
    }

    fn verdict(&self) -> String {
        let mut out = String::new();
        if !self.setting.is_durable {
            out.push_str("NOT DURABLE: fsync, full_page_writes or synchronous_commit is off; these figures say nothing about a real server.\n");
        }
        let (drain, sustained) = (self.drain_ratio(), self.sustained_ratio());
        if self.is_bar_met() {
            let _ = writeln!(
                out,
                "Bar met: {drain:.2} and {sustained:.2} of the raw limits together, at least {RATIO_BAR} is asked for."
            );
        } else {
            let _ = writeln!(
                out,
                "BAR MISSED: {drain:.2} and {sustained:.2} of the raw limits together, at least {RATIO_BAR} is asked for; the profile is above."
            );
        }
        let slower = self
            .measured
            .drain
            .rate()
            .min(self.measured.sustained.rate());
        if self.is_goal_met() {
            let _ = writeln!(
                out,
                "Goal met: {slower:.0} sightings/s, the goal is {GOAL_SIGHTINGS_PER_S:.0}."
            );
        } else {
            let _ = writeln!(
                out,
                "GOAL MISSED: {slower:.0} sightings/s, the goal is {GOAL_SIGHTINGS_PER_S:.0}; the profile is above."
            );
        }
        out
    }
}

fn cpu(phase: &Phase) -> Value {
    let CpuTimes {
        consumer_s,
        publisher_s,
        postgres_s,
        rabbitmq_s,
    } = phase.cpu;
    json!({
        "consumer_cpu_s": consumer_s.map(round3),
        "postgres_cpu_s": postgres_s.map(round3),
        "rabbitmq_cpu_s": rabbitmq_s.map(round3),
        "bench_cpu_s": publisher_s.map(round3),
    })
}

/// The consumer's own account covers its whole life, so the shares matter and not the seconds.
fn time(phase: &Phase) -> Value {
    let Spent {
        transactions,
        wait_s,
        parse_s,
        decide_s,
        sql_s,
        commit_s,
    } = phase.spent;
    let sum = wait_s + parse_s + decide_s + sql_s + commit_s;
    let share = |part: f64| if sum > 0.0 { round3(part / sum) } else { 0.0 };
    json!({
        "transactions": transactions,
        "wait_share": share(wait_s),
        "parse_share": share(parse_s),
        "decide_share": share(decide_s),
        "sql_share": share(sql_s),
        "commit_share": share(commit_s),
    })
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "figures for people, far below 2^52"
)]
fn per_s(sightings: u64, took: Duration) -> f64 {
    sightings as f64 / took.as_secs_f64().max(1e-9)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn round(value: f64) -> f64 {
    value.round()
}

fn round3(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
