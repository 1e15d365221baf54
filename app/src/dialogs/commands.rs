//! The search over commands, nodes and samples.

use super::fuzzy;
use super::quick_add::move_choice;
use crate::action::perform::file;
use crate::action::{Action, Item, table};
use crate::samples;
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::field::search_ui;
use egui::{Context, Id, Key, Modal, RichText, ScrollArea, Sense, vec2};
use pipewright_runtime::id::NodeId;

/// How many rows are listed.
const MOST_ROWS: usize = 60;

/// The search.
#[derive(Clone, Debug)]
pub struct CommandPalette {
    query: String,
    chosen: usize,
    only_nodes: bool,
}

#[derive(Clone)]
enum Target {
    Command(&'static table::Command),
    Node(NodeId),
    Sample(&'static samples::Sample),
}

struct Row {
    cost: u32,
    title: String,
    about: String,
    key: String,
    icon: Icon,
    target: Target,
}

impl CommandPalette {
    /// A search over everything.
    pub const fn everything() -> Self {
        Self { query: String::new(), chosen: 0, only_nodes: false }
    }

    /// A search over the nodes of the document in front.
    pub const fn nodes() -> Self {
        Self { query: String::new(), chosen: 0, only_nodes: true }
    }

    /// Shows the search; gives it back while it is open.
    pub fn ui(mut self, context: &Context, theme: &Theme, state: &mut State) -> Option<Self> {
        let rows = self.rows(context, state);
        let mut taken = None;
        let modal = Modal::new(Id::unique("commands")).show(context, |ui| {
            ui.set_width(520.0);
            let hint = if self.only_nodes { "Find a node" } else { "Search or run a command" };
            let field = search_ui(ui, theme, &mut self.query, hint, "Enter");
            field.request_focus();
            if field.changed() {
                self.chosen = 0;
            }
            let moved = move_choice(ui, &mut self.chosen, rows.len());
            ui.add_space(4.0);
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                if rows.is_empty() {
                    ui.label(RichText::new("Nothing matches.").color(theme.dim));
                }
                for (at, row) in rows.iter().enumerate() {
                    let response = row_ui(ui, theme, row, at == self.chosen);
                    if at == self.chosen && moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        taken = Some(row.target.clone());
                    }
                }
            });
            if ui.input(|input| input.key_pressed(Key::Enter)) {
                taken = taken.take().or_else(|| rows.get(self.chosen).map(|row| row.target.clone()));
            }
        });
        match taken {
            Some(Target::Command(command)) => state.push(Action::Command(command.name)),
            Some(Target::Node(node)) => state.push(Action::Reveal(Item::Node(node))),
            Some(Target::Sample(sample)) => file::open_sample(state, sample),
            None => return (!modal.should_close()).then_some(self),
        }
        None
    }

    fn rows(&self, context: &Context, state: &State) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(open) = state.front()
            && (self.only_nodes || !self.query.is_empty())
        {
            for (id, node) in open.document.whole().nodes() {
                let title = if node.title.is_empty() { id.as_str() } else { &node.title };
                let found = fuzzy(&self.query, title).or_else(|| fuzzy(&self.query, id.as_str()).map(|cost| cost + 50));
                if let Some(cost) = found {
                    let kind = state.catalogue.get(&node.kind);
                    let icon = kind.map_or(Icon::More, |kind| Icon::family(kind.family));
                    let about = kind.map_or_else(|| node.kind.clone(), |kind| kind.title.to_owned());
                    let about = match open.document.whole().level_of(id) {
                        Some(level) => format!("{about} in {}", open.title_of(level)),
                        None => about,
                    };
                    let (title, target) = (title.to_owned(), Target::Node(id.clone()));
                    rows.push(Row { cost, title, about, key: String::new(), icon, target });
                }
            }
        }
        if !self.only_nodes {
            for command in table::TABLE.iter().filter(|command| (command.enabled)(state) && command.name != "view.palette") {
                let Some(cost) = fuzzy(&self.query, command.title).or_else(|| fuzzy(&self.query, command.help).map(|c| c + 300)) else {
                    continue;
                };
                let key = command.keys.first().map(|keys| context.format_shortcut(keys)).unwrap_or_default();
                let (title, about) = (command.title.to_owned(), command.menu.title().to_owned());
                let icon = command.icon.unwrap_or(Icon::Right);
                rows.push(Row { cost, title, about, key, icon, target: Target::Command(command) });
            }
            for sample in samples::ALL {
                let Some(cost) = fuzzy(&self.query, sample.title) else { continue };
                let (title, about) = (sample.title.to_owned(), "Sample".to_owned());
                rows.push(Row { cost: cost + 20, title, about, key: String::new(), icon: Icon::File, target: Target::Sample(sample) });
            }
        }
        if !self.query.is_empty() {
            rows.sort_by_key(|row| row.cost);
        }
        rows.truncate(MOST_ROWS);
        rows
    }
}

fn row_ui(ui: &mut egui::Ui, theme: &Theme, row: &Row, chosen: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &row.title));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 6.0, if chosen { theme.accent_ground } else { theme.hover });
    }
    let icon = egui::Rect::from_center_size(rect.left_center() + vec2(16.0, 0.0), vec2(14.0, 14.0));
    row.icon.paint(ui.painter(), icon, theme.dim);
    let painter = ui.painter().with_clip_rect(rect);
    let title = painter.text(rect.left_center() + vec2(32.0, 0.0), egui::Align2::LEFT_CENTER, &row.title, theme::medium(13.0), theme.text);
    painter.text(title.right_center() + vec2(10.0, 0.0), egui::Align2::LEFT_CENTER, &row.about, theme::body(11.5), theme.faint);
    painter.text(rect.right_center() - vec2(10.0, 0.0), egui::Align2::RIGHT_CENTER, &row.key, theme::mono(11.0), theme.dim);
    response
}
