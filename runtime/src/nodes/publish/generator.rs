//! Generator: makes messages at a rate or by a pattern, from a template with fake data.

mod settings;

use super::arrivals::{Arrivals, Shape};
use super::closed_loop::{Users, track};
use super::gate::Gate;
use crate::node::field::{Word, Yields};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::setting::{Setting, Settings};
use crate::units::Moment;
use settings::GeneratorSettings;
use std::collections::VecDeque;

/// How many arrivals one event deals with.
const MOST_AT_ONCE: usize = 256;

/// The arrivals that may bring several messages at once.
const BATCHED: &[&str] = &["constant", "poisson", "profile", "distribution", "times"];

/// The descriptor.
pub static GENERATOR: Kind = Kind {
    name: "generator",
    title: "Generator",
    family: Family::Publish,
    summary: "Makes messages at a rate or by a pattern, from a template with fake data.",
    guide: include_str!("generator.md"),
    example: r#"(
    format: 1,
    title: "Orders, more of them at noon",
    nodes: {
        "orders": generator(
            arrivals: profile,
            profile: [("0 s", "5/s"), ("30 s", "60/s"), ("1 min", "5/s")],
            repeat_profile: true,
            payload: "{\"order\": {{index}}, \"customer\": \"{{name}}\", \"amount\": {{number 5 500 2}}}",
            key: "message.customer",
            topic: "orders/{{pick \"eu\" \"us\"}}",
        ),
        "done": sink(),
    },
    pipes: ["orders.out -> done.in"],
)
"#,
    fields: &[
        Field::new(
            "Arrivals",
            "arrivals",
            "Arrivals",
            FieldType::Choice(&[
                Word { name: "constant", label: "Constant", help: "Evenly spaced." },
                Word { name: "poisson", label: "Poisson", help: "Independent of each other, as from many senders." },
                Word { name: "burst", label: "Bursts", help: "Many at once, then a pause." },
                Word { name: "profile", label: "Profile", help: "Poisson arrivals whose rate changes over time." },
                Word { name: "distribution", label: "Gaps", help: "Independent gaps of any distribution." },
                Word { name: "times", label: "At given times", help: "At the times of a list, and then no more." },
                Word {
                    name: "fastest",
                    label: "As fast as possible",
                    help: "As fast as the pipe takes them. In a simulation, set a count too: time does not pass.",
                },
                Word {
                    name: "closed",
                    label: "Closed loop",
                    help: "So many users: each sends, waits until everything made from its message has ended, thinks, and sends again.",
                },
            ]),
            Preset::Word("constant"),
            "When messages come.",
        ),
        Field::new("Arrivals", "rate", "Rate", FieldType::Rate, Preset::Text("10/s"), "How many arrivals there are, on average. Each brings one message, unless `batch_size` says otherwise.")
            .when("arrivals", &["constant", "poisson"]),
        Field::new(
            "Arrivals",
            "burst_size",
            "Burst size",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(100),
            "How many messages come at once.",
        )
        .unit("messages")
        .when("arrivals", &["burst"]),
        Field::new(
            "Arrivals",
            "burst_gap",
            "Burst gap",
            FieldType::Span(1_000),
            Preset::Text("10 s"),
            "From the start of one burst to the start of the next.",
        )
        .when("arrivals", &["burst"]),
        Field::new(
            "Arrivals",
            "profile",
            "Profile",
            FieldType::Profile,
            Preset::Made(|| {
                let point = |at: &str, rate: &str| Setting::Tuple(String::new(), vec![at.into(), rate.into()]);
                Setting::List(vec![point("0 s", "10/s"), point("1 min", "50/s"), point("2 min", "10/s")])
            }),
            "Points of the rate over time; straight lines between them. After the last point its rate stays.",
        )
        .when("arrivals", &["profile"]),
        Field::new(
            "Arrivals",
            "repeat_profile",
            "Repeat the profile",
            FieldType::Flag,
            Preset::Flag(false),
            "Whether the profile starts again after its last point.",
        )
        .when("arrivals", &["profile"]),
        Field::new(
            "Arrivals",
            "gap",
            "Gap",
            FieldType::Distribution,
            Preset::Made(|| Setting::text("100 ms")),
            "The time from one message to the next.",
        )
        .when("arrivals", &["distribution"]),
        Field::new(
            "Arrivals",
            "times",
            "Times",
            FieldType::Text,
            Preset::Text("0 s"),
            "When messages come, counted from the start, such as \"0 s, 0 s, 1.5 s, 2 min\".",
        )
        .when("arrivals", &["times"]),
        Field::new(
            "Arrivals",
            "batch_size",
            "Batch size",
            FieldType::Integer(1, 1_000_000),
            Preset::Integer(1),
            "How many messages come with each arrival, all at the same moment. The rate counts arrivals: 10/s in batches of 3 are 30 messages a second.",
        )
        .unit("messages")
        .when("arrivals", BATCHED),
        Field::new(
            "Arrivals",
            "batch_sizes",
            "Batch sizes",
            FieldType::Choice(&[
                Word { name: "same", label: "All the same", help: "Every arrival brings as many." },
                Word {
                    name: "geometric",
                    label: "Geometric",
                    help: "One at least, and after each one more with the same probability; the batch size is the mean.",
                },
            ]),
            Preset::Word("same"),
            "Whether all batches are of one size.",
        )
        .when("arrivals", BATCHED),
        Field::new(
            "Arrivals",
            "population",
            "Users",
            FieldType::Integer(1, 100_000),
            Preset::Integer(1),
            "How many users there are. No more messages than that are on their way at once.",
        )
        .unit("users")
        .when("arrivals", &["closed"]),
        Field::new(
            "Arrivals",
            "think",
            "Think time",
            FieldType::Distribution,
            Preset::Made(|| Setting::text("1 s")),
            "How long a user thinks before each message.",
        )
        .when("arrivals", &["closed"]),
        Field::new(
            "Arrivals",
            "count",
            "Count",
            FieldType::Integer(1, i64::MAX),
            Preset::None,
            "How many messages to make in all. Unset: no end.",
        )
        .unit("messages"),
        Field::new(
            "Arrivals",
            "start_after",
            "Start after",
            FieldType::Span(0),
            Preset::Text("0 s"),
            "How long to wait before the first arrival may come.",
        ),
        Field::new(
            "Arrivals",
            "backlog",
            "Backlog",
            FieldType::Integer(0, 10_000_000),
            Preset::Integer(10_000),
            "How many due messages wait when the pipe is full. Beyond that they are dropped, reason `source_overrun`.",
        )
        .unit("messages"),
        Field::new(
            "Message",
            "payload",
            "Payload",
            FieldType::Template,
            Preset::Text("{\"number\": {{index}}}"),
            "The payload, with places for fake data such as {{index}}, {{name}} or {{int 1 100}}.",
        ),
        Field::new(
            "Message",
            "key",
            "Key",
            FieldType::Expression(Yields::Text),
            Preset::None,
            "The ordering key, from the payload just made, such as `message.customer`. Unset: none.",
        ),
        Field::new(
            "Message",
            "topic",
            "Topic",
            FieldType::Template,
            Preset::None,
            "The topic, with places for fake data, such as orders/{{pick \"eu\" \"us\"}}. Unset: none.",
        ),
        Field::new(
            "Message",
            "priority",
            "Priority",
            FieldType::Integer(0, 255),
            Preset::Integer(0),
            "The messages' priority: queues hand out higher ones first.",
        ),
        Field::new(
            "Message",
            "headers",
            "Headers",
            FieldType::Assignments,
            Preset::Made(|| Setting::Map(Vec::new())),
            "Headers, each with an expression over the payload just made.",
        ),
    ],
    ports,
    build: |form| {
        let settings = GeneratorSettings::read(form);
        Box::new(Generator {
            settings,
            arrivals: None,
            backlog: VecDeque::new(),
            users: Users::default(),
            stopped: false,
            gate: Gate::default(),
            exhausted: false,
            awaited: None,
            made: 0,
            overrun: 0,
        })
    },
    figures: [Figure::RateOut, Figure::Gauge("backlog")],
};

