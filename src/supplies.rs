//! Supplies: what is held as a quantity, how much of it there is, and when to order more.
//!
//! Every change of stock is a [`NewMove`](ledger::NewMove) that [`ledger::post`] appends. In the same transaction the database keeps the
//! levels (a trigger, so that no way of writing can miss it), and [`settle::settle`] looks at each item and place that was touched:
//! alerts begin and end, and the one open suggestion follows the position (R19, R23). What decides is pure: [`rules`] for quantities,
//! [`standing`] for what follows from them.
//!
//! People count by [`counts`], and by scanner: [`scan`] says what a code stands for.
//!
//! What readers tell comes by [`reads`], in the transaction of the consumer; [`cabinet`] decides what it means (R25). A file of items, places
//! and rules comes by [`import`].
//!
//! Rules are inherited down the tree of places ([`inherit`]) and carried into `stocking` ([`carry`]), which is what all of this reads;
//! people change them by [`rulebook`], and items one by one by [`catalogue`].

pub mod acts;
pub mod cabinet;
pub mod carry;
pub mod catalogue;
pub mod counts;
pub mod demand;
pub mod expiry;
pub mod import;
pub mod inherit;
pub mod item_form;
pub mod ledger;
pub mod list;
pub mod lots;
pub mod orders;
pub mod reads;
pub mod rule_form;
pub mod rulebook;
pub mod rules;
pub mod scan;
pub mod sent;
pub mod settle;
pub mod setup;
pub mod silence;
pub mod standing;
pub mod stock;
