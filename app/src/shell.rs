//! The window: lays the panels out, polls runs and files, performs what was asked.

#[cfg(test)]
mod tests;

use crate::action::{Action, perform, shortcuts};
use crate::cli::WindowArguments;
use crate::dialogs::{self, Files, Native};
use crate::io::folders::Folders;
use crate::io::motion::Motion;
use crate::io::{Io, Job};
use crate::notices::Notices;
use crate::panels::{dock, palette, status, top_bar};
use crate::preferences::{Preferences, ThemeChoice};
use crate::screenshot::Picture;
use crate::session::Session;
use crate::state::{Request, State};
use crate::theme::{self, Theme};
use crate::welcome;
use eframe::egui;
use egui::{Context, Frame, Margin, Panel, Ui, ViewportCommand};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::Mode;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Seconds between looks at what is to be autosaved, and whether files were changed by others.
const AUTOSAVE_EVERY: Duration = Duration::from_secs(4);
/// Time between frames while a run moves, unless something else wants one sooner.
const FRAME_WHILE_RUNNING: Duration = Duration::from_millis(33);

/// The window.
pub struct Shell {
    state: State,
    notices: Notices,
    picture: Option<Picture>,
    saved_preferences: String,
    theme_applied: Option<ThemeChoice>,
    motion: Motion,
    last_autosave: Instant,
    /// Start the document in this mode as soon as it is there.
    start: Option<Mode>,
    frame_seconds: f32,
    /// A command that waits for a text field to give up the keyboard, so that what was typed counts.
    deferred: Vec<Action>,
    close_granted: bool,
    /// The title that the window has.
    title: String,
}

impl Shell {
    /// A window as the command line asks for it.
    pub fn new(context: &Context, arguments: &WindowArguments, folders: Folders, preferences: Preferences) -> Self {
        let picture = arguments.screenshot.clone().map(|path| Picture::new(path, arguments.after.unwrap_or(Duration::from_millis(600))));
        let saved_preferences = preferences.to_text();
        let waker = context.clone();
        let io = Io::start(folders, CATALOGUE, move || waker.request_repaint());
        let files: Box<dyn Files> = Box::<Native>::default();
        let state = State::new(CATALOGUE, preferences, io, files);
        theme::install(context);
        crate::io::scripts::provide(context);
        // A picture must not depend on who takes it.
        let waker = context.clone();
        let motion = if picture.is_some() { Motion::usual() } else { Motion::of_the_system(move || waker.request_repaint()) };
        // Ctrl with plus and minus belongs to the canvas.
        context.options_mut(|options| options.zoom_with_keyboard = false);
        if picture.is_none() {
            state.io.ask(Job::Recover);
        }
        if let Some(path) = &arguments.file {
            state.io.ask(Job::Open(path.clone()));
        }
        Self {
            state,
            notices: Notices::default(),
            picture,
            saved_preferences,
            theme_applied: None,
            motion,
            last_autosave: Instant::now(),
            start: arguments.run.map(Mode::from),
            frame_seconds: 0.0,
            deferred: Vec::new(),
            close_granted: false,
            title: String::new(),
        }
    }

    /// Everything that comes from outside the window: files, runs, keys.
    fn take_in(&mut self, context: &Context) {
        perform::file::take_done(&mut self.state);
        perform::file::take_chosen(&mut self.state);
        for dropped in context.input(|input| input.raw.dropped_files.clone()) {
            let path = dropped.path().to_owned();
            if !path.as_os_str().is_empty() {
                perform::file::open_path(&mut self.state, path);
            }
        }
        let seconds = context.input(|input| input.time);
        let mut refused = Vec::new();
        let mut ended = Vec::new();
        let mut asked = Vec::new();
        for open in &mut self.state.documents {
            if open.document.wants_parts() && !open.reading_parts {
                open.reading_parts = true;
                let graph = Box::new(open.document.graph().clone());
                self.state.io.ask(Job::Parts { document: open.document.number, graph, folder: open.document.folder() });
            }
            let watched = if open.session.is_some() { open.watched(self.state.catalogue) } else { BTreeSet::new() };
            let Some(session) = &mut open.session else { continue };
            let flat = open.document.flat();
            if let Some(flat) = flat {
                session.drawn_as(&flat.runs);
            }
            session.watch(&watched);
            let alive = session.alive();
            if let Err(refusal) = session.poll(seconds, &open.selection, flat.map(|flat| (open.document.whole(), flat))) {
                open.problems_of_start = refusal.problems;
                if refusal.asked.is_empty() {
                    refused.push((open.document.number, open.document.name(), open.problems_of_start.len()));
                } else {
                    asked.push((open.document.number, refusal.asked));
                }
            } else if alive && !session.alive() {
                ended.extend(session.outcome());
            }
        }
        self.state.notices.extend(ended);
        for (document, needs) in asked {
            perform::trust::ask(&mut self.state, document, needs);
        }
        perform::run::start_again(&mut self.state);
        for (document, name, count) in refused {
            self.state.not_started(document, format!("{name} cannot run: {count} problem{}.", if count == 1 { "" } else { "s" }));
            self.state.outbox.command("view.problems");
        }
        if self.start.is_some() && self.state.front().is_some_and(|open| !open.document.graph().nodes().is_empty()) {
            let mode = self.start.take().expect("looked at just above");
            self.state.outbox.command(if mode == Mode::Live { "run.live" } else { "run.simulate" });
        }
        self.take_keys(context);
    }

