//! Simulated queues against queueing theory: the mean over independent replications must lie where the formula says.

use pipewright_tests::{number, simulate};

const REPLICATIONS: u64 = 8;

fn station(rate: u32, servers: u32, service: &str, queue: &str) -> String {
    format!(
        r#"(
    format: 1,
    nodes: {{
        "arrivals": generator(arrivals: poisson, rate: "{rate}/s", payload: "{{}}"),
        "line": queue({queue}),
        "desk": consumer_pool(servers: {servers}, service: {service}),
    }},
    pipes: ["arrivals.out -> line.in", "line.out -> desk.in"],
)"#
    )
}

/// Simulates with several seeds and compares figures with what theory says: within 5 %, and inside the confidence interval at 99.9 %
/// (Student's t, 7 degrees of freedom: 5.41) unless that is narrower than half a percent.
fn check(text: &str, until: &str, expected: &[(&str, f64)]) {
    let reports: Vec<_> = (1..=REPLICATIONS).map(|seed| simulate(text, until, seed).report).collect();
    for (pointer, theory) in expected {
        let values: Vec<f64> = reports.iter().map(|report| number(report, pointer)).collect();
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half_width = (5.41 * (variance / count).sqrt()).max(0.005 * theory);
        let miss = (mean - theory).abs();
        assert!(miss < 0.05 * theory && miss <= half_width, "{pointer}: {mean} ± {half_width}, theory says {theory}\n{text}");
    }
}

/// The share that waits with `servers` servers and `load` erlangs (Erlang C).
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut inverse = 1.0;
    for server in 1..=servers {
        inverse = 1.0 + inverse * f64::from(server) / load;
    }
    let blocking = 1.0 / inverse;
    let busy = load / f64::from(servers);
    blocking / (1.0 - busy * (1.0 - blocking))
}

#[test]
fn m_m_1() {
    let text = station(80, 1, r#"exponential(mean: "10 ms")"#, "capacity: 1000000");
    check(
        &text,
        "1500s",
        &[
            ("/queues/line/wait/mean_s", 0.04),
            ("/queues/line/depth_mean", 3.2),
            ("/queues/line/in_system_mean", 4.0),
            ("/queues/line/in_system_share/0", 0.2),
            ("/queues/line/in_system_share/1", 0.16),
            ("/queues/line/waited_share", 0.8),
            ("/nodes/desk/busy", 0.8),
            ("/latency/mean_s", 0.05),
            // Residence in an M/M/1 queue is exponential, so its percentiles are known too.
            ("/latency/p90_s", 0.05 * std::f64::consts::LN_10),
        ],
    );
}

#[test]
fn m_m_4() {
    let (rate, load) = (320.0, 3.2);
    let waits = erlang_c(4, load);
    let wait = waits / (400.0 - rate);
    let text = station(320, 4, r#"exponential(mean: "10 ms")"#, "capacity: 1000000");
    check(
        &text,
        "500s",
        &[
            ("/queues/line/waited_share", waits),
            ("/queues/line/wait/mean_s", wait),
            ("/queues/line/in_system_mean", rate * wait + load),
            ("/nodes/desk/busy", 0.8),
        ],
    );
}

#[test]
fn m_d_1() {
    let text = station(80, 1, r#"constant("10 ms")"#, "capacity: 1000000");
    check(&text, "1000s", &[("/queues/line/wait/mean_s", 0.02), ("/queues/line/waited_share", 0.8), ("/nodes/desk/busy", 0.8)]);
}

#[test]
fn m_m_1_k() {
    let (load, places): (f64, u32) = (0.8, 5);
    let at = |number: u32| (1.0 - load) * load.powf(f64::from(number)) / (1.0 - load.powf(f64::from(places) + 1.0));
    let mean: f64 = (0..=places).map(|number| f64::from(number) * at(number)).sum();
    let text = station(80, 1, r#"exponential(mean: "10 ms")"#, "capacity: 5, capacity_counts: in_system, when_full: drop_newest");
    check(
        &text,
        "1000s",
        &[
            ("/queues/line/refused_share", at(places)),
            ("/queues/line/in_system_mean", mean),
            ("/queues/line/in_system_share/0", at(0)),
            ("/queues/line/in_system_share/5", at(places)),
        ],
    );
}

/// A queue in tandem is fed by a Poisson process again (Burke 1956), so each station looks like its own M/M/1.
#[test]
fn two_m_m_1_in_tandem() {
    let text = r#"(
    format: 1,
    nodes: {
        "arrivals": generator(arrivals: poisson, rate: "50/s", payload: "{}"),
        "first": queue(capacity: 1000000), "one": consumer_pool(servers: 1, service: exponential(mean: "10 ms")),
        "second": queue(capacity: 1000000), "two": consumer_pool(servers: 1, service: exponential(mean: "12 ms")),
    },
    pipes: ["arrivals.out -> first.in", "first.out -> one.in", "one.out -> second.in", "second.out -> two.in"],
)"#;
    check(text, "1000s", &[("/queues/first/wait/mean_s", 0.01), ("/queues/second/wait/mean_s", 0.018), ("/nodes/two/busy", 0.6)]);
}
