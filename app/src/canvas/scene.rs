//! What there is to draw, in canvas units: made from the graph and the catalogue when the document has changed, and kept until it changes again.

use super::CanvasInput;
use super::border::{self, Stub};
use super::curve::Curve;
use super::index::Index;
use egui::{Pos2, Rect, Vec2, pos2, vec2};
use pipewright_runtime::check::composites::ports_of;
use pipewright_runtime::graph::{FrameId, Graph, Node, NoteId, Point};
use pipewright_runtime::id::{End, NodeId, PipeId};
use pipewright_runtime::node::{Catalogue, Family, Figure, Kind, Port, PortRole, Ports};
use pipewright_runtime::setting::{Setting, Settings};
use std::collections::HashMap;
use std::sync::Arc;

/// A node's width in canvas units.
pub const NODE_WIDTH: f32 = 176.0;
/// The height of a node with one port at each side.
pub const NODE_HEIGHT: f32 = 88.0;
/// The distance between ports at one side.
const PORT_STEP: f32 = 20.0;
/// How far from the right end the first port at the bottom lies.
const BOTTOM_PORT: f32 = 28.0;

/// Which way messages pass a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// Into the node.
    Input,
    /// Out of the node.
    Output,
}

/// A port as it is drawn.
#[derive(Clone, PartialEq, Debug)]
pub struct ScenePort {
    /// Its name.
    pub name: Arc<str>,
    /// Its shape and colour.
    pub role: PortRole,
    /// In or out.
    pub side: Side,
    /// Where it lies, from the node's left upper corner.
    pub offset: Vec2,
    /// One sentence for the tooltip.
    pub help: String,
    /// Whether several ports lie at this side, so that their names matter.
    pub named: bool,
}

impl ScenePort {
    /// The direction in which a wire leaves it.
    pub fn outward(&self) -> Vec2 {
        match (self.side, self.role) {
            (Side::Output, PortRole::Error) => Vec2::DOWN,
            (Side::Output, _) => Vec2::RIGHT,
            (Side::Input, _) => Vec2::LEFT,
        }
    }
}

/// A node as it is drawn.
#[derive(Clone, Debug)]
pub struct SceneNode {
    /// Its id.
    pub id: NodeId,
    /// Its kind; `None` if this program does not know it.
    pub kind: Option<&'static Kind>,
    /// Its title, or its id.
    pub title: String,
    /// Where it lies.
    pub rect: Rect,
    /// Its ports, inputs first.
    pub ports: Vec<ScenePort>,
    /// What was set, in a few words: shown while nothing runs.
    pub summary: String,
    /// Whether it keeps its messages on the disk.
    pub durable: bool,
    /// The text of each of its two figures that shows a setting.
    pub settings_shown: [Option<String>; 2],
    /// How many pipes leave it.
    pub pipes_out: u32,
    /// Whether its content is a graph that can be opened.
    pub composite: bool,
    /// The kind that every pipe out of it must lead to (a topic's subscriptions, G2).
    pub only_to: Option<&'static str>,
    source: Arc<Node>,
}

impl SceneNode {
    /// Its family, if its kind is known.
    pub fn family(&self) -> Option<Family> {
        self.kind.map(|kind| kind.family)
    }

    /// The name of its kind on screen.
    pub fn kind_title(&self) -> &str {
        if self.composite {
            return "Composite";
        }
        self.kind.map_or(self.source.kind.as_str(), |kind| kind.title)
    }

    /// One end of a pipe here.
    pub fn end(&self, port: usize) -> End {
        End { node: self.id.clone(), port: self.ports[port].name.clone() }
    }

    /// Where a port lies on the canvas.
    pub fn port_at(&self, port: usize) -> Pos2 {
        self.rect.min + self.ports[port].offset
    }

    /// The number of a port.
    pub fn port(&self, side: Side, name: &str) -> Option<usize> {
        self.ports.iter().position(|port| port.side == side && *port.name == *name)
    }
}

/// A pipe as it is drawn.
#[derive(Clone, Debug)]
pub struct ScenePipe {
    /// Its id.
    pub id: PipeId,
    /// The sending node's number in the scene.
    pub from: u32,
    /// The receiving node's number in the scene.
    pub to: u32,
    /// The numbers of the ports at both nodes.
    pub ports: [u16; 2],
    /// What leaves the sender's port.
    pub role: PortRole,
    /// Its way over the canvas.
    pub curve: Curve,
}

