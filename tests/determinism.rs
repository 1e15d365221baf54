//! Same seed, same story (rule 8, G11).

use pipewright_tests::{number, samples, simulate, simulated};
use serde_json::Value;

const GRAPH: &str = r#"(
    format: 1,
    nodes: {
        "orders": generator(arrivals: poisson, rate: "50/s", payload: "{\"n\": {{int 1 100}}}"),
        "line": queue(max_deliveries: 3),
        "desk": consumer_pool(servers: 2, service: exponential(mean: "30 ms"), failure_share: 0.1),
        MORE
    },
    pipes: ["orders.out -> line.in", "line.out -> desk.in" PIPES],
)"#;

fn graph(more: &str, pipes: &str) -> String {
    GRAPH.replace("MORE", more).replace("PIPES", pipes)
}

/// A report without what real time put into it.
fn timeless(mut report: Value) -> Value {
    report["wall_s"] = Value::Null;
    report
}

#[test]
fn g11_same_seed_same_journal_and_same_report() {
    let text = graph("", "");
    let [first, second, other] = [7, 7, 8].map(|seed| timeless(simulate(&text, "120s", seed).report));
    assert_eq!(first, second);
    assert_ne!(first["journal_hash"], other["journal_hash"]);
    assert!(number(&first, "/messages/entered") > 5_000.0);
}

#[test]
fn g11_every_sample_tells_the_same_story_twice() {
    for path in samples() {
        let [first, second] = [(); 2].map(|()| timeless(simulated(&path, "20s").report));
        assert_eq!(first, second, "{}", path.display());
    }
}

#[test]
fn g11_another_node_disturbs_no_stream() {
    let alone = simulate(&graph("", ""), "60s", 7).report;
    let more = r#""aside": generator(arrivals: poisson, rate: "90/s", payload: "{\"n\": {{int 1 9}}}"), "end": sink(),"#;
    let beside = simulate(&graph(more, r#", "aside.out -> end.in""#), "60s", 7).report;
    for pointer in ["/nodes/orders", "/nodes/desk", "/queues/line", "/pipes/orders.out -> line.in"] {
        assert_eq!(alone.pointer(pointer), beside.pointer(pointer), "{pointer}");
        assert!(alone.pointer(pointer).is_some_and(|value| !value.is_null()), "{pointer}");
    }
}
