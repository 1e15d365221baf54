//! Queues and those who work on them: each message goes to one consumer.

pub mod consumer_pool;
pub mod dead_letters;
pub mod keeping;
#[allow(clippy::module_inception)]
pub mod queue;
pub mod retry;
pub mod rules;
mod sharing;
pub mod store;
