//! What a script has seen its node do.

use crate::message::{Message, Settlement};
use crate::node::{Ask, Fault};
use crate::units::Moment;
use std::sync::Arc;

/// A message that went out of the node.
#[derive(Clone, PartialEq, Debug)]
pub struct Left {
    /// When.
    pub at: Moment,
    /// At which output.
    pub port: usize,
    /// To which of the output's pipes, where the node chose.
    pub branch: Option<u32>,
    /// The message.
    pub message: Message,
}

/// A message that ended at the node.
#[derive(Clone, PartialEq, Debug)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// The reason or the error, in the behaviour's words; empty for a message that ended well.
    pub why: Arc<str>,
    /// The message.
    pub message: Message,
}

/// What a script has seen its node do, in order.
#[derive(Default, Debug)]
pub struct Seen {
    /// What went out, at any output.
    pub left: Vec<Left>,
    /// What ended well.
    pub delivered: Vec<Ended>,
    /// What ended on purpose.
    pub dropped: Vec<Ended>,
    /// What failed here, with no error output wired.
    pub rejected: Vec<Ended>,
    /// What failed here and went back to its store.
    pub nacked: Vec<Ended>,
    /// Why, message by message.
    pub faults: Vec<Fault>,
    /// What a store gave up, with no error output wired; `why` is the reason, a colon and the error.
    pub dead_lettered: Vec<Ended>,
    /// What went into another message.
    pub absorbed: Vec<Message>,
    /// Settlements of messages that a store took over.
    pub accepted: Vec<Settlement>,
    /// Settlements for which more time was asked.
    pub renewed: Vec<Settlement>,
    /// Requests to the outside.
    pub asked: Vec<Ask>,
    /// Lines for the journal.
    pub notes: Vec<String>,
    /// Errors that ended no message.
    pub errors: Vec<Arc<str>>,
    /// Whether the source said that it has nothing more.
    pub exhausted: bool,
}
