//! How a script carries out what its node asks for: the same as a station does, and noted down.

use super::{Due, Ended, Left, Script};
use crate::id::MessageId;
use crate::message::{Message, Payload, Settlement};
use crate::node::{Effect, Fault, Ticket};
use crate::units::Moment;

impl Script {
    pub(super) fn carry_out(&mut self, wish: Effect) {
        let at = self.now;
        let ended = |why: &str, message| Ended { at, why: why.into(), message };
        match wish {
            Effect::Enter(port, message) => {
                self.tally.entered += 1;
                self.send_out(port, message);
            }
            Effect::Emit(port, message) | Effect::EmitAwaited(port, message) => self.send_out(port, message),
            Effect::EmitAmong(port, branches, message) => {
                assert!(!branches.is_empty(), "{} sends to nobody", self.kind.name);
                self.tally.copied += branches.len() as u64 - 1;
                self.tally.gone += branches.len() as u64;
                let left = |branch: &u32| Left { at, port, branch: Some(*branch), message: message.clone() };
                self.seen.left.extend(branches.iter().map(left));
            }
            Effect::CopyTo(port, branch, message) => {
                self.tally.copied += 1;
                self.tally.gone += 1;
                self.seen.left.push(Left { at, port, branch: Some(branch), message });
            }
            Effect::Copy(port, message) => {
                self.tally.copied += 1;
                self.send_out(port, message);
            }
            Effect::SplitOff(port, message) => {
                self.tally.split_off += 1;
                self.send_out(port, message);
            }
            Effect::Absorb(message) => {
                self.tally.gone += 1;
                self.seen.absorbed.push(message);
            }
            Effect::Deliver(message) => {
                self.tally.gone += 1;
                self.seen.delivered.push(ended("", message));
            }
            Effect::Drop(message, reason) => {
                self.tally.gone += 1;
                self.seen.dropped.push(ended(reason, message));
            }
            Effect::Reject(message, error) => self.reject(message, &error),
            Effect::EnterRejected(message, error) => {
                self.tally.entered += 1;
                self.reject(message, &error);
            }
            Effect::Nack(message, fault, error) => self.back(message, fault, &error),
            Effect::Refuse(message, error) => self.back(message, Fault::Returned, &error),
            Effect::Crash(error) => {
                for (message, key) in std::mem::take(&mut self.holds).into_values() {
                    self.agenda.remove(&key);
                    self.back(message, Fault::Crashed, &error);
                }
                for (_, message) in std::mem::take(&mut self.inbox) {
                    self.tally.received += 1;
                    self.back(message, Fault::Crashed, &error);
                }
            }
            // A script asks every time.
            Effect::IntakeChanged => {}
            Effect::DeadLetter(message, reason, error) => {
                if let Some(port) = self.error_output() {
                    self.send_out(port, message);
                } else {
                    self.tally.gone += 1;
                    self.seen.dead_lettered.push(ended(&format!("{reason}: {error}"), message));
                }
            }
            Effect::Accept(settlement) => self.seen.accepted.push(settlement),
            Effect::HandOut(port, message) => {
                assert!(self.rooms[port] > 0, "{} handed out without credit (G3)", self.kind.name);
                self.send_out(port, message);
                self.flush();
            }
            Effect::Duplicated => self.tally.copied += 1,
            Effect::Superseded => self.tally.gone += 1,
            Effect::Recovered(messages) => self.tally.entered += messages,
            Effect::Overrun(arrivals) => {
                self.tally.entered += arrivals;
                self.tally.gone += arrivals;
                let empty = Message::new(MessageId(0), at, Payload::EMPTY);
                self.seen.dropped.extend((0..arrivals).map(|_| ended("source_overrun", empty.clone())));
            }
            Effect::Hold(ticket, message, moment) => {
                let key = self.later(moment, Due::Release(ticket));
                self.holds.insert(ticket, (message, key));
            }
            Effect::Reschedule(ticket, moment) => self.reschedule(ticket, moment),
            Effect::Cancel(ticket) => self.reschedule(ticket, at),
            Effect::Wake(moment, token) => {
                self.later(moment, Due::Wake(token));
            }
            Effect::Ask(ticket, ask) => {
                let answer = self.outside.as_mut().map(|outside| outside(&ask));
                self.seen.asked.push(*ask);
                if let Some(answer) = answer {
                    self.later(at + self.latency, Due::Answer(ticket, answer));
                }
            }
            Effect::Renew(settlement, _) => self.seen.renewed.push(settlement),
            Effect::Note(line) => self.seen.notes.push(line),
            Effect::Error(error) => self.seen.errors.push(error),
            Effect::Exhausted => self.seen.exhausted = true,
        }
    }

    fn back(&mut self, message: Message, fault: Fault, error: &str) {
        if message.settlement == Settlement::None {
            return self.reject(message, error);
        }
        self.tally.gone += 1;
        self.seen.faults.push(fault);
        self.seen.nacked.push(Ended { at: self.now, why: error.into(), message });
    }

    fn reject(&mut self, message: Message, error: &str) {
        if let Some(port) = self.error_output() {
            self.send_out(port, message);
        } else {
            self.tally.gone += 1;
            self.seen.rejected.push(Ended { at: self.now, why: error.into(), message });
        }
    }

    fn reschedule(&mut self, ticket: Ticket, moment: Moment) {
        if let Some((message, key)) = self.holds.remove(&ticket) {
            self.agenda.remove(&key);
            let key = self.later(moment, Due::Release(ticket));
            self.holds.insert(ticket, (message, key));
        }
    }
}
