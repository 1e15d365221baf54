//! Reading and writing graph files: RON, with comments and unknown parts kept.
//!
//! The format is described in `runtime/docs/graph-format.md`. Reading never fails and never panics: it gives what could be understood, every
//! problem with its line and column, and keeps as text what was not understood, so that saving loses nothing. Where saving would lose
//! something all the same (torn brackets, a newer format, too large a file) the result is read-only.

pub mod parts;
pub mod positions;
pub mod store;
pub mod upgrade;

mod expect;
mod found;
mod layout;
mod lexer;
mod literal;
mod read;
#[cfg(test)]
mod round_trip;
mod setting;
mod tree;
mod write;

pub use positions::Positions;
pub use read::{MOST_BYTES, MOST_NODES, Read, read, read_bytes};
pub use store::{Fingerprint, LoadError, Loaded, SaveError, backup_path, load, save, save_text};
pub use tree::MOST_NESTED;
pub use write::write;

/// The format that this program writes.
pub const FORMAT: i64 = 1;