/// A frame as it is drawn.
#[derive(Clone, Debug)]
pub struct SceneFrame {
    /// Its id.
    pub id: FrameId,
    /// Its name.
    pub title: String,
    /// Where it lies.
    pub rect: Rect,
}

/// A note as it is drawn.
#[derive(Clone, Debug)]
pub struct SceneNote {
    /// Its id.
    pub id: NoteId,
    /// Its text.
    pub text: String,
    /// Where it lies.
    pub rect: Rect,
}

/// Everything there is to draw.
#[derive(Default, Debug)]
pub struct Scene {
    revision: Option<u64>,
    /// The nodes, in the order of the file.
    pub nodes: Vec<SceneNode>,
    /// The pipes, in the order of the file.
    pub pipes: Vec<ScenePipe>,
    /// The frames.
    pub frames: Vec<SceneFrame>,
    /// The notes.
    pub notes: Vec<SceneNote>,
    /// The ports of the composite that is open, at the sides.
    pub stubs: Vec<Stub>,
    /// Where nodes lie.
    pub node_index: Index,
    /// Where pipes lie.
    pub pipe_index: Index,
    /// Everything together; nothing if the canvas is empty.
    pub bounds: Option<Rect>,
    numbers: HashMap<NodeId, u32>,
    wires: HashMap<PipeId, u32>,
}

/// A point of the graph as one of the canvas.
pub const fn at(point: Point) -> Pos2 {
    pos2(point.x, point.y)
}

/// A point of the canvas as one of the graph.
pub const fn point(at: Pos2) -> Point {
    Point { x: at.x, y: at.y }
}

impl Scene {
    /// The number of a node.
    pub fn number(&self, id: &NodeId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// The node with this id.
    pub fn node(&self, id: &NodeId) -> Option<&SceneNode> {
        self.number(id).map(|number| &self.nodes[number as usize])
    }

    /// The number of a pipe.
    pub fn wire(&self, id: &PipeId) -> Option<u32> {
        self.wires.get(id).copied()
    }

    /// Brings the scene up to date. Whether anything had changed.
    pub fn update(&mut self, input: &CanvasInput<'_>) -> bool {
        let CanvasInput { graph, whole, catalogue, revision, .. } = *input;
        if self.revision == Some(revision) {
            return false;
        }
        self.revision = Some(revision);
        let kinds: HashMap<&str, &'static Kind> = catalogue.kinds().map(|kind| (kind.name, kind)).collect();
        let old = std::mem::take(&mut self.nodes);
        self.nodes = renewed(old, graph, &Known { whole, catalogue, kinds });
        self.numbers = self.nodes.iter().enumerate().map(|(number, node)| (node.id.clone(), number as u32)).collect();
        self.lay_pipes(graph);
        self.frames = graph
            .frames()
            .iter()
            .map(|(id, frame)| SceneFrame { id: *id, title: frame.title.clone(), rect: rect(frame.position, frame.size) })
            .collect();
        self.notes = graph
            .notes()
            .iter()
            .map(|(id, note)| SceneNote { id: *id, text: note.text.clone(), rect: rect(note.position, note.size) })
            .collect();
        self.node_index = Index::new(self.nodes.iter().map(|node| node.rect).collect());
        self.pipe_index = Index::new(self.pipes.iter().map(|pipe| pipe.curve.bounds()).collect());
        self.stubs = border::stubs(self, whole, input.level);
        let rects = self.nodes.iter().map(|node| node.rect);
        let rects = rects
            .chain(self.stubs.iter().map(|stub| stub.rect))
            .chain(self.frames.iter().map(|frame| frame.rect))
            .chain(self.notes.iter().map(|note| note.rect));
        self.bounds = rects.filter(Rect::is_finite).reduce(Rect::union);
        true
    }

    fn lay_pipes(&mut self, graph: &Graph) {
        for node in &mut self.nodes {
            node.pipes_out = 0;
        }
        self.pipes.clear();
        self.wires.clear();
        for (id, pipe) in graph.pipes() {
            let (Some(from), Some(to)) = (self.number(&id.from.node), self.number(&id.to.node)) else { continue };
            self.nodes[from as usize].pipes_out += 1;
            let out = ensure_port(&mut self.nodes[from as usize], Side::Output, &id.from.port);
            let into = ensure_port(&mut self.nodes[to as usize], Side::Input, &id.to.port);
            let (sender, receiver) = (&self.nodes[from as usize], &self.nodes[to as usize]);
            let bends: Vec<Pos2> = pipe.bends.iter().copied().map(at).collect();
            let curve = Curve::new(
                sender.port_at(out),
                sender.ports[out].outward(),
                receiver.port_at(into),
                receiver.ports[into].outward(),
                &bends,
            );
            let role = sender.ports[out].role;
            self.wires.insert(id.clone(), self.pipes.len() as u32);
            self.pipes.push(ScenePipe { id: id.clone(), from, to, ports: [out as u16, into as u16], role, curve });
        }
    }
}

fn rect(position: Point, size: Point) -> Rect {
    Rect::from_min_size(at(position), vec2(size.x.max(40.0), size.y.max(32.0)))
}

/// The nodes of the graph; those that have not changed are taken over as they are.
fn renewed(old: Vec<SceneNode>, graph: &Graph, known: &Known<'_>) -> Vec<SceneNode> {
    let mut old = old.into_iter().peekable();
    let mut nodes = Vec::with_capacity(graph.nodes().len());
    for (id, source) in graph.nodes() {
        // Edits keep the order, so the old node is the next one, unless something was put in or taken out here.
        if old.peek().is_some_and(|node| node.id != *id) {
            while old.next_if(|node| !graph.nodes().contains_key(&node.id)).is_some() {}
        }
        match old.next_if(|node| node.id == *id) {
            // The ports of a composite depend on what is inside.
            Some(node) if Arc::ptr_eq(&node.source, source) && !node.composite => nodes.push(node),
            _ => nodes.push(made(id, source, known)),
        }
    }
    nodes
}

/// What nodes are made with.
struct Known<'a> {
    whole: &'a Graph,
    catalogue: Catalogue,
    kinds: HashMap<&'a str, &'static Kind>,
}

