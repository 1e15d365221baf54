//! Dry runs: what they say comes true, and they end.

use super::{Trial, at, letter, read, shop};
use crate::engine::dry_run::{DryRun, DryRunOptions, Ending, dry_run};
use crate::engine::sim::{Advance, Simulation, SimulationOptions};
use crate::engine::trial::plan;
use crate::graph::Graph;
use crate::letter::{Edited, Letter};
use crate::message::Payload;
use crate::nodes::CATALOGUE;
use crate::units::{Moment, SECOND, Span};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The dry run of a letter takes the very way that the letter takes when it is redriven.
#[test]
fn a_dry_run_says_what_a_redrive_does() {
    let graph = read(
        r#""orders": generator(arrivals: poisson, rate: "20/s", count: 200, payload: "{\"lines\": [1, 2]}"),
        "work": queue(max_deliveries: 2, retry: exponential, retry_delay: "300 ms"),
        "staff": consumer_pool(servers: 2, service: exponential(mean: "30 ms"), failure_share: 0.6),
        "parts": split(items: "message.lines"), "done": sink(), "failed": dead_letters()"#,
        r#""orders.out -> work.in", "work.out -> staff.in", "staff.out -> parts.in", "parts.out -> done.in", "work.dead_letters -> failed.in""#,
    );
    let (taps, tapped) = crossbeam_channel::bounded(10_000);
    let pipes: Vec<_> = graph.pipes().keys().cloned().collect();
    let mut simulation = Simulation::shown(plan(&graph, 5), &SimulationOptions::default(), &taps, &pipes);
    assert_eq!(simulation.advance(at(60.0), u64::MAX), Advance::Over);
    let mut trial = Trial(simulation);
    let kept = trial.kept("failed");
    assert!(kept.len() > 40);
    let mut outcomes = std::collections::BTreeSet::new();
    for (nth, letter) in kept.iter().take(20).enumerate() {
        // Far enough apart that they do not meet.
        trial.0.advance(at(100.0 + 20.0 * nth as f64), u64::MAX);
        tapped.try_iter().for_each(drop);
        let (now, before) = (trial.0.now(), trial.report().messages);
        let found = dry_run(&graph, CATALOGUE, Path::new("."), letter, None, &DryRunOptions { seed: Some(5), ..DryRunOptions::at(now) })
            .expect("it runs");
        trial.redrive("failed", [letter.number], None);
        trial.0.advance(Moment(now.0 + 19 * SECOND), u64::MAX);
        let way: Vec<_> = tapped.try_iter().map(|tapped| (tapped.at, tapped.pipe.to_string(), tapped.message.id)).collect();
        assert_eq!(found.steps.iter().map(|step| (step.at, step.pipe.to_string(), step.id)).collect::<Vec<_>>(), way);
        let after = trial.report().messages;
        let delivered = found.ends.iter().filter(|end| end.how == Ending::Delivered).map(|end| end.count).sum::<u64>();
        assert_eq!((delivered, found.good()), (after.delivered - before.delivered, after.delivered > before.delivered), "{found:?}");
        if !found.good() {
            assert_eq!(found.ends.len(), 1, "{found:?}");
            assert!(matches!(&found.ends[0].how, Ending::DeadLetter(reason, _) if reason == "max_deliveries"), "{found:?}");
        }
        outcomes.insert(found.good());
    }
    assert_eq!(outcomes.len(), 2, "some go well and some fail again, or the test says little");
}

fn dry(graph: &Graph, letter: &Letter, edited: Option<Edited>) -> DryRun {
    dry_run(graph, CATALOGUE, Path::new("."), letter, edited.map(Arc::new), &DryRunOptions::at(at(3.0))).expect("it runs")
}

#[test]
fn a_dry_run_is_bounded_and_says_what_keeps_a_letter_dead() {
    let shop = shop("0.0", true);
    assert_eq!(dry(&shop, &letter(Some("old.in")), None).stays.as_deref(), Some("its origin `old` is not in this graph"));
    assert_eq!(dry(&shop, &letter(Some("work.side")), None).stays.as_deref(), Some("`work` has no input `side`"));
    assert_eq!(dry(&shop, &letter(None), None).stays.as_deref(), Some("it does not say where it was given up"));
    let well = dry(&shop, &letter(Some("work.in")), None);
    assert!(well.good() && well.steps.len() == 2 && well.took > Span::ZERO && well.took < Span::secs(1), "{well:?}");
    // Round and round: cut short, not endless.
    let circle = read(
        r#""orders": generator(rate: "1/s"), "a": delay(time: "1 ms"), "b": delay(time: "1 ms")"#,
        r#""orders.out -> a.in", "a.out -> b.in", "b.out -> a.in""#,
    );
    let round = dry(&circle, &letter(Some("a.in")), None);
    assert!(round.cut_short.is_some() && round.steps.len() == 1_000 && round.steps_not_shown > 0, "{:?}", round.cut_short);
    // What waits for more to come is inside.
    let sums = read(
        r#""orders": generator(rate: "1/s"), "sums": aggregate(count: 10), "done": sink()"#,
        r#""orders.out -> sums.in", "sums.out -> done.in""#,
    );
    let waits = dry(&sums, &letter(Some("sums.in")), None);
    assert_eq!(waits.ends.iter().map(|end| (end.node.as_str(), &end.how)).collect::<Vec<_>>(), [("sums", &Ending::Inside)]);
    // An edit is tried as it would be sent.
    let check = read(
        r#""orders": generator(rate: "1/s"), "check": filter(condition: "message.amount > 100"), "done": sink()"#,
        r#""orders.out -> check.in", "check.out -> done.in""#,
    );
    let edited = Edited { payload: Some(Payload::from_value(json!({ "amount": 200 }))), headers: None };
    assert_eq!(dry(&check, &letter(Some("check.in")), Some(edited)).ends[0].how, Ending::Delivered);
    assert_eq!(dry(&check, &letter(Some("check.in")), None).ends[0].how, Ending::Dropped("filtered"));
}

/// Found when durable stores came: what lies on the disk cannot be redriven in the run, but it can be tried.
#[test]
fn letters_of_a_durable_queue_are_tried_and_stay_in_its_store() {
    let graph = read(
        r#""orders": generator(rate: "10/s"), "work": queue(max_deliveries: 1, durable: true),
        "staff": consumer_pool(service: "5 ms", failure_share: 1.0), "done": sink()"#,
        r#""orders.out -> work.in", "work.out -> staff.in", "staff.out -> done.in""#,
    );
    let mut trial = Trial::new(&graph);
    trial.until(1.0);
    let first = trial.kept("work")[0].clone();
    trial.redrive("work", [first.number], None);
    trial.until(1.05);
    let (sent, stayed, _, why) = trial.acts("work");
    assert!((sent, stayed) == (0, 1) && why.contains("durable store"), "{sent} sent, {stayed} stayed: {why}");
    trial.0.discard(&[crate::letter::LetterId { keeper: crate::id::NodeId::new("work").expect("an id"), number: first.number }]);
    assert!(trial.kept("work").iter().any(|letter| letter.number == first.number));
    let tried = dry(&graph, &first, None);
    assert!(tried.stays.is_none() && !tried.steps.is_empty(), "{tried:?}");
}
