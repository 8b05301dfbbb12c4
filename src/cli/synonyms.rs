//! `wardtrack admin synonyms`: words that people use for equipment, as a CSV file.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use diesel_async::AsyncConnection;

use crate::audit::Actor;
use crate::clock::Clock;
use crate::db::Db;
use crate::find::synonyms::exchange::{
    ImportError, StarterScope, add_starter, export_csv, import_csv,
};
use crate::find::synonyms::file::BYTES_MAX;

/// What to do with synonyms.
#[derive(Debug, Subcommand)]
pub enum SynonymAction {
    /// Take in a CSV file with the columns term, kind, type, maker and model; words that it does not name stay.
    Import {
        /// Say what would happen and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// CSV file; - reads standard input.
        file: PathBuf,
    },
    /// Write all synonyms as CSV to a file or to standard output.
    Export {
        /// File to write; standard output when left out.
        file: Option<PathBuf>,
    },
    /// Add the starter set: common words of hospitals for the types that are there. Words that are there already stay.
    Starter,
}

/// Runs the command.
///
/// # Errors
/// Says which row is wrong and what to write instead.
pub async fn run(db: &Db, action: SynonymAction) -> anyhow::Result<()> {
    let mut conn = db.conn().await?;
    match action {
        SynonymAction::Import { dry_run, file } => {
            let text = read_file(&file)?;
            let now = Clock::system().now();
            let report = match import_csv(&mut conn, &text, dry_run, Actor::Command, now).await {
                Ok(report) => report,
                Err(ImportError::Faults(faults)) => {
                    let lines: Vec<String> =
                        faults.iter().map(|fault| format!("  {fault}")).collect();
                    anyhow::bail!("nothing was imported:\n{}", lines.join("\n"))
                }
                Err(error) => return Err(error.into()),
            };
            let would = if dry_run { "would be " } else { "" };
            println!(
                "{} words {would}added, {} {would}changed, {} were there already",
                report.added, report.changed, report.unchanged
            );
        }
        SynonymAction::Export { file } => {
            let text = export_csv(&conn).await?;
            match file {
                Some(path) => std::fs::write(&path, text)
                    .with_context(|| format!("writing {}", path.display()))?,
                None => {
                    write!(std::io::stdout(), "{text}").context("writing to standard output")?;
                }
            }
        }
        SynonymAction::Starter => {
            let report = conn
                .transaction(async |conn| add_starter(conn, StarterScope::All).await)
                .await?;
            println!(
                "{} words added, {} changed, {} were there already; {} are for types that are not in the list",
                report.added, report.changed, report.unchanged, report.left_out
            );
        }
    }
    Ok(())
}

/// Reads no more than what can be a list, however large the file is.
fn read_file(path: &Path) -> anyhow::Result<String> {
    let limit = u64::try_from(BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    let what = || format!("reading {}", path.display());
    if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path)
            .with_context(what)?
            .take(limit)
            .read_to_end(&mut bytes)
    }
    .with_context(what)?;
    String::from_utf8(bytes).with_context(|| format!("{} is no UTF-8 text", path.display()))
}
