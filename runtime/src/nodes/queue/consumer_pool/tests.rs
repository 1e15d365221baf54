//! Pools as scripts.

use super::CONSUMER_POOL;
use crate::message::{Delivery, Settlement};
use crate::node::{Answer, Ask, Change, Fault, Script};
use serde_json::json;

#[test]
fn g8_works_on_as_many_as_there_are_servers() {
    let mut pool = Script::new(&CONSUMER_POOL, [("servers", 2.into()), ("service", "1 s".into())]);
    for number in 0..5 {
        pool.send("in", json!(number));
    }
    assert_eq!((pool.held(), pool.waiting()), (2, 3));
    pool.run();
    assert_eq!(pool.times("out"), [1.0, 1.0, 2.0, 2.0, 3.0]);
}

#[test]
fn unlimited_means_that_nothing_waits() {
    let mut pool = Script::new(&CONSUMER_POOL, [("size", "unlimited".into()), ("service", "1 s".into())]);
    for number in 0..1_000 {
        pool.send("in", json!(number));
    }
    assert_eq!((pool.held(), pool.waiting()), (1_000, 0));
    pool.run();
    assert!(pool.times("out").iter().all(|at| *at == 1.0));
}

#[test]
fn g6_an_unwired_output_means_delivered() {
    let mut pool = Script::new(&CONSUMER_POOL, []).wired("out", 0);
    pool.send("in", json!(1));
    pool.run();
    assert_eq!(pool.seen().delivered.len(), 1);
}

#[test]
fn g4_failed_work_goes_back_to_its_store_or_fails_here() {
    let mut pool = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into())]);
    pool.send("in", json!("nobody waits"));
    let mut message = pool.message(json!("a queue waits"));
    message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
    pool.send_message("in", message).run();
    assert_eq!((pool.seen().rejected.len(), pool.seen().nacked.len()), (1, 1));
    let mut wired = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into())]).wired("error", 1);
    wired.send("in", json!(1));
    wired.run();
    assert_eq!(wired.payloads("error"), [json!(1)]);
}

#[test]
fn g11_failures_and_times_belong_to_the_message() {
    let run = |order: [u64; 200]| {
        let mut pool = Script::new(&CONSUMER_POOL, [("failure_share", 0.3.into()), ("servers", 1_000.into())]);
        for number in order {
            let mut message = pool.message(json!(number));
            message.id = crate::id::MessageId::entering(1, [number, number]);
            pool.send_message("in", message);
        }
        pool.run();
        let mut failed: Vec<u64> = pool.seen().rejected.iter().map(|end| end.message.payload.value().unwrap().as_u64().unwrap()).collect();
        failed.sort_unstable();
        failed
    };
    let forward = run(std::array::from_fn(|number| number as u64));
    assert_eq!(forward, run(std::array::from_fn(|number| 199 - number as u64)));
    assert!((40..80).contains(&forward.len()), "{}", forward.len());
}

#[test]
fn shared_servers_go_slower_the_more_there_is_to_do() {
    let settings = [("discipline", "shared".into()), ("service", "1 s".into())];
    let mut pool = Script::new(&CONSUMER_POOL, settings);
    pool.send("in", json!(0));
    pool.at("500 ms").send("in", json!(1));
    assert_eq!((pool.held(), pool.waiting()), (2, 0));
    pool.run();
    // The first has half left when the second comes: both get that half by 1.5 s. Then the second is alone with its other half.
    assert_eq!(pool.times("out"), [1.5, 2.0]);
    let settings = [("discipline", "shared".into()), ("service", "1 s".into()), ("servers", 2.into()), ("most_shared", 4.into())];
    let mut pool = Script::new(&CONSUMER_POOL, settings);
    for number in 0..5 {
        pool.send("in", json!(number));
    }
    assert_eq!((pool.held(), pool.waiting()), (4, 1));
    pool.run();
    assert_eq!(pool.times("out"), [2.0, 2.0, 2.0, 2.0, 3.0]);
}

