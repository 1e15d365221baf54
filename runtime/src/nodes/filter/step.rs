//! Step: work inside a chain of filters, n-fold, with retries, keeping the order or not.

pub(in crate::nodes) mod order;

use super::{error, input};
use crate::distribution::Distribution;
use crate::message::Message;
use crate::node::field::Word;
use crate::node::{
    Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset, Ticket,
};
use crate::nodes::queue::rules::{self, Retry};
use crate::random::Purpose;
use crate::setting::{Setting, Settings};
use crate::units::{Moment, Span};
pub(super) use order::{Order, Sequence};
use std::collections::BTreeMap;

const OUT: usize = 0;

/// The descriptor.
pub static STEP: Kind = Kind {
    name: "step",
    title: "Step",
    family: Family::Filter,
    summary: "Work inside a chain of filters: it takes time, runs n-fold, tries again, and keeps the order or not.",
    guide: include_str!("step.md"),
    example: r#"(
    format: 1,
    title: "Four conversions at a time, in order",
    nodes: {
        "pictures": generator(arrivals: poisson, rate: "60/s"),
        "convert": step(copies: 4, time: exponential(mean: "40 ms"), order: kept, failure_share: 0.05, attempts: 3),
        "shelf": sink(),
        "broken": dead_letters(),
    },
    pipes: ["pictures.out -> convert.in", "convert.out -> shelf.in", "convert.error -> broken.in"],
)
"#,
    fields: &[
        Field::new("Work", "time", "Time", FieldType::Distribution, Preset::Made(|| Setting::text("10 ms")), "How long one attempt takes."),
        Field::new(
            "Work",
            "copies",
            "Copies",
            FieldType::Integer(1, 10_000),
            Preset::Integer(1),
            "How many messages are worked on at the same time.",
        )
        .unit("copies"),
        Field::new(
            "Work",
            "order",
            "Order",
            FieldType::Choice(&[
                Word { name: "as_finished", label: "As they finish", help: "The fast overtake the slow." },
                Word { name: "kept", label: "Kept", help: "Messages leave in the order in which they came." },
                Word {
                    name: "kept_by_key",
                    label: "Kept by key",
                    help: "Messages of one key leave in the order in which they came; keys overtake each other.",
                },
            ]),
            Preset::Word("as_finished"),
            "In what order messages leave where several are worked on at a time.",
        ),
        Field::new(
            "Failures",
            "failure_share",
            "Failure share",
            FieldType::Share,
            Preset::Number(0.0),
            "With this probability an attempt fails when its time is over.",
        ),
        Field::new(
            "Failures",
            "attempts",
            "Attempts",
            FieldType::Integer(1, 1_000),
            Preset::Integer(1),
            "How many times a message is tried in all.",
        )
        .unit("attempts"),
        rules::RETRY_OF_STEP,
        Field { group: "Failures", ..rules::RETRY_DELAY },
        Field { group: "Failures", ..rules::RETRY_CAP },
        Field { group: "Failures", ..rules::RETRY_JITTER },
    ],
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "Messages on which the work is done."), error()],
        ..Ports::default()
    },
    build: |form| {
        Box::new(Step { rules: Rules::read(form), works: BTreeMap::new(), order: Sequence::default(), serial: 0, retries: 0, failed: 0 })
    },
    figures: [Figure::Busy, Figure::RateOut],
};

struct Rules {
    time: Distribution,
    copies: u32,
    order: Order,
    failure_share: f64,
    attempts: u32,
    retry: Retry,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        Self {
            time: form.distribution("time").unwrap_or(Distribution::Constant(Span::millis(10))),
            copies: form.integer("copies").map_or(1, |copies| copies as u32),
            order: match form.choice("order") {
                "kept" => Order::Kept,
                "kept_by_key" => Order::ByKey,
                _ => Order::AsFinished,
            },
            failure_share: form.number("failure_share").unwrap_or(0.0),
            attempts: form.integer("attempts").map_or(1, |attempts| attempts as u32),
            retry: Retry::read(form),
        }
    }
}

/// Where a message under work stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// An attempt goes on.
    Working,
    /// It waits for its next attempt.
    Pausing,
    /// It is finished, well or not, and waits for those before it.
    Finished { good: bool },
}

