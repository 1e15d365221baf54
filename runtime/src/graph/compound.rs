//! Larger edits made of small ones: remove nodes, cut one out and reconnect, put one into a pipe, copy and paste.

use super::query::FreshIds;
use super::{Edit, Graph, Node, Point};
use crate::id::{End, NodeId, PipeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Graph {
    /// These nodes and what is inside the composites among them.
    fn with_content<'a>(&'a self, nodes: &'a [NodeId]) -> HashSet<&'a NodeId> {
        let mut all: HashSet<&NodeId> = nodes.iter().filter(|id| self.nodes.contains_key(*id)).collect();
        let composites: Vec<&NodeId> = all.iter().copied().filter(|id| self.nodes[*id].is_composite()).collect();
        if !composites.is_empty() {
            let inside = |id: &&NodeId| id.above().any(|above| composites.iter().any(|composite| composite.as_str() == above));
            all.extend(self.nodes.keys().filter(inside));
        }
        all
    }

    /// Whether a frame or note stands in one of these.
    fn stands_in(&self, inside: Option<&NodeId>, nodes: &HashSet<&NodeId>) -> bool {
        inside.is_some_and(|level| nodes.contains(level) && self.nodes[level].is_composite())
    }

    /// An edit that takes these nodes out, with what is inside them, their pipes first.
    pub fn remove_nodes(&self, nodes: &[NodeId]) -> Edit {
        let gone = self.with_content(nodes);
        let touched = |pipe: &&PipeId| gone.contains(&pipe.from.node) || gone.contains(&pipe.to.node);
        let pipes = self.pipes.keys().filter(touched).cloned().map(Edit::RemovePipe);
        let nodes = self.nodes.keys().filter(|id| gone.contains(id)).cloned().map(Edit::RemoveNode);
        // From the end, so that little has to move up.
        let (mut pipes, mut nodes) = (pipes.collect::<Vec<_>>(), nodes.collect::<Vec<_>>());
        pipes.reverse();
        nodes.reverse();
        pipes.extend(nodes);
        let frames = self.frames.iter().filter(|(_, frame)| self.stands_in(frame.inside.as_ref(), &gone));
        pipes.extend(frames.map(|(id, _)| Edit::SetFrame(*id, None)));
        let notes = self.notes.iter().filter(|(_, note)| self.stands_in(note.inside.as_ref(), &gone));
        pipes.extend(notes.map(|(id, _)| Edit::SetNote(*id, None)));
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

    /// These nodes with what is inside them and the pipes between them, as a graph of their own: what goes to the clipboard.
    #[must_use]
    pub fn extract(&self, nodes: &[NodeId]) -> Self {
        let wanted = self.with_content(nodes);
        let nodes = self.nodes.iter().filter(|(id, _)| wanted.contains(id)).map(|(id, node)| (id.clone(), Arc::clone(node)));
        let between = |pipe: &PipeId| wanted.contains(&pipe.from.node) && wanted.contains(&pipe.to.node);
        let pipes = self.pipes.iter().filter(|(id, _)| between(id)).map(|(id, pipe)| (id.clone(), pipe.clone()));
        let frames = self.frames.iter().filter(|(_, frame)| self.stands_in(frame.inside.as_ref(), &wanted));
        let notes = self.notes.iter().filter(|(_, note)| self.stands_in(note.inside.as_ref(), &wanted));
        Self {
            nodes: nodes.collect(),
            pipes: pipes.collect(),
            frames: frames.map(|(id, frame)| (*id, frame.clone())).collect(),
            notes: notes.map(|(id, note)| (*id, note.clone())).collect(),
            parts: self.parts.clone(),
            ..Self::default()
        }
    }

    /// An edit that puts a copy of another graph's nodes, pipes, frames and notes in, under fresh ids and with its left upper corner at
    /// `at`, and the ids that the nodes get. Nodes whose path would become too long are left out.
    pub fn insert(&self, clip: &Self, at: Point) -> (Edit, Vec<NodeId>) {
        self.insert_on(None, clip, at)
    }

    /// The same, on a level.
    pub fn insert_on(&self, level: Option<&NodeId>, clip: &Self, at: Point) -> (Edit, Vec<NodeId>) {
        let corner = clip.left_upper();
        let shift = |point: Point| Point { x: point.x - corner.x + at.x, y: point.y - corner.y + at.y };
        let mut fresh = FreshIds::new(self);
        let (mut edits, mut names, mut ids) = (Vec::new(), HashMap::new(), Vec::new());
        // A composite before what is inside it, whose new path follows from its own.
        let mut order: Vec<_> = clip.nodes.iter().map(|(id, node)| (id, node, clip.level_of(id))).collect();
        order.sort_by_key(|(id, _, level)| level.map_or(0, |_| id.above().count()));
        for (id, node, held) in order {
            let mut node = Node::clone(node);
            let name = if let Some(held) = held {
                let inner = id.below(held.as_str()).unwrap_or(id.last());
                let Some(name) = names.get(held).and_then(|outer| NodeId::inside(Some(outer), inner)) else { continue };
                name
            } else {
                node.position = shift(node.position);
                let name = self.fresh_on(&mut fresh, level, id.last());
                ids.push(name.clone());
                name
            };
            edits.push(Edit::AddNode(name.clone(), Box::new(node), None));
            names.insert(id, name);
        }
        let stands = |inside: Option<&NodeId>| match inside {
            None => Some(level.cloned()),
            Some(inside) => names.get(inside).map(|name| Some(name.clone())),
        };
        for (id, pipe) in &clip.pipes {
            let (Some(from), Some(to)) = (names.get(&id.from.node), names.get(&id.to.node)) else { continue };
            let from = End { node: from.clone(), port: id.from.port.clone() };
            let to = End { node: to.clone(), port: id.to.port.clone() };
            let inside = clip.level_of(&id.from.node).is_some();
            let bends = pipe.bends.iter().map(|bend| if inside { *bend } else { shift(*bend) }).collect();
            edits.push(Edit::AddPipe(PipeId { from, to }, Box::new(super::Pipe { bends, ..pipe.clone() }), None));
        }
        let first = self.fresh_frame_id().0;
        for (number, frame) in (first..).zip(clip.frames.values()) {
            let Some(inside) = stands(frame.inside.as_ref()) else { continue };
            let position = if frame.inside.is_none() { shift(frame.position) } else { frame.position };
            let frame = super::Frame { position, inside, ..frame.clone() };
            edits.push(Edit::SetFrame(super::FrameId(number), Some(frame)));
        }
        let first = self.fresh_note_id().0;
        for (number, note) in (first..).zip(clip.notes.values()) {
            let Some(inside) = stands(note.inside.as_ref()) else { continue };
            let position = if note.inside.is_none() { shift(note.position) } else { note.position };
            let note = super::Note { position, inside, ..note.clone() };
            edits.push(Edit::SetNote(super::NoteId(number), Some(note)));
        }
        (Edit::Group(edits), ids)
    }

    /// The left upper corner of everything drawn at the top; the origin if nothing is.
    fn left_upper(&self) -> Point {
        let places = self.nodes.iter().filter(|(id, _)| self.level_of(id).is_none()).map(|(_, node)| node.position);
        let frames = self.frames.values().filter(|frame| frame.inside.is_none()).map(|frame| frame.position);
        let notes = self.notes.values().filter(|note| note.inside.is_none()).map(|note| note.position);
        let places = places.chain(frames).chain(notes);
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
