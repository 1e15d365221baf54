//! Simulated queues, all statistics on, against a hand-written loop and another simulator: one thread each.

use super::harness::{Case, Contestant, Goal, Line, Unit, per_second};
use super::running::simulated_rate;
use super::sticks::heap::{self, Draw, Model};
use super::sticks::nexosim;
use pipewright_runtime::units::{SECOND, Span};

const EVENTS: u64 = 4_000_000;

/// Five stations in a row have the rate and the service of the one.
pub const M_M_1: Model = Model { gap: 12.5e6, service: 10e6, servers: 1, stations: 1 };
const M_M_4: Model = Model { gap: 12.5e6 / 4.0, service: 10e6, servers: 4, stations: 1 };
const TANDEM: Model = Model { gap: 12.5e6, service: 10e6, servers: 1, stations: 5 };

/// The graph of a model.
pub fn graph(model: Model) -> String {
    let rate = 1e9 / model.gap;
    let servers = model.servers;
    let mut nodes = format!("\"source\": generator(arrivals: poisson, rate: \"{rate}/s\", payload: \"{{}}\"),\n");
    let mut pipes = String::new();
    let mut before = "source".to_owned();
    for number in 1..=model.stations {
        let service = model.service / 1e6;
        nodes += &format!(
            "\"q{number}\": queue(capacity: 1000000), \"s{number}\": consumer_pool(servers: {servers}, service: exponential(mean: \"{service} ms\")),\n"
        );
        pipes += &format!("\"{before}.out -> q{number}.in\", \"q{number}.out -> s{number}.in\",\n");
        before = format!("s{number}");
    }
    super::live::graph(&nodes, &pipes)
}

/// The virtual time in which about so many events happen.
pub fn horizon(model: Model, events: u64) -> Span {
    let messages = events as f64 / f64::from(1 + model.stations);
    Span((messages * model.gap / 1e9 * SECOND as f64) as u64)
}

/// Events per second of the hand-written loop.
pub fn loop_rate(model: Model, draw: Draw, events: u64) -> f64 {
    per_second(events, || {
        heap::simulate(model, draw, 1, events);
    })
}

fn case(name: &'static str, model: Model) -> Case {
    Case {
        name,
        ours: Contestant::new("a simulation", move |scale| vec![simulated_rate(&graph(model), horizon(model, scale.count(EVENTS)))]),
        sticks: vec![
            Contestant::new("heap loop, ziggurat", move |scale| vec![loop_rate(model, Draw::Ziggurat, scale.count(4 * EVENTS))]),
            Contestant::new("heap loop, -ln(u)", move |scale| vec![loop_rate(model, Draw::Inversion, scale.count(4 * EVENTS))]),
            Contestant::new("nexosim", move |scale| vec![nexosim::rate(model, scale.count(EVENTS / 8))]),
        ],
        lines: vec![Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(0.25), Goal::None, Goal::RatioAtLeast(4.0)])],
    }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![case("simulated, M/M/1", M_M_1), case("simulated, M/M/4", M_M_4), case("simulated, five in tandem", TANDEM)]
}
