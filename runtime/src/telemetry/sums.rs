//! A picture of a run as it is drawn: composites have the sums of what is inside, by the beginning of the paths (G15), and pipes their drawn ends.

use super::snapshot::{NodeFigures, NodeState, PipeFigures, Snapshot};
use crate::graph::Graph;
use crate::graph::composite::Flat;
use crate::id::NodeId;
use indexmap::{IndexMap, IndexSet};
use std::sync::Arc;

/// The same picture with a node for each composite of the drawing, and each pipe under its drawn ends too. `whole` holds the content of used
/// files, `flat` is what runs.
pub fn drawn(snapshot: &Snapshot, whole: &Graph, flat: &Flat) -> Snapshot {
    let mut drawn = snapshot.clone();
    for (pipe, runs) in &flat.runs {
        if let Some(figures) = snapshot.pipes.get(runs) {
            drawn.pipes.insert(pipe.clone(), figures.clone());
        }
    }
    let composites = whole.nodes().iter().filter(|(_, node)| node.is_composite());
    let mut sums: IndexMap<&str, Sum> = composites.map(|(id, _)| (id.as_str(), Sum::default())).collect();
    // What has a pipe out sends on; what has none ends its messages, and that counts as leaving.
    let sending: IndexSet<&NodeId> = snapshot.pipes.keys().map(|pipe| &pipe.from.node).collect();
    for (id, figures) in &snapshot.nodes {
        for above in id.above() {
            if let Some(sum) = sums.get_mut(above) {
                sum.node(figures, !sending.contains(id));
            }
        }
    }
    for (pipe, figures) in &snapshot.pipes {
        let (from, to) = (&pipe.from.node, &pipe.to.node);
        for above in from.above().filter(|above| to.below(above).is_none()) {
            if let Some(sum) = sums.get_mut(above) {
                sum.leaving(figures);
            }
        }
        for above in to.above().filter(|above| from.below(above).is_none()) {
            if let Some(sum) = sums.get_mut(above) {
                sum.entering(figures);
            }
        }
    }
    drawn.nodes.extend(sums.into_iter().filter_map(|(id, sum)| Some((NodeId::new(id)?, Arc::new(sum.0)))));
    drawn
}

#[derive(Default)]
struct Sum(NodeFigures);

impl Sum {
    fn node(&mut self, figures: &NodeFigures, ends: bool) {
        let sum = &mut self.0;
        let rank = |state: &NodeState| match state {
            NodeState::Idle => 0,
            NodeState::Running => 1,
            NodeState::Blocked => 2,
            NodeState::Failed(_) => 3,
        };
        if rank(&figures.state) > rank(&sum.state) {
            sum.state = figures.state.clone();
        }
        sum.errors += figures.errors;
        sum.last_error = figures.last_error.clone().or_else(|| sum.last_error.take());
        for (reason, count) in &figures.dropped {
            match sum.dropped.iter_mut().find(|(known, _)| known == reason) {
                Some((_, total)) => *total += count,
                None => sum.dropped.push((reason, *count)),
            }
        }
        // A node that only collects dead letters counts those that a queue beside it gave up: not twice.
        if !ends {
            sum.dead_lettered += figures.dead_lettered;
        }
        sum.delivered += figures.delivered;
        sum.held += figures.held;
        if ends {
            sum.rate_out += figures.rate_out;
        }
        // Servers inside are of many sorts; the busiest node tells where it is tight.
        sum.busy = sum.busy.max(figures.busy);
        sum.blocked = sum.blocked.max(figures.blocked);
    }

    fn entering(&mut self, pipe: &PipeFigures) {
        self.0.received += pipe.messages;
        self.0.rate_in += pipe.rate;
    }

    fn leaving(&mut self, pipe: &PipeFigures) {
        self.0.sent += pipe.messages;
        self.0.rate_out += pipe.rate;
    }
}
