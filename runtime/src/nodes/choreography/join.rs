//! Join: waits until all copies or parts of one message have come, and sends one on.

use crate::expr::Expression;
use crate::id::{MessageId, hash_text};
use crate::message::{Message, Payload, Settlement, Value};
use crate::node::field::{Word, Yields};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use crate::units::{Moment, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

const OUT: usize = 0;
const INCOMPLETE: usize = 1;
/// The wake that extends locks; all others are the numbers of sets, from 1.
const RENEW: u64 = 0;
const NOT_COMPLETE: &str = "incomplete";

/// The descriptor.
pub static JOIN: Kind = Kind {
    name: "join",
    title: "Join",
    family: Family::Choreography,
    summary: "Waits until all copies or parts of one message have come, and sends one on: the end of a fork.",
    guide: include_str!("join.md"),
    example: r#"(
    format: 1,
    title: "Paid and packed, then sent",
    nodes: {
        "orders": generator(arrivals: poisson, rate: "20/s"),
        "placed": topic(),
        "to-pay": subscription(), "cashier": consumer_pool(servers: 1, service: exponential(mean: "30 ms")),
        "to-pack": subscription(), "packer": consumer_pool(servers: 1, service: exponential(mean: "40 ms")),
        "both": join(copies: 2),
        "sent": sink(),
    },
    pipes: [
        "orders.out -> placed.in",
        "placed.out -> to-pay.in", "to-pay.out -> cashier.in", "cashier.out -> both.in",
        "placed.out -> to-pack.in", "to-pack.out -> packer.in", "packer.out -> both.in",
        "both.out -> sent.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Join",
            "of",
            "Of",
            FieldType::Choice(&[
                Word { name: "copies", label: "Copies", help: "Messages of the same id: the copies that a topic made." },
                Word {
                    name: "parts",
                    label: "Parts",
                    help: "Messages with the same parent: the parts that a split made; their header `parts` says how many.",
                },
                Word { name: "key", label: "A key", help: "Messages for which the expression `key` gives the same text." },
            ]),
            Preset::Word("copies"),
            "Which messages belong together.",
        ),
        Field::new("Join", "copies", "How many", FieldType::Integer(1, 10_000), Preset::Integer(2), "How many messages make a whole.")
            .unit("messages")
            .when("of", &["copies", "key"]),
        Field::new(
            "Join",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::Required,
            "A CEL expression that gives what the messages have in common, such as message.order or correlation.",
        )
        .when("of", &["key"]),
        Field::new(
            "Join",
            "result",
            "Result",
            FieldType::Choice(&[
                Word { name: "last", label: "Last", help: "The payload of the one that came last." },
                Word { name: "first", label: "First", help: "The payload of the one that came first." },
                Word { name: "list", label: "List", help: "A list of all payloads, in order of arrival." },
            ]),
            Preset::Word("last"),
            "The payload of the message that goes on.",
        ),
        Field::new(
            "Bounds",
            "timeout",
            "Timeout",
            FieldType::Span(1),
            Preset::None,
            "How long to wait for the rest after the first. What has come by then leaves through `incomplete`. Unset: for ever.",
        ),
        Field::new(
            "Bounds",
            "most_open",
            "Most open",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(100_000),
            "How many may wait for their rest at once. With one more, the oldest is given up: what has come leaves through `incomplete`.",
        )
        .unit("sets"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![Port::input("in", "The copies or parts, from wherever they come.")],
        outputs: vec![
            Port::output("out", "One message for each whole."),
            Port::output("incomplete", "The messages whose rest did not come in time. Unwired, they are dropped as `incomplete`.")
                .optional(),
            Port::error("error", "Messages that belong nowhere, unchanged: the key failed, or a header is missing."),
        ],
        ..Ports::default()
    },
    build: |form| {
        let settings = JoinSettings::read(form);
        Box::new(Join { settings, sets: BTreeMap::new(), by_mark: BTreeMap::new(), opened: 0, joined: 0, renewing: false })
    },
    figures: [Figure::Gauge("open"), Figure::RateOut],
};

enum Of {
    Copies(usize),
    Parts,
    Key(Option<Expression>, usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    First,
    Last,
    List,
}

struct JoinSettings {
    of: Of,
    shape: Shape,
    timeout: Option<Span>,
    most_open: usize,
}

impl JoinSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let count = form.integer("copies").map_or(2, |count| count as usize);
        let of = match form.choice("of") {
            "parts" => Of::Parts,
            "key" => Of::Key(form.expression("key"), count),
            _ => Of::Copies(count),
        };
        let shape = match form.choice("result") {
            "first" => Shape::First,
            "list" => Shape::List,
            _ => Shape::Last,
        };
        let most_open = form.integer("most_open").map_or(100_000, |most| most as usize);
        Self { of, shape, timeout: form.span("timeout"), most_open }
    }

    /// What a message has in common with the others of its whole, and how many they are.
    fn judge(&self, message: &Message) -> Result<(Mark, usize), String> {
        if self.shape == Shape::List {
            message.payload.value().map_err(ToString::to_string)?;
        }
        match &self.of {
            Of::Copies(count) => Ok((Mark::Id(message.id), *count)),
            Of::Parts => {
                let parent = message.head().parents.first().ok_or("the message is no part: it has no parent")?;
                let parts = message.header("parts").and_then(Value::as_u64).filter(|parts| *parts > 0);
                Ok((Mark::Id(*parent), parts.ok_or("the message has no header `parts` that says how many there are")? as usize))
            }
            Of::Key(key, count) => {
                let key = key.as_ref().ok_or("there is no key")?;
                let text = key.text(message).map_err(|error| format!("key: {error}"))?;
                Ok((Mark::Key(text.into()), *count))
            }
        }
    }
}

