//! Subscription: takes its copy of what a topic publishes, if it wants it, and keeps it for its consumers.

use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::Yields;
use crate::node::reason::NOT_MATCHED;
use crate::node::{
    Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Intake, Kind, Port, Ports, Preset,
};
use crate::nodes::queue::rules::{self, Rules, WhenFull};
use crate::nodes::queue::store::Store;
use crate::setting::Settings;
use crate::units::Moment;

const OUT: usize = 0;

/// Why a message became a dead letter whose predicate could not be worked out.
const PREDICATE_FAILED: &str = "predicate_failed";

/// The descriptor.
pub static SUBSCRIPTION: Kind = Kind {
    name: "subscription",
    title: "Subscription",
    family: Family::Topic,
    summary: "Takes its copy of what a topic publishes, if it wants it, and keeps it for its consumers.",
    guide: include_str!("subscription.md"),
    example: r#"(
    format: 1,
    title: "Large orders only",
    nodes: {
        "orders": generator(rate: "20/s", topic: "orders/eu", payload: "{\"amount\": {{int 1 1000}}}"),
        "published": topic(),
        "large": subscription(pattern: "orders/+", content: "message.amount > 900", capacity: 500, when_full: drop_oldest),
        "clerks": consumer_pool(servers: 1, service: exponential(mean: "300 ms")),
    },
    pipes: [
        "orders.out -> published.in",
        "published.out -> large.in",
        "large.out -> clerks.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Interest",
            "pattern",
            "Topics",
            FieldType::TopicPattern,
            Preset::None,
            "Which topics, with the wildcards of the topic's dialect: `orders/+` and `orders/#` in MQTT, `orders.*` and `orders.>` in NATS, `orders.*` and `#.paid` in AMQP. Unset: all, messages without a topic too.",
        )
        .source("OASIS MQTT 5.0, section 4.7; NATS, Subject-Based Messaging; AMQP 0-9-1, section 3.1.3.3"),
        Field::new(
            "Interest",
            "content",
            "Content",
            FieldType::Expression(Yields::Bool),
            Preset::None,
            "Which of those messages, by their payload, headers or key, such as `message.amount > 900`. Unset: all of them.",
        ),
        rules::CAPACITY,
        rules::CAPACITY_BYTES,
        rules::WHEN_BUFFER_FULL,
        rules::TIME_TO_LIVE,
        rules::WHEN_EXPIRED,
        rules::GUARANTEE,
        rules::LOCK,
        rules::MAX_DELIVERIES,
        rules::RETRY,
        rules::RETRY_DELAY,
        rules::RETRY_CAP,
        rules::RETRY_JITTER,
    ],
    ports,
    build: |form| {
        let (content, rules) = read(form);
        Box::new(Subscription { content, store: Store::new(rules, OUT) })
    },
    figures: [Figure::Gauge("ready"), Figure::RateOut],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Copies from a topic.")],
        outputs: vec![
            Port::output("out", "To consumers, which compete: each message goes to one of them.").flowing(Fan::Compete, Flow::Pull),
            Port::error("dead_letters", "Messages that failed too often, waited too long, or on which the predicate failed."),
        ],
        only_to: None,
        only_from: Some("topic"),
    }
}

fn read(form: &mut Form<'_>) -> (Option<Expression>, Rules) {
    // What the pattern says is the topic's to check and to follow; here it must be a text.
    form.text("pattern");
    let rules = Rules::read(form);
    debug_assert_ne!(rules.when_full, WhenFull::Block, "a subscription never blocks its topic (G2)");
    (form.expression("content"), rules)
}

/// Keeps G2: its intake is always open.
struct Subscription {
    content: Option<Expression>,
    store: Store,
}

impl Subscription {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        match self.content.as_ref().map_or(Ok(true), |content| content.test(&message)) {
            Ok(true) => self.store.offer(message, fx),
            Ok(false) => fx.drop(message, NOT_MATCHED),
            Err(error) => {
                let mut message = message;
                fx.accept(&mut message);
                fx.dead_letter(message, PREDICATE_FAILED, error.to_string());
            }
        }
    }
}

impl Behaviour for Subscription {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            event => self.store.take(event, fx),
        }
        self.store.finish(fx);
    }

    fn intake(&self) -> Intake {
        Intake::Store { closed: false }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let (content, rules) = read(form);
        self.content = content;
        self.store.set_rules(rules);
        Change::Kept
    }

    fn held(&self) -> u64 {
        self.store.waiting()
    }

    fn waited(&self, now: Moment) -> Option<u128> {
        Some(self.store.waited(now))
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        self.store.give_back("removed", "the subscription was removed while it held the message", fx);
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        self.store.gauges(now, gauges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn a_failing_predicate_means_dead_letters_never_silence() {
        let mut subscription = Script::new(&SUBSCRIPTION, [("content", "message.amount > 900".into())]);
        for payload in [json!({"amount": 1000}), json!({"amount": 1}), json!({"no": "amount"})] {
            subscription.send("in", payload);
        }
        assert_eq!(subscription.payloads("out"), [json!({"amount": 1000})]);
        assert_eq!(subscription.seen().dropped.len(), 1);
        let dead = &subscription.seen().dead_lettered;
        assert!(dead.len() == 1 && dead[0].why.starts_with("predicate_failed: "), "{dead:?}");
    }

    #[test]
    fn g2_a_dead_reader_makes_nobody_wait() {
        let mut subscription = Script::new(&SUBSCRIPTION, [("capacity", 100.into())]).room("out", 0);
        for number in 0..1_000 {
            subscription.send("in", json!(number));
        }
        assert_eq!((subscription.waiting(), subscription.held(), subscription.seen().dropped.len()), (0, 100, 900));
        subscription.grant("out", 1);
        assert_eq!(subscription.payloads("out"), [json!(900)]);
    }

    #[test]
    fn g4_keeps_at_least_once_like_a_queue() {
        let mut subscription = Script::new(&SUBSCRIPTION, [("max_deliveries", 2.into())]);
        subscription.send("in", json!(1));
        subscription.nack(0).nack(1);
        assert_eq!((subscription.seen().left.len(), subscription.seen().dead_lettered.len()), (2, 1));
        let mut once = Script::new(&SUBSCRIPTION, [("guarantee", "at_most_once".into())]);
        once.send("in", json!(1));
        assert_eq!((once.held(), once.gauge("locked")), (0, 0.0));
    }

    #[test]
    fn g12_a_changed_predicate_holds_at_once() {
        let mut subscription = Script::new(&SUBSCRIPTION, [("content", "message > 5".into())]);
        subscription.send("in", json!(1));
        subscription.change([("content", "message < 5".into())]);
        subscription.send("in", json!(2));
        assert_eq!(subscription.payloads("out"), [json!(2)]);
    }
}
