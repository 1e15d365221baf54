//! The simulated driver: one shard, a virtual clock, no thread of its own. A pure function of graph, seed and horizon (rule 8).

use super::assemble::{Names, Origin, assemble_at_rest};
use super::change;
use super::desk::{Redrive, by_keeper};
use super::files::{self, Files};
use super::plan::Plan;
use super::publish::{Part, Publisher};
use super::shard::{Place, Shard, World};
use super::station::Station;
use super::summary::{self, Course};
use crate::id::{NodeId, PipeId};
use crate::letter::{Letter, LetterId};
use crate::node::{Answer, Ask, Ticket};
use crate::stores::claims::modelled::ModelledClaims;
use crate::telemetry::change::Changed;
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::{Mode, Tapped};
use crate::units::{Moment, Span};
use crossbeam_channel::Sender;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a simulation may do and must measure.
#[derive(Clone, Debug, Default)]
pub struct SimulationOptions {
    /// Which replication: other streams from the same seed.
    pub replication: u64,
    /// How long to run before statistics count.
    pub warm_up: Span,
    /// A limit for waits and latencies, for the report.
    pub within: Option<Span>,
    /// The folder that nodes may write below; `None`: they write nothing.
    pub write: Option<PathBuf>,
}

/// How an advance ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Advance {
    /// The budget is spent; more is due before the limit.
    More,
    /// Nothing is due before the limit; the clock stands at the limit.
    Reached,
    /// Every source is exhausted and every message has ended, or nothing can happen any more.
    Over,
    /// The run cannot go on.
    Broken(Arc<str>),
}

/// A simulation. Advance it, look at it, make its report.
pub struct Simulation {
    names: Names,
    shards: Vec<Shard>,
    publisher: Publisher,
    now: Moment,
    warm_up: Moment,
    warm: bool,
    drains: u32,
    within: Option<Span>,
}

impl Simulation {
    /// Takes a plan over. Nothing has happened yet but the start of every node.
    pub fn new(plan: Plan, options: &SimulationOptions) -> Self {
        let mut simulation = Self::at_rest(plan, options);
        simulation.shard().start();
        simulation
    }

    /// The same, with the messages of these pipes shown through `taps` from the first one on.
    pub fn shown(plan: Plan, options: &SimulationOptions, taps: &Sender<Tapped>, watched: &[PipeId]) -> Self {
        let mut simulation = Self::at_rest(plan, options);
        simulation.names.watched = watched.iter().cloned().collect();
        simulation.shard().show_messages(taps, watched);
        simulation.shard().start();
        simulation
    }

    /// One whose clock stands at `now` and whose sources are silent, with the messages of all pipes shown: for what is put in by hand.
    pub fn alone(plan: Plan, options: &SimulationOptions, taps: &Sender<Tapped>, now: Moment) -> Self {
        let mut simulation = Self::at_rest(plan, options);
        simulation.now = now;
        // What waits for more to come goes on waiting.
        simulation.drains = MOST_DRAINS;
        let pipes = simulation.names.pipes.clone();
        simulation.shard().show_messages(taps, &pipes);
        simulation.shard().start_silent(now);
        simulation
    }

    /// Puts a dead letter on the shelf of a node, as if the node had given it up: to try what becomes of it.
    pub fn keep(&mut self, node: &NodeId, letter: Arc<Letter>) {
        let local = self.names.keeper(node).map(|place| place.local);
        if let Some(station) = local.and_then(|local| self.shards[0].stations[local as usize].as_mut()) {
            station.counts.dead_lettered += u64::from(station.keeps_its_own());
            station.desk().tries = true;
            drop(station.shelf_mut().put_back(letter));
        }
    }

    fn at_rest(plan: Plan, options: &SimulationOptions) -> Self {
        let origin = Origin { replication: options.replication, epoch: plan.starts_at };
        let folder = plan.folder.clone();
        let claims = ModelledWorld::claims(&folder);
        let world = |_| -> Box<dyn World + Send> { Box::new(ModelledWorld::new(&folder, options.write.clone(), &claims)) };
        let (names, shards) = assemble_at_rest(plan, 1, origin, world);
        let warm_up = Moment(options.warm_up.0);
        let warm = warm_up == Moment::START;
        Self { names, shards, publisher: Publisher::default(), now: Moment::START, warm_up, warm, drains: 0, within: options.within }
    }

    /// Puts dead letters back to work from now on, as a person asked.
    pub fn redrive(&mut self, redrive: &Redrive) {
        for (keeper, wanted) in redrive.by_keeper(self.now) {
            if let Some(Place { local, .. }) = self.names.keeper(keeper) {
                self.shards[0].redrive(local, wanted, self.now);
            }
        }
    }

    /// Discards dead letters, as a person asked.
    pub fn discard(&mut self, letters: &[LetterId]) {
        for (keeper, numbers) in by_keeper(letters) {
            if let Some(Place { local, .. }) = self.names.keeper(keeper) {
                self.shards[0].discard(local, &numbers, self.now);
            }
        }
    }

    /// The virtual clock.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Names of stations and pipes.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The one shard.
    pub fn shard(&mut self) -> &mut Shard {
        &mut self.shards[0]
    }

