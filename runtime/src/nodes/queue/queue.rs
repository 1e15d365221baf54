//! Queue: keeps messages until a consumer takes them; each goes to one consumer.

use super::keeping::{self, Durability};
use super::rules::{self, Counts, Order, Rules};
use super::store::Store;
use crate::expr::Expression;
use crate::message::{Message, Value};
use crate::node::field::Yields;
use crate::node::{
    Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Intake, Kind, Port, Ports, Preset,
};
use crate::setting::Settings;
use crate::units::Moment;
use std::sync::Arc;

const OUT: usize = 0;
const LETTERS: usize = 1;

/// The descriptor.
pub static QUEUE: Kind = Kind {
    name: "queue",
    title: "Queue",
    family: Family::Queue,
    summary: "Keeps messages until a consumer takes them; each message goes to one consumer.",
    guide: include_str!("queue.md"),
    example: r#"(
    format: 1,
    title: "A queue in front of a pool",
    nodes: {
        "orders": generator(rate: "50/s"),
        "work": queue(capacity: 1000, max_deliveries: 3, retry: fixed, retry_delay: "200 ms"),
        "workers": consumer_pool(servers: 4, service: exponential(mean: "40 ms"), failure_share: 0.05),
        "done": sink(),
        "failed": dead_letters(),
    },
    pipes: [
        "orders.out -> work.in",
        "work.out -> workers.in",
        "work.dead_letters -> failed.in",
        "workers.out -> done.in",
    ],
)
"#,
    fields: &[
        rules::RULES,
        rules::CAPACITY,
        rules::CAPACITY_COUNTS,
        rules::CAPACITY_BYTES,
        rules::WHEN_FULL,
        rules::OVERFLOW,
        rules::ORDER,
        rules::IN_ORDER,
        rules::AFTER_DEAD_LETTER,
        Field::new(
            "Order",
            "priority",
            "Priority",
            FieldType::Expression(Yields::Any),
            Preset::None,
            "A number from 0 to 255 for each message; higher goes first, equal ones in order. Unset: the message's own priority, 0 where nobody set it. A RabbitMQ quorum queue tells 0 to 31 apart.",
        )
        .lacking(&[rules::NO_PRIORITY]),
        rules::RETURNED_TO,
        rules::TIME_TO_LIVE,
        rules::WHEN_EXPIRED,
        rules::DELAY,
        rules::GUARANTEE,
        rules::WINDOW,
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
    ],
    ports,
    build: |form| {
        let (rules, priority) = read(form);
        let store = Store::new(rules, OUT).kept_on_disk(Durability::read(form), LETTERS);
        Box::new(Queue { store, priority, told: None })
    },
    figures: [Figure::Gauge("ready"), Figure::RateOut],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to keep.")],
        outputs: vec![
            Port::output("out", "To consumers, which compete: each message goes to one of them.").flowing(Fan::Compete, Flow::Pull),
            Port::error("dead_letters", "Messages that failed too often or waited too long."),
        ],
        ..Ports::default()
    }
}

fn read(form: &mut Form<'_>) -> (Rules, Option<Expression>) {
    let rules = Rules {
        counts: if form.choice("capacity_counts") == "in_system" { Counts::InSystem } else { Counts::Waiting },
        order: if form.choice("order") == "lifo" { Order::Lifo } else { Order::Fifo },
        returned_to_head: form.choice("returned_to") == "head",
        delay: form.span("delay").unwrap_or_default(),
        ..Rules::read(form).in_turn(form)
    };
    if rules.counts == Counts::InSystem && !rules.at_least_once {
        form.problem(
            "capacity_counts",
            "at most once, the queue cannot know what is still in the system",
            "count `waiting` messages, or set `guarantee: at_least_once`",
        );
    }
    if rules.counts == Counts::InSystem && rules.capacity == 0 {
        form.problem(
            "capacity",
            "a system with room for none takes no message ever",
            "count `waiting` messages: with capacity 0 a message is taken if a consumer is free",
        );
    }
    (rules, form.expression("priority"))
}

struct Queue {
    store: Store,
    priority: Option<Expression>,
    /// What a change of settings could not bring into force; told with the next event.
    told: Option<&'static str>,
}

