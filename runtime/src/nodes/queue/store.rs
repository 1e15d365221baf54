//! The ledger of a store: which messages are ready, delayed or in a consumer's hands, and by when each of that ends.
//!
//! Queues and subscriptions share it. A message has a slot, and its number is slot and generation, so a settlement finds it without
//! hashing; what expires or settles early leaves stale entries in the time-ordered lists, which are skipped and swept, so each operation is
//! O(1) typically and O(log n) at worst, and memory is bounded by what the store holds. One wake is armed for the earliest moment due.
//!
//! The books (rule 9): a handed-out message counts where it is; here count ready and delayed ones. A nack brings it back. A lost lock makes
//! one more of it (`duplicated`); if the late instance then fails too, it is one less (`superseded`).

mod ledger;
#[cfg(test)]
mod random;

use super::rules::{Counts, Order, Rules, WhenFull};
use crate::distribution::Distribution;
use crate::message::{Delivery, Message, Settlement};
use crate::node::reason::{EXPIRED, MAX_DELIVERIES, OVERFLOW};
use crate::node::{Effects, Event, Gauge, Verdict};
use crate::random::Purpose;
use crate::units::{Moment, Span};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// The token of the wake for the earliest moment due.
const ALARM: u64 = 0;
/// The token of the wake that goes on handing out.
const GO_ON: u64 = 1;
/// How many messages one event hands out.
const BATCH: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Free,
    Ready,
    Delayed,
    Unsettled,
}

struct Slot {
    generation: u32,
    place: Place,
    /// Which attempt it is in: how often it was handed out, and before that by whom it came from, where failures are passed back.
    attempt: u32,
    /// The attempts that were made before it came here.
    before: u32,
    arrived: Moment,
    /// Since when it waits, ready or delayed.
    since: Moment,
    /// Which lock holds it: the low half of the number of its entry in `locks`.
    lock: u32,
    /// Its bytes, as far as bytes are bounded.
    size: u32,
    message: Option<Message>,
}

/// The ready messages of one priority, by number.
struct Level {
    priority: u8,
    numbers: VecDeque<u64>,
}

/// The ledger of a store. See the module page.
pub struct Store {
    rules: Rules,
    output: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Highest priority first.
    levels: Vec<Level>,
    /// (when ready, order of coming, number)
    delayed: BinaryHeap<Reverse<(Moment, u64, u64)>>,
    /// (when it ends, number)
    expiries: BinaryHeap<Reverse<(Moment, u64)>>,
    /// (end of lock, number of lock, number of message); ends never go back, because all locks are equally long.
    locks: VecDeque<(Moment, u64, u64)>,
    ready_count: u64,
    delayed_count: u64,
    unsettled_count: u64,
    bytes: u64,
    sequence: u64,
    armed: Option<Moment>,
    locks_lost: u64,
    /// The clock of the event under way.
    now: Moment,
    /// Nanoseconds that those which have left waited here.
    waited: u128,
    /// Credit left after the last event; kept only where nothing may wait.
    credit: usize,
}

impl Store {
    /// An empty store that hands out at this output.
    pub fn new(rules: Rules, output: usize) -> Self {
        Self {
            rules,
            output,
            slots: Vec::new(),
            free: Vec::new(),
            levels: Vec::new(),
            delayed: BinaryHeap::new(),
            expiries: BinaryHeap::new(),
            locks: VecDeque::new(),
            ready_count: 0,
            delayed_count: 0,
            unsettled_count: 0,
            bytes: 0,
            sequence: 0,
            armed: None,
            locks_lost: 0,
            now: Moment::START,
            waited: 0,
            credit: 0,
        }
    }

    /// Puts other rules into force; what is inside stays.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// Whether senders must wait now (G1).
    pub fn closed(&self) -> bool {
        self.rules.when_full == WhenFull::Block && self.full(0)
    }

    /// How many messages wait here: ready and delayed.
    pub const fn waiting(&self) -> u64 {
        self.ready_count + self.delayed_count
    }

    /// How many messages are handed out and not settled.
    pub const fn unsettled(&self) -> u64 {
        self.unsettled_count
    }

