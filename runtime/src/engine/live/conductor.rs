//! The conductor of a live run: starts the workers, gathers their figures, carries out requests, notices the end.

use super::crank::{Crew, channels};
use super::outside::Outside;
use super::worker::{Order, Reply};
use crate::engine::assemble::{Names, Origin, Spread, assemble_at_rest};
use crate::engine::change;
use crate::engine::control::Control;
use crate::engine::plan::Plan;
use crate::engine::publish::{self, Part};
use crate::engine::run::{GO_ON, PUBLISH_EVERY, RunOptions, STOP, STOP_NOW, Seam, cannot_run, end_state};
use crate::engine::shard::Shard;
use crate::engine::summary::{self, Course};
use crate::graph::Graph;
use crate::node::Catalogue;
use crate::stores::{StoreError, Stores};
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::{Mode, RunState, Tapped};
use crate::trust::Grants;
use crate::units::{Moment, Span};
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a stop lets messages drain (G12).
const DRAIN: Duration = Duration::from_secs(5);

/// How long a picture lasts at most while nothing happens: pictures of a graph at rest cost next to nothing, and the first message after a
/// rest is still seen at once.
const LONGEST_PATIENCE: Duration = Duration::from_millis(250);

/// A live run before its first event.
pub struct Prepared {
    names: Names,
    crew: Crew,
    catalogue: Catalogue,
    /// Whether the run has a durable store.
    durable: bool,
    /// What it is allowed, what is put in while it runs included.
    grants: Grants,
    /// Kept alive for as long as the workers ask it.
    outside: Outside,
    until: Option<Moment>,
    warm_up: Moment,
    within: Option<Span>,
}

/// Why a live run cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The durable store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts the threads; nothing has happened yet but the start of every node.
pub fn prepare(plan: Plan, catalogue: Catalogue, options: &RunOptions, taps: &Sender<Tapped>) -> Result<Prepared, NotStarted> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let spread = if options.workers > 0 { Spread::Over(options.workers) } else { Spread::UpTo(cores) };
    let workers = if options.workers > 0 { options.workers } else { cores };
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64);
    let written = options.output.clone().unwrap_or_else(|| plan.folder.join("pipewright.out"));
    let durable = plan.stations.iter().any(|station| station.behaviour.durable());
    let stores = if durable { Some(Stores::open(&written, epoch)?) } else { None };
    let outside = Outside::start(&plan.folder, &written, stores, &options.grants)?;
    let mut lines = channels(workers);
    let world = |shard: usize| -> Box<dyn crate::engine::shard::World + Send> { Box::new(outside.world(lines[shard].0.clone())) };
    let (mut names, mut shards) = assemble_at_rest(plan, spread, Origin { replication: 0, epoch }, world);
    lines.truncate(shards.len());
    for shard in &mut shards {
        shard.show_messages(taps, &options.watched);
        shard.start();
    }
    names.watched = options.watched.iter().cloned().collect();
    let crew = Crew::start(shards, lines)?;
    let until = options.until.map(|until| Moment(until.0));
    let grants = options.grants.clone();
    Ok(Prepared { names, crew, catalogue, durable, grants, outside, until, warm_up: Moment(options.warm_up.0), within: options.within })
}

impl Prepared {
    /// Names of stations and pipes.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Runs by the wall clock until the end.
    pub(crate) fn conduct(self, seam: &Seam) {
        self.crew.clock.run();
        self.crew.all(|| Order::Run);
        Conductor {
            run: self,
            seam,
            state: RunState::Running,
            warm: None,
            stopping: None,
            drains: 0,
            quiet: 0,
            last_events: 0,
            patience: PUBLISH_EVERY,
        }
        .conduct();
    }
}

struct Conductor<'a> {
    run: Prepared,
    seam: &'a Seam,
    state: RunState,
    /// When the warm-up ended.
    warm: Option<Moment>,
    stopping: Option<Instant>,
    drains: u32,
    /// How many pictures in a row showed a run at rest.
    quiet: u32,
    last_events: u64,
    /// How long to wait for the next picture: longer and longer while nothing happens.
    patience: Duration,
}

