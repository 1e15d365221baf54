//! Handing out against credit (G3): which message goes next, and the lock that begins with it.

use super::{BATCH, GO_ON, Place, Store};
use crate::message::{Delivery, Settlement};
use crate::node::Effects;
use crate::nodes::queue::rules::Order;
use crate::units::{Moment, Span};

impl Store {
    pub(super) fn hand_out(&mut self, fx: &mut Effects<'_>) {
        let pending = self.unsettled();
        let may = self.rules.most_pending.map_or(usize::MAX, |most| usize::try_from(most.saturating_sub(pending)).unwrap_or(usize::MAX));
        let room = fx.room(self.output).min(may);
        for _ in 0..room.min(BATCH) {
            let Some((at, number)) = self.pop_ready(fx) else { return };
            let slot = &mut self.slots[at];
            self.handed_out.0 += 1;
            self.handed_out.1 += u64::from(slot.attempt == slot.before);
            slot.attempt = slot.attempt.wrapping_add(1);
            if !self.rules.at_least_once {
                let message = self.remove(at);
                fx.hand_out(self.output, message);
                continue;
            }
            let attempt = slot.attempt;
            let lock = self.rules.lock_of(attempt.wrapping_sub(slot.before));
            let mut message = slot.message.clone().expect("a slot in use has a message");
            message.settlement = Settlement::One(Delivery { origin: 0, attempt, number });
            self.move_to(at, Place::Unsettled);
            if lock != Span::ZERO {
                self.lock_as(at, number, fx.now() + lock);
            }
            fx.hand_out(self.output, message);
        }
        if room > BATCH && self.at(Place::Ready) > 0 {
            fx.wake(fx.now(), GO_ON);
        }
    }

    pub(super) fn lock(&mut self, at: usize, until: Moment) {
        self.lock_as(at, self.number(at), until);
    }

    fn lock_as(&mut self, at: usize, number: u64, until: Moment) {
        self.sequence += 1;
        let slot = &mut self.slots[at];
        slot.lock = self.sequence as u32;
        slot.locked_until = until;
        let lock = (until, self.sequence, number);
        if self.locks.back().is_none_or(|(end, ..)| *end <= until) {
            return self.locks.push_back(lock);
        }
        // Renewals last longer than new locks, and hot changes may shorten a lock: then the list takes the end in its order.
        let after = self.locks.partition_point(|(end, ..)| *end <= until);
        self.locks.insert(after, lock);
    }

    /// The next ready message that has not expired: its slot and its number.
    fn pop_ready(&mut self, fx: &mut Effects<'_>) -> Option<(usize, u64)> {
        for level in 0..self.levels.len() {
            loop {
                let numbers = &mut self.levels[level].numbers;
                let popped = if self.rules.order == Order::Fifo { numbers.pop_front() } else { numbers.pop_back() };
                let Some(number) = popped else { break };
                let Some(slot) = self.slot(number).filter(|slot| slot.place == Place::Ready) else { continue };
                let at = (number & 0xffff_ffff) as usize;
                if slot.message.as_ref().is_some_and(|message| message.expires > fx.now()) {
                    return Some((at, number));
                }
                self.expire_kept(at, fx);
            }
        }
        None
    }
}
