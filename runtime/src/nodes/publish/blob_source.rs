//! Blob source: sends a whole file as one message, whose payload is a handle to it.

use super::gate::Gate;
use crate::message::Payload;
use crate::node::claims::ClaimAnswer;
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset, Ticket,
};
use crate::units::{Moment, Span};
use std::path::PathBuf;
use std::sync::Arc;

/// The descriptor.
pub static BLOB_SOURCE: Kind = Kind {
    name: "blob_source",
    title: "Blob source",
    family: Family::Publish,
    summary: "Sends a whole file as one message, as a handle: its bytes stay where they lie until somebody moves them.",
    guide: include_str!("blob_source.md"),
    example: r#"(
    format: 1,
    title: "A scan, checked in",
    nodes: {
        "scan": blob_source(path: "readings.csv", count: 3, every: "1 s"),
        "cloakroom": check_in(),
        "work": queue(),
        "counter": check_out(),
        "shelf": sink(),
    },
    pipes: ["scan.out -> cloakroom.in", "cloakroom.out -> work.in", "work.out -> counter.in", "counter.out -> shelf.in"],
)
"#,
    fields: &[
        Field::new(
            "File",
            "path",
            "File",
            FieldType::Path { written: false },
            Preset::Required,
            "The file to send, from the graph's folder.",
        ),
        Field::new(
            "File",
            "content_type",
            "Content type",
            FieldType::Text,
            Preset::Text("application/octet-stream"),
            "The media type that the message carries.",
        )
        .source("IANA, media types"),
        Field::new("Pace", "count", "Count", FieldType::Integer(1, 1_000_000_000), Preset::Integer(1), "How many times the file is sent.")
            .unit("messages"),
        Field::new("Pace", "every", "Every", FieldType::Span(1), Preset::Text("1 s"), "How long after one message the next one is due."),
    ],
    ports: |_| Ports {
        outputs: vec![
            Port::output("out", "Messages with a handle to the file."),
            Port::error("error", "Nothing but messages for a file that could not be found."),
        ],
        ..Ports::default()
    },
    build: |form| {
        Box::new(BlobSource {
            rules: Rules::read(form),
            gate: Gate::default(),
            sent: 0,
            bytes: 0,
            request: None,
            awaited: None,
            closed: false,
        })
    },
    figures: [Figure::RateOut, Figure::Gauge("sent")],
};

struct Rules {
    path: PathBuf,
    content_type: Arc<str>,
    count: u64,
    every: Span,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        Self {
            path: form.path("path").unwrap_or_default(),
            content_type: form.text("content_type").unwrap_or_default().into(),
            count: form.integer("count").map_or(1, |count| count as u64),
            every: form.span("every").unwrap_or(Span::secs(1)),
        }
    }
}

struct BlobSource {
    rules: Rules,
    gate: Gate,
    sent: u64,
    bytes: u64,
    /// The file is looked at anew for each message: it may have changed.
    request: Option<Ticket>,
    /// When it wakes for the next one.
    awaited: Option<Moment>,
    /// Whether it has said that nothing more will come.
    closed: bool,
}

impl BlobSource {
    fn due(&self) -> Moment {
        Moment(self.rules.every.0.saturating_mul(self.sent))
    }

    fn go_on(&mut self, fx: &mut Effects<'_>) {
        if self.sent >= self.rules.count {
            if !std::mem::replace(&mut self.closed, true) {
                fx.exhausted();
            }
            return;
        }
        if self.request.is_some() || !self.gate.open() {
            return;
        }
        let due = self.due();
        if due <= fx.now() {
            self.request = Some(fx.ask(Ask::Handle { path: self.rules.path.clone() }));
        } else if self.awaited != Some(due) {
            self.awaited = Some(due);
            fx.wake(due, 0);
        }
    }

    fn answered(&mut self, answer: Answer, fx: &mut Effects<'_>) {
        self.gate.look(fx);
        let (payload, error) = match answer {
            Answer::Claim(ClaimAnswer::Taken(payload)) => (payload, None),
            Answer::Failed(error) => (Payload::EMPTY, Some(error)),
            _ => (Payload::EMPTY, Some("no file was found".to_owned())),
        };
        let mut message = fx.make(self.sent, self.due(), payload);
        message.head_mut().content_type = Some(self.rules.content_type.clone());
        self.bytes += if error.is_none() { message.payload.len() as u64 } else { 0 };
        self.sent += 1;
        self.gate.enter(message, error, fx);
    }
}

impl Behaviour for BlobSource {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Answer(ticket, answer) => {
                if self.request == Some(ticket) {
                    self.request = None;
                    if !self.closed {
                        self.answered(answer, fx);
                    }
                }
            }
            Event::Room(port) => self.gate.room(port),
            Event::Drain => {
                if !std::mem::replace(&mut self.closed, true) {
                    fx.exhausted();
                }
            }
            Event::Start | Event::Wake(_) | Event::Message(..) | Event::Released(..) | Event::Settled { .. } | Event::Renewed { .. } => {}
        }
        if !self.closed {
            self.go_on(fx);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.rules = Rules::read(form);
        self.awaited = None;
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "sent", value: self.sent as f64, unit: "messages" });
        gauges.push(Gauge { name: "bytes stood for", value: self.bytes as f64, unit: "B" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Blob, BlobPlace};
    use crate::node::Script;

    fn script(settings: &[(&'static str, &'static str)], count: i64) -> Script {
        let settings = settings.iter().map(|(name, value)| (*name, (*value).into()));
        Script::new(&BLOB_SOURCE, settings.chain([("path", "scan.tif".into()), ("count", count.into())]))
    }

    fn there(ask: &Ask) -> Answer {
        let Ask::Handle { path } = ask else { panic!("{ask:?}") };
        Answer::Claim(ClaimAnswer::Taken(Payload::from_blob(Blob { place: BlobPlace::File(path.clone()), length: 1 << 30 })))
    }

    #[test]
    fn g14_each_message_is_a_handle_to_the_file() {
        let mut source = script(&[("every", "2 s")], 3).answering("0 s", there);
        source.run();
        assert_eq!(source.times("out"), [0.0, 2.0, 4.0]);
        let left = &source.seen().left;
        assert!(left.iter().all(|left| left.message.payload.len() == 1 << 30 && left.message.payload.blob().is_some()));
        assert_ne!(left[0].message.id, left[1].message.id);
        assert!(source.seen().exhausted);
    }

    #[test]
    fn a_file_that_is_not_there_fails_each_message() {
        let mut source = script(&[("every", "1 s")], 2).answering("0 s", |_| Answer::Failed("no such file".into()));
        source.run();
        assert_eq!((source.seen().rejected.len(), source.seen().exhausted), (2, true));
        assert_eq!(&*source.seen().rejected[0].why, "no such file");
    }

    #[test]
    fn g1_a_full_pipe_holds_it_up() {
        let mut source = script(&[("every", "1 ns")], 5).answering("0 s", there).room("out", 1);
        source.run();
        assert_eq!((source.seen().left.len(), source.held()), (1, 1));
        source.grant("out", 10).run();
        assert_eq!(source.seen().left.len(), 5);
    }
}
