//! Tests with I/O: one binary, one file per area.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a test may panic; clippy.toml allows it inside #[test] only, not in the helpers"
)]

mod accuracy;
mod acts;
mod alert_pages;
mod architecture;
mod asset_import;
mod bench;
mod board;
mod browser_rules;
mod codes;
mod containers;
mod csv_export;
mod delivery;
mod device_pages;
mod explain;
mod find_words;
mod ingest;
mod labels;
mod live;
mod locate;
mod pages;
mod plan;
mod recall;
mod register;
mod replay;
mod scheduler;
mod schema;
mod screens;
mod sign_in;
mod simulate;
mod status_property;
mod step_up;
mod supplies;
mod support;
mod synonyms;
mod tags;
mod tasks;
mod templates;
