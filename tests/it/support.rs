//! What tests share: a private database each, pages served on a free port, and people who use them as a browser does.
//!
//! ```ignore
//! let app = TestApp::new().await;
//! let nurse = app.nurse().await;
//! assert_eq!(nurse.page("/find?q=pump").await.h1(), "Infusion pump: 5 ready");
//! ```

mod actor;
mod app;
pub mod broker;
pub mod database;
mod html;
pub mod seed;

use std::future::Future;
use std::time::{Duration, Instant};

pub use actor::{Actor, form};
pub use app::{PASSWORD, TestApp};
pub use broker::TestBroker;
pub use database::TestDatabase;
pub use html::Html;

/// Waits until the condition holds, looking every 20 ms; panics with `what` at the deadline.
pub async fn wait_until<F: Future<Output = bool>>(
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> F,
) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < deadline, "after {deadline:?}: {what}");
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
