//! Migrations, built into the binary.

use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::config::Secret;

/// Every migration in `migrations/`.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Why migrations could not be run or read.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database did not answer.
    #[error("connecting to the database")]
    Connect(#[from] diesel::ConnectionError),
    /// A migration failed; its transaction was rolled back.
    #[error("running a migration")]
    Run(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The work was stopped half-way.
    #[error("waiting for the migrations")]
    Join(#[from] tokio::task::JoinError),
}

/// Runs what is missing and returns the names of what was run.
///
/// # Errors
/// See [`MigrationError`].
pub async fn run(url: &Secret) -> Result<Vec<String>, MigrationError> {
    with_harness(url, |harness| {
        Ok(harness
            .run_pending_migrations(MIGRATIONS)?
            .iter()
            .map(ToString::to_string)
            .collect())
    })
    .await
}

/// Takes back every migration, newest first, and returns their names. All data is lost.
///
/// # Errors
/// See [`MigrationError`].
pub async fn revert_all(url: &Secret) -> Result<Vec<String>, MigrationError> {
    with_harness(url, |harness| {
        Ok(harness
            .revert_all_migrations(MIGRATIONS)?
            .iter()
            .map(ToString::to_string)
            .collect())
    })
    .await
}

/// Names of the migrations that this binary knows and the database lacks.
///
/// # Errors
/// See [`MigrationError`].
pub async fn list_pending(url: &Secret) -> Result<Vec<String>, MigrationError> {
    with_harness(url, |harness| {
        Ok(harness
            .pending_migrations(MIGRATIONS)?
            .iter()
            .map(|migration| migration.name().to_string())
            .collect())
    })
    .await
}

type Harness = AsyncMigrationHarness<AsyncPgConnection>;
type Names = Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>>;

async fn with_harness(
    url: &Secret,
    work: impl FnOnce(&mut Harness) -> Names + Send + 'static,
) -> Result<Vec<String>, MigrationError> {
    let conn = AsyncPgConnection::establish(url.expose()).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    tokio::task::spawn_blocking(move || work(&mut harness))
        .await?
        .map_err(MigrationError::Run)
}
