//! Readers and tags as devices: registration, credentials and health.

pub mod register;
