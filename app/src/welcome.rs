//! The welcome page: samples as cards, recent files, a new document.

use crate::action::perform::file;
use crate::samples;
use crate::state::State;
use crate::theme::{self, Theme};
use egui::{RichText, ScrollArea, Ui};

/// Shows the page.
pub fn welcome_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.vertical_centered(|ui| {
            ui.add_space(40.0);
            ui.label(RichText::new("Pipewright").font(theme::strong(28.0)));
            ui.label(RichText::new("Draw messaging systems, run them, look inside.").color(theme.dim));
            ui.add_space(16.0);
            if ui.button("New").clicked() {
                state.outbox.command("file.new");
            }
            if ui.button("Open …").clicked() {
                state.outbox.command("file.open");
            }
            for sample in samples::ALL {
                if ui.button(sample.title).clicked() {
                    file::open_sample(state, sample);
                }
            }
        });
    });
}
