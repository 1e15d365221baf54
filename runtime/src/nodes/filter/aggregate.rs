//! Aggregate: puts messages that belong together into one.

mod group;

use super::{error, input};
use crate::expr::Expression;
use crate::message::Message;
use crate::node::field::{Word, Yields};
use crate::node::{Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Kind, Port, Ports, Preset};
use crate::nodes::window::Window;
use crate::setting::Settings;
use crate::units::{Moment, Span};
use group::{Group, Recipe, Shape};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const OUT: usize = 0;
const LATE: &str = "late";
/// The wake that extends locks; all others are the numbers of groups, from 1.
const RENEW: u64 = 0;
/// How often the locks of held deliveries are extended: well within the least lock time that makes sense (1 min unless set).
const RENEW_EVERY: Span = Span::secs(10);
/// The most groups, so that all of them can close in one event when the run drains.
const MOST_GROUPS: i64 = 10_000;

/// The descriptor.
pub static AGGREGATE: Kind = Kind {
    name: "aggregate",
    title: "Aggregate",
    family: Family::Filter,
    summary: "Puts messages that belong together into one.",
    guide: include_str!("aggregate.md"),
    example: r#"(
    format: 1,
    title: "Sales per region and ten seconds",
    nodes: {
        "sales": generator(arrivals: poisson, rate: "50/s", payload: "{\"region\": {{pick \"eu\" \"us\" \"asia\"}}, \"amount\": {{int 1 200}}}"),
        "per-region": aggregate(key: "message.region", count: 0, window: "10 s", result: summary, of: "message.amount"),
        "kept": sink(),
    },
    pipes: ["sales.out -> per-region.in", "per-region.out -> kept.in"],
)
"#,
    fields: &[
        Field::new(
            "Group",
            "key",
            "Group by",
            FieldType::Expression(Yields::Text),
            Preset::None,
            "A CEL expression that gives the group a message belongs to, such as message.region. Absent: all messages form one group.",
        ),
        Field::new(
            "Close",
            "count",
            "Count",
            FieldType::Integer(0, 10_000),
            Preset::Integer(10),
            "A group closes when it has so many messages. 0: not by count.",
        )
        .unit("messages"),
        Field::new(
            "Close",
            "most_bytes",
            "Bytes",
            FieldType::Size,
            Preset::None,
            "A group closes with the message that brings its payloads to so many bytes. Absent: not by size.",
        ),
        Field::new(
            "Close",
            "window",
            "Window",
            FieldType::Span(1_000_000),
            Preset::None,
            "A group closes so long after it was opened. Absent: not by time.",
        ),
        Field::new(
            "Close",
            "window_from",
            "Window from",
            FieldType::Choice(&[
                Word { name: "first", label: "First message", help: "The window begins with the first message of the group." },
                Word {
                    name: "calendar",
                    label: "Calendar",
                    help: "Windows begin at whole multiples of their length since 1970, UTC: at full minutes, hours...",
                },
            ]),
            Preset::Word("first"),
            "When a window begins.",
        ),
        Field::new(
            "Close",
            "until",
            "Until",
            FieldType::Expression(Yields::Bool),
            Preset::None,
            "A group closes with the message for which this CEL expression is true, such as headers.part == headers.parts.",
        ),
        Field::new(
            "Late",
            "late",
            "Late messages",
            FieldType::Choice(&[
                Word { name: "open", label: "Open a group", help: "A message whose group has closed opens a new one." },
                Word { name: "drop", label: "Are dropped", help: "It is dropped as `late`." },
                Word { name: "error", label: "Are an error", help: "It leaves through the error output." },
            ]),
            Preset::Word("open"),
            "What becomes of messages that come after their group has closed.",
        )
        .source("Apache Beam, allowed lateness"),
        Field::new(
            "Late",
            "late_for",
            "Late for",
            FieldType::Span(1),
            Preset::Text("1 min"),
            "How long it is remembered that a group has closed; later its key begins anew.",
        )
        .when("late", &["drop", "error"]),
        Field::new(
            "Result",
            "result",
            "Result",
            FieldType::Choice(&[
                Word { name: "list", label: "List", help: "A list of all payloads, in order of arrival." },
                Word { name: "summary", label: "Summary", help: "Key, count, begin and end; with `of` also sum, mean, least and largest." },
                Word { name: "first", label: "First", help: "The payload of the first message." },
                Word { name: "last", label: "Last", help: "The payload of the last message." },
            ]),
            Preset::Word("list"),
            "What the payload of the result is.",
        ),
        Field::new(
            "Result",
            "of",
            "Of",
            FieldType::Expression(Yields::Any),
            Preset::None,
            "A CEL expression that gives the number to sum up, such as message.amount.",
        )
        .when("result", &["summary"]),
        Field::new(
            "Bounds",
            "most_groups",
            "Most groups",
            FieldType::Integer(1, MOST_GROUPS),
            Preset::Integer(1_000),
            "How many groups may be open at once.",
        )
        .unit("groups"),
        Field::new(
            "Bounds",
            "most_messages",
            "Most messages",
            FieldType::Integer(1, 10_000),
            Preset::Integer(10_000),
            "A group with so many messages closes, whatever else it waits for.",
        )
        .unit("messages"),
        Field::new(
            "Bounds",
            "when_full",
            "When full",
            FieldType::Choice(&[
                Word { name: "close_oldest", label: "Close the oldest", help: "The group that was opened first closes early." },
                Word { name: "error", label: "Error", help: "The message leaves through the error output." },
            ]),
            Preset::Word("close_oldest"),
            "What happens when a message would open one group too many.",
        ),
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "One message for each group that closed."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Aggregate::new(AggregateSettings::read(form))),
    figures: [Figure::Gauge("open"), Figure::RateOut],
};

