//! The dock at the bottom: tabs with counts, and the panel in front.

use super::{dead_letters, journal, messages, metrics, problems};
use crate::state::State;
use crate::theme::Theme;
use crate::widgets::tabs::{Tab, tab_bar_ui};
use crate::workspace::DockTab;
use egui::{Ui, UiBuilder};
use pipewright_runtime::problem::Severity;

/// Shows the dock.
pub fn dock_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    // The panel keeps its height, whatever stands in it: what it shows is a child that takes no room from it.
    let room = ui.available_rect_before_wrap();
    ui.set_min_size(room.size());
    let mut inside = ui.new_child(UiBuilder::new().max_rect(room));
    inside.shrink_clip_rect(room);
    panel_ui(&mut inside, theme, state);
}

fn panel_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let tabs: Vec<Tab<'_>> = DockTab::ALL.iter().map(|tab| Tab { label: tab.title(), count: count(theme, state, *tab) }).collect();
    let mut chosen = DockTab::ALL.iter().position(|tab| *tab == state.preferences.workspace.dock_tab).unwrap_or(0);
    tab_bar_ui(ui, theme, &tabs, &mut chosen);
    state.preferences.workspace.dock_tab = DockTab::ALL[chosen];
    ui.add_space(4.0);
    match DockTab::ALL[chosen] {
        DockTab::Messages => messages::messages_ui(ui, theme, state),
        DockTab::Metrics => metrics::metrics_ui(ui, theme, state),
        DockTab::DeadLetters => dead_letters::dead_letters_ui(ui, theme, state),
        DockTab::Problems => problems::problems_ui(ui, theme, state),
        DockTab::Journal => journal::journal_ui(ui, theme, state),
    }
}

fn count(theme: &Theme, state: &State, tab: DockTab) -> (u64, egui::Color32) {
    let Some(open) = state.front() else { return (0, theme.dim) };
    match tab {
        DockTab::Problems => {
            let colour = if open.document.count(Severity::Error) > 0 { theme.failed } else { theme.warning };
            (open.document.problems().len() as u64, colour)
        }
        DockTab::DeadLetters => {
            let snapshot = open.session.as_ref().and_then(|session| session.snapshot());
            (snapshot.map_or(0, |snapshot| snapshot.books.dead_lettered), theme.failed)
        }
        DockTab::Messages | DockTab::Metrics | DockTab::Journal => (0, theme.dim),
    }
}
