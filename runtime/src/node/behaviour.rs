//! What a node does: a state machine that takes events and asks for effects.

use super::{Answer, Batch, Effects, Form};
use crate::letter::Shelf;
use crate::message::Message;
use crate::units::Moment;
use std::sync::Arc;

/// Names one held message or one open request of a station.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Why a delivery comes back (G4). Which of them count towards the most deliveries is for the rules of the store to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Given back unharmed: whoever had it did not try, or was stopped.
    Returned,
    /// The work failed, and its consumer says so.
    Failed,
    /// Its consumer says that it will never succeed.
    GivenUp,
    /// Its consumer died, with all that it held.
    Crashed,
    /// Its consumer kept it longer than its lock. Only stores say so.
    LockLost,
}

/// How the last descendant of a delivery ended (G4).
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// Everything made from it was delivered, kept or dropped on purpose.
    Ack,
    /// Something failed; the whole comes back.
    Nack(Fault, Arc<str>),
}

/// What reaches a behaviour, one at a time.
#[derive(Debug)]
pub enum Event {
    /// The run begins (or the node was put in, or restarted). Sent again after changed settings were [`Change::Kept`], for what needs a
    /// moment or an effect to come into force.
    Start,
    /// A message came in at this input.
    Message(usize, Message),
    /// A hold ended: its span is over, or it was cancelled.
    Released(Ticket, Message),
    /// A moment asked for with `wake` has come.
    Wake(u64),
    /// This output can take messages again: credit came (stores), or the outbox has emptied (others).
    Room(usize),
    /// A delivery that this store handed out, by the store's own number, is settled. A verdict for an attempt that the store has
    /// given up is still passed on; `attempt` tells.
    Settled {
        /// The store's number for the message.
        number: u64,
        /// The attempt that this verdict is about.
        attempt: u32,
        /// How it ended.
        verdict: Verdict,
    },
    /// A consumer asks for more time for a delivery (G4).
    Renewed {
        /// The store's number for the message.
        number: u64,
        /// The attempt.
        attempt: u32,
        /// How long its work goes on, as far as known; not later than now if it only asks for one more lock.
        until: Moment,
    },
    /// An answer from the outside (G9).
    Answer(Ticket, Answer),
    /// The run drains: sources make nothing more; what waits for more to come (aggregates) closes now.
    Drain,
}

/// How a node takes messages in (G1, G3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intake {
    /// One at a time, as long as nothing waits in the outbox.
    Plain,
    /// Into servers: a message is taken only while a server is free; a finished one with a blocked output stays occupied (G8).
    Servers {
        /// How many. `u32::MAX`: as many as there is work for.
        servers: u32,
        /// How many more to take from a store ahead of need.
        prefetch: u32,
    },
    /// Into servers that share their capacity among all that is inside (processor sharing): a message is taken at once while fewer than
    /// `most` are inside. Busy are as many servers as there are messages, at most `servers`.
    Shared {
        /// How many servers share the work.
        servers: u32,
        /// How many messages may be worked on at once.
        most: u32,
    },
    /// Always: the node keeps messages itself, bounds itself, and emits only on `Room` (G1, G2).
    Store {
        /// Whether senders into it must wait now (a full queue that blocks its sender).
        closed: bool,
    },
}

/// What became of changed settings in a running node (G12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// In force from now on; nothing was lost. The behaviour hears [`Event::Start`] next.
    Kept,
    /// Only a restart brings them into force: what the node holds is given back first.
    Restart,
}

/// A figure of its own that a behaviour reports, shown beside the common ones.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Gauge {
    /// Its name on screen and in reports.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit: `"s"`, `"messages"`, `""`...
    pub unit: &'static str,
}

impl Gauge {
    /// Its name in a report: words joined by `_`, with `_s` behind spans of time, and `_bytes` behind sizes that do not speak of bytes anyway.
    pub fn key(&self) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let name: String = self.name.chars().map(word).collect();
        match self.unit {
            "s" => name + "_s",
            "B" if !name.contains("bytes") => name + "_bytes",
            _ => name,
        }
    }
}

