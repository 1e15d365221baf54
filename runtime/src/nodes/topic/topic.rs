//! Topic: every subscription gets a copy of every message, and none of them slows it.

use super::record::{MOST_KEPT, Record, StartFrom};
use super::routes::{Chosen, DIALECTS, Routes};
use crate::id::NodeId;
use crate::message::{Head, Message, Shared};
use crate::node::reason::UNROUTABLE;
use crate::node::{Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Kind, Port, Ports, Preset};
use crate::problem::Problem;
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::BTreeMap;

const OUT: usize = 0;
const UNROUTED: usize = 1;

/// The descriptor.
pub static TOPIC: Kind = Kind {
    name: "topic",
    title: "Topic",
    family: Family::Topic,
    summary: "Every subscription gets a copy of every message, and none of them slows it.",
    guide: include_str!("topic.md"),
    example: r#"(
    format: 1,
    title: "One topic, two readers",
    nodes: {
        "orders": generator(rate: "20/s", topic: "orders/{{pick \"eu\" \"us\"}}"),
        "all": topic(),
        "european": subscription(pattern: "orders/eu"),
        "audit": subscription(pattern: "orders/#"),
        "shipping": consumer_pool(servers: 2, service: exponential(mean: "50 ms")),
        "archive": sink(),
    },
    pipes: [
        "orders.out -> all.in",
        "all.out -> european.in",
        "all.out -> audit.in",
        "european.out -> shipping.in",
        "audit.out -> archive.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Topic",
            "name",
            "Name",
            FieldType::Text,
            Preset::None,
            "The topic of messages that come without one, such as orders/eu. Messages that have a topic keep it.",
        ),
        Field::new(
            "Topic",
            "dialect",
            "Dialect",
            FieldType::Choice(DIALECTS),
            Preset::Word("mqtt"),
            "By whose rules topics are divided into levels, and what the wildcards in its subscriptions' patterns mean.",
        )
        .source("OASIS MQTT 5.0, section 4.7; NATS, Subject-Based Messaging; AMQP 0-9-1, section 3.1.3.3, and RabbitMQ, topic exchange"),
        Field::new(
            "Late joiners",
            "retain",
            "Retain last values",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether the last message of each topic is kept for subscriptions that begin later and start from last values; of up to 9,000 topics.",
        )
        .source("OASIS MQTT 5.0, section 3.3.1.3, RETAIN"),
        Field::new(
            "Late joiners",
            "keep",
            "Keep",
            FieldType::Integer(0, MOST_KEPT),
            Preset::Integer(0),
            "How many of the newest messages are kept for subscriptions that begin later and start from before.",
        )
        .unit("messages")
        .source("NATS JetStream, stream limits: MaxMsgs, MaxAge"),
        Field::new("Late joiners", "keep_for", "Keep for", FieldType::Span(1), Preset::None, "How long they are kept. Unset: until newer ones push them out."),
    ],
    ports,
    build: |form| {
        let mut topic = Topic { head: None, routes: Routes::read(form), record: Record::default(), subscribed: Vec::new(), replayed: 0, unroutable: 0 };
        topic.read(form);
        Box::new(topic)
    },
    figures: [Figure::RateIn, Figure::PipesOut],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to publish.")],
        outputs: vec![
            Port::output("out", "To subscriptions; each gets a copy.").optional().flowing(Fan::Copy, Flow::Free),
            Port::error("unroutable", "Messages that no subscription wanted by their topic."),
        ],
        only_to: Some("subscription"),
        only_from: None,
    }
}

fn name(form: &mut Form<'_>, routes: &Routes) -> Option<Shared<Head>> {
    let name = form.text("name").filter(|name| !name.is_empty());
    if let Some(fault) = name.as_ref().and_then(|name| routes.dialect.check_topic(name).err()) {
        let subject = form.subject("name");
        let hint = "a message is published to one topic; patterns belong to subscriptions";
        form.push(Problem::error("PW207", subject, fault.message).at(1, fault.column).hint(hint));
    }
    name.map(|name| Shared::new(Head { topic: Some(name.into()), ..Head::default() }))
}

struct Topic {
    /// What a message without any head gets: the name, shared.
    head: Option<Shared<Head>>,
    routes: Routes,
    record: Record,
    /// Which subscriptions take messages just now.
    subscribed: Vec<bool>,
    /// Copies of kept messages handed to those who joined late.
    replayed: u64,
    unroutable: u64,
}

