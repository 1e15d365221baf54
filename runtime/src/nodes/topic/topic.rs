//! Topic: every subscription gets a copy of every message, and none of them slows it.

use super::routes::{Chosen, DIALECTS, Routes};
use crate::message::{Head, Message};
use crate::node::reason::UNROUTABLE;
use crate::node::{Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Kind, Port, Ports, Preset};
use crate::problem::Problem;
use crate::setting::Settings;
use crate::units::Moment;
use std::sync::Arc;

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
    ],
    ports,
    build: |form| {
        let (head, routes) = read(form);
        Box::new(Topic { head, routes, unroutable: 0 })
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

fn read(form: &mut Form<'_>) -> (Option<Arc<Head>>, Routes) {
    let routes = Routes::read(form);
    let name = form.text("name").filter(|name| !name.is_empty());
    if let Some(fault) = name.as_ref().and_then(|name| routes.dialect.check_topic(name).err()) {
        let subject = form.subject("name");
        let hint = "a message is published to one topic; patterns belong to subscriptions";
        form.push(Problem::error("PW207", subject, fault.message).at(1, fault.column).hint(hint));
    }
    (name.map(|name| Arc::new(Head { topic: Some(name.into()), ..Head::default() })), routes)
}

struct Topic {
    /// What a message without any head gets: the name, shared.
    head: Option<Arc<Head>>,
    routes: Routes,
    unroutable: u64,
}

impl Topic {
    fn name(&self, message: &mut Message) {
        let Some(named) = &self.head else { return };
        match &mut message.head {
            None => message.head = Some(named.clone()),
            Some(head) if head.topic.is_none() => Arc::make_mut(head).topic.clone_from(&named.topic),
            Some(_) => {}
        }
    }
}

impl Topic {
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
        let Event::Message(_, mut message) = event else { return };
        self.name(&mut message);
        let topic = message.head.as_ref().and_then(|head| head.topic.as_deref());
        if let Some(fault) = topic.and_then(|topic| self.routes.dialect.check_topic(topic).err()) {
            fx.error(fault.message);
            return self.unroutable(message, fx);
        }
        match self.routes.choose(topic, |_| true) {
            // Once: the engine copies it to every pipe.
            Some(Chosen::All) => fx.emit(OUT, message),
            Some(Chosen::Some(branches)) => fx.emit_among(OUT, branches, message),
            None => self.unroutable(message, fx),
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        (self.head, self.routes) = read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "unroutable", value: self.unroutable as f64, unit: "messages" });
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
}
