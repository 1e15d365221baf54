//! Order where it is promised (G10), seen in the files that sinks write.

use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Folder, all_met, both, graph, options, run};
use serde_json::Value;

/// Runs a graph in a mode and returns the number `n` of each payload that its sink wrote to `seen.jsonl`.
fn numbers(text: &str, mode: Mode) -> Vec<u64> {
    let folder = Folder::new(&format!("order-{mode:?}-{}", text.len()));
    run(&graph(text), &RunOptions { output: Some(folder.path().to_owned()), ..options(mode, "30s") });
    let text = std::fs::read_to_string(folder.path().join("seen.jsonl")).expect("the sink wrote its file");
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
        r#""all": filter(condition: "true"), "same": map(value: "message"),"#,
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

#[test]
fn g10_an_n_fold_step_keeps_order_where_asked_for() {
    let step = |order: &str| format!(r#""work": step(copies: 8, time: uniform(from: "0 s", to: "2 ms"), order: {order}),"#);
    let pipes = r#""source.out -> work.in", "work.out -> end.in""#;
    in_order(&step("kept"), pipes);
    let text = |order: &str, key: &str| {
        format!(
            r#"(
    format: 1,
    nodes: {{
        "source": generator(arrivals: fastest, count: 400, key: "string(message.n % 7)", payload: "{{\"n\": {{{{index}}}}}}"),
        {} "end": sink(),
    }},
    pipes: [{pipes}],
    expect: {{"order": order_per_key(at: "end", {key}by: "message.n")}},
)"#,
            step(order)
        )
    };
    both(&text("kept_by_key", ""), "30s", all_met);
    // And without, eight copies do mix them up.
    both(&text("as_finished", "key: \"'all'\", "), "30s", |ran, mode| {
        assert_eq!(ran.report["expectations"]["order"]["verdict"], "broken", "{mode}");
    });
}

/// Calendar time of a simulation starts where the graph says, and the due times of a source are nanoseconds from there.
#[test]
fn g16_calendar_time_starts_where_the_graph_says() {
    let text = r#"(
    format: 1,
    settings: (starts_at: "2031-05-06T07:08:09Z"),
    nodes: {
        "clock": generator(arrivals: constant, rate: "1/s", count: 90, payload: "{\"at\": {{time}}, \"n\": {{index}}}"),
        "end": sink(target: file, path: "times.jsonl"),
    },
    pipes: ["clock.out -> end.in"],
)"#;
    let folder = Folder::new("calendar");
    run(&graph(text), &RunOptions { output: Some(folder.path().to_owned()), ..options(Mode::Simulated, "100s") });
    let text = std::fs::read_to_string(folder.path().join("times.jsonl")).expect("the sink wrote its file");
    let times: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(3)).collect();
    assert_eq!(times.len(), 90, "{text}");
    assert!(times[0].starts_with("2031-05-06T07:08:") && times[0].ends_with('Z'), "{}", times[0]);
    assert!(times[89].starts_with("2031-05-06T07:09:3"), "{}", times[89]);
    assert!(times.is_sorted());
}
