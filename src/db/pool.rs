//! The connection pool.

use std::time::{Duration, Instant};

use deadpool::managed::{HookError, Object};
use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use crate::config::{DbArgs, Secret};

/// A connection taken from the pool; dropping it gives it back.
pub type DbConn = Object<AsyncDieselConnectionManager<AsyncPgConnection>>;

/// Connections older than this are replaced, so that a changed setting or server reaches every one.
const CONNECTION_AGE_MAX: Duration = Duration::from_hours(24);
/// How long a caller waits for a free connection.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Why no connection could be had.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The pool cannot be built from the settings.
    #[error("building the database pool")]
    Build(#[from] deadpool::managed::BuildError),
    /// No connection in time, or the server refused.
    #[error("connecting to the database")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The pool, cheap to clone.
#[derive(Clone)]
pub struct Db(Pool<AsyncPgConnection>);

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.0.status())
    }
}

impl Db {
    /// Builds the pool; no connection is opened yet. Call it on the main runtime.
    ///
    /// # Errors
    /// When the settings make no pool.
    pub fn new(args: &DbArgs, url: &Secret, application: &str) -> Result<Self, DbError> {
        // Connections are opened on the runtime that is current here: opened on an actix worker instead, each would stall
        // whenever that worker is busy.
        let runtime = tokio::runtime::Handle::current();
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        config.custom_setup = Box::new(move |url| {
            let (runtime, url) = (runtime.clone(), url.to_owned());
            Box::pin(async move {
                let opened = runtime
                    .spawn(async move { AsyncPgConnection::establish(&url).await })
                    .await;
                opened.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
            })
        });
        let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(
            url.expose(),
            config,
        );
        let session = format!(
            "SET application_name = '{}'; SET timezone = 'UTC'; SET statement_timeout = {}; SET lock_timeout = 5000",
            application.replace('\'', ""),
            args.db_statement_timeout_ms
        );
        let pool = Pool::builder(manager)
            .max_size(args.db_pool)
            .runtime(deadpool::Runtime::Tokio1)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(WAIT_MAX))
            .post_create(deadpool::managed::Hook::async_fn(
                move |conn: &mut AsyncPgConnection, _| {
                    let session = session.clone();
                    Box::pin(async move {
                        conn.batch_execute(&session)
                            .await
                            .map_err(|error| HookError::message(error.to_string()))
                    })
                },
            ))
            .pre_recycle(deadpool::managed::Hook::sync_fn(|_, metrics| {
                if metrics.created.elapsed() > CONNECTION_AGE_MAX {
                    return Err(HookError::message("older than a day"));
                }
                Ok(())
            }))
            .build()?;
        Ok(Self(pool))
    }

    /// A connection, waiting at most five seconds for one.
    ///
    /// # Errors
    /// When none is free in time or the server cannot be reached.
    pub async fn conn(&self) -> Result<DbConn, DbError> {
        let begun = Instant::now();
        let taken = self.0.get().await;
        metrics::histogram!("db_pool_wait_seconds").record(begun.elapsed().as_secs_f64());
        taken.map_err(|error| DbError::Connect(Box::new(error)))
    }

    /// Asks the server for nothing, to see whether it answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.conn()
            .await?
            .batch_execute("SELECT 1")
            .await
            .map_err(|error| DbError::Connect(Box::new(error)))
    }

    /// Connections in use and the most there can be, for metrics.
    #[must_use]
    pub fn usage(&self) -> (usize, usize) {
        let status = self.0.status();
        (
            status.size.saturating_sub(status.available),
            status.max_size,
        )
    }
}
