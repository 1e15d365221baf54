//! Everything the window knows: the open documents with their runs, the preferences, and what waits to be answered.

use crate::action::{Action, Item, Outbox};
use crate::canvas::CanvasState;
use crate::dialogs::{Dialog, Files};
use crate::document::Document;
use crate::io::Io;
use crate::io::autosave::Recovered;
use crate::panels::{Views, messages};
use crate::preferences::Preferences;
use crate::session::Session;
use pipewright_runtime::check::composites::ports_of;
use pipewright_runtime::engine::control::Speed;
use pipewright_runtime::graph::History;
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, PortRole};
use pipewright_runtime::problem::Severity;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_runtime::trust::Capability;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many pipes that carry failures are watched at once.
const FAILURE_PIPES: usize = 64;

/// How many states of the document keep their selection: as many as undo can lead to, and as many that were taken back.
const SELECTIONS_KEPT: usize = 2 * History::MOST_STEPS;

/// One open document with everything that belongs to it.
pub struct Open {
    /// The document.
    pub document: Document,
    /// What is selected.
    pub selection: BTreeSet<Item>,
    /// Its run, if it was started; kept after its end so that the figures stay.
    pub session: Option<Session>,
    /// Live or simulated, for the next start.
    pub mode: Mode,
    /// A simulation's speed, for the next start.
    pub speed: Speed,
    /// The canvas: camera, gesture, caches.
    pub canvas: CanvasState,
    /// What the panels remember about this document.
    pub views: Views,
    /// Whether a save is under way.
    pub saving: bool,
    /// Whether it is to be closed as soon as it is saved.
    pub close_when_saved: bool,
    /// Whether the io thread is reading its used files.
    pub reading_parts: bool,
    /// The revision that the io thread is checking.
    pub checking: Option<u64>,
    /// The pipes that carry failures away, and the revision that this was found in.
    failure_pipes: (u64, BTreeSet<PipeId>),
    /// The revision of the document that the run was last held against.
    pub followed: u64,
    /// Whether it is to run again as soon as its run is over.
    pub start_again: bool,
    /// What was selected in each state of the document that undo can lead to.
    selections: BTreeMap<u64, BTreeSet<Item>>,
    /// What the next start alone is allowed.
    pub allowed_once: Vec<Capability>,
    /// Why the last start was refused.
    pub problems_of_start: Vec<pipewright_runtime::problem::Problem>,
}

/// Why a run goes on otherwise than it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waits<'a> {
    /// The drawing has errors; it comes into force when they are gone.
    Errors,
    /// The run could not take the change.
    Refused(&'a str),
    /// Something that only a start reads.
    NextStart,
}

impl Open {
    /// A document as it is opened.
    pub fn new(document: Document) -> Self {
        Self {
            document,
            selection: BTreeSet::new(),
            session: None,
            mode: Mode::Live,
            speed: Speed::Times(1.0),
            canvas: CanvasState::default(),
            views: Views::default(),
            saving: false,
            close_when_saved: false,
            reading_parts: false,
            checking: None,
            failure_pipes: (0, BTreeSet::new()),
            followed: 0,
            start_again: false,
            selections: BTreeMap::new(),
            allowed_once: Vec::new(),
            problems_of_start: Vec::new(),
        }
    }

    /// Whether a run goes on.
    pub fn running(&self) -> bool {
        self.session.as_ref().is_some_and(Session::alive)
    }

    /// Takes a new run in place of the old one.
    pub fn begin(&mut self, session: Session) {
        self.problems_of_start.clear();
        self.views.dead_letters.forget_run();
        self.followed = 0;
        self.session = Some(session);
    }

    /// Takes note of what is selected before the document leaves its state.
    pub fn remember_selection(&mut self) {
        self.selections.insert(self.document.state_number(), self.selection.clone());
        // States count upwards, so the oldest go first.
        while self.selections.len() > SELECTIONS_KEPT {
            self.selections.pop_first();
        }
    }

