//! Order where it is promised (G10), seen in the files that sinks write.

use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{graph, options, run};
use serde_json::Value;
use std::path::PathBuf;

/// A folder of its own for one test, gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pipewright-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the system lets tests write temporary files");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a graph in a mode and returns the number `n` of each payload that its sink wrote to `seen.jsonl`.
fn numbers(text: &str, mode: Mode) -> Vec<u64> {
    let folder = Folder::new(&format!("order-{mode:?}-{}", text.len()));
    run(&graph(text), &RunOptions { output: Some(folder.0.clone()), ..options(mode, "30s") });
    let text = std::fs::read_to_string(folder.0.join("seen.jsonl")).expect("the sink wrote its file");
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a line of JSON");
            value
                .pointer("/payload/n")
                .or_else(|| value.pointer("/n"))
                .and_then(Value::as_u64)
                .unwrap_or_else(|| panic!("no number in {line}"))
        })
        .collect()
}

fn in_order(middle: &str, pipes: &str) {
    let text = format!(
        r#"(
    format: 1,
    nodes: {{
        "source": generator(arrivals: fastest, count: 1500, payload: "{{\"n\": {{{{index}}}}}}"),
        {middle}
        "end": sink(target: file, path: "seen.jsonl"),
    }},
    pipes: [{pipes}],
)"#
    );
    for mode in [Mode::Simulated, Mode::Live] {
        let seen = numbers(&text, mode);
        assert_eq!(seen.len(), 1500, "{mode:?}");
        assert!(seen.is_sorted(), "{mode:?}: out of order\n{text}");
    }
}

#[test]
fn g10_a_pipe_is_first_in_first_out() {
    in_order(
        r#""all": filter(predicate: "true"), "same": map(value: "message"),"#,
        r#""source.out -> all.in", "all.out -> same.in", "same.out -> end.in""#,
    );
}

#[test]
fn g10_a_queue_with_one_consumer_keeps_order() {
    in_order(
        r#""line": queue(capacity: 10), "desk": consumer_pool(servers: 1, service: constant("50 us")),"#,
        r#""source.out -> line.in", "line.out -> desk.in", "desk.out -> end.in""#,
    );
}
