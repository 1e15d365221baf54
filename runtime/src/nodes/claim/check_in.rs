//! Check in: puts large payloads into a store and sends a reference on in their place.

use super::costs::{self, Prices};
use super::errands::{Errands, Next, Stay};
use super::{headers, place};
use crate::message::{ClaimStore, Message, Payload};
use crate::node::claims::{Census, Claim, ClaimAct, ClaimAnswer, ClaimAsk, Model, Seal};
use crate::node::{
    Answer, Ask, Behaviour, Change, Effects, Event, Family, Field, FieldType, Figure, Form, Gauge, Intake, Kind, Port, Ports, Preset,
    Ticket,
};
use crate::nodes::queue::rules::{self, Retry};
use crate::random::Purpose;
use crate::trust::Capability;
use crate::units::{Moment, Size, Span};
use std::sync::Arc;

const OUT: usize = 0;

/// The descriptor.
pub static CHECK_IN: Kind = Kind {
    name: "check_in",
    title: "Check in",
    family: Family::Claim,
    summary: "Puts large payloads into a store and sends a reference on in their place.",
    guide: include_str!("check_in.md"),
    example: r#"(
    format: 1,
    title: "Pictures stay off the queue",
    nodes: {
        "pictures": generator(rate: "20/s", payload: "{\"picture\": {{index}}, \"pixels\": \"{{pad 8000}}\"}"),
        "cloakroom": check_in(threshold: "4 KiB"),
        "work": queue(),
        "counter": check_out(),
        "shelf": sink(),
    },
    pipes: ["pictures.out -> cloakroom.in", "cloakroom.out -> work.in", "work.out -> counter.in", "counter.out -> shelf.in"],
)
"#,
    fields: &[
        Field::new(
            "Claim",
            "threshold",
            "From",
            FieldType::Size,
            Preset::Text("4 KiB"),
            "Payloads of this size and larger go to the store; smaller ones travel with their message, and so save the store a request.",
        )
        .source("Azure Architecture Center, Claim-Check: conditional implementation"),
        Field::new(
            "Claim",
            "time_to_live",
            "Time to live",
            FieldType::Span(1),
            Preset::Text("1 h"),
            "How long a payload is kept at most; if its message lives longer, as long as that.",
        )
        .source("CloudEvents extension dataref: accessible long enough for all consumers"),
        Field::new(
            "Claim",
            "readers",
            "Readers",
            FieldType::Integer(1, 1_000),
            Preset::Integer(1),
            "How many check-outs will read each payload. When all of them have done with it, it is thrown away.",
        )
        .unit("readers"),
        Field::new(
            "Claim",
            "sweep_every",
            "Sweep every",
            FieldType::Span(1_000_000),
            Preset::Text("1 min"),
            "How often payloads are looked for whose time to live is over, those of an earlier run that broke off among them.",
        ),
        Field::new(
            "Access",
            "may_read",
            "May read",
            FieldType::Text,
            Preset::Text(""),
            "The names of the readers that may have the payload, parted by commas. Empty: everyone who has the reference.",
        ),
        Field::new(
            "Access",
            "key",
            "Key",
            FieldType::Text,
            Preset::Text(""),
            "The environment variable that holds the key to sign claims with (HMAC-SHA-256). Empty: claims are not signed.",
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
            Preset::Integer(3),
            "How many times a payload is offered to a store that is away, before its message goes back to where it came from.",
        )
        .unit("attempts"),
        rules::RETRY_OF_STEP,
        Field { group: "Failures", ..rules::RETRY_DELAY },
        Field { group: "Failures", ..rules::RETRY_CAP },
        Field { group: "Failures", ..rules::RETRY_JITTER },
        costs::PRICE_CARRIED,
        costs::PRICE_WRITES,
        costs::PRICE_READS,
        costs::PRICE_STORAGE,
        place::LATENCY,
        place::FAILURE_SHARE,
        place::AWAY_FROM,
        place::AWAY_FOR,
        place::AWAY_EVERY,
    ],
    ports: |_| Ports {
        inputs: vec![Port::input("in", "Messages with their payloads.")],
        outputs: vec![
            Port::output("out", "The same messages, with a reference in place of a large payload.").passing_all(),
            Port::error("error", "Messages whose payload the store did not take, unchanged. Unwired, they go to the graph's dead letters."),
        ],
        ..Ports::default()
    },
    build: |form| {
        Box::new(CheckIn {
            rules: Rules::read(form),
            errands: Errands::default(),
            census: Census::default(),
            sweep: None,
            wakes: false,
            payloads: 0,
            travelled: 0,
            stored: 0,
            passed: 0,
        })
    },
    figures: [Figure::Gauge("kept off the pipes"), Figure::RateOut],
};

