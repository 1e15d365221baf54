//! Deduplicate: lets each key pass once within a window of time.

use super::{emit_or_drop, error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::{Word, Yields};
use crate::node::reason::DUPLICATE;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::nodes::window::{Known, Window};
use crate::setting::Settings;
use crate::units::{Moment, Span};

const OUT: usize = 0;
const DUPLICATES: usize = 1;

/// The descriptor.
pub static DEDUPLICATE: Kind = Kind {
    name: "deduplicate",
    title: "Deduplicate",
    family: Family::Filter,
    summary: "Lets each key pass once within a window of time.",
    guide: include_str!("deduplicate.md"),
    example: r#"(
    format: 1,
    title: "A sender that says everything twice",
    nodes: {
        "orders": generator(rate: "20/s", payload: "{\"order\": {{index}}}"),
        "twice": jq(program: "., ."),
        "once": deduplicate(key: "message.order", window: "1 min"),
        "shipped": sink(),
    },
    pipes: ["orders.out -> twice.in", "twice.out -> once.in", "once.out -> shipped.in"],
)
"#,
    fields: &[
        Field::new(
            "Deduplicate",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::None,
            "A CEL expression that gives what must not come twice, such as message.order. Unset: the message's id.",
        ),
        Field::new(
            "Deduplicate",
            "window",
            "Window",
            FieldType::Span(1),
            Preset::Text("10 min"),
            "How long a key is remembered, from its first coming.",
        )
        .source("Azure Service Bus, duplicate detection: 10 minutes by default"),
        Field::new(
            "Deduplicate",
            "redelivered",
            "Redeliveries",
            FieldType::Choice(&[
                Word {
                    name: "stop",
                    label: "Are stopped",
                    help: "Another attempt of a delivery that passed is a duplicate: right before the effect.",
                },
                Word {
                    name: "pass",
                    label: "Pass",
                    help: "Another attempt of a delivery that passed may pass again: right before work that may fail.",
                },
            ]),
            Preset::Word("stop"),
            "What becomes of another attempt of a delivery that has passed before.",
        ),
        Field::new(
            "Bounds",
            "most_keys",
            "Most keys",
            FieldType::Integer(1, 10_000_000),
            Preset::Integer(100_000),
            "How many keys are remembered. Beyond that the oldest is forgotten before its time, which is counted.",
        )
        .unit("keys"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![
            Port::output("out", "Messages whose key is new."),
            Port::output("duplicates", "Messages whose key came before. Unwired, they are dropped as `duplicate`.").optional(),
            error(),
        ],
        ..Ports::default()
    },
    build: |form| {
        let settings = Rules::read(form);
        let window = Window::new(settings.span, settings.most);
        Box::new(Deduplicate { settings, window, stopped: 0 })
    },
    figures: [Figure::Gauge("stopped"), Figure::RateIn],
};

struct Rules {
    key: Option<Expression>,
    span: Span,
    most: usize,
    pass_redelivered: bool,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        Self {
            key: form.value("key").and_then(|_| form.expression("key")),
            span: form.span("window").unwrap_or(Span::secs(600)),
            most: form.integer("most_keys").map_or(100_000, |most| most as usize),
            pass_redelivered: form.choice("redelivered") == "pass",
        }
    }
}

struct Deduplicate {
    settings: Rules,
    window: Window,
    stopped: u64,
}

impl Deduplicate {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let key = match &self.settings.key {
            Some(key) => match key.text(&message) {
                Ok(key) => key,
                Err(error) => return fx.reject(message, error.message),
            },
            None => message.id.to_string(),
        };
        match self.window.see(&key, &message, fx.now()) {
            Known::New | Known::Redriven => fx.emit(OUT, message),
            Known::Redelivered if self.settings.pass_redelivered => fx.emit(OUT, message),
            Known::Duplicate | Known::Redelivered => {
                self.stopped += 1;
                emit_or_drop(fx, DUPLICATES, message, DUPLICATE);
            }
        }
    }
}

impl Behaviour for Deduplicate {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.settings = Rules::read(form);
        self.window.set(self.settings.span, self.settings.most);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "stopped", value: self.stopped as f64, unit: "messages" });
        gauges.push(Gauge { name: "remembered", value: self.window.len() as f64, unit: "keys" });
        gauges.push(Gauge { name: "forgotten early", value: self.window.forgotten() as f64, unit: "keys" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn a_key_passes_once_within_the_window() {
        let mut once = Script::new(&DEDUPLICATE, [("key", "message.k".into()), ("window", "10 s".into())]).wired("duplicates", 0);
        for (at, key) in [("0 s", "a"), ("1 s", "b"), ("9 s", "a"), ("10 s", "a"), ("12 s", "b")] {
            once.at(at).send("in", json!({"k": key}));
        }
        assert_eq!(once.times("out"), [0.0, 1.0, 10.0, 12.0]);
        assert_eq!((&*once.seen().dropped[0].why, once.gauge("stopped")), ("duplicate", 1.0));
    }

    #[test]
    fn g5_without_a_key_the_id_tells() {
        let mut once = Script::new(&DEDUPLICATE, []);
        let message = once.message(json!(1));
        once.send_message("in", message.clone());
        once.send_message("in", message);
        once.send("in", json!(1));
        assert_eq!((once.payloads("out").len(), once.payloads("duplicates").len()), (2, 1));
    }

    #[test]
    fn g4_redeliveries_are_stopped_or_pass_as_set() {
        for (word, passed) in [("stop", 1), ("pass", 2)] {
            let mut once = Script::new(&DEDUPLICATE, [("redelivered", word.into())]);
            let mut message = once.message(json!(1));
            for attempt in 1..=2 {
                message.settlement = Settlement::One(Delivery { origin: 1, attempt, number: 5 });
                once.send_message("in", message.clone());
            }
            assert_eq!(once.payloads("out").len(), passed, "{word}");
        }
    }

    #[test]
    fn a_key_that_fails_is_an_error_and_a_change_keeps_what_is_known() {
        let mut once = Script::new(&DEDUPLICATE, [("key", "message.k".into())]);
        once.send("in", json!({}));
        assert_eq!(once.seen().rejected.len(), 1);
        once.send("in", json!({"k": 1}));
        assert_eq!(once.change([("window", "1 h".into())]), Change::Kept);
        once.send("in", json!({"k": 1}));
        assert_eq!(once.payloads("out").len(), 1);
    }
}
