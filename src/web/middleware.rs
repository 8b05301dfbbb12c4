//! What happens around every handler. [`super::server`] puts these in order.

pub mod error_pages;
