//! Messages per second of live runs: five stages, a topic with eight readers, a queue with four consumers.

use super::harness::{Case, Contestant, Goal, Line, Unit};
use super::running::live_rate;
use super::sticks::{envelope, flow};
use pipewright_runtime::telemetry::snapshot::Snapshot;
use std::time::Duration;

const TIME: Duration = Duration::from_millis(600);
const MESSAGES: u64 = 1_000_000;

/// A line of five stages, whose names end in `suffix`: nodes and pipes, as they stand in a graph file.
pub fn five_stages(suffix: &str, arrivals: &str) -> (String, String) {
    let payload = envelope::payload_text();
    let nodes = format!(
        r#"
        "source{suffix}": generator({arrivals}, payload: "{payload}"),
        "mark{suffix}": map(set: {{"headers.stage": "1"}}),
        "pass{suffix}": filter(condition: "headers.stage == 1"),
        "count{suffix}": map(set: {{"headers.stage": "headers.stage + 1"}}),
        "end{suffix}": sink(),"#
    );
    let pipes = format!(
        r#"
        "source{suffix}.out -> mark{suffix}.in", "mark{suffix}.out -> pass{suffix}.in",
        "pass{suffix}.out -> count{suffix}.in", "count{suffix}.out -> end{suffix}.in","#
    );
    (nodes, pipes)
}

/// A graph file of these nodes and pipes.
pub fn graph(nodes: &str, pipes: &str) -> String {
    format!("(format: 1, nodes: {{{nodes}}}, pipes: [{pipes}])")
}

fn delivered(snapshot: &Snapshot) -> u64 {
    snapshot.books.delivered
}

/// A piece of a graph file for each of so many.
fn each(count: u32, piece: impl Fn(u32) -> String) -> String {
    (0..count).map(piece).collect::<Vec<_>>().concat()
}

fn topic() -> String {
    let payload = envelope::payload_text();
    let nodes = each(flow::READERS, |n| format!("\"s{n}\": subscription(when_full: drop_newest), \"r{n}\": sink(),\n"));
    let pipes = each(flow::READERS, |n| format!("\"all.out -> s{n}.in\", \"s{n}.out -> r{n}.in\",\n"));
    let source = format!("\"source\": generator(arrivals: fastest, payload: \"{payload}\"), \"all\": topic(),\n");
    graph(&(source + &nodes), &("\"source.out -> all.in\",\n".to_owned() + &pipes))
}

fn queue() -> String {
    let payload = envelope::payload_text();
    let pool = |n| format!("\"c{n}\": consumer_pool(servers: 1, prefetch: 256, service: constant(\"0 s\")),\n");
    let nodes = each(flow::CONSUMERS, pool);
    let pipes = each(flow::CONSUMERS, |n| format!("\"work.out -> c{n}.in\",\n"));
    let source = format!("\"source\": generator(arrivals: fastest, payload: \"{payload}\"), \"work\": queue(),\n");
    graph(&(source + &nodes), &("\"source.out -> work.in\",\n".to_owned() + &pipes))
}

/// The cases.
pub fn cases() -> Vec<Case> {
    let five = {
        let (nodes, pipes) = five_stages("", "arrivals: fastest");
        graph(&nodes, &pipes)
    };
    vec![
        Case {
            name: "live, five stages",
            ours: Contestant::new("a live run", move |scale| vec![live_rate(&five, 0, scale.time(TIME), delivered)]),
            sticks: vec![
                Contestant::new("thread a stage, crossbeam", |scale| vec![flow::threads(scale.count(MESSAGES))]),
                Contestant::new("direct calls", |scale| vec![flow::direct(scale.count(8 * MESSAGES))]),
            ],
            lines: vec![Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(3.0), Goal::RatioAtLeast(0.45)])],
        },
        Case {
            name: "live, topic 1 to 8",
            ours: Contestant::new("a live run", |scale| {
                let text = topic();
                vec![live_rate(&text, 0, scale.time(TIME), delivered) / f64::from(flow::READERS)]
            }),
            sticks: vec![Contestant::new("crossbeam with Arc", |scale| vec![flow::fan_out(scale.count(MESSAGES / 2))])],
            lines: vec![Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(3.0)])],
        },
        Case {
            name: "live, queue to 4",
            ours: Contestant::new("a live run", |scale| vec![live_rate(&queue(), 0, scale.time(TIME), delivered)]),
            sticks: vec![Contestant::new("crossbeam, competing threads", |scale| vec![flow::competing(scale.count(MESSAGES))])],
            lines: vec![Line::new("", Unit::PerSecond, [Goal::RatioAtLeast(2.0)])],
        },
    ]
}
