//! Everything wrong with a graph at once, each problem with a code and a hint. Pure. (to be written)
use crate::graph::Graph;
use crate::node::Catalogue;
use crate::problem::Problem;

/// Checks the whole graph.
pub fn check(_graph: &Graph, _catalogue: Catalogue) -> Vec<Problem> {
    Vec::new()
}
