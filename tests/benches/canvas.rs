//! Frames of the canvas, layout and tessellation, without a window.

use super::harness::{Case, Contestant, Goal, Line, Unit, median};
use super::sticks::painting::Plain;
use egui::{Context, Pos2, RawInput, Rect, Ui, Vec2, pos2, vec2};
use pipewright::action::Outbox;
use pipewright::canvas::{CanvasInput, CanvasState, NODE_HEIGHT, NODE_WIDTH, canvas_ui};
use pipewright::theme::{self, Theme};
use pipewright_runtime::graph::{Edit, Graph, Node, Point};
use pipewright_runtime::id::{End, NodeId, PipeId};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::{Books, Mode, NodeFigures, NodeState, PipeFigures, Quantiles, RunState, Snapshot};
use pipewright_runtime::units::{Moment, Span};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// The room on screen, in points.
pub const SIZE: Vec2 = vec2(1_600.0, 900.0);
/// From node to node.
const STEP: Vec2 = vec2(260.0, 160.0);
/// Frames that are timed at once.
const FRAMES: usize = 40;

/// A drawing without a program: nodes in a square, a pipe and a half for each.
#[derive(Clone)]
pub struct Drawing {
    /// The corners of the nodes.
    pub nodes: Vec<Pos2>,
    /// From node to node, by number.
    pub pipes: Vec<(usize, usize)>,
}

impl Drawing {
    fn new(nodes: usize) -> Self {
        let side = (nodes as f64).sqrt().ceil() as usize;
        let place = |n: usize| pos2((n % side) as f32 * STEP.x, (n / side) as f32 * STEP.y);
        let steps = |n: usize| [1, side].into_iter().take(1 + n % 2).map(move |step| (n, n + step));
        let pipes = (0..nodes).flat_map(steps).filter(|(_, to)| *to < nodes).collect();
        Self { nodes: (0..nodes).map(place).collect(), pipes }
    }
}

fn id(number: usize) -> NodeId {
    NodeId::new(&format!("node{number:06}")).expect("a short word")
}

fn pipe_id((from, to): (usize, usize)) -> PipeId {
    let end = |node, port: &str| End { node: id(node), port: port.into() };
    PipeId { from: end(from, "out"), to: end(to, "in") }
}

fn graph(drawing: &Drawing) -> Graph {
    let mut graph = Graph::default();
    for (number, at) in drawing.nodes.iter().enumerate() {
        let mut node = Node::new(["generator", "filter", "queue", "consumer_pool"][number % 4], Point { x: at.x, y: at.y });
        node.title = format!("Node number {number}");
        graph.apply(Edit::AddNode(id(number), Box::new(node), None)).expect("a new node");
    }
    for pipe in &drawing.pipes {
        graph.apply(Edit::AddPipe(pipe_id(*pipe), Box::default(), None)).expect("a new pipe");
    }
    graph
}

/// A picture of the graph while everything runs; another for each `turn`.
fn snapshot(drawing: &Drawing, turn: u64) -> Snapshot {
    let node = |number: usize| NodeFigures {
        state: if number.is_multiple_of(50) { NodeState::Blocked } else { NodeState::Running },
        received: 1_000 * turn + number as u64,
        sent: 1_000 * turn,
        rate_in: 950.0 + (number as u64 * 7 + turn) as f64 % 100.0,
        rate_out: 900.0 + (number as u64 * 3 + turn) as f64 % 100.0,
        held: (number as u64 + turn) % 40,
        busy: 0.8,
        ..NodeFigures::default()
    };
    let pipe = |number: usize| PipeFigures {
        messages: 1_000 * turn + number as u64,
        rate: 900.0 + (number as u64 * 3 + turn) as f64 % 100.0,
        depth: (number as u64 * 5 + turn * 9) % 256,
        capacity: 256,
        blocked: number.is_multiple_of(50),
        ..PipeFigures::default()
    };
    let mut pipes: Vec<_> = drawing.pipes.iter().map(|ends| pipe_id(*ends)).collect();
    pipes.sort();
    Snapshot {
        mode: Mode::Live,
        state: RunState::Running,
        now: Moment(turn * 33_000_000),
        wall: Span(turn * 33_000_000),
        events: 1_000 * turn,
        nodes: (0..drawing.nodes.len()).map(|number| (id(number), Arc::new(node(number)))).collect(),
        pipes: pipes.into_iter().enumerate().map(|(number, id)| (id, Arc::new(pipe(number)))).collect(),
        books: Books::default(),
        latency: Quantiles::default(),
        journal: Arc::default(),
        journal_not_shown: 0,
        dead_letters: [].into_iter().collect(),
        deadlocks: Arc::default(),
        changes: Arc::default(),
    }
}

/// What is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// Everything.
    All,
    /// About 30 nodes, at full size.
    Some,
}

