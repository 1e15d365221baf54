//! Check out: fetches the payload that a message's claim stands for, checks it, and puts it back into the message.

use super::errands::{Errands, Next, Stay};
use super::{headers, place};
use crate::message::{ClaimStore, INLINE_LIMIT, Message, Payload, Settlement};
use crate::node::claims::{Census, Claim, ClaimAct, ClaimAnswer, ClaimAsk, Fault, Model};
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset,
    Ticket, Verdict,
};
use crate::nodes::queue::rules::{self, Retry};
use crate::random::Purpose;
use crate::trust::Capability;
use crate::units::{Moment, Size, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

const OUT: usize = 0;
/// How many claims are given up in one request.
const MOST_RELEASED: usize = 1_000;

/// The descriptor.
pub static CHECK_OUT: Kind = Kind {
    name: "check_out",
    title: "Check out",
    family: Family::Claim,
    summary: "Fetches the payload that a message's claim stands for, checks it, and puts it back into the message.",
    guide: include_str!("check_out.md"),
    example: r#"(
    format: 1,
    title: "Two readers share each payload",
    nodes: {
        "scans": generator(rate: "10/s", payload: "{\"scan\": {{index}}, \"pixels\": \"{{pad 9000}}\"}"),
        "store": check_in(readers: 2),
        "new": topic(),
        "for-doctors": subscription(),
        "for-archive": subscription(),
        "doctors": check_out(),
        "archive": check_out(),
        "read": sink(),
        "kept": sink(),
    },
    pipes: [
        "scans.out -> store.in",
        "store.out -> new.in",
        "new.out -> for-doctors.in",
        "new.out -> for-archive.in",
        "for-doctors.out -> doctors.in",
        "for-archive.out -> archive.in",
        "doctors.out -> read.in",
        "archive.out -> kept.in",
    ],
)
"#,
    fields: &[
        Field::new(
            "Claim",
            "done",
            "Counts as a reader",
            FieldType::Flag,
            Preset::Flag(true),
            "Whether a payload is given up when its message has ended well behind this node. Switch it off for one who only looks.",
        ),
        Field::new(
            "Claim",
            "inline_up_to",
            "Inline up to",
            FieldType::Size,
            Preset::Text("1 MiB"),
            "Payloads up to this size, 1 MiB at most, go on in the message. A larger one goes on as a handle: it is checked, but stays where it is.",
        ),
        Field::new(
            "Access",
            "reader",
            "Reader",
            FieldType::Text,
            Preset::Text(""),
            "The name under which this node reads. Empty: its id. Nodes of one name count as one reader.",
        ),
        Field::new(
            "Access",
            "key",
            "Key",
            FieldType::Text,
            Preset::Text(""),
            "The environment variable that holds the key to check signatures with. With it, claims that are not signed are refused. Empty: signatures are not checked.",
        )
        .source("RFC 2104, FIPS 180-4"),
        place::STORE,
        place::NAME,
        place::PATH,
        place::BUCKET,
        place::ENDPOINT,
        place::REGION,
        place::PREFIX,
        place::TIME_LIMIT,
        place::PARALLEL,
        Field::new(
            "Failures",
            "attempts",
            "Attempts",
            FieldType::Integer(1, 1_000),
            Preset::Integer(1),
            "How many times a store that is away is asked, before the message goes back to where it came from.",
        )
        .unit("attempts"),
        rules::RETRY_OF_STEP,
        Field { group: "Failures", ..rules::RETRY_DELAY },
        Field { group: "Failures", ..rules::RETRY_CAP },
        Field { group: "Failures", ..rules::RETRY_JITTER },
        place::LATENCY,
        place::FAILURE_SHARE,
        Field::new(
            "In a simulation",
            "altered_share",
            "Altered share",
            FieldType::Share,
            Preset::Number(0.0),
            "With this probability the modelled store gives other bytes than it was given.",
        ),
        place::AWAY_FROM,
        place::AWAY_FOR,
        place::AWAY_EVERY,
    ],
    ports: |_| Ports {
        inputs: vec![Port::input("in", "Messages with claims, or with their payload still.")],
        outputs: vec![
            Port::output("out", "The messages with their payloads.").passing_all(),
            Port::error("error", "Messages whose claim is expired, altered, gone or not for this reader. Unwired, they go to the graph's dead letters."),
        ],
        ..Ports::default()
    },
    build: |form| {
        Box::new(CheckOut {
            rules: Rules::read(form),
            errands: Errands::default(),
            open: BTreeMap::new(),
            given_up: Vec::new(),
            release: None,
            census: Census::default(),
            fetched: 0,
            bytes: 0,
            passed: 0,
            faults: BTreeMap::new(),
        })
    },
    figures: [Figure::RateOut, Figure::Gauge("refused")],
};

