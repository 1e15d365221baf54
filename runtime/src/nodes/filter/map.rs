//! Map: makes each message into another, by expressions.

use super::{error, input};
use crate::expr::Expression;
use crate::message::{Message, Payload, Value};
use crate::node::field::Yields;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::problem::nearest;
use crate::setting::Settings;
use std::sync::Arc;

const OUT: usize = 0;

/// The descriptor.
pub static MAP: Kind = Kind {
    name: "map",
    title: "Map",
    family: Family::Filter,
    summary: "Makes each message into another, by expressions.",
    guide: include_str!("map.md"),
    example: r#"(
    format: 1,
    title: "Add a total and a key",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"customer\": {{key 20}}, \"price\": {{number 1 90 2}}, \"pieces\": {{int 1 5}}}"),
        "total": map(set: {
            "message.total": "message.price * double(message.pieces)",
            "key": "message.customer",
            "headers.large": "message.pieces > 3",
        }),
        "kept": sink(),
    },
    pipes: ["orders.out -> total.in", "total.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Map",
            "value",
            "New payload",
            FieldType::Expression(Yields::Any),
            Preset::None,
            "A CEL expression whose value becomes the payload, such as {'id': message.order, 'large': message.amount > 100}. Absent: the payload stays.",
        ),
        Field::new(
            "Map",
            "set",
            "Set",
            FieldType::Assignments,
            Preset::None,
            "What to set, each by an expression over the message as it came in: message.FIELD, headers.NAME, key, topic, correlation or priority. Null takes a header, the key, the topic or the correlation away.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "The messages made.").passing_all(), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Map::read(form)),
    figures: [Figure::RateIn, Figure::RateOut],
};

/// Where an assignment goes.
enum Target {
    /// A field of the payload, by its path.
    Field(Vec<String>),
    Header(Arc<str>),
    Key,
    Topic,
    Correlation,
    Priority,
}

impl Target {
    fn read(name: &str) -> Option<Self> {
        let named = |path: &str| !path.is_empty() && path.split('.').all(|part| !part.is_empty());
        match name.split_once('.') {
            Some(("message", path)) if named(path) => Some(Self::Field(path.split('.').map(str::to_owned).collect())),
            Some(("headers", header)) if !header.is_empty() => Some(Self::Header(header.into())),
            None => match name {
                "key" => Some(Self::Key),
                "topic" => Some(Self::Topic),
                "correlation" => Some(Self::Correlation),
                "priority" => Some(Self::Priority),
                _ => None,
            },
            Some(_) => None,
        }
    }
}

struct Map {
    value: Option<Expression>,
    set: Vec<(Target, Expression)>,
}

impl Map {
    fn read(form: &mut Form<'_>) -> Self {
        let value = form.value("value").and_then(|_| form.expression("value"));
        let mut set = Vec::new();
        if form.value("set").is_some() {
            for (name, expression) in form.expressions("set") {
                if let Some(target) = Target::read(&name) {
                    set.push((target, expression));
                } else {
                    let meant = nearest(&name, ["key", "topic", "correlation", "priority"]);
                    let meant = meant.map_or_else(|| format!("message.{name}"), str::to_owned);
                    form.problem(
                        "set",
                        format!("`{name}` cannot be set (did you mean `{meant}`?)"),
                        "Set message.FIELD, headers.NAME, key, topic, correlation or priority.",
                    );
                }
            }
        }
        Self { value, set }
    }

    /// The message that is made of one. All expressions see the message as it came in.
    fn make(&self, message: &Message, fx: &Effects<'_>) -> Result<Message, String> {
        let mut values = Vec::with_capacity(self.set.len());
        for (_, expression) in &self.set {
            values.push(expression.value(message).map_err(|error| format!("{}: {error}", expression.source()))?);
        }
        let new = self.value.as_ref().map(|value| value.value(message).map_err(|error| error.message)).transpose()?;
        let sets_fields = self.set.iter().any(|(target, _)| matches!(target, Target::Field(_)));
        let mut made = if new.is_some() || sets_fields {
            let mut payload = match new {
                Some(payload) => payload,
                None => message.payload.value().map_err(ToString::to_string)?.clone(),
            };
            for ((target, _), value) in self.set.iter().zip(&mut values) {
                if let Target::Field(path) = target {
                    set_field(&mut payload, path, value.take())?;
                }
            }
            message.derive(fx.maker(), OUT as u64, fx.now(), Payload::from_value(payload))
        } else {
            message.clone()
        };
        for ((target, expression), value) in self.set.iter().zip(values) {
            set_envelope(&mut made, target, value).map_err(|error| format!("{}: {error}", expression.source()))?;
        }
        Ok(made)
    }
}

/// Sets a field of an object; objects on the way that are not there are made.
fn set_field(payload: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let mut place = payload;
    for (at, part) in path.iter().enumerate() {
        if place.is_null() {
            *place = Value::Object(serde_json::Map::new());
        }
        let Value::Object(fields) = place else {
            let whole = path[..at].join(".");
            return Err(if at == 0 {
                "the payload is no object: it has no fields to set".to_owned()
            } else {
                format!("message.{whole} is no object")
            });
        };
        place = fields.entry(part.as_str()).or_insert(Value::Null);
    }
    *place = value;
    Ok(())
}

