//! Figures over time for the charts: a bounded ring for each node and pipe.

use crate::action::Item;
use indexmap::IndexMap;
use pipewright_runtime::telemetry::snapshot::Snapshot;
use std::collections::{BTreeSet, VecDeque};

/// How many samples are kept: ten minutes at two a second.
pub const SAMPLES_KEPT: usize = 1_200;
/// Seconds of wall time between samples.
const SAMPLE_EVERY: f64 = 0.5;
/// Up to this many nodes and pipes everything is charted from the start; beyond, only what was selected.
const ALL_CHARTED: usize = 400;

/// One sample of a node or pipe.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Sample {
    /// Seconds on the run clock.
    pub at: f64,
    /// Messages per second: in for a node, passed for a pipe.
    pub rate: f64,
    /// Messages sent per second (a node's).
    pub rate_out: f64,
    /// Messages inside.
    pub depth: f64,
    /// Busy share (a node's).
    pub busy: f64,
    /// 99th percentile of residence in seconds (a node's).
    pub p99: f64,
}

/// The samples of one node, pipe, or of the run as a whole, oldest first.
pub type Ring = VecDeque<Sample>;

/// What the charts show.
#[derive(Default)]
pub struct Histories {
    last: Option<f64>,
    items: IndexMap<Item, Ring>,
    whole: Ring,
}

impl Histories {
    /// The samples of one item.
    pub fn of(&self, item: &Item) -> Option<&Ring> {
        self.items.get(item)
    }

    /// Delivered rate, messages inside and end-to-end latency of the whole run.
    pub const fn whole(&self) -> &Ring {
        &self.whole
    }

    /// Takes a sample if it is time.
    pub fn sample(&mut self, snapshot: &Snapshot, seconds: f64, charted: &BTreeSet<Item>) {
        if self.last.is_some_and(|last| seconds - last < SAMPLE_EVERY) {
            return;
        }
        let elapsed = self.last.map_or(SAMPLE_EVERY, |last| seconds - last);
        self.last = Some(seconds);
        let at = snapshot.now.seconds();
        let delivered = snapshot.books.delivered as f64;
        let before = self.whole.back().copied().unwrap_or_default();
        // `rate_out` of the whole carries the running total, so that the next sample can take the difference.
        let run_elapsed = if at > before.at { at - before.at } else { elapsed };
        let rate = (delivered - before.rate_out).max(0.0) / run_elapsed;
        let whole = Sample { at, rate, rate_out: delivered, depth: snapshot.books.held as f64, busy: 0.0, p99: snapshot.latency.p99 };
        push(&mut self.whole, whole);
        let all = snapshot.nodes.len() + snapshot.pipes.len() <= ALL_CHARTED;
        for (id, figures) in &snapshot.nodes {
            let item = Item::Node(id.clone());
            if all || charted.contains(&item) || self.items.contains_key(&item) {
                let depth = figures.held as f64;
                let sample =
                    Sample { at, rate: figures.rate_in, rate_out: figures.rate_out, depth, busy: figures.busy, p99: figures.residence.p99 };
                push(self.items.entry(item).or_default(), sample);
            }
        }
        for (id, figures) in &snapshot.pipes {
            let item = Item::Pipe(id.clone());
            if all || charted.contains(&item) || self.items.contains_key(&item) {
                let sample = Sample { at, rate: figures.rate, depth: figures.depth as f64, ..Sample::default() };
                push(self.items.entry(item).or_default(), sample);
            }
        }
    }
}

fn push(ring: &mut Ring, sample: Sample) {
    if ring.back().is_some_and(|last| last.at >= sample.at) {
        return;
    }
    if ring.len() >= SAMPLES_KEPT {
        ring.pop_front();
    }
    ring.push_back(sample);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_bounded_and_moves_forward() {
        let mut ring = Ring::new();
        for at in 0..3 * SAMPLES_KEPT {
            push(&mut ring, Sample { at: at as f64, ..Sample::default() });
            push(&mut ring, Sample { at: 0.0, ..Sample::default() });
        }
        assert_eq!(ring.len(), SAMPLES_KEPT);
        assert_eq!(ring.front().unwrap().at, (2 * SAMPLES_KEPT) as f64);
    }
}
