//! The guarantees of settlement (S1 to S10, see `nodes/queue/store/settle.rs`), through filters, splits and aggregates, with faults at every step,
//! simulated and live.

use pipewright_tests::{both, gauge, number};

fn graph(nodes: &str, pipes: &str) -> String {
    format!("(format: 1, nodes: {{{nodes}}}, pipes: [{pipes}])")
}

fn source(rate: &str, count: u32) -> String {
    format!(
        r##""in": generator(arrivals: constant, rate: "{rate}", count: {count}, payload: r#"{{"n": {{{{index}}}}, "parts": [1, 2, 3]}}"#)"##
    )
}

/// A consumer with nine prefetched messages dies at every twentieth message that it works on.
#[test]
fn s1_s6_a_consumer_that_dies_holding_ten_loses_none_and_the_innocent_count() {
    let nodes = source("5000/s", 300)
        + r#", "q": queue(max_deliveries: 1000), "p": consumer_pool(servers: 2, prefetch: 8, service: "1 ms", failure_share: 0.05, fails_by: crash, restart_after: "5 ms"), "end": sink()"#;
    both(&graph(&nodes, r#""in.out -> q.in", "q.out -> p.in", "p.out -> end.in""#), "20s", |ran, mode| {
        assert_eq!(number(&ran.report, "/nodes/end/in"), 300.0, "{mode}: {}", ran.report["messages"]);
        assert_eq!(number(&ran.report, "/messages/copied"), 0.0, "{mode}: nothing was done twice");
        let crashes = gauge(ran, "p", "crashes");
        assert!(crashes >= 5.0, "{mode}: {crashes}");
        // Each death takes others along that nobody looked at: more deliveries than failures.
        let again = number(&ran.report, "/queues/q/deliveries") - 300.0;
        assert!(again > crashes, "{mode}: {again} deliveries again for {crashes} deaths");
    });
    // With two deliveries each, prefetched messages are given up for the deaths of others: more than fail twice themselves.
    let nodes = source("5000/s", 300)
        + r#", "q": queue(max_deliveries: 2), "p": consumer_pool(prefetch: 9, service: "1 ms", poison: "message.n % 30 == 0", fails_by: crash, restart_after: "5 ms"), "end": sink()"#;
    both(&graph(&nodes, r#""in.out -> q.in", "q.out -> p.in", "p.out -> end.in""#), "20s", |ran, mode| {
        let (done, dead) = (number(&ran.report, "/nodes/end/in"), number(&ran.report, "/messages/dead_lettered"));
        assert_eq!(done + dead, 300.0, "{mode}");
        assert!(dead > 10.0, "{mode}: ten are poison, and {dead} were given up");
    });
}

#[test]
fn s2_s3_a_lost_lock_means_another_delivery_and_the_late_one_is_counted() {
    let nodes = source("200/s", 60)
        + r#", "q": queue(lock: "20 ms", max_deliveries: 0), "p": consumer_pool(servers: 200, service: uniform(from: "5 ms", to: "60 ms"), renew_locks: false), "end": sink()"#;
    both(&graph(&nodes, r#""in.out -> q.in", "q.out -> p.in", "p.out -> end.in""#), "20s", |ran, mode| {
        let lost = gauge(ran, "q", "locks lost");
        assert!(lost > 5.0, "{mode}: {lost} locks were lost");
        assert_eq!(number(&ran.report, "/messages/copied"), lost, "{mode}");
        // Every instance was worked to its end.
        assert_eq!(number(&ran.report, "/nodes/end/in"), 60.0 + lost, "{mode}");
        assert!(gauge(ran, "q", "late acks") > 0.0, "{mode}: a late acknowledgement is counted");
        assert_eq!(gauge(ran, "q", "locked"), 0.0, "{mode}");
    });
}

#[test]
fn s4_one_failing_part_of_a_split_brings_the_whole_back() {
    let nodes = source("200/s", 40)
        + r#", "q": queue(max_deliveries: 0), "p": consumer_pool(servers: 4, service: "1 ms"), "cut": split(items: "message.parts"), "f": filter(condition: "true"), "work": step(time: "1 ms", copies: 8, failure_share: 0.2, attempts: 1), "end": sink()"#;
    let pipes = r#""in.out -> q.in", "q.out -> p.in", "p.out -> cut.in", "cut.out -> f.in", "f.out -> work.in", "work.out -> end.in""#;
    both(&graph(&nodes, pipes), "30s", |ran, mode| {
        let deliveries = number(&ran.report, "/queues/q/deliveries");
        // All three parts succeed with 0.8 cubed: about two deliveries for each message.
        assert!((55.0..140.0).contains(&deliveries), "{mode}: {deliveries}");
        assert!(number(&ran.report, "/nodes/end/in") >= 120.0, "{mode}: each part came at least once");
        assert_eq!(number(&ran.report, "/messages/held"), 0.0, "{mode}: nothing is left\n{}", ran.report["messages"]);
        assert_eq!(number(&ran.report, "/messages/dead_lettered"), 0.0, "{mode}");
    });
}

