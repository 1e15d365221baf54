//! Standard input: sends the lines that come in there.

use super::file_source::{HEADERS, KEY, TOPIC};
use super::reader::{Envelope, Pace, Reader};
use crate::node::field::Word;
use crate::node::outside::RecordFormat;
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset, Ticket,
};
use crate::setting::Settings;
use crate::units::Moment;

/// How many records one request reads.
const PAGE: usize = 256;

/// The descriptor.
pub static STDIN: Kind = Kind {
    name: "stdin",
    title: "Standard input",
    family: Family::Publish,
    summary: "Sends the records that come in on standard input, as they come.",
    guide: include_str!("stdin.md"),
    example: r#"(
    format: 1,
    title: "From another program's output",
    nodes: {
        "lines": stdin(key: "message.user"),
        "seen": sink(),
    },
    pipes: ["lines.out -> seen.in"],
)
"#,
    fields: &[
        Field::new(
            "Input",
            "format",
            "Format",
            FieldType::Choice(&[
                Word { name: "json_lines", label: "JSON Lines", help: "One JSON value a line." },
                Word { name: "csv", label: "CSV", help: "Comma-separated values under a line of names." },
            ]),
            Preset::Word("json_lines"),
            "How records come in.",
        ),
        KEY,
        TOPIC,
        HEADERS,
    ],
    ports: |_: &Settings| Ports {
        outputs: vec![
            Port::output("out", "The records."),
            Port::error("error", "Lines that are no records, and records without the key or header asked for."),
        ],
        ..Ports::default()
    },
    build: |form| {
        let format = read_format(form);
        Box::new(Stdin { format, reader: Reader::new(Pace::AsTheyCome, Envelope::read(form)), request: None, end: false, exhausted: false })
    },
    figures: [Figure::RateOut, Figure::Gauge("records")],
};

fn read_format(form: &mut Form<'_>) -> RecordFormat {
    if form.choice("format") == "csv" { RecordFormat::Csv } else { RecordFormat::JsonLines }
}

struct Stdin {
    format: RecordFormat,
    reader: Reader,
    request: Option<Ticket>,
    end: bool,
    exhausted: bool,
}

impl Stdin {
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        if let Some(next) = self.reader.go_on(fx) {
            fx.wake(next, 0);
        }
        // Nothing is read while the pipe is full and a page waits: the program that writes to us waits then, as in any shell.
        if !self.end && self.request.is_none() && self.reader.waiting() < PAGE / 2 {
            self.request = Some(fx.ask(Ask::ReadInput { format: self.format, most: PAGE }));
        }
        if self.end && self.reader.waiting() == 0 && !std::mem::replace(&mut self.exhausted, true) {
            fx.exhausted();
        }
    }

    fn answered(&mut self, answer: Answer, now: Moment, fx: &mut Effects<'_>) {
        match answer {
            Answer::Records { records, end, .. } => {
                self.reader.add(records, now);
                self.end |= end;
            }
            Answer::Failed(error) => {
                fx.error(error);
                self.end = true;
            }
            // Answers to requests that others make.
            _ => {}
        }
    }
}

impl Behaviour for Stdin {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start | Event::Wake(_) => {}
            Event::Room(port) => self.reader.room(port),
            Event::Answer(ticket, answer) => {
                if self.request == Some(ticket) {
                    self.request = None;
                    self.answered(answer, fx.now(), fx);
                }
            }
            // What was read is sent still: nobody else has it.
            Event::Drain => self.end = true,
            Event::Message(..) | Event::Released(..) | Event::Settled { .. } | Event::Renewed { .. } => {
                unreachable!("a source takes and holds nothing")
            }
        }
        self.go_on(fx);
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.format = read_format(form);
        self.reader.envelope = Envelope::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "records", value: self.reader.read() as f64, unit: "" });
        gauges.push(Gauge { name: "read ahead", value: self.reader.waiting() as f64, unit: "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::outside::{BadRecord, Record};
    use serde_json::json;

    fn input(mut pages: Vec<Vec<&'static str>>) -> impl FnMut(&Ask) -> Answer {
        pages.reverse();
        move |_| {
            let page = pages.pop().unwrap_or_default();
            let record = |text: &&'static str| {
                let raw = bytes::Bytes::from_static(text.as_bytes());
                let good = serde_json::from_slice::<serde_json::Value>(&raw).is_ok();
                Record { line: 1, content: if good { Ok(raw) } else { Err(BadRecord { raw, error: "not JSON".into() }) } }
            };
            Answer::Records { records: page.iter().map(record).collect(), offset: 0, line: 1, end: pages.is_empty() }
        }
    }

    #[test]
    fn lines_go_in_as_they_come() {
        let mut lines = Script::new(&STDIN, []).answering("1 s", input(vec![vec!["1", "2"], vec!["oops"], vec!["3"]]));
        lines.run();
        assert_eq!((lines.payloads("out"), lines.times("out")), (vec![json!(1), json!(2), json!(3)], vec![1.0, 1.0, 3.0]));
        assert_eq!(&*lines.seen().rejected[0].why, "line 1: not JSON");
        assert!(lines.seen().exhausted);
    }

    #[test]
    fn g7_a_record_that_waits_for_room_entered_when_it_came() {
        let mut lines = Script::new(&STDIN, []).room("out", 0).answering("1 s", input(vec![vec!["1", "2"], vec![]]));
        lines.at("9 s").grant("out", 5).run();
        assert!(lines.seen().left.iter().all(|left| (left.at.seconds(), left.message.entered.seconds()) == (9.0, 1.0)));
        assert_eq!(lines.seen().left.len(), 2);
    }

    #[test]
    fn a_drained_input_sends_what_it_has_read() {
        let mut lines = Script::new(&STDIN, []).room("out", 0).answering("1 s", input(vec![vec!["1", "2"], vec!["3"], vec!["4"]]));
        lines.at("1 s").event(Event::Drain).grant("out", 5).at("9 s");
        assert!(lines.seen().exhausted);
        assert!(lines.payloads("out").starts_with(&[json!(1), json!(2)]));
    }
}
