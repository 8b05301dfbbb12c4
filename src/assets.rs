//! Assets: the devices, what they are called, where they are and where they have been.

pub mod model;
pub mod rules;
pub mod store;
