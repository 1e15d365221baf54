//! Topics and subscriptions: every subscription gets a copy.

mod presence;
mod record;
mod routes;
pub mod subscription;
#[allow(clippy::module_inception)]
pub mod topic;
