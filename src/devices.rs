//! Readers, tags and consumers: how the devices are doing, and the input that could not be used.

pub mod model;
pub mod quarantine;
pub mod store;
