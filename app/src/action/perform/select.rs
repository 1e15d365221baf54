//! Commands that change what is selected.

use crate::action::Item;
use crate::state::{Open, State};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::id::{NodeId, PipeId};

/// The selected nodes.
pub fn nodes(open: &Open) -> impl Iterator<Item = &NodeId> {
    open.selection.iter().filter_map(|item| match item {
        Item::Node(id) => Some(id),
        Item::Pipe(_) | Item::Frame(_) | Item::Note(_) => None,
    })
}

/// The selected pipes that have bends.
pub fn bent_pipes(open: &Open) -> impl Iterator<Item = &PipeId> {
    let graph = open.document.whole();
    open.selection
        .iter()
        .filter_map(|item| match item {
            Item::Pipe(id) => Some(id),
            Item::Node(_) | Item::Frame(_) | Item::Note(_) => None,
        })
        .filter(|id| graph.pipe(id).is_some_and(|pipe| !pipe.bends.is_empty()))
}

/// Selects every node.
pub fn all(state: &mut State) {
    if let Some(open) = state.front_mut() {
        open.selection = open.document.shown().nodes().keys().cloned().map(Item::Node).collect();
    }
}

/// Selects nothing; where nothing is selected, leaves the composite that is open.
pub fn nothing(state: &mut State) {
    if state.front().is_some_and(|open| open.selection.is_empty()) {
        return super::composites::leave(state);
    }
    if let Some(open) = state.front_mut() {
        open.selection.clear();
    }
}

/// Adds what messages of the selected nodes reach.
pub fn downstream(state: &mut State) {
    extend(state, Graph::downstream);
}

/// Adds what reaches the selected nodes.
pub fn upstream(state: &mut State) {
    extend(state, Graph::upstream);
}

fn extend(state: &mut State, reached: fn(&Graph, &NodeId) -> Vec<NodeId>) {
    let Some(open) = state.front_mut() else { return };
    let graph = open.document.shown();
    let more: Vec<NodeId> = nodes(open).flat_map(|node| reached(graph, node)).collect();
    open.selection.extend(more.into_iter().map(Item::Node));
}
