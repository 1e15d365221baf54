//! The node kinds: one folder per family, one file per kind.

pub mod publish;
pub mod queue;
pub mod sink;

use crate::node::Catalogue;

/// Every kind there is, in the order of the palette.
pub const CATALOGUE: Catalogue =
    Catalogue(&[&publish::generator::GENERATOR, &queue::queue::QUEUE, &queue::consumer_pool::CONSUMER_POOL, &sink::sink::SINK]);