/// What the messages of one whole have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Mark {
    Id(MessageId),
    Key(Arc<str>),
}

impl Mark {
    /// A number for the result's id.
    fn number(&self) -> u64 {
        match self {
            Self::Id(_) => OUT as u64,
            Self::Key(key) => hash_text(key),
        }
    }
}

/// The messages of one whole that have come.
struct Set {
    mark: Mark,
    messages: Vec<Message>,
}

struct Join {
    settings: JoinSettings,
    /// In order of opening.
    sets: BTreeMap<u64, Set>,
    by_mark: BTreeMap<Mark, u64>,
    opened: u64,
    joined: u64,
    renewing: bool,
}

impl Join {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let (mark, count) = match self.settings.judge(&message) {
            Ok(judged) => judged,
            Err(error) => return fx.reject(message, error),
        };
        let serial = match self.by_mark.get(&mark) {
            Some(serial) => *serial,
            None => self.open(mark, fx),
        };
        if !self.renewing && !message.settlement.deliveries().is_empty() {
            self.renewing = true;
            fx.wake(fx.now() + Effects::RENEW_EVERY, RENEW);
        }
        let set = self.sets.get_mut(&serial).expect("an open set");
        set.messages.push(message);
        if set.messages.len() >= count {
            self.complete(serial, fx);
        }
    }

    fn open(&mut self, mark: Mark, fx: &mut Effects<'_>) -> u64 {
        if self.sets.len() >= self.settings.most_open
            && let Some((oldest, _)) = self.sets.first_key_value()
        {
            self.give_up(*oldest, fx);
        }
        self.opened += 1;
        if let Some(timeout) = self.settings.timeout {
            fx.wake(fx.now() + timeout, self.opened);
        }
        self.by_mark.insert(mark.clone(), self.opened);
        self.sets.insert(self.opened, Set { mark, messages: Vec::new() });
        self.opened
    }

    fn close(&mut self, serial: u64) -> Option<Set> {
        let set = self.sets.remove(&serial)?;
        self.by_mark.remove(&set.mark);
        Some(set)
    }

    /// All have come. The result derives from the first, lists all as parents (G5), carries all deliveries on (G4), and is as old as the
    /// oldest (G6).
    fn complete(&mut self, serial: u64, fx: &mut Effects<'_>) {
        let Some(set) = self.close(serial) else { return };
        self.joined += 1;
        let (first, last) = (&set.messages[0], &set.messages[set.messages.len() - 1]);
        let payload = match self.settings.shape {
            Shape::First => first.payload.clone(),
            Shape::Last => last.payload.clone(),
            Shape::List => {
                let values = set.messages.iter().map(|message| message.payload.value().cloned().unwrap_or(Value::Null));
                Payload::from_value(Value::Array(values.collect()))
            }
        };
        let mut result = first.derive(fx.maker(), set.mark.number(), fx.now(), payload);
        result.settlement = Settlement::join(set.messages.iter().map(|message| &message.settlement));
        for message in &set.messages {
            result.entered = result.entered.min(message.entered);
            result.expires = result.expires.max(message.expires);
            result.hops = result.hops.max(message.hops);
            result.priority = result.priority.max(message.priority);
        }
        let mut parents: Vec<MessageId> = Vec::with_capacity(set.messages.len());
        for message in &set.messages {
            if !parents.contains(&message.id) {
                parents.push(message.id);
            }
        }
        result.head_mut().parents = parents;
        for message in set.messages.into_iter().skip(1) {
            fx.absorb(message);
        }
        fx.emit(OUT, result);
    }

    /// The rest has not come.
    fn give_up(&mut self, serial: u64, fx: &mut Effects<'_>) {
        for message in self.close(serial).into_iter().flat_map(|set| set.messages) {
            if fx.wired(INCOMPLETE) > 0 {
                fx.emit(INCOMPLETE, message);
            } else {
                fx.drop(message, NOT_COMPLETE);
            }
        }
    }

    /// Extends the locks of all deliveries held here (G4).
    fn renew(&mut self, fx: &mut Effects<'_>) {
        self.renewing = false;
        for message in self.sets.values().flat_map(|set| &set.messages) {
            self.renewing |= !message.settlement.deliveries().is_empty();
            fx.renew(message);
        }
        if self.renewing {
            fx.wake(fx.now() + Effects::RENEW_EVERY, RENEW);
        }
    }
}

