//! Random changes of random graphs while they run: whatever is redrawn, the books balance at once and to the end, the laws hold, and the story is
//! the same with any number of workers.

use super::runs::{picture, plan, story};
use crate::random_graphs::generate::generate;
use pipewright_runtime::check::check;
use pipewright_runtime::check::ports::may_connect;
use pipewright_runtime::engine::live::crank::run_changed;
use pipewright_runtime::engine::sim::{Advance, Simulation, SimulationOptions};
use pipewright_runtime::graph::{Edit, Graph, Node, Point};
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;
use pipewright_runtime::random::{Random, StreamKey};
use pipewright_runtime::setting::Setting;
use pipewright_runtime::units::{Moment, Span};
use pipewright_tests::graph;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many graphs the normal run takes; `PIPEWRIGHT_GRAPHS` makes it long, `PIPEWRIGHT_GRAPH_SEED` repeats one.
const NORMAL: u64 = 60;
/// Seeds beyond these that once told different stories.
///
/// - 1339: a throttle that a queue and a delay feed counted, when it gave the queue credit, what the delay had sent in that same round, if
///   both ran on one worker.
/// - 1508: a node was taken out in whose input messages still waited from a pipe that an earlier change had taken out. They went back to their
///   sender, which nobody wired anew, and were lost.
const ONCE_WRONG: [u64; 2] = [1339, 1508];
/// How many changes each graph goes through, one every so many milliseconds.
const CHANGES: u64 = 8;
const EVERY: u64 = 150;

struct Hand(Random);

impl Hand {
    fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound.max(1) as u64) as usize
    }

    fn node(&mut self, graph: &Graph) -> NodeId {
        let place = self.below(graph.nodes().len());
        graph.nodes().get_index(place).expect("it is in range").0.clone()
    }

    fn pipe(&mut self, graph: &Graph) -> Option<PipeId> {
        let place = self.below(graph.pipes().len());
        graph.pipes().get_index(place).map(|(id, _)| id.clone())
    }

    /// A change that a person might make.
    fn change(&mut self, graph: &Graph) -> Option<Edit> {
        let allowed = |from: &_, to: &_| may_connect(graph, CATALOGUE, from, to).is_ok();
        Some(match self.below(8) {
            0 | 1 => {
                let node = self.node(graph);
                let mut without = graph.clone();
                without.apply(graph.remove_nodes(std::slice::from_ref(&node))).ok()?;
                let may = |from: &_, to: &_| may_connect(&without, CATALOGUE, from, to).is_ok();
                graph.remove_and_reconnect(&node, may)?
            }
            2 | 3 => {
                let kind = ["delay", "throttle", "wire_tap", "queue"][self.below(4)];
                let id = graph.fresh_node_id(kind);
                graph.insert_into_pipe(&self.pipe(graph)?, id, Node::new(kind, Point::default()), "in", "out")?
            }
            4 => {
                let capacity = [1, 2, 7, 300][self.below(4)];
                Edit::SetPipeSetting(self.pipe(graph)?, "capacity".into(), Some(Setting::Integer(capacity)))
            }
            5 => {
                // The end of a pipe is led elsewhere.
                let pipe = self.pipe(graph)?;
                let to = self.pipe(graph)?.to;
                let other = PipeId { from: pipe.from.clone(), to };
                if other == pipe || graph.pipe(&other).is_some() || !allowed(&other.from, &other.to) {
                    return None;
                }
                Edit::Group(vec![Edit::RemovePipe(pipe), Edit::AddPipe(other, Box::default(), None)])
            }
            6 => {
                let node = self.node(graph);
                Edit::SetSetting(
                    node,
                    ["servers", "capacity", "most_held"][self.below(3)].into(),
                    Some(Setting::Integer(1 + self.below(9) as i64)),
                )
            }
            _ => graph.remove_nodes(&[self.node(graph)]),
        })
    }

    /// The next drawing that is free of errors: some changes may be needed for that.
    fn next(&mut self, graph: &Graph) -> Graph {
        for _ in 0..60 {
            let mut drawn = graph.clone();
            for _ in 0..=self.below(3) {
                if let Some(edit) = self.change(&drawn) {
                    let _ = drawn.apply(edit);
                }
            }
            let sound = check(&drawn, CATALOGUE).iter().all(|problem| problem.severity != Severity::Error);
            if sound && drawn != *graph && !drawn.nodes().is_empty() {
                return drawn;
            }
        }
        graph.clone()
    }
}

