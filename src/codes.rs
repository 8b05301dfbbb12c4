//! Codes that people and readers use: tag keys and GS1 numbers. Pure.

pub mod gs1;
pub mod tag_key;