    /// Selects what was selected in the state that the document has come back to.
    pub fn recall_selection(&mut self) {
        if let Some(then) = self.selections.get(&self.document.state_number()) {
            self.selection.clone_from(then);
        }
        self.prune_selection();
    }

    /// Why the run goes on otherwise than it is drawn, if it does: what is free of errors comes into force by itself (G12).
    pub fn waits(&self) -> Option<Waits<'_>> {
        let session = self.session.as_ref().filter(|session| session.alive())?;
        session.snapshot()?;
        let graph = self.document.running();
        if self.document.count(Severity::Error) > 0 && session.drawing.differs(graph) {
            return Some(Waits::Errors);
        }
        session.refused().map(Waits::Refused).or_else(|| session.drawing.begins_otherwise(graph).then_some(Waits::NextStart))
    }

    /// The pipes whose messages are looked at: the one in the messages panel, and those that carry failures away.
    pub fn watched(&mut self, catalogue: Catalogue) -> BTreeSet<PipeId> {
        let revision = self.document.revision();
        if self.failure_pipes.0 != revision {
            let graph = self.document.whole();
            let carries_failures = |pipe: &&PipeId| {
                let ports = ports_of(graph, catalogue, &pipe.from.node);
                ports.is_some_and(|ports| ports.outputs.iter().any(|port| port.role == PortRole::Error && *port.name == *pipe.from.port))
            };
            self.failure_pipes = (revision, graph.pipes().keys().filter(carries_failures).take(FAILURE_PIPES).cloned().collect());
        }
        let mut watched = self.failure_pipes.1.clone();
        // Asked of the panel's rule, not of what it showed last: a run that starts with the window is watched from its first message on.
        watched.extend(messages::shown_pipe(self));
        watched
    }

    /// The pipes that carry failures away, as far as they are watched.
    pub const fn failure_pipes(&self) -> &BTreeSet<PipeId> {
        &self.failure_pipes.1
    }

    /// A node's title on screen: its id if it has none. Inside a composite with the titles on the way there: `Shipping / Packers`.
    pub fn title_of(&self, node: &NodeId) -> String {
        let mut titles: Vec<String> =
            std::iter::once(node).chain(self.document.whole().levels_of(node)).map(|id| self.own_title(id)).collect();
        titles.reverse();
        titles.join(" / ")
    }

    /// A node's title alone.
    pub fn own_title(&self, node: &NodeId) -> String {
        let title = self.document.whole().node(node).map(|node| node.title.clone()).filter(|title| !title.is_empty());
        title.unwrap_or_else(|| if self.document.whole().level_of(node).is_some() { node.last().to_owned() } else { node.to_string() })
    }

    /// The level that an item stands on.
    pub fn level_of(&self, item: &Item) -> Option<NodeId> {
        let whole = self.document.whole();
        match item {
            Item::Node(id) => whole.level_of(id).cloned(),
            Item::Pipe(pipe) => whole.level_of(&pipe.from.node).cloned(),
            Item::Frame(id) => whole.frames().get(id)?.inside.clone(),
            Item::Note(id) => whole.notes().get(id)?.inside.clone(),
        }
    }

    /// The one selected item, if it is just one.
    pub fn only_selected(&self) -> Option<&Item> {
        let mut selected = self.selection.iter();
        selected.next().filter(|_| selected.next().is_none())
    }

    /// Drops from the selection what is no longer there.
    pub fn prune_selection(&mut self) {
        let graph = self.document.whole();
        self.selection.retain(|item| match item {
            Item::Node(id) => graph.nodes().contains_key(id),
            Item::Pipe(id) => graph.pipes().contains_key(id),
            Item::Frame(id) => graph.frames().contains_key(id),
            Item::Note(id) => graph.notes().contains_key(id),
        });
    }
}

/// A short message that goes away by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Something was done.
    Done(String),
    /// Something could not be done.
    Failed(String),
    /// The document with this number was not started; no longer true once it is.
    NotStarted(u64, String),
}

/// What only the window can do, left for the shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Put text on the clipboard.
    Copy(String),
    /// Ask the system for the clipboard's text; it comes back as a paste.
    Paste,
    /// Close the window.
    Close,
}

