//! Equipment par (R8) and the board of a unit: how many ready assets its rooms should hold, how many they do, and where more are.

pub mod lines;
pub mod model;
pub mod rules;
pub mod screens;
pub mod sheet;
pub mod store;
