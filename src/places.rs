//! Places: facility > building > floor > room > zone, how a place is named in one line, what a floor looks like, and how far it is.

pub mod cache;
pub mod drawing;
pub mod model;
pub mod plan;
pub mod store;
pub mod walk;
