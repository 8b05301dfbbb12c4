//! `wardtrack admin import-assets`.

use std::io::Read;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::assets::import::{Import, ImportError, ImportPlan, Options, apply_file, check_file};
use crate::clock::Clock;
use crate::csv_text::BYTES_MAX;
use crate::db::Db;
use crate::people::session::find_time_zone;

/// Mistakes that are printed.
const FAULTS_MAX: usize = 200;

/// Arguments of `import-assets`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    /// Import; without this it is only said what would happen.
    #[arg(long)]
    apply: bool,
    /// Make types and models that are new; else they are mistakes.
    #[arg(long)]
    create_types: bool,
    /// Leave rows with mistakes out; else nothing is imported while there are any.
    #[arg(long)]
    skip_faulty: bool,
    /// CSV file; - reads standard input. docs/IMPORT.md explains the columns.
    file: PathBuf,
}

/// Says what a file would do, or imports it.
///
/// # Errors
/// When rows have mistakes, and when the file cannot be read or the database fails.
pub async fn import(db: &Db, args: &ImportArgs) -> anyhow::Result<()> {
    let bytes = read(&args.file)?;
    let mut conn = db.conn().await?;
    let zone = find_time_zone(&conn).await?;
    let zone: chrono_tz::Tz = zone
        .and_then(|name| name.parse().ok())
        .unwrap_or(chrono_tz::UTC);
    let now = Clock::system().now();
    let import = Import {
        bytes: &bytes,
        options: Options {
            create_types: args.create_types,
            skip_faulty: args.skip_faulty,
        },
        today: now.with_timezone(&zone).date_naive(),
        now,
    };
    let done = if args.apply {
        apply_file(&mut conn, &import, None).await
    } else {
        check_file(&conn, &import).await
    };
    let plan = match done {
        Ok(plan) => plan,
        Err(ImportError::Faults(plan)) => {
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
        // Rows that were left out on purpose are no failure.
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

/// The bytes of a file, or of standard input for -.
pub(super) fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    // One byte more than there may be, so that a file that is too large says so and is never read whole.
    let most = u64::try_from(BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    let name = file.display();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file)
            .with_context(|| format!("opening {name}"))?
            .take(most)
            .read_to_end(&mut bytes)
    }
    .with_context(|| format!("reading {name}"))?;
    Ok(bytes)
}

fn print(plan: &ImportPlan) {
    for fault in plan.faults.iter().take(FAULTS_MAX) {
        let value = match fault.value.as_str() {
            "" => String::new(),
            value => format!(" {value:?}"),
        };
        println!("row {}: {}{value}: {}", fault.row, fault.column, fault.kind);
    }
    if plan.faults.len() > FAULTS_MAX {
        println!("and {} more mistakes", plan.faults.len() - FAULTS_MAX);
    }
    if !plan.unknown_columns.is_empty() {
        println!("columns left out: {}", plan.unknown_columns.join(", "));
    }
    println!(
        "{} rows: {} new, {} changed, {} unchanged, {} with mistakes; {} new types, {} new models",
        plan.rows,
        plan.new_count(),
        plan.changed_count(),
        plan.unchanged,
        plan.faulty_rows,
        plan.new_types.len(),
        plan.new_models.len(),
    );
}
