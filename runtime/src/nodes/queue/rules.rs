//! The rules by which a store keeps messages, and the settings they are read from; queues and subscriptions share them.

use crate::distribution::Distribution;
use crate::node::field::Word;
use crate::node::{Field, FieldType, Form, Preset};
use crate::units::Span;

/// What counts against the capacity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counts {
    /// Messages that wait: ready and delayed ones.
    Waiting,
    /// Those and the ones handed out and not yet settled.
    InSystem,
}

/// What a full store does with one more message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenFull {
    /// The sender waits (G1).
    Block,
    /// The new message is dropped.
    DropNewest,
    /// The oldest waiting message is dropped.
    DropOldest,
    /// The new message goes back to its sender's store; with none, it fails here.
    Reject,
}

/// Which ready message goes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The one that came first.
    Fifo,
    /// The one that came last.
    Lifo,
}

/// How long a failed message waits before its next delivery.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Retry {
    /// Not at all.
    Immediate,
    /// Always as long.
    Fixed(Span),
    /// Twice as long each time, up to a cap, spread by a share of itself to both sides.
    Exponential {
        /// Before the second delivery.
        first: Span,
        /// The longest.
        cap: Span,
        /// The share, 0 to 1.
        jitter: f64,
    },
}

impl Retry {
    /// Reads `retry`, `retry_delay`, `retry_cap` and `retry_jitter`.
    pub fn read(form: &mut Form<'_>) -> Self {
        let first = form.span("retry_delay").unwrap_or(Span::secs(1));
        match form.choice("retry") {
            "fixed" => Self::Fixed(first),
            "exponential" => Self::Exponential {
                first,
                cap: form.span("retry_cap").unwrap_or(Span::secs(100)),
                jitter: form.number("retry_jitter").unwrap_or(0.0),
            },
            _ => Self::Immediate,
        }
    }

    /// The delay after failed delivery number `attempt` (from 1); `draw` is uniform in [0, 1).
    pub fn delay(self, attempt: u32, draw: impl FnOnce() -> f64) -> Span {
        match self {
            Self::Immediate => Span::ZERO,
            Self::Fixed(span) => span,
            Self::Exponential { first, cap, jitter } => {
                let doubled = u128::from(first.0) << attempt.saturating_sub(1).min(63);
                let span = Span(u64::try_from(doubled).unwrap_or(u64::MAX).min(cap.0));
                if jitter == 0.0 {
                    return span;
                }
                Span::from_seconds(span.seconds() * (1.0 + jitter * (2.0 * draw() - 1.0)))
            }
        }
    }
}

/// Which messages wait for the end of others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    /// None.
    None,
    /// Those of a key for those of the key before them.
    ByKey,
    /// Each for all before it.
    Total,
}

/// The rules of one store.
#[derive(Clone, PartialEq, Debug)]
pub struct Rules {
    /// How many messages at most.
    pub capacity: u64,
    /// How many bytes at most, payloads and headers.
    pub capacity_bytes: Option<u64>,
    /// What counts against both.
    pub counts: Counts,
    /// What happens beyond them.
    pub when_full: WhenFull,
    /// Which message goes next.
    pub order: Order,
    /// How long a message may wait.
    pub time_to_live: Option<Distribution>,
    /// Whether what waited too long becomes a dead letter (else it is dropped).
    pub expired_to_dead_letters: bool,
    /// How long each message is kept back on arrival.
    pub delay: Span,
    /// Whether a message is kept until it is settled (at least once), or forgotten at the hand-out (at most once).
    pub at_least_once: bool,
    /// How long a consumer holds a message before it is handed out again; [`Span::ZERO`]: for ever.
    pub lock: Span,
    /// After how many failed deliveries a message is given up; 0: never.
    pub most_deliveries: u32,
    /// How long it waits between deliveries.
    pub retry: Retry,
    /// Which messages wait for the end of others.
    pub turns: Turns,
    /// Whether the messages behind one that became a dead letter stand still.
    pub stops_at_dead_letters: bool,
    /// For how long an id that came is not taken again; `None`: it always is.
    pub deduplicates: Option<Span>,
    /// Whether a returned message is the next one out (else it queues at the end).
    pub returned_to_head: bool,
    /// Whether the senders' deliveries stay open until the store's own have ended, and fail with them; else it answers for what it took in.
    pub passes_back: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            capacity: 100_000,
            capacity_bytes: None,
            counts: Counts::Waiting,
            when_full: WhenFull::Block,
            order: Order::Fifo,
            time_to_live: None,
            expired_to_dead_letters: true,
            delay: Span::ZERO,
            at_least_once: true,
            lock: Span::secs(60),
            most_deliveries: 10,
            retry: Retry::Immediate,
            turns: Turns::None,
            stops_at_dead_letters: false,
            deduplicates: None,
            returned_to_head: false,
            passes_back: false,
        }
    }
}

