//! Adding nodes and wiring them.

use super::apply;
use crate::action::{Action, Item};
use crate::state::{Open, State};
use egui::Pos2;
use pipewright_runtime::check;
use pipewright_runtime::graph::layout::{NODE_HEIGHT, NODE_WIDTH};
use pipewright_runtime::graph::{Edit, Frame, Graph, Node, Note, Pipe, Point};
use pipewright_runtime::id::{End, NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, Kind, PortRole, Ports};

fn ports(graph: &Graph, catalogue: Catalogue, id: &NodeId) -> Option<Ports> {
    check::composites::ports_of(graph, catalogue, id)
}

/// A new node of a kind, with a title a person would give it.
fn made(kind: &'static Kind, id: &NodeId, at: Pos2) -> Node {
    let snap = |value: f32| (value / 4.0).round() * 4.0;
    let number = id.as_str().rsplit_once('-').and_then(|(_, number)| number.parse::<u32>().ok());
    let title = number.map_or_else(|| kind.title.to_owned(), |number| format!("{} {number}", kind.title));
    Node { title, ..Node::new(kind.name, Point { x: snap(at.x), y: snap(at.y) }) }
}

/// Puts a node in, wired as told.
pub fn add_node(state: &mut State, kind: &str, at: Pos2, wire: Option<End>, into: Option<&PipeId>) {
    let catalogue = state.catalogue;
    let Some(kind) = catalogue.get(kind) else {
        state.failed(format!("There is no kind `{kind}`."));
        return;
    };
    let Some(open) = state.front_mut() else { return };
    let graph = open.document.graph();
    let id = graph.fresh_node_id_on(open.document.level(), kind.name);
    let node = made(kind, &id, at);
    let label = format!("Add {}", kind.title);
    let shape = (kind.ports)(&node.settings);
    let input = shape.inputs.first().map(|port| port.name.to_string());
    let output = shape.outputs.iter().find(|port| port.role == PortRole::Message).map(|port| port.name.to_string());
    if let Some(pipe) = into
        && let (Some(input), Some(output)) = (&input, &output)
        && let (position, room) = room(open.document.shown(), pipe, node.position)
        && let Some(change) = graph.insert_into_pipe(pipe, id.clone(), Node { position, ..node.clone() }, input, output)
    {
        apply(state, &label, Edit::Group(room.into_iter().chain([change]).collect()));
        state.push(Action::Select(vec![Item::Node(id)]));
        return;
    }
    open.document.begin_gesture(&label);
    apply(state, &label, Edit::AddNode(id.clone(), Box::new(node), None));
    if let Some(end) = wire {
        let outgoing = state
            .front()
            .and_then(|open| ports(open.document.whole(), catalogue, &end.node))
            .is_some_and(|ports| ports.output(&end.port).is_some());
        match (outgoing, input, output) {
            (true, Some(input), _) => connect(state, end, End { node: id.clone(), port: input.into() }),
            (false, _, Some(output)) => connect(state, End { node: id.clone(), port: output.into() }, end),
            _ => {}
        }
    }
    if let Some(open) = state.front_mut() {
        open.document.end_gesture();
    }
    state.push(Action::Select(vec![Item::Node(id)]));
}

/// Space on both sides of a node that is put between two others.
const GAP: f32 = 64.0;
/// A frame that begins no farther left of a node than this moves with it.
const FRAME_REACH: f32 = 80.0;

/// Where a node stands that is put into a pipe at a place, and what moves to make room for it: all that begins as far right as the
/// receiver. Where the pipe does not lead from left to right, or the node lies clear above or below, nothing moves.
fn room(graph: &Graph, pipe: &PipeId, at: Point) -> (Point, Vec<Edit>) {
    let position = |node: &NodeId| graph.node(node).map(|node| node.position);
    let (Some(sender), Some(receiver)) = (position(&pipe.from.node), position(&pipe.to.node)) else { return (at, Vec::new()) };
    let clear = |other: Point| (at.y - other.y).abs() >= NODE_HEIGHT + 16.0;
    let least = sender.x + NODE_WIDTH + GAP;
    let most = receiver.x - NODE_WIDTH - GAP;
    if receiver.x <= sender.x || (clear(sender) && clear(receiver)) || (least..=most).contains(&at.x) {
        return (at, Vec::new());
    }
    let x = if most < least { least } else { at.x.clamp(least, most) };
    let shift = x + NODE_WIDTH + GAP - receiver.x;
    if shift <= 0.0 {
        return (Point { x, ..at }, Vec::new());
    }
    let right = |point: Point| Point { x: point.x + shift, ..point };
    let moved = graph.nodes().iter().filter(|(id, node)| node.position.x >= receiver.x && **id != pipe.from.node);
    let mut edits = vec![Edit::MoveNodes(moved.map(|(id, node)| (id.clone(), right(node.position))).collect())];
    for (id, frame) in graph.frames() {
        let frame = if frame.position.x >= receiver.x - FRAME_REACH {
            Frame { position: right(frame.position), ..frame.clone() }
        } else if frame.position.x + frame.size.x > receiver.x {
            Frame { size: right(frame.size), ..frame.clone() }
        } else {
            continue;
        };
        edits.push(Edit::SetFrame(*id, Some(frame)));
    }
    for (id, note) in graph.notes().iter().filter(|(_, note)| note.position.x >= receiver.x) {
        edits.push(Edit::SetNote(*id, Some(Note { position: right(note.position), ..note.clone() })));
    }
    for (id, bent) in graph.pipes().iter().filter(|(id, bent)| *id != pipe && bent.bends.iter().any(|bend| bend.x >= receiver.x)) {
        let bends = bent.bends.iter().map(|bend| if bend.x >= receiver.x { right(*bend) } else { *bend }).collect();
        edits.push(Edit::SetBends(id.clone(), bends));
    }
    (Point { x, ..at }, edits)
}

