//! Every sample tells the same story simulated and live under the hand-cranked clock, whatever the number of workers (G11).

use pipewright_runtime::engine::live::crank::run_cranked;
use pipewright_runtime::engine::plan::Plan;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::units::Span;
use pipewright_tests::{graph, graph_of, root, samples, shown, simulate, simulated};
use serde_json::Value;

/// A report without what the two ways to run may differ in: their names, real time, and the words for the end.
fn story(mut report: Value) -> Value {
    for name in ["mode", "wall_s", "ended", "graph"] {
        report[name] = Value::Null;
    }
    report
}

#[test]
fn g11_cranked_live_equals_simulated_on_every_sample() {
    for path in samples() {
        let name = shown(&path);
        let expected = story(simulated(&path, "20s").report);
        assert!(expected["messages"]["entered"].as_u64().is_some_and(|count| count > 10), "{name}");
        let graph = graph_of(&path);
        for workers in [1, 2, 4] {
            let folder = path.parent().expect("a sample lies in a folder");
            let plan = Plan::of(&graph, CATALOGUE, None, folder).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            let report = run_cranked(plan, workers, Span::secs(20)).expect("threads can be started");
            let found = story(serde_json::to_value(&report).expect("a report always writes"));
            for (field, value) in expected.as_object().expect("a report is an object") {
                assert_eq!(&found[field], value, "{name}: {field}, with {workers} workers");
            }
        }
    }
}

/// A graph tells in three seconds the same story in a simulation and cranked by hand with any number of workers.
fn same_story_with_any_workers(text: &str) {
    let expected = simulate(text, "3s", 1).report;
    for workers in [1, 2, 3, 4] {
        let plan = Plan::of(&graph(text), CATALOGUE, Some(1), &root()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let report = run_cranked(plan, workers, Span::secs(3)).expect("threads can be started");
        assert_eq!(expected["journal_hash"], report.journal_hash.as_str(), "with {workers} workers");
    }
}

/// Found by random graphs: what nodes send as they start was not waited for where the receiver runs on another worker, so the first instant was over
/// before it arrived.
#[test]
fn g11_what_is_sent_at_the_start_arrives_in_the_first_instant() {
    let text = r#"(
    format: 1,
    nodes: {
        "burst": generator(arrivals: burst, burst_size: 36, burst_gap: "1 s", payload: "{}"),
        "few": throttle(rate: "28/s", burst: 5, excess: error),
        "later": delay(time: "5 ms", most_held: 9),
        "end": sink(),
    },
    pipes: ["burst.out -> few.in", ("few.out -> later.in", capacity: 1), "later.out -> end.in"],
)"#;
    same_story_with_any_workers(text);
}

/// Found by random graphs: a node with servers that both a store and another node feed counted, when it gave the store credit, what the other
/// had sent in that same round, if both ran on one worker. So the store handed out earlier or later with more workers.
#[test]
fn g11_credit_does_not_depend_on_who_acts_first_in_a_round() {
    let text = r#"(
    format: 1,
    nodes: {
        "even": generator(arrivals: burst, burst_size: 40, burst_gap: "1 s", payload: "{}"),
        "odd": generator(arrivals: burst, burst_size: 40, burst_gap: "1 s", payload: "{}"),
        "relay": map(value: "message"),
        "stored": generator(arrivals: burst, burst_size: 40, burst_gap: "1 s", payload: "{}"),
        "store": queue(),
        "few": throttle(rate: "5/s", burst: 2, excess: drop),
        "end": sink(),
    },
    pipes: [
        ("even.out -> few.in", capacity: 1),
        ("odd.out -> relay.in", capacity: 1),
        ("relay.out -> few.in", capacity: 1),
        "stored.out -> store.in",
        "store.out -> few.in",
        "few.out -> end.in",
    ],
)"#;
    same_story_with_any_workers(text);
}
