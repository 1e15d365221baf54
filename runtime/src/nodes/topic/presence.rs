//! When a subscription's consumer is there: when it joins, when it goes away and comes back.

use crate::node::field::Word;
use crate::node::{Field, FieldType, Form, Preset, Receiver};
use crate::units::{Moment, Span};

/// `lifetime`: what becomes of a subscription whose consumer is away.
pub const LIFETIME: Field = Field::new(
    "Presence",
    "lifetime",
    "Lifetime",
    FieldType::Choice(&[
        Word { name: "durable", label: "Durable", help: "It goes on while its consumer is away, and keeps what comes." },
        Word {
            name: "temporary",
            label: "Temporary",
            help: "It ends when its consumer goes away, with all that it holds, and begins anew when it comes back.",
        },
    ]),
    Preset::Word("durable"),
    "Whether messages are kept for a consumer that is away.",
)
.source("OASIS MQTT 5.0, section 4.1, session state; Jakarta Messaging 3.1, durable subscriptions");

/// `joins_at`: when it subscribes.
pub const JOINS_AT: Field = Field::new(
    "Presence",
    "joins_at",
    "Joins at",
    FieldType::Span(0),
    Preset::Text("0 s"),
    "How long after the start of the run the subscription begins. What was published before is not for it, unless it starts from there.",
);

/// `away_at`: when its consumer goes away.
pub const AWAY_AT: Field = Field::new(
    "Presence",
    "away_at",
    "Goes away at",
    FieldType::Span(0),
    Preset::None,
    "How long after the start of the run the consumer goes away. Unset: never.",
);

/// `away_for`: how long it stays away.
pub const AWAY_FOR: Field =
    Field::new("Presence", "away_for", "Away for", FieldType::Span(1), Preset::Text("10 s"), "How long the consumer stays away.");

/// `away_every`: how often that repeats.
pub const AWAY_EVERY: Field = Field::new(
    "Presence",
    "away_every",
    "Every",
    FieldType::Span(1),
    Preset::None,
    "How long from one going away to the next. Unset: it goes away once.",
);

/// When somebody is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Presence {
    /// Whether the subscription outlives its consumer's absence.
    pub durable: bool,
    joins: Span,
    away_at: Option<Span>,
    away_for: Span,
    every: Option<Span>,
}

impl Presence {
    /// Reads it from the subscription's own form.
    pub fn read(form: &mut Form<'_>) -> Self {
        let presence = Self {
            durable: form.choice("lifetime") == "durable",
            joins: form.span("joins_at").unwrap_or_default(),
            away_at: form.value("away_at").and_then(|_| form.span("away_at")),
            away_for: form.span("away_for").unwrap_or(Span::secs(10)),
            every: form.value("away_every").and_then(|_| form.span("away_every")),
        };
        if presence.every.is_some_and(|every| every <= presence.away_for) {
            form.problem("away_every", "the consumer would go away again before it has come back", "make it longer than `away_for`");
        }
        presence
    }

    /// Reads it through the form of the topic before it; what cannot be read has its default.
    pub fn of(receiver: &Receiver<'_>) -> Self {
        let span = |name: &str| receiver.text(name).and_then(|text| text.parse::<Span>().ok());
        Self {
            durable: receiver.text("lifetime").is_none_or(|word| word == "durable"),
            joins: span("joins_at").unwrap_or_default(),
            away_at: span("away_at"),
            away_for: span("away_for").unwrap_or(Span::secs(10)),
            every: span("away_every"),
        }
    }

    /// Whether the consumer is there.
    pub fn here(&self, now: Moment) -> bool {
        self.joined(now) && !self.away(now)
    }

    /// Whether the subscription takes messages: a durable one from its joining on, a temporary one while its consumer is there.
    pub fn subscribed(&self, now: Moment) -> bool {
        if self.durable { self.joined(now) } else { self.here(now) }
    }

    fn joined(&self, now: Moment) -> bool {
        now.since(Moment::START) >= self.joins
    }

    fn away(&self, now: Moment) -> bool {
        let Some(at) = self.away_at else { return false };
        let now = now.since(Moment::START);
        now >= at && {
            let since = Span(now.0 - at.0);
            self.every.map_or(since, |every| Span(since.0 % every.0.max(1))) < self.away_for
        }
    }

    /// When that changes next.
    pub fn next_change(&self, now: Moment) -> Option<Moment> {
        let joins = Some(Moment::START + self.joins).filter(|joins| *joins > now);
        let turn = self.away_at.and_then(|at| {
            let at = Moment::START + at;
            if now < at {
                return Some(at);
            }
            let since = now.since(at);
            let (begun, within) = match self.every {
                Some(every) => (at + Span(since.0 / every.0.max(1) * every.0), Span(since.0 % every.0.max(1))),
                None => (at, since),
            };
            if within < self.away_for { Some(begun + self.away_for) } else { self.every.map(|every| begun + every) }
        });
        joins.into_iter().chain(turn).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: u64) -> Moment {
        Moment(second * 1_000_000_000)
    }

    #[test]
    fn presence_follows_its_times() {
        let presence =
            Presence { durable: false, joins: Span::secs(5), away_at: Some(Span::secs(20)), away_for: Span::secs(10), every: None };
        let here: Vec<bool> = [0, 4, 5, 19, 20, 29, 30, 99].map(|second| presence.here(at(second))).into();
        assert_eq!(here, [false, false, true, true, false, false, true, true]);
        let next: Vec<Option<Moment>> = [0, 5, 20, 30].map(|second| presence.next_change(at(second))).into();
        assert_eq!(next, [Some(at(5)), Some(at(20)), Some(at(30)), None]);
        let durable = Presence { durable: true, ..presence };
        assert!(durable.subscribed(at(25)) && !durable.here(at(25)) && !durable.subscribed(at(4)));
    }

    #[test]
    fn absences_repeat() {
        let presence = Presence {
            durable: true,
            joins: Span::ZERO,
            away_at: Some(Span::secs(10)),
            away_for: Span::secs(5),
            every: Some(Span::secs(60)),
        };
        let here: Vec<bool> = [9, 10, 14, 15, 69, 70, 75].map(|second| presence.here(at(second))).into();
        assert_eq!(here, [true, false, false, true, true, false, true]);
        assert_eq!([0, 12, 15, 70].map(|second| presence.next_change(at(second)).unwrap()), [at(10), at(15), at(70), at(75)]);
    }
}
