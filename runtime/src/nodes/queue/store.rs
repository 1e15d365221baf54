//! The ledger of a store: which messages are ready, delayed or in a consumer's hands, and by when each of that ends.
//!
//! Queues and subscriptions share it. A message has a slot, and its number is slot and generation, so a settlement finds it without
//! hashing; what expires or settles early leaves stale entries in the time-ordered lists, which are skipped and swept, so each operation is
//! O(1) typically and O(log n) at worst, and memory is bounded by what the store holds. One wake is armed for the earliest moment due.
//!
//! The books (rule 9): a handed-out message counts where it is; here count ready and delayed ones. A nack brings it back. A lost lock makes
//! one more of it (`duplicated`); if the late instance then fails too, it is one less (`superseded`).

mod chunks;
mod durable;
mod figures;
mod hand_out;
mod ledger;
#[cfg(test)]
mod random;
mod settle;
mod turns;

use super::keeping::{AGAIN, WRITTEN};
use super::rules::profile::End;
use super::rules::{Counts, Order, Profile, Rules, Turns, WhenFull};
use crate::distribution::Distribution;
use crate::message::{Message, Settlement};
use crate::node::reason::{DUPLICATE, OVERFLOW};
use crate::node::{Effects, Event, Fault, Verdict};
use crate::nodes::window::Window;
use crate::random::Purpose;
use crate::units::{Moment, Span};
use chunks::Chunks;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// The token of the wake for the earliest moment due.
const ALARM: u64 = 0;
/// The token of the wake that goes on handing out.
const GO_ON: u64 = 1;
/// How many messages one event hands out.
const BATCH: usize = 1_000;
/// How many ids a window of deduplication remembers.
const MOST_IDS: usize = 100_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Free,
    /// Not on the disk yet: nobody may have it.
    Coming,
    Ready,
    Delayed,
    Unsettled,
    /// A dead letter that has left a durable store and is kept until it has been taken.
    Leaving,
    /// In nobody's hands, but locked: its consumer died or gave it back in a way that its store does not hear of.
    Abandoned,
    /// It was delivered as often as allowed and stays, to nobody's use.
    Aside,
}

impl Place {
    /// How many places there are.
    const ALL: usize = Self::Aside as usize + 1;

    /// Whether a message there waits in the store: it counts here, and not where it travels.
    const fn waits(self) -> bool {
        matches!(self, Self::Coming | Self::Ready | Self::Delayed | Self::Abandoned | Self::Aside)
    }
}

struct Slot {
    generation: u32,
    place: Place,
    /// Which attempt it is in: how often it was handed out, and before that by whom it came from, where failures are passed back.
    attempt: u32,
    /// The attempts that were made before it came here.
    before: u32,
    /// How many of its deliveries failed in a way that counts.
    failures: u32,
    arrived: Moment,
    /// Since when it waits, ready or delayed.
    since: Moment,
    /// Which lock holds it: the low half of the number of its entry in `locks`.
    lock: u32,
    /// When that ends.
    locked_until: Moment,
    /// Its bytes, as far as bytes are bounded.
    size: u32,
    message: Option<Message>,
}

impl Slot {
    /// A slot that was never used.
    const FREE: Self = Self {
        generation: 0,
        place: Place::Free,
        attempt: 0,
        before: 0,
        failures: 0,
        arrived: Moment::START,
        since: Moment::START,
        lock: 0,
        locked_until: Moment::NEVER,
        size: 0,
        message: None,
    };
}

// A million of them may wait: what few stores need is kept apart, by slot.
const _: () = assert!(size_of::<Slot>() <= 64);

/// The ready messages of one priority, by number.
struct Level {
    /// [`RETURNED`] for what goes before all others.
    priority: u16,
    numbers: VecDeque<u64>,
}

/// The level of what came back, where that goes before all others.
const RETURNED: u16 = 256;

