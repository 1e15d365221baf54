//! Taking in: messages, signals, ended holds; and what happens when a behaviour panics.

use super::{Shard, mark_ready, room_came};
use crate::engine::signal::{Parcel, Signal, source_of_pipe, source_of_station};
use crate::engine::station::{Health, Station};
use crate::message::{Delivery, Message, Settlement, Tracked};
use crate::node::reason::EXPIRED;
use crate::node::{Event, Fault, Flow, Form, Intake, Ticket, Verdict};
use crate::units::{Moment, Span};
use std::sync::Arc;

/// What an event brought in, kept aside in case the behaviour panics.
pub struct Incoming {
    /// The pull pipe it came through, if any: its sender waits to hear that the service has ended.
    pub pipe: Option<u32>,
    /// Who waits for the message's end.
    pub settlement: Settlement,
    /// Which closed loop does.
    pub tracked: Option<Tracked>,
    /// When this station took it.
    pub arrived: Moment,
}

impl Shard {
    /// Takes one message out of the station's input.
    pub(super) fn take_message(&mut self, station: &mut Station, pipe_number: u32, mut message: Message) {
        let sent = std::mem::replace(&mut message.arrived, self.now);
        station.counts.received += 1;
        let pipe = &mut self.pipes[pipe_number as usize];
        pipe.waiting -= 1;
        if pipe.taken == 0 && pipe.shape.flow != Flow::Free {
            station.touched.push(pipe_number);
        }
        pipe.taken += 1;
        if pipe.shape.capacity_bytes > 0 {
            pipe.taken_bytes += message.size() as u64;
        }
        let time_to_live = pipe.shape.time_to_live;
        if time_to_live > Span::ZERO && self.now.since(sent) >= time_to_live {
            return self.expired_in_pipe(station, &message);
        }
        let port = usize::from(pipe.shape.to.1);
        station.input = pipe.shape.to.1;
        let pull = pipe.shape.flow == Flow::Pull;
        let waited = self.now.since(message.queued).0;
        if pull {
            pipe.rank(message.priority, waited);
            pipe.wait.record(waited);
            pipe.outstanding = pipe.outstanding.saturating_sub(1);
        }
        if let Some(watch) = &mut station.watch {
            watch.see(&message);
        }
        let tracked = message.tracked();
        let kept = tracked.map(|_| station.behaviour.dead_lettered());
        let incoming = Incoming { pipe: pull.then_some(pipe_number), settlement: message.settlement.clone(), tracked, arrived: self.now };
        let holds = station.slots.holds();
        self.call(station, Event::Message(port, message), Some(&incoming));
        if kept.is_some_and(|kept| station.behaviour.dead_lettered() > kept) {
            // A node that collects dead letters is where they end.
            self.close_tracked(station, tracked);
        }
        if pull && station.slots.holds() <= holds {
            let pipe = &mut self.pipes[pipe_number as usize];
            pipe.finished += 1;
            pipe.stay(waited);
        }
    }

    /// A message was in a pipe for longer than that lets it live: it ends here, on purpose, before the station has seen it.
    fn expired_in_pipe(&mut self, station: &mut Station, message: &Message) {
        station.counts.drop(EXPIRED);
        self.ended(station, message, 2);
    }

    /// A hold has ended.
    pub(super) fn released(&mut self, station: &mut Station, ticket: Ticket, message: Message, pipe: Option<u32>, cancelled: bool) {
        if !cancelled && matches!(station.intake, Intake::Servers { .. } | Intake::Shared { .. }) {
            station.counts.services += 1;
            self.events += 1;
        }
        if let Some(pipe) = pipe {
            let pipe = &mut self.pipes[pipe as usize];
            pipe.finished += 1;
            if !cancelled {
                pipe.stay(self.now.since(message.queued).0);
            }
        }
        let incoming =
            Incoming { pipe: None, settlement: message.settlement.clone(), tracked: message.tracked(), arrived: message.arrived };
        let kept = incoming.tracked.map(|_| station.behaviour.dead_lettered());
        self.call(station, Event::Released(ticket, message), Some(&incoming));
        if kept.is_some_and(|kept| station.behaviour.dead_lettered() > kept) {
            self.close_tracked(station, incoming.tracked);
        }
    }

