//! Messages held while a store is asked about them: several at a time, with pauses between tries, leaving in the order in which they came.

use crate::message::Message;
use crate::node::{Answer, Ask, Effects, Ticket};
use crate::nodes::filter::step::order::{Order, Sequence};
use crate::units::{Moment, Span};
use std::collections::BTreeMap;

/// One message's stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stay {
    serial: u64,
    /// Which try this is, from 1.
    pub time: u32,
}

enum Phase<T> {
    Asking(Ticket),
    Answered(Ticket, Answer),
    Pausing,
    /// Everything is known; those before it have not left yet.
    Turn(T),
}

/// What is to be done with a message that was held.
pub enum Next<T> {
    /// Ask again.
    Again(Stay),
    /// The store has answered this request.
    Answered(Stay, Ticket, Answer),
    /// Its turn has come.
    Leave(Stay, T),
    /// Nobody knows it any more.
    Lost,
}

/// All messages that are held. `T`: what is known of one that waits for its turn.
pub struct Errands<T> {
    holds: BTreeMap<Ticket, (Stay, Phase<T>)>,
    asks: BTreeMap<Ticket, Ticket>,
    order: Sequence,
    serial: u64,
    /// How many times something was tried again.
    pub retries: u64,
}

impl<T> Default for Errands<T> {
    fn default() -> Self {
        Self { holds: BTreeMap::new(), asks: BTreeMap::new(), order: Sequence::default(), serial: 0, retries: 0 }
    }
}

impl<T> Errands<T> {
    /// A message has come.
    pub fn begin(&mut self) -> Stay {
        self.serial += 1;
        self.order.begin(self.serial, Order::Kept, None);
        Stay { serial: self.serial, time: 1 }
    }

    /// Holds a message while the store is asked.
    pub fn ask(&mut self, message: Message, stay: Stay, ask: Ask, fx: &mut Effects<'_>) {
        let request = fx.ask(ask);
        let hold = fx.hold_until(message, Moment::NEVER);
        self.asks.insert(request, hold);
        self.holds.insert(hold, (stay, Phase::Asking(request)));
    }

    /// The store has answered: the message is released next. Gives the answer back if no message waits for it.
    pub fn answered(&mut self, request: Ticket, answer: Answer, fx: &mut Effects<'_>) -> Option<Answer> {
        let Some(hold) = self.asks.remove(&request) else { return Some(answer) };
        if let Some((_, phase)) = self.holds.get_mut(&hold) {
            *phase = Phase::Answered(request, answer);
            fx.cancel(hold);
        }
        None
    }

    /// Holds a message before its next try.
    pub fn pause(&mut self, message: Message, stay: Stay, pause: Span, fx: &mut Effects<'_>) {
        self.retries += 1;
        let hold = fx.hold(message, pause);
        self.holds.insert(hold, (Stay { time: stay.time + 1, ..stay }, Phase::Pausing));
    }

    /// A held message is free: what to do with it.
    pub fn released(&mut self, hold: Ticket) -> Next<T> {
        match self.holds.remove(&hold) {
            None => Next::Lost,
            Some((_, Phase::Asking(request))) => {
                self.asks.remove(&request);
                Next::Lost
            }
            Some((stay, Phase::Answered(request, answer))) => Next::Answered(stay, request, answer),
            Some((stay, Phase::Pausing)) => Next::Again(stay),
            Some((stay, Phase::Turn(outcome))) => Next::Leave(stay, outcome),
        }
    }

    /// All is known of a message: it is given back if it may leave now, else held until its turn.
    pub fn finish(&mut self, message: Message, stay: Stay, outcome: T, fx: &mut Effects<'_>) -> Option<(Message, T)> {
        if self.order.is_first(stay.serial) {
            return Some((message, outcome));
        }
        let hold = fx.hold_until(message, Moment::NEVER);
        self.holds.insert(hold, (stay, Phase::Turn(outcome)));
        self.order.wait(stay.serial, hold);
        None
    }

    /// A message has left: the next one may follow.
    pub fn left(&mut self, stay: Stay, fx: &mut Effects<'_>) {
        if let Some(next) = self.order.leave(stay.serial) {
            fx.cancel(next);
        }
    }

    /// How many requests are under way.
    pub fn under_way(&self) -> usize {
        self.asks.len()
    }
}
