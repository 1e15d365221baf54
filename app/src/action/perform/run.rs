//! Commands that start, steer and end a run.

use crate::dialogs::Purpose;
use crate::io::Job;
use crate::preferences::Preferences;
use crate::session::Session;
use crate::state::{Notice, Open, State};
use pipewright_runtime::engine::control::{Control, Speed};
use pipewright_runtime::engine::plan::lacks;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, Form};
use pipewright_runtime::problem::Severity;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState};
use std::path::PathBuf;

/// The speeds that the run bar offers, slowest first.
pub const SPEEDS: &[(Speed, &str)] = &[
    (Speed::Times(0.1), "× 0.1"),
    (Speed::Times(0.5), "× 0.5"),
    (Speed::Times(1.0), "× 1"),
    (Speed::Times(2.0), "× 2"),
    (Speed::Times(10.0), "× 10"),
    (Speed::Times(60.0), "× 60"),
    (Speed::Times(1_000.0), "× 1 000"),
    (Speed::Fastest, "fastest"),
];

/// Starts a run in the chosen mode.
pub fn start(state: &mut State) {
    let catalogue = state.catalogue;
    if let Some(open) = state.active.and_then(|at| state.documents.get_mut(at)) {
        start_one(open, catalogue, &state.preferences);
    }
}

/// Ends the run at once and starts the drawing as it is now.
pub fn restart(state: &mut State) {
    if let Some(open) = state.front_mut()
        && let Some(session) = open.session.as_mut()
    {
        session.ask(Control::StopNow);
        open.start_again = true;
    }
}

/// Starts what waited for the end of its run.
pub fn start_again(state: &mut State) {
    let catalogue = state.catalogue;
    for open in &mut state.documents {
        if open.start_again && !open.running() {
            start_one(open, catalogue, &state.preferences);
        }
    }
}

/// Asks where to write the report of the run that is over.
pub fn save_report(state: &mut State) {
    let Some(open) = state.front() else { return };
    let name = open.document.output().with_extension("report.json");
    let name = name.file_name().map(|name| name.to_string_lossy().into_owned());
    state.files.ask(Purpose::Report(open.document.number), Some(open.document.folder()), name);
}

/// Writes the report of a document's run to this file.
pub fn write_report(state: &mut State, document: u64, path: PathBuf) {
    let Some(open) = state.by_number(document) else { return };
    let name = open.document.path().map_or_else(|| open.document.name(), |path| path.display().to_string());
    let Some(report) = open.session.as_ref().and_then(|session| session.report(&name)) else {
        return state.failed("There is no report: the run goes on, or another was started.");
    };
    state.io.ask(Job::Write(path, report.into_bytes()));
}

fn start_one(open: &mut Open, catalogue: Catalogue, preferences: &Preferences) {
    if open.running() {
        return;
    }
    open.start_again = false;
    let watched = open.watched(catalogue);
    // A simulation writes nothing.
    let output = (open.mode == Mode::Live).then(|| open.document.output());
    let flat = open.document.flat();
    let as_it_runs = |pipe: PipeId| flat.map_or_else(|| pipe.clone(), |flat| flat.runs(&pipe).clone());
    let watched = watched.into_iter().map(as_it_runs).collect();
    let grants = super::trust::grants(open, preferences);
    let options = RunOptions { speed: open.speed, output, watched, grants, ..RunOptions::new(open.mode, open.document.folder()) };
    let session = Session::start(open.document.graph().clone(), catalogue, options);
    open.begin(session);
}

/// Runs by the wall clock.
pub fn live(state: &mut State) {
    if let Some(open) = state.front_mut() {
        open.mode = Mode::Live;
    }
    start(state);
}

/// Runs by a virtual clock.
pub fn simulate(state: &mut State) {
    if let Some(open) = state.front_mut() {
        open.mode = Mode::Simulated;
    }
    start(state);
}

