//! Claim check: large payloads wait in a store, and what travels is a reference to them.

mod bucket;
pub mod check_in;
pub mod check_out;
mod costs;
mod errands;
mod headers;
mod place;
