//! A shelf of dead letters: bounded, in order of coming, each with a number. Copies share what has not changed, so that a picture of
//! thousands of letters costs a few pointers.

use super::{NoWayBack, deliveries, error, origin, reason, redriven};
use crate::id::End;
use crate::message::{Message, Settlement};
use crate::units::Moment;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many letters stand together: what a change copies at most.
const TOGETHER: usize = 128;

/// One dead letter.
#[derive(Clone, PartialEq, Debug)]
pub struct Letter {
    /// Its number on this shelf.
    pub number: u64,
    /// When it came here, on the run clock.
    pub at: Moment,
    /// The message, with what its headers say of its failures.
    pub message: Message,
}

impl Letter {
    /// Why, as a word.
    pub fn reason(&self) -> &str {
        reason(&self.message)
    }

    /// Why, in words.
    pub fn error(&self) -> &str {
        error(&self.message)
    }

    /// How often it was delivered; 0 if nobody said.
    pub fn deliveries(&self) -> u64 {
        deliveries(&self.message)
    }

    /// How often it was redriven before it failed again.
    pub fn redriven(&self) -> u64 {
        redriven(&self.message)
    }

    /// Where a redrive puts it back to.
    pub fn origin(&self) -> Result<End, NoWayBack> {
        origin(&self.message)
    }
}

/// What was done by hand with the letters of a shelf.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Acts {
    /// Asked back to work, and still waiting for their moment.
    pub pending: u64,
    /// Went back to work.
    pub sent: u64,
    /// Could not go back and stay.
    pub stayed: u64,
    /// Were asked for, and no longer there.
    pub gone: u64,
    /// Were discarded.
    pub discarded: u64,
    /// Why the newest that stayed did.
    pub why: Option<Arc<str>>,
}

type Group = Arc<Vec<Arc<Letter>>>;

/// The letters that somebody keeps.
#[derive(Clone, Debug)]
pub struct Shelf {
    /// Oldest first, in order of their numbers; none is empty.
    groups: VecDeque<Group>,
    kept: usize,
    capacity: usize,
    next: u64,
    counted: u64,
    version: u64,
    /// What was done by hand.
    pub acts: Acts,
}

impl Shelf {
    /// An empty shelf for so many letters.
    pub fn new(capacity: usize) -> Self {
        Self { groups: VecDeque::new(), kept: 0, capacity, next: 0, counted: 0, version: 0, acts: Acts::default() }
    }

    /// Puts a letter up. Nobody waits for its end any more. Beyond the capacity the oldest is let go; it stays counted. Its number, and those of
    /// letters that were let go.
    pub fn put(&mut self, mut message: Message, at: Moment) -> (u64, Vec<u64>) {
        message.settlement = Settlement::None;
        if message.tracked().is_some() {
            message.head_mut().tracked = None;
        }
        let number = self.next;
        let letter = Letter { number, at, message };
        self.next += 1;
        self.counted += 1;
        self.kept += 1;
        match self.groups.back_mut().filter(|group| group.len() < TOGETHER) {
            Some(group) => Arc::make_mut(group).push(Arc::new(letter)),
            None => self.groups.push_back(Arc::new(vec![Arc::new(letter)])),
        }
        (number, self.trim())
    }

    /// Takes a letter off the shelf. `None` if it is no longer there.
    pub fn take(&mut self, number: u64) -> Option<Arc<Letter>> {
        let at = self.group_of(number)?;
        let within = self.groups[at].binary_search_by_key(&number, |letter| letter.number).ok()?;
        let group = Arc::make_mut(&mut self.groups[at]);
        let letter = group.remove(within);
        if group.is_empty() {
            self.groups.remove(at);
        }
        self.kept -= 1;
        self.counted -= 1;
        self.version += 1;
        Some(letter)
    }

    /// Puts a letter back that was taken, at its place. The numbers of letters that were let go for it.
    pub fn put_back(&mut self, letter: Arc<Letter>) -> Vec<u64> {
        let number = letter.number;
        self.next = self.next.max(number + 1);
        self.counted += 1;
        self.kept += 1;
        // The last group that begins before it; the first one, if none does.
        let at = self.groups.partition_point(|group| group[0].number <= number).saturating_sub(1);
        if let Some(group) = self.groups.get_mut(at) {
            let group = Arc::make_mut(group);
            let within = group.partition_point(|other| other.number < number);
            group.insert(within, letter);
            if group.len() > 2 * TOGETHER {
                let rest = group.split_off(TOGETHER);
                self.groups.insert(at + 1, Arc::new(rest));
            }
        } else {
            self.groups.push_back(Arc::new(vec![letter]));
        }
        self.trim()
    }

