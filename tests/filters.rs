//! What every filter has in common: an error port, the graph's dead letters behind it, and a retry policy where one is put before it.

mod each;

use pipewright_runtime::message::Message;
use pipewright_runtime::node::{Family, Kind, PortRole};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::setting::Settings;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{graph, number, options, run};
use serde_json::Value;

/// Settings with which a kind fails on every message `{}`.
const FAILING: &[(&str, &str)] = &[
    ("filter", "condition: \"message.missing > 1\""),
    ("map", "set: {\"message.x\": \"message.missing + 1\"}"),
    ("route", "rules: {\"a\": \"message.missing > 1\"}"),
    ("recipient_list", "rules: {\"a\": \"message.missing > 1\"}"),
    ("jq", "program: \"error(\\\"no\\\")\""),
    ("split", "items: \"message.missing\""),
    ("aggregate", "key: \"message.missing\""),
    ("resequence", "number: \"message.missing\""),
    ("enrich", "path: \"data/earthquakes.jsonl\", table_key: \"'x'\", key: \"message.missing\""),
    ("validate", "schema: r#\"{\"required\": [\"missing\"]}\"#"),
    ("transform", "from: cbor, to: json"),
    ("deduplicate", "key: \"message.missing\""),
    ("step", "time: \"1 ms\", failure_share: 1.0"),
    (
        "program",
        "command: r#\"sh -c 'while read -r line; do echo \"{\\\"error\\\": \\\"no\\\"}\"; done'\"#, model_time: \"1 ms\", model_failure_share: 1.0",
    ),
];

/// Filters that have an error port but nothing in their settings that could fail on a message by itself.
const PATIENT: &[&str] = &["throttle", "delay", "batch", "wire_tap", "balance"];

const COUNT: f64 = 20.0;

fn kind(name: &str) -> &'static Kind {
    CATALOGUE.get(name).unwrap_or_else(|| panic!("there is no kind {name}"))
}

/// A graph in which messages go through a filter that fails on each; `before` stands between source and filter.
fn failing(name: &str, settings: &str, before: (&str, &str), wired: bool) -> String {
    let text = format!("(format: 1, nodes: {{\"x\": {name}({settings})}}, pipes: [])");
    let read = pipewright_runtime::file::read(&text, CATALOGUE);
    let node = read.graph.nodes().values().next().unwrap_or_else(|| panic!("{name} does not read"));
    let ports = (kind(name).ports)(&node.settings);
    let required = ports.outputs.iter().filter(|port| port.role == PortRole::Message && port.required);
    let mut pipes: Vec<String> = required.map(|port| format!("\"x.{} -> end.in\"", port.name)).collect();
    if wired {
        pipes.push("\"x.error -> failed.in\"".into());
    }
    let (store, pipes_before) = before;
    format!(
        r#"(
    format: 1,
    nodes: {{
        "source": generator(arrivals: fastest, count: {COUNT}, payload: "{{}}"),
        {store}
        "x": {name}({settings}),
        "end": sink(),
        {}
    }},
    pipes: [{pipes_before}, {}],
)"#,
        if wired || !store.is_empty() { "\"failed\": dead_letters()," } else { "" },
        pipes.join(", ")
    )
}

fn in_both(text: &str, mut look: impl FnMut(&Value, Mode, &pipewright_tests::Ran)) {
    for mode in [Mode::Simulated, Mode::Live] {
        let ran = run(&graph(text), &options(mode, "60s"));
        look(&ran.report, mode, &ran);
    }
}

#[test]
fn every_filter_that_can_fail_is_looked_at() {
    for kind in CATALOGUE.family(Family::Filter) {
        let fails = (kind.ports)(&Settings::new()).error().is_some();
        let known = FAILING.iter().any(|(name, _)| *name == kind.name) || PATIENT.contains(&kind.name);
        assert!(known || !fails, "{} has an error port: say in this test how it fails", kind.name);
    }
}

#[test]
fn every_filter_sends_what_fails_to_its_error_port() {
    for (name, settings) in FAILING {
        in_both(&failing(name, settings, ("", "\"source.out -> x.in\""), true), |report, mode, _| {
            assert_eq!(number(report, "/nodes/failed/in"), COUNT, "{name}, {mode:?}: {}", report["messages"]);
            assert_eq!(number(report, "/messages/delivered"), 0.0, "{name}, {mode:?}");
        });
    }
}

#[test]
fn unwired_errors_go_to_the_dead_letters_of_the_graph() {
    for (name, settings) in FAILING {
        in_both(&failing(name, settings, ("", "\"source.out -> x.in\""), false), |report, mode, ran| {
            assert_eq!(number(report, "/messages/dead_lettered"), COUNT, "{name}, {mode:?}: {}", report["messages"]);
            let letters = &ran.snapshot.dead_letters["x"];
            assert_eq!(letters.len(), COUNT as usize, "{name}, {mode:?}");
            let told = |message: &Message| message.header("error").and_then(Value::as_str).is_some_and(|error| !error.is_empty());
            assert!(letters.iter().all(|letter| told(&letter.message)), "{name}, {mode:?}");
        });
    }
}

#[test]
fn any_filter_is_tried_again_by_the_policy_before_it() {
    let retry = "\"tries\": retry(tries: 3, retry: fixed, retry_delay: \"2 ms\"),";
    let pipes = "\"source.out -> tries.in\", \"tries.out -> x.in\", \"tries.error -> failed.in\"";
    for (name, settings) in FAILING {
        in_both(&failing(name, settings, (retry, pipes), false), |report, mode, _| {
            assert_eq!(number(report, "/queues/tries/deliveries"), 3.0 * COUNT, "{name}, {mode:?}");
            assert_eq!(number(report, "/nodes/failed/in"), COUNT, "{name}, {mode:?}: {}", report["messages"]);
        });
    }
}

#[test]
fn filters_that_do_not_depend_on_each_other_work_at_the_same_time() {
    let text = r#"(
    format: 1,
    nodes: {
        "source": generator(arrivals: fastest, count: 20, payload: "{}"),
        "copy": recipient_list(rules: {"a": "true", "b": "true"}),
        "left": step(time: "10 ms"), "right": step(time: "10 ms"), "end": sink(),
    },
    pipes: ["source.out -> copy.in", "copy.a -> left.in", "copy.b -> right.in", "left.out -> end.in", "right.out -> end.in"],
)"#;
    in_both(text, |report, mode, _| {
        // One after the other they would take 400 ms.
        assert_eq!(number(report, "/messages/delivered"), 40.0, "{mode:?}");
        let shares = number(report, "/nodes/left/busy") + number(report, "/nodes/right/busy");
        assert!(shares > 1.2 || mode == Mode::Live, "{mode:?}: both are busy at the same time: {shares}");
        assert!(number(report, "/duration_s") < 0.39 || mode == Mode::Live, "{mode:?}");
    });
}
