//! Tests with I/O: one binary, one file per area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic; clippy.toml allows it inside #[test] only, not in the helpers"
)]

mod architecture;
mod browser_rules;
mod explain;
mod ingest;
mod locate;
mod pages;
mod replay;
mod schema;
mod sign_in;
mod simulate;
mod support;
mod templates;
