//! A simulated hospital: two floors, 60 beds, 420 pieces of tagged equipment and 90 readers, all from one seed.
//!
//! [`World`] is the model. It is stepped by whoever runs it and gives plain [`ReaderMessage`]s; it has no clock and does no
//! I/O, so tests can run hours of it in seconds. [`SeedPlan`] is what the database has to know of the site, [`seed`] stores
//! it, [`record`] writes a recorded site for `wardtrack locate`, and [`run`] publishes as the readers would.
//!
//! ```
//! use std::collections::HashMap;
//! use wardtrack::simulate::{World, WorldConfig};
//!
//! let config = WorldConfig::default();
//! let mut world = World::new(config, &HashMap::new());
//! let messages = world.step(config.start_ms + 5_000);
//! assert!(messages.iter().any(|message| !message.sightings.is_empty()));
//! ```

mod cabinets;
pub mod credentials;
mod desk;
mod fleet;
mod floor;
mod geometry;
mod noise;
mod plan;
pub mod playback;
mod radio;
mod readers;
pub mod record;
pub mod run;
pub mod seed;
mod staff;
mod storekeeping;
mod supplies;
mod tasks;
mod truth;
mod walk;
mod wire;
mod world;

pub use desk::{ReaderMessage, SimSighting};
pub use fleet::{AssetIx, AssetKind, Beacon, Habit, SimAsset};
pub use floor::{Door, DoorIx, FloorPlan, RoomIx, SimRoom};
pub use geometry::{Point, Rect};
pub use plan::{PlanAntenna, PlanAsset, PlanModel, PlanReader, PlanRoom, PlanTag, SeedPlan};
pub use readers::{SimAntenna, SimReader};
pub use truth::{TruthWriter, Visit};
pub use world::{Site, World, WorldConfig};

#[cfg(test)]
mod tests;
