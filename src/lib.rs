//! wardtrack: hospital asset and inventory tracker.
//!
//! `ARCHITECTURE.md` has the map and two walks through the code: one sighting from the broker to a page, one search from the
//! browser to the database and back.

pub mod alerts;
pub mod app;
pub mod assets;
pub mod audit;
pub mod bench;
pub mod board;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod config;
pub mod credential;
pub mod csv_text;
pub mod db;
pub mod delivery;
pub mod devices;
pub mod find;
pub mod ids;
pub mod ingest;
pub mod lifecycle;
pub mod live;
pub mod location;
pub mod people;
pub mod places;
pub mod recording;
pub mod scheduler;
pub mod simulate;
pub mod supplies;
pub mod telemetry;
pub mod torture;
pub mod web;
