//! What the pointer is doing: panning, choosing with a box, moving things, drawing a wire, resizing. The document changes when the gesture
//! ends, in one step; until then the canvas shows what it would become.

use super::bending::Bending;
use super::border::Carrying;
use super::hit::{self, Hit};
use super::scene::{NODE_HEIGHT, NODE_WIDTH, Scene, ScenePipe, Side, point};
use crate::action::{Action, Item, Outbox};
use egui::{Pos2, Rect, Vec2, pos2, vec2};
use pipewright_runtime::graph::{Edit, Graph};
use pipewright_runtime::id::{End, PipeId};
use pipewright_runtime::node::{Catalogue, PortRole};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Everything lies on a grid of this many canvas units.
pub const SNAP: f32 = 4.0;
/// How near to a port a wire must be dropped, in screen points.
const DROP_REACH: f32 = 26.0;

/// Says whether a wire may go from an output to an input of a graph; if not, why not.
pub type MayConnect = fn(&Graph, Catalogue, &End, &End) -> Result<(), String>;

/// What is asked before a wire lands.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The document.
    pub graph: &'a Graph,
    /// The kinds there are.
    pub catalogue: Catalogue,
    /// The answer.
    pub may_connect: MayConnect,
}

/// A wire in hand.
#[derive(Debug)]
pub struct Wiring {
    /// The end that holds still: a node and one of its ports, by their numbers.
    pub fixed: (u32, u16),
    /// The pipe whose other end was taken in hand.
    pub taken: Option<PipeId>,
    /// Where the loose end is, on the canvas.
    pub loose: Pos2,
    /// The port that the loose end would land on, and why it may not, if so.
    pub target: Option<((u32, u16), Option<String>)>,
    /// The document without the pipe that was taken.
    without: Option<Graph>,
    verdicts: HashMap<(u32, u16), Option<String>>,
}

/// Things on their way to another place.
#[derive(Debug)]
pub struct Moving {
    /// Nodes by their numbers.
    pub nodes: HashSet<u32>,
    /// Frames by their numbers.
    pub frames: HashSet<u32>,
    /// Notes by their numbers.
    pub notes: HashSet<u32>,
    /// The pipes at those nodes.
    pub pipes: HashSet<u32>,
    /// How far they have come.
    pub shift: Vec2,
    /// The pipe that the one loose node would be put into.
    pub into: Option<u32>,
    /// Where the thing in hand stood.
    anchor: Pos2,
    /// Where the pointer took hold.
    from: Pos2,
    /// The node, if it is just one and has no pipes yet.
    loose: Option<u32>,
}

/// A frame or note on its way to another size.
#[derive(Debug)]
pub struct Resizing {
    /// The frame or note.
    pub item: Item,
    /// How it would lie.
    pub rect: Rect,
    from: Pos2,
    size: Vec2,
}

/// What the pointer is doing.
#[derive(Debug, Default)]
pub enum Gesture {
    /// Nothing.
    #[default]
    Idle,
    /// Moving the canvas.
    Panning,
    /// Choosing what lies in a box; what was selected before stays so.
    Selecting {
        /// Where the box began, on the canvas.
        from: Pos2,
        /// Where its other corner is now.
        to: Pos2,
        /// What stays selected.
        kept: BTreeSet<Item>,
    },
    /// Moving things.
    Moving(Moving),
    /// Drawing a wire.
    Wiring(Box<Wiring>),
    /// Resizing a frame or note.
    Resizing(Resizing),
    /// Bending a pipe.
    Bending(Bending),
    /// Moving a port of the composite that is open.
    Carrying(Carrying),
}

/// A place snapped to the grid, unless `free`.
pub fn snapped(at: Pos2, free: bool) -> Pos2 {
    if free { at } else { pos2((at.x / SNAP).round() * SNAP, (at.y / SNAP).round() * SNAP) }
}

impl Gesture {
    /// Whether nothing is going on that Escape would end.
    pub const fn is_idle(&self) -> bool {
        matches!(self, Self::Idle | Self::Panning)
    }

    /// How far a node is from its place in the document.
    pub fn shift_of(&self, node: u32) -> Vec2 {
        match self {
            Self::Moving(moving) if moving.nodes.contains(&node) => moving.shift,
            _ => Vec2::ZERO,
        }
    }