/// Everything the window knows.
pub struct State {
    /// The kinds there are.
    pub catalogue: Catalogue,
    /// What is remembered about the user.
    pub preferences: Preferences,
    /// The open documents, in the order of their tabs.
    pub documents: Vec<Open>,
    /// The one in front; `None` shows the welcome page.
    pub active: Option<usize>,
    /// Actions dropped in this frame.
    pub outbox: Outbox,
    /// The question that is open.
    pub dialog: Option<Dialog>,
    /// The file dialogs.
    pub files: Box<dyn Files>,
    /// The io thread.
    pub io: Io,
    /// Messages to show for a while.
    pub notices: Vec<Notice>,
    /// For the shell.
    pub requests: Vec<Request>,
    /// Autosaves that other sessions left behind.
    pub recovered: Vec<Recovered>,
    /// What came with the last paste.
    pub pasted: Option<String>,
    /// Whether the window is to be closed once every document is saved or given up.
    pub closing: bool,
    next_document: u64,
}

impl State {
    /// A window without documents.
    pub fn new(catalogue: Catalogue, preferences: Preferences, io: Io, files: Box<dyn Files>) -> Self {
        Self {
            catalogue,
            preferences,
            documents: Vec::new(),
            active: None,
            outbox: Outbox::default(),
            dialog: None,
            files,
            io,
            notices: Vec::new(),
            requests: Vec::new(),
            recovered: Vec::new(),
            pasted: None,
            closing: false,
            next_document: 1,
        }
    }

    /// The document in front.
    pub fn front(&self) -> Option<&Open> {
        self.documents.get(self.active?)
    }

    /// The document in front, to change it.
    pub fn front_mut(&mut self) -> Option<&mut Open> {
        self.documents.get_mut(self.active?)
    }

    /// An open document by its number.
    pub fn by_number(&mut self, number: u64) -> Option<&mut Open> {
        self.documents.iter_mut().find(|open| open.document.number == number)
    }

    /// The tab of a file, if it is open.
    pub fn tab_of(&self, path: &Path) -> Option<usize> {
        let same = |other: &Path| std::path::absolute(other).ok() == std::path::absolute(path).ok();
        self.documents.iter().position(|open| open.document.path().is_some_and(same))
    }

    /// A number for the next document.
    pub const fn number(&mut self) -> u64 {
        self.next_document += 1;
        self.next_document
    }

    /// Opens a tab and brings it to the front. An untouched empty document gives way.
    pub fn show(&mut self, document: Document) {
        let open = Open::new(document);
        match self.active {
            Some(at) if self.documents[at].document.path().is_none() && untouched(&self.documents[at]) => self.documents[at] = open,
            _ => {
                self.documents.push(open);
                self.active = Some(self.documents.len() - 1);
            }
        }
    }

    /// Takes a tab away.
    pub fn close(&mut self, at: usize) {
        let closed = self.documents.remove(at);
        self.io.ask(crate::io::Job::Forget(closed.document.number));
        self.active = match self.active {
            _ if self.documents.is_empty() => None,
            Some(active) if active > at || active >= self.documents.len() => Some(active.saturating_sub(1)),
            other => other,
        };
    }

    /// Drops an action, as a panel does.
    pub fn push(&mut self, action: Action) {
        self.outbox.push(action);
    }

    /// Says that something was done.
    pub fn done(&mut self, text: impl Into<String>) {
        self.notices.push(Notice::Done(text.into()));
    }

    /// Says that a document was not started.
    pub fn not_started(&mut self, document: u64, text: impl Into<String>) {
        self.notices.push(Notice::NotStarted(document, text.into()));
    }

    /// Says that something could not be done.
    pub fn failed(&mut self, text: impl Into<String>) {
        self.notices.push(Notice::Failed(text.into()));
    }
}

fn untouched(open: &Open) -> bool {
    let graph = open.document.graph();
    !open.document.dirty() && graph.nodes().is_empty() && graph.notes().is_empty() && graph.frames().is_empty() && !open.running()
}
