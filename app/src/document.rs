//! An open document: the graph, its history, where it is kept, what is drawn of it, and what is wrong with it.

mod drawn;

use drawn::Drawn;
use pipewright_runtime::check;
use pipewright_runtime::file::{self, Fingerprint, Read};
use pipewright_runtime::graph::composite::{Flat, Parts};
use pipewright_runtime::graph::{Edit, EditError, Graph, History};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::problem::{Problem, Severity};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Documents up to this many nodes are checked at once after each edit; larger ones by the io thread, the newest state last.
const CHECKED_AT_ONCE: usize = 200;

/// A document in the window.
pub struct Document {
    graph: Graph,
    drawn: Drawn,
    history: History,
    path: Option<PathBuf>,
    /// The folder that a document without a file starts from, such as a sample's.
    base: Option<PathBuf>,
    revision: u64,
    saved_state: Option<u64>,
    problems: Vec<Problem>,
    /// What was wrong with the text of the file; stays true of what was kept as it stood.
    file_problems: Vec<Problem>,
    checked_revision: u64,
    read_only: bool,
    autosaved_state: Option<u64>,
    /// What the file looked like when it was last read or written here.
    pub fingerprint: Option<Fingerprint>,
    /// When it was last saved.
    pub saved_at: Option<Instant>,
    /// Tells documents without a path apart, and names the autosave.
    pub number: u64,
}

impl Document {
    /// An empty document without a file.
    pub fn empty(number: u64) -> Self {
        Self::from_graph(Graph::default(), number)
    }

    /// A document without a file, such as a sample.
    pub fn from_graph(graph: Graph, number: u64) -> Self {
        let history = History::default();
        let saved_state = Some(history.state_number());
        Self {
            drawn: Drawn::of(&graph, None),
            graph,
            saved_state,
            history,
            path: None,
            revision: 1,
            problems: Vec::new(),
            file_problems: Vec::new(),
            base: None,
            checked_revision: 0,
            read_only: false,
            autosaved_state: saved_state,
            fingerprint: None,
            saved_at: None,
            number,
        }
    }

    /// A document as read from a text.
    pub fn from_text(text: &str, path: Option<PathBuf>, catalogue: Catalogue, number: u64) -> Self {
        Self::from_read(file::read(text, catalogue), path, number)
    }

    /// A document as it was read.
    pub fn from_read(read: Read, path: Option<PathBuf>, number: u64) -> Self {
        Self {
            problems: read.problems.clone(),
            file_problems: read.problems,
            read_only: read.read_only,
            path,
            ..Self::from_graph(read.graph, number)
        }
    }

    /// The graph.
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The graph with the content of its used files: what panels speak of.
    pub fn whole(&self) -> &Graph {
        self.drawn.whole(&self.graph)
    }

    /// What stands on the open level: what the canvas shows.
    pub fn shown(&self) -> &Graph {
        self.drawn.shown(&self.graph)
    }

    /// The graph as it runs, if it has composites.
    pub fn flat(&self) -> Option<&Flat> {
        self.drawn.flat()
    }

    /// The graph as it runs: without the borders of composites, if it has any.
    pub fn running(&self) -> &Graph {
        self.flat().map_or(&self.graph, |flat| &flat.graph)
    }

    /// The composite that is open; `None` for the top.
    pub const fn level(&self) -> Option<&NodeId> {
        self.drawn.level()
    }

    /// The used file that a node comes from.
    pub fn file_of(&self, node: &NodeId) -> Option<&str> {
        self.drawn.file_of(node)
    }

    /// Opens a composite, or the top. Whether that changed anything.
    pub fn set_level(&mut self, level: Option<NodeId>) -> bool {
        if self.drawn.level() == level.as_ref() {
            return false;
        }
        self.drawn = Drawn::of(&self.graph, level);
        self.touched(false);
        true
    }

    /// Whether a used file was not read yet.
    pub fn wants_parts(&self) -> bool {
        self.drawn.unread()
    }

    /// Takes the content of used files, as the io thread has read them.
    pub fn set_parts(&mut self, parts: Parts) {
        if *self.graph.parts() != parts {
            self.graph.set_parts(parts);
            self.touched(true);
        }
    }

    /// The history, for its labels.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Changes with every change of the graph.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// What is wrong, worst first.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether a newer program wrote it, so that it must not be written here.
    pub const fn read_only(&self) -> bool {
        self.read_only
    }

    /// Its file.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The folder that paths in the graph start from.
    pub fn folder(&self) -> PathBuf {
        let folder = self.path.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
        folder.or(self.base.as_deref()).map_or_else(|| std::env::current_dir().unwrap_or_default(), Path::to_owned)
    }

    /// The folder that a live run writes below: the file's name, ending in `.out`. A document without a file writes to the temporary
    /// folder, never among the samples.
    pub fn output(&self) -> PathBuf {
        let stem = self.path.as_deref().and_then(Path::file_stem);
        stem.map_or_else(|| std::env::temp_dir().join("pipewright.out"), |stem| self.folder().join(stem).with_added_extension("out"))
    }

    /// Sets the folder for a document without a file.
    pub fn set_base(&mut self, folder: Option<PathBuf>) {
        self.base = folder;
    }

    /// The name on its tab.
    pub fn name(&self) -> String {
        let file_name = self.path.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        file_name.unwrap_or_else(|| if self.graph.title().is_empty() { "Untitled".to_owned() } else { self.graph.title().to_owned() })
    }

    /// Whether there is something that was not saved.
    pub fn dirty(&self) -> bool {
        self.saved_state != Some(self.history.state_number())
    }

    /// Whether there is something that neither a save nor an autosave has.
    pub fn wants_autosave(&self) -> bool {
        self.dirty() && self.autosaved_state != Some(self.history.state_number())
    }

