//! The rule books of brokers: what a queue does differently when it is to behave as one of theirs.
//!
//! | | ours | `RabbitMQ` quorum | Service Bus | `JetStream` | Redis streams |
//! |---|---|---|---|---|---|
//! | counts as a failed delivery | all | reject, crash | all | all | all, and no limit |
//! | given back, failed | at once, or after *retry* | at once, or growing by *retry delay* | at once | at once | when idle for *claim after* |
//! | its consumer dies | at once, or after *retry* | at once | when the lock ends | when the wait ends | when idle for *claim after* |
//! | longer than the lock | again | again, not counted | again | again, after the next of *backoff* | claimed |
//! | the consumer renews | yes | no | yes | yes | no |
//! | goes again | by *returned to* | before all others | before all others | before all others | before all others |
//! | after the last delivery | `max_deliveries` | `delivery_limit` | `MaxDeliveryCountExceeded` | an advisory; it stays | goes on for ever |
//! | given up by its consumer | `rejected` | `rejected` | `rejected` | an advisory; dropped, `terminated` | acknowledged: dropped, `given_up` |
//! | time to live over | at once | at the head of the queue | at once | at once, dropped | no such thing |
//!
//! Sources: `RabbitMQ` 4.3, Quorum Queues (poison message handling, delayed retry, consumer timeout, priorities) and Negative Acknowledgements;
//! Azure Service Bus, Message transfers, locks, and settlement, and Overview of dead-letter queues; NATS, `JetStream` consumers and
//! Acknowledgement; Redis, XREADGROUP, XPENDING, XCLAIM and XAUTOCLAIM.

use crate::node::Fault;
use crate::node::reason;

/// Whose rules a store follows.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Profile {
    /// Our own.
    #[default]
    Ours,
    /// Quorum queues of `RabbitMQ` 4.3.
    RabbitQuorum,
    /// Queues of Azure Service Bus, received in peek-lock mode.
    ServiceBus,
    /// A work-queue stream of NATS `JetStream` with one explicit-ack consumer.
    JetStream,
    /// A stream of Redis with one consumer group.
    RedisStreams,
}

/// When a message whose delivery failed may go again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comes {
    /// At once.
    AtOnce,
    /// After the delay between deliveries.
    AfterRetry,
    /// Its store does not hear of the failure: when the lock ends.
    WhenLockEnds,
}

/// What becomes of a message that is not delivered any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It becomes a dead letter, for this reason.
    DeadLetter(&'static str),
    /// It stays in the store, to nobody's use, and an advisory tells.
    SetAside,
    /// It is dropped for this reason, and an advisory tells.
    Terminated(&'static str),
    /// It is dropped for this reason.
    Dropped(&'static str),
}

impl Profile {
    /// By its word.
    pub fn named(word: &str) -> Self {
        match word {
            "rabbitmq_quorum" => Self::RabbitQuorum,
            "service_bus" => Self::ServiceBus,
            "jetstream" => Self::JetStream,
            "redis_streams" => Self::RedisStreams,
            _ => Self::Ours,
        }
    }

    /// Whether a delivery that ended so counts towards the most deliveries.
    pub const fn counts(self, fault: Fault) -> bool {
        match self {
            Self::Ours | Self::ServiceBus | Self::JetStream | Self::RedisStreams => true,
            Self::RabbitQuorum => !matches!(fault, Fault::Returned | Fault::LockLost),
        }
    }

    /// When a message goes again whose delivery ended so.
    pub const fn comes(self, fault: Fault) -> Comes {
        match (self, fault) {
            (_, Fault::LockLost) => Comes::AtOnce,
            (Self::Ours | Self::RabbitQuorum, _) => Comes::AfterRetry,
            (Self::ServiceBus | Self::JetStream, Fault::Crashed) | (Self::RedisStreams, _) => Comes::WhenLockEnds,
            (Self::ServiceBus | Self::JetStream, _) => Comes::AtOnce,
        }
    }

    /// Whether a consumer that is still at work can lengthen its lock.
    pub const fn renews(self) -> bool {
        !matches!(self, Self::RabbitQuorum | Self::RedisStreams)
    }

    /// Whether what comes back goes before all that have not gone yet, in the order of coming back.
    pub const fn returned_first(self) -> bool {
        !matches!(self, Self::Ours)
    }

    /// Whether a message whose time to live is over is only looked at when it has come to the head of the queue.
    pub const fn expires_at_head(self) -> bool {
        matches!(self, Self::RabbitQuorum)
    }

    /// The highest priority told apart.
    pub const fn highest_priority(self) -> u8 {
        if matches!(self, Self::RabbitQuorum) { 31 } else { u8::MAX }
    }

    /// What becomes of a message after its last delivery.
    pub const fn after_last(self) -> End {
        match self {
            Self::Ours => End::DeadLetter(reason::MAX_DELIVERIES),
            Self::RabbitQuorum => End::DeadLetter(reason::DELIVERY_LIMIT),
            Self::ServiceBus => End::DeadLetter(reason::MAX_DELIVERY_COUNT_EXCEEDED),
            Self::JetStream | Self::RedisStreams => End::SetAside,
        }
    }

    /// What becomes of a message that its consumer has given up.
    pub const fn given_up(self) -> End {
        match self {
            Self::Ours | Self::RabbitQuorum | Self::ServiceBus => End::DeadLetter(reason::REJECTED),
            Self::JetStream => End::Terminated(reason::TERMINATED),
            Self::RedisStreams => End::Dropped(reason::GIVEN_UP),
        }
    }

    /// The word for a time to live that is over.
    pub const fn expired(self) -> &'static str {
        if matches!(self, Self::ServiceBus) { reason::TTL_EXPIRED_EXCEPTION } else { reason::EXPIRED }
    }

    /// The word for a message pushed out of a full store.
    pub const fn overflowed(self) -> &'static str {
        if matches!(self, Self::RabbitQuorum) { reason::MAXLEN } else { reason::OVERFLOW }
    }
}
