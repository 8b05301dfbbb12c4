//! The command line: one file per subcommand below `cli/`, each with its `Args` and `run(args)`.

mod admin;
mod bench;
mod consume;
mod deliver;
mod dev;
mod gateway;
mod import_assets;
mod import_supplies;
pub mod locate;
mod migrate;
mod plan;
mod reader;
mod readiness;
mod replay;
mod schedule;
mod serve;
mod simulate;
mod synonyms;
mod topology;
mod torture;

use std::future::Future;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::LogArgs;

/// Hospital asset and inventory tracker.
#[derive(Debug, Parser)]
#[command(
    name = "wardtrack",
    version,
    about,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the database schema up to date, or show what is missing.
    Migrate(migrate::Args),
    /// Make what wardtrack needs in RabbitMQ.
    Topology(topology::Args),
    /// Serve the pages.
    Serve(serve::Args),
    /// Accounts, the link that makes the first administrator, equipment from a file, synonyms and floor plans.
    Admin(admin::Args),
    /// Run every role in one process.
    Dev(dev::Args),
    /// Register readers and issue their credentials.
    Reader(reader::Args),
    /// Take sightings from RabbitMQ and write places to Postgres.
    Consume(consume::Args),
    /// Send messages of quarantine again when an administrator asked for it.
    Gateway(gateway::Args),
    /// Send messages about alerts by mail and to web addresses.
    Deliver(deliver::Args),
    /// Do what time causes: place rules, missing equipment, hold times of alerts, counts and retention.
    Schedule(schedule::Args),
    /// Play a recorded site through RabbitMQ as its readers would.
    Replay(replay::Args),
    /// Decide rooms for a recorded site, without database or broker.
    Locate(locate::Args),
    /// Simulate a hospital: 90 readers that publish what they hear of 420 pieces of equipment, or a recording of it.
    Simulate(Box<simulate::Args>),
    /// Break things on purpose and see that nothing is lost.
    Torture(torture::Args),
    /// Measure wardtrack on real servers.
    Bench(bench::Args),
}

/// Parses the arguments, runs the command and gives the process its exit code: 0 done, 1 failed, 2 wrong arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = crate::telemetry::init_logs(&cli.log) {
        eprintln!("wardtrack: {error:#}");
        return ExitCode::from(2);
    }
    let ended = match cli.command {
        Command::Migrate(args) => block_on(migrate::run(args)),
        Command::Topology(args) => block_on(topology::run(args)),
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Admin(args) => block_on(admin::run(args)),
        Command::Dev(args) => block_on(dev::run(args)),
        Command::Reader(args) => block_on(reader::run(args)),
        Command::Consume(args) => block_on(consume::run(args)),
        Command::Gateway(args) => block_on(gateway::run(args)),
        Command::Deliver(args) => block_on(deliver::run(args)),
        Command::Schedule(args) => block_on(schedule::run(args)),
        Command::Replay(args) => block_on(replay::run(args)),
        Command::Locate(args) => locate::run(&args),
        Command::Simulate(args) => block_on(simulate::run(*args)),
        Command::Torture(args) => block_on(torture::run(args)),
        Command::Bench(args) => block_on(bench::run(args)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wardtrack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command on the main runtime. The future is boxed: commands are large, and the stack of `main` is not.
fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(Box::pin(command))
}
