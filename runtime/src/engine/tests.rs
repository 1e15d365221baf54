//! The engine against its guarantees, and against queueing theory.

use super::live::crank::run_cranked;
use super::sim::{Advance, Simulation, SimulationOptions};
use super::trial::{Nodes, exponential, graph, number, plan, simulate, text, word};
use crate::graph::Graph;
use crate::setting::Setting;
use crate::telemetry::report::Report;
use crate::units::Span;

fn queueing(rate: &str, mean: &str, servers: i64) -> Graph {
    graph(
        &[
            ("arrivals", "generator", &[("arrivals", word("poisson")), ("rate", text(rate))]),
            ("work", "queue", &[("capacity", number(1_000_000))]),
            ("workers", "consumer_pool", &[("servers", number(servers)), ("service", exponential(mean))]),
            ("done", "sink", &[]),
        ],
        &["arrivals.out -> work.in", "work.out -> workers.in", "workers.out -> done.in"],
    )
}

#[test]
fn an_mm1_queue_behaves_as_theory_says() {
    let options = SimulationOptions { warm_up: Span::secs(1_000), ..Default::default() };
    let report = simulate(&queueing("0.2/s", "4 s", 1), 7, 4_000_000.0, &options);
    let queue = &report.queues["work"];
    assert!((report.nodes["workers"].busy - 0.8).abs() < 0.01, "{}", report.nodes["workers"].busy);
    assert!((queue.in_system_mean - 4.0).abs() < 0.15, "{}", queue.in_system_mean);
    assert!((queue.wait.mean_s - 16.0).abs() < 0.6, "{}", queue.wait.mean_s);
    assert!((queue.waited_share - 0.8).abs() < 0.01, "{}", queue.waited_share);
    assert!((queue.in_system_share[0] - 0.2).abs() < 0.01);
    assert!((report.latency.mean_s - 20.0).abs() < 0.7, "{}", report.latency.mean_s);
}

#[test]
fn a_scaled_pool_is_busy_by_the_servers_that_it_had() {
    let scaled: &[(&'static str, Setting)] = &[
        ("size", word("scaled")),
        ("target", number(5)),
        ("poll", text("5 s")),
        ("cool_down", text("20 s")),
        ("start_up", text("2 s")),
        ("most_servers", number(10)),
        ("service", text("200 ms")),
    ];
    let graph = graph(
        &[("in", "generator", &[("rate", text("20/s")), ("count", number(1_200))]), ("q", "queue", &[]), ("p", "consumer_pool", scaled)],
        &["in.out -> q.in", "q.out -> p.in"],
    );
    for until in [15.0, 30.0, 60.0] {
        let report = simulate(&graph, 1, until, &SimulationOptions::default());
        let pool = &report.nodes["p"];
        assert!(pool.busy > 0.3 && pool.busy <= 1.0, "until {until} s: {}, {} servers at work", pool.busy, pool.busy_servers);
    }
}

/// A graph with something of everything: failures, redelivery, dead letters, a full pipe, several queues.
fn busy_graph() -> Graph {
    graph(
        &[
            ("orders", "generator", &[("arrivals", word("poisson")), ("rate", text("200/s")), ("count", number(4_000))]),
            ("returns", "generator", &[("rate", text("100/s")), ("count", number(2_000))]),
            ("work", "queue", &[("max_deliveries", number(3)), ("capacity", number(50)), ("when_full", word("drop_newest"))]),
            (
                "workers",
                "consumer_pool",
                &[("servers", number(3)), ("service", exponential("12 ms")), ("failure_share", Setting::Number(0.1))],
            ),
            ("second", "queue", &[("when_full", word("block")), ("capacity", number(4))]),
            ("others", "consumer_pool", &[("servers", number(2)), ("service", text("9 ms"))]),
            ("done", "sink", &[]),
        ],
        &[
            "orders.out -> work.in @ 2",
            "returns.out -> work.in",
            "work.out -> workers.in",
            "workers.out -> second.in @ 1",
            "second.out -> others.in",
            "others.out -> done.in",
        ],
    )
}

#[test]
fn g11_the_same_seed_gives_the_same_story() {
    let run = |seed| simulate(&busy_graph(), seed, 60.0, &SimulationOptions::default());
    let first = run(7);
    assert_eq!(first, run(7));
    assert_ne!(first.journal_hash, run(8).journal_hash);
    assert!(first.messages.delivered > 4_000 && first.messages.dead_lettered > 0, "{:?}", first.messages);
    assert!(first.messages.dropped.contains_key("overflow"), "{:?}", first.messages);
}

#[test]
fn g11_cranked_live_equals_simulated_with_any_number_of_workers() {
    let simulated = simulate(&busy_graph(), 7, 60.0, &SimulationOptions::default());
    for workers in [1, 2, 4] {
        let live = run_cranked(plan(&busy_graph(), 7), workers, Span::secs(60)).expect("threads start");
        let as_simulated = Report { mode: simulated.mode, ended: simulated.ended.clone(), ..live };
        let (left, right) = (serde_json::to_value(&as_simulated).unwrap(), serde_json::to_value(&simulated).unwrap());
        for (name, value) in right.as_object().unwrap() {
            assert_eq!(&left[name], value, "{name} with {workers} workers");
        }
    }
}

#[test]
fn g1_a_pipe_never_holds_more_than_its_capacity() {
    for capacity in [1, 2, 7] {
        let pipes = [format!("orders.out -> slow.in @ {capacity}"), "slow.out -> done.in".to_owned()];
        let pipes: Vec<&str> = pipes.iter().map(String::as_str).collect();
        let nodes: Nodes<'_> = &[
            ("orders", "generator", &[("rate", text("1000/s")), ("count", number(500))]),
            ("slow", "consumer_pool", &[("service", text("10 ms"))]),
            ("done", "sink", &[]),
        ];
        let report = simulate(&graph(nodes, &pipes), 1, 100.0, &SimulationOptions::default());
        let pipe = &report.pipes["orders.out -> slow.in"];
        assert_eq!(pipe.depth_max, capacity, "capacity {capacity}");
        assert_eq!(report.messages.delivered, 500);
        assert!(pipe.blocked_s > 4.0, "{pipe:?}");
        // G7: latency counts from the due time, blocked or not: the last one of 500 was due at 0.5 s and left at 5 s.
        assert!((report.latency.max_s - 4.5).abs() < 0.1, "{:?}", report.latency);
    }
}

