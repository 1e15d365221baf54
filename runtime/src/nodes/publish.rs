//! Where messages come from.

pub mod arrivals;
pub mod blob_source;
pub mod closed_loop;
pub mod file_source;
pub mod gate;
pub mod generator;
pub mod http_source;
pub mod modelled;
pub mod reader;
pub mod schedule;
pub mod stdin;
pub mod timestamp;
