//! Larger edits made of small ones: remove nodes, cut one out and reconnect, put one into a pipe, copy and paste.

use super::query::FreshIds;
use super::{Edit, Graph, Node, Point};
use crate::id::{End, NodeId, PipeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Graph {
    /// An edit that takes these nodes out, their pipes first.
    pub fn remove_nodes(&self, nodes: &[NodeId]) -> Edit {
        let gone: HashSet<&NodeId> = nodes.iter().filter(|id| self.nodes.contains_key(*id)).collect();
        let touched = |pipe: &&PipeId| gone.contains(&pipe.from.node) || gone.contains(&pipe.to.node);
        let pipes = self.pipes.keys().filter(touched).cloned().map(Edit::RemovePipe);
        let nodes = self.nodes.keys().filter(|id| gone.contains(id)).cloned().map(Edit::RemoveNode);
        // From the end, so that little has to move up.
        let (mut pipes, mut nodes) = (pipes.collect::<Vec<_>>(), nodes.collect::<Vec<_>>());
        pipes.reverse();
        nodes.reverse();
        pipes.extend(nodes);
        Edit::Group(pipes)
    }

    /// An edit that cuts a node out and wires each of its senders to each of its receivers, where `allowed` says that such a pipe may be
    /// and where the node has a single way through: all pipes into one input, all message pipes out of one output. `None` if nothing would be
    /// reconnected. Capacity and other settings are those of the pipe that came in.
    pub fn remove_and_reconnect(&self, node: &NodeId, allowed: impl Fn(&End, &End) -> bool) -> Option<Edit> {
        let into: Vec<_> = self.pipes_into(node).filter(|(id, _)| id.from.node != *node).collect();
        let out: Vec<_> = self.pipes_out_of(node).filter(|(id, _)| id.to.node != *node).collect();
        let mut edits = vec![self.remove_nodes(std::slice::from_ref(node))];
        let removed = edits.len();
        let mut made = HashSet::new();
        for (sent, pipe) in &into {
            for (taken, _) in out.iter().filter(|(id, _)| out.iter().all(|(other, _)| other.from.port == id.from.port)) {
                let id = PipeId { from: sent.from.clone(), to: taken.to.clone() };
                if allowed(&id.from, &id.to) && !self.pipes.contains_key(&id) && made.insert(id.clone()) {
                    edits.push(Edit::AddPipe(id, Box::new(super::Pipe { bends: Vec::new(), ..(*pipe).clone() }), None));
                }
            }
        }
        (edits.len() > removed).then_some(Edit::Group(edits))
    }

    /// An edit that puts a new node into a pipe: sender → `input`, `output` → receiver. The pipe's settings stay with its first half.
    /// `None` if the pipe is not there or the id is taken.
    pub fn insert_into_pipe(&self, pipe: &PipeId, id: NodeId, node: Node, input: &str, output: &str) -> Option<Edit> {
        let (place, _, old) = self.pipes.get_full(pipe)?;
        if self.nodes.contains_key(&id) {
            return None;
        }
        let node_place = self.nodes.get_index_of(&pipe.from.node).map(|place| place + 1);
        let first = PipeId { from: pipe.from.clone(), to: End { node: id.clone(), port: input.into() } };
        let second = PipeId { from: End { node: id.clone(), port: output.into() }, to: pipe.to.clone() };
        let half = super::Pipe { bends: Vec::new(), ..old.clone() };
        Some(Edit::Group(vec![
            Edit::RemovePipe(pipe.clone()),
            Edit::AddNode(id, Box::new(node), node_place),
            Edit::AddPipe(first, Box::new(half), Some(place)),
            Edit::AddPipe(second, Box::default(), Some(place + 1)),
        ]))
    }

    /// These nodes and the pipes between them, as a graph of their own: what goes to the clipboard.
    #[must_use]
    pub fn extract(&self, nodes: &[NodeId]) -> Self {
        let wanted: HashSet<&NodeId> = nodes.iter().collect();
        let nodes = self.nodes.iter().filter(|(id, _)| wanted.contains(id)).map(|(id, node)| (id.clone(), Arc::clone(node)));
        let between = |pipe: &PipeId| wanted.contains(&pipe.from.node) && wanted.contains(&pipe.to.node);
        let pipes = self.pipes.iter().filter(|(id, _)| between(id)).map(|(id, pipe)| (id.clone(), pipe.clone()));
        Self { nodes: nodes.collect(), pipes: pipes.collect(), ..Self::default() }
    }

    /// An edit that puts a copy of another graph's nodes, pipes, frames and notes in, under fresh ids and with its left upper corner at
    /// `at`, and the ids that the nodes get.
    pub fn insert(&self, clip: &Self, at: Point) -> (Edit, Vec<NodeId>) {
        let corner = clip.left_upper();
        let shift = |point: Point| Point { x: point.x - corner.x + at.x, y: point.y - corner.y + at.y };
        let mut fresh = FreshIds::new(self);
        let (mut edits, mut names, mut ids) = (Vec::new(), HashMap::new(), Vec::new());
        for (id, node) in &clip.nodes {
            let name = fresh.like(id.as_str());
            let node = Node { position: shift(node.position), ..Node::clone(node) };
            edits.push(Edit::AddNode(name.clone(), Box::new(node), None));
            ids.push(name.clone());
            names.insert(id, name);
        }
        for (id, pipe) in &clip.pipes {
            let (Some(from), Some(to)) = (names.get(&id.from.node), names.get(&id.to.node)) else { continue };
            let from = End { node: from.clone(), port: id.from.port.clone() };
            let to = End { node: to.clone(), port: id.to.port.clone() };
            let pipe = super::Pipe { bends: pipe.bends.iter().copied().map(shift).collect(), ..pipe.clone() };
            edits.push(Edit::AddPipe(PipeId { from, to }, Box::new(pipe), None));
        }
        let first = self.fresh_frame_id().0;
        for (number, frame) in (first..).zip(clip.frames.values()) {
            let frame = super::Frame { position: shift(frame.position), ..frame.clone() };
            edits.push(Edit::SetFrame(super::FrameId(number), Some(frame)));
        }
        let first = self.fresh_note_id().0;
        for (number, note) in (first..).zip(clip.notes.values()) {
            let note = super::Note { position: shift(note.position), ..note.clone() };
            edits.push(Edit::SetNote(super::NoteId(number), Some(note)));
        }
        (Edit::Group(edits), ids)
    }

    /// The left upper corner of everything drawn; the origin if nothing is.
    fn left_upper(&self) -> Point {
        let places = self.nodes.values().map(|node| node.position);
        let places = places.chain(self.frames.values().map(|f| f.position)).chain(self.notes.values().map(|n| n.position));
        places.reduce(|a, b| Point { x: a.x.min(b.x), y: a.y.min(b.y) }).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, id, pipe, wired};

    fn pipes(graph: &Graph) -> Vec<String> {
        graph.pipes.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn nodes_go_with_their_pipes_and_come_back() {
        let (mut graph, start) = (graph(), graph());
        let back = graph.apply(graph.remove_nodes(&[id("work"), id("ghost"), id("done")])).unwrap();
        assert_eq!(graph.nodes.len(), 2);
        assert!(graph.pipes.is_empty());
        graph.apply(back).unwrap();
        assert_eq!(format!("{graph:?}"), format!("{start:?}"));
    }

    #[test]
    fn a_node_is_cut_out_and_its_neighbours_joined() {
        let mut graph = wired(&["a.out -> b.in", "b.out -> c.in", "x.out -> b.in"]);
        let edit = graph.remove_and_reconnect(&id("b"), |from, _| from.node.as_str() != "x").unwrap();
        graph.apply(edit).unwrap();
        assert_eq!(pipes(&graph), ["a.out -> c.in"]);
        assert_eq!(graph.remove_and_reconnect(&id("c"), |_, _| true), None, "nothing beyond it to join");
        let forked = wired(&["a.out -> b.in", "b.yes -> c.in", "b.no -> d.in"]);
        assert_eq!(forked.remove_and_reconnect(&id("b"), |_, _| true), None, "no single way through");
    }

    #[test]
    fn a_node_is_put_into_a_pipe() {
        let mut graph = graph();
        let edit = graph.insert_into_pipe(&pipe("orders.out -> work.in"), id("f"), Node::default(), "in", "out").unwrap();
        graph.apply(edit).unwrap();
        assert_eq!(pipes(&graph)[..2], ["orders.out -> f.in", "f.out -> work.in"]);
        assert_eq!(graph.pipes[0].settings.len(), 2, "the capacity stays before the new node");
    }

    #[test]
    fn a_copy_has_fresh_ids_and_its_own_place() {
        let mut graph = graph();
        let clip = graph.extract(&[id("orders"), id("work")]);
        assert_eq!(pipes(&clip), ["orders.out -> work.in"]);
        let (edit, ids) = graph.insert(&clip, Point { x: 100.0, y: 50.0 });
        assert_eq!(ids, [id("orders-2"), id("work-2")]);
        graph.apply(edit).unwrap();
        assert_eq!(graph.nodes[&ids[0]].position, Point { x: 100.0, y: 50.0 });
        assert!(graph.pipes.contains_key(&pipe("orders-2.out -> work-2.in")));
    }
}
