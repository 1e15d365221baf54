//! Groups: how they close, what they make, and what becomes of deliveries, ids and locks.

use super::*;
use crate::message::{Delivery, Settlement};
use crate::node::Script;
use crate::node::script::problems;
use crate::setting::Setting;
use serde_json::json;

fn script(settings: &[(&'static str, Setting)]) -> Script {
    Script::new(&AGGREGATE, settings.iter().cloned())
}

fn delivered(aggregate: &mut Script, payload: serde_json::Value, number: u64) -> Message {
    let mut message = aggregate.message(payload);
    message.settlement = Settlement::One(Delivery { origin: 2, attempt: 1, number });
    aggregate.send_message("in", message.clone());
    message
}

#[test]
fn groups_close_by_count_each_key_for_itself() {
    let mut aggregate = script(&[("key", "message.k".into()), ("count", 2.into())]);
    for (key, n) in [("a", 1), ("b", 2), ("a", 3), ("a", 4), ("b", 5)] {
        aggregate.send("in", json!({"k": key, "n": n}));
    }
    assert_eq!(
        aggregate.payloads("out"),
        [json!([{"k": "a", "n": 1}, {"k": "a", "n": 3}]), json!([{"k": "b", "n": 2}, {"k": "b", "n": 5}])]
    );
    assert_eq!((aggregate.held(), aggregate.gauge("open")), (1, 1.0));
    assert_eq!(aggregate.seen().left[0].message.key(), Some("a"));
}

#[test]
fn groups_close_by_time_since_their_first_message() {
    let mut aggregate = script(&[("count", 0.into()), ("window", "5 s".into()), ("key", "message".into())]);
    aggregate.send("in", json!("a"));
    aggregate.at("2 s").send("in", json!("b"));
    aggregate.at("4 s").send("in", json!("a"));
    aggregate.at("6 s").send("in", json!("a"));
    aggregate.run();
    assert_eq!(aggregate.times("out"), [5.0, 7.0, 11.0]);
    assert_eq!(aggregate.payloads("out"), [json!(["a", "a"]), json!(["b"]), json!(["a"])]);
}

#[test]
fn a_group_closed_by_count_is_not_closed_again_by_its_window() {
    let mut aggregate = script(&[("count", 2.into()), ("window", "5 s".into())]);
    aggregate.send("in", json!(1));
    aggregate.at("1 s").send("in", json!(2));
    aggregate.at("2 s").send("in", json!(3));
    aggregate.run();
    assert_eq!((aggregate.times("out"), aggregate.payloads("out")), (vec![1.0, 7.0], vec![json!([1, 2]), json!([3])]));
}

#[test]
fn calendar_windows_end_at_full_multiples() {
    // The script's calendar starts at a full minute.
    let settings = [("count", 0.into()), ("window", "1 min".into()), ("window_from", Setting::word("calendar"))];
    let mut aggregate = script(&settings);
    aggregate.at("50 s").send("in", json!(1));
    aggregate.at("59 s").send("in", json!(2));
    aggregate.at("61 s").send("in", json!(3));
    aggregate.run();
    assert_eq!(aggregate.times("out"), [60.0, 120.0]);
}

#[test]
fn groups_close_with_the_message_that_fulfils_until() {
    let mut aggregate = script(&[("count", 0.into()), ("until", "message.last".into()), ("result", Setting::word("last"))]);
    aggregate.send("in", json!({"last": false}));
    aggregate.send("in", json!({"last": true, "n": 2}));
    assert_eq!(aggregate.payloads("out"), [json!({"last": true, "n": 2})]);
    aggregate.send("in", json!({"n": 3}));
    assert!(aggregate.seen().rejected[0].why.contains("until: there is no field `last`"));
    assert_eq!(aggregate.held(), 0, "what fails opens no group");
}

#[test]
fn a_summary_has_the_figures() {
    let settings = [("count", 3.into()), ("result", Setting::word("summary")), ("of", "message.v".into()), ("key", "'k'".into())];
    let mut aggregate = script(&settings);
    for (second, v) in [("1 s", json!(5)), ("2 s", json!(1.5)), ("3 s", json!(4))] {
        aggregate.at(second).send("in", json!({ "v": v }));
    }
    let expected = json!({"key": "k", "count": 3, "from": "2026-01-01T00:00:01.000Z", "to": "2026-01-01T00:00:03.000Z",
        "sum": 10.5, "mean": 3.5, "least": 1.5, "largest": 5.0});
    assert_eq!(aggregate.payloads("out"), [expected]);
    aggregate.send("in", json!({"v": "much"}));
    assert!(aggregate.seen().rejected[0].why.contains("of: expected a number"));
}

#[test]
fn g4_the_result_carries_every_delivery_on() {
    let mut aggregate = script(&[("count", 3.into())]);
    for number in 1..=3 {
        delivered(&mut aggregate, json!(number), number);
    }
    let numbers: Vec<u64> = aggregate.seen().left[0].message.settlement.deliveries().iter().map(|delivery| delivery.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(aggregate.seen().absorbed.len(), 2);
}

#[test]
fn g5_g6_the_result_lists_all_parents_repeats_its_id_and_is_as_old_as_the_oldest() {
    let run = || {
        let mut aggregate = script(&[("count", 2.into())]);
        let mut late = aggregate.at("3 s").message(json!("late"));
        late.entered = Moment::START + Span::secs(2);
        let mut old = aggregate.message(json!("old"));
        old.entered = Moment::START + Span::secs(1);
        aggregate.send_message("in", late.clone()).send_message("in", old.clone());
        let result = aggregate.seen().left[0].message.clone();
        assert_eq!(result.head().parents, [late.id, old.id]);
        assert_eq!(result.entered, old.entered);
        result.id
    };
    assert_eq!(run(), run());
}

#[test]
fn g4_locks_are_extended_as_long_as_deliveries_are_held() {
    let mut aggregate = script(&[("count", 0.into()), ("window", "25 s".into())]);
    delivered(&mut aggregate, json!(1), 1);
    aggregate.run();
    assert_eq!(aggregate.seen().renewed.len(), 2, "after 10 and 20 s");
    let mut plain = script(&[("count", 0.into()), ("window", "25 s".into())]);
    plain.send("in", json!(1));
    plain.run();
    assert!(plain.seen().renewed.is_empty());
}

#[test]
fn g12_open_groups_close_when_the_run_drains_and_go_back_when_the_node_goes() {
    let mut aggregate = script(&[("key", "message".into())]);
    for key in ["a", "b", "a"] {
        aggregate.send("in", json!(key));
    }
    aggregate.event(Event::Drain);
    assert_eq!(aggregate.payloads("out"), [json!(["a", "a"]), json!(["b"])]);
    let mut removed = script(&[]);
    delivered(&mut removed, json!(1), 1);
    assert_eq!(removed.held(), 1);
    assert_eq!(removed.give_back().nacked.len(), 1);
}

#[test]
fn the_number_of_groups_and_of_messages_is_bounded() {
    let mut closing = script(&[("key", "message".into()), ("most_groups", 2.into())]);
    for key in ["a", "b", "a", "c"] {
        closing.send("in", json!(key));
    }
    assert_eq!(closing.payloads("out"), [json!(["a", "a"])]);
    let mut failing = script(&[("key", "message".into()), ("most_groups", 1.into()), ("when_full", Setting::word("error"))]);
    failing.send("in", json!("a"));
    failing.send("in", json!("b"));
    assert!(failing.seen().rejected[0].why.contains("all 1 groups"));
    let mut long = script(&[("count", 0.into()), ("window", "1 h".into()), ("most_messages", 3.into())]);
    for number in 0..4 {
        long.send("in", json!(number));
    }
    assert_eq!((long.payloads("out").len(), long.held()), (1, 1));
}

#[test]
fn something_must_close_a_group() {
    assert!(problems(&AGGREGATE, [("count", 0.into())])[0].contains("nothing ever closes"));
    assert!(problems(&AGGREGATE, [("count", 0.into()), ("until", "message.last".into())]).is_empty());
    assert!(problems(&AGGREGATE, []).is_empty());
}

#[test]
fn late_messages_are_told_from_new_groups_where_asked_for() {
    for (word, out, dropped, rejected) in [("open", 2, 0, 0), ("drop", 1, 1, 0), ("error", 1, 0, 1)] {
        let settings = [
            ("key", "message.k".into()),
            ("count", 2.into()),
            ("late", word.into()),
            ("late_for", "10 s".into()),
            ("window", "5 s".into()),
        ];
        let mut aggregate = Script::new(&AGGREGATE, settings);
        for _ in 0..3 {
            aggregate.send("in", json!({"k": "a"}));
        }
        aggregate.at("8 s");
        let seen = aggregate.seen();
        assert_eq!((seen.left.len(), seen.dropped.len(), seen.rejected.len()), (out, dropped, rejected), "{word}");
        aggregate.at("10 s").send("in", json!({"k": "a"}));
        assert_eq!(aggregate.held(), 1, "{word}: what is long forgotten begins anew");
    }
}
