//! Pages of supplies: what is where, what happened to it, what to order, and how its quantity is made.

mod act;
mod chart;
pub mod counts;
pub mod how;
pub mod import;
pub mod item;
pub mod item_edit;
pub mod item_hold;
mod item_words;
pub mod line;
pub mod lot;
pub mod lots;
pub mod order;
pub mod orders;
pub mod place;
pub mod places;
pub mod reorder;
pub mod rule_edit;
pub mod rule_how;
pub mod rule_new;
mod rule_words;
pub mod rules;
mod samples;
pub mod scan;
mod stock_act;
pub mod supplier;
pub mod words;