/// An egui without a window, and its clock.
struct Screen {
    context: Context,
    time: f64,
}

impl Screen {
    fn new() -> Self {
        let context = Context::default();
        theme::install(&context);
        Self { context, time: 0.0 }
    }

    /// One frame; the seconds that layout and tessellation take.
    fn frame(&mut self, contents: impl FnMut(&mut Ui)) -> f64 {
        self.time += 1.0 / 60.0;
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, SIZE));
        let raw = RawInput { screen_rect, time: Some(self.time), focused: true, ..RawInput::default() };
        let began = Instant::now();
        let mut output = self.context.run_ui(raw, contents);
        let meshes = self.context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        let took = began.elapsed().as_secs_f64();
        assert!(!meshes.is_empty());
        // Nobody paints here.
        output.textures_delta.clear();
        took
    }
}

/// The canvas on a graph that runs.
struct Ours {
    screen: Screen,
    graph: Graph,
    snapshots: Vec<Snapshot>,
    state: CanvasState,
    frames: usize,
}

impl Ours {
    fn new(nodes: usize, view: View) -> Self {
        let drawing = Drawing::new(nodes);
        let snapshots = (1..=3).map(|turn| snapshot(&drawing, turn)).collect();
        let mut ours = Self { screen: Screen::new(), graph: graph(&drawing), snapshots, state: CanvasState::default(), frames: 0 };
        ours.frame();
        if view == View::Some {
            ours.state.zoom_to(1.0);
        }
        // The camera glides to where it was sent.
        for _ in 0..120 {
            ours.frame();
        }
        assert!(view == View::All || (ours.state.zoom() - 1.0).abs() < 0.01, "the zoom is {}", ours.state.zoom());
        ours
    }

    fn frame(&mut self) -> f64 {
        let Self { screen, graph, snapshots, state, frames } = self;
        *frames += 1;
        // The run publishes 30 pictures a second, the screen shows 60; the clock of the run never goes back.
        let shown = (*frames / 2) % snapshots.len();
        let turn = (*frames / 2) as u64;
        snapshots[shown].wall = Span(turn * 33_000_000);
        let selection = BTreeSet::new();
        let mut outbox = Outbox::default();
        let snapshot = &snapshots[shown];
        screen.frame(|ui| {
            let input = CanvasInput {
                graph,
                whole: graph,
                level: None,
                revision: 1,
                catalogue: CATALOGUE,
                snapshot: Some(snapshot),
                problems: &[],
                selection: &selection,
                theme: Theme::dark(),
                read_only: false,
                may_connect: |_, _, _, _| Ok(()),
            };
            canvas_ui(ui, &input, state, &mut outbox);
        })
    }
}

/// The stick on the same drawing and the same part of it.
struct Theirs {
    screen: Screen,
    plain: Plain,
    zoom: f32,
    centre: Pos2,
}

impl Theirs {
    fn new(nodes: usize, view: View) -> Self {
        let drawing = Drawing::new(nodes);
        let bounds =
            drawing.nodes.iter().fold(Rect::NOTHING, |bounds, at| bounds.union(Rect::from_min_size(*at, vec2(NODE_WIDTH, NODE_HEIGHT))));
        let fitting = (SIZE.x / bounds.width()).min(SIZE.y / bounds.height());
        let zoom = if view == View::All { fitting } else { 1.0 };
        Self { screen: Screen::new(), plain: Plain::new(&drawing), zoom, centre: bounds.center() }
    }

    fn frame(&mut self) -> f64 {
        let Self { screen, plain, zoom, centre } = self;
        screen.frame(|ui| plain.paint(ui, *centre, *zoom))
    }
}

fn case(name: &'static str, nodes: usize, view: View, most: f64) -> Case {
    let (mut ours, mut theirs) = (None, None);
    let frames = |frame: &mut dyn FnMut() -> f64| vec![median(&(0..FRAMES).map(|_| frame()).collect::<Vec<_>>())];
    Case {
        name,
        ours: Contestant::new("the canvas", move |_| {
            let ours = ours.get_or_insert_with(|| Ours::new(nodes, view));
            frames(&mut || ours.frame())
        }),
        sticks: vec![Contestant::new("plain painting", move |_| {
            let theirs = theirs.get_or_insert_with(|| Theirs::new(nodes, view));
            frames(&mut || theirs.frame())
        })],
        lines: vec![Line::new("", Unit::Seconds, [Goal::AtMost(most)])],
    }
}

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("canvas frame, 10,000 nodes in view", 10_000, View::All, 8e-3),
        case("canvas frame, 30 of 10,000 nodes in view", 10_000, View::Some, 1.5e-3),
        case("canvas frame, 30 of 100,000 nodes in view", 100_000, View::Some, 2e-3),
    ]
}
