//! The way of a sighting from the broker into the database.
