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

/// What a button of the palette needs beside its title.
const AROUND_TITLE: f32 = 35.0;

/// Two columns where most titles fit into one, else a single column; a title that does not fit takes a line of its own. Nothing is cut off.
fn family_ui(ui: &mut Ui, theme: &Theme, state: &mut State, kinds: &[&'static Kind]) {
    let room = ui.available_width() - 2.0;
    let half = ((room - 6.0) * 0.5).floor();
    let wide = |kind: &Kind| {
        let galley = ui.painter().layout_no_wrap(kind.title.to_owned(), theme::medium(12.0), theme.text);
        half < ONE_COLUMN || galley.size().x + AROUND_TITLE > half
    };
    let wide: Vec<bool> = kinds.iter().map(|kind| wide(kind)).collect();
    for line in lines(&wide) {
        ui.horizontal(|ui| {
            let width = if wide[line[0]] { room } else { half };
            for at in line {
                entry_ui(ui, theme, state, kinds[at], width);
            }
        });
    }
}

/// Below this width of half the palette, it has one column.
const ONE_COLUMN: f32 = 88.0;

/// Which entries stand in a line together: two that are not wide, also with wide ones between them, so that none stands alone without need.
fn lines(wide: &[bool]) -> Vec<Vec<usize>> {
    let mut lines: Vec<Vec<usize>> = Vec::new();
    let mut waiting: Option<usize> = None;
    for (at, wide) in wide.iter().enumerate() {
        match waiting {
            _ if *wide => lines.push(vec![at]),
            Some(line) => {
                lines[line].push(at);
                waiting = None;
            }
            None => {
                waiting = Some(lines.len());
                lines.push(vec![at]);
            }
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_entry_stands_alone_without_need() {
        for (wide, expected) in [
            (vec![false, false, false], vec![vec![0, 1], vec![2]]),
            (vec![false, true, false], vec![vec![0, 2], vec![1]]),
            (vec![true, true], vec![vec![0], vec![1]]),
            (vec![true, false, false, true, false], vec![vec![0], vec![1, 2], vec![3], vec![4]]),
            (vec![], Vec::<Vec<usize>>::new()),
        ] {
            assert_eq!(lines(&wide), expected, "{wide:?}");
        }
    }
}