struct Rules {
    threshold: u64,
    time_to_live: Span,
    readers: u32,
    sweep_every: Span,
    seal: Option<Seal>,
    store: Arc<ClaimStore>,
    time_limit: Span,
    parallel: u32,
    attempts: u32,
    retry: Retry,
    prices: Prices,
    modelled: place::Modelled,
}

impl Rules {
    fn read(form: &mut Form<'_>) -> Self {
        let may_read = place::read_names(&form.text("may_read").unwrap_or_default());
        let key = form.text("key").unwrap_or_default();
        if !key.is_empty() {
            form.need("key", Capability::Environment(key.clone()));
        }
        if key.is_empty() && !may_read.is_empty() {
            form.problem(
                "may_read",
                "claims that not everyone may read must be signed",
                "name the environment variable with the key in `key`",
            );
        }
        Self {
            threshold: form.size("threshold").map_or(4096, |Size(bytes)| bytes),
            time_to_live: form.span("time_to_live").unwrap_or(Span::secs(3_600)),
            readers: form.integer("readers").map_or(1, |readers| readers as u32),
            sweep_every: form.span("sweep_every").unwrap_or(Span::secs(60)),
            seal: (!key.is_empty()).then(|| Seal { may_read: may_read.into(), key: key.into() }),
            store: place::read_store(form),
            time_limit: form.span("time_limit").unwrap_or(Span::secs(60)),
            parallel: form.integer("parallel").map_or(4, |parallel| parallel as u32),
            attempts: form.integer("attempts").map_or(3, |attempts| attempts as u32),
            retry: Retry::read(form),
            prices: Prices::read(form),
            modelled: place::Modelled::read(form),
        }
    }
}

/// How a message leaves.
enum Outcome {
    /// With its payload.
    Whole,
    /// With a claim in its place.
    Claimed(Box<Claim>),
    /// Not at all.
    Failed(String),
}

struct CheckIn {
    rules: Rules,
    errands: Errands<Outcome>,
    census: Census,
    /// The sweep under way.
    sweep: Option<Ticket>,
    /// Whether a wake for the next sweep was asked for.
    wakes: bool,
    /// Bytes of all payloads that came, and of what went on.
    payloads: u64,
    travelled: u64,
    /// Messages that left with a claim, and with their payload.
    stored: u64,
    passed: u64,
}

impl CheckIn {
    fn take(&mut self, message: Message, fx: &mut Effects<'_>) {
        let stay = self.errands.begin();
        if message.payload.blob().is_none() && (message.payload.len() as u64) < self.rules.threshold {
            return self.finish(message, stay, Outcome::Whole, fx);
        }
        self.put(message, stay, fx);
    }

    fn put(&mut self, message: Message, stay: Stay, fx: &mut Effects<'_>) {
        let now = fx.now();
        let own = if message.expires == Moment::NEVER { Moment::START } else { message.expires };
        let expires = (now + self.rules.time_to_live).max(own);
        let act = ClaimAct::Put {
            name: format!("{:016x}/{}", fx.maker(), message.id).into(),
            owner: fx.maker(),
            content: message.payload.clone(),
            expires,
            until: utc_text(fx.calendar(expires)).into(),
            readers: self.rules.readers,
            seal: self.rules.seal.clone(),
        };
        let model = self.rules.modelled.draw(&message, stay.time, fx);
        let ask = self.request(now, model, act);
        self.errands.ask(message, stay, ask, fx);
    }

    fn request(&self, now: Moment, model: Model, act: ClaimAct) -> Ask {
        Ask::Claim(Box::new(ClaimAsk { store: self.rules.store.clone(), now, within: self.rules.time_limit, model, act }))
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer, fx: &mut Effects<'_>) {
        let Some(answer) = self.errands.answered(ticket, answer, fx) else { return };
        if self.sweep == Some(ticket) {
            self.sweep = None;
            match answer {
                Answer::Claim(ClaimAnswer::Census(census)) => self.census = *census,
                Answer::Failed(error) => fx.error(format!("cannot sweep: {error}")),
                _ => {}
            }
        }
    }

