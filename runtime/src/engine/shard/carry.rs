//! Carrying out what a behaviour asked for, in the order it asked.

use super::Shard;
use super::settle::UNWIRED;
use crate::engine::signal::Signal;
use crate::engine::slots::Waiting;
use crate::engine::station::Station;
use crate::id::mix;
use crate::message::{INLINE_LIMIT, Message, Settlement, Tracked};
use crate::node::reason::{TOO_BIG, is_expiry, is_overflow};
use crate::node::{Ask, Effect, Effects, Fan, Fault, Flow, Intake, PortRole};
use crate::units::{Moment, Span};
use std::sync::Arc;

impl Shard {
    /// Carries out the wishes of one event. `pipe` is the pull pipe of the message that the event brought in.
    #[inline]
    pub(super) fn carry_out(&mut self, station: &mut Station, pipe: Option<u32>) {
        debug_assert!(station.wishes.len() <= 4 * Effects::MOST_EMITTED, "{} asked for too much in one event", station.id);
        if !station.lane.passed.is_empty() {
            self.carry_passed(station);
        }
        while let Some(wish) = station.wishes.pop_front() {
            self.carry(station, wish, pipe);
        }
    }

    fn carry(&mut self, station: &mut Station, wish: Effect, pipe: Option<u32>) {
        match wish {
            Effect::Enter(port, mut message) => {
                station.counts.entered += 1;
                self.events += 1;
                message.arrived = message.entered;
                Self::own(station.number, &mut message);
                self.emit(station, port, message);
            }
            Effect::EnterRejected(mut message, error) => {
                station.counts.entered += 1;
                self.events += 1;
                message.arrived = self.now;
                Self::own(station.number, &mut message);
                self.reject(station, message, &error);
            }
            Effect::Recovered(messages) => {
                station.counts.entered += messages;
                station.counts.recovered += messages;
            }
            Effect::Overrun(arrivals) => {
                station.counts.entered += arrivals;
                self.events += arrivals;
                station.counts.drop_many(crate::node::reason::SOURCE_OVERRUN, arrivals);
            }
            Effect::Emit(port, message) => self.emit(station, port, message),
            Effect::EmitAwaited(port, mut message) => {
                if let Settlement::One(delivery) = &mut message.settlement {
                    delivery.origin = station.number;
                }
                self.emit(station, port, message);
            }
            Effect::EmitAmong(port, branches, message) => self.copy_among(station, port, &branches, message),
            Effect::CopyTo(port, branch, mut message) => {
                station.counts.copied += 1;
                message.arrived = self.now;
                self.copy_among(station, port, &[branch], message);
            }
            Effect::Copy(port, message) => {
                station.counts.copied += 1;
                self.opened(station, &message, 1);
                self.emit(station, port, message);
            }
            Effect::SplitOff(port, message) => {
                station.counts.split_off += 1;
                self.opened(station, &message, 1);
                self.emit(station, port, message);
            }
            Effect::Absorb(message) => {
                station.counts.absorbed += 1;
                self.close_tracked(station, message.tracked());
            }
            Effect::Deliver(message) => self.deliver(station, &message),
            Effect::Drop(message, reason) => {
                station.counts.drop(reason);
                station.counts.refused += u64::from(is_overflow(reason));
                station.counts.expired += u64::from(is_expiry(reason));
                self.ended(station, &message, 2);
            }
            Effect::Superseded => station.counts.drop(crate::node::reason::SUPERSEDED),
            Effect::Reject(message, error) => self.reject(station, message, &error),
            Effect::Nack(message, fault, error) => self.nack(station, message, fault, &error),
            Effect::Crash(error) => self.crash(station, &error),
            Effect::IntakeChanged => self.intake_changed(station),
            Effect::Refuse(message, error) => {
                station.counts.refused += 1;
                self.nack(station, message, Fault::Returned, &error);
            }
            Effect::DeadLetter(message, reason, error) => self.dead_letter(station, message, reason, &error),
            Effect::Accept(settlement) => self.close(station, &settlement),
            Effect::HandOut(port, message) => self.hand_out(station, port, message),
            Effect::Duplicated => station.counts.copied += 1,
            Effect::Hold(ticket, message, at) => {
                let slot = station.slots.put(Waiting::Hold { ticket, message, pipe, cancelled: false, since: self.now });
                if at <= self.now {
                    // Over before anybody else could see it: it needs no place in the calendar.
                    let sequence = self.calendar.pass();
                    station.slots.set_sequence(slot, sequence);
                    station.due.push_back((slot, sequence));
                } else {
                    self.schedule(station, slot, at);
                }
            }
            Effect::Wake(at, token) => {
                let slot = station.slots.put(Waiting::Wake(token));
                self.schedule(station, slot, at);
            }
            Effect::Reschedule(ticket, at) => {
                if let Some(slot) = station.slots.find(ticket) {
                    self.schedule(station, slot, at);
                }
            }
            Effect::Cancel(ticket) => {
                if let Some(slot) = station.slots.find(ticket) {
                    station.slots.set_cancelled(slot);
                    self.schedule(station, slot, self.now);
                }
            }
            Effect::Ask(ticket, ask) if *ask == Ask::Backlog => self.ask_stores(station, ticket),
            Effect::Ask(ticket, ask) => {
                let generation = station.generation;
                station.asks += 1;
                station.account.asked = true;
                let latency = ask.modelled_latency();
                match self.world.ask(station.number, ticket, generation, *ask).map(Box::new) {
                    None => {}
                    Some(answer) if latency == Span::ZERO => {
                        let source = Self::source(station);
                        self.signal(station, station.number, source, Signal::Answer { ticket, generation, answer });
                    }
                    Some(answer) => {
                        let slot = station.slots.put(Waiting::Answer(ticket, generation, answer));
                        self.schedule(station, slot, self.now + latency);
                    }
                }
            }
            Effect::Renew(settlement, until) => {
                let source = Self::source(station);
                for delivery in settlement.deliveries() {
                    let renew = Signal::Renew { number: delivery.number, attempt: delivery.attempt, until };
                    self.signal(station, delivery.origin, source, renew);
                }
            }
            Effect::Note(line) => self.journal.write(self.now, Some(&station.id), &line),
            Effect::Error(error) => {
                station.counts.errors += 1;
                self.journal.write(self.now, Some(&station.id), &error);
                station.last_error = Some(error);
            }
            Effect::Exhausted => {
                if std::mem::take(&mut station.producing) {
                    self.producing -= 1;
                }
            }
        }
    }

