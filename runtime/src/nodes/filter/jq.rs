//! jq: reshapes payloads by a jq program; each of its outputs becomes a message.

use super::{FILTERED, error, input};
use crate::expr::JqProgram;
use crate::message::{Message, Payload, Value};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::setting::Settings;

const OUT: usize = 0;

/// The descriptor.
pub static JQ: Kind = Kind {
    name: "jq",
    title: "jq",
    family: Family::Filter,
    summary: "Reshapes payloads by a jq program; each of its outputs becomes a message.",
    guide: include_str!("jq.md"),
    example: r#"(
    format: 1,
    title: "One message for each line of an order",
    nodes: {
        "orders": generator(rate: "20/s", payload: "{\"order\": {{index}}, \"lines\": [{\"sku\": {{word}}, \"pieces\": 2}, {\"sku\": {{word}}, \"pieces\": 1}]}"),
        "lines": jq(program: ".order as $order | .lines[] | {$order, sku, pieces}"),
        "kept": sink(),
    },
    pipes: ["orders.out -> lines.in", "lines.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "jq",
            "program",
            "Program",
            FieldType::Jq,
            Preset::Required,
            "A jq program over the payload. It sees $headers, $key, $topic and $id too.",
        ),
        Field::new(
            "jq",
            "most_outputs",
            "Most outputs",
            FieldType::Integer(1, 9_000),
            Preset::Integer(1_000),
            "A message for which the program gives more outputs is an error.",
        )
        .unit("messages"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "One message for each output of the program, in order."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Jq::read(form)),
    figures: [Figure::RateIn, Figure::RateOut],
};

struct Jq {
    program: Option<JqProgram>,
    most: usize,
}

impl Jq {
    fn read(form: &mut Form<'_>) -> Self {
        Self { program: form.jq("program"), most: form.integer("most_outputs").map_or(1_000, |most| most as usize) }
    }

    fn take(&self, message: Message, fx: &mut Effects<'_>) {
        let Some(program) = &self.program else { return fx.emit(OUT, message) };
        match program.run(&message, self.most) {
            Ok(values) => emit_parts(fx, message, values, FILTERED, |_, _| {}),
            Err(error) => fx.reject(message, error.message),
        }
    }
}

/// Sends the values on as messages made of one, in order: all but the last are split off (G4), each has its own derived id (G5).
/// `finish` may add to the envelope of part number n. Without values the message is dropped for this reason.
pub(super) fn emit_parts(
    fx: &mut Effects<'_>,
    message: Message,
    values: Vec<Value>,
    reason_for_none: &'static str,
    finish: impl Fn(&mut Message, usize),
) {
    let Some(last) = values.len().checked_sub(1) else { return fx.drop(message, reason_for_none) };
    for (number, value) in values.into_iter().enumerate() {
        let mut part = message.derive(fx.maker(), number as u64, fx.now(), Payload::from_value(value));
        finish(&mut part, number);
        if number == last {
            fx.emit(OUT, part);
        } else {
            fx.split_off(OUT, part);
        }
    }
}

impl Behaviour for Jq {
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

    fn script(program: &str) -> Script {
        Script::new(&JQ, [("program", program.into()), ("most_outputs", 5.into())])
    }

    #[test]
    fn every_output_becomes_a_message() {
        let mut jq = script(".[] | {n: .}");
        jq.send("in", json!([1, 2, 3]));
        jq.send("in", json!([4]));
        assert_eq!(jq.payloads("out"), [json!({"n": 1}), json!({"n": 2}), json!({"n": 3}), json!({"n": 4})]);
    }

    #[test]
    fn no_output_drops_the_message_with_its_reason() {
        let mut jq = script("select(.ok)");
        jq.send("in", json!({"ok": false}));
        assert_eq!(&*jq.seen().dropped[0].why, "filtered");
    }

    #[test]
    fn g4_g5_parts_carry_the_delivery_and_ids_of_their_own_that_repeat() {
        let run = || {
            let mut jq = script(".[]");
            let mut message = jq.message(json!([1, 2]));
            message.settlement = Settlement::One(Delivery { origin: 1, attempt: 1, number: 9 });
            jq.send_message("in", message.clone());
            let parts: Vec<Message> = jq.seen().left.iter().map(|left| left.message.clone()).collect();
            assert!(parts.iter().all(|part| part.settlement == message.settlement && part.head().parents == [message.id]));
            (parts[0].id, parts[1].id)
        };
        assert_ne!(run().0, run().1);
        assert_eq!(run(), run());
    }

    #[test]
    fn failures_and_too_many_outputs_are_errors() {
        let mut jq = script(".a.b");
        jq.send("in", json!({"a": "text"}));
        assert_eq!(jq.seen().rejected.len(), 1);
        let mut many = script("repeat(1)");
        many.send("in", json!(1));
        assert!(many.seen().rejected[0].why.contains("more than 5 outputs"));
        let mut runaway = script("def f: f; f");
        runaway.send("in", json!(1));
        assert!(runaway.seen().rejected[0].why.contains("steps"));
    }

    #[test]
    fn a_program_must_be_there_and_compile() {
        assert!(problems(&JQ, [])[0].contains("PW201"));
        assert!(problems(&JQ, [("program", ".a | nope".into())])[0].contains("PW203"));
    }
}
