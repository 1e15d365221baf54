//! Cranking: the real workers, channels and batches, one round at a time, with time advanced when all stand idle (G11).

use super::clock::RunClock;
use super::worker::{Order, Reply, Worker};
use crate::engine::shard::Shard;
use crate::units::Moment;
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
            let worker = Worker { shard, clock: clock.clone(), orders: receiver, others: orders.clone(), replies: replies.clone() };
            threads.push(std::thread::Builder::new().name(name).spawn(|| worker.work())?);
        }
        let mut crew = Self { orders, replies: from_workers, clock, threads, next_due: None };
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
        let mut standing = 0;
        while standing < self.orders.len() {
            match self.replies.recv() {
                Ok(Reply::Standing { sent, idle, next_due }) => {
                    standing += 1;
                    busy |= sent || !idle;
                    self.next_due = [self.next_due, next_due].into_iter().flatten().min();
                }
                Ok(Reply::Part(..)) => {}
                Err(_) => break,
            }
        }
        busy
    }

    /// Parks every worker at an event boundary and freezes the clock there (G12).
    pub fn park(&mut self) -> Moment {
        self.clock.freeze();
        self.all(|| Order::Park);
        self.gather();
        self.clock.now()
    }

    /// While all stand: runs everything that is due by `now` to its end, round by round.
    pub fn finish_instant(&mut self, now: Moment) {
        self.clock.put_forward(now);
        loop {
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

    /// Ends every worker and takes the shards back.
    pub fn halt(self) -> Vec<Shard> {
        self.all(|| Order::Halt);
        self.threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    }
}

/// Channels for so many workers.
pub fn channels(count: usize) -> Vec<(Sender<Order>, Receiver<Order>)> {
    (0..count).map(|_| unbounded()).collect()
}
