//! The list of kinds that opens at a place of the canvas: type to find one, Enter puts it there.

use super::fuzzy;
use crate::action::Action;
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::field::search_ui;
use egui::{Area, Color32, Context, Id, Key, Modal, Order, Pos2, RichText, ScrollArea, Sense, UiKind, vec2};
use pipewright_runtime::id::End;
use pipewright_runtime::node::Kind;

/// The list.
#[derive(Clone, Debug)]
pub struct QuickAdd {
    at: Pos2,
    wire: Option<End>,
    query: String,
    chosen: usize,
    /// Where the list opens on screen: at the pointer.
    place: Option<Pos2>,
}

impl QuickAdd {
    /// A list for a node at this place, to be wired to this end.
    pub const fn at(at: Pos2, wire: Option<End>) -> Self {
        Self { at, wire, query: String::new(), chosen: 0, place: None }
    }

    /// Shows the list; gives it back while it is open.
    pub fn ui(mut self, context: &Context, theme: &Theme, state: &mut State) -> Option<Self> {
        let mut kinds: Vec<(u32, &'static Kind)> = state
            .catalogue
            .kinds()
            .filter_map(|kind| {
                let cost = fuzzy(&self.query, kind.title).or_else(|| fuzzy(&self.query, kind.summary).map(|cost| cost + 200))?;
                Some((cost, kind))
            })
            .collect();
        if !self.query.is_empty() {
            kinds.sort_by_key(|(cost, _)| *cost);
        }
        let mut taken = None;
        let middle = context.content_rect().center();
        let place = *self.place.get_or_insert_with(|| context.pointer_latest_pos().unwrap_or(middle));
        let id = Id::unique("quick add");
        let area = Area::new(id).kind(UiKind::Modal).sense(Sense::hover()).order(Order::Foreground).fixed_pos(place - vec2(24.0, 24.0));
        let list = Modal::new(id).area(area).backdrop_color(Color32::TRANSPARENT);
        let modal = list.show(context, |ui| {
            ui.set_width(380.0);
            let field = search_ui(ui, theme, &mut self.query, "Add a node", "Enter");
            field.request_focus();
            if field.changed() {
                self.chosen = 0;
            }
            let moved = move_choice(ui, &mut self.chosen, kinds.len());
            ui.add_space(4.0);
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                if kinds.is_empty() {
                    ui.label(RichText::new("No kind matches.").color(theme.dim));
                }
                for (at, (_, kind)) in kinds.iter().enumerate() {
                    let response = row_ui(ui, theme, kind, at == self.chosen);
                    if at == self.chosen && moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        taken = Some(*kind);
                    }
                }
            });
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                taken = taken.or_else(|| kinds.get(self.chosen).map(|(_, kind)| *kind));
            }
        });
        if let Some(kind) = taken {
            state.push(Action::AddNode { kind: kind.name.to_owned(), at: self.at, wire: self.wire, into: None });
            return None;
        }
        (!modal.should_close()).then_some(self)
    }
}

/// Moves a choice by the arrow keys.
pub(super) fn move_choice(ui: &egui::Ui, chosen: &mut usize, count: usize) -> bool {
    let step = ui.input(|input| isize::from(input.key_pressed(Key::ArrowDown)) - isize::from(input.key_pressed(Key::ArrowUp)));
    *chosen = chosen.saturating_add_signed(step).min(count.saturating_sub(1));
    step != 0
}

fn row_ui(ui: &mut egui::Ui, theme: &Theme, kind: &Kind, chosen: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, kind.title));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 6.0, if chosen { theme.accent_ground } else { theme.hover });
    }
    let icon = egui::Rect::from_center_size(rect.left_center() + vec2(18.0, 0.0), vec2(16.0, 16.0));
    Icon::family(kind.family).paint(ui.painter(), icon, theme.family(kind.family));
    let painter = ui.painter().with_clip_rect(rect);
    painter.text(rect.left_top() + vec2(38.0, 4.0), egui::Align2::LEFT_TOP, kind.title, theme::medium(13.0), theme.text);
    painter.text(rect.left_top() + vec2(38.0, 22.0), egui::Align2::LEFT_TOP, kind.summary, theme::body(11.5), theme.dim);
    response
}