/// The graph of a seed, and what it is changed to, one after the other.
fn drawings(seed: u64) -> (Graph, Vec<Graph>) {
    let first = graph(&generate(seed));
    let mut hand = Hand(StreamKey::of_node(seed, 0, "hot edits").for_index(0));
    let mut drawings: Vec<Graph> = Vec::new();
    for _ in 0..CHANGES {
        let next = hand.next(drawings.last().unwrap_or(&first));
        drawings.push(next);
    }
    (first, drawings)
}

fn change_and_compare(seed: u64) -> usize {
    let (first, drawings) = drawings(seed);
    let mut simulation = Simulation::new(plan(&first), &SimulationOptions::default());
    let mut touched = 0;
    for (number, drawing) in (1..).zip(&drawings) {
        // A drawing whose messages run in a circle without time passing ends its run by name (G13); there is nothing to go on with.
        if let Advance::Broken(_) = simulation.advance(Moment(number * EVERY * 1_000_000), u64::MAX) {
            return touched;
        }
        let before = simulation.report(Span::ZERO, "").messages;
        let changed = simulation.redraw(plan(drawing)).unwrap_or_else(|why| panic!("{why}"));
        touched += usize::from(!changed.is_empty());
        let report = simulation.report(Span::ZERO, "");
        assert!(report.messages.balanced && report.laws.hold, "{changed}\n{:?}\n{:?}", report.laws.breaches(), report.messages);
        let lost =
            |messages: &pipewright_runtime::telemetry::report::Messages| messages.dropped.values().sum::<u64>() + messages.dead_lettered;
        assert_eq!(
            lost(&report.messages) - lost(&before),
            changed.dropped + changed.dead_lettered,
            "nothing is lost that is not told: {changed}"
        );
        for (id, pipe) in picture(&mut simulation).pipes.iter().filter(|(_, pipe)| pipe.capacity > 0) {
            assert!(pipe.depth <= pipe.capacity, "{id}: depth {} in a pipe of {}", pipe.depth, pipe.capacity);
        }
    }
    let until = (CHANGES + 4) * EVERY;
    if let Advance::Broken(_) = simulation.advance(Moment(until * 1_000_000), u64::MAX) {
        return touched;
    }
    let expected = story(simulation.report(Span::ZERO, ""));
    assert!(expected.messages.balanced && expected.laws.hold, "{:?}\n{:?}", expected.laws.breaches(), expected.messages);
    let workers = [1, 2, 4][seed as usize % 3];
    let changes = (1..).zip(&drawings).map(|(number, drawing)| (Span::millis(number * EVERY), plan(drawing))).collect();
    let cranked = run_changed(plan(&first), workers, Span::millis(until), changes).expect("threads can be started");
    assert_eq!(story(cranked), expected, "with {workers} workers");
    touched
}

#[test]
fn g12_random_changes_of_random_graphs_lose_nothing_in_silence() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("PIPEWRIGHT_GRAPH_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("PIPEWRIGHT_GRAPHS").unwrap_or(NORMAL)).chain(ONCE_WRONG).collect(),
    };
    let (mut touched, mut graphs) = (0, 0);
    for seed in seeds {
        // Once sources are exhausted a run is over, and its clock stands where it ended.
        let endless = |line: &str| line.contains(": generator(") && !line.contains("count: ");
        if !generate(seed).lines().any(endless) {
            continue;
        }
        graphs += 1;
        let result = catch_unwind(AssertUnwindSafe(|| change_and_compare(seed)));
        let told = format!("repeat it: PIPEWRIGHT_GRAPH_SEED={seed} cargo test -p pipewright-tests g12_random_changes");
        touched += result.unwrap_or_else(|_| panic!("{}\n{told}", generate(seed)));
    }
    assert!(touched > graphs, "next to nothing was changed: {touched} changes of {graphs} graphs");
}
