//! Makes a composite from nodes of one level: they go inside, and each pipe that crosses the new border gets a port.

use super::{COMPOSITE, MOST_DEPTH, end_below, moved_to, setting, text_below};
use crate::graph::query::FreshIds;
use crate::graph::{Edit, FrameId, Graph, Node, NoteId, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::setting::Setting;
use std::collections::HashMap;

/// Everything stands on this grid.
const GRID: f32 = 4.0;

/// Why a composite cannot be made, or unpacked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum GroupError {
    /// No node was chosen.
    #[error("choose the nodes that it is to hold")]
    Nothing,
    /// The nodes do not stand on one level.
    #[error("the nodes do not stand on one level")]
    Levels,
    /// It would nest too deep.
    #[error("composites nest up to {MOST_DEPTH} deep")]
    TooDeep,
    /// A path would be too long.
    #[error("the path of `{0}` would be too long; give shorter ids")]
    TooLong(NodeId),
    /// There is no such composite.
    #[error("`{0}` is no composite")]
    NoComposite(NodeId),
    /// Its content comes from a file.
    #[error("the content of `{0}` comes from a file; take it over first")]
    Used(NodeId),
    /// A pipe leads to a port that it does not have.
    #[error("the pipe `{0}` leads to a port that it does not have")]
    LostPipe(PipeId),
}

/// The middle of nodes as the left upper corner of one node that stands there.
pub(super) fn middle<'a>(nodes: impl Iterator<Item = &'a Node>) -> Option<Point> {
    let corners = nodes.map(|node| (node.position, node.position));
    let (least, most) =
        corners.reduce(|(a, b), (c, d)| (Point { x: a.x.min(c.x), y: a.y.min(c.y) }, Point { x: b.x.max(d.x), y: b.y.max(d.y) }))?;
    let snap = |value: f32| (value / GRID).round() * GRID;
    Some(Point { x: snap(f32::midpoint(least.x, most.x)), y: snap(f32::midpoint(least.y, most.y)) })
}

/// The ports of a composite in the making: ends that it needs a port for, in order, and what each would best be called.
#[derive(Default)]
struct Needed {
    ends: Vec<(End, String)>,
}

impl Needed {
    fn need(&mut self, end: &End, wish: &str) {
        if !self.ends.iter().any(|(known, _)| known == end) {
            self.ends.push((end.clone(), wish.to_owned()));
        }
    }

    /// Names: what was wished for if only one end wishes it, else with the node's name.
    fn named(&self) -> HashMap<End, String> {
        let mut names: HashMap<End, String> = HashMap::new();
        for (end, wish) in &self.ends {
            let alone = self.ends.iter().filter(|(_, other)| other == wish).count() == 1;
            let plain = matches!(wish.as_str(), "in" | "out");
            let name = match (alone, plain) {
                (true, _) => wish.clone(),
                (false, true) => format!("{}-{wish}", end.node.last()),
                (false, false) => format!("{}-{}", end.node.last(), end.port),
            };
            let taken = |name: &str| names.values().any(|other| other == name);
            let free = (2..).map(|number| format!("{name}-{number}"));
            let name = std::iter::once(name.clone()).chain(free).find(|name| !taken(name)).expect("numbers do not end");
            names.insert(end.clone(), name);
        }
        names
    }
}

impl Graph {
    /// An id for a new node of this kind on a level: `pay/queue`, then `pay/queue-2`.
    pub fn fresh_node_id_on(&self, level: Option<&NodeId>, kind: &str) -> NodeId {
        self.fresh_on(&mut FreshIds::new(self), level, kind)
    }

    /// The same, none twice.
    pub(in crate::graph) fn fresh_on(&self, fresh: &mut FreshIds<'_>, level: Option<&NodeId>, kind: &str) -> NodeId {
        let word = level.map_or_else(|| kind.to_owned(), |level| format!("{level}/{kind}"));
        loop {
            let id = fresh.like(&word);
            // What stands below a free id would find itself inside the new node.
            if !self.nodes.keys().any(|other| other.below(id.as_str()).is_some()) {
                return id;
            }
        }
    }