fn ports(_: &Settings) -> Ports {
    Ports {
        outputs: vec![
            Port::output("out", "The messages made."),
            Port::error("error", "Messages whose key or header could not be worked out."),
        ],
        ..Ports::default()
    }
}

/// Keeps G7: arrivals keep their due times, blocked or not; those that find no room wait in the backlog.
struct Generator {
    settings: GeneratorSettings,
    arrivals: Option<Arrivals>,
    /// Due arrivals not yet made: number and due time.
    backlog: VecDeque<(u64, Moment)>,
    /// Who sends in a closed loop.
    users: Users,
    /// Whether the run drains: nobody in a closed loop sends any more.
    stopped: bool,
    gate: Gate,
    exhausted: bool,
    /// The moment of the wake that was asked for, if it has not come.
    awaited: Option<Moment>,
    made: u64,
    overrun: u64,
}

impl Generator {
    /// Begins, or takes changed settings into force: a new pattern starts now, and the numbers go on.
    fn start(&mut self, fx: &mut Effects<'_>) {
        let settings = &self.settings;
        if let Shape::Closed(rules) = &settings.shape {
            if let Some(arrivals) = self.arrivals.take() {
                self.made = self.made.max(arrivals.index());
                fx.overrun(std::mem::take(&mut self.backlog).len() as u64);
            }
            let from = if self.made == 0 { fx.now() + settings.start_after } else { fx.now() };
            self.awaited = None;
            return self.users.adjust(rules, from, fx);
        }
        match &mut self.arrivals {
            None => {
                let start = if self.made == 0 { fx.now() + settings.start_after } else { fx.now() };
                self.arrivals = Some(Arrivals::new(settings.shape.clone(), settings.batch, start, self.made, settings.count, fx));
            }
            Some(arrivals) if arrivals.pattern() != (&settings.shape, settings.batch) => {
                let first = arrivals.index();
                *arrivals = Arrivals::new(settings.shape.clone(), settings.batch, fx.now(), first, settings.count, fx);
                self.awaited = None;
            }
            Some(arrivals) => arrivals.set_end(settings.count, fx),
        }
    }

