//! Where messages end.

#[allow(clippy::module_inception)]
pub mod sink;
