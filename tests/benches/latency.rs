//! Latency of a live run at an even rate, from the moment a message is due, and what a message costs the processors.

use super::harness::{Case, Contestant, Goal, Line, Unit};
use super::live::{five_stages, graph};
use super::process::processor_time;
use super::running::{end, live, look_on, start};
use super::sticks::tokio_chain;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::units::Span;
use std::time::Duration;

const RATE: u32 = 50_000;
const TIME: Duration = Duration::from_millis(1_500);

fn ours(time: Duration) -> Vec<f64> {
    let (nodes, pipes) = five_stages("", &format!("arrivals: constant, rate: \"{RATE}/s\""));
    let run = start(&graph(&nodes, &pipes), &RunOptions { warm_up: Span::from_seconds(0.15), ..live(0) });
    let before = (look_on(&run, Duration::from_millis(200)), processor_time());
    let after = (look_on(&run, time), processor_time());
    let report = end(run);
    let messages = after.0.books.delivered - before.0.books.delivered;
    let spans = after.0.now.since(before.0.now).seconds();
    // Pictures are up to 33 ms old: the time that they span is what the messages are counted over.
    let used = (after.1 - before.1) / time.as_secs_f64() * spans;
    vec![report.latency.p50_s, report.latency.p99_s, used / messages as f64]
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let no_worse = || [Goal::RatioAtMost(1.0)];
    vec![Case {
        name: "live, latency at 50,000/s",
        ours: Contestant::new("a live run", |scale| ours(scale.time(TIME))),
        sticks: vec![Contestant::new("tasks, tokio mpsc", |scale| tokio_chain::paced(RATE, scale.time(TIME)).to_vec())],
        lines: vec![
            Line::new("p50", Unit::Seconds, no_worse()),
            Line::new("p99", Unit::Seconds, no_worse()),
            Line::new("processor time a message", Unit::Seconds, no_worse()),
        ],
    }]
}