    /// Sends for every user who has thought, up to a bound, and asks to be woken for the next.
    fn go_on_closed(&mut self, fx: &mut Effects<'_>) {
        let Shape::Closed(rules) = &self.settings.shape else { return };
        let now = fx.now();
        let end = if self.stopped { 0 } else { self.settings.count.unwrap_or(u64::MAX) };
        self.gate.look(fx);
        let mut budget = MOST_AT_ONCE;
        while budget > 0 && self.gate.open() && self.made < end {
            let Some(due) = self.users.take(rules, now) else { break };
            budget -= 1;
            let (mut message, error) = self.settings.make(self.made, due, fx);
            track(&mut message, self.made);
            self.users.sent(self.made);
            self.made += 1;
            self.gate.enter(message, error, fx);
        }
        if self.made >= end {
            if !std::mem::replace(&mut self.exhausted, true) {
                fx.exhausted();
            }
        } else if let Some(next) = self.users.next().filter(|_| self.gate.open()).map(|next| next.max(now))
            && self.awaited.is_none_or(|awaited| next < awaited)
        {
            self.awaited = Some(next);
            fx.wake(next, next.0);
        }
    }

    /// Sends what is due, up to a bound, and asks to be woken for the rest.
    fn go_on(&mut self, fx: &mut Effects<'_>) {
        if matches!(self.settings.shape, Shape::Closed(_)) {
            return self.go_on_closed(fx);
        }
        let now = fx.now();
        let Some(arrivals) = &mut self.arrivals else { return };
        let paced = *arrivals.pattern().0 != Shape::Fastest;
        self.gate.look(fx);
        let mut budget = MOST_AT_ONCE;
        while budget > 0 && self.gate.open() {
            let Some((index, due)) = self.backlog.pop_front() else { break };
            budget -= 1;
            self.made += 1;
            let (message, error) = self.settings.make(index, due, fx);
            self.gate.enter(message, error, fx);
        }
        let mut overrun = 0;
        while budget > 0 {
            // Without a pace nothing is due while nothing can be sent.
            let may_come = |due: &Moment| *due <= now && (paced || self.gate.open());
            let Some(due) = arrivals.due().filter(may_come) else { break };
            let index = arrivals.index();
            arrivals.advance(fx);
            budget -= 1;
            if self.gate.open() && self.backlog.is_empty() {
                self.made += 1;
                let (message, error) = self.settings.make(index, due, fx);
                self.gate.enter(message, error, fx);
            } else if self.backlog.len() < self.settings.backlog {
                self.backlog.push_back((index, due));
            } else {
                overrun += 1;
            }
        }
        fx.overrun(overrun);
        self.overrun += overrun;
        let blocked = !self.gate.open();
        let due = arrivals.due();
        let next = if !self.backlog.is_empty() && !blocked { Some(now) } else { due.filter(|_| paced || !blocked) };
        if let Some(next) = next.map(|next| next.max(now)) {
            // One wake at a time; only an earlier one replaces it.
            if self.awaited.is_none_or(|awaited| next < awaited) {
                self.awaited = Some(next);
                fx.wake(next, next.0);
            }
        } else if due.is_none() && self.backlog.is_empty() && !std::mem::replace(&mut self.exhausted, true) {
            fx.exhausted();
        }
    }
}

impl Behaviour for Generator {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start => self.start(fx),
            Event::Wake(moment) => {
                if self.awaited == Some(Moment(moment)) {
                    self.awaited = None;
                }
            }
            Event::Room(port) => self.gate.room(port),
            // What is due already is still sent.
            Event::Drain => {
                self.stopped = true;
                self.arrivals.iter_mut().for_each(Arrivals::stop);
            }
            Event::Settled { number, .. } => {
                if let Shape::Closed(rules) = &self.settings.shape {
                    self.users.ended(rules, number, fx);
                }
            }
            Event::Message(..) | Event::Released(..) | Event::Renewed { .. } | Event::Answer(..) => {
                unreachable!("a generator takes, holds and asks nothing")
            }
        }
        self.go_on(fx);
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.settings = GeneratorSettings::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64| Gauge { name, value: value as f64, unit: "messages" };
        gauges.push(count("backlog", self.backlog.len() as u64));
        gauges.push(count("overrun", self.overrun));
        gauges.push(count("made", self.made));
        if matches!(self.settings.shape, Shape::Closed(_)) {
            gauges.push(count("waiting users", self.users.waiting()));
        }
    }
}

#[cfg(test)]
mod tests;