    /// Begins what a drag from `at` means. `add`: what is selected stays selected.
    pub fn begin(scene: &Scene, graph: &Graph, under: Hit, at: Pos2, selection: &BTreeSet<Item>, add: bool, outbox: &mut Outbox) -> Self {
        let item = item_of(scene, under);
        match (under, item) {
            (Hit::Pipe(_) | Hit::Bend(..), Some(item)) if !add => {
                let (pipe, bend) = if let Hit::Bend(pipe, bend) = under { (pipe, Some(bend)) } else { (under.pipe().unwrap_or(0), None) };
                outbox.push(Action::Select(vec![item]));
                Self::Bending(Bending::begin(scene, pipe, bend, at))
            }
            (Hit::Stub(stub), _) => Self::Carrying(Carrying::begin(stub, at)),
            (Hit::Port(node, port), _) => {
                let chosen = selection.iter().next().filter(|_| selection.len() == 1);
                let chosen = chosen.and_then(|item| if let Item::Pipe(pipe) = item { scene.wire(pipe) } else { None });
                Self::Wiring(Box::new(Wiring::begin(scene, graph, (node, port), chosen, at)))
            }
            (Hit::FrameCorner(_) | Hit::NoteCorner(_), Some(item)) => {
                let rect = rect_of(scene, &item).unwrap_or(Rect::ZERO);
                Self::Resizing(Resizing { item, rect, from: at, size: rect.size() })
            }
            (Hit::Node(_) | Hit::Frame(_) | Hit::Note(_), Some(item)) => {
                let mut chosen = selection.clone();
                if !chosen.contains(&item) {
                    if !add {
                        chosen.clear();
                    }
                    chosen.insert(item.clone());
                    outbox.push(Action::Select(chosen.iter().cloned().collect()));
                }
                Self::Moving(Moving::begin(scene, &item, &chosen, at))
            }
            _ => Self::Selecting { from: at, to: at, kept: if add { selection.clone() } else { BTreeSet::new() } },
        }
    }

    /// Goes on with the pointer at `at`. `free`: without snapping.
    pub fn go_on(&mut self, scene: &Scene, at: Pos2, zoom: f32, free: bool, rules: Rules<'_>) {
        match self {
            Self::Idle | Self::Panning => {}
            Self::Selecting { to, .. } => *to = at,
            Self::Moving(moving) => moving.go_on(scene, at, zoom, free),
            Self::Wiring(wiring) => wiring.go_on(scene, at, zoom, rules),
            Self::Bending(bending) => bending.go_on(scene, at, zoom, free),
            Self::Carrying(carrying) => carrying.go_on(scene, at, free),
            Self::Resizing(resizing) => {
                let wanted = resizing.rect.min + (resizing.size + (at - resizing.from)).max(vec2(64.0, 48.0));
                resizing.rect.max = snapped(wanted, free);
            }
        }
    }

    /// Ends the gesture: what it means goes into the outbox.
    pub fn end(self, scene: &Scene, graph: &Graph, outbox: &mut Outbox) {
        match self {
            Self::Idle | Self::Panning => {}
            Self::Selecting { from, to, mut kept } => {
                kept.extend(in_box(scene, Rect::from_two_pos(from, to)));
                outbox.push(Action::Select(kept.into_iter().collect()));
            }
            Self::Moving(moving) => moving.end(scene, graph, outbox),
            Self::Wiring(wiring) => wiring.end(scene, outbox),
            Self::Bending(bending) => bending.end(scene, outbox),
            Self::Carrying(carrying) => carrying.end(scene, outbox),
            Self::Resizing(resizing) => {
                let size = point(resizing.rect.size().to_pos2());
                let edit = match &resizing.item {
                    Item::Frame(id) => graph.frames().get(id).map(|frame| {
                        let frame = pipewright_runtime::graph::Frame { size, ..frame.clone() };
                        ("Resize frame", Edit::SetFrame(*id, Some(frame)))
                    }),
                    Item::Note(id) => graph.notes().get(id).map(|note| {
                        let note = pipewright_runtime::graph::Note { size, ..note.clone() };
                        ("Resize note", Edit::SetNote(*id, Some(note)))
                    }),
                    Item::Node(_) | Item::Pipe(_) => None,
                };
                if let Some((label, edit)) = edit {
                    outbox.push(Action::Edit(label.to_owned(), edit));
                }
            }
        }
    }
}