/// How an aggregate works.
pub(super) struct AggregateSettings {
    key: Option<Expression>,
    count: usize,
    bytes: Option<u64>,
    late: Late,
    late_for: Span,
    window: Option<Span>,
    by_calendar: bool,
    until: Option<Expression>,
    recipe: Recipe,
    most_groups: usize,
    most_messages: usize,
    close_oldest: bool,
}

/// What becomes of messages whose group has closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Late {
    Open,
    Drop,
    Error,
}

impl AggregateSettings {
    /// How a batch works: lists, closed by number, size and time.
    pub(super) fn batch(key: Option<Expression>, most: usize, bytes: Option<u64>, wait: Option<Span>) -> Self {
        Self {
            key,
            count: most,
            bytes,
            late: Late::Open,
            late_for: Span::ZERO,
            window: wait,
            by_calendar: false,
            until: None,
            recipe: Recipe { shape: Shape::List, of: None },
            most_groups: MOST_GROUPS as usize,
            most_messages: 10_000,
            close_oldest: true,
        }
    }

    fn read(form: &mut Form<'_>) -> Self {
        let optional = |form: &mut Form<'_>, name: &str| form.value(name).and_then(|_| form.expression(name));
        let (key, until, of) = (optional(form, "key"), optional(form, "until"), optional(form, "of"));
        let count = form.integer("count").map_or(0, |count| count as usize);
        let window = form.span("window");
        let bytes = form.size("most_bytes").map(|size| size.0);
        if count == 0 && window.is_none() && bytes.is_none() && form.value("until").is_none() {
            form.problem("count", "nothing ever closes a group", "Set a count above 0, a window, a number of bytes, or `until`.");
        }
        let shape = match form.choice("result") {
            "first" => Shape::First,
            "last" => Shape::Last,
            "summary" => Shape::Summary,
            _ => Shape::List,
        };
        Self {
            key,
            count,
            bytes,
            late: match form.choice("late") {
                "drop" => Late::Drop,
                "error" => Late::Error,
                _ => Late::Open,
            },
            late_for: form.span("late_for").unwrap_or(Span::secs(60)),
            window,
            by_calendar: form.choice("window_from") == "calendar",
            until,
            recipe: Recipe { shape, of },
            most_groups: form.integer("most_groups").map_or(1_000, |most| most as usize),
            most_messages: form.integer("most_messages").map_or(10_000, |most| most as usize),
            close_oldest: form.choice("when_full") == "close_oldest",
        }
    }

    /// When a group that opens now closes by time.
    fn due(&self, fx: &Effects<'_>) -> Option<Moment> {
        let window = self.window?;
        if !self.by_calendar {
            return Some(fx.now() + window);
        }
        let into = fx.calendar(fx.now()) % window.0;
        Some(fx.now() + Span(window.0 - into))
    }
}

/// What the expressions say of a message.
struct Judged {
    key: Option<Arc<str>>,
    number: Option<f64>,
    /// Whether the group closes with it.
    last: bool,
}

/// Groups that are open, and keys whose groups have closed.
pub(super) struct Aggregate {
    settings: AggregateSettings,
    /// Keys of closed groups, as long as that is remembered.
    closed_keys: Window,
    late: u64,
    /// Open groups in order of opening.
    groups: BTreeMap<u64, Group>,
    /// Looked up only, never walked (rule 8).
    by_key: HashMap<Option<Arc<str>>, u64>,
    opened: u64,
    closed: u64,
    renewing: bool,
}

impl Aggregate {
    /// Without any group yet.
    pub(super) fn new(settings: AggregateSettings) -> Self {
        let closed_keys = Window::new(settings.late_for, settings.most_groups);
        Self { settings, closed_keys, late: 0, groups: BTreeMap::new(), by_key: HashMap::new(), opened: 0, closed: 0, renewing: false }
    }

