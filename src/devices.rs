//! Readers, tags and consumers as devices: registration, credentials, health, and the input that could not be used.

pub mod broker_facts;
pub mod model;
pub mod quarantine;
pub mod register;
pub mod store;