    fn released(&mut self, hold: Ticket, message: Message, fx: &mut Effects<'_>) {
        match self.errands.released(hold) {
            Next::Lost => fx.nack(message, "the check-in ended before the payload was stored"),
            Next::Again(stay) => self.put(message, stay, fx),
            Next::Leave(stay, outcome) => self.leave(message, stay, outcome, fx),
            Next::Answered(stay, _, answer) => match answer {
                Answer::Claim(ClaimAnswer::Stored(stored)) => {
                    let (claim, census) = *stored;
                    self.census = census;
                    self.finish(message, stay, Outcome::Claimed(Box::new(claim)), fx);
                }
                Answer::Failed(_) if stay.time < self.rules.attempts => {
                    let mut random = fx.random_again(const { Purpose::of("retry") }, &message, stay.time);
                    let pause = self.rules.retry.delay(stay.time, || random.unit());
                    self.errands.pause(message, stay, pause, fx);
                }
                Answer::Failed(error) => self.finish(message, stay, Outcome::Failed(error), fx),
                _ => {
                    self.finish(message, stay, Outcome::Failed("the store answered something else".to_owned()), fx);
                }
            },
        }
    }

    fn finish(&mut self, message: Message, stay: Stay, outcome: Outcome, fx: &mut Effects<'_>) {
        if let Some((message, outcome)) = self.errands.finish(message, stay, outcome, fx) {
            self.leave(message, stay, outcome, fx);
        }
    }

    fn leave(&mut self, mut message: Message, stay: Stay, outcome: Outcome, fx: &mut Effects<'_>) {
        match outcome {
            Outcome::Whole => {
                self.passed += 1;
                self.payloads += message.payload.len() as u64;
                self.travelled += message.payload.len() as u64;
                fx.emit(OUT, message);
            }
            Outcome::Claimed(claim) => {
                self.stored += 1;
                self.payloads += claim.length;
                let before = message.size() - message.payload.inline_len();
                headers::write(&mut message, &claim);
                message.payload = Payload::EMPTY;
                self.travelled += (message.size() - before) as u64;
                fx.emit(OUT, message);
            }
            Outcome::Failed(error) => fx.nack(message, format!("the payload could not be stored: {error}")),
        }
        self.errands.left(stay, fx);
    }

    fn sweep(&mut self, fx: &mut Effects<'_>) {
        if self.sweep.is_none() {
            let folder = format!("{:016x}", fx.maker()).into();
            let act = ClaimAct::Sweep { owner: fx.maker(), folder, older_than: self.rules.time_to_live };
            let ask = self.request(fx.now(), Model::default(), act);
            self.sweep = Some(fx.ask(ask));
        }
    }
}

/// A calendar moment as RFC 3339 in UTC.
fn utc_text(nanos: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| "9999-12-31T23:59:59Z".to_owned(), |moment| moment.to_string())
}

impl Behaviour for CheckIn {
    fn on(&mut self, event: Event, fx: &mut Effects<'_>) {
        match event {
            Event::Start | Event::Wake(_) => {
                let due = matches!(event, Event::Wake(_)) || !self.wakes;
                if due {
                    self.wakes = true;
                    fx.wake(fx.now() + self.rules.sweep_every, 0);
                    self.sweep(fx);
                }
            }
            Event::Message(_, message) => self.take(message, fx),
            Event::Answer(ticket, answer) => self.answered(ticket, answer, fx),
            Event::Released(hold, message) => self.released(hold, message, fx),
            Event::Room(_) | Event::Settled { .. } | Event::Renewed { .. } | Event::Drain => {}
        }
    }

    /// A payload on its way occupies a server, so that their number is bounded.
    fn intake(&self) -> Intake {
        Intake::Servers { servers: self.rules.parallel, prefetch: 0 }
    }

    /// What is on its way goes on as it began. Another store has other payloads to sweep.
    fn change(&mut self, form: &mut Form<'_>) -> Change {
        let before = self.rules.store.clone();
        self.rules = Rules::read(form);
        if before == self.rules.store { Change::Kept } else { Change::Restart }
    }

    fn gauges(&self, _now: Moment, gauges: &mut Vec<Gauge>) {
        let mut gauge = |name, value, unit| gauges.push(Gauge { name, value, unit });
        gauge("kept off the pipes", self.payloads.saturating_sub(self.travelled) as f64, "B");
        gauge("checked in", self.stored as f64, "messages");
        gauge("passed whole", self.passed as f64, "messages");
        gauge("under way", self.errands.under_way() as f64, "messages");
        gauge("retries", self.errands.retries as f64, "attempts");
        gauge("kept in the store", self.census.kept as f64, "messages");
        gauge("bytes in the store", self.census.bytes as f64, "B");
        gauge("swept", self.census.swept as f64, "messages");
        gauge("orphans", self.census.orphans as f64, "messages");
        gauge("store operations", (self.census.puts + self.census.gets + self.census.deletes + self.census.lists) as f64, "");
        gauge("GiB-hours kept", costs::gib_hours(&self.census), "");
        gauge("cost with claims", self.rules.prices.with_claims(self.travelled, &self.census), "");
        gauge("cost without claims", self.rules.prices.without_claims(self.payloads), "");
    }
}

#[cfg(test)]
mod tests;
