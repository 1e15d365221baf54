//! Guarantees that need a graph to show: each test names its number.

use super::sim::{Simulation, SimulationOptions};
use super::trial::{Nodes, exponential, graph, number, pipe, plan, simulate, text, word};
use crate::graph::{Edit, Graph};
use crate::setting::Setting;
use crate::telemetry::snapshot::Tapped;
use crate::units::{Moment, Span};
use std::collections::BTreeSet;

/// Simulates for this long and gives back what passed through one pipe.
fn tapped(graph: &Graph, watched: &str, seconds: u64) -> Vec<Tapped> {
    let (sender, taps) = crossbeam_channel::bounded(100_000);
    let mut simulation = Simulation::new(plan(graph, 1), &SimulationOptions::default());
    simulation.shard().taps = Some(sender);
    let id = pipe(watched);
    simulation.shard().pipes.iter_mut().filter(|pipe| pipe.shape.id == id).for_each(|pipe| pipe.watched = true);
    simulation.advance(Moment(Span::secs(seconds).0), u64::MAX);
    taps.try_iter().collect()
}

#[test]
fn g2_a_topic_never_blocks() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("100/s")), ("count", number(1_000))]),
        ("news", "topic", &[]),
        ("fast", "subscription", &[]),
        ("stuck", "subscription", &[("capacity", number(10))]),
        ("done", "sink", &[]),
        ("dead", "consumer_pool", &[("service", text("10 h"))]),
    ];
    let pipes = ["orders.out -> news.in @ 1", "news.out -> fast.in", "news.out -> stuck.in", "fast.out -> done.in", "stuck.out -> dead.in"];
    let report = simulate(&graph(nodes, &pipes), 1, 30.0, &SimulationOptions::default());
    assert_eq!(report.pipes["orders.out -> news.in"].blocked_s, 0.0);
    assert_eq!(report.nodes["done"].received, 1_000);
    assert_eq!(report.latency.max_s, 0.0, "the stopped sibling delays nobody");
    assert_eq!(report.messages.copied, 1_000);
    let stuck = &report.nodes["stuck"];
    assert_eq!(stuck.dropped.values().sum::<u64>() + report.queues["stuck"].dead_lettered, 1_000 - 11, "{stuck:?}");
}

#[test]
fn g5_a_redelivery_makes_the_same_id_again() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("1/s")), ("count", number(3))]),
        ("work", "queue", &[("max_deliveries", number(4)), ("retry", word("immediate"))]),
        ("made", "map", &[("value", text("{\"n\": 1}"))]),
        ("weak", "consumer_pool", &[("service", text("1 ms")), ("failure_share", Setting::Number(1.0))]),
        ("done", "sink", &[]),
    ];
    let pipes = ["orders.out -> work.in", "work.out -> made.in", "made.out -> weak.in", "weak.out -> done.in"];
    let graph = graph(nodes, &pipes);
    let (before, after) = (tapped(&graph, "work.out -> made.in", 60), tapped(&graph, "made.out -> weak.in", 60));
    assert_eq!((before.len(), after.len()), (12, 12), "three messages, four times each");
    let ids: BTreeSet<_> = after.iter().map(|tapped| tapped.message.id).collect();
    assert_eq!(ids.len(), 3, "an id for each message, not for each attempt");
    for (parent, child) in before.iter().zip(&after) {
        assert_ne!(parent.message.id, child.message.id);
        assert_eq!(child.message.head().parents, [parent.message.id]);
    }
}

