//! Buttons with an icon.

use crate::theme::{self, Icon, Theme};
use egui::{Color32, CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

/// A square button with an icon alone; its name is its tooltip and its name for AccessKit.
#[must_use = "call `ui`"]
pub struct IconButton<'a> {
    icon: Icon,
    name: &'a str,
    hint: &'a str,
    colour: Option<Color32>,
    side: f32,
    quiet: bool,
    chosen: bool,
}

impl<'a> IconButton<'a> {
    /// A button of this name.
    pub const fn new(icon: Icon, name: &'a str) -> Self {
        Self { icon, name, hint: "", colour: None, side: 28.0, quiet: false, chosen: false }
    }

    /// The icon's colour.
    pub const fn colour(mut self, colour: Color32) -> Self {
        self.colour = Some(colour);
        self
    }

    /// What stands behind the name in the tooltip: a key.
    pub const fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// Its width and height.
    pub const fn side(mut self, side: f32) -> Self {
        self.side = side;
        self
    }

    /// Without a ground until the pointer is over it.
    pub const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Whether it is held down.
    pub const fn chosen(mut self, chosen: bool) -> Self {
        self.chosen = chosen;
        self
    }

    /// Shows it.
    pub fn ui(self, ui: &mut Ui, theme: &Theme) -> Response {
        let (rect, response) = ui.allocate_exact_size(vec2(self.side, self.side), Sense::click());
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, ui.is_enabled(), self.chosen, self.name));
        if ui.is_rect_visible(rect) {
            let visuals = ui.style().interact(&response);
            let at_rest = !response.hovered() && !response.has_focus() && !response.is_pointer_button_down_on();
            if self.chosen {
                ui.painter().rect_filled(rect, CornerRadius::same(6), theme.accent_ground);
            } else if !(self.quiet && at_rest) {
                ui.painter().rect(rect, CornerRadius::same(6), visuals.weak_bg_fill, visuals.bg_stroke, StrokeKind::Inside);
            }
            let colour = if self.chosen { theme.accent } else { self.colour.unwrap_or(if at_rest { theme.dim } else { theme.text }) };
            let icon = Rect::from_center_size(rect.center(), vec2(16.0, 16.0) * (self.side / 28.0).min(1.0));
            self.icon.paint(ui.painter(), icon, colour);
        }
        let tip = if self.hint.is_empty() { self.name.to_owned() } else { format!("{}  {}", self.name, self.hint) };
        response.on_hover_text(tip.clone()).on_disabled_hover_text(tip)
    }
}

/// An icon button in its usual dress.
pub fn icon_button_ui(ui: &mut Ui, theme: &Theme, icon: Icon, name: &str) -> Response {
    IconButton::new(icon, name).ui(ui, theme)
}

/// What a button with an icon and a word needs beside the word.
pub const AROUND_TEXT: f32 = 31.0;

/// A button with an icon and a word in letters of a size, `width` wide; the word is cut off with an ellipsis if it must be.
pub fn icon_text_button_ui(ui: &mut Ui, theme: &Theme, icon: Icon, colour: Color32, (text, letters): (&str, f32), width: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), text));
    if ui.is_rect_visible(rect) {
        let visuals = ui.style().interact(&response);
        let edge = if response.has_focus() { Stroke::new(1.0, theme.accent) } else { Stroke::NONE };
        ui.painter().rect(rect, CornerRadius::same(6), visuals.weak_bg_fill, edge, StrokeKind::Inside);
        let square = Rect::from_center_size(egui::pos2(rect.left() + 14.0, rect.center().y), vec2(14.0, 14.0));
        icon.paint(ui.painter(), square, colour);
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::medium(letters), theme.text);
        job.wrap = egui::text::TextWrapping::truncate_at_width(width - AROUND_TEXT + 1.0);
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(egui::pos2(square.right() + 5.0, rect.center().y - galley.size().y * 0.5), galley, theme.text);
    }
    response
}
