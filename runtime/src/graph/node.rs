//! A node of the document: a kind by name, a title, settings and a place.

use super::Point;
use crate::setting::Settings;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// Comments of the file that survive edits: those before a thing as a whole, and those before each of its settings. Each entry is one
/// comment as written, with its slashes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Comments {
    /// Before the thing.
    pub before: Vec<String>,
    /// Before each setting, by name; the empty name stands for the end of the settings.
    pub settings: IndexMap<String, Vec<String>>,
}

/// A node as it stands in the document. Its id is its key in the graph.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Node {
    /// The name of its kind; may be one that this program does not know.
    pub kind: String,
    /// The title on screen; empty if the id serves.
    pub title: String,
    /// What was set, known or not, in the order of the file.
    pub settings: Settings,
    /// Where it stands: its left upper corner.
    pub position: Point,
    /// Where ports of a composite stand on its inside, as far as they were given a place: the left upper corner of each, by its name.
    pub port_places: BTreeMap<String, Point>,
    /// Comments from the file.
    pub comments: Comments,
    /// The source text of the whole entry if it could not be understood as a node; kept as it is.
    pub opaque: Option<String>,
}

impl Node {
    /// A node of this kind at this place, with every setting at its default.
    pub fn new(kind: impl Into<String>, position: Point) -> Self {
        Self { kind: kind.into(), position, ..Self::default() }
    }
}
