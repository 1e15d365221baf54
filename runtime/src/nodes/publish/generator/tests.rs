//! Scripts for the generator.

use super::*;
use crate::node::Script;
use crate::node::script::problems;
use serde_json::json;

#[test]
fn constant_arrivals_are_evenly_spaced_and_counted() {
    let mut source = Script::new(&GENERATOR, [("rate", "4/s".into()), ("count", 5.into()), ("start_after", "1 s".into())]);
    source.run();
    assert_eq!(source.times("out"), [1.0, 1.25, 1.5, 1.75, 2.0]);
    assert_eq!(source.payloads("out")[4], json!({"number": 4}));
    assert!(source.seen().exhausted);
}

#[test]
fn poisson_arrivals_have_the_rate_and_the_spread_of_poisson() {
    let mut source = Script::new(&GENERATOR, [("arrivals", "poisson".into()), ("rate", "100/s".into())]);
    source.at("200 s");
    let times = source.times("out");
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((mean - 0.01).abs() < 0.0003, "{mean}");
    assert!((variance / (mean * mean) - 1.0).abs() < 0.06, "{}", variance / (mean * mean));
}

#[test]
fn bursts_come_at_once_then_pause() {
    let mut source = Script::new(&GENERATOR, [("arrivals", "burst".into()), ("burst_size", 300.into()), ("burst_gap", "2 s".into())]);
    source.at("2 s");
    let times = source.times("out");
    assert_eq!((times.len(), times[299], times[300]), (600, 0.0, 2.0));
}

#[test]
fn a_profile_changes_the_rate_over_time() {
    let point = |at: &str, rate: &str| Setting::Tuple(String::new(), vec![at.into(), rate.into()]);
    let profile = Setting::List(vec![point("0 s", "0/s"), point("100 s", "200/s"), point("200 s", "0/s")]);
    let mut source = Script::new(&GENERATOR, [("arrivals", "profile".into()), ("profile", profile)]);
    source.run();
    let times = source.times("out");
    let between = |from: f64, to: f64| times.iter().filter(|at| **at >= from && **at < to).count() as f64;
    // 20,000 expected in all, a quarter of them before 50 s (one eighth) ... within four deviations.
    for (from, to, expected) in [(0.0, 50.0, 2_500.0), (50.0, 100.0, 7_500.0), (100.0, 200.0, 10_000.0)] {
        let found = between(from, to);
        assert!((found - expected).abs() < 4.0 * f64::sqrt(expected), "{from}..{to}: {found}, expected {expected}");
    }
    assert!(source.seen().exhausted);
}

#[test]
fn an_arrival_may_bring_a_batch() {
    let mut source = Script::new(&GENERATOR, [("rate", "1/s".into()), ("batch_size", 3.into()), ("count", 7.into())]);
    source.run();
    assert_eq!(source.times("out"), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 2.0]);
    // Geometric with mean 4: P(N = n) = 1/4 · (3/4)^(n-1).
    let settings = [("rate", "1/s".into()), ("batch_size", 4.into()), ("batch_sizes", "geometric".into())];
    let mut source = Script::new(&GENERATOR, settings);
    source.at("9999 s");
    let mut sizes = vec![0_u32; 10_000];
    source.times("out").iter().for_each(|at| sizes[*at as usize] += 1);
    let share = |size: u32| sizes.iter().filter(|found| **found == size).count() as f64 / 1e4;
    let mean = f64::from(sizes.iter().sum::<u32>()) / 1e4;
    assert!((mean - 4.0).abs() < 4.0 * f64::sqrt(12.0 / 1e4), "{mean}");
    for (size, expected) in [(0, 0.0), (1, 0.25), (2, 0.1875), (5, 0.25 * 0.75_f64.powi(4))] {
        assert!((share(size) - expected).abs() <= 4.0 * f64::sqrt(expected / 1e4), "{size}: {}", share(size));
    }
}

#[test]
fn messages_come_at_given_times_and_with_a_priority() {
    let settings =
        [("arrivals", "times".into()), ("times", "0 s, 0 s, 1500 ms".into()), ("start_after", "1 s".into()), ("priority", 9.into())];
    let mut source = Script::new(&GENERATOR, settings);
    source.run();
    assert_eq!(source.times("out"), [1.0, 1.0, 2.5]);
    assert!(source.seen().exhausted && source.seen().left.iter().all(|left| left.message.priority == 9));
    assert!(problems(&GENERATOR, [("arrivals", "times".into()), ("times", "2 s, 1 s".into())])[0].contains("go forward"));
}

#[test]
fn gaps_follow_any_distribution() {
    let mut source = Script::new(&GENERATOR, [("arrivals", "distribution".into()), ("gap", "3 s".into()), ("count", 3.into())]);
    source.run();
    assert_eq!(source.times("out"), [3.0, 6.0, 9.0]);
}

