//! The way to the level that is open: the graph, then each composite down to it. A click leads back.

use crate::action::{Action, Outbox};
use crate::state::Open;
use crate::theme::{self, Icon, Theme};
use crate::widgets::IconButton;
use egui::{Button, RichText, Ui, vec2};
use pipewright_runtime::id::NodeId;

/// Height of the strip.
const HEIGHT: f32 = 34.0;

/// Shows the strip above the canvas.
pub fn trail_ui(ui: &mut Ui, theme: &Theme, open: &Open, outbox: &mut Outbox) {
    let Some(level) = open.document.level() else { return };
    let whole = open.document.whole();
    let mut steps: Vec<&NodeId> = whole.levels_of(level).collect();
    steps.reverse();
    egui::Frame::new().fill(theme.panel).inner_margin(egui::Margin::symmetric(10, 0)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.allocate_ui(vec2(ui.available_width(), HEIGHT), |ui| {
            ui.horizontal_centered(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                if IconButton::new(Icon::Left, "Leave the composite").side(24.0).quiet().ui(ui, theme).clicked() {
                    outbox.push(Action::Command("view.leave"));
                }
                let name =
                    if open.document.graph().title().is_empty() { open.document.name() } else { open.document.graph().title().to_owned() };
                step_ui(ui, theme, &name, None, outbox);
                for step in steps {
                    ui.label(RichText::new("/").color(theme.faint));
                    step_ui(ui, theme, &open.own_title(step), Some(step), outbox);
                }
                ui.label(RichText::new("/").color(theme.faint));
                ui.label(RichText::new(open.own_title(level)).font(theme::strong(13.0)).color(theme.text));
                let user = std::iter::once(level)
                    .chain(whole.levels_of(level))
                    .find(|id| whole.node(id).is_some_and(|node| node.used_file().is_some()));
                if let Some(file) = user.and_then(|user| whole.node(user)?.used_file().map(str::to_owned)) {
                    // The button keeps its place; the words give way, and say the rest at the pointer.
                    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                        if ui.button("Open the file").clicked() {
                            outbox.push(Action::Command("file.open_part"));
                        }
                        ui.add_space(8.0);
                        let text = format!("from {file}: settings can be changed here, the drawing in its file");
                        let words = RichText::new(&text).size(11.5).color(theme.dim);
                        ui.add(egui::Label::new(words).truncate()).on_hover_text(text);
                    });
                }
            });
        });
    });
}

fn step_ui(ui: &mut Ui, theme: &Theme, text: &str, level: Option<&NodeId>, outbox: &mut Outbox) {
    let text = RichText::new(text).font(theme::medium(13.0)).color(theme.dim);
    if ui.add(Button::new(text).frame(false)).on_hover_text("Go back to this level").clicked() {
        outbox.push(Action::Enter(level.cloned()));
    }
}
