//! The settings that the rules of a store are read from; queues and subscriptions share them.

use crate::node::field::{Lack, Usual, Word};
use crate::node::{Field, FieldType, Preset};

const fn word(name: &'static str, label: &'static str, help: &'static str) -> Word {
    Word { name, label, help }
}

const fn lack(words: &'static [&'static str], values: &'static [&'static str], why: &'static str) -> Lack {
    Lack { choice: "rules", words, values, why }
}

const fn usual(words: &'static [&'static str], default: Preset) -> Usual {
    Usual { choice: "rules", words, default }
}

/// Why most brokers have no `priority`.
pub const NO_PRIORITY: Lack =
    lack(&["service_bus", "jetstream", "redis_streams"], &[], "This broker has no priorities: use a queue for each.");

/// `rules`: whose rule book the store follows.
pub const RULES: Field = Field::new(
    "Rules",
    "rules",
    "Rules of",
    FieldType::Choice(&[
        word("ours", "Pipewright", "All settings are to be had; every failed delivery counts."),
        word(
            "rabbitmq_quorum",
            "RabbitMQ quorum queue",
            "A delivery limit of 20: a message rejected 21 times, or in the hands of a consumer that died, is given up; a nack and a timeout do not count. Returned messages go first.",
        ),
        word(
            "service_bus",
            "Azure Service Bus",
            "Peek-lock: ten deliveries, a lock of one minute that can be renewed, and no return before the lock ends if the consumer dies.",
        ),
        word(
            "jetstream",
            "NATS JetStream",
            "Without an answer within 30 s, or after the next wait of the backoff, a message goes again, for ever unless limited; after the last time it stays in the stream, and an advisory tells.",
        ),
        word(
            "redis_streams",
            "Redis stream",
            "What is not acknowledged stays pending until another consumer claims it after an idle time; nothing is ever given up.",
        ),
    ]),
    Preset::Word("ours"),
    "Whose rules hold: what counts as a failed delivery, when a message comes back and what becomes of it after the last time. Sets the defaults of that broker, and takes away the settings that it lacks.",
)
.source("RabbitMQ 4.3, Quorum Queues; Azure Service Bus, Message transfers, locks, and settlement; NATS, JetStream consumers; Redis, XREADGROUP and XAUTOCLAIM");

/// `delivery_limit`: how often `RabbitMQ` delivers again.
pub const DELIVERY_LIMIT: Field = Field::new(
    "Delivery",
    "delivery_limit",
    "Delivery limit",
    FieldType::Integer(-1, 1_000_000),
    Preset::Integer(20),
    "How many failed deliveries a message may have and be delivered once more: 20 allow 21 deliveries. Rejects and dead consumers count, nacks and timeouts do not. -1: no limit.",
)
.source("RabbitMQ 4.3, Quorum Queues, poison message handling; Negative Acknowledgements, basic.reject and basic.nack")
.when("rules", &["rabbitmq_quorum"]);

/// `max_ack_pending`: how many messages of a `JetStream` consumer may be without an answer.
pub const MAX_ACK_PENDING: Field = Field::new(
    "Delivery",
    "max_ack_pending",
    "Most unanswered",
    FieldType::Integer(1, 1_000_000),
    Preset::Integer(1_000),
    "How many messages may be without an answer at once, over all consumers together. Beyond that nothing is handed out, however many are free.",
)
.unit("messages")
.source("NATS, JetStream consumers, MaxAckPending: 1000 by default")
.when("rules", &["jetstream"]);

/// `backoff`: how long `JetStream` waits for an answer, delivery by delivery.
pub const BACKOFF: Field = Field::new(
    "Delivery",
    "backoff",
    "Backoff",
    FieldType::Text,
    Preset::None,
    "How long to wait for an answer instead of the lock, delivery by delivery, with commas between: `1 s, 5 s, 30 s`. The last one stands for all further ones. It does not hold back what is given back: that goes again at once.",
)
.source("NATS, JetStream consumers, BackOff: it overrides AckWait, and a negative acknowledgement does not heed it")
.when("rules", &["jetstream"]);

