//! The short way out of an event: messages that go on at an output with room, or end well, and need no wish each.
//!
//! Most of what behaviours ask for is just that. A message on the lane takes 16 bytes and no branch of the engine's; a run of them for the
//! same output is handed over, counted and hashed as one. What is on the lane comes before every wish of the same event: as soon as an
//! event has asked for anything else, the rest of it takes the long way; but for what a store hands out, which shares its output with nothing else. So
//! the order of effects is as asked where anybody can see it (G10), and an output never gets more than there was room for (G1).

use crate::message::{INLINE_LIMIT, Message};

/// How a message left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// It goes on at this output.
    Emitted(u16),
    /// It came into the run here and goes on at this output.
    Entered(u16),
    /// A store hands it out at this output, against credit.
    HandedOut(u16),
    /// It ended well.
    Delivered,
}

/// A message on the lane.
#[derive(Debug)]
pub struct Passed {
    /// How it left.
    pub way: Way,
    /// What the pipe's byte count sees of it; 0 for one that was delivered.
    pub size: u32,
    /// The message.
    pub message: Message,
}

/// What one event, or one batch of messages, sent the short way.
#[derive(Default, Debug)]
pub struct Lane {
    /// By output: whether messages may take the short way there.
    pub open: Vec<bool>,
    /// The messages, in the order of asking.
    pub passed: Vec<Passed>,
}

impl Lane {
    /// Takes a message for an output, if it may go this way: its room is used up then. Else it comes back.
    #[inline(always)]
    pub(super) fn emit(&mut self, way: Way, port: usize, rooms: &mut [usize], message: Message) -> Option<Message> {
        if let (Some(true), Some(room @ 1..)) = (self.open.get(port), rooms.get_mut(port)) {
            let size = message.size();
            // A store's messages were let in once; only what goes into a pipe anew is measured.
            if size <= INLINE_LIMIT || matches!(way, Way::HandedOut(_)) {
                *room -= 1;
                self.passed.push(Passed { way, size: size as u32, message });
                return None;
            }
        }
        Some(message)
    }

    /// Takes back what was sent after the first `kept`, for an event that panicked: their room is free again, the messages are gone.
    pub fn take_back(&mut self, kept: usize, rooms: &mut [usize]) {
        for passed in self.passed.drain(kept..) {
            match passed.way {
                Way::Emitted(port) | Way::Entered(port) | Way::HandedOut(port) => rooms[usize::from(port)] += 1,
                Way::Delivered => {}
            }
        }
    }
}
