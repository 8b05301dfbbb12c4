//! Tests with I/O: one binary, one file per area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test may panic; clippy.toml allows it inside #[test] only, not in the helpers"
)]

mod architecture;
mod bench;
mod browser_rules;
mod containers;
mod device_pages;
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
