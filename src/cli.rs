//! The command line: one file per subcommand below `cli/`, each a `run(args)` that returns `anyhow::Result<()>`.

pub mod locate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Hospital asset and inventory tracker.
#[derive(Debug, Parser)]
#[command(name = "wardtrack", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Decide the rooms of a recorded site and print every change.
    Locate(locate::Args),
}

/// Parses the arguments, runs the command and gives the process its exit code: 0 done, 1 failed, 2 wrong arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.command {
        Command::Locate(args) => locate::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wardtrack: {error:#}");
            ExitCode::FAILURE
        }
    }
}
