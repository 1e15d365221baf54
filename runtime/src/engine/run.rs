//! A handle on a run that goes on in threads of its own: what the window and the command line hold.

use super::control::{Control, Speed};
use super::live::conductor::{self, NotStarted};
use super::plan::Plan;
use super::publish::empty_snapshot;
use super::sim::{Advance, Simulation, SimulationOptions};
use crate::graph::Graph;
use crate::id::PipeId;
use crate::node::Catalogue;
use crate::problem::{Problem, Subject};
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::{Mode, RunState, Snapshot, Tapped};
use crate::trust::Grants;
use crate::units::{Moment, Span};
use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Live or simulated.
    pub mode: Mode,
    /// The seed; the graph's own if `None`.
    pub seed: Option<u64>,
    /// Simulated: how fast.
    pub speed: Speed,
    /// End at this moment of the run clock; `None`: when stopped, or when every source is exhausted and all messages have ended.
    pub until: Option<Span>,
    /// How long to run before statistics count.
    pub warm_up: Span,
    /// A limit for waits and latencies, for the report.
    pub within: Option<Span>,
    /// The folder that paths in the graph start from.
    pub folder: PathBuf,
    /// The folder that nodes write below; `None`: a live run writes below `pipewright.out` in `folder`, a simulation writes nothing.
    pub output: Option<PathBuf>,
    /// Live: how many worker threads; 0 for as many as pay, at most one for each core.
    pub workers: usize,
    /// Pipes whose messages are shown from the first one on.
    pub watched: Vec<PipeId>,
    /// Live: what it is allowed. A simulation needs nothing.
    pub grants: Grants,
}

impl RunOptions {
    /// The usual way to run: live on all cores, or simulated in real time, until stopped.
    pub fn new(mode: Mode, folder: impl Into<PathBuf>) -> Self {
        Self {
            mode,
            seed: None,
            speed: Speed::Times(1.0),
            until: None,
            warm_up: Span::ZERO,
            within: None,
            folder: folder.into(),
            output: None,
            workers: 0,
            watched: Vec::new(),
            grants: Grants::default(),
        }
    }
}

/// How a driver's thread and its handle talk.
pub(crate) struct Seam {
    pub(crate) controls: Receiver<Control>,
    pub(crate) stop: Arc<AtomicU8>,
    pub(crate) latest: Arc<ArcSwap<Snapshot>>,
    pub(crate) report: Arc<OnceLock<Report>>,
}

/// Values of the stop flag, which no full channel can refuse.
pub(crate) const GO_ON: u8 = 0;
pub(crate) const STOP: u8 = 1;
pub(crate) const STOP_NOW: u8 = 2;

/// How many tapped messages may wait to be looked at; more are counted as not shown (rule 7).
const TAPS_WAITING: usize = 8_192;

/// A running run. Dropping it stops the run at once.
pub struct Run {
    controls: Sender<Control>,
    stop: Arc<AtomicU8>,
    latest: Arc<ArcSwap<Snapshot>>,
    report: Arc<OnceLock<Report>>,
    taps: Receiver<Tapped>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Run {
    /// Checks, plans and starts a graph. The problems, if it cannot run.
    pub fn start(graph: &Graph, catalogue: Catalogue, options: &RunOptions) -> Result<Self, Vec<Problem>> {
        let mut plan = Plan::of(graph, catalogue, options.seed, &options.folder)?;
        if options.mode == Mode::Live {
            plan.grant(&options.grants)?;
        }
        let (controls, control_receiver) = bounded(64);
        let (tap_sender, taps) = bounded(TAPS_WAITING);
        let stop = Arc::new(AtomicU8::new(GO_ON));
        let report = Arc::new(OnceLock::new());
        let failed = |error: std::io::Error| vec![Problem::error("PW901", Subject::Graph, format!("cannot start a thread: {error}"))];
        let not_started = |why: NotStarted| match why {
            NotStarted::Thread(error) => failed(error),
            NotStarted::Store(error) => vec![
                Problem::error("PW601", Subject::Graph, error.to_string())
                    .hint("end the other run, or use another copy of the graph: each graph file has a store of its own"),
            ],
        };
        let seam = |latest: &Arc<ArcSwap<Snapshot>>| Seam {
            controls: control_receiver,
            stop: stop.clone(),
            latest: latest.clone(),
            report: report.clone(),
        };
        let (latest, thread) = match options.mode {
            Mode::Simulated => {
                let write = options.output.clone();
                let simulation_options = SimulationOptions { replication: 0, warm_up: options.warm_up, within: options.within, write };
                let simulation = Simulation::shown(plan, &simulation_options, &tap_sender, &options.watched);
                let latest = Arc::new(ArcSwap::from_pointee(empty_snapshot(simulation.names(), Mode::Simulated)));
                let seam = seam(&latest);
                let options = options.clone();
                let work = move || Paced::new(simulation, catalogue, &options, seam).work();
                (latest, std::thread::Builder::new().name("simulation".to_owned()).spawn(work).map_err(failed)?)
            }
            Mode::Live => {
                let prepared = conductor::prepare(plan, catalogue, options, &tap_sender).map_err(not_started)?;
                let latest = Arc::new(ArcSwap::from_pointee(empty_snapshot(prepared.names(), Mode::Live)));
                let seam = seam(&latest);
                let work = move || prepared.conduct(&seam);
                (latest, std::thread::Builder::new().name("conductor".to_owned()).spawn(work).map_err(failed)?)
            }
        };
        Ok(Self { controls, stop, latest, report, taps, thread: Some(thread) })
    }

    /// The newest picture. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.latest.load_full()
    }

