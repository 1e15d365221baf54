//! A run as the window sees it: the handle, the newest picture, what was charted and tapped, and the requests still to be sent.

pub mod drawing;
pub mod history;

use crate::action::Item;
use crate::state::Notice;
use crate::widgets::figure;
use drawing::Drawing;
use history::Histories;
use indexmap::IndexMap;
use pipewright_runtime::engine::control::{Control, Speed};
use pipewright_runtime::engine::plan::not_granted;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::graph::composite::Flat;
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, Need};
use pipewright_runtime::problem::Problem;
use pipewright_runtime::telemetry::change::Changed;
use pipewright_runtime::telemetry::report::{ExpectationReport, Verdict};
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot, Tapped};
use pipewright_runtime::telemetry::sums;
use pipewright_runtime::trust::Grants;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// The code of the problem that something must be allowed first.
const NOT_ALLOWED: &str = "PW701";
/// How many messages of a watched pipe are kept.
pub const TAPPED_KEPT: usize = 5_000;
/// How many tapped messages are taken from the run in one frame.
const TAPPED_PER_FRAME: usize = 2_000;

/// The messages seen on one watched pipe, oldest first.
#[derive(Default)]
pub struct Tap {
    /// What is kept.
    pub rows: VecDeque<Tapped>,
    /// How many were seen but are no longer kept here.
    pub passed_over: u64,
}

/// Why a run did not start.
#[derive(Default, Debug)]
pub struct Refusal {
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What must be allowed first. Nothing else is wrong then.
    pub asked: Vec<Need>,
}

enum Engine {
    Starting(Receiver<Result<Run, Refusal>>),
    Going(Box<Run>),
    Refused,
}

/// A run in the window.
pub struct Session {
    engine: Engine,
    mode: Mode,
    speed: Speed,
    grants: Grants,
    snapshot: Option<Arc<Snapshot>>,
    /// The same as the run has it, without the sums of composites.
    running: Option<Arc<Snapshot>>,
    /// Pipes of composites: as they are drawn → as they run.
    runs: IndexMap<PipeId, PipeId>,
    /// Requests that the run could not take yet (rule 5: tried again next frame).
    unsent: VecDeque<Control>,
    watched: BTreeSet<PipeId>,
    /// Messages by watched pipe.
    pub taps: IndexMap<PipeId, Tap>,
    /// What the charts show.
    pub histories: Histories,
    /// What the run was told to be.
    pub drawing: Drawing,
    /// How many changes of the drawing the run has answered for, as far as was told.
    heard: u64,
}

impl Session {
    /// Starts a run of the graph as it is now, on a thread of its own so that no frame waits.
    pub fn start(graph: Graph, catalogue: Catalogue, options: RunOptions) -> Self {
        let (sender, receiver) = channel();
        let drawing = Drawing::of(graph.clone());
        let (mode, speed, grants) = (options.mode, options.speed, options.grants.clone());
        let started = std::thread::Builder::new().name("start run".to_owned()).spawn(move || {
            // The window may have given up waiting; dropping the run then ends it.
            let _ = sender.send(Run::start(&graph, catalogue, &options).map_err(|problems| {
                let refused = problems.iter().any(|problem| problem.code == NOT_ALLOWED);
                let asked = if refused { not_granted(&graph, catalogue, &options.folder, &options.grants) } else { Vec::new() };
                Refusal { problems, asked }
            }));
        });
        Self {
            engine: if started.is_ok() { Engine::Starting(receiver) } else { Engine::Refused },
            mode,
            speed,
            grants,
            snapshot: None,
            running: None,
            runs: IndexMap::new(),
            unsent: VecDeque::new(),
            watched: BTreeSet::new(),
            taps: IndexMap::new(),
            histories: Histories::default(),
            drawing,
            heard: 0,
        }
    }

    /// Live or simulated.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// What it is allowed.
    pub const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// How fast a simulation was told to go.
    pub const fn speed(&self) -> Speed {
        self.speed
    }

    /// The newest picture as the run has it: nodes and pipes that run, and no others.
    pub const fn running(&self) -> Option<&Arc<Snapshot>> {
        self.running.as_ref()
    }

