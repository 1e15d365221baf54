//! The edits: every change that can be made to a graph. Applying one returns its inverse.

use super::{Frame, FrameId, Graph, Node, Note, NoteId, Pipe, Point};
use crate::id::{NodeId, PipeId};
use crate::setting::{Setting, Settings};
use indexmap::IndexMap;
use std::sync::Arc;

/// Whose settings an edit is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Owner {
    /// The graph as a whole.
    Graph,
    /// A node.
    Node(NodeId),
    /// A pipe.
    Pipe(PipeId),
}

/// One change of the document.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    /// Put a node in, at this place in the order (the end if `None`). Refused if a pipe to a missing node already uses the id.
    AddNode(NodeId, Box<Node>, Option<usize>),
    /// Take a node out; its pipes must have been taken out before.
    RemoveNode(NodeId),
    /// Give a node another id; its pipes follow, and if it is a composite, everything inside it. Refused if something stands below the new
    /// id, or a pipe to a missing node already uses it.
    RenameNode(NodeId, NodeId),
    /// Change a node's title.
    SetTitle(NodeId, String),
    /// Change, set (`Some`) or reset to the default (`None`) one setting of a node.
    SetSetting(NodeId, String, Option<Setting>),
    /// Change a node's kind, keeping settings and pipes.
    SetKind(NodeId, String),
    /// Move nodes to these places.
    MoveNodes(Vec<(NodeId, Point)>),
    /// Give a port of a composite a place on its inside (`Some`), or let it stand where there is room (`None`).
    PlacePort(NodeId, String, Option<Point>),
    /// Put a pipe in, at this place in the order (the end if `None`). Its ends need not be there: a file may hold such a pipe, and
    /// `check` says so.
    AddPipe(PipeId, Box<Pipe>, Option<usize>),
    /// Take a pipe out.
    RemovePipe(PipeId),
    /// Change one setting of a pipe.
    SetPipeSetting(PipeId, String, Option<Setting>),
    /// Change the points a pipe bends through.
    SetBends(PipeId, Vec<Point>),
    /// Change one setting of the graph.
    SetGraphSetting(String, Option<Setting>),
    /// Put a setting in at a place in the order. This is what undoes a reset; to set a value use the edits above.
    InsertSetting(Owner, String, Setting, usize),
    /// Change the graph's title.
    SetGraphTitle(String),
    /// Change the ports that the graph has as a part.
    SetPorts(Settings),
    /// Change what an expectation claims.
    SetClaim(String, Setting),
    /// Put in (`Some`), change, or take out (`None`) a frame.
    SetFrame(FrameId, Option<Frame>),
    /// Put in (`Some`), change, or take out (`None`) a note.
    SetNote(NoteId, Option<Note>),
    /// Several edits as one, in order.
    Group(Vec<Edit>),
}

/// Why an edit cannot be applied. The graph is then unchanged.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// There is no such node.
    #[error("there is no node `{0}`")]
    NoNode(NodeId),
    /// There is such a node already.
    #[error("there is a node `{0}` already")]
    NodeExists(NodeId),
    /// The node is kept as source text, because the file's entry was not understood.
    #[error("node `{0}` could not be read and is kept as text; mend it in the file, or remove it")]
    NotUnderstood(NodeId),
    /// The node still has pipes.
    #[error("node `{0}` still has pipes")]
    NodeWired(NodeId),
    /// There is no such pipe.
    #[error("there is no pipe `{0}`")]
    NoPipe(PipeId),
    /// There is such a pipe already.
    #[error("there is a pipe `{0}` already")]
    PipeExists(PipeId),
    /// The path of a node inside a composite would become too long.
    #[error("the path of `{0}` would become too long")]
    TooLong(NodeId),
    /// There is no such expectation.
    #[error("there is no expectation `{0}`")]
    NoExpectation(String),
}

