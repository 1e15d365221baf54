//! What a file says and this program does not understand: kept as text, and written back where it belongs.

use super::{FrameId, NoteId};
use crate::setting::Settings;
use indexmap::IndexMap;

/// Source text with the comments before it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct KeptText {
    /// Comments before it.
    pub comments: Vec<String>,
    /// The entry as it stood, without the comma.
    pub text: String,
}

/// Everything that was not understood and belongs to no node or pipe.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Kept {
    /// Unknown sections.
    pub sections: Vec<KeptText>,
    /// Entries of `nodes` without a usable id.
    pub nodes: Vec<KeptText>,
    /// Entries of `pipes` that name no two ports, or name a pair for the second time.
    pub pipes: Vec<KeptText>,
    /// Entries of `expect` that cannot be read, or have a name for the second time.
    pub expectations: Vec<KeptText>,
    /// Entries of `layout`, and below it of `nodes`, `ports`, `bends`, `frames` and `notes`, by the name of the part (empty: `layout` itself).
    pub layout: IndexMap<String, Vec<KeptText>>,
    /// Unknown settings of frames.
    pub frames: IndexMap<FrameId, Settings>,
    /// Unknown settings of notes.
    pub notes: IndexMap<NoteId, Settings>,
}
