//! Durable stores: one file for each graph, in which queues, subscriptions and dead letters keep their messages across runs.
//!
//! The file is `durable.db` in the folder that the graph writes below, a `SQLite` database in write-ahead mode with every commit synced to the
//! disk ([decision 9](../../docs/decisions/0009-durable-store.md)). Any tool for that reads it: the view `kept` shows who keeps what. Nothing in here decides
//! anything: what is kept, tried, given up or done with is said by the behaviours, which ask through [`crate::node::Ask`].
//!
//! 1. A write is all or nothing, and on the disk when it is answered. Writes of several nodes that wait at the same time go in one commit.
//! 2. One process writes a file at a time; it holds a lock beside the file, which the system takes away when the process ends, however it ends.
//! 3. A message that cannot be read any more becomes a dead letter with the reason `unreadable`; it is never passed over in silence.

pub mod claims;
pub mod file;
pub mod letters;
mod record;
#[cfg(test)]
mod tests;

pub use file::{StoreError, Stores};
pub use letters::{Act, Letter, Redriven, Wanted};
