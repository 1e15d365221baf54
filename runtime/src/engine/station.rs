//! A station: one node with its inputs, outbox and counters. Both drivers share it.

use super::desk::Desk;
use super::inbox::Inbox;
use super::laws::Account;
use super::signal::Signal;
use super::slots::Slots;
use crate::expect::Watch;
use crate::id::NodeId;
use crate::message::Message;
use crate::node::effects::Identity;
use crate::node::lane::Lane;
use crate::node::{Behaviour, Effect, Effects, Event, Fan, Flow, Intake, Kind, Port, PortRole};
use crate::setting::Settings;
use crate::telemetry::counters::Counts;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::weighted::{Shares, Weighted};
use crate::units::{Moment, Span};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// One output of a station.
#[derive(Debug)]
pub struct Output {
    /// The pipes that leave it.
    pub pipes: Vec<u32>,
    /// What several pipes mean.
    pub fan: Fan,
    /// How messages leave.
    pub flow: Flow,
    /// What passes.
    pub role: PortRole,
    /// Messages that found no room (G1).
    pub waiting: VecDeque<Message>,
    /// Whether its last room was used up and the behaviour has not heard of room since.
    pub full: bool,
    /// Its pipe, if there is just one, with backward credit and without a bound in bytes: the usual case.
    pub plain: Option<u32>,
    /// Credit of several consumers, in order of arrival (G3): pipe and how many.
    pub credits: VecDeque<(u32, u32)>,
}

impl Output {
    /// An output that nothing is wired to yet.
    pub fn of(port: &Port) -> Self {
        Self {
            pipes: Vec::new(),
            fan: port.fan,
            flow: port.flow,
            role: port.role,
            waiting: VecDeque::default(),
            full: false,
            plain: None,
            credits: VecDeque::default(),
        }
    }
}

/// Whether a station works.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Health {
    /// It does.
    #[default]
    Well,
    /// A panic stopped it; it will be tried again at this moment.
    Stopped {
        /// What the panic said.
        error: Arc<str>,
        /// When it is restarted.
        until: Moment,
    },
}

/// What a store's figures need beyond the common ones.
#[derive(Debug)]
pub struct StoreStatistics {
    /// Messages waiting in it.
    pub depth: Weighted,
    /// Messages waiting or in service: how much of the time each number.
    pub in_system: Shares,
    /// Handed out and not yet finished by a consumer.
    pub in_service: u64,
    /// How many deliveries were acknowledged at the first attempt, the second and so on; the last counts all further ones.
    pub acked: Vec<u64>,
}

/// How many attempts are told apart.
const MOST_ATTEMPTS: usize = 64;

impl StoreStatistics {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { depth: Weighted::new(Moment::START), in_system: Shares::new(Moment::START), in_service: 0, acked: Vec::new() }
    }

    /// Books that attempt number `attempt` ended well.
    pub fn acked(&mut self, attempt: u32) {
        let at = (attempt.max(1) as usize).min(MOST_ATTEMPTS) - 1;
        if at >= self.acked.len() {
            self.acked.resize(at + 1, 0);
        }
        self.acked[at] += 1;
    }

    /// Forgets what was measured so far.
    fn restart(&mut self, now: Moment) {
        self.depth.begin(now);
        self.in_system.begin(now);
        self.acked.clear();
    }
}

impl Default for StoreStatistics {
    fn default() -> Self {
        Self::new()
    }
}

