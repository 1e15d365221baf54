//! Topic: every subscription gets a copy of every message, and none of them slows it.

use crate::message::{Head, Message};
use crate::node::reason::UNROUTABLE;
use crate::node::{Behaviour, Change, Effects, Event, Family, Fan, Field, FieldType, Figure, Flow, Form, Gauge, Kind, Port, Ports, Preset};
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
    fields: &[Field::new(
        "Topic",
        "name",
        "Name",
        FieldType::Text,
        Preset::None,
        "The topic of messages that come without one, such as orders/eu. Messages that have a topic keep it.",
    )],
    ports,
    build: |form| Box::new(Topic { head: read(form), unroutable: 0 }),
    figures: [Figure::RateIn, Figure::PipesOut],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to publish.")],
        outputs: vec![
            Port::output("out", "To subscriptions; each gets a copy.").optional().flowing(Fan::Copy, Flow::Free),
            Port::error("unroutable", "Messages that came while there was no subscription."),
        ],
        only_to: Some("subscription"),
        only_from: None,
    }
}

fn read(form: &mut Form<'_>) -> Option<Arc<Head>> {
    let name = form.text("name").filter(|name| !name.is_empty())?;
    if name.contains(['+', '#']) {
        form.problem(
            "name",
            format!("`{name}` is a pattern, not a topic"),
            "a message is published to one topic; patterns belong to subscriptions",
        );
    }
    Some(Arc::new(Head { topic: Some(name.into()), ..Head::default() }))
}

struct Topic {
    /// What a message without any head gets: the name, shared.
    head: Option<Arc<Head>>,
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

impl Behaviour for Topic {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        let Event::Message(_, mut message) = event else { return };
        self.name(&mut message);
        if fx.wired(OUT) > 0 {
            // Once: the engine copies it to every pipe.
            return fx.emit(OUT, message);
        }
        self.unroutable += 1;
        // A topic never waits (G2), not even for its alternate port.
        if fx.wired(UNROUTED) > 0 && fx.room(UNROUTED) > 0 {
            fx.emit(UNROUTED, message);
        } else {
            fx.drop(message, UNROUTABLE);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.head = read(form);
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
    use serde_json::json;

    #[test]
    fn g5_a_message_goes_out_once_and_keeps_its_id() {
        let mut topic = Script::new(&TOPIC, []).wired("out", 3);
        let id = topic.send("in", json!(1));
        assert_eq!((topic.seen().left.len(), topic.seen().left[0].message.id), (1, id));
    }

    #[test]
    fn messages_without_a_subscription_are_seen() {
        let mut topic = Script::new(&TOPIC, []).wired("out", 0);
        topic.send("in", json!(1));
        assert_eq!((&*topic.seen().dropped[0].why, topic.gauge("unroutable")), ("unroutable", 1.0));
        let mut alternate = Script::new(&TOPIC, []).wired("out", 0).wired("unroutable", 1).room("unroutable", 1);
        alternate.send("in", json!(1));
        alternate.send("in", json!(2));
        assert_eq!((alternate.payloads("unroutable"), alternate.seen().dropped.len()), (vec![json!(1)], 1));
    }

    #[test]
    fn a_name_is_given_where_none_was() {
        let mut topic = Script::new(&TOPIC, [("name", "orders/eu".into())]);
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
    }
}
