//! `wardtrack deliver`: sends messages about alerts.

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::broker::BrokerAddress;
use crate::clock::Clock;
use crate::config::broker::BrokerRole;
use crate::config::{BrokerArgs, DbArgs, DeliveryArgs};
use crate::db::Db;
use crate::delivery::address::Allowed;
use crate::delivery::worker::{self, Courier};
use crate::lifecycle::Lifecycle;
use crate::live::Hints;

/// Arguments of `wardtrack deliver`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    delivery: DeliveryArgs,
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
    let url = args.db.url()?;
    let db = Db::new(&args.db, &url, "wardtrack messages")?;
    let hints = Hints::without_pages();
    let address = BrokerAddress::for_role(&args.broker, BrokerRole::Web)?;
    life.spawn_role("hints", hints.clone().publish(address, life.clone()));
    let allowed =
        Allowed::new(&args.delivery.webhook).keep_from(&[url.expose(), &args.broker.amqp_addr]);
    let courier = Courier::new(&args.delivery, allowed)?;
    spawn(courier, &db, &Clock::system(), &hints, &life);
    life.wait().await
}

/// Starts the role. Who calls it publishes the hints.
pub fn spawn(courier: Courier, db: &Db, clock: &Clock, hints: &Hints, life: &Lifecycle) {
    if !courier.sends_mail() {
        tracing::info!("no mail server is set (WARDTRACK_SMTP_URL): messages by mail wait");
    }
    life.spawn_role(
        "messages",
        worker::run(
            courier,
            db.clone(),
            clock.clone(),
            hints.clone(),
            life.clone(),
        ),
    );
}