    /// The report, once the run is over.
    pub fn report(&self) -> Option<&Report> {
        self.report.get()
    }

    /// Sends a request; gives it back if the run cannot take it just now. Never waits. A stop is never refused.
    pub fn send(&self, control: Control) -> Result<(), Control> {
        match control {
            Control::Stop => {
                // The second stop is immediate (G12).
                let next = if self.stop.load(Ordering::Acquire) == GO_ON { STOP } else { STOP_NOW };
                self.stop.store(next, Ordering::Release);
            }
            Control::StopNow => self.stop.store(STOP_NOW, Ordering::Release),
            _ => {}
        }
        let is_stop = matches!(control, Control::Stop | Control::StopNow);
        match self.controls.try_send(control) {
            Err(TrySendError::Full(control)) if !is_stop => Err(control),
            _ => Ok(()),
        }
    }

    /// Messages seen on watched pipes since the last call, oldest first, at most `most`. Never waits.
    pub fn tapped(&self, most: usize) -> Vec<Tapped> {
        self.taps.try_iter().take(most).collect()
    }

    /// Waits for the end of the run. `None` only if its thread broke.
    pub fn wait(mut self) -> Option<Report> {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.report.get().cloned()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.stop.store(STOP_NOW, Ordering::Release);
        // Wakes a driver that waits for requests.
        let _ = self.controls.try_send(Control::StopNow);
    }
}

/// How a run stands at its end, given why it ended: failed where it could not go on, and where a law of every run does not hold.
pub(crate) fn end_state(ended: &str, report: &Report) -> RunState {
    match (ended, report.laws.breaches().into_iter().next()) {
        (_, Some((_, breach))) => RunState::Failed(breach.into()),
        ("stopped" | "until" | "exhausted", None) => RunState::Ended,
        (_, None) => RunState::Failed(ended.into()),
    }
}

/// Why a run goes on unchanged although the drawing was changed.
pub(crate) fn cannot_run(problems: &[Problem]) -> String {
    let more = problems.len().saturating_sub(1);
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    problems.first().map_or_else(String::new, |first| format!("the drawing has errors, so the run goes on as it was: {first}{more}"))
}

/// How often snapshots are published, at most.
pub(crate) const PUBLISH_EVERY: Duration = Duration::from_millis(33);

/// A simulation at a pace, in a thread of its own.
struct Paced {
    simulation: Simulation,
    catalogue: Catalogue,
    seam: Seam,
    until: Moment,
    speed: Speed,
    paused: bool,
    started: Instant,
    /// Wall and virtual time that the pace counts from.
    anchor: (Instant, Moment),
    published: Option<Instant>,
    publish_cost: Duration,
}

