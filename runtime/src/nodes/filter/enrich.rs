//! Enrich: adds to each message what a table of reference data knows about it.

use super::{error, input};
use crate::expr::Expression;
use crate::id::MessageId;
use crate::message::{Message, Payload, Value};
use crate::node::field::{Word, Yields};
use crate::node::outside::{Record, RecordFormat};
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset,
};
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::BTreeMap;
use std::path::PathBuf;

const OUT: usize = 0;
const NO_MATCH: &str = "no_match";
/// How many records are asked for at once.
const PAGE: usize = 1_000;

/// The descriptor.
pub static ENRICH: Kind = Kind {
    name: "enrich",
    title: "Enrich",
    family: Family::Filter,
    summary: "Adds to each message what a table of reference data knows about it.",
    guide: include_str!("enrich.md"),
    example: r#"(
    format: 1,
    title: "Where the sensor stands",
    nodes: {
        "readings": generator(rate: "20/s", payload: "{\"sensor\": \"{{pick \"a\" \"b\" \"c\"}}\", \"value\": {{int 1 9}}}"),
        "placed": enrich(path: "readings.csv", format: csv, table_key: "message.sensor", key: "message.sensor", into: "message.known"),
        "kept": sink(),
    },
    pipes: ["readings.out -> placed.in", "placed.out -> kept.in"],
)
"#,
    fields: &[
        Field::new("Table", "path", "File", FieldType::Path { written: false }, Preset::Required, "The file with the reference data."),
        Field::new(
            "Table",
            "format",
            "Format",
            FieldType::Choice(&[
                Word { name: "json_lines", label: "JSON Lines", help: "One JSON object a line." },
                Word { name: "csv", label: "CSV", help: "Comma-separated values with a header line." },
            ]),
            Preset::Word("json_lines"),
            "How records lie in the file.",
        ),
        Field::new(
            "Table",
            "table_key",
            "Table key",
            FieldType::Expression(Yields::Text),
            Preset::Text("message.id"),
            "A CEL expression over each record of the table that gives its key.",
        ),
        Field::new(
            "Table",
            "most_records",
            "Most records",
            FieldType::Integer(1, 10_000_000),
            Preset::Integer(100_000),
            "Records beyond this many are left out, which is an error.",
        )
        .unit("records"),
        Field::new(
            "Enrich",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::Text("key"),
            "A CEL expression over each message that gives the key to look up.",
        )
        .source("Hohpe and Woolf, Enterprise Integration Patterns: Content Enricher"),
        Field::new(
            "Enrich",
            "into",
            "Into",
            FieldType::Text,
            Preset::Text("message.known"),
            "Where the record goes: message.FIELD, a path, or message alone to put its fields beside those of the payload.",
        ),
        Field::new(
            "Enrich",
            "no_match",
            "Without a match",
            FieldType::Choice(&[
                Word { name: "pass", label: "Passes", help: "The message goes on with null in that place." },
                Word { name: "drop", label: "Is dropped", help: "It is dropped as `no_match`." },
                Word { name: "error", label: "Is an error", help: "It leaves through the error output." },
            ]),
            Preset::Word("pass"),
            "What becomes of a message whose key the table does not have.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Messages with what is known about them."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Enrich { rules: Rules::read(form), table: BTreeMap::new(), twice: 0, loaded: false, missed: 0 }),
    figures: [Figure::Gauge("records"), Figure::RateOut],
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Missing {
    Pass,
    Drop,
    Error,
}

#[derive(Debug)]
struct Rules {
    path: PathBuf,
    format: RecordFormat,
    table_key: Option<Expression>,
    most: usize,
    key: Option<Expression>,
    into: Vec<String>,
    missing: Missing,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        let into = form.text("into").unwrap_or_default();
        let parts: Vec<String> = into.split('.').map(str::to_owned).collect();
        if parts.first().is_none_or(|first| first != "message") || parts.iter().any(String::is_empty) {
            form.problem("into", format!("`{into}` is no place in the payload"), "write message.FIELD, or message alone");
        }
        Self {
            path: form.path("path").unwrap_or_default(),
            format: if form.choice("format") == "csv" { RecordFormat::Csv } else { RecordFormat::JsonLines },
            table_key: form.expression("table_key"),
            most: form.integer("most_records").map_or(100_000, |most| most as usize),
            key: form.expression("key"),
            into: parts.into_iter().skip(1).collect(),
            missing: match form.choice("no_match") {
                "drop" => Missing::Drop,
                "error" => Missing::Error,
                _ => Missing::Pass,
            },
        }
    }
}

