//! The way of a sighting from the broker into the database.
//!
//! `envelope` parses a message, `timing` says when each sighting happened, `directory` knows readers and tags, `apply` decides
//! with the pure core what the sightings mean, `store` writes that in one transaction, `shard` runs the loop and acknowledges.
//! Whatever cannot be used goes to `quarantine` with its reason.

pub mod apply;
mod batch;
pub mod directory;
pub mod envelope;
pub mod gateway;
pub mod health;
pub mod housekeeping;
pub mod intake;
pub mod plan;
pub mod quarantine;
pub mod replay_marked;
pub mod shard;
pub mod spent;
pub mod store;
pub mod stray;
pub mod timing;
pub mod worker;
