//! The inspector at the right: what is selected, its settings, its figures, its guide.

mod chart;
mod composite;
mod distribution;
mod draft;
mod expected;
mod fields;
mod lists;
mod live;
mod node;
mod others;
mod row;

use crate::action::Item;
use crate::state::State;
use crate::theme::Theme;
use egui::{ScrollArea, Ui};

/// Shows the inspector.
pub fn inspector_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    ui.take_available_space();
    ui.spacing_mut().item_spacing.y = 5.0;
    let Some(open) = state.front() else { return };
    if open.selection.len() > 1 {
        others::several_ui(ui, theme, state);
        return;
    }
    match open.only_selected().cloned() {
        None => in_scroll(ui, "graph", |ui| others::graph_ui(ui, theme, state)),
        Some(Item::Node(id)) => node::node_ui(ui, theme, state, &id),
        Some(Item::Pipe(id)) => in_scroll(ui, "pipe", |ui| others::pipe_ui(ui, theme, state, &id)),
        Some(Item::Frame(id)) => in_scroll(ui, "frame", |ui| others::frame_ui(ui, theme, state, id)),
        Some(Item::Note(id)) => in_scroll(ui, "note", |ui| others::note_ui(ui, theme, state, id)),
    }
}

fn in_scroll(ui: &mut Ui, name: &str, show: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
        // Room for the scroll bar.
        egui::Frame::new().inner_margin(egui::Margin { left: 4, right: 10, top: 0, bottom: 16 }).show(ui, show);
    });
}
