//! The live driver: one thread for each shard, by the wall clock; the outside on tokio. Cranked by hand for the tests (G11).

pub mod clock;
pub mod conductor;
pub mod crank;
pub mod http;
pub mod outside;
pub mod programs;
pub mod storekeeper;
pub mod worker;