#[test]
fn g4_long_work_renews_its_lock_unless_told_otherwise() {
    for (renews, service, renewed) in [(true, "11 s", 1), (true, "10 s", 0), (false, "11 s", 0)] {
        let mut pool = Script::new(&CONSUMER_POOL, [("renew_locks", renews.into()), ("service", service.into())]);
        let mut message = pool.message(json!(1));
        message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 });
        pool.send_message("in", message).run();
        assert_eq!(pool.seen().renewed.len(), renewed, "{renews} {service}");
    }
}

#[test]
fn g12_a_changed_pool_keeps_its_work() {
    let mut pool = Script::new(&CONSUMER_POOL, [("servers", 1.into()), ("service", "2 s".into())]);
    for number in 0..3 {
        pool.send("in", json!(number));
    }
    pool.at("1 s");
    assert_eq!(pool.change([("servers", 2.into()), ("service", "1 s".into())]), Change::Kept);
    pool.run();
    assert_eq!(pool.times("out"), [2.0, 2.0, 3.0]);
}

fn delivered(pool: &mut Script, number: u64, attempt: u32) {
    let mut message = pool.message(json!(number));
    message.settlement = Settlement::One(Delivery { origin: 1, attempt, number });
    pool.send_message("in", message);
}

#[test]
fn a_failure_reaches_the_queue_as_set() {
    for (word, fault) in [("reject", Fault::Failed), ("nack", Fault::Returned), ("give_up", Fault::GivenUp), ("crash", Fault::Crashed)] {
        let mut pool = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into()), ("fails_by", word.into())]);
        delivered(&mut pool, 1, 1);
        pool.run();
        assert_eq!(pool.seen().faults, [fault], "{word}");
    }
    // A consumer that has somewhere to put what it gives up puts it there itself.
    let mut wired = Script::new(&CONSUMER_POOL, [("failure_share", 1.0.into()), ("fails_by", "give_up".into())]).wired("error", 1);
    delivered(&mut wired, 1, 1);
    wired.run();
    assert_eq!((wired.payloads("error"), wired.seen().nacked.len()), (vec![json!(1)], 0));
}

#[test]
fn poison_always_fails_and_is_given_up_when_the_consumer_counts() {
    let settings = [("poison", "message == 7".into()), ("gives_up_after", 3.into())];
    let mut pool = Script::new(&CONSUMER_POOL, settings);
    for (number, attempt) in [(6, 1), (7, 1), (7, 2), (7, 3)] {
        delivered(&mut pool, number, attempt);
    }
    pool.run();
    assert_eq!(pool.seen().faults, [Fault::Failed, Fault::Failed, Fault::GivenUp]);
    assert_eq!(pool.payloads("out"), [json!(6)]);
}

#[test]
fn s1_a_consumer_that_dies_gives_back_all_ten_and_comes_back() {
    let settings = [
        ("poison", "message == 0".into()),
        ("fails_by", "crash".into()),
        ("prefetch", 9.into()),
        ("service", "1 s".into()),
        ("restart_after", "5 s".into()),
    ];
    let mut pool = Script::new(&CONSUMER_POOL, settings);
    for number in 0..10 {
        delivered(&mut pool, number, 1);
    }
    pool.at("1 s");
    assert_eq!((pool.seen().nacked.len(), pool.seen().faults.iter().all(|fault| *fault == Fault::Crashed)), (10, true));
    // Dead, it takes nothing; what arrives nevertheless goes back when it is up again.
    delivered(&mut pool, 10, 1);
    assert_eq!((pool.held(), pool.waiting(), pool.gauge("crashes")), (0, 1, 1.0));
    pool.at("6 s");
    assert_eq!((pool.seen().nacked.len(), pool.waiting()), (11, 0));
    delivered(&mut pool, 11, 1);
    pool.run();
    assert_eq!(pool.times("out"), [7.0]);
}

