//! Subscription: takes its copy of what a topic publishes, if it wants it, and keeps it for its consumers.

use super::presence::{self, Presence};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::{Word, Yields};
use crate::node::reason::NOT_MATCHED;
use crate::node::{
    Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Intake, Kind, Port, Ports, Preset,
};
use crate::nodes::queue::keeping::{self, Durability};
use crate::nodes::queue::rules::{self, Rules, WhenFull};
use crate::nodes::queue::store::Store;
use crate::setting::Settings;
use crate::units::Moment;
use std::sync::Arc;

const OUT: usize = 0;
const LETTERS: usize = 1;
/// The wake at which the consumer comes or goes; the store has smaller ones.
const PRESENCE: u64 = 1 << 32;

/// Why a message became a dead letter whose predicate could not be worked out.
const PREDICATE_FAILED: &str = "predicate_failed";
/// Why a message was dropped that a temporary subscription held when its consumer went away.
const DISCONNECTED: &str = "disconnected";

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
        rules::RULES,
        rules::CAPACITY,
        rules::CAPACITY_BYTES,
        rules::WHEN_BUFFER_FULL,
        rules::OVERFLOW,
        rules::TIME_TO_LIVE,
        rules::WHEN_EXPIRED,
        rules::GUARANTEE,
        rules::WINDOW,
        rules::IN_ORDER,
        rules::AFTER_DEAD_LETTER,
        rules::LOCK,
        rules::BACKOFF,
        rules::CLAIM_AFTER,
        rules::MAX_ACK_PENDING,
        rules::MAX_DELIVERIES,
        rules::DELIVERY_LIMIT,
        rules::RETRY,
        rules::RETRY_DELAY,
        rules::RETRY_CAP,
        rules::RETRY_JITTER,
        keeping::DURABLE,
        keeping::WRITE_TIME,
        presence::LIFETIME,
        presence::JOINS_AT,
        presence::AWAY_AT,
        presence::AWAY_FOR,
        presence::AWAY_EVERY,
        Field::new(
            "Start",
            "start_from",
            "Starts from",
            FieldType::Choice(&[
                Word { name: "new", label: "New messages", help: "What is published from then on." },
                Word { name: "last_values", label: "Last values", help: "The last message of each topic, if the topic retains them; then what is new." },
                Word { name: "all_kept", label: "All that is kept", help: "Everything that the topic has kept; then what is new." },
                Word { name: "time", label: "A time", help: "What was published from a time of the run on, as far as it was kept." },
                Word { name: "ago", label: "So long ago", help: "What was published within a span of time before, as far as it was kept." },
                Word { name: "offset", label: "An offset", help: "The message of this number on, as far as it was kept; the first ever has 0." },
            ]),
            Preset::Word("new"),
            "What a subscription gets that begins after the topic, or anew after its consumer was away.",
        )
        .source("NATS JetStream, DeliverPolicy; OASIS MQTT 5.0, section 3.3.1.3, RETAIN"),
        Field::new("Start", "from_time", "From time", FieldType::Span(0), Preset::Text("0 s"), "From how long after the start of the run on.")
            .when("start_from", &["time"]),
        Field::new("Start", "from_ago", "From ago", FieldType::Span(0), Preset::Text("1 min"), "From how long before it begins on.")
            .when("start_from", &["ago"]),
        Field::new("Start", "from_offset", "From offset", FieldType::Integer(0, 9_007_199_254_740_992), Preset::Integer(0), "From which message on.")
            .when("start_from", &["offset"]),
    ],
    ports,
    build: |form| {
        let (content, presence, rules) = read(form);
        let store = Store::new(rules, OUT).kept_on_disk(durability(form, &presence), LETTERS);
        Box::new(Subscription { content, presence, here: true, awaited: None, store, told: None })
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

fn read(form: &mut Form<'_>) -> (Option<Expression>, Presence, Rules) {
    // What the pattern says is the topic's to check and to follow; here it must be a text.
    form.text("pattern");
    let rules = Rules::read(form).in_turn(form);
    debug_assert_ne!(rules.when_full, WhenFull::Block, "a subscription never blocks its topic (G2)");
    // Where it starts from is the topic's to follow too.
    let _followed = (form.choice("start_from"), form.span("from_time"), form.span("from_ago"), form.integer("from_offset"));
    (form.expression("content"), Presence::read(form), rules)
}

fn durability(form: &mut Form<'_>, presence: &Presence) -> Option<Durability> {
    let durability = Durability::read(form);
    if durability.is_some() && !presence.durable {
        form.problem(
            "durable",
            "what a temporary subscription holds ends with its consumer's presence, so there is nothing to keep for the next run",
            "set `lifetime: durable`, or leave `durable` off",
        );
        return None;
    }
    durability
}

/// Keeps G2: its intake is always open.
struct Subscription {
    content: Option<Expression>,
    presence: Presence,
    /// Whether the consumer is there.
    here: bool,
    /// When that changes next, if a wake was asked for.
    awaited: Option<Moment>,
    store: Store,
    /// What a change of settings could not bring into force; told with the next event.
    told: Option<&'static str>,
}

impl Subscription {
    /// Follows the times of the consumer. What a temporary subscription holds when it goes away is gone.
    fn look(&mut self, fx: &mut Effects<'_>) {
        let here = self.presence.here(fx.now());
        if self.here && !here && !self.presence.durable {
            self.store.drop_waiting(DISCONNECTED, fx);
        }
        self.here = here;
        self.store.set_paused(!here);
        if let Some(next) = self.presence.next_change(fx.now())
            && self.awaited != Some(next)
        {
            self.awaited = Some(next);
            fx.wake(next, PRESENCE);
        }
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        match self.content.as_ref().map_or(Ok(true), |content| content.test(&message)) {
            Ok(true) => self.store.offer_now(message, fx),
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
    #[inline]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Some(told) = self.told.take() {
            fx.note(told);
        }
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Start => {
                self.look(fx);
                self.store.take(Event::Start, fx);
            }
            Event::Wake(PRESENCE) => self.look(fx),
            event => self.store.take(event, fx),
        }
    }

    fn on_acks(&mut self, acks: &[(u64, u32)], fx: &mut Effects<'_>) {
        self.store.take_acks(acks, fx);
    }

    fn rest(&mut self, fx: &mut Effects<'_>) {
        self.store.finish(fx);
    }

    fn acks_wait(&self) -> bool {
        self.store.acks_wait()
    }

    fn intake(&self) -> Intake {
        Intake::Store { closed: false }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let (content, presence, rules) = read(form);
        if !self.store.set_durability(durability(form, &presence)) {
            self.told = Some(keeping::NEXT_RUN);
        }
        (self.content, self.presence, self.awaited) = (content, presence, None);
        self.store.set_rules(rules);
        Change::Kept
    }

    fn durable(&self) -> bool {
        self.store.is_durable()
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
        self.store.give_back("removed", "the subscription was removed while it held the message", fx);
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        self.store.gauges(now, gauges);
        gauges.push(Gauge { name: "away", value: f64::from(u8::from(!self.here)), unit: "" });
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

    #[test]
    fn a_durable_one_keeps_what_comes_while_its_consumer_is_away_and_a_temporary_one_ends() {
        for (word, times, dropped) in [("durable", vec![0.0, 15.0], 0), ("temporary", vec![0.0], 1)] {
            let settings = [("lifetime", word.into()), ("away_at", "5 s".into()), ("away_for", "10 s".into())];
            let mut subscription = Script::new(&SUBSCRIPTION, settings).room("out", 1);
            subscription.send("in", json!(1));
            subscription.at("4 s").send("in", json!(2));
            subscription.at("6 s").grant("out", 5).at("20 s");
            assert_eq!((subscription.times("out"), subscription.seen().dropped.len()), (times, dropped), "{word}");
        }
        assert!(
            crate::node::script::problems(
                &SUBSCRIPTION,
                [("away_at", "1 s".into()), ("away_for", "9 s".into()), ("away_every", "5 s".into())]
            )[0]
            .contains("again before")
        );
    }
}