fn ask(state: &mut State, control: Control) {
    if let Some(session) = state.front_mut().and_then(|open| open.session.as_mut()) {
        session.ask(control);
    }
}

fn run_state(state: &State) -> Option<&RunState> {
    state.front()?.session.as_ref()?.state()
}

/// Parks the run, or lets it go on.
pub fn pause(state: &mut State) {
    let paused = matches!(run_state(state), Some(RunState::Paused));
    ask(state, if paused { Control::Resume } else { Control::Pause });
}

/// Runs the earliest due event; a run that goes is parked first.
pub fn step(state: &mut State) {
    if !matches!(run_state(state), Some(RunState::Paused)) {
        ask(state, Control::Pause);
    }
    ask(state, Control::Step);
}

/// Drains, then ends; while it drains, ends at once.
pub fn stop(state: &mut State) {
    let draining = matches!(run_state(state), Some(RunState::Stopping));
    ask(state, if draining { Control::StopNow } else { Control::Stop });
}

/// Sets the simulation's speed, for a run under way and for the next.
pub fn set_speed(state: &mut State, speed: Speed) {
    if let Some(open) = state.front_mut() {
        open.speed = speed;
    }
    ask(state, Control::Speed(speed));
}

fn change_speed(state: &mut State, step: isize) {
    let Some(open) = state.front() else { return };
    let at = SPEEDS.iter().position(|(speed, _)| *speed == open.speed).unwrap_or(2);
    let at = at.saturating_add_signed(step).min(SPEEDS.len() - 1);
    set_speed(state, SPEEDS[at].0);
}

/// One speed down.
pub fn slower(state: &mut State) {
    change_speed(state, -1);
}

/// One speed up.
pub fn faster(state: &mut State) {
    change_speed(state, 1);
}

/// Lets each run follow what is drawn, as soon as that is free of errors and no gesture is open (G12), and tells what became of it.
pub fn follow(state: &mut State) {
    let mut notices = Vec::new();
    for open in &mut state.documents {
        let revision = open.document.revision();
        let Some(session) = open.session.as_mut().filter(|session| session.alive()) else { continue };
        while let Some(news) = session.news() {
            match news {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => {
                    let told = changed.told(|id| session.drawing.title(id));
                    notices.push(Notice::Done(format!("Changed while running: {told}.")));
                }
                Err(why) => notices.push(Notice::Failed(format!("The run goes on as it was: {why}."))),
            }
        }
        let running = matches!(session.state(), Some(RunState::Running | RunState::Paused));
        if open.followed == revision || !running || !open.document.settled() {
            continue;
        }
        open.followed = revision;
        if open.document.count(Severity::Error) == 0 && session.drawing.differs(open.document.running()) {
            session.redraw(open.document.graph());
        }
    }
    state.notices.extend(notices);
}

/// Puts a node's changed settings into force in a run under way; faulty ones wait until they are mended.
pub fn hot_change(state: &mut State, node: &NodeId) {
    let catalogue = state.catalogue;
    let Some(open) = state.front_mut() else { return };
    let graph = open.document.whole();
    let Some(session) = open.session.as_mut().filter(|session| session.alive()) else { return };
    let Some((kind, settings)) = graph.node(node).and_then(|node| Some((catalogue.get(&node.kind)?, &node.settings))) else { return };
    let before = session.drawing.settings(node);
    if before.is_none_or(|before| (kind.ports)(before) != (kind.ports)(settings)) {
        // Other ports come with the pipes that belong to them: the drawing as a whole follows.
        return;
    }
    let mut form = Form::new(node, kind, settings);
    let _ = (kind.build)(&mut form);
    if form.needs().iter().any(|need| session.mode() == Mode::Live && lacks(session.grants(), &need.capability)) {
        return state
            .failed("This asks for something that the run was not allowed: it comes into force at the next start, which asks first.");
    }
    if form.into_problems().is_empty() {
        session.change(node, graph);
    }
}