    /// The newest picture, with the sums of composites.
    pub const fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot.as_ref()
    }

    /// Where the run is; `None` while it starts.
    pub fn state(&self) -> Option<&RunState> {
        self.snapshot.as_ref().map(|snapshot| &snapshot.state)
    }

    /// Whether it goes on: starting, running, paused or draining.
    pub fn alive(&self) -> bool {
        match &self.engine {
            Engine::Starting(_) => true,
            Engine::Refused => false,
            Engine::Going(_) => !matches!(self.state(), Some(RunState::Ended | RunState::Failed(_))),
        }
    }

    /// Whether figures change by themselves just now.
    pub fn moving(&self) -> bool {
        self.alive() && !matches!(self.state(), Some(RunState::Paused))
    }

    /// Asks the run for something; sent at once or in a later frame, in order.
    pub fn ask(&mut self, control: Control) {
        if let Control::Speed(speed) = control {
            self.speed = speed;
            self.unsent.retain(|waiting| !matches!(waiting, Control::Speed(_)));
        }
        if matches!(control, Control::Stop | Control::StopNow) {
            self.unsent.clear();
        }
        self.unsent.push_back(control);
        self.send();
    }

    /// Watches the messages of just these pipes.
    pub fn watch(&mut self, pipes: &BTreeSet<PipeId>) {
        if &self.watched == pipes {
            return;
        }
        let gone: Vec<PipeId> = self.watched.difference(pipes).cloned().collect();
        let new: Vec<PipeId> = pipes.difference(&self.watched).cloned().collect();
        for pipe in gone {
            // What is no longer watched is no longer kept: the memory is bounded by what is looked at.
            self.taps.shift_remove(&pipe);
            self.ask(Control::Watch(self.as_it_runs(pipe), false));
        }
        for pipe in new {
            self.ask(Control::Watch(self.as_it_runs(pipe), true));
        }
        self.watched.clone_from(pipes);
    }

    fn as_it_runs(&self, pipe: PipeId) -> PipeId {
        self.runs.get(&pipe).cloned().unwrap_or(pipe)
    }

    /// Takes in which pipes run under other ends than they are drawn with.
    pub fn drawn_as(&mut self, runs: &IndexMap<PipeId, PipeId>) {
        if self.runs != *runs {
            self.runs.clone_from(runs);
        }
    }

    fn send(&mut self) {
        let Engine::Going(run) = &self.engine else { return };
        while let Some(control) = self.unsent.pop_front() {
            if let Err(refused) = run.send(control) {
                self.unsent.push_front(refused);
                return;
            }
        }
    }

    /// Called once a frame: takes the newest picture and messages, sends what waits. An error, if the run could not start.
    /// `drawn` is the drawing with its composites, if it has any.
    pub fn poll(&mut self, seconds: f64, charted: &BTreeSet<Item>, drawn: Option<(&Graph, &Flat)>) -> Result<(), Refusal> {
        if let Engine::Starting(receiver) = &self.engine {
            match receiver.try_recv() {
                Ok(Ok(run)) => self.engine = Engine::Going(Box::new(run)),
                Ok(Err(refusal)) => {
                    self.engine = Engine::Refused;
                    return Err(refusal);
                }
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => {
                    self.engine = Engine::Refused;
                    return Err(Refusal::default());
                }
            }
        }
        self.send();
        let Engine::Going(run) = &self.engine else { return Ok(()) };
        let running = run.snapshot();
        let same = self.running.as_ref().is_some_and(|known| Arc::ptr_eq(known, &running)) && self.snapshot.is_some();
        let snapshot = match (drawn, &self.snapshot) {
            (Some(_), Some(known)) if same => known.clone(),
            (Some((whole, flat)), _) => Arc::new(sums::drawn(&running, whole, flat)),
            (None, _) => running.clone(),
        };
        let tapped = if self.watched.is_empty() { Vec::new() } else { run.tapped(TAPPED_PER_FRAME) };
        self.histories.sample(&snapshot, seconds, charted);
        self.snapshot = Some(snapshot);
        self.running = Some(running);
        for mut one in tapped {
            // Shown where it is looked at: under the drawn ends.
            if !self.watched.contains(&one.pipe)
                && let Some((pipe, _)) = self.runs.iter().find(|(pipe, runs)| **runs == one.pipe && self.watched.contains(*pipe))
            {
                one.pipe = pipe.clone();
            }
            self.keep(one);
        }
        Ok(())
    }

    fn keep(&mut self, tapped: Tapped) {
        if !self.taps.contains_key(&tapped.pipe) {
            self.taps.insert(tapped.pipe.clone(), Tap::default());
        }
        if let Some(tap) = self.taps.get_mut(&tapped.pipe) {
            if tap.rows.len() >= TAPPED_KEPT {
                tap.rows.pop_front();
                tap.passed_over += 1;
            }
            tap.rows.push_back(tapped);
        }
    }

    /// How many messages of a pipe are not shown: passed over by the tap or no longer kept.
    pub fn not_shown(&self, pipe: &PipeId) -> u64 {
        let kept = self.taps.get(pipe).map_or(0, |tap| tap.rows.len() as u64);
        let passed = self.snapshot.as_ref().and_then(|snapshot| snapshot.pipes.get(pipe)).map_or(0, |figures| figures.messages);
        passed.saturating_sub(kept)
    }

    /// What became of the graph's expectations, once the run is over.
    pub fn verdicts(&self) -> Option<&IndexMap<String, ExpectationReport>> {
        let Engine::Going(run) = &self.engine else { return None };
        run.report().map(|report| &report.expectations)
    }

    /// The report of the run once it is over, as the text of a file; `name` is the graph's.
    pub fn report(&self, name: &str) -> Option<String> {
        let Engine::Going(run) = &self.engine else { return None };
        let mut report = serde_json::to_value(run.report()?).ok()?;
        report["graph"] = serde_json::Value::from(name);
        serde_json::to_string_pretty(&report).ok().map(|text| text + "\n")
    }

    /// Whether there is a report.
    pub fn reported(&self) -> bool {
        matches!(&self.engine, Engine::Going(run) if run.report().is_some())
    }

    /// How the run ended, in words.
    pub fn outcome(&self) -> Option<Notice> {
        let snapshot = self.snapshot.as_ref()?;
        let books = &snapshot.books;
        let lost = if books.balanced() { "" } else { "; the books do not balance" };
        let text = format!(
            "{} messages delivered, {} dead letters in {}{lost}",
            figure::count(books.delivered),
            figure::count(books.dead_lettered),
            figure::seconds(snapshot.now.seconds())
        );
        let broken = self.verdicts().into_iter().flatten().filter(|(_, report)| report.verdict == Verdict::Broken);
        let broken: Vec<&str> = broken.map(|(name, _)| name.as_str()).collect();
        match &snapshot.state {
            RunState::Ended if !broken.is_empty() => {
                Some(Notice::Failed(format!("The run ended: {text}. Not as expected: {}.", broken.join("; "))))
            }
            RunState::Ended => Some(Notice::Done(format!("The run ended: {text}."))),
            RunState::Failed(error) => Some(Notice::Failed(format!("The run failed: {error}"))),
            RunState::Running | RunState::Paused | RunState::Stopping => None,
        }
    }

    /// Asks for a node's changed settings to come into force.
    pub fn change(&mut self, node: &NodeId, graph: &Graph) {
        if !self.alive() {
            return;
        }
        if let Some(drawn) = graph.nodes().get(node) {
            // Only the newest settings of a node matter.
            self.unsent.retain(|waiting| !matches!(waiting, Control::Change(other, _) if other == node));
            self.drawing.told(node, drawn);
            self.ask(Control::Change(node.clone(), drawn.settings.clone()));
        }
    }

    /// Asks the run to go on as this graph says (G12).
    pub fn redraw(&mut self, graph: &Graph) {
        if self.alive() {
            // Only the newest drawing matters; it has the newest settings, too.
            self.unsent.retain(|waiting| !matches!(waiting, Control::Redraw(_) | Control::Change(..)));
            self.drawing.redrawn(graph.clone());
            self.ask(Control::Redraw(Arc::new(graph.clone())));
        }
    }

    /// What became of a change of the drawing, once for each.
    pub fn news(&mut self) -> Option<Result<Arc<Changed>, Arc<str>>> {
        let changes = &self.running.as_ref()?.changes;
        if changes.dealt_with() == self.heard {
            return None;
        }
        self.heard = changes.dealt_with();
        changes.last.clone()
    }

    /// Why the newest change did not come into force, if it did not.
    pub fn refused(&self) -> Option<&str> {
        self.running.as_ref()?.changes.last.as_ref()?.as_ref().err().map(AsRef::as_ref)
    }
}

impl Drop for Session {
    /// Ends the run beside the window: joining its threads may take a moment.
    fn drop(&mut self) {
        if let Engine::Going(run) = std::mem::replace(&mut self.engine, Engine::Refused) {
            let _ = run.send(Control::StopNow);
            let _ = std::thread::Builder::new().name("end run".to_owned()).spawn(move || drop(run));
        }
    }
}
