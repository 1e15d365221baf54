//! Settlement (G4): who hears what when a message ends, fails or is given up.
//!
//! 1. A delivery names its store, its number and its attempt; the store's station counts the open descendants.
//! 2. A copy or a part opens one more descendant before it leaves; the news reaches the store before any end of it can.
//! 3. An end that closes (delivered, accepted by a store, dropped on purpose) closes one; the last one acks.
//! 4. A failure anywhere nacks the whole; later ends of the same attempt are stale and change nothing but the books.

use super::{DEAD_LETTERS_KEPT, Shard};
use crate::engine::signal::Signal;
use crate::engine::station::Station;
use crate::message::{Delivery, Message, Settlement, Tracked, Value};
use crate::telemetry::snapshot::DeadLetter;
use std::sync::Arc;

/// Writes into a message why and where it failed: headers `error`, `error_node` and, from stores, `reason` and `deliveries`.
pub fn error_headers(message: &mut Message, node: &str, reason: Option<&str>, error: &str) {
    message.set_header("error", Value::from(error));
    message.set_header("error_node", Value::from(node));
    if let Some(reason) = reason {
        message.set_header("reason", Value::from(reason));
    }
}

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
            error_headers(&mut message, station.id.as_str(), None, error);
            self.emit(station, port, message);
        } else if message.settlement.deliveries().is_empty() {
            self.collect_dead_letter(station, message, "error", error);
        } else {
            self.give_back(station, &message, error);
        }
    }

    /// A message failed and goes back to its store; with no store it is rejected.
    pub(super) fn nack(&mut self, station: &mut Station, message: Message, error: &Arc<str>) {
        if message.settlement.deliveries().is_empty() {
            return self.reject(station, message, error);
        }
        self.failed(station, error);
        self.give_back(station, &message, error);
    }

    fn give_back(&mut self, station: &mut Station, message: &Message, error: &Arc<str>) {
        station.residence.record(self.now.since(message.arrived).0);
        let settlement = message.settlement.clone();
        self.nack_deliveries(station, &settlement, error);
    }

    /// Sends every delivery back. An aggregate of several gives back all its parts: they are absorbed no longer.
    pub(super) fn nack_deliveries(&mut self, station: &mut Station, settlement: &Settlement, error: &Arc<str>) {
        let source = Self::source(station);
        let deliveries = settlement.deliveries();
        station.counts.absorbed -= i64::try_from(deliveries.len()).expect("fewer deliveries than 2^63") - 1;
        for delivery in deliveries {
            let nacked = Signal::Nacked { number: delivery.number, attempt: delivery.attempt, error: error.clone() };
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
        station.counts.refused += u64::from(reason == crate::node::reason::OVERFLOW);
        station.counts.expired += u64::from(reason == crate::node::reason::EXPIRED);
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
            error_headers(&mut message, station.id.as_str(), Some(reason), error);
            self.emit(station, port, message);
        } else {
            self.collect_dead_letter(station, message, reason, error);
        }
    }

    /// The graph's own dead letters: counted for ever, the newest kept for looking at.
    pub(super) fn collect_dead_letter(&mut self, station: &mut Station, message: Message, reason: &'static str, error: &str) {
        station.counts.dead_lettered += 1;
        self.ended(station, &message, 3);
        let deliveries = message.header("deliveries").and_then(Value::as_u64).unwrap_or(1) as u32;
        if self.dead_letters.len() == DEAD_LETTERS_KEPT {
            self.dead_letters.pop_front();
        }
        let letter = DeadLetter { at: self.now, node: station.id.clone(), reason, error: error.into(), deliveries, message };
        self.dead_letters.push_back(letter);
        self.dead_letters_changed = true;
    }
}
