//! Measuring wardtrack on real servers, each figure beside the limit of what it stands on, taken in the same run.
//!
//! `ingest` runs the whole measurement of the ingest path, `search` that of the pages of results beside it, `supplies` the ledger
//! of stock. Everything lies in a
//! database and a virtual host of its own, which are taken away in the end, after an interrupt too. `docs/BENCH.md` explains the
//! figures.

mod child;
mod cpu;
pub mod ingest;
mod load;
mod publish;
mod raw;
pub mod recall;
pub mod report;
mod rows;
pub mod search;
mod stage;
pub mod supplies;
