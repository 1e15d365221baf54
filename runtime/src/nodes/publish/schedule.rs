//! Schedule: sends messages at calendar times, by a cron expression.

use super::gate::Gate;
use crate::message::Message;
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::problem::Problem;
use crate::random::Purpose;
use crate::setting::Settings;
use crate::template::Template;
use crate::units::Moment;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::VecDeque;

/// How many due messages may wait for room (G7).
const BACKLOG: usize = 10_000;
/// How many messages one event sends.
const BATCH: usize = 1_000;

/// The descriptor.
pub static SCHEDULE: Kind = Kind {
    name: "schedule",
    title: "Schedule",
    family: Family::Publish,
    summary: "Sends messages at calendar times, by a cron expression.",
    guide: include_str!("schedule.md"),
    example: r#"(
    format: 1,
    title: "A poll every two seconds",
    nodes: {
        "poll": schedule(cron: "*/2 * * * * *", payload: "{\"poll\": {{index}}}", at_start: 1),
        "asked": sink(),
    },
    pipes: ["poll.out -> asked.in"],
)
"#,
    fields: &[
        Field::new(
            "Times",
            "cron",
            "Cron",
            FieldType::Text,
            Preset::Text("* * * * *"),
            "Minute, hour, day of the month, month, day of the week, such as 0 8 * * MON-FRI; a sixth field in front is seconds.",
        )
        .source("POSIX crontab; Vixie cron; Quartz for L, W and #"),
        Field::new(
            "Times",
            "time_zone",
            "Time zone",
            FieldType::Text,
            Preset::Text("UTC"),
            "In which zone the times are read: an IANA name, such as Europe/Zurich.",
        )
        .source("IANA time zone database"),
        Field::new(
            "Times",
            "messages",
            "Messages",
            FieldType::Integer(1, 1_000),
            Preset::Integer(1),
            "How many messages each time brings.",
        )
        .unit("messages"),
        Field::new(
            "Times",
            "at_start",
            "At the start",
            FieldType::Integer(0, 1_000),
            Preset::Integer(0),
            "How many messages are sent when the run starts, whatever the time.",
        )
        .unit("messages"),
        Field::new(
            "Times",
            "count",
            "Count",
            FieldType::Integer(1, i64::MAX),
            Preset::None,
            "After so many messages it sends no more. Unset: for ever.",
        )
        .unit("messages"),
        Field::new(
            "Message",
            "payload",
            "Payload",
            FieldType::Template,
            Preset::Text("{\"number\": {{index}}, \"due\": \"{{time}}\"}"),
            "What each message carries: JSON with {{...}} for fake data.",
        ),
        Field::new("Message", "topic", "Topic", FieldType::Text, Preset::None, "The topic of each message."),
        Field::new("Message", "key", "Key", FieldType::Text, Preset::None, "The key of each message."),
    ],
    ports: |_: &Settings| Ports {
        outputs: vec![Port::output("out", "Messages, when their time has come."), Port::error("error", "Messages that could not be sent.")],
        ..Ports::default()
    },
    build: |form| {
        Box::new(Schedule {
            rules: Rules::read(form),
            gate: Gate::default(),
            backlog: VecDeque::new(),
            planned: None,
            awaited: None,
            begun: false,
            index: 0,
            overrun: 0,
            exhausted: false,
            stopped: false,
        })
    },
    figures: [Figure::Gauge("next"), Figure::RateOut],
};

