//! Expectations: what must hold when a graph has run, written in its section `expect` and judged at the end of every run.
//!
//! A claim is about a figure of the report ([`Figure`]) or about messages as they come in at a node ([`Watch`]). Names are checked before the
//! run, each with its place in the file; a claim that cannot be judged counts as broken, so that a slip of the pen never passes for success.

mod claim;
mod figure;
mod judge;
mod watch;

#[cfg(test)]
mod tests;

pub use claim::{CLAIMS, Claim, Expected, KnownClaim, Relation, read};
pub use figure::Figure;
pub use judge::judge;
pub use watch::Watch;
