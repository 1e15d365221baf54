//! What each filter is there for, live and simulated: so many go in, so many come out, and each is as it should be.

use pipewright_tests::{all_met, both, number};

/// A filter between a source and a sink: its kind with settings, the payload of each message, how many go in, the output that is looked at, how many
/// come out of it, and what is true of each.
struct Case {
    filter: &'static str,
    payload: &'static str,
    count: u32,
    output: &'static str,
    comes: f64,
    condition: &'static str,
}

const fn case(filter: &'static str, payload: &'static str, count: u32, output: &'static str, comes: f64, condition: &'static str) -> Case {
    Case { filter, payload, count, output, comes, condition }
}

const N: &str = r#"{"n": {{index}}}"#;
const PARITY: &str = r#"{"n": {{index}}, "odd": "{{pick "yes" "no"}}"}"#;
const ITEMS: &str = r#"{"items": [1, 2, 3]}"#;

const CASES: &[Case] = &[
    case("filter(condition: \"message.n < 30\")", N, 100, "out", 30.0, "message.n < 30"),
    case("map(set: {\"message.twice\": \"message.n * 2\"})", N, 100, "out", 100.0, "message.twice == message.n * 2"),
    case("route(rules: {\"few\": \"message.n < 30\"})", N, 100, "few", 30.0, "message.n < 30"),
    case("route(rules: {\"few\": \"message.n < 30\"})", N, 100, "otherwise", 70.0, "message.n >= 30"),
    case("recipient_list(rules: {\"a\": \"message.n >= 0\", \"b\": \"message.n < 10\"})", N, 100, "b", 10.0, "message.n < 10"),
    case("jq(program: \".n | {half: (. / 2)}, {n: .}\")", N, 100, "out", 200.0, "has(message.half) || has(message.n)"),
    case("split(items: \"message.items\")", ITEMS, 40, "out", 120.0, "message >= 1 && message <= 3 && headers.part >= 0"),
    case("aggregate(count: 5, result: list)", N, 100, "out", 20.0, "size(message) == 5 && message[4].n - message[0].n == 4"),
    case("aggregate(key: \"string(message.n % 4)\", count: 5, result: list)", N, 100, "out", 20.0, "message[4].n - message[0].n == 16"),
    case("aggregate(count: 0, until: \"message.n % 10 == 9\", result: list)", N, 100, "out", 10.0, "size(message) == 10"),
    case("aggregate(count: 0, window: \"100 ms\", result: list)", N, 30, "out", 1.0, "size(message) == 30"),
    case("batch(most_messages: 25, wait: \"10 s\")", N, 100, "out", 4.0, "size(message) == 25"),
    case("validate(schema: r#\"{\"properties\": {\"n\": {\"maximum\": 29}}}\"#)", N, 100, "out", 30.0, "message.n < 30"),
    case("validate(schema: r#\"{\"properties\": {\"n\": {\"maximum\": 29}}}\"#)", N, 100, "invalid", 70.0, "message.n >= 30"),
    case("throttle(rate: \"20/s\", burst: 15, excess: drop)", N, 100, "out", 15.0, "message.n < 15"),
    case("delay(time: \"150 ms\")", N, 100, "out", 100.0, "message.n >= 0"),
    case("deduplicate(key: \"message.odd\")", PARITY, 100, "out", 2.0, "message.odd in ['yes', 'no']"),
    case("wire_tap(condition: \"message.n < 30\")", N, 100, "tap", 30.0, "message.n < 30"),
    case("sample(by: count, count: 4)", N, 100, "out", 25.0, "message.n % 4 == 0"),
    case("transform(from: json, to: csv, columns: \"n\")", N, 100, "out", 100.0, "true"),
    case("balance(outputs: {\"a\": 1, \"b\": 1, \"c\": 2})", N, 100, "a", 25.0, "message.n >= 0"),
];

#[test]
fn every_filter_does_its_one_thing() {
    for Case { filter, payload, count, output, comes, condition } in CASES {
        let ports: Vec<String> = {
            let read = pipewright_runtime::file::read(
                &format!("(format: 1, nodes: {{\"x\": {filter}}}, pipes: [])"),
                pipewright_runtime::nodes::CATALOGUE,
            );
            let node = read.graph.nodes().values().next().unwrap_or_else(|| panic!("{filter} does not read"));
            let kind = pipewright_runtime::nodes::CATALOGUE.get(&node.kind).unwrap_or_else(|| panic!("{filter} is of no kind"));
            (kind.ports)(&node.settings).outputs.iter().map(|port| port.name.to_string()).collect()
        };
        assert!(ports.iter().any(|port| port == output), "{filter} has the outputs {ports:?}");
        let pipes: Vec<String> =
            ports.iter().map(|port| format!("\"x.{port} -> {}.in\"", if port == output { "end" } else { "other" })).collect();
        let text = format!(
            r###"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: fastest, count: {count}, payload: r##"{payload}"##), "x": {filter}, "end": sink(), "other": sink(),
    }},
    pipes: ["in.out -> x.in", {}],
    expect: {{"each is as it should be": every(at: "end", condition: "{condition}")}},
)"###,
            pipes.join(", ")
        );
        both(&text, "30s", |ran, mode| {
            assert_eq!(number(&ran.report, "/nodes/end/in"), *comes, "{filter}, {mode}: {}", ran.report["messages"]);
            assert_eq!(number(&ran.report, "/messages/held"), 0.0, "{filter}, {mode}");
            all_met(ran, &format!("{filter}, {mode}"));
        });
    }
}

/// A topic's copies go three ways and come back together; parts that were mixed up come back in order, and know what a table knows of them.
#[test]
fn what_was_parted_comes_together_in_order_and_enriched() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: constant, rate: "1000/s", count: 100, payload: "{\"n\": {{index}}, \"id\": \"uw61345682\"}"),
        "t": topic(), "a": subscription(), "b": subscription(),
        "slow": consumer_pool(servers: 20, service: uniform(from: "1 ms", to: "20 ms")), "fast": consumer_pool(servers: 2, service: "1 ms"),
        "together": join(copies: 2), "sorted": resequence(number: "message.n", first: 0),
        "known": enrich(path: "data/earthquakes.jsonl", key: "message.id", into: "message.known"),
        "end": sink(),
    },
    pipes: [
        "in.out -> t.in", "t.out -> a.in", "t.out -> b.in", "a.out -> slow.in", "b.out -> fast.in", "slow.out -> together.in", "fast.out -> together.in",
        "together.out -> sorted.in", "sorted.out -> known.in", "known.out -> end.in",
    ],
    expect: {
        "each came together once": once_per_key(at: "end", key: "message.n"),
        "the table knows the place": every(at: "end", condition: "message.known.region == 'Washington'"),
        "in the order of the numbers": order_per_key(at: "end", key: "'all'", by: "message.n"),
    },
)"#;
    both(text, "30s", |ran, mode| {
        assert_eq!(number(&ran.report, "/nodes/end/in"), 100.0, "{mode}: {}", ran.report["messages"]);
        all_met(ran, mode);
    });
}
