//! The list of node kinds at the left: by family, searched, dragged onto the canvas or added by a double click.

use crate::action::Action;
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::{AROUND_TEXT, icon_text_button_ui};
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
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        // A search changes nothing about the columns.
        let widest = state.catalogue.kinds().map(|kind| title_width(ui, theme, kind.title, LETTERS[2])).fold(0.0, f32::max);
        let (columns, width) = columns(ui.available_width() - 2.0, widest);
        let mut shown = 0;
        for family in Family::ALL {
            let kinds: Vec<&'static Kind> = state.catalogue.family(family).filter(|kind| matches(kind)).collect();
            if kinds.is_empty() {
                continue;
            }
            shown += kinds.len();
            section_ui(ui, theme, family.title());
            for line in kinds.chunks(columns) {
                ui.horizontal(|ui| line.iter().for_each(|kind| entry_ui(ui, theme, state, kind, width)));
            }
        }
        if shown == 0 {
            ui.add_space(12.0);
            ui.label(RichText::new("No kind matches.").color(theme.dim));
        }
    });
}

/// Space between two buttons.
const GAP: f32 = 6.0;
/// The letters of a title: as they should be, and as small as they may be where the title fits into a column only so.
const LETTERS: [f32; 3] = [12.0, 11.5, 11.0];

/// How many columns all entries stand in, and how wide each is: two where every title fits into one, in somewhat smaller letters if it must
/// be, else one. No entry is wider than another, and nothing is cut off. `widest`: the width of the longest title in the smallest letters.
fn columns(room: f32, widest: f32) -> (usize, f32) {
    let half = ((room - GAP) * 0.5).floor();
    if widest + AROUND_TEXT <= half { (2, half) } else { (1, room) }
}

fn title_width(ui: &Ui, theme: &Theme, title: &str, letters: f32) -> f32 {
    ui.painter().layout_no_wrap(title.to_owned(), theme::medium(letters), theme.text).size().x
}

fn entry_ui(ui: &mut Ui, theme: &Theme, state: &mut State, kind: &'static Kind, width: f32) {
    let colour = theme.family(kind.family);
    let fits = |letters: &f32| title_width(ui, theme, kind.title, *letters) + AROUND_TEXT <= width;
    let letters = LETTERS.into_iter().find(fits).unwrap_or(LETTERS[2]);
    let response = icon_text_button_ui(ui, theme, Icon::family(kind.family), colour, (kind.title, letters), width);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_entries_are_as_wide_as_each_other_and_none_is_cut_off() {
        for (room, expected) in [(286.0, (2, 140.0)), (257.0, (2, 125.0)), (255.0, (2, 124.0)), (253.0, (1, 253.0)), (148.0, (1, 148.0))] {
            assert_eq!(columns(room, 93.0), expected, "{room}");
        }
    }
}
