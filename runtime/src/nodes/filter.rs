//! Filters: each does one thing to the messages that pass, and is joined to the next by a pipe.

pub mod aggregate;
pub mod balance;
pub mod batch;
pub mod deduplicate;
pub mod delay;
pub mod enrich;
#[allow(clippy::module_inception)]
pub mod filter;
pub mod jq;
pub mod map;
pub mod program;
pub mod recipient_list;
pub mod resequence;
pub mod route;
pub mod sample;
pub mod split;
pub mod step;
pub mod throttle;
pub mod transform;
pub mod validate;
pub mod wire_tap;

use crate::node::{Effects, Port};

/// Why a message that nobody wanted on was dropped.
pub(super) const FILTERED: &str = "filtered";

/// The input that all filters have.
const fn input() -> Port {
    Port::input("in", "Messages to work on.")
}

/// The error output that all filters have.
const fn error() -> Port {
    Port::error("error", "Messages on which this failed, unchanged. Unwired, they go to the graph's dead letters.")
}

/// Sends a message on at an optional output, or drops it for this reason where no pipe leaves.
fn emit_or_drop(fx: &mut Effects<'_>, port: usize, message: crate::message::Message, reason: &'static str) {
    if fx.wired(port) > 0 {
        fx.emit(port, message);
    } else {
        fx.drop(message, reason);
    }
}
