//! The one place that performs actions: turns them into edits, requests to the run, and changes of what is seen.

pub mod composites;
pub mod edit;
pub mod file;
pub mod letters;
pub mod run;
pub mod select;
#[cfg(test)]
mod tests;
pub mod trust;
pub mod view;
pub mod wire;

use super::{Action, table};
use crate::dialogs::{Dialog, QuickAdd};
use crate::state::State;
use pipewright_runtime::graph::Edit;
use pipewright_runtime::id::NodeId;

/// Performs everything in the outbox, and what that drops into it.
pub fn perform_all(state: &mut State) {
    // Performing may drop further actions; a bound keeps a mistake from hanging the window.
    for _ in 0..8 {
        let actions = state.outbox.take();
        if actions.is_empty() {
            return;
        }
        for action in actions {
            perform(state, action);
        }
    }
}

/// Performs one action.
pub fn perform(state: &mut State, action: Action) {
    match action {
        Action::Command(name) => command(state, name),
        Action::Edit(label, change) => apply(state, &label, change),
        Action::BeginGesture(label) => {
            if let Some(open) = state.front_mut() {
                open.document.begin_gesture(&label);
            }
        }
        Action::EndGesture => {
            if let Some(open) = state.front_mut() {
                open.document.end_gesture();
            }
        }
        Action::CancelGesture => {
            if let Some(open) = state.front_mut() {
                open.document.cancel_gesture();
                open.prune_selection();
            }
        }
        Action::Select(items) => {
            if let Some(open) = state.front_mut() {
                open.selection = items.into_iter().collect();
                open.prune_selection();
            }
        }
        Action::AddNode { kind, at, wire, into } => wire::add_node(state, &kind, at, wire, into.as_ref()),
        Action::Connect(from, to) => wire::connect(state, from, to),
        Action::Reconnect(pipe, from, to) => wire::reconnect(state, &pipe, from, to),
        Action::Control(control) => {
            if let Some(session) = state.front_mut().and_then(|open| open.session.as_mut()) {
                session.ask(control);
            }
        }
        Action::QuickAdd(at, wire) => {
            if state.front().is_some() {
                state.dialog = Some(Dialog::QuickAdd(QuickAdd::at(at, wire)));
            }
        }
        Action::Enter(level) => composites::enter_level(state, level),
        Action::Reveal(item) => view::reveal(state, item),
    }
}

fn command(state: &mut State, name: &str) {
    let Some(command) = table::find(name) else {
        debug_assert!(false, "no command is named {name}");
        return;
    };
    if (command.enabled)(state) {
        (command.perform)(state);
    }
}

/// Makes a change of the document in front, if it may be made; what it means for a run follows.
pub fn apply(state: &mut State, label: &str, change: Edit) {
    let changed = settings_changed(&change);
    let Some(open) = state.front() else { return };
    match composites::allowed(open, change) {
        Ok(change) => apply_as_it_is(state, label, change, changed),
        Err(reason) => state.failed(reason),
    }
}

/// Makes a change of the document in front; `changed` are the nodes whose settings it changes.
fn apply_as_it_is(state: &mut State, label: &str, change: Edit, changed: Vec<NodeId>) {
    let Some(open) = state.front_mut() else { return };
    if open.document.read_only() {
        state.failed("This document is read only: its file was not understood as a whole. See the problems.");
        return;
    }
    open.remember_selection();
    if let Err(error) = open.document.apply(label, change) {
        state.failed(format!("{label}: {error}."));
        return;
    }
    open.prune_selection();
    for node in changed {
        run::hot_change(state, &node);
    }
}

/// The nodes whose settings an edit changes.
fn settings_changed(change: &Edit) -> Vec<NodeId> {
    match change {
        Edit::SetSetting(node, ..) => vec![node.clone()],
        Edit::Group(edits) => {
            let mut nodes: Vec<NodeId> = edits.iter().flat_map(settings_changed).collect();
            nodes.dedup();
            nodes
        }
        _ => Vec::new(),
    }
}
