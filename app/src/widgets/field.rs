//! Fields to type into: with the unit inside and the error below, and for searching.

use crate::theme::{self, Icon, Theme};
use egui::{Align2, FontId, Margin, Rect, Response, Stroke, StrokeKind, TextEdit, Ui, pos2, vec2};

/// A line of text as wide as there is room, in figures' type, with its unit inside at the right; an error in words stands below it, and colours
/// its edge. `name` is its name for AccessKit.
pub fn unit_field_ui(ui: &mut Ui, theme: &Theme, name: &str, text: &mut String, unit: &str, error: Option<&str>) -> Response {
    let width = ui.available_width();
    let galley = ui.painter().layout_no_wrap(unit.to_owned(), theme::body(11.0), theme.faint);
    let right = if unit.is_empty() { 8 } else { (galley.size().x + 14.0).min(width * 0.5) as i8 };
    let edit = TextEdit::singleline(text)
        .font(FontId::monospace(12.0))
        .desired_width(width)
        .margin(Margin { left: 8, right, top: 5, bottom: 5 })
        .text_color(theme.text);
    let response = ui.add(edit).accessible_name(name);
    if !unit.is_empty() {
        let at = pos2(response.rect.right() - 8.0 - galley.size().x, response.rect.center().y - galley.size().y * 0.5);
        ui.painter().galley(at, galley, theme.faint);
    }
    if let Some(error) = error {
        ui.painter().rect_stroke(response.rect, 6.0, Stroke::new(1.0, theme.failed), StrokeKind::Inside);
        ui.add(egui::Label::new(egui::RichText::new(error).size(11.0).color(theme.failed)).wrap());
    }
    response
}

/// A field to search with: a glass at the left, a key at the right while it is empty.
pub fn search_ui(ui: &mut Ui, theme: &Theme, text: &mut String, hint: &str, key: &str) -> Response {
    let edit = TextEdit::singleline(text)
        .hint_text(egui::RichText::new(hint).color(theme.faint))
        .desired_width(ui.available_width())
        .margin(Margin { left: 28, right: 8, top: 5, bottom: 5 });
    let response = ui.add(edit).accessible_name(hint);
    let square = Rect::from_center_size(pos2(response.rect.left() + 15.0, response.rect.center().y), vec2(13.0, 13.0));
    Icon::Search.paint(ui.painter(), square, theme.faint);
    if text.is_empty() && !key.is_empty() {
        let at = pos2(response.rect.right() - 8.0, response.rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, key, theme::body(11.0), theme.faint);
    }
    response
}
