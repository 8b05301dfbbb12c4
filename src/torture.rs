//! Faults on purpose: a load of good and bad messages on real servers, while consumer, database and broker are killed,
//! stopped and restarted; then every confirmed sighting is looked for in the database.
//!
//! [`Stage`] is a database, a virtual host and readers that belong to one round (or one test of `tests/it`) alone. [`load`]
//! makes the messages and remembers what was confirmed, [`faults`] runs the rounds, [`check`] compares.

pub mod bad;
pub mod check;
pub mod faults;
pub mod load;
mod reader;
mod report;
mod servers;
pub mod stage;
mod supervisor;

pub use bad::{BadKind, BadMessage};
pub use stage::{Stage, StageArgs, StageReader};