impl Behaviour for Join {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Wake(RENEW) => self.renew(fx),
            Event::Wake(serial) => self.give_up(serial, fx),
            // Nothing more will come: what is not whole never will be.
            Event::Drain => {
                while let Some((serial, _)) = self.sets.first_key_value() {
                    self.give_up(*serial, fx);
                }
            }
            Event::Start | Event::Released(..) | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) => {}
        }
    }

    /// Another way to find what belongs together needs a restart; what waits then goes back to where it came from.
    fn change(&mut self, _form: &mut Form<'_>) -> Change {
        Change::Restart
    }

    fn held(&self) -> u64 {
        self.sets.values().map(|set| set.messages.len() as u64).sum()
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        self.by_mark.clear();
        for message in std::mem::take(&mut self.sets).into_values().flat_map(|set| set.messages) {
            fx.nack(message, "the join was taken down before all had come");
        }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "open", value: self.sets.len() as f64, unit: "sets" });
        gauges.push(Gauge { name: "joined", value: self.joined as f64, unit: "sets" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Delivery;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    fn copy(message: &Message, payload: Value) -> Message {
        let mut copy = message.clone();
        copy.payload = Payload::from_value(payload);
        copy
    }

    #[test]
    fn copies_find_each_other_by_their_id_whatever_comes_between() {
        let mut join = Script::new(&JOIN, []);
        let (one, two) = (join.message(json!(1)), join.message(json!(2)));
        join.send_message("in", copy(&one, json!("1a"))).send_message("in", copy(&two, json!("2a")));
        assert_eq!((join.held(), join.gauge("open")), (2, 2.0));
        join.at("3 s").send_message("in", copy(&two, json!("2b"))).at("5 s").send_message("in", copy(&one, json!("1b")));
        assert_eq!(join.payloads("out"), [json!("2b"), json!("1b")]);
        assert_eq!(join.times("out"), [3.0, 5.0]);
        assert_eq!((join.held(), join.seen().absorbed.len()), (0, 2));
        assert_eq!(join.seen().left[1].message.head().parents, [one.id]);
    }

    #[test]
    fn parts_say_how_many_they_are() {
        let mut join = Script::new(&JOIN, [("of", "parts".into()), ("result", "list".into())]);
        let whole = join.message(json!(0));
        for (number, output) in [(1, 0), (2, 1), (3, 2)] {
            let mut part = whole.derive(5, output, Moment::START, Payload::from_value(json!(number)));
            part.set_header("parts", json!(3));
            join.send_message("in", part);
        }
        assert_eq!(join.payloads("out"), [json!([1, 2, 3])]);
        assert_eq!(join.seen().left[0].message.head().parents.len(), 3);
        join.send("in", json!("no part"));
        assert!(join.seen().rejected[0].why.contains("no parent"));
    }

    #[test]
    fn a_key_brings_different_messages_together() {
        let mut join = Script::new(&JOIN, [("of", "key".into()), ("key", "message.order".into()), ("result", "first".into())]);
        for (order, what) in [("a", "paid"), ("b", "paid"), ("a", "packed")] {
            join.send("in", json!({"order": order, "what": what}));
        }
        assert_eq!(join.payloads("out"), [json!({"order": "a", "what": "paid"})]);
        join.send("in", json!("no order"));
        assert_eq!(join.seen().rejected.len(), 1);
        assert!(problems(&JOIN, [("of", "key".into())])[0].contains("`key` must be set"));
    }

    #[test]
    fn g4_g6_the_result_answers_for_all_and_is_as_old_as_the_oldest() {
        let mut join = Script::new(&JOIN, []);
        let message = join.message(json!(1));
        let delivery = |number| Delivery { origin: 3, attempt: 1, number };
        for number in [4, 5] {
            let mut one = message.clone();
            one.settlement = Settlement::One(delivery(number));
            join.at(if number == 4 { "1 s" } else { "25 s" }).send_message("in", one);
        }
        // Locks were extended twice meanwhile: at 11 s and 21 s.
        assert_eq!(join.seen().renewed.len(), 2);
        let result = &join.seen().left[0].message;
        assert_eq!(result.settlement.deliveries(), [delivery(4), delivery(5)]);
        assert_eq!(result.entered, Moment::START);
    }

    #[test]
    fn what_never_becomes_whole_is_given_up_in_time_and_for_others() {
        let mut timed = Script::new(&JOIN, [("timeout", "2 s".into())]);
        timed.send("in", json!(1));
        timed.at("1.9 s");
        assert_eq!(timed.payloads("incomplete").len(), 0);
        timed.at("2 s");
        assert_eq!(timed.times("incomplete"), [2.0]);
        let mut bounded = Script::new(&JOIN, [("most_open", 1.into())]).wired("incomplete", 0);
        bounded.send("in", json!(1));
        bounded.send("in", json!(2));
        assert_eq!((&*bounded.seen().dropped[0].why, bounded.held()), ("incomplete", 1));
        bounded.event(Event::Drain);
        assert_eq!((bounded.seen().dropped.len(), bounded.held()), (2, 0));
    }
}
