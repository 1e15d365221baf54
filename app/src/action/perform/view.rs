//! Commands that change what is seen.

use crate::action::Item;
use crate::dialogs::{CommandPalette, Dialog};
use crate::panels::CameraWish;
use crate::preferences::{MotionChoice, ThemeChoice};
use crate::state::State;
use crate::workspace::DockTab;

fn camera(state: &mut State, wish: CameraWish) {
    if let Some(open) = state.front_mut() {
        open.views.camera_wish = Some(wish);
    }
}

/// Shows the whole graph.
pub fn fit(state: &mut State) {
    camera(state, CameraWish::Fit);
}

/// Shows what is selected.
pub fn fit_selection(state: &mut State) {
    camera(state, CameraWish::FitSelection);
}

/// Shows less, larger.
pub fn zoom_in(state: &mut State) {
    camera(state, CameraWish::ZoomBy(1.25));
}

/// Shows more, smaller.
pub fn zoom_out(state: &mut State) {
    camera(state, CameraWish::ZoomBy(0.8));
}

/// Shows nodes at their own size.
pub fn zoom_100(state: &mut State) {
    camera(state, CameraWish::ZoomTo(1.0));
}

/// Selects an item and brings it into view.
pub fn reveal(state: &mut State, item: Item) {
    if let Some(open) = state.front_mut() {
        super::composites::show_level_of(open, &item);
        open.selection = [item].into();
        open.prune_selection();
        open.views.camera_wish = Some(CameraWish::RevealSelection);
    }
}

/// Opens the search over commands, nodes and samples.
pub fn palette(state: &mut State) {
    state.dialog = Some(Dialog::Commands(CommandPalette::everything()));
}

/// Opens the search over this document's nodes.
pub fn find(state: &mut State) {
    state.dialog = Some(Dialog::Commands(CommandPalette::nodes()));
}

/// Shows or hides the list of kinds.
pub fn toggle_palette(state: &mut State) {
    let workspace = &mut state.preferences.workspace;
    workspace.palette_open = !workspace.palette_open;
}

/// Shows or hides the inspector.
pub fn toggle_inspector(state: &mut State) {
    let workspace = &mut state.preferences.workspace;
    workspace.inspector_open = !workspace.inspector_open;
}

/// Shows or hides the dock.
pub fn toggle_dock(state: &mut State) {
    let workspace = &mut state.preferences.workspace;
    workspace.dock_open = !workspace.dock_open;
}

fn dock(state: &mut State, tab: DockTab) {
    state.preferences.workspace.dock_open = true;
    state.preferences.workspace.dock_tab = tab;
}

/// Brings the messages to the front.
pub fn messages(state: &mut State) {
    dock(state, DockTab::Messages);
}

/// Brings the charts to the front.
pub fn metrics(state: &mut State) {
    dock(state, DockTab::Metrics);
}

/// Brings the dead letters to the front.
pub fn dead_letters(state: &mut State) {
    dock(state, DockTab::DeadLetters);
}

/// Brings the problems to the front.
pub fn problems(state: &mut State) {
    dock(state, DockTab::Problems);
}

/// Brings the journal to the front.
pub fn journal(state: &mut State) {
    dock(state, DockTab::Journal);
}

/// Nothing moves by itself.
pub fn less_motion(state: &mut State) {
    state.preferences.motion = MotionChoice::Less;
}

/// Everything moves that can.
pub fn full_motion(state: &mut State) {
    state.preferences.motion = MotionChoice::Full;
}

/// As the system has it.
pub fn system_motion(state: &mut State) {
    state.preferences.motion = MotionChoice::System;
}

/// Light words on dark ground.
pub fn theme_dark(state: &mut State) {
    state.preferences.theme = ThemeChoice::Dark;
}

/// Dark words on light ground.
pub fn theme_light(state: &mut State) {
    state.preferences.theme = ThemeChoice::Light;
}

/// As the system has it.
pub fn theme_system(state: &mut State) {
    state.preferences.theme = ThemeChoice::System;
}
