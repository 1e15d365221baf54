//! Program: hands each message to a program of the user's as a line of JSON, and sends on what it answers.

mod fields;
mod lines;
mod processes;
mod rules;
#[cfg(test)]
mod tests;

use super::jq::emit_parts;
use super::step::Sequence;
use super::{FILTERED, error, input};
use crate::message::{Message, Value};
use crate::node::{Answer, Ask, Behaviour, Change, Effects, Event, Family, Figure, Form, Gauge, Intake, Kind, Port, Ports, Ticket};
use crate::random::Purpose;
use crate::setting::Settings;
use crate::units::{Moment, Span};
use bytes::Bytes;
use lines::Made;
use processes::{Policy, Processes};
use rules::{Rules, Shape};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// More results than this for one message are an error.
const MOST_RESULTS: usize = 1_000;

/// The descriptor.
pub static PROGRAM: Kind = Kind {
    name: "program",
    title: "Program",
    family: Family::Filter,
    summary: "Hands each message to a program of yours as a line of JSON, and sends on what it answers.",
    guide: include_str!("program.md"),
    example: r#"(
    format: 1,
    title: "Prices through a program",
    nodes: {
        "prices": generator(rate: "20/s", payload: "{\"price\": {{number 1 90 2}}}"),
        "rounded": program(command: "sed -u 's/\\.[0-9]*//'", time_limit: "5 s", model_time: "2 ms", model: "{'price': int(message.price)}"),
        "kept": sink(),
        "broken": dead_letters(),
    },
    pipes: ["prices.out -> rounded.in", "rounded.out -> kept.in", "rounded.error -> broken.in"],
)
"#,
    fields: fields::FIELDS,
    ports: |_: &Settings| Ports {
        inputs: vec![input()],
        outputs: vec![Port::output("out", "What the program answered."), error()],
        ..Ports::default()
    },
    build: |form| Box::new(Program::new(Rules::read(form))),
    figures: [Figure::RateOut, Figure::Gauge("restarts")],
};

/// What became of a message.
#[derive(Clone, Debug)]
enum Outcome {
    /// The program made something of it.
    Made(Made),
    /// The program answered that it failed, or something that is no answer.
    Failed(String),
    /// The program was gone before it answered.
    Gone(Arc<str>),
}

/// Where a message stands.
#[derive(Debug)]
enum Phase {
    /// It waits for a process with room.
    Waiting,
    /// It was handed to this process, in this life.
    Handed(u32, u32),
    /// A model has it, and this is what comes of it.
    Modelled(u32, u32, Outcome),
    /// An attempt is over.
    Over(Outcome),
    /// It waits for its next attempt.
    Pausing,
    /// It is finished, well or not, and waits for those before it.
    Finished(Outcome),
}

/// A message inside. The message itself is held by the station; this is what else must be known of it.
struct Work {
    serial: u64,
    attempt: u32,
    line: Bytes,
    /// For its draws and its locks; all that is large is shared.
    copy: Message,
    phase: Phase,
}

struct Program {
    rules: Rules,
    works: BTreeMap<Ticket, Work>,
    /// Which held message each open request is for.
    asked: BTreeMap<Ticket, Ticket>,
    /// Those that wait for a process, in order.
    waiting: VecDeque<Ticket>,
    processes: Processes,
    order: Sequence,
    serial: u64,
    retries: u64,
    failed: u64,
    /// Why it is not tried any more.
    given_up: Option<Arc<str>>,
}