struct Rules {
    done: bool,
    most_inline: u64,
    reader: Arc<str>,
    key: Option<Arc<str>>,
    store: Arc<ClaimStore>,
    time_limit: Span,
    parallel: u32,
    attempts: u32,
    retry: Retry,
    modelled: place::Modelled,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        let reader = form.text("reader").filter(|reader| !reader.is_empty()).unwrap_or_else(|| form.node().to_string());
        if reader.contains(',') {
            form.problem("reader", "the name of a reader has no comma in it", "give each check-out one name");
        }
        let key = form.text("key").filter(|key| !key.is_empty());
        if let Some(key) = &key {
            form.need("key", Capability::Environment(key.clone()));
        }
        let altered_share = form.number("altered_share").unwrap_or(0.0);
        Self {
            done: form.flag("done"),
            most_inline: form.size("inline_up_to").map_or(u64::MAX, |Size(bytes)| bytes).min(INLINE_LIMIT as u64),
            reader: reader.into(),
            key: key.map(Into::into),
            store: place::read_store(form),
            time_limit: form.span("time_limit").unwrap_or(Span::secs(60)),
            parallel: form.integer("parallel").map_or(4, |parallel| parallel as u32),
            attempts: form.integer("attempts").map_or(1, |attempts| attempts as u32),
            retry: Retry::read(form),
            modelled: place::Modelled::read(form).altering(altered_share),
        }
    }
}

/// How a message leaves.
enum Outcome {
    /// As it came.
    Whole,
    /// With its payload, which this request brought.
    Taken(Payload, Ticket),
    /// For ever.
    Refused(Fault, String),
    /// To come again.
    Failed(String),
}

/// A message whose payload is behind this node: as it came, and what it holds in the store.
struct Open {
    message: Message,
    name: Arc<str>,
    readers: u32,
}

struct CheckOut {
    rules: Rules,
    errands: Errands<Outcome>,
    /// What went on and has not ended, by the number of the delivery that it went on with. Bounded by the pipes and stores behind.
    open: BTreeMap<u64, Open>,
    /// Claims to give up, and the request under way that does so.
    given_up: Vec<(Arc<str>, u32)>,
    release: Option<Ticket>,
    census: Census,
    fetched: u64,
    bytes: u64,
    passed: u64,
    faults: BTreeMap<Fault, u64>,
}

