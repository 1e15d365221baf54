//! Split: makes one message of each item of a list.

use super::jq::emit_parts;
use super::{error, input};
use crate::expr::Expression;
use crate::message::{Message, Value};
use crate::node::field::Yields;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::setting::Settings;

/// The most parts of one message, below what one event may emit.
const MOST_PARTS: i64 = 9_000;
const EMPTY: &str = "empty";

/// The descriptor.
pub static SPLIT: Kind = Kind {
    name: "split",
    title: "Split",
    family: Family::Filter,
    summary: "Makes one message of each item of a list.",
    guide: include_str!("split.md"),
    example: r#"(
    format: 1,
    title: "Readings come in packs",
    nodes: {
        "packs": generator(rate: "10/s", payload: "{\"sensor\": {{key 5}}, \"values\": [{{int 0 40}}, {{int 0 40}}, {{int 0 40}}]}"),
        "readings": split(items: "message.values"),
        "kept": sink(),
    },
    pipes: ["packs.out -> readings.in", "readings.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Split",
            "items",
            "Items",
            FieldType::Expression(Yields::Any),
            Preset::Text("message"),
            "A CEL expression that gives the list, such as message.lines.",
        ),
        Field::new(
            "Split",
            "number_parts",
            "Number the parts",
            FieldType::Flag,
            Preset::Flag(true),
            "Whether each part gets the headers `part` (from 1) and `parts`, so that they can be put together again.",
        ),
        Field::new(
            "Split",
            "most_parts",
            "Most parts",
            FieldType::Integer(1, MOST_PARTS),
            Preset::Integer(1_000),
            "A message with a longer list is an error.",
        )
        .unit("messages"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "The parts, in the order of the list."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Split::read(form)),
    figures: [Figure::RateIn, Figure::RateOut],
};

struct Split {
    items: Option<Expression>,
    number_parts: bool,
    most: usize,
}

impl Split {
    fn read(form: &mut Form<'_>) -> Self {
        Self {
            items: form.expression("items"),
            number_parts: form.flag("number_parts"),
            most: form.integer("most_parts").map_or(1_000, |most| most as usize),
        }
    }

    fn items(&self, message: &Message) -> Result<Vec<Value>, String> {
        let value = match &self.items {
            Some(items) => items.value(message).map_err(|error| error.message)?,
            None => Value::Null,
        };
        let Value::Array(items) = value else {
            let found = match value {
                Value::Null => "null",
                Value::Object(_) => "an object",
                Value::String(_) => "a text",
                _ => "a number or flag",
            };
            return Err(format!("expected a list to split, found {found}"));
        };
        if items.len() > self.most { Err(format!("the list has {} items, more than {}", items.len(), self.most)) } else { Ok(items) }
    }

    fn take(&self, message: Message, fx: &mut Effects<'_>) {
        match self.items(&message) {
            Ok(items) => {
                let parts = items.len();
                emit_parts(fx, message, items, EMPTY, |part, number| {
                    if self.number_parts {
                        part.set_header("part", Value::from(number + 1));
                        part.set_header("parts", Value::from(parts));
                    }
                });
            }
            Err(error) => fx.reject(message, error),
        }
    }
}

impl Behaviour for Split {
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
    use serde_json::json;

    #[test]
    fn each_item_becomes_a_numbered_message_in_order() {
        let mut split = Script::new(&SPLIT, [("items", "message.l".into())]);
        split.send("in", json!({"l": ["a", {"b": 1}, 3]}));
        assert_eq!(split.payloads("out"), [json!("a"), json!({"b": 1}), json!(3)]);
        let numbers: Vec<_> =
            split.seen().left.iter().map(|left| (left.message.header("part").cloned(), left.message.header("parts").cloned())).collect();
        assert_eq!(numbers, (1..=3).map(|part| (Some(json!(part)), Some(json!(3)))).collect::<Vec<_>>());
        let mut plain = Script::new(&SPLIT, [("number_parts", false.into())]);
        plain.send("in", json!([1]));
        assert_eq!(plain.seen().left[0].message.header("part"), None);
    }

    #[test]
    fn g4_g5_parts_keep_the_delivery_and_derive_their_ids() {
        let ids = || {
            let mut split = Script::new(&SPLIT, []);
            let mut message = split.message(json!([1, 1]));
            message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 9 });
            split.send_message("in", message.clone());
            let parts = &split.seen().left;
            assert!(parts.iter().all(|left| left.message.settlement == message.settlement && left.message.entered == message.entered));
            parts.iter().map(|left| left.message.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(), ids());
        assert_ne!(ids()[0], ids()[1]);
    }

    #[test]
    fn an_empty_list_is_dropped_and_what_is_no_list_is_an_error() {
        let mut split = Script::new(&SPLIT, [("most_parts", 2.into())]);
        split.send("in", json!([]));
        split.send("in", json!({"a": 1}));
        split.send("in", json!([1, 2, 3]));
        assert_eq!(&*split.seen().dropped[0].why, "empty");
        assert!(split.seen().rejected[0].why.contains("found an object"));
        assert!(split.seen().rejected[1].why.contains("3 items, more than 2"));
        assert!(problems(&SPLIT, [("most_parts", 10_000.into())])[0].contains("PW202"));
    }
}
