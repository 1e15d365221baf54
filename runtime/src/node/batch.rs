//! Messages that a behaviour takes in one go.
//!
//! A batch is what waits at one input, all from one pipe, and nothing about it is visible: each message counts as an event of its own. It
//! ends early as soon as an event has asked for more than the short way gives ([`super::lane`]), because the engine must carry that out before it
//! knows whether the station may take one more (G1).

use super::Effects;
use crate::message::{Message, Settlement};
use crate::units::Moment;
use std::collections::VecDeque;

/// Messages to take, one after another.
#[derive(Debug)]
pub struct Batch<'a> {
    waiting: &'a mut VecDeque<(u32, Message)>,
    pipe: u32,
    most: usize,
    /// Whether an event may follow one whose wishes are not carried out yet: a store bounds itself.
    store: bool,
    /// How many wishes there were before the event under way.
    pub wished: usize,
    /// How many were taken.
    pub taken: usize,
    /// How many messages were on the lane before the event under way.
    pub kept: usize,
    /// Who waits for the end of the message in hand, in case the behaviour panics.
    pub settlement: Settlement,
    /// Since when the messages had waited in their stores, where that counts: a moment, and how many in a row.
    pub queued: Option<&'a mut Vec<(Moment, u64)>>,
}

impl<'a> Batch<'a> {
    /// At most `most` messages from the front of an input, as far as they came through this pipe.
    pub const fn new(
        waiting: &'a mut VecDeque<(u32, Message)>,
        pipe: u32,
        most: usize,
        store: bool,
        queued: Option<&'a mut Vec<(Moment, u64)>>,
    ) -> Self {
        Self { waiting, pipe, most, store, wished: 0, taken: 0, kept: 0, settlement: Settlement::None, queued }
    }

    /// Ends the batch: nothing more may be taken.
    pub const fn end(&mut self) {
        self.most = self.taken;
    }

    /// Whether a message may be in a batch: nobody looks at just this one. From a store (`pull`), waits are told apart by priority.
    pub fn fits(message: &Message, pull: bool) -> bool {
        !(pull && message.priority > 0) && message.tracked().is_none()
    }

    /// The next message: a new event begins. Always inlined, as all that happens to every message at every node.
    #[inline(always)]
    pub fn next(&mut self, fx: &Effects<'_>) -> Option<Message> {
        if self.taken == self.most || (!self.store && fx.wished() > 0) {
            return None;
        }
        let (pipe, mut message) = self.waiting.pop_front()?;
        if pipe != self.pipe || !Self::fits(&message, self.queued.is_some()) {
            self.waiting.push_front((pipe, message));
            return None;
        }
        self.taken += 1;
        (self.kept, self.wished) = (fx.passed(), fx.wished());
        if !matches!((&self.settlement, &message.settlement), (Settlement::None, Settlement::None)) {
            self.remember(&message.settlement);
        }
        message.arrived = fx.now();
        if let Some(queued) = &mut self.queued {
            match queued.last_mut() {
                Some((moment, count)) if *moment == message.queued => *count += 1,
                _ => more(queued, message.queued),
            }
        }
        Some(message)
    }

    #[inline(never)]
    fn remember(&mut self, settlement: &Settlement) {
        self.settlement.clone_from(settlement);
    }
}

#[inline(never)]
fn more(queued: &mut Vec<(Moment, u64)>, moment: Moment) {
    queued.push((moment, 1));
}
