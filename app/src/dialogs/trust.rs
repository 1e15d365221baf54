//! What a live run asks to be allowed, in words, before it starts.

use crate::action::perform::trust::{Decision, decide};
use crate::state::State;
use crate::theme::{self, Theme};
use egui::{Button, Context, RichText, ScrollArea, Ui};
use pipewright_runtime::trust::Capability;

/// The question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustQuestion {
    /// The document.
    pub document: u64,
    /// Its name.
    pub name: String,
    /// The title of each node that asks, and what it asks for.
    pub things: Vec<(String, Capability)>,
    /// Whether the document has a file that the answer can be remembered with.
    pub has_file: bool,
}

impl TrustQuestion {
    /// Shows the question; gives it back while it is open.
    pub fn ui(self, context: &Context, theme: &Theme, state: &mut State) -> Option<Self> {
        let mut decision = None;
        let modal = super::modal(context, "trust").show(context, |ui: &mut Ui| {
            ui.set_width(520.0);
            ui.label(RichText::new(format!("{} wants to touch the world", self.name)).font(theme::strong(15.0)));
            ui.add_space(4.0);
            ui.label(RichText::new("A graph file is a stranger\u{2019}s program. To run live, this one asks to:").color(theme.dim));
            ui.add_space(12.0);
            ScrollArea::vertical().max_height(260.0).show(ui, |ui| self.things_ui(ui, theme));
            ui.add_space(12.0);
            ui.label(RichText::new("Allow this only if you know what the graph is for. Simulating it needs none of it.").color(theme.dim));
            ui.add_space(16.0);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let once = ui.add(Button::new(RichText::new("Allow once").color(theme.accent)).fill(theme.accent_ground));
                if once.clicked() {
                    decision = Some(Decision::Once);
                }
                let always = ui.add_enabled(self.has_file, Button::new("Always for this file"));
                let always =
                    always.on_hover_text("Remembered with the file; \u{201c}What is always allowed\u{201d} in the menu Run takes it back.");
                if always.on_disabled_hover_text("Save the graph first: what is allowed is remembered with its file.").clicked() {
                    decision = Some(Decision::Always);
                }
                let never = ui.button("Don\u{2019}t run");
                // Whoever presses Enter without reading has allowed nothing.
                if ui.memory(|memory| memory.focused().is_none()) {
                    never.request_focus();
                }
                if never.clicked() {
                    decision = Some(Decision::Never);
                }
            });
        });
        if let Some(decision) = decision.or(modal.should_close().then_some(Decision::Never)) {
            decide(state, &self, decision);
            return None;
        }
        Some(self)
    }

    fn things_ui(&self, ui: &mut Ui, theme: &Theme) {
        for (node, capability) in &self.things {
            egui::Frame::new().fill(theme.hover).corner_radius(6.0).inner_margin(egui::Margin::symmetric(12, 8)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.label(RichText::new(node).font(theme::strong(13.0)));
                ui.add(egui::Label::new(RichText::new(capability.in_words()).monospace().color(theme.text)).wrap());
            });
            ui.add_space(6.0);
        }
    }
}
