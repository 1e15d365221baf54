//! The journal: what happened that was worth a line. Bounded; the newest lines are kept, all are counted and hashed (G11).

use super::snapshot::JournalLine;
use crate::id::{NodeId, hash_text, mix};
use crate::units::Moment;
use std::collections::VecDeque;

/// How many lines are kept.
pub const LINES_KEPT: usize = 10_000;

/// The lines of one shard.
#[derive(Default, Debug)]
pub struct Journal {
    lines: VecDeque<JournalLine>,
    written: u64,
    hash: u64,
}

impl Journal {
    /// Writes a line. The hash is a sum over lines, so that it does not depend on how nodes are spread over shards.
    pub fn write(&mut self, at: Moment, node: Option<&NodeId>, text: &str) {
        let name = node.map_or(0, |node| hash_text(node.as_str()));
        self.hash = self.hash.wrapping_add(mix(mix(name ^ at.0) ^ hash_text(text)));
        self.written += 1;
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(JournalLine { at, node: node.cloned(), text: text.into() });
    }

    /// The lines kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &JournalLine> + ExactSizeIterator {
        self.lines.iter()
    }

    /// How many lines were written, kept or not.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// The hash over every line written.
    pub const fn hash(&self) -> u64 {
        self.hash
    }
}