struct Rules {
    cron: Option<Cron>,
    zone: TimeZone,
    messages: u64,
    at_start: u64,
    count: u64,
    payload: Option<Template>,
    topic: Option<String>,
    key: Option<String>,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        let text = form.text("cron").unwrap_or_default();
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = match parser.parse(&text) {
            Ok(cron) => Some(cron),
            Err(error) => {
                form.problem(
                    "cron",
                    format!("`{text}` is no cron expression: {error}"),
                    "for example 0 8 * * MON-FRI, or */10 * * * * * with seconds",
                );
                None
            }
        };
        let zone = form.text("time_zone").unwrap_or_default();
        let zone = TimeZone::get(&zone).unwrap_or_else(|_| {
            let subject = form.subject("time_zone");
            form.push(
                Problem::error("PW207", subject, format!("there is no time zone `{zone}`"))
                    .hint("an IANA name, such as UTC or Europe/Zurich"),
            );
            TimeZone::UTC
        });
        Self {
            cron,
            zone,
            messages: form.integer("messages").map_or(1, |messages| messages as u64),
            at_start: form.integer("at_start").map_or(0, |messages| messages as u64),
            count: form.value("count").and_then(|_| form.integer("count")).map_or(u64::MAX, |count| count as u64),
            payload: form.template("payload"),
            topic: form.text("topic").filter(|topic| !topic.is_empty()),
            key: form.text("key").filter(|key| !key.is_empty()),
        }
    }

    /// The first time after this moment; `None` if none ever comes.
    fn next(&self, after: Moment, fx: &Effects<'_>) -> Option<Moment> {
        let calendar = fx.calendar(after);
        let now = Timestamp::from_nanosecond(i128::from(calendar)).ok()?.to_zoned(self.zone.clone());
        let next = self.cron.as_ref()?.find_next_occurrence(&now, false).ok()?;
        let nanos = u64::try_from(next.timestamp().as_nanosecond()).ok()?;
        Some(Moment(after.0 + nanos.checked_sub(calendar)?))
    }

    fn make(&self, index: u64, due: Moment, fx: &Effects<'_>) -> Message {
        let calendar = fx.calendar(due);
        let payload =
            self.payload.as_ref().map(|payload| payload.make(index, calendar, &mut fx.random_at(const { Purpose::of("payload") }, index)));
        let mut message = fx.make(index, due, payload.unwrap_or_default());
        if self.topic.is_some() || self.key.is_some() {
            let head = message.head_mut();
            head.topic = self.topic.as_deref().map(Into::into);
            head.key = self.key.as_deref().map(Into::into);
        }
        message
    }
}

/// Keeps G7: due times are kept, blocked or not; what finds no room waits in the backlog.
struct Schedule {
    rules: Rules,
    gate: Gate,
    /// When the messages that are due were due.
    backlog: VecDeque<Moment>,
    /// The next time.
    planned: Option<Moment>,
    /// The wake that was asked for.
    awaited: Option<Moment>,
    begun: bool,
    /// How many messages were due so far.
    index: u64,
    overrun: u64,
    exhausted: bool,
    stopped: bool,
}

impl Schedule {
    fn due(&mut self, at: Moment, messages: u64, fx: &mut Effects<'_>) {
        let left = self.rules.count.saturating_sub(self.index + self.backlog.len() as u64);
        let messages = messages.min(left) as usize;
        let room = BACKLOG.saturating_sub(self.backlog.len());
        self.backlog.extend(std::iter::repeat_n(at, messages.min(room)));
        let over = messages.saturating_sub(room) as u64;
        self.index += over;
        self.overrun += over;
        fx.overrun(over);
    }

    fn go_on(&mut self, fx: &mut Effects<'_>) {
        let now = fx.now();
        while let Some(at) = self.planned.filter(|at| *at <= now && !self.stopped) {
            self.due(at, self.rules.messages, fx);
            self.planned = self.rules.next(at, fx);
        }
        self.gate.look(fx);
        let mut budget = BATCH;
        while budget > 0 && self.gate.open() {
            let Some(due) = self.backlog.pop_front() else { break };
            budget -= 1;
            let message = self.rules.make(self.index, due, fx);
            self.index += 1;
            self.gate.enter(message, None, fx);
        }
        let over = self.stopped || self.index >= self.rules.count || self.planned.is_none();
        if self.backlog.is_empty() && over {
            if !std::mem::replace(&mut self.exhausted, true) {
                fx.exhausted();
            }
            return;
        }
        let next = if !self.backlog.is_empty() && self.gate.open() { Some(now) } else { self.planned.filter(|_| !over) };
        if let Some(next) = next
            && self.awaited.is_none_or(|awaited| next < awaited)
        {
            self.awaited = Some(next);
            fx.wake(next, next.0);
        }
    }
}

