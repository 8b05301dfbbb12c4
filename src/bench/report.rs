//! The figures of a run: a table for people, one JSON object for machines.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::child::Spent;
use super::cpu::CpuTimes;
use super::ingest::{IngestBench, Preloaded};
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
    /// Sightings taken and rows written meanwhile.
    pub rows: RowCounts,
    pub took: Duration,
    pub cpu: CpuTimes,
    pub spent: Spent,
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
    pub preloaded: Preloaded,
    pub drain: Phase,
    pub limits: Limits,
    pub sustained: Phase,
}

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) setting: Setting,
    pub(super) measured: Measured,
}

impl Phase {
    fn rate(&self) -> f64 {
        per_s(u64::try_from(self.rows.sightings).unwrap_or(0), self.took)
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "counts far below 2^52"
    )]
    fn rows_per_sighting(&self) -> f64 {
        self.rows.total() as f64 / self.rows.sightings.max(1) as f64
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
    /// nothing else, one after the other, would take `1/consume + 1/postgres` for each. `rows` is 1 when as many rows a
    /// sighting are written as in the drain, whose rows the limit of Postgres was measured with, 2 for twice as many.
    fn together(&self, rows: f64) -> f64 {
        1.0 / (1.0 / self.consume() + rows / self.postgres())
    }
}

impl Measured {
    fn drain_limit(&self) -> f64 {
        self.limits.together(1.0)
    }

    /// Fewer or more rows a sighting than in the drain make the limit higher or lower.
    fn sustained_limit(&self) -> f64 {
        let drained = self.drain.rows_per_sighting();
        self.limits
            .together(self.sustained.rows_per_sighting() / drained.max(1e-9))
    }
}

impl Report {
    /// wardtrack's drain as a share of the limit together.
    #[must_use]
    pub fn drain_ratio(&self) -> f64 {
        self.measured.drain.rate() / self.measured.drain_limit()
    }

    /// wardtrack's sustained rate as a share of the limit together.
    #[must_use]
    pub fn sustained_ratio(&self) -> f64 {
        self.measured.sustained.rate() / self.measured.sustained_limit()
    }

    /// The figures as one JSON object, units in the names.
    #[must_use]
    pub fn json(&self) -> Value {
        let Measured {
            preloaded,
            drain,
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
            "preloaded_sightings": preloaded.sightings,
            "preloaded_bytes": preloaded.bytes,
            "publish_sightings_per_s": round(per_s(preloaded.sightings, preloaded.took)),
            "raw_consume_sightings_per_s": round(limits.consume()),
            "raw_postgres_copy_sightings_per_s": round(limits.copy()),
            "raw_postgres_unnest_sightings_per_s": round(limits.unnest()),
            "raw_postgres_sightings_per_s": round(limits.postgres()),
            "limit_together_sightings_per_s": round(self.measured.drain_limit()),
            "drain_sightings_per_s": round(drain.rate()),
            "drain_ratio": round3(self.drain_ratio()),
            "drain_s": round3(drain.took.as_secs_f64()),
            "drain_rows": rows(drain),
            "drain_cpu": cpu(drain),
            "drain_time": time(drain),
            "sustained_sightings_per_s": round(sustained.rate()),
            "sustained_limit_together_sightings_per_s": round(self.measured.sustained_limit()),
            "sustained_ratio": round3(self.sustained_ratio()),
            "sustained_s": round3(sustained.took.as_secs_f64()),
            "sustained_rows": rows(sustained),
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
            preloaded,
            drain,
            limits,
            sustained,
        } = &self.measured;
        let Setting { bench, .. } = &self.setting;
        let mut out = format!(
            "{} sightings in {} messages, {} tags, {} readers; Postgres {}, RabbitMQ {}\n\n",
            preloaded.sightings,
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
            "limit together, rows as in the drain",
            self.measured.drain_limit(),
            "",
        );
        row(
            "limit together, rows as beside the publisher",
            self.measured.sustained_limit(),
            "",
        );
        let publish = per_s(preloaded.sightings, preloaded.took);
        row(
            "publishing the load to two queues",
            publish,
            &seconds(preloaded.took),
        );
        for (name, phase, ratio) in [
            (
                "wardtrack, drain of the preloaded queue",
                drain,
                self.drain_ratio(),
            ),
            (
                "wardtrack, beside the publisher",
                sustained,
                self.sustained_ratio(),
            ),
        ] {
            row(
                name,
                phase.rate(),
                &format!("{}, {ratio:.2} of its limit", seconds(phase.took)),
            );
        }
        for (name, phase) in [("drain", drain), ("beside the publisher", sustained)] {
            write_profile(&mut out, name, phase);
        }
        out.push('\n');
        out.push_str(&self.verdict());
        out
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

fn write_profile(out: &mut String, name: &str, phase: &Phase) {
    let RowCounts {
        ingest_batch,
        sighting,
        tag_state,
        asset_stay,
        asset_place,
        ..
    } = phase.rows;
    let _ = writeln!(
        out,
        "\nProfile, {name}:\n  rows written: {} (ingest_batch {ingest_batch}, sighting {sighting}, tag_state {tag_state}, asset_stay {asset_stay}, \
         asset_place {asset_place}), {:.3} a sighting",
        phase.rows.total(),
        phase.rows_per_sighting()
    );
    let CpuTimes {
        consumer_s,
        publisher_s,
        postgres_s,
        rabbitmq_s,
        ..
    } = phase.cpu;
    let show = |value: Option<f64>| value.map_or("?".to_owned(), |value| format!("{value:.1} s"));
    let _ = writeln!(
        out,
        "  processor time in {}: consumer {}, Postgres {}, RabbitMQ {}, bench {}",
        seconds(phase.took),
        show(consumer_s),
        show(postgres_s),
        show(rabbitmq_s),
        show(publisher_s)
    );
    let Spent {
        transactions,
        wait_s,
        parse_s,
        decide_s,
        sql_s,
        commit_s,
    } = phase.spent;
    let _ = writeln!(
        out,
        "  consumer's time: waiting {wait_s:.1} s, parsing {parse_s:.1} s, deciding {decide_s:.1} s, SQL {sql_s:.1} s, commit {commit_s:.1} s in \
         {transactions} transactions"
    );
}

fn rows(phase: &Phase) -> Value {
    json!({
        "ingest_batch": phase.rows.ingest_batch,
        "sighting": phase.rows.sighting,
        "tag_state": phase.rows.tag_state,
        "asset_stay": phase.rows.asset_stay,
        "asset_place": phase.rows.asset_place,
        "total": phase.rows.total(),
    })
}

fn cpu(phase: &Phase) -> Value {
    let CpuTimes {
        consumer_s,
        publisher_s,
        postgres_s,
        rabbitmq_s,
        ..
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
