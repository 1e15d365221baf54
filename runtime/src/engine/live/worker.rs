//! A worker: a thread that runs one shard, by the wall clock or one round at a time.

use super::clock::RunClock;
use crate::engine::desk::Wanted;
use crate::engine::publish::{Part, Publisher};
use crate::engine::shard::Shard;
use crate::engine::signal::Parcel;
use crate::setting::Settings;
use crate::units::Moment;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::Arc;
use std::time::Duration;

/// What reaches a worker.
pub enum Order {
    /// Messages and signals from another worker, sent after so many rounds.
    Parcels(u64, Vec<Parcel>),
    /// Publish the figures.
    Publish,
    /// Park at the next event boundary, and say so.
    Park,
    /// Run by the clock.
    Run,
    /// While parked: run one round at this moment, and say what is left.
    Round(Moment),
    /// Forget what was measured so far: the warm-up is over.
    RestartStatistics(Moment),
    /// Tell every station that the run drains.
    Drain,
    /// Show the messages of a pipe, or no longer.
    Watch(u32, bool),
    /// Changed settings for a station of this shard.
    Change(u32, Box<Settings>),
    /// Dead letters of a station of this shard go back to work.
    Redrive(u32, Vec<Wanted>),
    /// Dead letters of a station of this shard end for good.
    Discard(u32, Vec<u64>),
    /// While parked: lend the shard to the conductor, for a change of the graph.
    Lend,
    /// Take the shard back.
    Return(Box<Shard>),
    /// End; the thread gives its shard back.
    Halt,
}

/// What a worker says.
pub enum Reply {
    /// It stands: parked, or a round is over.
    Standing {
        /// Whether anything was sent to another worker.
        sent: bool,
        /// Whether nothing is to be done before the next calendar entry.
        idle: bool,
        /// When the next calendar entry is due.
        next_due: Option<Moment>,
        /// What is left inside.
        rest: Rest,
    },
    /// Its figures.
    Part(u32, Box<Part>),
    /// Its shard, lent.
    Lent(Box<Shard>),
}

/// What is left inside a shard: whether a run may be over.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// Sources that may still send.
    pub producing: usize,
    /// Whether messages move or wait in stores. Not looked at while sources may send.
    pub in_motion: bool,
    /// Whether any message is inside. Not looked at while sources may send.
    pub occupied: bool,
    /// An error that ends the run.
    pub broken: Option<Arc<str>>,
}

impl Rest {
    fn of(shard: &Shard) -> Self {
        let quiet = shard.producing == 0 && shard.idle();
        Self {
            producing: shard.producing,
            in_motion: !quiet || shard.in_motion(),
            occupied: !quiet || shard.occupied(),
            broken: shard.broken.clone(),
        }
    }

    /// Both together.
    pub fn join(&mut self, other: Self) {
        self.producing += other.producing;
        self.in_motion |= other.in_motion;
        self.occupied |= other.occupied;
        self.broken = self.broken.take().or(other.broken);
    }
}

/// A worker's ends of the channels.
pub struct Worker {
    /// Its shard.
    pub shard: Shard,
    /// The run clock.
    pub clock: Arc<RunClock>,
    /// Orders and parcels.
    pub orders: Receiver<Order>,
    /// To each worker, itself included.
    pub others: Vec<Sender<Order>>,
    /// To the conductor.
    pub replies: Sender<Reply>,
    /// How many rounds it was told to run while parked: the same for all workers when all stand.
    pub rounds: u64,
    /// Parcels of a round that this worker has yet to run.
    pub early: Vec<Parcel>,
}

