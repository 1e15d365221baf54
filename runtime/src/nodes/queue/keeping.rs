//! The line to a durable store: what is to be written gathers while the write before is under way, and goes together as soon as that is done
//! (group commit). Queues, subscriptions and dead letters share it.
//!
//! 1. A message counts as kept only after the answer; until then whoever sent it has not been told that it was accepted.
//! 2. One write is under way at a time, so that what is on the disk is always a beginning of what was asked for.
//! 3. A write that failed is asked for again, with what has come since, until it succeeds; nothing is given up meanwhile. First at once, half as
//!    much each time, since less may still fit on the disk; then one change every second; after a success twice as much each time.
//! 4. Of several changes to one message only the last is written.
//!
//! Where there is no disk (a simulation, a run cranked by hand) the outside says so, and each write takes the time that the model gives it.

use crate::distribution::Distribution;
use crate::id::NodeId;
use crate::message::{Message, Settlement};
use crate::node::outside::{Dead, Keep, Kept};
use crate::node::{Answer, Ask, Effects, Field, FieldType, Form, Gauge, Preset, Ticket};
use crate::random::Purpose;
use crate::units::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The wake at which a modelled write is done.
pub const WRITTEN: u64 = 2;
/// The wake at which a failed request is made again.
pub const AGAIN: u64 = 3;

/// How many messages may wait to be written, and how many changes one write takes: enough that the disk and not the number bounds the pace.
pub const MOST_UNWRITTEN: u64 = 4_096;
/// How many messages one answer brings back at most.
const PAGE: usize = 1_000;
/// How long to wait after a failure.
const PATIENCE: Span = Span::secs(1);

/// What is said where a running node is made durable, or not durable any more.
pub const NEXT_RUN: &str = "whether messages are kept on the disk changes with the next run";

/// `durable`: whether messages are kept on the disk.
pub const DURABLE: Field = Field::new(
    "Durability",
    "durable",
    "Durable",
    FieldType::Flag,
    Preset::Flag(false),
    "Whether messages are kept on the disk too: what was accepted is there at the next run, even if the program was killed or the disk is full. A sender is told that its message is accepted, and a consumer gets it, when it has been written. A simulation writes nothing.",
)
.source("RabbitMQ, publisher confirms: a quorum queue confirms when a message is on the disks of a majority");

/// `write_time`: the model of the disk.
pub const WRITE_TIME: Field = Field::new(
    "Durability",
    "write_time",
    "Write time",
    FieldType::Distribution,
    Preset::Text("500 us"),
    "In a simulation: how long the disk takes to write what has gathered. In a live run the disk takes its own time.",
)
.when("durable", &["true"]);

/// Where and how a node keeps its messages.
#[derive(Clone, PartialEq, Debug)]
pub struct Durability {
    store: NodeId,
    write_time: Distribution,
}

impl Durability {
    /// Reads `durable` and `write_time`; `None` if messages are kept in memory alone.
    pub fn read(form: &mut Form<'_>) -> Option<Self> {
        let write_time = form.distribution("write_time").unwrap_or(Distribution::Constant(Span::ZERO));
        form.flag("durable").then(|| Self { store: form.node().clone(), write_time })
    }
}

/// How far the store is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Nothing was asked yet.
    Closed,
    /// What the run before has left comes back.
    Recovering,
    /// It takes changes.
    Open,
}

/// What an answer or a wake has come to.
#[derive(PartialEq, Debug)]
pub enum Told {
    /// Nothing that its owner must know.
    Nothing,
    /// Messages that the run before has left, by [`Kept::number`].
    Recovered(Vec<Kept>),
    /// Every message put with a number up to this one is on the disk.
    Written(u64),
    /// A write failed; it will be tried again.
    Failed,
}

/// What waits to be written, what is under way, and what was found. See the module page.
///
/// Numbers are rising from 1 for messages of this run; those of the run before come before them, wrapping below 0.
pub struct Keeping {
    durability: Durability,
    phase: Phase,
    /// Which messages are still to be recovered: dead letters, or those that are none.
    sorts: Vec<bool>,
    /// What is added to a number on its way to the disk: above all that were in use when the run began.
    base: u64,
    last: u64,
    after: u64,
    asked: Option<Ticket>,
    changes: BTreeMap<u64, Keep>,
    under_way: Vec<Keep>,
    /// How many changes the next write takes: fewer after a failure, since less may still fit.
    most: u64,
    writes: u64,
    waits: bool,
    failures: u64,
    last_error: Option<String>,
    recovered: u64,
    recovery: Span,
    found_dead: u64,
}

