//! `run FILE`: live, by the wall clock, with a table that refreshes on a terminal and plain lines otherwise.

use super::Exit;
use super::arguments::{ReportArguments, RunArguments, grants};
use super::drive::{Show, drive, open};
use super::load::Loaded;
use super::table::{line, table};
use console::Term;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::{Mode, Snapshot};
use pipewright_runtime::units::Span;
use std::time::{Duration, Instant};

/// Runs a file live.
pub fn run(arguments: &RunArguments) -> Exit {
    let loaded = match open(&arguments.file, arguments.report.json) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let options = RunOptions {
        seed: arguments.seed,
        warm_up: arguments.warm_up.unwrap_or(Span::ZERO),
        workers: arguments.workers,
        grants: grants(&arguments.allow),
        ..live_options(&loaded, arguments.time, &arguments.report)
    };
    live(&loaded, &options, &arguments.report)
}

/// The usual options of a live run of an opened graph.
pub fn live_options(loaded: &Loaded, until: Option<Span>, report: &ReportArguments) -> RunOptions {
    RunOptions { until, within: report.within, output: Some(loaded.output()), ..RunOptions::new(Mode::Live, loaded.folder()) }
}

/// Runs an opened graph live.
pub fn live(loaded: &Loaded, options: &RunOptions, report: &ReportArguments) -> Exit {
    let stdout = Term::stdout();
    let quiet = report.quiet || report.json;
    let mut show: Box<dyn Show> = match (quiet, stdout.is_term()) {
        (true, _) => Box::new(Silent),
        (false, true) => Box::new(Live { terminal: stdout, lines: 0, drawn: None }),
        (false, false) => Box::new(Plain { printed: None }),
    };
    drive(loaded, options, report, show.as_mut())
}

/// Shows nothing.
pub struct Silent;

impl Show for Silent {
    fn show(&mut self, _snapshot: &Snapshot) {}
    fn end(&mut self, _snapshot: &Snapshot) {}
}

/// A table that is drawn over itself.
struct Live {
    terminal: Term,
    lines: usize,
    drawn: Option<Instant>,
}

impl Live {
    const EVERY: Duration = Duration::from_millis(250);

    fn draw(&mut self, snapshot: &Snapshot) {
        let (rows, columns) = self.terminal.size();
        let text = table(snapshot, usize::from(rows).saturating_sub(1), usize::from(columns));
        // A terminal that has gone away is noticed by the report, which still goes to its file.
        let _ = self.terminal.clear_last_lines(self.lines);
        let _ = self.terminal.write_str(&text);
        self.lines = text.lines().count();
        self.drawn = Some(Instant::now());
    }
}

impl Show for Live {
    fn show(&mut self, snapshot: &Snapshot) {
        if self.drawn.is_none_or(|drawn| drawn.elapsed() >= Self::EVERY) {
            self.draw(snapshot);
        }
    }
    fn end(&mut self, snapshot: &Snapshot) {
        self.draw(snapshot);
        let _ = self.terminal.write_line("");
    }
}

/// A line a second.
struct Plain {
    printed: Option<Instant>,
}

impl Show for Plain {
    fn show(&mut self, snapshot: &Snapshot) {
        if self.printed.is_none_or(|printed| printed.elapsed() >= Duration::from_secs(1)) {
            super::print::say(&line(snapshot));
            self.printed = Some(Instant::now());
        }
    }
    fn end(&mut self, snapshot: &Snapshot) {
        super::print::say(&line(snapshot));
    }
}
