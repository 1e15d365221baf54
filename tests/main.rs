//! The one test program: every module is one subject.

mod cli;
mod determinism;
mod edits;
mod every_kind;
mod experiment;
mod faults;
mod format;
mod order;
mod parity;
mod pressure;
mod report;
mod samples;
mod theory;
mod tidy;