impl Worker {
    /// Runs until told to halt; gives the shard back. Parked at first.
    pub fn work(mut self) -> Shard {
        let mut publisher = Publisher::default();
        let mut parked = true;
        // What is sent at the start is under way too: the first instant is not over before it has arrived.
        let sent = self.hand_over();
        self.say_standing(sent);
        loop {
            let order = if parked { self.orders.recv().map_err(|_| TryRecvError::Disconnected) } else { self.orders.try_recv() };
            let order = match order {
                Ok(order) => Some(order),
                Err(TryRecvError::Disconnected) => Some(Order::Halt),
                Err(TryRecvError::Empty) => self.turn(),
            };
            match order {
                // A shard comes back only while it is lent, and is taken there.
                None | Some(Order::Return(_)) => {}
                // Another worker may be through a round before this one has heard of it; what that one sent is seen after the round (G11).
                Some(Order::Parcels(rounds, parcels)) if rounds > self.rounds => self.early.extend(parcels),
                Some(Order::Parcels(_, parcels)) => parcels.into_iter().for_each(|parcel| self.shard.accept(parcel)),
                Some(Order::Publish) => {
                    let part = publisher.part(&mut self.shard, self.clock.now());
                    let _ = self.replies.send(Reply::Part(self.shard.number, Box::new(part)));
                }
                Some(Order::Park) => {
                    parked = true;
                    self.say_standing(false);
                }
                Some(Order::Run) => parked = false,
                Some(Order::Round(now)) => {
                    self.shard.fall_due(now);
                    self.shard.round(now);
                    self.rounds += 1;
                    std::mem::take(&mut self.early).into_iter().for_each(|parcel| self.shard.accept(parcel));
                    let sent = self.hand_over();
                    self.say_standing(sent);
                }
                Some(Order::RestartStatistics(now)) => self.shard.restart_statistics(now),
                Some(Order::Drain) => self.shard.drain(),
                Some(Order::Watch(pipe, on)) => self.shard.pipes[pipe as usize].watched = on,
                Some(Order::Change(local, settings)) => {
                    self.shard.change(local, *settings, self.clock.now());
                    self.hand_over();
                }
                Some(Order::Redrive(local, wanted)) => self.shard.redrive(local, wanted, self.clock.now()),
                Some(Order::Discard(local, numbers)) => self.shard.discard(local, &numbers, self.clock.now()),
                Some(Order::Lend) => {
                    let Some(worker) = self.lend() else { return Shard::nowhere() };
                    self = worker;
                }
                Some(Order::Halt) => {
                    self.shard.catch_up();
                    return self.shard;
                }
            }
        }
    }

    /// One turn by the wall clock: some of what there is to do, else a sleep until something is due or arrives.
    fn turn(&mut self) -> Option<Order> {
        let now = self.clock.now();
        self.shard.fall_due(now);
        if !self.shard.idle() {
            self.shard.turn(|| self.clock.now());
            self.hand_over();
            return None;
        }
        let wait = self.shard.next_due().map_or(LONGEST_SLEEP, |due| Duration::from_nanos(due.since(now).0).min(LONGEST_SLEEP));
        match self.orders.recv_timeout(wait) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Order::Halt),
        }
    }

    /// Lends the shard and waits for it. What comes from outside meanwhile is taken in afterwards. `None`: the run is being torn down.
    fn lend(mut self) -> Option<Self> {
        let number = self.shard.number;
        // Answers that came for stations of other workers.
        self.hand_over();
        let shard = std::mem::replace(&mut self.shard, Shard::nowhere());
        self.replies.send(Reply::Lent(Box::new(shard))).ok()?;
        let mut early = Vec::new();
        loop {
            match self.orders.recv().ok()? {
                Order::Return(shard) => {
                    debug_assert!(shard.number == number, "a worker got another's shard");
                    self.shard = *shard;
                    break;
                }
                Order::Parcels(_, parcels) => early.extend(parcels),
                Order::Halt => return None,
                Order::Publish
                | Order::Park
                | Order::Run
                | Order::Round(_)
                | Order::RestartStatistics(_)
                | Order::Drain
                | Order::Watch(..)
                | Order::Change(..)
                | Order::Redrive(..)
                | Order::Discard(..)
                | Order::Lend => debug_assert!(false, "the conductor waits for nothing while it changes the graph"),
            }
        }
        early.into_iter().for_each(|parcel| self.shard.accept(parcel));
        let sent = self.hand_over();
        self.say_standing(sent);
        Some(self)
    }

    /// Hands what was sent during the round to the other workers: at once, in one batch for each (G1: no linger).
    fn hand_over(&mut self) -> bool {
        let mut sent = false;
        for (other, parcels) in self.others.iter().zip(&mut self.shard.parcels) {
            if !parcels.is_empty() {
                sent = true;
                // Fails only when the run is being torn down.
                let _ = other.send(Order::Parcels(self.rounds, std::mem::take(parcels)));
            }
        }
        sent
    }

    fn say_standing(&self, sent: bool) {
        let (idle, next_due, rest) = (self.shard.idle(), self.shard.next_due(), Rest::of(&self.shard));
        // Fails only when the run is being torn down.
        let _ = self.replies.send(Reply::Standing { sent, idle, next_due, rest });
    }
}

/// A worker looks up at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
