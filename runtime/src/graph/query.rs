//! Questions about the shape of a graph: who is wired to whom, what lies up and down stream, where the cycles are, which ids are free.

use super::layout::{NODE_HEIGHT, NODE_WIDTH};
use super::{FrameId, Graph, NoteId, Pipe};
use crate::id::{NodeId, PipeId};
use std::collections::HashMap;

/// The wiring by node number (the place in [`Graph::nodes`]): made once, then every question about neighbours is an index away.
#[derive(Clone, Default, Debug)]
pub struct Wiring {
    /// For each node, the pipes that leave it: (number of the pipe, number of the receiver).
    pub out: Vec<Vec<(usize, usize)>>,
    /// For each node, the pipes that enter it: (number of the pipe, number of the sender).
    pub into: Vec<Vec<(usize, usize)>>,
}

impl Wiring {
    /// The wiring of a graph. Pipes to nodes that are not there are left out.
    pub fn of(graph: &Graph) -> Self {
        let count = graph.nodes.len();
        let mut wiring = Self { out: vec![Vec::new(); count], into: vec![Vec::new(); count] };
        for (number, pipe) in graph.pipes.keys().enumerate() {
            let ends = (graph.nodes.get_index_of(&pipe.from.node), graph.nodes.get_index_of(&pipe.to.node));
            if let (Some(from), Some(to)) = ends {
                wiring.out[from].push((number, to));
                wiring.into[to].push((number, from));
            }
        }
        wiring
    }

    /// Which nodes can be reached from these, themselves included.
    pub fn reach(neighbours: &[Vec<(usize, usize)>], from: impl IntoIterator<Item = usize>) -> Vec<bool> {
        let mut seen = vec![false; neighbours.len()];
        let mut open: Vec<usize> = from.into_iter().collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                open.extend(neighbours[node].iter().map(|&(_, next)| next).filter(|&next| !seen[next]));
            }
        }
        seen
    }

    /// The strongly connected components that are cycles: more than one node, or a node with a pipe to itself. Pipes for which `through`
    /// is false are left out. Members in the order of the file (Tarjan 1972, without recursion, so that depth has no limit).
    pub fn cycles(&self, through: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let count = self.out.len();
        let (mut order, mut low, mut on_stack) = (vec![NEW; count], vec![0; count], vec![false; count]);
        let (mut stack, mut path, mut next) = (Vec::new(), Vec::<(usize, usize)>::new(), 0);
        let mut cycles = Vec::new();
        for root in 0..count {
            if order[root] != NEW {
                continue;
            }
            path.push((root, 0));
            while let Some(&mut (node, ref mut at)) = path.last_mut() {
                if *at == 0 {
                    (order[node], low[node]) = (next, next);
                    next += 1;
                    stack.push(node);
                    on_stack[node] = true;
                }
                let follow = self.out[node][*at..].iter().position(|&(pipe, _)| through(pipe)).map(|skip| *at + skip);
                if let Some(found) = follow {
                    // `at` is never 0 again once a pipe was followed.
                    *at = found + 1;
                    let to = self.out[node][found].1;
                    if order[to] == NEW {
                        path.push((to, 0));
                    } else if on_stack[to] {
                        low[node] = low[node].min(order[to]);
                    }
                    continue;
                }
                path.pop();
                if let Some(&(parent, _)) = path.last() {
                    low[parent] = low[parent].min(low[node]);
                }
                if low[node] == order[node] {
                    let start = stack.iter().rposition(|&member| member == node).expect("a root is on the stack");
                    let mut members = stack.split_off(start);
                    for &member in &members {
                        on_stack[member] = false;
                    }
                    let to_itself = || self.out[node].iter().any(|&(pipe, to)| to == node && through(pipe));
                    if members.len() > 1 || to_itself() {
                        members.sort_unstable();
                        cycles.push(members);
                    }
                }
            }
        }
        cycles.sort_unstable();
        cycles
    }
}

