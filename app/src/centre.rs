//! The middle of the window: the canvas of the document in front.

use crate::state::State;
use crate::theme::Theme;
use egui::Ui;

/// Shows the canvas.
pub fn centre_ui(ui: &mut Ui, _theme: &Theme, state: &mut State) {
    let _ = (ui, state);
}
