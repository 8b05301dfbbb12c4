//! Faults on purpose: a load of good and bad messages on real servers, while consumer, database and broker are killed,
//! stopped and restarted; then every confirmed sighting is looked for in the database.
//!
//! [`Stage`] is a database, a virtual host and readers that belong to one round (or one test of `tests/it`) alone.

pub mod bad;
pub mod stage;

pub use bad::{BadKind, BadMessage};
pub use stage::{Stage, StageArgs, StageReader};