    fn take_keys(&mut self, context: &Context) {
        for action in self.deferred.drain(..) {
            self.state.push(action);
        }
        if self.state.dialog.is_some() || self.state.files.prompt().is_some() {
            return;
        }
        let (mut actions, pasted) = shortcuts::pressed(context);
        if self.state.front().is_some_and(|open| open.canvas.busy()) {
            // Escape gives up what is in hand on the canvas, and does no more.
            actions.retain(|action| !matches!(action, Action::Command("edit.select_none")));
        }
        if let Some(text) = pasted {
            self.state.pasted = Some(text);
            self.state.outbox.command("edit.paste");
        }
        if !actions.is_empty() && context.text_edit_focused() {
            // What stands in the field is committed when it loses the keyboard, in this frame; the command follows in the next.
            if let Some(field) = context.memory(egui::Memory::focused) {
                context.memory_mut(|memory| memory.surrender_focus(field));
            }
            self.deferred = actions;
            context.request_repaint();
        } else {
            for action in actions {
                self.state.push(action);
            }
        }
    }

    fn panels_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let state = &mut self.state;
        let bar = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(12, 0));
        Panel::top("top bar").frame(bar).exact_size(top_bar::HEIGHT).resizable(false).show(ui, |ui| top_bar::top_bar_ui(ui, theme, state));
        let bar = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(16, 0));
        Panel::bottom("status").frame(bar).exact_size(26.0).resizable(false).show(ui, |ui| {
            status::status_ui(ui, theme, state, self.frame_seconds);
        });
        if state.front().is_none() {
            egui::CentralPanel::default_margins()
                .frame(Frame::new().fill(theme.canvas))
                .show(ui, |ui| welcome::welcome_ui(ui, theme, state));
            return;
        }
        let mut layout = state.preferences.workspace.clone();
        let sides = layout.sides(ui.available_width());
        // egui remembers a width for each name: narrow windows have theirs, so that the usual one comes back.
        let name = |panel: &str| if sides.narrow { format!("narrow {panel}") } else { panel.to_owned() };
        let side = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(12, 12));
        let shown = Panel::left(name("palette")).frame(side).default_size(sides.palette.0).size_range(sides.palette.1).show_collapsible(
            ui,
            &mut layout.palette_open,
            |ui| palette::palette_ui(ui, theme, state),
        );
        if let Some(shown) = shown.filter(|_| !sides.narrow) {
            layout.palette_width = shown.response.rect.width();
        }
        let side = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(if sides.narrow { 12 } else { 16 }, 12));
        let shown = Panel::right(name("inspector"))
            .frame(side)
            .default_size(sides.inspector.0)
            .size_range(sides.inspector.1)
            .show_collapsible(ui, &mut layout.inspector_open, |ui| crate::inspector::inspector_ui(ui, theme, state));
        if let Some(shown) = shown.filter(|_| !sides.narrow) {
            layout.inspector_width = shown.response.rect.width();
        }
        let below = Frame::new().fill(theme.panel).inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 0 });
        let shown = Panel::bottom("dock")
            .frame(below)
            .default_size(layout.dock_height.min(ui.available_height() * 0.4))
            .size_range(120.0..=700.0)
            .show_collapsible(ui, &mut layout.dock_open, |ui| dock::dock_ui(ui, theme, state));
        if let Some(shown) = shown {
            layout.dock_height = shown.response.rect.height();
        }
        // A tab may have been chosen meanwhile.
        layout.dock_tab = state.preferences.workspace.dock_tab;
        layout.inspector_tab = state.preferences.workspace.inspector_tab;
        state.preferences.workspace = layout;
        egui::CentralPanel::no_frame().frame(Frame::new().fill(theme.canvas)).show(ui, |ui| crate::centre::centre_ui(ui, theme, state));
    }

    /// Everything that goes out: edits, requests to the window, autosaves, preferences, the next frame.
    fn give_out(&mut self, context: &Context) {
        perform::perform_all(&mut self.state);
        perform::file::go_on_closing(&mut self.state);
        for open in &mut self.state.documents {
            let catalogue = self.state.catalogue;
            let revision = open.document.revision();
            if open.checking.is_none() && open.document.check(catalogue) {
                open.checking = Some(revision);
                let graph = Box::new(open.document.graph().clone());
                self.state.io.ask(Job::Check { document: open.document.number, graph, revision });
            }
        }
        perform::run::follow(&mut self.state);
        let now = context.input(|input| input.time);
        for notice in self.state.notices.drain(..) {
            self.notices.push(notice, now);
        }
        let documents = &self.state.documents;
        self.notices.forget_refusals(|number| documents.iter().any(|open| open.document.number == number && open.running()));
        for request in std::mem::take(&mut self.state.requests) {
            match request {
                Request::Copy(text) => context.copy_text(text),
                Request::Paste => context.send_viewport_cmd(ViewportCommand::RequestPaste),
                Request::Close => {
                    self.close_granted = true;
                    context.send_viewport_cmd(ViewportCommand::Close);
                }
            }
        }
        self.autosave();
        self.name_window(context);
        if self.state.documents.iter().any(|open| open.session.as_ref().is_some_and(Session::moving)) {
            context.request_repaint_after(FRAME_WHILE_RUNNING);
        } else {
            context.request_repaint_after(Duration::from_secs(2));
        }
    }

    fn autosave(&mut self) {
        if self.last_autosave.elapsed() < AUTOSAVE_EVERY || self.picture.is_some() {
            return;
        }
        self.last_autosave = Instant::now();
        for open in self.state.documents.iter().filter(|open| !open.saving) {
            let document = &open.document;
            if document.wants_autosave() {
                let graph = Box::new(document.graph().clone());
                let path = document.path().map(std::path::Path::to_owned);
                self.state.io.ask(Job::Autosave { document: document.number, graph, path, state: document.state_number() });
            }
            if let (Some(path), Some(expected)) = (document.path(), document.fingerprint) {
                self.state.io.ask(Job::Look { document: document.number, path: path.to_owned(), expected });
            }
        }
        let text = self.state.preferences.to_text();
        if text != self.saved_preferences {
            self.state.io.ask(Job::Preferences(text.clone()));
            self.saved_preferences = text;
        }
    }

    fn name_window(&mut self, context: &Context) {
        let title = self.state.front().map_or_else(
            || "Pipewright".to_owned(),
            |open| format!("{}{} – Pipewright", if open.document.dirty() { "• " } else { "" }, open.document.name()),
        );
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn apply_theme(&mut self, context: &Context) {
        let choice = self.state.preferences.theme;
        if self.theme_applied == Some(choice) {
            return;
        }
        self.theme_applied = Some(choice);
        context.set_theme(match choice {
            ThemeChoice::Dark => egui::ThemePreference::Dark,
            ThemeChoice::Light => egui::ThemePreference::Light,
            ThemeChoice::System => egui::ThemePreference::System,
        });
    }
}