impl Conductor<'_> {
    fn conduct(mut self) {
        let mut cost = Duration::ZERO;
        let ended = loop {
            match self.seam.controls.recv_timeout(self.patience.max(cost * 20)) {
                Ok(control) => {
                    self.obey(control);
                    while let Ok(control) = self.seam.controls.try_recv() {
                        self.obey(control);
                    }
                }
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => break "stopped".to_owned(),
            }
            self.warm_up();
            if let Some(ended) = self.stop_asked() {
                break ended;
            }
            let begun = Instant::now();
            let parts = self.gather();
            self.publish(&parts);
            cost = begun.elapsed().min(Duration::from_millis(50));
            if let Some(ended) = self.came_to_an_end(&parts) {
                break ended;
            }
        };
        self.end(&ended);
    }

    /// Ends the warm-up when its time has come; statistics count from then on.
    fn warm_up(&mut self) {
        let now = self.run.crew.clock.now();
        if self.warm.is_none() && now >= self.run.warm_up {
            self.warm = Some(if self.run.warm_up == Moment::START { Moment::START } else { now });
            if self.run.warm_up > Moment::START {
                self.run.crew.all(|| Order::RestartStatistics(now));
            }
        }
    }

    /// Whether a stop is asked for, and whether it is done with.
    fn stop_asked(&mut self) -> Option<String> {
        match self.seam.stop.load(Ordering::Acquire) {
            STOP_NOW => return Some("stopped".to_owned()),
            STOP if self.stopping.is_none() => self.begin_stop(),
            GO_ON | STOP => {}
            other => unreachable!("{other} is no value of the stop flag"),
        }
        if self.run.until.is_some_and(|until| self.run.crew.clock.now() >= until) {
            return Some("until".to_owned());
        }
        self.stopping.is_some_and(|since| since.elapsed() >= DRAIN).then(|| "stopped".to_owned())
    }

    fn begin_stop(&mut self) {
        if self.state == RunState::Paused {
            self.resume();
        }
        self.stopping = Some(Instant::now());
        self.state = RunState::Stopping;
        self.run.crew.all(|| Order::Drain);
    }

    fn resume(&mut self) {
        self.state = RunState::Running;
        self.run.crew.clock.run();
        self.run.crew.all(|| Order::Run);
    }

    fn obey(&mut self, control: Control) {
        let crew = &mut self.run.crew;
        match control {
            Control::Pause if self.state == RunState::Running => {
                crew.park();
                let now = crew.clock.now();
                crew.finish_instant(now);
                self.state = RunState::Paused;
            }
            Control::Resume if self.state == RunState::Paused => self.resume(),
            Control::Step if self.state == RunState::Paused => {
                crew.step(Moment::NEVER);
            }
            Control::Watch(pipe, on) => {
                if let Some(number) = self.run.names.watch(pipe, on) {
                    let shard = self.run.names.places[self.run.names.ends[number as usize].0 as usize].shard;
                    let _ = crew.orders[shard as usize].send(Order::Watch(number, on));
                }
            }
            Control::Change(node, settings) => {
                if let Some(number) = self.run.names.there.get(&node) {
                    let place = self.run.names.places[*number as usize];
                    let _ = crew.orders[place.shard as usize].send(Order::Change(place.local, Box::new(settings)));
                }
            }
            Control::Redrive(redrive) => crew.redrive(&self.run.names, &redrive),
            Control::Discard(letters) => crew.discard(&self.run.names, &letters),
            Control::Redraw(graph) => self.redraw(&graph),
            Control::Pause | Control::Resume | Control::Step | Control::Speed(_) | Control::Stop | Control::StopNow => {}
        }
    }

    /// Lets the run go on as this graph says: the plan is made while the workers go on, then they stand for as long as the change takes.
    fn redraw(&mut self, graph: &Graph) {
        let Prepared { names, crew, catalogue, durable, grants, .. } = &mut self.run;
        let allowed = |mut plan: Plan| plan.grant(grants).map(|()| plan);
        let plan = match Plan::of(graph, *catalogue, Some(names.seed), &names.folder).and_then(allowed) {
            Ok(_) if self.state == RunState::Stopping => Err("the run is ending".to_owned()),
            Ok(plan) if !*durable && plan.stations.iter().any(|station| station.behaviour.durable()) => {
                Err("the file of the durable stores is opened as a run begins: a durable node comes into force with the next start"
                    .to_owned())
            }
            Ok(plan) => Ok(plan),
            Err(problems) => Err(cannot_run(&problems)),
        };
        let paused = self.state == RunState::Paused;
        if !paused {
            crew.park();
        }
        let now = crew.clock.now();
        crew.change(|shards| match plan {
            Ok(plan) => drop(change::redraw(names, shards, plan, now)),
            Err(why) => change::refuse(names, shards, &why, now),
        });
        if !paused {
            crew.clock.run();
            crew.all(|| Order::Run);
        }
        self.patience = PUBLISH_EVERY;
        self.quiet = 0;
    }

    /// The figures of every worker.
    fn gather(&self) -> Vec<Part> {
        let crew = &self.run.crew;
        crew.all(|| Order::Publish);
        let mut parts: Vec<Option<Part>> = vec![None; crew.orders.len()];
        let mut missing = parts.len();
        while missing > 0 {
            match crew.replies.recv_timeout(Duration::from_secs(2)) {
                Ok(Reply::Part(shard, part)) => {
                    missing -= usize::from(parts[shard as usize].is_none());
                    parts[shard as usize] = Some(*part);
                }
                Ok(Reply::Standing { .. } | Reply::Lent(_)) => {}
                Err(_) => break,
            }
        }
        parts.into_iter().flatten().collect()
    }

    fn publish(&self, parts: &[Part]) {
        let wall = Span(self.run.crew.clock.wall());
        let snapshot = publish::snapshot(&self.run.names, parts, Mode::Live, self.state.clone(), wall);
        self.seam.latest.store(Arc::new(snapshot));
    }

    /// Whether every source is exhausted and every message has ended: seen so in three pictures in a row, since messages may be between
    /// workers while one is taken.
    fn came_to_an_end(&mut self, parts: &[Part]) -> Option<String> {
        if let Some(error) = parts.iter().find_map(|part| part.broken.clone()) {
            return Some(error.to_string());
        }
        let events: u64 = parts.iter().map(|part| part.events).sum();
        let producing = parts.iter().any(|part| part.producing > 0) && self.stopping.is_none();
        let nothing_happened = events == self.last_events && parts.iter().all(|part| part.idle);
        // A run whose end is near is watched closely.
        let patient = self.warm.is_some() && self.stopping.is_none() && self.run.until.is_none();
        let at_rest = !producing && parts.iter().all(|part| part.idle && !part.in_motion) && events == self.last_events;
        self.last_events = events;
        if !at_rest || self.state == RunState::Paused {
            self.quiet = 0;
            self.patience = if nothing_happened && patient { (self.patience * 2).min(LONGEST_PATIENCE) } else { PUBLISH_EVERY };
            return None;
        }
        self.patience = PUBLISH_EVERY;
        self.quiet += 1;
        if self.quiet < 3 {
            return None;
        }
        self.quiet = 0;
        if parts.iter().any(|part| part.occupied) && self.drains < 16 {
            self.drains += 1;
            self.run.crew.all(|| Order::Drain);
            return None;
        }
        Some(if self.stopping.is_some() { "stopped" } else { "exhausted" }.to_owned())
    }

    fn end(mut self, ended: &str) {
        // Everything stands still before the books are read; what is on its way between workers arrives first.
        if self.state != RunState::Paused {
            self.run.crew.park();
            let now = self.run.crew.clock.now();
            self.run.crew.finish_instant(now);
        }
        let parts = self.gather();
        let now = self.run.crew.clock.now();
        let wall = Span(self.run.crew.clock.wall());
        let Prepared { names, crew, within, outside, .. } = self.run;
        let shards = crew.halt();
        // Before anybody hears that the run is over: programs have ended with it, and the next run may begin at once.
        outside.finish(self.seam.stop.load(Ordering::Acquire) == STOP_NOW);
        outside.close();
        let course = Course { mode: Mode::Live, wall, now, warm_up: self.warm.unwrap_or(now), ended: ended.to_owned(), within };
        let report = report(&names, &shards, &course);
        let state = end_state(ended, &report);
        let mut snapshot = publish::snapshot(&names, &parts, Mode::Live, state, wall);
        publish::tell_breaches(&mut snapshot, &report.laws);
        let _ = self.seam.report.set(report);
        self.seam.latest.store(Arc::new(snapshot));
    }
}

fn report(names: &Names, shards: &[Shard], course: &Course) -> Report {
    let report = summary::report(names, shards, course);
    debug_assert!(report.laws.hold, "after {} s: {:?}; {:?}", course.now.seconds(), report.laws.breaches(), report.messages);
    report
}
