//! Settlement (G4): who hears what when a message ends, fails or is given up.
//!
//! 1. A delivery names its store, its number and its attempt; the store's station counts the open descendants.
//! 2. A copy or a part opens one more descendant before it leaves; the news reaches the store before any end of it can.
//! 3. An end that closes (delivered, accepted by a store, dropped on purpose) closes one; the last one acks.
//! 4. A failure anywhere nacks the whole; later ends of the same attempt are stale and change nothing but the books.

use super::Shard;
use crate::engine::signal::Signal;
use crate::engine::station::Station;
use crate::letter::{self, Failure};
use crate::message::{Delivery, Message, Settlement, Tracked};
use crate::node::Fault;
use crate::node::reason::{is_expiry, is_overflow};
use std::sync::Arc;

impl Shard {
    /// A message's deliveries, and the closed loop it belongs to, have more descendants now.
    pub(super) fn opened(&mut self, station: &mut Station, message: &Message, more: u32) {
        let source = Self::source(station);
        if let Some(tracked) = message.tracked() {
            self.signal(station, tracked.origin, source, Signal::Opened { number: tracked.number, attempt: 0, more });
        }
        for delivery in message.settlement.deliveries() {
            let opened = Signal::Opened { number: delivery.number, attempt: delivery.attempt, more };
            self.signal(station, delivery.origin, source, opened);
        }
    }

    /// One descendant of each delivery ended well.
    pub(super) fn close(&mut self, station: &mut Station, settlement: &Settlement) {
        let source = Self::source(station);
        for delivery in settlement.deliveries() {
            let closed = Signal::Closed { number: delivery.number, attempt: delivery.attempt };
            self.signal(station, delivery.origin, source, closed);
        }
    }

    /// One descendant of a closed loop's message has ended, well or not (G7). The source hears `Settled` after the last one.
    pub(super) fn close_tracked(&mut self, station: &mut Station, tracked: Option<Tracked>) {
        if let Some(tracked) = tracked {
            let source = Self::source(station);
            self.signal(station, tracked.origin, source, Signal::Closed { number: tracked.number, attempt: 0 });
        }
    }

    /// A message failed: to the error output; unwired, back to its store; with no store, to the graph's dead letters.
    pub(super) fn reject(&mut self, station: &mut Station, mut message: Message, error: &Arc<str>) {
        self.failed(station, error);
        if let Some(port) = station.error_port.filter(|port| station.wired[*port] > 0) {
            self.write_failure(station, &mut message, None, error);
            self.emit(station, port, message);
        } else if message.settlement.deliveries().is_empty() {
            self.collect_dead_letter(station, message, "error", error);
        } else {
            self.give_back(station, &message, Fault::Failed, error);
        }
    }

    /// A message failed and goes back to its store; with no store it is rejected.
    pub(super) fn nack(&mut self, station: &mut Station, message: Message, fault: Fault, error: &Arc<str>) {
        if message.settlement.deliveries().is_empty() {
            return self.reject(station, message, error);
        }
        self.failed(station, error);
        self.give_back(station, &message, fault, error);
    }

    fn give_back(&mut self, station: &mut Station, message: &Message, fault: Fault, error: &Arc<str>) {
        station.residence.record(self.now.since(message.arrived).0);
        let settlement = message.settlement.clone();
        self.nack_deliveries(station, &settlement, fault, error);
    }

    /// Sends every delivery back. An aggregate of several gives back all its parts: they are absorbed no longer.
    pub(super) fn nack_deliveries(&mut self, station: &mut Station, settlement: &Settlement, fault: Fault, error: &Arc<str>) {
        let source = Self::source(station);
        let deliveries = settlement.deliveries();
        station.counts.absorbed -= i64::try_from(deliveries.len()).expect("fewer deliveries than 2^63") - 1;
        self.given_back += deliveries.len() as u64;
        for delivery in deliveries {
            let nacked = Signal::Nacked { number: delivery.number, attempt: delivery.attempt, fault, error: error.clone() };
            self.signal(station, delivery.origin, source, nacked);
        }
    }

    fn failed(&mut self, station: &mut Station, error: &Arc<str>) {
        station.counts.errors += 1;
        if station.last_error.as_deref() != Some(&**error) {
            self.journal.write(self.now, Some(&station.id), error);
            station.last_error = Some(error.clone());
        }
    }

    /// A store gives a message up.
    pub(super) fn dead_letter(&mut self, station: &mut Station, mut message: Message, reason: &'static str, error: &Arc<str>) {
        station.counts.given_up += 1;
        station.counts.refused += u64::from(is_overflow(reason));
        station.counts.expired += u64::from(is_expiry(reason));
        if let Settlement::One(delivery) = &mut message.settlement
            && delivery.origin == Delivery::HERE
        {
            delivery.origin = station.number;
        }
        if let Some(port) = station.error_port.filter(|port| station.wired[*port] > 0) {
            // Given up is an end to whoever waits in a closed loop, wherever the letter goes now.
            let tracked = message.tracked();
            if tracked.is_some() {
                message.head_mut().tracked = None;
                self.close_tracked(station, tracked);
            }
            self.write_failure(station, &mut message, Some(reason), error);
            self.emit(station, port, message);
        } else {
            self.collect_dead_letter(station, message, reason, error);
        }
    }

    /// Writes into a message why and where it failed, and where a redrive puts it back to.
    fn write_failure(&self, station: &Station, message: &mut Message, reason: Option<&str>, error: &str) {
        let delivery = match &message.settlement {
            Settlement::One(delivery) if delivery.attempt != Delivery::GIVEN_UP => Some(u64::from(delivery.attempt)),
            // What a store gives up says itself how often it was delivered.
            _ => reason.map(|_| letter::deliveries(message)).filter(|deliveries| *deliveries > 0),
        };
        let failure = Failure { node: station.id.as_str(), error, at: station.identity.epoch.saturating_add(self.now.0), delivery };
        letter::give_up(message, &failure, reason, &station.origin());
    }

    /// The graph's own dead letters: counted for ever, the newest kept with the node that gave them up, for looking at and for a redrive.
    pub(super) fn collect_dead_letter(&mut self, station: &mut Station, mut message: Message, reason: &'static str, error: &str) {
        station.counts.dead_letter(reason);
        self.ended(station, &message, 3);
        // What comes to an unwired error output was written by the node that failed.
        if reason != UNWIRED || message.header(letter::ERROR).is_none() {
            // A failure has no word of its own, wherever its letter goes.
            self.write_failure(station, &mut message, Some(reason).filter(|reason| *reason != "error"), error);
        }
        let now = self.now;
        station.desk().shelf.put(message, now);
    }
}

/// Why a message became a dead letter that a node sent to an error output to which nothing is wired.
pub(super) const UNWIRED: &str = "unwired";