impl Graph {
    /// Applies an edit and returns its inverse: applying that gives back exactly the graph as it was, order included. On an error nothing
    /// has changed.
    pub fn apply(&mut self, edit: Edit) -> Result<Edit, EditError> {
        Ok(match edit {
            Edit::AddNode(id, node, place) => {
                if self.nodes.contains_key(&id) {
                    return Err(EditError::NodeExists(id));
                }
                self.refuse_stray(&id)?;
                let place = place.unwrap_or(self.nodes.len()).min(self.nodes.len());
                self.nodes.shift_insert(place, id.clone(), Arc::from(node));
                Edit::RemoveNode(id)
            }
            Edit::RemoveNode(id) => self.remove_node(id)?,
            Edit::RenameNode(from, to) => self.rename_node(from, to)?,
            Edit::SetTitle(id, title) => {
                let old = std::mem::replace(&mut self.understood(&id)?.title, title);
                Edit::SetTitle(id, old)
            }
            Edit::SetKind(id, kind) => {
                let old = std::mem::replace(&mut self.understood(&id)?.kind, kind);
                Edit::SetKind(id, old)
            }
            Edit::SetSetting(id, name, value) => self.set(Owner::Node(id), name, value)?,
            Edit::SetPipeSetting(id, name, value) => self.set(Owner::Pipe(id), name, value)?,
            Edit::SetGraphSetting(name, value) => self.set(Owner::Graph, name, value)?,
            Edit::InsertSetting(owner, name, value, place) => {
                let settings = self.settings_of(&owner)?;
                let place = place.min(settings.len());
                if settings.contains_key(&name) {
                    return self.set(owner, name, Some(value));
                }
                settings.shift_insert(place, name.clone(), value);
                setting_edit(owner, name, None)
            }
            Edit::MoveNodes(moves) => self.move_nodes(moves)?,
            Edit::PlacePort(id, name, place) => {
                let places = &mut Arc::make_mut(self.nodes.get_mut(&id).ok_or_else(|| EditError::NoNode(id.clone()))?).port_places;
                let old = match place {
                    Some(place) => places.insert(name.clone(), place),
                    None => places.remove(&name),
                };
                Edit::PlacePort(id, name, old)
            }
            Edit::AddPipe(id, pipe, place) => {
                if self.pipes.contains_key(&id) {
                    return Err(EditError::PipeExists(id));
                }
                let place = place.unwrap_or(self.pipes.len()).min(self.pipes.len());
                self.pipes.shift_insert(place, id.clone(), *pipe);
                Edit::RemovePipe(id)
            }
            Edit::RemovePipe(id) => match self.pipes.shift_remove_full(&id) {
                Some((place, id, pipe)) => Edit::AddPipe(id, Box::new(pipe), Some(place)),
                None => return Err(EditError::NoPipe(id)),
            },
            Edit::SetBends(id, bends) => match self.pipes.get_mut(&id) {
                Some(pipe) => Edit::SetBends(id, std::mem::replace(&mut pipe.bends, bends)),
                None => return Err(EditError::NoPipe(id)),
            },
            Edit::SetGraphTitle(title) => Edit::SetGraphTitle(std::mem::replace(&mut self.title, title)),
            Edit::SetPorts(ports) => Edit::SetPorts(std::mem::replace(&mut self.ports, ports)),
            Edit::SetClaim(name, claim) => match self.expectations.get_mut(&name) {
                Some(expectation) => Edit::SetClaim(name, std::mem::replace(&mut expectation.claim, claim)),
                None => return Err(EditError::NoExpectation(name)),
            },
            Edit::SetFrame(id, frame) => Edit::SetFrame(id, put_sorted(&mut self.frames, id, frame)),
            Edit::SetNote(id, note) => Edit::SetNote(id, put_sorted(&mut self.notes, id, note)),
            Edit::Group(edits) => self.apply_all(edits)?,
        })
    }

    fn apply_all(&mut self, edits: Vec<Edit>) -> Result<Edit, EditError> {
        let mut inverses = Vec::with_capacity(edits.len());
        for edit in edits {
            match self.apply(edit) {
                Ok(inverse) => inverses.push(inverse),
                Err(error) => {
                    for inverse in inverses.into_iter().rev() {
                        self.apply(inverse).expect("an inverse always applies to the graph it was made on");
                    }
                    return Err(error);
                }
            }
        }
        inverses.reverse();
        Ok(Edit::Group(inverses))
    }

