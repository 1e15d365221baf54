//! Commands for dead letters: put back to work, discard, try.

use super::view;
use crate::state::State;
use crate::workspace::DockTab;
use pipewright_runtime::engine::control::Control;

/// Whether the desk is in view. If not, it is brought there: nothing is done to letters that a person does not see.
fn in_view(state: &mut State) -> bool {
    let workspace = &state.preferences.workspace;
    let seen = workspace.dock_open && workspace.dock_tab == DockTab::DeadLetters;
    if !seen {
        view::dead_letters(state);
    }
    seen
}

fn ask(state: &mut State, control: Control) {
    if let Some(session) = state.front_mut().and_then(|open| open.session.as_mut()).filter(|session| session.alive()) {
        session.ask(control);
    }
}

/// Puts the chosen letters back to work, or all that are listed.
pub fn redrive(state: &mut State) {
    if !in_view(state) {
        return;
    }
    if let Some(redrive) = state.front_mut().and_then(|open| open.views.dead_letters.redrive()) {
        ask(state, Control::Redrive(redrive));
    }
}

/// Puts the opened letter back to work, as edited.
pub fn redrive_open(state: &mut State) {
    if !in_view(state) {
        return;
    }
    if let Some(redrive) = state.front_mut().and_then(|open| open.views.dead_letters.redrive_open()) {
        ask(state, Control::Redrive(redrive));
    }
}

/// Tries what would become of the opened letter.
pub fn dry_run(state: &mut State) {
    if !in_view(state) {
        return;
    }
    let catalogue = state.catalogue;
    let Some(open) = state.front_mut() else { return };
    let mut view = std::mem::take(&mut open.views.dead_letters);
    view.begin_trial(open, catalogue);
    open.views.dead_letters = view;
}

/// Asks whether the chosen letters, or all that are listed, are to be discarded for good.
pub fn discard(state: &mut State) {
    if in_view(state)
        && let Some(open) = state.front_mut()
    {
        open.views.dead_letters.ask_to_discard();
    }
}

/// Discards them: the person said so.
pub fn discard_now(state: &mut State) {
    if let Some(letters) = state.front_mut().map(|open| open.views.dead_letters.discard()) {
        ask(state, Control::Discard(letters));
    }
}
