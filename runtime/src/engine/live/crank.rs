//! Cranking: the real workers, channels and batches, one round at a time, with time advanced when all stand idle (G11).

use super::clock::RunClock;
use super::worker::{Order, Reply, Rest, Worker};
use crate::engine::assemble::{Names, Origin, assemble};
use crate::engine::change;
use crate::engine::control::Control;
use crate::engine::desk::{Redrive, by_keeper};
use crate::engine::plan::Plan;
use crate::engine::shard::Shard;
use crate::engine::shard::World;
use crate::engine::sim::{MOST_DRAINS, ModelledWorld};
use crate::engine::summary::{self, Course};
use crate::id::NodeId;
use crate::letter::LetterId;
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::Mode;
use crate::units::Moment;
use crate::units::Span;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The worker threads of a run, all standing.
pub struct Crew {
    /// To each worker.
    pub orders: Vec<Sender<Order>>,
    /// From all workers.
    pub replies: Receiver<Reply>,
    /// The run clock.
    pub clock: Arc<RunClock>,
    threads: Vec<JoinHandle<Shard>>,
    next_due: Option<Moment>,
    rest: Rest,
    busy: bool,
    /// How often a cranked run that had come to rest asked aggregates to close.
    drains: u32,
}

impl Crew {
    /// Starts a thread for each shard; returns when all stand at the start.
    pub fn start(shards: Vec<Shard>, channels: Vec<(Sender<Order>, Receiver<Order>)>) -> std::io::Result<Self> {
        let clock = Arc::new(RunClock::standing());
        let (replies, from_workers) = unbounded();
        let orders: Vec<Sender<Order>> = channels.iter().map(|(sender, _)| sender.clone()).collect();
        let mut threads = Vec::new();
        for (shard, (_, receiver)) in shards.into_iter().zip(channels) {
            let name = format!("worker {}", shard.number);
            let worker = Worker {
                shard,
                clock: clock.clone(),
                orders: receiver,
                others: orders.clone(),
                replies: replies.clone(),
                rounds: 0,
                early: Vec::new(),
            };
            threads.push(std::thread::Builder::new().name(name).spawn(|| worker.work())?);
        }
        let mut crew =
            Self { orders, replies: from_workers, clock, threads, next_due: None, rest: Rest::default(), busy: false, drains: 0 };
        crew.gather();
        Ok(crew)
    }

    /// Sends an order to every worker.
    pub fn all(&self, order: impl Fn() -> Order) {
        for worker in &self.orders {
            // Fails only for a worker that has ended.
            let _ = worker.send(order());
        }
    }

    /// Waits until every worker has said that it stands. Whether anything was sent between them or is left to do at once.
    fn gather(&mut self) -> bool {
        let mut busy = false;
        self.next_due = None;
        self.rest = Rest::default();
        let mut standing = 0;
        while standing < self.orders.len() {
            match self.replies.recv() {
                Ok(Reply::Standing { sent, idle, next_due, rest }) => {
                    self.rest.join(rest);
                    standing += 1;
                    busy |= sent || !idle;
                    self.next_due = [self.next_due, next_due].into_iter().flatten().min();
                }
                Ok(Reply::Part(..) | Reply::Lent(_)) => {}
                Err(_) => break,
            }
        }
        self.busy = busy;
        busy
    }

    /// While all stand: runs what is due before `limit`, as [`crate::engine::sim::Simulation::advance`] does on one thread. Whether the
    /// limit was reached before the run was over.
    pub fn crank(&mut self, limit: Moment) -> bool {
        let mut now = self.clock.now();
        let mut drained = false;
        while self.rest.broken.is_none() {
            if !self.busy && !drained {
                if self.rest.producing == 0 && !self.rest.in_motion {
                    if !self.rest.occupied {
                        return false;
                    }
                    if self.drains < MOST_DRAINS {
                        self.drains += 1;
                        drained = true;
                        self.all(|| Order::Drain);
                        continue;
                    }
                }
                match self.next_due {
                    None => return false,
                    Some(due) if due >= limit => {
                        self.clock.put_forward(limit);
                        return true;
                    }
                    Some(due) => now = now.max(due),
                }
            }
            drained = false;
            self.clock.put_forward(now);
            self.all(|| Order::Round(now));
            self.gather();
        }
        false
    }

    /// Puts dead letters back to work from now on.
    pub fn redrive(&mut self, names: &Names, redrive: &Redrive) {
        for (keeper, wanted) in redrive.by_keeper(self.clock.now()) {
            self.order_at(names, keeper, |local| Order::Redrive(local, wanted));
        }
    }

    /// Discards dead letters.
    pub fn discard(&mut self, names: &Names, letters: &[LetterId]) {
        for (keeper, numbers) in by_keeper(letters) {
            self.order_at(names, keeper, |local| Order::Discard(local, numbers));
        }
    }

