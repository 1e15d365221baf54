//! What the run wrote down.

use super::messages::time;
use crate::action::{Action, Item};
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use crate::widgets::figure;
use egui::{Align2, Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

/// Height of a row.
const ROW: f32 = 22.0;

/// Shows the journal, newest line last.
pub fn journal_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let snapshot = open.session.as_ref().and_then(|session| session.snapshot()).cloned();
    let Some(snapshot) = snapshot.filter(|snapshot| !snapshot.journal.is_empty()) else {
        empty_ui(
            ui,
            theme,
            Icon::Clock,
            "The journal is empty",
            "A run writes down what happens to it: starts, changes, errors, restarts.",
        );
        return;
    };
    if snapshot.journal_not_shown > 0 {
        let text = format!("{} older lines are not shown", figure::count(snapshot.journal_not_shown));
        ui.label(RichText::new(text).size(11.0).color(theme.faint));
    }
    let mut revealed = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("journal").auto_shrink(false).stick_to_bottom(true).show_rows(
        ui,
        ROW,
        snapshot.journal.len(),
        |ui, range| {
            for line in &snapshot.journal[range] {
                let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
                let node = line.node.as_ref().map_or_else(|| "run".to_owned(), |node| open.title_of(node));
                response.widget_info(|| {
                    WidgetInfo::labeled(egui::Role::ListBoxOption, true, format!("{} {node}: {}", time(line.at.seconds()), line.text))
                });
                if response.hovered() && line.node.is_some() {
                    ui.painter().rect_filled(rect, 4.0, theme.hover);
                }
                let clip = |left: f32, right: f32| {
                    Rect::from_min_max(pos2(rect.left() + left, rect.top()), pos2((rect.left() + right).min(rect.right()), rect.bottom()))
                };
                let put = |area: Rect, text: &str, font, colour| {
                    ui.painter().with_clip_rect(area.intersect(ui.clip_rect())).text(
                        area.left_center(),
                        Align2::LEFT_CENTER,
                        text,
                        font,
                        colour,
                    );
                };
                put(clip(8.0, 96.0), &time(line.at.seconds()), theme::mono(11.5), theme.dim);
                put(clip(104.0, 240.0), &node, theme::medium(12.0), if line.node.is_some() { theme.text } else { theme.faint });
                put(clip(248.0, f32::INFINITY), &line.text, theme::body(12.5), theme.text);
                if response.clicked() {
                    revealed.clone_from(&line.node);
                }
            }
        },
    );
    if let Some(node) = revealed {
        state.push(Action::Reveal(Item::Node(node)));
    }
}
