//! RabbitMQ: what is declared there, connections, consuming and publishing.
//!
//! **Invariant:** only this module (and the commands in `cli`) names lapin; only `ingest`, `simulate`, `live`, `bench`, `torture`
//! and `cli` use this module.

pub mod bare;
pub mod connection;
pub mod consumer;
pub mod management;
pub mod publisher;
pub mod topology;

pub use connection::{BrokerAddress, BrokerError};
pub use consumer::{Message, Next, Subscription};
pub use management::Management;
pub use publisher::{Announcement, Outgoing, PublishError, Publisher};
pub use topology::Topology;