impl Keeping {
    /// A line that is not open yet.
    pub fn new(durability: Durability) -> Self {
        Self {
            durability,
            phase: Phase::Closed,
            sorts: Vec::new(),
            base: 0,
            last: 0,
            after: 0,
            asked: None,
            changes: BTreeMap::new(),
            under_way: Vec::new(),
            most: MOST_UNWRITTEN,
            writes: 0,
            waits: false,
            failures: 0,
            last_error: None,
            recovered: 0,
            recovery: Span::ZERO,
            found_dead: 0,
        }
    }

    /// Puts another model of the disk into force. Where it keeps its messages cannot change while it runs.
    pub fn set(&mut self, durability: Durability) {
        self.durability = durability;
    }

    /// At the start of the run: asks for what the run before has left, these sorts of messages in this order (`true`: dead letters). Later:
    /// nothing.
    pub fn start(&mut self, sorts: &[bool], fx: &mut Effects<'_>) {
        if self.phase == Phase::Closed {
            self.sorts = sorts.iter().rev().copied().collect();
            self.phase = Phase::Recovering;
            self.recover(fx);
        }
    }

    fn recover(&mut self, fx: &mut Effects<'_>) {
        let dead = self.sorts.last().copied().unwrap_or(false);
        self.asked = Some(fx.ask(Ask::Recover { store: self.durability.store.clone(), dead, after: self.after, most: PAGE }));
    }

    /// A message is to be kept; its number.
    pub fn put(&mut self, message: &Message, attempts: u32, dead: Option<Dead>) -> u64 {
        self.last += 1;
        let mut message = message.clone();
        message.settlement = Settlement::None;
        self.changes.insert(self.last, Keep::Put { number: self.last, attempts, dead, message });
        self.last
    }

    /// A message was tried so often by now.
    pub fn tried(&mut self, number: u64, attempts: u32) {
        self.changes.insert(number, Keep::Tried { number, attempts });
    }

    /// A message stays as a dead letter.
    pub fn dead(&mut self, number: u64, attempts: u32, reason: &str, error: &Arc<str>) {
        let dead = Dead { reason: reason.into(), error: error.clone() };
        self.changes.insert(number, Keep::Dead { number, attempts, dead });
    }

    /// A message is done with.
    pub fn gone(&mut self, number: u64) {
        self.changes.insert(number, Keep::Gone { number });
    }

    /// Writes what has gathered, unless a write is under way. At the end of every event.
    pub fn flush(&mut self, fx: &mut Effects<'_>) {
        if self.phase == Phase::Open && self.asked.is_none() && self.under_way.is_empty() && !self.waits && !self.changes.is_empty() {
            self.write(fx);
        }
    }

    /// Writes all that has gathered, whatever is under way: the node goes.
    pub fn flush_all(&mut self, fx: &mut Effects<'_>) {
        self.most = MOST_UNWRITTEN;
        while self.phase == Phase::Open && !self.changes.is_empty() {
            self.write(fx);
        }
    }

    fn write(&mut self, fx: &mut Effects<'_>) {
        let rest = match self.changes.iter().nth(self.most as usize) {
            Some((&number, _)) => self.changes.split_off(&number),
            None => BTreeMap::new(),
        };
        self.under_way = std::mem::replace(&mut self.changes, rest).into_values().collect();
        let changes = self.under_way.iter().map(|change| self.on_disk(change)).collect();
        self.asked = Some(fx.ask(Ask::Keep { store: self.durability.store.clone(), changes }));
    }

    /// A change with the number that it has on the disk.
    fn on_disk(&self, change: &Keep) -> Keep {
        let mut change = change.clone();
        match &mut change {
            Keep::Put { number, .. } | Keep::Tried { number, .. } | Keep::Dead { number, .. } | Keep::Gone { number } => {
                *number = number.wrapping_add(self.base);
            }
        }
        change
    }

