//! The short way through a station: several messages in one call, and what they led to handed over in runs.
//!
//! Nothing of it can be seen from outside: counts, hashes, histograms, depths and orders are what they are for one message at a time. A round has one
//! moment, so that so many messages at once weigh as much as one after another.

use super::take::Incoming;
use super::{Shard, mark_ready};
use crate::engine::pipe::RunningHash;
use crate::engine::signal::{Parcel, Signal};
use crate::engine::station::{Health, Station, contained};
use crate::id::mix;
use crate::message::{Delivery, Message, Settlement};
use crate::node::batch::Batch;
use crate::node::lane::{Passed, Way};
use crate::node::{Effects, Fan, Flow, Intake};
use crate::telemetry::histogram::Histogram;
use crate::telemetry::snapshot::Tapped;
use crate::units::{Moment, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// Counts equal values in a row as one: what moves together has mostly the same age.
struct Tally {
    value: u64,
    count: u64,
}

impl Tally {
    const fn new() -> Self {
        Self { value: 0, count: 0 }
    }

    #[inline]
    fn record(&mut self, histogram: &mut Histogram, value: u64) {
        if value != self.value {
            histogram.record_n(self.value, self.count);
            (self.value, self.count) = (value, 0);
        }
        self.count += 1;
    }

    fn end(self, histogram: &mut Histogram) {
        histogram.record_n(self.value, self.count);
    }
}

impl Shard {
    /// Whether the messages at the front of an input may be taken in one go. The usual case: a station without servers of its own, and nothing
    /// about the pipe that must be looked at message by message.
    pub(super) fn takes_batches(&self, station: &Station, pipe: u32) -> bool {
        let pipe = &self.pipes[pipe as usize];
        let pull = pipe.shape.flow == Flow::Pull;
        matches!(station.intake, Intake::Plain | Intake::Store { .. })
            && station.watch.is_none()
            && pipe.shape.time_to_live == Span::ZERO
            && pipe.shape.capacity_bytes == 0
            && !(pull && pipe.wait_by_priority.is_some())
            && station.messages.first().is_some_and(|message| Batch::fits(message, pull))
    }

    /// Takes up to `most` visible messages that came through one pipe; how many it was. It ends early where the engine must act first.
    pub(super) fn take_batch(&mut self, station: &mut Station, pipe_number: u32, most: usize) -> usize {
        let shape = &self.pipes[pipe_number as usize].shape;
        let (input, flow) = (usize::from(shape.to.1), shape.flow);
        let pull = flow == Flow::Pull;
        station.input = shape.to.1;
        let mut queued = std::mem::take(&mut self.queued);
        let holds = station.slots.holds();
        let (taken, broke) = station.call_batch(self.now, pipe_number, input, most, pull.then_some(&mut queued));
        station.counts.received += taken as u64;
        let pipe = &mut self.pipes[pipe_number as usize];
        pipe.waiting -= taken as u32;
        if flow != Flow::Free {
            if pipe.taken == 0 && taken > 0 {
                station.touched.push(pipe_number);
            }
            pipe.taken += taken as u32;
        }
        if pull {
            pipe.outstanding = pipe.outstanding.saturating_sub(taken as u32);
            for &(moment, count) in &queued {
                pipe.wait.record_n(self.now.since(moment).0, count);
            }
        }
        self.count_events(station, taken as u32);
        self.carry_out(station, pull.then_some(pipe_number));
        if let Some((error, settlement)) = broke {
            let incoming = Incoming { pipe: pull.then_some(pipe_number), settlement, tracked: None, arrived: self.now };
            self.broke(station, &error, Some(&incoming));
        }
        if pull {
            if station.slots.holds() > holds {
                // The last one is still in service: its end is told later.
                if let Some((_, count)) = queued.last_mut() {
                    *count -= 1;
                }
            }
            let pipe = &mut self.pipes[pipe_number as usize];
            for (moment, count) in queued.drain(..) {
                pipe.finished += count as u32;
                pipe.stay_n(self.now.since(moment).0, count);
            }
        }
        queued.clear();
        self.queued = queued;
        taken
    }

    /// Hands over what went the short way, in runs.
    pub(super) fn carry_passed(&mut self, station: &mut Station) {
        if station.lane.passed.len() == 1
            && let Some(passed) = station.lane.passed.pop()
        {
            return self.carry_one(station, passed);
        }
        let mut passed = std::mem::take(&mut station.lane.passed);
        let Some(way) = passed.first().map(|first| first.way) else { return };
        if passed.iter().all(|passed| passed.way == way) {
            self.book_stays(station, &passed);
            self.carry_run(station, way, passed.len(), passed.drain(..));
        } else {
            let mut rest = passed.drain(..);
            while let Some(first) = rest.as_slice().first() {
                let way = first.way;
                let count = rest.as_slice().iter().take_while(|passed| passed.way == way).count();
                self.book_stays(station, &rest.as_slice()[..count]);
                self.carry_run(station, way, count, rest.by_ref().take(count));
            }
        }
        station.lane.passed = passed;
    }

    /// Books how long messages were here that leave the same way; those that ended are booked as they end.
    fn book_stays(&self, station: &mut Station, run: &[Passed]) {
        let mut stays = Tally::new();
        for Passed { way, message, .. } in run {
            let since = match way {
                Way::Emitted(_) | Way::HandedOut(_) => message.arrived,
                Way::Entered(_) => message.entered,
                Way::Delivered => return,
            };
            stays.record(&mut station.residence, self.now.since(since).0);
        }
        stays.end(&mut station.residence);
    }

    /// Hands over `count` messages that leave the same way.
    fn carry_run(&mut self, station: &mut Station, way: Way, count: usize, run: impl Iterator<Item = Passed>) {
        match way {
            Way::Emitted(port) => self.emit_run(station, usize::from(port), count, run),
            Way::Entered(port) => {
                station.counts.entered += count as u64;
                self.events += count as u64;
                let source = station.number;
                let run = run.map(|mut passed| {
                    Self::own(source, &mut passed.message);
                    passed
                });
                self.emit_run(station, usize::from(port), count, run);
            }
            Way::HandedOut(port) => self.hand_out_run(station, usize::from(port), count, run),
            Way::Delivered => self.deliver_run(station, count, run),
        }
    }

    /// Hands over one message: there is no run to make of it.
    fn carry_one(&mut self, station: &mut Station, Passed { way, size, mut message }: Passed) {
        match way {
            Way::Emitted(port) | Way::Entered(port) => {
                let port = usize::from(port);
                if matches!(way, Way::Entered(_)) {
                    station.counts.entered += 1;
                    self.events += 1;
                    message.arrived = message.entered;
                    Self::own(station.number, &mut message);
                }
                station.rooms[port] += 1;
                match station.outputs[port].plain {
                    Some(pipe) => self.push(station, port, pipe, message, size as usize),
                    None => self.emit_anyhow(station, port, message),
                }
            }
            Way::HandedOut(port) => {
                station.rooms[usize::from(port)] += 1;
                self.hand_out(station, usize::from(port), message);
            }
            Way::Delivered => self.deliver(station, &message),
        }
    }

    /// Several messages go on at one output.
    fn emit_run(&mut self, station: &mut Station, port: usize, count: usize, run: impl Iterator<Item = Passed>) {
        let now = self.now;
        let run = run.map(move |Passed { size, mut message, .. }| {
            // From here on it is the pipe's; a time to live there counts from now.
            message.arrived = now;
            (size, message)
        });
        if let Some(pipe) = station.outputs[port].plain {
            self.pipes[pipe as usize].credits -= count as u32;
            station.outputs[port].full |= station.rooms[port] == 0;
            return self.send_run(station, pipe, run);
        }
        // Nothing is used up where nothing bounds.
        station.rooms[port] += count;
        if station.outputs[port].fan == Fan::Copy {
            self.copy_run(station, port, run);
        } else {
            // It was rewired since the station was told where the short way leads.
            run.for_each(|(_, message)| self.emit(station, port, message));
        }
    }

    /// Copies several messages to every pipe (G2): books and open descendants grow by all but one for each.
    fn copy_run(&mut self, station: &mut Station, port: usize, messages: impl Iterator<Item = (u32, Message)>) {
        let mut run = std::mem::take(&mut self.run);
        run.extend(messages);
        let pipes = std::mem::take(&mut station.outputs[port].pipes);
        if let Some((last, others)) = pipes.split_last() {
            station.counts.copied += (others.len() * run.len()) as u64;
            if !others.is_empty() {
                for (_, message) in &run {
                    self.opened(station, message, others.len() as u32);
                }
            }
            for pipe in others {
                self.send_run(station, *pipe, run.iter().map(|(size, message)| (*size, message.clone())));
            }
            self.send_run(station, *last, run.drain(..));
        }
        station.outputs[port].pipes = pipes;
        run.clear();
        self.run = run;
    }

    /// Puts messages, with what the pipe's byte count sees of each, into a pipe towards its receiver, in order.
    fn send_run(&mut self, from: &mut Station, pipe_number: u32, messages: impl Iterator<Item = (u32, Message)>) {
        let (now, round) = (self.now, self.round);
        let pipe = &mut self.pipes[pipe_number as usize];
        let place = self.places[pipe.shape.to.0 as usize];
        let mut parcel = VecDeque::new();
        let inbox = if place.shard == self.number {
            let station = match &mut self.stations[place.local as usize] {
                Some(station) => station,
                None => &mut *from,
            };
            mark_ready(station, place.local, &mut self.receivers);
            station.messages.open(round, pipe_number)
        } else {
            &mut parcel
        };
        inbox.reserve(messages.size_hint().0);
        let before = inbox.len();
        let mut hash = RunningHash::at(pipe.hash, now);
        let mut bytes = 0;
        // Where nobody takes them out fast enough, nothing is copied.
        let mut taps = self.taps.as_ref().filter(|taps| pipe.watched && !taps.is_full());
        let mut shown = 0;
        for (size, message) in messages {
            bytes += u64::from(size);
            hash.take(&message);
            if let Some(open) = taps {
                let tapped = Tapped { pipe: pipe.shape.id.clone(), at: now, message: message.clone() };
                taps = taps.filter(|_| open.try_send(tapped).is_ok());
                shown += u64::from(taps.is_some());
            }
            inbox.push_back((pipe_number, message));
        }
        let count = (inbox.len() - before) as u64;
        pipe.sent_run(now, hash, count, bytes);
        if pipe.watched {
            pipe.not_shown += count - shown;
        }
        from.counts.sent += count;
        if place.shard == self.number {
            pipe.waiting += count as u32;
        } else {
            self.parcels[place.shard as usize].push(Parcel::Messages { pipe: pipe_number, messages: parcel });
        }
    }

    /// A store hands several messages out, against the oldest credit first (G3).
    fn hand_out_run(&mut self, station: &mut Station, port: usize, mut count: usize, run: impl Iterator<Item = Passed>) {
        station.counts.handed_out += count as u64;
        if let Some(store) = &mut station.store {
            store.in_service += count as u64;
        }
        let number = station.number;
        let mut run = run.map(move |Passed { size, mut message, .. }| {
            if let Settlement::One(delivery) = &mut message.settlement {
                delivery.origin = number;
            }
            (size, message)
        });
        while count > 0 {
            let Some(credit) = station.outputs[port].credits.front_mut() else {
                debug_assert!(false, "the room of a store is the sum of its credits");
                return run.for_each(|(_, message)| self.drop_at_output(station, &message, "no_credit"));
            };
            let (pipe, part) = (credit.0, count.min(credit.1 as usize));
            credit.1 -= part as u32;
            if credit.1 == 0 {
                station.outputs[port].credits.pop_front();
            }
            if part == count {
                return self.send_run(station, pipe, run);
            }
            count -= part;
            self.send_run(station, pipe, run.by_ref().take(part));
        }
    }

    /// What a store does after the last of the events that reach it together.
    pub(super) fn rest(&mut self, station: &mut Station) {
        let rested = std::mem::take(&mut station.rested);
        if station.store.is_some() && !rested && station.health == Health::Well {
            match station.guarded(self.now, |behaviour, fx| behaviour.rest(fx)) {
                Ok(()) => self.carry_out(station, None),
                Err(error) => self.broke(station, &error, None),
            }
        }
    }

    /// A store hears of several deliveries that ended well. Those with more descendants under way wait for them (G4).
    pub(super) fn take_acks(&mut self, station: &mut Station, acks: &mut Vec<(u64, u32)>) {
        if station.store.is_none() && acks.iter().any(|(_, attempt)| *attempt == Delivery::GIVEN_UP) {
            // Letters put back to work are on the disk where they went.
            return acks.drain(..).for_each(|(number, _)| self.letter_left(station, number));
        }
        acks.retain(|&(number, attempt)| {
            let last = station.last_descendant(number, attempt);
            if let (true, Some(store)) = (last && attempt != Delivery::GIVEN_UP, &mut station.store) {
                store.acked(attempt);
            }
            last
        });
        if acks.is_empty() {
            return;
        }
        self.count_events(station, acks.len() as u32);
        let last = station.is_last_event();
        station.rested = last;
        let heard = station.guarded(self.now, |behaviour, fx| {
            behaviour.on_acks(acks, fx);
            if last {
                behaviour.rest(fx);
            }
        });
        match heard {
            Ok(()) => self.carry_out(station, None),
            Err(error) => self.broke(station, &error, None),
        }
        acks.clear();
    }

    /// Several messages ended well here (G6).
    fn deliver_run(&mut self, station: &mut Station, count: usize, run: impl Iterator<Item = Passed>) {
        station.counts.delivered += count as u64;
        let (mut stays, mut latencies, mut latencies_here) = (Tally::new(), Tally::new(), Tally::new());
        let mut here = station.latency.take().unwrap_or_default();
        // Acknowledgements for one store in a row are one signal.
        let (mut origin, mut acks) = (0, std::mem::take(&mut self.acks));
        for Passed { message, .. } in run {
            let latency = self.now.since(message.entered).0;
            latencies.record(&mut self.latency, latency);
            latencies_here.record(&mut here, latency);
            stays.record(&mut station.residence, self.now.since(message.arrived).0);
            station.hash = mix(station.hash ^ self.now.0.wrapping_add(1 << 56)) ^ message.id.low();
            match &message.settlement {
                Settlement::None => {}
                Settlement::One(delivery) => {
                    if delivery.origin != origin {
                        self.acknowledge(station, origin, &mut acks);
                        origin = delivery.origin;
                    }
                    acks.push((delivery.number, delivery.attempt));
                }
                Settlement::Many(_) => {
                    self.acknowledge(station, origin, &mut acks);
                    self.close(station, &message.settlement);
                }
            }
            self.close_tracked(station, message.tracked());
        }
        self.acknowledge(station, origin, &mut acks);
        self.acks = acks;
        latencies.end(&mut self.latency);
        latencies_here.end(&mut here);
        stays.end(&mut station.residence);
        station.latency = Some(here);
    }

    /// Tells a store that deliveries ended well.
    fn acknowledge(&mut self, station: &mut Station, origin: u32, acks: &mut Vec<(u64, u32)>) {
        let source = Self::source(station);
        match acks.as_slice() {
            [] => {}
            &[(number, attempt)] => self.signal(station, origin, source, Signal::Closed { number, attempt }),
            _ => self.signal(station, origin, source, Signal::ClosedMany { deliveries: std::mem::take(acks) }),
        }
        acks.clear();
    }

    /// Takes messages from another shard.
    pub(super) fn accept_run(&mut self, pipe: u32, mut messages: VecDeque<(u32, Message)>) {
        let local = self.places[self.pipes[pipe as usize].shape.to.0 as usize].local;
        let station = self.stations[local as usize].as_mut().expect("stations are in place between rounds");
        self.pipes[pipe as usize].waiting += messages.len() as u32;
        station.messages.open(self.round, pipe).append(&mut messages);
        mark_ready(station, local, &mut self.next);
    }

    /// Counts events at a node in one instant; too many mean an endless loop (G13).
    #[inline]
    pub(super) fn count_events(&mut self, station: &mut Station, events: u32) {
        if station.instant.0 != self.now {
            station.instant = (self.now, 0);
        }
        station.instant.1 += events;
        if station.instant.1 > super::MOST_IN_AN_INSTANT {
            self.endless(station);
        }
    }
}

/// What ended a batch early: the words of a panic, and who waited for the message in hand.
type Broke = Option<(Arc<str>, Settlement)>;

impl Station {
    /// Lets the behaviour take up to `most` messages. How many it took; if it panicked, what it asked for in the last event is gone.
    fn call_batch(&mut self, now: Moment, pipe: u32, input: usize, most: usize, queued: Option<&mut Vec<(Moment, u64)>>) -> (usize, Broke) {
        let Self { messages, behaviour, identity, rooms, wired, tickets, wishes, lane, store, outbox, .. } = self;
        let mut batch = Batch::new(messages.waiting(), pipe, most, store.is_some(), queued);
        let result = {
            let fx = Effects::new(now, identity, rooms, wired, tickets, wishes);
            let mut fx = if *outbox == 0 { fx.with_lane(lane) } else { fx };
            contained(|| behaviour.on_messages(input, &mut batch, &mut fx))
        };
        let (taken, kept, wished, settlement) = (batch.taken, batch.kept, batch.wished, batch.settlement);
        messages.took(taken);
        let broke = result.err().map(|error| {
            wishes.truncate(wished);
            lane.take_back(kept, rooms);
            (error, settlement)
        });
        if store.is_some() && broke.is_none() {
            self.intake = self.behaviour.intake();
        }
        (taken, broke)
    }
}