struct Enrich {
    rules: Rules,
    table: BTreeMap<String, Value>,
    /// How many keys came twice.
    twice: u64,
    /// Whether the whole table was read, or given up.
    loaded: bool,
    missed: u64,
}

impl Enrich {
    fn ask(&self, offset: u64, line: u64, fx: &mut Effects<'_>) {
        let (path, format) = (self.rules.path.clone(), self.rules.format);
        fx.ask(Ask::ReadRecords { path, format, offset, line, most: PAGE });
    }

    fn learn(&mut self, record: Record, fx: &mut Effects<'_>) {
        let line = record.line;
        let message = match record.content {
            Ok(bytes) => Message::new(MessageId(0), fx.now(), Payload::from_bytes(bytes)),
            Err(bad) => return fx.error(format!("line {line}: {}", bad.error)),
        };
        let key = self.rules.table_key.as_ref().map_or_else(|| Ok(String::new()), |key| key.text(&message));
        match (key, message.payload.value()) {
            (Ok(key), Ok(value)) => self.twice += u64::from(self.table.insert(key, value.clone()).is_some()),
            (Err(error), _) => fx.error(format!("line {line}: the table key failed: {error}")),
            (_, Err(error)) => fx.error(format!("line {line}: {error}")),
        }
    }

    fn answer(&mut self, answer: Answer, fx: &mut Effects<'_>) {
        match answer {
            Answer::Records { records, offset, line, end } => {
                for record in records {
                    if self.table.len() < self.rules.most {
                        self.learn(record, fx);
                    } else {
                        fx.error(format!(
                            "the table has more than {} records; from line {} on it is left out",
                            self.rules.most, record.line
                        ));
                        return self.loaded = true;
                    }
                }
                if !end {
                    return self.ask(offset, line, fx);
                }
                if self.twice > 0 {
                    fx.note(format!("{} keys of the table stand there more than once; the last record counts", self.twice));
                }
            }
            Answer::Failed(error) => fx.error(format!("the table cannot be read: {error}")),
            // Answers to requests that others make.
            _ => {}
        }
        self.loaded = true;
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let key = match self.rules.key.as_ref().map_or_else(|| Ok(String::new()), |key| key.text(&message)) {
            Ok(key) => key,
            Err(error) => return fx.reject(message, error.message),
        };
        let known = match (self.table.get(&key), self.rules.missing) {
            (Some(known), _) => known.clone(),
            (None, missing) => {
                self.missed += 1;
                match missing {
                    Missing::Pass => Value::Null,
                    Missing::Drop => return fx.drop(message, NO_MATCH),
                    Missing::Error => return fx.reject(message, format!("the table has no `{key}`")),
                }
            }
        };
        let made = message.payload.value().map_err(ToString::to_string).cloned().and_then(|mut payload| {
            put(&mut payload, &self.rules.into, known)?;
            Ok(payload)
        });
        match made {
            Ok(payload) => fx.emit(OUT, message.derive(fx.maker(), OUT as u64, fx.now(), Payload::from_value(payload))),
            Err(error) => fx.reject(message, error),
        }
    }
}

/// Puts a record into a payload; without a place, its fields beside those that are there.
fn put(payload: &mut Value, into: &[String], known: Value) -> Result<(), String> {
    if !into.is_empty() {
        return super::map::set_field(payload, into, known);
    }
    match (payload, known) {
        (_, Value::Null) => Ok(()),
        (Value::Object(fields), Value::Object(known)) => {
            for (name, value) in known {
                fields.entry(name).or_insert(value);
            }
            Ok(())
        }
        _ => Err("only an object can take the fields of a record, and only of one that is an object".to_owned()),
    }
}

