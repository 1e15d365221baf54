//! One row of a form: a dot where the value is not the default, the label, the field.

use crate::theme::{self, Theme};
use egui::{Align, Color32, Layout, RichText, Sense, Ui, UiBuilder, WidgetInfo, vec2};

/// Share of the width that labels get.
const LABEL_SHARE: f32 = 0.42;

/// What a row says about itself.
pub struct Row<'a> {
    /// The label.
    pub label: &'a str,
    /// For the tooltip.
    pub help: &'a str,
    /// Where the rule comes from.
    pub source: &'a str,
    /// The default in words, if the value differs from it.
    pub differs: Option<&'a str>,
    /// Whether the value is wrong.
    pub wrong: bool,
    /// Whether there is nothing to do here.
    pub faint: bool,
    /// Whether the field needs the whole width, below its label.
    pub wide: bool,
}

impl<'a> Row<'a> {
    /// A row with nothing but a label.
    pub const fn plain(label: &'a str, help: &'a str) -> Self {
        Self { label, help, source: "", differs: None, wrong: false, faint: false, wide: false }
    }

    /// Shows the row; true if it is to go back to the default.
    pub fn ui(&self, ui: &mut Ui, theme: &Theme, field: impl FnOnce(&mut Ui)) -> bool {
        let width = ui.available_width();
        let label_width = if self.wide { width } else { (width * LABEL_SHARE).floor() };
        let mut reset = false;
        let mut show_label = |ui: &mut Ui| {
            let colour = match (self.wrong, self.faint) {
                (true, _) => theme.failed,
                (false, true) => theme.faint,
                (false, false) => theme.text,
            };
            let (rect, response) = ui.allocate_exact_size(vec2(label_width, 26.0), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, self.label));
            if let Some(default) = self.differs {
                let dot = rect.left_center() - vec2(8.0, 0.0);
                let target = egui::Rect::from_center_size(dot, vec2(14.0, rect.height()));
                let clicked = ui.interact(target, response.id.with("reset"), Sense::click());
                clicked.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Reset {} to {default}", self.label)));
                ui.painter().circle_filled(dot, if clicked.hovered() { 4.0 } else { 2.5 }, theme.accent);
                reset |= clicked.on_hover_text(format!("Reset to {default}")).clicked();
            }
            let mut job = egui::text::LayoutJob::simple_singleline(self.label.to_owned(), theme::body(12.5), colour);
            job.wrap = egui::text::TextWrapping::truncate_at_width(label_width - 8.0);
            let galley = ui.painter().layout_job(job);
            ui.painter().galley(egui::pos2(rect.left(), rect.center().y - galley.size().y * 0.5), galley, Color32::PLACEHOLDER);
            if let Some(default) = self.differs {
                response.context_menu(|ui| {
                    if ui.button(format!("Reset to {default}")).clicked() {
                        reset = true;
                        ui.close();
                    }
                });
                // The dot is a small target; a double click on the label does the same as a click on it.
                reset |= response.double_clicked();
            }
            response.on_hover_ui(|ui| self.tip_ui(ui, theme));
        };
        if self.wide {
            show_label(ui);
            field(ui);
        } else {
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                show_label(ui);
                let room = ui.available_rect_before_wrap();
                let inner = ui.scope_builder(UiBuilder::new().max_rect(room).layout(Layout::top_down(Align::Min)), |ui| {
                    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
                    ui.set_width(room.width());
                    field(ui);
                });
                let _ = inner;
            });
        }
        reset
    }

    fn tip_ui(&self, ui: &mut Ui, theme: &Theme) {
        ui.set_max_width(300.0);
        ui.label(RichText::new(self.label).font(theme::strong(12.5)));
        ui.label(self.help);
        if !self.source.is_empty() {
            ui.label(RichText::new(format!("As in {}.", self.source)).size(11.0).color(theme.faint));
        }
        if let Some(default) = self.differs {
            ui.label(RichText::new(format!("Default: {default}. Click the dot to reset.")).size(11.0).color(theme.accent));
        }
    }
}