/// The thing that a hit belongs to.
pub fn item_of(scene: &Scene, hit: Hit) -> Option<Item> {
    Some(match hit {
        Hit::Port(node, _) | Hit::Node(node) => Item::Node(scene.nodes.get(node as usize)?.id.clone()),
        Hit::Pipe(pipe) | Hit::Bend(pipe, _) => Item::Pipe(scene.pipes.get(pipe as usize)?.id.clone()),
        Hit::Frame(frame) | Hit::FrameCorner(frame) => Item::Frame(scene.frames.get(frame as usize)?.id),
        Hit::Note(note) | Hit::NoteCorner(note) => Item::Note(scene.notes.get(note as usize)?.id),
        Hit::Stub(_) | Hit::Nothing => return None,
    })
}

/// Where a thing lies.
pub fn rect_of(scene: &Scene, item: &Item) -> Option<Rect> {
    match item {
        Item::Node(id) => scene.node(id).map(|node| node.rect),
        Item::Pipe(id) => scene.wire(id).map(|pipe| scene.pipes[pipe as usize].curve.bounds()),
        Item::Frame(id) => scene.frames.iter().find(|frame| frame.id == *id).map(|frame| frame.rect),
        Item::Note(id) => scene.notes.iter().find(|note| note.id == *id).map(|note| note.rect),
    }
}

/// Nodes and notes that touch a box, frames that lie in it, and pipes between two nodes that it touches.
fn in_box(scene: &Scene, area: Rect) -> Vec<Item> {
    let mut numbers = Vec::new();
    scene.node_index.touching(area, &mut numbers);
    let nodes: HashSet<u32> = numbers.iter().copied().collect();
    let mut items: Vec<Item> = numbers.iter().map(|&number| Item::Node(scene.nodes[number as usize].id.clone())).collect();
    scene.pipe_index.touching(area, &mut numbers);
    for &number in &numbers {
        let pipe = &scene.pipes[number as usize];
        if nodes.contains(&pipe.from) && nodes.contains(&pipe.to) {
            items.push(Item::Pipe(pipe.id.clone()));
        }
    }
    items.extend(scene.notes.iter().filter(|note| note.rect.intersects(area)).map(|note| Item::Note(note.id)));
    items.extend(scene.frames.iter().filter(|frame| area.contains_rect(frame.rect)).map(|frame| Item::Frame(frame.id)));
    items
}

impl Moving {
    fn begin(scene: &Scene, held: &Item, chosen: &BTreeSet<Item>, from: Pos2) -> Self {
        let anchor = rect_of(scene, held).map_or(from, |rect| rect.min);
        let (mut nodes, mut frames, mut notes) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut inside = Vec::new();
        for item in chosen {
            match item {
                Item::Node(id) => nodes.extend(scene.number(id)),
                Item::Note(id) => notes.extend(scene.notes.iter().position(|note| note.id == *id).map(|at| at as u32)),
                Item::Frame(id) => {
                    let Some(number) = scene.frames.iter().position(|frame| frame.id == *id) else { continue };
                    let area = scene.frames[number].rect;
                    frames.insert(number as u32);
                    // What lies inside a frame goes with it.
                    scene.node_index.touching(area, &mut inside);
                    nodes.extend(inside.iter().filter(|&&node| area.contains_rect(scene.nodes[node as usize].rect)));
                    let within = |rect: &Rect| area.contains_rect(*rect);
                    frames.extend(scene.frames.iter().enumerate().filter(|(_, frame)| within(&frame.rect)).map(|(at, _)| at as u32));
                    notes.extend(scene.notes.iter().enumerate().filter(|(_, note)| within(&note.rect)).map(|(at, _)| at as u32));
                }
                Item::Pipe(_) => {}
            }
        }
        let only = (nodes.len() == 1 && frames.is_empty() && notes.is_empty()).then(|| nodes.iter().next().copied()).flatten();
        let loose = only.filter(|&node| {
            let around = scene.nodes[node as usize].rect.expand(2.0);
            let mut pipes = Vec::new();
            scene.pipe_index.touching(around, &mut pipes);
            let wired = pipes.iter().any(|&pipe| scene.pipes[pipe as usize].from == node || scene.pipes[pipe as usize].to == node);
            !wired && through_ports(scene, node).is_some()
        });
        let touched = |pipe: &super::scene::ScenePipe| nodes.contains(&pipe.from) || nodes.contains(&pipe.to);
        let pipes = scene.pipes.iter().enumerate().filter(|(_, pipe)| touched(pipe)).map(|(at, _)| at as u32).collect();
        Self { nodes, frames, notes, pipes, shift: Vec2::ZERO, into: None, anchor, from, loose }
    }

    fn go_on(&mut self, scene: &Scene, at: Pos2, zoom: f32, free: bool) {
        self.shift = snapped(self.anchor + (at - self.from), free) - self.anchor;
        self.into = self.loose.and_then(|node| {
            let centre = scene.nodes[node as usize].rect.center() + self.shift;
            hit::nearest_pipe(scene, centre, 20.0 / zoom.max(0.5))
        });
    }

