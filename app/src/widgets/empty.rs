//! What stands where there is nothing to show yet: what this place is for, and how to fill it.

use crate::theme::{self, Icon, Theme};
use egui::{Label, Rect, RichText, Sense, Ui, vec2};

/// An icon, a title and a sentence in the middle of the room there is.
pub fn empty_ui(ui: &mut Ui, theme: &Theme, icon: Icon, title: &str, hint: &str) {
    let room = ui.available_size();
    ui.vertical_centered(|ui| {
        ui.add_space((room.y * 0.5 - 48.0).clamp(8.0, 240.0));
        let (rect, _) = ui.allocate_exact_size(vec2(28.0, 28.0), Sense::hover());
        icon.paint(ui.painter(), Rect::from_center_size(rect.center(), vec2(24.0, 24.0)), theme.faint);
        ui.add(Label::new(RichText::new(title).font(theme::medium(13.0)).color(theme.dim)));
        ui.scope(|ui| {
            ui.set_max_width(room.x.min(360.0));
            ui.add(Label::new(RichText::new(hint).size(12.0).color(theme.faint)).wrap());
        });
    });
}
