//! Stand-ins for reading and checking files until those parts are merged.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod check {
    use pipewright_runtime::{graph::Graph, node::Catalogue, problem::Problem};
    pub fn check(_: &Graph, _: Catalogue) -> Vec<Problem> {
        Vec::new()
    }
    pub mod ports {
        use pipewright_runtime::{graph::Graph, id::End, node::Catalogue};
        pub fn may_connect(_: &Graph, _: Catalogue, _: &End, _: &End) -> Result<(), String> {
            Ok(())
        }
    }
}
