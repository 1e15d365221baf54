//! A frame: a tinted, named rectangle behind nodes.

use super::Point;
use crate::id::NodeId;

/// A frame's number inside its graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FrameId(pub u32);

/// A tinted, named rectangle. Nodes inside it move with it.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Frame {
    /// Its name.
    pub title: String,
    /// Left upper corner.
    pub position: Point,
    /// Width and height.
    pub size: Point,
    /// The composite that it stands in; `None` at the top.
    pub inside: Option<NodeId>,
}
