//! The rule books of brokers: the documented example of each, as a script of one queue and as a run in both modes.

use pipewright_runtime::node::field::FieldType;
use pipewright_runtime::node::{Fault, Script, script};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::setting::{Setting, Settings};
use pipewright_runtime::units::Span;
use pipewright_tests::{Ran, number};
use serde_json::json;

fn queue(rules: &str, settings: &[(&'static str, Setting)]) -> Script {
    let kind = CATALOGUE.get("queue").expect("there is a queue");
    let all = settings.iter().cloned().chain([("rules", Setting::word(rules))]);
    Script::new(kind, all)
}

/// Fails the newest delivery so many times in a row.
fn fail_again(queue: &mut Script, times: usize, fault: Fault) {
    for _ in 0..times {
        let newest = queue.seen().left.len() - 1;
        queue.fail(newest, fault);
    }
}

fn reason(queue: &Script) -> Vec<String> {
    queue.seen().dead_lettered.iter().map(|dead| dead.why.split(':').next().unwrap_or_default().to_owned()).collect()
}

fn numbers(queue: &Script) -> Vec<i64> {
    queue.payloads("out").iter().filter_map(serde_json::Value::as_i64).collect()
}

/// `RabbitMQ` 4.3, Quorum Queues, poison message handling, and Negative Acknowledgements.
#[test]
fn rabbitmq_gives_up_at_the_21st_reject_and_never_for_a_nack() {
    let mut poison = queue("rabbitmq_quorum", &[]);
    poison.send("in", json!("poison"));
    fail_again(&mut poison, 20, Fault::Failed);
    assert_eq!((poison.seen().left.len(), reason(&poison)), (21, vec![]));
    fail_again(&mut poison, 1, Fault::Failed);
    assert_eq!((poison.seen().left.len(), reason(&poison)), (21, vec!["delivery_limit".to_owned()]));

    let mut returned = queue("rabbitmq_quorum", &[]);
    returned.send("in", json!("not now"));
    fail_again(&mut returned, 500, Fault::Returned);
    assert_eq!((returned.seen().left.len(), reason(&returned)), (501, vec![]));
    // A dead consumer counts, as a reject does, and the message is there again at once.
    fail_again(&mut returned, 21, Fault::Crashed);
    assert_eq!(reason(&returned), ["delivery_limit"]);

    let mut unlimited = queue("rabbitmq_quorum", &[("delivery_limit", (-1).into())]);
    unlimited.send("in", json!(1));
    fail_again(&mut unlimited, 1_000, Fault::Failed);
    assert_eq!(reason(&unlimited), [""; 0]);
    let mut refused = queue("rabbitmq_quorum", &[]);
    refused.send("in", json!(1));
    refused.fail(0, Fault::GivenUp);
    assert_eq!(reason(&refused), ["rejected"], "reject without requeue");
}

/// `RabbitMQ` 4.3, Quorum Queues, consumer timeout: returned, not counted, and no way to renew.
#[test]
fn rabbitmq_returns_after_the_consumer_timeout_of_thirty_minutes() {
    let mut slow = queue("rabbitmq_quorum", &[("delivery_limit", 1.into())]);
    slow.send("in", json!(1));
    slow.at("29 min").renew(0);
    for (at, deliveries) in [("1799 s", 1), ("1800 s", 2), ("3600 s", 3), ("5400 s", 4)] {
        slow.at(at);
        assert_eq!(slow.seen().left.len(), deliveries, "{at}");
    }
    assert_eq!(reason(&slow), [""; 0]);
}

/// `RabbitMQ` 4.3, Quorum Queues, priorities: 32 levels; what is returned goes first, in the order of its return, whatever its priority.
#[test]
fn rabbitmq_tells_32_priorities_apart_and_hands_returned_ones_out_first() {
    let mut levels = queue("rabbitmq_quorum", &[]).room("out", 0);
    for (number, priority) in [(0, 0), (1, 40), (2, 200), (3, 31), (4, 30)] {
        let mut message = levels.message(json!(number));
        message.priority = priority;
        levels.send_message("in", message);
    }
    levels.grant("out", 2);
    assert_eq!(numbers(&levels), [1, 2]);
    levels.fail(1, Fault::Returned).fail(0, Fault::Failed).grant("out", 9);
    assert_eq!(numbers(&levels)[2..], [2, 1, 3, 4, 0]);
}

/// `RabbitMQ` 4.3, Quorum Queues, priority-aware message expiration, delayed retry, and length limit.
#[test]
fn rabbitmq_expires_at_the_head_delays_linearly_and_drops_its_head() {
    let mut ordered = queue("rabbitmq_quorum", &[]).room("out", 0);
    for (number, seconds) in [(0, 9), (1, 2), (2, 99)] {
        let mut message = ordered.message(json!(number));
        message.expires = ordered.now() + Span::secs(seconds);
        ordered.send_message("in", message);
    }
    // The second is over time, and stands behind one that is not.
    ordered.at("8 s");
    assert_eq!((ordered.gauge("ready"), reason(&ordered)), (3.0, vec![]));
    ordered.at("9 s");
    assert_eq!((ordered.gauge("ready"), reason(&ordered).len()), (1.0, 2));

    let settings = [("retry", "linear".into()), ("retry_delay", "1 s".into()), ("retry_cap", "3 s".into())];
    let mut later = queue("rabbitmq_quorum", &settings);
    later.send("in", json!(1));
    for (at, times) in [("1 s", 2), ("3 s", 3), ("6 s", 4), ("9 s", 5)] {
        fail_again(&mut later, 1, Fault::Failed);
        later.at(at);
        assert_eq!(later.seen().left.len(), times, "{at}");
    }
    let mut full = queue("rabbitmq_quorum", &[("capacity", 2.into())]).room("out", 0);
    for number in 0..4 {
        full.send("in", json!(number));
    }
    assert_eq!((reason(&full), full.gauge("ready")), (vec!["maxlen".to_owned(), "maxlen".to_owned()], 2.0));
}

/// Azure Service Bus, Overview of dead-letter queues; Message transfers, locks, and settlement.
#[test]
fn service_bus_dead_letters_after_ten_deliveries_and_whatever_ended_them_counts() {
    for fault in [Fault::Failed, Fault::Returned] {
        let mut poison = queue("service_bus", &[]);
        poison.send("in", json!("poison"));
        fail_again(&mut poison, 9, fault);
        assert_eq!((poison.seen().left.len(), reason(&poison)), (10, vec![]));
        fail_again(&mut poison, 1, fault);
        assert_eq!((poison.seen().left.len(), reason(&poison)), (10, vec!["MaxDeliveryCountExceeded".to_owned()]));
    }
    // A lock of one minute that nobody renews: ten of them.
    let mut silent = queue("service_bus", &[]);
    silent.send("in", json!(1));
    silent.at("599 s");
    assert_eq!((silent.seen().left.len(), reason(&silent)), (10, vec![]));
    silent.at("600 s");
    assert_eq!(reason(&silent), ["MaxDeliveryCountExceeded"]);
    let mut renewed = queue("service_bus", &[]);
    renewed.send("in", json!(1));
    renewed.at("50 s").renew(0).at("109 s");
    assert_eq!(renewed.seen().left.len(), 1);
    renewed.at("110 s");
    assert_eq!(renewed.seen().left.len(), 2);
}

/// Azure Service Bus, Message transfers, locks, and settlement: a closed receiver does not unlock what it holds.
#[test]
fn service_bus_gives_nothing_back_before_the_lock_ends_if_the_consumer_dies() {
    let mut dead = queue("service_bus", &[]);
    dead.send("in", json!(1));
    dead.at("20 s").fail(0, Fault::Crashed);
    assert_eq!((dead.held(), dead.gauge("locked"), dead.gauge("locks lost")), (1, 1.0, 0.0));
    dead.at("59 s");
    assert_eq!(dead.seen().left.len(), 1);
    dead.at("60 s");
    assert_eq!((dead.seen().left.len(), dead.gauge("locked")), (2, 1.0));
    dead.ack(1);
    assert_eq!((dead.held(), dead.gauge("locked")), (0, 0.0));
}

/// Azure Service Bus, Message expiration; Duplicate detection.
#[test]
fn service_bus_expires_with_its_own_reason_and_detects_duplicates_for_ten_minutes() {
    let expire = |when_expired: Option<&str>| {
        let mut settings = vec![("time_to_live", Setting::text("5 s"))];
        settings.extend(when_expired.map(|word| ("when_expired", Setting::word(word))));
        let mut old = queue("service_bus", &settings).room("out", 0);
        old.send("in", json!(1));
        old.at("5 s");
        (reason(&old), old.seen().dropped.len())
    };
    assert_eq!(expire(None), (vec![], 1), "dead-lettering on expiration is off unless set");
    assert_eq!(expire(Some("dead_letter")), (vec!["TTLExpiredException".to_owned()], 0));
    let mut once = queue("service_bus", &[("guarantee", "effectively_once".into())]);
    let message = once.message(json!(1));
    once.send_message("in", message.clone());
    once.ack(0).at("599 s").send_message("in", message.clone());
    assert_eq!(once.seen().left.len(), 1);
    once.at("601 s").send_message("in", message);
    assert_eq!(once.seen().left.len(), 2);
}

/// NATS, `JetStream` consumers, `MaxDeliver`: the message stays in the stream, and an advisory tells.
#[test]
fn jetstream_sets_aside_after_the_last_delivery_and_publishes_an_advisory() {
    let mut poison = queue("jetstream", &[("max_deliveries", 3.into())]).wired("dead_letters", 1);
    let id = poison.send("in", json!("poison"));
    fail_again(&mut poison, 2, Fault::Failed);
    assert!(poison.payloads("dead_letters").is_empty());
    fail_again(&mut poison, 1, Fault::Returned);
    let told = poison.payloads("dead_letters");
    assert_eq!((told.len(), &told[0]["deliveries"], &told[0]["message"]), (1, &json!(3), &json!(id.to_string())));
    assert_eq!(told[0]["type"], "io.nats.jetstream.advisory.v1.max_deliver");
    // It is there, and nobody gets it.
    assert_eq!((poison.held(), poison.gauge("set aside"), poison.gauge("advisories")), (1, 1.0, 1.0));
    poison.at("1 h");
    assert_eq!(poison.payloads("out").len(), 3);
    // Other rules take it up again.
    poison.change([("rules", "ours".into())]);
    assert_eq!(poison.payloads("out").len(), 4);
    // Without a limit it goes on for ever.
    let mut endless = queue("jetstream", &[]);
    endless.send("in", json!(1));
    fail_again(&mut endless, 1_000, Fault::Failed);
    assert_eq!((endless.seen().left.len(), endless.gauge("set aside")), (1_001, 0.0));
    let mut terminated = queue("jetstream", &[]).wired("dead_letters", 1);
    terminated.send("in", json!(1));
    terminated.fail(0, Fault::GivenUp);
    assert_eq!((&*terminated.seen().dropped[0].why, terminated.payloads("dead_letters").len(), terminated.held()), ("terminated", 1, 0));
}

/// NATS, `JetStream` consumers, `AckWait`, `BackOff` and `MaxAckPending`.
#[test]
fn jetstream_waits_thirty_seconds_or_by_the_backoff_and_bounds_what_is_unanswered() {
    let mut silent = queue("jetstream", &[]);
    silent.send("in", json!(1));
    silent.at("100 s");
    assert_eq!(silent.times("out"), [0.0, 30.0, 60.0, 90.0]);
    let mut backoff = queue("jetstream", &[("backoff", "1 s, 5 s, 30 s".into())]);
    backoff.send("in", json!(1));
    backoff.at("100 s");
    assert_eq!(backoff.times("out"), [0.0, 1.0, 6.0, 36.0, 66.0, 96.0], "it takes the place of the wait for an answer");
    // What is given back does not heed it, and a dead consumer is the same as a silent one.
    let mut given_back = queue("jetstream", &[("backoff", "10 s, 50 s".into())]);
    given_back.send("in", json!(1));
    given_back.at("2 s").fail(0, Fault::Returned).at("3 s").fail(1, Fault::Crashed).at("100 s");
    assert_eq!(given_back.times("out"), [0.0, 2.0, 52.0]);
    let mut pending = queue("jetstream", &[("max_ack_pending", 2.into())]);
    for number in 0..5 {
        pending.send("in", json!(number));
    }
    assert_eq!(numbers(&pending), [0, 1]);
    pending.ack(0);
    assert_eq!(numbers(&pending), [0, 1, 2]);
    let kind = CATALOGUE.get("queue").expect("there is a queue");
    let refused = [("rules", "jetstream".into()), ("max_deliveries", 2.into()), ("backoff", "1 s, 2 s, 3 s".into())];
    assert!(script::problems(kind, refused)[0].contains("3 waits for 2 deliveries"));
}

/// Redis, XREADGROUP, XPENDING and XAUTOCLAIM: pending until somebody claims it, and counted without a limit.
#[test]
fn redis_keeps_what_is_not_acknowledged_pending_until_it_is_claimed_by_idle_time() {
    for fault in [Fault::Failed, Fault::Returned, Fault::Crashed] {
        let mut pending = queue("redis_streams", &[("claim_after", "30 s".into())]);
        pending.send("in", json!(1));
        pending.at("10 s").fail(0, fault);
        assert_eq!((pending.held(), pending.gauge("locked")), (1, 1.0), "{fault:?}: there is no nack");
        pending.at("29 s");
        assert_eq!(pending.seen().left.len(), 1, "{fault:?}");
        pending.at("30 s");
        assert_eq!(pending.times("out"), [0.0, 30.0], "{fault:?}: idle since its delivery");
        let attempt = pending.seen().left[1].message.settlement.deliveries()[0].attempt;
        assert_eq!(attempt, 2, "the delivery counter of XPENDING");
    }
    // Work is no answer: what takes longer is claimed, renewed or not.
    let mut slow = queue("redis_streams", &[]);
    slow.send("in", json!(1));
    slow.at("50 s").renew(0).at("61 s");
    assert_eq!((slow.seen().left.len(), slow.gauge("locks lost")), (2, 1.0));
    slow.ack(0).ack(1);
    assert_eq!(slow.gauge("late acks"), 1.0);
    let mut endless = queue("redis_streams", &[("claim_after", "1 s".into())]);
    endless.send("in", json!(1));
    endless.at("1000 s");
    assert_eq!((endless.seen().left.len(), reason(&endless).len()), (1_001, 0), "nothing is ever given up");
    // Claims go before what is new; what a consumer gives up it acknowledges.
    let mut mixed = queue("redis_streams", &[("claim_after", "5 s".into())]).room("out", 1);
    for number in 0..3 {
        mixed.send("in", json!(number));
    }
    mixed.at("6 s").grant("out", 2);
    assert_eq!(numbers(&mixed), [0, 0, 1]);
    mixed.fail(1, Fault::GivenUp);
    assert_eq!(&*mixed.seen().dropped[0].why, "given_up");
}

#[test]
fn what_a_broker_lacks_is_a_problem_at_the_setting_that_says_why() {
    let mut seen = 0;
    for kind in CATALOGUE.kinds() {
        for field in kind.fields {
            for lack in field.lacks {
                for word in lack.words {
                    let FieldType::Choice(words) = kind.field(lack.choice).expect("the choice is there").ty else { panic!("{word}") };
                    assert!(words.iter().any(|known| known.name == *word), "{}.{}: {word}", kind.name, field.name);
                    let values: Vec<Setting> = match field.ty {
                        FieldType::Choice(words) if lack.values.is_empty() => vec![Setting::word(words[0].name)],
                        _ if lack.values.is_empty() => vec![field.default.setting().unwrap_or_else(|| Setting::text("5 s"))],
                        _ => lack.values.iter().map(|value| Setting::word(*value)).collect(),
                    };
                    for value in values {
                        let mut settings = Settings::new();
                        settings.insert(lack.choice.to_owned(), Setting::word(*word));
                        settings.insert(field.name.to_owned(), value.clone());
                        // A setting that depends on a choice is read where that choice is made.
                        if let Some((choice, words)) = field.when {
                            settings.insert(choice.to_owned(), Setting::word(words[0]));
                        }
                        let pairs: Vec<(&str, Setting)> = settings.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                        let problems = script::problems(kind, pairs);
                        let at = format!("node.{}", field.name);
                        let told = problems.iter().any(|problem| problem.contains("PW215") && problem.contains(&at));
                        assert!(told, "{}.{} = {value:?} with {word}: {problems:?}", kind.name, field.name);
                        seen += 1;
                    }
                }
            }
            for usual in field.usuals {
                let lacking = |word: &str| field.lacks.iter().any(|lack| lack.values.is_empty() && lack.words.contains(&word));
                for word in usual.words.iter().filter(|word| !lacking(word)) {
                    let settings = [(usual.choice, Setting::word(*word)), (field.name, usual.default.setting().expect("a default"))];
                    let problems = script::problems(kind, settings);
                    assert!(problems.is_empty(), "{}.{} with {word}: {problems:?}", kind.name, field.name);
                }
            }
        }
    }
    assert!(seen > 40, "{seen}");
}

/// One poison message among thirty.
fn graph(queue: &str, pool: &str) -> String {
    format!(
        r##"(
    format: 1,
    nodes: {{
        "in": generator(arrivals: constant, rate: "500/s", count: 30, payload: r#"{{"n": {{{{index}}}}}}"#),
        "q": queue({queue}),
        "p": consumer_pool(servers: 2, service: "1 ms", poison: "message.n == 7", {pool}),
        "end": sink(),
        "dead": dead_letters(),
    }},
    pipes: ["in.out -> q.in", "q.out -> p.in", "p.out -> end.in", "q.dead_letters -> dead.in"],
)"##
    )
}

fn both(queue: &str, pool: &str, test: impl Fn(&Ran, &str)) {
    pipewright_tests::both(&graph(queue, pool), "4s", test);
}

#[test]
fn the_same_poison_under_five_rule_books_simulated_and_live() {
    for (rules, pool, deliveries, dead, kept) in [
        ("rules: ours", "fails_by: reject", 10, 1, 0),
        ("rules: rabbitmq_quorum", "fails_by: reject", 21, 1, 0),
        ("rules: service_bus", "fails_by: reject", 10, 1, 0),
        ("rules: service_bus, max_deliveries: 3", "fails_by: nack", 3, 1, 0),
        // The advisory is a message of its own; the poison stays.
        ("rules: jetstream, max_deliveries: 5", "fails_by: reject", 5, 1, 1),
        ("rules: redis_streams, claim_after: \"100 ms\"", "gives_up_after: 3", 3, 0, 0),
        ("rules: jetstream", "gives_up_after: 4", 4, 1, 0),
    ] {
        both(rules, pool, |ran, mode| {
            let told = format!("{rules}, {mode}: {}", ran.report["messages"]);
            assert_eq!(number(&ran.report, "/nodes/end/in"), 29.0, "{told}");
            assert_eq!(number(&ran.report, "/queues/q/deliveries"), 29.0 + f64::from(deliveries), "{told}");
            assert_eq!(number(&ran.report, "/nodes/dead/in"), f64::from(dead), "{told}");
            assert_eq!(number(&ran.report, "/messages/held"), f64::from(kept), "{told}");
        });
    }
    // RabbitMQ: a nack is no failure, so poison that is given back so goes round as fast as it can, for ever.
    both("rules: rabbitmq_quorum, retry: linear, retry_delay: \"50 ms\"", "fails_by: nack", |ran, mode| {
        assert!(number(&ran.report, "/queues/q/deliveries") > 29.0 + 30.0, "{mode}: {}", ran.report["queues"]["q"]);
        assert_eq!(number(&ran.report, "/nodes/dead/in"), 0.0, "{mode}");
    });
}