fn made(id: &NodeId, source: &Arc<Node>, known: &Known<'_>) -> SceneNode {
    let kind = known.kinds.get(source.kind.as_str()).copied();
    let composite = source.is_composite();
    let shape = match kind {
        Some(kind) => Some((kind.ports)(&source.settings)),
        None if composite => ports_of(known.whole, known.catalogue, id),
        None => None,
    };
    let (ports, height) = shape.as_ref().map_or_else(|| (Vec::new(), NODE_HEIGHT), lay_ports);
    let name = if known.whole.level_of(id).is_some() { id.last() } else { id.as_str() };
    let title = if source.title.is_empty() { name.to_owned() } else { source.title.clone() };
    let position = at(source.position);
    let position = if position.is_finite() { position } else { Pos2::ZERO };
    SceneNode {
        id: id.clone(),
        kind,
        title,
        rect: Rect::from_min_size(position, vec2(NODE_WIDTH, height)),
        ports,
        durable: kind.is_some_and(|kind| is_durable(source, kind)),
        summary: match kind {
            Some(kind) => summary(kind, &source.settings),
            None if composite => content(known.whole, id, source),
            None => String::new(),
        },
        settings_shown: kind.map_or_else(Default::default, |kind| {
            kind.figures.map(|figure| match figure {
                Figure::Setting(name) => Some(shown(kind, &source.settings, name)),
                _ => None,
            })
        }),
        pipes_out: 0,
        composite,
        only_to: shape.and_then(|ports| ports.only_to),
        source: source.clone(),
    }
}

/// Whether a node keeps its messages on the disk, whatever its kind.
pub fn is_durable(node: &Node, kind: &Kind) -> bool {
    const DURABLE: &str = "durable";
    kind.field(DURABLE).is_some() && node.settings.get(DURABLE) == Some(&Setting::Flag(true))
}

/// What is inside a composite, in a few words.
fn content(whole: &Graph, id: &NodeId, source: &Node) -> String {
    let count = whole.inside(id).count();
    let nodes = format!("{count} node{}", if count == 1 { "" } else { "s" });
    source.used_file().map_or_else(|| nodes.clone(), |file| format!("{nodes} · {}", file.rsplit('/').next().unwrap_or(file)))
}

