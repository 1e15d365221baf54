//! In what order finished work leaves a step: who began first waits for nobody, the others for those before them.

use crate::node::Ticket;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What waits for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Nobody.
    AsFinished,
    /// Each for all that began before it.
    Kept,
    /// Each for those of its key that began before it.
    ByKey,
}

/// What was begun, in lines of those that wait for each other.
#[derive(Default)]
pub struct Sequence {
    lines: BTreeMap<Option<Arc<str>>, VecDeque<u64>>,
    line_of: BTreeMap<u64, Option<Arc<str>>>,
    /// What is finished and waits for its turn.
    done: BTreeMap<u64, Ticket>,
}

impl Sequence {
    /// Work with this number begins.
    pub fn begin(&mut self, serial: u64, order: Order, key: Option<&str>) {
        let line = match (order, key) {
            (Order::AsFinished, _) | (Order::ByKey, None) => return,
            (Order::Kept, _) => None,
            (Order::ByKey, Some(key)) => Some(Arc::from(key)),
        };
        self.lines.entry(line.clone()).or_default().push_back(serial);
        self.line_of.insert(serial, line);
    }

    /// Whether this work may leave as soon as it is finished.
    pub fn is_first(&self, serial: u64) -> bool {
        let line = self.line_of.get(&serial).and_then(|line| self.lines.get(line));
        line.is_none_or(|line| line.front() == Some(&serial))
    }

    /// Finished work waits for its turn.
    pub fn wait(&mut self, serial: u64, ticket: Ticket) {
        self.done.insert(serial, ticket);
    }

    /// Work that was the first of its line leaves: the next one, if it is finished. It stays the first until it has left too.
    pub fn leave(&mut self, serial: u64) -> Option<Ticket> {
        let line = self.line_of.remove(&serial)?;
        let waiting = self.lines.get_mut(&line)?;
        waiting.pop_front();
        if let Some(next) = waiting.front() {
            return self.done.remove(next);
        }
        self.lines.remove(&line);
        None
    }

    /// How many are finished and wait for others.
    pub fn waiting(&self) -> usize {
        self.done.len()
    }
}