/// One node at work. What nearly every activation looks at stands first, so that it lies together in memory.
pub struct Station {
    /// Its number in the plan.
    pub number: u32,
    /// Whether it works.
    pub health: Health,
    /// Whether it stands in the list of those that act next.
    pub ready: bool,
    /// Whether receivers took messages out of its pipes and it has not looked at that yet.
    pub returned: bool,
    /// Why it died, until the next round has given back what stores handed out to it meanwhile.
    pub crashed: Option<Arc<str>>,
    /// Everything else that wants attention.
    pub signals: Inbox<Signal>,
    /// Whether acknowledgements wait in `signals` until something else reaches it.
    pub acks_wait: bool,
    /// How many of `signals` can never wait.
    pub pressing: usize,
    /// Whether it stands in its shard's list of those where something may wait.
    pub listed: bool,
    /// Messages that wait to be taken; their source is the pipe.
    pub messages: Inbox<Message>,
    /// Slots that have fallen due: slot and sequence.
    pub due: VecDeque<(u32, u64)>,
    /// Holds and wakes.
    pub slots: Slots,
    /// How it takes messages in, as of the last event.
    pub intake: Intake,
    /// How many messages wait in all outputs.
    pub outbox: usize,
    /// What it does.
    pub behaviour: Box<dyn Behaviour>,
    /// Its streams and its part in derived ids.
    pub identity: Identity,
    /// Room at each output.
    pub rooms: Vec<usize>,
    /// How many pipes leave each output.
    pub wired: Vec<u32>,
    /// The ticket counter.
    pub tickets: u64,
    /// What the behaviour asked for in the event under way.
    pub wishes: VecDeque<Effect>,
    /// The messages among it that go the short way.
    pub lane: Lane,
    /// Whether a store has done what follows from the events so far ([`Behaviour::rest`]).
    pub rested: bool,
    /// Outputs, by number.
    pub outputs: Vec<Output>,
    /// Push pipes that messages were taken from and whose senders have not heard of it yet.
    pub touched: Vec<u32>,
    /// Pull pipes that come in.
    pub pulls_in: Vec<u32>,
    /// A store's figures.
    pub store: Option<Box<StoreStatistics>>,
    /// Dead letters that it gave up and no node collects, and what is asked of them by hand; `None` until there is any.
    pub desk: Option<Box<Desk>>,
    /// The instant of its last event, and how many events it had in that instant (G13).
    pub instant: (Moment, u32),
    /// Whether it has sources of its own and has not said that they are exhausted.
    pub producing: bool,
    /// Whether such a source had messages that waited for room when it acted last.
    pub waited: bool,
    /// The number of the input that the newest message came in at.
    pub input: u16,
    /// What it counted.
    pub counts: Counts,
    /// Rolling hash over what ended here (G11).
    pub hash: u64,
    /// From taking a message in to letting it go.
    pub residence: Histogram,
    /// Servers at work.
    pub busy: Weighted,
    /// Servers finished, with a blocked output.
    pub blocked: Weighted,
    /// Times message by message, to hold against the time-weighted figures.
    pub account: Account,
    /// What expectations look at in the messages that it takes in.
    pub watch: Option<Box<Watch>>,
    /// Its id.
    pub id: NodeId,
    /// Its kind.
    pub kind: &'static Kind,
    /// The folder that paths in its settings start from.
    pub folder: Arc<std::path::Path>,
    /// Its settings now.
    pub settings: Settings,
    /// The number of the error output, if the kind has one.
    pub error_port: Option<usize>,
    /// Deliveries of this store with more than one open descendant (G4): attempt and how many.
    pub open: BTreeMap<u64, (u32, u32)>,
    /// Requests under way outside.
    pub asks: u32,
    /// How often it was restarted: answers to older generations are discarded.
    pub generation: u32,
    /// How many panics in a row.
    pub panics: u32,
    /// Since when it is measured.
    pub begun: Moment,
    /// What it had counted when the warm-up ended.
    pub counts_before: Counts,
    /// The newest error.
    pub last_error: Option<Arc<str>>,
    /// Servers there are, once that has changed.
    pub offered: Option<Weighted>,
    /// End-to-end latency of the messages that ended well here; `None` while none has (G6).
    pub latency: Option<Box<Histogram>>,
}

impl Station {
    /// Lets the behaviour take an event. What it asked for is in `wishes` afterwards; if it panicked that is gone, and the panic's words
    /// come back.
    #[inline]
    pub fn call(&mut self, now: Moment, event: Event) -> Result<(), Arc<str>> {
        // What came from outside, and time that passed, may change how a node takes messages in: a table is there, a program is given up.
        let may_change = matches!(event, Event::Start | Event::Answer(..) | Event::Wake(_));
        let last = self.is_last_event();
        self.rested = last;
        self.guarded(now, |behaviour, fx| {
            behaviour.on(event, fx);
            if last {
                behaviour.rest(fx);
            }
        })?;
        if may_change {
            self.take_up_intake(now);
            self.acks_wait = self.behaviour.acks_wait();
        }
        Ok(())
    }

    /// Whether it must act on its signals.
    pub fn is_pressed(&self) -> bool {
        self.pressing > 0 || (!self.acks_wait && !self.signals.is_empty())
    }

    /// Whether a store has nothing more before it, so that what follows from all of it can be done along with the event that comes now.
    pub fn is_last_event(&self) -> bool {
        self.store.is_some() && self.messages.is_empty() && self.signals.is_empty() && self.due.is_empty()
    }

