//! The rules by which a store keeps messages, and the settings they are read from; queues and subscriptions share them.

mod fields;
pub mod profile;

pub use fields::*;
pub use profile::Profile;

use crate::distribution::Distribution;
use crate::node::Form;
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
    /// Longer by as much each time, up to a cap.
    Linear {
        /// Before the second delivery, and how much more before each further one.
        first: Span,
        /// The longest.
        cap: Span,
    },
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
        let cap = form.span("retry_cap").unwrap_or(Span::secs(100));
        match form.choice("retry") {
            "fixed" => Self::Fixed(first),
            "linear" => Self::Linear { first, cap },
            "exponential" => Self::Exponential { first, cap, jitter: form.number("retry_jitter").unwrap_or(0.0) },
            _ => Self::Immediate,
        }
    }

    /// The delay after failed delivery number `attempt` (from 1); `draw` is uniform in [0, 1).
    pub fn delay(self, attempt: u32, draw: impl FnOnce() -> f64) -> Span {
        match self {
            Self::Immediate => Span::ZERO,
            Self::Fixed(span) => span,
            Self::Linear { first, cap } => Span(first.0.saturating_mul(u64::from(attempt.max(1))).min(cap.0)),
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
    /// Whose rules these are.
    pub profile: Profile,
    /// How many messages at most.
    pub capacity: u64,
    /// How many bytes at most, payloads and headers.
    pub capacity_bytes: Option<u64>,
    /// What counts against both.
    pub counts: Counts,
    /// What happens beyond them.
    pub when_full: WhenFull,
    /// Whether what is pushed out or turned away for want of room becomes a dead letter (else it is dropped).
    pub overflow_to_dead_letters: bool,
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
    /// How long instead, delivery by delivery; the last one stands for all further ones.
    pub backoff: Vec<Span>,
    /// How many messages may be in the hands of consumers at once; `None`: any number.
    pub most_pending: Option<u64>,
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
            profile: Profile::Ours,
            capacity: 100_000,
            capacity_bytes: None,
            counts: Counts::Waiting,
            when_full: WhenFull::Block,
            overflow_to_dead_letters: false,
            order: Order::Fifo,
            time_to_live: None,
            expired_to_dead_letters: true,
            delay: Span::ZERO,
            at_least_once: true,
            lock: Span::secs(60),
            backoff: Vec::new(),
            most_pending: None,
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
        let profile = Profile::named(form.choice("rules"));
        let at_least_once = form.choice("guarantee") != "at_most_once";
        let retry = Retry::read(form);
        let (limit, most) = (form.integer("delivery_limit"), form.integer("max_deliveries"));
        let most_deliveries = match profile {
            // A limit of redeliveries; below zero there is none.
            Profile::RabbitQuorum => limit.map_or(21, |limit| u32::try_from(limit + 1).unwrap_or(0)),
            Profile::RedisStreams => 0,
            Profile::Ours | Profile::ServiceBus | Profile::JetStream => most.map_or(usual.most_deliveries, |most| most as u32),
        };
        let (lock, idle) = (form.span("lock"), form.span("claim_after"));
        let lock = if profile == Profile::RedisStreams { idle } else { lock };
        let most_pending = form.integer("max_ack_pending").map(|most| most as u64);
        let rules = Self {
            profile,
            capacity: form.integer("capacity").map_or(usual.capacity, |number| number as u64),
            capacity_bytes: form.size("capacity_bytes").map(|size| size.0),
            when_full: match form.choice("when_full") {
                "drop_newest" => WhenFull::DropNewest,
                "drop_oldest" => WhenFull::DropOldest,
                "reject" => WhenFull::Reject,
                _ => WhenFull::Block,
            },
            overflow_to_dead_letters: form.choice("overflow") == "dead_letter",
            time_to_live: form.distribution("time_to_live"),
            expired_to_dead_letters: form.choice("when_expired") == "dead_letter",
            at_least_once,
            lock: lock.unwrap_or(usual.lock),
            backoff: if profile == Profile::JetStream { backoff(form) } else { Vec::new() },
            most_pending: most_pending.filter(|_| profile == Profile::JetStream),
            most_deliveries,
            retry,
            ..usual
        };
        rules.held_against_broker(form);
        rules
    }

    /// What a broker refuses at once when a queue is declared.
    fn held_against_broker(&self, form: &mut Form<'_>) {
        match self.profile {
            Profile::ServiceBus => {
                if self.at_least_once && !(Span::secs(5)..=Span::secs(300)).contains(&self.lock) {
                    let message = format!("expected a lock from 5 s to 5 min, as Service Bus has it, found {}", self.lock);
                    form.problem("lock", message, "consumers that take longer renew their lock");
                }
                if self.most_deliveries == 0 {
                    form.problem("max_deliveries", "Service Bus always has a limit", "expected 1 or more; its default is 10");
                }
            }
            Profile::JetStream => {
                let steps = self.backoff.len();
                if self.most_deliveries > 0 && steps > self.most_deliveries as usize {
                    let message =
                        format!("{steps} waits for {} deliveries: JetStream refuses a consumer with more waits", self.most_deliveries);
                    form.problem("backoff", message, "raise `max_deliveries`, or leave waits out");
                }
            }
            Profile::Ours | Profile::RabbitQuorum | Profile::RedisStreams => {}
        }
    }

    /// How long the consumer of this delivery, counted from 1, may keep its message.
    pub fn lock_of(&self, delivery: u32) -> Span {
        let at = (delivery.max(1) as usize - 1).min(self.backoff.len().saturating_sub(1));
        self.backoff.get(at).copied().unwrap_or(self.lock)
    }
}

/// Reads `backoff`: spans with commas between.
fn backoff(form: &mut Form<'_>) -> Vec<Span> {
    let Some(text) = form.text("backoff") else { return Vec::new() };
    let mut spans = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.parse::<Span>() {
            Ok(span) if span > Span::ZERO => spans.push(span),
            Ok(_) => form.problem("backoff", "a wait of nothing is none", HOW_WAITS_ARE_WRITTEN),
            Err(error) => form.problem("backoff", error.to_string(), HOW_WAITS_ARE_WRITTEN),
        }
    }
    if spans.len() > MOST_WAITS {
        form.problem(
            "backoff",
            format!("expected up to {MOST_WAITS} waits, found {}", spans.len()),
            "the last one stands for all further ones",
        );
        spans.truncate(MOST_WAITS);
    }
    spans
}

const HOW_WAITS_ARE_WRITTEN: &str = "expected spans of time with commas between, such as \"1 s, 5 s, 30 s\"";

/// How many waits a list may have.
const MOST_WAITS: usize = 1_000;

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
