//! The calendar: what is due when, ordered by (time, sequence), for both drivers.

use crate::units::Moment;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One entry: a slot of a station falls due. The slot knows whether the entry still counts (it may have been moved or cancelled).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// When.
    pub at: Moment,
    /// Order of making: breaks ties, and tells a live entry from a cancelled one.
    pub sequence: u64,
    /// The station, by its number in the shard.
    pub station: u32,
    /// The slot in that station.
    pub slot: u32,
}

impl Ord for Due {
    /// Reversed, so that the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Entries in order of (time, sequence).
#[derive(Default, Debug)]
pub struct Calendar {
    heap: BinaryHeap<Due>,
    sequence: u64,
}

impl Calendar {
    /// Enters a slot; the sequence number that stands for this entry.
    pub fn enter(&mut self, at: Moment, station: u32, slot: u32) -> u64 {
        self.sequence += 1;
        self.heap.push(Due { at, sequence: self.sequence, station, slot });
        self.sequence
    }

    /// The sequence number of an entry that is due as it is made, and is not kept here.
    pub const fn pass(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// When the next entry is due.
    #[inline]
    pub fn next(&self) -> Option<Moment> {
        self.heap.peek().map(|due| due.at)
    }

    /// Takes the next entry if it is due by `now`.
    #[inline]
    pub fn take(&mut self, now: Moment) -> Option<Due> {
        if self.heap.peek()?.at > now {
            return None;
        }
        self.heap.pop()
    }

    /// Takes all entries out, in no order. Numbers go on from `least` at least, so that none stands for two entries.
    pub fn take_all(&mut self, least: u64) -> Vec<Due> {
        self.sequence = self.sequence.max(least);
        std::mem::take(&mut self.heap).into_vec()
    }

    /// The newest entry's number.
    pub const fn newest(&self) -> u64 {
        self.sequence
    }

    /// How many entries there are, cancelled ones included.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is entered.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g11_entries_leave_by_time_then_sequence() {
        let mut calendar = Calendar::default();
        for (at, station) in [(5, 0), (3, 1), (5, 2), (3, 3), (1, 4)] {
            calendar.enter(Moment(at), station, 0);
        }
        assert_eq!(calendar.next(), Some(Moment(1)));
        let order: Vec<u32> = std::iter::from_fn(|| calendar.take(Moment(5))).map(|due| due.station).collect();
        assert_eq!(order, [4, 1, 3, 0, 2]);
        assert!(calendar.take(Moment(9)).is_none());
    }
}
