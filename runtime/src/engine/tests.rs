//! The engine against its guarantees, and against queueing theory.

use super::sim::SimulationOptions;
use super::trial::{exponential, graph, number, simulate, text, word};
use crate::graph::Graph;
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
    let begun = std::time::Instant::now();
    let report = simulate(&queueing("0.2/s", "4 s", 1), 7, 4_000_000.0, &options);
    println!("{} events in {:?}", report.events, begun.elapsed());
    let queue = &report.queues["work"];
    println!("{queue:?} {:?}", report.nodes["workers"]);
    assert!((report.nodes["workers"].busy - 0.8).abs() < 0.01, "{}", report.nodes["workers"].busy);
    assert!((queue.in_system_mean - 4.0).abs() < 0.15, "{}", queue.in_system_mean);
    assert!((queue.wait.mean_s - 16.0).abs() < 0.6, "{}", queue.wait.mean_s);
    assert!((queue.waited_share - 0.8).abs() < 0.01, "{}", queue.waited_share);
    assert!((queue.in_system_share[0] - 0.2).abs() < 0.01);
    assert!((report.latency.mean_s - 20.0).abs() < 0.7, "{}", report.latency.mean_s);
}