    /// Takes an answer.
    pub fn answered(&mut self, ticket: Ticket, answer: Answer, fx: &mut Effects<'_>) -> Told {
        if self.asked != Some(ticket) {
            return Told::Nothing;
        }
        self.asked = None;
        match answer {
            Answer::Recovered { kept, end, last, dead, took } => self.page(kept, end, last, dead, took, fx),
            Answer::Modelled if self.phase == Phase::Recovering => {
                self.phase = Phase::Open;
                Told::Nothing
            }
            Answer::Modelled => {
                let takes = self.durability.write_time.draw(&mut fx.random_at(const { Purpose::of("write") }, self.writes));
                if takes == Span::ZERO {
                    return self.written(fx);
                }
                fx.wake(fx.now() + takes, WRITTEN);
                Told::Nothing
            }
            Answer::Done => self.written(fx),
            Answer::Failed(error) => self.failed(error, fx),
            _ => self.failed("the outside answered something else to a durable store".to_owned(), fx),
        }
    }

    /// Takes a wake of its own: [`WRITTEN`] or [`AGAIN`].
    pub fn woken(&mut self, token: u64, fx: &mut Effects<'_>) -> Told {
        match token {
            WRITTEN if self.asked.is_none() && !self.under_way.is_empty() => self.written(fx),
            AGAIN => {
                self.waits = false;
                if self.phase == Phase::Recovering && self.asked.is_none() {
                    self.recover(fx);
                }
                Told::Nothing
            }
            _ => Told::Nothing,
        }
    }

    fn page(&mut self, mut kept: Vec<Kept>, end: bool, last: u64, dead: u64, took: Span, fx: &mut Effects<'_>) -> Told {
        // One is left out, so that no message of the run before has the number 0 here.
        self.base = last + 1;
        self.found_dead = dead;
        self.recovery = Span(self.recovery.0.saturating_add(took.0));
        self.recovered += kept.len() as u64;
        self.last_error = None;
        if let Some(newest) = kept.last() {
            self.after = newest.number;
        }
        for one in &mut kept {
            one.number = one.number.wrapping_sub(self.base);
            let message = &mut one.message;
            (message.entered, message.created, message.arrived) = (fx.now(), fx.now(), fx.now());
        }
        fx.recovered(kept.len() as u64);
        if end {
            self.sorts.pop();
            self.after = 0;
        }
        if self.sorts.is_empty() {
            self.phase = Phase::Open;
            if self.recovered > 0 {
                let (count, plural) = (self.recovered, if self.recovered == 1 { "message" } else { "messages" });
                fx.note(format!("recovered {count} {plural} that the run before had left, in {}", self.recovery));
            }
        } else {
            self.recover(fx);
        }
        Told::Recovered(kept)
    }

    fn written(&mut self, fx: &mut Effects<'_>) -> Told {
        self.writes += 1;
        self.most = (self.most * 2).min(MOST_UNWRITTEN);
        if let Some(error) = self.last_error.take() {
            fx.note(format!("the durable store takes messages again, after: {error}"));
        }
        let put = |change: &Keep| if let Keep::Put { number, .. } = change { Some(*number) } else { None };
        let last = self.under_way.iter().filter_map(put).max();
        self.under_way.clear();
        last.map_or(Told::Nothing, Told::Written)
    }

    fn failed(&mut self, error: String, fx: &mut Effects<'_>) -> Told {
        self.failures += 1;
        // What has come to be since is newer.
        for change in std::mem::take(&mut self.under_way) {
            self.changes.entry(change.number()).or_insert(change);
        }
        if self.last_error.as_ref() != Some(&error) {
            fx.error(format!("the durable store fails, tried again every {PATIENCE}: {error}"));
            self.last_error = Some(error);
        }
        if self.phase == Phase::Open && self.most > 1 {
            self.most /= 2;
            return Told::Failed;
        }
        self.waits = true;
        fx.wake(fx.now() + PATIENCE, AGAIN);
        Told::Failed
    }

    /// How many messages came back from the run before.
    pub const fn recovered(&self) -> u64 {
        self.recovered
    }

    /// How many dead letters the store kept when the run began.
    pub const fn found_dead(&self) -> u64 {
        self.found_dead
    }

    /// Reports its figures.
    pub fn gauges(&self, unwritten: u64, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        gauges.extend([
            count("unwritten", unwritten),
            count("recovered", self.recovered),
            Gauge { name: "recovery", value: self.recovery.seconds(), unit: "s" },
            Gauge { name: "writes", value: self.writes as f64, unit: "" },
            Gauge { name: "write failures", value: self.failures as f64, unit: "" },
        ]);
    }
}
