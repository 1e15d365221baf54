//! Labelled undo and redo, with gestures that become one step.

use super::{Edit, EditError, Graph};
use std::collections::VecDeque;

/// One step: how to get from one state of the document to a neighbouring one.
#[derive(Debug)]
struct Step {
    label: String,
    edit: Edit,
    /// The state that applying `edit` leads to.
    leads_to: u64,
}

/// What a gesture has done so far.
#[derive(Debug)]
struct Gesture {
    label: String,
    /// Inverses, oldest first.
    inverses: Vec<Edit>,
    began_at: u64,
}

/// The edits made, and the way back. Bounded: the oldest step is forgotten past [`History::MOST_STEPS`].
#[derive(Default, Debug)]
pub struct History {
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    gesture: Option<Gesture>,
    state: u64,
    newest_state: u64,
}

impl History {
    /// How many steps are kept.
    pub const MOST_STEPS: usize = 1_000;

    /// Applies an edit as one step with this label, or adds it to the open gesture.
    pub fn apply(&mut self, graph: &mut Graph, label: &str, edit: Edit) -> Result<(), EditError> {
        let inverse = graph.apply(edit)?;
        let before = self.state;
        self.newest_state += 1;
        self.state = self.newest_state;
        self.redo.clear();
        match &mut self.gesture {
            Some(gesture) => {
                if !gesture.inverses.last().is_some_and(|older| restores_all_of(older, &inverse)) {
                    gesture.inverses.push(inverse);
                }
            }
            None => self.remember(label.to_owned(), inverse, before),
        }
        Ok(())
    }

    /// Begins a gesture: edits until [`History::end_gesture`] become one step. A gesture that is still open ends first.
    pub fn begin_gesture(&mut self, label: &str) {
        self.end_gesture();
        self.gesture = Some(Gesture { label: label.to_owned(), inverses: Vec::new(), began_at: self.state });
    }

    /// Whether a gesture is open.
    pub const fn in_gesture(&self) -> bool {
        self.gesture.is_some()
    }

    /// Ends the gesture.
    pub fn end_gesture(&mut self) {
        let Some(Gesture { label, mut inverses, began_at }) = self.gesture.take() else { return };
        inverses.reverse();
        match inverses.len() {
            0 => {}
            1 => self.remember(label, inverses.remove(0), began_at),
            _ => self.remember(label, Edit::Group(inverses), began_at),
        }
    }

    /// Ends the gesture and takes back what it did.
    pub fn cancel_gesture(&mut self, graph: &mut Graph) {
        let Some(gesture) = self.gesture.take() else { return };
        for inverse in gesture.inverses.into_iter().rev() {
            graph.apply(inverse).expect("only the history changes the graph, so its inverses apply");
        }
        self.state = gesture.began_at;
    }

    /// Takes back the last step; its label. An open gesture is ended first, and taken back.
    pub fn undo(&mut self, graph: &mut Graph) -> Option<String> {
        self.end_gesture();
        let step = self.undo.pop_back()?;
        let (label, back) = self.walk(graph, step);
        self.redo.push(back);
        Some(label)
    }

    /// Does the last undone step again; its label.
    pub fn redo(&mut self, graph: &mut Graph) -> Option<String> {
        self.end_gesture();
        let step = self.redo.pop()?;
        let (label, back) = self.walk(graph, step);
        self.undo.push_back(back);
        Some(label)
    }

    /// The label of the step that undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        match &self.gesture {
            Some(gesture) if !gesture.inverses.is_empty() => Some(&gesture.label),
            _ => self.undo.back().map(|step| step.label.as_str()),
        }
    }

    /// The label of the step that redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.redo.last().map(|step| step.label.as_str())
    }

    /// A number that tells states of the document apart: equal again after undo. For "unsaved changes".
    pub const fn state_number(&self) -> u64 {
        self.state
    }

    fn remember(&mut self, label: String, inverse: Edit, leads_to: u64) {
        self.undo.push_back(Step { label, edit: inverse, leads_to });
        if self.undo.len() > Self::MOST_STEPS {
            self.undo.pop_front();
        }
    }

    /// Applies a step and returns the step back.
    fn walk(&mut self, graph: &mut Graph, step: Step) -> (String, Step) {
        let edit = graph.apply(step.edit).expect("only the history changes the graph, so its steps apply");
        let back = Step { label: step.label.clone(), edit, leads_to: self.state };
        self.state = step.leads_to;
        (step.label, back)
    }
}

