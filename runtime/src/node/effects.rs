//! What a behaviour may ask for while it takes an event. Asking records the wish; the engine carries the wishes out after the event, in
//! order, and throws them away if the behaviour panicked.

use super::behaviour::{Fault, Ticket};
use super::lane::{Lane, Passed, Way};
use super::outside::Ask;
use crate::id::MessageId;
use crate::message::{Message, Payload};
use crate::random::{Purpose, Random, StreamKey};
use crate::units::{Moment, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// One wish.
#[derive(Debug)]
pub enum Effect {
    /// A message comes into the run here (books: entered) and leaves at this output.
    Enter(usize, Message),
    /// A message goes on at this output.
    Emit(usize, Message),
    /// A message goes on at an output with a delivery of this node's own, which hears `Settled` when its last descendant has ended.
    EmitAwaited(usize, Message),
    /// A message goes on at an output that copies, to these of its pipes only (books: copied, for all but one).
    EmitAmong(usize, Arc<[u32]>, Message),
    /// One more copy of a message that goes on elsewhere too (books: copied).
    Copy(usize, Message),
    /// One more copy of a message that is kept, to one pipe of an output that copies (books: copied).
    CopyTo(usize, u32, Message),
    /// One more part of a message that goes on elsewhere too (books: split off).
    SplitOff(usize, Message),
    /// A message went into another one that carries its deliveries on (books: absorbed).
    Absorb(Message),
    /// A message ended well (books: delivered; G6).
    Deliver(Message),
    /// A message ended on purpose (books: dropped, by reason).
    Drop(Message, &'static str),
    /// A message failed here: to the error output; unwired, back to its store; with no store, to the graph's dead letters.
    Reject(Message, Arc<str>),
    /// A message failed here and goes back to its store (G4); with no store it is rejected.
    Nack(Message, Fault, Arc<str>),
    /// This node dies: all it holds, and all that stores have handed out to it, goes back to them. It lives on with what it knows.
    Crash(Arc<str>),
    /// [`super::Behaviour::intake`] says something else from now on.
    IntakeChanged,
    /// A store gives a message up: to its error output; unwired, to the graph's dead letters.
    DeadLetter(Message, &'static str, Arc<str>),
    /// The deliveries that waited for a message end well: a store has taken it (G4).
    Accept(crate::message::Settlement),
    /// A store hands a message out against credit (G3). It keeps its own copy until the settlement.
    HandOut(usize, Message),
    /// A store makes a message ready again while an earlier instance is still under way: one more in the books (copied).
    Duplicated,
    /// A late instance ended by a nack whose attempt the store had given up: it comes back to nobody (books: dropped, `superseded`).
    Superseded,
    /// Messages come into the run from the node's own durable store, where the run before has left them (books: entered).
    Recovered(u64),
    /// Arrivals of a source that found its backlog full (books: entered and dropped, `source_overrun`; G7).
    Overrun(u64),
    /// Something comes into the run here that is no message and fails at once (books: entered, then as `Reject`).
    EnterRejected(Message, Arc<str>),
    /// Keep a message until a moment (G8).
    Hold(Ticket, Message, Moment),
    /// End a hold at another moment.
    Reschedule(Ticket, Moment),
    /// End a hold now.
    Cancel(Ticket),
    /// Send `Wake` with this token at this moment.
    Wake(Moment, u64),
    /// Ask the outside (G9).
    Ask(Ticket, Box<Ask>),
    /// Ask the stores of a message's deliveries for more time: work on it goes on until this moment.
    Renew(crate::message::Settlement, Moment),
    /// A full store turns a message away: it goes back to its store; with no store it is rejected.
    Refuse(Message, Arc<str>),
    /// Write a line to the journal.
    Note(String),
    /// Count an error that ended no message, and show it.
    Error(Arc<str>),
    /// This source has nothing more to send, ever.
    Exhausted,
}

impl Effect {
    /// At which output a message leaves by this, in the order of a pipe.
    pub const fn output(&self) -> Option<usize> {
        match self {
            Self::Enter(at, _)
            | Self::Emit(at, _)
            | Self::EmitAwaited(at, _)
            | Self::Copy(at, _)
            | Self::SplitOff(at, _)
            | Self::HandOut(at, _) => Some(*at),
            _ => None,
        }
    }
}

/// What stays the same for a station through its life: its identity and its streams.
#[derive(Clone, Copy, Debug)]
pub struct Identity {
    /// Hash of the node's path.
    pub maker: u64,
    /// The root of its random streams.
    pub streams: StreamKey,
    /// UTC nanoseconds since 1970 at [`Moment::START`].
    pub epoch: u64,
}

/// The wishes of one event, and what a behaviour may know of its surroundings.
pub struct Effects<'a> {
    now: Moment,
    identity: &'a Identity,
    rooms: &'a mut [usize],
    wired: &'a [u32],
    tickets: &'a mut u64,
    wishes: &'a mut VecDeque<Effect>,
    first: usize,
    lane: Option<&'a mut Lane>,
}

impl<'a> Effects<'a> {
    /// What one event may emit at most (G1).
    pub const MOST_EMITTED: usize = 10_000;

    /// How often those at work on a delivery renew its lock. A lock must be longer to be kept so.
    pub const RENEW_EVERY: Span = Span::secs(10);

    /// Surroundings for one event. `rooms` and `wired` have one entry per output; `tickets` is the station's ticket counter.
    pub fn new(
        now: Moment,
        identity: &'a Identity,
        rooms: &'a mut [usize],
        wired: &'a [u32],
        tickets: &'a mut u64,
        wishes: &'a mut VecDeque<Effect>,
    ) -> Self {
        let first = wishes.len();
        Self { now, identity, rooms, wired, tickets, wishes, first, lane: None }
    }

    /// The same with a short way for messages ([`super::lane`]).
    #[must_use]
    pub fn with_lane(self, lane: &'a mut Lane) -> Self {
        Self { lane: Some(lane), ..self }
    }

    /// How many things were asked for that did not go the short way.
    #[inline]
    pub(super) fn wished(&self) -> usize {
        self.wishes.len() - self.first
    }

    /// How many messages are on the short way.
    #[inline]
    pub(super) fn passed(&self) -> usize {
        self.lane.as_ref().map_or(0, |lane| lane.passed.len())
    }

    /// Sends a message the short way if it may go there; else it comes back.
    #[inline(always)]
    fn pass(&mut self, way: Way, port: usize, message: Message) -> Option<Message> {
        match &mut self.lane {
            Some(lane) if self.wishes.len() == self.first => lane.emit(way, port, self.rooms, message),
            _ => Some(message),
        }
    }

    /// Asks for what does not go the short way.
    #[cold]
    fn wish(&mut self, wish: Effect) {
        self.wishes.push_back(wish);
    }

    /// The run clock (G12).
    pub const fn now(&self) -> Moment {
        self.now
    }

    /// UTC nanoseconds since 1970 at `moment` (G16).
    pub const fn calendar(&self, moment: Moment) -> u64 {
        self.identity.epoch.saturating_add(moment.0)
    }

    /// The hash of this node's path: the maker of derived ids (G5).
    pub const fn maker(&self) -> u64 {
        self.identity.maker
    }

    /// How many messages this output can take now: credit for stores, room in the pipe for others; less what this event has emitted
    /// there. It walks this event's wishes, so a loop asks once and counts by itself.
    ///
    /// A store must not hand out more. Any other node may emit beyond its room: the rest waits in its outbox, the node counts as blocked,
    /// and `Room` follows when the outbox has emptied. That is the only way to hear of room, so a source that wants to go on when there
    /// is room again emits one message more than there is room for.
    pub fn room(&self, port: usize) -> usize {
        let room = self.rooms.get(port).copied().unwrap_or(0);
        if room == 0 {
            return 0;
        }
        room.saturating_sub(self.wishes.range(self.first..).filter(|wish| wish.output() == Some(port)).count())
    }

    /// How many pipes leave this output.
    pub fn wired(&self, port: usize) -> u32 {
        self.wired.get(port).copied().unwrap_or(0)
    }

    /// The draws for one attempt at one message, for one purpose (G11).
    pub fn random(&self, purpose: Purpose, message: &Message) -> Random {
        let attempt = attempt_of(message);
        // A message that comes by again, in a loop through a service, draws anew.
        let visit = attempt.wrapping_add(u32::from(message.hops) << 16) ^ Self::life(message);
        self.identity.streams.purpose(purpose).for_message(message.id, visit)
    }

    /// The same for the n-th time that this node itself tries within one attempt, from 1: each time draws anew.
    pub fn random_again(&self, purpose: Purpose, message: &Message, time: u32) -> Random {
        let attempt = attempt_of(message);
        let visit = attempt.wrapping_add(u32::from(message.hops) << 16) ^ time.saturating_sub(1).wrapping_mul(0x9e37_79b9);
        self.identity.streams.purpose(purpose).for_message(message.id, visit ^ Self::life(message))
    }

    /// A message that was put back to work after it had been given up draws anew: what failed by chance may go well now.
    fn life(message: &Message) -> u32 {
        u32::from(message.redriven).wrapping_mul(0x85eb_ca6b)
    }

    /// The draws for the `index`-th thing of this node, for one purpose.
    pub const fn random_at(&self, purpose: Purpose, index: u64) -> Random {
        self.identity.streams.purpose(purpose).for_index(index)
    }

    /// A message as number `index` of this source, entering at `due` (which may lie in the past: G7).
    pub fn make(&self, index: u64, due: Moment, payload: Payload) -> Message {
        let words = self.identity.streams.purpose(const { Purpose::of("id") }).words(index);
        let id = MessageId::entering(self.calendar(due) / 1_000_000, words);
        Message::new(id, due, payload)
    }

    /// A new message comes into the run.
    #[inline(always)]
    pub fn enter(&mut self, port: usize, message: Message) {
        if let Some(message) = self.pass(Way::Entered(port as u16), port, message) {
            self.wish(Effect::Enter(port, message));
        }
    }

    /// A message goes on.
    #[inline(always)]
    pub fn emit(&mut self, port: usize, message: Message) {
        if let Some(message) = self.pass(Way::Emitted(port as u16), port, message) {
            self.wish(Effect::Emit(port, message));
        }
    }

    /// A message goes on with a delivery of this node's own in place of those it came with, by `number` and `attempt`: the node hears
    /// `Settled` when its last descendant has ended. Whoever waits for the message's former deliveries is this node's to tell.
    pub fn emit_awaited(&mut self, port: usize, mut message: Message, number: u64, attempt: u32) {
        message.settlement = crate::message::Settlement::One(crate::message::Delivery { origin: 0, attempt, number });
        self.wishes.push_back(Effect::EmitAwaited(port, message));
    }

    /// A message goes on at an output that copies, to these of its pipes only: at least one, each by its number among the output's pipes.
    pub fn emit_among(&mut self, port: usize, branches: impl Into<Arc<[u32]>>, message: Message) {
        self.wishes.push_back(Effect::EmitAmong(port, branches.into(), message));
    }

    /// One more copy, beside a message that goes on.
    pub fn copy(&mut self, port: usize, message: Message) {
        self.wishes.push_back(Effect::Copy(port, message));
    }

    /// A copy of a message that is kept goes to one pipe of an output that copies, by its number among the output's pipes.
    pub fn copy_to(&mut self, port: usize, branch: u32, message: Message) {
        self.wishes.push_back(Effect::CopyTo(port, branch, message));
    }

    /// One more part, beside a message that goes on.
    pub fn split_off(&mut self, port: usize, message: Message) {
        self.wishes.push_back(Effect::SplitOff(port, message));
    }

    /// A message went into another, which must carry its settlement ([`crate::message::Settlement::join`]).
    pub fn absorb(&mut self, message: Message) {
        self.wishes.push_back(Effect::Absorb(message));
    }

    /// A message ended well.
    #[inline(always)]
    pub fn deliver(&mut self, message: Message) {
        match &mut self.lane {
            Some(lane) if self.wishes.len() == self.first => lane.passed.push(Passed { way: Way::Delivered, size: 0, message }),
            _ => self.wish(Effect::Deliver(message)),
        }
    }

    /// A message ended on purpose.
    pub fn drop(&mut self, message: Message, reason: &'static str) {
        self.wishes.push_back(Effect::Drop(message, reason));
    }

    /// A message failed here.
    pub fn reject(&mut self, message: Message, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::Reject(message, error.into()));
    }

    /// A message goes back to where it came from, unharmed.
    pub fn nack(&mut self, message: Message, error: impl Into<Arc<str>>) {
        self.fail(message, Fault::Returned, error);
    }

    /// A message goes back to where it came from, for this fault.
    pub fn fail(&mut self, message: Message, fault: Fault, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::Nack(message, fault, error.into()));
    }

    /// This node dies, with all it holds and all that stores have handed out to it. Say [`Effects::intake_changed`] when it takes no more.
    pub fn crash(&mut self, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::Crash(error.into()));
    }

    /// Says that the node takes in more, or less, than before.
    pub fn intake_changed(&mut self) {
        self.wishes.push_back(Effect::IntakeChanged);
    }

    /// Tells who waits for these deliveries that they ended well, apart from any message: an acknowledgement that took its time.
    pub fn settle(&mut self, settlement: crate::message::Settlement) {
        self.wishes.push_back(Effect::Accept(settlement));
    }

    /// A store gives a message up.
    pub fn dead_letter(&mut self, message: Message, reason: &'static str, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::DeadLetter(message, reason, error.into()));
    }

    /// A store takes a message over: whoever waited for it is told, and it waits for nobody any more.
    pub fn accept(&mut self, message: &mut Message) {
        let settlement = std::mem::take(&mut message.settlement);
        if !settlement.deliveries().is_empty() {
            self.wishes.push_back(Effect::Accept(settlement));
        }
    }

    /// A store hands a message out. With a settlement, the store hears `Settled` when its last descendant has ended.
    pub fn hand_out(&mut self, port: usize, message: Message) {
        let left = match &mut self.lane {
            Some(lane) => lane.emit(Way::HandedOut(port as u16), port, self.rooms, message),
            None => Some(message),
        };
        if let Some(message) = left {
            self.wishes.push_back(Effect::HandOut(port, message));
        }
    }

    /// A store makes a message ready again while an earlier instance may still be under way: one more in the books.
    pub fn duplicated(&mut self) {
        self.wishes.push_back(Effect::Duplicated);
    }

    /// A store hears of a nack for an attempt that it has given up: the instance is gone, and one less in the books.
    pub fn superseded(&mut self) {
        self.wishes.push_back(Effect::Superseded);
    }

    /// A store has found this many messages that the run before has left in its durable store, and keeps them.
    pub fn recovered(&mut self, messages: u64) {
        if messages > 0 {
            self.wishes.push_back(Effect::Recovered(messages));
        }
    }

    /// A source gives up this many arrivals, because its backlog is full.
    pub fn overrun(&mut self, arrivals: u64) {
        if arrivals > 0 {
            self.wishes.push_back(Effect::Overrun(arrivals));
        }
    }

    /// A source found something that is no message: it enters the run and fails here.
    pub fn enter_rejected(&mut self, message: Message, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::EnterRejected(message, error.into()));
    }

    /// Keeps a message for a span; `Released` gives it back.
    pub fn hold(&mut self, message: Message, span: Span) -> Ticket {
        self.hold_until(message, self.now + span)
    }

    /// Keeps a message until a moment; `Released` gives it back.
    pub fn hold_until(&mut self, message: Message, moment: Moment) -> Ticket {
        let ticket = self.ticket();
        self.wishes.push_back(Effect::Hold(ticket, message, moment));
        ticket
    }

    /// Ends a hold at another moment.
    pub fn reschedule(&mut self, ticket: Ticket, moment: Moment) {
        self.wishes.push_back(Effect::Reschedule(ticket, moment));
    }

    /// Ends a hold now; `Released` follows.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.wishes.push_back(Effect::Cancel(ticket));
    }

    /// Asks to be woken at a moment (at once, if it has passed) with this token.
    pub fn wake(&mut self, moment: Moment, token: u64) {
        self.wishes.push_back(Effect::Wake(moment, token));
    }

    /// Asks the outside; `Answer` follows.
    pub fn ask(&mut self, ask: Ask) -> Ticket {
        let ticket = self.ticket();
        self.wishes.push_back(Effect::Ask(ticket, Box::new(ask)));
        ticket
    }

    /// Asks the stores of this message's deliveries for more time.
    pub fn renew(&mut self, message: &Message) {
        if !message.settlement.deliveries().is_empty() {
            self.wishes.push_back(Effect::Renew(message.settlement.clone(), self.now));
        }
    }

    /// Tells the stores of this message's deliveries that work on it goes on until `moment`: their locks last that long and one lock more,
    /// as if the consumer renewed them every [`Effects::RENEW_EVERY`] meanwhile. Nothing happens if it is over before that.
    pub fn renew_until(&mut self, message: &Message, moment: Moment) {
        if moment.since(self.now) > Self::RENEW_EVERY && !message.settlement.deliveries().is_empty() {
            self.wishes.push_back(Effect::Renew(message.settlement.clone(), moment));
        }
    }

    /// A full store turns a message away: it goes back to where it came from.
    pub fn refuse(&mut self, message: Message, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::Refuse(message, error.into()));
    }

    /// Writes a line to the journal.
    pub fn note(&mut self, line: impl Into<String>) {
        self.wishes.push_back(Effect::Note(line.into()));
    }

    /// Counts and shows an error that ended no message.
    pub fn error(&mut self, error: impl Into<Arc<str>>) {
        self.wishes.push_back(Effect::Error(error.into()));
    }

    /// Says that this source will send nothing more: a run whose sources are all exhausted and whose messages have all ended is over.
    pub fn exhausted(&mut self) {
        self.wishes.push_back(Effect::Exhausted);
    }

    const fn ticket(&mut self) -> Ticket {
        *self.tickets += 1;
        Ticket(*self.tickets)
    }
}

/// Which attempt a message is in. What was made of several deliveries is tried again when any of them is: else it would draw the same for ever.
fn attempt_of(message: &Message) -> u32 {
    message.settlement.deliveries().iter().fold(0, |sum, delivery| sum.wrapping_add(delivery.attempt))
}
