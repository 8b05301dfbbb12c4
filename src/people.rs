//! People who sign in: accounts, passwords, sessions, and the brake on wrong tries.
//!
//! [`accounts`] has what people and administrators do, each in one transaction with its audit row; the rest are its parts.

pub mod accounts;
pub mod housekeeping;
pub mod model;
pub mod password;
pub mod session;
pub mod store;
pub mod throttle;

pub use model::{SignInName, User};
