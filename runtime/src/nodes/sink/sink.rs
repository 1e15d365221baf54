//! Sink: where messages end well: counted, written to a file, or printed.

use crate::message::{Blob, Message};
use crate::node::field::Word;
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset,
    Ticket,
};
use crate::setting::Settings;
use crate::units::Moment;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// How many messages may wait to be written.
const MOST_WAITING: u32 = 1_000;

/// The descriptor.
pub static SINK: Kind = Kind {
    name: "sink",
    title: "Sink",
    family: Family::Sink,
    summary: "Ends messages: counts them, writes them to a file, or prints them.",
    guide: include_str!("sink.md"),
    example: r#"(
    format: 1,
    title: "Into a file",
    nodes: {
        "readings": generator(rate: "20/s", count: 100, payload: "{\"sensor\": {{int 1 9}}, \"value\": {{number 0 40 1}}}"),
        "kept": sink(target: file, path: "readings.jsonl"),
    },
    pipes: ["readings.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Target",
            "target",
            "Target",
            FieldType::Choice(&[
                Word { name: "count", label: "Count", help: "Messages are counted and their latency is measured." },
                Word { name: "file", label: "File", help: "Payloads are added to a file, one JSON value a line." },
                Word { name: "stdout", label: "Standard output", help: "Payloads are printed, one JSON value a line." },
            ]),
            Preset::Word("count"),
            "What becomes of the payloads.",
        ),
        Field::new(
            "Target",
            "path",
            "File",
            FieldType::Path { written: true },
            Preset::Required,
            "The file to write, from the graph's folder.",
        )
        .when("target", &["file"]),
        Field::new(
            "Target",
            "append",
            "Append",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether to keep what is in the file already. Otherwise the first message of a run replaces it.",
        )
        .when("target", &["file"]),
        Field::new(
            "Target",
            "envelope",
            "With envelope",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether to write the whole message instead of the payload alone: {\"id\", \"topic\", \"key\", \"headers\", \"priority\", \"entered_s\", \"came_s\", \"payload\"}, the times in seconds on the run clock: when it (or its oldest ancestor) entered the run, and when it came here.",
        )
        .when("target", &["file", "stdout"]),
    ],
    ports,
    build: |form| {
        Box::new(Sink {
            target: Target::read(form),
            begun: false,
            lines: Vec::new(),
            waiting: Vec::new(),
            blobs: VecDeque::new(),
            under_way: None,
            ended: 0,
            written: 0,
        })
    },
    figures: [Figure::Received, Figure::RateIn],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        inputs: vec![Port::input("in", "Messages to end.")],
        outputs: vec![Port::error("error", "Messages that could not be written.")],
        ..Ports::default()
    }
}

enum Place {
    Nowhere,
    Print,
    File { path: PathBuf, append: bool },
}

struct Target {
    place: Place,
    envelope: bool,
}

impl Target {
    fn read(form: &mut Form<'_>) -> Self {
        let place = match form.choice("target") {
            "file" => form.path("path").map_or(Place::Nowhere, |path| Place::File { path, append: form.flag("append") }),
            "stdout" => Place::Print,
            _ => Place::Nowhere,
        };
        Self { place, envelope: form.flag("envelope") }
    }

    /// A payload that goes into the file as it is, byte for byte: that of a handle.
    fn whole<'a>(&self, message: &'a Message) -> Option<&'a Blob> {
        message.payload.blob().filter(|_| matches!(self.place, Place::File { .. }) && !self.envelope)
    }

    /// Adds the message's line. A payload that is no JSON is written as JSON text, so that every line stays JSON.
    fn write(&self, message: &Message, now: Moment, lines: &mut Vec<u8>) {
        if self.envelope {
            let head = message.head();
            let headers: serde_json::Map<_, _> = head.headers.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            let envelope = serde_json::json!({
                "id": message.id.to_string(),
                "topic": head.topic.as_deref(),
                "key": head.key.as_deref(),
                "headers": headers,
                "priority": message.priority,
                "entered_s": message.entered.since(Moment::START).seconds(),
                "came_s": now.since(Moment::START).seconds(),
                "payload": payload(message),
            });
            lines.extend_from_slice(envelope.to_string().as_bytes());
        } else {
            match message.payload.value() {
                // The bytes as they came, if they stand on one line.
                Ok(_) if !message.payload.is_empty() && !message.payload.bytes().contains(&b'\n') => {
                    lines.extend_from_slice(&message.payload.bytes());
                }
                _ => lines.extend_from_slice(payload(message).to_string().as_bytes()),
            }
        }
        lines.push(b'\n');
    }
}

