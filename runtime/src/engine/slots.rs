//! A station's open holds and wakes (G8): what its calendar entries stand for.

use crate::message::Message;
use crate::node::{Answer, Ticket};
use crate::units::Moment;
use std::collections::BTreeMap;

/// What falls due.
#[derive(Debug)]
pub enum Waiting {
    /// A held message, and the pull pipe it came through, if any.
    Hold {
        /// Its ticket.
        ticket: Ticket,
        /// The message.
        message: Message,
        /// The pipe whose sender hears that its service has ended.
        pipe: Option<u32>,
        /// Whether it was cut short: then no service came to its end.
        cancelled: bool,
        /// When the hold began.
        since: Moment,
    },
    /// A wake with its token.
    Wake(u64),
    /// The moment of a dead letter that is to go back to work: only the activation matters.
    Redrive,
    /// An answer of the modelled outside, which takes its time: to which request, and of which generation.
    Answer(Ticket, u32, Box<Answer>),
}

#[derive(Debug)]
struct Slot {
    /// The calendar entry that counts; others are out of date.
    sequence: u64,
    waiting: Option<Waiting>,
}

/// All that a station waits for.
#[derive(Default, Debug)]
pub struct Slots {
    all: Vec<Slot>,
    free: Vec<u32>,
    holds: usize,
    /// Slots by ticket, from the first time on that anybody asks for one: most stations never do.
    by_ticket: Option<BTreeMap<Ticket, u32>>,
}

impl Slots {
    /// Reserves a slot; the calendar entry's sequence number is set with [`Slots::set_sequence`].
    pub fn put(&mut self, waiting: Waiting) -> u32 {
        let ticket = ticket_of(&waiting);
        self.holds += usize::from(ticket.is_some());
        let slot = Slot { sequence: 0, waiting: Some(waiting) };
        let at = if let Some(at) = self.free.pop() {
            self.all[at as usize] = slot;
            at
        } else {
            self.all.push(slot);
            (self.all.len() - 1) as u32
        };
        if let (Some(known), Some(ticket)) = (&mut self.by_ticket, ticket) {
            known.insert(ticket, at);
        }
        at
    }

    /// Names the calendar entry that counts for a slot.
    pub fn set_sequence(&mut self, slot: u32, sequence: u64) {
        self.all[slot as usize].sequence = sequence;
    }

    /// Takes what is due, if this calendar entry still counts.
    pub fn take(&mut self, slot: u32, sequence: u64) -> Option<Waiting> {
        let entry = self.all.get_mut(slot as usize).filter(|entry| entry.sequence == sequence)?;
        let waiting = entry.waiting.take()?;
        let ticket = ticket_of(&waiting);
        self.holds -= usize::from(ticket.is_some());
        if let (Some(known), Some(ticket)) = (&mut self.by_ticket, ticket) {
            known.remove(&ticket);
        }
        self.free.push(slot);
        Some(waiting)
    }

    /// Whether this calendar entry still counts.
    pub fn counts(&self, slot: u32, sequence: u64) -> bool {
        self.all.get(slot as usize).is_some_and(|entry| entry.sequence == sequence && entry.waiting.is_some())
    }

    /// The slot of a held message.
    pub fn find(&mut self, ticket: Ticket) -> Option<u32> {
        let all = &self.all;
        let known = self.by_ticket.get_or_insert_with(|| {
            let held = |(at, slot): (usize, &Slot)| Some((ticket_of(slot.waiting.as_ref()?)?, at as u32));
            all.iter().enumerate().filter_map(held).collect()
        });
        known.get(&ticket).copied()
    }

    /// Notes that a hold is cut short.
    pub fn set_cancelled(&mut self, slot: u32) {
        if let Some(Waiting::Hold { cancelled, .. }) = &mut self.all[slot as usize].waiting {
            *cancelled = true;
        }
    }

    /// How many messages are held.
    pub const fn holds(&self) -> usize {
        self.holds
    }

    /// Every held message with the moment its hold began, for walking.
    pub fn held(&self) -> impl Iterator<Item = (&Message, Moment)> {
        self.all.iter().filter_map(|slot| match &slot.waiting {
            Some(Waiting::Hold { message, since, .. }) => Some((message, *since)),
            _ => None,
        })
    }

    /// Whether a message is held that came through this pull pipe.
    pub fn came_through(&self, pull: u32) -> bool {
        self.all.iter().any(|slot| matches!(slot.waiting, Some(Waiting::Hold { pipe: Some(pipe), .. }) if pipe == pull))
    }

    /// Takes every held message out; wakes stay.
    pub fn take_holds(&mut self) -> Vec<(Message, Option<u32>)> {
        let mut taken = Vec::with_capacity(self.holds);
        for (at, slot) in self.all.iter_mut().enumerate() {
            if let Some(Waiting::Hold { message, pipe, .. }) = slot.waiting.take_if(|waiting| matches!(waiting, Waiting::Hold { .. })) {
                self.free.push(at as u32);
                taken.push((message, pipe));
            }
        }
        self.holds = 0;
        self.by_ticket = None;
        taken
    }

    /// Takes every held message out and forgets every wake, as on a restart.
    pub fn clear(&mut self) -> Vec<(Message, Option<u32>)> {
        self.holds = 0;
        self.by_ticket = None;
        self.free.clear();
        let slots = std::mem::take(&mut self.all);
        slots
            .into_iter()
            .filter_map(|slot| match slot.waiting {
                Some(Waiting::Hold { message, pipe, .. }) => Some((message, pipe)),
                _ => None,
            })
            .collect()
    }
}

const fn ticket_of(waiting: &Waiting) -> Option<Ticket> {
    match waiting {
        Waiting::Hold { ticket, .. } => Some(*ticket),
        Waiting::Wake(_) | Waiting::Answer(..) | Waiting::Redrive => None,
    }
}
