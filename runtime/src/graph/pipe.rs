//! A pipe of the document: a bounded edge between two ports. Its ends are its key in the graph.

use super::Point;
use super::node::Comments;
use crate::setting::Settings;

/// What is set on a pipe, and how it is drawn.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Pipe {
    /// `capacity` (messages; [`DEFAULT_CAPACITY`] if absent), and settings this program does not know.
    pub settings: Settings,
    /// Points the wire bends through, from sender to receiver.
    pub bends: Vec<Point>,
    /// Comments from the file.
    pub comments: Comments,
}

/// How many messages a pipe holds if nobody set its `capacity`.
pub const DEFAULT_CAPACITY: u32 = 256;
