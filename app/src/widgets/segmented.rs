//! A switch of a few words, one of them chosen: live or simulate.

use crate::theme::{self, Theme};
use egui::{Align2, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Shows the words side by side, each `width` wide; `chosen` follows a click. The response says whether it changed. While it is not `free`,
/// it tells what was chosen as clearly as ever, and cannot be changed.
pub fn segmented_ui(ui: &mut Ui, theme: &Theme, words: &[&str], chosen: &mut usize, width: f32, free: bool) -> Response {
    let size = vec2(width * words.len() as f32 + 4.0, 28.0);
    let (rect, mut whole) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect(rect, CornerRadius::same(7), theme.canvas, Stroke::new(1.0, theme.border), StrokeKind::Inside);
    for (at, word) in words.iter().enumerate() {
        let part = Rect::from_min_size(pos2(rect.left() + 2.0 + width * at as f32, rect.top() + 2.0), vec2(width, rect.height() - 4.0));
        let response = ui.interact(part, whole.id.with(at), if free { Sense::click() } else { Sense::hover() });
        if response.clicked() && *chosen != at {
            *chosen = at;
            whole.mark_changed();
        }
        let on = *chosen == at;
        response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, free, on, word));
        if on {
            ui.painter().rect_filled(part.shrink(1.0), CornerRadius::same(5), theme.accent_ground);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(part.shrink(1.0), CornerRadius::same(5), Stroke::new(1.0, theme.accent), StrokeKind::Inside);
        }
        let colour = if on {
            theme.accent
        } else if !free {
            theme.faint
        } else if response.hovered() {
            theme.text
        } else {
            theme.dim
        };
        ui.painter().text(part.center(), Align2::CENTER_CENTER, word, theme::medium(12.5), colour);
    }
    whole
}
