//! What a node's form may know of the nodes behind its copying outputs: a topic reads there what its subscriptions want.

use crate::graph::Graph;
use crate::id::PipeId;
use crate::node::{Catalogue, Fan, Ports, Receiver};

/// The nodes that these pipes, all from one node with these ports, lead to from outputs that copy. Branches count in the order of the pipes' ids.
pub fn receivers<'a>(
    graph: &'a Graph,
    catalogue: Catalogue,
    ports: &Ports,
    pipes: impl IntoIterator<Item = &'a PipeId>,
) -> Vec<Receiver<'a>> {
    if !ports.outputs.iter().any(|port| port.fan == Fan::Copy) {
        return Vec::new();
    }
    let mut pipes: Vec<&PipeId> = pipes.into_iter().collect();
    pipes.sort_unstable();
    let mut found: Vec<Receiver<'a>> = Vec::new();
    for pipe in pipes {
        let Some(output) = ports.output(&pipe.from.port).filter(|number| ports.outputs[*number].fan == Fan::Copy) else { continue };
        let Some((id, node)) = graph.nodes().get_key_value(&pipe.to.node) else { continue };
        let Some(kind) = catalogue.get(&node.kind).filter(|_| node.opaque.is_none()) else { continue };
        // In order of their ids, pipes of one output stand together.
        let branch = found.last().filter(|last| last.output == output).map_or(0, |last| last.branch + 1);
        found.push(Receiver { output, branch, id, kind, settings: &node.settings });
    }
    found
}
