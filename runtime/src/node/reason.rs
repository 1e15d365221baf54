//! The words for why a message was dropped or dead-lettered, where the engine or several kinds use the same one.

/// A full store refused it, or pushed it out for a newer one.
pub const OVERFLOW: &str = "overflow";
/// Its time to live ended while it waited.
pub const EXPIRED: &str = "expired";
/// It was delivered as often as allowed.
pub const MAX_DELIVERIES: &str = "max_deliveries";
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
/// It was given up in an earlier run, for a reason that this version does not know.
pub const GIVEN_UP: &str = "given_up";

/// The word for a reason that was written down by an earlier run.
pub fn known(reason: &str) -> &'static str {
    let words = [OVERFLOW, EXPIRED, MAX_DELIVERIES, UNROUTABLE, TOO_BIG, DUPLICATE, REMOVED];
    words.into_iter().find(|word| *word == reason).unwrap_or(GIVEN_UP)
}
