//! The inspectors of the graph, of a pipe, a frame, a note, and of several things.

use super::draft::{line_ui, lines_ui, title_ui};
use super::expected::expected_ui;
use super::fields::text_of;
use super::live;
use super::row::Row;
use crate::action::perform::select;
use crate::action::{Action, Item};
use crate::dialogs;
use crate::state::State;
use crate::theme::{self, Theme};
use crate::widgets::figure;
use crate::widgets::heading::{fact_ui, section_ui};
use egui::{Id, RichText, Ui};
use pipewright_runtime::graph::pipe::DEFAULT_CAPACITY;
use pipewright_runtime::graph::{Edit, Frame, FrameId, Note, NoteId};
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::setting::Setting;
use pipewright_runtime::units::{Size, Span};

fn heading_ui(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::strong(15.0)));
    ui.add_space(4.0);
}

/// A node's title on screen.
fn title_of(state: &State, id: &NodeId) -> String {
    state.front().map_or_else(|| id.to_string(), |open| open.title_of(id))
}

/// Nothing is selected: the graph itself.
pub fn graph_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let graph = open.document.graph();
    let (title, nodes, pipes, number) = (graph.title().to_owned(), graph.nodes().len(), graph.pipes().len(), open.document.number);
    let seed = graph.settings().get("seed").map(text_of);
    let starts_at = graph.settings().get("starts_at").map(text_of);
    let file = open.document.path().map(|path| path.display().to_string());
    if let Some(title) = title_ui(ui, theme, "Title of the graph", Id::unique(("graph title", number)), &title, "Untitled graph") {
        state.push(Action::Edit("Change title".to_owned(), Edit::SetGraphTitle(title.trim().to_owned())));
    }
    fact_ui(ui, theme, "Nodes", &figure::count(nodes as u64), theme.text);
    fact_ui(ui, theme, "Pipes", &figure::count(pipes as u64), theme.text);
    if let Some(file) = file {
        ui.add(egui::Label::new(RichText::new(file).font(theme::mono(11.0)).color(theme.faint)).wrap());
    }
    section_ui(ui, theme, "Simulation");
    let mut set = |name: &str, text: &str, read: &dyn Fn(&str) -> Option<Setting>| {
        let value = if text.trim().is_empty() { None } else { read(text.trim()) };
        state.outbox.push(Action::Edit(format!("Change {name}"), Edit::SetGraphSetting(name.to_owned(), value)));
    };
    let whole = |text: &str| text.parse::<i64>().ok().filter(|seed| *seed >= 0).map(Setting::Integer);
    Row::plain("Seed", "The same seed gives the same run, message by message.").ui(ui, theme, |ui| {
        let check = |text: &str| (!text.is_empty() && whole(text).is_none()).then(|| "a whole number from 0".to_owned());
        let current = seed.unwrap_or_default();
        if let Some(text) = line_ui(ui, theme, "Seed", Id::unique(("seed", number)), &current, "", None, &check)
            && check(&text).is_none()
        {
            set("seed", &text, &whole);
        }
    });
    Row::plain("Starts at", "The calendar time at which a simulation begins, such as 2026-01-01T00:00:00Z.").ui(ui, theme, |ui| {
        let current = starts_at.unwrap_or_default();
        if let Some(text) = line_ui(ui, theme, "Starts at", Id::unique(("starts at", number)), &current, "UTC", None, &|_| None) {
            set("starts_at", &text, &|text| Some(Setting::text(text)));
        }
    });
    allowed_ui(ui, theme, state);
    let over = state.front().and_then(|open| open.session.as_ref()).is_some_and(|session| session.verdicts().is_some());
    if over && let Some(open) = state.front() {
        // What a run that is over proved comes before its figures.
        expected_ui(ui, theme, open);
    }
    books_ui(ui, theme, state);
    if !over && let Some(open) = state.front() {
        expected_ui(ui, theme, open);
    }
}

