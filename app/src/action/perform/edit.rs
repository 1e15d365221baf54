//! Commands that change the document.

use super::{apply, select};
use crate::action::{Action, Item};
use crate::dialogs::{Dialog, Question, QuickAdd};
use crate::state::{Request, State};
use pipewright_runtime::check;
use pipewright_runtime::file;
use pipewright_runtime::graph::layout::{NODE_HEIGHT, NODE_WIDTH, arrange as arranged};
use pipewright_runtime::graph::{Edit, Frame, Graph, Note, Point};
use pipewright_runtime::id::NodeId;

/// How far a copy stands from what it was made of.
const COPY_OFFSET: f32 = 32.0;
/// Space between a frame and the nodes in it; more above, for its name.
const FRAME_MARGIN: f32 = 24.0;

/// Takes back the last change.
pub fn undo(state: &mut State) {
    travel(state, true);
}

/// Makes it again.
pub fn redo(state: &mut State) {
    travel(state, false);
}

fn travel(state: &mut State, back: bool) {
    let Some(open) = state.front_mut() else { return };
    let before: Vec<_> = open.document.whole().nodes().iter().map(|(id, node)| (id.clone(), node.clone())).collect();
    open.remember_selection();
    let label = if back { open.document.undo() } else { open.document.redo() };
    open.recall_selection();
    // Settings that came back come into force in a run, too.
    let graph = open.document.whole();
    let changed: Vec<NodeId> = before
        .into_iter()
        .filter(|(id, node)| graph.nodes().get(id).is_some_and(|now| now.settings != node.settings))
        .map(|(id, _)| id)
        .collect();
    for node in changed {
        super::run::hot_change(state, &node);
    }
    if let Some(label) = label {
        state.done(format!("{}: {label}", if back { "Undone" } else { "Redone" }));
    }
}

/// Copies the selected nodes, then deletes them.
pub fn cut(state: &mut State) {
    copy(state);
    delete(state);
}

/// Copies the selected nodes with the pipes between them, as the text of a file.
pub fn copy(state: &mut State) {
    let Some(open) = state.front() else { return };
    let nodes: Vec<NodeId> = select::nodes(open).cloned().collect();
    if nodes.is_empty() {
        return;
    }
    let text = file::write(&open.document.graph().extract(&nodes));
    state.requests.push(Request::Copy(text));
    state.done(if nodes.len() == 1 { "Copied 1 node".to_owned() } else { format!("Copied {} nodes", nodes.len()) });
}

/// Puts in what was copied; without its text, asks the window for it.
pub fn paste(state: &mut State) {
    let Some(text) = state.pasted.take() else {
        state.requests.push(Request::Paste);
        return;
    };
    let read = file::read(&text, state.catalogue);
    if read.graph.nodes().is_empty() && read.graph.notes().is_empty() {
        state.failed("The clipboard holds no nodes.");
        return;
    }
    let Some(open) = state.front() else { return };
    // Under the pointer; from a menu, in the middle of what is seen.
    let middle = open.canvas.pointer().unwrap_or(open.views.canvas_centre);
    let at = Point { x: (middle.x / 4.0).round() * 4.0, y: (middle.y / 4.0).round() * 4.0 };
    insert(state, "Paste", &read.graph, at);
}

/// Puts in a copy of the selected nodes beside them.
pub fn duplicate(state: &mut State) {
    let Some(open) = state.front() else { return };
    let nodes: Vec<NodeId> = select::nodes(open).cloned().collect();
    let graph = open.document.graph();
    let places = nodes.iter().filter_map(|id| graph.node(id)).map(|node| node.position);
    let Some(corner) = places.reduce(|a, b| Point { x: a.x.min(b.x), y: a.y.min(b.y) }) else { return };
    let clip = graph.extract(&nodes);
    insert(state, "Duplicate", &clip, Point { x: corner.x + COPY_OFFSET, y: corner.y + COPY_OFFSET });
}

