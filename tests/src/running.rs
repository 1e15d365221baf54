//! Runs graphs for tests: reads and checks the text, drives it to its end, hands over report and last picture.

use pipewright_runtime::check::check;
use pipewright_runtime::engine::control::Speed;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::file;
use pipewright_runtime::graph::Graph;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::{Problem, Severity};
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot};
use pipewright_runtime::trust::Grants;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a run left behind.
pub struct Ran {
    /// Its report, as JSON.
    pub report: Value,
    /// Its last picture.
    pub snapshot: Arc<Snapshot>,
}

/// Reads a graph that must be free of errors.
pub fn graph(text: &str) -> Graph {
    sound(file::read(text, CATALOGUE), text)
}

/// Reads a graph file with the files that it uses; it must be free of errors.
pub fn graph_of(path: &Path) -> Graph {
    let loaded = file::load(path, CATALOGUE).unwrap_or_else(|error| panic!("{error}"));
    sound(loaded.read, &loaded.text)
}

fn sound(read: file::Read, text: &str) -> Graph {
    let problems = read.problems.into_iter().chain(check(&read.graph, CATALOGUE));
    let errors: Vec<Problem> = problems.filter(|problem| problem.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{}\n{text}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    read.graph
}

/// Options of a run in this mode, until this moment, in the folder of the samples. The graphs of the tests are trusted.
pub fn options(mode: Mode, until: &str) -> RunOptions {
    RunOptions {
        speed: Speed::Fastest,
        until: Some(until.parse().unwrap_or_else(|error| panic!("{error}"))),
        workers: 2,
        grants: Grants::all(),
        ..RunOptions::new(mode, crate::root().join("samples"))
    }
}

/// Runs a graph to its end. The books must balance.
pub fn run(graph: &Graph, options: &RunOptions) -> Ran {
    let run = Run::start(graph, CATALOGUE, options)
        .unwrap_or_else(|problems| panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")));
    let began = Instant::now();
    let snapshot = loop {
        let snapshot = run.snapshot();
        match &snapshot.state {
            RunState::Ended => break snapshot,
            RunState::Failed(error) => panic!("the run failed: {error}"),
            RunState::Running | RunState::Paused | RunState::Stopping => std::thread::sleep(Duration::from_millis(2)),
        }
        assert!(began.elapsed() < Duration::from_mins(2), "the run does not end; its books: {:?}", snapshot.books);
    };
    let report = run.report().expect("a run that has ended has a report");
    let report = serde_json::to_value(report).expect("a report always writes");
    assert_eq!(report["messages"]["balanced"], true, "{}", report["messages"]);
    Ran { report, snapshot }
}

/// Simulates a graph until this moment.
pub fn simulate(text: &str, until: &str, seed: u64) -> Ran {
    run(&graph(text), &RunOptions { seed: Some(seed), ..options(Mode::Simulated, until) })
}

/// Simulates a file of the samples.
pub fn simulated(path: &Path, until: &str) -> Ran {
    let folder = path.parent().expect("a file lies in a folder").to_path_buf();
    run(&graph_of(path), &RunOptions { folder, ..options(Mode::Simulated, until) })
}

/// Runs a graph live until this moment of its clock.
pub fn live(text: &str, until: &str) -> Ran {
    run(&graph(text), &options(Mode::Live, until))
}

/// Runs a graph simulated and live, and looks at each; the word is for messages.
pub fn both(text: &str, until: &str, look: impl Fn(&Ran, &str)) {
    look(&simulate(text, until, 7), "simulated");
    look(&live(text, until), "live");
}

/// Whether everything that the graph expects came true.
pub fn all_met(ran: &Ran, told: &str) {
    let expectations = ran.report["expectations"].as_object().expect("a report has expectations");
    assert!(!expectations.is_empty(), "{told}: the graph says nothing of what to expect");
    for (name, found) in expectations {
        assert_eq!(found["verdict"], "met", "{told}: {name}: {}", found["found"]);
    }
}

/// A figure that a node shows, from the last picture.
pub fn gauge(ran: &Ran, node: &str, name: &str) -> f64 {
    let (_, figures) = ran.snapshot.nodes.iter().find(|(id, _)| id.as_str() == node).unwrap_or_else(|| panic!("no node {node}"));
    figures.gauges.iter().find(|gauge| gauge.name == name).unwrap_or_else(|| panic!("{node} has no figure {name}")).value
}

/// A number of a report, by its JSON pointer.
pub fn number(report: &Value, pointer: &str) -> f64 {
    report.pointer(pointer).and_then(Value::as_f64).unwrap_or_else(|| panic!("the report has no number at {pointer}:\n{report:#}"))
}