    /// Takes one signal.
    pub(super) fn take_signal(&mut self, station: &mut Station, signal: Signal) {
        match signal {
            Signal::Granted { pipe, granted, finished } => self.granted(station, pipe, granted, finished),
            Signal::Opened { number, attempt, more } => {
                let entry = station.open.entry(number).or_insert((attempt, 1));
                if entry.0 < attempt {
                    *entry = (attempt, 1);
                }
                if entry.0 == attempt {
                    entry.1 += more;
                }
            }
            Signal::Closed { number, attempt } => self.take_acks(station, &mut vec![(number, attempt)]),
            Signal::ClosedMany { mut deliveries } => self.take_acks(station, &mut deliveries),
            Signal::Nacked { attempt: Delivery::GIVEN_UP, error, .. } if station.store.is_none() => {
                // It is off the shelf and still on the disk: the next run finds it among the dead letters.
                station.counts.drop(crate::node::reason::SUPERSEDED);
                self.journal.write(self.now, Some(&station.id), &format!("by hand: a letter was not taken after all: {error}"));
            }
            Signal::Nacked { number, attempt, fault, error } => {
                if station.open.get(&number).is_some_and(|entry| entry.0 == attempt) {
                    station.open.remove(&number);
                }
                self.call(station, Event::Settled { number, attempt, verdict: Verdict::Nack(fault, error) }, None);
            }
            Signal::Renew { number, attempt, until } => self.call(station, Event::Renewed { number, attempt, until }, None),
            Signal::Answer { ticket, generation, answer } => {
                if generation == station.generation {
                    station.asks = station.asks.saturating_sub(1);
                    self.call(station, Event::Answer(ticket, *answer), None);
                }
            }
            Signal::Revoked { pipe } => self.revoked(station, pipe),
            Signal::CreditBack { pipe, credit } => self.credit_back(pipe, credit),
            Signal::CountAsked { station: asker, ticket, generation, stores } => {
                self.count_asked(station, asker, ticket, generation, stores);
            }
            Signal::Redriven(returning) => self.redriven(station, *returning),
            Signal::Taken(number) => self.letter_left(station, number),
            Signal::Stays(letter, why) => self.stays(station, letter, &why),
            Signal::Drain => self.call(station, Event::Drain, None),
        }
    }

    /// A consumer reported to its store: what it finished, and for how many more it has free servers (G3).
    pub(super) fn granted(&mut self, station: &mut Station, pipe_number: u32, granted: u32, finished: u32) {
        if let Some(store) = &mut station.store {
            store.in_service = store.in_service.saturating_sub(u64::from(finished));
        }
        // Who was rewired or taken out gets nothing more from here.
        if granted > 0 && !self.pipes[pipe_number as usize].retired {
            let port = usize::from(self.pipes[pipe_number as usize].shape.from.1);
            station.rooms[port] += granted as usize;
            let credits = &mut station.outputs[port].credits;
            match credits.back_mut() {
                Some((last, more)) if *last == pipe_number => *more += granted,
                _ => credits.push_back((pipe_number, granted)),
            }
            // What a store does with it, it does when all signals are in.
            station.rested = false;
            if station.store.is_none() {
                self.call(station, Event::Room(port), None);
            }
        }
    }

    /// Reports to the senders: what was taken, what was finished, and credit for free servers (G3).
    pub(super) fn report_back(&mut self, station: &mut Station) {
        let took = !station.touched.is_empty();
        for at in 0..station.touched.len() {
            let pipe_number = station.touched[at];
            let pipe = &mut self.pipes[pipe_number as usize];
            let (taken, bytes) = (std::mem::take(&mut pipe.taken), std::mem::take(&mut pipe.taken_bytes));
            if !pipe.retired {
                self.give_room(Some(station), pipe_number, taken, bytes);
            }
        }
        station.touched.clear();
        for index in 0..station.pulls_in.len() {
            let pipe_number = station.pulls_in[index];
            if took && !matches!(station.intake, Intake::Servers { .. } | Intake::Shared { .. }) {
                let held_up = station.outbox > 0 || station.intake == Intake::Store { closed: true };
                self.pipes[pipe_number as usize].prove(held_up);
            }
            let window = self.window(station, pipe_number);
            let pipe = &mut self.pipes[pipe_number as usize];
            let granted = if pipe.revoking { 0 } else { window.saturating_sub(pipe.outstanding) };
            let finished = std::mem::take(&mut pipe.finished);
            if granted + finished > 0 {
                pipe.outstanding += granted;
                let to = pipe.shape.from.0;
                self.signal(station, to, source_of_pipe(pipe_number), Signal::Granted { pipe: pipe_number, granted, finished });
            }
        }
    }

