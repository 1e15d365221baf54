//! Runs a plan: stations, pipes, and the two drivers over the same behaviours.
pub mod control;
pub mod run;
