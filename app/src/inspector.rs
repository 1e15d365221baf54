//! The inspector at the right: what is selected, its settings, its figures, its guide.

use crate::state::State;
use crate::theme::Theme;
use egui::{RichText, Ui};

/// Shows the inspector.
pub fn inspector_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let _ = &state;
    ui.label(RichText::new("Nothing is selected.").color(theme.dim));
}
