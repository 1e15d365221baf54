//! Disciplines and arrivals that the collected cases leave out, against closed forms.

use super::compare::{Effort, Expected, Experiment, Reading};
use super::model::{at, graph_of, mean, sum};

fn expected(name: &str, theory: f64, read: Reading) -> Expected {
    Expected { name: name.to_owned(), theory, share: name.contains("share"), read }
}

/// One queue before one pool at a load of so many arrivals a second.
fn check(name: &str, nodes: &str, rate: f64, figures: &[(&str, f64)]) {
    let pipes = ["arrivals.out -> line.in".to_owned(), "line.out -> desk.in".to_owned()];
    let all = figures.iter().map(|(pointer, theory)| expected(pointer, *theory, at(*pointer, 1.0))).collect();
    check_all(name, graph_of(nodes, &pipes), rate, all);
}

fn check_all(name: &str, text: String, rate: f64, expected: Vec<Expected>) {
    let effort = Effort::asked_for();
    let until = effort.arrivals / rate;
    let experiment = Experiment { text, until, warm_up: until / 10.0, within: None, expected };
    experiment.compare(name, effort).unwrap_or_else(|wrong| panic!("{wrong}\n{}", experiment.text));
}

/// Batches of b come as a Poisson process, service is exponential: L = ρ(b + 1) / 2(1 − ρ) (Gross and Harris, Fundamentals of Queueing
/// Theory, section 3.1).
#[test]
fn batches_of_three() {
    let (rate, size, load) = (20.0, 3.0, 0.6);
    let in_system = load * (size + 1.0) / (2.0 * (1.0 - load));
    check(
        "batches_of_three",
        r#""arrivals": generator(arrivals: poisson, rate: "20/s", batch_size: 3), "line": queue(), "desk": consumer_pool(service: exponential(mean: "10 ms")),
"#,
        rate * size,
        &[
            ("/nodes/desk/busy", load),
            ("/queues/line/in_system_mean", in_system),
            ("/latency/mean_s", in_system / (rate * size)),
            ("/nodes/desk/out_per_s", rate * size),
        ],
    );
}

/// Geometric batches with mean b: L = ρb / (1 − ρ), from L = ρ(1 + E[X²]/E[X]) / 2(1 − ρ) with E[X²] = b(2b − 1) (the same place).
#[test]
fn geometric_batches() {
    let (rate, size, load) = (20.0, 3.0, 0.6);
    let in_system = load * size / (1.0 - load);
    check(
        "geometric_batches",
        r#""arrivals": generator(arrivals: poisson, rate: "20/s", batch_size: 3, batch_sizes: geometric), "line": queue(),
        "desk": consumer_pool(service: exponential(mean: "10 ms")),
"#,
        rate * size,
        &[("/nodes/desk/busy", load), ("/queues/line/in_system_mean", in_system), ("/latency/mean_s", in_system / (rate * size))],
    );
}

/// Last in, first out without pre-emption: means as first in, first out; the share that waits too; but waits spread wider. Those who wait do so
/// for a busy period, of mean 1/(μ − λ).
#[test]
fn last_in_first_out() {
    check(
        "last_in_first_out",
        r#""arrivals": generator(arrivals: poisson, rate: "50/s"), "line": queue(order: lifo), "desk": consumer_pool(service: exponential(mean: "10 ms")),
"#,
        50.0,
        &[
            ("/queues/line/wait/mean_s", 0.01),
            ("/queues/line/waited_share", 0.5),
            ("/queues/line/in_system_mean", 1.0),
            ("/queues/line/in_system_variance", 2.0),
            ("/latency/mean_s", 0.02),
        ],
    );
}

/// Poisson arrivals dealt out in turn to two queues: at each, gaps are Erlang of two phases, E2/M/1. The share σ of arrivals that wait solves
/// σ = (2λ' / (2λ' + μ(1 − σ)))² with λ' a queue's own rate; sojourn is exponential with mean 1/μ(1 − σ) (Kleinrock, Queueing Systems I, 6.4).
#[test]
fn round_robin_over_two() {
    let (rate, service) = (120.0, 100.0);
    let mut waits = 0.5_f64;
    for _ in 0..200 {
        waits = (rate / (rate + service * (1.0 - waits))).powi(2);
    }
    let nodes = r#""arrivals": generator(arrivals: poisson, rate: "120/s"), "turns": balance(outputs: {"a": 1, "b": 1}),
        "line0": queue(), "desk0": consumer_pool(service: exponential(mean: "10 ms")),
        "line1": queue(), "desk1": consumer_pool(service: exponential(mean: "10 ms")),
"#;
    let pipes =
        ["arrivals.out -> turns.in", "turns.a -> line0.in", "line0.out -> desk0.in", "turns.b -> line1.in", "line1.out -> desk1.in"];
    let each = |what: &str| (0..2).map(|queue| format!("/queues/line{queue}/{what}")).collect::<Vec<_>>();
    let sojourn = 1.0 / (service * (1.0 - waits));
    let all = vec![
        expected("sojourn", sojourn, at("/latency/mean_s", 1.0)),
        expected("waited_share", waits, mean(each("waited_share"), 1.0)),
        expected("in system", rate * sojourn, sum(each("in_system_mean"))),
    ];
    check_all("round_robin_over_two", graph_of(nodes, &pipes.map(str::to_owned)), rate, all);
}

