//! File source: sends the records of a file, at a rate, at their own times, or as fast as the pipe takes them.

use super::reader::{Envelope, Pace, Reader};
use crate::node::field::{Word, Yields};
use crate::node::outside::RecordFormat;
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset, Ticket,
};
use crate::setting::{Setting, Settings};
use crate::units::{Moment, Rate, Span};
use std::path::PathBuf;

/// How many records one request reads.
const PAGE: usize = 256;
/// How long to wait before looking again whether a file has grown.
const FOLLOW: Span = Span::millis(500);

const GO_ON: u64 = 0;
const LOOK_AGAIN: u64 = 1;

/// `key`: the ordering key of a record.
pub(super) const KEY: Field = Field::new(
    "Message",
    "key",
    "Key",
    FieldType::Expression(Yields::Text),
    Preset::None,
    "The ordering key, from the record, such as `message.customer`. Unset: none.",
);
/// `topic`: the topic of a record.
pub(super) const TOPIC: Field = Field::new(
    "Message",
    "topic",
    "Topic",
    FieldType::Expression(Yields::Text),
    Preset::None,
    "The topic, from the record, such as `\"orders/\" + message.country`. Unset: none.",
);
/// `headers`: headers from a record.
pub(super) const HEADERS: Field = Field::new(
    "Message",
    "headers",
    "Headers",
    FieldType::Assignments,
    Preset::Made(|| Setting::Map(Vec::new())),
    "Headers, each with an expression over the record.",
);

/// The descriptor.
pub static FILE_SOURCE: Kind = Kind {
    name: "file_source",
    title: "File source",
    family: Family::Publish,
    summary: "Sends the records of a JSON Lines or CSV file, at a rate, at their own times, or as fast as possible.",
    guide: include_str!("file_source.md"),
    example: r#"(
    format: 1,
    title: "A day's readings in a minute",
    nodes: {
        "readings": file_source(path: "readings.csv", pace: timestamps, time: "message.time", speed: 1440, key: "message.sensor"),
        "good": sink(),
        "bad": dead_letters(),
    },
    pipes: [
        "readings.out -> good.in",
        "readings.error -> bad.in",
    ],
)
"#,
    fields: &[
        Field::new("File", "path", "File", FieldType::Path { written: false }, Preset::Required, "The file to read, from the graph's folder."),
        Field::new(
            "File",
            "format",
            "Format",
            FieldType::Choice(&[
                Word { name: "auto", label: "By its name", help: "CSV if the name ends in .csv, else JSON Lines." },
                Word { name: "json_lines", label: "JSON Lines", help: "One JSON value a line." },
                Word { name: "csv", label: "CSV", help: "Comma-separated values under a line of names." },
            ]),
            Preset::Word("auto"),
            "How records lie in the file.",
        ),
        Field::new(
            "File",
            "at_end",
            "At the end",
            FieldType::Choice(&[
                Word { name: "stop", label: "Stop", help: "The source is exhausted." },
                Word { name: "repeat", label: "Start again", help: "The file is sent again from its beginning, for ever." },
                Word { name: "follow", label: "Follow", help: "Every 500 ms the source looks whether the file has grown." },
            ]),
            Preset::Word("stop"),
            "What to do when all records have been sent.",
        ),
        Field::new(
            "Pace",
            "pace",
            "Pace",
            FieldType::Choice(&[
                Word { name: "rate", label: "At a rate", help: "So many records a second." },
                Word { name: "timestamps", label: "At their own times", help: "As far apart as the times that the records carry." },
                Word { name: "fastest", label: "As fast as possible", help: "As fast as the pipe takes them." },
            ]),
            Preset::Word("rate"),
            "When records are sent.",
        ),
        Field::new("Pace", "rate", "Rate", FieldType::Rate, Preset::Text("10/s"), "How many records a second.").when("pace", &["rate"]),
        Field::new(
            "Pace",
            "time",
            "Time",
            FieldType::Expression(Yields::Any),
            Preset::Required,
            "Where the record's time stands, such as `message.time`: text like 2026-01-31T12:00:00Z, or a number of seconds or milliseconds since 1970.",
        )
        .source("RFC 3339")
        .when("pace", &["timestamps"]),
        Field::new(
            "Pace",
            "speed",
            "Speed",
            FieldType::Number(1e-6, 1e12),
            Preset::Number(1.0),
            "How many times as fast as the records' own time: 60 makes a minute of an hour.",
        )
        .unit("times")
        .when("pace", &["timestamps"]),
        KEY,
        TOPIC,
        HEADERS,
    ],
    ports,
    build: |form| {
        let settings = FileSettings::read(form);
        let reader = Reader::new(read_pace(form), Envelope::read(form));
        Box::new(FileSource {
            settings,
            reader,
            request: None,
            offset: 0,
            line: 1,
            in_this_pass: 0,
            end: false,
            looking_later: false,
            caught_up: false,
            changed: true,
            awaited: None,
            exhausted: false,
            last_error: None,
        })
    },
    figures: [Figure::RateOut, Figure::Gauge("line")],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        outputs: vec![
            Port::output("out", "The records."),
            Port::error("error", "Lines that are no records, and records without the time, key or header asked for."),
        ],
        ..Ports::default()
    }
}

