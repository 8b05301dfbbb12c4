//! Stock through the real store: levels, alerts and suggestions after whatever people, readers and the calendar do.

mod demand;
mod histories;
mod import;
mod items;
mod lowering;
mod pages;
mod pure_histories;
mod reads;
mod rules;
mod world;
