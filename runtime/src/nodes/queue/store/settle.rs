//! What becomes of deliveries: settled, renewed, failed, lost, expired.
//!
//! The guarantees of settlement, each with a test that names it (`tests/settlement.rs`, and here and in `queue.rs` as scripts):
//!
//! - **S1** What a store has accepted stays with it until a delivery of it has been acknowledged, or it was given up, dropped by a rule, or taken
//!   by its time to live. Whatever happens to consumers, none is lost: not if one dies holding ten.
//! - **S2** Each hand-out is an attempt of its own, with a lock of its own that runs from the hand-out. A verdict counts for its attempt alone; one
//!   that comes late changes nothing, and is counted (`late acks`, `superseded`).
//! - **S3** A lock lasts as long as it is renewed and one lock longer. One that ends makes the message ready again; its first consumer may still be at
//!   work, so that there may be two effects.
//! - **S4** Whatever fails behind a delivery brings the whole message back: a filter, one part of a split, the result of an aggregate, which brings
//!   all its parts back.
//! - **S5** A message is given up after its last delivery, once, with the reason, the last error and the number of its deliveries.
//! - **S6** What counts as a failed delivery is for the rule book to say ([`crate::nodes::queue::rules::profile`]). With prefetch, messages that nobody
//!   looked at count like the one that killed their consumer.
//! - **S7** An aggregate answers for its parts: they are acknowledged when its result has ended well, and not before.
//! - **S8** An acknowledgement that is lost, or comes after the lock, means one more delivery, with the same id. A deduplication makes it one effect.
//! - **S9** Between two deliveries lies the delay that is set, and none is shorter.
//! - **S10** A message that its consumer gives up is delivered no more.

use super::{End, Fault, Level, Place, Profile, Store};
use crate::letter::{self, Failure};
use crate::message::{Delivery, Message, Payload, Settlement};
use crate::node::reason::SUPERSEDED;
use crate::node::{Effects, Verdict};
use crate::nodes::queue::rules::profile::Comes;
use crate::random::Purpose;
use crate::units::{Moment, Span};
use serde_json::json;
use std::cmp::Reverse;
use std::sync::Arc;

/// Why an expired message is a dead letter.
const TOO_LONG: &str = "it waited longer than its time to live";

/// The topics on which `JetStream` publishes that a message will be delivered no more.
const ADVISORY_MAX_DELIVERIES: (&str, &str) = ("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES", "io.nats.jetstream.advisory.v1.max_deliver");
const ADVISORY_TERMINATED: (&str, &str) = ("$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED", "io.nats.jetstream.advisory.v1.terminated");

impl Store {
    /// A delivery ended well.
    pub(super) fn acked(&mut self, number: u64, attempt: u32, fx: &mut Effects<'_>) {
        if attempt == Delivery::GIVEN_UP {
            return self.left(number, Verdict::Ack, fx);
        }
        if let Some(at) = self.current(number, attempt) {
            // Whoever still waits for it has waited for this.
            return fx.accept(&mut self.remove(at));
        }
        // Too late: the message is ready again, or with somebody else, or ended. Where each is to have one effect, this was it.
        self.late_acks += 1;
        let again = self.find(number, Place::Ready).or_else(|| self.find(number, Place::Delayed));
        if let Some(at) = again.filter(|_| self.seen.is_some()) {
            let message = self.remove(at);
            fx.drop(message, SUPERSEDED);
        }
    }

    /// A delivery failed.
    pub(super) fn nacked(&mut self, number: u64, attempt: u32, fault: Fault, error: Arc<str>, fx: &mut Effects<'_>) {
        if attempt == Delivery::GIVEN_UP {
            return self.left(number, Verdict::Nack(fault, error), fx);
        }
        match self.current(number, attempt) {
            Some(at) => self.failed(at, fault, &error, fx),
            // Too late, as above.
            None => fx.superseded(),
        }
    }

    /// The slot of a message that is in a consumer's hands in just this attempt.
    fn current(&self, number: u64, attempt: u32) -> Option<usize> {
        let slot = self.slot(number).filter(|slot| slot.place == Place::Unsettled && slot.attempt == attempt);
        slot.map(|_| (number & 0xffff_ffff) as usize)
    }

    /// Gives a message up that is in a slot.
    pub(super) fn part_with(&mut self, at: usize, reason: &'static str, fault: Fault, error: Arc<str>, fx: &mut Effects<'_>) {
        if self.durable.is_some() {
            return self.part_with_kept(at, reason, &error, fx);
        }
        let message = self.remove(at);
        self.give_up(message, reason, fault, error, fx);
    }