impl Graph {
    /// The pipes that leave a node.
    pub fn pipes_out_of<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = (&'a PipeId, &'a Pipe)> {
        self.pipes.iter().filter(move |(id, _)| id.from.node == *node)
    }

    /// The pipes that enter a node.
    pub fn pipes_into<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = (&'a PipeId, &'a Pipe)> {
        self.pipes.iter().filter(move |(id, _)| id.to.node == *node)
    }

    /// Every node from which messages can come to this one, itself left out unless it lies on a cycle. In the order of the file.
    pub fn upstream(&self, node: &NodeId) -> Vec<NodeId> {
        self.beyond(node, &Wiring::of(self).into)
    }

    /// Every node that messages of this one can come to, itself left out unless it lies on a cycle. In the order of the file.
    pub fn downstream(&self, node: &NodeId) -> Vec<NodeId> {
        self.beyond(node, &Wiring::of(self).out)
    }

    fn beyond(&self, node: &NodeId, neighbours: &[Vec<(usize, usize)>]) -> Vec<NodeId> {
        let Some(start) = self.nodes.get_index_of(node) else { return Vec::new() };
        let seen = Wiring::reach(neighbours, neighbours[start].iter().map(|&(_, next)| next));
        self.nodes.keys().zip(seen).filter(|(_, seen)| *seen).map(|(id, _)| id.clone()).collect()
    }

    /// The cycles: sets of nodes that all reach each other, in the order of the file.
    pub fn cycles(&self) -> Vec<Vec<NodeId>> {
        let name = |number: usize| self.nodes.get_index(number).expect("numbers come from this graph").0.clone();
        Wiring::of(self).cycles(|_| true).into_iter().map(|cycle| cycle.into_iter().map(name).collect()).collect()
    }

    /// An id for a new node of this kind: `queue`, then `queue-2`, `queue-3`...
    pub fn fresh_node_id(&self, kind: &str) -> NodeId {
        FreshIds::new(self).like(kind)
    }

    /// A number for a new frame.
    pub fn fresh_frame_id(&self) -> FrameId {
        FrameId(self.frames.keys().map(|id| id.0).max().map_or(1, |id| id.saturating_add(1)))
    }

    /// A number for a new note.
    pub fn fresh_note_id(&self) -> NoteId {
        NoteId(self.notes.keys().map(|id| id.0).max().map_or(1, |id| id.saturating_add(1)))
    }

    /// The nodes on a frame's level whose middle lies in it: they move with it.
    pub fn nodes_in(&self, frame: FrameId) -> Vec<NodeId> {
        let Some(frame) = self.frames.get(&frame) else { return Vec::new() };
        let inside = |at: f32, from: f32, size: f32| at >= from && at <= from + size;
        let nodes = self.nodes.iter().filter(|(id, node)| {
            self.level_of(id) == frame.inside.as_ref()
                && inside(node.position.x + NODE_WIDTH / 2.0, frame.position.x, frame.size.x)
                && inside(node.position.y + NODE_HEIGHT / 2.0, frame.position.y, frame.size.y)
        });
        nodes.map(|(id, _)| id.clone()).collect()
    }
}

/// Hands out ids that neither the graph nor an earlier call uses; pipes to missing nodes count as uses.
pub struct FreshIds<'a> {
    graph: &'a Graph,
    given: std::collections::HashSet<NodeId>,
    next: HashMap<String, u64>,
}

impl<'a> FreshIds<'a> {
    /// Ids for this graph.
    pub fn new(graph: &'a Graph) -> Self {
        let strays = graph.pipes.keys().flat_map(|pipe| [&pipe.from.node, &pipe.to.node]).filter(|id| !graph.nodes.contains_key(*id));
        Self { graph, given: strays.cloned().collect(), next: HashMap::new() }
    }

