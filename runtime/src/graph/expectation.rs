//! An expectation of the document: what must hold when the graph has run. Its name, a sentence, is its key in the graph.

use crate::setting::Setting;

/// What must hold, as it stands in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// The claim with its arguments, such as `at_most(of: "latency.p99_s", value: "200 ms")`.
    pub claim: Setting,
    /// Comments before it.
    pub comments: Vec<String>,
}
