//! Standard input: sends the lines that come in there.

use super::arrivals::Arrivals;
use super::file_source::{HEADERS, KEY, TOPIC};
use super::modelled::{self, Model};
use super::reader::{Envelope, Pace, Reader};
use crate::node::field::Word;
use crate::node::outside::{Record, RecordFormat};
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset, Ticket,
};
use crate::setting::Settings;
use crate::units::Moment;

/// How many records one request reads.
const PAGE: usize = 256;
/// The tag of wakes for what the model brings; the reader's own is 0.
const MODELLED: u64 = 1;

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
        "lines": stdin(key: "message.user", model_rate: "20/s", model_payload: "{\"user\": \"{{key 50}}\"}"),
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
        modelled::ARRIVALS,
        modelled::RATE,
        modelled::COUNT,
        modelled::PAYLOAD,
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
        Box::new(Stdin {
            format,
            reader: Reader::new(Pace::AsTheyCome, Envelope::read(form)),
            model: Model::read(form),
            modelled: None,
            awaited: None,
            request: None,
            end: false,
            exhausted: false,
        })
    },
    figures: [Figure::RateOut, Figure::Gauge("records")],
};

fn read_format(form: &mut Form<'_>) -> RecordFormat {
    if form.choice("format") == "csv" { RecordFormat::Csv } else { RecordFormat::JsonLines }
}

struct Stdin {
    format: RecordFormat,
    reader: Reader,
    model: Model,
    /// What comes in a simulation, where nobody reads.
    modelled: Option<Arrivals>,
    /// The arrival that a wake was asked for.
    awaited: Option<Moment>,
    request: Option<Ticket>,
    end: bool,
    exhausted: bool,
}

impl Stdin {
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        self.arrive(fx);
        if let Some(next) = self.reader.go_on(fx) {
            fx.wake(next, 0);
        }
        // What was held up before the source goes on as soon as there is room here.
        if self.reader.waiting() < PAGE && self.modelled.as_ref().and_then(Arrivals::due).is_some_and(|due| due <= fx.now()) {
            fx.wake(fx.now(), MODELLED);
        }
        // Nothing is read while the pipe is full and a page waits: the program that writes to us waits then, as in any shell.
        if !self.end && self.modelled.is_none() && self.request.is_none() && self.reader.waiting() < PAGE / 2 {
            self.request = Some(fx.ask(Ask::ReadInput { format: self.format, most: PAGE }));
        }
        if self.end && self.reader.waiting() == 0 && !std::mem::replace(&mut self.exhausted, true) {
            fx.exhausted();
        }
    }

    /// What the model has brought by now. While a page waits, the modelled writer waits too, and its lines are as late as it was held up.
    fn arrive(&mut self, fx: &mut Effects<'_>) {
        let Some(arrivals) = &mut self.modelled else { return };
        while let Some(due) = arrivals.due().filter(|due| *due <= fx.now() && self.reader.waiting() < PAGE) {
            let number = arrivals.index();
            arrivals.advance(fx);
            let payload = self.model.payload(number, due, fx);
            self.reader.add(vec![Record { line: number + 1, content: Ok(payload.bytes()) }], fx.now());
        }
        match arrivals.due() {
            None => self.end = true,
            Some(due) if due > fx.now() && self.awaited != Some(due) => {
                self.awaited = Some(due);
                fx.wake(due, MODELLED);
            }
            Some(_) => {}
        }
    }

    fn answered(&mut self, answer: Answer, now: Moment, fx: &mut Effects<'_>) {
        match answer {
            Answer::Records { records, end, .. } => {
                self.reader.add(records, now);
                self.end |= end;
            }
            Answer::Modelled => self.modelled = Some(self.model.begin(fx)),
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
            Event::Drain => {
                self.end = true;
                self.modelled.iter_mut().for_each(Arrivals::stop);
            }
            Event::Message(..) | Event::Released(..) | Event::Settled { .. } | Event::Renewed { .. } => {
                unreachable!("a source takes and holds nothing")
            }
        }
        self.go_on(fx);
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.format = read_format(form);
        self.reader.envelope = Envelope::read(form);
        let model = Model::read(form);
        let same = model.same_arrivals(&self.model);
        self.model = model;
        if same || self.modelled.is_none() { Change::Kept } else { Change::Restart }
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
    fn g9_a_simulation_has_modelled_lines_that_wait_as_real_ones_do() {
        let settings = [("model_arrivals", "constant".into()), ("model_rate", "10/s".into()), ("model_count", 600.into())];
        let mut free = Script::new(&STDIN, settings.clone()).answering("0 s", |_| Answer::Modelled);
        free.run();
        assert_eq!((free.payloads("out").len(), &free.payloads("out")[7], free.times("out")[7]), (600, &json!({"number": 7}), 0.7));
        assert!(free.seen().exhausted);
        // The first waits in the outbox and 256 are read ahead, the last of them after 25.6 s; those behind are not read before there is room again.
        let mut held = Script::new(&STDIN, settings).room("out", 0).answering("0 s", |_| Answer::Modelled);
        held.at("50 s").grant("out", 600).run();
        let entered: Vec<f64> = held.seen().left.iter().map(|left| left.message.entered.seconds()).collect();
        assert_eq!((entered.len(), entered[256], entered[257], entered[599]), (600, 25.6, 50.0, 59.9));
    }

    #[test]
    fn a_drained_input_sends_what_it_has_read() {
        let mut lines = Script::new(&STDIN, []).room("out", 0).answering("1 s", input(vec![vec!["1", "2"], vec!["3"], vec!["4"]]));
        lines.at("1 s").event(Event::Drain).grant("out", 5).at("9 s");
        assert!(lines.seen().exhausted);
        assert!(lines.payloads("out").starts_with(&[json!(1), json!(2)]));
    }
}
