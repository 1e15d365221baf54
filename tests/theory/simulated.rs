//! The report of one simulation: in this process, or by a program built for speed.

use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_runtime::units::Span;
use pipewright_tests::{Folder, graph, options, root, run};
use serde_json::Value;
use std::process::{Command, Stdio};

/// Whether the long form was asked for.
pub fn is_long() -> bool {
    std::env::var("PIPEWRIGHT_LONG").is_ok_and(|value| value == "1")
}

/// How to simulate a graph, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    /// The seed.
    pub seed: u64,
    /// How long.
    pub until: f64,
    /// How much of it to leave out.
    pub warm_up: f64,
    /// A limit for waits.
    pub within: Option<f64>,
}

/// Simulates the text of a graph. `PIPEWRIGHT_PROGRAM` names the program to do it, from the top of the repository; without it, this
/// process does.
pub fn report(text: &str, course: Course) -> Value {
    if let Ok(program) = std::env::var("PIPEWRIGHT_PROGRAM") {
        return by_program(&program, text, course);
    }
    let run_options = RunOptions {
        seed: Some(course.seed),
        warm_up: Span::from_seconds(course.warm_up),
        within: course.within.map(Span::from_seconds),
        until: Some(Span::from_seconds(course.until)),
        ..options(Mode::Simulated, "1s")
    };
    run(&graph(text), &run_options).report
}

fn by_program(program: &str, text: &str, course: Course) -> Value {
    let folder = Folder::new(&format!("theory-{:?}", std::thread::current().id()));
    let path = folder.file("case.ron", text);
    let mut command = Command::new(root().join(program));
    command.args(["simulate", &path, "--json", "--seed", &course.seed.to_string()]);
    command.args(["--until", &format!("{}s", course.until), "--warm-up", &format!("{}s", course.warm_up)]);
    if let Some(within) = course.within {
        command.args(["--within", &format!("{within}s")]);
    }
    let output = command.stdin(Stdio::null()).output().expect("PIPEWRIGHT_PROGRAM names a program");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}\n{text}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}\n{text}"))
}
