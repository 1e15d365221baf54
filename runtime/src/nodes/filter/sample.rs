//! Sample: lets a part of the messages pass.

use super::{emit_or_drop, input};
use crate::id::hash_text;
use crate::message::Message;
use crate::node::field::Word;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Kind, Port, Ports, Preset};
use crate::random::Purpose;
use crate::setting::Settings;
use crate::units::{Moment, Span};

const OUT: usize = 0;
const REST: usize = 1;
const SAMPLED_OUT: &str = "sampled_out";

/// The descriptor.
pub static SAMPLE: Kind = Kind {
    name: "sample",
    title: "Sample",
    family: Family::Filter,
    summary: "Lets a part of the messages pass: a share, every n-th, or one in a span of time.",
    guide: include_str!("sample.md"),
    example: r#"(
    format: 1,
    title: "One reading a second for the dashboard",
    nodes: {
        "readings": generator(arrivals: poisson, rate: "200/s", payload: "{\"celsius\": {{number 15 95 1}}}"),
        "some": sample(by: time, every: "1 s"),
        "dashboard": sink(),
    },
    pipes: ["readings.out -> some.in", "some.out -> dashboard.in"],
)
"#,
    fields: &[
        Field::new(
            "Sample",
            "by",
            "By",
            FieldType::Choice(&[
                Word { name: "share", label: "Share", help: "Each message passes with this probability." },
                Word { name: "key_share", label: "Share of keys", help: "Each key passes with this probability, with all its messages." },
                Word { name: "count", label: "Count", help: "Every n-th message passes." },
                Word { name: "time", label: "Time", help: "At most one message passes in a span of time." },
            ]),
            Preset::Word("share"),
            "How the messages that pass are chosen.",
        ),
        Field::new("Sample", "share", "Share", FieldType::Share, Preset::Number(0.1), "With what probability a message, or a key, passes.")
            .when("by", &["share", "key_share"]),
        Field::new(
            "Sample",
            "count",
            "Every",
            FieldType::Integer(1, 1_000_000_000),
            Preset::Integer(10),
            "One in so many messages passes.",
        )
        .unit("messages")
        .when("by", &["count"]),
        Field::new("Sample", "every", "Every", FieldType::Span(1), Preset::Text("1 s"), "In so long one message passes.")
            .when("by", &["time"]),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![
            Port::output("out", "Messages that pass."),
            Port::output("rest", "All others. Unwired, they are dropped as `sampled_out`.").optional(),
        ],
        ..Ports::default()
    },
    build: |form| Box::new(Sample { by: By::read(form), seen: 0, next: Moment::START }),
    figures: [Figure::RateOut, Figure::RateIn],
};

#[derive(Clone, Copy, PartialEq, Debug)]
enum By {
    Share(f64),
    KeyShare(f64),
    Count(u64),
    Time(Span),
}

impl By {
    fn read(form: &mut Form<'_>) -> Self {
        match form.choice("by") {
            "key_share" => Self::KeyShare(form.number("share").unwrap_or(0.1)),
            "count" => Self::Count(form.integer("count").map_or(10, |count| count as u64)),
            "time" => Self::Time(form.span("every").unwrap_or(Span::secs(1))),
            _ => Self::Share(form.number("share").unwrap_or(0.1)),
        }
    }
}

struct Sample {
    by: By,
    seen: u64,
    /// When the next one may pass.
    next: Moment,
}

impl Sample {
    fn passes(&mut self, message: &Message, fx: &Effects<'_>) -> bool {
        self.seen += 1;
        match self.by {
            By::Share(share) => fx.random(const { Purpose::of("sample") }, message).chance(share),
            By::KeyShare(share) => {
                fx.random_at(const { Purpose::of("sample") }, hash_text(message.key().unwrap_or_default())).chance(share)
            }
            By::Count(count) => (self.seen - 1).is_multiple_of(count),
            By::Time(span) => {
                let passes = fx.now() >= self.next;
                if passes {
                    self.next = fx.now() + span;
                }
                passes
            }
        }
    }
}

impl Behaviour for Sample {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        let Event::Message(_, message) = event else { return };
        if self.passes(&message, fx) {
            fx.emit(OUT, message);
        } else {
            emit_or_drop(fx, REST, message, SAMPLED_OUT);
        }
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.by = By::read(form);
        self.next = Moment::START;
        Change::Kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use serde_json::json;

    #[test]
    fn a_share_passes_by_chance() {
        let mut sample = Script::new(&SAMPLE, [("share", 0.25.into())]);
        for number in 0..4_000 {
            sample.send("in", json!(number));
        }
        let passed = sample.payloads("out").len();
        assert!((900..1_100).contains(&passed), "{passed}");
        assert_eq!(passed + sample.payloads("rest").len(), 4_000);
    }

    #[test]
    fn a_share_of_keys_keeps_keys_whole() {
        let mut sample = Script::new(&SAMPLE, [("by", "key_share".into()), ("share", 0.5.into())]);
        for number in 0..1_000 {
            let mut message = sample.message(json!(number % 50));
            message.head_mut().key = Some(format!("k{}", number % 50).into());
            sample.send_message("in", message);
        }
        let out: std::collections::BTreeSet<i64> = sample.payloads("out").iter().filter_map(serde_json::Value::as_i64).collect();
        let rest: std::collections::BTreeSet<i64> = sample.payloads("rest").iter().filter_map(serde_json::Value::as_i64).collect();
        assert!(out.is_disjoint(&rest) && out.len() + rest.len() == 50 && (10..40).contains(&out.len()), "{}", out.len());
    }

    #[test]
    fn every_nth_and_one_in_a_span() {
        let mut nth = Script::new(&SAMPLE, [("by", "count".into()), ("count", 3.into())]).wired("rest", 0);
        for number in 0..7 {
            nth.send("in", json!(number));
        }
        assert_eq!(nth.payloads("out"), [json!(0), json!(3), json!(6)]);
        assert_eq!(&*nth.seen().dropped[0].why, "sampled_out");
        let mut timed = Script::new(&SAMPLE, [("by", "time".into()), ("every", "1 s".into())]);
        for at in ["0 s", "500 ms", "1 s", "1.9 s", "5 s", "5.5 s"] {
            timed.at(at).send("in", json!(at));
        }
        assert_eq!(timed.times("out"), [0.0, 1.0, 5.0]);
        assert_eq!(timed.change([("every", "100 ms".into())]), Change::Kept);
    }
}