    /// Tells the sender of a pipe that messages were taken out of it. The sender sees it from the next round on; it is woken only if it
    /// waits for room. `receiver` is the station that is out of its place, if any.
    pub(super) fn give_room(&mut self, receiver: Option<&mut Station>, pipe_number: u32, taken: u32, bytes: u64) {
        let pipe = &mut self.pipes[pipe_number as usize];
        let place = self.places[pipe.shape.from.0 as usize];
        if place.shard != self.number {
            return self.parcels[place.shard as usize].push(Parcel::Room { pipe: pipe_number, taken, bytes });
        }
        let sender = match (receiver, &mut self.stations[place.local as usize]) {
            (_, Some(sender)) => sender,
            (Some(receiver), None) => receiver,
            (None, None) => unreachable!("stations are in place between activations"),
        };
        if pipe.returned.taken > 0 && pipe.returned.round != self.round {
            let earlier = pipe.look_at_returned();
            room_came(sender, pipe, earlier);
        }
        pipe.give_back(self.now, self.round, taken, bytes);
        sender.returned = true;
        if sender.wants_room() {
            mark_ready(sender, place.local, &mut self.next);
        }
    }

    /// A sender looks at what its receivers took in earlier rounds: what waits goes on, and the behaviour hears of room if it lacked it.
    pub(super) fn look_at_returned(&mut self, station: &mut Station) {
        station.returned = false;
        for port in 0..station.outputs.len() {
            for index in 0..station.outputs[port].pipes.len() {
                let pipe = &mut self.pipes[station.outputs[port].pipes[index] as usize];
                if pipe.returned.taken > 0 && pipe.returned.round != self.round {
                    let taken = pipe.look_at_returned();
                    room_came(station, pipe, taken);
                }
                station.returned |= pipe.returned.taken > 0;
            }
            if station.outputs[port].flow == Flow::Push && station.rooms[port] > 0 {
                self.room_again(station, port);
            }
        }
    }

    fn room_again(&mut self, station: &mut Station, port: usize) {
        let full = std::mem::take(&mut station.outputs[port].full);
        let waited = !station.outputs[port].waiting.is_empty();
        if !full && !waited {
            return;
        }
        self.flush(station);
        let emptied = waited && station.outputs[port].waiting.is_empty();
        if emptied || (full && station.rooms[port] > 0) {
            station.outputs[port].full = station.rooms[port] == 0;
            self.call(station, Event::Room(port), None);
        } else {
            station.outputs[port].full |= full;
        }
    }

    /// How many messages of one pull pipe may be on their way to a station or waiting at it: free servers + prefetch (G3).
    pub(super) fn window(&self, station: &Station, pipe_number: u32) -> u32 {
        const MOST_CREDIT: u32 = 1 << 16;
        if station.health != Health::Well {
            return 0;
        }
        let pipe = &self.pipes[pipe_number as usize];
        if pipe.retired {
            return 0;
        }
        let waiting_of_others = station.messages.visible_of_others(self.round, pipe_number, pipe.waiting as usize) as u32;
        match station.intake {
            Intake::Plain => {
                if station.outbox == 0 {
                    pipe.ahead
                } else {
                    0
                }
            }
            Intake::Servers { servers, prefetch } => {
                let occupied = (station.slots.holds() + station.outbox) as u32 + waiting_of_others;
                servers.saturating_add(prefetch).saturating_sub(occupied).min(MOST_CREDIT)
            }
            Intake::Shared { most, .. } => {
                let occupied = (station.slots.holds() + station.outbox) as u32 + waiting_of_others;
                most.saturating_sub(occupied).min(MOST_CREDIT)
            }
            Intake::Store { closed } => u32::from(!closed) * pipe.ahead,
        }
    }