#[test]
fn g7_arrivals_keep_their_due_times_while_blocked() {
    let mut source = Script::new(&GENERATOR, [("rate", "1/s".into()), ("count", 6.into())]).room("out", 2);
    source.at("10 s");
    // Two have left, one waits in the outbox, three in the backlog.
    assert_eq!((source.times("out").len(), source.held(), source.gauge("backlog")), (2, 1, 3.0));
    source.grant("out", 9);
    let entered: Vec<f64> = source.seen().left.iter().map(|left| left.message.entered.seconds()).collect();
    assert_eq!(entered, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(source.times("out")[3..], [10.0; 3]);
    assert!(source.seen().exhausted);
}

#[test]
fn g7_the_backlog_is_bounded_and_overruns_are_counted() {
    let mut source = Script::new(&GENERATOR, [("rate", "1000/s".into()), ("count", 1_000.into()), ("backlog", 100.into())]).room("out", 0);
    source.run();
    assert_eq!((source.gauge("backlog"), source.held(), source.seen().dropped.len()), (100.0, 1, 899));
    assert!(source.seen().dropped.iter().all(|end| &*end.why == "source_overrun"));
    assert!(!source.seen().exhausted);
    source.grant("out", 1_000).run();
    assert_eq!((source.seen().left.len(), source.gauge("overrun")), (101, 899.0));
    assert!(source.seen().exhausted);
}

#[test]
fn g1_as_fast_as_possible_means_as_fast_as_the_pipe() {
    let mut source = Script::new(&GENERATOR, [("arrivals", "fastest".into()), ("count", 5_000.into())]).room("out", 700);
    source.at("1 s");
    assert_eq!((source.seen().left.len(), source.held()), (700, 1));
    source.at("2 s").grant("out", 300);
    assert_eq!(source.at("2 s").seen().left.len(), 1_000);
    source.grant("out", 1_000_000).run();
    assert_eq!((source.seen().left.len(), source.now().seconds()), (5_000, 2.0));
    assert!(source.seen().dropped.is_empty() && source.seen().exhausted);
}

#[test]
fn g11_the_nth_message_is_the_same_whether_blocked_or_not() {
    let settings = || [("arrivals", "poisson".into()), ("count", 50.into()), ("payload", "{{int 1 1000000}}".into())];
    let mut free = Script::new(&GENERATOR, settings());
    free.run();
    let mut blocked = Script::new(&GENERATOR, settings()).room("out", 0);
    blocked.run().grant("out", 100).run();
    let messages = |script: &Script| script.seen().left.iter().map(|left| left.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&free), messages(&blocked));
}

#[test]
fn g12_a_changed_rate_holds_at_once_and_numbers_go_on() {
    let mut source = Script::new(&GENERATOR, [("rate", "1/h".into())]);
    source.at("10 s");
    assert_eq!(source.change([("rate", "2/s".into())]), Change::Kept);
    source.at("11 s");
    assert_eq!(source.times("out"), [0.0, 10.0, 10.5, 11.0]);
    let ids: std::collections::BTreeSet<_> = source.seen().left.iter().map(|left| left.message.id).collect();
    assert_eq!(ids.len(), 4);
    source.change([("count", 5.into())]);
    source.run();
    assert_eq!(source.seen().left.len(), 5);
}

#[test]
fn a_drained_source_sends_what_was_due_and_no_more() {
    let mut source = Script::new(&GENERATOR, [("rate", "1/s".into())]).room("out", 0);
    source.at("3 s").event(Event::Drain).grant("out", 100).at("20 s");
    assert_eq!(source.seen().left.len(), 4);
    assert!(source.seen().exhausted);
}

#[test]
fn a_topic_is_set_and_shared() {
    let mut source = Script::new(&GENERATOR, [("topic", "orders/eu".into()), ("count", 2.into())]);
    source.run();
    assert!(source.seen().left.iter().all(|left| left.message.head().topic.as_deref() == Some("orders/eu")));
    let mut mixed = Script::new(&GENERATOR, [("topic", "orders/{{pick \"eu\" \"us\"}}".into()), ("count", 40.into())]);
    mixed.run();
    let of = |topic: &str| mixed.seen().left.iter().filter(|left| left.message.head().topic.as_deref() == Some(topic)).count();
    assert!(of("orders/eu") > 5 && of("orders/us") > 5 && of("orders/eu") + of("orders/us") == 40);
}

#[test]
fn bad_settings_are_told() {
    let of = |name, value| problems(&GENERATOR, [(name, value)]).join("; ");
    assert!(of("rate", "0/s".into()).contains("above zero"));
    assert!(of("rate", "fast".into()).contains("a rate such as"));
    assert!(of("arrivals", "poison".into()).contains("did you mean `poisson`"));
    assert!(of("count", 0.into()).contains("whole number from 1"));
    assert!(of("payload", "{{nope}}".into()).contains("nope"));
    let bad = problems(&GENERATOR, [("arrivals", "profile".into()), ("profile", Setting::List(vec![]))]);
    assert!(bad[0].contains("at least one point"), "{bad:?}");
}
