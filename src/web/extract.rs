//! What handlers take from a request.

mod asked;
mod id;
mod viewer;

pub use asked::Asked;
pub use id::IdPath;
pub use viewer::{Viewer, Visit};