/// What a node does. See the module page of [`crate::node`].
pub trait Behaviour: Send {
    /// Takes one event. Must not block, and may emit at most [`Effects::MOST_EMITTED`] messages.
    fn on(&mut self, event: Event, fx: &mut Effects<'_>);

    /// Takes messages that came in at one input: an event each. The engine calls this instead of [`Behaviour::on`] where several may wait.
    fn on_messages(&mut self, input: usize, batch: &mut Batch<'_>, fx: &mut Effects<'_>) {
        while let Some(message) = batch.next(fx) {
            self.on(Event::Message(input, message), fx);
            if self.intake() == (Intake::Store { closed: true }) {
                batch.end();
            }
        }
    }

    /// Hears that deliveries were acknowledged, by number and attempt: an event each. The engine calls this where several were at once.
    fn on_acks(&mut self, acks: &[(u64, u32)], fx: &mut Effects<'_>) {
        for &(number, attempt) in acks {
            self.on(Event::Settled { number, attempt, verdict: Verdict::Ack }, fx);
        }
    }

    /// Stores: comes after the last of the events that reach a store together. What they led to is done here, once for all of them, as far
    /// as no event of the same moment can depend on it: handing out, above all.
    fn rest(&mut self, _fx: &mut Effects<'_>) {}

    /// Stores: whether nothing that this one does before the next thing reaches it can depend on an acknowledgement. Then it is not woken for one,
    /// and takes it with what comes next. Asked again after changed settings.
    fn acks_wait(&self) -> bool {
        false
    }

    /// How it takes messages in; asked again after changed settings, after [`Effects::intake_changed`], and of a store after every event.
    fn intake(&self) -> Intake {
        Intake::Plain
    }

    /// Takes changed settings while running. The form has been checked.
    fn change(&mut self, _form: &mut Form<'_>) -> Change {
        Change::Restart
    }

    /// How many messages are inside: counted by walking, for the books (rule 9). Held and outgoing messages are the engine's to count;
    /// dead letters count below, not here.
    fn held(&self) -> u64 {
        0
    }

    /// Stores: the nanoseconds that messages have waited here up to `now`, message by message, those that have left included. The engine
    /// holds it against the time-weighted mean of [`Behaviour::held`] at the end of every run (Little's law). `None`: not a store.
    fn waited(&self, _now: Moment) -> Option<u128> {
        None
    }

    /// Stores: how many messages are not done with, waiting or in the hands of consumers. Whoever scales by the backlog is told this.
    fn backlog(&self) -> u64 {
        self.held()
    }

    /// How many dead letters ended here: a dead-letter node keeps them on purpose, and those it no longer keeps stay counted.
    fn dead_lettered(&self) -> u64 {
        0
    }

    /// The reasons of those dead letters with their counts, letters taken off the shelf included.
    fn dead_letter_reasons(&self) -> Vec<(&str, u64)> {
        Vec::new()
    }

    /// Whether it asks for a durable store: then the run opens one before it starts.
    fn durable(&self) -> bool {
        false
    }

    /// The dead letters that it keeps for a person to look at, discard or put back to work; `None`: it keeps none. What is taken off the
    /// shelf no longer counts in [`Behaviour::dead_lettered`].
    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    /// The same, for taking letters off and putting them back.
    fn shelf_mut(&mut self) -> Option<&mut Shelf> {
        None
    }

    /// A letter that was taken off its shelf is back at work, or was discarded: a node that keeps it elsewhere too lets it go there.
    fn letter_left(&mut self, _number: u64, _fx: &mut Effects<'_>) {}

    /// Whether a message that was given up here may come in again now, put back to work by hand. If not, why: it stays a dead letter then.
    /// A node that would drop or refuse it says so here.
    fn takes_back(&self, _input: usize, _message: &Message) -> Result<(), Arc<str>> {
        Ok(())
    }

    /// Gives up everything inside, as on removal or restart: each message leaves through an effect (nack, reject, drop).
    fn give_back(&mut self, _fx: &mut Effects<'_>) {}

    /// Figures of its own, at this moment.
    fn gauges(&self, _now: Moment, _gauges: &mut Vec<Gauge>) {}
}
