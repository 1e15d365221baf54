//! The messages of one pipe: a virtual table, newest first, and one message opened beside it.

pub mod detail;
mod row;

pub use row::{short_id, time};

use crate::action::Item;
use crate::session::Tap;
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::IconButton;
use crate::widgets::empty::empty_ui;
use crate::widgets::field::search_ui;
use crate::widgets::{figure, pane_ui};
use detail::DetailTab;
use egui::{ComboBox, RichText, ScrollArea, Ui, vec2};
use pipewright_runtime::id::{MessageId, PipeId};
use pipewright_runtime::telemetry::snapshot::Tapped;
use pipewright_runtime::units::Moment;
use std::collections::BTreeSet;

/// How many pipes the chooser lists; select the others on the canvas.
const PIPES_LISTED: usize = 200;
/// How many of the newest messages are asked which columns they fill.
const NOTED: usize = 64;
/// Height of a row.
const ROW: f32 = 22.0;

/// What the panel remembers.
#[derive(Default)]
pub struct View {
    /// The pipe that was chosen; the selection decides if `None`.
    pub pipe: Option<PipeId>,
    /// The selection when the pipe was chosen; another selection takes the choice back.
    chosen_at: Option<BTreeSet<Item>>,
    query: String,
    /// The rows as they were when the list was paused.
    paused: Option<Vec<Tapped>>,
    open: Option<(MessageId, Moment)>,
    tab: DetailTab,
    columns: row::Columns,
}

/// The pipe whose messages are shown: the chosen one, or what the selection suggests, or the first.
pub fn shown_pipe(open: &Open) -> Option<PipeId> {
    let graph = open.document.whole();
    if let Some(pipe) = open.views.messages.pipe.as_ref().filter(|pipe| graph.pipe(pipe).is_some()) {
        return Some(pipe.clone());
    }
    let suggested = open.selection.iter().find_map(|item| match item {
        Item::Pipe(pipe) => Some(pipe.clone()),
        Item::Node(node) => graph.pipes_out_of(node).chain(graph.pipes_into(node)).next().map(|(pipe, _)| pipe.clone()),
        Item::Frame(_) | Item::Note(_) => None,
    });
    suggested.or_else(|| open.document.shown().pipes().keys().next().cloned()).or_else(|| graph.pipes().keys().next().cloned())
}

/// Shows the panel.
pub fn messages_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front_mut() else { return };
    let view = &mut open.views.messages;
    // A new selection takes the choice back: what is looked at is what is selected.
    match &view.chosen_at {
        None if view.pipe.is_some() => view.chosen_at = Some(open.selection.clone()),
        Some(then) if *then != open.selection => {
            view.pipe = None;
            view.chosen_at = None;
        }
        _ => {}
    }
    let Some(pipe) = shown_pipe(open) else {
        empty_ui(ui, theme, Icon::Right, "No pipe to look into", "Wire two nodes; the messages that pass are listed here.");
        return;
    };
    bar_ui(ui, theme, open, &pipe);
    let Some(session) = &open.session else {
        empty_ui(ui, theme, Icon::Run, "Nothing has run yet", "Start a run to see the messages of this pipe.");
        return;
    };
    let tap = session.taps.get(&pipe);
    let view = &open.views.messages;
    let rows = matching(view, tap);
    if rows.is_empty() {
        let hint = if view.query.is_empty() { "Messages are listed as they pass." } else { "No message kept matches the search." };
        empty_ui(ui, theme, Icon::Clock, "No messages", hint);
        return;
    }
    let opened = view.open.and_then(|key| rows.iter().find(|one| key_of(one) == key).map(|one| (*one).clone()));
    let mut picked = None;
    let mut tab = view.tab;
    let mut columns = view.columns;
    rows.iter().take(NOTED).for_each(|one| columns.note(&one.message));
    let room = ui.available_rect_before_wrap();
    let width = if opened.is_some() { (room.width() * 0.6).max(room.width() - 520.0) } else { room.width() };
    let table = room.with_max_x(room.left() + width);
    ui.scope_builder(egui::UiBuilder::new().max_rect(table), |ui| picked = table_ui(ui, theme, &rows, columns, view.open));
    if let Some(message) = &opened {
        ui.painter().vline(table.right() + 6.0, room.y_range(), egui::Stroke::new(1.0, theme.border));
        let beside = room.with_min_x(table.right() + 16.0);
        pane_ui(ui, beside, detail::LEAST_HEIGHT, |ui| detail::detail_ui(ui, theme, &message.message, message.at, &mut tab));
    }
    let view = &mut open.views.messages;
    view.tab = tab;
    view.columns = columns;
    if let Some(key) = picked {
        view.open = if view.open == Some(key) { None } else { Some(key) };
    }
}

