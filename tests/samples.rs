//! Every sample opens, checks clean, stands in its stable form, is well laid out, and runs in both modes.

use pipewright_runtime::check::check;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::file;
use pipewright_runtime::graph::Graph;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, files_below, graph_of, number, options, root, run, samples, shown};
use std::path::PathBuf;

const WIDTH: f32 = 176.0;
const HEIGHT: f32 = 86.0;

fn each(test: impl Fn(&str, &str, PathBuf)) {
    let files = files_below(&root().join("samples"), ".ron");
    assert!(files.len() >= 5, "the samples are gone");
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a sample can be read");
        test(&shown(&path), &text, path.parent().expect("a sample lies in a folder").to_path_buf());
    }
}

#[test]
fn samples_open_without_any_problem() {
    each(|name, text, _| {
        let read = file::load(&root().join(name), CATALOGUE).expect("a sample can be read").read;
        assert_eq!(text, std::fs::read_to_string(root().join(name)).expect("a sample can be read"));
        let problems: Vec<String> = read.problems.iter().chain(&check(&read.graph, CATALOGUE)).map(ToString::to_string).collect();
        assert!(problems.is_empty(), "{name}:\n{}", problems.join("\n"));
        assert!(!read.graph.title().is_empty() && !read.read_only, "{name} has no title");
    });
}

#[test]
fn samples_round_trip_byte_for_byte() {
    each(|name, text, _| {
        assert_eq!(file::write(&file::read(text, CATALOGUE).graph), text, "{name} is not formatted: `pipewright fmt {name}`");
    });
}

#[test]
fn samples_are_well_laid_out() {
    each(|name, _, _| {
        let graph = graph_of(&root().join(name));
        let levels = graph.nodes().iter().filter(|(_, node)| node.is_composite()).map(|(id, _)| Some(id));
        for level in std::iter::once(None).chain(levels) {
            well_laid_out(name, &graph.level(level));
        }
        assert!(!graph.notes().is_empty(), "{name}: a note says what to look at");
    });
}

fn well_laid_out(name: &str, graph: &Graph) {
    let places: Vec<_> = graph.nodes().iter().map(|(id, node)| (id, node.position)).collect();
    for (number, (id, at)) in places.iter().enumerate() {
        assert!(at.x % 4.0 == 0.0 && at.y % 4.0 == 0.0, "{name}: {id} is off the grid");
        for (other, there) in &places[..number] {
            let apart = (at.x - there.x).abs() >= WIDTH + 40.0 || (at.y - there.y).abs() >= HEIGHT + 24.0;
            assert!(apart, "{name}: {id} and {other} stand too close");
        }
        assert!(!graph.nodes()[*id].title.is_empty(), "{name}: {id} has no title");
    }
    for frame in graph.frames().values() {
        for (id, at) in &places {
            let (right, bottom) = (frame.position.x + frame.size.x, frame.position.y + frame.size.y);
            let inside = at.x >= frame.position.x && at.x + WIDTH <= right && at.y >= frame.position.y && at.y + HEIGHT <= bottom;
            let outside = at.x >= right || at.x + WIDTH <= frame.position.x || at.y >= bottom || at.y + HEIGHT <= frame.position.y;
            assert!(inside || outside, "{name}: {id} stands across the border of `{}`", frame.title);
        }
    }
}

#[test]
fn samples_run_in_both_modes() {
    for path in samples() {
        let (name, folder) = (shown(&path), path.parent().expect("a sample lies in a folder").to_path_buf());
        let graph = graph_of(&path);
        let out = Folder::new(&format!("sample-{}", name.replace('/', "-")));
        for (mode, until) in [(Mode::Simulated, "60s"), (Mode::Live, "1500ms")] {
            let report =
                run(&graph, &RunOptions { folder: folder.clone(), output: Some(out.path().to_owned()), ..options(mode, until) }).report;
            assert!(number(&report, "/messages/entered") > 0.0, "{name}, {mode:?}: nothing came in\n{report:#}");
            assert!(report["deadlocks"].as_array().is_some_and(Vec::is_empty), "{name}, {mode:?}: {}", report["deadlocks"]);
            let expectations = report["expectations"].as_object().expect("a report has expectations");
            assert!(!expectations.is_empty(), "{name} says nothing of what to expect");
            for (expectation, found) in expectations {
                assert_ne!(found["verdict"], "broken", "{name}, {mode:?}: {expectation}: {}", found["found"]);
            }
        }
    }
}
