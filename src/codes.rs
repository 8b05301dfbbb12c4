//! Codes that people and readers use: tag keys, EPCs and GS1 numbers. Pure.

pub mod epc;
pub mod gs1;
pub mod tag_key;
