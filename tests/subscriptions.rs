//! Topics and subscriptions, live and simulated alike: who gets what, how often, in which order, and what waits for whom.

use pipewright_tests::{Ran, all_met, both, gauge, number};

fn received(ran: &Ran, node: &str) -> f64 {
    number(&ran.report, &format!("/nodes/{node}/in"))
}

/// A pattern, and how many of the topics it takes.
type Wanted = (&'static str, f64);

/// Topics named in turn, so that the numbers are the same whatever the clock.
#[test]
fn patterns_take_what_their_dialect_says() {
    let cases: &[(&str, &[&str], &[Wanted])] = &[
        (
            "mqtt",
            &["plant", "plant/hall", "plant/hall/heat", "$SYS/load"],
            &[("plant/#", 3.0), ("plant/+", 1.0), ("+/hall/+", 1.0), ("#", 3.0)],
        ),
        (
            "nats",
            &["plant", "plant.hall", "plant.hall.heat", "sun.hall"],
            &[("plant.>", 2.0), ("plant.*", 1.0), ("*.hall", 2.0), (">", 4.0)],
        ),
        (
            "amqp",
            &["plant", "plant.hall", "plant.hall.heat", "sun.hall"],
            &[("plant.#", 3.0), ("#.hall.#", 3.0), ("*.hall", 2.0), ("#", 4.0)],
        ),
    ];
    for (dialect, topics, patterns) in cases {
        let source = |(n, topic)| format!("\"g{n}\": generator(arrivals: fastest, count: 10, topic: \"{topic}\", payload: \"{{}}\")");
        let reader = |(n, (pattern, _)): (usize, &Wanted)| format!("\"s{n}\": subscription(pattern: \"{pattern}\"), \"e{n}\": sink()");
        let nodes: Vec<String> = topics.iter().enumerate().map(source).chain(patterns.iter().enumerate().map(reader)).collect();
        let pipes: Vec<String> = (0..topics.len())
            .map(|n| format!("\"g{n}.out -> t.in\""))
            .chain((0..patterns.len()).flat_map(|n| [format!("\"t.out -> s{n}.in\""), format!("\"s{n}.out -> e{n}.in\"")]))
            .collect();
        let text = format!("(format: 1, nodes: {{\"t\": topic(dialect: {dialect}), {}}}, pipes: [{}])", nodes.join(", "), pipes.join(", "));
        both(&text, "20s", |ran, mode| {
            for (n, (pattern, count)) in patterns.iter().enumerate() {
                assert_eq!(received(ran, &format!("e{n}")), 10.0 * count, "{dialect}, {pattern}, {mode}");
            }
        });
    }
}

/// Each message reaches every subscription twice with one id; work fails now and then, and some acknowledgements are lost.
#[test]
fn each_guarantee_keeps_its_word() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: constant, rate: "500/s", count: 300, payload: "{\"n\": {{index}}}"),
        "twice": recipient_list(rules: {"a": "true", "b": "true"}),
        "t": topic(),
        "most": subscription(guarantee: at_most_once), "least": subscription(lock: "80 ms", max_deliveries: 0),
        "once": subscription(guarantee: effectively_once, lock: "80 ms", max_deliveries: 0),
        "most-work": consumer_pool(servers: 8, service: "1 ms", failure_share: 0.2),
        "least-work": consumer_pool(servers: 8, service: "1 ms", failure_share: 0.2, acks_lost: 0.1),
        "once-work": consumer_pool(servers: 8, service: "1 ms", failure_share: 0.2),
        "most-end": sink(), "least-end": sink(), "once-end": sink(),
    },
    pipes: [
        "in.out -> twice.in", "twice.a -> t.in", "twice.b -> t.in", "t.out -> most.in", "t.out -> least.in", "t.out -> once.in",
        "most.out -> most-work.in", "least.out -> least-work.in", "once.out -> once-work.in",
        "most-work.out -> most-end.in", "least-work.out -> least-end.in", "once-work.out -> once-end.in",
    ],
    expect: {"each has one effect": once_per_key(at: "once-end", key: "message.n")},
)"#;
    both(text, "30s", |ran, mode| {
        all_met(ran, mode);
        // A fifth of 600 fails, and nobody repeats it.
        let most = received(ran, "most-end");
        assert!((430.0..530.0).contains(&most), "{mode}: {most}");
        assert_eq!(number(&ran.report, "/queues/most/deliveries"), 600.0, "{mode}: one delivery for each");
        // All came to their end, and those whose acknowledgement was lost once more.
        let least = received(ran, "least-end");
        assert!((630.0..800.0).contains(&least), "{mode}: {least}");
        assert_eq!(received(ran, "once-end"), 300.0, "{mode}");
        assert_eq!(gauge(ran, "once", "duplicates"), 300.0, "{mode}");
        assert_eq!(number(&ran.report, "/messages/held"), 0.0, "{mode}");
    });
}

