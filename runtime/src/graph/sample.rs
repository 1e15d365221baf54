//! A small graph for the unit tests of this folder.

use super::{Frame, FrameId, Graph, Node, Note, NoteId, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::setting::Setting;
use std::sync::Arc;

pub fn id(text: &str) -> NodeId {
    NodeId::new(text).expect("a sound id")
}

pub fn end(text: &str) -> End {
    let (node, port) = text.split_once('.').expect("node.port");
    End { node: id(node), port: port.into() }
}

/// `a.out -> b.in`
pub fn pipe(text: &str) -> PipeId {
    let (from, to) = text.split_once(" -> ").expect("from -> to");
    PipeId { from: end(from), to: end(to) }
}

/// Nodes and pipes alone, every kind `k`.
pub fn wired(pipes: &[&str]) -> Graph {
    let mut graph = Graph::default();
    for text in pipes {
        let pipe = pipe(text);
        for node in [&pipe.from.node, &pipe.to.node] {
            graph.nodes.entry(node.clone()).or_insert_with(|| Arc::new(Node::new("k", Point::default())));
        }
        graph.pipes.insert(pipe, Pipe::default());
    }
    graph
}

/// Orders, a queue, workers, a sink; a frame and two notes.
pub fn graph() -> Graph {
    let mut graph = wired(&["orders.out -> work.in", "work.out -> workers.in", "work.out -> done.in"]);
    graph.title = "Sample".into();
    graph.settings.insert("seed".into(), Setting::Integer(7));
    graph.settings.insert("starts_at".into(), Setting::text("2026-01-01T00:00:00Z"));
    let orders = Arc::make_mut(&mut graph.nodes[&id("orders")]);
    for (name, value) in [("arrivals", Setting::word("poisson")), ("rate", Setting::text("20/s")), ("count", Setting::Integer(9))] {
        orders.settings.insert(name.into(), value);
    }
    let first = graph.pipes.get_index_mut(0).expect("three pipes").1;
    first.settings.insert("capacity".into(), Setting::Integer(64));
    first.settings.insert("colour".into(), Setting::word("red"));
    for number in [1, 4] {
        graph.frames.insert(FrameId(number), Frame { size: Point { x: 600.0, y: 300.0 }, ..Frame::default() });
        graph.notes.insert(NoteId(number), Note { text: format!("note {number}"), ..Note::default() });
    }
    graph
}
