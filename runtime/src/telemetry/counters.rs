//! What a station counts: single-writer, plain integers.

use super::snapshot::Books;

/// Counts since the start of the run.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Messages taken in.
    pub received: u64,
    /// Messages that left through an output.
    pub sent: u64,
    /// Messages that came into the run here.
    pub entered: u64,
    /// How many of them came out of a durable store that the run before has left.
    pub recovered: u64,
    /// Copies made here.
    pub copied: u64,
    /// Parts split off here.
    pub split_off: u64,
    /// Messages that ended well here.
    pub delivered: u64,
    /// Messages that went into another one here. A failed aggregate gives its parts back, which takes from this.
    pub absorbed: i64,
    /// Messages given up here that no node keeps.
    pub dead_lettered: u64,
    /// Of these, taken back by hand: redriven or discarded. One that could not go back counts here no longer.
    pub taken_back: u64,
    /// Messages that a store gave up here, kept by a node or not.
    pub given_up: u64,
    /// Failures, of messages and otherwise.
    pub errors: u64,
    /// Holds of a server that ran to their end.
    pub services: u64,
    /// Messages ended on purpose, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// Messages given up here that no node keeps, by reason; those taken back stay counted.
    pub dead_letter_reasons: Vec<(&'static str, u64)>,
    /// Messages handed out by a store, redeliveries included.
    pub handed_out: u64,
    /// Messages that a full store refused.
    pub refused: u64,
    /// Messages whose time to live ended here, given up or dropped.
    pub expired: u64,
}

impl Counts {
    /// Counts one message dropped for this reason.
    pub fn drop(&mut self, reason: &'static str) {
        self.drop_many(reason, 1);
    }

    /// Counts messages dropped for this reason.
    pub fn drop_many(&mut self, reason: &'static str, number: u64) {
        add(&mut self.dropped, reason, number);
    }

    /// Counts one message given up that no node keeps.
    pub fn dead_letter(&mut self, reason: &'static str) {
        self.dead_lettered += 1;
        add(&mut self.dead_letter_reasons, reason, 1);
    }

    /// What was counted since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            received: self.received - before.received,
            sent: self.sent - before.sent,
            entered: self.entered - before.entered,
            recovered: self.recovered - before.recovered,
            copied: self.copied - before.copied,
            split_off: self.split_off - before.split_off,
            delivered: self.delivered - before.delivered,
            absorbed: self.absorbed - before.absorbed,
            dead_lettered: self.dead_lettered - before.dead_lettered,
            // Less than before if one taken back during the warm-up had to return after it.
            taken_back: self.taken_back.saturating_sub(before.taken_back),
            given_up: self.given_up - before.given_up,
            errors: self.errors - before.errors,
            services: self.services - before.services,
            dropped: less(&self.dropped, &before.dropped),
            dead_letter_reasons: less(&self.dead_letter_reasons, &before.dead_letter_reasons),
            handed_out: self.handed_out - before.handed_out,
            refused: self.refused - before.refused,
            expired: self.expired - before.expired,
        }
    }

    /// Adds these counts to the books of the run (rule 9).
    pub fn add_to(&self, books: &mut Books) {
        books.entered += self.entered;
        books.recovered += self.recovered;
        books.copied += self.copied;
        books.split_off += self.split_off;
        books.delivered += self.delivered;
        books.absorbed = books.absorbed.wrapping_add_signed(self.absorbed);
        books.dead_lettered += self.dead_lettered - self.taken_back;
        for (reason, count) in &self.dropped {
            *books.dropped.entry(reason).or_default() += count;
        }
    }
}

fn add(reasons: &mut Vec<(&'static str, u64)>, reason: &'static str, number: u64) {
    match reasons.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, count)) => *count += number,
        None => reasons.push((reason, number)),
    }
}

fn less(reasons: &[(&'static str, u64)], before: &[(&'static str, u64)]) -> Vec<(&'static str, u64)> {
    let earlier = |reason: &str| before.iter().find(|(known, _)| *known == reason).map_or(0, |(_, count)| *count);
    reasons.iter().map(|(reason, count)| (*reason, count - earlier(reason))).collect()
}