impl Topic {
    fn name(&self, message: &mut Message) {
        let Some(named) = &self.head else { return };
        match &mut message.head {
            None => message.head = Some(named.clone()),
            Some(head) if head.topic.is_none() => Shared::make_mut(head).topic.clone_from(&named.topic),
            Some(_) => {}
        }
    }
}

impl Topic {
    fn read(&mut self, form: &mut Form<'_>) {
        self.head = name(form, &self.routes);
        self.record.retain = form.flag("retain");
        self.record.keep = form.integer("keep").map_or(0, |keep| keep as usize);
        self.record.keep_for = form.value("keep_for").and_then(|_| form.span("keep_for"));
        for receiver in form.receivers() {
            let from = StartFrom::of(receiver);
            let lacks = (from.needs_log() && self.record.keep == 0) || (from == StartFrom::LastValues && !self.record.retain);
            if lacks {
                let setting = if from.needs_log() { "keep" } else { "retain" };
                let message = format!("the topic keeps nothing to start from: its `{setting}` is not set");
                form.push(receiver.problem("start_from", message).hint("set it on the topic, or start from new messages"));
            }
        }
    }

    /// At the start, and after a change: who is there takes messages from now on; who joins or comes back later is waited for.
    fn look_at_all(&mut self, fx: &mut Effects<'_>) {
        let known = self.subscribed.len() as u32;
        for branch in 0..self.routes.len() {
            if branch >= known {
                let here = self.routes.reader(branch).is_some_and(|(_, presence, _)| presence.subscribed(fx.now()));
                self.subscribed.push(here);
            }
            self.look(branch, fx);
        }
        self.subscribed.truncate(self.routes.len() as usize);
    }

    /// Follows one subscription: if it begins now, it gets what it asks for of what was kept.
    fn look(&mut self, branch: u32, fx: &mut Effects<'_>) {
        let Some((pattern, presence, from)) = self.routes.reader(branch) else { return };
        let here = presence.subscribed(fx.now());
        if let Some(next) = presence.next_change(fx.now()) {
            fx.wake(next, u64::from(branch));
        }
        let Some(before) = self.subscribed.get_mut(branch as usize) else { return };
        if !std::mem::replace(before, here) && here {
            for message in self.record.for_late(from, pattern, fx.now()) {
                self.replayed += 1;
                fx.copy_to(OUT, branch, message);
            }
        }
    }

    /// A topic never waits (G2), not even for its alternate port.
    fn unroutable(&mut self, message: Message, fx: &mut Effects<'_>) {
        self.unroutable += 1;
        if fx.wired(UNROUTED) > 0 && fx.room(UNROUTED) > 0 {
            fx.emit(UNROUTED, message);
        } else {
            fx.drop(message, UNROUTABLE);
        }
    }
}

