//! A large simulation: 10,000 nodes with 100,000 events pending, and how much dearer an event is there than in a small one.

use super::harness::{Case, Contestant, Goal, Line, Scale, Unit};
use super::live::graph;
use super::running::start;
use super::sticks::heap;
use pipewright_runtime::engine::control::Speed;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState};
use pipewright_runtime::units::Span;
use std::time::Duration;

/// Lines of three nodes.
const LINES: u32 = 3_334;
/// Messages in service on each line.
const PENDING: u32 = 30;
const EVENTS: u64 = 2_000_000;

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

/// Events per second, from the fifth second of virtual time on.
fn rate(count: u32, events: u64) -> f64 {
    const RUN_UP: f64 = 5.0;
    let until = RUN_UP + events as f64 / f64::from(2 * PENDING * count);
    let options = RunOptions {
        speed: Speed::Fastest,
        until: Some(Span::from_seconds(until)),
        ..RunOptions::new(Mode::Simulated, std::env::temp_dir())
    };
    let run = start(&lines(count), &options);
    let mut first: Option<(u64, Span)> = None;
    loop {
        let snapshot = run.snapshot();
        match snapshot.state {
            RunState::Ended => {
                let (events, wall) = first.expect("a picture was taken after the run-up");
                return (snapshot.events - events) as f64 / (snapshot.wall.seconds() - wall.seconds());
            }
            RunState::Running if first.is_none() && snapshot.now.seconds() >= RUN_UP => first = Some((snapshot.events, snapshot.wall)),
            RunState::Running => {}
            ref other => panic!("{other:?}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
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
