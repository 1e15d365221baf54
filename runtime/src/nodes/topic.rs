//! Topics and subscriptions: every subscription gets a copy.

pub mod pattern;
pub mod subscription;
#[allow(clippy::module_inception)]
pub mod topic;
