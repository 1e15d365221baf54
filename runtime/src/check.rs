//! Everything wrong with a graph at once, each problem with a code, a place and a hint. Pure: nothing is touched, nothing runs.
//!
//! One file per subject; [`explain`] holds the long explanation of every code. What is wrong with a file's text is found while it is read
//! (`PW1..`, [`crate::file`]); here follow settings (`PW2..`), wiring (`PW3..`), cycles (`PW4..`), expectations
//! (`PW5..`), composites (`PW8..`) and advice (`PW9..`).

pub mod composites;
pub mod explain;
pub mod ports;
pub mod receivers;

mod capacity;
mod cycles;
mod lint;
mod reach;
mod settings;
mod survey;

use crate::graph::Graph;
use crate::node::Catalogue;
use crate::problem::Problem;
use survey::Survey;

/// Checks the whole graph. The worst problems come first; among equals those of the graph, then by node and pipe in the order of the file.
/// What is inside composites is checked as it runs, without their borders (see [`composites`]).
pub fn check(graph: &Graph, catalogue: Catalogue) -> Vec<Problem> {
    if graph.has_composites() {
        return composites::check(graph, catalogue);
    }
    let mut problems = flat(graph, catalogue);
    composites::own_ports(graph, graph, catalogue, &mut problems);
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// Checks a graph without composites.
fn flat(graph: &Graph, catalogue: Catalogue) -> Vec<Problem> {
    let survey = Survey::of(graph, catalogue);
    let mut problems = Vec::new();
    settings::check(&survey, &mut problems);
    ports::check(&survey, &mut problems);
    capacity::check(&survey, &mut problems);
    cycles::check(&survey, &mut problems);
    reach::check(&survey, &mut problems);
    problems.extend(crate::expect::read(graph).1);
    lint::check(&survey, &mut problems);
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::CATALOGUE;

    /// The graph of a text whose sections `nodes` and `pipes` are given.
    pub fn graph(nodes: &str, pipes: &str) -> Graph {
        let text = format!("(format: 1, nodes: {{{nodes}}}, pipes: [{pipes}])");
        let read = crate::file::read(&text, CATALOGUE);
        assert!(read.problems.is_empty(), "{:#?}", read.problems);
        read.graph
    }

    /// What is wrong: code and subject of each problem.
    pub fn found(nodes: &str, pipes: &str) -> Vec<String> {
        let problems = check(&graph(nodes, pipes), CATALOGUE);
        problems.iter().map(|problem| format!("{} {}", problem.code, problem.subject)).collect()
    }

    #[test]
    fn a_sound_graph_has_no_problems() {
        let nodes = r#""a": generator(rate: "10/s"), "q": queue, "p": consumer_pool(servers: 2, service: "20 ms"), "s": sink"#;
        assert_eq!(found(nodes, r#""a.out -> q.in", "q.out -> p.in", "p.out -> s.in""#), [""; 0]);
        assert_eq!(found("", ""), [""; 0]);
    }

    #[test]
    fn everything_is_found_at_once() {
        let nodes = r#""a": generater(), "b": generator(rate: "fast", colour: 3), "s": sink, "t": sink"#;
        let pipes = r#""b.out -> s.in", "b.exit -> s.in", "b.out -> ghost.in""#;
        let mut all = found(nodes, pipes);
        all.sort();
        assert_eq!(
            all,
            [
                "PW202 b.rate",
                "PW204 a",
                "PW205 b.colour",
                "PW301 b.out -> ghost.in",
                "PW302 b.exit -> s.in",
                "PW305 t.in",
                "PW306 b.out -> ghost.in"
            ]
        );
    }

    #[test]
    fn ten_thousand_nodes_are_read_and_checked_in_a_moment() {
        let (mut nodes, mut pipes) = (String::new(), String::new());
        for n in 0..2_500 {
            use std::fmt::Write as _;
            let _ = write!(nodes, "\"g{n}\": generator(rate: \"10/s\", payload: \"{{{{index}}}}\"), \"q{n}\": queue(capacity: 100), ");
            let _ = write!(nodes, "\"p{n}\": consumer_pool(servers: 2, service: \"20 ms\"), \"s{n}\": sink(), ");
            let _ = write!(pipes, "\"g{n}.out -> q{n}.in\", \"q{n}.out -> p{n}.in\", \"p{n}.out -> s{n}.in\", ");
        }
        let start = std::time::Instant::now();
        assert_eq!(found(&nodes, &pipes), [""; 0]);
        // Under 300 ms in a release build; this bound only catches what has become quadratic.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}
