//! Scripts of the step.

use super::*;
use crate::message::{Delivery, Settlement};
use crate::node::Script;
use serde_json::json;

fn uniform() -> Setting {
    Setting::Record("uniform".into(), vec![("from".into(), "0 s".into()), ("to".into(), "10 s".into())])
}

fn send_keyed(step: &mut Script, count: u64, keys: u64) {
    for number in 0..count {
        let mut message = step.message(json!({"k": number % keys, "n": number}));
        message.head_mut().key = Some(format!("{}", number % keys).into());
        step.send_message("in", message);
    }
}

fn left(step: &Script) -> Vec<(u64, u64)> {
    step.payloads("out").iter().map(|payload| (payload["k"].as_u64().unwrap(), payload["n"].as_u64().unwrap())).collect()
}

#[test]
fn g10_order_is_kept_where_asked_for() {
    for (word, all, keys) in [("as_finished", false, false), ("kept", true, true), ("kept_by_key", false, true)] {
        let mut step = Script::new(&STEP, [("copies", 10.into()), ("time", uniform()), ("order", word.into())]);
        send_keyed(&mut step, 60, 3);
        step.run();
        let left = left(&step);
        assert_eq!(left.len(), 60);
        assert_eq!(left.is_sorted_by_key(|(_, number)| *number), all, "{word}");
        let by_key = |key| left.iter().filter(|(k, _)| *k == key).is_sorted_by_key(|(_, number)| *number);
        assert_eq!((0..3).all(by_key), keys, "{word}");
    }
}

#[test]
fn g1_finished_work_that_waits_keeps_its_copy() {
    let mut step = Script::new(&STEP, [("copies", 3.into()), ("time", uniform()), ("order", "kept".into())]);
    for number in 0..30 {
        step.send("in", json!(number));
    }
    for second in 0..150 {
        step.at(&format!("{second} s"));
        assert!(step.held() <= 3, "{} at {second} s", step.held());
    }
    assert_eq!(step.payloads("out").len(), 30);
}

#[test]
fn failures_are_tried_again_after_growing_delays_and_then_given_up() {
    let settings = [("time", "1 s".into()), ("failure_share", 1.0.into()), ("attempts", 3.into()), ("retry_jitter", 0.0.into())];
    let mut step = Script::new(&STEP, settings).wired("error", 1);
    step.send("in", json!(1));
    step.run();
    assert_eq!((step.times("error"), step.gauge("retries"), step.gauge("failed")), (vec![6.0], 2.0, 1.0));
    let some = [("failure_share", 0.5.into()), ("attempts", 8.into()), ("retry", "immediate".into()), ("copies", 100.into())];
    let mut step = Script::new(&STEP, some);
    for number in 0..1_000 {
        step.send("in", json!(number));
    }
    step.run();
    // 1 + p + ... + p^7 attempts on average; one in 256 is given up.
    assert!((900.0..1_100.0).contains(&step.gauge("retries")), "{}", step.gauge("retries"));
    assert!(step.seen().rejected.len() < 15 && step.payloads("out").len() > 985, "{}", step.seen().rejected.len());
}

#[test]
fn g10_an_ordered_key_waits_behind_its_failing_message_and_goes_on() {
    let settings = [("time", "1 s".into()), ("copies", 4.into()), ("order", "kept_by_key".into()), ("failure_share", 0.4.into())];
    let mut step = Script::new(&STEP, settings.into_iter().chain([("attempts", 2.into()), ("retry", "fixed".into())])).wired("error", 1);
    send_keyed(&mut step, 80, 2);
    step.run();
    let all: Vec<(usize, u64)> =
        step.seen().left.iter().map(|left| (left.port, left.message.payload.value().unwrap()["n"].as_u64().unwrap())).collect();
    assert!(all.iter().any(|(port, _)| *port != OUT) && all.len() == 80);
    for key in 0..2 {
        assert!(all.iter().filter(|(_, number)| number % 2 == key).is_sorted_by_key(|(_, number)| *number), "{all:?}");
    }
}

#[test]
fn g4_what_waits_for_its_turn_goes_back() {
    let mut step = Script::new(&STEP, [("copies", 8.into()), ("time", uniform()), ("order", "kept".into())]);
    for number in 0..8 {
        let mut message = step.message(json!(number));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number });
        step.send_message("in", message);
    }
    step.at("5 s");
    let gone = step.payloads("out").len();
    assert!(step.gauge("waiting for their turn") > 0.0);
    assert_eq!(gone + step.give_back().nacked.len(), 8);
}

#[test]
fn g12_a_changed_step_keeps_its_work() {
    let mut step = Script::new(&STEP, [("time", "4 s".into())]);
    for number in 0..3 {
        step.send("in", json!(number));
    }
    step.at("1 s");
    assert_eq!(step.change([("copies", 2.into()), ("time", "1 s".into())]), Change::Kept);
    step.run();
    assert_eq!(step.times("out"), [2.0, 3.0, 4.0]);
}
