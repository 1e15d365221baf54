//! A shard: stations that one thread runs, with the calendar and the rounds. The simulated driver has one shard and a virtual clock;
//! the live driver has one for each worker. The clock is always an argument.

mod carry;
mod change;
mod crash;
mod gather;
mod pass;
mod redrive;
mod removal;
mod rewire;
mod settle;
mod signals;
mod take;

pub(crate) use change::Touch;
pub(crate) use removal::Homes;
pub(crate) use rewire::Wiring;

use super::calendar::Calendar;
use super::pipe::Pipe;
use super::signal::{Parcel, Signal, source_of_station};
use super::slots::Waiting;
use super::station::{Health, Station};
use crate::id::{NodeId, PipeId};
use crate::message::Message;
use crate::node::{Answer, Ask, Event, Flow, Intake, Ticket};
use crate::telemetry::histogram::Histogram;
use crate::telemetry::journal::Journal;
use crate::telemetry::snapshot::Tapped;
use crate::units::Moment;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The outside, as a shard sees it (G9).
pub trait World {
    /// Takes a request. `Some`: the answer is there at once (simulated, cranked). `None`: it comes later as a signal.
    fn ask(&mut self, station: u32, ticket: Ticket, generation: u32, ask: Ask) -> Option<Answer>;
}

/// The outside of a shard without stations.
struct Nowhere;

impl World for Nowhere {
    fn ask(&mut self, _station: u32, _ticket: Ticket, _generation: u32, _ask: Ask) -> Option<Answer> {
        None
    }
}

/// Where a station runs: shard, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The shard.
    pub shard: u32,
    /// Its number in that shard.
    pub local: u32,
}

/// What one activation of a station may take in before others get their turn.
const MOST_TAKEN: usize = 256;
/// After so many activations a turn by the wall clock begins with no other station, and parcels and orders are looked at again.
const MOST_IN_A_TURN: usize = 64;
/// How many may follow one upon another before those get their turn that waited already, the first included.
const MOST_FOLLOWING: usize = 32;
/// More events than this at one node in one instant means an endless loop (G13).
const MOST_IN_AN_INSTANT: u32 = 100_000;

/// Stations and pipes that one thread runs.
pub struct Shard {
    pub(crate) number: u32,
    pub(crate) stations: Vec<Option<Box<Station>>>,
    pub(crate) places: Arc<[Place]>,
    /// The numbers of all stations of the run: where a dead letter goes back to.
    pub(crate) directory: Arc<BTreeMap<NodeId, u32>>,
    pub(crate) pipes: Vec<Pipe>,
    pub(crate) calendar: Calendar,
    pub(crate) world: Box<dyn World + Send>,
    pub(crate) journal: Journal,
    pub(crate) latency: Histogram,
    pub(crate) taps: Option<crossbeam_channel::Sender<Tapped>>,
    /// What goes to other shards, by shard; handed over after each round.
    pub(crate) parcels: Vec<Vec<Parcel>>,
    pub(crate) events: u64,
    /// Deliveries given back to their stores so far.
    pub(crate) given_back: u64,
    /// An error that ends the run: an endless loop, by names (G13).
    pub(crate) broken: Option<Arc<str>>,
    /// Stations that said they are exhausted count down here.
    pub(crate) producing: usize,
    /// Room for messages that are copied, with their sizes, for the moments since when they had waited in stores, and for acknowledgements.
    run: Vec<(u32, Message)>,
    queued: Vec<(Moment, u64)>,
    acks: Vec<(u64, u32)>,
    round: u64,
    ready: Vec<u32>,
    /// Who acts in the next round: those that messages were sent to, and all others.
    receivers: Vec<u32>,
    next: Vec<u32>,
    /// Stores where acknowledgements may wait.
    behind: Vec<u32>,
    now: Moment,
}

impl Shard {
    /// A shard over these stations, all of which have an event `Start` before them.
    pub fn new(
        number: u32,
        shards: usize,
        stations: Vec<Station>,
        places: Arc<[Place]>,
        pipes: Vec<Pipe>,
        world: Box<dyn World + Send>,
    ) -> Self {
        let producing = stations.iter().filter(|station| station.producing).count();
        Self {
            number,
            stations: stations.into_iter().map(|station| Some(Box::new(station))).collect(),
            places,
            directory: Arc::default(),
            pipes,
            calendar: Calendar::default(),
            world,
            journal: Journal::default(),
            latency: Histogram::default(),
            taps: None,
            parcels: (0..shards).map(|_| Vec::new()).collect(),
            events: 0,
            given_back: 0,
            broken: None,
            producing,
            run: Vec::new(),
            queued: Vec::new(),
            acks: Vec::new(),
            round: 1,
            ready: Vec::new(),
            receivers: Vec::new(),
            next: Vec::new(),
            behind: Vec::new(),
            now: Moment::START,
        }
    }

