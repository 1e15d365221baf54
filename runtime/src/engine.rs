//! Runs a plan: stations, pipes, and the two drivers over the same behaviours.
//!
//! A [`plan::Plan`] is a graph taken apart. [`shard::Shard`] runs some of its stations on one thread, in rounds, with the clock as an
//! argument; it keeps the guarantees G1 to G16 of the design. [`sim`] drives one shard through virtual time. [`live`] drives one for each
//! worker thread by the wall clock, or cranked by hand for the tests. [`run`] is the handle that the window and the command line hold.

pub mod assemble;
pub mod calendar;
pub mod control;
pub mod deadlock;
pub mod files;
pub mod inbox;
pub mod live;
pub mod pipe;
pub mod plan;
pub mod publish;
pub mod records;
pub mod run;
pub mod shard;
pub mod signal;
pub mod sim;
pub mod slots;
pub mod station;
pub mod summary;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_live;
#[cfg(test)]
mod trial;