impl Program {
    fn new(rules: Rules) -> Self {
        let mut processes = Processes::default();
        processes.resize(rules.copies);
        Self {
            rules,
            works: BTreeMap::new(),
            asked: BTreeMap::new(),
            waiting: VecDeque::new(),
            processes,
            order: Sequence::default(),
            serial: 0,
            retries: 0,
            failed: 0,
            given_up: None,
        }
    }

    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        if let Some(why) = &self.given_up {
            return fx.nack(message, why.clone());
        }
        let line = match lines::write(&message, self.rules.shape) {
            Ok(line) => line,
            Err(error) => return fx.reject(message, error),
        };
        self.serial += 1;
        self.order.begin(self.serial, self.rules.order, message.key());
        let work = Work { serial: self.serial, attempt: 1, line, copy: message.clone(), phase: Phase::Waiting };
        self.wait(message, work, fx);
    }

    /// The message waits for a process. Its station holds it until what becomes of it is known.
    fn wait(&mut self, message: Message, work: Work, fx: &mut Effects<'_>) {
        let hold = fx.hold_until(message, Moment::NEVER);
        self.works.insert(hold, Work { phase: Phase::Waiting, ..work });
        self.waiting.push_back(hold);
    }

    /// Hands out what waits, as far as processes have room.
    fn dispatch(&mut self, fx: &mut Effects<'_>) {
        while let Some(&hold) = self.waiting.front() {
            if let Some(why) = self.given_up.clone() {
                self.waiting.pop_front();
                self.over(hold, Outcome::Gone(why), fx.now(), fx);
                continue;
            }
            let Some((process, life)) = self.processes.take(self.rules.copies, self.rules.under_way, fx.now()) else { return };
            self.waiting.pop_front();
            let Some(work) = self.works.get_mut(&hold) else { continue };
            work.phase = Phase::Handed(process, life);
            let until = fx.now() + self.rules.program.time_limit;
            fx.renew_until(&work.copy, until);
            let id = if self.rules.program.by_id { work.copy.id.to_string().into() } else { Arc::from("") };
            let ask = fx.ask(Ask::Exchange { program: self.rules.program.clone(), process, life, id, line: work.line.clone() });
            self.asked.insert(ask, hold);
        }
    }

    /// An attempt is over at this moment: its hold ends then.
    fn over(&mut self, hold: Ticket, outcome: Outcome, at: Moment, fx: &mut Effects<'_>) {
        if let Some(work) = self.works.get_mut(&hold) {
            work.phase = Phase::Over(outcome);
            fx.reschedule(hold, at);
        }
    }

    fn answered(&mut self, ask: Ticket, answer: Answer, fx: &mut Effects<'_>) {
        let Some(hold) = self.asked.remove(&ask) else { return };
        let Some(Work { phase: Phase::Handed(process, life), .. }) = self.works.get(&hold) else { return };
        let (process, life) = (*process, *life);
        let lives = self.processes.lives(process, life);
        match answer {
            Answer::Line { line, said } => {
                tell(&said, fx);
                if lives {
                    self.processes.answered(process);
                }
                let outcome = lines::read(&line, self.rules.shape).map_or_else(Outcome::Failed, Outcome::Made);
                self.over(hold, outcome, fx.now(), fx);
            }
            Answer::Gone { why, said } => {
                tell(&said, fx);
                let why: Arc<str> = why.into();
                if lives {
                    self.died(process, life, &why, fx);
                }
                self.over(hold, Outcome::Gone(why), fx.now(), fx);
            }
            Answer::Modelled => self.model(hold, process, life, fx),
            Answer::Failed(why) => {
                if lives {
                    self.processes.answered(process);
                }
                self.over(hold, Outcome::Failed(why), fx.now(), fx);
            }
            // Answers to requests that others make.
            _ => {}
        }
    }

    /// The model answers in the program's place (G9): how long it takes, whether it fails or dies, and what it says.
    fn model(&mut self, hold: Ticket, process: u32, life: u32, fx: &mut Effects<'_>) {
        let Some(work) = self.works.get_mut(&hold) else { return };
        let (model, limit) = (&self.rules.model, self.rules.program.time_limit);
        let random = |purpose| fx.random_again(purpose, &work.copy, work.attempt);
        let time = model.time.draw(&mut random(const { Purpose::of("time") }));
        let dies = model.crash_share > 0.0 && random(const { Purpose::of("crash") }).chance(model.crash_share);
        let fails = model.failure_share > 0.0 && random(const { Purpose::of("failure") }).chance(model.failure_share);
        let outcome = if time > limit {
            Outcome::Gone(late(limit).into())
        } else if dies {
            Outcome::Gone("the model of the program died".into())
        } else if fails {
            Outcome::Failed("the model of the program failed".to_owned())
        } else {
            modelled(model, &work.copy, self.rules.shape).map_or_else(Outcome::Failed, Outcome::Made)
        };
        let one_by_one = !self.rules.program.by_id;
        let end = self.processes.model(process, time.min(limit), one_by_one, fx.now());
        work.phase = Phase::Modelled(process, life, outcome);
        fx.reschedule(hold, end);
    }

    /// A process is gone, and with it what a model was working on for it. It is started again after a while, or never.
    fn died(&mut self, process: u32, life: u32, why: &Arc<str>, fx: &mut Effects<'_>) {
        fx.error(why.clone());
        let lost = |work: &Work| matches!(work.phase, Phase::Modelled(of, in_life, _) if (of, in_life) == (process, life));
        let lost: Vec<Ticket> = self.works.iter().filter(|(_, work)| lost(work)).map(|(hold, _)| *hold).collect();
        for hold in lost {
            self.over(hold, Outcome::Gone(why.clone()), fx.now(), fx);
        }
        let rules = &self.rules;
        let policy = Policy { delay: rules.restart_delay, cap: rules.restart_cap, most: rules.most_restarts, window: rules.restart_window };
        if !self.processes.died(process, policy, fx) && self.given_up.is_none() {
            let why = format!(
                "the program is not started any more: it ended {} times within {}; the last time: {why}",
                policy.most + 1,
                policy.window
            );
            fx.error(why.clone());
            self.given_up = Some(why.into());
        }
    }

    fn released(&mut self, hold: Ticket, message: Message, fx: &mut Effects<'_>) {
        let Some(mut work) = self.works.remove(&hold) else {
            return fx.nack(message, "the program knows nothing of this message");
        };
        match std::mem::replace(&mut work.phase, Phase::Waiting) {
            Phase::Modelled(process, life, outcome) => {
                if self.processes.lives(process, life) {
                    match &outcome {
                        Outcome::Gone(why) => self.died(process, life, why, fx),
                        Outcome::Made(_) | Outcome::Failed(_) => self.processes.answered(process),
                    }
                }
                self.judge(message, work, outcome, fx);
            }
            Phase::Over(outcome) => self.judge(message, work, outcome, fx),
            Phase::Finished(outcome) => self.leave(message, work.serial, work.attempt, outcome, fx),
            // A hold without an end is ended by an answer alone.
            Phase::Pausing | Phase::Waiting | Phase::Handed(..) => self.wait(message, work, fx),
        }
    }

    /// An attempt is over: once more, or finished.
    fn judge(&mut self, message: Message, work: Work, outcome: Outcome, fx: &mut Effects<'_>) {
        let failed = !matches!(outcome, Outcome::Made(_));
        if failed && work.attempt < self.rules.attempts && self.given_up.is_none() {
            self.retries += 1;
            let mut random = fx.random_again(const { Purpose::of("retry") }, &message, work.attempt);
            let delay = self.rules.retry.delay(work.attempt, || random.unit());
            let hold = fx.hold(message, delay);
            self.works.insert(hold, Work { attempt: work.attempt + 1, phase: Phase::Pausing, ..work });
            return;
        }
        self.failed += u64::from(failed);
        if self.order.is_first(work.serial) {
            return self.leave(message, work.serial, work.attempt, outcome, fx);
        }
        let serial = work.serial;
        let hold = fx.hold_until(message, Moment::NEVER);
        self.works.insert(hold, Work { phase: Phase::Finished(outcome), ..work });
        self.order.wait(serial, hold);
    }

    fn leave(&mut self, message: Message, serial: u64, attempts: u32, outcome: Outcome, fx: &mut Effects<'_>) {
        let told = |why: &str| if attempts > 1 { format!("{why} (attempt {attempts})") } else { why.to_owned() };
        match outcome {
            Outcome::Made(Made { payloads, .. }) if payloads.len() > MOST_RESULTS => {
                fx.reject(message, format!("the program answered {} results, more than {MOST_RESULTS}", payloads.len()));
            }
            Outcome::Made(Made { payloads, headers }) => emit_parts(fx, message, payloads, FILTERED, |part, _| {
                for (name, value) in &headers {
                    part.set_shared_header(name, value.clone());
                }
            }),
            Outcome::Failed(why) => fx.reject(message, told(&why)),
            Outcome::Gone(why) => fx.nack(message, told(&why)),
        }
        if let Some(next) = self.order.leave(serial) {
            fx.cancel(next);
        }
    }
}