    /// A message ended well (G6).
    pub(super) fn deliver(&mut self, station: &mut Station, message: &Message) {
        station.counts.delivered += 1;
        let latency = self.now.since(message.entered).0;
        self.latency.record(latency);
        station.latency.get_or_insert_default().record(latency);
        self.ended(station, message, 1);
    }

    /// A message of a closed loop belongs to the source that it enters from (G7).
    pub(super) fn own(source: u32, message: &mut Message) {
        if let Some(tracked) = message.tracked() {
            message.head_mut().tracked = Some(Tracked { origin: source, ..tracked });
        }
    }

    pub(super) fn schedule(&mut self, station: &mut Station, slot: u32, at: Moment) {
        if at == Moment::NEVER {
            // No entry: one for each such hold would stay in the calendar for ever.
            return station.slots.set_sequence(slot, u64::MAX);
        }
        let local = self.places[station.number as usize].local;
        let sequence = self.calendar.enter(at.max(self.now), local, slot);
        station.slots.set_sequence(slot, sequence);
    }

    /// A message goes on at an output: into the pipe if there is room, else into the outbox (G1).
    pub(super) fn emit(&mut self, station: &mut Station, port: usize, message: Message) {
        if let Some(output) = station.outputs.get(port)
            && let Some(pipe) = output.plain
            && output.waiting.is_empty()
            && self.pipes[pipe as usize].credits > 0
        {
            let size = message.size();
            if size <= INLINE_LIMIT {
                return self.push(station, port, pipe, message, size);
            }
        }
        self.emit_anyhow(station, port, message);
    }

    /// As [`Shard::emit`], for every kind of output and message.
    pub(super) fn emit_anyhow(&mut self, station: &mut Station, port: usize, message: Message) {
        let Some(output) = station.outputs.get(port) else {
            debug_assert!(false, "{} has no output {port}", station.id);
            return self.drop_at_output(station, &message, "no_output");
        };
        if output.fan == Fan::Copy {
            return self.copy_to_all(station, port, message);
        }
        if output.pipes.is_empty() {
            if output.role == PortRole::Error {
                return self.collect_dead_letter(station, message, UNWIRED, "nothing is wired to this output");
            }
            return self.drop_at_output(station, &message, "unwired");
        }
        if output.flow == Flow::Pull {
            return self.hand_out(station, port, message);
        }
        let (length, size) = (message.payload.inline_len(), message.size());
        if length > INLINE_LIMIT && output.role != PortRole::Error {
            let error = format!("the payload has {length} bytes, at most {INLINE_LIMIT} travel inline");
            return self.too_big(station, port, message, &error.into());
        }
        let bounded = |pipe: &&u32| self.pipes[**pipe as usize].shape.capacity_bytes > 0;
        if let Some(pipe) = output.pipes.iter().find(bounded) {
            let most = self.pipes[*pipe as usize].shape.capacity_bytes;
            if size as u64 > most {
                let error = format!("the message has {size} bytes, the pipe holds {most}");
                return self.too_big(station, port, message, &error.into());
            }
        }
        match self.free_pipe(station, port, size) {
            Some(pipe) if station.outputs[port].waiting.is_empty() => self.push(station, port, pipe, message, size),
            _ => {
                for pipe in &station.outputs[port].pipes {
                    self.pipes[*pipe as usize].set_blocked(self.now, true);
                }
                station.outputs[port].waiting.push_back(message);
                station.outbox += 1;
            }
        }
    }

