//! `wardtrack consume`: takes sightings from RabbitMQ and writes places to Postgres.

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::BrokerAddress;
use crate::clock::Clock;
use crate::config::broker::BrokerRole;
use crate::config::{BrokerArgs, DbArgs, IngestArgs};
use crate::db::Db;
use crate::ingest::apply::ApplyConfig;
use crate::ingest::housekeeping;
use crate::ingest::shard::{self, ShardConfig};
use crate::ingest::stray::{self, Stray};
use crate::lifecycle::Lifecycle;
use crate::live::Hints;
use crate::location::EngineConfig;

/// Arguments of `wardtrack consume`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    db: DbArgs,
}

/// Runs the command until a signal.
///
/// # Errors
/// When the configuration is unfit.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let life = Lifecycle::new();
    life.listen_for_signals().context("listening for signals")?;
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack consumer")?;
    let hints = Hints::without_pages();
    let address = BrokerAddress::for_role(&args.broker, BrokerRole::Consumer)?;
    life.spawn_role("hints", hints.clone().publish(address, life.clone()));
    let clock = Clock::system();
    spawn(&args.ingest, &args.broker, &db, &clock, &hints, &life)?;
    life.wait().await
}

/// Starts one task per shard, and the housekeeping. Who calls it publishes the hints.
///
/// # Errors
/// When the configuration is unfit.
pub fn spawn(
    ingest: &IngestArgs,
    broker: &BrokerArgs,
    db: &Db,
    clock: &Clock,
    hints: &Hints,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    let address = BrokerAddress::for_role(broker, BrokerRole::Consumer)?;
    let apply = apply_config(ingest)?;
    for shard in 0..broker.shards {
        let config = ShardConfig {
            shard,
            prefetch: ingest.prefetch,
            broker: address.clone(),
            apply: apply.clone(),
            hints: hints.clone(),
        };
        life.spawn_role(
            "consumer",
            shard::run(config, db.clone(), clock.clone(), life.clone()),
        );
    }
    for stray in [Stray::Unrouted, Stray::Dead] {
        life.spawn_role(
            "strays",
            stray::run(
                stray,
                address.clone(),
                db.clone(),
                clock.clone(),
                life.clone(),
            ),
        );
    }
    life.spawn_role(
        "housekeeping",
        housekeeping::run(db.clone(), clock.clone(), life.clone()),
    );
    Ok(())
}

/// The settings of the decisions.
///
/// # Errors
/// When the preset is unknown.
pub fn apply_config(ingest: &IngestArgs) -> anyhow::Result<ApplyConfig> {
    let engine = match ingest.location_preset.as_str() {
        "default" => EngineConfig::default(),
        "responsive" => EngineConfig::responsive(),
        "calm" => EngineConfig::calm(),
        other => anyhow::bail!(
            "--location-preset {other:?} is unknown: write default, responsive or calm"
        ),
    };
    Ok(ApplyConfig {
        engine: engine.build()?,
        history: ingest.history,
        seen_every_ms: ingest.seen_every_ms,
    })
}
