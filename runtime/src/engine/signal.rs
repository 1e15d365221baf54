//! What passes between stations beside messages: returned credit, settlements, answers. Signals always arrive, whatever is blocked (G1).

use super::desk::Returning;
use crate::letter::Letter;
use crate::message::Message;
use crate::node::{Answer, Fault, Ticket};
use crate::units::Moment;
use std::collections::VecDeque;
use std::sync::Arc;

/// Something that reaches a station beside its pipes.
#[derive(Debug)]
pub enum Signal {
    /// The receiver of a pull pipe reports to its store.
    Granted {
        /// The pipe.
        pipe: u32,
        /// For how many more it has free servers (G3).
        granted: u32,
        /// How many it finished serving.
        finished: u32,
    },
    /// A delivery has more descendants now (G4).
    Opened {
        /// The store's number for the message.
        number: u64,
        /// The attempt.
        attempt: u32,
        /// How many more.
        more: u32,
    },
    /// One descendant of a delivery ended well (G4).
    Closed {
        /// The store's number for the message.
        number: u64,
        /// The attempt.
        attempt: u32,
    },
    /// The same for several deliveries.
    ClosedMany {
        /// The store's number for each message, and the attempt.
        deliveries: Vec<(u64, u32)>,
    },
    /// One descendant of a delivery failed; the whole comes back (G4). Carries one message in the books until it is taken.
    Nacked {
        /// The store's number for the message.
        number: u64,
        /// The attempt.
        attempt: u32,
        /// Why, in a word.
        fault: Fault,
        /// Why, in words.
        error: Arc<str>,
    },
    /// A consumer asks for more time.
    Renew {
        /// The store's number for the message.
        number: u64,
        /// The attempt.
        attempt: u32,
        /// How long its work goes on.
        until: Moment,
    },
    /// The outside answers (G9).
    Answer {
        /// Which request.
        ticket: Ticket,
        /// The station's generation when it asked; answers to an older one are discarded.
        generation: u32,
        /// What came back.
        answer: Box<Answer>,
    },
    /// The receiver of a pull pipe takes back what credit is left (G3). Its store says how much that was.
    Revoked {
        /// The pipe.
        pipe: u32,
    },
    /// A store gives back credit that was taken back.
    CreditBack {
        /// The pipe.
        pipe: u32,
        /// How much.
        credit: u32,
    },
    /// A receiver asks its store how much there is to do.
    CountAsked {
        /// Who asks.
        station: u32,
        /// Its request.
        ticket: Ticket,
        /// Its generation.
        generation: u32,
        /// How many stores are asked.
        stores: u32,
    },
    /// A dead letter comes back to where it was given up. Carries one message in the books.
    Redriven(Box<Returning>),
    /// The letter of this number is with its origin again.
    Taken(u64),
    /// A dead letter that could not go back returns to its keeper. Carries one message in the books.
    Stays(Arc<Letter>, Arc<str>),
    /// The run drains.
    Drain,
}

impl Signal {
    /// Whether a store need not be woken for it, if its acknowledgements may wait ([`crate::node::Behaviour::acks_wait`]).
    pub const fn can_wait(&self) -> bool {
        matches!(self, Self::Opened { .. } | Self::Closed { .. } | Self::ClosedMany { .. })
    }

    /// How many messages the books see in it.
    pub const fn carried(&self) -> u64 {
        matches!(self, Self::Nacked { .. } | Self::Redriven(_) | Self::Stays(..)) as u64
    }
}

/// Something on its way to a station of another worker.
#[derive(Debug)]
pub enum Parcel {
    /// A message through a pipe.
    Message {
        /// The pipe.
        pipe: u32,
        /// The message.
        message: Message,
    },
    /// Messages through a pipe, in order.
    Messages {
        /// The pipe.
        pipe: u32,
        /// The messages, each with the pipe again, as they stand in an inbox.
        messages: VecDeque<(u32, Message)>,
    },
    /// Room in a pipe: its receiver took messages out (G1).
    Room {
        /// The pipe.
        pipe: u32,
        /// How many it took since the last report.
        taken: u32,
        /// Their bytes, if the pipe's bytes are bounded.
        bytes: u64,
    },
    /// A signal.
    Signal {
        /// The station, by its number in the plan.
        station: u32,
        /// Who sent it: pipes and stations have numbers of their own, see [`source_of_station`].
        source: u32,
        /// The signal.
        signal: Signal,
    },
}

impl Parcel {
    /// How many messages are in it.
    pub fn messages(&self) -> usize {
        match self {
            Self::Message { .. } => 1,
            Self::Messages { messages, .. } => messages.len(),
            Self::Room { .. } | Self::Signal { .. } => 0,
        }
    }
}

/// The source number of signals that a station sends by itself.
pub const fn source_of_station(station: u32) -> u32 {
    station
}

/// The source number of signals about a pipe. They come after those of stations: a consumer first settles a delivery and then reports
/// what it has finished, so that what a store hears of both is in order as it comes.
pub const fn source_of_pipe(pipe: u32) -> u32 {
    pipe | (1 << 31)
}
