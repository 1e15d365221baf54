//! Runs a plan: stations, pipes, and the two drivers over the same behaviours.
//!
//! A [`plan::Plan`] is a graph taken apart. [`shard::Shard`] runs some of its stations on one thread, in rounds, with the clock as an
//! argument; it keeps the guarantees G1 to G16 of the design. [`sim`] drives one shard through virtual time; [`experiment`] does so
//! many times over. [`live`] drives one for each worker thread by the wall clock, or cranked by hand for the tests. [`run`] is the handle
//! that the window and the command line hold.
//!
//! # How a message moves
//! Each sentence is kept by the module named, and has a test that bears its number.
//!
//! - **G1** A pipe never holds more than its capacity, and a station with an undelivered output takes no further message; signals always
//!   reach it (`shard/carry.rs`, `pipe.rs`).
//! - **G2** A topic never blocks: the pipe to a subscription has no bound, the subscription's buffer has (`shard/carry.rs`).
//! - **G3** A store hands out only against credit, credits in order of arrival; a consumer grants free servers + prefetch
//!   (`shard/take.rs`).
//! - **G4** The last descendant of a delivery acks it; a failure anywhere nacks the whole (`shard/settle.rs`).
//! - **G5** What is made from a message has an id derived from it: a redelivery makes the same id (`crate::message`, `crate::id`).
//! - **G6** One latency sample for each delivered message, from the entry of its oldest ancestor (`shard/carry.rs`).
//! - **G7** Arrivals of an open loop keep their due times, blocked or not; a user of a closed loop sends only after the last descendant of the
//!   message before has ended (`nodes/publish`, `shard/settle.rs`).
//! - **G8** A hold occupies a server; a finished one with a blocked output stays occupied: blocked, not busy (`slots.rs`, `station.rs`).
//! - **G9** The outside is asked and answers later; answers to an older generation are discarded; a simulation writes nothing unless told
//!   (`live/outside.rs`, `sim.rs`).
//! - **G10** A pipe is first in, first out; across pipes into one port messages come by arrival (`inbox.rs`).
//! - **G11** The same seed gives the same story, simulated and cranked, with any number of workers (`inbox.rs`, `live/crank.rs`).
//! - **G12** Pause stands at an event boundary and stops run time; a step runs the earliest due event; a stop drains for 5 s; a change
//!   touches what differs only, and says what became of the messages under way (`live/conductor.rs`, `run.rs`, `change.rs`).
//! - **G13** Stations that wait for each other in a circle are named; a circle without time ends the run by name (`deadlock.rs`,
//!   `shard/take.rs`).
//! - **G14** Payloads are shared, and parsed once (`crate::message`).
//! - **G15** A node's streams follow from its id alone (`crate::random`).
//! - **G16** Time is nanoseconds on the run clock; simulated calendar time starts at the graph's `starts_at` (`plan.rs`).

pub mod assemble;
pub mod calendar;
pub mod change;
pub mod control;
pub mod deadlock;
pub mod desk;
pub mod dry_run;
pub mod experiment;
pub mod files;
pub mod inbox;
pub mod laws;
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
mod tests_guarantees;
#[cfg(test)]
mod tests_live;
#[cfg(test)]
mod tests_redrive;
#[cfg(test)]
mod trial;
