//! The one test program: every module is one subject.

mod claims;
mod cli;
mod composites;
mod determinism;
mod durable;
mod edits;
mod every_kind;
mod experiment;
mod faults;
mod format;
mod fuzzing;
mod order;
mod parity;
mod pressure;
mod random_graphs;
mod report;
mod samples;
mod theory;
mod tidy;
