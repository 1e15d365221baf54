//! A store that keeps its messages on the disk too: nobody hears of a message, neither its sender nor a consumer, before it is written.
//!
//! 1. A message is accepted, and may be handed out, when its write is done. What was accepted is there at the next run.
//! 2. What became of a message is written after the fact: an acknowledgement that was not written yet when the program died means that the
//!    message is handed out once more (at least once). Failed attempts count across runs; the one under way when the program died does not.
//! 3. A dead letter is kept until what its output leads to has accepted it; one that nobody takes stays in the store as a dead letter.

#[cfg(test)]
mod tests;

use super::{Place, Store};
use crate::message::{Delivery, Message, Settlement};
use crate::node::outside::Kept;
use crate::node::reason::{OVERFLOW, UNDELIVERABLE, known};
use crate::node::{Effects, Gauge, Verdict};
use crate::nodes::queue::keeping::{Durability, Keeping, MOST_UNWRITTEN, Told};
use crate::nodes::queue::rules::WhenFull;
use crate::units::{Moment, Span};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a store keeps on the disk.
pub(super) struct Durable {
    pub(super) keeping: Keeping,
    /// The output for dead letters.
    letters: usize,
    /// The number on the disk of the message in each slot; 0 for none.
    records: Vec<u64>,
    /// Messages that are being written, by number on the disk and number here, in order.
    coming: VecDeque<(u64, u64)>,
    /// How many dead letters were left in the store by this run.
    left_dead: u64,
    /// How many were sent on again.
    sent_on: u64,
}

impl Durable {
    fn set_record(&mut self, at: usize, record: u64) {
        if at >= self.records.len() {
            self.records.resize(at + 1, 0);
        }
        self.records[at] = record;
    }

    /// The message in a slot is no longer this store's.
    pub(super) fn gone(&mut self, at: usize) {
        let record = self.records.get_mut(at).map_or(0, std::mem::take);
        if record != 0 {
            self.keeping.gone(record);
        }
    }

    /// The message in a slot was tried so often by now.
    pub(super) fn tried(&mut self, at: usize, attempts: u32) {
        if let Some(record) = self.records.get(at).filter(|record| **record != 0) {
            self.keeping.tried(*record, attempts);
        }
    }
}

impl Store {
    /// The same, on the disk too. `letters` is the output for dead letters.
    #[must_use]
    pub fn kept_on_disk(mut self, durability: Option<Durability>, letters: usize) -> Self {
        self.durable = durability.map(|durability| {
            let keeping = Keeping::new(durability);
            Box::new(Durable { keeping, letters, records: Vec::new(), coming: VecDeque::new(), left_dead: 0, sent_on: 0 })
        });
        self
    }

    /// Whether it keeps its messages on the disk.
    pub const fn is_durable(&self) -> bool {
        self.durable.is_some()
    }

