//! The deciding core: in which room is a tag, how sure is that, and when did it change?
//!
//! Pure by rule: std, chrono and serde only; no clock, no randomness, no I/O. The live consumer, `wardtrack locate`, the
//! simulator's checks and the property tests all run this code, so a recording gives the same rooms everywhere.
//!
//! One [`TagTrack`] per tag takes sightings and gives [`RoomChange`]s:
//!
//! ```
//! use wardtrack::location::{Engine, Heard, ReaderIndex, RoomIndex, Site, TagTrack};
//!
//! let engine = Engine::default();
//! let mut site = Site::default();
//! site.set_reader(ReaderIndex(1), Some(RoomIndex(7)));
//!
//! let mut track = TagTrack::default();
//! let mut changes = Vec::new();
//! let heard = Heard { t_ms: 120, reader: ReaderIndex(1), rssi_dbm: -60.0 };
//! track.hear(&site, &engine, heard, &mut changes);
//! track.close_until(&site, &engine, 500, &mut changes);
//! assert_eq!(changes[0].to, RoomIndex(7));
//! assert_eq!(changes[0].at_ms, 500);
//! ```
//!
//! - `config`: the settings and the constants derived from them.
//! - `site`: which reader serves which room, and which readers have fallen silent.
//! - `window`: open slots and the level of each reader.
//! - `decide`: evidence, belief and the decision.
//! - `state`: one tag's track, which ties window and decision together on event time.
//! - `pass`: passive RFID at antennas and portals.
//! - `certainty`: the word a page shows beside a place.

pub mod certainty;
mod config;
mod decide;
mod pass;
mod site;
mod state;
mod window;

pub use config::{ConfigError, Engine, EngineConfig};
pub use pass::{Pass, PassDecision, decide_pass};
pub use site::{ReaderIndex, RoomIndex, Site};
pub use state::{Heard, HeardOutcome, RoomChange, StoredPlace, TagTrack};
