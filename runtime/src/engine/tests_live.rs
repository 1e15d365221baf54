//! The live driver: ends, pauses, hot changes, panics and circles of waiting, by the wall clock.

use super::control::Control;
use super::run::{Run, RunOptions};
use super::sim::{Simulation, SimulationOptions};
use super::trial::{Nodes, exponential, graph, number, plan, simulate, text, word};
use crate::graph::Graph;
use crate::id::NodeId;
use crate::node::{Behaviour, Catalogue, Effects, Event, Family, Figure, Intake, Kind, Port, Ports};
use crate::nodes::CATALOGUE;
use crate::setting::{Setting, Settings};
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::{Mode, NodeState, RunState, Snapshot};
use crate::units::{Moment, Span};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Takes a message and breaks on every third.
#[derive(Default)]
struct Fragile(u32);

impl Behaviour for Fragile {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.0 += 1;
            assert!(!self.0.is_multiple_of(3), "the third one broke me");
            fx.emit(0, message);
        }
    }
    fn intake(&self) -> Intake {
        Intake::Plain
    }
}

static FRAGILE: Kind = Kind {
    name: "fragile",
    title: "Fragile",
    family: Family::Filter,
    summary: "Breaks.",
    guide: "",
    example: "",
    fields: &[],
    ports: |_| Ports { inputs: vec![Port::input("in", "")], outputs: vec![Port::output("out", "")], ..Ports::default() },
    build: |_| Box::new(Fragile::default()),
    figures: [Figure::RateIn, Figure::RateOut],
};

fn with_fragile() -> Catalogue {
    let mut kinds: Vec<&'static Kind> = CATALOGUE.kinds().collect();
    kinds.push(&FRAGILE);
    Catalogue(Box::leak(kinds.into_boxed_slice()))
}