/// The ledger of a store. See the module page.
pub struct Store {
    rules: Rules,
    output: usize,
    slots: Chunks<Slot>,
    free: Vec<u32>,
    /// Highest priority first.
    levels: Vec<Level>,
    /// (when ready, order of coming, number)
    delayed: BinaryHeap<Reverse<(Moment, u64, u64)>>,
    /// (when it ends, number)
    expiries: BinaryHeap<Reverse<(Moment, u64)>>,
    /// (end of lock, number of lock, number of message), in order.
    locks: VecDeque<(Moment, u64, u64)>,
    /// How many messages are where, by [`Place`]; of those that are nowhere, how many fewer are than ever were.
    counts: [u64; Place::ALL],
    /// How many of them wait here ([`Place::waits`]).
    waiting: u64,
    bytes: u64,
    sequence: u64,
    armed: Option<Moment>,
    locks_lost: u64,
    late_acks: u64,
    advisories: u64,
    /// Deliveries, and messages delivered at least once.
    handed_out: (u64, u64),
    /// The clock of the event under way.
    now: Moment,
    /// Nanoseconds that those which have left waited here.
    waited: u128,
    /// Who waits for whose end, where order counts.
    turns: turns::Waiting,
    /// How those that failed did so, by number; the failure that ends a message is not among them.
    failures: BTreeMap<u64, Vec<(Moment, u32, Arc<str>)>>,
    /// What came within the window of deduplication.
    seen: Option<Window>,
    /// Whether nothing is handed out for now.
    paused: bool,
    duplicates: u64,
    /// Credit left after the last event; kept only where nothing may wait.
    credit: usize,
    /// What is kept on the disk, if anything is.
    durable: Option<Box<durable::Durable>>,
}

impl Store {
    /// An empty store that hands out at this output.
    pub fn new(rules: Rules, output: usize) -> Self {
        let seen = rules.deduplicates.map(|span| Window::new(span, MOST_IDS));
        Self {
            turns: turns::Waiting::default(),
            failures: BTreeMap::new(),
            seen,
            paused: false,
            duplicates: 0,
            rules,
            output,
            slots: Chunks::new(),
            free: Vec::new(),
            levels: Vec::new(),
            delayed: BinaryHeap::new(),
            expiries: BinaryHeap::new(),
            locks: VecDeque::new(),
            counts: [0; Place::ALL],
            waiting: 0,
            bytes: 0,
            sequence: 0,
            armed: None,
            locks_lost: 0,
            late_acks: 0,
            advisories: 0,
            handed_out: (0, 0),
            now: Moment::START,
            waited: 0,
            credit: 0,
            durable: None,
        }
    }

    /// Puts other rules into force; what is inside stays.
    pub fn set_rules(&mut self, rules: Rules) {
        match (&mut self.seen, rules.deduplicates) {
            (Some(seen), Some(span)) => seen.set(span, MOST_IDS),
            (seen, span) => *seen = span.map(|span| Window::new(span, MOST_IDS)),
        }
        if !rules.stops_at_dead_letters {
            self.resume_lines();
        }
        let takes_up_again = self.rules.profile.after_last() == End::SetAside && rules.profile.after_last() != End::SetAside;
        self.rules = rules;
        if takes_up_again {
            self.take_up_again();
        }
    }

    /// Hands nothing out until told otherwise: its consumers are away.
    pub const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Drops everything that waits.
    pub fn drop_waiting(&mut self, reason: &'static str, fx: &mut Effects<'_>) {
        self.now = fx.now();
        for slot in 0..self.slots.len() {
            if self.slots[slot].place.waits() && self.slots[slot].place != Place::Coming {
                let message = self.remove(slot);
                fx.drop(message, reason);
            }
        }
    }

    /// Whether an acknowledgement does nothing here but free its slot: it lets nobody in, lets no other message go, is not written down, and nobody
    /// upstream waits for it.
    pub fn acks_wait(&self) -> bool {
        let lets_in = self.rules.counts == Counts::InSystem;
        let lets_go = self.rules.most_pending.is_some() || self.rules.turns != Turns::None || self.turns.in_use();
        // Where ids are remembered, a late one ends a message that is ready again.
        let ends = self.seen.is_some();
        !(lets_in || lets_go || ends || self.rules.passes_back || self.durable.is_some())
    }

    /// Whether senders must wait now (G1).
    pub fn closed(&self) -> bool {
        self.rules.when_full == WhenFull::Block && (self.full(0) || self.much_unwritten())
    }

