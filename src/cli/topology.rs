//! `wardtrack topology`: what wardtrack needs in RabbitMQ.

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};

use crate::broker::topology::{BrokerUser, SHARD_BYTES_MAX, Topology};
use crate::broker::{Management, topology};
use crate::config::broker::{BrokerRole, ManagementArgs};
use crate::config::{BrokerArgs, DbArgs};
use crate::db::Db;
use crate::devices::register;

/// Arguments of `wardtrack topology`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make exchanges, queues, policies, users and rights, also those of every registered reader. May be run again at any time.
    Apply {
        /// Most bytes that a shard queue holds before publishers are refused.
        #[arg(long, env = "WARDTRACK_SHARD_BYTES_MAX", default_value_t = SHARD_BYTES_MAX, value_name = "BYTES")]
        shard_bytes_max: u64,
        /// Also keep a copy of every message for three days in the stream wt.replay, of at most this size.
        #[arg(long, env = "WARDTRACK_REPLAY_BYTES_MAX", value_name = "BYTES")]
        replay_bytes_max: Option<u64>,
    },
}

/// Runs the command.
///
/// # Errors
/// When the database or the management API cannot be reached, or the broker refuses something.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Action::Apply {
        shard_bytes_max,
        replay_bytes_max,
    } = args.action;
    let management = Management::new(&args.management, &args.broker.vhost)?;
    let db = Db::new(&args.db, &args.db.url()?, "wardtrack topology")?;
    let conn = db.conn().await?;
    let readers = register::list_broker_users(&conn)
        .await
        .context("reading the registered readers")?;
    let mut users = Vec::new();
    for role in BrokerRole::ALL {
        users.push(BrokerUser::for_role(role, &role.password()?));
    }
    users.extend(readers.iter().map(|reader| {
        BrokerUser::for_reader(&reader.reader_key, &reader.slot, reader.secret_hash.clone())
    }));
    let reader_keys = register::list_reader_keys(&conn)
        .await
        .context("reading the registered readers")?;
    let topology = Topology {
        shards: args.broker.shards,
        shard_bytes_max,
        replay_bytes_max,
        reader_keys,
        users,
    };
    topology.apply(&management).await?;
    println!(
        "RabbitMQ {} has virtual host {:?}: {} queues, {} users ({} of them readers)",
        management.broker_version().await?,
        args.broker.vhost,
        topology.queues().len(),
        topology.users.len(),
        readers.len(),
    );
    if management.delete_user("guest").await? {
        println!("deleted the user guest, whose password everybody knows");
    }
    tracing::debug!(exchange = topology::INGEST_EXCHANGE, "topology applied");
    Ok(())
}
