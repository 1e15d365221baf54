//! What a run was told to be, held against what is drawn: what differs is told next (hot edits, G12).

use pipewright_runtime::graph::composite::Flat;
use pipewright_runtime::graph::{Graph, Node};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::setting::Settings;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Settings of the graph as a whole that a run reads as it begins.
const READ_AT_THE_START: &[&str] = &["seed", "starts_at"];

/// The drawing that a run goes by.
pub struct Drawing {
    graph: Graph,
    /// The settings of the graph that it began with.
    began: Settings,
    /// Nodes whose settings it was told of since.
    told: BTreeMap<NodeId, Arc<Node>>,
    /// What it went by before: only there are nodes that were taken out.
    before: Option<Graph>,
}

impl Drawing {
    /// The drawing that a run begins with.
    pub fn of(graph: Graph) -> Self {
        let graph = flat(graph);
        Self { began: graph.settings().clone(), graph, told: BTreeMap::new(), before: None }
    }

    /// The run was told of another drawing as a whole.
    pub fn redrawn(&mut self, graph: Graph) {
        self.before = Some(std::mem::replace(&mut self.graph, flat(graph)));
        self.told.clear();
    }

    /// What a node is called on screen, even when it has just been taken out.
    pub fn title(&self, id: &NodeId) -> String {
        let known = self.graph.nodes().get(id).or_else(|| self.before.as_ref()?.nodes().get(id));
        known.filter(|node| !node.title.is_empty()).map_or_else(|| id.to_string(), |node| node.title.clone())
    }

    /// The run was told of a node's settings alone.
    pub fn told(&mut self, id: &NodeId, node: &Arc<Node>) {
        self.told.insert(id.clone(), Arc::clone(node));
    }

    /// The settings that the run has of a node.
    pub fn settings(&self, id: &NodeId) -> Option<&Settings> {
        self.known(id).map(|node| &node.settings)
    }

    fn known(&self, id: &NodeId) -> Option<&Arc<Node>> {
        self.told.get(id).filter(|_| self.graph.nodes().contains_key(id)).or_else(|| self.graph.nodes().get(id))
    }

    /// Whether the run would be another with this graph. Places, titles, notes and frames make no difference.
    pub fn differs(&self, graph: &Graph) -> bool {
        let same_node = |(id, node): (&NodeId, &Arc<Node>)| {
            self.known(id).is_some_and(|known| {
                Arc::ptr_eq(known, node) || (&known.kind, &known.settings, &known.opaque) == (&node.kind, &node.settings, &node.opaque)
            })
        };
        self.graph.nodes().len() != graph.nodes().len()
            || self.graph.pipes().len() != graph.pipes().len()
            || !graph.nodes().iter().all(same_node)
            || !graph.pipes().iter().all(|(id, pipe)| self.graph.pipe(id).is_some_and(|known| known.settings == pipe.settings))
    }

    /// Whether something was changed that only the next start reads.
    pub fn begins_otherwise(&self, graph: &Graph) -> bool {
        READ_AT_THE_START.iter().any(|name| self.began.get(*name) != graph.settings().get(*name))
    }
}

/// What runs of a drawing: composites have no borders there.
fn flat(graph: Graph) -> Graph {
    if graph.has_composites() { Flat::of(&graph.whole().graph).graph } else { graph }
}
