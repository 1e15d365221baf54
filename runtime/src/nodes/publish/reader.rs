//! What file source and standard input share: records on their way into the graph at a pace.

use super::gate::Gate;
use super::timestamp;
use crate::expr::Expression;
use crate::id::MessageId;
use crate::message::{Message, Payload};
use crate::node::outside::{BadRecord, Record};
use crate::node::{Effects, Form};
use crate::units::{Moment, Rate, SECOND, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many records one event lets in.
const BATCH: usize = 256;

/// When records go in.
#[derive(Clone, Debug)]
pub enum Pace {
    /// So many a second.
    Rate(Rate),
    /// At the times that they carry, so many times as fast.
    Timestamps(Expression, f64),
    /// As fast as the pipe takes them.
    Fastest,
    /// When they could first be read.
    AsTheyCome,
}

/// What is read from a record into the envelope.
#[derive(Debug)]
pub struct Envelope {
    key: Option<Expression>,
    topic: Option<Expression>,
    headers: Vec<(Arc<str>, Expression)>,
}

impl Envelope {
    /// Reads the fields `key`, `topic` and `headers`.
    pub fn read(form: &mut Form<'_>) -> Self {
        Self {
            key: form.expression("key"),
            topic: form.expression("topic"),
            headers: form.expressions("headers").into_iter().map(|(name, value)| (name.into(), value)).collect(),
        }
    }

    /// Works them out for a message; in words, what went wrong.
    pub fn fill(&self, message: &mut Message) -> Result<(), String> {
        if let Some(key) = &self.key {
            let key = key.text(message).map_err(|error| format!("the key failed: {error}"))?;
            message.head_mut().key = Some(key.into());
        }
        if let Some(topic) = &self.topic {
            let topic = topic.text(message).map_err(|error| format!("the topic failed: {error}"))?;
            message.head_mut().topic = Some(topic.into());
        }
        for (name, value) in &self.headers {
            let value = value.value(message).map_err(|error| format!("the header `{name}` failed: {error}"))?;
            message.set_header(name, value);
        }
        Ok(())
    }
}

struct Waiting {
    line: u64,
    payload: Payload,
    /// Why it is no record.
    fault: Option<String>,
    /// Before this moment it was not there to be read.
    available: Moment,
    /// Whether the times that records carry start anew with it.
    begins: bool,
}

/// Records that have been read and not yet let in. They keep their due times while the pipe is full (G7); what is not read yet waits in the file.
pub struct Reader {
    /// When records go in.
    pub pace: Pace,
    /// What is read from them.
    pub envelope: Envelope,
    gate: Gate,
    waiting: VecDeque<Waiting>,
    /// The first one, once it is known when it is due, and whether its time could not be read.
    next: Option<(Moment, Waiting, Option<String>)>,
    /// How many came before: the next one's number.
    index: u64,
    /// Where the pace counts from: a moment, the number of the record due then, and the time that it carried.
    base: Option<(Moment, u64, i128)>,
    /// When the newest one was due.
    last: Moment,
    beginning: bool,
}

impl Reader {
    /// Nothing read yet.
    pub fn new(pace: Pace, envelope: Envelope) -> Self {
        Self {
            pace,
            envelope,
            gate: Gate::default(),
            waiting: VecDeque::new(),
            next: None,
            index: 0,
            base: None,
            last: Moment::START,
            beginning: false,
        }
    }

    /// How many records wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len() + usize::from(self.next.is_some())
    }

    /// How many were let in.
    pub const fn read(&self) -> u64 {
        self.index
    }

    /// More records, which could not be read before `available`.
    pub fn add(&mut self, records: Vec<Record>, available: Moment) {
        for Record { line, content } in records {
            let (bytes, fault) = match content {
                Ok(bytes) => (bytes, None),
                Err(BadRecord { raw, error }) => (raw, Some(error)),
            };
            let begins = std::mem::take(&mut self.beginning);
            self.waiting.push_back(Waiting { line, payload: Payload::from_bytes(bytes), fault, available, begins });
        }
    }

    /// The next records to come are the first of another pass: the times that they carry start anew.
    pub const fn begin_again(&mut self) {
        self.beginning = true;
    }

    /// Hears that there is room.
    pub fn room(&mut self, port: usize) {
        self.gate.room(port);
    }

    /// The pace counts anew, from the next record and this moment.
    pub fn rebase(&mut self, now: Moment) {
        if let Some((_, waiting, _)) = self.next.take() {
            self.waiting.push_front(waiting);
        }
        self.base = None;
        self.last = now;
    }

    /// Throws away what waits: it has not entered the run.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.next = None;
    }

    /// Lets in what is due. The moment at which to go on, if anything waits that is not blocked.
    pub fn go_on(&mut self, fx: &mut Effects<'_>) -> Option<Moment> {
        self.gate.look(fx);
        for _ in 0..BATCH {
            if !self.gate.open() {
                return None;
            }
            let (due, waiting, fault) = match self.next.take() {
                Some(next) => next,
                None => self.prepare(fx.now())?,
            };
            if due > fx.now() {
                self.next = Some((due, waiting, fault));
                return Some(due);
            }
            let mut message = fx.make(self.index, due, waiting.payload);
            let error = waiting.fault.or(fault).or_else(|| self.envelope.fill(&mut message).err());
            self.index += 1;
            self.gate.enter(message, error.map(|error| format!("line {}: {error}", waiting.line)), fx);
        }
        Some(fx.now()).filter(|_| self.gate.open() && self.waiting() > 0)
    }

    /// Takes the next record, and works out when it is due.
    fn prepare(&mut self, now: Moment) -> Option<(Moment, Waiting, Option<String>)> {
        let waiting = self.waiting.pop_front()?;
        if waiting.begins && matches!(self.pace, Pace::Timestamps(..)) {
            self.base = None;
        }
        let earliest = waiting.available.max(self.last);
        let (due, fault) = match if waiting.fault.is_none() { self.due(&waiting.payload, earliest, now) } else { Ok(earliest) } {
            Ok(due) => (due, None),
            Err(fault) => (earliest, Some(fault)),
        };
        self.last = due;
        Some((due, waiting, fault))
    }

    /// Never before `earliest`: before the record was there, or before the one in front of it.
    fn due(&mut self, payload: &Payload, earliest: Moment, now: Moment) -> Result<Moment, String> {
        match &self.pace {
            Pace::Fastest => Ok(now),
            Pace::AsTheyCome => Ok(earliest),
            Pace::Rate(rate) => {
                let gap = SECOND as f64 / rate.0;
                // From the base, so that rounding does not add up. If there was nothing to read for a while, the pace counts from here.
                let due = self.base.map(|(moment, index, _)| moment + Span(((self.index - index) as f64 * gap) as u64));
                Ok(due.filter(|due| *due >= earliest).unwrap_or_else(|| {
                    self.base = Some((earliest, self.index, 0));
                    earliest
                }))
            }
            Pace::Timestamps(expression, speed) => {
                let probe = Message::new(MessageId(0), now, payload.clone());
                let value = expression.value(&probe).map_err(|error| format!("the time failed: {error}"))?;
                let time = timestamp::read(&value)?;
                let (moment, _, first) = *self.base.get_or_insert((earliest, self.index, time));
                // A record from before its predecessor goes with it.
                Ok((moment + Span(((time - first).max(0) as f64 / speed) as u64)).max(earliest))
            }
        }
    }
}
