//! A handle on a run that goes on in threads of its own. (to be written by the engine's author)

use super::control::{Control, Speed};
use crate::graph::Graph;
use crate::node::Catalogue;
use crate::problem::Problem;
use crate::telemetry::snapshot::{Mode, Snapshot, Tapped};
use std::path::PathBuf;
use std::sync::Arc;

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Live or simulated.
    pub mode: Mode,
    /// The seed; the graph's own if `None`.
    pub seed: Option<u64>,
    /// Simulated: how fast.
    pub speed: Speed,
    /// End at this moment of the run clock; `None`: when stopped, or when every source is exhausted and all messages have ended.
    pub until: Option<crate::units::Span>,
    /// The folder that paths in the graph start from.
    pub folder: PathBuf,
    /// Live: how many worker threads; 0 for as many as there are cores.
    pub workers: usize,
}

/// A running run. Dropping it stops the run at once.
pub struct Run {}

impl Run {
    /// Checks, plans and starts a graph. The problems, if it cannot run.
    pub fn start(_graph: &Graph, _catalogue: Catalogue, _options: &RunOptions) -> Result<Self, Vec<Problem>> {
        todo!()
    }
    /// The newest picture. Never waits.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        todo!()
    }
    /// Sends a request; gives it back if the run cannot take it just now. Never waits.
    pub fn send(&self, _control: Control) -> Result<(), Control> {
        todo!()
    }
    /// Messages seen on watched pipes since the last call, oldest first, at most `most`. Never waits.
    pub fn tapped(&self, _most: usize) -> Vec<Tapped> {
        todo!()
    }
}