    fn end(self, scene: &Scene, graph: &Graph, outbox: &mut Outbox) {
        if self.shift == Vec2::ZERO {
            return;
        }
        let mut edits = Vec::new();
        let mut moved: Vec<u32> = self.nodes.iter().copied().collect();
        moved.sort_unstable();
        if !moved.is_empty() {
            let places = moved.iter().map(|&number| {
                let node = &scene.nodes[number as usize];
                (node.id.clone(), point(node.rect.min + self.shift))
            });
            edits.push(Edit::MoveNodes(places.collect()));
        }
        let ordered = |set: &HashSet<u32>| set.iter().copied().collect::<BTreeSet<u32>>();
        for number in ordered(&self.frames) {
            let id = scene.frames[number as usize].id;
            if let Some(frame) = graph.frames().get(&id) {
                let position = point(scene.frames[number as usize].rect.min + self.shift);
                edits.push(Edit::SetFrame(id, Some(pipewright_runtime::graph::Frame { position, ..frame.clone() })));
            }
        }
        for number in ordered(&self.notes) {
            let id = scene.notes[number as usize].id;
            if let Some(note) = graph.notes().get(&id) {
                let position = point(scene.notes[number as usize].rect.min + self.shift);
                edits.push(Edit::SetNote(id, Some(pipewright_runtime::graph::Note { position, ..note.clone() })));
            }
        }
        // Bends between things that move together go with them.
        if moved.len() > 1 {
            for (id, pipe) in graph.pipes() {
                let both = [&id.from.node, &id.to.node].into_iter().all(|node| scene.number(node).is_some_and(|n| self.nodes.contains(&n)));
                if both && !pipe.bends.is_empty() {
                    let bends = pipe.bends.iter().map(|bend| point(super::scene::at(*bend) + self.shift)).collect();
                    edits.push(Edit::SetBends(id.clone(), bends));
                }
            }
        }
        let count = moved.len() + self.frames.len() + self.notes.len();
        let mut label = if count == 1 { "Move".to_owned() } else { format!("Move {count} things") };
        if let (Some(node), Some(pipe)) = (self.loose, self.into)
            && let Some(insertion) = insertion(scene, graph, node, pipe)
        {
            edits.extend(insertion);
            label = format!("Put {} into the pipe", scene.nodes[node as usize].title);
        }
        outbox.push(Action::Edit(label, Edit::Group(edits)));
    }
}

/// The first ports for messages of a node through which a pipe could be led.
fn through_ports(scene: &Scene, node: u32) -> Option<(usize, usize)> {
    let ports = &scene.nodes[node as usize].ports;
    let first = |side| ports.iter().position(|port| port.side == side && port.role == PortRole::Message);
    Some((first(Side::Input)?, first(Side::Output)?))
}

/// The edits that lead a pipe through a node.
fn insertion(scene: &Scene, graph: &Graph, node: u32, pipe: u32) -> Option<Vec<Edit>> {
    let (input, output) = through_ports(scene, node)?;
    let id = &scene.pipes[pipe as usize].id;
    let kept = graph.pipe(id)?.clone();
    let node = &scene.nodes[node as usize];
    let kept = pipewright_runtime::graph::Pipe { bends: Vec::new(), ..kept };
    Some(vec![
        Edit::RemovePipe(id.clone()),
        Edit::AddPipe(PipeId { from: id.from.clone(), to: node.end(input) }, Box::new(kept), None),
        Edit::AddPipe(PipeId { from: node.end(output), to: id.to.clone() }, Box::default(), None),
    ])
}

impl Wiring {
    fn begin(scene: &Scene, graph: &Graph, port: (u32, u16), chosen: Option<u32>, at: Pos2) -> Self {
        // A selected pipe gives either end into the hand, and a wired input the end of its only pipe; any other port begins a new wire.
        let ends = |pipe: &ScenePipe| [(pipe.from, pipe.ports[0]), (pipe.to, pipe.ports[1])];
        let chosen = chosen.map(|pipe| &scene.pipes[pipe as usize]).filter(|pipe| ends(pipe).contains(&port));
        let taken = chosen.or_else(|| hit::only_pipe_into(scene, port.0, port.1).map(|pipe| &scene.pipes[pipe as usize]));
        let fixed = taken.map_or(port, |pipe| ends(pipe)[usize::from(ends(pipe)[0] == port)]);
        let without = taken.and_then(|pipe| {
            let mut graph = graph.clone();
            graph.apply(Edit::RemovePipe(pipe.id.clone())).ok().map(|_| graph)
        });
        Self { fixed, taken: taken.map(|pipe| pipe.id.clone()), loose: at, target: None, without, verdicts: HashMap::new() }
    }