    /// A shard of nothing, for a worker whose own is lent.
    pub fn nowhere() -> Self {
        Self::new(0, 0, Vec::new(), Arc::new([]), Vec::new(), Box::new(Nowhere))
    }

    /// Starts every node, before anything else happens.
    pub fn start(&mut self) {
        for local in 0..self.stations.len() as u32 {
            self.with_station(local, |shard, station| {
                shard.call(station, Event::Start, None);
                shard.settle_down(station);
            });
        }
    }

    /// The stations, in the order of their numbers here.
    pub fn stations(&self) -> impl Iterator<Item = &Station> {
        self.stations.iter().map(|station| station.as_deref().expect("stations are in place between activations"))
    }

    /// Nobody stands in the lists of those that act next any more: their numbers are others from now on.
    fn forget_ready(&mut self) {
        self.next.clear();
        self.receivers.clear();
    }

    /// Whether nothing is to be done before the next calendar entry.
    pub const fn idle(&self) -> bool {
        self.next.is_empty() && self.receivers.is_empty()
    }

    /// When the next calendar entry is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.calendar.next()
    }

    /// The clock of the last round.
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// Takes over what has fallen due by `now`.
    pub fn fall_due(&mut self, now: Moment) {
        while let Some(due) = self.calendar.take(now) {
            let station = self.stations[due.station as usize].as_mut().expect("stations are in place between rounds");
            if station.slots.counts(due.slot, due.sequence) {
                station.due.push_back((due.slot, due.sequence));
                mark_ready(station, due.station, &mut self.next);
            }
        }
    }

    /// Lets every station that has something to do act once. What they send is seen in the next round.
    pub fn round(&mut self, now: Moment) {
        self.now = now;
        self.round += 1;
        std::mem::swap(&mut self.ready, &mut self.next);
        self.ready.append(&mut self.receivers);
        for at in 0..self.ready.len() {
            let local = self.ready[at];
            self.with_station(local, Self::activate);
        }
        self.ready.clear();
    }

    /// By the wall clock: lets some of the stations that have something to do act, each in a round of its own. Whom a station sends messages
    /// acts right after it, while they are still in the cache. Everybody else, senders that hear of room above all, waits for his turn: so nobody
    /// sends twice before those have acted that were there already. The clock is read for each: what goes through several takes its time.
    pub fn turn(&mut self, clock: impl Fn() -> Moment) {
        // Sent to between two turns: at the start of the run, or by a change.
        self.next.append(&mut self.receivers);
        let mut waiting = std::mem::take(&mut self.next);
        let (mut acted, mut left) = (0, MOST_IN_A_TURN);
        while left > 0 && acted < waiting.len() {
            let mut local = waiting[acted];
            acted += 1;
            let mut following = MOST_FOLLOWING;
            loop {
                left = left.saturating_sub(1);
                following -= 1;
                self.round += 1;
                self.now = clock();
                self.with_station(local, Self::activate);
                local = match self.receivers.pop() {
                    Some(receiver) if following > 0 => receiver,
                    Some(receiver) => {
                        self.receivers.push(receiver);
                        break;
                    }
                    None => break,
                };
            }
            self.next.append(&mut self.receivers);
        }
        waiting.drain(..acted);
        waiting.append(&mut self.next);
        self.next = waiting;
    }

    /// Takes a parcel from another shard.
    pub fn accept(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::Message { pipe, message } => {
                let local = self.places[self.pipes[pipe as usize].shape.to.0 as usize].local;
                let station = self.stations[local as usize].as_mut().expect("stations are in place between rounds");
                self.pipes[pipe as usize].waiting += 1;
                station.messages.put(self.round, pipe, message);
                mark_ready(station, local, &mut self.next);
            }
            Parcel::Messages { pipe, messages } => self.accept_run(pipe, messages),
            Parcel::Room { pipe, taken, bytes } => self.give_room(None, pipe, taken, bytes),
            Parcel::Signal { station, source, signal } => {
                let place = self.places[station as usize];
                if place.shard == self.number {
                    self.accept_signal(place.local, source, signal);
                } else {
                    // An answer to a station that a change has moved to another worker since it asked.
                    self.parcels[place.shard as usize].push(Parcel::Signal { station, source, signal });
                }
            }
        }
    }

    /// Shows messages through `taps`, at first those of the pipes named.
    pub fn show_messages(&mut self, taps: &crossbeam_channel::Sender<Tapped>, watched: &[PipeId]) {
        self.taps = Some(taps.clone());
        for pipe in &mut self.pipes {
            pipe.watched = watched.contains(&pipe.shape.id);
        }
    }

    /// Tells every station that the run drains.
    pub fn drain(&mut self) {
        for local in 0..self.stations.len() as u32 {
            self.accept_signal(local, source_of_station(local), Signal::Drain);
        }
    }

    /// Forgets what was measured so far: the warm-up is over. The books go on.
    pub fn restart_statistics(&mut self, now: Moment) {
        // A worker may have gone on since the conductor looked at the clock; nothing may be measured twice.
        let now = now.max(self.now);
        self.catch_up();
        for station in self.stations.iter_mut().flatten() {
            station.restart_statistics(now);
        }
        for pipe in &mut self.pipes {
            let taken = pipe.look_at_returned();
            if taken > 0 {
                let sender = self.places[pipe.shape.from.0 as usize].local;
                let sender = self.stations[sender as usize].as_mut().expect("stations are in place between rounds");
                room_came(sender, pipe, taken);
            }
            pipe.restart_statistics(now);
        }
        self.latency.clear();
    }

    /// Whether messages move, wait in stores or are worked on; what an aggregate gathers does not count.
    pub fn in_motion(&self) -> bool {
        let moves = |station: &Station| {
            let stored = matches!(station.intake, Intake::Store { .. }) && station.behaviour.held() > 0;
            stored || station.asks > 0 || station.held() > station.behaviour.held() || station.redrives()
        };
        self.stations().any(moves) || self.parcels.iter().any(|parcels| !parcels.is_empty())
    }

    /// Whether messages are inside, or answers are awaited.
    pub fn occupied(&self) -> bool {
        self.stations().any(|station| station.asks > 0 || station.held() > 0 || station.redrives())
            || self.parcels.iter().any(|parcels| !parcels.is_empty())
    }

    /// Takes a station out of its place for as long as `act` works on it.
    pub(crate) fn with_station<R>(&mut self, local: u32, act: impl FnOnce(&mut Self, &mut Station) -> R) -> R {
        let mut station = self.stations[local as usize].take().expect("a station is never activated within its own activation");
        let result = act(self, &mut station);
        self.stations[local as usize] = Some(station);
        result
    }

    /// One activation: signals, then what fell due, then messages while they may be taken.
    fn activate(&mut self, station: &mut Station) {
        station.ready = false;
        if let Health::Stopped { until, .. } = station.health
            && self.now >= until
        {
            self.restart(station, "restarted after it broke");
        }
        if let Some(error) = station.crashed.take() {
            self.give_back_waiting(station, &error);
        }
        if station.returned {
            self.look_at_returned(station);
        }
        if !station.signals.is_empty() {
            self.take_signals(station);
        }
        let mut left = MOST_TAKEN;
        loop {
            while self.broken.is_none()
                && let Some((slot, sequence)) = station.due.pop_front()
            {
                match station.slots.take(slot, sequence) {
                    Some(Waiting::Hold { ticket, message, pipe, cancelled, since }) => {
                        station.account.served(since, self.now);
                        self.released(station, ticket, message, pipe, cancelled);
                    }
                    Some(Waiting::Wake(token)) => self.call(station, Event::Wake(token), None),
                    Some(Waiting::Answer(ticket, generation, answer)) => {
                        self.take_signal(station, Signal::Answer { ticket, generation, answer });
                    }
                    Some(Waiting::Redrive) | None => {}
                }
            }
            self.flush(station);
            if station.desk.is_some() {
                self.take_redriven(station);
            }
            if !station.messages.is_empty() {
                left = self.take_messages(station, left);
            }
            // Work that takes no time ends at once, and the next message may be taken.
            if station.due.is_empty() || left == 0 || self.broken.is_some() {
                break;
            }
        }
        self.settle_down(station);
    }

    /// What ends every activation: report to senders, measure, and come back if something is left to do.
    fn settle_down(&mut self, station: &mut Station) {
        self.rest(station);
        if station.desk.is_some() {
            self.tend_desk(station);
        }
        self.report_back(station);
        station.measure(self.now);
        if station.producing {
            let waits = station.outbox > 0 || station.behaviour.held() > 0;
            if waits || station.waited {
                station.waited = waits;
                self.measure_source(station, waits);
            }
        }
        // Sent by others in this very round, before this station's turn in it: for the next round.
        let mut more = station.is_pressed() || !station.due.is_empty() || (station.returned && station.wants_room());
        more = more || station.crashed.is_some() || (station.desk.is_some() && station.wants_redrive(self.now));
        if !more && !station.messages.is_empty() {
            let visible = station.messages.visible(self.round);
            more = station.messages.len() > visible || station.may_take();
        }
        if more {
            let local = self.places[station.number as usize].local;
            mark_ready(station, local, &mut self.next);
        }
    }

    /// A source keeps its own backlog while a pipe is full (G7): then it waits for room as any sender with a full outbox does.
    fn measure_source(&mut self, station: &Station, waits: bool) {
        for pipe in station.outputs.iter().filter(|output| output.flow == Flow::Push).flat_map(|output| &output.pipes) {
            let pipe = &mut self.pipes[*pipe as usize];
            pipe.set_blocked(self.now, waits && pipe.credits == 0);
        }
    }

    /// Takes up to `most` messages, as long as the station may; how many more it might take before others get their turn.
    fn take_messages(&mut self, station: &mut Station, most: usize) -> usize {
        let visible = station.messages.visible(self.round).min(most);
        let mut left = visible;
        while left > 0 && station.may_take() && self.broken.is_none() {
            let Some(pipe) = station.messages.first_source() else { break };
            if left > 1 && self.takes_batches(station, pipe) {
                left -= self.take_batch(station, pipe, left).clamp(1, left);
            } else if let Some((pipe, message)) = station.messages.take() {
                left -= 1;
                self.take_message(station, pipe, message);
            }
        }
        most - (visible - left)
    }

    /// Puts a message into a pipe towards its receiver.
    pub(crate) fn send(&mut self, from: &mut Station, pipe_number: u32, message: Message, size: usize) {
        let pipe = &mut self.pipes[pipe_number as usize];
        pipe.sent(self.now, &message, size);
        if pipe.watched {
            // Where nobody takes them out fast enough, nothing is copied.
            let shown = self.taps.as_ref().is_some_and(|taps| {
                !taps.is_full() && taps.try_send(Tapped { pipe: pipe.shape.id.clone(), at: self.now, message: message.clone() }).is_ok()
            });
            pipe.not_shown += u64::from(!shown);
        }
        from.counts.sent += 1;
        let receiver = pipe.shape.to.0;
        let place = self.places[receiver as usize];
        if place.shard != self.number {
            self.parcels[place.shard as usize].push(Parcel::Message { pipe: pipe_number, message });
            return;
        }
        pipe.waiting += 1;
        if receiver == from.number {
            from.messages.put(self.round, pipe_number, message);
            mark_ready(from, place.local, &mut self.receivers);
        } else {
            let station = self.stations[place.local as usize].as_mut().expect("only one station is out of its place");
            station.messages.put(self.round, pipe_number, message);
            mark_ready(station, place.local, &mut self.receivers);
        }
    }

    /// Lets the behaviour take one event and carries out its wishes. `incoming` is what the event brings in, for the case of a panic.
    pub(crate) fn call(&mut self, station: &mut Station, event: Event, incoming: Option<&take::Incoming>) {
        self.count_events(station, 1);
        match station.call(self.now, event) {
            Ok(()) => self.carry_out(station, incoming.and_then(|incoming| incoming.pipe)),
            Err(error) => self.broke(station, &error, incoming),
        }
    }
}

/// A sender hears that its pipe has room again.
fn room_came(sender: &mut Station, pipe: &Pipe, taken: u32) {
    if pipe.shape.flow == Flow::Push {
        sender.rooms[usize::from(pipe.shape.from.1)] += taken as usize;
    }
}

/// Puts a station into the list of those that act in the next round, once.
fn mark_ready(station: &mut Station, local: u32, next: &mut Vec<u32>) {
    if !station.ready {
        station.ready = true;
        next.push(local);
    }
}
