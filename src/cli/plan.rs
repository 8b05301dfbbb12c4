//! `wardtrack admin import-plan` and `export-plan`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args as ClapArgs;

use crate::audit::Actor;
use crate::clock::Clock;
use crate::db::Db;
use crate::ids::FloorId;
use crate::places::drawing::{check_plan, export_plan, import_plan, list_floors_named};
use crate::places::plan::geojson::{BYTES_MAX, PlanFault};
use crate::places::plan::matching::MatchedPlan;

/// Which floor.
#[derive(Debug, ClapArgs)]
pub struct FloorArgs {
    /// Name of the floor, such as "Level 3".
    #[arg(long, value_name = "NAME")]
    floor: String,
    /// Name of its building; needed when several buildings have such a floor.
    #[arg(long, value_name = "NAME")]
    building: Option<String>,
}

/// Arguments of `import-plan`.
#[derive(Debug, ClapArgs)]
pub struct ImportArgs {
    #[command(flatten)]
    floor: FloorArgs,
    /// Say what would happen and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// GeoJSON file; - reads standard input. docs/PLANS.md explains the format.
    file: PathBuf,
}

/// Arguments of `export-plan`.
#[derive(Debug, ClapArgs)]
pub struct ExportArgs {
    #[command(flatten)]
    floor: FloorArgs,
    /// File to write; standard output when left out.
    file: Option<PathBuf>,
}

/// Imports a plan.
///
/// # Errors
/// Says which feature is wrong and what to write instead.
pub async fn import(db: &Db, args: &ImportArgs) -> anyhow::Result<()> {
    let text = read_file(&args.file)?;
    let floor = find_floor(db, &args.floor).await?;
    let mut conn = db.conn().await?;
    let done = if args.dry_run {
        check_plan(&conn, floor, &text).await?
    } else {
        let now = Clock::system().now();
        import_plan(&mut conn, floor, &text, Actor::Command, now).await?
    };
    match done {
        Ok(plan) => print_report(&plan, args.dry_run),
        Err(faults) => anyhow::bail!("nothing was imported:\n{}", list_faults(&faults)),
    }
    Ok(())
}

/// Writes a plan.
///
/// # Errors
/// When the floor has no plan, or the file cannot be written.
pub async fn export(db: &Db, args: &ExportArgs) -> anyhow::Result<()> {
    let floor = find_floor(db, &args.floor).await?;
    let conn = db.conn().await?;
    let text = export_plan(&conn, floor).await?.with_context(|| {
        format!(
            "{:?} has no plan: import one with wardtrack admin import-plan",
            args.floor.floor
        )
    })?;
    match &args.file {
        Some(path) => std::fs::write(path, text + "\n")
            .with_context(|| format!("writing {}", path.display()))?,
        None => writeln!(std::io::stdout(), "{text}").context("writing to standard output")?,
    }
    Ok(())
}

async fn find_floor(db: &Db, args: &FloorArgs) -> anyhow::Result<FloorId> {
    let conn = db.conn().await?;
    let found = list_floors_named(&conn, &args.floor, args.building.as_deref()).await?;
    match found.as_slice() {
        [(floor, _)] => Ok(*floor),
        [] => {
            let place = args.building.as_ref().map_or_else(String::new, |building| {
                format!(" in a building {building:?}")
            });
            anyhow::bail!(
                "there is no floor {:?}{place}: write its name as the list of rooms shows it",
                args.floor
            )
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
            anyhow::bail!(
                "several buildings have a floor {:?}: say which with --building, one of {}",
                args.floor,
                names.join(", ")
            )
        }
    }
}

/// Reads no more than what can be a plan, however large the file is.
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
    anyhow::ensure!(
        bytes.len() <= BYTES_MAX,
        "{} has more than {BYTES_MAX} bytes, the most that is read: one floor a file, coordinates with few decimals",
        path.display()
    );
    String::from_utf8(bytes).with_context(|| format!("{} is no UTF-8 text", path.display()))
}

fn list_faults(faults: &[PlanFault]) -> String {
    let lines: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    lines.join("\n")
}

fn print_report(plan: &MatchedPlan, is_dry_run: bool) {
    let did = if is_dry_run {
        "would import"
    } else {
        "imported"
    };
    let origin = if plan.is_guessed {
        "worked out from walls that meet"
    } else {
        "as the file gives them"
    };
    println!(
        "{did} {} rooms and {} ways between rooms ({origin})",
        plan.drawing.rooms.len(),
        plan.ways.len()
    );
    if !plan.missing.is_empty() {
        println!(
            "{} rooms of this floor are not drawn: {}",
            plan.missing.len(),
            plan.missing.join(", ")
        );
    }
}