/// `claim_after`: from which idle time on Redis consumers claim each other's entries.
pub const CLAIM_AFTER: Field = Field::new(
    "Delivery",
    "claim_after",
    "Claimed after",
    FieldType::Span(1),
    Preset::Text("1 min"),
    "How long an entry must have been idle since its last delivery before another consumer claims it. Working does not make it less idle: work that takes longer is done twice.",
)
.source("Redis, XAUTOCLAIM, min-idle-time; it has no default there")
.when("rules", &["redis_streams"]);

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
)
.usually(&[usual(&["service_bus", "jetstream", "redis_streams"], Preset::Word("in_system"))]);

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
.source("RabbitMQ, queue overflow: drop-head, reject-publish")
.lacking(&[
    lack(
        &["rabbitmq_quorum"],
        &["block"],
        "RabbitMQ holds publishers back by its alarms for memory and disk, not by the length of one queue.",
    ),
    lack(&["rabbitmq_quorum"], &["drop_newest"], "A full quorum queue drops its head, or rejects what is published."),
    lack(
        &["service_bus"],
        &["block", "drop_newest", "drop_oldest"],
        "A full queue of Service Bus refuses: the sender gets a QuotaExceededException.",
    ),
    lack(&["jetstream"], &["block", "drop_newest"], "A full stream discards the old, or refuses the new: discard policy old or new."),
    lack(&["redis_streams"], &["block", "drop_newest", "reject"], "A stream of Redis is trimmed at its old end, by XADD with MAXLEN."),
])
.usually(&[
    usual(&["rabbitmq_quorum", "jetstream", "redis_streams"], Preset::Word("drop_oldest")),
    usual(&["service_bus"], Preset::Word("reject")),
]);

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

/// `overflow`: what becomes of messages that find no room.
pub const OVERFLOW: Field = Field::new(
    "Capacity",
    "overflow",
    "Dropped ones",
    FieldType::Choice(&[
        word("drop", "Are gone", "They are counted, with the reason `overflow`."),
        word("dead_letter", "To the dead letters", "They are kept apart, with the reason `overflow`."),
    ]),
    Preset::Word("drop"),
    "What becomes of messages that are dropped for want of room.",
)
.source("RabbitMQ, dead letter exchanges, reason maxlen")
.when("when_full", &["drop_newest", "drop_oldest"])
.lacking(&[lack(&["jetstream", "redis_streams"], &[], "What is discarded or trimmed for want of room is gone.")])
.usually(&[usual(&["rabbitmq_quorum"], Preset::Word("dead_letter"))]);

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
)
.lacking(&[lack(
    &["rabbitmq_quorum", "service_bus", "jetstream", "redis_streams"],
    &["lifo"],
    "These brokers hand out in the order of coming.",
)]);

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
)
.lacking(&[
    lack(&["rabbitmq_quorum"], &[], "What is returned to a quorum queue goes again before all others, in the order of its return."),
    lack(&["service_bus", "jetstream", "redis_streams"], &[], "What comes back goes again before all that has not gone yet."),
]);

/// `time_to_live`: how long a message may wait.
pub const TIME_TO_LIVE: Field = Field::new(
    "Time",
    "time_to_live",
    "Time to live",
    FieldType::Distribution,
    Preset::None,
    "How long a message may wait for a consumer, from its arrival: a span, or a distribution of the senders' patience. A message's own end is kept if it is earlier. While a consumer has it, it does not expire. Unset: for ever.",
)
.source("Azure Service Bus, message expiration: a locked message does not expire")
.lacking(&[
    lack(&["redis_streams"], &[], "Entries of a stream have no time to live: it is trimmed by length, or by hand with XTRIM."),
]);

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
)
.lacking(&[
    lack(&["jetstream"], &[], "What is older than the stream's maximum age is removed, and nobody is told."),
    lack(&["redis_streams"], &[], "Entries of a stream have no time to live."),
])
.usually(&[usual(&["service_bus", "jetstream"], Preset::Word("drop"))]);