#[test]
fn g6_g3_latency_and_hand_out_in_order_without_a_second_buffer() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("arrivals", word("burst")), ("burst_size", number(10)), ("count", number(10))]),
        ("work", "queue", &[]),
        ("workers", "consumer_pool", &[("servers", number(2)), ("service", text("1 s"))]),
    ];
    let report = simulate(&graph(nodes, &["orders.out -> work.in", "work.out -> workers.in"]), 1, 100.0, &SimulationOptions::default());
    let queue = &report.queues["work"];
    // Ten at once, two servers: eight wait, in pairs of 1, 2, 3 and 4 s.
    assert_eq!((queue.depth_max, queue.deliveries), (8, 10));
    assert_eq!(queue.wait.mean_s, 2.0);
    assert_eq!(report.latency.mean_s, 3.0);
    assert_eq!(report.pipes["work.out -> workers.in"].depth_max, 2);
    assert_eq!(report.ended, "until");
}

#[test]
fn g4_a_failure_comes_back_until_it_is_given_up() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("1/s")), ("count", number(5))]),
        ("work", "queue", &[("max_deliveries", number(4)), ("retry", word("immediate"))]),
        ("workers", "consumer_pool", &[("service", text("1 ms")), ("failure_share", Setting::Number(1.0))]),
        ("done", "sink", &[]),
    ];
    let pipes = ["orders.out -> work.in", "work.out -> workers.in", "workers.out -> done.in"];
    let report = simulate(&graph(nodes, &pipes), 1, 100.0, &SimulationOptions::default());
    assert_eq!(report.messages.dead_lettered, 5);
    assert_eq!(report.queues["work"].deliveries, 20);
    assert_eq!(report.nodes["workers"].errors, 20);
    assert_eq!(report.messages.entered, 5, "redelivery adds nothing");
}

#[test]
fn g13_a_circle_without_time_is_an_error_that_names_it() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("1/s")), ("count", number(1))]),
        ("a", "queue", &[]),
        ("b", "consumer_pool", &[("service", text("0 s"))]),
    ];
    let graph = graph(nodes, &["orders.out -> a.in", "a.out -> b.in", "b.out -> a.in"]);
    let mut simulation = Simulation::new(plan(&graph, 1), &SimulationOptions::default());
    match simulation.advance(crate::units::Moment(Span::secs(10).0), u64::MAX) {
        Advance::Broken(error) => assert!(error.contains('a') && error.contains("circle"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn g1_bytes_are_bounded_too_and_what_can_never_pass_is_too_big() {
    let size = |bytes: usize| text(&format!("\"{}\"", "x".repeat(bytes - 2)));
    let nodes: Nodes<'_> = &[
        ("small", "generator", &[("rate", text("1000/s")), ("count", number(50)), ("payload", size(40))]),
        ("large", "generator", &[("rate", text("10/s")), ("count", number(3)), ("payload", size(200))]),
        ("slow", "consumer_pool", &[("service", text("10 ms"))]),
    ];
    let mut graph = graph(nodes, &["small.out -> slow.in", "large.out -> slow.in"]);
    for written in ["small.out -> slow.in", "large.out -> slow.in"] {
        let bound = crate::graph::Edit::SetPipeSetting(super::trial::pipe(written), "capacity_bytes".to_owned(), Some(text("100 B")));
        graph.apply(bound).expect("it applies");
    }
    let report = simulate(&graph, 1, 100.0, &SimulationOptions::default());
    assert_eq!(report.pipes["small.out -> slow.in"].depth_max, 2, "two of 40 bytes fit into 100");
    assert_eq!(report.messages.delivered, 50);
    assert_eq!(report.messages.dead_lettered, 3, "{:?}", report.errors);
    assert!(report.errors["large"].contains("200 bytes"), "{:?}", report.errors);
}
