//! Assets: the devices, what they are called, where they are and where they have been, and what people say about them.

pub mod accuracy;
pub mod acts;
pub mod events;
pub mod import;
pub mod model;
pub mod register;
pub mod rules;
pub mod status;
pub mod store;
pub mod tasks;
