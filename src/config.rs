//! Configuration: one small struct per concern, each read from flags and environment by clap.
//!
//! Secrets are never flags (other users of the machine can read those): they come from `NAME` or from the file that
//! `NAME_FILE` names (S-55), see [`secret`].

pub mod broker;
pub mod db;
pub mod delivery;
pub mod ingest;
pub mod log;
pub mod network;
pub mod secret;
pub mod web;

pub use broker::BrokerArgs;
pub use db::DbArgs;
pub use delivery::{DeliveryArgs, WebhookArgs};
pub use ingest::IngestArgs;
pub use log::LogArgs;
pub use secret::Secret;
pub use web::WebArgs;