#[test]
fn s8_an_ack_can_be_lost_or_late_apart_from_the_message() {
    let mut losing = Script::new(&CONSUMER_POOL, [("acks_lost", 1.0.into())]);
    delivered(&mut losing, 1, 1);
    losing.run();
    assert_eq!((&losing.seen().left[0].message.settlement, losing.seen().accepted.len()), (&Settlement::None, 0));
    let mut late = Script::new(&CONSUMER_POOL, [("acks_late", 1.0.into()), ("acks_late_by", "3 s".into()), ("service", "1 s".into())]);
    delivered(&mut late, 1, 1);
    late.at("3.9 s");
    assert_eq!((late.times("out"), late.seen().accepted.len()), (vec![1.0], 0));
    late.at("4 s");
    assert_eq!(late.seen().accepted, [Settlement::One(Delivery { origin: 1, attempt: 1, number: 1 })]);
}

/// A scaled pool, told these backlogs look by look, every 30 s; the servers after each look and its start-ups.
fn scaled(settings: &[(&'static str, crate::setting::Setting)], backlogs: &'static [u64]) -> Vec<u32> {
    let mut looks = backlogs.iter();
    let answer = move |ask: &Ask| {
        assert_eq!(*ask, Ask::Backlog);
        Answer::Backlog { messages: looks.next().copied().unwrap_or(0), stores: 1 }
    };
    let all = settings.iter().cloned().chain([("size", "scaled".into())]);
    let mut pool = Script::new(&CONSUMER_POOL, all).answering("0 s", answer);
    let mut servers = Vec::new();
    for look in 0..backlogs.len() {
        pool.at(&format!("{} s", look * 30 + 29));
        servers.push(pool.gauge("consumers") as u32);
    }
    servers
}

#[test]
fn a_scaled_pool_follows_the_backlog_by_keda_s_arithmetic() {
    let set = |cool_down: &str| {
        vec![("target", 5.into()), ("most_servers", 4.into()), ("cool_down", cool_down.into()), ("start_up", "10 s".into())]
    };
    // Rounded up, and no more than the most.
    assert_eq!(scaled(&set("0 s"), &[0, 1, 5, 6, 16, 1_000]), [0, 1, 1, 2, 4, 4]);
    // Let go at once without a cool-down; with one of 60 s, as many stay as were wanted at the most within it.
    assert_eq!(scaled(&set("0 s"), &[20, 0, 0, 0]), [4, 0, 0, 0]);
    assert_eq!(scaled(&set("60 s"), &[20, 10, 0, 0, 0]), [4, 4, 2, 0, 0]);
    // At least so many from the beginning, without a start-up.
    assert_eq!(scaled(&[("least_servers", 2.into()), ("start_up", "20 s".into())], &[0, 60]), [2, 12]);
}

#[test]
fn a_new_consumer_works_after_its_start_up_and_one_let_go_ends_its_work() {
    let mut looks = [3_u64, 0].into_iter();
    let settings = [
        ("size", "scaled".into()),
        ("target", 1.into()),
        ("start_up", "10 s".into()),
        ("cool_down", "0 s".into()),
        ("service", "60 s".into()),
    ];
    let mut pool =
        Script::new(&CONSUMER_POOL, settings).answering("0 s", move |_| Answer::Backlog { messages: looks.next().unwrap_or(0), stores: 1 });
    for number in 0..3 {
        delivered(&mut pool, number, 1);
    }
    pool.at("9 s");
    assert_eq!((pool.held(), pool.gauge("starting"), pool.gauge("wanted")), (0, 3.0, 3.0));
    pool.at("11 s");
    assert_eq!((pool.held(), pool.gauge("consumers")), (3, 3.0));
    pool.at("31 s");
    assert_eq!((pool.held(), pool.gauge("consumers")), (3, 0.0));
    pool.at("70 s");
    assert_eq!(pool.times("out"), [70.0, 70.0, 70.0]);
}

#[test]
fn a_scaled_pool_is_checked() {
    use crate::node::script::problems;
    let told = |settings: Vec<(&'static str, crate::setting::Setting)>| problems(&CONSUMER_POOL, settings).join("\n");
    assert!(told(vec![("size", "scaled".into()), ("least_servers", 5.into()), ("most_servers", 3.into())]).contains("cannot both hold"));
    assert!(told(vec![("size", "scaled".into()), ("discipline", "shared".into())]).contains("PW215"));
}
