//! What becomes of deliveries: settled, renewed, failed, lost, expired.

use super::{Place, Store};
use crate::letter::{self, Failure};
use crate::message::{Delivery, Message, Settlement};
use crate::node::reason::{EXPIRED, MAX_DELIVERIES, SUPERSEDED};
use crate::node::{Effects, Verdict};
use crate::random::Purpose;
use crate::units::{Moment, Span};
use std::cmp::Reverse;
use std::sync::Arc;

/// Why an expired message is a dead letter.
const TOO_LONG: &str = "it waited longer than its time to live";

impl Store {
    pub(super) fn settled(&mut self, number: u64, attempt: u32, verdict: Verdict, fx: &mut Effects<'_>) {
        if attempt == Delivery::GIVEN_UP {
            return self.left(number, verdict, fx);
        }
        let current = self.find(number, Place::Unsettled).filter(|at| self.slots[*at].attempt == attempt);
        match (current, verdict) {
            // Whoever still waits for it has waited for this.
            (Some(at), Verdict::Ack) => fx.accept(&mut self.remove(at)),
            (Some(at), Verdict::Nack(error)) => self.failed(at, &error, true, fx),
            // Too late: the message is ready again, or with somebody else, or ended. Where each is to have one effect, this was it.
            (None, Verdict::Ack) => {
                let again = self.find(number, Place::Ready).or_else(|| self.find(number, Place::Delayed));
                if let Some(at) = again.filter(|_| self.seen.is_some()) {
                    let message = self.remove(at);
                    fx.drop(message, SUPERSEDED);
                }
            }
            (None, Verdict::Nack(_)) => fx.superseded(),
        }
    }

    /// Gives a message up that is in a slot.
    pub(super) fn part_with(&mut self, at: usize, reason: &'static str, error: Arc<str>, fx: &mut Effects<'_>) {
        if self.durable.is_some() {
            return self.part_with_kept(at, reason, &error, fx);
        }
        let message = self.remove(at);
        self.give_up(message, reason, error, fx);
    }

    /// Parts with a message for good: a dead letter, or a failure for the store that it came from.
    pub(super) fn give_up(&self, message: Message, reason: &'static str, error: Arc<str>, fx: &mut Effects<'_>) {
        if self.rules.passes_back {
            fx.nack(message, error);
        } else {
            fx.dead_letter(message, reason, error);
        }
    }

    /// The consumer is still at work, and will be until then. A lock too short for the pace at which consumers renew is lost meanwhile.
    pub(super) fn renewed(&mut self, number: u64, attempt: u32, until: Moment, now: Moment) {
        let until = if self.rules.lock > Effects::RENEW_EVERY { until.max(now) } else { now };
        if let Some(at) = self.find(number, Place::Unsettled)
            && self.slots[at].attempt == attempt
            && self.rules.lock != Span::ZERO
        {
            self.lock(at, until + self.rules.lock);
        }
    }

    /// A delivery failed: the message comes back, or is given up.
    pub(super) fn failed(&mut self, at: usize, error: &Arc<str>, delayed: bool, fx: &mut Effects<'_>) {
        let now = fx.now();
        let attempt = self.slots[at].attempt;
        let tries = attempt.wrapping_sub(self.slots[at].before);
        if self.rules.most_deliveries > 0 && tries >= self.rules.most_deliveries {
            self.stop_line(at);
            self.tell_failures(at, fx);
            return self.part_with(at, MAX_DELIVERIES, error.clone(), fx);
        }
        let number = self.number(at);
        let failures = self.failures.entry(number).or_default();
        if failures.len() >= letter::MOST_FAILURES {
            failures.remove(1);
        }
        failures.push((now, tries, error.clone()));
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        if message.expires <= now {
            return self.expire_kept(at, fx);
        }
        let delay = if delayed {
            let own = std::mem::replace(&mut message.settlement, Settlement::One(Delivery { origin: 0, attempt, number: 0 }));
            let mut random = fx.random(const { Purpose::of("retry") }, message);
            message.settlement = own;
            self.rules.retry.delay(tries, || random.unit())
        } else {
            Span::ZERO
        };
        if let Some(durable) = &mut self.durable {
            durable.tried(at, tries);
        }
        self.make_ready(number, now, delay, true);
    }

    /// What the alarm was for: locks lost, delays over, messages expired.
    pub(super) fn come_due(&mut self, fx: &mut Effects<'_>) {
        let now = fx.now();
        while let Some(&(_, lock, number)) = self.locks.front().filter(|(until, ..)| *until <= now) {
            self.locks.pop_front();
            if let Some(at) = self.locked(number, lock) {
                self.locks_lost += 1;
                fx.duplicated();
                let error: Arc<str> = format!("the consumer kept the message longer than its lock of {}", self.rules.lock).into();
                fx.error(error.clone());
                self.failed(at, &error, false, fx);
            }
        }
        while let Some(&Reverse((moment, _, number))) = self.delayed.peek().filter(|Reverse((moment, ..))| *moment <= now) {
            self.delayed.pop();
            if self.find(number, Place::Delayed).is_some() {
                self.make_ready(number, moment, Span::ZERO, false);
            }
        }
        while let Some(&Reverse((_, number))) = self.expiries.peek().filter(|Reverse((moment, _))| *moment <= now) {
            self.expiries.pop();
            // A message in a consumer's hands does not expire; if it comes back, `failed` sees to it.
            if let Some(at) = self.find(number, Place::Ready).or_else(|| self.find(number, Place::Delayed)) {
                self.expire_kept(at, fx);
            }
        }
    }

    /// Whether a message put back to work would be taken in now; if not, why.
    pub fn takes_back(&self, message: &Message) -> Result<(), Arc<str>> {
        let size = if self.rules.capacity_bytes.is_some() { message.size() as u64 } else { 0 };
        match (self.full(size), self.much_unwritten()) {
            (true, _) => Err("it is full".into()),
            (_, true) => Err("its disk does not keep up".into()),
            (false, false) => Ok(()),
        }
    }

    /// Writes its failures so far into a message that is about to be given up.
    fn tell_failures(&mut self, at: usize, fx: &Effects<'_>) {
        let failures = self.failures.remove(&self.number(at)).unwrap_or_default();
        let deliveries = self.slots[at].attempt.wrapping_sub(self.slots[at].before);
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        if deliveries > 0 {
            message.set_header(letter::DELIVERIES, deliveries.into());
        }
        for (moment, delivery, error) in &failures {
            let at = fx.calendar(*moment);
            letter::remember(message, &Failure { node: "", error, at, delivery: Some(u64::from(*delivery)) });
        }
    }

    /// A message that waits in a slot has waited too long.
    pub(super) fn expire_kept(&mut self, at: usize, fx: &mut Effects<'_>) {
        self.tell_failures(at, fx);
        if self.durable.is_some() && self.rules.expired_to_dead_letters {
            return self.part_with_kept(at, EXPIRED, &TOO_LONG.into(), fx);
        }
        let message = self.remove(at);
        self.expire(message, fx);
    }

    pub(super) fn expire(&self, message: Message, fx: &mut Effects<'_>) {
        if self.rules.expired_to_dead_letters {
            fx.dead_letter(message, EXPIRED, TOO_LONG);
        } else {
            fx.drop(message, EXPIRED);
        }
    }
}