impl CheckOut {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let stay = self.errands.begin();
        self.try_it(message, stay, fx);
    }

    fn try_it(&mut self, message: Message, stay: Stay, fx: &mut Effects<'_>) {
        let claim = match headers::read(&message) {
            None => return self.finish(message, stay, Outcome::Whole, fx),
            Some(Err(error)) => return self.finish(message, stay, Outcome::Refused(Fault::Altered, error), fx),
            Some(Ok(claim)) => claim,
        };
        match crate::utc::parse(&claim.until) {
            None => {
                let error = format!("the end of the claim is no time: `{}`", claim.until);
                return self.finish(message, stay, Outcome::Refused(Fault::Altered, error), fx);
            }
            Some(until) if until <= fx.calendar(fx.now()) => {
                let error = format!("the claim on {} ended at {}", claim.dataref, claim.until);
                return self.finish(message, stay, Outcome::Refused(Fault::Expired, error), fx);
            }
            Some(_) => {}
        }
        let model = self.rules.modelled.draw(&message, stay.time, fx);
        let act = ClaimAct::Get {
            claim: Box::new(claim),
            reader: self.rules.reader.clone(),
            key: self.rules.key.clone(),
            most_inline: self.rules.most_inline,
        };
        let ask = self.request(fx.now(), model, act);
        self.errands.ask(message, stay, ask, fx);
    }

    fn request(&self, now: Moment, model: Model, act: ClaimAct) -> Ask {
        Ask::Claim(Box::new(ClaimAsk { store: self.rules.store.clone(), now, within: self.rules.time_limit, model, act }))
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer, fx: &mut Effects<'_>) {
        let Some(answer) = self.errands.answered(ticket, answer, fx) else { return };
        if self.release == Some(ticket) {
            self.release = None;
            match answer {
                Answer::Claim(ClaimAnswer::Census(census)) => self.census = *census,
                // They stay until they expire; then the check-in sweeps them.
                Answer::Failed(error) => fx.error(format!("payloads that are done with stay in the store: {error}")),
                _ => {}
            }
            self.give_up(fx);
        }
    }

    fn released(&mut self, hold: Ticket, message: Message, fx: &mut Effects<'_>) {
        match self.errands.released(hold) {
            Next::Lost => fx.nack(message, "the check-out ended before the payload was there"),
            Next::Again(stay) => self.try_it(message, stay, fx),
            Next::Leave(stay, outcome) => self.leave(message, stay, outcome, fx),
            Next::Answered(stay, request, answer) => {
                let outcome = match answer {
                    Answer::Claim(ClaimAnswer::Taken(payload)) => Outcome::Taken(payload, request),
                    Answer::Claim(ClaimAnswer::Refused(fault, error)) => Outcome::Refused(fault, error),
                    Answer::Failed(_) if stay.time < self.rules.attempts => {
                        let mut random = fx.random_again(const { Purpose::of("retry") }, &message, stay.time);
                        let pause = self.rules.retry.delay(stay.time, || random.unit());
                        return self.errands.pause(message, stay, pause, fx);
                    }
                    Answer::Failed(error) => Outcome::Failed(error),
                    _ => Outcome::Failed("the store answered something else".to_owned()),
                };
                self.finish(message, stay, outcome, fx);
            }
        }
    }

    fn finish(&mut self, message: Message, stay: Stay, outcome: Outcome, fx: &mut Effects<'_>) {
        if let Some((message, outcome)) = self.errands.finish(message, stay, outcome, fx) {
            self.leave(message, stay, outcome, fx);
        }
    }

    fn leave(&mut self, message: Message, stay: Stay, outcome: Outcome, fx: &mut Effects<'_>) {
        match outcome {
            Outcome::Whole => {
                self.passed += 1;
                fx.emit(OUT, message);
            }
            Outcome::Taken(payload, request) => self.go_on(message, payload, request, fx),
            Outcome::Refused(fault, error) => {
                *self.faults.entry(fault).or_default() += 1;
                fx.error(error.as_str());
                fx.dead_letter(message, fault.reason(), error);
            }
            Outcome::Failed(error) => fx.nack(message, format!("the payload could not be fetched: {error}")),
        }
        self.errands.left(stay, fx);
    }

    /// A message goes on with its payload. It goes on as a delivery of this node's own: only when that has ended well is the payload done
    /// with, and whoever waits for the message is told then.
    fn go_on(&mut self, message: Message, payload: Payload, request: Ticket, fx: &mut Effects<'_>) {
        self.fetched += 1;
        self.bytes += payload.len() as u64;
        let claim = headers::read(&message).and_then(Result::ok).unwrap_or_default();
        let mut whole = message.clone();
        headers::remove(&mut whole);
        whole.payload = payload;
        if !self.rules.done {
            return fx.emit(OUT, whole);
        }
        let attempt = message.settlement.deliveries().iter().map(|delivery| delivery.attempt).max().unwrap_or(1);
        // Tickets count on through restarts, so no late settlement finds a number of before.
        fx.emit_awaited(OUT, whole, request.0, attempt);
        self.open.insert(request.0, Open { name: name_of(&claim), readers: claim.readers, message });
    }

    fn settled(&mut self, number: u64, verdict: Verdict, fx: &mut Effects<'_>) {
        match (self.open.remove(&number), verdict) {
            (Some(mut open), Verdict::Ack) => {
                fx.accept(&mut open.message);
                self.given_up.push((open.name, open.readers));
                self.give_up(fx);
            }
            (Some(open), Verdict::Nack(fault, error)) => fx.fail(open.message, fault, error),
            // Sent on before a restart: who waits for it finds out when its lock is over.
            (None, Verdict::Nack(..)) => fx.superseded(),
            (None, Verdict::Ack) => {}
        }
    }

    fn give_up(&mut self, fx: &mut Effects<'_>) {
        if self.release.is_none() && !self.given_up.is_empty() {
            let names = self.given_up.drain(..self.given_up.len().min(MOST_RELEASED)).collect();
            let act = ClaimAct::Release { reader: self.rules.reader.clone(), names };
            let ask = self.request(fx.now(), Model::default(), act);
            self.release = Some(fx.ask(ask));
        }
    }

    fn count(&self, fault: Fault) -> f64 {
        self.faults.get(&fault).copied().unwrap_or(0) as f64
    }
}

