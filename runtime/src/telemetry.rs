//! What is measured: counters, timing, taps, the journal, snapshots for the window and the report of a run.

pub mod histogram;
pub mod snapshot;
pub mod weighted;