fn start(graph: &Graph, workers: usize) -> Run {
    let options = RunOptions { workers, ..RunOptions::new(Mode::Live, std::env::temp_dir()) };
    Run::start(graph, CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Waits until the picture shows what is asked for; fails after 20 s, which no run here comes near.
fn wait_for(run: &Run, what: &str, shows: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    let begun = Instant::now();
    loop {
        let snapshot = run.snapshot();
        if shows(&snapshot) {
            return snapshot;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {what}: {snapshot:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn report(run: Run) -> Report {
    let report = run.wait().expect("the conductor lives");
    assert!(report.messages.balanced, "{:?}", report.messages);
    report
}

fn counted(count: i64, rate: &str) -> Graph {
    graph(
        &[
            ("orders", "generator", &[("rate", text(rate)), ("count", number(count))]),
            ("work", "queue", &[("max_deliveries", number(3)), ("retry", word("immediate"))]),
            (
                "workers",
                "consumer_pool",
                &[("servers", number(4)), ("service", exponential("1 ms")), ("failure_share", Setting::Number(0.1))],
            ),
            ("done", "sink", &[]),
        ],
        &["orders.out -> work.in @ 8", "work.out -> workers.in", "workers.out -> done.in @ 4"],
    )
}

#[test]
fn a_live_run_ends_when_all_has_been_sent_and_has_ended() {
    for workers in [1, 2, 3] {
        let report = report(start(&counted(2_000, "20000/s"), workers));
        assert_eq!(report.ended, "exhausted");
        assert_eq!(report.messages.entered, 2_000);
        assert_eq!(report.messages.delivered + report.messages.dead_lettered, 2_000, "{:?}", report.messages);
        assert!(report.messages.dead_lettered < 20, "{:?}", report.messages);
    }
}

/// A source that never waits, a topic, and so many subscriptions with a sink each.
fn spreading(subscriptions: usize) -> Graph {
    let names: Vec<(String, String)> = (0..subscriptions).map(|number| (format!("s{number}"), format!("r{number}"))).collect();
    let full = [("when_full", word("drop_newest"))];
    let source = [("arrivals", word("fastest"))];
    let mut nodes = vec![("source", "generator", source.as_slice()), ("all", "topic", &[])];
    nodes.extend(names.iter().flat_map(|(store, end)| [(store.as_str(), "subscription", full.as_slice()), (end.as_str(), "sink", &[])]));
    let into = names.iter().map(|(store, _)| format!("all.out -> {store}.in"));
    let pipes: Vec<String> = into.chain(names.iter().map(|(store, end)| format!("{store}.out -> {end}.in"))).collect();
    let mut pipes: Vec<&str> = pipes.iter().map(String::as_str).collect();
    pipes.push("source.out -> all.in");
    graph(&nodes, &pipes)
}

#[test]
fn receivers_act_before_whoever_sent_to_them_sends_again() {
    // With many subscriptions a turn is over long before all have acted.
    for subscriptions in [8, 200] {
        let mut simulation = Simulation::new(plan(&spreading(subscriptions), 1), &SimulationOptions::default());
        let shard = simulation.shard();
        for turn in 0..2_000 {
            let now = Moment(turn * 50_000);
            shard.fall_due(now);
            shard.turn(|| now);
            let waiting = shard.stations().map(|station| station.messages.len()).max().expect("there are stations");
            assert!(waiting <= 2_048, "{waiting} messages wait at one node after {turn} turns");
        }
        let ended: Vec<u64> = shard.stations().map(|station| station.counts.delivered).filter(|delivered| *delivered > 0).collect();
        let (least, most) = (ended.iter().min(), ended.iter().max());
        assert!(ended.len() == subscriptions && least.zip(most).is_some_and(|(least, most)| most - least <= 2_048), "{ended:?}");
    }
}

#[test]
fn g6_what_passes_through_several_nodes_in_one_turn_has_a_latency() {
    let source = [("arrivals", word("fastest")), ("count", number(1_000))];
    let graph = graph(&[("source", "generator", &source), ("end", "sink", &[])], &["source.out -> end.in"]);
    let mut simulation = Simulation::new(plan(&graph, 1), &SimulationOptions::default());
    let shard = simulation.shard();
    let clock = Cell::new(0);
    for _ in 0..50 {
        shard.fall_due(Moment(clock.get()));
        shard.turn(|| {
            clock.set(clock.get() + 1_000);
            Moment(clock.get())
        });
    }
    let latency = shard.stations().find_map(|station| station.latency.as_deref()).expect("messages have ended");
    assert_eq!(latency.count(), 1_000);
    assert!(latency.min() >= 1_000, "{}", latency.min());
}

#[test]
fn messages_are_shown_from_the_first_one_on() {
    // A node may send as it starts: a burst is on its way before anything else happens.
    let graph = graph(
        &[
            ("calls", "generator", &[("arrivals", word("burst")), ("burst_size", number(400)), ("count", number(400))]),
            ("done", "sink", &[]),
        ],
        &["calls.out -> done.in"],
    );
    let pipe = graph.pipes().keys().next().expect("one pipe").clone();
    for mode in [Mode::Live, Mode::Simulated] {
        let options = RunOptions { watched: vec![pipe.clone()], ..RunOptions::new(mode, std::env::temp_dir()) };
        let run = Run::start(&graph, CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
        wait_for(&run, "the end", |snapshot| snapshot.state == RunState::Ended);
        assert_eq!(run.tapped(1_000).len(), 400, "{mode:?}");
    }
}

#[test]
fn g12_pause_stands_still_a_step_moves_and_a_stop_drains() {
    let run = start(&counted(1_000_000, "500/s"), 2);
    wait_for(&run, "messages", |snapshot| snapshot.books.delivered > 20);
    run.send(Control::Pause).expect("there is room");
    let paused = wait_for(&run, "the pause", |snapshot| snapshot.state == RunState::Paused);
    std::thread::sleep(Duration::from_millis(120));
    let still = run.snapshot();
    assert_eq!((still.now, still.events), (paused.now, paused.events), "nothing moves in a pause");
    assert!(still.books.balanced(), "the books of a run that stands are exact: {:?}", still.books);
    run.send(Control::Step).expect("there is room");
    wait_for(&run, "the step", |snapshot| snapshot.now > paused.now && snapshot.state == RunState::Paused);
    run.send(Control::Resume).expect("there is room");
    wait_for(&run, "the run to go on", |snapshot| snapshot.events > still.events + 20);
    run.send(Control::Stop).expect("a stop is never refused");
    let report = report(run);
    assert_eq!(report.ended, "stopped");
    assert_eq!(report.messages.held, 0, "it drained: {:?}", report.messages);
}

#[test]
fn g12_a_changed_setting_takes_force_while_it_runs() {
    let run = start(&counted(1_000_000, "400/s"), 2);
    wait_for(&run, "messages", |snapshot| snapshot.books.delivered > 20);
    let workers = NodeId::new("workers").expect("an id");
    let mut settings = Settings::new();
    settings.insert("servers".to_owned(), number(4));
    settings.insert("service".to_owned(), text("1 ms"));
    settings.insert("failure_share".to_owned(), Setting::Number(1.0));
    run.send(Control::Change(workers.clone(), settings)).expect("there is room");
    wait_for(&run, "failures", |snapshot| snapshot.books.dead_lettered > 20);
    let journal = run.snapshot().journal.clone();
    assert!(journal.iter().any(|line| line.node.as_ref() == Some(&workers) && line.text.contains("settings changed")), "{journal:?}");
    run.send(Control::StopNow).expect("a stop is never refused");
    report(run);
}

fn fragile_graph(rate: &str) -> Graph {
    graph(
        &[
            ("orders", "generator", &[("rate", text(rate)), ("count", number(10))]),
            ("work", "queue", &[("retry", word("immediate"))]),
            ("weak", "fragile", &[]),
            ("done", "sink", &[]),
            ("others", "generator", &[("rate", text(rate)), ("count", number(10))]),
            ("fine", "sink", &[]),
        ],
        &["orders.out -> work.in", "work.out -> weak.in", "weak.out -> done.in", "others.out -> fine.in"],
    )
}

#[test]
fn a_broken_node_is_contained_and_its_messages_come_back() {
    let folder = std::env::temp_dir();
    let plan =
        super::plan::Plan::of(&fragile_graph("10/s"), with_fragile(), Some(1), &folder).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut simulation = Simulation::new(plan, &SimulationOptions::default());
    simulation.advance(Moment(Span::secs(3_600).0), u64::MAX);
    let report = simulation.report(Span::ZERO, "until");
    // G4: what it had in hand came back to the queue and was delivered after the restart.
    assert_eq!(report.nodes["done"].received, 10, "{report:?}");
    assert_eq!(report.nodes["fine"].received, 10, "the rest of the graph runs on");
    assert!(report.nodes["weak"].errors >= 3, "{:?}", report.nodes["weak"]);
    assert!(report.errors["weak"].contains("the third one broke me"), "{:?}", report.errors);
    assert!(report.messages.balanced);
}

#[test]
fn a_panic_in_a_batch_costs_only_the_message_in_hand() {
    let burst: &[(&str, Setting)] = &[("arrivals", word("burst")), ("burst_size", number(10)), ("count", number(10))];
    let nodes: Nodes<'_> = &[("orders", "generator", burst), ("weak", "fragile", &[]), ("done", "sink", &[])];
    let graph = graph(nodes, &["orders.out -> weak.in", "weak.out -> done.in"]);
    let plan =
        super::plan::Plan::of(&graph, with_fragile(), Some(1), &std::env::temp_dir()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut simulation = Simulation::new(plan, &SimulationOptions::default());
    simulation.advance(Moment(Span::secs(3_600).0), u64::MAX);
    let report = simulation.report(Span::ZERO, "until");
    // All ten wait when the first is taken. Each life of the node ends with its third message; what the first two asked for is done.
    assert_eq!((report.nodes["done"].received, report.nodes["weak"].dropped["panic"]), (7, 3), "{report:?}");
    assert!(report.messages.balanced);
}

#[test]
fn a_broken_node_is_shown_in_a_live_run() {
    let options = RunOptions::new(Mode::Live, std::env::temp_dir());
    let run = Run::start(&fragile_graph("200/s"), with_fragile(), &options).unwrap_or_else(|problems| panic!("{problems:?}"));
    let weak = NodeId::new("weak").expect("an id");
    wait_for(&run, "the failure", |snapshot| matches!(snapshot.nodes[&weak].state, NodeState::Failed(_)));
    run.send(Control::StopNow).expect("a stop is never refused");
    report(run);
}

#[test]
fn g13_stations_that_wait_for_each_other_are_named() {
    // Each message comes back to the start until both pipes of the circle are full.
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("100/s")), ("count", number(1_000))]),
        ("first", "consumer_pool", &[("service", text("1 ms"))]),
        ("second", "consumer_pool", &[("service", text("1 ms"))]),
    ];
    let graph = graph(nodes, &["orders.out -> first.in @ 2", "first.out -> second.in @ 2", "second.out -> first.in @ 2"]);
    let report = simulate(&graph, 1, 100.0, &SimulationOptions::default());
    assert_eq!(report.deadlocks, [["first", "second"]], "{report:?}");
    let run = start(&graph, 2);
    let seen = wait_for(&run, "the circle", |snapshot| !snapshot.deadlocks.is_empty());
    assert_eq!(seen.deadlocks[0].len(), 2);
    run.send(Control::StopNow).expect("a stop is never refused");
    self::report(run);
}

#[test]
fn the_clock_and_the_seed_of_a_plan_come_from_the_graph() {
    let mut graph = counted(10, "10/s");
    graph.apply(crate::graph::Edit::SetGraphSetting("starts_at".to_owned(), Some(text("1970-01-01T00:00:01Z")))).expect("it applies");
    assert_eq!(plan(&graph, 3).starts_at, 1_000_000_000);
    assert_eq!(plan(&graph, 3).seed, 3);
}

#[test]
fn g3_credit_keeps_coming_back_across_workers() {
    let nodes: Nodes<'_> = &[
        ("orders", "generator", &[("rate", text("2000/s")), ("count", number(3_000))]),
        ("returns", "generator", &[("arrivals", word("poisson")), ("rate", text("2000/s")), ("count", number(3_000))]),
        ("large", "filter", &[("condition", text("size >= 0"))]),
        ("news", "topic", &[]),
        ("wanted", "subscription", &[("capacity", number(100_000))]),
        ("workers", "consumer_pool", &[("servers", number(4)), ("service", exponential("500 us"))]),
        ("done", "sink", &[]),
    ];
    let pipes = [
        "orders.out -> large.in",
        "returns.out -> large.in",
        "large.out -> news.in",
        "news.out -> wanted.in",
        "wanted.out -> workers.in",
        "workers.out -> done.in",
    ];
    for workers in [1, 2, 4] {
        let report = report(start(&graph(nodes, &pipes), workers));
        assert_eq!((report.ended.as_str(), report.messages.delivered), ("exhausted", 6_000), "{workers} workers: {report:?}");
    }
}

#[test]
fn a_warm_up_leaves_statistics_out_and_the_books_whole() {
    let options =
        RunOptions { warm_up: Span::millis(300), until: Some(Span::millis(900)), ..RunOptions::new(Mode::Live, std::env::temp_dir()) };
    let run = Run::start(&counted(1_000_000, "500/s"), CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
    let report = report(run);
    assert!(report.warm_up_s >= 0.3 && report.warm_up_s < report.duration_s, "{} of {}", report.warm_up_s, report.duration_s);
    let counted = report.nodes["done"].received;
    assert!(counted > 0 && counted < report.messages.delivered, "{counted} of {}", report.messages.delivered);
    assert_eq!(report.latency.count, counted);
}

/// A pause, a step and an end came never while a source sent without a pace: it always had something left to do in the same instant.
#[test]
fn g12_a_source_without_a_pace_can_be_parked() {
    let graph = graph(&[("source", "generator", &[("arrivals", word("fastest"))]), ("end", "sink", &[])], &["source.out -> end.in"]);
    for workers in [1, 2] {
        let run = start(&graph, workers);
        wait_for(&run, "messages", |snapshot| snapshot.books.delivered > 0);
        run.send(Control::Pause).expect("room for a request");
        let paused = wait_for(&run, "a pause", |snapshot| snapshot.state == RunState::Paused);
        run.send(Control::Step).expect("room for a request");
        run.send(Control::Resume).expect("room for a request");
        wait_for(&run, "more", |snapshot| snapshot.books.delivered > paused.books.delivered + 10_000);
        run.send(Control::StopNow).expect("never refused");
        assert_eq!(report(run).ended, "stopped");
    }
}
