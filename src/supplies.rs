//! Supplies: what is held as a quantity, how much of it there is, and when to order more.
//!
//! Every change of stock is a [`NewMove`](ledger::NewMove) that [`ledger::post`] appends. In the same transaction the database keeps the
//! levels (a trigger, so that no way of writing can miss it), and [`settle::settle`] looks at each item and place that was touched:
//! alerts begin and end, and the one open suggestion follows the position (R19, R23). What decides is pure: [`rules`] for quantities,
//! [`standing`] for what follows from them.

pub mod acts;
pub mod demand;
pub mod expiry;
pub mod ledger;
pub mod list;
pub mod orders;
pub mod rules;
pub mod settle;
pub mod standing;
pub mod stock;
