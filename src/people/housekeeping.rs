//! Removes ended sessions and forgotten wrong tries, every ten minutes.

use std::time::Duration;

use super::accounts;
use crate::clock::Clock;
use crate::db::Db;
use crate::lifecycle::Lifecycle;

const EVERY: Duration = Duration::from_mins(10);

/// Cleans up until the soft stop. A failure is logged and tried again: sessions end by their times, cleaned up or not.
///
/// # Errors
/// Never; the signature is a role's.
pub async fn run(db: Db, clock: Clock, life: Lifecycle) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = life.soft().cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        match accounts::clean_up(&db, clock.now()).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "removed ended sessions"),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(
                    error = cause,
                    "ended sessions could not be removed; trying again later"
                );
            }
        }
    }
}
