//! Runs graphs as a person would: from RON text, by the ordinary way, with all telemetry on.

use pipewright_runtime::engine::control::{Control, Speed};
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::report::Report;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Snapshot};
use pipewright_runtime::units::Span;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a window looks.
const FRAME: Duration = Duration::from_millis(16);
/// How many messages of watched pipes it takes out each time.
const TAPPED_PER_FRAME: usize = 2_000;
/// What passes before figures count.
const RUN_UP: Duration = Duration::from_millis(200);

/// Starts a graph.
pub fn start(text: &str, options: &RunOptions) -> Run {
    let graph = pipewright_tests::graph(text);
    let watched = match options.mode {
        // Every pipe is looked at, as in the messages panel.
        Mode::Live => graph.pipes().keys().take(64).cloned().collect(),
        Mode::Simulated => Vec::new(),
    };
    Run::start(&graph, CATALOGUE, &RunOptions { watched, ..options.clone() })
        .unwrap_or_else(|problems| panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

/// The options of a live run on so many workers; 0 for all cores.
pub fn live(workers: usize) -> RunOptions {
    RunOptions { workers, ..RunOptions::new(Mode::Live, std::env::temp_dir()) }
}

/// Looks at a run as a window does, for so long; the newest picture.
pub fn look_on(run: &Run, time: Duration) -> Arc<Snapshot> {
    let began = Instant::now();
    while began.elapsed() < time {
        std::thread::sleep(FRAME);
        drop(run.tapped(TAPPED_PER_FRAME));
    }
    let snapshot = run.snapshot();
    assert_eq!(snapshot.state, RunState::Running, "it should still go on");
    snapshot
}

/// Ends a run; its report.
pub fn end(run: Run) -> Report {
    run.send(Control::StopNow).expect("a stop is never refused");
    let report = run.wait().expect("a run that has ended has a report");
    assert!(report.messages.balanced, "{:?}", report.messages);
    report
}

/// How fast a live run goes: the growth of a count per second of its clock, over `time` after a run-up.
pub fn live_rate(text: &str, workers: usize, time: Duration, count: impl Fn(&Snapshot) -> u64) -> f64 {
    let run = start(text, &live(workers));
    let before = look_on(&run, RUN_UP);
    let mut after = look_on(&run, time);
    // A picture that is dear to make comes less often.
    while after.now.since(before.now).duration() < time / 2 {
        after = look_on(&run, FRAME);
    }
    let grown = count(&after) - count(&before);
    let rate = grown as f64 / after.now.since(before.now).seconds();
    end(run);
    rate
}

/// Simulates a graph on one thread until a moment; events per second of wall time.
pub fn simulated_rate(text: &str, until: Span) -> f64 {
    let options = RunOptions { speed: Speed::Fastest, until: Some(until), ..RunOptions::new(Mode::Simulated, std::env::temp_dir()) };
    let began = Instant::now();
    let report = start(text, &options).wait().expect("a run that has ended has a report");
    let took = began.elapsed().as_secs_f64();
    assert!(report.messages.balanced && report.ended == "until", "{}: {:?}", report.ended, report.messages);
    report.events as f64 / took
}