const fn word(name: &'static str, label: &'static str, help: &'static str) -> Word {
    Word { name, label, help }
}

/// `capacity`: how many messages a store holds.
pub const CAPACITY: Field = Field::new(
    "Capacity",
    "capacity",
    "Capacity",
    FieldType::Integer(0, 100_000_000),
    Preset::Integer(100_000),
    "How many messages fit in. 0: none may wait, and a message is taken only if a consumer is free for it (a loss system, as in Erlang's B formula).",
)
.unit("messages");

/// `capacity_bytes`: how many bytes a store holds.
pub const CAPACITY_BYTES: Field = Field::new(
    "Capacity",
    "capacity_bytes",
    "Capacity in bytes",
    FieldType::Size,
    Preset::None,
    "How many bytes fit in, payloads and headers together. The message that crosses the bound is still taken where senders wait. Unset: no bound in bytes.",
);

/// `capacity_counts`: what counts against the capacity.
pub const CAPACITY_COUNTS: Field = Field::new(
    "Capacity",
    "capacity_counts",
    "Capacity counts",
    FieldType::Choice(&[
        word("waiting", "Waiting", "Messages that are ready or delayed."),
        word("in_system", "In the system", "Messages that wait and those handed out and not yet settled: the K of an M/M/1/K queue."),
    ]),
    Preset::Word("waiting"),
    "Whether messages in the hands of consumers take up capacity.",
);

/// `when_full` for a queue.
pub const WHEN_FULL: Field = Field::new(
    "Capacity",
    "when_full",
    "When full",
    FieldType::Choice(&[
        word("block", "Senders wait", "The pipes into the queue fill, and their senders wait."),
        word("drop_newest", "Drop the newest", "A message that finds the queue full is dropped, reason `overflow`."),
        word("drop_oldest", "Drop the oldest", "The message that has waited longest makes room and is dropped, reason `overflow`."),
        word(
            "reject",
            "Reject",
            "A message that finds the queue full goes back to the store it came from; with none, to the dead letters.",
        ),
    ]),
    Preset::Word("block"),
    "What happens to a message that finds no room.",
)
.source("RabbitMQ, queue overflow: drop-head, reject-publish");

/// `when_full` for a subscription, which never blocks its topic (G2).
pub const WHEN_BUFFER_FULL: Field = Field::new(
    "Capacity",
    "when_full",
    "When full",
    FieldType::Choice(&[
        word("drop_newest", "Drop the newest", "A message that finds the buffer full is dropped, reason `overflow`."),
        word("drop_oldest", "Drop the oldest", "The message that has waited longest makes room and is dropped, reason `overflow`."),
    ]),
    Preset::Word("drop_oldest"),
    "What happens to a message that finds no room. A subscription never makes its topic wait.",
);

/// `order`: which ready message goes next.
pub const ORDER: Field = Field::new(
    "Order",
    "order",
    "Order",
    FieldType::Choice(&[
        word("fifo", "First in, first out", "The message that came first goes first."),
        word("lifo", "Last in, first out", "The newest message goes first: fresh work is served in time, old work waits."),
    ]),
    Preset::Word("fifo"),
    "Which of the ready messages goes to the next free consumer.",
);

/// `returned_to`: where a redelivered message queues.
pub const RETURNED_TO: Field = Field::new(
    "Order",
    "returned_to",
    "Returned to",
    FieldType::Choice(&[
        word("tail", "The tail", "A message that came back goes behind all that wait."),
        word("head", "The head", "A message that came back is the next one out."),
    ]),
    Preset::Word("tail"),
    "Where a message queues that a consumer gave back.",
);

/// `time_to_live`: how long a message may wait.
pub const TIME_TO_LIVE: Field = Field::new(
    "Time",
    "time_to_live",
    "Time to live",
    FieldType::Distribution,
    Preset::None,
    "How long a message may wait for a consumer, from its arrival: a span, or a distribution of the senders' patience. A message's own end is kept if it is earlier. While a consumer has it, it does not expire. Unset: for ever.",
)
.source("Azure Service Bus, message expiration: a locked message does not expire");