impl Paced {
    fn new(simulation: Simulation, catalogue: Catalogue, options: &RunOptions, seam: Seam) -> Self {
        let now = Instant::now();
        let until = options.until.map_or(Moment::NEVER, |until| Moment(until.0));
        Self {
            simulation,
            catalogue,
            seam,
            until,
            speed: options.speed,
            paused: false,
            started: now,
            anchor: (now, Moment::START),
            published: None,
            publish_cost: Duration::ZERO,
        }
    }

    fn work(mut self) {
        const ROUNDS_AT_ONCE: u64 = 2_048;
        let ended = loop {
            if self.seam.stop.load(Ordering::Acquire) != GO_ON {
                break "stopped".to_owned();
            }
            if self.paused {
                self.publish(RunState::Paused, true);
                match self.seam.controls.recv() {
                    Ok(control) => self.obey(control),
                    Err(_) => break "stopped".to_owned(),
                }
                continue;
            }
            while let Ok(control) = self.seam.controls.try_recv() {
                self.obey(control);
            }
            let target = self.target();
            match self.simulation.advance(target, ROUNDS_AT_ONCE) {
                Advance::More => {}
                Advance::Reached if target >= self.until => break "until".to_owned(),
                Advance::Reached => self.rest(),
                Advance::Over => break "exhausted".to_owned(),
                Advance::Broken(error) => break error.to_string(),
            }
            self.publish(RunState::Running, false);
        };
        let report = self.simulation.report(self.wall(), &ended);
        let mut snapshot = self.picture(end_state(&ended, &report));
        super::publish::tell_breaches(&mut snapshot, &report.laws);
        let _ = self.seam.report.set(report);
        self.seam.latest.store(Arc::new(snapshot));
    }

    fn wall(&self) -> Span {
        Span(self.started.elapsed().as_nanos() as u64)
    }

    /// How far virtual time may go now.
    fn target(&self) -> Moment {
        match self.speed {
            Speed::Fastest => self.until,
            Speed::Times(factor) => (self.anchor.1 + Span::from_seconds(self.anchor.0.elapsed().as_secs_f64() * factor)).min(self.until),
        }
    }

    /// Waits for the clock to come on, or for a request.
    fn rest(&mut self) {
        match self.seam.controls.recv_timeout(Duration::from_millis(4)) {
            Ok(control) => self.obey(control),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.seam.stop.store(STOP_NOW, Ordering::Release),
        }
    }

    fn obey(&mut self, control: Control) {
        match control {
            Control::Pause => self.paused = true,
            Control::Resume => {
                self.paused = false;
                self.anchor = (Instant::now(), self.simulation.now());
            }
            Control::Step => {
                if self.paused {
                    self.simulation.step();
                }
            }
            Control::Speed(speed) => {
                self.speed = speed;
                self.anchor = (Instant::now(), self.simulation.now());
            }
            Control::Watch(pipe, on) => self.simulation.watch(pipe, on),
            Control::Change(node, settings) => {
                let (names, now) = (self.simulation.names(), self.simulation.now());
                if let Some(number) = names.there.get(&node) {
                    let local = names.places[*number as usize].local;
                    self.simulation.shard().change(local, settings, now);
                }
            }
            Control::Redrive(redrive) => self.simulation.redrive(&redrive),
            Control::Discard(letters) => self.simulation.discard(&letters),
            Control::Redraw(graph) => {
                let names = self.simulation.names();
                match Plan::of(&graph, self.catalogue, Some(names.seed), &names.folder) {
                    Ok(plan) => drop(self.simulation.redraw(plan)),
                    Err(problems) => self.simulation.refuse(&cannot_run(&problems)),
                }
            }
            Control::Stop | Control::StopNow => {}
        }
    }

    /// Publishes if it is time: at most 30 times a second, and never for more than a twentieth of the time.
    fn publish(&mut self, state: RunState, at_once: bool) {
        let every = PUBLISH_EVERY.max(self.publish_cost * 20);
        if !at_once && self.published.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        let begun = Instant::now();
        let snapshot = self.picture(state);
        self.seam.latest.store(Arc::new(snapshot));
        self.publish_cost = begun.elapsed();
        self.published = Some(Instant::now());
    }

    fn picture(&mut self, state: RunState) -> Snapshot {
        let part = self.simulation.part();
        super::publish::snapshot(self.simulation.names(), &[part], Mode::Simulated, state, self.wall())
    }
}
