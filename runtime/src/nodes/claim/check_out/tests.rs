//! Check-out as a script: what comes in, what the store is asked, what goes out.

use super::*;
use crate::message::Delivery;
use crate::node::Script;
use crate::node::script::problems;
use crate::setting::Setting;
use serde_json::json;

type Settings = Vec<(&'static str, Setting)>;
/// A reader, and what it has done with.
type Release = (Arc<str>, Vec<(Arc<str>, u32)>);

fn script(settings: Settings, latency: &str, mut answer: impl FnMut(u32) -> Answer + 'static) -> Script {
    let mut gets = 0;
    Script::new(&CHECK_OUT, settings).answering(latency, move |ask| {
        let Ask::Claim(ask) = ask else { panic!("{ask:?}") };
        if matches!(ask.act, ClaimAct::Get { .. }) {
            gets += 1;
            return answer(gets);
        }
        Answer::Claim(ClaimAnswer::Census(Box::new(Census { kept: 3, ..Census::default() })))
    })
}

fn taken(_: u32) -> Answer {
    Answer::Claim(ClaimAnswer::Taken(Payload::from_value(json!({"pixels": 9}))))
}

/// Sends a message with a claim, as a delivery that a store waits for.
fn send(script: &mut Script, number: u64, until: &str) {
    let mut message = script.message(json!(null));
    message.payload = Payload::EMPTY;
    message.set_header("colour", json!("red"));
    message.settlement = Settlement::One(Delivery { origin: 9, attempt: 2, number });
    let dataref = format!("memory:claims/00ff/{number}").into();
    let claim = Claim { dataref, hash: "beef".into(), length: 12, until: until.into(), readers: 2, ..Claim::default() };
    headers::write(&mut message, &claim);
    script.send_message("in", message);
}

const LATER: &str = "2026-01-01T00:10:00Z";

fn released(script: &Script) -> Vec<Release> {
    let release = |ask: &Ask| match ask {
        Ask::Claim(ask) => match &ask.act {
            ClaimAct::Release { reader, names } => Some((reader.clone(), names.clone())),
            _ => None,
        },
        _ => None,
    };
    script.seen().asked.iter().filter_map(release).collect()
}

#[test]
fn the_payload_comes_back_and_the_claim_is_gone() {
    let mut check_out = script(vec![], "1 s", taken);
    send(&mut check_out, 1, LATER);
    check_out.run();
    let left = &check_out.seen().left[0];
    assert_eq!((left.at.seconds(), left.message.payload.value()), (1.0, Ok(&json!({"pixels": 9}))));
    assert!(headers::read(&left.message).is_none() && left.message.header("colour").is_some());
    assert_eq!(check_out.gauge("checked out"), 1.0);
}

#[test]
fn g4_the_payload_is_given_up_when_the_message_has_ended_well() {
    let mut check_out = script(vec![("reader", "shop".into())], "0 s", taken);
    send(&mut check_out, 1, LATER);
    check_out.run();
    assert!(released(&check_out).is_empty() && check_out.seen().accepted.is_empty());
    assert_eq!(check_out.seen().left[0].message.settlement.deliveries()[0].attempt, 2, "the same attempt, for the same draws");
    check_out.ack(0).run();
    assert_eq!(check_out.seen().accepted, [Settlement::One(Delivery { origin: 9, attempt: 2, number: 1 })]);
    assert_eq!(released(&check_out), [("shop".into(), vec![("00ff/1".into(), 2)])]);
    assert_eq!((check_out.gauge("open behind here"), check_out.gauge("kept in the store")), (0.0, 3.0));
}

#[test]
fn g4_a_failure_behind_it_goes_back_to_the_queue_with_the_claim() {
    let mut check_out = script(vec![], "0 s", taken);
    send(&mut check_out, 1, LATER);
    check_out.run();
    check_out.nack(0).run();
    assert!(released(&check_out).is_empty(), "it will be read again");
    let back = &check_out.seen().nacked[0];
    assert_eq!((back.message.settlement.deliveries()[0].number, headers::read(&back.message).is_some()), (1, true));
    // Locks are passed on.
    send(&mut check_out, 2, LATER);
    check_out.run();
    check_out.renew(1);
    assert_eq!(check_out.seen().renewed[0].deliveries()[0].number, 2);
}

#[test]
fn a_store_that_is_away_sends_the_message_back_to_its_queue() {
    let away = |_| Answer::Failed("the store is away".into());
    let mut check_out = script(vec![], "1 s", away);
    send(&mut check_out, 1, LATER);
    check_out.run();
    assert!(check_out.seen().nacked[0].why.contains("could not be fetched: the store is away"));
    let settings = vec![("attempts", 2.into()), ("retry", Setting::word("fixed")), ("retry_delay", "3 s".into())];
    let mut again = script(settings, "1 s", |get| if get == 1 { Answer::Failed("away".into()) } else { taken(get) });
    send(&mut again, 1, LATER);
    again.run();
    assert_eq!(again.times("out"), [5.0]);
}

#[test]
fn what_no_repetition_mends_has_a_reason_of_its_own() {
    for (fault, gauge) in
        [(Fault::Gone, "dangling"), (Fault::Altered, "altered"), (Fault::Unauthorised, "unauthorised"), (Fault::Expired, "expired")]
    {
        let mut check_out = script(vec![], "0 s", move |_| Answer::Claim(ClaimAnswer::Refused(fault, "told by the store".into())));
        send(&mut check_out, 1, LATER);
        check_out.run();
        assert_eq!(&*check_out.seen().dead_lettered[0].why, format!("{}: told by the store", fault.reason()));
        assert_eq!((check_out.gauge(gauge), check_out.gauge("refused"), check_out.seen().errors.len()), (1.0, 1.0, 1));
    }
}

#[test]
fn an_expired_claim_is_not_asked_for() {
    let mut check_out = script(vec![], "0 s", taken);
    check_out.at("10 s");
    send(&mut check_out, 1, "2026-01-01T00:00:10Z");
    send(&mut check_out, 2, "2026-01-01T00:00:11Z");
    check_out.run();
    assert_eq!((check_out.gauge("expired"), check_out.seen().left.len()), (1.0, 1));
    send(&mut check_out, 3, "soon");
    check_out.run();
    assert_eq!(check_out.gauge("altered"), 1.0);
}

#[test]
fn a_message_without_a_claim_passes() {
    let mut check_out = script(vec![], "0 s", taken);
    check_out.send("in", json!(5));
    check_out.run();
    assert_eq!((check_out.payloads("out"), check_out.gauge("passed whole")), (vec![json!(5)], 1.0));
}

#[test]
fn who_only_looks_gives_nothing_up() {
    let mut check_out = script(vec![("done", false.into())], "0 s", taken);
    send(&mut check_out, 1, LATER);
    check_out.run();
    assert_eq!(check_out.seen().left[0].message.settlement.deliveries()[0].origin, 9, "the queue itself waits");
    assert!(released(&check_out).is_empty());
}

#[test]
fn a_late_settlement_from_before_a_restart_does_no_harm() {
    let mut first = script(vec![], "0 s", taken);
    send(&mut first, 1, LATER);
    first.run();
    first.ack(0);
    first.ack(0);
    assert_eq!(first.seen().accepted.len(), 1);
    assert!(problems(&CHECK_OUT, [("reader", "a,b".into())])[0].contains("no comma"));
}
