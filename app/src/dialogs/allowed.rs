//! What live runs are always allowed, file by file, with a button beside each thing that takes it back.

use crate::preferences::{FileGrants, Preferences};
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::IconButton;
use egui::{Context, Label, RichText, ScrollArea, Ui};
use pipewright_runtime::trust::Capability;
use std::path::Path;

/// The list of all files that were allowed something.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Allowed;

impl Allowed {
    /// Shows the list; gives it back while it is open.
    pub fn ui(self, context: &Context, theme: &Theme, state: &mut State) -> Option<Self> {
        let mut done = false;
        let modal = super::modal(context, "allowed").show(context, |ui: &mut Ui| {
            ui.set_width(560.0);
            ui.label(RichText::new("What live runs are always allowed").font(theme::strong(15.0)));
            ui.add_space(4.0);
            let words = "What you take back is asked for again at the next live start. A run under way goes on with what it was allowed.";
            ui.add(Label::new(RichText::new(words).color(theme.dim)).wrap());
            ui.add_space(12.0);
            ScrollArea::vertical().max_height(360.0).auto_shrink([false, true]).show(ui, |ui| files_ui(ui, theme, &mut state.preferences));
            ui.add_space(16.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = ui.button("Close");
                if ui.memory(|memory| memory.focused().is_none()) {
                    close.request_focus();
                }
                done = close.clicked();
            });
        });
        (!done && !modal.should_close()).then_some(self)
    }
}

fn files_ui(ui: &mut Ui, theme: &Theme, preferences: &mut Preferences) {
    if preferences.grants.is_empty() {
        ui.label(RichText::new("Nothing: every live run asks.").color(theme.faint));
    }
    let files: Vec<_> = preferences.grants.iter().map(|grants| grants.file.clone()).collect();
    for file in files {
        egui::Frame::new().fill(theme.hover).corner_radius(6.0).inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.small_button("Take all back").clicked() {
                        preferences.revoke_all(&file);
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
                        ui.add(Label::new(RichText::new(name).font(theme::strong(13.0))).truncate())
                            .on_hover_text(file.display().to_string());
                    });
                });
            });
            let folder = file.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            ui.add(Label::new(RichText::new(folder).font(theme::mono(11.0)).color(theme.faint)).truncate());
            ui.add_space(2.0);
            things_ui(ui, theme, preferences, &file);
        });
        ui.add_space(6.0);
    }
}

/// What live runs of one file are always allowed.
pub fn things_ui(ui: &mut Ui, theme: &Theme, preferences: &mut Preferences, file: &Path) {
    let allowed = preferences.of_file(file).map(|FileGrants { allowed, .. }| allowed.clone()).unwrap_or_default();
    for text in &allowed {
        let words = text.parse::<Capability>().map_or_else(|_| text.clone(), |capability| capability.in_words());
        ui.horizontal_top(|ui| {
            let name = format!("Take back: {words}");
            if IconButton::new(Icon::Close, &name).quiet().side(20.0).ui(ui, theme).clicked() {
                preferences.revoke(file, text);
            }
            ui.add(Label::new(RichText::new(&words).font(theme::mono(11.5)).color(theme.text)).wrap());
        });
    }
}