/// Wires an output to an input. Where the sender wants a certain kind behind it (a topic its subscriptions, G2), one is put in.
pub fn connect(state: &mut State, from: End, to: End) {
    let catalogue = state.catalogue;
    let Some(open) = state.front() else { return };
    let graph = open.document.whole();
    if let Some(change) = through_middle(graph, catalogue, &from, &to) {
        apply(state, "Connect", change);
        return;
    }
    match check::ports::may_connect(graph, catalogue, &from, &to) {
        Ok(()) => apply(state, "Connect", Edit::AddPipe(PipeId { from, to }, Box::<Pipe>::default(), None)),
        Err(reason) => {
            let reason = in_titles(open, &reason);
            state.failed(reason);
        }
    }
}

/// Why a wire may not be, with the nodes by their titles.
fn in_titles(open: &Open, reason: &str) -> String {
    crate::canvas::in_words(reason, |id| open.document.whole().node(id).is_some().then(|| open.title_of(id)))
}

/// Leads a pipe to other ends: it keeps its settings, its comments and its place in the file.
pub fn reconnect(state: &mut State, pipe: &PipeId, from: End, to: End) {
    let catalogue = state.catalogue;
    let Some(open) = state.front() else { return };
    let place = open.document.graph().pipes().get_index_of(pipe);
    let mut without = open.document.whole().clone();
    let Some(kept) = without.pipe(pipe).map(|kept| Pipe { bends: Vec::new(), ..kept.clone() }) else { return };
    let gone = Edit::RemovePipe(pipe.clone());
    if without.apply(gone.clone()).is_err() {
        return;
    }
    let id = PipeId { from, to };
    let there = match through_middle(&without, catalogue, &id.from, &id.to) {
        Some(change) => change,
        None => match check::ports::may_connect(&without, catalogue, &id.from, &id.to) {
            Ok(()) => Edit::AddPipe(id.clone(), Box::new(kept), place),
            Err(reason) => {
                let reason = in_titles(open, &reason);
                return state.failed(reason);
            }
        },
    };
    let selected = open.selection.contains(&Item::Pipe(pipe.clone()));
    apply(state, "Reconnect", Edit::Group(vec![gone, there]));
    if selected {
        state.push(Action::Select(vec![Item::Pipe(id)]));
    }
}

/// The edit that wires two ends through a node of the kind that the sender wants behind it; `None` if it wants none, or has it.
fn through_middle(graph: &Graph, catalogue: Catalogue, from: &End, to: &End) -> Option<Edit> {
    let wanted = ports(graph, catalogue, &from.node)?.only_to?;
    let (sender, receiver) = (graph.node(&from.node)?, graph.node(&to.node)?);
    if receiver.kind == wanted {
        return None;
    }
    let kind = catalogue.get(wanted)?;
    let id = graph.fresh_node_id_on(graph.level_of(&from.node), wanted);
    let (a, b) = (sender.position, receiver.position);
    let node = made(kind, &id, Pos2::new(f32::midpoint(a.x, b.x), f32::midpoint(a.y, b.y)));
    let shape = (kind.ports)(&node.settings);
    let input = End { node: id.clone(), port: shape.inputs.first()?.name.to_string().into() };
    let output = End { node: id.clone(), port: shape.outputs.iter().find(|port| port.role == PortRole::Message)?.name.to_string().into() };
    Some(Edit::Group(vec![
        Edit::AddNode(id, Box::new(node), None),
        Edit::AddPipe(PipeId { from: from.clone(), to: input }, Box::default(), None),
        Edit::AddPipe(PipeId { from: output, to: to.clone() }, Box::default(), None),
    ]))
}
