//! A graph without the borders of its composites: what is checked and run. Node ids are paths, and each pipe leads straight to the node inside
//! (G15), so that drawing a border changes no figure.

use crate::graph::Graph;
use crate::id::{NodeId, PipeId};
use crate::setting::Setting;
use indexmap::IndexMap;

/// A graph whose composites were opened up.
#[derive(Clone, Default, Debug)]
pub struct Flat {
    /// The graph.
    pub graph: Graph,
    /// Pipes as they are drawn → as they run, where that differs.
    pub runs: IndexMap<PipeId, PipeId>,
    /// The same the other way round.
    pub drawn: IndexMap<PipeId, PipeId>,
    /// Pipes that lead to a port that a composite does not have, and pipes that would join two ports for the second time: they do not run.
    pub lost: Vec<PipeId>,
}

impl Flat {
    /// Opens up every composite of a graph in which the content of used files stands (see [`Graph::whole`]).
    pub fn of(whole: &Graph) -> Self {
        let mut flat = Self::default();
        let nodes = whole.nodes.iter().filter(|(_, node)| !node.is_composite());
        flat.graph = Graph {
            title: whole.title.clone(),
            settings: whole.settings.clone(),
            nodes: nodes.map(|(id, node)| (id.clone(), node.clone())).collect(),
            expectations: whole.expectations.clone(),
            ..Graph::default()
        };
        for (id, pipe) in &whole.pipes {
            let ends = (whole.inner_end(&id.from), whole.inner_end(&id.to));
            let runs = if let (Some(from), Some(to)) = ends { PipeId { from, to } } else { id.clone() };
            let leads_nowhere = |node: &NodeId| whole.nodes.get(node).is_some_and(|node| node.is_composite());
            if leads_nowhere(&runs.from.node) || leads_nowhere(&runs.to.node) || flat.graph.pipes.contains_key(&runs) {
                flat.lost.push(id.clone());
                continue;
            }
            if runs != *id {
                flat.runs.insert(id.clone(), runs.clone());
                flat.drawn.insert(runs.clone(), id.clone());
            }
            flat.graph.pipes.insert(runs, pipe.clone());
        }
        for (name, end) in whole.own_bindings() {
            if let Some(end) = whole.inner_end(&end) {
                flat.graph.ports.insert(name.to_owned(), Setting::text(end.to_string()));
            }
        }
        flat
    }

    /// A pipe as it runs.
    pub fn runs<'a>(&'a self, drawn: &'a PipeId) -> &'a PipeId {
        self.runs.get(drawn).unwrap_or(drawn)
    }

    /// A pipe as it is drawn.
    pub fn drawn<'a>(&'a self, runs: &'a PipeId) -> &'a PipeId {
        self.drawn.get(runs).unwrap_or(runs)
    }
}