/// The values that were set, in the order of the form; long texts left out.
fn summary(kind: &'static Kind, settings: &Settings) -> String {
    use pipewright_runtime::node::FieldType;
    let short = kind.fields.iter().filter(|field| !matches!(field.ty, FieldType::LongText | FieldType::Template));
    let set = short
        .filter(|field| settings.get(field.name).is_some_and(|value| field.default_under(kind.fields, settings).as_ref() != Some(value)));
    let texts = set.take(3).map(|field| {
        let text = match settings.get(field.name) {
            Some(Setting::Flag(true)) => field.label.to_lowercase(),
            _ => shown(kind, settings, field.name),
        };
        if field.unit.is_empty() { text } else { format!("{text} {}", field.unit) }
    });
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ").replace('\n', " ")
}

/// A setting in a few words: the label of a choice, the name of a distribution, else the value as written.
fn shown(kind: &'static Kind, settings: &Settings, name: &str) -> String {
    let default = kind.field(name).and_then(|field| field.default_under(kind.fields, settings));
    let Some(value) = settings.get(name).or(default.as_ref()) else { return String::new() };
    match value {
        Setting::Flag(flag) => if *flag { "on" } else { "off" }.to_owned(),
        Setting::Integer(number) => number.to_string(),
        Setting::Number(number) => number.to_string(),
        Setting::Text(text) => text.clone(),
        Setting::Word(word) => match kind.field(name).map(|field| field.ty) {
            Some(pipewright_runtime::node::FieldType::Choice(words)) => {
                words.iter().find(|known| known.name == word).map_or_else(|| word.clone(), |known| known.label.to_owned())
            }
            _ => word.clone(),
        },
        Setting::List(list) => entries(list.len()),
        Setting::Map(pairs) => entries(pairs.len()),
        Setting::Record(name, _) | Setting::Tuple(name, _) => name.to_lowercase(),
    }
}

fn entries(count: usize) -> String {
    format!("{count} entr{}", if count == 1 { "y" } else { "ies" })
}

fn lay_ports(ports: &Ports) -> (Vec<ScenePort>, f32) {
    let beside = |ports: &[Port]| ports.iter().filter(|port| port.role != PortRole::Error).count();
    // Errors leave at the bottom; an input for them would lie at the left like any other.
    let rows = ports.inputs.len().max(beside(&ports.outputs));
    let height = NODE_HEIGHT.max(PORT_STEP * (rows as f32 + 1.0) + 8.0);
    let mut laid = Vec::with_capacity(ports.inputs.len() + ports.outputs.len());
    for (side, list) in [(Side::Input, &ports.inputs), (Side::Output, &ports.outputs)] {
        let count = if side == Side::Input { list.len() } else { beside(list) };
        let (mut row, mut below) = (0, 0);
        for port in list {
            let offset = if side == Side::Output && port.role == PortRole::Error {
                below += 1;
                vec2(NODE_WIDTH - BOTTOM_PORT * below as f32, height)
            } else {
                row += 1;
                let x = if side == Side::Input { 0.0 } else { NODE_WIDTH };
                vec2(x, height * 0.5 + PORT_STEP * (row as f32 - (count as f32 + 1.0) * 0.5))
            };
            laid.push(ScenePort {
                name: port.name.as_ref().into(),
                role: port.role,
                side,
                offset,
                help: port.help.clone().into_owned(),
                named: count > 1,
            });
        }
    }
    (laid, height)
}

/// The port that a pipe names. A kind that is not known has the ports that its pipes name, and so has a node whose settings took a port
/// away: the pipe stays visible, and `check` says what is wrong with it.
fn ensure_port(node: &mut SceneNode, side: Side, name: &Arc<str>) -> usize {
    if let Some(number) = node.port(side, name) {
        return number;
    }
    let x = if side == Side::Input { 0.0 } else { NODE_WIDTH };
    let help = "This node has no such port.".to_owned();
    let offset = vec2(x, node.rect.height() * 0.5);
    node.ports.push(ScenePort { name: name.clone(), role: PortRole::Message, side, offset, help, named: true });
    // Taken over as it is, the node would keep the port when the pipe is gone.
    node.source = Arc::new(Node::clone(&node.source));
    node.ports.len() - 1
}
