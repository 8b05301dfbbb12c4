//! Pages and the endpoint for readers: one file per area, around a small frame.
//!
//! [`server`] starts it, [`routes`] holds the one table of who may call what, `middleware` applies it, [`extract`] gives
//! handlers the person who asks, [`page`] turns an askama template into an answer, and [`error`] turns every error into a page.

pub mod asset_row;
pub mod assets;
mod cookies;
pub mod error;
pub mod extract;
mod filters;
pub mod find;
pub mod health;
pub mod home;
pub mod ingest;
mod middleware;
pub mod page;
pub mod quarantine;
pub mod readers;
pub mod rooms;
pub mod routes;
pub mod server;
pub mod set_up;
pub mod sign_in;
pub mod site;
pub mod static_files;
pub mod status;
pub mod strings;
pub mod theme;
mod tokens;
mod wording;

pub use error::PageError;
pub use page::{Nav, Page, Shell};
