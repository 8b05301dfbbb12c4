//! Pages of supplies: what to order, and how its quantity is made.

mod act;
pub mod how;
pub mod reorder;
mod samples;
pub mod words;
