//! A note: Markdown text on the canvas.

use super::Point;
use crate::id::NodeId;

/// A note's number inside its graph.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NoteId(pub u32);

/// Text on the canvas.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Note {
    /// Markdown.
    pub text: String,
    /// Left upper corner.
    pub position: Point,
    /// Width and height.
    pub size: Point,
    /// The composite that it stands in; `None` at the top.
    pub inside: Option<NodeId>,
}