    /// The state that an autosave or a save under way will have written.
    pub fn state_number(&self) -> u64 {
        self.history.state_number()
    }

    /// An autosave of this state was written.
    pub const fn autosaved(&mut self, state: u64) {
        self.autosaved_state = Some(state);
    }

    /// This state was written to this file.
    pub fn saved(&mut self, state: u64, path: PathBuf, fingerprint: Option<Fingerprint>) {
        self.saved_state = Some(state);
        self.path = Some(path);
        self.fingerprint = fingerprint;
        self.saved_at = Some(Instant::now());
    }

    /// What is there was recovered or made, and never saved as it is.
    pub const fn mark_unsaved(&mut self) {
        self.saved_state = None;
        self.autosaved_state = None;
    }

    /// Makes a change, as one step or as part of the open gesture.
    pub fn apply(&mut self, label: &str, edit: Edit) -> Result<(), EditError> {
        let logic = touches_logic(&edit);
        self.history.apply(&mut self.graph, label, edit)?;
        self.touched(logic);
        Ok(())
    }

    /// Begins a gesture.
    pub fn begin_gesture(&mut self, label: &str) {
        self.history.begin_gesture(label);
    }

    /// Ends the gesture.
    pub fn end_gesture(&mut self) {
        self.history.end_gesture();
    }

    /// Ends the gesture and takes back what it did.
    pub fn cancel_gesture(&mut self) {
        self.history.cancel_gesture(&mut self.graph);
        self.touched(true);
    }

    /// Takes back the last step; its label.
    pub fn undo(&mut self) -> Option<String> {
        let label = self.history.undo(&mut self.graph);
        self.touched(true);
        label
    }

    /// Does the last undone step again; its label.
    pub fn redo(&mut self) -> Option<String> {
        let label = self.history.redo(&mut self.graph);
        self.touched(true);
        label
    }

    fn touched(&mut self, logic: bool) {
        let current = self.checked_revision == self.revision;
        self.revision += 1;
        self.drawn = Drawn::of(&self.graph, self.drawn.level().cloned());
        // Moving things about changes nothing that a check looks at.
        if !logic && current {
            self.checked_revision = self.revision;
        }
    }

    /// Checks the document now if it is small and changed; true if it is large and the io thread should do it.
    pub fn check(&mut self, catalogue: Catalogue) -> bool {
        if self.checked_revision == self.revision {
            return false;
        }
        if self.graph.nodes().len() > CHECKED_AT_ONCE {
            return true;
        }
        let problems = check::check(&self.graph, catalogue);
        self.checked(self.revision, problems);
        false
    }

    /// Problems found in this revision.
    pub fn checked(&mut self, revision: u64, mut problems: Vec<Problem>) {
        if revision < self.checked_revision {
            return;
        }
        let told = |problem: &&Problem| !problems.iter().any(|other| other.code == problem.code && other.subject == problem.subject);
        let of_file: Vec<Problem> = self.file_problems.iter().filter(told).cloned().collect();
        problems.extend(of_file);
        problems.sort_by_key(|problem| problem.severity);
        self.problems = problems;
        self.checked_revision = revision;
    }

    /// Whether nothing is under way: no gesture is open, and what is drawn has been checked.
    pub const fn settled(&self) -> bool {
        self.checked_revision == self.revision && !self.history.in_gesture()
    }

    /// How many problems there are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }
}

/// Whether an edit can change what a check finds: places, frames and notes cannot.
fn touches_logic(edit: &Edit) -> bool {
    match edit {
        Edit::MoveNodes(_) | Edit::PlacePort(..) | Edit::SetBends(..) | Edit::SetFrame(..) | Edit::SetNote(..) => false,
        Edit::Group(edits) => edits.iter().any(touches_logic),
        Edit::AddNode(..)
        | Edit::RemoveNode(_)
        | Edit::RenameNode(..)
        | Edit::SetTitle(..)
        | Edit::SetSetting(..)
        | Edit::InsertSetting(..)
        | Edit::SetKind(..)
        | Edit::AddPipe(..)
        | Edit::RemovePipe(_)
        | Edit::SetPipeSetting(..)
        | Edit::SetGraphSetting(..)
        | Edit::SetPorts(_)
        | Edit::SetClaim(..)
        | Edit::SetGraphTitle(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipewright_runtime::graph::{Node, Point};
    use pipewright_runtime::id::NodeId;
    use pipewright_runtime::nodes::CATALOGUE;

    fn added(document: &mut Document, id: &str) {
        let edit = Edit::AddNode(NodeId::new(id).unwrap(), Box::new(Node::new("sink", Point::default())), None);
        document.apply("Add", edit).unwrap();
    }

    #[test]
    fn unsaved_changes_follow_undo() {
        let mut document = Document::empty(1);
        assert!(!document.dirty());
        added(&mut document, "a");
        assert!(document.dirty() && document.wants_autosave());
        document.undo();
        assert!(!document.dirty(), "taking the change back leaves nothing to save");
        document.redo();
        document.saved(document.state_number(), "x.ron".into(), None);
        assert!(!document.dirty());
        assert_eq!(document.name(), "x.ron");
        assert!(document.output().ends_with("x.out"), "{}", document.output().display());
    }

    #[test]
    fn moving_needs_no_new_check() {
        let mut document = Document::empty(1);
        added(&mut document, "a");
        assert!(!document.check(CATALOGUE));
        let before = document.problems().to_vec();
        let moved = Edit::MoveNodes(vec![(NodeId::new("a").unwrap(), Point { x: 8.0, y: 4.0 })]);
        document.apply("Move", moved).unwrap();
        assert_eq!(document.checked_revision, document.revision);
        assert_eq!(document.problems(), before);
    }
}