/// Exponential patience (Erlang A, M/M/c+M): a birth-death chain with deaths min(n, c)μ + max(n − c, 0)θ (Palm 1957).
#[test]
fn exponential_patience() {
    let (rate, service, patience, servers) = (250.0, 100.0, 20.0, 2);
    let mut chances = vec![1.0];
    for n in 1..400 {
        let serving = f64::from(n.min(servers)) * service;
        let leaving = f64::from((n - servers).max(0)) * patience;
        chances.push(chances[n as usize - 1] * rate / (serving + leaving));
    }
    let whole: f64 = chances.iter().sum();
    let over = |value: &dyn Fn(i32) -> f64| (0..).zip(&chances).map(|(n, chance)| value(n) * chance / whole).sum::<f64>();
    let waiting = over(&|n| f64::from((n - servers).max(0)));
    let in_system = over(&f64::from);
    check(
        "exponential_patience",
        r#""arrivals": generator(arrivals: poisson, rate: "250/s"), "line": queue(time_to_live: exponential(mean: "50 ms"), when_expired: drop),
        "desk": consumer_pool(servers: 2, service: exponential(mean: "10 ms")),
"#,
        rate,
        &[
            ("/queues/line/expired_share", patience * waiting / rate),
            ("/queues/line/depth_mean", waiting),
            ("/queues/line/in_system_mean", in_system),
            ("/nodes/desk/out_per_s", rate - patience * waiting),
            ("/nodes/desk/busy_servers", in_system - waiting),
            ("/queues/line/in_system_share/0", chances[0] / whole),
            ("/queues/line/in_system_share/3", chances[3] / whole),
        ],
    );
}

/// Two processors shared: as many in the system as in M/M/2, whatever the distribution of the work (Kleinrock, Queueing Systems II, 4.4); here
/// hyper-exponential with a squared coefficient of variation of 4.
#[test]
fn shared_by_two_does_not_feel_the_spread_of_the_work() {
    let load: f64 = 1.4;
    let busy = load / 2.0;
    let empty = (1.0 - busy) / (1.0 + busy);
    let in_system = load / (1.0 - busy * busy);
    check(
        "shared_by_two",
        r#""arrivals": generator(arrivals: poisson, rate: "140/s"), "line": queue(),
        "desk": consumer_pool(servers: 2, discipline: shared, service: hyper_exponential(mean: "10 ms", scv: 4)),
"#,
        140.0,
        &[
            ("/queues/line/in_system_mean", in_system),
            ("/queues/line/in_system_share/0", empty),
            ("/latency/mean_s", in_system / 140.0),
            ("/nodes/desk/busy", busy),
        ],
    );
}

/// Hyper-exponential work, one at a time: the Pollaczek-Khinchine formula, wait = ρ(1 + scv) / 2(1 − ρ) services.
#[test]
fn spread_of_the_work_lengthens_waits() {
    check(
        "spread_of_the_work",
        r#""arrivals": generator(arrivals: poisson, rate: "50/s"), "line": queue(),
        "desk": consumer_pool(service: hyper_exponential(mean: "10 ms", scv: 4)),
"#,
        50.0,
        &[("/queues/line/wait/mean_s", 0.025), ("/queues/line/waited_share", 0.5), ("/nodes/desk/busy", 0.5)],
    );
}

/// Three tries at a share of failures p: (1 − p³)/(1 − p) tries for each message, and p³ given up.
#[test]
fn three_tries() {
    let fails: f64 = 0.4;
    let nodes = r#""arrivals": generator(arrivals: poisson, rate: "50/s"), "calls": queue(), "caller": consumer_pool(service: "1 ms"),
        "tries": retry(tries: 3), "database": consumer_pool(size: unlimited, service: exponential(mean: "10 ms"), failure_share: 0.4),
        "done": sink(), "given-up": dead_letters(),
"#;
    let pipes = [
        "arrivals.out -> calls.in",
        "calls.out -> caller.in",
        "caller.out -> tries.in",
        "tries.out -> database.in",
        "database.out -> done.in",
        "calls.dead_letters -> given-up.in",
    ];
    // The queue before repeats what failed for good, ten times in all.
    let lost = fails.powi(3);
    let rounds = (1.0 - lost.powi(10)) / (1.0 - lost);
    let all = vec![
        expected("tries", 50.0 * rounds * (1.0 - lost) / (1.0 - fails), at("/nodes/database/in_per_s", 1.0)),
        expected("rounds", rounds, Box::new(|report| pipewright_tests::number(report, "/nodes/caller/in_per_s") / 50.0)),
    ];
    check_all("three_tries", graph_of(nodes, &pipes.map(str::to_owned)), 50.0, all);
}

/// A tandem is fed by a Poisson process again (Burke 1956), so each station looks like its own M/M/1.
#[test]
fn two_in_tandem() {
    let nodes = r#""arrivals": generator(arrivals: poisson, rate: "50/s"),
        "first": queue(), "one": consumer_pool(service: exponential(mean: "10 ms")),
        "second": queue(), "two": consumer_pool(service: exponential(mean: "12 ms")),
"#;
    let pipes = ["arrivals.out -> first.in", "first.out -> one.in", "one.out -> second.in", "second.out -> two.in"];
    let all = vec![
        expected("first wait", 0.01, at("/queues/first/wait/mean_s", 1.0)),
        expected("second wait", 0.018, at("/queues/second/wait/mean_s", 1.0)),
        expected("second busy", 0.6, at("/nodes/two/busy", 1.0)),
        expected("end to end", 0.05, at("/latency/mean_s", 1.0)),
    ];
    check_all("two_in_tandem", graph_of(nodes, &pipes.map(str::to_owned)), 50.0, all);
}
