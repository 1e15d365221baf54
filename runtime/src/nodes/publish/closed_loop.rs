//! A closed loop: so many users, each of whom sends a message, waits until everything made from it has ended, thinks, and sends the next.

use crate::distribution::Distribution;
use crate::message::{Message, Tracked};
use crate::node::{Effects, Form};
use crate::random::Purpose;
use crate::units::{Moment, Span};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

/// What is set about a closed loop.
#[derive(Clone, PartialEq, Debug)]
pub struct ClosedLoop {
    /// How many users.
    pub population: u64,
    /// How long each thinks.
    pub think: Distribution,
}

impl ClosedLoop {
    /// Reads the fields `population` and `think`.
    pub fn read(form: &mut Form<'_>) -> Self {
        Self {
            population: form.integer("population").map_or(1, |population| population as u64),
            think: form.distribution("think").unwrap_or(Distribution::Constant(Span::ZERO)),
        }
    }
}

/// The users of a running closed loop. Keeps the closed half of G7: a user sends only after the last descendant of the message before has
/// ended and the user has thought.
#[derive(Default, Debug)]
pub struct Users {
    /// When each user who thinks has done so.
    thinking: BinaryHeap<Reverse<Moment>>,
    /// How many there are, thinking or waiting.
    all: u64,
    /// The messages whose ends users wait for, by number.
    open: BTreeSet<u64>,
}

impl Users {
    /// Brings the number of users to what is set. New ones think first; those too many leave when they would send.
    pub fn adjust(&mut self, rules: &ClosedLoop, from: Moment, fx: &Effects<'_>) {
        while self.all < rules.population {
            let think = rules.think.draw(&mut fx.random_at(const { Purpose::of("first think") }, self.all));
            self.thinking.push(Reverse(from + think));
            self.all += 1;
        }
    }

    /// Message number `number` is sent: its user waits.
    pub fn sent(&mut self, number: u64) {
        self.open.insert(number);
    }

    /// Everything made from message number `number` has ended: its user thinks. A lost lock makes one message two, so that the end of a late
    /// instance may come after the user went on; it concerns nobody.
    pub fn ended(&mut self, rules: &ClosedLoop, number: u64, fx: &Effects<'_>) {
        if !self.open.remove(&number) {
            return;
        }
        let think = rules.think.draw(&mut fx.random_at(const { Purpose::of("think") }, number));
        self.thinking.push(Reverse(fx.now() + think));
    }

    /// Takes a user who has thought by `now`: the moment at which the thinking was over.
    pub fn take(&mut self, rules: &ClosedLoop, now: Moment) -> Option<Moment> {
        while self.thinking.peek().is_some_and(|Reverse(due)| *due <= now) {
            let Reverse(due) = self.thinking.pop()?;
            if self.all <= rules.population {
                return Some(due);
            }
            self.all -= 1;
        }
        None
    }

    /// When the next user has thought.
    pub fn next(&self) -> Option<Moment> {
        self.thinking.peek().map(|Reverse(due)| *due)
    }

    /// How many wait for the end of their message.
    pub fn waiting(&self) -> u64 {
        self.open.len() as u64
    }
}

/// Marks a message so that the engine tells when its last descendant has ended.
pub fn track(message: &mut Message, number: u64) {
    message.head_mut().tracked = Some(Tracked { origin: 0, number });
}