/// Whether applying `older` alone gives the same state as applying `newer` and then `older`: a drag of a thousand frames is then one
/// inverse, not a thousand.
fn restores_all_of(older: &Edit, newer: &Edit) -> bool {
    match (older, newer) {
        (Edit::MoveNodes(a), Edit::MoveNodes(b)) => a.len() == b.len() && a.iter().zip(b).all(|((a, _), (b, _))| a == b),
        (Edit::SetSetting(a, x, _), Edit::SetSetting(b, y, _)) | (Edit::PlacePort(a, x, _), Edit::PlacePort(b, y, _)) => a == b && x == y,
        (Edit::SetPipeSetting(a, x, _), Edit::SetPipeSetting(b, y, _)) => a == b && x == y,
        (Edit::SetGraphSetting(x, _), Edit::SetGraphSetting(y, _)) => x == y,
        (Edit::SetTitle(a, _), Edit::SetTitle(b, _)) => a == b,
        (Edit::SetBends(a, _), Edit::SetBends(b, _)) => a == b,
        (Edit::SetGraphTitle(_), Edit::SetGraphTitle(_)) => true,
        (Edit::SetFrame(a, _), Edit::SetFrame(b, _)) => a == b,
        (Edit::SetNote(a, _), Edit::SetNote(b, _)) => a == b,
        (Edit::Group(a), Edit::Group(b)) => {
            // Group inverses are in reverse order, and so pair up only if the parts are independent of order: moves and frames are.
            let independent =
                |edit: &Edit| matches!(edit, Edit::MoveNodes(_) | Edit::SetFrame(..) | Edit::SetNote(..) | Edit::SetBends(..));
            a.len() == b.len() && a.iter().all(independent) && a.iter().zip(b).all(|(a, b)| restores_all_of(a, b))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Point;
    use crate::graph::sample::{graph, id};

    fn moved(x: f32) -> Edit {
        Edit::MoveNodes(vec![(id("done"), Point { x, y: 0.0 })])
    }

    #[test]
    fn undo_and_redo_walk_labelled_steps() {
        let mut graph = graph();
        let (start, mut history) = (graph.clone(), History::default());
        history.apply(&mut graph, "Rename", Edit::RenameNode(id("work"), id("jobs"))).unwrap();
        history.apply(&mut graph, "Title", Edit::SetGraphTitle("T".into())).unwrap();
        let (done, number) = (graph.clone(), history.state_number());
        assert_eq!(history.undo_label(), Some("Title"));
        assert_eq!(history.undo(&mut graph).as_deref(), Some("Title"));
        assert_eq!(history.undo(&mut graph).as_deref(), Some("Rename"));
        assert_eq!((history.undo(&mut graph), history.state_number()), (None, 0));
        assert_eq!(graph, start);
        assert_eq!(history.redo_label(), Some("Rename"));
        history.redo(&mut graph);
        history.redo(&mut graph);
        assert_eq!((&graph, history.state_number()), (&done, number));
        history.undo(&mut graph);
        history.apply(&mut graph, "Other", moved(1.0)).unwrap();
        assert_eq!(history.redo_label(), None, "a new step forgets what was undone");
        assert_ne!(history.state_number(), number, "another state has another number");
    }

    #[test]
    fn a_gesture_is_one_step_and_keeps_one_inverse() {
        let mut graph = graph();
        let (start, mut history) = (graph.clone(), History::default());
        history.begin_gesture("Move");
        for x in 0..1000 {
            history.apply(&mut graph, "", moved(x as f32)).unwrap();
        }
        assert_eq!(history.gesture.as_ref().unwrap().inverses.len(), 1);
        history.end_gesture();
        assert_eq!(history.undo(&mut graph).as_deref(), Some("Move"));
        assert_eq!((&graph, history.undo_label()), (&start, None));
        history.begin_gesture("Nothing");
        history.end_gesture();
        assert_eq!(history.undo_label(), None);
    }

    #[test]
    fn a_cancelled_gesture_leaves_no_trace() {
        let mut graph = graph();
        let (start, mut history) = (graph.clone(), History::default());
        history.begin_gesture("Move");
        history.apply(&mut graph, "", moved(5.0)).unwrap();
        history.apply(&mut graph, "", Edit::SetGraphTitle("x".into())).unwrap();
        history.cancel_gesture(&mut graph);
        assert_eq!((&graph, history.state_number(), history.undo_label()), (&start, 0, None));
    }

    #[test]
    fn the_history_is_bounded() {
        let (mut graph, mut history) = (graph(), History::default());
        for x in 0..History::MOST_STEPS + 5 {
            history.apply(&mut graph, "Move", moved(x as f32)).unwrap();
        }
        assert_eq!(std::iter::from_fn(|| history.undo(&mut graph)).count(), History::MOST_STEPS);
    }
}
