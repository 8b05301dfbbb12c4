//! Places: facility > building > floor > room > zone, and how a place is named in one line.

pub mod model;
pub mod store;
