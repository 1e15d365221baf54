//! A node's processes: who has room, who waits after its death, and when there were too many deaths.

use crate::node::Effects;
use crate::units::{Moment, Span};
use std::collections::VecDeque;

/// How restarts go.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The wait after a first death; it doubles with every further one before an answer.
    pub delay: Span,
    /// The longest wait.
    pub cap: Span,
    /// More restarts than this within the window are too many.
    pub most: usize,
    /// The window.
    pub window: Span,
}

/// One process as the node knows it.
#[derive(Clone, Debug)]
struct Process {
    /// How many messages it was handed and has not answered.
    under_way: u32,
    /// Counts its deaths: which life the next message is for.
    life: u32,
    /// Deaths since its last answer.
    deaths: u32,
    /// Before this moment it is not started again.
    rests: Moment,
    /// When its model has done all that it was handed.
    free: Moment,
}

impl Process {
    const NEW: Self = Self { under_way: 0, life: 0, deaths: 0, rests: Moment::START, free: Moment::START };
}

/// All processes of a node.
#[derive(Default, Debug)]
pub struct Processes {
    all: Vec<Process>,
    /// When processes died, within the window.
    died: VecDeque<Moment>,
    deaths: u64,
}

impl Processes {
    /// Brings their number to this. Those too many are used no more, once they have answered.
    pub fn resize(&mut self, copies: u32) {
        self.all.resize(self.all.len().max(copies as usize), Process::NEW);
    }

    /// The one to hand the next message to, and its life: of those that have room, the one with the least.
    pub fn take(&mut self, copies: u32, most: u32, now: Moment) -> Option<(u32, u32)> {
        let usable = self.all.iter_mut().take(copies as usize).enumerate();
        let fits = usable.filter(|(_, process)| process.under_way < most && process.rests <= now);
        let (number, process) = fits.min_by_key(|(_, process)| process.under_way)?;
        process.under_way += 1;
        Some((number as u32, process.life))
    }

    /// Whether this is still the same life of the process.
    pub fn lives(&self, number: u32, life: u32) -> bool {
        self.all[number as usize].life == life
    }

    /// One answer less to wait for.
    pub fn answered(&mut self, number: u32) {
        let process = &mut self.all[number as usize];
        process.under_way = process.under_way.saturating_sub(1);
        process.deaths = 0;
    }

    /// From when to when a model works on what it is handed now, if it works on one after another.
    pub fn model(&mut self, number: u32, time: Span, one_by_one: bool, now: Moment) -> Moment {
        let process = &mut self.all[number as usize];
        let start = if one_by_one { process.free.max(now) } else { now };
        process.free = process.free.max(start + time);
        start + time
    }

    /// A process died: it is started again after a while. `false` if there were too many deaths.
    pub fn died(&mut self, number: u32, policy: Policy, fx: &mut Effects<'_>) -> bool {
        let now = fx.now();
        let process = &mut self.all[number as usize];
        let wait = Span(policy.delay.0.saturating_mul(1 << process.deaths.min(32))).min(policy.cap);
        *process = Process { life: process.life + 1, deaths: process.deaths + 1, rests: now + wait, ..Process::NEW };
        self.deaths += 1;
        self.died.push_back(now);
        while self.died.front().is_some_and(|died| now.since(*died) > policy.window) || self.died.len() > policy.most + 1 {
            self.died.pop_front();
        }
        fx.wake(now + wait, u64::from(number));
        self.died.len() <= policy.most
    }

    /// Forgets the deaths so far.
    pub fn pardon(&mut self) {
        self.died.clear();
        for process in &mut self.all {
            (process.deaths, process.rests) = (0, Moment::START);
        }
    }

    /// How many deaths there were.
    pub const fn deaths(&self) -> u64 {
        self.deaths
    }

    /// How many messages processes were handed and have not answered.
    pub fn under_way(&self) -> u64 {
        self.all.iter().map(|process| u64::from(process.under_way)).sum()
    }

    /// How many rest after a death.
    pub fn resting(&self, now: Moment) -> usize {
        self.all.iter().filter(|process| process.rests > now).count()
    }
}
