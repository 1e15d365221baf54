//! Headings inside panels, and lines of a fact: label left, figure right.

use crate::theme::{self, Theme};
use egui::{Color32, RichText, Sense, Ui, text::LayoutJob, text::TextFormat, vec2};

/// A small heading in capitals, spaced.
pub fn section_ui(ui: &mut Ui, theme: &Theme, title: &str) {
    ui.add_space(8.0);
    let mut job = LayoutJob::default();
    let format = TextFormat { font_id: theme::strong(10.5), color: theme.faint, extra_letter_spacing: 0.8, ..TextFormat::default() };
    job.append(&title.to_uppercase(), 0.0, format);
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), galley.size().y), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, title));
    ui.painter().galley(rect.min, galley, theme.faint);
    ui.add_space(2.0);
}

/// A label at the left and a figure at the right edge.
pub fn fact_ui(ui: &mut Ui, theme: &Theme, label: &str, figure: &str, colour: Color32) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(label).color(theme.dim));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(figure).font(theme::mono(12.0)).color(colour));
        });
    });
}