    fn remove_node(&mut self, id: NodeId) -> Result<Edit, EditError> {
        if !self.nodes.contains_key(&id) {
            return Err(EditError::NoNode(id));
        }
        if self.pipes.keys().any(|pipe| pipe.from.node == id || pipe.to.node == id) {
            return Err(EditError::NodeWired(id));
        }
        let (place, id, node) = self.nodes.shift_remove_full(&id).expect("found above");
        Ok(Edit::AddNode(id, Box::new(Arc::unwrap_or_clone(node)), Some(place)))
    }

    fn rename_node(&mut self, from: NodeId, to: NodeId) -> Result<Edit, EditError> {
        let Some(place) = self.nodes.get_index_of(&from) else { return Err(EditError::NoNode(from)) };
        if from == to {
            return Ok(Edit::RenameNode(to, from));
        }
        if self.nodes.contains_key(&to) {
            return Err(EditError::NodeExists(to));
        }
        self.refuse_stray(&to)?;
        if self.nodes[place].is_composite() {
            self.rename_inside(&from, &to)?;
        }
        self.nodes.replace_index(place, to.clone()).expect("the new id is free");
        self.follow(|id| (*id == from).then(|| to.clone()));
        Ok(Edit::RenameNode(to, from))
    }

    /// Lets the pipes follow nodes to their new ids.
    fn follow(&mut self, renamed: impl Fn(&NodeId) -> Option<NodeId>) {
        if self.pipes.keys().any(|pipe| renamed(&pipe.from.node).is_some() || renamed(&pipe.to.node).is_some()) {
            let pipes = std::mem::take(&mut self.pipes);
            self.pipes = pipes
                .into_iter()
                .map(|(mut id, pipe)| {
                    for node in [&mut id.from.node, &mut id.to.node] {
                        if let Some(new) = renamed(node) {
                            *node = new;
                        }
                    }
                    (id, pipe)
                })
                .collect();
        }
    }

    /// Gives everything inside a composite its new path: nodes, the pipes between them, frames and notes.
    fn rename_inside(&mut self, from: &NodeId, to: &NodeId) -> Result<(), EditError> {
        // What stands below the new id already would find itself inside, and would go along on the way back.
        let foreign = |id: &NodeId| id.below(to.as_str()).is_some() && id.below(from.as_str()).is_none() && id != from;
        if let Some(id) = self.nodes.keys().find(|id| foreign(id)) {
            return Err(EditError::NodeExists(id.clone()));
        }
        if let Some(pipe) = self.pipes.keys().find(|pipe| foreign(&pipe.from.node) || foreign(&pipe.to.node)) {
            return Err(EditError::PipeExists(pipe.clone()));
        }
        let levels = self.frames.values().map(|frame| &frame.inside).chain(self.notes.values().map(|note| &note.inside));
        if let Some(level) = levels.flatten().find(|level| foreign(level) || *level == to) {
            return Err(EditError::NodeExists(level.clone()));
        }
        let moved =
            |id: &NodeId| id.below(from.as_str()).map(|rest| NodeId::inside(Some(to), rest).ok_or_else(|| EditError::TooLong(id.clone())));
        let ends = self.pipes.keys().flat_map(|pipe| [&pipe.from.node, &pipe.to.node]);
        let levels = self.frames.values().filter_map(|frame| frame.inside.as_ref());
        let levels = levels.chain(self.notes.values().filter_map(|note| note.inside.as_ref()));
        for id in self.nodes.keys().chain(ends).chain(levels) {
            moved(id).transpose()?;
        }
        let renamed = |id: &NodeId| moved(id).and_then(Result::ok);
        if self.nodes.keys().any(|id| renamed(id).is_some()) {
            let nodes = std::mem::take(&mut self.nodes);
            self.nodes = nodes.into_iter().map(|(id, node)| (renamed(&id).unwrap_or(id), node)).collect();
        }
        let level = |inside: &mut Option<NodeId>| match inside {
            Some(id) if id == from => *id = to.clone(),
            Some(id) => *id = renamed(id).unwrap_or_else(|| id.clone()),
            None => {}
        };
        self.frames.values_mut().for_each(|frame| level(&mut frame.inside));
        self.notes.values_mut().for_each(|note| level(&mut note.inside));
        self.follow(renamed);
        Ok(())
    }

