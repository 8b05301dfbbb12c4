//! `wardtrack simulate`: a hospital without hardware.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::Management;
use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::simulate::WorldConfig;
use crate::simulate::record::record_site;
use crate::simulate::run::{RunOptions, Surroundings, run as run_simulation};

/// Arguments of `wardtrack simulate`.
///
/// Without --record the simulated site is stored in the database (what is there already stays), its 90 readers get new
/// credentials, and each publishes over its own connection until Ctrl-C.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// End after this many seconds. Without it: at Ctrl-C, or after 600 s of a recording.
    #[arg(long = "for", value_name = "SECONDS")]
    for_s: Option<u32>,
    /// Write where each tag really was to this file (CSV: tag, from, to, room; times in ms since 1970).
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    truth: Option<PathBuf>,
    /// Write a recorded site to this folder, as fast as possible, and publish nothing: readers.csv, sightings.csv.gz,
    /// truth.csv and split.csv, for `wardtrack locate` and `wardtrack replay`. Needs neither database nor broker.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
}

/// What is simulated; `dev` has the same arguments.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Simulated hospital")]
pub struct ModelArgs {
    /// Everything that is left to chance comes from this number; the building, readers and equipment do not depend on it.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How many times more equipment is moved than in an ordinary hospital, from 0 (nothing moves) to 100. Radio keeps its
    /// ordinary pace.
    #[arg(long, default_value_t = 6.0, value_name = "X", value_parser = parse_activity)]
    pub activity: f32,
    /// Let no reader fail. Otherwise one falls silent for five minutes now and then, about three times an hour.
    #[arg(long)]
    pub no_outages: bool,
}

impl ModelArgs {
    /// Options of a run without end.
    #[must_use]
    pub fn options(&self) -> RunOptions {
        RunOptions {
            seed: self.seed,
            activity: self.activity,
            outages: !self.no_outages,
            for_ms: None,
            truth: None,
        }
    }
}

fn parse_activity(text: &str) -> Result<f32, String> {
    let activity: f32 = text
        .parse()
        .map_err(|_| "write a number, such as 6".to_owned())?;
    if (0.0..=100.0).contains(&activity) {
        return Ok(activity);
    }
    Err("choose a number from 0 to 100".to_owned())
}

/// Runs the command.
///
/// # Errors
/// When the recording cannot be written, or database or broker cannot be used.
pub async fn run(args: Args) -> anyhow::Result<()> {
    if let Some(folder) = &args.record {
        let for_ms = i64::from(args.for_s.unwrap_or(600)) * 1_000;
        let config = WorldConfig {
            seed: args.model.seed,
            activity: args.model.activity,
            ..WorldConfig::default()
        };
        let done = record_site(config, for_ms, folder)?;
        println!(
            "recorded {} s: {} sightings, {} visits in {}",
            for_ms / 1_000,
            done.sightings,
            done.visits,
            folder.display()
        );
        return Ok(());
    }
    let around = Surroundings {
        db: Db::new(&args.db, &args.db.url()?, "wardtrack simulate")?,
        management: Management::new(&args.management, &args.broker.vhost)?,
        broker: args.broker,
        clock: Clock::system(),
    };
    let lifecycle = Lifecycle::new();
    lifecycle
        .listen_for_signals()
        .context("listening for signals")?;
    let options = RunOptions {
        for_ms: args.for_s.map(|seconds| i64::from(seconds) * 1_000),
        truth: args.truth,
        ..args.model.options()
    };
    let done = run_simulation(&lifecycle, &around, &options).await?;
    println!(
        "published {} messages with {} sightings; {} messages were lost",
        done.messages, done.sightings, done.lost
    );
    Ok(())
}
