//! A pipe of a running plan: the sender's credits and the receiver's reports (G1, G3).
//!
//! The sender's half and the receiver's half lie side by side in one record, but each worker touches only the half whose station it runs.

use crate::id::{PipeId, mix};
use crate::message::Message;
use crate::node::Flow;
use crate::telemetry::histogram::Histogram;
use crate::telemetry::weighted::Weighted;
use crate::units::{Moment, Span};
use std::collections::BTreeMap;

/// What stays the same for a pipe through a run.
#[derive(Clone, Debug)]
pub struct PipeShape {
    /// Its ends, by name.
    pub id: PipeId,
    /// The sending station and its output.
    pub from: (u32, u16),
    /// The receiving station and its input.
    pub to: (u32, u16),
    /// How messages flow.
    pub flow: Flow,
    /// Push: how many messages it holds. Pull: how many a plain consumer takes ahead, 0 for as many as it proves fit for. Free: 0.
    pub capacity: u32,
    /// Push: how many bytes it holds; 0 for any number.
    pub capacity_bytes: u64,
    /// How long a message may be in it before it is dropped as `expired`; zero: for ever.
    pub time_to_live: Span,
}

/// What a receiver took out of a pipe and the sender has not looked at yet. It is visible to the sender from the next round on (G11); a
/// sender that has room left is not woken for it.
#[derive(Clone, Copy, Default, Debug)]
pub struct Returned {
    /// How many messages.
    pub taken: u32,
    /// Their bytes, if they are bounded.
    pub bytes: u64,
    /// When.
    pub at: Moment,
    /// In which round.
    pub round: u64,
}

/// The rolling hash over what passes a pipe, at one moment (G11).
#[derive(Clone, Copy, Debug)]
pub struct RunningHash {
    hash: u64,
    moment: u64,
}

