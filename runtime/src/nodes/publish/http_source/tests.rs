//! The HTTP source as scripts: requests in, messages and answers out.

use super::*;
use crate::message::Value;
use crate::node::{Script, Verdict};
use crate::setting::Setting;
use bytes::Bytes;
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;

type Answers = Rc<RefCell<Vec<(u64, u16)>>>;

/// A source to which these requests come, in pages; with it, what was answered.
fn source(settings: &[(&'static str, Setting)], pages: Vec<Vec<(&'static str, &'static str)>>) -> (Script, Answers) {
    let answers = Answers::default();
    let given = answers.clone();
    let mut pages = VecDeque::from(pages);
    let mut number = 0;
    let script = Script::new(&HTTP_SOURCE, settings.iter().cloned()).answering("1 s", move |ask| match ask {
        Ask::Serve(_) => Answer::Serving { port: 4711 },
        Ask::NextRequests { .. } => {
            let requests = pages.pop_front().unwrap_or_default().into_iter().map(|(kind, body)| {
                number += 1;
                let headers = vec![("content-type".to_owned(), kind.to_owned())];
                HttpRequest { number, path: "/".into(), headers, body: Bytes::from_static(body.as_bytes()) }
            });
            Answer::Requests { requests: requests.collect(), refused: 3 }
        }
        Ask::Respond { request, status, .. } => {
            given.borrow_mut().push((*request, *status));
            Answer::Done
        }
        _ => Answer::Done,
    });
    (script, answers)
}

const JSON: &str = "application/json";

#[test]
fn a_body_is_a_payload_and_the_sender_hears_at_once() {
    let settings = [("key", "message.k".into())];
    let (mut source, answers) = source(&settings, vec![vec![(JSON, r#"{"k":"a"}"#), (JSON, "[]")], vec![("text/plain", "x")]]);
    source.at("3.5 s");
    assert_eq!(source.payloads("out"), [json!({"k": "a"})]);
    let message = &source.seen().left[0].message;
    assert_eq!((message.key(), message.head().content_type.as_deref()), (Some("a"), Some(JSON)));
    // No key, and no JSON: they fail at the source, and the sender hears that.
    assert_eq!(source.seen().rejected.len(), 2);
    assert_eq!(*answers.borrow(), [(1, 202), (2, 422), (3, 422)]);
    assert_eq!((source.gauge("port"), source.gauge("refused")), (4711.0, 3.0));
}

#[test]
fn while_the_pipe_is_full_nothing_more_is_taken() {
    let (source, answers) = source(&[], vec![vec![(JSON, "1"), (JSON, "2"), (JSON, "3")], vec![(JSON, "4")]]);
    let mut source = source.room("out", 1);
    source.at("9 s");
    // One in the pipe, one behind it; the third waits, and the fourth is left to the server.
    assert_eq!((source.seen().left.len(), source.gauge("waiting")), (1, 1.0));
    assert_eq!(answers.borrow().len(), 2);
    source.grant("out", 9).at("12 s");
    assert_eq!(source.payloads("out").len(), 4);
    assert_eq!(answers.borrow().len(), 4);
}

#[test]
fn the_answer_can_wait_for_the_end_of_everything() {
    let (mut source, answers) = source(&[("answer", "ended".into())], vec![vec![(JSON, "1")]]);
    source.at("5 s");
    assert_eq!((answers.borrow().len(), source.gauge("waiting for the end")), (0, 1.0));
    source.event(Event::Settled { number: 0, attempt: 0, verdict: Verdict::Ack }).at("7 s");
    assert_eq!(*answers.borrow(), [(1, 200)]);
}

#[test]
fn what_is_no_message_never_enters() {
    let (mut source, answers) = source(&[], vec![vec![("application/cloudevents+json", "{}")]]);
    source.at("5 s");
    assert_eq!((*answers.borrow()).as_slice(), [(1, 400)]);
    assert!(source.seen().left.is_empty() && source.seen().rejected.is_empty());
}

#[test]
fn a_drained_source_lets_in_what_it_has_and_is_exhausted() {
    let (source, _) = source(&[], vec![vec![(JSON, "1"), (JSON, "2"), (JSON, "3")]]);
    let mut source = source.room("out", 0);
    source.at("3 s").event(Event::Drain);
    assert!(!source.seen().exhausted);
    source.grant("out", 9).at("9 s");
    assert!(source.seen().exhausted);
    assert_eq!(source.payloads("out").len(), 3);
}

#[test]
fn a_port_that_is_taken_is_told_and_ends_the_source() {
    let mut source = Script::new(&HTTP_SOURCE, []).answering("1 s", |_| Answer::Failed("cannot listen".into()));
    source.run();
    assert_eq!((source.seen().errors.len(), source.seen().exhausted), (1, true));
}

#[test]
fn g9_a_simulation_has_modelled_requests_and_refuses_as_a_server_does() {
    let settings = [
        ("model_arrivals", "constant".into()),
        ("model_rate", "10/s".into()),
        ("model_count", 50.into()),
        ("most_waiting", 5.into()),
        ("key", "string(message.number)".into()),
    ];
    let modelled =
        |room: usize| Script::new(&HTTP_SOURCE, settings.iter().cloned()).room("out", room).answering("1 s", |_| Answer::Modelled);
    let mut free = modelled(1_000);
    free.run();
    assert_eq!((free.payloads("out").len(), free.seen().exhausted, free.gauge("refused")), (50, true, 0.0));
    assert_eq!(free.seen().left[7].message.key(), Some("7"));
    assert_eq!(free.payloads("out")[7], Value::from(json!({"number": 7})));
    let mut full = modelled(10);
    full.at("60 s");
    // Ten in the pipe, one behind it, five wait; the rest hears to come again.
    assert_eq!((full.gauge("waiting"), full.gauge("refused")), (5.0, 34.0));
}