#[test]
fn s7_an_aggregate_answers_for_its_parts_until_its_result_has_ended() {
    let nodes = source("500/s", 60)
        + r#", "q": queue(max_deliveries: 0), "p": consumer_pool(servers: 8, service: "1 ms"), "sum": aggregate(count: 3, window: "200 ms", result: list), "work": step(time: "1 ms", failure_share: 0.3, attempts: 1), "end": sink()"#;
    let pipes = r#""in.out -> q.in", "q.out -> p.in", "p.out -> sum.in", "sum.out -> work.in", "work.out -> end.in""#;
    both(&graph(&nodes, pipes), "30s", |ran, mode| {
        assert!(number(&ran.report, "/queues/q/deliveries") > 65.0, "{mode}: failed results brought their parts back");
        assert_eq!(number(&ran.report, "/messages/held"), 0.0, "{mode}");
        let ended = number(&ran.report, "/messages/absorbed") + number(&ran.report, "/messages/delivered");
        assert_eq!(ended, 60.0, "{mode}: each part went into one result that ended well");
        assert_eq!(gauge(ran, "q", "locked"), 0.0, "{mode}");
    });
}

#[test]
fn s5_s10_given_up_after_the_last_delivery_or_at_the_consumers_word() {
    let nodes = |fails_by: &str| {
        source("500/s", 100)
            + &format!(
                r#", "q": queue(max_deliveries: 4), "p": consumer_pool(servers: 4, service: "1 ms", poison: "message.n % 10 == 0", fails_by: {fails_by}), "dead": dead_letters(), "end": sink()"#
            )
    };
    let pipes = r#""in.out -> q.in", "q.out -> p.in", "p.out -> end.in", "q.dead_letters -> dead.in""#;
    for (fails_by, deliveries) in [("reject", 90.0 + 40.0), ("nack", 90.0 + 40.0), ("give_up", 100.0)] {
        both(&graph(&nodes(fails_by), pipes), "20s", |ran, mode| {
            assert_eq!(number(&ran.report, "/nodes/dead/in"), 10.0, "{mode}, {fails_by}");
            assert_eq!(number(&ran.report, "/queues/q/deliveries"), deliveries, "{mode}, {fails_by}");
        });
    }
}

#[test]
fn s8_a_lost_ack_means_one_more_delivery_and_a_deduplication_makes_it_one_effect() {
    let nodes = source("200/s", 100)
        + r#", "q": queue(lock: "50 ms", max_deliveries: 0), "p": consumer_pool(servers: 4, service: "1 ms", acks_lost: 0.1, acks_late: 0.1, acks_late_by: "120 ms"), "once": deduplicate(), "end": sink()"#;
    let pipes = r#""in.out -> q.in", "q.out -> p.in", "p.out -> once.in", "once.out -> end.in""#;
    both(&graph(&nodes, pipes), "20s", |ran, mode| {
        assert!(gauge(ran, "p", "acks lost") > 2.0 && gauge(ran, "p", "acks late") > 2.0, "{mode}");
        assert!(number(&ran.report, "/queues/q/deliveries") > 110.0, "{mode}: what was not acknowledged came again");
        assert!(gauge(ran, "q", "late acks") > 0.0, "{mode}: and the late ones were told late");
        assert_eq!(number(&ran.report, "/nodes/end/in"), 100.0, "{mode}: one effect for each");
    });
}

#[test]
fn s9_no_delay_between_deliveries_is_shorter_than_set() {
    let nodes = source("500/s", 20)
        + r#", "q": queue(max_deliveries: 3, retry: linear, retry_delay: "40 ms"), "p": consumer_pool(servers: 20, service: "1 ms", failure_share: 1.0), "end": sink()"#;
    both(&graph(&nodes, r#""in.out -> q.in", "q.out -> p.in", "p.out -> end.in""#), "20s", |ran, mode| {
        let letters: Vec<_> = ran.snapshot.dead_letters.values().flat_map(|shelf| shelf.iter()).collect();
        assert_eq!(letters.len(), 20, "{mode}");
        // After the first failure 40 ms, after the second 80 ms.
        assert!(letters.iter().all(|letter| letter.at.since(letter.message.entered).seconds() >= 0.12), "{mode}");
        assert!(letters.iter().all(|letter| letter.reason() == "max_deliveries" && letter.deliveries() == 3), "{mode}");
    });
}