impl Shell {
    /// One frame of the window.
    fn frame_ui(&mut self, ui: &mut Ui) {
        let began = Instant::now();
        let context = ui.ctx().clone();
        self.apply_theme(&context);
        self.motion.apply(&context, self.state.preferences.motion);
        let theme = Theme::of(&context);
        self.take_in(&context);
        self.panels_ui(ui, theme);
        dialogs::dialogs_ui(&context, theme, &mut self.state);
        self.give_out(&context);
        self.notices.ui(&context, theme);
        if context.input(|input| input.viewport().close_requested()) && !self.close_granted && self.picture.is_none() {
            context.send_viewport_cmd(ViewportCommand::CancelClose);
            self.state.outbox.command("file.quit");
            context.request_repaint();
        }
        let size = context.viewport_rect().size();
        self.state.preferences.window_size = [size.x, size.y];
        if let Some(picture) = &mut self.picture {
            picture.go_on(&context, self.state.front().is_some_and(|open| open.session.is_some()) || self.start.is_none());
        }
        // A frame's own time, smoothed so that the figure can be read.
        self.frame_seconds += (began.elapsed().as_secs_f32() - self.frame_seconds) * 0.1;
    }
}

impl eframe::App for Shell {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.frame_ui(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        let text = self.state.preferences.to_text();
        if self.picture.is_none() && text != self.saved_preferences {
            self.state.io.ask(Job::Preferences(text));
        }
        // The io thread works in order: once it has looked at a file that is not there, everything before is written.
        self.state.io.ask(Job::Recover);
        while let Some(done) = self.state.io.wait(Duration::from_secs(2)) {
            if matches!(done, crate::io::Done::Recovered(_)) {
                break;
            }
        }
    }
}
