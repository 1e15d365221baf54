//! Resequence: puts messages back into the order of their numbers.

mod line;

use super::{error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::{Word, Yields};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::setting::Settings;
use crate::units::{Moment, Span};
use line::Line;
use std::collections::BTreeMap;
use std::sync::Arc;

const OUT: usize = 0;
const LATE: &str = "late";
/// The wake that extends locks; all others are the numbers of lines, from 1.
const RENEW: u64 = 0;
const RENEW_EVERY: Span = Span::secs(10);
/// The most messages held, so that all of them can go on in one event when the run drains.
const MOST_HELD: i64 = 9_000;

/// The descriptor.
pub static RESEQUENCE: Kind = Kind {
    name: "resequence",
    title: "Resequence",
    family: Family::Filter,
    summary: "Puts messages back into the order of their numbers.",
    guide: include_str!("resequence.md"),
    example: r#"(
    format: 1,
    title: "A pool mixes the order, and it is put right again",
    nodes: {
        "orders": generator(rate: "50/s", payload: "{\"order\": {{index}}}"),
        "work": queue(),
        "pool": consumer_pool(servers: 8, service: exponential(mean: "80 ms")),
        "sorted": resequence(number: "message.order", first: 0),
        "kept": sink(),
    },
    pipes: ["orders.out -> work.in", "work.out -> pool.in", "pool.out -> sorted.in", "sorted.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Sequence",
            "number",
            "Number",
            FieldType::Expression(Yields::Any),
            Preset::Text("headers.part"),
            "A CEL expression that gives the whole number by which messages are ordered, one after the other without gaps.",
        )
        .source("Hohpe and Woolf, Enterprise Integration Patterns: Resequencer"),
        Field::new(
            "Sequence",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::None,
            "A CEL expression: messages with the same value form a sequence of their own. Absent: all form one.",
        ),
        Field::new(
            "Sequence",
            "first",
            "First",
            FieldType::Integer(-9_007_199_254_740_992, 9_007_199_254_740_992),
            Preset::None,
            "The number that each sequence begins with. Absent: the smallest that has come when the first wait is over.",
        ),
        Field::new(
            "Gaps",
            "wait",
            "Wait",
            FieldType::Span(1_000_000),
            Preset::Text("10 s"),
            "How long a missing number is waited for before it is given up.",
        ),
        Field::new(
            "Gaps",
            "late",
            "Late messages",
            FieldType::Choice(&[
                Word { name: "pass", label: "Pass", help: "They go on at once, out of order." },
                Word { name: "drop", label: "Are dropped", help: "They are dropped as `late`." },
                Word { name: "error", label: "Are an error", help: "They leave through the error output." },
            ]),
            Preset::Word("pass"),
            "What becomes of messages whose number has passed already.",
        ),
        Field::new(
            "Bounds",
            "most_held",
            "Most held",
            FieldType::Integer(1, MOST_HELD),
            Preset::Integer(1_000),
            "How many messages may wait. Beyond that the oldest gap is given up early.",
        )
        .unit("messages"),
        Field::new(
            "Bounds",
            "most_keys",
            "Most keys",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(10_000),
            "How many sequences are remembered. Beyond that the one begun first is forgotten, and what it holds goes on.",
        )
        .unit("keys"),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Messages in order."), error()],
        ..Ports::default()
    },
    build: |form| {
        Box::new(Resequence {
            rules: Rules::read(form),
            lines: BTreeMap::new(),
            by_key: BTreeMap::new(),
            begun: 0,
            held: 0,
            gaps: 0,
            late: 0,
            renewing: false,
        })
    },
    figures: [Figure::Gauge("waiting"), Figure::RateOut],
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Late {
    Pass,
    Drop,
    Error,
}

struct Rules {
    number: Option<Expression>,
    key: Option<Expression>,
    first: Option<i64>,
    wait: Span,
    late: Late,
    most_held: usize,
    most_keys: usize,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        Self {
            number: form.expression("number"),
            key: form.value("key").and_then(|_| form.expression("key")),
            first: form.value("first").and_then(|_| form.integer("first")),
            wait: form.span("wait").unwrap_or(Span::secs(10)),
            late: match form.choice("late") {
                "drop" => Late::Drop,
                "error" => Late::Error,
                _ => Late::Pass,
            },
            most_held: form.integer("most_held").map_or(1_000, |most| most as usize),
            most_keys: form.integer("most_keys").map_or(10_000, |most| most as usize),
        }
    }

    fn place(&self, message: &Message) -> Result<(Arc<str>, i64), String> {
        let key = self.key.as_ref().map_or_else(|| Ok(String::new()), |key| key.text(message).map_err(|error| format!("key: {error}")))?;
        let number = self.number.as_ref().map_or(Ok(0.0), |number| number.number(message).map_err(|error| format!("number: {error}")))?;
        // Beyond 2^53 not every whole number is one of these.
        if number.fract() != 0.0 || number.abs() > 9_007_199_254_740_992.0 {
            return Err(format!("number: expected a whole number, found {number}"));
        }
        Ok((key.into(), number as i64))
    }
}

