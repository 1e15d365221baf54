//! A document as it is drawn: with the content of its used files, one level at a time; and without borders, as it runs. Made anew with each
//! change, and only where there are composites.

use pipewright_runtime::graph::Graph;
use pipewright_runtime::graph::composite::{Flat, Whole};
use pipewright_runtime::id::NodeId;

/// What is drawn of a document with composites.
#[derive(Default)]
pub struct Drawn {
    /// The composite that is open; `None` for the top.
    level: Option<NodeId>,
    parts: Option<Box<Parts>>,
}

struct Parts {
    whole: Whole,
    flat: Flat,
    shown: Graph,
    /// Whether a used file was not read yet.
    unread: bool,
}

impl Drawn {
    /// What is drawn of a graph at a level, or at the nearest level above it that is still there.
    pub fn of(graph: &Graph, level: Option<NodeId>) -> Self {
        if !graph.has_composites() {
            return Self::default();
        }
        let whole = graph.whole();
        let composite = |id: &NodeId| whole.graph.node(id).is_some_and(pipewright_runtime::graph::Node::is_composite);
        let level = level.and_then(|level| if composite(&level) { Some(level) } else { whole.graph.level_of(&level).cloned() });
        let flat = Flat::of(&whole.graph);
        let shown = whole.graph.level(level.as_ref());
        let unread = graph.used_files(None).iter().any(|file| !graph.parts().contains_key(file));
        Self { level, parts: Some(Box::new(Parts { whole, flat, shown, unread })) }
    }

    /// The composite that is open; `None` for the top.
    pub const fn level(&self) -> Option<&NodeId> {
        self.level.as_ref()
    }

    /// The graph with the content of its used files; the graph itself where there are no composites.
    pub fn whole<'a>(&'a self, graph: &'a Graph) -> &'a Graph {
        self.parts.as_ref().map_or(graph, |parts| &parts.whole.graph)
    }

    /// What stands on the open level.
    pub fn shown<'a>(&'a self, graph: &'a Graph) -> &'a Graph {
        self.parts.as_ref().map_or(graph, |parts| &parts.shown)
    }

    /// The graph without borders, if it has any.
    pub fn flat(&self) -> Option<&Flat> {
        self.parts.as_ref().map(|parts| &parts.flat)
    }

    /// The used file that a node comes from.
    pub fn file_of(&self, node: &NodeId) -> Option<&str> {
        self.parts.as_ref()?.whole.file_of(node)
    }

    /// Whether a used file was not read yet.
    pub fn unread(&self) -> bool {
        self.parts.as_ref().is_some_and(|parts| parts.unread)
    }
}
