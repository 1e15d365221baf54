//! The edits: every change that can be made to a graph. Applying one returns its inverse.

use super::{Frame, FrameId, Graph, Node, Note, NoteId, Pipe, Point};
use crate::id::{NodeId, PipeId};
use crate::setting::Setting;

/// One change of the document.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    /// Put a node in, at this place in the order (the end if `None`).
    AddNode(NodeId, Box<Node>, Option<usize>),
    /// Take a node out; its pipes must have been taken out before.
    RemoveNode(NodeId),
    /// Give a node another id; its pipes follow.
    RenameNode(NodeId, NodeId),
    /// Change a node's title.
    SetTitle(NodeId, String),
    /// Change, set (`Some`) or reset to the default (`None`) one setting of a node.
    SetSetting(NodeId, String, Option<Setting>),
    /// Change a node's kind, keeping settings and pipes.
    SetKind(NodeId, String),
    /// Move nodes to these places.
    MoveNodes(Vec<(NodeId, Point)>),
    /// Put a pipe in, at this place in the order (the end if `None`).
    AddPipe(PipeId, Box<Pipe>, Option<usize>),
    /// Take a pipe out.
    RemovePipe(PipeId),
    /// Change one setting of a pipe.
    SetPipeSetting(PipeId, String, Option<Setting>),
    /// Change the points a pipe bends through.
    SetBends(PipeId, Vec<Point>),
    /// Change one setting of the graph.
    SetGraphSetting(String, Option<Setting>),
    /// Change the graph's title.
    SetGraphTitle(String),
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
    /// The node still has pipes.
    #[error("node `{0}` still has pipes")]
    NodeWired(NodeId),
    /// There is no such pipe.
    #[error("there is no pipe `{0}`")]
    NoPipe(PipeId),
    /// There is such a pipe already.
    #[error("there is a pipe `{0}` already")]
    PipeExists(PipeId),
}

impl Graph {
    /// Applies an edit and returns its inverse: applying that gives back exactly the graph as it was, order included. On an error nothing
    /// has changed.
    pub fn apply(&mut self, _edit: Edit) -> Result<Edit, EditError> {
        todo!()
    }
}
