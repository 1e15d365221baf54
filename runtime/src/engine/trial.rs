//! Small graphs for the engine's own tests.

use super::plan::Plan;
use super::sim::{Advance, Simulation, SimulationOptions};
use crate::graph::{Edit, Graph, Node, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::nodes::CATALOGUE;
use crate::setting::Setting;
use crate::telemetry::report::Report;
use crate::units::{Moment, Span};
use std::path::Path;

/// A text setting.
pub fn text(value: &str) -> Setting {
    Setting::text(value)
}

/// A choice.
pub fn word(value: &str) -> Setting {
    Setting::word(value)
}

/// A whole number.
pub const fn number(value: i64) -> Setting {
    Setting::Integer(value)
}

/// `exponential(mean: ...)`
pub fn exponential(mean: &str) -> Setting {
    Setting::Record("exponential".into(), vec![("mean".into(), text(mean))])
}

/// A pipe's id from `a.out -> b.in`.
pub fn pipe(written: &str) -> PipeId {
    let end = |end: &str| {
        let (node, port) = end.trim().split_once('.').expect("node.port");
        End { node: NodeId::new(node).expect("an id"), port: port.into() }
    };
    let (from, to) = written.split_once("->").expect("an arrow");
    PipeId { from: end(from), to: end(to) }
}

/// Nodes as (id, kind, settings).
pub type Nodes<'a> = &'a [(&'a str, &'a str, &'a [(&'a str, Setting)])];

/// A graph of (id, kind, settings) and pipes; a pipe may carry a capacity: `a.out -> b.in @ 4`.
pub fn graph(nodes: Nodes<'_>, pipes: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for (id, kind, settings) in nodes {
        let mut node = Node::new(*kind, Point::default());
        node.settings = settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let id = NodeId::new(id).expect("an id");
        graph.apply(Edit::AddNode(id, Box::new(node), None)).expect("ids differ");
    }
    for written in pipes {
        let (ends, capacity) = written.split_once('@').map_or((*written, None), |(ends, capacity)| (ends, capacity.trim().parse().ok()));
        let mut made = Pipe::default();
        if let Some(capacity) = capacity {
            made.settings.insert("capacity".to_owned(), Setting::Integer(capacity));
        }
        graph.apply(Edit::AddPipe(pipe(ends), Box::new(made), None)).expect("pipes differ");
    }
    graph
}

/// The plan of a graph that is right.
pub fn plan(graph: &Graph, seed: u64) -> Plan {
    Plan::of(graph, CATALOGUE, Some(seed), Path::new(".")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Simulates for this many seconds and reports; the books must balance.
pub fn simulate(graph: &Graph, seed: u64, seconds: f64, options: &SimulationOptions) -> Report {
    let mut simulation = Simulation::new(plan(graph, seed), options);
    let ended = simulation.advance(Moment(Span::from_seconds(seconds).0), u64::MAX);
    assert!(matches!(ended, Advance::Reached | Advance::Over), "{ended:?}");
    let report = simulation.report(Span::ZERO, "until");
    assert!(report.messages.balanced, "{:?}", report.messages);
    report
}