    /// Whether the message's group has closed, and that still counts.
    fn too_late(&mut self, key: Option<&str>, now: Moment) -> bool {
        self.settings.late != Late::Open && self.closed_keys.knows(key.unwrap_or_default(), 0, now)
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        match self.judge(&message) {
            Ok(judged) => self.put(message, judged, fx),
            Err(error) => fx.reject(message, error),
        }
    }

    /// Everything that may fail on a message, before it is taken in: its key, its number, and whether it closes its group.
    fn judge(&self, message: &Message) -> Result<Judged, String> {
        let named = |name: &str, error: crate::expr::ExpressionError| format!("{name}: {error}");
        let key = self.settings.key.as_ref().map(|key| key.text(message).map_err(|error| named("key", error))).transpose()?;
        let until = self.settings.until.as_ref().map(|until| until.test(message).map_err(|error| named("until", error))).transpose()?;
        let number = self.settings.recipe.number(message).map_err(|error| named("of", error))?;
        self.settings.recipe.check(message)?;
        Ok(Judged { key: key.map(Arc::from), number, last: until.unwrap_or(false) })
    }

    fn put(&mut self, message: Message, Judged { key, number, last }: Judged, fx: &mut Effects<'_>) {
        let serial = match self.by_key.get(&key).copied() {
            Some(serial) => serial,
            None if self.too_late(key.as_deref(), fx.now()) => {
                self.late += 1;
                return match self.settings.late {
                    Late::Drop => fx.drop(message, LATE),
                    Late::Error | Late::Open => fx.reject(message, "its group has closed already"),
                };
            }
            None if self.groups.len() < self.settings.most_groups => self.open(key, fx),
            None if self.settings.close_oldest => {
                let oldest = self.groups.first_key_value().map(|(serial, _)| *serial).expect("a full aggregate has groups");
                self.close(oldest, fx);
                self.open(key, fx)
            }
            None => return fx.reject(message, format!("all {} groups are open", self.settings.most_groups)),
        };
        if !self.renewing && !message.settlement.deliveries().is_empty() {
            self.renewing = true;
            fx.wake(fx.now() + RENEW_EVERY, RENEW);
        }
        let group = self.groups.get_mut(&serial).expect("an open group");
        group.take(message, number);
        let full = (self.settings.count > 0 && group.len() >= self.settings.count) || group.len() >= self.settings.most_messages;
        let large = self.settings.bytes.is_some_and(|most| group.bytes() >= most);
        if last || full || large {
            self.close(serial, fx);
        }
    }

    fn open(&mut self, key: Option<Arc<str>>, fx: &mut Effects<'_>) -> u64 {
        self.opened += 1;
        if let Some(due) = self.settings.due(fx) {
            fx.wake(due, self.opened);
        }
        self.by_key.insert(key.clone(), self.opened);
        self.groups.insert(self.opened, Group::new(key, fx.now()));
        self.opened
    }

    fn close(&mut self, serial: u64, fx: &mut Effects<'_>) {
        let Some(group) = self.groups.remove(&serial) else { return };
        self.by_key.remove(&group.key());
        self.closed += 1;
        if self.settings.late != Late::Open {
            self.closed_keys.see(group.key().as_deref().unwrap_or_default(), &group.messages()[0], fx.now());
        }
        let (result, absorbed) = group.close(&self.settings.recipe, fx);
        for message in absorbed {
            fx.absorb(message);
        }
        fx.emit(OUT, result);
    }

    /// Extends the locks of all held deliveries (G4).
    fn renew(&mut self, fx: &mut Effects<'_>) {
        self.renewing = false;
        for message in self.groups.values().flat_map(Group::messages) {
            self.renewing |= !message.settlement.deliveries().is_empty();
            fx.renew(message);
        }
        if self.renewing {
            fx.wake(fx.now() + RENEW_EVERY, RENEW);
        }
    }
}

impl Behaviour for Aggregate {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Wake(RENEW) => self.renew(fx),
            Event::Wake(serial) => self.close(serial, fx),
            Event::Drain => {
                while let Some((serial, _)) = self.groups.first_key_value() {
                    self.close(*serial, fx);
                }
            }
            Event::Start | Event::Released(..) | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Answer(..) => {}
        }
    }

    /// Another way to group needs a restart; open groups then go back to where they came from.
    fn change(&mut self, _form: &mut Form<'_>) -> Change {
        Change::Restart
    }

    fn held(&self) -> u64 {
        self.groups.values().map(|group| group.len() as u64).sum()
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        self.by_key.clear();
        for (_, group) in std::mem::take(&mut self.groups) {
            for message in group.into_messages() {
                fx.nack(message, "the aggregate was taken down before its group was complete");
            }
        }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "open", value: self.groups.len() as f64, unit: "groups" });
        gauges.push(Gauge { name: "late", value: self.late as f64, unit: "messages" });
        gauges.push(Gauge { name: "closed", value: self.closed as f64, unit: "groups" });
    }
}

#[cfg(test)]
mod tests;
