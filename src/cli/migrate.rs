//! `wardtrack migrate`: the schema of the database.

use anyhow::Context;
use clap::{Args as ClapArgs, Subcommand};

use crate::config::DbArgs;
use crate::db::migrations;

/// Arguments of `wardtrack migrate`.
#[derive(Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    db: DbArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run every migration that the database lacks.
    Run,
    /// List the migrations that the database lacks; exit code 1 when there are any.
    Status,
    /// Take every migration back, newest first. All data is lost.
    Revert {
        /// Say that losing all data is meant.
        #[arg(long)]
        lose_all_data: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let url = args.db.url()?;
    match args.action {
        Action::Run => {
            let names = migrations::run(&url).await?;
            for name in &names {
                println!("ran {name}");
            }
            println!(
                "the schema is up to date ({} migrations run now)",
                names.len()
            );
        }
        Action::Status => {
            let missing = migrations::list_pending(&url).await?;
            for name in &missing {
                println!("missing {name}");
            }
            anyhow::ensure!(
                missing.is_empty(),
                "{} migrations are missing: run wardtrack migrate run",
                missing.len()
            );
            println!("the schema is up to date");
        }
        Action::Revert { lose_all_data } => {
            lose_all_data
                .then_some(())
                .context("this deletes every table: add --lose-all-data when that is meant")?;
            for name in migrations::revert_all(&url).await? {
                println!("took back {name}");
            }
        }
    }
    Ok(())
}