    /// Reports the common figures of stores.
    pub fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        gauges.extend([
            count("ready", self.ready_count),
            count("locked", self.unsettled_count),
            count("delayed", self.delayed_count),
            count("locks lost", self.locks_lost),
            Gauge { name: "oldest", value: self.oldest().map_or(0.0, |arrived| now.since(arrived).seconds()), unit: "s" },
        ]);
    }

    /// When the oldest ready message arrived.
    fn oldest(&self) -> Option<Moment> {
        let first = |level: &Level| level.numbers.iter().find_map(|&number| self.slot(number).filter(|slot| slot.place == Place::Ready));
        self.levels.iter().filter_map(first).map(|slot| slot.arrived).min()
    }

    /// Takes a message in, or deals with it as the rules say when there is no room.
    pub fn offer(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        let now = fx.now();
        self.now = now;
        let patience = match &self.rules.time_to_live {
            None => None,
            Some(Distribution::Constant(span)) => Some(*span),
            Some(patience) => Some(patience.draw(&mut fx.random(const { Purpose::of("patience") }, &message))),
        };
        if let Some(span) = patience {
            message.expires = message.expires.min(now + span);
        }
        if message.expires <= now {
            return self.expire(message, fx);
        }
        let size = if self.rules.capacity_bytes.is_some() { message.size() as u64 } else { 0 };
        while self.full(size) {
            match self.rules.when_full {
                // Only a bound in bytes comes here: the engine cannot know the next message's size.
                WhenFull::Block => break,
                WhenFull::DropNewest => return fx.drop(message, OVERFLOW),
                WhenFull::Reject => return fx.refuse(message, "the queue is full"),
                WhenFull::DropOldest => match self.take_oldest() {
                    Some(oldest) => fx.drop(oldest, OVERFLOW),
                    None => return fx.drop(message, OVERFLOW),
                },
            }
        }
        if self.rules.passes_back {
            // As long as this node lives, work on the message goes on.
            fx.renew_until(&message, Moment::NEVER);
        } else {
            fx.accept(&mut message);
        }
        let expires = message.expires;
        // Each try of a message has a number of its own, through all retries before one another: its draws depend on it (G11).
        let before = match (&message.settlement, self.rules.passes_back) {
            (Settlement::One(delivery), true) => delivery.attempt.wrapping_sub(1).wrapping_mul(self.rules.most_deliveries),
            _ => 0,
        };
        let number = self.insert(message, now, size, before);
        if expires != Moment::NEVER {
            self.expiries.push(Reverse((expires, number)));
        }
        self.make_ready(number, now, self.rules.delay, false);
    }

    /// Takes any event but a message, which goes to [`Store::offer`]. Call [`Store::finish`] at the end of every event.
    pub fn take(&mut self, event: Event, fx: &mut Effects<'_>) {
        self.now = fx.now();
        match event {
            Event::Settled { number, attempt, verdict } => self.settled(number, attempt, verdict, fx),
            Event::Renewed { number, attempt, until } => self.renewed(number, attempt, until, fx.now()),
            Event::Wake(ALARM) => {
                if self.armed.is_some_and(|armed| armed <= fx.now()) {
                    self.armed = None;
                }
                self.come_due(fx);
            }
            Event::Start | Event::Wake(_) | Event::Room(_) | Event::Drain => {}
            Event::Message(..) | Event::Released(..) | Event::Answer(..) => unreachable!("a store holds and asks nothing"),
        }
    }

    /// Hands out what there is credit for (G3), and sees that the store is woken for what is due next.
    pub fn finish(&mut self, fx: &mut Effects<'_>) {
        self.now = fx.now();
        if self.ready_count > 0 {
            self.hand_out(fx);
        }
        if self.rules.capacity == 0 {
            self.credit = fx.room(self.output);
        }
        self.sweep();
        if let Some(next) = self.next_due()
            && self.armed.is_none_or(|armed| next < armed)
        {
            self.armed = Some(next);
            fx.wake(next, ALARM);
        }
    }

    /// Gives up everything that waits, for a reason in one word.
    pub fn give_back(&mut self, reason: &'static str, error: &str, fx: &mut Effects<'_>) {
        self.now = fx.now();
        for slot in 0..self.slots.len() {
            if matches!(self.slots[slot].place, Place::Ready | Place::Delayed) {
                let message = self.remove(slot);
                self.give_up(message, reason, error.into(), fx);
            }
        }
    }

    /// Parts with a message for good: a dead letter, or a failure for the store that it came from.
    fn give_up(&self, message: Message, reason: &'static str, error: Arc<str>, fx: &mut Effects<'_>) {
        if self.rules.passes_back {
            fx.nack(message, error);
        } else {
            fx.dead_letter(message, reason, error);
        }
    }

    fn full(&self, size: u64) -> bool {
        let count = match self.rules.counts {
            Counts::Waiting => self.waiting(),
            Counts::InSystem => self.waiting() + self.unsettled_count,
        };
        // One message larger than the whole bound is let into an empty store: it could never enter otherwise.
        let too_many_bytes = |most| if size == 0 { self.bytes >= most } else { self.bytes > 0 && self.bytes + size > most };
        // Where nothing may wait, a message comes in only if a consumer takes it at once.
        let direct = self.rules.capacity == 0 && self.credit as u64 > self.ready_count;
        (count >= self.rules.capacity && !direct) || self.rules.capacity_bytes.is_some_and(too_many_bytes)
    }

    fn hand_out(&mut self, fx: &mut Effects<'_>) {
        let room = fx.room(self.output);
        for _ in 0..room.min(BATCH) {
            let Some(at) = self.pop_ready(fx) else { return };
            let number = self.number(at);
            let slot = &mut self.slots[at];
            slot.attempt = slot.attempt.wrapping_add(1);
            if !self.rules.at_least_once {
                let message = self.remove(at);
                fx.hand_out(self.output, message);
                continue;
            }
            let attempt = slot.attempt;
            let mut message = slot.message.clone().expect("a slot in use has a message");
            message.settlement = Settlement::One(Delivery { origin: 0, attempt, number });
            self.move_to(at, Place::Unsettled);
            if self.rules.lock != Span::ZERO {
                self.lock(at, fx.now() + self.rules.lock);
            }
            fx.hand_out(self.output, message);
        }
        if room > BATCH && self.ready_count > 0 {
            fx.wake(fx.now(), GO_ON);
        }
    }

    fn lock(&mut self, at: usize, until: Moment) {
        self.sequence += 1;
        self.slots[at].lock = self.sequence as u32;
        let number = self.number(at);
        // Hot changes may shorten the lock: then the list takes the end in its order.
        let after = self.locks.partition_point(|(end, ..)| *end <= until);
        self.locks.insert(after, (until, self.sequence, number));
    }

    /// The next ready message that has not expired.
    fn pop_ready(&mut self, fx: &mut Effects<'_>) -> Option<usize> {
        for level in 0..self.levels.len() {
            loop {
                let numbers = &mut self.levels[level].numbers;
                let popped = if self.rules.order == Order::Fifo { numbers.pop_front() } else { numbers.pop_back() };
                let Some(number) = popped else { break };
                let Some(at) = self.find(number, Place::Ready) else { continue };
                if self.slots[at].message.as_ref().is_some_and(|message| message.expires > fx.now()) {
                    return Some(at);
                }
                let message = self.remove(at);
                self.expire(message, fx);
            }
        }
        None
    }

    /// Takes out the ready message that came first, of the lowest priority.
    fn take_oldest(&mut self) -> Option<Message> {
        for level in (0..self.levels.len()).rev() {
            while let Some(number) = self.levels[level].numbers.pop_front() {
                if let Some(at) = self.find(number, Place::Ready) {
                    return Some(self.remove(at));
                }
            }
        }
        None
    }

    fn settled(&mut self, number: u64, attempt: u32, verdict: Verdict, fx: &mut Effects<'_>) {
        let current = self.find(number, Place::Unsettled).filter(|at| self.slots[*at].attempt == attempt);
        match (current, verdict) {
            // Whoever still waits for it has waited for this.
            (Some(at), Verdict::Ack) => fx.accept(&mut self.remove(at)),
            (Some(at), Verdict::Nack(error)) => self.failed(at, &error, true, fx),
            // Too late: the message is ready again, or with somebody else, or ended.
            (None, Verdict::Ack) => {}
            (None, Verdict::Nack(_)) => fx.superseded(),
        }
    }

    /// The consumer is still at work, and will be until then. A lock too short for the pace at which consumers renew is lost meanwhile.
    fn renewed(&mut self, number: u64, attempt: u32, until: Moment, now: Moment) {
        let until = if self.rules.lock > Effects::RENEW_EVERY { until.max(now) } else { now };
        if let Some(at) = self.find(number, Place::Unsettled)
            && self.slots[at].attempt == attempt
            && self.rules.lock != Span::ZERO
        {
            self.lock(at, until + self.rules.lock);
        }
    }

    /// A delivery failed: the message comes back, or is given up.
    fn failed(&mut self, at: usize, error: &Arc<str>, delayed: bool, fx: &mut Effects<'_>) {
        let now = fx.now();
        let attempt = self.slots[at].attempt;
        let tries = attempt.wrapping_sub(self.slots[at].before);
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        if self.rules.most_deliveries > 0 && tries >= self.rules.most_deliveries {
            message.set_header("deliveries", tries.into());
            let message = self.remove(at);
            return self.give_up(message, MAX_DELIVERIES, error.clone(), fx);
        }
        if message.expires <= now {
            let message = self.remove(at);
            return self.expire(message, fx);
        }
        let delay = if delayed {
            let own = std::mem::replace(&mut message.settlement, Settlement::One(Delivery { origin: 0, attempt, number: 0 }));
            let mut random = fx.random(const { Purpose::of("retry") }, message);
            message.settlement = own;
            self.rules.retry.delay(tries, || random.unit())
        } else {
            Span::ZERO
        };
        let number = self.number(at);
        self.make_ready(number, now, delay, true);
    }

    /// What the alarm was for: locks lost, delays over, messages expired.
    fn come_due(&mut self, fx: &mut Effects<'_>) {
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
                let message = self.remove(at);
                self.expire(message, fx);
            }
        }
    }

    fn expire(&self, message: Message, fx: &mut Effects<'_>) {
        if self.rules.expired_to_dead_letters {
            fx.dead_letter(message, EXPIRED, "it waited longer than its time to live");
        } else {
            fx.drop(message, EXPIRED);
        }
    }

    fn make_ready(&mut self, number: u64, now: Moment, delay: Span, returned: bool) {
        let at = (number & 0xffff_ffff) as usize;
        if delay > Span::ZERO {
            self.move_to(at, Place::Delayed);
            self.sequence += 1;
            self.delayed.push(Reverse((now + delay, self.sequence, number)));
            return;
        }
        self.move_to(at, Place::Ready);
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        message.queued = now;
        let priority = message.priority;
        let level = match self.levels.iter().position(|level| level.priority <= priority) {
            Some(found) if self.levels[found].priority == priority => found,
            found => {
                let found = found.unwrap_or(self.levels.len());
                self.levels.insert(found, Level { priority, numbers: VecDeque::new() });
                found
            }
        };
        let to_head = returned && self.rules.returned_to_head;
        let numbers = &mut self.levels[level].numbers;
        // The head is where the next one is taken from: the front, first in first out; the back, last in first out.
        if (returned && !to_head && self.rules.order == Order::Lifo) || (to_head && self.rules.order == Order::Fifo) {
            numbers.push_front(number);
        } else {
            numbers.push_back(number);
        }
    }

    fn next_due(&self) -> Option<Moment> {
        let lock = self.locks.front().map(|(until, ..)| *until);
        let delay = self.delayed.peek().map(|Reverse((moment, ..))| *moment);
        let expiry = self.expiries.peek().map(|Reverse((moment, _))| *moment);
        [lock, delay, expiry].into_iter().flatten().min()
    }
}
