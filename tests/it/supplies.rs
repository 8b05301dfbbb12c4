//! Stock through the real store: levels, alerts and suggestions after whatever people, readers and the calendar do.

mod counts;
mod demand;
mod histories;
mod import;
mod items;
mod lots;
mod lowering;
mod orders;
mod pages;
mod pure_histories;
mod reads;
mod rules;
mod scan;
mod setup;
mod world;