fn set_envelope(message: &mut Message, target: &Target, value: Value) -> Result<(), String> {
    let text = |value: Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(Arc::from(text))),
        Value::Number(_) | Value::Bool(_) => Ok(Some(Arc::from(value.to_string()))),
        Value::Array(_) | Value::Object(_) => Err("expected a text, found a list or a map".to_owned()),
    };
    match target {
        Target::Field(_) => {}
        Target::Header(name) if value.is_null() => {
            if message.header(name).is_some() {
                message.head_mut().headers.retain(|(known, _)| known != name);
            }
        }
        Target::Header(name) => message.set_header(name, value),
        Target::Key => message.head_mut().key = text(value)?,
        Target::Topic => message.head_mut().topic = text(value)?,
        Target::Correlation => message.head_mut().correlation = text(value)?,
        Target::Priority => {
            let priority = value.as_u64().and_then(|number| u8::try_from(number).ok());
            message.priority = priority.ok_or_else(|| format!("a priority is a whole number from 0 to 255, found {value}"))?;
        }
    }
    Ok(())
}

impl Behaviour for Map {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            match self.make(&message, fx) {
                Ok(made) => fx.emit(OUT, made),
                Err(error) => fx.reject(message, error),
            }
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        *self = Self::read(form);
        Change::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Delivery, Settlement};
    use crate::node::Script;
    use crate::node::script::problems;
    use crate::setting::Setting;
    use serde_json::json;

    fn assignments(pairs: &[(&str, &str)]) -> Setting {
        Setting::Map(pairs.iter().map(|(name, text)| ((*name).to_owned(), Setting::text(*text))).collect())
    }

    #[test]
    fn a_value_becomes_the_payload() {
        let mut map = Script::new(&MAP, [("value", "{'z': message.a * 2, 'a': message}".into())]);
        map.send("in", json!({"a": 4}));
        assert_eq!(map.payloads("out")[0].to_string(), r#"{"z":8,"a":{"a":4}}"#);
    }

    #[test]
    fn assignments_see_the_message_as_it_came_in() {
        let set = assignments(&[
            ("message.a", "message.b"),
            ("message.b", "message.a"),
            ("message.deep.er", "'x'"),
            ("key", "message.a"),
            ("topic", "'t/' + string(message.b)"),
            ("headers.h", "[1, 2]"),
            ("headers.gone", "null"),
            ("priority", "7"),
        ]);
        let mut map = Script::new(&MAP, [("set", set)]);
        let mut message = map.message(json!({"a": 1, "b": 2}));
        message.set_header("gone", json!(1));
        map.send_message("in", message);
        assert_eq!(map.payloads("out"), [json!({"a": 2, "b": 1, "deep": {"er": "x"}})]);
        let made = &map.seen().left[0].message;
        assert_eq!((made.key(), made.head().topic.as_deref(), made.priority), (Some("1"), Some("t/2"), 7));
        assert_eq!((made.header("h"), made.header("gone")), (Some(&json!([1, 2])), None));
    }

    #[test]
    fn g4_g5_a_made_message_has_its_own_id_and_carries_the_delivery_on() {
        let made = |value: &'static str| {
            let mut map = Script::new(&MAP, [("value", value.into())]);
            let mut message = map.message(json!({"a": 1}));
            message.settlement = Settlement::One(Delivery { origin: 3, attempt: 2, number: 1 });
            map.send_message("in", message.clone());
            (message, map.seen().left[0].message.clone())
        };
        let (parent, one) = made("message.a");
        assert_eq!(one.settlement, parent.settlement);
        assert_eq!((one.head().parents.as_slice(), one.entered), (&[parent.id][..], parent.entered));
        assert_ne!(one.id, parent.id);
        assert_eq!(made("2").1.id, one.id, "a redelivery makes the same id");
        let mut envelope = Script::new(&MAP, [("set", assignments(&[("key", "'k'")]))]);
        let id = envelope.send("in", json!(1));
        assert_eq!(envelope.seen().left[0].message.id, id, "the envelope alone makes no other message");
    }

    #[test]
    fn failures_leave_the_message_unchanged_at_the_error_output() {
        let mut map = Script::new(&MAP, [("set", assignments(&[("message.a", "1"), ("priority", "message.p")]))]).wired("error", 1);
        map.send("in", json!({"p": 256}));
        map.send("in", json!({}));
        map.send("in", json!([1]));
        assert_eq!(map.payloads("error"), [json!({"p": 256}), json!({}), json!([1])]);
        assert!(map.payloads("out").is_empty());
    }

    #[test]
    fn what_cannot_be_set_is_a_problem() {
        for (name, words) in
            [("kee", "did you mean `key`"), ("total", "message.total"), ("message.", "cannot be set"), ("message.a..b", "cannot")]
        {
            let found = problems(&MAP, [("set", assignments(&[(name, "1")]))]);
            assert!(found[0].contains(words), "{found:?}");
        }
        assert!(problems(&MAP, [("set", assignments(&[("key", "mesage")]))])[0].contains("PW203"));
        assert!(problems(&MAP, []).is_empty());
    }
}
