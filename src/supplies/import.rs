//! Items, places and rules from a CSV file (`docs/IMPORT.md`): first what it would do, then exactly that.
//!
//! One row is an item, or an item at a place; its place of stock is made or changed with it. Empty cells change nothing. [`check_file`] reads, looks up and decides; nothing is written.
//! [`apply_file`] and [`apply_upload`] do the same in one transaction and write all of it or nothing; then everything whose rule
//! changed is settled (R19, R23).

mod decide;
mod facts;
mod read;
mod store;

use chrono::{DateTime, Utc};
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use uuid::Uuid;

pub use decide::{Change, CodeWrite, ItemWrite, PlaceWrite, StockPlaceWrite, SupplyPlan};
pub use facts::{IMPORT_CODES_SQL, IMPORT_PLACES_SQL, IMPORT_ROOMS_SQL};
pub use read::{COLUMNS, Fault};

use crate::assets::import::{find_upload, remove_upload, sha256_hex};
use crate::audit::{Actor, Event, record_audit};
use crate::csv_text::{CsvError, Table, read_table};
use crate::db::fault::met_another;
use crate::db::form_key::take_form_key;
use crate::ids::UserId;

/// Rows of one import.
pub const ROWS_MAX: usize = 100_000;
/// How long one statement of an import may take.
const STATEMENT_MS_MAX: &str =
    "SET LOCAL statement_timeout = 120000; SET LOCAL lock_timeout = 15000";

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum SupplyImportError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] CsvError),
    /// More rows than one import takes.
    #[error("The file has {0} rows, more than {ROWS_MAX}: split it into several files.")]
    TooManyRows(usize),
    /// Some rows have mistakes, and nobody said to leave them out.
    #[error("{} rows have mistakes, so nothing was imported", .0.faulty_rows)]
    Faults(Box<SupplyPlan>),
    /// It would do something else than what was shown.
    #[error("the catalogue has changed since the file was checked, so nothing was imported")]
    Changed,
    /// The file is kept no more.
    #[error("the file is kept no more: send it again")]
    Gone,
    /// A statement wrote less than it was given, so all of it was taken back.
    #[error("{written} of {given} {what} could be written, so nothing was imported")]
    NotWhole {
        /// Of what.
        what: &'static str,
        /// How many there were.
        given: usize,
        /// How many were written.
        written: usize,
    },
    /// The database fails.
    #[error("the import could not be written")]
    Database(#[from] QueryError),
}

/// Says what an import would do.
///
/// # Errors
/// When the file cannot be read, or the database fails.
pub async fn check_file(
    conn: &AsyncPgConnection,
    bytes: &[u8],
) -> Result<SupplyPlan, SupplyImportError> {
    let table = read(bytes)?;
    let rows = read::read_rows(&table);
    let facts = facts::load(conn, &rows.drafts).await?;
    Ok(decide::decide(&table, rows, &facts))
}

fn read(bytes: &[u8]) -> Result<Table, SupplyImportError> {
    let table = read_table(bytes, &COLUMNS)?;
    let rows = table.rows.len() + table.broken_count;
    if rows > ROWS_MAX {
        return Err(SupplyImportError::TooManyRows(rows));
    }
    Ok(table)
}

/// How far an import is: rows that were written, of all.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Imports a file, in one transaction: all of it or nothing.
///
/// # Errors
/// See [`SupplyImportError`]; then nothing is written.
pub async fn apply_file(
    conn: &mut AsyncPgConnection,
    bytes: &[u8],
    skips_faulty: bool,
    progress: Progress<'_>,
    now: DateTime<Utc>,
) -> Result<SupplyPlan, SupplyImportError> {
    let done = conn
        .transaction(async |conn| {
            let write = Write {
                bytes,
                digest: None,
                skips_faulty,
                by: None,
                progress,
                now,
            };
            apply(conn, write).await
        })
        .await;
    done.map_err(tell_changed)
}

/// What became of a form that imports.
#[derive(Debug)]
pub enum SupplyImported {
    /// Just now.
    Done(Box<SupplyPlan>),
    /// By an earlier press of the same button.
    Repeat,
}

/// Imports a file that was sent and checked before, once, and forgets it. `digest` is that of the plan that was shown: another one is
/// never carried out.
///
/// # Errors
/// See [`SupplyImportError`]; then nothing is written, and the file is still there.
pub async fn apply_upload(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    (digest, skips_faulty): (&str, bool),
    by: UserId,
    location: &str,
    now: DateTime<Utc>,
) -> Result<SupplyImported, SupplyImportError> {
    let done = conn
        .transaction(async |conn| {
            if take_form_key(conn, key, by, location, now).await?.is_some() {
                return Ok(SupplyImported::Repeat);
            }
            let upload = find_upload(conn, key, by, now).await?;
            let upload = upload.ok_or(SupplyImportError::Gone)?;
            let write = Write {
                bytes: &upload.content,
                digest: Some(digest),
                skips_faulty,
                by: Some(by),
                progress: &|_, _| {},
                now,
            };
            let plan = apply(conn, write).await?;
            remove_upload(conn, key).await?;
            Ok(SupplyImported::Done(Box::new(plan)))
        })
        .await;
    done.map_err(tell_changed)
}

/// Somebody else wrote the same number or name between our look and our write.
fn tell_changed(error: SupplyImportError) -> SupplyImportError {
    match error {
        SupplyImportError::Database(QueryError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation,
            _,
        )) => SupplyImportError::Changed,
        SupplyImportError::Database(error) if met_another(&error) => SupplyImportError::Changed,
        error => error,
    }
}

struct Write<'a> {
    bytes: &'a [u8],
    digest: Option<&'a str>,
    skips_faulty: bool,
    by: Option<UserId>,
    progress: Progress<'a>,
    now: DateTime<Utc>,
}

/// In the caller's transaction.
async fn apply(
    conn: &mut AsyncPgConnection,
    write: Write<'_>,
) -> Result<SupplyPlan, SupplyImportError> {
    let table = read(write.bytes)?;
    let rows = read::read_rows(&table);
    conn.batch_execute(STATEMENT_MS_MAX).await?;
    store::lock(conn).await?;
    let facts = facts::load(conn, &rows.drafts).await?;
    let plan = decide::decide(&table, rows, &facts);
    if write.digest.is_some_and(|digest| digest != plan.digest) {
        return Err(SupplyImportError::Changed);
    }
    if plan.faulty_rows > 0 && !write.skips_faulty {
        return Err(SupplyImportError::Faults(Box::new(plan)));
    }
    store::write(conn, &plan, write.progress, write.now).await?;
    let actor = write.by.map_or(Actor::Command, Actor::User);
    let event = Event::new(actor, "supplies.imported", "list:supplies".to_owned()).with_after(
        serde_json::json!({
            "sha256": sha256_hex(write.bytes),
            "new_items": plan.new_items(),
            "changed_items": plan.items.len() - plan.new_items(),
            "stock_places": plan.stock_places.len(),
            "places": plan.places.len(),
            "new_rounds": plan.new_rounds,
            "unchanged": plan.unchanged,
            "left_out": plan.faulty_rows,
        }),
    );
    record_audit(conn, &event, write.now).await?;
    Ok(plan)
}