fn key_of(one: &Tapped) -> (MessageId, Moment) {
    (one.message.id, one.at)
}

/// The rows to show, newest first.
fn matching<'a>(view: &'a View, tap: Option<&'a Tap>) -> Vec<&'a Tapped> {
    let query = view.query.trim().to_lowercase();
    let matches = |one: &&Tapped| query.is_empty() || row::text(&one.message).to_lowercase().contains(&query);
    match (&view.paused, tap) {
        (Some(paused), _) => paused.iter().rev().filter(matches).collect(),
        (None, Some(tap)) => tap.rows.iter().rev().filter(matches).collect(),
        (None, None) => Vec::new(),
    }
}

fn bar_ui(ui: &mut Ui, theme: &Theme, open: &mut Open, pipe: &PipeId) {
    let name = |pipe: &PipeId| format!("{} → {}", open.title_of(&pipe.from.node), open.title_of(&pipe.to.node));
    let mut chosen = None;
    let mut query = open.views.messages.query.clone();
    let paused = open.views.messages.paused.is_some();
    let mut toggle = false;
    ui.horizontal(|ui| {
        ui.set_height(32.0);
        let label = RichText::new(name(pipe)).font(theme::strong(12.5));
        // In a narrow dock the pipe's name gives way first, then the count is told by the tooltip alone.
        let room = ui.available_width();
        let counted = room > 520.0;
        let search = (room - 220.0 - if counted { 220.0 } else { 48.0 }).clamp(130.0, 260.0);
        let name_width = (room - search - if counted { 220.0 } else { 56.0 }).clamp(90.0, 220.0);
        ComboBox::from_id_salt("pipe of messages").width(name_width).truncate().selected_text(label).show_ui(ui, |ui| {
            for other in open.document.whole().pipes().keys().take(PIPES_LISTED) {
                if ui.selectable_label(other == pipe, name(other)).on_hover_text(other.to_string()).clicked() {
                    chosen = Some(other.clone());
                }
            }
        });
        ui.scope(|ui| {
            ui.set_max_width(search);
            search_ui(ui, theme, &mut query, if search < 170.0 { "Search" } else { "Search in messages" }, "");
        });
        let (icon, title) = if paused { (Icon::Run, "Go on listing") } else { (Icon::Pause, "Hold the list still") };
        let told = count_text(open, pipe);
        let hint = if counted { String::new() } else { told.clone().unwrap_or_default() };
        toggle = IconButton::new(icon, title).hint(&hint).side(26.0).chosen(paused).ui(ui, theme).clicked();
        if let Some(told) = told.filter(|_| counted) {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(RichText::new(told).size(11.5).color(theme.faint)).truncate())
                    .on_hover_text("Only the newest messages are kept, and only a sample when many pass at once.");
            });
        }
    });
    let rows: Option<Vec<Tapped>> =
        open.session.as_ref().and_then(|session| session.taps.get(pipe)).map(|tap| tap.rows.iter().cloned().collect());
    let now = open.selection.clone();
    let view = &mut open.views.messages;
    view.query = query;
    if toggle {
        view.paused = if paused { None } else { rows };
    }
    if let Some(pipe) = chosen {
        *view = View { pipe: Some(pipe), chosen_at: Some(now), tab: view.tab, ..View::default() };
    }
}

/// How many messages of a pipe are listed, and how many are not.
fn count_text(open: &Open, pipe: &PipeId) -> Option<String> {
    let session = open.session.as_ref()?;
    let kept = session.taps.get(pipe).map_or(0, |tap| tap.rows.len());
    Some(format!("{} kept · {} not shown", figure::count(kept as u64), figure::count(session.not_shown(pipe))))
}

fn table_ui(
    ui: &mut Ui,
    theme: &Theme,
    rows: &[&Tapped],
    columns: row::Columns,
    open: Option<(MessageId, Moment)>,
) -> Option<(MessageId, Moment)> {
    row::head_ui(ui, theme, columns);
    let mut picked = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("messages").auto_shrink(false).show_rows(ui, ROW, rows.len(), |ui, range| {
        for one in &rows[range] {
            let key = key_of(one);
            if row::row_ui(ui, theme, one, columns, open == Some(key), vec2(ui.available_width(), ROW)).clicked() {
                picked = Some(key);
            }
        }
    });
    picked
}
