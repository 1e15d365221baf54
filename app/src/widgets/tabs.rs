//! A bar of tabs with counts as badges and a line under the chosen one.

use crate::theme::{self, Theme};
use egui::{Color32, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// One tab.
#[derive(Clone, Debug)]
pub struct Tab<'a> {
    /// Its words.
    pub label: &'a str,
    /// A count beside them, and its colour; none if zero.
    pub count: (u64, Color32),
}

impl<'a> Tab<'a> {
    /// A tab without a count.
    pub const fn plain(label: &'a str) -> Self {
        Self { label, count: (0, Color32::TRANSPARENT) }
    }
}

/// Shows the tabs in a row, a line along its whole width below; `chosen` follows a click. The response says whether it changed.
pub fn tab_bar_ui(ui: &mut Ui, theme: &Theme, tabs: &[Tab<'_>], chosen: &mut usize) -> Response {
    let (rect, mut whole) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.border));
    let mut left = rect.left() + 4.0;
    for (at, tab) in tabs.iter().enumerate() {
        let on = *chosen == at;
        let words = ui.painter().layout_no_wrap(tab.label.to_owned(), theme::medium(12.5), Color32::PLACEHOLDER);
        let count = (tab.count.0 > 0).then(|| {
            let text = if tab.count.0 > 999 { super::figure::short(tab.count.0 as f64) } else { tab.count.0.to_string() };
            ui.painter().layout_no_wrap(text, theme::mono_strong(10.5), tab.count.1)
        });
        let badge_width = count.as_ref().map_or(0.0, |galley| (galley.size().x + 10.0).max(18.0));
        let width = words.size().x + 20.0 + if badge_width > 0.0 { badge_width + 6.0 } else { 0.0 };
        let part = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        let response = ui.interact(part, whole.id.with(at), Sense::click());
        if response.clicked() && !on {
            *chosen = at;
            whole.mark_changed();
        }
        response.widget_info(|| {
            let name = if tab.count.0 > 0 { format!("{}, {}", tab.label, tab.count.0) } else { tab.label.to_owned() };
            WidgetInfo::selected(egui::Role::Tab, ui.is_enabled(), on, name)
        });
        let colour = match (on, response.hovered()) {
            (true, _) => theme.accent,
            (false, true) => theme.text,
            (false, false) => theme.dim,
        };
        let words_at = pos2(part.left() + 10.0, part.center().y - words.size().y * 0.5);
        let after = words_at.x + words.size().x + 6.0;
        ui.painter().galley_with_override_text_color(words_at, words, colour);
        if let Some(galley) = count {
            let badge = Rect::from_min_size(pos2(after, part.center().y - 8.0), vec2(badge_width, 16.0));
            ui.painter().rect_filled(badge, CornerRadius::same(8), theme::blend(theme.panel, tab.count.1, 0.18));
            ui.painter().galley(badge.center() - galley.size() * 0.5, galley, tab.count.1);
        }
        if on {
            let line = Rect::from_min_max(pos2(part.left() + 8.0, rect.bottom() - 2.0), pos2(part.right() - 8.0, rect.bottom()));
            ui.painter().rect_filled(line, CornerRadius::same(1), theme.accent);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(part.shrink(3.0), CornerRadius::same(5), Stroke::new(1.0, theme.accent), StrokeKind::Inside);
        }
    }
    whole
}