    /// A behaviour panicked: stop the node, give back what it had, try again later. The rest of the graph runs on.
    pub(super) fn broke(&mut self, station: &mut Station, error: &Arc<str>, incoming: Option<&Incoming>) {
        station.panics += 1;
        station.counts.errors += 1;
        station.last_error = Some(error.clone());
        self.journal.write(self.now, Some(&station.id), error);
        if let Some(incoming) = incoming {
            self.lost_in_panic(station, incoming, error);
        }
        let until = self.now + station.restart_delay();
        station.health = Health::Stopped { error: error.clone(), until };
        let slot = station.slots.put(crate::engine::slots::Waiting::Wake(u64::MAX));
        let local = self.places[station.number as usize].local;
        let sequence = self.calendar.enter(until, local, slot);
        station.slots.set_sequence(slot, sequence);
    }

    /// The message that was in a behaviour's hands when it panicked: back to its store; with no store it is dropped, and counted.
    fn lost_in_panic(&mut self, station: &mut Station, incoming: &Incoming, error: &Arc<str>) {
        station.residence.record(self.now.since(incoming.arrived).0);
        if incoming.settlement.deliveries().is_empty() {
            station.counts.drop("panic");
            self.close_tracked(station, incoming.tracked);
        } else {
            self.nack_deliveries(station, &incoming.settlement, Fault::Crashed, error);
        }
    }

    /// Starts a station again with a new behaviour: what it held is given back first, a store keeps its contents.
    pub(crate) fn restart(&mut self, station: &mut Station, reason: &str) {
        let reason: Arc<str> = reason.into();
        let fault = if station.health == Health::Well { Fault::Returned } else { Fault::Crashed };
        station.health = Health::Well;
        self.journal.write(self.now, Some(&station.id), &reason);
        if matches!(station.intake, Intake::Store { .. }) {
            // The same behaviour goes on: it still waits for its answers.
            return;
        }
        station.generation += 1;
        station.asks = 0;
        station.account.all_served(&station.slots, self.now);
        let held = station.slots.clear();
        if let Some(desk) = &mut station.desk {
            desk.armed = None;
        }
        for (message, pipe) in held {
            if let Some(pipe) = pipe {
                self.pipes[pipe as usize].finished += 1;
            }
            self.nack(station, message, fault, &reason);
        }
        let inside = station.behaviour.held();
        let now = self.now;
        if station.guarded(now, |behaviour, fx| behaviour.give_back(fx)).is_ok() {
            self.carry_out(station, None);
        } else {
            (0..inside).for_each(|_| station.counts.drop("panic"));
        }
        let read = crate::engine::plan::reader(&station.folder);
        let receivers = self.receivers(station);
        let mut form = Form::new(&station.id, station.kind, &station.settings).with_files(&read).with_receivers(&receivers);
        station.behaviour = (station.kind.build)(&mut form);
        station.take_up_intake(self.now);
        self.call(station, Event::Start, None);
    }

    /// More events at one node in one instant than any sensible graph makes: name the loop and end the run (G13).
    pub(super) fn endless(&mut self, station: &Station) {
        let mut names: Vec<&str> = vec![station.id.as_str()];
        let busy = |other: &&Station| other.instant.0 == self.now && other.instant.1 > 1_000;
        names.extend(self.stations.iter().flatten().map(AsRef::as_ref).filter(busy).map(|other: &Station| other.id.as_str()));
        let error = format!(
            "messages run in a circle without time passing: {} (more than 100,000 events at {} in one instant)",
            names.join(", "),
            station.id
        );
        self.journal.write(self.now, Some(&station.id), &error);
        self.broken = Some(error.into());
    }

    /// The source number under which a station sends signals that belong to no pipe.
    pub(super) const fn source(station: &Station) -> u32 {
        source_of_station(station.number)
    }
}
