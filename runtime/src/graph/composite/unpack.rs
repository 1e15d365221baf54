//! Takes a composite apart again, takes over the content of a used file, and makes a part of a composite.

use super::group::{GroupError, middle};
use super::{end_below, moved_to, setting};
use crate::graph::{Edit, FrameId, Graph, Node, NoteId, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::setting::{Setting, Settings};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Graph {
    /// An edit that puts the content of a composite in its place, and the ids that its nodes get. What [`Graph::make_composite`] did comes
    /// undone, where nothing was changed in between.
    pub fn unpack(&self, id: &NodeId) -> Result<(Edit, Vec<NodeId>), GroupError> {
        let composite = self.nodes.get(id).filter(|node| node.is_composite()).ok_or_else(|| GroupError::NoComposite(id.clone()))?;
        if composite.used_file().is_some() {
            return Err(GroupError::Used(id.clone()));
        }
        let level = self.level_of(id);
        let content: Vec<&NodeId> = self.nodes.keys().filter(|node| self.level_of(node) == Some(id)).collect();
        let mut taken: HashSet<NodeId> = self.nodes.keys().filter(|node| *node != id).cloned().collect();
        let mut moves: HashMap<&NodeId, NodeId> = HashMap::new();
        for node in &content {
            let own = node.below(id.as_str()).unwrap_or(node.last());
            let free = |to: &NodeId| {
                !taken.contains(to)
                    && to != id
                    && !self
                        .nodes
                        .keys()
                        .any(|other| other.below(to.as_str()).is_some() && other != id && other.below(id.as_str()).is_none())
            };
            let names = std::iter::once(own.to_owned()).chain((2..).map(|number| format!("{own}-{number}")));
            let to = names.map_while(|name| NodeId::inside(level, &name)).find(free).ok_or_else(|| GroupError::TooLong((*node).clone()))?;
            self.fits_below(node, &to)?;
            taken.insert(to.clone());
            moves.insert(node, to);
        }
        let outer = |end: &End| moves.get(&end.node).map(|node| End { node: node.clone(), port: end.port.clone() });
        let bindings = self.bindings(id);
        let bound = |end: &End| bindings.iter().find(|(name, _)| end.node == *id && *name == &*end.port).and_then(|(_, end)| outer(end));
        // From the outside in: a content node may take the composite's own id only once that is gone, so it never does.
        let mut edits: Vec<Edit> = content.iter().map(|node| Edit::RenameNode((*node).clone(), moves[*node].clone())).collect();
        let mut known: HashSet<PipeId> = self.pipes.keys().cloned().collect();
        let mut gone = 0;
        for (place, (pipe, value)) in self.pipes.iter().enumerate() {
            if pipe.from.node != *id && pipe.to.node != *id {
                continue;
            }
            let through = |end: &End| if end.node == *id { bound(end) } else { Some(end.clone()) };
            let (Some(from), Some(to)) = (through(&pipe.from), through(&pipe.to)) else { return Err(GroupError::LostPipe(pipe.clone())) };
            edits.push(Edit::RemovePipe(pipe.clone()));
            if known.insert(PipeId { from: from.clone(), to: to.clone() }) {
                edits.push(Edit::AddPipe(PipeId { from, to }, Box::new(Pipe { bends: Vec::new(), ..value.clone() }), Some(place - gone)));
            } else {
                gone += 1;
            }
        }
        edits.extend(self.rebind(level, bound));
        let centre = middle(content.iter().map(|node| &*self.nodes[*node])).unwrap_or(composite.position);
        let shift = Point { x: composite.position.x - centre.x, y: composite.position.y - centre.y };
        let shifted = |at: Point| Point { x: at.x + shift.x, y: at.y + shift.y };
        if shift != Point::default() {
            edits.push(Edit::MoveNodes(content.iter().map(|node| (moves[*node].clone(), shifted(self.nodes[*node].position))).collect()));
            for (pipe, value) in self.pipes.iter().filter(|(_, value)| !value.bends.is_empty()) {
                if let (Some(from), Some(to)) = (outer(&pipe.from), outer(&pipe.to)) {
                    edits.push(Edit::SetBends(PipeId { from, to }, value.bends.iter().copied().map(shifted).collect()));
                }
            }
        }
        for (number, frame) in self.frames.iter().filter(|(_, frame)| frame.inside.as_ref() == Some(id)) {
            let mut frame = moved_to(frame, level.cloned());
            frame.position = shifted(frame.position);
            edits.push(Edit::SetFrame(*number, Some(frame)));
        }
        for (number, note) in self.notes.iter().filter(|(_, note)| note.inside.as_ref() == Some(id)) {
            let mut note = moved_to(note, level.cloned());
            note.position = shifted(note.position);
            edits.push(Edit::SetNote(*number, Some(note)));
        }
        edits.extend(self.reclaim(|node| {
            let (from, to) =
                std::iter::once(node.as_str()).chain(node.above()).find_map(|above| Some((above, moves.get(&NodeId::new(above)?)?)))?;
            node.below(from).map_or_else(|| Some(to.clone()), |rest| NodeId::inside(Some(to), rest))
        }));
        edits.push(Edit::RemoveNode(id.clone()));
        let nodes = content.iter().map(|node| moves[*node].clone()).collect();
        Ok((Edit::Group(edits), nodes))
    }

    /// An edit that makes the content of a used file a composite's own, so that it can be changed here; the file is left alone.
    pub fn take_over(&self, id: &NodeId) -> Result<Edit, GroupError> {
        if self.nodes.get(id).is_none_or(|node| node.used_file().is_none()) {
            return Err(GroupError::NoComposite(id.clone()));
        }
        let whole = self.whole();
        let files: HashMap<&NodeId, &str> = whole.used.iter().map(|(composite, file)| (composite, file.as_str())).collect();
        // What a file in the file holds stays there.
        let own = |node: &NodeId| whole.graph.used_above(node) == Some(id);
        let mut edits = Vec::new();
        for (node, value) in whole.graph.nodes.iter().filter(|(node, _)| own(node)) {
            let mut value = Node::clone(value);
            if let Some(file) = files.get(node) {
                value.settings.insert(setting::USE.to_owned(), Setting::text(*file));
                value.settings.shift_remove(setting::PORTS);
            }
            edits.push(Edit::AddNode(node.clone(), Box::new(value), None));
        }
        let pipes = whole.graph.pipes.iter().filter(|(pipe, _)| own(&pipe.from.node) && own(&pipe.to.node));
        edits.extend(pipes.map(|(pipe, value)| Edit::AddPipe(pipe.clone(), Box::new(value.clone()), None)));
        let level = |inside: Option<&NodeId>| inside.is_some_and(|level| level == id || own(level));
        let frames = whole.graph.frames.iter().filter(|(_, frame)| level(frame.inside.as_ref()));
        edits.extend(frames.map(|(number, frame)| Edit::SetFrame(*number, Some(frame.clone()))));
        let notes = whole.graph.notes.iter().filter(|(_, note)| level(note.inside.as_ref()));
        edits.extend(notes.map(|(number, note)| Edit::SetNote(*number, Some(note.clone()))));
        for name in [setting::USE, setting::SET] {
            edits.push(Edit::SetSetting(id.clone(), name.to_owned(), None));
        }
        edits.push(Edit::SetTitle(id.clone(), whole.graph.nodes[id].title.clone()));
        edits.push(Edit::SetSetting(id.clone(), setting::PORTS.to_owned(), whole.graph.nodes[id].settings.get(setting::PORTS).cloned()));
        Ok(Edit::Group(edits))
    }

    /// The content of a composite as a graph of its own, with the ports that it has: what is saved as a file that composites can use.
    pub fn as_part(&self, id: &NodeId) -> Option<Self> {
        let composite = self.nodes.get(id).filter(|node| node.is_composite() && node.used_file().is_none())?;
        let below = |node: &NodeId| NodeId::new(node.below(id.as_str())?);
        let mut part = Self { title: composite.title.clone(), ..Self::default() };
        part.nodes = self.nodes.iter().filter_map(|(node, value)| Some((below(node)?, Arc::clone(value)))).collect();
        let end = |end: &End| Some(End { node: below(&end.node)?, port: end.port.clone() });
        let pipe = |pipe: &PipeId| Some(PipeId { from: end(&pipe.from)?, to: end(&pipe.to)? });
        part.pipes = self.pipes.iter().filter_map(|(id, value)| Some((pipe(id)?, value.clone()))).collect();
        let level = |inside: Option<&NodeId>| {
            let inside = inside?;
            if inside == id { Some(None) } else { below(inside).map(Some) }
        };
        let frames = self.frames.values().filter_map(|frame| Some(moved_to(frame, level(frame.inside.as_ref())?)));
        part.frames = (1..).map(FrameId).zip(frames).collect();
        let notes = self.notes.values().filter_map(|note| Some(moved_to(note, level(note.inside.as_ref())?)));
        part.notes = (1..).map(NoteId).zip(notes).collect();
        let ports =
            self.bindings(id).into_iter().filter_map(|(name, inner)| Some((name.to_owned(), Setting::text(end(&inner)?.to_string()))));
        part.ports = ports.collect::<Settings>();
        Some(part)
    }

    /// An edit that lets a composite use a file in place of its own content.
    pub fn use_file(&self, id: &NodeId, file: &str) -> Edit {
        let content: Vec<NodeId> = self.inside(id).cloned().collect();
        let mut edits = vec![self.remove_nodes(&content)];
        let frames = self.frames.iter().filter(|(_, frame)| frame.inside.as_ref() == Some(id));
        edits.extend(frames.map(|(number, _)| Edit::SetFrame(*number, None)));
        let notes = self.notes.iter().filter(|(_, note)| note.inside.as_ref() == Some(id));
        edits.extend(notes.map(|(number, _)| Edit::SetNote(*number, None)));
        edits.push(Edit::SetSetting(id.clone(), setting::PORTS.to_owned(), None));
        edits.push(Edit::SetSetting(id.clone(), setting::USE.to_owned(), Some(Setting::text(file))));
        Edit::Group(edits)
    }

    /// The edit that sets something inside a used file: the composite that uses it keeps the value. `None` for a node that stands in no used
    /// file, or in a file within a file, whose settings are that file's affair.
    pub fn set_inside(&self, node: &NodeId, name: &str, value: Option<Setting>) -> Option<Edit> {
        let user = node.above().find_map(|above| self.nodes.get_key_value(above).filter(|(_, node)| node.used_file().is_some()))?.0;
        let key = format!("{}.{name}", node.below(user.as_str())?);
        let mut set = match self.nodes[user].settings.get(setting::SET) {
            Some(Setting::Map(pairs)) => pairs.clone(),
            _ => Vec::new(),
        };
        let place = set.iter().position(|(known, _)| *known == key);
        match (place, value) {
            (Some(place), Some(value)) => set[place].1 = value,
            (Some(place), None) => drop(set.remove(place)),
            (None, Some(value)) => set.push((key, value)),
            (None, None) => {}
        }
        end_below(Some(user), &format!("{}.x", node.below(user.as_str())?))?;
        let set = (!set.is_empty()).then_some(Setting::Map(set));
        Some(Edit::SetSetting(user.clone(), setting::SET.to_owned(), set))
    }
}
