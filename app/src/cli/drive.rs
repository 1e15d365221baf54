//! Starts a graph, watches it until it ends, and hands over its report: what `run` and `simulate` share.

use super::arguments::ReportArguments;
use super::interrupt::Interrupts;
use super::load::Loaded;
use super::print::{Style, complain, print_json, problems_json, problems_text, say};
use super::{Exit, summary};
use pipewright_runtime::engine::control::Control;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::{NodeFigures, RunState, Snapshot};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the run is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Something that shows a run while it goes on.
pub trait Show {
    /// Shows the newest picture.
    fn show(&mut self, snapshot: &Snapshot);
    /// Clears away what should not stay.
    fn end(&mut self, snapshot: &Snapshot);
}

/// Opens a graph file for running; says why if it cannot run.
pub fn open(path: &Path, json: bool) -> Result<Loaded, Exit> {
    let loaded = Loaded::open(path)?;
    if loaded.has_errors() {
        if json {
            print_json(&problems_json(path, &loaded.problems));
        } else {
            eprintln!("{}", problems_text(path, &loaded.text, &loaded.problems, Style::of(&std::io::stderr())));
        }
        return Err(Exit::Problems);
    }
    Ok(loaded)
}

/// Runs a graph to its end and writes its report as told.
pub fn drive(loaded: &Loaded, options: &RunOptions, arguments: &ReportArguments, show: &mut dyn Show) -> Exit {
    let interrupts = Interrupts::listen();
    let run = match Run::start(&loaded.graph, CATALOGUE, options) {
        Ok(run) => run,
        Err(mut problems) => {
            loaded.positions.locate(&mut problems);
            eprintln!("{}", problems_text(&loaded.path, &loaded.text, &problems, Style::of(&std::io::stderr())));
            return Exit::Problems;
        }
    };
    let last = watch(&run, &interrupts, show);
    show.end(&last);
    let Some(report) = run.report() else {
        complain("the run ended without a report");
        return Exit::Run;
    };
    let mut report = serde_json::to_value(report).expect("a report always writes");
    report["graph"] = Value::from(loaded.path.to_string_lossy());
    let written = hand_over(&report, arguments, summary::text);
    match &last.state {
        RunState::Failed(error) => {
            complain(&format!("the run failed: {error}"));
            Exit::Run
        }
        _ if written == Exit::Good && !barren(&last).is_empty() => {
            for (id, error) in barren(&last) {
                complain(&format!("{id} gave nothing but errors: {error}"));
            }
            Exit::Run
        }
        _ if written == Exit::Good && summary::broken(&report).next().is_some() => {
            for (name, found) in summary::broken(&report) {
                complain(&format!("not as expected: {name}: {found}"));
            }
            Exit::Expectations
        }
        _ => written,
    }
}

/// The sources that gave nothing but errors, as one whose file cannot be read, with the newest error of each.
fn barren(last: &Snapshot) -> Vec<(&NodeId, &str)> {
    let is_source = |id: &NodeId| !last.pipes.keys().any(|pipe| pipe.to.node == *id);
    let gave_nothing = |node: &NodeFigures| {
        node.errors > 0 && [node.received, node.sent, node.delivered, node.dead_lettered, node.held].iter().all(|count| *count == 0)
    };
    let barren = last.nodes.iter().filter(|(id, node)| gave_nothing(node) && node.dropped.is_empty() && is_source(id));
    barren.map(|(id, node)| (id, node.last_error.as_deref().unwrap_or("an error"))).collect()
}

/// Looks at a run until it is over. The first interrupt asks it to drain, the second to end at once; a request that the run cannot
/// take just now is made again at the next look.
fn watch(run: &Run, interrupts: &Interrupts, show: &mut dyn Show) -> Arc<Snapshot> {
    let (mut asked, mut due) = (0_u8, None);
    loop {
        let snapshot = run.snapshot();
        if matches!(snapshot.state, RunState::Ended | RunState::Failed(_)) {
            return snapshot;
        }
        show.show(&snapshot);
        if interrupts.wait(TICK) {
            asked = asked.saturating_add(1);
            due = Some(if asked == 1 { Control::Stop } else { Control::StopNow });
        }
        if let Some(control) = due.take() {
            due = run.send(control).err();
        }
    }
}

/// Prints the report, in words by `text`, and writes it to a file where asked.
pub fn hand_over(report: &Value, arguments: &ReportArguments, text: fn(&Value) -> String) -> Exit {
    if let Some(path) = &arguments.out {
        let text = serde_json::to_string_pretty(report).expect("JSON values always write") + "\n";
        if let Err(error) = std::fs::write(path, text) {
            complain(&format!("{}: {error}", path.display()));
            return Exit::File;
        }
    }
    match arguments {
        ReportArguments { json: true, .. } => print_json(report),
        ReportArguments { quiet: true, .. } => Exit::Good,
        ReportArguments { .. } => say(&text(report)),
    }
}