    /// Arrivals and ends of service so far.
    pub fn events(&self) -> u64 {
        self.shards[0].events
    }

    /// How many messages are inside now, dead letters not.
    pub fn inside(&self) -> u64 {
        self.shards.iter().flat_map(Shard::stations).map(Station::held).sum()
    }

    /// Runs everything that is due before `limit`, at most `budget` rounds of it.
    pub fn advance(&mut self, limit: Moment, budget: u64) -> Advance {
        let how = self.run_on(limit, budget);
        self.shards[0].catch_up();
        how
    }

    fn run_on(&mut self, limit: Moment, budget: u64) -> Advance {
        let mut left = budget;
        loop {
            let shard = &mut self.shards[0];
            if shard.idle() {
                if shard.producing == 0 && !shard.in_motion() {
                    if shard.occupied() && self.drains < MOST_DRAINS {
                        self.drains += 1;
                        shard.drain();
                        continue;
                    }
                    if !shard.occupied() {
                        return Advance::Over;
                    }
                }
                match shard.next_due() {
                    None => return Advance::Over,
                    Some(due) if due >= limit => {
                        self.warm_up_by(limit);
                        self.now = self.now.max(limit);
                        return Advance::Reached;
                    }
                    Some(due) => {
                        self.warm_up_by(due);
                        self.now = self.now.max(due);
                    }
                }
            }
            let shard = &mut self.shards[0];
            shard.fall_due(self.now);
            shard.round(self.now);
            if let Some(error) = &shard.broken {
                return Advance::Broken(error.clone());
            }
            left -= 1;
            if left == 0 {
                return Advance::More;
            }
        }
    }

    /// Runs the instant of the earliest due event (G12), however far away it is.
    pub fn step(&mut self) -> Advance {
        let Some(due) = self.shards[0].next_due() else { return Advance::Over };
        self.advance(Moment(due.0.saturating_add(1)), u64::MAX)
    }

    fn warm_up_by(&mut self, moment: Moment) {
        if !self.warm && moment >= self.warm_up {
            self.warm = true;
            self.shards[0].restart_statistics(self.warm_up);
        }
    }

    /// Goes on as this plan says, from this moment on (G12).
    pub fn redraw(&mut self, plan: Plan) -> Result<Arc<Changed>, Arc<str>> {
        change::redraw(&mut self.names, &mut self.shards, plan, self.now)
    }

    /// Notes that a change cannot come into force, and why.
    pub fn refuse(&mut self, why: &str) {
        change::refuse(&mut self.names, &mut self.shards, why, self.now);
    }

    /// Shows the messages of a pipe, or no longer.
    pub fn watch(&mut self, pipe: PipeId, on: bool) {
        if let Some(number) = self.names.watch(pipe, on) {
            self.shards[0].pipes[number as usize].watched = on;
        }
    }

    /// The figures now.
    pub fn part(&mut self) -> Part {
        self.publisher.part(&mut self.shards[0], self.now)
    }

    /// The report as of now.
    pub fn report(&self, wall: Span, ended: &str) -> Report {
        let course = Course {
            mode: Mode::Simulated,
            wall,
            now: self.now,
            warm_up: if self.warm { self.warm_up } else { self.now },
            ended: ended.to_owned(),
            within: self.within,
        };
        let report = summary::report(&self.names, &self.shards, &course);
        debug_assert!(report.laws.hold, "after {} s: {:?}; {:?}", self.now.seconds(), report.laws.breaches(), report.messages);
        report
    }
}

/// How often a run that has come to rest asks aggregates to close.
pub(crate) const MOST_DRAINS: u32 = 16;

/// The outside of a simulation: it reads the files that the graph names, and writes none unless told.
pub struct ModelledWorld {
    files: Files,
    claims: Arc<ModelledClaims>,
}

impl ModelledWorld {
    /// The modelled stores of a run, empty: its shards share them.
    pub fn claims(folder: &Path) -> Arc<ModelledClaims> {
        Arc::new(ModelledClaims::new(files::resolve(folder)))
    }

    /// The world of one shard: files are read below `folder`, and written below `write` if at all.
    pub fn new(folder: &Path, write: Option<PathBuf>, claims: &Arc<ModelledClaims>) -> Self {
        Self { files: Files::new(folder, write, claims.clone()), claims: claims.clone() }
    }
}

impl World for ModelledWorld {
    fn ask(&mut self, _station: u32, _ticket: Ticket, _generation: u32, ask: Ask) -> Option<Answer> {
        Some(match ask {
            Ask::Print { .. } | Ask::EndPrograms | Ask::Respond { .. } | Ask::EndServing => Answer::Done,
            Ask::Recover { .. } | Ask::Keep { .. } | Ask::Exchange { .. } | Ask::Serve(_) | Ask::ReadInput { .. } => Answer::Modelled,
            Ask::NextRequests { .. } => Answer::Requests { requests: Vec::new(), refused: 0 },
            Ask::Claim(ask) => self.claims.perform(*ask),
            other => self.files.perform(other),
        })
    }
}
