//! The list of node kinds at the left: by family, searched, dragged onto the canvas or added by a double click.

use crate::action::Action;
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::icon_text_button_ui;
use crate::widgets::field::search_ui;
use crate::widgets::heading::section_ui;
use egui::{Id, RichText, ScrollArea, Ui, vec2};
use pipewright_runtime::node::{Family, Kind};

/// What is dragged from the palette to the canvas: a kind's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DraggedKind(pub &'static str);

/// Shows the list.
pub fn palette_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    ui.set_min_width(ui.available_width());
    let id = Id::unique("palette search");
    let mut query: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    search_ui(ui, theme, &mut query, "Find a kind", "");
    ui.data_mut(|data| data.insert_temp(id, query.clone()));
    let query = query.trim().to_lowercase();
    let matches = |kind: &Kind| {
        query.is_empty()
            || kind.title.to_lowercase().contains(&query)
            || kind.name.contains(&query)
            || kind.family.title().to_lowercase().contains(&query)
    };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        let mut shown = 0;
        for family in Family::ALL {
            let kinds: Vec<&'static Kind> = state.catalogue.family(family).filter(|kind| matches(kind)).collect();
            if kinds.is_empty() {
                continue;
            }
            shown += kinds.len();
            section_ui(ui, theme, family.title());
            family_ui(ui, theme, state, &kinds);
        }
        if shown == 0 {
            ui.add_space(12.0);
            ui.label(RichText::new("No kind matches.").color(theme.dim));
        }
    });
}

/// Two columns where the longest title fits into one, else one column: nothing is cut off.
fn family_ui(ui: &mut Ui, theme: &Theme, state: &mut State, kinds: &[&'static Kind]) {
    let room = ui.available_width() - 2.0;
    let half = ((room - 6.0) * 0.5).floor();
    let widest = |kind: &&&'static Kind| {
        let galley = ui.painter().layout_no_wrap(kind.title.to_owned(), theme::medium(12.0), theme.text);
        galley.size().x + 44.0 > half
    };
    let wide: Vec<bool> = kinds.iter().map(|kind| widest(&kind)).collect();
    let mut at = 0;
    while at < kinds.len() {
        ui.horizontal(|ui| {
            let pair = !wide[at] && kinds.len() > at + 1 && !wide[at + 1];
            let count = if pair { 2 } else { 1 };
            let width = if wide[at] { room } else { half };
            for kind in &kinds[at..at + count] {
                entry_ui(ui, theme, state, kind, width);
            }
            at += count;
        });
    }
}

fn entry_ui(ui: &mut Ui, theme: &Theme, state: &mut State, kind: &'static Kind, width: f32) {
    let colour = theme.family(kind.family);
    let response = icon_text_button_ui(ui, theme, Icon::family(kind.family), colour, kind.title, width);
    response.dnd_set_drag_payload(DraggedKind(kind.name));
    let add = response.double_clicked() || (response.has_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)));
    if add && let Some(open) = state.front() {
        let at = open.views.canvas_centre - vec2(88.0, 43.0);
        state.push(Action::AddNode { kind: kind.name.to_owned(), at, wire: None, into: None });
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(280.0);
        ui.label(RichText::new(kind.title).font(theme::strong(13.0)));
        ui.label(kind.summary);
        ui.label(RichText::new("Drag it onto the canvas, or double-click.").color(theme.faint).size(11.0));
    });
}