    pub(super) fn drop_at_output(&mut self, station: &mut Station, message: &Message, reason: &'static str) {
        station.counts.drop(reason);
        self.ended(station, message, 2);
    }

    pub(super) fn push(&mut self, station: &mut Station, port: usize, pipe: u32, mut message: Message, size: usize) {
        self.pipes[pipe as usize].fill(size);
        station.rooms[port] -= 1;
        station.outputs[port].full |= station.rooms[port] == 0;
        station.residence.record(self.now.since(message.arrived).0);
        // From here on it is the pipe's; a time to live there counts from now.
        message.arrived = self.now;
        self.send(station, pipe, message, size);
    }

    /// Copies to every pipe (G2).
    fn copy_to_all(&mut self, station: &mut Station, port: usize, message: Message) {
        let pipes = std::mem::take(&mut station.outputs[port].pipes);
        self.copy_to(station, &pipes, message);
        station.outputs[port].pipes = pipes;
    }

    /// Copies to some pipes of an output that copies (G2). A number that is none of its pipes' was chosen before a change: it is passed over.
    fn copy_among(&mut self, station: &mut Station, port: usize, branches: &[u32], message: Message) {
        let pipe = |branch: &u32| station.outputs.get(port)?.pipes.get(*branch as usize).copied();
        let chosen: Vec<u32> = branches.iter().filter_map(pipe).collect();
        self.copy_to(station, &chosen, message);
    }

    /// One copy for each pipe: books and open descendants grow by all but one.
    fn copy_to(&mut self, station: &mut Station, pipes: &[u32], message: Message) {
        let Some((last, others)) = pipes.split_last() else {
            return self.drop_at_output(station, &message, crate::node::reason::UNROUTABLE);
        };
        station.counts.copied += others.len() as u64;
        if !others.is_empty() {
            self.opened(station, &message, others.len() as u32);
        }
        station.residence.record(self.now.since(message.arrived).0);
        let size = message.size();
        for pipe in others {
            self.send(station, *pipe, message.clone(), size);
        }
        self.send(station, *last, message, size);
    }

    /// Hands a message out against the oldest credit (G3).
    pub(super) fn hand_out(&mut self, station: &mut Station, port: usize, mut message: Message) {
        let Some(credit) = station.outputs[port].credits.front_mut() else {
            debug_assert!(false, "{} handed out without credit", station.id);
            return self.drop_at_output(station, &message, "no_credit");
        };
        let pipe = credit.0;
        credit.1 -= 1;
        if credit.1 == 0 {
            station.outputs[port].credits.pop_front();
        }
        station.rooms[port] -= 1;
        if let Settlement::One(delivery) = &mut message.settlement {
            delivery.origin = station.number;
        }
        station.counts.handed_out += 1;
        if let Some(store) = &mut station.store {
            store.in_service += 1;
        }
        station.residence.record(self.now.since(message.arrived).0);
        let size = message.size();
        self.send(station, pipe, message, size);
    }

    /// Moves what waits in the outbox into pipes that have room again.
    #[inline]
    pub(super) fn flush(&mut self, station: &mut Station) {
        if station.outbox > 0 {
            self.flush_outbox(station);
        }
    }

    #[cold]
    fn flush_outbox(&mut self, station: &mut Station) {
        for port in 0..station.outputs.len() {
            while let Some(next) = station.outputs[port].waiting.front() {
                let size = next.size();
                let Some(pipe) = self.free_pipe(station, port, size) else { break };
                let Some(message) = station.outputs[port].waiting.pop_front() else { break };
                station.outbox -= 1;
                self.push(station, port, pipe, message, size);
            }
            if station.outputs[port].waiting.is_empty() {
                for pipe in &station.outputs[port].pipes {
                    self.pipes[*pipe as usize].set_blocked(self.now, false);
                }
            }
        }
    }

    fn free_pipe(&self, station: &Station, port: usize, size: usize) -> Option<u32> {
        station.outputs[port].pipes.iter().copied().find(|pipe| self.pipes[*pipe as usize].has_room(size))
    }

    /// A message larger than a pipe's whole byte bound can never pass it (G1): it fails here.
    fn too_big(&mut self, station: &mut Station, port: usize, message: Message, error: &Arc<str>) {
        if station.error_port == Some(port) {
            self.collect_dead_letter(station, message, TOO_BIG, error);
        } else {
            self.reject(station, message, error);
        }
    }

    /// What every end of a message has in common: residence, the rolling hash, and one descendant less for who waits.
    pub(super) fn ended(&mut self, station: &mut Station, message: &Message, how: u64) {
        if !matches!(station.intake, Intake::Store { .. }) || how == 1 {
            station.residence.record(self.now.since(message.arrived).0);
        }
        station.hash = mix(station.hash ^ self.now.0.wrapping_add(how << 56)) ^ message.id.low();
        self.close(station, &message.settlement);
        self.close_tracked(station, message.tracked());
    }
}
