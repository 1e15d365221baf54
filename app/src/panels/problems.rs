//! What is wrong with the graph: a click goes to the place, and the explanation stands beside it.

use crate::action::{Action, Item};
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::empty::empty_ui;
use egui::text::{LayoutJob, TextWrapping};
use egui::{Rect, RichText, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use pipewright_runtime::check::explain::explain;
use pipewright_runtime::problem::{Problem, Severity, Subject};

/// Height of a row.
const ROW: f32 = 26.0;

/// The item on the canvas that a problem is about.
pub fn item_of(subject: &Subject) -> Option<Item> {
    match subject {
        Subject::Graph | Subject::Expectation(_) => None,
        Subject::Node(node) | Subject::Setting(node, _) | Subject::Port(node, _) => Some(Item::Node(node.clone())),
        Subject::Pipe(pipe) => Some(Item::Pipe(pipe.clone())),
    }
}

/// Shows the list.
pub fn problems_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let problems: &[Problem] = if open.problems_of_start.is_empty() { open.document.problems() } else { &open.problems_of_start };
    if problems.is_empty() {
        empty_ui(ui, theme, Icon::Check, "Nothing is wrong", "Problems of the graph are listed here while you draw.");
        return;
    }
    let chosen = open.views.problem.filter(|at| *at < problems.len());
    let mut picked = None;
    let room = ui.available_rect_before_wrap();
    let list = if chosen.is_some() { room.with_max_x(room.left() + room.width() * 0.62) } else { room };
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().id_salt("problems").auto_shrink(false).show_rows(ui, ROW, problems.len(), |ui, range| {
            for at in range {
                if row_ui(ui, theme, open, &problems[at], chosen == Some(at)) {
                    picked = Some(at);
                }
            }
        });
    });
    if let Some(at) = chosen {
        ui.painter().vline(list.right() + 6.0, room.y_range(), egui::Stroke::new(1.0, theme.border));
        let beside = room.with_min_x(list.right() + 16.0);
        ui.scope_builder(egui::UiBuilder::new().max_rect(beside), |ui| explain_ui(ui, theme, &problems[at]));
    }
    let item = picked.and_then(|at| item_of(&problems[at].subject));
    if let (Some(at), Some(open)) = (picked, state.front_mut()) {
        open.views.problem = Some(at);
    }
    if let Some(item) = item {
        state.push(Action::Reveal(item));
    }
}

fn row_ui(ui: &mut Ui, theme: &Theme, open: &Open, problem: &Problem, chosen: bool) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListBoxOption, true, chosen, problem.to_string()));
    if chosen || response.hovered() {
        ui.painter().rect_filled(rect, 4.0, if chosen { theme.accent_ground } else { theme.hover });
    }
    let (mark, colour) = match problem.severity {
        Severity::Error => ("■", theme.failed),
        Severity::Warning => ("▲", theme.warning),
        Severity::Advice => ("▲", theme.accent),
    };
    let place = match &problem.subject {
        Subject::Graph => "Graph".to_owned(),
        Subject::Expectation(name) => format!("Expected: {name}"),
        Subject::Pipe(pipe) => pipe.to_string(),
        Subject::Node(node) => open.title_of(node),
        Subject::Setting(node, name) | Subject::Port(node, name) => format!("{} · {}", open.title_of(node), name.replace('_', " ")),
    };
    let cell = |left: f32, right: f32, text: &str, font: egui::FontId, colour| {
        let clip = Rect::from_min_max(pos2(rect.left() + left, rect.top()), pos2((rect.left() + right).min(rect.right()), rect.bottom()));
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
        job.wrap = TextWrapping::truncate_at_width(clip.width().max(0.0));
        let galley = ui.painter().layout_job(job);
        ui.painter().galley(pos2(clip.left(), clip.center().y - galley.size().y * 0.5), galley, colour);
    };
    cell(8.0, 24.0, mark, theme::body(11.0), colour);
    cell(28.0, 80.0, problem.code, theme::mono(11.5), theme.dim);
    cell(84.0, 272.0, &place, theme::medium(12.0), theme.text);
    cell(280.0, f32::INFINITY, &problem.message, theme::body(12.5), theme.text);
    let hint = problem.hint.clone();
    let response = if hint.is_empty() { response } else { response.on_hover_text(hint) };
    response.clicked()
}

fn explain_ui(ui: &mut Ui, theme: &Theme, problem: &Problem) {
    ScrollArea::vertical().id_salt("explanation").auto_shrink(false).show(ui, |ui| {
        ui.label(RichText::new(&problem.message).font(theme::strong(13.0)));
        if !problem.hint.is_empty() {
            ui.label(&problem.hint);
        }
        if let Some(position) = problem.position {
            let text = format!("line {}, column {}", position.line, position.column);
            ui.label(RichText::new(text).font(theme::mono(11.5)).color(theme.dim));
        }
        if let Some(explanation) = explain(problem.code) {
            ui.add_space(6.0);
            ui.label(RichText::new(format!("{}  {}", explanation.code, explanation.title)).font(theme::medium(12.0)).color(theme.dim));
            ui.label(RichText::new(explanation.text).size(12.0).color(theme.dim));
        }
    });
}
