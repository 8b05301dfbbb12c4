//! `wardtrack replay`: plays a recorded site through the broker as its readers would.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::Management;
use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::recording::read_recording;
use crate::simulate::playback::{Names, Surroundings, play};

/// Arguments of `wardtrack replay`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    /// Folder of the recorded site: readers.csv, and sightings.csv or sightings.csv.gz.
    dir: PathBuf,
    /// How many times faster than it was recorded.
    #[arg(long, default_value_t = 1.0, value_name = "N", value_parser = parse_speed)]
    speed: f64,
    /// Play only the tags that split.csv gives this role.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    db: DbArgs,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text
        .parse()
        .map_err(|_| "write a number, such as 20".to_owned())?;
    if (0.01..=100_000.0).contains(&speed) {
        Ok(speed)
    } else {
        Err("write a number from 0.01 to 100000".to_owned())
    }
}

/// Runs the command until the recording ends, or a signal.
///
/// # Errors
/// When the recording cannot be read, or database or broker cannot be used.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut recording = read_recording(&args.dir)?;
    if let Some(role) = &args.role {
        recording.keep_role(role)?;
    }
    let folder = args
        .dir
        .canonicalize()
        .with_context(|| format!("finding {}", args.dir.display()))?;
    let site = folder.file_name().map_or_else(
        || "site".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let life = Lifecycle::new();
    life.listen_for_signals().context("listening for signals")?;
    let around = Surroundings {
        db: Db::new(&args.db, &args.db.url()?, "wardtrack replay")?,
        management: Management::new(&args.management, &args.broker.vhost)?,
        broker: args.broker,
        clock: Clock::system(),
    };
    let begun = std::time::Instant::now();
    let played = play(&recording, &Names::new(&site), args.speed, &around, &life).await?;
    println!(
        "played {} sightings in {} messages of {} readers in {:.1} s; times were shifted by {} ms",
        played.sightings,
        played.messages,
        recording.readers.len(),
        begun.elapsed().as_secs_f64(),
        played.shift_ms
    );
    Ok(())
}
