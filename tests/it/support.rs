//! What tests share: a private database each, pages served on a free port, and people who use them as a browser does.
//!
//! ```ignore
//! let app = TestApp::new().await;
//! let nurse = app.nurse().await;
//! assert_eq!(nurse.page("/find?q=pump").await.h1(), "Infusion pump: 5 ready");
//! ```

mod actor;
mod app;
mod database;
mod html;

use std::future::Future;
use std::time::{Duration, Instant};

pub use actor::{Actor, form};
pub use app::{PASSWORD, TestApp};
pub use database::TestDatabase;
pub use html::Html;

/// Waits until the condition holds, looking every 20 ms; panics with `what` at the deadline.
#[allow(dead_code, reason = "not every set of tests waits")]
pub async fn wait_until<F: Future<Output = bool>>(deadline: Duration, what: &str, condition: impl Fn() -> F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < deadline, "after {deadline:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
