//! What is measured: counters, timing, taps, the journal, snapshots for the window and the report of a run.

pub mod change;
pub mod counters;
pub mod histogram;
pub mod journal;
pub mod laws;
pub mod report;
pub mod snapshot;
pub mod sums;
pub mod weighted;