    /// Sets how many it keeps. The numbers of letters that were let go.
    pub fn set_capacity(&mut self, capacity: usize) -> Vec<u64> {
        self.capacity = capacity;
        self.trim()
    }

    fn trim(&mut self) -> Vec<u64> {
        self.version += 1;
        let mut let_go = Vec::new();
        while self.kept > self.capacity {
            let Some(group) = self.groups.front_mut() else { break };
            let excess = (self.kept - self.capacity).min(group.len());
            self.kept -= excess;
            let_go.extend(group[..excess].iter().map(|letter| letter.number));
            if excess == group.len() {
                self.groups.pop_front();
            } else {
                Arc::make_mut(group).drain(..excess);
            }
        }
        let_go
    }

    fn group_of(&self, number: u64) -> Option<usize> {
        self.groups.partition_point(|group| group[0].number <= number).checked_sub(1)
    }

    /// The letter with this number, if it is still there.
    pub fn get(&self, number: u64) -> Option<&Arc<Letter>> {
        let group = &self.groups[self.group_of(number)?];
        group.binary_search_by_key(&number, |letter| letter.number).ok().map(|within| &group[within])
    }

    /// The letters, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Letter>> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// How many are kept.
    pub const fn len(&self) -> usize {
        self.kept
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.kept == 0
    }

    /// How many dead letters ended here, kept or let go: what the books count.
    pub const fn counted(&self) -> u64 {
        self.counted
    }

    /// Grows with every change of the letters.
    pub const fn version(&self) -> u64 {
        self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use crate::message::{Delivery, Payload, Tracked};

    fn filled(capacity: usize, count: u128) -> Shelf {
        let mut shelf = Shelf::new(capacity);
        for id in 0..count {
            shelf.put(Message::new(MessageId(id), Moment::START, Payload::EMPTY), Moment(id as u64));
        }
        shelf
    }

    fn numbers(shelf: &Shelf) -> Vec<u64> {
        shelf.iter().map(|letter| letter.number).collect()
    }

    #[test]
    fn keeps_the_newest_and_counts_all() {
        let shelf = filled(300, 1_000);
        assert_eq!((shelf.len(), shelf.counted()), (300, 1_000));
        assert_eq!(numbers(&shelf), (700..1_000).collect::<Vec<_>>());
        assert!(shelf.get(699).is_none() && shelf.get(700).is_some());
    }

    #[test]
    fn what_is_taken_is_gone_and_comes_back_to_its_place() {
        let mut shelf = filled(1_000, 500);
        let taken: Vec<Arc<Letter>> = [3, 128, 499, 0, 127].into_iter().map(|number| shelf.take(number).unwrap()).collect();
        assert!(shelf.take(128).is_none() && shelf.get(128).is_none());
        assert_eq!((shelf.len(), shelf.counted()), (495, 495));
        taken.into_iter().for_each(|letter| drop(shelf.put_back(letter)));
        assert_eq!((numbers(&shelf), shelf.counted()), ((0..500).collect::<Vec<_>>(), 500));
        let all: Vec<Arc<Letter>> = (0..500).map(|number| shelf.take(number).unwrap()).collect();
        assert!(shelf.is_empty() && shelf.groups.is_empty());
        all.into_iter().rev().for_each(|letter| drop(shelf.put_back(letter)));
        assert_eq!(numbers(&shelf), (0..500).collect::<Vec<_>>());
        assert!(shelf.groups.iter().all(|group| group.len() <= 2 * TOGETHER));
    }

    #[test]
    fn a_copy_shares_all_groups_but_the_changed_one() {
        let mut shelf = filled(10_000, 1_000);
        let (picture, version) = (shelf.clone(), shelf.version());
        shelf.take(200);
        assert!(shelf.version() > version);
        let shared = shelf.groups.iter().zip(&picture.groups).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
        assert_eq!((shared, shelf.groups.len()), (7, 8));
        assert!(picture.get(200).is_some());
    }

    #[test]
    fn nobody_waits_for_a_letter() {
        let mut message = Message::new(MessageId(1), Moment::START, Payload::EMPTY);
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        message.head_mut().tracked = Some(Tracked { origin: 1, number: 1 });
        let mut shelf = Shelf::new(1);
        shelf.put(message, Moment::START);
        let letter = shelf.get(0).unwrap();
        assert_eq!((&letter.message.settlement, letter.message.tracked()), (&Settlement::None, None));
        assert_eq!(shelf.set_capacity(0), [0]);
        assert_eq!((shelf.len(), shelf.counted()), (0, 1));
    }
}
