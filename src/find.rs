//! Search: text to a query, a query to assets, and their order.

pub mod query;
pub mod rank;
pub mod search;
