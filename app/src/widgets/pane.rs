//! A pane: a place that never grows with what stands in it.

use egui::{Rect, ScrollArea, Ui, UiBuilder, vec2};

/// Shows something in a place of its own. Where that is lower than `least`, it scrolls as a whole; what is around it stays where it is.
pub fn pane_ui(ui: &mut Ui, place: Rect, least: f32, show: impl FnOnce(&mut Ui)) {
    // A child that takes no room from its parent: the place was set aside already.
    let mut pane = ui.new_child(UiBuilder::new().max_rect(place));
    pane.shrink_clip_rect(place);
    let height = place.height().max(least);
    ScrollArea::vertical().id_salt("pane").auto_shrink(false).min_scrolled_height(0.0).show(&mut pane, |ui| {
        let inside = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), height));
        ui.scope_builder(UiBuilder::new().max_rect(inside), show);
    });
}
