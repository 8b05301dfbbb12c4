//! Messages about alerts: to whom, and how they get there.
//!
//! The trigger `tell_alert` writes a message to `outbox` in the transaction that opens an alert, for every destination that a route
//! names (R23). [`worker`] sends them afterwards, at least once and always under the same id; what fails is tried again on the ladder
//! of [`retry`]. [`follow`] is what time causes: nobody acknowledged an alert, a message that tells several is due, old messages go.
//! [`routes`] is what administrators set. Nothing here runs in a transaction of stock or places.

pub mod address;
pub mod follow;
pub mod mail;
pub mod own;
pub mod retry;
pub mod routes;
pub mod sign;
pub mod store;
pub mod webhook;
pub mod words;
pub mod worker;