/// A message under work.
struct Work {
    serial: u64,
    attempt: u32,
    phase: Phase,
}

struct Step {
    rules: Rules,
    works: BTreeMap<Ticket, Work>,
    order: Sequence,
    serial: u64,
    retries: u64,
    failed: u64,
}

impl Step {
    fn attempt(&mut self, message: Message, serial: u64, attempt: u32, fx: &mut Effects<'_>) {
        let span = self.rules.time.draw(&mut fx.random_again(const { Purpose::of("time") }, &message, attempt));
        let ticket = fx.hold(message, span);
        self.works.insert(ticket, Work { serial, attempt, phase: Phase::Working });
    }

    fn released(&mut self, ticket: Ticket, message: Message, fx: &mut Effects<'_>) {
        let Some(Work { serial, attempt, phase }) = self.works.remove(&ticket) else { return fx.emit(OUT, message) };
        match phase {
            Phase::Pausing => self.attempt(message, serial, attempt, fx),
            Phase::Finished { good } => self.leave(message, serial, attempt, good, fx),
            Phase::Working => {
                let share = self.rules.failure_share;
                let fails = share > 0.0 && fx.random_again(const { Purpose::of("failure") }, &message, attempt).chance(share);
                if fails && attempt < self.rules.attempts {
                    self.again(message, serial, attempt, fx);
                } else {
                    self.failed += u64::from(fails);
                    self.finish(message, Work { serial, attempt, phase: Phase::Finished { good: !fails } }, fx);
                }
            }
        }
    }

    fn again(&mut self, message: Message, serial: u64, attempt: u32, fx: &mut Effects<'_>) {
        self.retries += 1;
        let mut random = fx.random_again(const { Purpose::of("retry") }, &message, attempt);
        let delay = self.rules.retry.delay(attempt, || random.unit());
        let ticket = fx.hold(message, delay);
        self.works.insert(ticket, Work { serial, attempt: attempt + 1, phase: Phase::Pausing });
    }

    /// Work is over: it leaves, and with it those that waited for it; or it is held until its turn, and its copy with it.
    fn finish(&mut self, message: Message, work: Work, fx: &mut Effects<'_>) {
        if !self.order.is_first(work.serial) {
            let serial = work.serial;
            let ticket = fx.hold_until(message, Moment::NEVER);
            self.works.insert(ticket, work);
            return self.order.wait(serial, ticket);
        }
        self.leave(message, work.serial, work.attempt, work.phase == Phase::Finished { good: true }, fx);
    }

    fn leave(&mut self, message: Message, serial: u64, attempts: u32, good: bool, fx: &mut Effects<'_>) {
        match (good, attempts) {
            (true, _) => fx.emit(OUT, message),
            (false, 1) => fx.reject(message, "the work failed"),
            (false, attempts) => fx.reject(message, format!("the work failed {attempts} times")),
        }
        if let Some(next) = self.order.leave(serial) {
            fx.cancel(next);
        }
    }
}

impl Behaviour for Step {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => {
                self.serial += 1;
                self.order.begin(self.serial, self.rules.order, message.key());
                self.attempt(message, self.serial, 1, fx);
            }
            Event::Released(ticket, message) => self.released(ticket, message, fx),
            Event::Start
            | Event::Wake(_)
            | Event::Room(_)
            | Event::Settled { .. }
            | Event::Renewed { .. }
            | Event::Answer(..)
            | Event::Drain => {}
        }
    }

    fn intake(&self) -> Intake {
        Intake::Servers { servers: self.rules.copies, prefetch: 0 }
    }

    /// Work under way keeps its time and its place; what starts from now on follows the new settings.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.rules = Rules::read(form);
        Change::Kept
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        gauges.push(Gauge { name: "retries", value: self.retries as f64, unit: "attempts" });
        gauges.push(Gauge { name: "failed", value: self.failed as f64, unit: "messages" });
        gauges.push(Gauge { name: "waiting for their turn", value: self.order.waiting() as f64, unit: "messages" });
    }
}

#[cfg(test)]
mod tests;