    /// An edit that puts these nodes (all of one level), frames and notes into a new composite in their middle, and its id. Nodes keep their
    /// places; pipes keep their order and settings, those across the border lead to a port now.
    pub fn make_composite(
        &self,
        nodes: &[NodeId],
        frames: &[FrameId],
        notes: &[NoteId],
        title: &str,
    ) -> Result<(Edit, NodeId), GroupError> {
        let chosen: Vec<&NodeId> = self.nodes.keys().filter(|id| nodes.contains(id)).collect();
        let first = *chosen.first().ok_or(GroupError::Nothing)?;
        let level = self.level_of(first);
        if chosen.iter().any(|id| self.level_of(id) != level) {
            return Err(GroupError::Levels);
        }
        let id = self.fresh_node_id_on(level, COMPOSITE);
        let mut moves: HashMap<&NodeId, NodeId> = HashMap::new();
        for node in &chosen {
            let own = level.map_or(Some(node.as_str()), |level| node.below(level.as_str())).unwrap_or(node.last());
            let to = NodeId::inside(Some(&id), own).ok_or_else(|| GroupError::TooLong((*node).clone()))?;
            self.fits_below(node, &to)?;
            moves.insert(node, to);
        }
        let mut needed = Needed::default();
        for pipe in self.pipes.keys() {
            match (moves.contains_key(&pipe.from.node), moves.contains_key(&pipe.to.node)) {
                (true, false) => needed.need(&pipe.from, &pipe.from.port),
                (false, true) => needed.need(&pipe.to, &pipe.to.port),
                _ => {}
            }
        }
        let around = level.map_or_else(|| self.own_bindings(), |level| self.bindings(level));
        for (name, end) in around.iter().filter(|(_, end)| moves.contains_key(&end.node)) {
            needed.need(end, name);
        }
        let names = needed.named();
        let inner = |end: &End| End { node: moves[&end.node].clone(), port: end.port.clone() };
        let border = |end: &End| names.get(end).map(|name| End { node: id.clone(), port: name.as_str().into() });
        let ports =
            needed.ends.iter().filter_map(|(end, _)| Some((names[end].clone(), Setting::text(text_below(Some(&id), &inner(end))?))));
        let mut composite = Node::new(COMPOSITE, middle(chosen.iter().map(|id| &*self.nodes[*id])).unwrap_or_default());
        title.clone_into(&mut composite.title);
        composite.settings.insert(setting::PORTS.to_owned(), Setting::Map(ports.collect()));
        let mut edits = vec![Edit::AddNode(id.clone(), Box::new(composite), self.nodes.get_index_of(first))];
        edits.extend(chosen.iter().map(|node| Edit::RenameNode((*node).clone(), moves[*node].clone())));
        for (place, (pipe, value)) in self.pipes.iter().enumerate() {
            let (from, to) = (moves.contains_key(&pipe.from.node), moves.contains_key(&pipe.to.node));
            if from != to {
                let now = if from {
                    PipeId { from: inner(&pipe.from), to: pipe.to.clone() }
                } else {
                    PipeId { from: pipe.from.clone(), to: inner(&pipe.to) }
                };
                let outer = |end: &End, crosses: bool| if crosses { border(end) } else { Some(end.clone()) };
                let (Some(from), Some(to)) = (outer(&pipe.from, from), outer(&pipe.to, to)) else { continue };
                edits.push(Edit::RemovePipe(now));
                edits.push(Edit::AddPipe(PipeId { from, to }, Box::new(Pipe { bends: Vec::new(), ..value.clone() }), Some(place)));
            }
        }
        edits.extend(self.rebind(level, border));
        let inside = Some(id.clone());
        let frames = frames.iter().filter_map(|frame| Some((*frame, self.frames.get(frame)?)));
        edits.extend(frames.map(|(number, frame)| Edit::SetFrame(number, Some(moved_to(frame, inside.clone())))));
        let notes = notes.iter().filter_map(|note| Some((*note, self.notes.get(note)?)));
        edits.extend(notes.map(|(number, note)| Edit::SetNote(number, Some(moved_to(note, inside.clone())))));
        edits.extend(self.reclaim(|node| {
            let (from, to) =
                std::iter::once(node.as_str()).chain(node.above()).find_map(|above| Some((above, moves.get(&NodeId::new(above)?)?)))?;
            node.below(from).map_or_else(|| Some(to.clone()), |rest| NodeId::inside(Some(to), rest))
        }));
        Ok((Edit::Group(edits), id))
    }

