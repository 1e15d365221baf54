//! Pipes under pressure: bounds hold exactly, nothing is lost, siblings are not slowed (G1, G2, G3, G7).

use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{Ran, graph, number, options, run, simulate};

fn both(text: &str, until: &str) -> [Ran; 2] {
    let graph = graph(text);
    [Mode::Simulated, Mode::Live].map(|mode| run(&graph, &options(mode, until)))
}

#[test]
fn g1_a_full_pipe_never_overshoots() {
    for capacity in [1_u32, 2, 7, 64, 1000] {
        let text = format!(
            r#"(
    format: 1,
    nodes: {{
        "source": generator(arrivals: fastest, count: 3000, payload: "{{}}"),
        "all": filter(condition: "true"),
        "slow": throttle(rate: "20000/s", burst: 1),
        "end": sink(),
    }},
    pipes: [
        ("source.out -> all.in", capacity: {capacity}),
        ("all.out -> slow.in", capacity: {capacity}),
        ("slow.out -> end.in", capacity: {capacity}),
    ],
)"#
        );
        for ran in both(&text, "20s") {
            let mode = &ran.report["mode"];
            assert_eq!(number(&ran.report, "/messages/delivered"), 3000.0, "capacity {capacity}, {mode}");
            for (id, pipe) in ran.report["pipes"].as_object().expect("pipes") {
                let highest = number(pipe, "/depth_max");
                assert!(highest <= f64::from(capacity), "{id}: depth {highest} in a pipe of {capacity}, {mode}");
            }
            let blocked = number(&ran.report, "/pipes/all.out -> slow.in/blocked_s");
            assert!(blocked > 0.0 || capacity >= 1000, "the sender of a slow pipe of {capacity} waited {blocked} s, {mode}");
        }
    }
}

#[test]
fn g2_a_subscriber_stopped_dead_slows_nobody() {
    let text = r#"(
    format: 1,
    nodes: {
        "news": generator(arrivals: constant, rate: "2000/s", count: 2000, topic: "news/today", payload: "{}"),
        "topic": topic(),
        "good": subscription(), "reader": consumer_pool(servers: 4, service: constant("100 us")),
        "dead": subscription(capacity: 50, when_full: drop_newest), "stopped": consumer_pool(servers: 1, service: constant("1 h")),
    },
    pipes: ["news.out -> topic.in", "topic.out -> good.in", "topic.out -> dead.in", "good.out -> reader.in", "dead.out -> stopped.in"],
)"#;
    for ran in both(text, "4s") {
        let mode = &ran.report["mode"];
        assert_eq!(number(&ran.report, "/nodes/topic/in"), 2000.0, "{mode}: the publisher was slowed");
        assert_eq!(number(&ran.report, "/messages/delivered"), 2000.0, "{mode}: the sibling lost messages");
        assert_eq!(number(&ran.report, "/messages/copied"), 2000.0, "{mode}");
        let lost = ran.report["nodes"]["dead"]["dropped"]
            .as_object()
            .map_or(0, |reasons| reasons.values().filter_map(serde_json::Value::as_u64).sum());
        assert_eq!(lost + 50 + 1, 2000, "{mode}: what the dead one did not keep was dropped and counted");
    }
}

#[test]
fn g3_competing_consumers_share_by_credit() {
    let text = r#"(
    format: 1,
    nodes: {
        "work": generator(arrivals: fastest, count: 2000, payload: "{}"),
        "line": queue(capacity: 100),
        "slow": consumer_pool(servers: 1, service: constant("3 ms")),
        "fast": consumer_pool(servers: 3, service: constant("3 ms")),
    },
    pipes: ["work.out -> line.in", "line.out -> slow.in", "line.out -> fast.in"],
)"#;
    let report = simulate(text, "60s", 1).report;
    assert_eq!(number(&report, "/messages/delivered"), 2000.0);
    // Four equal servers take equal shares, whichever pool they stand in, and no pool hoards.
    assert!((number(&report, "/nodes/slow/in") - 500.0).abs() <= 4.0, "{}", report["nodes"]["slow"]);
    assert!(number(&report, "/queues/line/depth_max") <= 100.0);
}

#[test]
fn g7_open_loop_counts_from_the_due_time_and_overruns_are_counted() {
    let text = r#"(
    format: 1,
    nodes: {
        "due": generator(arrivals: constant, rate: "100/s", count: 1000, backlog: 300, payload: "{}"),
        "slow": throttle(rate: "50/s", burst: 1),
        "end": sink(),
    },
    pipes: [("due.out -> slow.in", capacity: 1), ("slow.out -> end.in", capacity: 1)],
)"#;
    let report = simulate(text, "60s", 1).report;
    let overrun = number(&report, "/messages/dropped/source_overrun");
    let delivered = number(&report, "/messages/delivered");
    assert_eq!(overrun + delivered, 1000.0);
    // Ten seconds of arrivals at twice the rate of service: 500 pass in that time, 300 wait in the backlog, the rest overran.
    assert!((190.0..=202.0).contains(&overrun), "{overrun}");
    // The last one waited for its 300 predecessors at 50/s: six seconds, all of it counted.
    let highest = number(&report, "/latency/max_s");
    assert!((5.8..6.3).contains(&highest), "{highest}");
}

#[test]
fn g1_pipes_are_bounded_by_bytes_too_and_expire_what_is_in_them() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 200, payload: "{\"n\": {{index}}, \"text\": \"{{pad 900}}\"}"),
        "slow": throttle(rate: "1000/s", burst: 1), "end": sink(),
    },
    pipes: [("in.out -> slow.in", capacity: 100, capacity_bytes: "10 KB"), "slow.out -> end.in"],
)"#;
    for ran in both(text, "20s") {
        let pipe = &ran.report["pipes"]["in.out -> slow.in"];
        let depth = number(pipe, "/depth_max");
        assert!((2.0..=11.0).contains(&depth), "ten of them are 10 KB: {depth}, {}", ran.report["mode"]);
        assert_eq!(number(&ran.report, "/messages/delivered"), 200.0);
    }
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 100, payload: "{}"), "slow": throttle(rate: "100/s", burst: 1), "end": sink(),
    },
    pipes: [(pipe: "in.out -> slow.in", capacity: 100, time_to_live: "200 ms"), "slow.out -> end.in"],
)"#;
    for ran in both(text, "20s") {
        let (delivered, expired) = (number(&ran.report, "/messages/delivered"), number(&ran.report, "/messages/dropped/expired"));
        assert_eq!(delivered + expired, 100.0, "{}", ran.report["messages"]);
        assert!((10.0..30.0).contains(&delivered), "a fifth of a second at 100/s: {delivered}, {}", ran.report["mode"]);
    }
}
