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

/// What an assignment found, in the form that its target takes.
enum Found {
    Value(Value),
    Text(Option<Arc<str>>),
    Priority(u8),
}

impl Target {
    /// What this target takes of a value.
    fn take(&self, value: Value) -> Result<Found, String> {
        match self {
            Self::Field(_) | Self::Header(_) => Ok(Found::Value(value)),
            Self::Key | Self::Topic | Self::Correlation => match value {
                Value::Null => Ok(Found::Text(None)),
                Value::String(text) => Ok(Found::Text(Some(text.into()))),
                Value::Number(_) | Value::Bool(_) => Ok(Found::Text(Some(value.to_string().into()))),
                Value::Array(_) | Value::Object(_) => Err("expected a text, found a list or a map".to_owned()),
            },
            Self::Priority => {
                let priority = value.as_u64().and_then(|number| u8::try_from(number).ok());
                priority.map(Found::Priority).ok_or_else(|| format!("a priority is a whole number from 0 to 255, found {value}"))
            }
        }
    }

    /// Sets the envelope's part; fields of the payload are set apart.
    fn set(&self, message: &mut Message, found: Found) {
        match (self, found) {
            (Self::Header(name), Found::Value(Value::Null)) => {
                if message.header(name).is_some() {
                    message.head_mut().headers.retain(|(known, _)| known != name);
                }
            }
            (Self::Header(name), Found::Value(value)) => message.set_shared_header(name, value),
            (Self::Key, Found::Text(text)) => message.head_mut().key = text,
            (Self::Topic, Found::Text(text)) => message.head_mut().topic = text,
            (Self::Correlation, Found::Text(text)) => message.head_mut().correlation = text,
            (Self::Priority, Found::Priority(priority)) => message.priority = priority,
            (Self::Field(_) | Self::Header(_) | Self::Key | Self::Topic | Self::Correlation | Self::Priority, _) => {}
        }
    }
}

struct Map {
    value: Option<Expression>,
    set: Vec<(Target, Expression)>,
    /// Whether the payload changes, so that another message is made; else the same one goes on.
    makes_payload: bool,
    /// What the assignments found for the message in hand; kept for its room.
    found: Vec<Found>,
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
        let makes_payload = value.is_some() || set.iter().any(|(target, _)| matches!(target, Target::Field(_)));
        Self { value, set, makes_payload, found: Vec::new() }
    }

    /// Works out all assignments. They see the message as it came in.
    fn find(&mut self, message: &Message) -> Result<(), String> {
        self.found.clear();
        for (target, expression) in &self.set {
            let failed = |error: String| format!("{}: {error}", expression.source());
            let value = expression.value(message).map_err(|error| failed(error.to_string()))?;
            self.found.push(target.take(value).map_err(failed)?);
        }
        Ok(())
    }

    /// The payload that is made of one.
    fn payload(&mut self, message: &Message) -> Result<Payload, String> {
        let mut payload = match &self.value {
            Some(value) => value.value(message).map_err(|error| error.message)?,
            None => message.payload.value().map_err(ToString::to_string)?.clone(),
        };
        for ((target, _), found) in self.set.iter().zip(&mut self.found) {
            if let (Target::Field(path), Found::Value(value)) = (target, found) {
                set_field(&mut payload, path, value.take())?;
            }
        }
        Ok(Payload::from_value(payload))
    }

    fn take(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        // One header by itself sees the message as it came in, and a number needs no room on the way.
        if let [(Target::Header(name), expression)] = self.set.as_slice()
            && !self.makes_payload
            && let Some(number) = expression.int(&message)
        {
            message.set_shared_header_int(name, number);
            return fx.emit(OUT, message);
        }
        if let Err(error) = self.find(&message) {
            return fx.reject(message, error);
        }
        if self.makes_payload {
            match self.payload(&message) {
                Ok(payload) => message = message.derive(fx.maker(), OUT as u64, fx.now(), payload),
                Err(error) => return fx.reject(message, error),
            }
        }
        for ((target, _), found) in self.set.iter().zip(self.found.drain(..)) {
            target.set(&mut message, found);
        }
        fx.emit(OUT, message);
    }
}

/// Sets a field of an object; objects on the way that are not there are made.
pub(super) fn set_field(payload: &mut Value, path: &[String], value: Value) -> Result<(), String> {
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

impl Behaviour for Map {
    #[inline(always)]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
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
