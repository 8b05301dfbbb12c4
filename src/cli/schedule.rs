//! `wardtrack schedule`: what time causes.

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::BrokerAddress;
use crate::clock::Clock;
use crate::config::broker::BrokerRole;
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::lifecycle::Lifecycle;
use crate::live::Hints;
use crate::scheduler;

/// Arguments of `wardtrack schedule`.
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
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack scheduler")?;
    let hints = Hints::without_pages();
    // It says what changed, as the pages do, and needs no other right in the broker.
    let address = BrokerAddress::for_role(&args.broker, BrokerRole::Web)?;
    life.spawn_role("hints", hints.clone().publish(address, life.clone()));
    spawn(&db, &Clock::system(), &hints, &life);
    life.wait().await
}

/// Starts the role. Who calls it publishes the hints.
pub fn spawn(db: &Db, clock: &Clock, hints: &Hints, life: &Lifecycle) {
    life.spawn_role(
        "scheduler",
        scheduler::run(db.clone(), clock.clone(), hints.clone(), life.clone()),
    );
}