/// Why a process that took too long is gone, live and modelled.
fn late(limit: Span) -> String {
    format!("no answer within {limit}: the program was ended")
}

fn modelled(model: &rules::Model, message: &Message, shape: Shape) -> Result<Made, String> {
    let payload = match &model.answer {
        Some(answer) => answer.value(message).map_err(|error| format!("the model failed: {error}"))?,
        None => message.payload.value().map_err(ToString::to_string)?.clone(),
    };
    match (shape, payload) {
        // A model gives what comes out; how a program says so is no matter of its own.
        (Shape::List, payload @ Value::Array(_)) => lines::made(payload, Shape::List),
        (Shape::List | Shape::Payload | Shape::Envelope, payload) => lines::made(payload, Shape::Payload),
    }
}

fn tell(said: &[String], fx: &mut Effects<'_>) {
    for line in said {
        fx.note(format!("says: {line}"));
    }
}

impl Behaviour for Program {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Released(hold, message) => self.released(hold, message, fx),
            Event::Answer(ask, answer) => self.answered(ask, answer, fx),
            Event::Start | Event::Wake(_) | Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Drain => {}
        }
        self.dispatch(fx);
    }

    fn intake(&self) -> Intake {
        let closed = self.given_up.is_some() && self.rules.waits;
        Intake::Servers { servers: if closed { 0 } else { self.rules.servers() }, prefetch: 0 }
    }

    /// What was handed to the old program is answered by it; what comes from now on goes to the new one. One that was given up is tried again.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        self.rules = Rules::read(form);
        self.processes.resize(self.rules.copies);
        self.processes.pardon();
        self.given_up = None;
        Change::Kept
    }

    fn give_back(&mut self, fx: &mut Effects<'_>) {
        fx.ask(Ask::EndPrograms);
    }

    fn gauges(&self, now: Moment, gauges: &mut Vec<Gauge>) {
        let count = |name, value: u64, unit| Gauge { name, value: value as f64, unit };
        gauges.push(count("restarts", self.processes.deaths(), ""));
        gauges.push(count("under way", self.processes.under_way(), "messages"));
        gauges.push(count("resting processes", self.processes.resting(now) as u64, ""));
        gauges.push(count("retries", self.retries, "attempts"));
        gauges.push(count("failed", self.failed, "messages"));
        gauges.push(count("waiting for their turn", self.order.waiting() as u64, "messages"));
        gauges.push(count("given up", u64::from(self.given_up.is_some()), ""));
    }
}