impl Behaviour for Schedule {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start => {
                self.planned = self.rules.next(fx.now(), fx);
                self.awaited = None;
                if !std::mem::replace(&mut self.begun, true) {
                    self.due(fx.now(), self.rules.at_start, fx);
                }
            }
            Event::Wake(moment) => {
                if self.awaited == Some(Moment(moment)) {
                    self.awaited = None;
                }
            }
            Event::Room(port) => self.gate.room(port),
            Event::Drain => self.stopped = true,
            Event::Message(..) | Event::Released(..) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) => {}
        }
        self.go_on(fx);
    }

    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.rules = Rules::read(form);
        Change::Kept
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let next = self.planned.filter(|_| !self.exhausted).map_or(0.0, |next| next.since(now).seconds());
        gauges.push(Gauge { name: "next", value: next, unit: "s" });
        gauges.push(Gauge { name: "backlog", value: self.backlog.len() as f64, unit: "messages" });
        gauges.push(Gauge { name: "overrun", value: self.overrun as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Script;
    use crate::node::script::problems;
    use serde_json::json;

    /// A script's calendar starts on Thursday, 2026-01-01T00:00:00Z.
    fn script(cron: &'static str, more: &[(&'static str, crate::setting::Setting)]) -> Script {
        Script::new(&SCHEDULE, [("cron", cron.into())].into_iter().chain(more.iter().cloned()))
    }

    const HOUR: f64 = 3_600.0;

    #[test]
    fn messages_come_at_calendar_times() {
        let mut each = script("*/15 * * * *", &[]);
        each.at("1 h");
        assert_eq!(each.times("out"), [900.0, 1_800.0, 2_700.0, 3_600.0]);
        assert_eq!(each.payloads("out")[1], json!({"number": 1, "due": "2026-01-01T00:30:00.000Z"}));
        let mut seconds = script("*/20 * * * * *", &[]);
        seconds.at("1 min");
        assert_eq!(seconds.times("out"), [20.0, 40.0, 60.0]);
        let mut days = script("0 8 * * MON-FRI", &[]);
        days.at("120 h");
        assert_eq!(days.times("out"), [8.0 * HOUR, 32.0 * HOUR, 104.0 * HOUR], "Thursday, Friday, Monday");
        let mut last = script("0 0 L * *", &[]);
        last.at("1500 h");
        assert_eq!(last.times("out"), [30.0 * 24.0 * HOUR, 58.0 * 24.0 * HOUR], "31 January, 28 February");
    }

    #[test]
    fn g16_times_are_read_in_their_zone() {
        let mut zurich = script("0 8 1 1,7 *", &[("time_zone", "Europe/Zurich".into())]);
        zurich.at("4400 h");
        assert_eq!(zurich.times("out"), [7.0 * HOUR, (181.0 * 24.0 + 6.0) * HOUR], "winter is an hour ahead of UTC, summer two");
        // The clock goes forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
        let mut spring = script("30 2 29,30 3 *", &[("time_zone", "Europe/Zurich".into())]);
        spring.at("2200 h");
        assert_eq!(spring.times("out").last(), Some(&((88.0 * 24.0 + 0.5) * HOUR)));
        let mut autumn = script("30 2 25 10 *", &[("time_zone", "Europe/Zurich".into())]);
        autumn.at("7200 h");
        assert_eq!(autumn.times("out").len(), 1, "a fixed time comes once");
    }

    #[test]
    fn each_time_brings_as_many_and_the_count_ends_it() {
        let mut batch = script("* * * * *", &[("messages", 3.into()), ("at_start", 2.into()), ("count", 7.into())]);
        batch.at("10 min");
        assert_eq!(batch.times("out"), [0.0, 0.0, 60.0, 60.0, 60.0, 120.0, 120.0]);
        assert!(batch.seen().exhausted);
    }

    #[test]
    fn g7_due_times_are_kept_while_blocked() {
        let mut slow = script("* * * * *", &[]).room("out", 1);
        slow.at("5 min").grant("out", 9);
        assert_eq!(slow.times("out"), [60.0, 300.0, 300.0, 300.0, 300.0]);
        let entered: Vec<f64> = slow.seen().left.iter().map(|left| left.message.entered.seconds()).collect();
        assert_eq!(entered, [60.0, 120.0, 180.0, 240.0, 300.0]);
    }

    #[test]
    fn g12_another_schedule_holds_at_once_and_a_drain_ends_it() {
        let mut changed = script("0 0 1 1 *", &[]);
        changed.at("30 s");
        assert_eq!(changed.change([("cron", "* * * * *".into())]), Change::Kept);
        changed.at("61 s");
        assert_eq!(changed.times("out"), [60.0]);
        changed.event(Event::Drain);
        changed.at("10 min");
        assert!(changed.times("out").len() == 1 && changed.seen().exhausted);
    }

    #[test]
    fn bad_times_and_zones_are_told() {
        assert!(problems(&SCHEDULE, [("cron", "61 * * * *".into())])[0].contains("no cron expression"));
        assert!(problems(&SCHEDULE, [("cron", "now and then".into())])[0].contains("no cron expression"));
        assert!(problems(&SCHEDULE, [("time_zone", "Europe/Bern".into())])[0].contains("no time zone"));
    }
}
