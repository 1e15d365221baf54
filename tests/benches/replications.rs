//! Replications on all cores: what is gained over one.

use super::harness::{Case, Contestant, Goal, Line, Scale, Unit};
use super::running::simulated_rate;
use super::simulated::{M_M_1, graph, horizon, loop_rate};
use super::sticks::heap::Draw;
use std::time::Instant;

const EVENTS: u64 = 2_000_000;

/// How many times as much is done by one for each core at the same time as by one alone.
fn gain(work: impl Fn() + Sync) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let timed = |count: usize| {
        let began = Instant::now();
        std::thread::scope(|scope| (0..count).for_each(|_| drop(scope.spawn(&work))));
        began.elapsed().as_secs_f64()
    };
    let alone = timed(1);
    let together = timed(cores);
    cores as f64 * alone / together
}

fn ours(scale: Scale) -> Vec<f64> {
    let (text, until) = (graph(M_M_1), horizon(M_M_1, scale.count(EVENTS)));
    vec![gain(|| {
        simulated_rate(&text, until);
    })]
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![Case {
        name: "replications on all cores",
        ours: Contestant::new("simulations side by side", ours),
        sticks: vec![Contestant::new("heap loops side by side", |scale| {
            vec![gain(|| {
                loop_rate(M_M_1, Draw::Ziggurat, scale.count(8 * EVENTS));
            })]
        })],
        lines: vec![Line::new("gain over one", Unit::Times, [Goal::RatioAtLeast(0.9)])],
    }]
}
