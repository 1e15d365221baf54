//! The document: nodes, pipes, notes and frames. It changes only by [`Edit`], whose application returns the inverse (rule 4).

pub mod composite;
pub mod compound;
pub mod edit;
pub mod expectation;
pub mod frame;
pub mod history;
pub mod kept;
pub mod layout;
pub mod node;
pub mod note;
pub mod pipe;
pub mod query;
#[cfg(test)]
mod random_edits;
#[cfg(test)]
pub(crate) mod sample;

pub use edit::{Edit, EditError, Owner};
pub use expectation::Expectation;
pub use frame::{Frame, FrameId};
pub use history::History;
pub use node::{Comments, Node};
pub use note::{Note, NoteId};
pub use pipe::Pipe;

use crate::id::{NodeId, PipeId};
use crate::setting::Settings;
use indexmap::IndexMap;
use std::sync::Arc;

/// A point on the canvas, in canvas units: x to the right, y down.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// The whole document. Reading is free; every change is an [`Edit`].
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Graph {
    pub(crate) title: String,
    pub(crate) settings: Settings,
    /// As a part: name → the text `node.port`.
    pub(crate) ports: Settings,
    pub(crate) nodes: IndexMap<NodeId, Arc<Node>>,
    pub(crate) pipes: IndexMap<PipeId, Pipe>,
    pub(crate) expectations: IndexMap<String, Expectation>,
    pub(crate) frames: IndexMap<FrameId, Frame>,
    pub(crate) notes: IndexMap<NoteId, Note>,
    /// Comments before sections, by the section's name; before graph settings as `settings.NAME` and ports as `ports.NAME`; before the end of `nodes`, `pipes`,
    /// `expect` and the settings as `nodes.`, `pipes.`, `expect.` and `settings.`; before the end of the graph under the empty name, and after it as `.`.
    pub(crate) comments: Comments,
    /// What the file says beyond all this.
    pub(crate) kept: kept::Kept,
    /// What used files hold; no part of the document.
    pub(crate) parts: composite::Parts,
}

impl Graph {
    /// The graph's title.
    pub fn title(&self) -> &str {
        &self.title
    }
    /// Settings of the graph as a whole: `seed`, `starts_at`, and settings this program does not know.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }
    /// The ports that the graph has where a composite uses it: name → the text `node.port`. A graph with ports is a part.
    pub const fn ports(&self) -> &Settings {
        &self.ports
    }
    /// The nodes, in the order of the file.
    pub const fn nodes(&self) -> &IndexMap<NodeId, Arc<Node>> {
        &self.nodes
    }
    /// The pipes, in the order of the file.
    pub const fn pipes(&self) -> &IndexMap<PipeId, Pipe> {
        &self.pipes
    }
    /// What must hold when the graph has run, by name, in the order of the file.
    pub const fn expectations(&self) -> &IndexMap<String, Expectation> {
        &self.expectations
    }
    /// The frames.
    pub const fn frames(&self) -> &IndexMap<FrameId, Frame> {
        &self.frames
    }
    /// The notes.
    pub const fn notes(&self) -> &IndexMap<NoteId, Note> {
        &self.notes
    }
    /// One node.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id).map(Arc::as_ref)
    }
    /// One pipe.
    pub fn pipe(&self, id: &PipeId) -> Option<&Pipe> {
        self.pipes.get(id)
    }
}
