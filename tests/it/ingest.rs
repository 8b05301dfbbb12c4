//! The way of a message through real servers: each test has a database, a virtual host and readers of its own.

mod bad_input;
mod checker;
mod faults;
mod golden;
mod permissions;
mod repeats;
pub mod rig;
mod rules;
mod stock;
mod topology;
