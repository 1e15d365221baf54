//! Retry: tries again what fails behind it, so many times, before the failure goes back any further.

use super::rules::{self, Counts, Retry as Pause, Rules, WhenFull};
use super::store::Store;
use crate::message::Message;
use crate::node::{
    Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Intake, Kind, Port, Ports, Preset,
};
use crate::setting::Settings;
use crate::units::{Moment, Span};
use std::sync::Arc;

const OUT: usize = 0;

/// The descriptor.
pub static RETRY: Kind = Kind {
    name: "retry",
    title: "Retry",
    family: Family::Queue,
    summary: "Tries again what fails behind it, so many times, before the failure goes back any further.",
    guide: include_str!("retry.md"),
    example: r#"(
    format: 1,
    title: "A service tries its database three times",
    nodes: {
        "requests": generator(arrivals: poisson, rate: "20/s"),
        "work": queue(max_deliveries: 3),
        "service": consumer_pool(servers: 4, service: exponential(mean: "10 ms")),
        "tries": retry(tries: 3, retry: fixed, retry_delay: "50 ms"),
        "database": consumer_pool(servers: 4, service: exponential(mean: "20 ms"), failure_share: 0.3),
        "done": sink(),
    },
    pipes: [
        "requests.out -> work.in",
        "work.out -> service.in",
        "service.out -> tries.in",
        "tries.out -> database.in",
        "database.out -> done.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Tries",
            "tries",
            "Tries",
            FieldType::Integer(1, 1_000),
            Preset::Integer(3),
            "How often a message is tried in all, the first time included.",
        )
        .source("Amazon Builders' Library: Timeouts, retries and backoff with jitter"),
        Field { group: "Tries", when: None, lacks: &[], ..rules::RETRY },
        Field { group: "Tries", ..rules::RETRY_DELAY },
        Field { group: "Tries", ..rules::RETRY_CAP },
        Field { group: "Tries", ..rules::RETRY_JITTER },
        Field::new(
            "Bounds",
            "most_under_way",
            "Most under way",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(10_000),
            "How many messages may be tried or wait for their next try at once; more wait in the pipe before.",
        )
        .unit("messages"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![Port::input("in", "Messages to try.")],
        outputs: vec![
            Port::output("out", "To what may fail: each message goes to one of the consumers here, once for every try.")
                .flowing(Fan::Compete, Flow::Pull),
            Port::error("error", "Messages that failed at every try and that no store takes back."),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(Retry { store: Store::new(read(form), OUT) }),
    figures: [Figure::Gauge("locked"), Figure::RateOut],
};

fn read(form: &mut Form<'_>) -> Rules {
    Rules {
        capacity: form.integer("most_under_way").map_or(10_000, |number| number as u64),
        counts: Counts::InSystem,
        when_full: WhenFull::Block,
        lock: Span::ZERO,
        most_deliveries: form.integer("tries").map_or(3, |number| number as u32),
        retry: Pause::read(form),
        passes_back: true,
        ..Rules::default()
    }
}

/// Keeps G4 across two deliveries: the one it came with stays open until its own has ended, and fails with the last try.
struct Retry {
    store: Store,
}

impl Behaviour for Retry {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.store.offer_now(message, fx),
            event => self.store.take(event, fx),
        }
    }

    fn rest(&mut self, fx: &mut Effects<'_>) {
        self.store.finish(fx);
    }

    fn intake(&self) -> Intake {
        Intake::Store { closed: self.store.closed() }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.store.set_rules(read(form));
        Change::Kept
    }

    fn held(&self) -> u64 {
        self.store.waiting()
    }

    fn backlog(&self) -> u64 {
        self.store.backlog()
    }

    fn takes_back(&self, _input: usize, message: &Message) -> Result<(), Arc<str>> {
        self.store.takes_back(message)
    }

    fn waited(&self, now: Moment) -> Option<u128> {
        Some(self.store.waited(now))
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        self.store.give_back("removed", "the retry was removed while the message waited", fx);
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        self.store.gauges(now, gauges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use serde_json::json;

    const UPSTREAM: Settlement = Settlement::One(Delivery { origin: 9, attempt: 2, number: 7 });

    fn sent(settings: &[(&'static str, crate::setting::Setting)]) -> Script {
        let mut retry = Script::new(&RETRY, settings.iter().cloned());
        let mut message = retry.message(json!("x"));
        message.settlement = UPSTREAM;
        retry.send_message("in", message);
        retry
    }

    #[test]
    fn g4_whoever_waits_hears_of_the_end_and_not_before() {
        let mut retry = sent(&[]);
        assert!(retry.seen().accepted.is_empty());
        let Settlement::One(own) = retry.seen().left[0].message.settlement else { panic!("no delivery of its own") };
        // It came in its second attempt, after three tries in the first.
        assert_eq!((own.origin, own.attempt), (0, 4));
        retry.nack(0).ack(1);
        assert_eq!(retry.seen().accepted, [UPSTREAM]);
        assert_eq!(retry.held(), 0);
    }

    #[test]
    fn g4_after_the_last_try_the_failure_goes_back_with_the_delivery_it_came_with() {
        let mut retry = sent(&[("tries", 3.into())]);
        retry.nack(0).nack(1).nack(2);
        assert_eq!(retry.seen().left.len(), 3);
        let back = &retry.seen().nacked[0];
        assert_eq!((&back.message.settlement, &*back.why, retry.held()), (&UPSTREAM, "failed", 0));
        assert!(retry.seen().accepted.is_empty());
        // With nobody to go back to it fails here.
        let mut alone = Script::new(&RETRY, [("tries", 1.into())]);
        alone.send("in", json!(1));
        alone.nack(0);
        assert_eq!(alone.seen().rejected.len(), 1);
    }

    #[test]
    fn tries_pause_as_set() {
        let mut retry = sent(&[("retry", "fixed".into()), ("retry_delay", "2 s".into())]);
        retry.nack(0).at("5 s").nack(1).at("9 s");
        assert_eq!(retry.times("out"), [0.0, 2.0, 7.0]);
    }

    #[test]
    fn g1_only_so_many_are_under_way() {
        let mut retry = Script::new(&RETRY, [("most_under_way", 2.into())]);
        for number in 0..3 {
            retry.send("in", json!(number));
        }
        assert_eq!((retry.seen().left.len(), retry.waiting()), (2, 1));
        retry.ack(0);
        assert_eq!((retry.seen().left.len(), retry.waiting()), (3, 0));
    }
}