impl Behaviour for Topic {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        let mut message = match event {
            Event::Message(_, message) => message,
            Event::Start => return self.look_at_all(fx),
            Event::Wake(branch) => return self.look(branch as u32, fx),
            _ => return,
        };
        self.name(&mut message);
        let topic = message.head.as_ref().and_then(|head| head.topic.as_deref());
        if let Some(fault) = topic.and_then(|topic| self.routes.dialect.check_topic(topic).err()) {
            fx.error(fault.message);
            return self.unroutable(message, fx);
        }
        self.record.take(&message, fx.now());
        let subscribed = &self.subscribed;
        match self.routes.choose(topic, |branch| subscribed.get(branch as usize).copied().unwrap_or(true)) {
            // Once: the engine copies it to every pipe.
            Some(Chosen::All) => fx.emit(OUT, message),
            Some(Chosen::Some(branches)) => fx.emit_among(OUT, branches, message),
            None => self.unroutable(message, fx),
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = std::mem::replace(&mut self.routes, Routes::read(form));
        // Who was put in while the run goes on joins now; the others are as they were, whatever their branch is now.
        let was: BTreeMap<&NodeId, bool> = before.ids().iter().zip(self.subscribed.iter().copied()).collect();
        self.subscribed = self.routes.ids().iter().map(|id| was.get(id).copied().unwrap_or(false)).collect();
        self.read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64, unit| Gauge { name, value: value as f64, unit };
        let (kept, last) = self.record.kept();
        gauges.push(count("unroutable", self.unroutable, "messages"));
        gauges.push(count("kept", kept as u64, "messages"));
        gauges.push(count("last values", last as u64, "topics"));
        gauges.push(count("forgotten topics", self.record.forgotten_topics(), "topics"));
        gauges.push(count("replayed", self.replayed, "messages"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use crate::nodes::topic::subscription::SUBSCRIPTION;
    use serde_json::json;

    /// A topic of this dialect with one subscription for each pattern.
    fn topic(dialect: &'static str, patterns: &[&'static str]) -> Script {
        let fed = patterns.iter().map(|pattern| (&SUBSCRIPTION, [("pattern", (*pattern).into())]));
        Script::feeding(&TOPIC, [("dialect", dialect.into())], "out", fed)
    }

    fn publish(script: &mut Script, name: &str) {
        let mut message = script.message(json!(name));
        message.head_mut().topic = Some(name.into());
        script.send_message("in", message);
    }

    /// Who got a message published to this topic.
    fn reached(script: &mut Script, name: &str) -> Vec<u32> {
        let before = script.seen().left.len();
        publish(script, name);
        script.seen().left[before..].iter().map(|left| left.branch.expect("the topic chose")).collect()
    }

    #[test]
    fn g5_a_message_goes_out_once_and_keeps_its_id() {
        let mut topic = topic("mqtt", &["#", "", "#"]);
        let id = topic.send("in", json!(1));
        assert_eq!((topic.seen().left.len(), topic.seen().left[0].message.id), (1, id));
    }

    #[test]
    fn copies_go_to_those_whose_pattern_matches_by_the_dialect() {
        let mut mqtt = topic("mqtt", &["a/#", "a/+", "b", "#"]);
        assert_eq!(reached(&mut mqtt, "a"), [0, 3]);
        assert_eq!(reached(&mut mqtt, "a/b"), [0, 1, 3]);
        assert_eq!(reached(&mut mqtt, "a/b/c"), [0, 3]);
        let mut nats = topic("nats", &["a.>", "a.*", ">"]);
        assert_eq!(reached(&mut nats, "a"), [2]);
        assert_eq!(reached(&mut nats, "a.b.c"), [0, 2]);
        let mut amqp = topic("amqp", &["#.c", "a.#", "*"]);
        assert_eq!(reached(&mut amqp, "a.b.c"), [0, 1]);
        assert_eq!(reached(&mut amqp, "c"), [0, 2]);
    }

    #[test]
    fn messages_that_nobody_wants_are_seen() {
        let mut topic = topic("mqtt", &["a", "b"]);
        publish(&mut topic, "c");
        assert_eq!((&*topic.seen().dropped[0].why, topic.gauge("unroutable")), ("unroutable", 1.0));
        let mut alternate = Script::new(&TOPIC, []).wired("out", 0).wired("unroutable", 1).room("unroutable", 1);
        alternate.send("in", json!(1));
        alternate.send("in", json!(2));
        assert_eq!((alternate.payloads("unroutable"), alternate.seen().dropped.len()), (vec![json!(1)], 1));
    }

    #[test]
    fn what_is_no_topic_is_an_error_and_goes_nowhere_else() {
        let mut topic = topic("nats", &[">"]).wired("unroutable", 1);
        publish(&mut topic, "a..b");
        assert_eq!((topic.payloads("unroutable"), topic.seen().errors.len()), (vec![json!("a..b")], 1));
        let mut mqtt = self::topic("mqtt", &["a/#"]);
        publish(&mut mqtt, "a/+");
        assert_eq!((mqtt.seen().left.len(), mqtt.seen().dropped.len()), (0, 1));
    }

    #[test]
    fn g12_a_changed_pattern_holds_at_once() {
        let mut topic = topic("mqtt", &["a", "b"]);
        assert_eq!(topic.change_fed(0, [("pattern", "c".into())]), Change::Kept);
        assert_eq!(reached(&mut topic, "c"), [0]);
        assert_eq!(reached(&mut topic, "a"), [0; 0]);
    }

    #[test]
    fn a_name_is_given_where_none_was() {
        let mut topic = Script::feeding(&TOPIC, [("name", "orders/eu".into())], "out", [(&SUBSCRIPTION, [])]);
        topic.send("in", json!(1));
        let mut keyed = topic.message(json!(2));
        keyed.head_mut().key = Some("k".into());
        topic.send_message("in", keyed);
        let mut named = topic.message(json!(3));
        named.head_mut().topic = Some("other".into());
        topic.send_message("in", named);
        let topics: Vec<_> = topic.seen().left.iter().map(|left| left.message.head().topic.as_deref().unwrap()).collect();
        assert_eq!(topics, ["orders/eu", "orders/eu", "other"]);
        assert_eq!(topic.seen().left[1].message.key(), Some("k"));
        assert!(problems(&TOPIC, [("name", "a/#".into())])[0].contains("pattern"));
        assert!(problems(&TOPIC, [("name", "a..b".into()), ("dialect", "nats".into())])[0].contains("empty level"));
    }

    /// A topic that keeps everything, with one subscription that joins at 10 s and has these settings.
    fn late(settings: &[(&'static str, crate::setting::Setting)]) -> Script {
        let joins = settings.iter().cloned().chain([("joins_at", "10 s".into())]);
        let keeps = [("retain", true.into()), ("keep", 100.into())];
        let mut topic = Script::feeding(&TOPIC, keeps, "out", [(&SUBSCRIPTION, joins.collect::<Vec<_>>())]);
        for (at, name) in [("1 s", "a"), ("4 s", "b"), ("6 s", "a"), ("8 s", "c")] {
            topic.at(at);
            publish(&mut topic, name);
        }
        topic.at("12 s");
        publish(&mut topic, "d");
        topic
    }

    #[test]
    fn late_joiners_get_what_they_ask_for_of_what_was_kept() {
        let text = |text: &str| crate::setting::Setting::text(text);
        for (settings, expected) in [
            (vec![], vec!["d"]),
            (vec![("start_from", text("last_values"))], vec!["b", "a", "c", "d"]),
            (vec![("start_from", text("last_values")), ("pattern", text("a"))], vec!["a"]),
            (vec![("start_from", text("all_kept"))], vec!["a", "b", "a", "c", "d"]),
            (vec![("start_from", text("time")), ("from_time", text("5 s"))], vec!["a", "c", "d"]),
            (vec![("start_from", text("ago")), ("from_ago", text("3 s"))], vec!["c", "d"]),
            (vec![("start_from", text("offset")), ("from_offset", 1.into())], vec!["b", "a", "c", "d"]),
        ] {
            let topic = late(&settings);
            assert_eq!(topic.payloads("out"), expected.iter().map(|name| json!(name)).collect::<Vec<_>>(), "{settings:?}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_by_number_and_age() {
        let joins = [("joins_at", "10 s".into()), ("start_from", "all_kept".into())];
        for (keep, value, expected) in [("keep", 2.into(), 2), ("keep_for", crate::setting::Setting::text("5 s"), 1)] {
            let keeps = [("keep", 100.into()), (keep, value)];
            let mut topic = Script::feeding(&TOPIC, keeps, "out", [(&SUBSCRIPTION, joins.clone())]);
            for (at, name) in [("1 s", "a"), ("2 s", "b"), ("6 s", "c")] {
                topic.at(at);
                publish(&mut topic, name);
            }
            topic.at("10 s");
            assert_eq!(topic.payloads("out").len(), expected, "{keep}");
        }
    }

    #[test]
    fn a_temporary_subscription_begins_anew_when_its_consumer_comes_back() {
        let settings = [
            ("lifetime", crate::setting::Setting::word("temporary")),
            ("away_at", "2 s".into()),
            ("away_for", "5 s".into()),
            ("start_from", crate::setting::Setting::word("last_values")),
        ];
        let mut topic = Script::feeding(&TOPIC, [("retain", true.into())], "out", [(&SUBSCRIPTION, settings)]);
        for (at, name) in [("1 s", "a"), ("3 s", "b"), ("4 s", "a"), ("8 s", "c")] {
            topic.at(at);
            publish(&mut topic, name);
        }
        assert_eq!(topic.payloads("out"), [json!("a"), json!("b"), json!("a"), json!("c")]);
        assert_eq!((topic.times("out"), topic.gauge("unroutable")), (vec![1.0, 7.0, 7.0, 8.0], 2.0));
    }

    #[test]
    fn a_start_from_what_is_not_kept_is_told_of() {
        let read = crate::file::read(
            "(format: 1, nodes: {\"g\": generator(rate: \"1/s\"), \"t\": topic(), \"u\": subscription(start_from: all_kept), \"s\": sink()}, pipes: [\"g.out -> t.in\", \"t.out -> u.in\", \"u.out -> s.in\"])",
            crate::nodes::CATALOGUE,
        );
        let problems = crate::check::check(&read.graph, crate::nodes::CATALOGUE);
        assert!(problems.iter().any(|problem| problem.to_string().contains("u.start_from: the topic keeps nothing")), "{problems:#?}");
    }
}