/// `when_expired`: what becomes of messages that waited too long.
pub const WHEN_EXPIRED: Field = Field::new(
    "Time",
    "when_expired",
    "When expired",
    FieldType::Choice(&[
        word("dead_letter", "Dead letters", "It is given up with the reason `expired`."),
        word("drop", "Drop", "It is dropped with the reason `expired`."),
    ]),
    Preset::Word("dead_letter"),
    "What becomes of a message that waited longer than its time to live.",
);

/// `delay`: how long messages are kept back on arrival.
pub const DELAY: Field = Field::new(
    "Time",
    "delay",
    "Delivery delay",
    FieldType::Span(0),
    Preset::Text("0 s"),
    "How long each message is kept back when it arrives, before a consumer may have it.",
)
.source("Amazon SQS, delay queues");

/// `guarantee`: at most once or at least once.
pub const GUARANTEE: Field = Field::new(
    "Delivery",
    "guarantee",
    "Guarantee",
    FieldType::Choice(&[
        word("at_least_once", "At least once", "A message is kept until it is settled, and handed out again if it fails."),
        word("at_most_once", "At most once", "A message is forgotten when it is handed out: what fails after that is not repeated."),
        word(
            "effectively_once",
            "Effectively once",
            "At least once, and an id that came within the window is not taken again; an acknowledgement counts even if it is late.",
        ),
    ]),
    Preset::Word("at_least_once"),
    "What is promised when something fails after the hand-out.",
);

const AT_LEAST_ONCE: &[&str] = &["at_least_once", "effectively_once"];

/// `window`: how long an id is remembered.
pub const WINDOW: Field = Field::new(
    "Delivery",
    "window",
    "Deduplication window",
    FieldType::Span(1),
    Preset::Text("10 min"),
    "How long the id of a message is remembered; up to 100,000 of them. A dead letter put back to work by hand is let in all the same.",
)
.source("Azure Service Bus, duplicate detection: 10 minutes by default")
.when("guarantee", &["effectively_once"]);

/// `in_order`: which messages wait for the end of others.
pub const IN_ORDER: Field = Field::new(
    "Order",
    "in_order",
    "In order",
    FieldType::Choice(&[
        word("no", "No", "Messages are handed out as there are free consumers: several at a time, and what fails comes again later."),
        word("by_key", "By key", "The next message of a key is handed out when the one before has ended. Keys go on side by side."),
        word("total", "All", "The next message is handed out when the one before has ended: one at a time."),
    ]),
    Preset::Word("no"),
    "Whether a message waits until the one before it has been settled, through all its retries.",
)
.source("Azure Service Bus, message sessions")
.when("guarantee", AT_LEAST_ONCE);

/// `after_dead_letter`: what becomes of the messages behind one that was given up.
pub const AFTER_DEAD_LETTER: Field = Field::new(
    "Order",
    "after_dead_letter",
    "After a dead letter",
    FieldType::Choice(&[
        word("go_on", "Goes on", "The next message of the key takes its turn."),
        word("stop", "Stops", "The messages of the key behind it stand still until this is changed."),
    ]),
    Preset::Word("go_on"),
    "What becomes of the messages that wait behind one that is given up.",
)
.when("in_order", &["by_key", "total"]);

/// `lock`: how long a consumer holds a message.
pub const LOCK: Field = Field::new(
    "Delivery",
    "lock",
    "Lock",
    FieldType::Span(0),
    Preset::Text("1 min"),
    "How long a consumer may keep a message without renewing its lock. After that it is handed out again, although the first consumer may still be at work. Consumer pools renew every 10 s while they work, unless told otherwise; so only shorter locks are lost. 0 s: for ever.",
)
.source("Azure Service Bus, lock duration: 1 minute by default")
.when("guarantee", AT_LEAST_ONCE);

/// `max_deliveries`: after how many failed deliveries a message is given up.
pub const MAX_DELIVERIES: Field = Field::new(
    "Delivery",
    "max_deliveries",
    "Most deliveries",
    FieldType::Integer(0, 1_000_000),
    Preset::Integer(10),
    "After this many failed deliveries a message becomes a dead letter, reason `max_deliveries`. 0: it is tried for ever.",
)
.source("Azure Service Bus, max delivery count: 10 by default")
.when("guarantee", AT_LEAST_ONCE);