    /// Takes a message in, or deals with it as the rules say when there is no room.
    pub fn offer(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        let now = fx.now();
        self.now = now;
        if self.came_before(&message, now) {
            self.duplicates += 1;
            return fx.drop(message, DUPLICATE);
        }
        if self.durable.is_some() && message.payload.blob().is_some() {
            return fx.reject(message, "a durable store keeps bytes, and the payload is a handle: check it in first");
        }
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
        if self.much_unwritten() && self.rules.when_full != WhenFull::Block {
            return self.turn_away(message, fx);
        }
        let size = if self.rules.capacity_bytes.is_some() { message.size() as u64 } else { 0 };
        while self.full(size) {
            match self.rules.when_full {
                // Only a bound in bytes comes here: the engine cannot know the next message's size.
                WhenFull::Block => break,
                WhenFull::DropNewest => return self.overflow(message, fx),
                WhenFull::Reject => return fx.refuse(message, "the queue is full"),
                WhenFull::DropOldest => match self.take_oldest() {
                    Some(oldest) => self.overflow(oldest, fx),
                    None => return self.overflow(message, fx),
                },
            }
        }
        if let Some(seen) = &mut self.seen {
            seen.see(&message.id.to_string(), &message, now);
        }
        if self.durable.is_some() {
            return self.begin_keeping(message, now, size);
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
        if expires != Moment::NEVER && !self.rules.profile.expires_at_head() {
            self.expiries.push(Reverse((expires, number)));
        }
        self.make_ready(number, now, self.rules.delay, false);
    }

    /// Takes a message in like [`Store::offer`], but lets out before and after what has to be out, where room is short: then it matters that
    /// each event is done before the next one comes.
    pub fn offer_now(&mut self, message: Message, fx: &mut Effects<'_>) {
        if self.is_short() {
            self.finish(fx);
        }
        self.offer(message, fx);
        if self.is_short() {
            self.finish(fx);
        }
    }

    /// Whether one more message might find no room.
    fn is_short(&self) -> bool {
        self.rules.capacity_bytes.is_some() || self.full(0)
    }

    /// Takes any event but a message, which goes to [`Store::offer_now`]. Call [`Store::finish`] after the last event of those that come
    /// together.
    pub fn take(&mut self, event: Event, fx: &mut Effects<'_>) {
        self.now = fx.now();
        match event {
            Event::Settled { number, attempt, verdict: Verdict::Ack } => self.acked(number, attempt, fx),
            Event::Settled { number, attempt, verdict: Verdict::Nack(fault, error) } => self.nacked(number, attempt, fault, error, fx),
            Event::Renewed { number, attempt, until } => self.renewed(number, attempt, until, fx.now()),
            Event::Wake(ALARM) => {
                if self.armed.is_some_and(|armed| armed <= fx.now()) {
                    self.armed = None;
                }
                self.come_due(fx);
            }
            Event::Start => self.start_keeping(fx),
            Event::Answer(ticket, answer) => self.kept(|keeping, fx| keeping.answered(ticket, answer, fx), fx),
            Event::Wake(token @ (WRITTEN | AGAIN)) => self.kept(|keeping, fx| keeping.woken(token, fx), fx),
            Event::Wake(_) | Event::Room(_) | Event::Drain => {}
            Event::Message(..) | Event::Released(..) => unreachable!("a store takes messages by `offer` and holds none"),
        }
    }

    /// Hears that deliveries were acknowledged, by number and attempt. Otherwise as [`Store::take`].
    pub fn take_acks(&mut self, acks: &[(u64, u32)], fx: &mut Effects<'_>) {
        self.now = fx.now();
        for &(number, attempt) in acks {
            self.acked(number, attempt, fx);
        }
    }

    /// Hands out what there is credit for (G3), and sees that the store is woken for what is due next.
    pub fn finish(&mut self, fx: &mut Effects<'_>) {
        self.now = fx.now();
        loop {
            self.next_turns();
            if self.rules.profile.expires_at_head() {
                self.expire_heads(fx);
            }
            if self.at(Place::Ready) > 0 && !self.paused {
                self.hand_out(fx);
            }
            // What expired on the way out may have been the first of its key.
            if !self.has_freed() {
                break;
            }
        }
        if self.rules.capacity == 0 {
            self.credit = fx.room(self.output);
        }
        if let Some(durable) = &mut self.durable {
            durable.keeping.flush(fx);
        }
        self.sweep();
        let next = self.next_due();
        if next < self.armed.unwrap_or(Moment::NEVER) {
            self.armed = Some(next);
            fx.wake(next, ALARM);
        }
    }

    /// Gives up everything that waits, for a reason in one word.
    pub fn give_back(&mut self, reason: &'static str, error: &str, fx: &mut Effects<'_>) {
        self.now = fx.now();
        for slot in 0..self.slots.len() {
            match self.slots[slot].place {
                Place::Ready | Place::Delayed | Place::Abandoned | Place::Aside => {
                    self.part_with(slot, reason, Fault::Returned, error.into(), fx);
                }
                // Whoever sent it was not told that it is kept.
                Place::Coming => {
                    let message = self.remove(slot);
                    fx.nack(message, error);
                }
                Place::Free | Place::Unsettled | Place::Leaving => {}
            }
        }
        if let Some(durable) = &mut self.durable {
            durable.keeping.flush_all(fx);
        }
    }

    /// A message for which there is no room.
    fn overflow(&self, message: Message, fx: &mut Effects<'_>) {
        let reason = self.rules.profile.overflowed();
        if self.rules.overflow_to_dead_letters {
            fx.dead_letter(message, reason, "the queue is full");
        } else {
            fx.drop(message, OVERFLOW);
        }
    }

    fn full(&self, size: u64) -> bool {
        let count = match self.rules.counts {
            Counts::Waiting => self.waiting,
            Counts::InSystem => self.waiting + self.at(Place::Unsettled),
        };
        // One message larger than the whole bound is let into an empty store: it could never enter otherwise.
        let too_many_bytes = |most| if size == 0 { self.bytes >= most } else { self.bytes > 0 && self.bytes + size > most };
        // Where nothing may wait, a message comes in only if a consumer takes it at once.
        let direct = self.rules.capacity == 0 && self.credit as u64 > self.at(Place::Ready) + self.at(Place::Coming);
        (count >= self.rules.capacity && !direct) || self.rules.capacity_bytes.is_some_and(too_many_bytes)
    }

    /// Whether its id came within the window of deduplication.
    fn came_before(&mut self, message: &Message, now: Moment) -> bool {
        self.seen.as_mut().is_some_and(|seen| seen.knows(&message.id.to_string(), message.redriven, now))
    }

    /// Takes out the ready message that came first, of the lowest priority.
    fn take_oldest(&mut self) -> Option<Message> {
        if let Some((since, at)) = self.longest_parked()
            && self.oldest().is_none_or(|oldest| since <= oldest)
        {
            return Some(self.remove(at));
        }
        for level in (0..self.levels.len()).rev() {
            while let Some(number) = self.levels[level].numbers.pop_front() {
                if let Some(at) = self.find(number, Place::Ready) {
                    return Some(self.remove(at));
                }
            }
        }
        None
    }

    fn make_ready(&mut self, number: u64, now: Moment, delay: Span, returned: bool) {
        let at = (number & 0xffff_ffff) as usize;
        if self.rules.turns != Turns::None && !returned && !self.turns.has(at) {
            self.join_line(at);
        }
        if delay > Span::ZERO {
            self.move_to(at, Place::Delayed);
            self.sequence += 1;
            self.delayed.push(Reverse((now + delay, self.sequence, number)));
            return;
        }
        self.move_to(at, Place::Ready);
        let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
        message.queued = now;
        let first = returned && self.rules.profile.returned_first();
        let priority = if first { RETURNED } else { u16::from(message.priority.min(self.rules.profile.highest_priority())) };
        if !self.turns.is_idle() && self.waits_for_turn(at) {
            return;
        }
        let level = match self.levels.iter().position(|level| level.priority <= priority) {
            Some(found) if self.levels[found].priority == priority => found,
            found => {
                let found = found.unwrap_or(self.levels.len());
                self.levels.insert(found, Level { priority, numbers: VecDeque::new() });
                found
            }
        };
        let to_head = returned && !first && self.rules.returned_to_head;
        let numbers = &mut self.levels[level].numbers;
        // The head is where the next one is taken from: the front, first in first out; the back, last in first out.
        if (returned && !first && !to_head && self.rules.order == Order::Lifo) || (to_head && self.rules.order == Order::Fifo) {
            numbers.push_front(number);
        } else {
            numbers.push_back(number);
        }
    }

    /// The earliest moment at which something is due here by itself; [`Moment::NEVER`] if nothing is.
    fn next_due(&self) -> Moment {
        let lock = self.locks.front().map_or(Moment::NEVER, |(until, ..)| *until);
        let delay = self.delayed.peek().map_or(Moment::NEVER, |Reverse((moment, ..))| *moment);
        let expiry = self.expiries.peek().map_or(Moment::NEVER, |Reverse((moment, _))| *moment);
        lock.min(delay).min(expiry).min(self.head_expires().unwrap_or(Moment::NEVER))
    }
}
