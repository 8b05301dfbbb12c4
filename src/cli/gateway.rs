//! `wardtrack gateway`: sends messages of quarantine again when an administrator asked for it.

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::BrokerAddress;
use crate::clock::Clock;
use crate::config::broker::BrokerRole;
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::ingest::replay_marked;
use crate::lifecycle::Lifecycle;

/// Arguments of `wardtrack gateway`.
#[derive(Debug, ClapArgs)]
pub struct Args {
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
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack gateway")?;
    spawn(&args.broker, &db, &Clock::system(), &life)?;
    life.wait().await
}

/// Starts the role.
///
/// # Errors
/// When the configuration is unfit.
pub fn spawn(broker: &BrokerArgs, db: &Db, clock: &Clock, life: &Lifecycle) -> anyhow::Result<()> {
    let address = BrokerAddress::for_role(broker, BrokerRole::Gateway)?;
    life.spawn_role(
        "gateway",
        replay_marked::run(address, db.clone(), clock.clone(), life.clone()),
    );
    Ok(())
}
