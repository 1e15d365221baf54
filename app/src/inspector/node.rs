//! The inspector of a node: title, settings by group, figures, guide.

use super::composite;
use super::draft::{line_ui, title_ui};
use super::fields::{Asked, Changed, field_ui, shown};
use super::live;
use super::row::Row;
use crate::action::{Action, Item};
use crate::state::{Open, State};
use crate::theme::{self, Icon, Theme};
use crate::widgets::heading::section_ui;
use crate::widgets::tabs::{Tab, tab_bar_ui};
use crate::workspace::InspectorTab;
use egui::{Id, Rect, RichText, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use egui_commonmark::{CommonMarkCache, CommonMarkViewer};
use pipewright_runtime::graph::{Edit, Node};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::Kind;
use pipewright_runtime::problem::{Severity, Subject};
use std::sync::{Arc, Mutex};

/// Shows the inspector of one node.
pub fn node_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId) {
    let catalogue = state.catalogue;
    let Some(node) = state.front().and_then(|open| open.document.whole().nodes().get(id).cloned()) else { return };
    let kind = catalogue.get(&node.kind);
    header_ui(ui, theme, state, id, &node, kind);
    let tabs: Vec<Tab<'_>> = InspectorTab::ALL.iter().map(|tab| Tab::plain(tab.title())).collect();
    let mut chosen = InspectorTab::ALL.iter().position(|tab| *tab == state.preferences.workspace.inspector_tab).unwrap_or(0);
    tab_bar_ui(ui, theme, &tabs, &mut chosen);
    let tab = InspectorTab::ALL[chosen];
    state.preferences.workspace.inspector_tab = tab;
    ScrollArea::vertical().id_salt(("inspector", tab.title(), id.as_str())).auto_shrink(false).show(ui, |ui| {
        // Room for the dots at the left, and for the scroll bar at the right.
        egui::Frame::new().inner_margin(egui::Margin { left: 12, right: 10, top: 0, bottom: 16 }).show(ui, |ui| match tab {
            InspectorTab::Settings => settings_ui(ui, theme, state, id, &node, kind),
            InspectorTab::Live => live::node_ui(ui, theme, state, id, kind),
            InspectorTab::Guide if node.is_composite() => text_ui(ui, composite::GUIDE),
            InspectorTab::Guide => guide_ui(ui, theme, kind),
        });
    });
}

/// The height of the title's field.
const TITLE: f32 = 19.0;

fn header_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId, node: &Node, kind: Option<&'static Kind>) {
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        let (rect, _) = ui.allocate_exact_size(vec2(20.0, 28.0), Sense::hover());
        let square = Rect::from_center_size(rect.center(), vec2(16.0, 16.0));
        match kind {
            Some(kind) => Icon::family(kind.family).paint(ui.painter(), square, theme.family(kind.family)),
            None if node.is_composite() => Icon::Composite.paint(ui.painter(), square, theme.dim),
            None => Icon::More.paint(ui.painter(), square, theme.failed),
        }
        let (text, colour, help) = match kind {
            Some(kind) => (kind.title, theme.dim, kind.summary),
            None if node.is_composite() => ("Composite", theme.dim, "A node whose content is a graph."),
            None => (node.kind.as_str(), theme.failed, "This program does not know this kind."),
        };
        let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::body(12.0), colour);
        let room = (ui.available_width() - galley.size().x - 12.0).max(60.0);
        // A text field stands at the top of its line: given a place of its own, the title stands level with the icon.
        let place = Rect::from_min_size(pos2(rect.right() + 4.0, rect.center().y - TITLE * 0.5), vec2(room, TITLE));
        ui.allocate_rect(place, Sense::hover());
        ui.scope_builder(UiBuilder::new().max_rect(place), |ui| {
            if let Some(title) = title_ui(ui, theme, "Title", Id::unique(("title", id.as_str())), &node.title, id.as_str()) {
                state.push(Action::Edit("Change title".to_owned(), Edit::SetTitle(id.clone(), title.trim().to_owned())));
            }
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(text).size(12.0).color(colour)).on_hover_text(help);
        });
    });
}

