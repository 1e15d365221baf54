//! Queues and pools, live and simulated alike: bounds, turns, lifetimes, scaling, and the figures that they show.

use pipewright_runtime::engine::control::Speed;
use pipewright_runtime::engine::run::RunOptions;
use pipewright_runtime::telemetry::snapshot::Mode;
use pipewright_tests::{all_met, both, gauge, graph, number, options, run};

/// A hundred come at once for a consumer that takes 5 ms for each.
#[test]
fn a_full_queue_does_as_set_by_count_and_by_bytes() {
    for (bound, room) in [("capacity: 30", 30.0), ("capacity_bytes: \"3000 B\"", 0.0)] {
        for (when_full, kept) in [("block", None), ("drop_newest", Some("first")), ("drop_oldest", Some("last")), ("reject", Some("first"))]
        {
            let text = format!(
                r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: fastest, count: 100, payload: "{{\"n\": {{{{index}}}}, \"text\": \"{{{{pad 100}}}}\"}}"),
        "q": queue({bound}, when_full: {when_full}), "slow": consumer_pool(service: "5 ms"), "end": sink(),
    }},
    pipes: [("in.out -> q.in", capacity: 1), "q.out -> slow.in", "slow.out -> end.in"],
    expect: {{"it is in order": order_per_key(at: "end", key: "'all'", by: "message.n")}},
)"#
            );
            both(&text, "20s", |ran, mode| {
                let told = format!("{bound}, {when_full}, {mode}: {}", ran.report["messages"]);
                let (came, highest) = (number(&ran.report, "/nodes/end/in"), number(&ran.report, "/queues/q/depth_max"));
                assert!((5.0..50.0).contains(&highest) && (room == 0.0 || highest <= room), "{told}: {highest}");
                match when_full {
                    "block" => assert_eq!(came, 100.0, "{told}"),
                    "reject" => assert_eq!(number(&ran.report, "/messages/dead_lettered") + came, 100.0, "{told}"),
                    _ => assert_eq!(number(&ran.report, "/messages/dropped/overflow") + came, 100.0, "{told}"),
                }
                assert!(kept.is_none() || came < 60.0, "{told}");
                all_met(ran, &told);
            });
        }
    }
}

#[test]
fn dropped_ones_are_kept_apart_if_wished() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 100, payload: "{\"n\": {{index}}}"),
        "q": queue(capacity: 30, when_full: drop_oldest, overflow: dead_letter), "slow": consumer_pool(service: "10 ms"), "dead": dead_letters(), "end": sink(),
    },
    pipes: ["in.out -> q.in", "q.out -> slow.in", "slow.out -> end.in", "q.dead_letters -> dead.in"],
    expect: {
        "the oldest are apart": every(at: "dead", condition: "message.n < 70"), "nothing is gone": no_loss(dead_letters: true),
        "they went": at_least(of: "nodes.dead.in", value: 50), "the newest came through": at_least(of: "nodes.end.in", value: 30),
    },
)"#;
    both(text, "20s", all_met);
}

/// Twenty come at once for one consumer, are worked on, and come again under their old ids.
#[test]
fn priority_time_to_live_delay_and_duplicates_are_the_queues() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 40, payload: "{\"n\": {{index}}}"),
        "twice": recipient_list(rules: {"a": "true", "b": "true"}),
        "q": queue(priority: "message.n % 4 == 3 ? 9 : 0", guarantee: effectively_once, window: "10 min", delay: "300 ms", time_to_live: "400 ms"),
        "work": consumer_pool(service: "20 ms"), "end": sink(), "late": dead_letters(),
    },
    pipes: ["in.out -> twice.in", "twice.a -> q.in", "twice.b -> q.in", "q.out -> work.in", "work.out -> end.in", "q.dead_letters -> late.in"],
    expect: {
        "each came through once": once_per_key(at: "end", key: "message.n"),
        "the urgent ones first, each kind in order": order_per_key(at: "end", key: "'all'", by: "(message.n % 4 == 3 ? 0 : 1000) + message.n"),
    },
)"#;
    both(text, "20s", |ran, mode| {
        all_met(ran, mode);
        assert_eq!((number(&ran.report, "/messages/dropped/duplicate"), gauge(ran, "q", "duplicates")), (40.0, 40.0), "{mode}");
        let (done, late) = (number(&ran.report, "/nodes/end/in"), number(&ran.report, "/nodes/late/in"));
        assert_eq!(done + late, 40.0, "{mode}");
        // Of the 400 ms that each may wait, 300 pass before anyone may have it; 20 ms of work for each leave room for a few.
        assert!((3.0..=21.0).contains(&done), "{mode}: {done}");
        let median = number(&ran.report, "/latency/p50_s");
        assert!(median >= 0.3, "{mode}: nothing was handed out before its delay was over: {median}");
        let reasons: Vec<_> =
            ran.snapshot.dead_letters.values().flat_map(|shelf| shelf.iter().map(|letter| letter.reason().to_owned())).collect();
        assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason == "expired"), "{mode}: {reasons:?}");
    });
}

