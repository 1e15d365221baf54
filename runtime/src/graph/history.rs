//! Labelled undo and redo, with gestures that become one step.

use super::{Edit, EditError, Graph};

/// The edits made, and the way back. Bounded: the oldest step is forgotten past [`History::MOST_STEPS`].
#[derive(Default, Debug)]
pub struct History {}

impl History {
    /// How many steps are kept.
    pub const MOST_STEPS: usize = 1_000;

    /// Applies an edit as one step with this label, or adds it to the open gesture.
    pub fn apply(&mut self, _graph: &mut Graph, _label: &str, _edit: Edit) -> Result<(), EditError> {
        todo!()
    }
    /// Begins a gesture: edits until [`History::end_gesture`] become one step.
    pub fn begin_gesture(&mut self, _label: &str) {}
    /// Ends the gesture.
    pub fn end_gesture(&mut self) {}
    /// Ends the gesture and takes back what it did.
    pub fn cancel_gesture(&mut self, _graph: &mut Graph) {}
    /// Takes back the last step; its label.
    pub fn undo(&mut self, _graph: &mut Graph) -> Option<String> {
        todo!()
    }
    /// Does the last undone step again; its label.
    pub fn redo(&mut self, _graph: &mut Graph) -> Option<String> {
        todo!()
    }
    /// The label of the step that undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        None
    }
    /// The label of the step that redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        None
    }
    /// A number that tells states of the document apart: equal again after undo. For "unsaved changes".
    pub fn state_number(&self) -> u64 {
        0
    }
}