fn read_pace(form: &mut Form<'_>) -> Pace {
    match form.choice("pace") {
        "timestamps" => match form.expression("time") {
            Some(time) => Pace::Timestamps(time, form.number("speed").unwrap_or(1.0)),
            None => Pace::Fastest,
        },
        "fastest" => Pace::Fastest,
        _ => Pace::Rate(form.rate("rate").unwrap_or(Rate(10.0))),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AtEnd {
    Stop,
    Repeat,
    Follow,
}

struct FileSettings {
    path: PathBuf,
    format: RecordFormat,
    at_end: AtEnd,
}

impl FileSettings {
    fn read(form: &mut Form<'_>) -> Self {
        let path = form.path("path").unwrap_or_default();
        let is_csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let format = match form.choice("format") {
            "csv" => RecordFormat::Csv,
            "auto" if is_csv => RecordFormat::Csv,
            _ => RecordFormat::JsonLines,
        };
        let at_end = match form.choice("at_end") {
            "repeat" => AtEnd::Repeat,
            "follow" => AtEnd::Follow,
            _ => AtEnd::Stop,
        };
        Self { path, format, at_end }
    }
}

struct FileSource {
    settings: FileSettings,
    reader: Reader,
    request: Option<Ticket>,
    offset: u64,
    line: u64,
    /// Records read since the file was last begun: an empty file is not repeated.
    in_this_pass: u64,
    /// Nothing more is to be read.
    end: bool,
    looking_later: bool,
    /// Whether the end was reached: what comes next was not there before.
    caught_up: bool,
    /// Whether the pace counts anew from the next `Start`.
    changed: bool,
    /// The moment of the wake that was asked for, if it has not come.
    awaited: Option<Moment>,
    exhausted: bool,
    last_error: Option<String>,
}

impl FileSource {
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        let next = self.reader.go_on(fx);
        if !self.end && !self.looking_later && self.request.is_none() && self.reader.waiting() < PAGE / 2 {
            let Self { settings: FileSettings { path, format, .. }, offset, line, .. } = self;
            let ask = Ask::ReadRecords { path: path.clone(), format: *format, offset: *offset, line: *line, most: PAGE };
            self.request = Some(fx.ask(ask));
        }
        if let Some(next) = next.map(|next| next.max(fx.now()))
            && self.awaited.is_none_or(|awaited| next < awaited)
        {
            self.awaited = Some(next);
            fx.wake(next, GO_ON);
        }
        if self.end && self.reader.waiting() == 0 && !std::mem::replace(&mut self.exhausted, true) {
            fx.exhausted();
        }
    }

    fn answered(&mut self, answer: Answer, fx: &mut Effects<'_>) {
        match answer {
            Answer::Records { records, offset, line, end } => {
                self.last_error = None;
                (self.offset, self.line) = (offset, line);
                self.in_this_pass += records.len() as u64;
                self.reader.add(records, if self.caught_up { fx.now() } else { Moment::START });
                self.caught_up = end && self.settings.at_end == AtEnd::Follow;
                if end {
                    self.at_end(fx);
                }
            }
            Answer::Failed(error) => {
                if self.last_error.as_ref() != Some(&error) {
                    fx.error(error.as_str());
                    self.last_error = Some(error);
                }
                if self.settings.at_end == AtEnd::Follow {
                    self.look_later(fx);
                } else {
                    self.end = true;
                }
            }
            _ => {}
        }
    }

    fn at_end(&mut self, fx: &mut Effects<'_>) {
        match self.settings.at_end {
            AtEnd::Follow => self.look_later(fx),
            AtEnd::Repeat if self.in_this_pass > 0 => {
                (self.offset, self.line, self.in_this_pass) = (0, 1, 0);
                self.reader.begin_again();
            }
            AtEnd::Repeat | AtEnd::Stop => self.end = true,
        }
    }

    fn look_later(&mut self, fx: &mut Effects<'_>) {
        self.looking_later = true;
        fx.wake(fx.now() + FOLLOW, LOOK_AGAIN);
    }
}

impl Behaviour for FileSource {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start => {
                if std::mem::take(&mut self.changed) {
                    self.reader.rebase(fx.now());
                }
            }
            Event::Wake(LOOK_AGAIN) => self.looking_later = false,
            Event::Wake(_) => {
                if self.awaited.is_some_and(|awaited| awaited <= fx.now()) {
                    self.awaited = None;
                }
            }
            Event::Room(port) => self.reader.room(port),
            Event::Answer(ticket, answer) => {
                if self.request == Some(ticket) {
                    self.request = None;
                    if !self.end {
                        self.answered(answer, fx);
                    }
                }
            }
            // What has not entered yet stays in the file.
            Event::Drain => {
                self.end = true;
                self.reader.clear();
            }
            Event::Message(..) | Event::Released(..) | Event::Settled { .. } | Event::Renewed { .. } => {
                unreachable!("a source takes and holds nothing")
            }
        }
        self.go_on(fx);
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let settings = FileSettings::read(form);
        if settings.path != self.settings.path || settings.format != self.settings.format {
            return Change::Restart;
        }
        // All may be read and not yet sent: then the end is reached once more, by the new rule.
        self.end = self.exhausted || (self.end && settings.at_end == self.settings.at_end);
        self.settings = settings;
        self.reader.pace = read_pace(form);
        self.reader.envelope = Envelope::read(form);
        self.changed = true;
        self.awaited = None;
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "records", value: self.reader.read() as f64, unit: "" });
        gauges.push(Gauge { name: "line", value: self.line as f64, unit: "" });
        gauges.push(Gauge { name: "read ahead", value: self.reader.waiting() as f64, unit: "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::outside::{BadRecord, Record};
    use crate::node::script::problems;
    use serde_json::json;

    /// A file of these lines; a line that is not JSON is a bad record. An offset is a line here.
    fn file(lines: Vec<String>) -> impl FnMut(&Ask) -> Answer {
        move |ask| {
            let Ask::ReadRecords { offset, line, most, .. } = ask else { panic!("{ask:?}") };
            let (from, to) = (*offset as usize, (*offset as usize + most).min(lines.len()));
            let record = |at: usize| {
                let raw = bytes::Bytes::from(lines[at].clone());
                let good = serde_json::from_slice::<serde_json::Value>(&raw).is_ok();
                let content = if good { Ok(raw) } else { Err(BadRecord { raw, error: "not JSON".into() }) };
                Record { line: line + (at - from) as u64, content }
            };
            Answer::Records {
                records: (from..to).map(record).collect(),
                offset: to as u64,
                line: line + (to - from) as u64,
                end: to == lines.len(),
            }
        }
    }

    fn numbered(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("{{\"n\":{number}}}")).collect()
    }

    fn source<'a>(settings: impl IntoIterator<Item = (&'a str, Setting)>, lines: Vec<String>) -> Script {
        Script::new(&FILE_SOURCE, [("path", "data.jsonl".into())].into_iter().chain(settings)).answering("0 s", file(lines))
    }

    #[test]
    fn records_go_at_the_rate_and_the_end_exhausts() {
        let mut file = source([("rate", "100/s".into())], numbered(1_000));
        file.run();
        let times = file.times("out");
        assert_eq!((times.len(), times[0], times[999]), (1_000, 0.0, 9.99));
        assert!(file.seen().exhausted && file.payloads("out")[999] == json!({"n": 999}));
        assert_eq!(file.gauge("line"), 1_001.0);
    }

    #[test]
    fn records_go_at_their_own_times() {
        let lines = ["00:00:00Z", "00:01:00Z", "00:00:30Z", "00:02:00Z"].map(|time| format!("{{\"at\":\"2026-01-01T{time}\"}}")).to_vec();
        let mut file = source([("pace", "timestamps".into()), ("time", "message.at".into()), ("speed", 60.0.into())], lines);
        file.run();
        // The third is from before its predecessor: it goes with it.
        assert_eq!(file.times("out"), [0.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn a_repeated_file_starts_its_times_anew() {
        let lines = [0, 10, 20].map(|second| format!("{{\"at\":{second}}}")).to_vec();
        let mut file = source([("pace", "timestamps".into()), ("time", "message.at".into()), ("at_end", "repeat".into())], lines);
        file.at("35 s");
        assert_eq!(file.times("out"), [0.0, 10.0, 20.0, 20.0, 30.0]);
        let ids: std::collections::BTreeSet<_> = file.seen().left.iter().map(|left| left.message.id).collect();
        assert_eq!(ids.len(), 5);
        let mut empty = source([("at_end", "repeat".into())], vec![]);
        assert!(empty.run().seen().exhausted);
    }

    #[test]
    fn bad_records_leave_through_the_error_port_and_the_rest_goes_on() {
        let lines = vec!["{\"at\":1}".to_owned(), "nonsense".to_owned(), "{\"at\":\"never\"}".to_owned(), "{\"at\":2}".to_owned()];
        let mut file = source([("pace", "timestamps".into()), ("time", "message.at".into())], lines.clone());
        file.run();
        assert_eq!(file.times("out"), [0.0, 1.0]);
        let errors: Vec<&str> = file.seen().rejected.iter().map(|end| &*end.why).collect();
        assert!(errors[0] == "line 2: not JSON" && errors[1].starts_with("line 3: expected a time"), "{errors:?}");
        assert_eq!(&file.seen().rejected[0].message.payload.bytes()[..], b"nonsense");
        let mut wired = source([("key", "message.at".into())], lines).wired("error", 1).room("error", 0);
        wired.at("10 s");
        // The first bad one blocks the source until the error pipe takes it.
        assert_eq!((wired.payloads("out").len(), wired.held()), (1, 1));
        wired.grant("error", 10).run();
        assert_eq!(wired.payloads("out").len(), 3);
    }

    #[test]
    fn g7_a_blocked_source_keeps_the_due_times_of_what_it_has_not_even_read() {
        let mut file = source([("rate", "100/s".into())], numbered(1_000)).room("out", 0);
        file.at("20 s").grant("out", 2_000).run();
        let entered: Vec<f64> = file.seen().left.iter().map(|left| left.message.entered.seconds()).collect();
        assert_eq!((entered[0], entered[500], entered[999]), (0.0, 5.0, 9.99));
    }

    #[test]
    fn a_growing_file_is_followed() {
        let mut times = 0;
        let mut file = Script::new(&FILE_SOURCE, [("path", "log".into()), ("at_end", "follow".into()), ("rate", "10/s".into())]).answering(
            "0 s",
            move |ask| {
                times += 1;
                let Ask::ReadRecords { offset, line, .. } = ask else { panic!("{ask:?}") };
                let new = u64::from(times == 1 || times == 5);
                let record = Record { line: *line, content: Ok(bytes::Bytes::from_static(b"1")) };
                Answer::Records { records: vec![record; new as usize], offset: offset + new, line: line + new, end: true }
            },
        );
        file.at("10 s");
        assert_eq!(file.times("out"), [0.0, 2.0]);
        // Latency counts from when the record could be read, not from a pace that had nothing to send.
        assert_eq!(file.seen().left[1].message.entered.seconds(), 2.0);
        assert!(!file.seen().exhausted);
        file.event(Event::Drain);
        assert!(file.seen().exhausted);
    }

    #[test]
    fn a_missing_file_is_told_once_and_ends_the_source() {
        let mut file =
            Script::new(&FILE_SOURCE, [("path", "gone".into())]).answering("0 s", |_| Answer::Failed("cannot read gone: not found".into()));
        file.run();
        assert_eq!((file.seen().errors.len(), file.seen().exhausted), (1, true));
        let mut following = Script::new(&FILE_SOURCE, [("path", "gone".into()), ("at_end", "follow".into())])
            .answering("0 s", |_| Answer::Failed("cannot read gone: not found".into()));
        following.at("10 s");
        assert_eq!((following.seen().errors.len(), following.seen().asked.len(), following.seen().exhausted), (1, 21, false));
    }

    #[test]
    fn g12_a_changed_pace_holds_at_once() {
        let mut file = source([("rate", "1/h".into())], numbered(10));
        file.at("10 s");
        assert_eq!(file.change([("rate", "1/s".into())]), Change::Kept);
        file.run();
        assert_eq!(file.times("out")[..4], [0.0, 10.0, 11.0, 12.0]);
        assert_eq!(file.payloads("out").len(), 10);
    }

    #[test]
    fn as_fast_as_possible_reads_no_further_ahead_than_a_page() {
        let mut file = source([("pace", "fastest".into())], numbered(10_000)).room("out", 10);
        file.at("1 s");
        assert!(file.gauge("read ahead") < 400.0, "{}", file.gauge("read ahead"));
        file.grant("out", 1_000_000).run();
        assert_eq!(file.payloads("out").len(), 10_000);
    }

    #[test]
    fn what_is_missing_is_told() {
        assert!(problems(&FILE_SOURCE, [])[0].contains("`path` must be set"));
        let missing = problems(&FILE_SOURCE, [("path", "a.csv".into()), ("pace", "timestamps".into())]);
        assert!(missing[0].contains("`time` must be set"), "{missing:?}");
    }
}