/// What live runs of this file are always allowed, if anything, and how to take it back.
fn allowed_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(file) = state.front().and_then(|open| open.document.path()).map(std::path::Path::to_owned) else { return };
    if state.preferences.of_file(&file).is_some() {
        section_ui(ui, theme, "Always allowed");
        dialogs::allowed_ui(ui, theme, &mut state.preferences, &file);
    }
}

/// The books of the run (rule 9) and its latency.
fn books_ui(ui: &mut Ui, theme: &Theme, state: &State) {
    let Some(snapshot) = state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot()) else { return };
    let books = &snapshot.books;
    section_ui(ui, theme, "Messages");
    for (label, count, colour) in [
        ("Entered", books.entered, theme.text),
        ("Recovered, of these", books.recovered, theme.text),
        ("Copied", books.copied, theme.text),
        ("Split off", books.split_off, theme.text),
        ("Delivered", books.delivered, theme.good),
        ("Absorbed", books.absorbed, theme.text),
        ("Dead letters", books.dead_lettered, theme.failed),
        ("In flight", books.held, theme.text),
    ] {
        if count > 0 || label == "Entered" {
            fact_ui(ui, theme, label, &figure::count(count), colour);
        }
    }
    for (reason, count) in books.dropped.iter().filter(|(_, count)| **count > 0) {
        fact_ui(ui, theme, &format!("Dropped: {}", reason.replace('_', " ")), &figure::count(*count), theme.warning);
    }
    if snapshot.latency.count > 0 {
        section_ui(ui, theme, "Latency, end to end");
        live::quantiles_ui(ui, theme, &snapshot.latency);
    }
    if let Some(circle) = snapshot.deadlocks.first() {
        section_ui(ui, theme, "Deadlock");
        let names: Vec<String> = circle.iter().map(|id| title_of(state, id)).collect();
        let text = format!("{} wait for each other.", names.join(", "));
        ui.add(egui::Label::new(RichText::new(text).color(theme.failed)).wrap());
    }
}

/// A pipe.
pub fn pipe_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: &PipeId) {
    let Some(pipe) = state.front().and_then(|open| open.document.whole().pipe(id)).cloned() else { return };
    heading_ui(ui, &format!("{} → {}", title_of(state, &id.from.node), title_of(state, &id.to.node)));
    ui.label(RichText::new(id.to_string()).font(theme::mono(11.0)).color(theme.faint));
    section_ui(ui, theme, "Pipe");
    let text_id = id.to_string();
    let change = |state: &mut State, name: &str, value: Option<Setting>| {
        state.push(Action::Edit(format!("Change {}", name.replace('_', " ")), Edit::SetPipeSetting(id.clone(), name.to_owned(), value)));
    };
    let default = DEFAULT_CAPACITY.to_string();
    let set = pipe.settings.get("capacity").map(text_of);
    let differs = set.as_ref().filter(|set| **set != default).map(|_| default.as_str());
    let mut taken = None;
    let row = Row { differs, ..Row::plain("Capacity", "How many messages it holds; a full pipe makes its sender wait.") };
    let read = |text: &str| text.trim().parse::<i64>().ok().filter(|number| (1..=10_000_000).contains(number));
    if row.ui(ui, theme, |ui| {
        let check = |text: &str| read(text).is_none().then(|| "a whole number from 1".to_owned());
        let current = set.as_deref().unwrap_or(&default);
        taken = line_ui(ui, theme, "Capacity", Id::unique(("capacity", &text_id)), current, "messages", None, &check);
    }) {
        change(state, "capacity", None);
    }
    if let Some(number) = taken.as_deref().and_then(read) {
        change(state, "capacity", Some(Setting::Integer(number)));
    }
    let set = pipe.settings.get("capacity_bytes").map(text_of).unwrap_or_default();
    let mut taken = None;
    Row::plain("Capacity in bytes", "How many bytes it holds; empty for no bound by bytes.").ui(ui, theme, |ui| {
        let check = |text: &str| (!text.is_empty()).then(|| text.parse::<Size>().err().map(|error| error.to_string())).flatten();
        taken = line_ui(ui, theme, "Capacity in bytes", Id::unique(("capacity bytes", &text_id)), &set, "", None, &check);
    });
    if let Some(text) = taken {
        let value = (!text.trim().is_empty()).then(|| Setting::text(text.trim()));
        change(state, "capacity_bytes", value);
    }
    let set = pipe.settings.get("time_to_live").map(text_of).unwrap_or_default();
    let mut taken = None;
    Row::plain("Time to live", "How long a message may be in it before it is dropped as expired; empty for ever.").ui(ui, theme, |ui| {
        let check = |text: &str| (!text.is_empty()).then(|| text.parse::<Span>().err().map(|error| error.to_string())).flatten();
        taken = line_ui(ui, theme, "Time to live", Id::unique(("time to live", &text_id)), &set, "", None, &check);
    });
    if let Some(text) = taken {
        let value = (!text.trim().is_empty()).then(|| Setting::text(text.trim()));
        change(state, "time_to_live", value);
    }
    if !pipe.bends.is_empty() && ui.button("Straighten").clicked() {
        state.push(Action::Edit("Straighten pipe".to_owned(), Edit::SetBends(id.clone(), Vec::new())));
    }
    if ui.button("Show its messages").clicked() {
        if let Some(open) = state.front_mut() {
            open.views.messages.pipe = Some(id.clone());
        }
        state.outbox.command("view.messages");
    }
    live::pipe_ui(ui, theme, state, id);
}

