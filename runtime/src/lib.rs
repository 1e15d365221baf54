//! Pipewright's runtime: messaging systems as graphs, run live and simulated. No window in here.
//!
//! # The words
//! A *message* is an envelope and a payload. A *pipe* is a bounded edge between two ports of two *nodes*. A *topic* gives every *subscription* a
//! copy; a *queue* gives each message to one *consumer*. A *delivery* is one attempt to hand a message out; it is settled by *ack*, *nack* or
//! *reject*, and until then a *lock* keeps others away. What fails too often becomes a *dead letter*.
//!
//! # The way of a graph
//! [`file`](mod@file) reads RON text into a [`graph::Graph`], the document, which changes only by [`graph::Edit`]. [`check`](mod@check)
//! finds everything wrong with it at once. [`engine::plan::Plan`] is what runs; [`engine::run::Run`] runs it, by the wall clock or by a virtual one. [`telemetry`] is what
//! can be seen of it: a snapshot thirty times a second, and a report at the end.
//!
//! What a node does is a [`node::Behaviour`]: events in, wishes out, no clock and no thread of its own, so the same code runs under both clocks.
//! The kinds are in [`nodes`], each described by one [`node::Kind`].
//!
//! # An example
//! ```
//! use pipewright_runtime::engine::run::{Run, RunOptions};
//! use pipewright_runtime::telemetry::snapshot::{Mode, RunState};
//! use pipewright_runtime::{file, nodes::CATALOGUE, units::Span};
//!
//! let text = r#"(
//!     format: 1,
//!     nodes: {
//!         "orders": generator(rate: "50/s", count: 100),
//!         "work": queue(),
//!         "desk": consumer_pool(servers: 2, service: exponential(mean: "20 ms")),
//!     },
//!     pipes: ["orders.out -> work.in", "work.out -> desk.in"],
//! )"#;
//! let read = file::read(text, CATALOGUE);
//! assert!(read.problems.is_empty());
//! let options = RunOptions { until: Some(Span::secs(10)), ..RunOptions::new(Mode::Simulated, ".") };
//! let run = Run::start(&read.graph, CATALOGUE, &options).expect("the graph is sound");
//! while run.snapshot().state != RunState::Ended {
//!     std::thread::yield_now();
//! }
//! let report = run.report().expect("a run that has ended has a report");
//! assert_eq!(report.messages.delivered, 100);
//! assert!(report.messages.balanced);
//! ```
//!
//! # What holds
//! The guarantees G1 to G16 are numbered sentences in [`engine`]. Rule 9 above all: entered + copied + split off = delivered + absorbed +
//! dropped + dead-lettered + held, in every run, and `held` is counted, not computed.
//!
//! # Reading order
//! [`message`], [`node`], one kind (say `nodes/filter/filter.rs`), [`engine::shard`], [`engine::sim`]. The design's decisions are pages in
//! `docs/decisions`.

pub mod check;
pub mod distribution;
pub mod engine;
pub mod expect;
pub mod expr;
pub mod file;
pub mod graph;
pub mod id;
pub mod letter;
pub mod message;
pub mod node;
pub mod nodes;
pub mod problem;
pub mod random;
pub mod setting;
pub mod stores;
pub mod telemetry;
pub mod template;
pub mod trust;
pub mod units;
pub mod utc;
pub mod wildcard;
