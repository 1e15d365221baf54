//! One sequence of a resequencer: what is next, and what waits behind a gap.

use crate::message::Message;
use crate::units::Moment;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One sequence.
pub struct Line {
    key: Arc<str>,
    /// The number that goes next; `None` until the sequence has begun.
    next: Option<i64>,
    held: BTreeMap<i64, Message>,
    /// Since when a number is missing.
    since: Option<Moment>,
}

impl Line {
    pub const fn new(key: Arc<str>, first: Option<i64>) -> Self {
        Self { key, next: first, held: BTreeMap::new(), since: None }
    }

    pub const fn key(&self) -> &Arc<str> {
        &self.key
    }

    /// Takes a message in; gives it back if its number has passed, or waits here already.
    pub fn put(&mut self, number: i64, message: Message) -> Result<(), Box<Message>> {
        if self.next.is_some_and(|next| number < next) || self.held.contains_key(&number) {
            return Err(Box::new(message));
        }
        self.held.insert(number, message);
        Ok(())
    }

    /// The next message, if it is here.
    pub fn next(&mut self) -> Option<Message> {
        let next = self.next?;
        let message = self.held.remove(&next)?;
        self.next = Some(next.saturating_add(1));
        self.since = None;
        Some(message)
    }

    /// Begins to wait if something is held and nobody waits yet; whether it did.
    pub fn wait(&mut self, now: Moment) -> bool {
        let begins = self.since.is_none() && !self.held.is_empty();
        if begins {
            self.since = Some(now);
        }
        begins
    }

    /// Since when a number is missing.
    pub const fn waits_since(&self) -> Option<Moment> {
        self.since
    }

    /// Gives up what is missing before the first that is here; whether a sequence that had begun lost something by it.
    pub fn skip(&mut self) -> bool {
        self.since = None;
        let lost = self.next.is_some();
        if let Some(first) = self.held.keys().next() {
            self.next = Some(*first);
        }
        lost
    }

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.held.values()
    }

    /// All that is held, in order; the sequence goes on behind it.
    pub fn all(&mut self) -> Vec<Message> {
        self.since = None;
        if let Some(last) = self.held.keys().next_back() {
            self.next = Some(last.saturating_add(1));
        }
        std::mem::take(&mut self.held).into_values().collect()
    }
}