    /// Whether a node and all that is inside it may go to another path.
    pub(super) fn fits_below(&self, node: &NodeId, to: &NodeId) -> Result<(), GroupError> {
        let depth = |id: &NodeId| id.above().count();
        let (before, after) = (depth(node), depth(to));
        let composite = self.nodes[node].is_composite();
        let own = self.levels_of(node).count();
        for id in self.inside(node).filter(|_| composite).chain([node]) {
            if id.as_str().len() - node.as_str().len() + to.as_str().len() > NodeId::MAX_LEN {
                return Err(GroupError::TooLong(id.clone()));
            }
            // One level more than it has now, if it goes down.
            if after > before && self.levels_of(id).count().max(own) + 1 > MOST_DEPTH {
                return Err(GroupError::TooDeep);
            }
        }
        Ok(())
    }

    /// An edit that gives a composite a port to an end inside it that has none yet, and the port's name.
    pub fn add_port(&self, composite: &NodeId, end: &End) -> Option<(Edit, String)> {
        let node = self.nodes.get(composite).filter(|node| node.is_composite())?;
        let mut ports = match node.settings.get(setting::PORTS) {
            Some(Setting::Map(ports)) => ports.clone(),
            Some(_) => return None,
            None => Vec::new(),
        };
        let text = text_below(Some(composite), end)?;
        end_below(Some(composite), &text)?;
        let names = [end.port.to_string(), format!("{}-{}", end.node.last(), end.port)].into_iter();
        let names = names.chain((2..).map(|number| format!("{}-{}-{number}", end.node.last(), end.port)));
        let mut free = names.filter(|name| !ports.iter().any(|(other, _)| other == name));
        let name = free.next()?;
        ports.push((name.clone(), Setting::text(text)));
        Some((Edit::SetSetting(composite.clone(), setting::PORTS.to_owned(), Some(Setting::Map(ports))), name))
    }

    /// An edit that takes a port away, with the pipes that lead to it.
    pub fn remove_port(&self, composite: &NodeId, name: &str) -> Option<Edit> {
        let Some(Setting::Map(ports)) = self.nodes.get(composite)?.settings.get(setting::PORTS) else { return None };
        let here = |end: &End| end.node == *composite && *end.port == *name;
        let pipes = self.pipes.keys().filter(|pipe| here(&pipe.from) || here(&pipe.to));
        let mut edits: Vec<Edit> = pipes.cloned().map(Edit::RemovePipe).collect();
        edits.reverse();
        let rest = ports.iter().filter(|(port, _)| port != name).cloned().collect();
        edits.push(Edit::SetSetting(composite.clone(), setting::PORTS.to_owned(), Some(Setting::Map(rest))));
        if self.nodes[composite].port_places.contains_key(name) {
            edits.push(Edit::PlacePort(composite.clone(), name.to_owned(), None));
        }
        Some(Edit::Group(edits))
    }

    /// The edits that let the ports of a composite stand on its inside where there is room, as they do until somebody moves them.
    pub fn unplace_ports(&self, composite: &NodeId) -> Vec<Edit> {
        let placed = self.nodes.get(composite).into_iter().flat_map(|node| node.port_places.keys());
        placed.map(|name| Edit::PlacePort(composite.clone(), name.clone(), None)).collect()
    }
}
