//! Check-in as a script: what comes in, what the store is asked, what goes out.

use super::*;
use crate::node::Script;
use crate::node::script::problems;
use crate::setting::Setting;
use serde_json::json;

type Settings = Vec<(&'static str, Setting)>;

/// A store that keeps everything; a put that `fails` says is away.
fn store(mut fails: impl FnMut(u32) -> bool + 'static) -> impl FnMut(&Ask) -> Answer {
    let mut puts = 0;
    move |ask| {
        let Ask::Claim(ask) = ask else { panic!("{ask:?}") };
        match &ask.act {
            ClaimAct::Put { name, content, until, readers, seal, .. } => {
                puts += 1;
                if fails(puts) {
                    return Answer::Failed("the store is away".into());
                }
                let claim = Claim {
                    dataref: format!("memory:claims/{name}").into(),
                    hash: "beef".into(),
                    length: content.len() as u64,
                    until: until.clone(),
                    readers: *readers,
                    may_read: seal.as_ref().map(|seal| seal.may_read.clone()).unwrap_or_default(),
                    signature: seal.as_ref().map(|seal| seal.key.clone()).unwrap_or_default(),
                };
                Answer::Claim(ClaimAnswer::Stored(Box::new((claim, Census { puts: u64::from(puts), ..Census::default() }))))
            }
            _ => Answer::Claim(ClaimAnswer::Census(Box::default())),
        }
    }
}

fn script(settings: Settings, latency: &str, fails: impl FnMut(u32) -> bool + 'static) -> Script {
    Script::new(&CHECK_IN, settings).answering(latency, store(fails))
}

/// Goes on until nothing but sweeps is due.
fn on(script: &mut Script) -> &mut Script {
    script.at("50 s")
}

fn large(number: u32) -> serde_json::Value {
    json!({"n": number, "pixels": "x".repeat(5_000)})
}

#[test]
fn small_payloads_travel_and_large_ones_are_checked_in() {
    let mut check_in = script(vec![("threshold", "4 KiB".into())], "1 s", |_| false);
    let small = check_in.send("in", json!("x".repeat(4_000)));
    let large = check_in.send("in", json!("x".repeat(4_094)));
    on(&mut check_in);
    let left = &check_in.seen().left;
    assert_eq!((left[0].message.id, left[0].message.payload.len(), left[0].at.seconds()), (small, 4_002, 0.0));
    assert_eq!((left[1].message.id, left[1].message.payload.len(), left[1].at.seconds()), (large, 0, 1.0));
    let claim = headers::read(&left[1].message).unwrap().unwrap();
    assert_eq!((claim.length, claim.readers, &*claim.signature), (4_096, 1, ""));
    assert!(headers::read(&left[0].message).is_none());
    assert_eq!((check_in.gauge("checked in"), check_in.gauge("passed whole")), (1.0, 1.0));
}

#[test]
fn g10_messages_leave_in_the_order_in_which_they_came() {
    let mut check_in = script(vec![("parallel", 8.into())], "1 s", |put| put == 1);
    for number in 0_u32..6 {
        check_in.send("in", if number.is_multiple_of(2) { large(number) } else { json!(number) });
    }
    on(&mut check_in);
    let ids: Vec<_> = check_in.seen().left.iter().map(|left| left.message.id).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_eq!((ids.len(), &ids), (6, &sorted), "the first one was tried twice, and the others waited for it");
}

#[test]
fn a_store_that_is_away_is_tried_again_and_then_the_send_fails() {
    let settings = || vec![("attempts", 3.into()), ("retry", Setting::word("fixed")), ("retry_delay", "2 s".into())];
    let mut twice = script(settings(), "1 s", |put| put <= 2);
    twice.send("in", large(1));
    on(&mut twice);
    assert_eq!((twice.times("out"), twice.gauge("retries")), (vec![7.0], 2.0));
    let mut always = script(settings(), "1 s", |_| true);
    always.send("in", large(1));
    let mut delivered = always.message(large(2));
    delivered.settlement = crate::message::Settlement::One(crate::message::Delivery { origin: 1, attempt: 1, number: 1 });
    always.send_message("in", delivered);
    on(&mut always);
    // Nothing leaves without its payload; it is whole still.
    assert!(always.seen().left.is_empty());
    assert_eq!((always.seen().rejected.len(), always.seen().nacked.len()), (1, 1));
    assert!(always.seen().rejected[0].why.contains("could not be stored: the store is away"));
    assert_eq!(always.seen().rejected[0].message.payload.value(), Ok(&large(1)));
}

#[test]
fn a_payload_lives_at_least_as_long_as_its_message() {
    let expiry = |own: Option<u64>| {
        let mut check_in = script(vec![("time_to_live", "10 s".into())], "0 s", |_| false);
        let mut message = check_in.message(large(1));
        message.expires = own.map_or(Moment::NEVER, |seconds| Moment::START + Span::secs(seconds));
        check_in.send_message("in", message);
        on(&mut check_in);
        let asked = check_in.seen().asked.iter().find_map(|ask| match ask {
            Ask::Claim(ask) => match &ask.act {
                ClaimAct::Put { expires, until, .. } => Some((expires.seconds(), until.to_string())),
                _ => None,
            },
            _ => None,
        });
        asked.unwrap()
    };
    assert_eq!(expiry(None), (10.0, "2026-01-01T00:00:10Z".to_owned()));
    assert_eq!(expiry(Some(5)).0, 10.0);
    assert_eq!(expiry(Some(90)), (90.0, "2026-01-01T00:01:30Z".to_owned()));
}

#[test]
fn claims_that_not_everyone_may_read_are_signed() {
    assert!(problems(&CHECK_IN, [("may_read", "shop".into())])[0].contains("must be signed"));
    let mut check_in = script(vec![("may_read", "shop, archive".into()), ("key", "CLAIM_KEY".into())], "0 s", |_| false);
    check_in.send("in", large(1));
    on(&mut check_in);
    let claim = headers::read(&check_in.seen().left[0].message).unwrap().unwrap();
    assert_eq!((&*claim.may_read, &*claim.signature), ("archive,shop", "CLAIM_KEY"));
}

#[test]
fn it_sweeps_at_the_start_and_again_and_again() {
    let mut check_in = script(vec![("sweep_every", "10 s".into())], "1 s", |_| false);
    check_in.at("35 s");
    let sweeps = |script: &Script| {
        let is_sweep = |ask: &&Ask| matches!(ask, Ask::Claim(ask) if matches!(ask.act, ClaimAct::Sweep { .. }));
        script.seen().asked.iter().filter(is_sweep).count()
    };
    assert_eq!(sweeps(&check_in), 4);
    assert_eq!(check_in.change([("sweep_every", "5 s".into())]), Change::Kept);
    check_in.at("47 s");
    assert_eq!(sweeps(&check_in), 6, "at 40 s by the old pace, then at 45 s");
    assert_eq!(check_in.change([("name", "others".into())]), Change::Restart);
}

#[test]
fn both_ways_are_compared_in_bytes_and_money() {
    let settings =
        vec![("price_carried", 1e9.into()), ("price_writes", 1_000.0.into()), ("price_reads", 0.0.into()), ("price_storage", 0.0.into())];
    let mut check_in = script(settings, "0 s", |_| false);
    for number in 0..10 {
        check_in.send("in", large(number));
    }
    check_in.send("in", json!("small"));
    on(&mut check_in);
    let bytes: usize = (0..10).map(|number| large(number).to_string().len()).sum::<usize>() + 7;
    let travelled: usize = check_in.seen().left.iter().map(|left| left.message.size()).sum();
    assert_eq!(check_in.gauge("kept off the pipes") as usize, bytes - travelled);
    let each = 1e9 / 1_073_741_824.0;
    assert!((check_in.gauge("cost without claims") - bytes as f64 * each).abs() < 1e-6);
    // The script's store counts ten writes, and one costs 1 here.
    assert!((check_in.gauge("cost with claims") - (travelled as f64 * each + 10.0)).abs() < 1e-6);
}
