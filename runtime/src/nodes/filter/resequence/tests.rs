//! Scripts of the resequencer.

use super::*;
use crate::message::{Delivery, Settlement};
use crate::node::Script;
use crate::setting::Setting;
use serde_json::json;

fn script(more: &[(&'static str, Setting)]) -> Script {
    let settings = [("number", "message.n".into()), ("wait", "5 s".into())];
    Script::new(&RESEQUENCE, settings.into_iter().chain(more.iter().cloned()))
}

fn send(script: &mut Script, numbers: &[i64]) {
    for number in numbers {
        script.send("in", json!({"n": number}));
    }
}

fn numbers(script: &Script) -> Vec<i64> {
    script.payloads("out").iter().filter_map(|payload| payload["n"].as_i64()).collect()
}

#[test]
fn g10_messages_leave_in_the_order_of_their_numbers() {
    let mut sorted = script(&[("first", 1.into())]);
    send(&mut sorted, &[3, 1, 5, 2, 4]);
    assert_eq!((numbers(&sorted), sorted.held()), (vec![1, 2, 3, 4, 5], 0));
}

#[test]
fn a_gap_is_waited_for_and_then_given_up() {
    let mut sorted = script(&[("first", 1.into())]);
    send(&mut sorted, &[1, 3]);
    sorted.at("2 s");
    send(&mut sorted, &[4, 6]);
    sorted.at("4.9 s");
    assert_eq!(numbers(&sorted), [1]);
    sorted.at("5 s");
    assert_eq!((numbers(&sorted), sorted.gauge("gaps"), sorted.held()), (vec![1, 3, 4], 1.0, 1));
    sorted.at("9.9 s");
    assert_eq!(sorted.held(), 1, "the second gap is waited for from when it was the next");
    sorted.at("10 s");
    assert_eq!(numbers(&sorted), [1, 3, 4, 6]);
}

#[test]
fn without_a_first_number_the_smallest_after_the_first_wait_begins() {
    let mut sorted = script(&[]);
    send(&mut sorted, &[7, 5, 6]);
    sorted.run();
    assert_eq!((numbers(&sorted), sorted.gauge("gaps")), (vec![5, 6, 7], 0.0));
    send(&mut sorted, &[8]);
    assert_eq!(numbers(&sorted), [5, 6, 7, 8]);
}

#[test]
fn late_messages_pass_are_dropped_or_fail_as_set() {
    for (word, passed, dropped, rejected) in [("pass", 4, 0, 0), ("drop", 2, 2, 0), ("error", 2, 0, 2)] {
        let mut sorted = script(&[("first", 1.into()), ("late", word.into())]);
        send(&mut sorted, &[1, 2, 1, 2]);
        let seen = sorted.seen();
        assert_eq!((seen.left.len(), seen.dropped.len(), seen.rejected.len()), (passed, dropped, rejected), "{word}");
    }
}

#[test]
fn keys_are_sequences_of_their_own() {
    let mut sorted = script(&[("first", 1.into()), ("key", "message.k".into())]);
    for (key, number) in [("a", 2), ("b", 1), ("a", 1), ("b", 2)] {
        sorted.send("in", json!({"k": key, "n": number}));
    }
    let order: Vec<String> =
        sorted.payloads("out").iter().map(|payload| format!("{}{}", payload["k"].as_str().unwrap(), payload["n"])).collect();
    assert_eq!(order, ["b1", "a1", "a2", "b2"]);
}

#[test]
fn what_is_held_is_bounded() {
    let mut sorted = script(&[("first", 1.into()), ("most_held", 2.into())]);
    send(&mut sorted, &[2, 4, 6]);
    assert_eq!((numbers(&sorted), sorted.gauge("gaps")), (vec![2], 1.0));
    let mut keyed = script(&[("first", 1.into()), ("key", "message.n".into()), ("most_keys", 2.into())]);
    send(&mut keyed, &[5, 6, 7]);
    assert_eq!((numbers(&keyed), keyed.held()), (vec![5], 2));
}

#[test]
fn g4_what_waits_keeps_its_delivery_and_goes_back() {
    let mut sorted = script(&[("first", 1.into()), ("wait", "1 min".into())]);
    let mut message = sorted.message(json!({"n": 2}));
    message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
    sorted.send_message("in", message).at("25 s");
    assert_eq!(sorted.seen().renewed.len(), 2);
    assert_eq!(sorted.give_back().nacked.len(), 1);
}

#[test]
fn what_has_no_number_is_an_error_and_a_drain_lets_all_go() {
    let mut sorted = script(&[("first", 1.into())]);
    sorted.send("in", json!({"n": "two"}));
    sorted.send("in", json!({"n": 1.5}));
    assert_eq!(sorted.seen().rejected.len(), 2);
    send(&mut sorted, &[9, 5]);
    sorted.event(Event::Drain);
    assert_eq!(numbers(&sorted), [5, 9]);
}
