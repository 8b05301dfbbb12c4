//! The harness: a database and a virtual host per test on the servers that the environment names (`scripts/test` starts
//! them), and waiting for a condition instead of sleeping.

pub mod broker;
pub mod database;

use std::future::Future;
use std::time::{Duration, Instant};

pub use broker::TestBroker;
pub use database::TestDatabase;

/// Waits until `condition` holds and fails the test when it does not within `deadline`.
pub async fn wait_until<F>(what: &str, deadline: Duration, mut condition: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let begun = Instant::now();
    while !condition().await {
        assert!(
            begun.elapsed() < deadline,
            "waited {deadline:?} in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The folder with recorded sites and payloads, or `None` after saying plainly that the test is skipped.
pub fn acceptance_folder(test: &str) -> Option<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("WARDTRACK_ACCEPTANCE_DATA")
        .map_or_else(|| root.join("../shared"), |named| root.join(named));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: {test} needs acceptance data, and there is none at {}",
        folder.display()
    );
    None
}