impl RunningHash {
    /// Goes on from `hash` with messages of this moment.
    pub const fn at(hash: u64, now: Moment) -> Self {
        Self { hash, moment: now.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// A message passes.
    #[inline]
    pub fn take(&mut self, message: &Message) {
        self.hash = mix(self.hash ^ self.moment) ^ message.id.low();
    }

    /// The hash so far.
    pub const fn now(self) -> u64 {
        self.hash
    }
}

/// A pipe at work.
#[derive(Clone, Debug)]
pub struct Pipe {
    /// What stays the same.
    pub shape: PipeShape,
    /// Whether it was taken out (G12): what is in it goes on to its receiver, nothing more comes in, and nobody hears of room in it.
    pub retired: bool,
    /// Sender: how many more messages the pipe takes (push).
    pub credits: u32,
    /// Sender: bytes in it, if they are bounded.
    pub bytes_inside: u64,
    /// Sender: whether messages are shown.
    pub watched: bool,
    /// Sender: messages through it, whole run.
    pub messages: u64,
    /// Sender: bytes through it, whole run.
    pub bytes: u64,
    /// Sender: how many messages the tap passed over.
    pub not_shown: u64,
    /// Sender: messages in it, but for what `returned` says.
    depth: Weighted,
    /// What the receiver took since the sender last looked.
    pub returned: Returned,
    /// Sender: since when it waits for room.
    pub blocked_since: Option<Moment>,
    /// Sender: how long it has waited, before that.
    pub blocked_for: Span,
    /// Sender: rolling hash over (instant, id, length) of every message (G11).
    pub hash: u64,
    /// Sender: messages before the warm-up ended.
    pub messages_before: u64,
    /// Receiver: messages taken, not yet reported.
    pub taken: u32,
    /// Receiver: their bytes, if they are bounded.
    pub taken_bytes: u64,
    /// Receiver: services finished, not yet reported (pull).
    pub finished: u32,
    /// Receiver: credit given out and not used (pull).
    pub outstanding: u32,
    /// Receiver: whether it has taken its credit back and waits to hear how much that was (pull). It gives none meanwhile.
    pub revoking: bool,
    /// Receiver: how many messages a plain consumer takes ahead (pull), see [`Pipe::prove`].
    pub ahead: u32,
    /// Receiver: messages in the station's input that came through here.
    pub waiting: u32,
    /// Receiver: from entering the store until a consumer starts (pull).
    pub wait: Histogram,
    /// Receiver: the same by priority, from the first message on that has one (pull).
    pub wait_by_priority: Option<BTreeMap<u8, Histogram>>,
    /// Receiver: from entering the store until a consumer has finished: nanoseconds in all, and how many (pull).
    pub stays: (u128, u64),
}

/// How many messages a plain consumer takes ahead at most, where nobody said how many.
pub const MOST_AHEAD: u32 = 256;

impl Pipe {
    /// An empty pipe.
    pub fn new(shape: PipeShape) -> Self {
        Self {
            credits: if shape.flow == Flow::Push { shape.capacity } else { 0 },
            ahead: shape.capacity.max(1),
            shape,
            retired: false,
            bytes_inside: 0,
            watched: false,
            messages: 0,
            bytes: 0,
            not_shown: 0,
            depth: Weighted::new(Moment::START),
            returned: Returned::default(),
            blocked_since: None,
            blocked_for: Span::ZERO,
            hash: 0,
            messages_before: 0,
            taken: 0,
            taken_bytes: 0,
            finished: 0,
            outstanding: 0,
            revoking: false,
            waiting: 0,
            wait: Histogram::default(),
            wait_by_priority: None,
            stays: (0, 0),
        }
    }

    /// The sender's half of this record with the receiver's half of another.
    #[must_use]
    pub fn with_receiver(self, receiver: Self) -> Self {
        Self {
            taken: receiver.taken,
            taken_bytes: receiver.taken_bytes,
            finished: receiver.finished,
            outstanding: receiver.outstanding,
            revoking: receiver.revoking,
            ahead: receiver.ahead,
            waiting: receiver.waiting,
            wait: receiver.wait,
            wait_by_priority: receiver.wait_by_priority,
            stays: receiver.stays,
            ..self
        }
    }

    /// Books a wait by priority, before `wait` does. While nobody has set a priority, all are 0 and `wait` says it all.
    pub fn rank(&mut self, priority: u8, waited: u64) {
        if priority == 0 && self.wait_by_priority.is_none() {
            return;
        }
        let before = &self.wait;
        let levels = self.wait_by_priority.get_or_insert_with(|| BTreeMap::from([(0, before.clone())]));
        levels.entry(priority).or_default().record(waited);
    }

    /// Books how long a message stayed, from entering the store until its consumer had finished.
    pub const fn stay(&mut self, nanos: u64) {
        self.stays.0 += nanos as u128;
        self.stays.1 += 1;
    }

    /// Books several such stays of the same length.
    pub const fn stay_n(&mut self, nanos: u64, count: u64) {
        self.stays.0 += nanos as u128 * count as u128;
        self.stays.1 += count;
    }

    /// A plain consumer has acted. It takes one message ahead at first; each time it used up its whole credit without being held up that
    /// doubles, up to [`MOST_AHEAD`], and when it is held up it starts again: what it would take ahead then, another consumer could work
    /// on. Where the pipe's `capacity` is set, it is that many.
    pub fn prove(&mut self, held_up: bool) {
        if self.shape.capacity > 0 {
            return;
        }
        if held_up {
            self.ahead = 1;
        } else if self.outstanding == 0 {
            self.ahead = (self.ahead * 2).min(MOST_AHEAD);
        }
    }

    /// Whether the sender may put a message of so many bytes in now: there is room for one more, and for its bytes (G1).
    pub fn has_room(&self, size: usize) -> bool {
        self.credits > 0 && (self.shape.capacity_bytes == 0 || self.bytes_inside + size as u64 <= self.shape.capacity_bytes)
    }

    /// Uses up the room for a message of so many bytes.
    pub fn fill(&mut self, size: usize) {
        self.credits -= 1;
        if self.shape.capacity_bytes > 0 {
            self.bytes_inside += size as u64;
        }
    }

    /// Notes what the receiver took in this round; what it took in an earlier one must have been looked at.
    pub fn give_back(&mut self, now: Moment, round: u64, taken: u32, bytes: u64) {
        debug_assert!(self.returned.taken == 0 || self.returned.round == round, "an older return was not looked at");
        self.returned = Returned { taken: self.returned.taken + taken, bytes: self.returned.bytes + bytes, at: now, round };
    }

    /// Looks at what the receiver took: room again in a push pipe. How many messages it was.
    pub fn look_at_returned(&mut self) -> u32 {
        let Returned { taken, bytes, at, .. } = std::mem::take(&mut self.returned);
        if taken > 0 {
            self.depth.sub(at, u64::from(taken));
            self.bytes_inside -= bytes;
            if self.shape.flow == Flow::Push {
                self.credits += taken;
            }
        }
        taken
    }

    /// Messages go back from it to its sender: they were never sent.
    pub fn take_back(&mut self, now: Moment, messages: u64) {
        self.depth.sub(now, messages);
        self.waiting -= messages as u32;
        self.messages = (self.messages - messages).max(self.messages_before);
    }

    /// Other bounds come into force. What is in it must have been reckoned with.
    pub fn resize(&mut self, shape: PipeShape) {
        if shape.flow == Flow::Pull && shape.capacity != self.shape.capacity {
            self.ahead = shape.capacity.max(1);
        }
        self.shape = shape;
    }

    /// Messages in it, over time.
    pub fn depth(&self) -> Weighted {
        let mut depth = self.depth;
        if self.returned.taken > 0 {
            depth.sub(self.returned.at, u64::from(self.returned.taken));
        }
        depth
    }

    /// Books a message that leaves the sender.
    pub fn sent(&mut self, now: Moment, message: &Message, size: usize) {
        let mut hash = RunningHash::at(self.hash, now);
        hash.take(message);
        self.sent_run(now, hash, 1, size as u64);
    }

    /// Books messages that leave the sender together, `bytes` in all, over which `hash` has gone on.
    #[inline]
    pub fn sent_run(&mut self, now: Moment, hash: RunningHash, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
        self.hash = hash.now();
        if self.shape.flow != Flow::Free {
            self.depth.add(now, messages);
        }
    }

    /// Notes whether the sender waits for room here.
    pub fn set_blocked(&mut self, now: Moment, blocked: bool) {
        match (self.blocked_since, blocked) {
            (None, true) => self.blocked_since = Some(now),
            (Some(since), false) => {
                self.blocked_for = Span(self.blocked_for.0 + now.since(since).0);
                self.blocked_since = None;
            }
            _ => {}
        }
    }

    /// How long the sender has waited for room, up to now.
    pub fn blocked_time(&self, now: Moment) -> Span {
        Span(self.blocked_for.0 + self.blocked_since.map_or(0, |since| now.since(since).0))
    }

    /// Forgets what was measured so far: the warm-up is over.
    pub fn restart_statistics(&mut self, now: Moment) {
        debug_assert!(self.returned.taken == 0, "what the receiver took was not looked at");
        self.messages_before = self.messages;
        self.depth.begin(now);
        self.blocked_for = Span::ZERO;
        self.blocked_since = self.blocked_since.map(|_| now);
        self.wait.clear();
        self.wait_by_priority = None;
        self.stays = (0, 0);
    }
}
