//! The slots of a store: numbering, counting by place, and sweeping away what is stale.

use super::{Place, Slot, Store};
use crate::message::Message;
use crate::nodes::queue::rules::Counts;
use crate::units::Moment;
use std::cmp::Reverse;

/// So many entries may always be stale: sweeping fewer costs more than it saves.
const FEW: usize = 1_024;

impl Store {
    /// Clears stale entries away from the front of the lists, and from everywhere once they outnumber what is alive.
    pub(super) fn sweep(&mut self) {
        while self.locks.front().is_some_and(|&(_, lock, number)| self.locked(number, lock).is_none()) {
            self.locks.pop_front();
        }
        while self.expiries.peek().is_some_and(|Reverse((_, number))| self.slot(*number).is_none()) {
            self.expiries.pop();
        }
        let mut longest = self.locks.len().max(self.expiries.len()).max(self.delayed.len());
        for level in &self.levels {
            longest = longest.max(level.numbers.len());
        }
        if longest > FEW {
            let alive = (self.slots.len() - self.free.len()) * 2 + FEW;
            if longest > alive {
                self.sweep_all(alive);
            }
        }
    }

    /// Clears stale entries away from everywhere where there are more than `alive` entries.
    #[cold]
    fn sweep_all(&mut self, alive: usize) {
        if self.locks.len() > alive {
            let mut locks = std::mem::take(&mut self.locks);
            locks.retain(|&(_, lock, number)| self.locked(number, lock).is_some());
            self.locks = locks;
        }
        if self.expiries.len() > alive {
            let mut expiries = std::mem::take(&mut self.expiries).into_vec();
            expiries.retain(|Reverse((_, number))| self.slot(*number).is_some());
            self.expiries = expiries.into();
        }
        if self.delayed.len() > alive {
            let mut delayed = std::mem::take(&mut self.delayed).into_vec();
            delayed.retain(|Reverse((_, _, number))| self.find(*number, Place::Delayed).is_some());
            self.delayed = delayed.into();
        }
        self.sweep_parked(alive);
        for level in 0..self.levels.len() {
            if self.levels[level].numbers.len() > alive {
                let mut numbers = std::mem::take(&mut self.levels[level].numbers);
                numbers.retain(|number| self.find(*number, Place::Ready).is_some());
                self.levels[level].numbers = numbers;
            }
        }
    }

    /// The slot of a message that is held, by a consumer or by nobody, by just this lock.
    pub(super) fn locked(&self, number: u64, lock: u64) -> Option<usize> {
        let at = self.find(number, Place::Unsettled).or_else(|| self.find(number, Place::Abandoned));
        at.filter(|at| self.slots[*at].lock == lock as u32)
    }

    pub(super) fn slot(&self, number: u64) -> Option<&Slot> {
        let slot = self.slots.get((number & 0xffff_ffff) as usize)?;
        (u64::from(slot.generation) == number >> 32 && slot.place != Place::Free).then_some(slot)
    }

    pub(super) fn find(&self, number: u64, place: Place) -> Option<usize> {
        self.slot(number).filter(|slot| slot.place == place).map(|_| (number & 0xffff_ffff) as usize)
    }

    pub(super) fn number(&self, at: usize) -> u64 {
        at as u64 | u64::from(self.slots[at].generation) << 32
    }

    /// The nanoseconds that messages have waited here, ready or delayed, up to `now`: those that have left, and those inside.
    pub fn waited(&self, now: Moment) -> u128 {
        let inside = self.slots.iter().filter(|slot| slot.place.waits());
        self.waited + inside.map(|slot| u128::from(now.since(slot.since).0)).sum::<u128>()
    }

    pub(super) fn move_to(&mut self, at: usize, place: Place) {
        let now = self.now;
        let slot = &mut self.slots[at];
        let before = std::mem::replace(&mut slot.place, place);
        match (before.waits(), place.waits()) {
            (false, true) => {
                slot.since = now;
                self.waiting += 1;
            }
            (true, false) => {
                self.waited += u128::from(now.since(slot.since).0);
                self.waiting -= 1;
            }
            _ => {}
        }
        if slot.size > 0 {
            let size = u64::from(slot.size);
            self.move_bytes(size, before, place);
        }
        self.counts[before as usize] = self.counts[before as usize].wrapping_sub(1);
        self.counts[place as usize] = self.counts[place as usize].wrapping_add(1);
    }

    fn move_bytes(&mut self, size: u64, before: Place, place: Place) {
        let counted = |place| match place {
            Place::Free | Place::Leaving => false,
            Place::Coming | Place::Ready | Place::Delayed | Place::Abandoned | Place::Aside => true,
            Place::Unsettled => self.rules.counts == Counts::InSystem,
        };
        let (was, is) = (counted(before), counted(place));
        self.bytes = self.bytes.saturating_sub(if was { size } else { 0 });
        self.bytes += if is { size } else { 0 };
    }

    pub(super) fn insert(&mut self, message: Message, now: Moment, size: u64, before: u32) -> u64 {
        let at = self.free.pop().map_or(self.slots.len(), |at| at as usize);
        if at == self.slots.len() {
            self.slots.push(Slot::FREE);
        }
        let slot = &mut self.slots[at];
        (slot.attempt, slot.before, slot.failures, slot.lock) = (before, before, 0, 0);
        (slot.arrived, slot.since, slot.locked_until) = (now, now, Moment::NEVER);
        slot.size = u32::try_from(size).unwrap_or(u32::MAX);
        slot.message = Some(message);
        at as u64 | u64::from(slot.generation) << 32
    }

    pub(super) fn remove(&mut self, at: usize) -> Message {
        self.move_to(at, Place::Free);
        let slot = &mut self.slots[at];
        let number = at as u64 | u64::from(slot.generation) << 32;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(at as u32);
        let message = slot.message.take().expect("a slot in use has a message");
        if !self.failures.is_empty() {
            self.failures.remove(&number);
        }
        if !self.turns.is_idle() {
            self.left_line(at, number);
        }
        if let Some(durable) = &mut self.durable {
            durable.gone(at);
        }
        message
    }
}