impl Behaviour for Enrich {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start if !self.loaded => self.ask(0, 1, fx),
            Event::Message(_, message) => self.take(message, fx),
            Event::Answer(_, answer) => self.answer(answer, fx),
            Event::Start
            | Event::Released(..)
            | Event::Wake(_)
            | Event::Room(_)
            | Event::Settled { .. }
            | Event::Renewed { .. }
            | Event::Drain => {}
        }
    }

    /// Nobody is served before the table is there.
    fn intake(&self) -> Intake {
        Intake::Servers { servers: u32::from(self.loaded), prefetch: 0 }
    }

    /// What concerns the messages is taken over; another table needs to be read again.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let rules = Rules::read(form);
        let same = rules.path == self.rules.path
            && rules.format == self.rules.format
            && rules.table_key == self.rules.table_key
            && rules.most == self.rules.most;
        self.rules = rules;
        if same { Change::Kept } else { Change::Restart }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "records", value: self.table.len() as f64, unit: "records" });
        gauges.push(Gauge { name: "without a match", value: self.missed as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::outside::BadRecord;
    use crate::node::script::problems;
    use serde_json::json;

    /// A table of three records, in two pages, one of them broken.
    fn script(more: &[(&'static str, &'static str)]) -> Script {
        let settings = [("path", "t.jsonl"), ("table_key", "message.id"), ("key", "message.c")].into_iter().chain(more.iter().copied());
        Script::new(&ENRICH, settings.map(|(name, value)| (name, value.into()))).answering("1 s", |ask| {
            let Ask::ReadRecords { offset, .. } = ask else { return Answer::Failed("only records are read".into()) };
            let good = |line: u64, text: &'static str| Record { line, content: Ok(text.into()) };
            let bad = Record { line: 3, content: Err(BadRecord { raw: "x".into(), error: "no JSON".into() }) };
            if *offset == 0 {
                Answer::Records { records: vec![good(1, r#"{"id": "a", "city": "Bern"}"#)], offset: 9, line: 2, end: false }
            } else {
                Answer::Records { records: vec![good(2, r#"{"id": "b", "city": "Basel"}"#), bad], offset: 99, line: 4, end: true }
            }
        })
    }

    #[test]
    fn messages_wait_for_the_table_and_get_what_it_knows() {
        let mut enrich = script(&[("into", "message.at.home")]);
        enrich.send("in", json!({"c": "b"}));
        assert_eq!(enrich.waiting(), 1);
        enrich.at("3 s").send("in", json!({"c": "z"}));
        assert_eq!(enrich.payloads("out")[0], json!({"c": "b", "at": {"home": {"id": "b", "city": "Basel"}}}));
        assert_eq!(enrich.payloads("out")[1], json!({"c": "z", "at": {"home": null}}));
        assert_eq!(enrich.times("out"), [2.0, 3.0]);
        assert_eq!((enrich.gauge("records"), enrich.gauge("without a match"), enrich.seen().errors.len()), (2.0, 1.0, 1));
    }

    #[test]
    fn fields_can_stand_beside_those_that_are_there() {
        let mut enrich = script(&[("into", "message")]);
        enrich.at("3 s").send("in", json!({"c": "a", "id": 5}));
        assert_eq!(enrich.payloads("out"), [json!({"c": "a", "id": 5, "city": "Bern"})]);
        enrich.send("in", json!({"c": "z"}));
        assert_eq!(enrich.payloads("out")[1], json!({"c": "z"}));
    }

    #[test]
    fn without_a_match_it_is_as_set() {
        for (word, dropped, rejected) in [("drop", 1, 0), ("error", 0, 1)] {
            let mut enrich = script(&[("no_match", word)]);
            enrich.at("3 s").send("in", json!({"c": "z"}));
            assert_eq!((enrich.seen().dropped.len(), enrich.seen().rejected.len()), (dropped, rejected), "{word}");
        }
        let mut enrich = script(&[]);
        enrich.at("3 s").send("in", json!({}));
        assert_eq!(enrich.seen().rejected.len(), 1);
    }

    #[test]
    fn a_table_that_cannot_be_read_is_told_and_stops_nobody() {
        let settings = [("path", "t.jsonl"), ("key", "message.c")].map(|(name, value)| (name, value.into()));
        let mut enrich = Script::new(&ENRICH, settings).answering("1 s", |_| Answer::Failed("it is gone".into()));
        enrich.send("in", json!({"c": "a"}));
        enrich.run();
        assert_eq!((enrich.payloads("out").len(), enrich.seen().errors.len()), (1, 1));
    }

    #[test]
    fn g12_what_concerns_messages_changes_while_running() {
        let mut enrich = script(&[]);
        enrich.at("3 s");
        assert_eq!(enrich.change([("into", "message.x".into())]), Change::Kept);
        enrich.send("in", json!({"c": "a"}));
        assert_eq!(enrich.payloads("out")[0]["x"]["city"], "Bern");
        assert_eq!(enrich.change([("path", "other.jsonl".into())]), Change::Restart);
        assert!(problems(&ENRICH, [("path", "t".into()), ("into", "headers.x".into())])[0].contains("no place"));
    }
}
