//! What a person can ask of a running run. Sent with `try_send`; stop is never refused (rule 5).

use super::desk::Redrive;
use crate::graph::Graph;
use crate::id::{NodeId, PipeId};
use crate::letter::LetterId;
use crate::setting::Settings;
use std::sync::Arc;

/// How fast a simulation goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Speed {
    /// Virtual time runs at this multiple of real time.
    Times(f64),
    /// As fast as the machine goes.
    Fastest,
}

/// A request to a run.
#[derive(Clone, Debug)]
pub enum Control {
    /// Park at an event boundary (G12).
    Pause,
    /// Go on.
    Resume,
    /// While paused: run the earliest due event, then park again.
    Step,
    /// Drain from the sources for 5 s, then end.
    Stop,
    /// End at once.
    StopNow,
    /// Change a simulation's speed; a live run ignores it.
    Speed(Speed),
    /// Show (or no longer show) the messages of a pipe.
    Watch(PipeId, bool),
    /// Put changed settings of one node into force (G12). They have been checked.
    Change(NodeId, Settings),
    /// Put dead letters back to work, at a rate if one is given. Each goes back to where it was given up, and nothing goes twice.
    Redrive(Redrive),
    /// Let dead letters end for good: the books count them as dropped.
    Discard(Vec<LetterId>),
    /// Go on as this graph says: nodes and pipes put in, taken out, rewired or changed (G12). If it has errors, the run goes on unchanged
    /// and says so.
    Redraw(Arc<Graph>),
}
