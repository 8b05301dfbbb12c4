//! Start and stop: signals, the two stop tokens, and the tasks to wait for.
//!
//! The soft token says "take no new work", the hard token "give up". A second signal, or 30 seconds, makes soft hard. A role
//! that ends by itself stops the whole process with failure, so that a supervisor restarts it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a soft stop may take before it becomes a hard one.
const SOFT_STOP_MAX: Duration = Duration::from_secs(30);

/// Handle on the process's life, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failed: CancellationToken,
}

impl Lifecycle {
    /// A new life without signal handling, for tests and for commands that end by themselves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens for SIGINT and SIGTERM from now on.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn listen_for_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        );
        let life = self.clone();
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, () = life.soft.cancelled() => {} }
            life.soft.cancel();
            tokio::select! {
                _ = interrupt.recv() => {}, _ = terminate.recv() => {}, () = tokio::time::sleep(SOFT_STOP_MAX) => {}
            }
            tracing::error!("stopping at once");
            life.hard.cancel();
        });
        Ok(())
    }

    /// Asks everything to finish its work and end.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Cancelled when new work should no longer be taken.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when running work should be given up.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Runs a role. When it ends without having been asked to, or fails, the whole process stops with failure.
    pub fn spawn_role<F>(&self, name: &'static str, role: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let life = self.clone();
        self.tracker.spawn(async move {
            let ended =
                tokio::select! { ended = role => ended, () = life.hard.cancelled() => Ok(()) };
            match ended {
                Ok(()) if life.is_stopping() => tracing::info!(role = name, "stopped"),
                Ok(()) => {
                    tracing::error!(role = name, "ended by itself");
                    life.failed.cancel();
                }
                Err(error) => {
                    tracing::error!(role = name, error = format!("{error:#}"), "failed");
                    life.failed.cancel();
                }
            }
            life.soft.cancel();
        });
    }

    /// Waits until every role has ended.
    ///
    /// # Errors
    /// When a role failed or ended by itself.
    pub async fn wait(&self) -> anyhow::Result<()> {
        self.tracker.close();
        self.tracker.wait().await;
        anyhow::ensure!(
            !self.failed.is_cancelled(),
            "a part of wardtrack failed; the log above says which"
        );
        Ok(())
    }
}
