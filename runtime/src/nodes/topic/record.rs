//! What a topic keeps for those who join late: the last message of each topic, and the newest messages of all.

use crate::message::{Message, Settlement};
use crate::node::Receiver;
use crate::units::{Moment, Span};
use crate::wildcard::Pattern;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many messages or topics a topic keeps at most, so that one event can hand all of them to somebody.
pub const MOST_KEPT: i64 = 9_000;

/// Where a subscription that begins starts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartFrom {
    /// With what is published from then on.
    New,
    /// With the last message of each topic.
    LastValues,
    /// With all that the topic has kept.
    AllKept,
    /// With what was published from this moment of the run on.
    Time(Moment),
    /// With what was published from this far back on.
    Ago(Span),
    /// With the message of this number on; the first that the topic ever took has 0.
    Offset(u64),
}

impl StartFrom {
    /// Reads it from a subscription's settings.
    pub fn of(receiver: &Receiver<'_>) -> Self {
        let span = |name: &str| receiver.text(name).and_then(|text| text.parse::<Span>().ok()).unwrap_or_default();
        match receiver.text("start_from").as_deref() {
            Some("last_values") => Self::LastValues,
            Some("all_kept") => Self::AllKept,
            Some("time") => Self::Time(Moment::START + span("from_time")),
            Some("ago") => Self::Ago(span("from_ago")),
            Some("offset") => match receiver.value("from_offset") {
                Some(crate::setting::Setting::Integer(offset)) => Self::Offset(offset.max(0) as u64),
                _ => Self::Offset(0),
            },
            _ => Self::New,
        }
    }

    /// Whether it needs messages that the topic has kept.
    pub const fn needs_log(self) -> bool {
        !matches!(self, Self::New | Self::LastValues)
    }
}

/// What is kept. See the module page. Kept messages are no part of the books until they are copied to somebody.
#[derive(Default)]
pub struct Record {
    pub keep: usize,
    pub keep_for: Option<Span>,
    pub retain: bool,
    log: VecDeque<(Moment, Message)>,
    /// The number of the first message in `log`.
    first: u64,
    /// The last message of each topic, and its number.
    last: BTreeMap<Arc<str>, (u64, Message)>,
    taken: u64,
    forgotten_topics: u64,
}

impl Record {
    /// Takes note of a message that is published now.
    pub fn take(&mut self, message: &Message, now: Moment) {
        let number = self.taken;
        self.taken += 1;
        if self.keep == 0 && !self.retain {
            return;
        }
        let mut copy = message.clone();
        copy.settlement = Settlement::None;
        if copy.tracked().is_some() {
            copy.head_mut().tracked = None;
        }
        if self.retain {
            let topic: Arc<str> = copy.head().topic.clone().unwrap_or_else(|| "".into());
            if self.last.len() >= MOST_KEPT as usize && !self.last.contains_key(&topic) {
                self.forgotten_topics += 1;
                if let Some(oldest) = self.last.iter().min_by_key(|(_, (number, _))| *number).map(|(topic, _)| topic.clone()) {
                    self.last.remove(&oldest);
                }
            }
            self.last.insert(topic, (number, copy.clone()));
        }
        if self.keep > 0 {
            if self.log.is_empty() {
                self.first = number;
            }
            self.log.push_back((now, copy));
            self.trim(now);
        }
    }

    fn trim(&mut self, now: Moment) {
        let old = |at: Moment, span: Option<Span>| span.is_some_and(|span| now.since(at) > span);
        while self.log.len() > self.keep || self.log.front().is_some_and(|(at, _)| old(*at, self.keep_for)) {
            self.log.pop_front();
            self.first += 1;
        }
    }

    /// What somebody who joins now gets of what was kept, oldest first.
    pub fn for_late(&mut self, from: StartFrom, pattern: &Pattern, now: Moment) -> Vec<Message> {
        self.trim(now);
        let wanted = |message: &&Message| match message.head().topic.as_deref() {
            Some(topic) => pattern.matches(topic),
            None => pattern.is_everything(),
        };
        let first = self.first;
        let since = |moment: Moment| self.log.iter().filter(move |(at, _)| *at >= moment).map(|(_, message)| message);
        match from {
            StartFrom::New => Vec::new(),
            StartFrom::LastValues => {
                let mut last: Vec<&(u64, Message)> = self.last.values().filter(|(_, message)| wanted(&message)).collect();
                last.sort_by_key(|(number, _)| *number);
                last.into_iter().map(|(_, message)| message.clone()).collect()
            }
            StartFrom::AllKept => since(Moment::START).filter(wanted).cloned().collect(),
            StartFrom::Time(moment) => since(moment).filter(wanted).cloned().collect(),
            StartFrom::Ago(span) => since(Moment(now.0.saturating_sub(span.0))).filter(wanted).cloned().collect(),
            StartFrom::Offset(offset) => {
                let passed = usize::try_from(offset.saturating_sub(first)).unwrap_or(usize::MAX);
                self.log.iter().skip(passed).map(|(_, message)| message).filter(wanted).cloned().collect()
            }
        }
    }

    /// How many messages, and last values of topics, are kept.
    pub fn kept(&self) -> (usize, usize) {
        (self.log.len(), self.last.len())
    }

    /// How many topics were forgotten because there were too many.
    pub const fn forgotten_topics(&self) -> u64 {
        self.forgotten_topics
    }
}