#[test]
fn g8_a_finished_server_with_a_blocked_output_is_blocked_not_busy() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("10/s"))]),
        ("fast", "consumer_pool", &[("servers", number(2)), ("service", text("1 s"))]),
        ("slow", "consumer_pool", &[("service", text("4 s"))]),
    ];
    let pipes = ["orders.out -> fast.in @ 1", "fast.out -> slow.in @ 1"];
    let options = SimulationOptions { warm_up: Span::secs(100), ..Default::default() };
    let report = simulate(&graph(nodes, &pipes), 1, 2_100.0, &options);
    let fast = &report.nodes["fast"];
    // One message leaves every 4 s. Each spends 1 s in service and the rest of its 8 s on a server that cannot let it go.
    assert!((fast.busy - 0.125).abs() < 0.005, "{fast:?}");
    assert!((fast.blocked - 0.875).abs() < 0.005, "{fast:?}");
    assert!((report.nodes["slow"].busy - 1.0).abs() < 0.005);
    assert!((fast.residence.mean_s - 8.0).abs() < 0.05, "{fast:?}");
}

#[test]
fn g9_a_simulation_writes_nothing_unless_told() {
    let folder = std::env::temp_dir().join(format!("pipewright-g9-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("10/s")), ("count", number(25))]),
        ("kept", "sink", &[("target", word("file")), ("path", text("kept.jsonl"))]),
    ];
    let graph = graph(nodes, &["orders.out -> kept.in"]);
    for write in [None, Some(folder.clone())] {
        let options = SimulationOptions { write: write.clone(), ..Default::default() };
        let report = simulate(&graph, 1, 60.0, &options);
        assert_eq!(report.messages.delivered, 25, "{:?}", report.messages);
        let lines = std::fs::read_to_string(folder.join("kept.jsonl")).map(|text| text.lines().count()).ok();
        assert_eq!(lines, write.map(|_| 25));
    }
    std::fs::remove_dir_all(&folder).expect("it is ours");
}

#[test]
fn g9_an_answer_to_an_older_generation_is_discarded_and_a_failed_one_is_shown() {
    let nodes: Nodes<'_> = &[("gone", "file_source", &[("path", text("no-such-file.jsonl"))]), ("done", "sink", &[])];
    let report = simulate(&graph(nodes, &["gone.out -> done.in"]), 1, 5.0, &SimulationOptions::default());
    assert!(report.errors["gone"].contains("no-such-file.jsonl"), "{:?}", report.errors);
    assert_eq!(report.messages.entered, 0);
}

#[test]
fn g15_adding_a_node_changes_no_other_nodes_draws() {
    let nodes: Nodes<'_> =
        &[("orders", "generator", &[("arrivals", word("poisson")), ("rate", text("5/s")), ("count", number(200))]), ("done", "sink", &[])];
    let alone = graph(nodes, &["orders.out -> done.in"]);
    let mut more = alone.clone();
    let added = crate::graph::Node::new("generator", crate::graph::Point::default());
    more.apply(Edit::AddNode(crate::id::NodeId::new("another").expect("an id"), Box::new(added), Some(0))).expect("it applies");
    more.apply(Edit::AddPipe(pipe("another.out -> done.in"), Box::default(), None)).expect("it applies");
    let times = |graph: &Graph| -> Vec<(Moment, crate::id::MessageId)> {
        tapped(graph, "orders.out -> done.in", 100).iter().map(|tapped| (tapped.at, tapped.message.id)).collect()
    };
    assert_eq!(times(&alone).len(), 200);
    assert_eq!(times(&alone), times(&more));
}

#[test]
fn g16_simulated_calendar_time_starts_where_the_graph_says() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("1/s")), ("count", number(2)), ("payload", text("\"{{time}}\""))]),
        ("done", "sink", &[]),
    ];
    let mut graph = graph(nodes, &["orders.out -> done.in"]);
    graph.apply(Edit::SetGraphSetting("starts_at".to_owned(), Some(text("2030-06-01T12:00:00Z")))).expect("it applies");
    let seen = tapped(&graph, "orders.out -> done.in", 10);
    let bytes = seen[0].message.payload.bytes();
    assert!(bytes.starts_with(b"\"2030-06-01T12:00:0"), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn g14_a_payload_beyond_the_inline_limit_fails_where_it_is_made() {
    let large = format!("{{\"a\": \"{{{{pad {}}}}}\"}}", crate::message::INLINE_LIMIT);
    let nodes: Nodes<'_> = &[
        ("small", "generator", &[("rate", text("10/s")), ("count", number(5)), ("payload", text("{\"a\": 1}"))]),
        ("large", "generator", &[("rate", text("10/s")), ("count", number(5)), ("payload", text(&large))]),
        ("done", "sink", &[]),
    ];
    let report = simulate(&graph(nodes, &["small.out -> done.in", "large.out -> done.in"]), 1, 10.0, &SimulationOptions::default());
    assert_eq!((report.messages.delivered, report.messages.dead_lettered), (5, 5), "{:?}", report.errors);
    assert!(report.errors["large"].contains("travel inline"), "{:?}", report.errors);
}

