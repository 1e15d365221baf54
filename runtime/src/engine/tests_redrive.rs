//! Dead letters put back to work by hand: simulated, live, and cranked.

#[cfg(test)]
mod dry_run;
mod durable;

use super::control::Control;
use super::desk::Redrive;
use super::live::crank::run_cranked_by_hand;
use super::run::{Run, RunOptions};
use super::sim::{Advance, Simulation, SimulationOptions};
use super::trial::plan;
use crate::graph::Graph;
use crate::id::{MessageId, NodeId};
use crate::letter::{self, Edited, Letter, LetterId};
use crate::message::{Message, Payload};
use crate::nodes::CATALOGUE;
use crate::setting::Settings;
use crate::telemetry::report::Report;
use crate::telemetry::snapshot::{Mode, Snapshot};
use crate::units::{Moment, Rate, SECOND, Span};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn read(nodes: &str, pipes: &str) -> Graph {
    let read = crate::file::read(&format!("(format: 1, nodes: {{ {nodes} }}, pipes: [ {pipes} ])"), CATALOGUE);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    read.graph
}

/// Ten orders a second; every one fails until the pool is repaired.
fn shop(failure_share: &str, kept: bool) -> Graph {
    let nodes = format!(
        r#""orders": generator(rate: "10/s"), "work": queue(max_deliveries: 2, retry: immediate),
        "staff": consumer_pool(servers: 2, service: exponential(mean: "5 ms"), failure_share: {failure_share}),
        "done": sink(){}"#,
        if kept { r#", "failed": dead_letters()"# } else { "" }
    );
    let pipes = r#""orders.out -> work.in", "work.out -> staff.in", "staff.out -> done.in""#;
    read(&nodes, &if kept { format!(r#"{pipes}, "work.dead_letters -> failed.in""#) } else { pipes.to_owned() })
}

fn at(seconds: f64) -> Moment {
    Moment(Span::from_seconds(seconds).0)
}

fn node(id: &str) -> NodeId {
    NodeId::new(id).expect("an id")
}

fn letters(keeper: &str, numbers: impl IntoIterator<Item = u64>) -> Vec<LetterId> {
    numbers.into_iter().map(|number| LetterId { keeper: node(keeper), number }).collect()
}

struct Trial(Simulation);

impl Trial {
    fn new(graph: &Graph) -> Self {
        Self(Simulation::new(plan(graph, 5), &SimulationOptions::default()))
    }

    fn until(&mut self, seconds: f64) -> Advance {
        self.0.advance(at(seconds), u64::MAX)
    }

    fn redrive(&mut self, keeper: &str, numbers: impl IntoIterator<Item = u64>, rate: Option<Rate>) {
        self.0.redrive(&Redrive::of(letters(keeper, numbers), rate));
    }

    fn station(&mut self, id: &str) -> &mut super::station::Station {
        let found = self.0.shard().stations.iter_mut().flatten().find(|station| station.id.as_str() == id);
        found.expect("it is there")
    }

    fn set(&mut self, id: &str, name: &str, value: crate::setting::Setting) {
        let (now, local) = (self.0.now(), self.station(id).number);
        let mut settings: Settings = self.station(id).settings.clone();
        settings.insert(name.to_owned(), value);
        self.0.shard().change(local, settings, now);
    }

    fn kept(&mut self, id: &str) -> Vec<Arc<Letter>> {
        self.station(id).shelf().map(|shelf| shelf.iter().cloned().collect()).unwrap_or_default()
    }

    /// Sent, stayed, gone, why.
    fn acts(&mut self, id: &str) -> (u64, u64, u64, String) {
        let acts = self.station(id).shelf().expect("a shelf").acts.clone();
        (acts.sent, acts.stayed, acts.gone, acts.why.map(|why| why.to_string()).unwrap_or_default())
    }

    /// The books, which must balance.
    fn report(&self) -> Report {
        let report = self.0.report(Span::ZERO, "until");
        assert!(report.messages.balanced, "{:?}", report.messages);
        report
    }

    fn journal(&mut self) -> String {
        self.0.shard().journal.lines().map(|line| &*line.text).collect::<Vec<_>>().join("\n")
    }
}

#[test]
fn one_a_group_and_all_go_back_and_the_books_balance_at_every_step() {
    for keeper in ["failed", "work"] {
        let mut trial = Trial::new(&shop("1.0", keeper == "failed"));
        trial.until(2.05);
        let kept = trial.kept(keeper);
        assert_eq!(kept.len(), 21, "{keeper}");
        let letter = &kept[0];
        let told = (letter.reason(), letter.error(), letter.deliveries(), letter.origin().unwrap().to_string());
        assert_eq!(told, ("max_deliveries", "the work failed", 2, "work.in".to_owned()));
        let failures = letter.message.header(letter::FAILURES).unwrap().as_array().unwrap();
        assert_eq!(failures.iter().map(|failure| failure["delivery"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
        let times = letter::times(&letter.message).map(Option::unwrap);
        assert!(times[0] < times[1], "{times:?}");
        let before = trial.report().messages;
        assert_eq!((before.dead_lettered, before.held), (21, 0));
        trial.set("staff", "failure_share", 0.0.into());
        // One; and at once, before anything else happens, it is held.
        let entered = before.entered;
        trial.redrive(keeper, [3], None);
        trial.until(2.051);
        let after = trial.report().messages;
        assert_eq!((after.entered, after.dead_lettered, after.held + after.delivered), (entered, 20, 1));
        // A group, then the rest.
        trial.redrive(keeper, [0, 1, 2, 4], None);
        trial.until(2.09);
        assert_eq!(trial.report().messages.delivered, 5);
        let rest: Vec<u64> = trial.kept(keeper).iter().map(|letter| letter.number).collect();
        assert_eq!(rest, (5..21).collect::<Vec<_>>());
        trial.redrive(keeper, rest, None);
        trial.until(3.0);
        let end = trial.report().messages;
        assert_eq!((end.dead_lettered, trial.acts(keeper)), (0, (21, 0, 0, String::new())));
        assert_eq!(end.delivered, end.entered - end.held);
        let journal = trial.journal();
        assert!(journal.contains("by hand: 1 dead letter back to work") && journal.contains("by hand: 16 dead letters back to work"));
    }
}

#[test]
fn at_a_rate_they_go_one_by_one_by_the_run_clock() {
    let mut trial = Trial::new(&shop("1.0", true));
    trial.until(3.0);
    trial.set("staff", "failure_share", 0.0.into());
    trial.redrive("failed", 0..10, Some(Rate(4.0)));
    for (seconds, sent) in [(3.001, 1), (3.249, 1), (3.251, 2), (4.001, 5), (5.249, 9), (5.251, 10), (9.0, 10)] {
        trial.until(seconds);
        assert_eq!(trial.acts("failed").0, sent, "after {seconds} s");
    }
    assert!(trial.journal().contains("by hand: 10 dead letters back to work, the last one in 2.25 s"));
    assert!(trial.journal().contains("the redrive is over; in all 10 sent back, 0 no longer there"));
    trial.report();
}

#[test]
fn a_run_goes_on_while_letters_are_still_to_go_back() {
    let mut graph = shop("1.0", true);
    let count = crate::graph::Edit::SetSetting(node("orders"), "count".into(), Some(5.into()));
    graph.apply(count).expect("it is there");
    let mut trial = Trial::new(&graph);
    trial.until(0.55);
    trial.redrive("failed", 0..3, Some(Rate(0.1)));
    assert_eq!(trial.until(1_000.0), Advance::Over);
    assert_eq!((trial.acts("failed").0, trial.report().messages.dead_lettered), (3, 5));
    assert!(trial.0.now() >= at(20.4) && trial.0.now() < at(22.0), "{:?}", trial.0.now());
}

#[test]
fn nothing_is_sent_twice() {
    let mut trial = Trial::new(&shop("1.0", true));
    trial.until(2.05);
    trial.set("staff", "failure_share", 0.0.into());
    // The same letter three times: in one request, in another while it waits for its moment, and after it has gone.
    trial.redrive("failed", [7, 8, 7], Some(Rate(10.0)));
    trial.redrive("failed", [8], None);
    trial.until(3.0);
    assert_eq!(trial.acts("failed"), (2, 0, 2, String::new()));
    trial.redrive("failed", [7], None);
    trial.until(3.1);
    assert_eq!(trial.acts("failed").2, 3);
    assert_eq!(trial.report().messages.dead_lettered, 19);
}

#[test]
fn a_second_failure_is_recognised() {
    let mut trial = Trial::new(&shop("1.0", true));
    trial.until(2.05);
    let first = trial.kept("failed")[4].clone();
    trial.redrive("failed", [4], None);
    trial.until(2.5);
    let again = trial.kept("failed").into_iter().find(|letter| letter.message.id == first.message.id).expect("it failed again");
    assert_eq!((first.redriven(), again.redriven(), again.deliveries()), (0, 1, 2));
    assert_ne!(first.number, again.number);
    let [first_times, again_times] = [&first, &again].map(|letter| letter::times(&letter.message));
    assert_eq!(first_times[0], again_times[0], "the first failure stays the first");
    assert!(again_times[1] > first_times[1]);
    assert_eq!(again.message.header(letter::FAILURES).unwrap().as_array().unwrap().len(), 4);
}

/// What failed by chance must be able to go well the next time, though draws belong to the message.
#[test]
fn a_redriven_message_draws_anew() {
    let mut trial = Trial::new(&shop("0.6", true));
    trial.until(60.0);
    let count = trial.kept("failed").len() as u64;
    assert!(count > 150, "{count}");
    trial.redrive("failed", 0..count, None);
    trial.until(65.0);
    // Two tries at 0.6 each: 64 in 100 go well. Without new draws none would.
    let well = count - trial.kept("failed").iter().filter(|letter| letter.redriven() > 0).count() as u64;
    assert!((0.5..0.8).contains(&(well as f64 / count as f64)), "{well} of {count}");
}

#[test]
fn a_full_origin_keeps_them_dead_and_says_so() {
    for (when_full, kept) in [("block", true), ("drop_newest", false), ("reject", true), ("drop_oldest", false)] {
        let nodes = format!(
            r#""orders": generator(arrivals: times, times: "0 s, 0 s, 0 s, 0 s, 5 s, 5 s, 5 s"),
            "work": queue(capacity: 3, when_full: {when_full}, time_to_live: "1 s"), "staff": consumer_pool(service: "100 s"){}"#,
            if kept { r#", "failed": dead_letters()"# } else { "" }
        );
        let wire = if kept { r#", "work.dead_letters -> failed.in""# } else { "" };
        let mut trial = Trial::new(&read(&nodes, &format!(r#""orders.out -> work.in", "work.out -> staff.in"{wire}"#)));
        let keeper = if kept { "failed" } else { "work" };
        trial.until(4.0);
        assert_eq!(trial.kept(keeper).len(), 3, "{when_full}: expired while one was in service");
        // Two of three fit beside nothing; then the second lot comes.
        trial.redrive(keeper, [0], None);
        trial.until(4.5);
        assert_eq!(trial.kept(keeper).len(), 2, "{when_full}");
        trial.set("work", "capacity", 1.into());
        trial.redrive(keeper, [1, 2], None);
        trial.until(4.6);
        assert_eq!(trial.acts(keeper), (1, 2, 0, "`work`: it is full".to_owned()), "{when_full}");
        assert_eq!(trial.kept(keeper).iter().map(|letter| letter.number).collect::<Vec<_>>(), [1, 2], "{when_full}");
        assert_eq!(trial.journal().matches("stays a dead letter: `work`: it is full").count(), 1, "{when_full}");
        trial.report();
    }
}

/// A letter that says what it says: made elsewhere, or of a graph that has changed since.
fn letter(origin: Option<&str>) -> Arc<Letter> {
    let mut message = Message::new(MessageId(77), Moment::START, Payload::from_value(json!({ "amount": 5 })));
    let failure = letter::Failure { node: "old", error: "no stock", at: SECOND, delivery: Some(3) };
    letter::give_up(&mut message, &failure, Some("max_deliveries"), origin.unwrap_or_default());
    if origin.is_none() {
        message.head_mut().headers.retain(|(name, _)| &**name != letter::ORIGIN);
    }
    Arc::new(Letter { number: 900, at: Moment::START, message })
}

#[test]
fn an_origin_that_is_gone_keeps_it_dead_and_says_so() {
    for (origin, why) in [
        (Some("old.in"), "its origin `old` is not in this graph"),
        (Some("work.side"), "`work` has no input `side`"),
        (Some("orders"), "it came from `orders`, a source: there is nothing to put it back to"),
        (None, "it does not say where it was given up"),
    ] {
        let mut trial = Trial::new(&shop("0.0", true));
        trial.until(1.0);
        trial.0.keep(&node("failed"), letter(origin));
        trial.redrive("failed", [900], None);
        trial.until(1.05);
        assert_eq!(trial.acts("failed"), (0, 1, 0, why.to_owned()));
        assert_eq!(trial.kept("failed")[0].redriven(), 0, "it lies there as it was");
    }
}

#[test]
fn a_busy_origin_takes_it_when_it_can() {
    // No queue in between: what the pool cannot finish has failed at the pool.
    let graph = read(
        r#""orders": generator(arrivals: times, times: "0 s, 1 s, 2 s, 20 s"), "staff": consumer_pool(service: "1 s", failure_share: 1.0), "done": sink()"#,
        r#""orders.out -> staff.in", "staff.out -> done.in""#,
    );
    let mut trial = Trial::new(&graph);
    trial.until(10.0);
    assert_eq!(trial.kept("staff").len(), 3);
    trial.set("staff", "failure_share", 0.0.into());
    trial.redrive("staff", 0..3, None);
    trial.until(10.5);
    assert_eq!((trial.acts("staff").0, trial.report().messages.held, trial.station("staff").waiting_back()), (3, 3, 2));
    trial.until(14.0);
    assert_eq!((trial.report().messages.delivered, trial.report().messages.held), (3, 0));
}

#[test]
fn edited_it_goes_back_as_edited() {
    let graph = read(
        r#""orders": generator(rate: "10/s", payload: "{\"amount\": \"many\"}"),
        "check": filter(condition: "message.amount > 3"), "done": sink()"#,
        r#""orders.out -> check.in", "check.out -> done.in""#,
    );
    let mut trial = Trial::new(&graph);
    trial.until(1.05);
    assert!(trial.kept("check").len() >= 10);
    let edited = Edited { payload: Some(Payload::from_bytes(&b"{\"amount\": 4}"[..])), headers: Some(vec![("by".into(), "hand".into())]) };
    let one = LetterId { keeper: node("check"), number: 2 };
    trial.0.redrive(&Redrive { letters: vec![(one, Some(Arc::new(edited)))], rate: None });
    trial.redrive("check", [3], None);
    trial.until(1.09);
    assert_eq!(trial.report().messages.delivered, 1, "the edited one passes, the other fails again");
    assert!(trial.journal().contains("by hand: 1 dead letter back to work, 1 of them edited"));
    let again = trial.kept("check").last().cloned().expect("it failed again");
    assert_eq!((again.redriven(), again.origin().unwrap().to_string()), (1, "check.in".to_owned()));
}

#[test]
fn discarded_letters_are_dropped_on_purpose() {
    for keeper in ["failed", "work"] {
        let mut trial = Trial::new(&shop("1.0", keeper == "failed"));
        trial.until(2.05);
        trial.0.discard(&letters(keeper, [0, 1, 1, 99]));
        let messages = trial.report().messages;
        assert_eq!((messages.dead_lettered, messages.dropped["discarded"]), (19, 2));
        assert!(trial.journal().contains("by hand: 2 dead letters discarded; 2 no longer there"));
    }
}

#[test]
fn deduplication_does_not_swallow_what_is_redriven() {
    let graph = read(
        r#""orders": generator(rate: "10/s"), "work": queue(max_deliveries: 1, guarantee: effectively_once, window: "10 min"),
        "once": deduplicate(window: "10 min"), "staff": consumer_pool(service: "1 ms", failure_share: 1.0), "done": sink(), "failed": dead_letters()"#,
        r#""orders.out -> work.in", "work.out -> once.in", "once.out -> staff.in", "staff.out -> done.in", "work.dead_letters -> failed.in""#,
    );
    let mut trial = Trial::new(&graph);
    trial.until(1.05);
    trial.set("staff", "failure_share", 0.0.into());
    trial.redrive("failed", 0..5, None);
    trial.until(1.09);
    assert_eq!(trial.report().messages.delivered, 5);
}

/// Redrives at a rate, an edit, a second request for the same letters, and a discard, while everything goes on.
fn acts() -> Vec<(Moment, Control)> {
    let edited = Arc::new(Edited { payload: Some(Payload::from_value(json!("by hand"))), headers: None });
    let one = LetterId { keeper: node("failed"), number: 1 };
    vec![
        (at(5.0), Control::Redrive(Redrive::of(letters("failed", 0..12), Some(Rate(7.0))))),
        (at(5.5), Control::Redrive(Redrive { letters: vec![(one, Some(edited))], rate: None })),
        (at(6.25), Control::Redrive(Redrive::of(letters("failed", 5..20).into_iter().chain(letters("pick", 0..4)), Some(Rate(50.0))))),
        (at(7.0), Control::Discard(letters("failed", [20, 21, 3]))),
        (at(9.0), Control::Redrive(Redrive::of(letters("failed", 20..60), None))),
    ]
}

#[test]
fn g11_redriven_cranked_live_equals_simulated() {
    let graph = read(
        r#""orders": generator(arrivals: poisson, rate: "40/s", count: 600), "pick": filter(condition: "message.number % 17 == 3 ? message.nothing : true"),
        "work": queue(max_deliveries: 2, retry: fixed, retry_delay: "20 ms", capacity: 8),
        "staff": consumer_pool(servers: 2, service: exponential(mean: "30 ms"), failure_share: 0.4),
        "slow": queue(capacity: 5), "desk": consumer_pool(service: exponential(mean: "20 ms")), "done": sink(), "failed": dead_letters()"#,
        r#""orders.out -> pick.in", "pick.out -> work.in", "work.out -> staff.in", "staff.out -> slow.in", "slow.out -> desk.in",
        "desk.out -> done.in", "work.dead_letters -> failed.in""#,
    );
    let mut trial = Trial::new(&graph);
    for (moment, act) in acts() {
        assert_eq!(trial.0.advance(moment, u64::MAX), Advance::Reached);
        match act {
            Control::Redrive(redrive) => trial.0.redrive(&redrive),
            Control::Discard(letters) => trial.0.discard(&letters),
            other => unreachable!("{other:?}"),
        }
    }
    trial.until(30.0);
    let (sent, _, gone, _) = trial.acts("failed");
    assert!(sent > 20 && gone > 3, "{sent} sent, {gone} gone");
    let expected = trial.report();
    for workers in [1, 2, 4] {
        let found = run_cranked_by_hand(plan(&graph, 5), workers, Span::secs(30), &acts()).expect("threads start");
        assert_eq!(found.journal_hash, expected.journal_hash, "{workers} workers");
        assert_eq!((found.messages, found.nodes), (expected.messages.clone(), expected.nodes.clone()), "{workers} workers");
    }
}

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

#[test]
fn redriven_by_the_wall_clock_with_any_number_of_workers() {
    for (mode, workers) in [(Mode::Live, 1), (Mode::Live, 4), (Mode::Simulated, 1)] {
        let graph = shop("1.0", true);
        let options = RunOptions { workers, ..RunOptions::new(mode, std::env::temp_dir()) };
        let run = Run::start(&graph, CATALOGUE, &options).unwrap_or_else(|problems| panic!("{problems:?}"));
        let kept = |snapshot: &Snapshot| snapshot.dead_letters.get("failed").map_or(0, |shelf| shelf.len());
        let snapshot = wait_for(&run, "letters", |snapshot| kept(snapshot) >= 12);
        let mut settings = graph.node(&node("staff")).expect("it is there").settings.clone();
        settings.insert("failure_share".to_owned(), 0.0.into());
        run.send(Control::Change(node("staff"), settings)).expect("there is room");
        let first: Vec<u64> = snapshot.dead_letters["failed"].iter().map(|letter| letter.number).take(10).collect();
        run.send(Control::Redrive(Redrive::of(letters("failed", first), Some(Rate(20.0))))).expect("there is room");
        wait_for(&run, "the first ten", |snapshot| snapshot.dead_letters["failed"].acts.sent == 10);
        run.send(Control::Discard(letters("failed", [10]))).expect("there is room");
        wait_for(&run, "the discarded one", |snapshot| snapshot.books.dropped.get("discarded") == Some(&1));
        let rest: Vec<u64> = run.snapshot().dead_letters["failed"].iter().map(|letter| letter.number).collect();
        run.send(Control::Redrive(Redrive::of(letters("failed", rest), None))).expect("there is room");
        wait_for(&run, "an empty shelf", |snapshot| kept(snapshot) == 0 && snapshot.books.dead_lettered == 0);
        run.send(Control::StopNow).expect("stop is never refused");
        let report = run.wait().expect("the driver lives");
        assert!(report.messages.balanced && report.messages.dead_lettered == 0, "{:?}", report.messages);
        assert_eq!(report.messages.dropped["discarded"], 1);
    }
}