fn payload(message: &Message) -> serde_json::Value {
    match message.payload.value() {
        Ok(value) => value.clone(),
        Err(_) => serde_json::Value::String(String::from_utf8_lossy(&message.payload.bytes()).into_owned()),
    }
}

struct Sink {
    target: Target,
    /// Whether the file was begun in this run.
    begun: bool,
    /// Lines not yet on their way, and the holds of their messages.
    lines: Vec<u8>,
    waiting: Vec<Ticket>,
    /// Handles not yet on their way; lines that came after one wait behind it.
    blobs: VecDeque<Queued>,
    /// The open request, its holds, and how it ended once it has.
    under_way: Option<UnderWay>,
    ended: u64,
    written: u64,
}

/// A handle to be written, and the lines with their holds that came before it.
struct Queued {
    lines: Vec<u8>,
    waiting: Vec<Ticket>,
    hold: Ticket,
    blob: Box<Blob>,
}

struct UnderWay {
    request: Ticket,
    holds: VecDeque<Ticket>,
    bytes: u64,
    /// How it ended; its messages are released then.
    answered: Option<Result<(), Arc<str>>>,
}

impl Sink {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        if matches!(self.target.place, Place::Nowhere) {
            self.ended += 1;
            return fx.deliver(message);
        }
        if let Some(blob) = self.target.whole(&message) {
            let blob = Box::new(blob.clone());
            let (lines, waiting) = (std::mem::take(&mut self.lines), std::mem::take(&mut self.waiting));
            let hold = fx.hold_until(message, Moment::NEVER);
            self.blobs.push_back(Queued { lines, waiting, hold, blob });
            return self.flush(fx);
        }
        self.target.write(&message, fx.now(), &mut self.lines);
        self.waiting.push(fx.hold_until(message, Moment::NEVER));
        self.flush(fx);
    }

    /// Sends what has gathered on its way, unless something is under way: batches grow by themselves when writing is slow, and a single
    /// message never lingers.
    fn flush(&mut self, fx: &mut Effects<'_>) {
        if self.under_way.is_some() {
            return;
        }
        // Lines before a handle go first, then the handle, then what came after it.
        let (lines, waiting) = match self.blobs.front_mut() {
            Some(next) if next.waiting.is_empty() => return self.flush_blob(fx),
            Some(next) => (std::mem::take(&mut next.lines), std::mem::take(&mut next.waiting)),
            None if self.waiting.is_empty() => return,
            None => (std::mem::take(&mut self.lines), std::mem::take(&mut self.waiting)),
        };
        let bytes = bytes::Bytes::from(lines);
        let length = bytes.len() as u64;
        let request = match &self.target.place {
            Place::File { path, append } => {
                let truncate = !append && !std::mem::replace(&mut self.begun, true);
                fx.ask(Ask::Append { path: path.clone(), bytes, truncate })
            }
            Place::Print | Place::Nowhere => fx.ask(Ask::Print { bytes }),
        };
        self.under_way = Some(UnderWay { request, holds: waiting.into(), bytes: length, answered: None });
    }

    /// Sends the bytes of a handle on their way, into the file as they are.
    fn flush_blob(&mut self, fx: &mut Effects<'_>) {
        let Place::File { path, append } = &self.target.place else { return };
        let Some(Queued { hold, blob, .. }) = self.blobs.pop_front() else { return };
        let truncate = !append && !std::mem::replace(&mut self.begun, true);
        let bytes = blob.length;
        let request = fx.ask(Ask::AppendBlob { path: path.clone(), blob, truncate });
        self.under_way = Some(UnderWay { request, holds: VecDeque::from([hold]), bytes, answered: None });
    }

    fn answered(&mut self, ticket: Ticket, answer: &Answer, fx: &mut Effects<'_>) {
        let Some(under_way) = self.under_way.as_mut().filter(|under_way| under_way.request == ticket) else { return };
        let outcome = match answer {
            Answer::Done => Ok(()),
            Answer::Failed(error) => Err(error.as_str().into()),
            // An answer to a request that others make.
            _ => Err("the outside answered a request to write with something else".into()),
        };
        if outcome.is_ok() {
            self.written += under_way.bytes;
        }
        under_way.answered = Some(outcome);
        for hold in &under_way.holds {
            fx.cancel(*hold);
        }
    }

    fn released(&mut self, ticket: Ticket, message: Message, fx: &mut Effects<'_>) {
        let outcome = self.under_way.as_mut().and_then(|under_way| {
            let at = under_way.holds.iter().position(|hold| *hold == ticket)?;
            let outcome = under_way.answered.clone()?;
            under_way.holds.remove(at);
            Some(outcome)
        });
        match outcome {
            Some(Ok(())) => {
                self.ended += 1;
                fx.deliver(message);
            }
            Some(Err(error)) => fx.reject(message, error),
            // Given back before its line was on its way or confirmed: the line may or may not stand in the file.
            None => fx.nack(message, "the sink ended before the message was written"),
        }
        if self.under_way.as_ref().is_some_and(|under_way| under_way.holds.is_empty()) {
            self.under_way = None;
            self.flush(fx);
        }
    }
}