/// Users, a queue and a pool; the closed loop of the repairmen: three jobs, think 2 s, two servers of 0.25 s.
fn closed(population: i64, think: Setting, middle: Nodes<'_>, pipes: &[&str]) -> Graph {
    let users: Nodes<'_> = &[("users", "generator", &[("arrivals", word("closed")), ("population", number(population)), ("think", think)])];
    let nodes: Vec<_> = users.iter().chain(middle).copied().collect();
    graph(&nodes, pipes)
}

#[test]
fn g7_a_closed_loop_waits_for_the_last_descendant() {
    // One user, no thinking: a copy takes 1 s, the other 3 s, so a message is sent every 3 s.
    let middle: Nodes<'_> = &[
        ("news", "topic", &[]),
        ("a", "subscription", &[]),
        ("b", "subscription", &[]),
        ("quick", "consumer_pool", &[("service", text("1 s"))]),
        ("slow", "consumer_pool", &[("service", text("3 s"))]),
    ];
    let pipes = ["users.out -> news.in", "news.out -> a.in", "news.out -> b.in", "a.out -> quick.in", "b.out -> slow.in"];
    let report = simulate(&closed(1, text("0 s"), middle, &pipes), 1, 300.0, &SimulationOptions::default());
    assert_eq!(report.messages.entered, 100);
    // What is given up has ended too: five deliveries of 1 s each, then the next.
    let middle: Nodes<'_> = &[
        ("work", "queue", &[("max_deliveries", number(5)), ("retry", word("immediate"))]),
        ("weak", "consumer_pool", &[("service", text("1 s")), ("failure_share", Setting::Number(1.0))]),
        ("kept", "dead_letters", &[]),
    ];
    let pipes = ["users.out -> work.in", "work.out -> weak.in", "work.dead_letters -> kept.in"];
    let report = simulate(&closed(1, text("0 s"), middle, &pipes), 1, 300.0, &SimulationOptions::default());
    assert_eq!(report.messages.entered, 60);
}

#[test]
fn g7_the_repairmen_behave_as_theory_says() {
    let middle: Nodes<'_> =
        &[("work", "queue", &[]), ("workers", "consumer_pool", &[("servers", number(2)), ("service", exponential("250 ms"))])];
    let graph = closed(3, exponential("2 s"), middle, &["users.out -> work.in", "work.out -> workers.in"]);
    let options = SimulationOptions { warm_up: Span::secs(1_000), ..Default::default() };
    let report = simulate(&graph, 1, 201_000.0, &options);
    // The birth-death chain with rates 3/2, 2/2, 1/2 up and 4, 8, 8 down.
    let (p1, p2, p3) = (1.5 / 4.0, 1.5 / 4.0 * 1.0 / 8.0, 1.5 / 4.0 * 1.0 / 8.0 * 0.5 / 8.0);
    let whole = 1.0 + p1 + p2 + p3;
    let throughput = (4.0 * p1 + 8.0 * p2 + 8.0 * p3) / whole;
    let in_system = (p1 + 2.0 * p2 + 3.0 * p3) / whole;
    let measured = report.nodes["workers"].sent as f64 / 200_000.0;
    assert!((measured / throughput - 1.0).abs() < 0.01, "{measured} for {throughput}");
    let queue = &report.queues["work"];
    assert!((queue.in_system_mean / in_system - 1.0).abs() < 0.02, "{} for {in_system}", queue.in_system_mean);
}
