//! Readers and tags as devices: registration and credentials, health, and the input of theirs that could not be used.

pub mod model;
pub mod quarantine;
pub mod register;
pub mod store;
