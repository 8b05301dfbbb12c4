//! Equipment from a CSV file (`docs/IMPORT.md`): first what it would do, then exactly that.
//!
//! [`check_file`] reads the file, looks up what it names and decides; nothing is written. [`apply_upload`] does the same in one
//! transaction, compares what it decided with what was shown, and writes all of it or nothing.

mod decide;
mod facts;
mod names;
mod read;
mod store;
mod upload;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use decide::{AssetWrite, FieldChange, ImportPlan, Options};
pub use facts::{ASSETS_SQL, IDENTIFIERS_SQL, TAGS_SQL};
pub use read::{COLUMNS, Fault, FaultKind};
pub use store::LOCK_SQL;
pub use upload::{Upload, find_upload, insert_upload, remove_old_uploads, remove_upload};

use crate::audit::{Actor, Event, record_audit};
use crate::csv_text::{CsvError, read_table};
use crate::db::fault::met_another;
use crate::db::form_key::take_form_key;
use crate::ids::UserId;

/// How long one statement of an import may take.
const STATEMENT_MS_MAX: &str =
    "SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 15000";

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{0}")]
    File(#[from] CsvError),
    /// Some rows have mistakes, and nobody said to leave them out.
    #[error("{} rows have mistakes, so nothing was imported", .0.faulty_rows)]
    Faults(Box<ImportPlan>),
    /// It would do something else than what was shown.
    #[error("the register has changed since the file was checked, so nothing was imported")]
    Changed,
    /// The file is kept no more.
    #[error("the file is kept no more: send it again")]
    Gone,
    /// The database fails.
    #[error("the import could not be written")]
    Database(#[from] QueryError),
}

/// Who imports what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// What it may do.
    pub options: Options,
    /// The day of the facility: service that was due before it is overdue.
    pub today: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Says what an import would do.
///
/// # Errors
/// When the file cannot be read, or the database fails.
pub async fn check_file(
    conn: &AsyncPgConnection,
    import: &Import<'_>,
) -> Result<ImportPlan, ImportError> {
    let table = read_table(import.bytes, &COLUMNS)?;
    let rows = read::read_rows(&table);
    let facts = facts::load(conn, &rows.drafts).await?;
    Ok(decide::decide(&table, rows, &facts, import.options))
}

/// Imports a file, in one transaction: all of it or nothing.
///
/// # Errors
/// See [`ImportError`]; then nothing is written.
pub async fn apply_file(
    conn: &mut AsyncPgConnection,
    import: &Import<'_>,
    by: Option<UserId>,
) -> Result<ImportPlan, ImportError> {
    let done = conn
        .transaction(async |conn| apply(conn, import, None, by).await)
        .await;
    done.map_err(tell_changed)
}

/// What became of a form that imports.
#[derive(Debug)]
pub enum Imported {
    /// Just now.
    Done(Box<ImportPlan>),
    /// By an earlier press of the same button.
    Repeat,
}

/// Imports a file that was sent and checked before, once, and forgets it. `digest` is that of the plan that was shown: another one
/// is never carried out. The bytes of `import` are those of the upload, whatever it holds.
///
/// # Errors
/// See [`ImportError`]; then nothing is written, and the file is still there.
pub async fn apply_upload(
    conn: &mut AsyncPgConnection,
    key: Uuid,
    import: &Import<'_>,
    digest: &str,
    by: UserId,
    location: &str,
) -> Result<Imported, ImportError> {
    let done = conn
        .transaction(async |conn| {
            let before = take_form_key(conn, key, by, location, import.now).await?;
            if before.is_some() {
                return Ok(Imported::Repeat);
            }
            let upload = find_upload(conn, key, by, import.now).await?;
            let upload = upload.ok_or(ImportError::Gone)?;
            let import = Import {
                bytes: &upload.content,
                ..*import
            };
            let plan = apply(conn, &import, Some(digest), Some(by)).await?;
            remove_upload(conn, key).await?;
            Ok(Imported::Done(Box::new(plan)))
        })
        .await;
    done.map_err(tell_changed)
}

/// Somebody else wrote the same number or tag between our look and our write.
fn tell_changed(error: ImportError) -> ImportError {
    match error {
        ImportError::Database(QueryError::DatabaseError(
            DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation,
            _,
        )) => ImportError::Changed,
        ImportError::Database(error) if met_another(&error) => ImportError::Changed,
        error => error,
    }
}

/// In the caller's transaction.
async fn apply(
    conn: &mut AsyncPgConnection,
    import: &Import<'_>,
    digest: Option<&str>,
    by: Option<UserId>,
) -> Result<ImportPlan, ImportError> {
    let table = read_table(import.bytes, &COLUMNS)?;
    let rows = read::read_rows(&table);
    conn.batch_execute(STATEMENT_MS_MAX).await?;
    store::lock(conn, &rows.drafts).await?;
    let facts = facts::load(conn, &rows.drafts).await?;
    let plan = decide::decide(&table, rows, &facts, import.options);
    if digest.is_some_and(|digest| digest != plan.digest) {
        return Err(ImportError::Changed);
    }
    if plan.faulty_rows > 0 && !import.options.skip_faulty {
        return Err(ImportError::Faults(Box::new(plan)));
    }
    store::write(conn, &plan, import, by).await?;
    record(conn, &plan, import, by).await?;
    Ok(plan)
}

/// The audit row: how much and by which file, never what is in it (S-50).
async fn record(
    conn: &mut AsyncPgConnection,
    plan: &ImportPlan,
    import: &Import<'_>,
    by: Option<UserId>,
) -> Result<(), QueryError> {
    let actor = by.map_or(Actor::Command, Actor::User);
    let event = Event::new(actor, "assets.imported", "list:assets".to_owned()).with_after(
        serde_json::json!({
            "sha256": sha256_hex(import.bytes),
            "new": plan.new_count(),
            "changed": plan.changed_count(),
            "unchanged": plan.unchanged,
            "left_out": plan.faulty_rows,
            "new_types": plan.new_types.len(),
            "new_models": plan.new_models.len(),
        }),
    );
    record_audit(conn, &event, import.now).await
}

/// The SHA-256 of a file.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    let digits: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}
