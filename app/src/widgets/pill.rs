//! Words on a small rounded ground: the pill with a figure, and the badge with a count.

use crate::theme::{self, Theme};
use egui::{Color32, CornerRadius, Sense, Stroke, StrokeKind, Ui, Vec2, vec2};

fn rounded_ui(ui: &mut Ui, text: &str, font: egui::FontId, words: Color32, ground: Color32, edge: Stroke, padding: Vec2) -> egui::Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, words);
    let size = (galley.size() + padding * 2.0).max(vec2(galley.size().y + padding.y * 2.0, 0.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    if ui.is_rect_visible(rect) {
        let corner = CornerRadius::same((rect.height() * 0.5) as u8);
        ui.painter().rect(rect, corner, ground, edge, StrokeKind::Inside);
        ui.painter().galley(rect.center() - galley.size() * 0.5, galley, words);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    response
}

/// A figure on a raised ground with an edge.
pub fn pill_ui(ui: &mut Ui, theme: &Theme, text: &str, words: Color32) -> egui::Response {
    rounded_ui(ui, text, theme::mono(11.0), words, theme.raised, Stroke::new(1.0, theme.border), vec2(8.0, 2.0))
}

/// A count in a state's colour, on a trace of that colour.
pub fn badge_ui(ui: &mut Ui, theme: &Theme, count: u64, colour: Color32) -> egui::Response {
    let text = if count > 9_999 { super::figure::short(count as f64) } else { count.to_string() };
    let ground = theme::blend(theme.panel, colour, 0.16);
    rounded_ui(ui, &text, theme::mono_strong(11.0), colour, ground, Stroke::NONE, vec2(6.0, 1.0))
}