    /// Puts a changed model of the disk into force. Whether a store is durable cannot change while it runs: `false` if it was to.
    pub fn set_durability(&mut self, durability: Option<Durability>) -> bool {
        match (&mut self.durable, durability) {
            (Some(durable), Some(durability)) => {
                durable.keeping.set(durability);
                true
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    pub(super) fn start_keeping(&mut self, fx: &mut Effects<'_>) {
        if let Some(durable) = &mut self.durable {
            // Dead letters are sent on where there is somebody to take them.
            let sorts = if fx.wired(durable.letters) > 0 { &[false, true][..] } else { &[false] };
            durable.keeping.start(sorts, fx);
        }
    }

    /// Whether as many messages wait for the disk as may.
    pub(super) fn much_unwritten(&self) -> bool {
        self.durable.is_some() && self.at(Place::Coming) >= MOST_UNWRITTEN
    }

    /// The disk does not keep up, or fails, and the sender is not to wait. What is on the disk already is not thrown away for it.
    pub(super) fn turn_away(&mut self, message: Message, fx: &mut Effects<'_>) {
        if self.rules.when_full == WhenFull::Reject {
            fx.refuse(message, "the disk does not keep up");
        } else {
            fx.drop(message, OVERFLOW);
        }
    }

    /// A message has come in, and is to be written before anybody may have it.
    pub(super) fn begin_keeping(&mut self, message: Message, now: Moment, size: u64) {
        let number = self.insert(message, now, size, 0);
        let at = (number & 0xffff_ffff) as usize;
        self.move_to(at, Place::Coming);
        if let (Some(durable), Some(message)) = (&mut self.durable, &self.slots[at].message) {
            let record = durable.keeping.put(message, 0, None);
            durable.set_record(at, record);
            durable.coming.push_back((record, number));
        }
    }

    /// Lets the line to the disk take something, and does what follows.
    pub(super) fn kept(&mut self, take: impl FnOnce(&mut Keeping, &mut Effects<'_>) -> Told, fx: &mut Effects<'_>) {
        let told = self.durable.as_mut().map_or(Told::Nothing, |durable| take(&mut durable.keeping, fx));
        match told {
            Told::Nothing => {}
            Told::Recovered(kept) => kept.into_iter().for_each(|kept| self.take_back(kept, fx)),
            Told::Written(last) => self.written(last, fx),
            Told::Failed => self.ask_for_time(fx),
        }
    }

    /// Messages are on the disk up to this number: now they are accepted, and ready.
    fn written(&mut self, last: u64, fx: &mut Effects<'_>) {
        let now = fx.now();
        loop {
            let coming = self.durable.as_mut().and_then(|durable| durable.coming.pop_front_if(|(record, _)| *record <= last));
            let Some((_, number)) = coming else { return };
            let Some(at) = self.find(number, Place::Coming) else { continue };
            let message = self.slots[at].message.as_mut().expect("a slot in use has a message");
            fx.accept(message);
            let expires = message.expires;
            self.make_ready(number, now, self.rules.delay, false);
            self.watch_end(number, at, expires, fx);
        }
    }

    /// A message that waits is looked after when its own time is over, or at once if it is.
    fn watch_end(&mut self, number: u64, at: usize, expires: Moment, fx: &mut Effects<'_>) {
        if expires <= fx.now() {
            self.expire_kept(at, fx);
        } else if expires != Moment::NEVER && !self.rules.profile.expires_at_head() {
            self.expiries.push(Reverse((expires, number)));
        }
    }

    /// What could not be written waits for another try; meanwhile those who wait for its acceptance get more time.
    fn ask_for_time(&self, fx: &mut Effects<'_>) {
        let Some(durable) = &self.durable else { return };
        for (_, number) in &durable.coming {
            if let Some(message) = self.slot(*number).and_then(|slot| slot.message.as_ref()) {
                fx.renew(message);
            }
        }
    }

    /// Takes a message back that the run before has left.
    fn take_back(&mut self, kept: Kept, fx: &mut Effects<'_>) {
        let now = fx.now();
        let Kept { number: record, attempts, dead, mut message } = kept;
        if let Some(seen) = &mut self.seen {
            seen.see(&message.id.to_string(), &message, now);
        }
        let size = if self.rules.capacity_bytes.is_some() { message.size() as u64 } else { 0 };
        let expires = message.expires;
        if dead.is_some() {
            message.set_header("deliveries", attempts.into());
        }
        let number = self.insert(message, now, size, 0);
        let at = (number & 0xffff_ffff) as usize;
        self.slots[at].attempt = attempts;
        self.slots[at].failures = attempts;
        if let Some(durable) = &mut self.durable {
            durable.set_record(at, record);
        }
        match dead {
            None => {
                self.make_ready(number, now, Span::ZERO, false);
                self.watch_end(number, at, expires, fx);
            }
            Some(dead) => {
                self.move_to(at, Place::Ready);
                if let Some(durable) = &mut self.durable {
                    durable.sent_on += 1;
                }
                self.part_with_kept(at, known(&dead.reason), &dead.error, fx);
            }
        }
    }

    /// Gives a message up. It is kept as a dead letter, until what the output for them leads to has accepted it; if that leads nowhere, until a
    /// person sends it on or throws it away.
    pub(super) fn part_with_kept(&mut self, at: usize, reason: &'static str, error: &Arc<str>, fx: &mut Effects<'_>) {
        let number = self.number(at);
        let tries = self.slots[at].attempt.wrapping_sub(self.slots[at].before);
        let Some(durable) = &mut self.durable else { return };
        let record = durable.records.get(at).copied().unwrap_or(0);
        durable.keeping.dead(record, tries, reason, error);
        if fx.wired(durable.letters) == 0 {
            durable.records[at] = 0;
            durable.left_dead += 1;
            let message = self.remove(at);
            return fx.dead_letter(message, reason, error.clone());
        }
        let slot = &mut self.slots[at];
        let kept = slot.message.as_mut().expect("a slot in use has a message");
        let mut message = kept.clone();
        // The end of a closed loop is told with the letter.
        if kept.tracked().is_some() {
            kept.head_mut().tracked = None;
        }
        message.settlement = Settlement::One(Delivery { origin: Delivery::HERE, attempt: Delivery::GIVEN_UP, number });
        self.move_to(at, Place::Leaving);
        self.left_line(at, number);
        fx.dead_letter(message, reason, error.clone());
    }

    /// A dead letter was taken, or nobody took it.
    pub(super) fn left(&mut self, number: u64, verdict: Verdict, fx: &mut Effects<'_>) {
        let at = self.find(number, Place::Leaving);
        match (at, verdict) {
            (Some(at), Verdict::Ack) => drop(self.remove(at)),
            (Some(at), Verdict::Nack(_, error)) => {
                if let Some(durable) = &mut self.durable {
                    durable.records[at] = 0;
                    durable.left_dead += 1;
                }
                fx.error(format!("a dead letter failed on its way, and stays in the store: {error}"));
                let message = self.remove(at);
                fx.drop(message, UNDELIVERABLE);
            }
            (None, Verdict::Ack) => {}
            (None, Verdict::Nack(..)) => fx.superseded(),
        }
    }

    pub(super) fn durable_gauges(&self, gauges: &mut Vec<Gauge>) {
        let Some(durable) = &self.durable else { return };
        durable.keeping.gauges(self.at(Place::Coming), gauges);
        let letters = (durable.keeping.found_dead() + durable.left_dead).saturating_sub(durable.sent_on) + self.at(Place::Leaving);
        gauges.push(Gauge { name: "letters on disk", value: letters as f64, unit: "messages" });
    }
}
