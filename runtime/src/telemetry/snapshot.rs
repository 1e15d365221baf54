//! What the window reads: an immutable picture of a run, published at most 30 times a second. Unchanged parts are shared.

use super::change::Changes;
use crate::id::{NodeId, PipeId};
use crate::letter::Shelf;
use crate::message::Message;
use crate::node::Gauge;
use crate::units::{Moment, Span};
use indexmap::IndexMap;
use std::sync::Arc;

/// Live or simulated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By the wall clock, on the real world.
    Live,
    /// By the virtual clock, touching nothing.
    Simulated,
}

/// Where a run is in its life.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunState {
    /// Going.
    Running,
    /// Parked at an event boundary (G12).
    Paused,
    /// Draining from the sources (G12).
    Stopping,
    /// Over; the report is there.
    Ended,
    /// Ended by an error that no node could contain.
    Failed(Arc<str>),
}

/// A node's state, for its mark.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum NodeState {
    /// Nothing has come by for a while.
    #[default]
    Idle,
    /// Working.
    Running,
    /// It cannot hand on what it has: the output's pipe is full.
    Blocked,
    /// A panic or an error storm stopped it.
    Failed(Arc<str>),
}

/// Percentiles of a span of time.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Quantiles {
    /// How many samples.
    pub count: u64,
    /// Mean in seconds.
    pub mean: f64,
    /// Median in seconds.
    pub p50: f64,
    /// 90th percentile in seconds.
    pub p90: f64,
    /// 99th percentile in seconds.
    pub p99: f64,
    /// Largest, in seconds.
    pub max: f64,
}

/// One node's figures.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct NodeFigures {
    /// Its state.
    pub state: NodeState,
    /// Messages received since the start.
    pub received: u64,
    /// Messages sent since the start.
    pub sent: u64,
    /// Errors since the start.
    pub errors: u64,
    /// The newest error, in words.
    pub last_error: Option<Arc<str>>,
    /// Messages dropped, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// Dead letters made here.
    pub dead_lettered: u64,
    /// Messages ended well here.
    pub delivered: u64,
    /// Messages inside now.
    pub held: u64,
    /// Received per second, of late.
    pub rate_in: f64,
    /// Sent per second, of late.
    pub rate_out: f64,
    /// Mean share of servers busy, of late.
    pub busy: f64,
    /// Mean share of servers finished but blocked, of late.
    pub blocked: f64,
    /// From taking a message in to letting it go.
    pub residence: Quantiles,
    /// Figures of the kind's own.
    pub gauges: Vec<Gauge>,
}

/// One pipe's figures.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct PipeFigures {
    /// Messages passed since the start.
    pub messages: u64,
    /// Bytes passed since the start; 0 unless the pipe is watched or bounded by bytes.
    pub bytes: u64,
    /// Messages per second, of late.
    pub rate: f64,
    /// Messages in it now.
    pub depth: u64,
    /// What it holds at most; 0 for pipes without a bound of their own (from topics and stores).
    pub capacity: u64,
    /// The most it ever held.
    pub depth_max: u64,
    /// Time-weighted mean depth.
    pub depth_mean: f64,
    /// Whether its sender waits for room now.
    pub blocked: bool,
    /// How long its sender has waited for room.
    pub blocked_time: Span,
    /// How many messages the tap passed over because too many came at once.
    pub not_shown: u64,
}

/// The books of a run (rule 9): entered + copied + split off = delivered + absorbed + dropped + dead-lettered + held.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Books {
    /// Messages that came into the run.
    pub entered: u64,
    /// How many of them came out of durable stores, where the run before had left them.
    pub recovered: u64,
    /// Copies made by topics (and by redelivery of a message whose earlier instance was still under way).
    pub copied: u64,
    /// Parts made by splits, beyond the first.
    pub split_off: u64,
    /// Messages that ended well.
    pub delivered: u64,
    /// Messages that went into another.
    pub absorbed: u64,
    /// Messages ended on purpose, by reason.
    pub dropped: IndexMap<&'static str, u64>,
    /// Messages given up.
    pub dead_lettered: u64,
    /// Messages inside, counted by walking stations and pipes.
    pub held: u64,
}

impl Books {
    /// Whether nothing was lost in silence.
    pub fn balanced(&self) -> bool {
        self.residual() == 0
    }

    /// What came in or was made, less what ended or is inside: above zero lost in silence, below zero made.
    pub fn residual(&self) -> i64 {
        let dropped: u64 = self.dropped.values().sum();
        let made = self.entered + self.copied + self.split_off;
        // Wrapping: `absorbed` may be below zero for a moment in one shard's part.
        made.wrapping_sub(self.delivered.wrapping_add(self.absorbed).wrapping_add(dropped + self.dead_lettered + self.held)) as i64
    }
}

/// A line of the journal.
#[derive(Clone, PartialEq, Debug)]
pub struct JournalLine {
    /// When, on the run clock.
    pub at: Moment,
    /// Which node; `None` for the run as a whole.
    pub node: Option<NodeId>,
    /// In words.
    pub text: Arc<str>,
}

/// A message seen on a watched pipe.
#[derive(Clone, Debug)]
pub struct Tapped {
    /// The pipe.
    pub pipe: PipeId,
    /// When it was handed over, on the run clock.
    pub at: Moment,
    /// The message.
    pub message: Message,
}

/// A picture of a run.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Live or simulated.
    pub mode: Mode,
    /// Where the run is.
    pub state: RunState,
    /// The run clock.
    pub now: Moment,
    /// Wall time since the start, pauses included.
    pub wall: Span,
    /// Arrivals and ends of service so far.
    pub events: u64,
    /// Nodes by id, in the order of the plan.
    pub nodes: IndexMap<NodeId, Arc<NodeFigures>>,
    /// Pipes by id, in the order of the plan.
    pub pipes: IndexMap<PipeId, Arc<PipeFigures>>,
    /// The books. Exact when paused or ended; while running live, parts are counted at slightly different moments.
    pub books: Books,
    /// End-to-end latency (G6).
    pub latency: Quantiles,
    /// The newest lines of the journal, oldest first, at most 500.
    pub journal: Arc<Vec<JournalLine>>,
    /// How many older lines are no longer kept.
    pub journal_not_shown: u64,
    /// The dead letters by who keeps them: nodes that collect them, and nodes that gave up what no node collects (their newest 1,000).
    pub dead_letters: IndexMap<NodeId, Arc<Shelf>>,
    /// Blocked stations that wait for each other in a circle (G13), by name; empty if none.
    pub deadlocks: Arc<Vec<Vec<NodeId>>>,
    /// What was changed while the run went on (G12).
    pub changes: Arc<Changes>,
}
