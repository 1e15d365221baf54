//! The run bar: live or simulate, start, pause, step, stop, speed, and the run's own figures.

use crate::action::perform::run::{self, SPEEDS};
use crate::dialogs::Dialog;
use crate::state::State;
use crate::theme::{self, Icon, Theme};
use crate::widgets::button::IconButton;
use crate::widgets::figure;
use crate::widgets::segmented::segmented_ui;
use egui::{Color32, RichText, Ui, vec2};
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot};

/// How wide the bar wants to be.
pub fn width(state: &State) -> f32 {
    let figures = state.front().is_some_and(|open| open.session.as_ref().is_some_and(|session| session.snapshot().is_some()));
    let simulated = state.front().is_some_and(|open| open.mode == Mode::Simulated);
    190.0 + 116.0 + if simulated { 92.0 } else { 0.0 } + if figures { 320.0 } else { 0.0 }
}

/// Shows the bar.
pub fn run_bar_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let bar_width = width(state) - 1.0;
    let Some(open) = state.front_mut() else { return };
    let running = open.running();
    let mut mode = usize::from(open.mode == Mode::Simulated);
    let width = if ui.available_width() < bar_width { 68.0 } else { 84.0 };
    segmented_ui(ui, theme, &["Live", "Simulate"], &mut mode, width, !running);
    open.mode = if mode == 0 { Mode::Live } else { Mode::Simulated };
    ui.add_space(4.0);
    buttons_ui(ui, theme, state, running);
    speed_ui(ui, state);
    let Some(session) = state.front().and_then(|open| open.session.as_ref()) else { return };
    ui.add_space(4.0);
    match session.snapshot() {
        Some(snapshot) => figures_ui(ui, theme, snapshot),
        None if session.alive() => drop(ui.label(RichText::new("starting …").color(theme.dim))),
        None if matches!(state.dialog, Some(Dialog::Trust(_))) => drop(ui.label(RichText::new("asks first").color(theme.dim))),
        None => drop(ui.label(RichText::new("did not start").color(theme.failed))),
    }
}

fn buttons_ui(ui: &mut Ui, theme: &Theme, state: &mut State, running: bool) {
    let paused = state.front().and_then(|open| open.session.as_ref()).is_some_and(|s| matches!(s.state(), Some(RunState::Paused)));
    let mut ask = |ui: &mut Ui, icon: Icon, title: &str, name: &'static str, colour: Option<Color32>| {
        let command = crate::action::table::find(name).expect("the run bar asks for commands of the table");
        let keys = command.keys.first().map(|keys| ui.ctx().format_shortcut(keys)).unwrap_or_default();
        let mut button = IconButton::new(icon, title).hint(&keys);
        if let Some(colour) = colour {
            button = button.colour(colour);
        }
        let enabled = (command.enabled)(state);
        if ui.add_enabled_ui(enabled, |ui| button.ui(ui, theme)).inner.clicked() {
            state.outbox.command(name);
        }
    };
    ui.spacing_mut().item_spacing.x = 6.0;
    if running && !paused {
        ask(ui, Icon::Pause, "Pause", "run.pause", Some(theme.text));
    } else if running {
        ask(ui, Icon::Run, "Resume", "run.pause", Some(theme.good));
    } else {
        ask(ui, Icon::Run, "Start", "run.start", Some(theme.good));
    }
    ask(ui, Icon::Step, "Step", "run.step", None);
    ask(ui, Icon::Stop, "Stop", "run.stop", running.then_some(theme.failed));
}

fn speed_ui(ui: &mut Ui, state: &mut State) {
    let Some(open) = state.front().filter(|open| open.mode == Mode::Simulated) else { return };
    let current = open.speed;
    let label = SPEEDS.iter().find(|(speed, _)| *speed == current).map_or("speed", |(_, label)| label);
    let mut chosen = None;
    egui::ComboBox::from_id_salt("speed").width(78.0).selected_text(RichText::new(label).font(theme::mono(11.5))).show_ui(ui, |ui| {
        for (speed, label) in SPEEDS {
            if ui.selectable_label(*speed == current, RichText::new(*label).font(theme::mono(12.0))).clicked() {
                chosen = Some(*speed);
            }
        }
    });
    if let Some(speed) = chosen {
        run::set_speed(state, speed);
    }
}

fn figures_ui(ui: &mut Ui, theme: &Theme, snapshot: &Snapshot) {
    let (word, colour) = match &snapshot.state {
        RunState::Running => ("running", theme.good),
        RunState::Paused => ("paused", theme.warning),
        RunState::Stopping => ("draining", theme.warning),
        RunState::Ended => ("ended", theme.dim),
        RunState::Failed(_) => ("failed", theme.failed),
    };
    ui.spacing_mut().item_spacing.x = 14.0;
    let clock = figure_ui(ui, word, colour, &figure::clock(snapshot.now.seconds()), theme.text);
    if let RunState::Failed(error) = &snapshot.state {
        clock.on_hover_text(error.as_ref());
    } else if snapshot.mode == Mode::Simulated {
        clock.on_hover_text(format!("{} of real time", figure::seconds(snapshot.wall.seconds())));
    }
    figure_ui(ui, "in flight", theme.faint, &figure::count(snapshot.books.held), theme.text);
    let rate: f64 = snapshot.nodes.values().filter(|node| node.received == 0).map(|node| node.rate_out).sum();
    figure_ui(ui, "rate in", theme.faint, &figure::rate(rate), theme.text).on_hover_text("What the sources send, of late");
    let p99 = if snapshot.latency.count == 0 { "–".to_owned() } else { figure::seconds(snapshot.latency.p99) };
    figure_ui(ui, "p99", theme.faint, &p99, theme.text).on_hover_text("End-to-end latency: 99 of 100 delivered messages took no longer");
}

fn figure_ui(ui: &mut Ui, label: &str, label_colour: Color32, text: &str, colour: Color32) -> egui::Response {
    ui.allocate_ui_with_layout(vec2(64.0, 32.0), egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(RichText::new(label).font(theme::medium(10.5)).color(label_colour));
        // `1 min 11 s` is wider than most; a second line would not fit the bar.
        ui.add(egui::Label::new(RichText::new(text).font(theme::mono(12.0)).color(colour)).extend());
    })
    .response
    .on_hover_cursor(egui::CursorIcon::Default)
}