    /// Runs one call into the behaviour and contains its panics.
    #[inline]
    pub fn guarded(&mut self, now: Moment, call: impl FnOnce(&mut dyn Behaviour, &mut Effects<'_>)) -> Result<(), Arc<str>> {
        let Self { behaviour, identity, rooms, wired, tickets, wishes, lane, outbox, .. } = self;
        let result = {
            let fx = Effects::new(now, identity, rooms, wired, tickets, wishes);
            // What waits in the outbox goes first.
            let mut fx = if *outbox == 0 { fx.with_lane(lane) } else { fx };
            contained(|| call(behaviour.as_mut(), &mut fx))
        };
        if result.is_err() {
            wishes.clear();
            lane.take_back(0, rooms);
        } else if matches!(self.intake, Intake::Store { .. }) {
            self.intake = self.behaviour.intake();
        }
        result
    }

    /// Brings up to date what follows from the pipes that leave: how many, and where messages may go the short way.
    pub fn wire(&mut self) {
        let single = |output: &Output| match output.flow {
            _ if output.pipes.is_empty() => false,
            _ if output.fan == Fan::Copy => true,
            Flow::Pull => true,
            Flow::Push | Flow::Free => output.plain.is_some(),
        };
        self.wired = self.outputs.iter().map(|output| output.pipes.len() as u32).collect();
        self.lane.open = self.outputs.iter().map(single).collect();
    }

    /// One descendant of a delivery ended well: whether it was the last one (G4).
    pub fn last_descendant(&mut self, number: u64, attempt: u32) -> bool {
        if let Some(entry) = self.open.get_mut(&number).filter(|entry| entry.0 == attempt) {
            entry.1 -= 1;
            if entry.1 > 0 {
                return false;
            }
            self.open.remove(&number);
        }
        true
    }

    /// Whether it may take one more message now (G1, G8).
    pub fn may_take(&self) -> bool {
        if self.health != Health::Well {
            return false;
        }
        match self.intake {
            Intake::Plain => self.outbox == 0 && self.slots.holds() < MOST_PLAIN_HOLDS,
            Intake::Servers { servers, .. } => self.slots.holds() + self.outbox < servers as usize,
            Intake::Shared { most, .. } => self.slots.holds() + self.outbox < most as usize,
            Intake::Store { closed } => !closed,
        }
    }

    /// Whether it cannot go on without room in a pipe, or waits to hear of it.
    pub fn wants_room(&self) -> bool {
        self.outbox > 0 || self.outputs.iter().any(|output| output.full)
    }

    /// How many messages are inside, counted by walking (rule 9).
    pub fn held(&self) -> u64 {
        let carried: u64 = self.signals.iter().map(Signal::carried).sum();
        self.messages.len() as u64 + carried + self.slots.holds() as u64 + self.outbox as u64 + self.behaviour.held() + self.waiting_back()
    }

    /// Messages put back to work that wait until it can take them.
    pub fn waiting_back(&self) -> u64 {
        self.desk.as_ref().map_or(0, |desk| desk.waiting.len() as u64)
    }

    /// Brings the figures that follow from the state up to date.
    pub fn measure(&mut self, now: Moment) {
        match self.intake {
            Intake::Servers { .. } => {
                self.busy.set(now, self.slots.holds() as u64);
                self.blocked.set(now, self.outbox as u64);
            }
            Intake::Shared { servers, .. } => {
                self.busy.set(now, (self.slots.holds() as u64).min(u64::from(servers)));
                self.blocked.set(now, (self.outbox as u64).min(u64::from(servers)));
            }
            Intake::Plain | Intake::Store { .. } => {}
        }
        if let Some(store) = &mut self.store {
            let waiting = self.behaviour.held();
            store.depth.set(now, waiting);
            store.in_system.set(now, waiting + store.in_service);
        }
    }

    /// Servers it has, for shares; 0 if it has none or any number.
    pub const fn servers(&self) -> u32 {
        match self.intake {
            Intake::Servers { servers: u32::MAX, .. } | Intake::Plain | Intake::Store { .. } => 0,
            Intake::Servers { servers, .. } | Intake::Shared { servers, .. } => servers,
        }
    }

    /// Servers it has had on average, for shares; never below one, so that a share is one of something.
    pub fn servers_mean(&self, now: Moment) -> f64 {
        let mean = self.offered.map_or_else(|| f64::from(self.servers()), |offered| offered.mean(now));
        if mean > 0.0 { mean } else { 1.0 }
    }

    /// Asks the behaviour how it takes messages in from now on. Another number of servers counts from now.
    pub fn take_up_intake(&mut self, now: Moment) {
        let before = self.servers();
        self.intake = self.behaviour.intake();
        if self.servers() != before {
            self.offers(now, before);
        }
    }

    /// The number of servers is another from now on; it was `before` until now.
    fn offers(&mut self, now: Moment, before: u32) {
        let (since, servers) = (self.begun, self.servers());
        let offered = self.offered.get_or_insert_with(|| {
            let mut offered = Weighted::new(since);
            offered.set(since, u64::from(before));
            offered
        });
        offered.set(now, u64::from(servers));
    }

    /// Forgets what was measured so far: the warm-up is over. The books go on.
    pub fn restart_statistics(&mut self, now: Moment) {
        self.counts_before = self.counts.clone();
        self.account.before = super::laws::Times::of(self, now);
        self.begun = now;
        self.busy.begin(now);
        self.blocked.begin(now);
        if let Some(offered) = &mut self.offered {
            offered.begin(now);
        }
        self.residence.clear();
        self.latency = None;
        if let Some(store) = &mut self.store {
            store.restart(now);
        }
    }

    /// How long to wait before trying again after this many panics in a row: 1 s, doubling, at most 1 min.
    pub fn restart_delay(&self) -> Span {
        Span::secs(1 << self.panics.saturating_sub(1).min(6)).min(Span::secs(60))
    }
}

/// How many messages a node without servers may hold (rule 7).
pub const MOST_PLAIN_HOLDS: usize = 10_000;

/// Calls into a behaviour and contains its panics; what one said.
#[inline]
pub fn contained(call: impl FnOnce()) -> Result<(), Arc<str>> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panic_text(panic.as_ref()))
}

/// What a panic said.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    if let Some(text) = panic.downcast_ref::<&str>() {
        return format!("the node broke: {text}").into();
    }
    panic.downcast_ref::<String>().map_or_else(|| "the node broke".into(), |text| format!("the node broke: {text}").into())
}
