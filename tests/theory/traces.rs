//! Deterministic traces: the very moments at which other simulators say that things happen.

use super::case::Case;
use super::model::graph_of;
use pipewright_runtime::engine::run::{Run, RunOptions};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::{Mode, RunState, Tapped};
use pipewright_runtime::units::{Moment, Span};
use pipewright_tests::{graph, options};
use std::time::Duration;

/// What passed the named pipes, in order.
struct Trace(Vec<Tapped>);

impl Trace {
    /// Runs a graph and watches these pipes.
    fn of(nodes: &str, pipes: &[&str], watched: &[&str], until: f64) -> Self {
        let pipes: Vec<String> = pipes.iter().map(|pipe| (*pipe).to_owned()).collect();
        let graph = graph(&graph_of(nodes, &pipes));
        let watched = graph.pipes().keys().filter(|pipe| watched.contains(&pipe.to_string().as_str())).cloned().collect();
        let run_options = RunOptions { watched, until: Some(Span::from_seconds(until)), ..options(Mode::Simulated, "1s") };
        let run = Run::start(&graph, CATALOGUE, &run_options).expect("the graph runs");
        while !matches!(run.snapshot().state, RunState::Ended) {
            std::thread::sleep(Duration::from_millis(1));
        }
        Self(run.tapped(usize::MAX))
    }

    /// The moments at which messages went into a pipe, in the case's unit.
    fn times(&self, pipe: &str, unit: f64) -> Vec<f64> {
        self.on(pipe).map(|tapped| tapped.at.since(Moment::START).seconds() / unit).collect()
    }

    /// The numbers of those messages, from 1.
    fn numbers(&self, pipe: &str) -> Vec<f64> {
        let number = |tapped: &Tapped| tapped.message.payload.value().expect("JSON")["number"].as_f64().expect("a number") + 1.0;
        self.on(pipe).map(number).collect()
    }

    fn on<'t>(&'t self, pipe: &str) -> impl Iterator<Item = &'t Tapped> {
        let pipe = pipe.to_owned();
        self.0.iter().filter(move |tapped| tapped.pipe.to_string() == pipe)
    }
}

fn listed(times: &[f64], unit: &str) -> String {
    times.iter().map(|time| format!("{time} {unit}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn trace_carwash() {
    let case = Case::named("trace_carwash");
    let (unit, seconds) = case.time();
    let arrivals = case.numbers("arrivals");
    let nodes = format!(
        r#""cars": generator(arrivals: times, times: "{}"), "line": queue(), "gone": sink(),
        "machines": consumer_pool(servers: {}, service: "{} {unit}"),
"#,
        listed(&arrivals, unit),
        case.number("servers"),
        case.number("service_constant")
    );
    let (start, finish) = ("line.out -> machines.in", "machines.out -> gone.in");
    let trace = Trace::of(&nodes, &["cars.out -> line.in", start, finish], &[start, finish], 100.0 * seconds);
    assert_eq!(trace.times(start, seconds), case.known("start_times").numbers());
    assert_eq!(trace.times(finish, seconds), case.known("finish_times").numbers());
}

#[test]
fn trace_cable_latency() {
    let case = Case::named("trace_cable_latency");
    let (period, delay) = (case.number("period"), case.number("delay"));
    let nodes = format!(
        r#""sender": generator(arrivals: distribution, gap: "{period} s"), "cable": delay(time: "{delay} s"), "receiver": sink(),
"#
    );
    let received = "cable.out -> receiver.in";
    let trace = Trace::of(&nodes, &["sender.out -> cable.in", received], &[received], case.number("until"));
    assert_eq!(trace.times(received, 1.0), case.known("receive_times").numbers());
    assert_eq!(trace.times(received, 1.0).len() as f64, case.known("count").number());
}

#[test]
fn trace_ttl() {
    let case = Case::named("trace_ttl");
    let nodes = format!(
        r#""arrivals": generator(arrivals: distribution, gap: "{} s"), "line": queue(time_to_live: "{} s"),
        "desk": consumer_pool(servers: {}, service: "{} s"), "late": dead_letters(), "done": sink(),
"#,
        case.number("interarrival"),
        case.number("ttl_in_queue"),
        case.number("servers"),
        case.number("service_constant")
    );
    let (expired, done) = ("line.dead_letters -> late.in", "desk.out -> done.in");
    let pipes = ["arrivals.out -> line.in", "line.out -> desk.in", expired, done];
    let trace = Trace::of(&nodes, &pipes, &[expired, done], case.number("until"));
    assert_eq!(trace.numbers(expired), case.known("expired_ids").numbers());
    assert_eq!(trace.times(expired, 1.0), case.known("expired_at").numbers());
    // The second service ends a little after the moment up to which the source looked at expiries.
    let trace = Trace::of(&nodes, &pipes, &[done], case.number("until") + 1.0);
    assert_eq!(trace.times(done, 1.0), case.known("service_end_of_1_and_3").numbers());
    assert_eq!(trace.numbers(done), [1.0, 3.0]);
}

#[test]
fn trace_priority_jump() {
    let case = Case::named("trace_priority_jump");
    let nodes = format!(
        r#""low": generator(arrivals: times, times: "{}"), "high": generator(arrivals: times, times: "{}", priority: 1), "line": queue(),
        "desk": consumer_pool(servers: {}, service: "{} s"), "by-class": route(rules: {{"urgent": "priority > 0"}}),
        "urgent": sink(), "others": sink(),
"#,
        listed(&case.numbers("low_arrivals"), "s"),
        listed(&case.numbers("high_arrivals"), "s"),
        case.number("servers"),
        case.number("service_constant")
    );
    let (high, low) = ("by-class.urgent -> urgent.in", "by-class.otherwise -> others.in");
    let pipes = ["low.out -> line.in", "high.out -> line.in", "line.out -> desk.in", "desk.out -> by-class.in", high, low];
    let trace = Trace::of(&nodes, &pipes, &[high, low], 100.0);
    assert_eq!(trace.times(high, 1.0), case.known("finish_high").numbers());
    assert_eq!(trace.times(low, 1.0), case.known("finish_low").numbers());
}

#[test]
fn trace_fanout_clone() {
    let case = Case::named("trace_fanout_clone");
    let mut nodes = format!(
        "\"one\": generator(arrivals: times, times: \"0 s\"), \"fork\": topic(), \"tail\": delay(time: \"{} s\"), \"end\": sink(),\n",
        case.number("tail_delay")
    );
    let activity = "tail.out -> end.in";
    let mut pipes = vec!["one.out -> fork.in".to_owned(), activity.to_owned()];
    for (branch, delay) in case.numbers("branch_delays").iter().enumerate() {
        nodes += &format!("\"copy{branch}\": subscription(), \"branch{branch}\": delay(time: \"{delay} s\"),\n");
        pipes.push(format!("fork.out -> copy{branch}.in"));
        pipes.push(format!("copy{branch}.out -> branch{branch}.in"));
        pipes.push(format!("branch{branch}.out -> tail.in"));
    }
    let pipes: Vec<&str> = pipes.iter().map(String::as_str).collect();
    let trace = Trace::of(&nodes, &pipes, &[activity], 100.0);
    assert_eq!(trace.times(activity, 1.0), case.known("activity_times").numbers());
}