    /// Sends an order to the worker that runs a station; while all stand, there is something to do then.
    fn order_at(&mut self, names: &Names, station: &NodeId, order: impl FnOnce(u32) -> Order) {
        if let Some(place) = names.keeper(station) {
            // Fails only for a worker that has ended.
            let _ = self.orders[place.shard as usize].send(order(place.local));
            self.busy = true;
        }
    }

    /// Parks every worker at an event boundary and freezes the clock there (G12).
    pub fn park(&mut self) -> Moment {
        self.clock.freeze();
        self.all(|| Order::Park);
        self.gather();
        self.clock.now()
    }

    /// While all stand: runs everything that is due by `now` to its end, round by round. A source without a pace is never at its end:
    /// after so many rounds the rest of the instant waits.
    pub fn finish_instant(&mut self, now: Moment) {
        self.clock.put_forward(now);
        for _ in 0..MOST_ROUNDS {
            self.all(|| Order::Round(now));
            let busy = self.gather();
            if !busy && self.next_due.is_none_or(|due| due > now) {
                return;
            }
        }
    }

    /// While all stand: runs the instant of the earliest due event. `false` if nothing is due any more, or not before `limit`.
    pub fn step(&mut self, limit: Moment) -> bool {
        match self.next_due {
            Some(due) if due < limit => {
                let now = self.clock.now().max(due);
                self.finish_instant(now);
                true
            }
            _ => false,
        }
    }

    /// While all stand: lets `change` work on all shards at once.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut [Shard]) -> T) -> Option<T> {
        self.all(|| Order::Lend);
        let mut shards: Vec<Shard> = Vec::with_capacity(self.orders.len());
        while shards.len() < self.orders.len() {
            match self.replies.recv() {
                Ok(Reply::Lent(shard)) => shards.push(*shard),
                Ok(Reply::Part(..) | Reply::Standing { .. }) => {}
                // A worker has ended: so will the run.
                Err(_) => return None,
            }
        }
        shards.sort_by_key(|shard| shard.number);
        let result = change(&mut shards);
        for shard in shards {
            let worker = &self.orders[shard.number as usize];
            let _ = worker.send(Order::Return(Box::new(shard)));
        }
        self.gather();
        Some(result)
    }

    /// Ends every worker and takes the shards back.
    pub fn halt(self) -> Vec<Shard> {
        self.all(|| Order::Halt);
        self.threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    }
}

/// How many rounds an instant gets when a run is parked.
const MOST_ROUNDS: u32 = 128;

/// Channels for so many workers.
pub fn channels(count: usize) -> Vec<(Sender<Order>, Receiver<Order>)> {
    (0..count).map(|_| unbounded()).collect()
}

/// Runs a plan with so many workers under the hand-cranked clock, in a modelled world, and reports as a simulation does: the same plan gives
/// the same story with any number of workers, and the same as simulated (G11).
pub fn run_cranked(plan: Plan, workers: usize, until: Span) -> std::io::Result<Report> {
    run_by_hand(plan, workers, until, &[], Vec::new())
}

/// The same, with dead letters put back to work or discarded at moments of the run clock, in order. Other requests are for a run by a clock.
pub fn run_cranked_by_hand(plan: Plan, workers: usize, until: Span, acts: &[(Moment, Control)]) -> std::io::Result<Report> {
    run_by_hand(plan, workers, until, acts, Vec::new())
}

/// The same, with other plans coming into force at these moments, one after the other (G12).
pub fn run_changed(plan: Plan, workers: usize, until: Span, changes: Vec<(Span, Plan)>) -> std::io::Result<Report> {
    run_by_hand(plan, workers, until, &[], changes)
}

fn run_by_hand(plan: Plan, workers: usize, until: Span, acts: &[(Moment, Control)], changes: Vec<(Span, Plan)>) -> std::io::Result<Report> {
    let origin = Origin { replication: 0, epoch: plan.starts_at };
    let folder = plan.folder.clone();
    let claims = ModelledWorld::claims(&folder);
    let world = |_| -> Box<dyn World + Send> { Box::new(ModelledWorld::new(&folder, None, &claims)) };
    let (mut names, shards): (Names, Vec<Shard>) = assemble(plan, workers, origin, world);
    let lines = channels(shards.len());
    let mut crew = Crew::start(shards, lines)?;
    for (at, act) in acts {
        if crew.crank(*at) {
            match act {
                Control::Redrive(redrive) => crew.redrive(&names, redrive),
                Control::Discard(letters) => crew.discard(&names, letters),
                _ => {}
            }
        }
    }
    for (moment, plan) in changes {
        crew.crank(Moment(moment.0));
        let now = crew.clock.now();
        crew.change(|shards| change::redraw(&mut names, shards, plan, now).map(drop));
    }
    let reached = crew.crank(Moment(until.0));
    let now = crew.clock.now();
    let broken = crew.rest.broken.clone();
    let shards = crew.halt();
    let ended = broken.map_or_else(|| if reached { "until" } else { "exhausted" }.to_owned(), |error| error.to_string());
    let course = Course { mode: Mode::Live, wall: Span::ZERO, now, warm_up: Moment::START, ended, within: None };
    Ok(summary::report(&names, &shards, &course))
}
