//! What the program does where no window can be opened: a sample runs live in the terminal for ten seconds.

use super::Exit;
use super::arguments::ReportArguments;
use super::load::Loaded;
use super::print::say;
use super::run::{live, live_options};
use pipewright_runtime::units::Span;
use std::path::PathBuf;

const SAMPLE: &str = include_str!("../../../samples/02-competing.ron");
const NAME: &str = "samples/02-competing.ron";

/// Runs the sample and says how to go on from here.
pub fn sample_in_terminal() -> Exit {
    let loaded = Loaded::of(PathBuf::from(NAME), SAMPLE.to_owned());
    say(&format!("Here is {NAME}, live, for ten seconds. `pipewright --help` tells what else works without a window.\n"));
    let report = ReportArguments::default();
    live(&loaded, &live_options(&loaded, Some(Span::secs(10)), &report), &report)
}