/// `delay`: how long messages are kept back on arrival.
pub const DELAY: Field = Field::new(
    "Time",
    "delay",
    "Delivery delay",
    FieldType::Span(0),
    Preset::Text("0 s"),
    "How long each message is kept back when it arrives, before a consumer may have it.",
)
.source("Amazon SQS, delay queues")
.lacking(&[
    lack(&["rabbitmq_quorum"], &[], "Quorum queues delay what comes back, not what comes: that takes the plugin for delayed exchanges."),
    lack(&["jetstream"], &[], "A stream hands out at once; a delay is asked for message by message."),
    lack(&["redis_streams"], &[], "A stream of Redis has no delay."),
]);

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
)
.lacking(&[
    lack(&["rabbitmq_quorum"], &["effectively_once"], "A quorum queue does not look for duplicates: put a deduplicate node behind it."),
    lack(&["redis_streams"], &["effectively_once"], "A consumer group does not look for duplicates: put a deduplicate node behind it."),
]);

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
.when("guarantee", &["effectively_once"])
.usually(&[usual(&["jetstream"], Preset::Text("2 min"))]);

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
.when("guarantee", AT_LEAST_ONCE)
.lacking(&[
    lack(&["rabbitmq_quorum"], &[], "A quorum queue has no sessions; order takes a single active consumer: one pool with one server."),
    lack(&["service_bus"], &["total"], "A session is a key: give all messages one key."),
    lack(&["jetstream"], &[], "Set `max_ack_pending: 1` for one at a time; JetStream does not order by key."),
    lack(&["redis_streams"], &[], "A consumer group does not order across consumers: use a stream for each key."),
]);

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
.when("guarantee", AT_LEAST_ONCE)
.lacking(&[
    lack(&["redis_streams"], &[], "Redis takes a pending entry away from nobody: another consumer claims it, see `claim_after`."),
])
.usually(&[
    usual(&["rabbitmq_quorum"], Preset::Text("30 min")),
    usual(&["jetstream"], Preset::Text("30 s")),
]);

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
.when("guarantee", AT_LEAST_ONCE)
.lacking(&[
    lack(&["rabbitmq_quorum"], &[], "RabbitMQ limits redeliveries: set `delivery_limit`, which is 20 unless set and allows 21 deliveries."),
    lack(
        &["redis_streams"],
        &[],
        "Redis counts deliveries and limits nothing: let the consumer look at the count, with `gives_up_after` of the pool.",
    ),
])
.usually(&[usual(&["jetstream"], Preset::Integer(0))]);

/// `retry`: how the delays between deliveries grow.
pub const RETRY: Field = Field::new(
    "Delivery",
    "retry",
    "Retry",
    FieldType::Choice(&[
        word("immediate", "At once", "A failed message is ready again at once."),
        word("fixed", "After a fixed delay", "It waits as long after every failure."),
        word("linear", "After longer delays", "Each wait is longer by the retry delay than the one before, up to a cap."),
        word("exponential", "After growing delays", "Each wait is twice the one before, up to a cap, with jitter."),
    ]),
    Preset::Word("immediate"),
    "How long a failed message waits before its next delivery.",
)
.when("guarantee", AT_LEAST_ONCE)
.lacking(&[
    lack(&["rabbitmq_quorum"], &["fixed", "exponential"], "Delayed retry of quorum queues grows linearly."),
    lack(&["service_bus"], &[], "A message that is abandoned is there again at once."),
    lack(&["jetstream"], &[], "A message that is given back is there again at once; what is never settled follows `backoff`."),
    lack(&["redis_streams"], &[], "What is not acknowledged stays pending until it is claimed, see `claim_after`."),
]);

/// `retry` of a filter that tries again by itself.
pub const RETRY_OF_STEP: Field = Field::new(
    "Failures",
    "retry",
    "Retry",
    FieldType::Choice(&[
        word("immediate", "At once", "A failed attempt is followed by the next at once."),
        word("fixed", "After a fixed delay", "It waits as long after every failure."),
        word("linear", "After longer delays", "Each wait is longer by the retry delay than the one before, up to a cap."),
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
.when("retry", &["fixed", "linear", "exponential"]);

/// `retry_cap`: the longest delay.
pub const RETRY_CAP: Field =
    Field::new("Delivery", "retry_cap", "Longest delay", FieldType::Span(1), Preset::Text("100 s"), "No wait grows beyond this.")
        .when("retry", &["linear", "exponential"]);

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