impl Queue {
    /// Sets the message's priority by the expression. One that fails leaves it as it is, and is counted as an error.
    fn prioritise(&self, message: &mut Message, fx: &mut Effects<'_>) {
        let Some(expression) = &self.priority else { return };
        match expression.value(message).map(|value| value.as_f64().ok_or(value)) {
            // `as` cuts off at 0 and 255.
            Ok(Ok(number)) => message.priority = number as u8,
            Ok(Err(value)) => fx.error(format!("the priority must be a number, found {}", short(&value))),
            Err(error) => fx.error(format!("the priority failed: {error}")),
        }
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

impl Behaviour for Queue {
    #[inline]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Some(told) = self.told.take() {
            fx.note(told);
        }
        if let Event::Message(_, mut message) = event {
            self.prioritise(&mut message, fx);
            self.store.offer_now(message, fx);
        } else {
            self.store.take(event, fx);
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
        Intake::Store { closed: self.store.closed() }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let (rules, priority) = read(form);
        self.store.set_rules(rules);
        if !self.store.set_durability(Durability::read(form)) {
            self.told = Some(keeping::NEXT_RUN);
        }
        self.priority = priority;
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
        self.store.give_back("removed", "the queue was removed while it held the message", fx);
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        self.store.gauges(now, gauges);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Settlement;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    fn numbers(script: &Script) -> Vec<i64> {
        script.payloads("out").iter().map(|value| value.as_i64().unwrap()).collect()
    }

    #[test]
    fn g3_hands_out_only_against_credit() {
        let mut queue = Script::new(&QUEUE, []).room("out", 2);
        for number in 0..5 {
            queue.send("in", json!(number));
        }
        assert_eq!(numbers(&queue), [0, 1]);
        queue.at("1 s").grant("out", 1);
        assert_eq!(numbers(&queue), [0, 1, 2]);
        assert_eq!(queue.seen().left[2].message.queued, Moment::START);
        assert_eq!((queue.gauge("ready"), queue.gauge("locked"), queue.gauge("oldest")), (2.0, 3.0, 1.0));
        // An ack gives no credit: that is the consumer's to grant.
        queue.ack(0).ack(1).ack(2);
        assert_eq!((queue.gauge("ready"), queue.gauge("locked")), (2.0, 0.0));
    }

    #[test]
    fn g4_takes_over_the_message_and_carries_a_delivery_of_its_own() {
        let mut queue = Script::new(&QUEUE, []);
        let mut message = queue.message(json!(1));
        let upstream = crate::message::Delivery { origin: 9, attempt: 1, number: 3 };
        message.settlement = Settlement::One(upstream);
        queue.send_message("in", message);
        assert_eq!(queue.seen().accepted, [Settlement::One(upstream)]);
        let delivery = queue.seen().left[0].message.settlement.deliveries()[0];
        assert_eq!((delivery.attempt, delivery.origin), (1, 0));
    }

    #[test]
    fn g4_a_nack_brings_it_back_until_it_is_given_up() {
        let mut queue = Script::new(&QUEUE, [("max_deliveries", 3.into())]);
        let id = queue.send("in", json!("x"));
        queue.nack(0).nack(1).nack(2);
        let attempts: Vec<u32> = queue.seen().left.iter().map(|left| left.message.settlement.deliveries()[0].attempt).collect();
        assert_eq!(attempts, [1, 2, 3]);
        let dead = &queue.seen().dead_lettered[0];
        assert_eq!((dead.message.id, &*dead.why), (id, "max_deliveries: failed"));
        assert_eq!(dead.message.header("deliveries"), Some(&json!(3)));
        assert_eq!(queue.held(), 0);
    }

    #[test]
    fn g4_a_lost_lock_means_another_delivery_and_late_verdicts_do_no_harm() {
        let mut queue = Script::new(&QUEUE, [("lock", "10 s".into())]);
        queue.send("in", json!(1));
        queue.at("9.999 s");
        assert_eq!(queue.seen().left.len(), 1);
        queue.at("10 s");
        assert_eq!(queue.seen().left.len(), 2);
        assert_eq!(queue.seen().errors.len(), 1);
        // The late instance fails: it is superseded; the books close (checked after each event).
        queue.nack(0);
        assert_eq!(queue.seen().left.len(), 2);
        queue.ack(1);
        // A late ack of what is long gone.
        queue.ack(0);
        assert_eq!((queue.held(), queue.gauge("locked")), (0, 0.0));
    }

    #[test]
    fn g4_a_renewed_lock_lasts_from_then_on() {
        let mut queue = Script::new(&QUEUE, [("lock", "10 s".into())]);
        queue.send("in", json!(1));
        queue.at("8 s").renew(0).at("17.9 s");
        assert_eq!(queue.seen().left.len(), 1);
        queue.at("18 s");
        assert_eq!(queue.seen().left.len(), 2);
    }

    #[test]
    fn at_most_once_forgets_at_the_hand_out() {
        let mut queue = Script::new(&QUEUE, [("guarantee", "at_most_once".into())]);
        queue.send("in", json!(1));
        assert_eq!(queue.seen().left[0].message.settlement, Settlement::None);
        assert_eq!((queue.held(), queue.gauge("locked")), (0, 0.0));
    }

    #[test]
    fn g1_a_full_queue_makes_senders_wait() {
        let mut queue = Script::new(&QUEUE, [("capacity", 2.into())]).room("out", 0);
        for number in 0..4 {
            queue.send("in", json!(number));
        }
        assert_eq!((queue.held(), queue.waiting()), (2, 2));
        queue.grant("out", 1);
        assert_eq!((queue.held(), queue.waiting()), (2, 1));
    }

    #[test]
    fn the_capacity_can_count_the_whole_system() {
        let settings = [("capacity", 2.into()), ("capacity_counts", "in_system".into()), ("when_full", "drop_newest".into())];
        let mut queue = Script::new(&QUEUE, settings).room("out", 1);
        for number in 0..3 {
            queue.send("in", json!(number));
        }
        assert_eq!((queue.gauge("ready"), queue.gauge("locked"), queue.seen().dropped.len()), (1.0, 1.0, 1));
        queue.ack(0).send("in", json!(3));
        assert_eq!(queue.seen().dropped.len(), 1);
        let bad = [("capacity_counts", "in_system".into()), ("guarantee", "at_most_once".into())];
        assert!(problems(&QUEUE, bad)[0].contains("at most once"));
    }

    #[test]
    fn a_full_queue_drops_or_rejects_as_set() {
        for (word, kept, dropped, rejected) in
            [("drop_newest", [0, 1], vec![2, 3], 0), ("drop_oldest", [2, 3], vec![0, 1], 0), ("reject", [0, 1], vec![], 2)]
        {
            let mut queue = Script::new(&QUEUE, [("capacity", 2.into()), ("when_full", word.into())]).room("out", 0);
            for number in 0..4 {
                queue.send("in", json!(number));
            }
            let lost: Vec<i64> = queue.seen().dropped.iter().map(|end| end.message.payload.value().unwrap().as_i64().unwrap()).collect();
            assert_eq!((lost, queue.seen().rejected.len()), (dropped, rejected), "{word}");
            assert!(queue.seen().dropped.iter().all(|end| &*end.why == "overflow"));
            queue.grant("out", 9);
            assert_eq!(numbers(&queue), kept, "{word}");
        }
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut queue = Script::new(&QUEUE, [("capacity_bytes", "10 B".into()), ("when_full", "drop_newest".into())]).room("out", 0);
        queue.send("in", json!("12345"));
        queue.send("in", json!("12345"));
        queue.send("in", json!("1"));
        assert_eq!((queue.held(), queue.seen().dropped.len()), (2, 1));
        let mut blocking = Script::new(&QUEUE, [("capacity_bytes", "10 B".into())]).room("out", 0);
        for _ in 0..3 {
            blocking.send("in", json!("12345"));
        }
        assert_eq!((blocking.held(), blocking.waiting()), (2, 1));
    }

    #[test]
    fn order_is_as_set() {
        for (settings, expected) in [(vec![], [0, 1, 2, 3]), (vec![("order", "lifo".into())], [3, 2, 1, 0])] {
            let mut queue = Script::new(&QUEUE, settings).room("out", 0);
            for number in 0..4 {
                queue.send("in", json!(number));
            }
            queue.grant("out", 4);
            assert_eq!(numbers(&queue), expected);
        }
    }

    #[test]
    fn returned_messages_go_to_the_tail_or_the_head() {
        for (order, to, expected) in
            [("fifo", "tail", [0, 1, 2, 0]), ("fifo", "head", [0, 0, 1, 2]), ("lifo", "tail", [0, 2, 1, 0]), ("lifo", "head", [0, 0, 2, 1])]
        {
            let mut queue = Script::new(&QUEUE, [("order", order.into()), ("returned_to", to.into())]).room("out", 1);
            for number in 0..3 {
                queue.send("in", json!(number));
            }
            queue.nack(0).grant("out", 3);
            assert_eq!(numbers(&queue), expected, "{order} {to}");
        }
    }

    #[test]
    fn higher_priority_goes_first_and_equals_keep_their_order() {
        let mut queue = Script::new(&QUEUE, []).room("out", 0);
        for (number, priority) in [(0, 1), (1, 9), (2, 1), (3, 9), (4, 0)] {
            let mut message = queue.message(json!(number));
            message.priority = priority;
            queue.send_message("in", message);
        }
        queue.grant("out", 9);
        assert_eq!(numbers(&queue), [1, 3, 0, 2, 4]);
    }

    #[test]
    fn messages_expire_while_they_wait_and_only_then() {
        let settings = [("time_to_live", "5 s".into()), ("lock", "0 s".into())];
        let mut queue = Script::new(&QUEUE, settings).room("out", 1);
        queue.send("in", json!(0));
        queue.send("in", json!(1));
        queue.at("4.999 s");
        assert_eq!(queue.seen().dead_lettered.len(), 0);
        queue.at("5 s");
        let dead = &queue.seen().dead_lettered;
        assert_eq!((dead.len(), dead[0].at.seconds(), dead[0].message.payload.value().unwrap()), (1, 5.0, &json!(1)));
        // The one in a consumer's hands did not expire; when it comes back, it does.
        queue.nack(0);
        assert_eq!(queue.seen().dead_lettered.len(), 2);
    }

    #[test]
    fn a_delay_keeps_messages_back() {
        let mut queue = Script::new(&QUEUE, [("delay", "3 s".into())]);
        queue.at("1 s").send("in", json!(0));
        assert_eq!((queue.gauge("delayed"), queue.held()), (1.0, 1));
        queue.at("10 s");
        assert_eq!(queue.times("out"), [4.0]);
        assert_eq!(queue.seen().left[0].message.queued, Moment(4_000_000_000));
    }

    #[test]
    fn retries_wait_as_set() {
        let settings =
            [("retry", "exponential".into()), ("retry_delay", "1 s".into()), ("retry_cap", "3 s".into()), ("retry_jitter", 0.0.into())];
        let mut queue = Script::new(&QUEUE, settings);
        queue.send("in", json!(0));
        for attempt in 0..3 {
            queue.nack(attempt).at(["1 s", "3 s", "6 s"][attempt]);
        }
        assert_eq!(queue.times("out"), [0.0, 1.0, 3.0, 6.0]);
    }

    #[test]
    fn g12_changed_rules_hold_at_once_and_lose_nothing() {
        let mut queue = Script::new(&QUEUE, [("capacity", 1.into())]).room("out", 0);
        queue.send("in", json!(0));
        queue.send("in", json!(1));
        assert_eq!(queue.waiting(), 1);
        assert_eq!(queue.change([("capacity", 5.into())]), Change::Kept);
        assert_eq!((queue.waiting(), queue.held()), (0, 2));
        queue.give_back();
        assert_eq!(queue.seen().dead_lettered.len(), 2);
    }

    /// Memory stays bounded by what is inside, however much passes through.
    #[test]
    fn what_has_passed_leaves_nothing_behind() {
        let mut fields = Settings::new();
        fields.insert("time_to_live".into(), "1 h".into());
        let mut script = Script::new(&QUEUE, [("time_to_live", "1 h".into()), ("lock", "1 h".into())]).room("out", 0);
        for round in 0..5_000 {
            script.send("in", json!(1));
            script.send("in", json!(2));
            script.grant("out", 2);
            script.ack(2 * round + 1).ack(2 * round);
        }
        assert_eq!((script.held(), script.gauge("ready"), script.gauge("locked")), (0, 0.0, 0.0));
        script.run();
        assert_eq!(script.seen().left.len(), 10_000);
        assert!(script.seen().dead_lettered.is_empty() && script.seen().errors.is_empty());
    }
}
