//! Where the database is.

use clap::Args;

use super::secret::{Secret, SecretError};

/// Settings of the database pool. The address comes from `WARDTRACK_DATABASE_URL` or `WARDTRACK_DATABASE_URL_FILE`,
/// because it holds a password.
#[derive(Args, Clone, Debug)]
#[command(
    next_help_heading = "Database (address in WARDTRACK_DATABASE_URL or WARDTRACK_DATABASE_URL_FILE)"
)]
pub struct DbArgs {
    /// Most connections that one process opens.
    #[arg(
        long,
        env = "WARDTRACK_DB_POOL",
        default_value_t = 10,
        value_name = "N"
    )]
    pub db_pool: usize,
    /// A statement that takes longer than this is ended, in milliseconds.
    #[arg(
        long,
        env = "WARDTRACK_DB_STATEMENT_TIMEOUT_MS",
        default_value_t = 10_000,
        value_name = "MS"
    )]
    pub db_statement_timeout_ms: u64,
}

impl DbArgs {
    /// The address, `postgres://user:password@host:port/database`.
    ///
    /// # Errors
    /// See [`Secret::from_env`].
    pub fn url(&self) -> Result<Secret, SecretError> {
        Secret::from_env("WARDTRACK_DATABASE_URL")
    }
}