fn insert(state: &mut State, label: &str, clip: &Graph, at: Point) {
    let Some(open) = state.front() else { return };
    let (change, nodes) = open.document.graph().insert_on(open.document.level(), clip, at);
    apply(state, label, change);
    state.push(Action::Select(nodes.into_iter().map(Item::Node).collect()));
}

/// Deletes what is selected; asks first if the graph runs and a store among it holds messages.
pub fn delete(state: &mut State) {
    if !asked_to_take_out(state, false) {
        delete_anyway(state);
    }
}

/// Whether the person is asked before stores with messages in them are taken out of a running graph.
fn asked_to_take_out(state: &mut State, reconnect: bool) -> bool {
    let Some(open) = state.front().filter(|open| open.running()) else { return false };
    let Some(snapshot) = open.session.as_ref().and_then(|session| session.snapshot()) else { return false };
    let (mut messages, mut names) = (0, Vec::new());
    let selected: Vec<&NodeId> = select::nodes(open).collect();
    // A composite goes with all that is inside.
    let goes = |id: &NodeId| selected.iter().any(|one| *one == id || id.below(one.as_str()).is_some());
    for (id, figures) in snapshot.nodes.iter().filter(|(id, _)| goes(id)) {
        // A store tells how many of its messages are ready.
        if figures.held > 0 && figures.gauges.iter().any(|gauge| gauge.name == "ready") {
            messages += figures.held;
            names.push(open.title_of(id));
        }
    }
    if names.is_empty() {
        return false;
    }
    state.dialog = Some(Dialog::Question(Question::TakeOut { messages, names, reconnect }));
    true
}

/// Deletes what is selected.
pub fn delete_anyway(state: &mut State) {
    let Some(open) = state.front() else { return };
    let graph = open.document.graph();
    let nodes: Vec<NodeId> = select::nodes(open).cloned().collect();
    let with_nodes = |pipe: &pipewright_runtime::id::PipeId| nodes.contains(&pipe.from.node) || nodes.contains(&pipe.to.node);
    let mut edits = Vec::new();
    for item in &open.selection {
        match item {
            Item::Pipe(pipe) if graph.pipe(pipe).is_some() && !with_nodes(pipe) => edits.push(Edit::RemovePipe(pipe.clone())),
            Item::Frame(frame) => edits.push(Edit::SetFrame(*frame, None)),
            Item::Note(note) => edits.push(Edit::SetNote(*note, None)),
            Item::Pipe(_) | Item::Node(_) => {}
        }
    }
    if nodes.iter().any(|node| graph.node(node).is_none()) {
        return state.failed("This stands in a used file: open that file, or take its content over, to change more than settings.");
    }
    edits.push(graph.remove_nodes(&nodes));
    let label = if open.selection.len() == 1 { "Delete" } else { "Delete selection" };
    apply(state, label, Edit::Group(edits));
}

/// Deletes the selected nodes and wires their neighbours to each other, where that may be; asks as [`delete`] does.
pub fn delete_reconnect(state: &mut State) {
    if !asked_to_take_out(state, true) {
        delete_reconnect_anyway(state);
    }
}

/// Deletes the selected nodes and wires their neighbours to each other, where that may be.
pub fn delete_reconnect_anyway(state: &mut State) {
    let catalogue = state.catalogue;
    let Some(open) = state.front_mut() else { return };
    let nodes: Vec<NodeId> = select::nodes(open).cloned().collect();
    open.document.begin_gesture("Delete and reconnect");
    for node in nodes {
        let Some(open) = state.front() else { break };
        let graph = open.document.graph();
        let without = {
            let mut without = graph.clone();
            // The neighbours' ports must be looked at as they are once the node is gone.
            let _ = without.apply(graph.remove_nodes(std::slice::from_ref(&node)));
            without
        };
        let allowed = |from: &_, to: &_| check::ports::may_connect(&without, catalogue, from, to).is_ok();
        let change = graph.remove_and_reconnect(&node, allowed).unwrap_or_else(|| graph.remove_nodes(std::slice::from_ref(&node)));
        apply(state, "Delete and reconnect", change);
    }
    if let Some(open) = state.front_mut() {
        open.document.end_gesture();
    }
}