/// A frame.
pub fn frame_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: FrameId) {
    let Some(frame) = state.front().and_then(|open| open.document.whole().frames().get(&id)).cloned() else { return };
    if let Some(title) = title_ui(ui, theme, "Title of the frame", Id::unique(("frame", id.0)), &frame.title, "Frame") {
        let frame = Frame { title: title.trim().to_owned(), ..frame };
        state.push(Action::Edit("Change frame".to_owned(), Edit::SetFrame(id, Some(frame))));
    }
    let inside = state.front().map_or(0, |open| open.document.whole().nodes_in(id).len());
    fact_ui(ui, theme, "Nodes inside", &inside.to_string(), theme.text);
    ui.label(RichText::new("Nodes inside move with the frame.").size(11.5).color(theme.faint));
}

/// A note.
pub fn note_ui(ui: &mut Ui, theme: &Theme, state: &mut State, id: NoteId) {
    let Some(note) = state.front().and_then(|open| open.document.whole().notes().get(&id)).cloned() else { return };
    heading_ui(ui, "Note");
    if let Some(text) = lines_ui(ui, theme, "Text of the note", Id::unique(("note", id.0)), &note.text, None, &|_| None) {
        state.push(Action::Edit("Change note".to_owned(), Edit::SetNote(id, Some(Note { text, ..note }))));
    }
    ui.label(RichText::new("Markdown. It counts when you leave the field, or by Ctrl Enter.").size(11.5).color(theme.faint));
}

/// Several things at once.
pub fn several_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let Some(open) = state.front() else { return };
    let nodes = select::nodes(open).count();
    let of = |test: fn(&Item) -> bool| open.selection.iter().filter(|item| test(item)).count();
    let counts = [
        ("Nodes", nodes),
        ("Pipes", of(|item| matches!(item, Item::Pipe(_)))),
        ("Frames", of(|item| matches!(item, Item::Frame(_)))),
        ("Notes", of(|item| matches!(item, Item::Note(_)))),
    ];
    heading_ui(ui, &format!("{} selected", open.selection.len()));
    for (label, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        fact_ui(ui, theme, label, &count.to_string(), theme.text);
    }
    ui.add_space(8.0);
    for name in ["edit.make_composite", "edit.frame", "edit.duplicate", "edit.copy", "edit.delete", "edit.delete_reconnect"] {
        let command = crate::action::table::find(name).expect("a command of the table");
        let button = egui::Button::new(command.title).min_size(egui::vec2(ui.available_width(), 28.0));
        if ui.add_enabled((command.enabled)(state), button).on_hover_text(command.help).clicked() {
            state.outbox.command(name);
        }
    }
}
