//! Search: text to a query, a query to assets, and their order.

pub mod export;
pub mod favourites;
pub mod filter;
pub mod list;
pub mod nearest;
pub mod query;
pub mod rank;
pub mod search;
pub mod spots;
pub mod synonyms;
pub mod words;