    /// Refuses an id that a pipe to a missing node uses: a node with that id would catch the pipe, and could not be taken out again.
    fn refuse_stray(&self, id: &NodeId) -> Result<(), EditError> {
        match self.pipes.keys().find(|pipe| pipe.from.node == *id || pipe.to.node == *id) {
            Some(pipe) => Err(EditError::PipeExists(pipe.clone())),
            None => Ok(()),
        }
    }

    fn move_nodes(&mut self, moves: Vec<(NodeId, Point)>) -> Result<Edit, EditError> {
        if let Some((id, _)) = moves.iter().find(|(id, _)| !self.nodes.contains_key(id)) {
            return Err(EditError::NoNode(id.clone()));
        }
        let mut back: Vec<_> = moves
            .into_iter()
            .map(|(id, to)| {
                let node = Arc::make_mut(&mut self.nodes[&id]);
                let from = std::mem::replace(&mut node.position, to);
                (id, from)
            })
            .collect();
        // A node may be named twice: going back, its first place must come last.
        back.reverse();
        Ok(Edit::MoveNodes(back))
    }

    /// The node, for writing, if it is there and is more than kept text.
    fn understood(&mut self, id: &NodeId) -> Result<&mut Node, EditError> {
        match self.nodes.get_mut(id) {
            None => Err(EditError::NoNode(id.clone())),
            Some(node) if node.opaque.is_some() => Err(EditError::NotUnderstood(id.clone())),
            Some(node) => Ok(Arc::make_mut(node)),
        }
    }

    fn settings_of(&mut self, owner: &Owner) -> Result<&mut Settings, EditError> {
        match owner {
            Owner::Graph => Ok(&mut self.settings),
            Owner::Node(id) => Ok(&mut self.understood(id)?.settings),
            Owner::Pipe(id) => match self.pipes.get_mut(id) {
                Some(pipe) => Ok(&mut pipe.settings),
                None => Err(EditError::NoPipe(id.clone())),
            },
        }
    }

    fn set(&mut self, owner: Owner, name: String, value: Option<Setting>) -> Result<Edit, EditError> {
        let settings = self.settings_of(&owner)?;
        Ok(match value {
            Some(value) => {
                let old = settings.insert(name.clone(), value);
                setting_edit(owner, name, old)
            }
            None => match settings.shift_remove_full(&name) {
                Some((place, name, old)) => Edit::InsertSetting(owner, name, old, place),
                None => setting_edit(owner, name, None),
            },
        })
    }
}

fn setting_edit(owner: Owner, name: String, value: Option<Setting>) -> Edit {
    match owner {
        Owner::Graph => Edit::SetGraphSetting(name, value),
        Owner::Node(id) => Edit::SetSetting(id, name, value),
        Owner::Pipe(id) => Edit::SetPipeSetting(id, name, value),
    }
}

