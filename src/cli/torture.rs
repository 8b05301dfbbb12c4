//! `wardtrack torture`: faults on purpose.

use std::time::Duration;

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};

use crate::clock::Clock;
use crate::config::broker::ManagementArgs;
use crate::config::{BrokerArgs, DbArgs};
use crate::lifecycle::Lifecycle;
use crate::torture::StageArgs;
use crate::torture::faults::{self, Options};

/// Arguments of `wardtrack torture`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Kill, stop and restart consumer, database and broker under load, then look for every confirmed sighting.
    ///
    /// Each round has a database, a virtual host and readers of its own, which are removed after it. 20 readers publish 200
    /// messages a second with about 10 sightings each; one in twenty is bad, others come late, shuffled or up to five times
    /// again. Meanwhile the consumer, this very program, is killed twice and asked to end once, Postgres is stopped for 20 s
    /// and RabbitMQ restarted. At the end every confirmed sighting must be stored once, with its time; every bad message must
    /// be in quarantine with its reason; the places must fit together. Exit code 1 when anything does not.
    ///
    /// It needs private servers that it may stop: scripts/torture starts them, runs this and stops them.
    Faults(Box<FaultsArgs>),
}

#[derive(Debug, ClapArgs)]
struct FaultsArgs {
    /// How many rounds, one after the other; each takes about two minutes.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Seconds of load in each round. It goes on longer when the faults are not over by then.
    #[arg(long = "for", default_value_t = 75, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(60..=86_400))]
    for_s: u64,
    /// Everything in the load that is left to chance comes from this number and the number of the round.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Program that stops and starts the servers: called as PROGRAM stop|start|restart|status NAME postgres|rabbitmq.
    #[arg(long, default_value = "scripts/servers", value_name = "PROGRAM")]
    servers_command: String,
    /// Name of the servers there. All that runs on them is interrupted.
    #[arg(long, env = "WARDTRACK_SERVERS", value_name = "NAME")]
    servers_name: String,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    broker: BrokerArgs,
    #[command(flatten)]
    management: ManagementArgs,
}

/// Runs the command.
///
/// # Errors
/// When the servers cannot be used, or a round found something lost, doubled or wrong.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Action::Faults(args) = args.action;
    let life = Lifecycle::new();
    life.listen_for_signals().context("listening for signals")?;
    let options = Options {
        rounds: args.rounds,
        load_for: Duration::from_secs(args.for_s),
        seed: args.seed,
        stage: StageArgs {
            db: args.db,
            broker: args.broker,
            management: args.management,
        },
        servers_command: args.servers_command,
        servers_name: args.servers_name,
    };
    let is_well = faults::run(&options, &Clock::system(), &life).await?;
    anyhow::ensure!(
        is_well,
        "not every round passed; the breaches are listed above"
    );
    Ok(())
}
