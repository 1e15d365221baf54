//! Composites: a node whose content is a graph of its own. The content stands in the same document under ids that are paths (G15): `pay` holds
//! `pay/queue`. A composite has ports with names, each bound to a port inside.
//!
//! Nodes, pipes, frames and notes stand on *levels*: the top, or the inside of a composite. A node's level is the nearest node above it on its
//! path that is a composite; so ids with `/` without such a node stand at the top, as in every file written before there were composites.

mod flat;
mod group;
mod names;
mod part;
mod unpack;
mod whole;

pub use flat::Flat;
pub use group::GroupError;
pub use part::{Part, Parts, part_path};
pub use whole::Whole;

use super::{Frame, Graph, Node, Note};
use crate::id::{End, NodeId};
use crate::setting::{Setting, Settings};

/// The word that stands in a file where the name of a kind stands otherwise.
pub const COMPOSITE: &str = "composite";
/// How deep composites may nest.
pub const MOST_DEPTH: usize = 8;

/// The settings of a composite.
pub mod setting {
    /// Its ports: name → `node.port` inside.
    pub const PORTS: &str = "ports";
    /// The file that its content comes from.
    pub const USE: &str = "use";
    /// Settings inside that differ from what the file says: `node.setting` → value.
    pub const SET: &str = "set";
    /// All of them.
    pub const ALL: [&str; 3] = [PORTS, USE, SET];
}

impl Node {
    /// Whether its content is a graph.
    pub fn is_composite(&self) -> bool {
        self.opaque.is_none() && COMPOSITE == self.kind
    }

    /// The file that its content comes from, if it is a composite that uses one.
    pub fn used_file(&self) -> Option<&str> {
        self.settings.get(setting::USE).filter(|_| self.is_composite()).and_then(Setting::as_str)
    }
}

/// Ports with names, as a composite and a part have them: name → the text `node.port`.
pub(crate) fn bound(ports: &[(String, Setting)]) -> impl Iterator<Item = (&str, &str)> {
    ports.iter().filter_map(|(name, end)| Some((name.as_str(), end.as_str()?)))
}

/// The end that `node.port` names, seen from inside `level`.
pub(crate) fn end_below(level: Option<&NodeId>, text: &str) -> Option<End> {
    let (node, port) = text.split_once('.').filter(|(_, port)| !port.is_empty())?;
    Some(End { node: NodeId::inside(level, node)?, port: port.into() })
}

/// An end as it is written inside `level`; `None` if it lies elsewhere.
fn text_below(level: Option<&NodeId>, end: &End) -> Option<String> {
    let node = level.map_or(Some(end.node.as_str()), |level| end.node.below(level.as_str()))?;
    Some(format!("{node}.{}", end.port))
}

impl Graph {
    /// Whether there is any composite.
    pub fn has_composites(&self) -> bool {
        self.nodes.values().any(|node| node.is_composite())
    }

    /// The level that a node of this id stands on: the composite that holds it, or `None` for the top.
    pub fn level_of(&self, id: &NodeId) -> Option<&NodeId> {
        id.above().find_map(|above| self.nodes.get_key_value(above).filter(|(_, node)| node.is_composite()).map(|(above, _)| above))
    }

    /// The composites that hold a node, the innermost first.
    pub fn levels_of<'a>(&'a self, id: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
        std::iter::successors(self.level_of(id), |level| self.level_of(level))
    }

    /// The composite whose content comes from a file and that holds this node, if there is one.
    pub fn used_above<'a>(&'a self, id: &'a NodeId) -> Option<&'a NodeId> {
        self.levels_of(id).find(|level| self.nodes[*level].used_file().is_some())
    }

    /// Everything inside a composite, however deep.
    pub fn inside<'a>(&'a self, composite: &'a NodeId) -> impl Iterator<Item = &'a NodeId> {
        self.nodes.keys().filter(|id| id.below(composite.as_str()).is_some())
    }

    /// The ports of a composite and the ends inside that they are bound to; entries that cannot be read are left out.
    pub fn bindings(&self, composite: &NodeId) -> Vec<(&str, End)> {
        let node = self.nodes.get(composite).filter(|node| node.is_composite());
        let Some(Setting::Map(ports)) = node.and_then(|node| node.settings.get(setting::PORTS)) else { return Vec::new() };
        bound(ports).filter_map(|(name, end)| Some((name, end_below(Some(composite), end)?))).collect()
    }

    /// The ports of this graph as a part, and the ends that they are bound to.
    pub fn own_bindings(&self) -> Vec<(&str, End)> {
        let ports = self.ports.iter().filter_map(|(name, end)| Some((name.as_str(), end.as_str()?)));
        ports.filter_map(|(name, end)| Some((name, end_below(None, end)?))).collect()
    }

    /// The end that messages really come to: through the ports of composites, down to a node that is none. `None` if a composite on the way
    /// has no such port.
    pub fn inner_end(&self, end: &End) -> Option<End> {
        let mut end = end.clone();
        // Each step goes deeper, so there is an end.
        while self.nodes.get(&end.node).is_some_and(|node| node.is_composite()) {
            let Setting::Map(ports) = self.nodes[&end.node].settings.get(setting::PORTS)? else { return None };
            let (_, text) = bound(ports).find(|(name, _)| *name == &*end.port)?;
            end = end_below(Some(&end.node), text)?;
        }
        Some(end)
    }

    /// What stands on one level, as a graph of its own under the same ids: what the canvas shows.
    #[must_use]
    pub fn level(&self, level: Option<&NodeId>) -> Self {
        let here = |id: &NodeId| self.level_of(id) == level;
        let nodes = self.nodes.iter().filter(|(id, _)| here(id)).map(|(id, node)| (id.clone(), node.clone()));
        let pipes = self.pipes.iter().filter(|(id, _)| here(&id.from.node) && here(&id.to.node));
        let shown = |inside: Option<&NodeId>| inside == level;
        Self {
            title: self.title.clone(),
            settings: self.settings.clone(),
            ports: if level.is_none() { self.ports.clone() } else { Settings::new() },
            nodes: nodes.collect(),
            pipes: pipes.map(|(id, pipe)| (id.clone(), pipe.clone())).collect(),
            frames: self.frames.iter().filter(|(_, frame)| shown(frame.inside.as_ref())).map(|(id, frame)| (*id, frame.clone())).collect(),
            notes: self.notes.iter().filter(|(_, note)| shown(note.inside.as_ref())).map(|(id, note)| (*id, note.clone())).collect(),
            ..Self::default()
        }
    }
}

/// A frame or note: it stands on a level too.
trait Inside {
    fn level(&mut self) -> &mut Option<NodeId>;
}
impl Inside for Frame {
    fn level(&mut self) -> &mut Option<NodeId> {
        &mut self.inside
    }
}
impl Inside for Note {
    fn level(&mut self) -> &mut Option<NodeId> {
        &mut self.inside
    }
}

/// The same on another level.
fn moved_to<T: Inside + Clone>(thing: &T, level: Option<NodeId>) -> T {
    let mut thing = thing.clone();
    *thing.level() = level;
    thing
}

#[cfg(test)]
mod tests;