/// Frames and notes stand in the order of their numbers, so that taking one out and putting it back restores the order.
fn put_sorted<K: Ord + std::hash::Hash + Copy, V>(map: &mut IndexMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        None => map.shift_remove(&key),
        Some(value) => map.insert_sorted(key, value).1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, id, pipe};

    /// Applies, and holds `apply` to its promise both ways.
    fn there_and_back(edit: &Edit) {
        let start = graph();
        let mut changed = start.clone();
        let inverse = changed.apply(edit.clone()).unwrap_or_else(|error| panic!("{edit:?}: {error}"));
        let there = changed.clone();
        let again = changed.apply(inverse).unwrap();
        assert_same(&changed, &start, edit);
        changed.apply(again).unwrap();
        assert_same(&changed, &there, edit);
    }

    /// Equal, order included (equality of maps alone does not see it).
    fn assert_same(a: &Graph, b: &Graph, edit: &Edit) {
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{edit:?}");
    }

    #[test]
    fn every_edit_has_an_exact_inverse() {
        let (orders, work) = (id("orders"), id("work"));
        let first = pipe("orders.out -> work.in");
        for edit in [
            Edit::AddNode(id("late"), Box::new(Node::new("sink", Point::default())), Some(1)),
            Edit::RenameNode(work.clone(), id("jobs")),
            Edit::SetTitle(orders.clone(), "Orders!".into()),
            Edit::SetKind(orders.clone(), "schedule".into()),
            Edit::SetSetting(orders.clone(), "rate".into(), None),
            Edit::SetSetting(orders.clone(), "rate".into(), Some(Setting::text("1/s"))),
            Edit::SetSetting(orders.clone(), "new".into(), Some(Setting::Integer(1))),
            Edit::SetSetting(orders.clone(), "absent".into(), None),
            Edit::MoveNodes(vec![(orders.clone(), Point { x: 9.0, y: 9.0 }), (orders, Point { x: 7.0, y: 9.0 })]),
            Edit::PlacePort(work.clone(), "in".into(), Some(Point { x: 1.0, y: 2.0 })),
            Edit::PlacePort(work.clone(), "absent".into(), None),
            Edit::AddPipe(pipe("orders.error -> done.in"), Box::default(), Some(0)),
            Edit::RemovePipe(first.clone()),
            Edit::SetBends(first.clone(), vec![Point { x: 1.0, y: 2.0 }]),
            Edit::SetPipeSetting(first, "capacity".into(), None),
            Edit::SetGraphSetting("seed".into(), None),
            Edit::SetGraphTitle("Other".into()),
            Edit::SetPorts([("in".to_owned(), Setting::text("work.in"))].into_iter().collect()),
            Edit::SetFrame(FrameId(1), None),
            Edit::SetFrame(FrameId(2), Some(Frame::default())),
            Edit::SetNote(NoteId(1), None),
            Edit::SetNote(NoteId(9), Some(Note::default())),
            Edit::Group(vec![Edit::RemovePipe(pipe("work.out -> done.in")), Edit::RenameNode(work, id("jobs"))]),
        ] {
            there_and_back(&edit);
        }
    }

    #[test]
    fn a_refused_edit_changes_nothing() {
        let start = graph();
        for (edit, error) in [
            (Edit::RemoveNode(id("work")), EditError::NodeWired(id("work"))),
            (Edit::RemoveNode(id("ghost")), EditError::NoNode(id("ghost"))),
            (Edit::RenameNode(id("work"), id("orders")), EditError::NodeExists(id("orders"))),
            (Edit::RemovePipe(pipe("a.b -> c.d")), EditError::NoPipe(pipe("a.b -> c.d"))),
            (
                Edit::Group(vec![
                    Edit::SetGraphTitle("x".into()),
                    Edit::RemovePipe(pipe("orders.out -> work.in")),
                    Edit::RemoveNode(id("ghost")),
                ]),
                EditError::NoNode(id("ghost")),
            ),
            (Edit::MoveNodes(vec![(id("work"), Point::default()), (id("ghost"), Point::default())]), EditError::NoNode(id("ghost"))),
        ] {
            let mut changed = start.clone();
            assert_eq!(changed.apply(edit.clone()), Err(error));
            assert_same(&changed, &start, &edit);
        }
    }

    #[test]
    fn a_node_does_not_catch_pipes_to_nowhere() {
        let mut graph = graph();
        let stray = pipe("orders.out -> ghost.in");
        graph.apply(Edit::AddPipe(stray.clone(), Box::default(), None)).unwrap();
        assert_eq!(graph.apply(Edit::RenameNode(id("work"), id("ghost"))), Err(EditError::PipeExists(stray.clone())));
        assert_eq!(graph.apply(Edit::AddNode(id("ghost"), Box::default(), None)), Err(EditError::PipeExists(stray)));
    }
}
