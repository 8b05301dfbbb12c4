//! `wardtrack dev`: every role in one process, with the same functions that run them apart.

use std::sync::Arc;

use anyhow::Context;
use clap::Args as ClapArgs;

use super::{consume, deliver, gateway, schedule, serve};
use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs, DeliveryArgs, IngestArgs, WebArgs};
use crate::db::Db;
use crate::delivery::address::Allowed;
use crate::delivery::worker::Courier;
use crate::lifecycle::Lifecycle;

/// Arguments of `wardtrack dev`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    ingest: IngestArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    db: DbArgs,
}

/// Runs the command until a signal.
///
/// # Errors
/// When the settings are unfit, an address is taken or the database cannot be reached.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let (life, clock) = (Lifecycle::new(), Clock::system());
    life.listen_for_signals().context("listening for signals")?;
    let url = args.db.url()?;
    let metrics = crate::telemetry::init_metrics()?;
    let pages = Db::new(&args.db, &url, "wardtrack web")?;
    let mut app = serve::app(
        pages,
        clock.clone(),
        &args.web,
        &args.broker,
        &args.management,
        metrics,
    )?;
    app.webhooks = Allowed::new(&args.delivery.webhook).keep_from(&[
        url.expose(),
        &args.broker.amqp_addr,
        &args.management.management_url,
        &args.web.internal_bind.to_string(),
    ]);
    let courier = Courier::new(&args.delivery, app.webhooks.clone())?;
    let hints = app.hints.clone();
    serve::spawn(Arc::new(app), &args.web, &args.broker, &life).await?;
    let db = Db::new(&args.db, &url, "wardtrack consumer")?;
    consume::spawn(&args.ingest, &args.broker, &db, &clock, &hints, &life)?;
    gateway::spawn(&args.broker, &db, &clock, &life)?;
    let db = Db::new(&args.db, &url, "wardtrack scheduler")?;
    schedule::spawn(&db, &clock, &hints, &life);
    let db = Db::new(&args.db, &url, "wardtrack messages")?;
    deliver::spawn(courier, &db, &clock, &hints, &life);
    life.wait().await
}
