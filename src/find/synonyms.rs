//! Synonyms as data: the list that administrators edit, its CSV file, and the set to start from.

pub mod exchange;
pub mod file;
pub mod store;

/// Longest synonym in characters.
pub const TERM_CHARS_MAX: usize = 80;
/// The set to start from, as a CSV file: words of hospitals in Britain and America, by the usual names of types.
pub const STARTER_CSV: &str = include_str!("synonyms/starter.csv");