struct Resequence {
    rules: Rules,
    /// By serial, in order of beginning.
    lines: BTreeMap<u64, Line>,
    by_key: BTreeMap<Arc<str>, u64>,
    begun: u64,
    held: usize,
    gaps: u64,
    late: u64,
    renewing: bool,
}

impl Resequence {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let (key, number) = match self.rules.place(&message) {
            Ok(place) => place,
            Err(error) => return fx.reject(message, error),
        };
        let serial = match self.by_key.get(&key) {
            Some(serial) => *serial,
            None => self.begin(key, fx),
        };
        let delivered = !message.settlement.deliveries().is_empty();
        let line = self.lines.get_mut(&serial).expect("a line that was begun");
        match line.put(number, message) {
            Ok(()) => self.held += 1,
            Err(message) => {
                self.late += 1;
                return match self.rules.late {
                    Late::Pass => fx.emit(OUT, *message),
                    Late::Drop => fx.drop(*message, LATE),
                    Late::Error => fx.reject(*message, format!("number {number} has passed already")),
                };
            }
        }
        self.go_on(serial, fx);
        if self.held > self.rules.most_held {
            let gap = |(serial, line): (&u64, &Line)| line.waits_since().map(|since| (since, *serial));
            if let Some((_, serial)) = self.lines.iter().filter_map(gap).min() {
                self.give_up(serial, fx);
            }
        }
        if delivered && self.held > 0 && !self.renewing {
            self.renewing = true;
            fx.wake(fx.now() + RENEW_EVERY, RENEW);
        }
    }

    fn begin(&mut self, key: Arc<str>, fx: &mut Effects<'_>) -> u64 {
        if self.lines.len() >= self.rules.most_keys
            && let Some((_, mut line)) = self.lines.pop_first()
        {
            self.by_key.remove(line.key());
            for message in line.all() {
                self.held -= 1;
                fx.emit(OUT, message);
            }
        }
        self.begun += 1;
        self.lines.insert(self.begun, Line::new(key.clone(), self.rules.first));
        self.by_key.insert(key, self.begun);
        self.begun
    }

    /// Sends on what is next, and waits for what is missing.
    fn go_on(&mut self, serial: u64, fx: &mut Effects<'_>) {
        let Some(line) = self.lines.get_mut(&serial) else { return };
        while let Some(message) = line.next() {
            self.held -= 1;
            fx.emit(OUT, message);
        }
        if line.wait(fx.now()) {
            fx.wake(fx.now() + self.rules.wait, serial);
        }
    }

    fn give_up(&mut self, serial: u64, fx: &mut Effects<'_>) {
        if let Some(line) = self.lines.get_mut(&serial) {
            self.gaps += u64::from(line.skip());
            self.go_on(serial, fx);
        }
    }

    /// The wait of a line is over, if it still waits for the same.
    fn woken(&mut self, serial: u64, fx: &mut Effects<'_>) {
        let now = fx.now();
        match self.lines.get(&serial).and_then(Line::waits_since) {
            Some(since) if now.since(since) >= self.rules.wait => self.give_up(serial, fx),
            Some(since) => fx.wake(since + self.rules.wait, serial),
            None => {}
        }
    }

    fn renew(&mut self, fx: &mut Effects<'_>) {
        self.renewing = false;
        for message in self.lines.values().flat_map(Line::messages) {
            self.renewing |= !message.settlement.deliveries().is_empty();
            fx.renew(message);
        }
        if self.renewing {
            fx.wake(fx.now() + RENEW_EVERY, RENEW);
        }
    }
}

impl Behaviour for Resequence {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Wake(RENEW) => self.renew(fx),
            Event::Wake(serial) => self.woken(serial, fx),
            Event::Drain => {
                for line in self.lines.values_mut() {
                    for message in line.all() {
                        fx.emit(OUT, message);
                    }
                }
                self.held = 0;
            }
            Event::Start | Event::Released(..) | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) => {}
        }
    }

    fn change(&mut self, _form: &mut Form<'_>) -> Change {
        Change::Restart
    }

    fn held(&self) -> u64 {
        self.lines.values().map(|line| line.messages().count() as u64).sum()
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        self.by_key.clear();
        self.held = 0;
        for mut line in std::mem::take(&mut self.lines).into_values() {
            for message in line.all() {
                fx.nack(message, "the resequencer was taken down while the message waited for its turn");
            }
        }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "waiting", value: self.held as f64, unit: "messages" });
        gauges.push(Gauge { name: "gaps", value: self.gaps as f64, unit: "" });
        gauges.push(Gauge { name: "late", value: self.late as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests;