/// Takes the bends out of the selected pipes.
pub fn straighten(state: &mut State) {
    let Some(open) = state.front() else { return };
    let straight = select::bent_pipes(open).map(|pipe| Edit::SetBends(pipe.clone(), Vec::new())).collect();
    apply(state, "Straighten", Edit::Group(straight));
}

/// Lays the nodes out from left to right.
pub fn arrange(state: &mut State) {
    let Some(open) = state.front() else { return };
    let mut changes = vec![arranged(open.document.shown(), Point { x: 40.0, y: 40.0 })];
    // The ports that were moved stood beside nodes that stand elsewhere now.
    changes.extend(open.document.level().into_iter().flat_map(|level| open.document.whole().unplace_ports(level)));
    apply(state, "Arrange", Edit::Group(changes));
    super::view::fit(state);
}

/// Puts a frame around the selected nodes.
pub fn frame(state: &mut State) {
    let Some(open) = state.front() else { return };
    let graph = open.document.whole();
    let places: Vec<Point> = select::nodes(open).filter_map(|id| graph.node(id)).map(|node| node.position).collect();
    let Some(first) = places.first().copied() else { return };
    let (least, most) = places.iter().fold((first, first), |(least, most), at| {
        (Point { x: least.x.min(at.x), y: least.y.min(at.y) }, Point { x: most.x.max(at.x), y: most.y.max(at.y) })
    });
    let position = Point { x: least.x - FRAME_MARGIN, y: least.y - FRAME_MARGIN - 16.0 };
    let size =
        Point { x: most.x - least.x + NODE_WIDTH + 2.0 * FRAME_MARGIN, y: most.y - least.y + NODE_HEIGHT + 2.0 * FRAME_MARGIN + 16.0 };
    let id = graph.fresh_frame_id();
    let inside = open.document.level().cloned();
    apply(state, "Frame selection", Edit::SetFrame(id, Some(Frame { title: "Group".to_owned(), position, size, inside })));
    state.push(Action::Select(vec![Item::Frame(id)]));
    // Nobody means to keep the word that it is made with.
    state.outbox.command("edit.rename");
}

/// Opens the field for the name of the selected item, on the canvas.
pub fn rename(state: &mut State) {
    if let Some(open) = state.front_mut()
        && let Some(item) = open.only_selected().cloned()
    {
        open.canvas.rename(item);
    }
}

/// Puts a note in the middle of what is seen.
pub fn note(state: &mut State) {
    let Some(open) = state.front() else { return };
    let at = open.views.canvas_centre;
    let id = open.document.whole().fresh_note_id();
    let snap = |value: f32| (value / 4.0).round() * 4.0;
    let note = Note {
        text: "A note. Write **Markdown** here.".to_owned(),
        position: Point { x: snap(at.x - 100.0), y: snap(at.y - 40.0) },
        size: Point { x: 200.0, y: 80.0 },
        inside: open.document.level().cloned(),
    };
    apply(state, "Add note", Edit::SetNote(id, Some(note)));
    state.push(Action::Select(vec![Item::Note(id)]));
}

/// Lists the kinds, to add one in the middle of what is seen.
pub fn quick_add(state: &mut State) {
    let middle = |open: &crate::state::Open| open.canvas.pointer().unwrap_or(open.views.canvas_centre);
    let Some(at) = state.front().map(middle) else { return };
    let at = at - egui::vec2(NODE_WIDTH, NODE_HEIGHT) * 0.5;
    state.dialog = Some(Dialog::QuickAdd(QuickAdd::at(at, None)));
}
