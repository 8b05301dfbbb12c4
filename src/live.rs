//! Open pages follow the world: who changed something says which things ([`Topic`]), and browsers that watch them ask again.
//!
//! Only names of things travel, never data: what a page shows is read from the database by a request that is checked like every
//! other (S-22). A hint that is lost costs freshness only, because open pages ask again every half minute anyway. So a hint never
//! waits, never fails and never slows its sender: see [`Hints::send`].
//!
//! ```text
//! consumer, scheduler --Hints--> wt.changes --changes--> Hub --web/sse--> browsers
//! acts of people ------Hints--------------------------^   (at once, and to wt.changes for the other processes)
//! ```

pub mod changes;
mod hints;
mod hub;
mod topic;

pub use hints::Hints;
pub use hub::{Full, Hub, Limits, Listener, Mark, News};
pub use topic::{Kind, Topic, TopicError, TopicSet};
