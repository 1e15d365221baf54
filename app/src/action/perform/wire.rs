//! Adding nodes and wiring them.

use super::apply;
use crate::action::{Action, Item};
use crate::state::State;
use egui::Pos2;
use pipewright_runtime::check;
use pipewright_runtime::graph::{Edit, Graph, Node, Pipe, Point};
use pipewright_runtime::id::{End, NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, Kind, PortRole, Ports};

fn ports(graph: &Graph, catalogue: Catalogue, id: &NodeId) -> Option<Ports> {
    let node = graph.node(id)?;
    Some((catalogue.get(&node.kind)?.ports)(&node.settings))
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
    let id = graph.fresh_node_id(kind.name);
    let node = made(kind, &id, at);
    let label = format!("Add {}", kind.title);
    let shape = (kind.ports)(&node.settings);
    let input = shape.inputs.first().map(|port| port.name.to_string());
    let output = shape.outputs.iter().find(|port| port.role == PortRole::Message).map(|port| port.name.to_string());
    if let Some(pipe) = into
        && let (Some(input), Some(output)) = (&input, &output)
        && let Some(change) = graph.insert_into_pipe(pipe, id.clone(), node.clone(), input, output)
    {
        apply(state, &label, change);
        state.push(Action::Select(vec![Item::Node(id)]));
        return;
    }
    open.document.begin_gesture(&label);
    apply(state, &label, Edit::AddNode(id.clone(), Box::new(node), None));
    if let Some(end) = wire {
        let outgoing = state
            .front()
            .and_then(|open| ports(open.document.graph(), catalogue, &end.node))
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

/// Wires an output to an input. Where the sender wants a certain kind behind it (a topic its subscriptions, G2), one is put in.
pub fn connect(state: &mut State, from: End, to: End) {
    let catalogue = state.catalogue;
    let Some(open) = state.front() else { return };
    let graph = open.document.graph();
    if let Some(change) = through_middle(graph, catalogue, &from, &to) {
        apply(state, "Connect", change);
        return;
    }
    match check::ports::may_connect(graph, catalogue, &from, &to) {
        Ok(()) => apply(state, "Connect", Edit::AddPipe(PipeId { from, to }, Box::<Pipe>::default(), None)),
        Err(reason) => state.failed(reason),
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
    let id = graph.fresh_node_id(wanted);
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
