//! Pages and the endpoint for readers: one file per area, around a small frame.
//!
//! [`server`] starts it, [`routes`] holds the one table of who may call what, `middleware` applies it, [`extract`] gives
//! handlers the person who asks, [`page`] turns an askama template into an answer, and [`error`] turns every error into a page.

pub mod accuracy;
pub mod acts;
pub mod alerts;
pub mod asset_row;
pub mod assets;
pub mod board;
pub(crate) mod cookies;
pub mod csv;
mod csv_upload;
pub mod delivery;
pub mod distance;
pub mod done;
pub mod equipment;
pub mod equipment_import;
pub mod error;
pub mod exports;
pub mod extract;
pub mod fault_tag;
pub mod favourites;
mod fields;
mod filters;
pub mod find;
pub mod health;
pub mod help;
pub mod home;
pub mod ingest;
pub mod labels;
mod middleware;
pub mod more;
mod multipart;
pub mod origin;
pub mod page;
pub mod plan;
pub mod quarantine;
pub mod readers;
pub mod rooms;
pub mod routes;
pub mod server;
pub mod set_up;
pub mod several;
pub mod sign_in;
pub mod site;
pub mod sse;
pub mod static_files;
pub mod status;
pub mod strings;
pub mod supplies;
pub mod synonyms;
pub mod tasks;
pub mod theme;
mod tokens;
mod wording;

pub use error::PageError;
pub use page::{Nav, Page, Shell};
