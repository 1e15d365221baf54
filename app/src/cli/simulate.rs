//! `simulate FILE`: in virtual time, as fast as the machine goes, with a progress bar on a terminal.

use super::Exit;
use super::arguments::SimulateArguments;
use super::drive::{Show, drive, open};
use super::experiment;
use super::run::Silent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pipewright_runtime::engine::control::Speed;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::{Mode, Snapshot};
use pipewright_runtime::units::Span;
use std::io::IsTerminal;

/// Simulates a file.
pub fn simulate(arguments: &SimulateArguments) -> Exit {
    let loaded = match open(&arguments.file, arguments.report.json) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if experiment::asked(arguments) {
        return experiment::experiment(&loaded, arguments);
    }
    let warm_up = match experiment::warm_up(&loaded, arguments) {
        Ok(warm_up) => warm_up,
        Err(exit) => return exit,
    };
    let options = RunOptions {
        seed: arguments.seed,
        speed: Speed::Fastest,
        until: Some(arguments.until),
        warm_up,
        within: arguments.report.within,
        output: arguments.write.then(|| loaded.output()),
        ..RunOptions::new(Mode::Simulated, loaded.folder())
    };
    let mut show: Box<dyn Show> = if std::io::stderr().is_terminal() && !arguments.report.quiet {
        Box::new(Progress::new(arguments.until))
    } else {
        Box::new(Silent)
    };
    drive(&loaded, &options, &arguments.report, show.as_mut())
}

/// A bar of virtual time on standard error.
struct Progress {
    bar: ProgressBar,
    until: Span,
}

impl Progress {
    fn new(until: Span) -> Self {
        let bar = ProgressBar::with_draw_target(Some(until.0.max(1)), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}").expect("the template is ours");
        bar.set_style(style.progress_chars("━╸ "));
        Self { bar, until }
    }
}

impl Show for Progress {
    fn show(&mut self, snapshot: &Snapshot) {
        let speed = if snapshot.wall.0 == 0 { 0.0 } else { snapshot.now.seconds() / snapshot.wall.seconds() };
        self.bar.set_position(snapshot.now.0.min(self.until.0));
        self.bar.set_message(format!(
            "{:.0} s of {:.0} s virtual, ×{speed:.0}, {} events",
            snapshot.now.seconds(),
            self.until.seconds(),
            snapshot.events
        ));
    }
    fn end(&mut self, _snapshot: &Snapshot) {
        self.bar.finish_and_clear();
    }
}
