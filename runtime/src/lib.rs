//! Pipewright's runtime: draw messaging systems as graphs, run them live and simulated. (book to be written)

pub mod check;
pub mod distribution;
pub mod engine;
pub mod expr;
pub mod file;
pub mod graph;
pub mod id;
pub mod message;
pub mod node;
pub mod nodes;
pub mod problem;
pub mod random;
pub mod setting;
pub mod telemetry;
pub mod template;
pub mod units;
pub mod utc;
