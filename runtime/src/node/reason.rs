//! The words for why a message was dropped or dead-lettered, where the engine or several kinds use the same one.

/// A full store refused it, or pushed it out for a newer one.
pub const OVERFLOW: &str = "overflow";
/// Its time to live ended while it waited.
pub const EXPIRED: &str = "expired";
/// It was delivered as often as allowed.
pub const MAX_DELIVERIES: &str = "max_deliveries";
/// It was redelivered as often as allowed, in the words of `RabbitMQ`.
pub const DELIVERY_LIMIT: &str = "delivery_limit";
/// The same in the words of Azure Service Bus.
pub const MAX_DELIVERY_COUNT_EXCEEDED: &str = "MaxDeliveryCountExceeded";
/// Its time to live ended while it waited, in the words of Azure Service Bus.
pub const TTL_EXPIRED_EXCEPTION: &str = "TTLExpiredException";
/// A full queue of `RabbitMQ` pushed it out.
pub const MAXLEN: &str = "maxlen";
/// Its consumer gave it up.
pub const REJECTED: &str = "rejected";
/// Its consumer gave it up, and its stream lets it go: `JetStream`'s term.
pub const TERMINATED: &str = "terminated";
/// Its consumer gave it up and acknowledged it, since its store knows no other way; or it was given up in an earlier run, for a reason that this
/// version does not know.
pub const GIVEN_UP: &str = "given_up";
/// No subscription wanted it.
pub const UNROUTABLE: &str = "unroutable";
/// A subscription did not want this copy.
pub const NOT_MATCHED: &str = "not_matched";
/// A filter let it end.
pub const FILTERED: &str = "filtered";
/// A late instance of a message that had been handed out again.
pub const SUPERSEDED: &str = "superseded";
/// A source could not send it in time (G7).
pub const SOURCE_OVERRUN: &str = "source_overrun";
/// It is larger than a pipe's whole byte bound (G1).
pub const TOO_BIG: &str = "too_big";
/// It came before, within the window of a deduplication.
pub const DUPLICATE: &str = "duplicate";
/// A person discarded it from the dead letters.
pub const DISCARDED: &str = "discarded";
/// A durable store gave it up, and what its output for dead letters leads to failed too; the store keeps it.
pub const UNDELIVERABLE: &str = "undeliverable";
/// The node or pipe that it was in, or on its way to, was taken out while the graph ran (G12).
pub const REMOVED: &str = "removed";

/// The word for a reason that was written down by an earlier run.
pub fn known(reason: &str) -> &'static str {
    let words = [
        OVERFLOW,
        EXPIRED,
        MAX_DELIVERIES,
        UNROUTABLE,
        TOO_BIG,
        DUPLICATE,
        REMOVED,
        DELIVERY_LIMIT,
        MAX_DELIVERY_COUNT_EXCEEDED,
        TTL_EXPIRED_EXCEPTION,
        MAXLEN,
        REJECTED,
    ];
    words.into_iter().find(|word| *word == reason).unwrap_or(GIVEN_UP)
}

/// Whether a reason says that a time to live has ended.
pub fn is_expiry(reason: &str) -> bool {
    reason == EXPIRED || reason == TTL_EXPIRED_EXCEPTION
}

/// Whether a reason says that there was no room.
pub fn is_overflow(reason: &str) -> bool {
    reason == OVERFLOW || reason == MAXLEN
}
