//! What happens around every handler. [`super::server`] puts these in order.

pub mod error_pages;
pub mod form_token;
pub mod front_door;
pub mod guard;
pub mod security_headers;
pub mod trace;
