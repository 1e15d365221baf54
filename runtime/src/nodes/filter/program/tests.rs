//! The program filter, as scripts: answers, failures, deaths and restarts, live and modelled.

use super::*;
use crate::message::{Delivery, Settlement};
use crate::node::Script;
use crate::node::script::problems;
use crate::setting::Setting;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

type Asked = Rc<RefCell<Vec<(u32, u32, String)>>>;

/// A script in which this answers each line; with it, what was asked: process, life and line.
fn program(settings: &[(&'static str, Setting)], mut answer: impl FnMut(usize, &str) -> Answer + 'static) -> (Script, Asked) {
    let asked = Asked::default();
    let seen = asked.clone();
    let settings = [("command", Setting::text("tool"))].into_iter().chain(settings.iter().cloned());
    let script = Script::new(&PROGRAM, settings).answering("100 ms", move |ask| {
        let Ask::Exchange { process, life, line, .. } = ask else { return Answer::Done };
        let line = String::from_utf8_lossy(line).into_owned();
        let answer = answer(seen.borrow().len(), &line);
        seen.borrow_mut().push((*process, *life, line));
        answer
    });
    (script, asked)
}

fn line(text: &str) -> Answer {
    Answer::Line { line: Bytes::copy_from_slice(text.as_bytes()), said: Vec::new() }
}

fn gone() -> Answer {
    Answer::Gone { why: "the program ended with exit code 3".into(), said: vec!["oh".into()] }
}

#[test]
fn each_message_is_a_line_and_each_answer_a_message() {
    let (mut program, asked) = program(&[], |_, line_in| line(&format!("[{line_in}]")));
    program.send("in", json!({"a": 1}));
    program.send("in", json!(2));
    assert_eq!(program.waiting(), 1, "one is under way, the other waits before the node");
    program.run();
    assert_eq!((program.payloads("out"), program.times("out")), (vec![json!([{"a": 1}]), json!([2])], vec![0.1, 0.2]));
    assert_eq!(*asked.borrow(), [(0, 0, "{\"a\":1}".into()), (0, 0, "2".into())]);
    assert_eq!(program.held(), 0);
}

#[test]
fn results_may_be_none_one_or_many() {
    let (mut program, _) = program(&[("results", "list".into())], |n, _| line(["[]", "[1]", "[1,2,3]", "7"][n]));
    for _ in 0..4 {
        program.send("in", json!(0));
    }
    program.run();
    assert_eq!(program.payloads("out"), [1, 1, 2, 3].map(|n| json!(n)));
    assert_eq!((program.seen().dropped.len(), program.seen().rejected.len()), (1, 1));
}

#[test]
fn what_fails_takes_the_error_port_unchanged() {
    let (mut program, _) = program(&[], |n, _| line(["{\"error\":\"no such part\"}", "oops"][n]));
    program.send("in", json!(1));
    program.send("in", json!(2));
    program.run();
    let rejected = &program.seen().rejected;
    assert_eq!(&*rejected[0].why, "no such part");
    assert!(rejected[1].why.contains("not JSON"), "{}", rejected[1].why);
    assert_eq!(rejected[0].message.payload.value().unwrap(), &json!(1));
}

#[test]
fn attempts_follow_the_policy() {
    let settings = [("attempts", 3.into()), ("retry", "fixed".into()), ("retry_delay", "1 s".into())];
    let (mut program, asked) = program(&settings, |n, _| line(if n < 2 { "{\"error\":\"busy\"}" } else { "5" }));
    program.send("in", json!(1));
    program.run();
    assert_eq!((program.payloads("out"), program.times("out"), asked.borrow().len()), (vec![json!(5)], vec![2.3], 3));
    assert_eq!(program.gauge("retries"), 2.0);
}

#[test]
fn a_dead_program_gives_back_what_it_had_and_is_started_again_later_and_later() {
    let (mut program, asked) = program(&[("under_way", 2.into())], |n, line_in| if n < 4 { gone() } else { line(line_in) });
    let mut message = program.message(json!(1));
    message.settlement = Settlement::One(Delivery { origin: 3, attempt: 1, number: 9 });
    program.send_message("in", message);
    for n in 2..6 {
        program.send("in", json!(n));
    }
    program.run();
    // Two and two die together: one death each. Then one passes.
    assert_eq!(program.seen().nacked.len(), 1, "what came with a delivery goes back to its store");
    assert_eq!(program.seen().rejected.len(), 3);
    assert_eq!(program.payloads("out"), [json!(5)]);
    assert_eq!(asked.borrow().iter().map(|(_, life, _)| *life).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
    assert_eq!(program.gauge("restarts"), 2.0);
    // Dead at 0.1 s, again after 1 s; dead at 1.2 s, again after 2 s.
    assert_eq!(program.times("out"), [3.3]);
}

#[test]
fn after_too_many_ends_it_is_given_up_and_said_so() {
    for (then, rejected, waiting) in [("fail", 6, 0), ("wait", 3, 3)] {
        let settings = [("most_restarts", 2.into()), ("when_given_up", then.into())];
        let (mut program, asked) = program(&settings, |_, _| gone());
        for n in 0..6 {
            program.send("in", json!(n));
        }
        program.run();
        assert_eq!((asked.borrow().len(), program.gauge("given up")), (3, 1.0), "{then}");
        assert_eq!((program.seen().rejected.len(), program.waiting()), (rejected, waiting), "{then}");
        assert!(program.seen().errors.iter().any(|error| error.contains("not started any more")), "{then}");
        // A changed setting tries again.
        assert_eq!(program.change([("command", "other".into())]), Change::Kept);
    }
}

#[test]
fn order_is_kept_over_several_processes_if_asked() {
    let slow_first = |n: usize, line_in: &str| if n == 0 { gone() } else { line(line_in) };
    let settings = [("copies", 2.into()), ("order", "kept".into()), ("attempts", 2.into()), ("retry", "immediate".into())];
    let (mut program, asked) = program(&settings, slow_first);
    for n in 1..5 {
        program.send("in", json!(n));
    }
    program.run();
    assert_eq!(program.payloads("out"), [1, 2, 3, 4].map(|n| json!(n)));
    assert!(asked.borrow().iter().any(|(process, ..)| *process == 1));
}

#[test]
fn the_envelope_goes_over_and_comes_back() {
    let answer = |_: usize, line_in: &str| {
        let envelope: Value = serde_json::from_str(line_in).unwrap();
        line(&json!({"id": envelope["id"], "payload": envelope["headers"]["h"], "headers": {"seen": true}}).to_string())
    };
    let (mut program, _) = program(&[("form", "envelope".into()), ("matching", "by_id".into())], answer);
    let mut message = program.message(json!("x"));
    message.set_header("h", json!(5));
    program.send_message("in", message).run();
    assert_eq!(program.payloads("out"), [json!(5)]);
    assert_eq!(program.seen().left[0].message.header("seen"), Some(&json!(true)));
}

#[test]
fn g9_a_simulation_asks_the_model() {
    let settings = [("model_time", "2 s".into()), ("model", "message.a + 1".into()), ("under_way", 3.into())];
    let (mut program, _) = program(&settings, |_, _| Answer::Modelled);
    for n in 1..4 {
        program.send("in", json!({"a": n}));
    }
    program.send("in", json!({"b": 0}));
    program.run();
    assert_eq!(program.payloads("out"), [2, 3, 4].map(|n| json!(n)));
    // One process works on one after another, as a program that answers in order does.
    assert_eq!(program.times("out"), [2.1, 4.1, 6.1]);
    assert!(program.seen().rejected[0].why.contains("the model failed"));
}

#[test]
fn g9_the_model_dies_and_takes_too_long_as_programs_do() {
    let (mut slow, asked) = program(&[("model_time", "9 s".into()), ("time_limit", "3 s".into())], |_, _| Answer::Modelled);
    slow.send("in", json!(1));
    slow.at("3.5 s");
    assert!(slow.seen().rejected[0].why.contains("no answer within 3 s"));
    slow.send("in", json!(2));
    slow.run();
    assert_eq!((asked.borrow()[1].1, slow.gauge("restarts")), (1, 2.0));
    // Started again one second after its death at 3.1 s.
    assert_eq!(slow.seen().rejected[1].at.seconds(), 7.2);

    let settings =
        [("model_crash_share", 0.5.into()), ("attempts", 50.into()), ("retry", "immediate".into()), ("most_restarts", 1000.into())];
    let (mut brittle, _) = program(&settings, |_, _| Answer::Modelled);
    for n in 0..40 {
        brittle.send("in", json!(n));
    }
    brittle.run();
    assert_eq!(brittle.payloads("out").len(), 40);
    assert!((10.0..120.0).contains(&brittle.gauge("restarts")), "{}", brittle.gauge("restarts"));
}

#[test]
fn what_must_be_allowed_is_the_exact_command() {
    let node = crate::id::NodeId::new("node").unwrap();
    let settings = [("command".to_owned(), Setting::text("jq -c '.a | .b'"))].into_iter().collect();
    let mut form = Form::new(&node, &PROGRAM, &settings);
    drop((PROGRAM.build)(&mut form));
    let needs: Vec<String> = form.needs().iter().map(|need| need.capability.to_string()).collect();
    assert_eq!(needs, ["program:jq -c '.a | .b'"]);
    assert!(form.into_problems().is_empty());
    assert!(problems(&PROGRAM, [("command", "a 'b".into())])[0].contains("no command"));
    assert!(problems(&PROGRAM, [("command", "a".into()), ("matching", "by_id".into())])[0].contains("name their message"));
    assert!(problems(&PROGRAM, [])[0].contains("`command` must be set"));
}
