//! Readers, tags and consumers: registration, credentials, how the devices are doing, and the input that could not be used.

pub mod model;
pub mod quarantine;
pub mod register;
pub mod store;