    /// An id like this word: the word itself, or with the least free number from 2 on.
    pub fn like(&mut self, word: &str) -> NodeId {
        let word = NodeId::new(word).map_or_else(|| "node".to_owned(), |id| id.as_str().to_owned());
        // `queue-2` is like `queue`; room for the number is kept.
        let stem = match word.rsplit_once('-') {
            Some((stem, number)) if !stem.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => stem,
            _ => &word,
        };
        let stem = stem[..stem.len().min(NodeId::MAX_LEN - 12)].trim_end_matches(['/', '-']).to_owned();
        loop {
            let next = self.next.entry(stem.clone()).or_insert(1);
            let text = if *next == 1 { stem.clone() } else { format!("{stem}-{next}") };
            *next += 1;
            let id = NodeId::new(&text).expect("a sound word and a number");
            if !self.graph.nodes.contains_key(&id) && self.given.insert(id.clone()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, id, wired};

    fn names(ids: &[NodeId]) -> String {
        ids.iter().map(NodeId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn streams_end_where_they_end() {
        let graph = wired(&["a.o -> b.i", "b.o -> c.i", "b.o -> d.i", "d.o -> b.j", "x.o -> d.i"]);
        assert_eq!(names(&graph.downstream(&id("a"))), "b c d");
        assert_eq!(names(&graph.upstream(&id("c"))), "a b d x");
        assert_eq!(names(&graph.downstream(&id("b"))), "b c d", "on a cycle a node is downstream of itself");
        assert_eq!(names(&graph.upstream(&id("ghost"))), "");
    }

    #[test]
    fn cycles_are_found_once_each() {
        let check = |pipes: &[&str], expected: &[&str]| {
            let found: Vec<String> = wired(pipes).cycles().iter().map(|cycle| names(cycle)).collect();
            assert_eq!(found, expected, "{pipes:?}");
        };
        check(&["a.o -> b.i", "b.o -> c.i"], &[]);
        check(&["a.o -> a.i"], &["a"]);
        check(&["a.o -> b.i", "b.o -> a.i", "b.o -> c.i", "c.o -> d.i", "d.o -> c.i", "d.o -> e.i"], &["a b", "c d"]);
        check(&["a.o -> b.i", "b.o -> c.i", "c.o -> a.i", "c.o -> b.i", "x.o -> a.i"], &["a b c"]);
        check(&["a.o -> b.i", "a.o -> c.i", "b.o -> d.i", "c.o -> d.i"], &[]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 100_000;
        let out: Vec<Vec<_>> = (0..count).map(|node| vec![(node, (node + 1) % count)]).collect();
        let wiring = Wiring { into: vec![Vec::new(); count], out };
        assert_eq!(wiring.cycles(|_| true)[0].len(), count);
        assert_eq!(wiring.cycles(|pipe| pipe != 7).len(), 0);
    }

    #[test]
    fn fresh_ids_are_free() {
        let graph = wired(&["queue.o -> queue-2.i"]);
        assert_eq!(graph.fresh_node_id("queue").as_str(), "queue-3");
        assert_eq!(graph.fresh_node_id("queue-2").as_str(), "queue-3");
        assert_eq!(graph.fresh_node_id("sink").as_str(), "sink");
        assert_eq!(graph.fresh_node_id("no id!").as_str(), "node");
        let mut ids = FreshIds::new(&graph);
        assert_eq!((ids.like("sink").as_str(), ids.like("sink").as_str()), ("sink", "sink-2"));
        assert!(graph.fresh_node_id(&"x".repeat(120)).as_str().len() <= 120);
    }

    #[test]
    fn a_frame_holds_the_nodes_whose_middle_it_covers() {
        let mut graph = graph();
        std::sync::Arc::make_mut(&mut graph.nodes[&id("done")]).position.x = 590.0;
        assert_eq!(names(&graph.nodes_in(FrameId(1))), "orders work workers");
        assert_eq!((graph.fresh_frame_id().0, graph.fresh_note_id().0), (5, 5));
    }
}
