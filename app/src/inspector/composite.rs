//! The inspector of a composite: its ports with their names, the file it comes from, and what can be done with it.

use super::draft::line_ui;
use super::row::Row;
use crate::action::{Action, table};
use crate::state::State;
use crate::theme::{self, Theme};
use crate::widgets::heading::section_ui;
use egui::{Id, RichText, Ui};
use pipewright_runtime::check::composites::ports_of;
use pipewright_runtime::graph::Node;
use pipewright_runtime::graph::composite::setting;
use pipewright_runtime::id::{End, NodeId};
use pipewright_runtime::setting::Setting;

/// What is told of a composite in place of a kind's guide.
pub const GUIDE: &str = "A **composite** is a node whose content is a graph. Open it with a double click or with Enter; Escape and the path above the canvas lead back.\n\n\
Its **ports** are ports of nodes inside, under names of their own. What runs has no borders: the same nodes drawn without the composite do exactly the same.\n\n\
Its figures are the **sums** of what is inside: messages that came in and went out across the border, messages held, errors.\n\n\
**Save composite as …** puts the content into a file that this graph and others use. Changes of that file are seen wherever it is used; each use can give nodes inside settings of its own.";

/// A composite's ports, file and actions.
pub fn composite_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId, node: &Node) {
    let own = node.used_file().is_none();
    if let Some(file) = node.used_file() {
        section_ui(ui, theme, "File");
        ui.label(RichText::new(file).font(theme::mono(12.0)).color(theme.text));
        let set = match node.settings.get(setting::SET) {
            Some(Setting::Map(pairs)) => pairs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        if !set.is_empty() {
            ui.add(egui::Label::new(RichText::new(format!("Set here: {set}")).size(11.5).color(theme.dim)).wrap());
        }
    }
    section_ui(ui, theme, "Ports");
    let Some(open) = state.front() else { return };
    let bindings: Vec<(String, End)> = open.document.whole().bindings(id).into_iter().map(|(name, end)| (name.to_owned(), end)).collect();
    let inner = |end: &End| format!("{} · {}", open.own_title(&end.node), end.port);
    let rows: Vec<(String, String)> = bindings.iter().map(|(name, end)| (name.clone(), inner(end))).collect();
    let open_ends: Vec<(End, String)> = if own { unbound(state, id, &bindings) } else { Vec::new() };
    if rows.is_empty() {
        ui.label(RichText::new("None yet: nothing comes in or goes out.").size(11.5).color(theme.dim));
    }
    let names: Vec<String> = rows.iter().map(|(name, _)| name.clone()).collect();
    for (name, inner) in rows {
        if own {
            port_ui(ui, theme, state, id, &names, &name, &inner);
        } else {
            Row::plain(&name, "The file says what its ports are called.").ui(ui, theme, |ui| {
                ui.add_space(5.0);
                ui.label(RichText::new(inner.replace('_', " ")).size(11.5).color(theme.dim));
            });
        }
    }
    if !open_ends.is_empty() {
        ui.menu_button("Add a port", |ui| {
            for (end, text) in open_ends {
                if ui.button(text).clicked() {
                    let made = state.front().and_then(|open| open.document.graph().add_port(id, &end));
                    if let Some((change, _)) = made {
                        state.push(Action::Edit("Add port".to_owned(), change));
                    }
                    ui.close();
                }
            }
        });
    }
    section_ui(ui, theme, "Content");
    ui.horizontal_wrapped(|ui| {
        let commands: &[&str] =
            if own { &["view.enter", "edit.unpack", "edit.save_composite"] } else { &["view.enter", "file.open_part", "edit.take_over"] };
        for command in commands.iter().filter_map(|name| table::find(name)) {
            if ui.add_enabled((command.enabled)(state), egui::Button::new(command.title)).on_hover_text(command.help).clicked() {
                state.push(Action::Command(command.name));
            }
        }
    });
}

fn port_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &NodeId, names: &[String], name: &str, inner: &str) {
    let taken = |text: &str| match NodeId::new(text) {
        Some(word) if word.above().next().is_none() => {
            (text != name && names.iter().any(|other| other == text)).then(|| "taken by another port".to_owned())
        }
        _ => Some("a letter, then letters, digits, - and _".to_owned()),
    };
    let mut changed = None;
    Row::plain(inner, "The port inside, and its name outside.").ui(ui, theme, |ui| {
        ui.horizontal(|ui| {
            if ui.small_button("×").on_hover_text("Take the port away, with its pipes").clicked() {
                changed = state.front().and_then(|open| open.document.graph().remove_port(id, name)).map(|change| ("Remove port", change));
            }
            let widget = Id::unique(("port", id.as_str(), inner));
            if let Some(text) = line_ui(ui, theme, "Port", widget, name, "", None, &taken)
                && taken(&text).is_none()
            {
                changed =
                    state.front().and_then(|open| open.document.graph().rename_port(id, name, &text)).map(|change| ("Rename port", change));
            }
        });
    });
    if let Some((label, change)) = changed {
        state.push(Action::Edit(label.to_owned(), change));
    }
}

/// Ports of nodes directly inside that the composite does not show and no pipe inside uses up.
fn unbound(state: &State, id: &NodeId, bindings: &[(String, End)]) -> Vec<(End, String)> {
    let Some(open) = state.front() else { return Vec::new() };
    let graph = open.document.whole();
    let mut ends = Vec::new();
    for node in graph.inside(id).filter(|node| graph.level_of(node) == Some(id)) {
        let Some(ports) = ports_of(graph, state.catalogue, node) else { continue };
        for port in ports.inputs.iter().chain(&ports.outputs) {
            let end = End { node: node.clone(), port: port.name.as_ref().into() };
            let wired = graph.pipes().keys().any(|pipe| pipe.from == end);
            if !wired && !bindings.iter().any(|(_, known)| *known == end) {
                let text = format!("{} · {}", open.own_title(node), port.name);
                ends.push((end, text));
            }
        }
    }
    ends
}
