//! `wardtrack serve`: the pages.

use std::sync::Arc;

use anyhow::Context;
use clap::Args as ClapArgs;

use metrics_exporter_prometheus::PrometheusHandle;

use super::readiness;
use crate::app::App;
use crate::broker::{BrokerAddress, Management};
use crate::clock::Clock;
use crate::config::broker::{BrokerRole, ManagementArgs};
use crate::config::{BrokerArgs, DbArgs, WebArgs, WebhookArgs};
use crate::db::Db;
use crate::delivery::address::Allowed;
use crate::ingest::gateway::Gateway;
use crate::lifecycle::Lifecycle;
use crate::live::changes;
use crate::people::{accounts, housekeeping, store};
use crate::web::{routes, server};

/// Arguments of `wardtrack serve`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(flatten)]
    web: WebArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    webhook: WebhookArgs,
    #[command(flatten)]
    db: DbArgs,
}

/// Runs the command until a signal.
///
/// # Errors
/// When the settings are unsafe, an address is taken or the database cannot be reached.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let life = Lifecycle::new();
    life.listen_for_signals().context("listening for signals")?;
    let url = args.db.url()?;
    let db = Db::new(&args.db, &url, "wardtrack web")?;
    let metrics = crate::telemetry::init_metrics()?;
    let mut app = app(
        db,
        Clock::system(),
        &args.web,
        &args.broker,
        &args.management,
        metrics,
    )?;
    app.webhooks = Allowed::new(&args.webhook).keep_from(&[
        url.expose(),
        &args.broker.amqp_addr,
        &args.management.management_url,
        &args.web.internal_bind.to_string(),
    ]);
    spawn(Arc::new(app), &args.web, &args.broker, &life).await?;
    life.wait().await
}

/// What the pages share: the database, the way to the broker for readers that speak HTTP, and somebody to ask about queues.
///
/// # Errors
/// When the key of the form tokens or the gateway's password is missing.
pub fn app(
    db: Db,
    clock: Clock,
    web: &WebArgs,
    broker: &BrokerArgs,
    management: &ManagementArgs,
    metrics: PrometheusHandle,
) -> anyhow::Result<App> {
    let gateway = Gateway::new(BrokerAddress::for_role(broker, BrokerRole::Gateway)?);
    let app = App::new(db, clock, web.secret_key()?)
        .with_metrics(metrics)
        .with_gateway(gateway);
    Ok(match Management::new(management, &broker.vhost) {
        Ok(management) => app.with_broker_facts(readiness::broker_facts(management)),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "the status page will not show the broker's queues"
            );
            app
        }
    })
}

/// Binds the addresses, says where pages are, and starts serving. `wardtrack dev` uses it too.
///
/// # Errors
/// See [`run`].
pub async fn spawn(
    app: Arc<App>,
    args: &WebArgs,
    broker: &BrokerArgs,
    life: &Lifecycle,
) -> anyhow::Result<()> {
    let address = BrokerAddress::for_role(broker, BrokerRole::Web)?;
    let bound = server::bind(Arc::clone(&app), args)?;
    let origin = bound.origin().to_owned();
    tracing::info!(
        pages.addr = %bound.addr,
        internal.addr = %bound.internal_addr,
        "serving pages at {origin}"
    );
    print_setup_link_when_nobody_is_there(&app, &origin).await?;
    life.spawn_role(
        "people housekeeping",
        housekeeping::run(app.db.clone(), app.clock.clone(), life.clone()),
    );
    life.spawn_role(
        "readiness",
        readiness::watch(Arc::clone(&app), life.clone()),
    );
    life.spawn_role(
        "changes",
        changes::run(app.hints.clone(), address.clone(), life.clone()),
    );
    life.spawn_role("hints", app.hints.clone().publish(address, life.clone()));
    let stop = life.clone();
    life.spawn_role("pages", async move {
        bound.run(&stop).await?;
        if let Some(gateway) = &app.gateway {
            gateway.close().await;
        }
        Ok(())
    });
    Ok(())
}

/// Nobody can sign in to a new system: its first start says how somebody gets in (S-09).
async fn print_setup_link_when_nobody_is_there(app: &App, origin: &str) -> anyhow::Result<()> {
    let conn = app.db.conn().await?;
    let users = store::count_users(&conn)
        .await
        .context("counting the accounts; is the schema up to date (wardtrack migrate run)?")?;
    drop(conn);
    if users > 0 {
        return Ok(());
    }
    if let Some(link) = accounts::make_setup_link(&app.db, app.clock.now()).await? {
        print_setup_link(origin, link.expose());
    }
    Ok(())
}

/// Says how the first administrator is made.
pub(super) fn print_setup_link(origin: &str, token: &str) {
    println!(
        "nobody can sign in yet; this link makes the first administrator, once, within one hour:"
    );
    println!("{origin}{}", routes::set_up_path(token));
}