fn settings_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId, node: &Node, kind: Option<&'static Kind>) {
    running_note_ui(ui, theme, state, id);
    let general: Vec<String> = about(state.front(), id);
    for problem in general {
        ui.add(egui::Label::new(RichText::new(problem).size(11.5).color(theme.warning)).wrap());
    }
    if node.is_composite() {
        composite::composite_ui(ui, theme, state, id, node);
        section_ui(ui, theme, "Node");
        return name_ui(ui, theme, state, id);
    }
    let Some(kind) = kind else {
        ui.label(RichText::new("This kind is not known here. Its settings are kept as they stand in the file.").color(theme.dim));
        return;
    };
    let mut group = "";
    for field in kind.fields.iter().filter(|field| shown(field, kind.fields, &node.settings)) {
        if field.group != group {
            group = field.group;
            section_ui(ui, theme, group);
        }
        let error = error_of(state.front(), id, field.name);
        let widget = Id::unique(("setting", id.as_str(), field.name));
        let asked = Asked { field, fields: kind.fields, settings: &node.settings };
        let changed = field_ui(ui, theme, widget, &asked, error.as_deref());
        if let Some(changed) = changed {
            let label = format!("Change {}", field.label.to_lowercase());
            let value = match changed {
                Changed::To(value) => Some(value),
                Changed::Reset => None,
            };
            state.push(Action::Edit(label, Edit::SetSetting(id.clone(), field.name.to_owned(), value)));
        }
    }
    let unknown: Vec<&String> = node.settings.keys().filter(|name| kind.field(name).is_none()).collect();
    if !unknown.is_empty() {
        section_ui(ui, theme, "Not known");
        for name in unknown {
            ui.horizontal(|ui| {
                ui.label(RichText::new(name).color(theme.warning));
                if ui.small_button("Take out").clicked() {
                    state.push(Action::Edit(format!("Take out {name}"), Edit::SetSetting(id.clone(), name.clone(), None)));
                }
            });
        }
    }
    section_ui(ui, theme, "Node");
    name_ui(ui, theme, state, id);
}

/// The id: what files and reports call the node.
fn name_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId) {
    Row::plain("Id", "What files, expressions and reports call this node: letters, digits, - and _.").ui(ui, theme, |ui| {
        let taken = |text: &str| {
            let graph = state.front()?.document.whole();
            match NodeId::new(text) {
                None => Some("a letter, then letters, digits, - and _".to_owned()),
                Some(other) if graph.level_of(&other) != graph.level_of(id) => Some("it would stand on another level".to_owned()),
                Some(other) if other != *id && graph.node(&other).is_some() => Some("taken by another node".to_owned()),
                Some(_) => None,
            }
        };
        let text = line_ui(ui, theme, "Id", Id::unique(("id", id.as_str())), id.as_str(), "", None, &taken);
        if let Some(other) = text.filter(|text| taken(text).is_none()).and_then(|text| NodeId::new(&text)) {
            let Some(change) = state.front().map(|open| open.document.graph().rename(id, &other)) else { return };
            state.push(Action::Edit("Rename node".to_owned(), change));
            state.push(Action::Select(vec![Item::Node(other)]));
        }
    });
}

/// While a run goes on: that changes come into force at once, and what the run said about the last one (kept, or restarted).
fn running_note_ui(ui: &mut Ui, theme: &Theme, state: &State, id: &NodeId) {
    let Some(open) = state.front().filter(|open| open.running()) else { return };
    ui.label(RichText::new("Changes come into force at once.").size(11.0).color(theme.good));
    let snapshot = open.session.as_ref().and_then(|session| session.snapshot());
    let line = snapshot
        .and_then(|snapshot| snapshot.journal.iter().rev().find(|line| line.node.as_ref() == Some(id) && line.text.contains("settings")));
    if let Some(line) = line {
        let text = format!("{}  {}", crate::widgets::figure::clock(line.at.seconds()), line.text);
        ui.add(egui::Label::new(RichText::new(text).size(11.0).color(theme.dim)).wrap());
    }
}

fn error_of(open: Option<&Open>, id: &NodeId, field: &str) -> Option<String> {
    let problem = open?.document.problems().iter().find(|problem| {
        problem.severity == Severity::Error && matches!(&problem.subject, Subject::Setting(node, name) if node == id && name == field)
    })?;
    Some(problem.message.clone())
}

/// What is wrong with the node as a whole and with its ports, and what is merely doubtful about its settings.
fn about(open: Option<&Open>, id: &NodeId) -> Vec<String> {
    let Some(open) = open else { return Vec::new() };
    let of_node = open.document.problems().iter().filter(|problem| problem.subject.node() == Some(id));
    let general = of_node.filter(|problem| problem.severity != Severity::Error || !matches!(problem.subject, Subject::Setting(..)));
    let title = |id: &NodeId| open.document.whole().node(id).is_some().then(|| open.title_of(id));
    general.take(4).map(|problem| crate::canvas::in_words(&problem.message, title)).collect()
}

fn guide_ui(ui: &mut Ui, theme: &Theme, kind: Option<&'static Kind>) {
    let Some(kind) = kind else {
        ui.label(RichText::new("There is no guide for a kind that is not known.").color(theme.dim));
        return;
    };
    text_ui(ui, kind.guide);
}

fn text_ui(ui: &mut Ui, text: &str) {
    ui.add_space(6.0);
    let id = Id::unique("guide cache");
    let cache: Arc<Mutex<CommonMarkCache>> = ui.data_mut(|data| data.get_temp_mut_or_default::<Arc<Mutex<CommonMarkCache>>>(id).clone());
    if let Ok(mut cache) = cache.lock() {
        CommonMarkViewer::new().show(ui, &mut cache, text);
    }
}
