//! Validate: lets messages pass whose payload fulfils a JSON Schema.

use super::{error, input};
use crate::message::{Message, Value};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::problem::Problem;
use crate::setting::Settings;
use crate::units::Moment;
use jsonschema::Validator;

const OUT: usize = 0;
const INVALID: usize = 1;
/// How many violations are told of for one message.
const MOST_TOLD: usize = 5;

/// The descriptor.
pub static VALIDATE: Kind = Kind {
    name: "validate",
    title: "Validate",
    family: Family::Filter,
    summary: "Lets messages pass whose payload fulfils a JSON Schema.",
    guide: include_str!("validate.md"),
    example: r##"(
    format: 1,
    title: "Orders as agreed",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"order\": {{index}}, \"amount\": {{int -20 200}}}"),
        "agreed": validate(schema: r#"{
            "type": "object",
            "required": ["order", "amount"],
            "properties": {"amount": {"type": "integer", "minimum": 0}}
        }"#),
        "kept": sink(),
        "sent-back": sink(),
    },
    pipes: ["orders.out -> agreed.in", "agreed.out -> kept.in", "agreed.invalid -> sent-back.in"],
)
"##,
    fields: &[
        Field::new(
            "Validate",
            "schema",
            "Schema",
            FieldType::LongText,
            Preset::Text("{\"type\": \"object\"}"),
            "A JSON Schema that the payload must fulfil.",
        )
        .source("JSON Schema, draft 2020-12"),
        Field::new(
            "Validate",
            "check_formats",
            "Check formats",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether `format` is checked too, such as date-time, email or uri. By the specification it only describes.",
        )
        .source("JSON Schema 2020-12, Validation, section 7.2.1"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![
            Port::output("out", "Messages that fulfil the schema."),
            Port::output("invalid", "Messages that break it, with the header `violations`. Unwired, they go to `error`.").optional(),
            error(),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(Validate { schema: read(form), invalid: 0 }),
    figures: [Figure::RateIn, Figure::Gauge("invalid")],
};

fn read(form: &mut Form<'_>) -> Option<Validator> {
    let formats = form.flag("check_formats");
    let text = form.text("schema")?;
    let schema: Value = match serde_json::from_str(&text) {
        Ok(schema) => schema,
        Err(error) => {
            let subject = form.subject("schema");
            let problem = Problem::error("PW207", subject, format!("the schema is no JSON: {error}"));
            form.push(problem.at(error.line().max(1) as u32, error.column().max(1) as u32));
            return None;
        }
    };
    match jsonschema::options().should_validate_formats(formats).build(&schema) {
        Ok(validator) => Some(validator),
        Err(error) => {
            form.problem("schema", format!("this is no JSON Schema: {error}"), "references must stay inside the schema: `#/$defs/...`");
            None
        }
    }
}

struct Validate {
    schema: Option<Validator>,
    invalid: u64,
}

impl Validate {
    fn take(&mut self, mut message: Message, fx: &mut Effects<'_>) {
        let Some(schema) = &self.schema else { return fx.emit(OUT, message) };
        let violations = match message.payload.value() {
            Ok(value) if schema.is_valid(value) => return fx.emit(OUT, message),
            Ok(value) => violations(schema, value),
            Err(error) => {
                let error = error.to_string();
                return fx.reject(message, error);
            }
        };
        self.invalid += 1;
        if fx.wired(INVALID) > 0 {
            message.set_header("violations", violations.into());
            fx.emit(INVALID, message);
        } else {
            fx.reject(message, violations.join("; "));
        }
    }
}

/// The first violations, each with its place.
fn violations(schema: &Validator, value: &Value) -> Vec<String> {
    let told = |error: jsonschema::ValidationError<'_>| {
        let place = error.instance_path().to_string();
        let place = if place.is_empty() { "the payload".to_owned() } else { place };
        let words: String = error.to_string().chars().take(200).collect();
        format!("{place}: {words}")
    };
    schema.iter_errors(value).take(MOST_TOLD).map(told).collect()
}

impl Behaviour for Validate {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        if let Event::Message(_, message) = event {
            self.take(message, fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.schema = read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "invalid", value: self.invalid as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Payload;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    const SCHEMA: &str =
        r#"{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer", "minimum": 1}, "m": {"format": "email"}}}"#;

    #[test]
    fn what_breaks_the_schema_leaves_with_its_violations() {
        let mut validate = Script::new(&VALIDATE, [("schema", SCHEMA.into())]);
        for payload in [json!({"a": 1}), json!({"a": 0}), json!({}), json!({"a": 2, "m": "no mail"})] {
            validate.send("in", payload);
        }
        assert_eq!(validate.payloads("out"), [json!({"a": 1}), json!({"a": 2, "m": "no mail"})]);
        let told = |at: usize| validate.seen().left[at].message.header("violations").map(ToString::to_string).unwrap_or_default();
        assert!(told(1).contains("/a: ") && told(1).contains("minimum"), "{}", told(1));
        assert!(told(2).contains("the payload: ") && told(2).contains("required"), "{}", told(2));
        assert_eq!(validate.gauge("invalid"), 2.0);
    }

    #[test]
    fn unwired_and_unreadable_ones_are_errors() {
        let mut validate = Script::new(&VALIDATE, [("schema", SCHEMA.into())]).wired("invalid", 0);
        validate.send("in", json!(3));
        let mut raw = validate.message(json!(1));
        raw.payload = Payload::from_bytes(&b"not JSON"[..]);
        validate.send_message("in", raw);
        assert!(validate.seen().rejected[0].why.contains("object") && validate.seen().rejected[1].why.contains("not JSON"));
    }

    #[test]
    fn formats_are_checked_where_asked_for() {
        let mut validate = Script::new(&VALIDATE, [("schema", SCHEMA.into()), ("check_formats", true.into())]);
        validate.send("in", json!({"a": 2, "m": "no mail"}));
        assert_eq!(validate.payloads("invalid").len(), 1);
        assert_eq!(validate.change([("check_formats", false.into())]), Change::Kept);
        validate.send("in", json!({"a": 2, "m": "no mail"}));
        assert_eq!(validate.payloads("out").len(), 1);
    }

    #[test]
    fn a_bad_schema_is_a_problem_at_its_place() {
        assert!(problems(&VALIDATE, [("schema", "{\n  \"type\": }".into())])[0].contains("2:"));
        assert!(problems(&VALIDATE, [("schema", "{\"type\": \"number of things\"}".into())])[0].contains("no JSON Schema"));
        assert!(problems(&VALIDATE, [("schema", "{\"$ref\": \"https://example.com/x.json\"}".into())])[0].contains("no JSON Schema"));
    }
}