    /// The side that the loose end looks for.
    pub fn wanted(&self, scene: &Scene) -> Side {
        match scene.nodes[self.fixed.0 as usize].ports[self.fixed.1 as usize].side {
            Side::Input => Side::Output,
            Side::Output => Side::Input,
        }
    }

    /// The ends of the pipe that would be, from sender to receiver.
    fn ends(&self, scene: &Scene, (node, port): (u32, u16)) -> (End, End) {
        let fixed = scene.nodes[self.fixed.0 as usize].end(self.fixed.1 as usize);
        let other = scene.nodes[node as usize].end(port as usize);
        if self.wanted(scene) == Side::Input { (fixed, other) } else { (other, fixed) }
    }

    /// Why the wire may not land on a port; `None` if it may. Asked once for each port during a gesture.
    pub fn bar(&mut self, scene: &Scene, at: (u32, u16), rules: Rules<'_>) -> Option<String> {
        if !self.verdicts.contains_key(&at) {
            let (from, to) = self.ends(scene, at);
            let sender = if self.wanted(scene) == Side::Input { self.fixed.0 } else { at.0 };
            let receiver = if self.wanted(scene) == Side::Input { at.0 } else { self.fixed.0 };
            let graph = self.without.as_ref().unwrap_or(rules.graph);
            // Where the sender wants a certain kind behind it, one is put in on the way (G2).
            let bar = if direct(scene, sender, receiver) { (rules.may_connect)(graph, rules.catalogue, &from, &to).err() } else { None };
            self.verdicts.insert(at, bar);
        }
        self.verdicts[&at].clone()
    }

    fn go_on(&mut self, scene: &Scene, at: Pos2, zoom: f32, rules: Rules<'_>) {
        self.loose = at;
        let wanted = self.wanted(scene);
        let fits = |node: u32, port: u16| scene.nodes[node as usize].ports[port as usize].side == wanted;
        let mut target = hit::nearest_port(scene, at, DROP_REACH / zoom.max(0.4), fits);
        if target.is_none()
            && let Hit::Node(node) = hit::hit(scene, at, zoom)
            && node != self.fixed.0
        {
            // Over a node: its first port that takes the wire, or its first at all, to say why not.
            let ports: Vec<u16> = (0..scene.nodes[node as usize].ports.len() as u16).filter(|&port| fits(node, port)).collect();
            target = ports
                .iter()
                .copied()
                .find(|&port| self.bar(scene, (node, port), rules).is_none())
                .or(ports.first().copied())
                .map(|p| (node, p));
        }
        self.target = target.map(|target| (target, self.bar(scene, target, rules)));
    }

    fn end(self, scene: &Scene, outbox: &mut Outbox) {
        match &self.target {
            Some((target, None)) => {
                let (from, to) = self.ends(scene, *target);
                let id = PipeId { from: from.clone(), to: to.clone() };
                match &self.taken {
                    Some(taken) if *taken == id => {}
                    Some(taken) => outbox.push(Action::Reconnect(taken.clone(), from, to)),
                    None => outbox.push(Action::Connect(from, to)),
                }
            }
            // Dropped where it may not land: nothing changes, the reason was shown.
            Some((_, Some(_))) => {}
            None => {
                let fixed = scene.nodes[self.fixed.0 as usize].end(self.fixed.1 as usize);
                // The new node's port comes to lie where the wire was dropped.
                let left = if self.wanted(scene) == Side::Input { 0.0 } else { NODE_WIDTH };
                let add = Action::QuickAdd(self.loose - vec2(left, NODE_HEIGHT * 0.5), Some(fixed));
                let disconnect = |pipe| Action::Edit("Disconnect".to_owned(), Edit::RemovePipe(pipe));
                outbox.push(self.taken.map_or(add, disconnect));
            }
        }
    }
}

/// Whether a pipe between two nodes can be put in as it is, with nothing between (G2).
fn direct(scene: &Scene, sender: u32, receiver: u32) -> bool {
    let wanted = scene.nodes[sender as usize].only_to;
    wanted.is_none_or(|wanted| scene.nodes[receiver as usize].kind.is_some_and(|kind| kind.name == wanted))
}
