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
mod filters;
mod format;
mod fuzzing;
mod hot_edits;
mod http;
mod order;
mod parity;
mod pressure;
mod profiles;
mod programs;
mod publishers;
mod random_graphs;
mod report;
mod samples;
mod settlement;
mod theory;
mod tidy;
