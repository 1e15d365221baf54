//! A large simulation: 10,000 nodes with 100,000 events pending, and how much dearer an event is there than in a small one.

use super::harness::{Case, Contestant, Goal, Line, Scale, Unit};
use super::live::graph;
use super::sticks::heap;
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::engine::sim::{Advance, Simulation, SimulationOptions};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::units::{Moment, Span};
use std::time::{Duration, Instant};

/// Lines of three nodes.
const LINES: u32 = 3_334;
/// Messages in service on each line.
const PENDING: u32 = 30;
const EVENTS: u64 = 2_000_000;
/// A run takes no more pictures than this.
const PICTURE_EVERY: Duration = Duration::from_millis(33);

/// Sources, pools that never make anybody wait, sinks. Service takes a second.
fn lines(count: u32) -> String {
    let (nodes, pipes): (Vec<_>, Vec<_>) = (0..count)
        .map(|n| {
            let source = format!("\"a{n}\": generator(arrivals: poisson, rate: \"{PENDING}/s\", payload: \"{{}}\"),");
            let rest = format!("\"b{n}\": consumer_pool(size: unlimited, service: exponential(mean: \"1 s\")), \"c{n}\": sink(),\n");
            (source + &rest, format!("\"a{n}.out -> b{n}.in\", \"b{n}.out -> c{n}.in\",\n"))
        })
        .unzip();
    graph(&nodes.concat(), &pipes.concat())
}

/// Events per second, from the fifth second of virtual time on, with pictures taken as often as a run takes them.
fn rate(count: u32, events: u64) -> f64 {
    const RUN_UP: f64 = 5.0;
    let moment = |seconds: f64| Moment(Span::from_seconds(seconds).0);
    let graph = pipewright_tests::graph(&lines(count));
    let plan = Plan::of(&graph, CATALOGUE, None, &std::env::temp_dir()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut simulation = Simulation::new(plan, &SimulationOptions::default());
    assert_eq!(simulation.advance(moment(RUN_UP), u64::MAX), Advance::Reached);
    let end = moment(RUN_UP + events as f64 / f64::from(2 * PENDING * count));
    let (began, before) = (Instant::now(), simulation.events());
    let (mut pictured, mut cost) = (began, Duration::ZERO);
    while simulation.advance(end, 2_048) != Advance::Reached {
        if pictured.elapsed() >= PICTURE_EVERY.max(cost * 20) {
            pictured = Instant::now();
            drop(simulation.part());
            cost = pictured.elapsed();
        }
    }
    (simulation.events() - before) as f64 / began.elapsed().as_secs_f64()
}

fn figures(small: f64, large: f64) -> Vec<f64> {
    vec![large, small / large]
}

fn ours(scale: Scale) -> Vec<f64> {
    figures(rate(1, scale.count(EVENTS)), rate(LINES, scale.count(EVENTS)))
}

fn stick(scale: Scale) -> Vec<f64> {
    let at = |lines| heap::side_by_side(lines, 1e9 / f64::from(PENDING), 1e9, scale.count(2 * EVENTS));
    figures(at(1), at(LINES))
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![Case {
        name: "simulated, 10,000 nodes, 100,000 pending",
        ours: Contestant::new("a simulation", ours),
        sticks: vec![Contestant::new("heap loop", stick)],
        lines: vec![
            Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(0.25)]),
            Line::new("growth of an event's cost", Unit::Times, [Goal::RatioAtMost(1.0)]),
        ],
    }]
}