    /// Parts with a message for good: a dead letter, or a failure for the store that it came from.
    pub(super) fn give_up(&self, message: Message, reason: &'static str, fault: Fault, error: Arc<str>, fx: &mut Effects<'_>) {
        if self.rules.passes_back {
            fx.fail(message, fault, error);
        } else {
            fx.dead_letter(message, reason, error);
        }
    }

    /// The consumer is still at work, and will be until then. A lock too short for the pace at which consumers renew is lost meanwhile.
    pub(super) fn renewed(&mut self, number: u64, attempt: u32, until: Moment, now: Moment) {
        if !self.rules.profile.renews() {
            return;
        }
        if let Some(at) = self.find(number, Place::Unsettled)
            && self.slots[at].attempt == attempt
        {
            let lock = self.lock_of(at);
            if lock != Span::ZERO {
                let until = if lock > Effects::RENEW_EVERY { until.max(now) } else { now };
                self.lock(at, until + lock);
            }
        }
    }

    /// How long the lock of the delivery under way is.
    fn lock_of(&self, at: usize) -> Span {
        self.rules.lock_of(self.slots[at].attempt.wrapping_sub(self.slots[at].before))
    }

    /// A delivery failed: the message comes back, or is given up.
    pub(super) fn failed(&mut self, at: usize, fault: Fault, error: &Arc<str>, fx: &mut Effects<'_>) {
        let now = fx.now();
        let profile = self.rules.profile;
        if fault == Fault::GivenUp {
            return self.end(at, profile.given_up(), fault, error, fx);
        }
        let comes = profile.comes(fault);
        let abandoned = self.slots[at].place == Place::Abandoned;
        if comes == Comes::WhenLockEnds && self.slots[at].place == Place::Unsettled && self.lock_of(at) != Span::ZERO {
            // Nobody renews it any more: it lasts one lock from now on at most.
            self.note_failure(at, now, error);
            let until = self.slots[at].locked_until.min(now + self.lock_of(at));
            self.move_to(at, Place::Abandoned);
            return self.lock(at, until);
        }
        let slot = &mut self.slots[at];
        slot.failures = slot.failures.saturating_add(u32::from(profile.counts(fault)));
        let (attempt, failures) = (slot.attempt, slot.failures);
        if self.rules.most_deliveries > 0 && failures >= self.rules.most_deliveries {
            return self.end(at, profile.after_last(), Fault::Failed, error, fx);
        }
        // What was abandoned failed when it was; that its lock ends is no news.
        if !abandoned {
            self.note_failure(at, now, error);
        }
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        if message.expires <= now && !profile.expires_at_head() {
            return self.expire_kept(at, fx);
        }
        let delay = if comes == Comes::AfterRetry {
            let own = std::mem::replace(&mut message.settlement, Settlement::One(Delivery { origin: 0, attempt, number: 0 }));
            let mut random = fx.random(const { Purpose::of("retry") }, message);
            message.settlement = own;
            self.rules.retry.delay(failures, || random.unit())
        } else {
            Span::ZERO
        };
        if let Some(durable) = &mut self.durable {
            durable.tried(at, attempt.wrapping_sub(self.slots[at].before));
        }
        let number = self.number(at);
        self.make_ready(number, now, delay, true);
    }

    /// A message is delivered no more.
    fn end(&mut self, at: usize, end: End, fault: Fault, error: &Arc<str>, fx: &mut Effects<'_>) {
        let deliveries = self.slots[at].attempt.wrapping_sub(self.slots[at].before);
        match end {
            End::DeadLetter(reason) => {
                self.stop_line(at);
                self.tell_failures(at, fx);
                self.part_with(at, reason, fault, error.clone(), fx);
            }
            End::SetAside => {
                let number = self.number(at);
                self.move_to(at, Place::Aside);
                self.left_line(at, number);
                let message = self.slots[at].message.clone().expect("a slot in use has a message");
                self.advise(ADVISORY_MAX_DELIVERIES, &message, deliveries, error, fx);
            }
            End::Terminated(reason) => {
                let message = self.remove(at);
                self.advise(ADVISORY_TERMINATED, &message, deliveries, error, fx);
                fx.drop(message, reason);
            }
            End::Dropped(reason) => {
                let message = self.remove(at);
                fx.drop(message, reason);
            }
        }
    }

    /// Tells that a message will be delivered no more, as `JetStream` does where others have dead letters: by a message of its own.
    fn advise(&mut self, (topic, sort): (&str, &str), message: &Message, deliveries: u32, error: &Arc<str>, fx: &mut Effects<'_>) {
        self.advisories += 1;
        if self.advisories == 1 {
            fx.note(format!("first advisory: a message will be delivered no more, after {deliveries} deliveries: {error}"));
        }
        let port = self.output + 1;
        if fx.wired(port) == 0 {
            return;
        }
        let told = json!({"type": sort, "message": message.id.to_string(), "deliveries": deliveries, "error": &**error});
        let mut advisory = fx.make(self.advisories, fx.now(), Payload::from_value(told));
        let head = advisory.head_mut();
        head.topic = Some(topic.into());
        head.parents = vec![message.id];
        head.key.clone_from(&message.head().key);
        head.correlation.clone_from(&message.head().correlation);
        fx.enter(port, advisory);
    }

