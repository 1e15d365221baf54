//! The same changes at the same instants: simulated, cranked with 1, 2 and 4 workers, and live by the wall clock.

use pipewright_runtime::engine::control::Control;
use pipewright_runtime::engine::live::crank::run_changed;
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::engine::publish;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::engine::sim::{Simulation, SimulationOptions};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::id::NodeId;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::change::Changed;
use pipewright_runtime::telemetry::report::Report;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot};
use pipewright_runtime::units::{Moment, Span};
use pipewright_tests::{graph, root};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the changes of one case did, and the reports of all its runs.
pub struct Told {
    /// What each change did, simulated.
    pub changes: Vec<Arc<Changed>>,
    /// Capacity and depth of every bounded pipe just after each change, simulated.
    pub depths: Vec<(u64, u64)>,
    reports: Vec<(String, Value)>,
}

impl Told {
    /// Looks at the report of every run.
    pub fn each(&self, check: impl Fn(&Value, &str)) {
        for (story, report) in &self.reports {
            check(report, story);
        }
    }
}

/// The ids of nodes as texts.
pub fn ids(nodes: &[NodeId]) -> Vec<&str> {
    nodes.iter().map(NodeId::as_str).collect()
}

/// A plan for the tests of changes.
pub fn plan(graph: &Graph) -> Plan {
    Plan::of(graph, CATALOGUE, Some(5), &root().join("samples")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A report without what the two ways to run may differ in.
pub fn story(report: Report) -> Report {
    Report { mode: Mode::Simulated, wall_s: 0.0, ended: String::new(), ..report }
}

fn value(report: &Report) -> Value {
    serde_json::to_value(report).expect("a report always writes")
}

/// Runs a graph with these changes, at milliseconds of the run, in every way; those under the hand-cranked clock tell the same story as the
/// simulation. Then by the wall clock with 1, 2 and 4 workers.
pub fn everywhere(first: &str, changes: &[(u64, String)], until: u64) -> Told {
    let graphs: Vec<(u64, Graph)> = changes.iter().map(|(at, text)| (*at, graph(text))).collect();
    let mut told = simulated(&graph(first), &graphs, until);
    let expected = told.1;
    for workers in [1, 2, 4] {
        let changes = graphs.iter().map(|(at, graph)| (Span::millis(*at), plan(graph))).collect();
        let report = run_changed(plan(&graph(first)), workers, Span::millis(until), changes).expect("threads can be started");
        let (found, wanted) = (value(&story(report)), value(&story(expected.clone())));
        for (field, value) in wanted.as_object().expect("a report is an object") {
            assert_eq!(&found[field], value, "{field}, with {workers} workers");
        }
        told.0.reports.push((format!("cranked with {workers} workers"), found));
    }
    for workers in [1, 2, 4] {
        let mut live = Live::start(first, workers);
        for (at, text) in changes {
            live.until(*at);
            live.redraw(text);
        }
        told.0.reports.push((format!("live with {workers} workers"), live.end()));
    }
    told.0
}

fn simulated(first: &Graph, changes: &[(u64, Graph)], until: u64) -> (Told, Report) {
    let mut simulation = Simulation::new(plan(first), &SimulationOptions::default());
    let (mut done, mut depths) = (Vec::new(), Vec::new());
    for (at, graph) in changes {
        simulation.advance(Moment(at * 1_000_000), u64::MAX);
        done.push(simulation.redraw(plan(graph)).unwrap_or_else(|why| panic!("{why}")));
        let picture = picture(&mut simulation);
        assert!(picture.books.balanced(), "{:?}", picture.books);
        depths.extend(picture.pipes.values().filter(|pipe| pipe.capacity > 0).map(|pipe| (pipe.capacity, pipe.depth)));
    }
    simulation.advance(Moment(until * 1_000_000), u64::MAX);
    let report = simulation.report(Span::ZERO, "");
    let reports = vec![("simulated".to_owned(), value(&report))];
    (Told { changes: done, depths, reports }, report)
}

/// The picture of a simulation.
pub fn picture(simulation: &mut Simulation) -> Snapshot {
    let part = simulation.part();
    publish::snapshot(simulation.names(), &[part], Mode::Simulated, RunState::Running, Span::ZERO)
}

/// A live run under the hands of a test.
pub struct Live {
    run: Run,
    began: Instant,
}

impl Live {
    /// Starts a graph that ends by itself.
    pub fn start(text: &str, workers: usize) -> Self {
        let options = RunOptions { workers, seed: Some(5), ..RunOptions::new(Mode::Live, root().join("samples")) };
        let run = Run::start(&graph(text), CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self { run, began: Instant::now() }
    }

    /// The newest picture.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.run.snapshot()
    }

    /// Asks for something.
    pub fn send(&self, control: Control) {
        assert!(self.run.send(control).is_ok(), "a run that is not flooded takes requests");
    }

    /// Waits until this is so.
    pub fn wait_for(&mut self, what: &str, so: impl Fn(&Snapshot) -> bool) {
        loop {
            let snapshot = self.snapshot();
            if let RunState::Failed(error) = &snapshot.state {
                panic!("the run failed: {error}");
            }
            if so(&snapshot) {
                return;
            }
            assert!(self.began.elapsed() < Duration::from_mins(1), "{what} does not come: {:?}", snapshot.books);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for this moment of the run, in milliseconds.
    pub fn until(&mut self, millis: u64) {
        self.wait_for("the moment", |snapshot| snapshot.now >= Moment(millis * 1_000_000) || snapshot.state == RunState::Ended);
    }

    /// Asks for a change without waiting for it.
    pub fn redraw_at_once(&self, text: &str) {
        self.send(Control::Redraw(Arc::new(graph(text))));
    }

    /// Changes the graph.
    pub fn redraw(&mut self, text: &str) {
        let before = self.snapshot().changes.applied;
        self.redraw_at_once(text);
        self.wait_for("the change", |snapshot| snapshot.changes.applied > before);
        // Composites are taken apart in what runs.
        let (snapshot, wanted) = (self.snapshot(), plan(&graph(text)));
        assert!(wanted.stations.iter().map(|station| &station.id).eq(snapshot.nodes.keys()));
        assert!(wanted.pipes.iter().map(|pipe| &pipe.id).eq(snapshot.pipes.keys()));
    }

    /// Waits for the end; the report.
    pub fn end(mut self) -> Value {
        self.wait_for("the end", |snapshot| snapshot.state == RunState::Ended);
        value(self.run.report().expect("a run that has ended has a report"))
    }
}