#[test]
fn g10_subscriptions_keep_the_order_that_is_set() {
    for (order, key, in_parallel) in [("by_key", "message.k", true), ("total", "'all'", false)] {
        let text = format!(
            r#"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "2000/s", count: 200, key: "string(message.k)", payload: "{{\"n\": {{{{index}}}}, \"k\": \"{{{{key 10}}}}\"}}"),
        "t": topic(), "s": subscription(in_order: {order}, retry: fixed, retry_delay: "5 ms", max_deliveries: 0),
        "work": consumer_pool(servers: 8, service: uniform(from: "1 ms", to: "4 ms"), failure_share: 0.1), "end": sink(),
    }},
    pipes: ["in.out -> t.in", "t.out -> s.in", "s.out -> work.in", "work.out -> end.in"],
    expect: {{"it is in order": order_per_key(at: "end", key: "{key}", by: "message.n"), "nothing is lost": no_loss()}},
)"#
        );
        both(&text, "30s", |ran, mode| {
            all_met(ran, &format!("{order}, {mode}"));
            assert_eq!(received(ran, "end"), 200.0, "{order}, {mode}");
            assert!(number(&ran.report, "/queues/s/deliveries") > 205.0, "{order}, {mode}: some failed");
            let busy = number(&ran.report, "/nodes/work/busy_servers");
            assert!(busy > 1.5 || !in_parallel, "{order}, {mode}: keys go on side by side: {busy}");
            assert!(busy <= 1.0 || in_parallel, "{order}, {mode}: one at a time: {busy}");
        });
    }
}

#[test]
fn late_ones_get_what_they_ask_for_and_absent_ones_miss_nothing() {
    let text = r#"(
    format: 1,
    nodes: {
        "in": generator(arrivals: constant, rate: "100/s", count: 100, topic: "hall/{{index}}", payload: "{\"n\": {{index}}}"),
        "t": topic(retain: true, keep: 1000),
        "new": subscription(joins_at: "505 ms"), "values": subscription(joins_at: "505 ms", start_from: last_values),
        "all": subscription(joins_at: "505 ms", start_from: all_kept), "offset": subscription(joins_at: "505 ms", start_from: offset, from_offset: 20),
        "recent": subscription(joins_at: "505 ms", start_from: time, from_time: "305 ms"),
        "away": subscription(away_at: "205 ms", away_for: "400 ms"),
        "gone": subscription(away_at: "205 ms", away_for: "400 ms", lifetime: temporary),
        "e1": sink(), "e2": sink(), "e3": sink(), "e4": sink(), "e5": sink(), "e6": sink(), "e7": sink(),
    },
    pipes: [
        "in.out -> t.in", "t.out -> new.in", "t.out -> values.in", "t.out -> all.in", "t.out -> offset.in", "t.out -> recent.in", "t.out -> away.in",
        "t.out -> gone.in", "new.out -> e1.in", "values.out -> e2.in", "all.out -> e3.in", "offset.out -> e4.in", "recent.out -> e5.in",
        "away.out -> e6.in", "gone.out -> e7.in",
    ],
    expect: {"all that was kept, once": once_per_key(at: "e3", key: "message.n"), "in order in spite of the absence": order_per_key(at: "e6", key: "'all'", by: "message.n")},
)"#;
    both(text, "20s", |ran, mode| {
        all_met(ran, mode);
        // Live, the moment of joining may slip by a few messages.
        let near = |node: &str, count: f64| {
            let found = received(ran, node);
            assert!((found - count).abs() <= if mode == "live" { 15.0 } else { 2.0 }, "{mode}: {node} got {found}, not {count}");
        };
        near("e1", 50.0);
        near("e5", 70.0);
        near("e7", 60.0);
        // Every topic name is different here, so that the last values are all values.
        assert_eq!([received(ran, "e2"), received(ran, "e3"), received(ran, "e6")], [100.0; 3], "{mode}");
        let from_offset = received(ran, "e4");
        assert!((79.0..=81.0).contains(&from_offset), "{mode}: {from_offset}");
    });
}
