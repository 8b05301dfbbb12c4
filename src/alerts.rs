//! Alerts: something that somebody should know, once per cause (R22), written with what caused it (R23).

pub mod acts;
pub mod list;
pub mod rules;
pub mod store;
pub mod watch;
