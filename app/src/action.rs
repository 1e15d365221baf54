//! What a person can mean. Panels and the canvas drop actions into the outbox; one place performs them.

pub mod outbox;
pub mod perform;
pub mod shortcuts;
pub mod table;

pub use outbox::Outbox;
pub use table::Command;

use egui::Pos2;
use pipewright_runtime::engine::control::Control;
use pipewright_runtime::graph::{Edit, FrameId, NoteId};
use pipewright_runtime::id::{End, NodeId, PipeId};

/// Something on the canvas that can be selected.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Item {
    /// A node.
    Node(NodeId),
    /// A pipe.
    Pipe(PipeId),
    /// A frame.
    Frame(FrameId),
    /// A note.
    Note(NoteId),
}

/// A request to the program.
#[derive(Clone, Debug)]
pub enum Action {
    /// Change the document as one undoable step (or as part of the open gesture).
    Edit(String, Edit),
    /// Edits until `EndGesture` become one step with this label.
    BeginGesture(String),
    /// Ends the gesture.
    EndGesture,
    /// Ends the gesture and takes back what it did.
    CancelGesture,
    /// Select just these.
    Select(Vec<Item>),
    /// Put a node of this kind here (canvas coordinates), wired as told: from this output, or into this pipe.
    AddNode {
        /// The kind's name.
        kind: String,
        /// Its left upper corner in canvas units.
        at: Pos2,
        /// An output to wire to its first input, or an input to wire its first output to.
        wire: Option<End>,
        /// A pipe to put it into.
        into: Option<PipeId>,
    },
    /// Wire an output to an input; between a topic and anything else a subscription is put in (G2).
    Connect(End, End),
    /// Lead a pipe to other ends.
    Reconnect(PipeId, End, End),
    /// Ask the run.
    Control(Control),
    /// A command of the table, by its name.
    Command(&'static str),
    /// Open the quick-add list at this place of the canvas, wired as in `AddNode`.
    QuickAdd(Pos2, Option<End>),
    /// Open a composite, or the top.
    Enter(Option<NodeId>),
    /// Bring a problem's place into view.
    Reveal(Item),
}
