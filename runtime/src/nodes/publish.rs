//! Where messages come from.

pub mod arrivals;
pub mod generator;