#[test]
fn g10_one_of_a_key_at_a_time_in_order() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: constant, rate: "2000/s", count: 200, key: "message.k", payload: "{\"n\": {{index}}, \"k\": \"{{key 10}}\"}"),
        "q": queue(in_order: by_key, retry: fixed, retry_delay: "5 ms", max_deliveries: 0),
        "one": consumer_pool(servers: 4, service: uniform(from: "1 ms", to: "4 ms"), failure_share: 0.1),
        "two": consumer_pool(servers: 4, service: uniform(from: "1 ms", to: "4 ms"), failure_share: 0.1), "end": sink(),
    },
    pipes: ["in.out -> q.in", "q.out -> one.in", "q.out -> two.in", "one.out -> end.in", "two.out -> end.in"],
    expect: {"each key is in order": order_per_key(at: "end", by: "message.n"), "nothing is lost": no_loss()},
)"#;
    both(text, "30s", |ran, mode| {
        all_met(ran, mode);
        assert_eq!(number(&ran.report, "/nodes/end/in"), 200.0, "{mode}");
        let busy = number(&ran.report, "/nodes/one/busy_servers") + number(&ran.report, "/nodes/two/busy_servers");
        assert!(busy > 1.5, "{mode}: keys go on side by side: {busy}");
    });
}

#[test]
fn pools_compete_by_credit_and_one_is_scaled_by_the_backlog() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 300, payload: "{}"),
        "q": queue(),
        "fixed": consumer_pool(servers: 2, service: "5 ms"),
        "scaled": consumer_pool(size: scaled, target: 20, most_servers: 6, poll: "20 ms", cool_down: "100 ms", start_up: "30 ms", service: "5 ms"),
        "clock": generator(rate: "10/s", count: 12, payload: "{}"), "end": sink(),
    },
    pipes: ["in.out -> q.in", "q.out -> fixed.in", "q.out -> scaled.in", "clock.out -> end.in"],
)"#;
    both(text, "20s", |ran, mode| {
        assert_eq!(number(&ran.report, "/messages/delivered"), 312.0, "{mode}");
        let [fixed, scaled] = ["fixed", "scaled"].map(|node| number(&ran.report, &format!("/nodes/{node}/in")));
        assert!(fixed > 40.0 && scaled > 90.0, "{mode}: {fixed} and {scaled}");
        // The backlog of 300 asks for more than six; at the end for none.
        assert_eq!((gauge(ran, "scaled", "wanted"), gauge(ran, "scaled", "consumers")), (0.0, 0.0), "{mode}");
    });
}

/// Ten in the hands of consumers that never come to an end, the rest waiting.
#[test]
fn a_queue_and_its_pool_show_their_figures() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: fastest, count: 50, payload: "{\"n\": {{index}}}"),
        "q": queue(), "later": queue(delay: "1 h"), "work": consumer_pool(servers: 10, service: "1 h"),
        "again": queue(max_deliveries: 4), "fails": consumer_pool(servers: 5, service: "1 ms", failure_share: 1.0), "end": sink(),
        "copy": recipient_list(rules: {"a": "true", "b": "true", "c": "true"}),
    },
    pipes: [
        "in.out -> copy.in", "copy.a -> q.in", "copy.b -> later.in", "copy.c -> again.in", "q.out -> work.in", "later.out -> end.in",
        "again.out -> fails.in",
    ],
)"#;
    both(text, "1s", |ran, mode| {
        let figure = |node: &str, name: &str| gauge(ran, node, name);
        assert_eq!([figure("q", "ready"), figure("q", "locked"), figure("later", "delayed")], [40.0, 10.0, 50.0], "{mode}");
        assert!((0.8..3.0).contains(&figure("q", "oldest")), "{mode}: {}", figure("q", "oldest"));
        assert_eq!(figure("again", "deliveries per message"), 4.0, "{mode}");
        assert_eq!([number(&ran.report, "/nodes/q/held"), number(&ran.report, "/nodes/work/held")], [40.0, 10.0], "{mode}");
        let busy = number(&ran.report, "/nodes/work/busy_servers");
        assert!((9.0..=10.0).contains(&busy), "{mode}: {busy}");
    });
}

/// The rates behind this figure are those of the last second, so that the pictures must come while it runs.
#[test]
fn a_queue_that_empties_says_how_long_it_will_take() {
    let text = r#"(
    format: 1,
    nodes: {"in": generator(arrivals: fastest, count: 60, payload: "{}"), "q": queue(), "slow": consumer_pool(service: "100 ms")},
    pipes: ["in.out -> q.in", "q.out -> slow.in"],
)"#;
    for mode in [Mode::Simulated, Mode::Live] {
        let ran = run(&graph(text), &RunOptions { speed: Speed::Times(1.0), ..options(mode, "3s") });
        // Thirty are left, and ten a second go.
        let left = gauge(&ran, "q", "time to drain");
        assert!((2.0..5.0).contains(&left), "{mode:?}: {left}");
    }
}
