//! Supplies: what is held as a quantity, how much of it there is, and when to order more.

pub mod rules;