    /// What was set aside goes again: the rules are others now.
    pub(super) fn take_up_again(&mut self) {
        for at in 0..self.slots.len() {
            if self.slots[at].place == Place::Aside {
                let number = self.number(at);
                self.make_ready(number, self.now, Span::ZERO, true);
            }
        }
    }

    /// What the alarm was for: locks lost, delays over, messages expired.
    pub(super) fn come_due(&mut self, fx: &mut Effects<'_>) {
        let now = fx.now();
        while let Some(&(_, lock, number)) = self.locks.front().filter(|(until, ..)| *until <= now) {
            self.locks.pop_front();
            let Some(at) = self.locked(number, lock) else { continue };
            if self.slots[at].place == Place::Abandoned {
                self.failed(at, Fault::LockLost, &ABANDONED.into(), fx);
                continue;
            }
            self.locks_lost += 1;
            fx.duplicated();
            let error: Arc<str> = match self.rules.profile {
                Profile::RedisStreams => format!("claimed, idle for {}", self.rules.lock).into(),
                _ => format!("the consumer kept the message longer than its lock of {}", self.lock_of(at)).into(),
            };
            fx.error(error.clone());
            self.failed(at, Fault::LockLost, &error, fx);
        }
        while let Some(&Reverse((moment, _, number))) = self.delayed.peek().filter(|Reverse((moment, ..))| *moment <= now) {
            self.delayed.pop();
            if let Some(at) = self.find(number, Place::Delayed) {
                let returned = self.rules.profile.returned_first() && self.slots[at].attempt != self.slots[at].before;
                self.make_ready(number, moment, Span::ZERO, returned);
            }
        }
        while let Some(&Reverse((_, number))) = self.expiries.peek().filter(|Reverse((moment, _))| *moment <= now) {
            self.expiries.pop();
            // A message in a consumer's hands does not expire; if it comes back, `failed` sees to it.
            let expires = [Place::Ready, Place::Delayed, Place::Aside];
            if let Some(at) = expires.into_iter().find_map(|place| self.find(number, place)) {
                self.expire_kept(at, fx);
            }
        }
    }

    /// Remembers how a delivery failed: the first one, and the newest.
    fn note_failure(&mut self, at: usize, now: Moment, error: &Arc<str>) {
        let delivery = self.slots[at].attempt.wrapping_sub(self.slots[at].before);
        let number = self.number(at);
        let failures = self.failures.entry(number).or_default();
        if failures.len() >= letter::MOST_FAILURES {
            failures.remove(1);
        }
        failures.push((now, delivery, error.clone()));
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
            return self.part_with_kept(at, self.rules.profile.expired(), &TOO_LONG.into(), fx);
        }
        let message = self.remove(at);
        self.expire(message, fx);
    }

    pub(super) fn expire(&self, message: Message, fx: &mut Effects<'_>) {
        let reason = self.rules.profile.expired();
        if self.rules.expired_to_dead_letters {
            fx.dead_letter(message, reason, TOO_LONG);
        } else {
            fx.drop(message, reason);
        }
    }

    /// Lets go of what has expired at the head of each level, and of no other (`RabbitMQ` quorum queues, priority-aware message expiration).
    pub(super) fn expire_heads(&mut self, fx: &mut Effects<'_>) {
        for level in 0..self.levels.len() {
            while let Some(number) = self.levels[level].numbers.front().copied() {
                let Some(at) = self.find(number, Place::Ready) else {
                    self.levels[level].numbers.pop_front();
                    continue;
                };
                if self.slots[at].message.as_ref().is_none_or(|message| message.expires > fx.now()) {
                    break;
                }
                self.levels[level].numbers.pop_front();
                self.expire_kept(at, fx);
            }
        }
    }

    /// When the first message at a head expires, where only heads do.
    pub(super) fn head_expires(&self) -> Option<Moment> {
        if !self.rules.profile.expires_at_head() {
            return None;
        }
        let expires = |level: &Level| self.slot(*level.numbers.front()?)?.message.as_ref().map(|message| message.expires);
        self.levels.iter().filter_map(expires).min().filter(|expires| *expires != Moment::NEVER)
    }
}

/// What is said of a message whose consumer died or failed, when it goes again.
const ABANDONED: &str = "its consumer never settled it";