fn name_of(claim: &Claim) -> Arc<str> {
    claim.name().unwrap_or_default().into()
}

impl Behaviour for CheckOut {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Message(_, message) => self.take(message, fx),
            Event::Answer(ticket, answer) => self.answered(ticket, answer, fx),
            Event::Released(hold, message) => self.released(hold, message, fx),
            Event::Settled { number, verdict, .. } => self.settled(number, verdict, fx),
            Event::Renewed { number, until, .. } => {
                if let Some(open) = self.open.get(&number).filter(|open| open.message.settlement != Settlement::None) {
                    if until > fx.now() {
                        fx.renew_until(&open.message, until);
                    } else {
                        fx.renew(&open.message);
                    }
                }
            }
            Event::Start | Event::Wake(_) | Event::Room(_) | Event::Drain => {}
        }
    }

    /// A payload on its way occupies a server, so that their number is bounded.
    fn intake(&self) -> Intake {
        Intake::Servers { servers: self.rules.parallel, prefetch: 0 }
    }

    /// What is on its way goes on as it began.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = self.rules.store.clone();
        self.rules = Rules::read(form);
        if before == self.rules.store { Change::Kept } else { Change::Restart }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        let mut gauge = |name, value, unit| gauges.push(Gauge { name, value, unit });
        gauge("checked out", self.fetched as f64, "messages");
        gauge("fetched", self.bytes as f64, "B");
        gauge("passed whole", self.passed as f64, "messages");
        gauge("under way", self.errands.under_way() as f64, "messages");
        gauge("retries", self.errands.retries as f64, "attempts");
        gauge("open behind here", self.open.len() as f64, "messages");
        gauge("kept in the store", self.census.kept as f64, "messages");
        gauge("refused", Fault::ALL.iter().map(|fault| self.count(*fault)).sum(), "messages");
        gauge("dangling", self.count(Fault::Gone), "messages");
        gauge("altered", self.count(Fault::Altered), "messages");
        gauge("expired", self.count(Fault::Expired), "messages");
        gauge("unauthorised", self.count(Fault::Unauthorised), "messages");
    }
}

#[cfg(test)]
mod tests;