/// `retry`: how the delays between deliveries grow.
pub const RETRY: Field = Field::new(
    "Delivery",
    "retry",
    "Retry",
    FieldType::Choice(&[
        word("immediate", "At once", "A failed message is ready again at once."),
        word("fixed", "After a fixed delay", "It waits as long after every failure."),
        word("exponential", "After growing delays", "Each wait is twice the one before, up to a cap, with jitter."),
    ]),
    Preset::Word("immediate"),
    "How long a failed message waits before its next delivery.",
)
.when("guarantee", AT_LEAST_ONCE);

/// `retry` of a filter that tries again by itself.
pub const RETRY_OF_STEP: Field = Field::new(
    "Failures",
    "retry",
    "Retry",
    FieldType::Choice(&[
        word("immediate", "At once", "A failed attempt is followed by the next at once."),
        word("fixed", "After a fixed delay", "It waits as long after every failure."),
        word("exponential", "After growing delays", "Each wait is twice the one before, up to a cap, with jitter."),
    ]),
    Preset::Word("exponential"),
    "How long it waits before it tries again.",
);

/// `retry_delay`: the first delay.
pub const RETRY_DELAY: Field = Field::new(
    "Delivery",
    "retry_delay",
    "Retry delay",
    FieldType::Span(1),
    Preset::Text("1 s"),
    "The wait after a failure; with growing delays, after the first one.",
)
.when("retry", &["fixed", "exponential"]);

/// `retry_cap`: the longest delay.
pub const RETRY_CAP: Field =
    Field::new("Delivery", "retry_cap", "Longest delay", FieldType::Span(1), Preset::Text("100 s"), "No wait grows beyond this.")
        .when("retry", &["exponential"]);

/// `retry_jitter`: how far delays are spread.
pub const RETRY_JITTER: Field = Field::new(
    "Delivery",
    "retry_jitter",
    "Jitter",
    FieldType::Share,
    Preset::Number(0.1),
    "Each wait is shortened or lengthened at random by up to this share of itself, so that retries do not come all at once.",
)
.when("retry", &["exponential"]);

impl Rules {
    /// Reads `window`, `in_order` and `after_dead_letter` too.
    #[must_use]
    pub fn in_turn(self, form: &mut Form<'_>) -> Self {
        let once = form.choice("guarantee") == "effectively_once";
        let window = form.span("window").unwrap_or(Span::secs(600));
        let turns = match form.choice("in_order") {
            "by_key" => Turns::ByKey,
            "total" => Turns::Total,
            _ => Turns::None,
        };
        Self {
            deduplicates: once.then_some(window),
            turns: if self.at_least_once { turns } else { Turns::None },
            stops_at_dead_letters: form.choice("after_dead_letter") == "stop",
            ..self
        }
    }

    /// Reads what queues and subscriptions have in common.
    pub fn read(form: &mut Form<'_>) -> Self {
        let usual = Self::default();
        let at_least_once = form.choice("guarantee") != "at_most_once";
        let retry = Retry::read(form);
        Self {
            capacity: form.integer("capacity").map_or(usual.capacity, |number| number as u64),
            capacity_bytes: form.size("capacity_bytes").map(|size| size.0),
            when_full: match form.choice("when_full") {
                "drop_newest" => WhenFull::DropNewest,
                "drop_oldest" => WhenFull::DropOldest,
                "reject" => WhenFull::Reject,
                _ => WhenFull::Block,
            },
            time_to_live: form.distribution("time_to_live"),
            expired_to_dead_letters: form.choice("when_expired") == "dead_letter",
            at_least_once,
            lock: form.span("lock").unwrap_or(usual.lock),
            most_deliveries: form.integer("max_deliveries").map_or(usual.most_deliveries, |number| number as u32),
            retry,
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_delays_double_up_to_the_cap() {
        let retry = Retry::Exponential { first: Span::secs(1), cap: Span::secs(100), jitter: 0.0 };
        let delays: Vec<f64> = (1..=9).map(|attempt| retry.delay(attempt, || 0.5).seconds()).collect();
        assert_eq!(delays, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0, 100.0]);
        assert_eq!(retry.delay(u32::MAX, || 0.5), Span::secs(100));
        let spread = Retry::Exponential { first: Span::secs(10), cap: Span::secs(100), jitter: 0.2 };
        assert_eq!(spread.delay(1, || 0.0), Span::secs(8));
        assert!((spread.delay(1, || 0.999_999).seconds() - 12.0).abs() < 1e-4);
    }
}