impl Behaviour for Sink {
    #[inline(always)]
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Answer(ticket, answer) => self.answered(ticket, &answer, fx),
            Event::Released(ticket, message) => self.released(ticket, message, fx),
            Event::Start | Event::Wake(_) | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Drain => {}
        }
    }

    /// A message that is being written occupies a server, so that the number of unwritten ones is bounded.
    fn intake(&self) -> Intake {
        match self.target.place {
            Place::Nowhere => Intake::Plain,
            Place::Print | Place::File { .. } => Intake::Servers { servers: MOST_WAITING, prefetch: 0 },
        }
    }

    fn change(&mut self, _: &mut Form<'_>) -> Change {
        Change::Restart
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "ended", value: self.ended as f64, unit: "messages" });
        if !matches!(self.target.place, Place::Nowhere) {
            gauges.push(Gauge { name: "written", value: self.written as f64, unit: "B" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    fn text(ask: &Ask) -> (String, bool) {
        match ask {
            Ask::Append { bytes, truncate, .. } => (String::from_utf8(bytes.to_vec()).unwrap(), *truncate),
            Ask::Print { bytes } => (String::from_utf8(bytes.to_vec()).unwrap(), false),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn g6_counting_delivers_at_once() {
        let mut sink = Script::new(&SINK, []);
        sink.at("2 s").send("in", json!(1));
        assert_eq!(sink.seen().delivered[0].at.seconds(), 2.0);
    }

    #[test]
    fn a_file_gets_lines_in_batches_and_delivers_when_they_are_written() {
        let mut sink = Script::new(&SINK, [("target", "file".into()), ("path", "out.jsonl".into())]).answering("1 s", |_| Answer::Done);
        for number in 0..3 {
            sink.send("in", json!({"n": number}));
        }
        assert_eq!(sink.seen().delivered.len(), 0);
        sink.at("1 s");
        assert_eq!(sink.seen().delivered.len(), 1);
        sink.run();
        let written: Vec<_> = sink.seen().asked.iter().map(text).collect();
        assert_eq!(written, [("{\"n\":0}\n".to_owned(), true), ("{\"n\":1}\n{\"n\":2}\n".to_owned(), false)]);
        assert_eq!((sink.seen().delivered.len(), sink.held()), (3, 0));
        assert_eq!(sink.seen().delivered[2].at.seconds(), 2.0);
    }

    #[test]
    fn g9_a_failed_write_rejects_what_was_in_it_and_goes_on() {
        let mut times = 0;
        let mut sink = Script::new(&SINK, [("target", "file".into()), ("path", "out.jsonl".into())]).answering("1 s", move |_| {
            times += 1;
            if times == 1 { Answer::Failed("the disk is full".into()) } else { Answer::Done }
        });
        for number in 0..3 {
            sink.send("in", json!(number));
        }
        sink.run();
        assert_eq!((sink.seen().rejected.len(), sink.seen().delivered.len()), (1, 2));
        assert_eq!(&*sink.seen().rejected[0].why, "the disk is full");
    }

    #[test]
    fn g1_unwritten_messages_are_bounded() {
        let mut sink = Script::new(&SINK, [("target", "stdout".into())]).answering("1 s", |_| Answer::Done);
        for number in 0..1_500 {
            sink.send("in", json!(number));
        }
        assert_eq!((sink.held(), sink.waiting()), (1_000, 500));
        sink.run();
        assert_eq!(sink.seen().delivered.len(), 1_500);
    }

    #[test]
    fn every_line_is_json() {
        let mut sink = Script::new(&SINK, [("target", "stdout".into())]).answering("0 s", |_| Answer::Done);
        for raw in ["plain text", "{\"a\":\n1}", ""] {
            let mut message = sink.message(json!(null));
            message.payload = crate::message::Payload::from_bytes(raw.as_bytes());
            sink.send_message("in", message).run();
        }
        let printed: String = sink.seen().asked.iter().map(|ask| text(ask).0).collect();
        assert_eq!(printed, "\"plain text\"\n{\"a\":1}\nnull\n");
        let mut whole = Script::new(&SINK, [("target", "stdout".into()), ("envelope", true.into())]).answering("0 s", |_| Answer::Done);
        whole.send("in", json!(5));
        whole.run();
        let line: serde_json::Value = serde_json::from_str(&text(&whole.seen().asked[0]).0).unwrap();
        assert_eq!((&line["payload"], line["id"].as_str().unwrap().len()), (&json!(5), 36));
    }

    #[test]
    fn g14_the_bytes_of_a_handle_go_into_the_file_between_the_lines_before_and_after() {
        let settings = [("target", "file".into()), ("path", "out.bin".into())];
        let mut sink = Script::new(&SINK, settings).answering("1 s", |_| Answer::Done);
        for handle in [false, true, false, false, true] {
            let mut message = sink.message(json!(7));
            if handle {
                let place = crate::message::BlobPlace::File("large.bin".into());
                message.payload = crate::message::Payload::from_blob(Blob { place, length: 1 << 30 });
            }
            sink.send_message("in", message);
        }
        sink.run();
        let written = |ask: &Ask| match ask {
            Ask::AppendBlob { blob, truncate, .. } => format!("{} bytes, {truncate}", blob.length),
            other => format!("{:?}", text(other)),
        };
        let written: Vec<_> = sink.seen().asked.iter().map(written).collect();
        let expected = [r#"("7\n", true)"#, "1073741824 bytes, false", r#"("7\n7\n", false)"#, "1073741824 bytes, false"];
        assert_eq!(written, expected);
        assert_eq!((sink.seen().delivered.len(), sink.gauge("written") as u64), (5, (2 << 30) + 6));
    }

    #[test]
    fn a_file_needs_a_path() {
        assert!(problems(&SINK, [("target", "file".into())])[0].contains("`path` must be set"));
        assert!(problems(&SINK, []).is_empty());
    }
}
