//! Stand-ins for reading and checking files until those parts are merged.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod file {
    use pipewright_runtime::{graph::Graph, node::Catalogue, problem::Problem};
    use std::path::Path;
    #[derive(Clone, PartialEq, Eq, Debug)]
    pub struct Fingerprint;
    impl Fingerprint {
        pub fn of(_: &Path) -> std::io::Result<Self> {
            Ok(Self)
        }
    }
    pub struct Read {
        pub graph: Graph,
        pub problems: Vec<Problem>,
        pub read_only: bool,
    }
    pub fn read(_: &str, _: Catalogue) -> Read {
        Read { graph: Graph::default(), problems: Vec::new(), read_only: false }
    }
    pub fn write(_: &Graph) -> String {
        String::new()
    }
    pub fn load(path: &Path) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
    pub fn save(_: &Path, _: &Graph) -> std::io::Result<()> {
        Err(std::io::Error::other("not yet"))
    }
}
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
