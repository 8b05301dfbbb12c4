//! `wardtrack admin import-supplies`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::import_assets::read;
use crate::clock::Clock;
use crate::db::Db;
use crate::supplies::import::{SupplyImportError, SupplyPlan, apply_file, check_file};

/// Mistakes that are printed.
const FAULTS_MAX: usize = 200;

/// Arguments of `import-supplies`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    /// Import; without this it is only said what would happen.
    #[arg(long)]
    apply: bool,
    /// Leave rows with mistakes out; else nothing is imported while there are any.
    #[arg(long)]
    skip_faulty: bool,
    /// CSV file; - reads standard input. docs/IMPORT.md explains the columns.
    file: PathBuf,
}

/// Says what a file would do, or imports it. Progress goes to standard error.
///
/// # Errors
/// When rows have mistakes, and when the file cannot be read or the database fails.
pub async fn import(db: &Db, args: &ImportArgs) -> anyhow::Result<()> {
    let bytes = read(&args.file)?;
    let mut conn = db.conn().await?;
    eprintln!("checking the file");
    let done = if args.apply {
        let progress = |done: usize, all: usize| eprintln!("written: {done} of {all}");
        apply_file(
            &mut conn,
            &bytes,
            args.skip_faulty,
            &progress,
            Clock::system().now(),
        )
        .await
    } else {
        check_file(&conn, &bytes).await
    };
    let plan = match done {
        Ok(plan) => plan,
        Err(SupplyImportError::Faults(plan)) => {
            print(&plan);
            anyhow::bail!(
                "nothing was imported: correct the rows, or leave them out with --skip-faulty"
            );
        }
        Err(error) => return Err(error.into()),
    };
    print(&plan);
    if args.apply {
        println!("imported");
        return Ok(());
    }
    println!("nothing was changed; --apply imports it");
    anyhow::ensure!(
        plan.faulty_rows == 0,
        "{} rows have mistakes",
        plan.faulty_rows
    );
    Ok(())
}

fn print(plan: &SupplyPlan) {
    for fault in plan.faults.iter().take(FAULTS_MAX) {
        let value = match fault.value.as_str() {
            "" => String::new(),
            value => format!(" {value:?}"),
        };
        println!(
            "row {}: {}{value}: {}",
            fault.row, fault.column, fault.remedy
        );
    }
    if plan.faults.len() > FAULTS_MAX {
        println!("and {} more mistakes", plan.faults.len() - FAULTS_MAX);
    }
    if !plan.unknown_columns.is_empty() {
        println!("columns left out: {}", plan.unknown_columns.join(", "));
    }
    println!(
        "{} rows: {} items new, {} changed, {} places new or changed, {} rules at places new or changed, {} rows unchanged, {} with mistakes; {} new suppliers, {} new places, {} new rounds",
        plan.rows,
        plan.new_items(),
        plan.items.len() - plan.new_items(),
        plan.stock_places.len(),
        plan.places.len(),
        plan.unchanged,
        plan.faulty_rows,
        plan.new_suppliers.len(),
        plan.new_places.len(),
        plan.new_rounds.len(),
    );
}
