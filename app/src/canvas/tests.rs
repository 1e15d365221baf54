//! The canvas from outside: pointer and keys go in, actions come out; names for AccessKit; what a frame costs.

use super::{CanvasInput, CanvasState, canvas_ui};
use crate::action::{Action, Item, Outbox};
use crate::theme::{self, Theme};
use egui::{Context, Event, Key, Modifiers, PointerButton, Pos2, RawInput, Rect, Vec2, pos2, vec2};
use pipewright_runtime::graph::{Edit, Graph, Node, Point};
use pipewright_runtime::id::{End, NodeId, PipeId};
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::{Problem, Subject};
use std::collections::BTreeSet;

const SIZE: Vec2 = vec2(1_600.0, 900.0);

struct Bench {
    context: Context,
    graph: Graph,
    revision: u64,
    selection: BTreeSet<Item>,
    problems: Vec<Problem>,
    state: CanvasState,
    time: f64,
    read_only: bool,
    spoken: Vec<String>,
}

fn id(name: &str) -> NodeId {
    NodeId::new(name).expect("a short word")
}

fn end(node: &str, port: &str) -> End {
    End { node: id(node), port: port.into() }
}

/// In these tests a wire may go anywhere but to the node called `closed`.
fn may_connect(_: &Graph, _: Catalogue, _: &End, to: &End) -> Result<(), String> {
    if to.node.as_str() == "closed" { Err("`closed` takes nothing".to_owned()) } else { Ok(()) }
}

impl Bench {
    fn new(nodes: &[(&str, &str, f32, f32)], pipes: &[(&str, &str)]) -> Self {
        let mut graph = Graph::default();
        for (name, kind, x, y) in nodes {
            let node = Box::new(Node::new(*kind, Point { x: *x, y: *y }));
            graph.apply(Edit::AddNode(id(name), node, None)).expect("a new node");
        }
        for (from, to) in pipes {
            let pipe = PipeId { from: end(from, "out"), to: end(to, "in") };
            graph.apply(Edit::AddPipe(pipe, Box::default(), None)).expect("a new pipe");
        }
        let context = Context::default();
        theme::install(&context);
        context.enable_accesskit();
        let mut bench = Self {
            context,
            graph,
            revision: 1,
            selection: BTreeSet::new(),
            problems: Vec::new(),
            state: CanvasState::default(),
            time: 0.0,
            read_only: false,
            spoken: Vec::new(),
        };
        // The first frame fits the graph; from then on one canvas unit is one point, and the canvas's origin lies in the corner.
        bench.frame(vec![]);
        bench.state.camera = super::Camera::default();
        bench.frame(vec![]);
        bench.state.camera.pan(vec2(-40.0, -40.0));
        bench
    }

    fn frame(&mut self, events: Vec<Event>) -> Vec<Action> {
        self.frame_with(events, Modifiers::NONE)
    }

    fn frame_with(&mut self, events: Vec<Event>, modifiers: Modifiers) -> Vec<Action> {
        self.time += 0.02;
        let events = std::iter::once(Event::ModifiersChanged(modifiers)).chain(events).collect();
        let raw = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            events,
            focused: true,
            ..RawInput::default()
        };
        let mut outbox = Outbox::default();
        let Self { context, graph, revision, selection, problems, state, read_only, .. } = self;
        let mut output = context.run_ui(raw, |ui| {
            let input = CanvasInput {
                graph,
                whole: graph,
                level: None,
                revision: *revision,
                catalogue: CATALOGUE,
                snapshot: None,
                problems,
                selection,
                theme: Theme::dark(),
                read_only: *read_only,
                may_connect,
            };
            canvas_ui(ui, &input, state, &mut outbox);
        });
        output.textures_delta.clear();
        if let Some(update) = output.platform_output.accesskit_update {
            self.spoken = update.nodes.iter().filter_map(|(_, node)| node.label().map(str::to_owned)).collect();
        }
        let actions = outbox.take();
        for action in &actions {
            match action {
                Action::Select(items) => self.selection = items.iter().cloned().collect(),
                Action::Edit(_, edit) => {
                    self.graph.apply(edit.clone()).expect("the canvas asks for edits that can be made");
                    self.revision += 1;
                }
                Action::Reconnect(pipe, from, to) => {
                    let id = PipeId { from: from.clone(), to: to.clone() };
                    let edits = vec![Edit::RemovePipe(pipe.clone()), Edit::AddPipe(id, Box::default(), None)];
                    self.graph.apply(Edit::Group(edits)).expect("the canvas asks for edits that can be made");
                    self.revision += 1;
                }
                _ => {}
            }
        }
        actions
    }

    fn button(at: Pos2, button: PointerButton, pressed: bool) -> Event {
        Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE }
    }

    fn click(&mut self, at: Pos2) -> Vec<Action> {
        self.frame(vec![Event::PointerMoved(at)]);
        self.frame(vec![Self::button(at, PointerButton::Primary, true)]);
        let actions = self.frame(vec![Self::button(at, PointerButton::Primary, false)]);
        // The next click must not count as the second of a double click.
        self.time += 2.0;
        actions
    }

    fn press_and_move(&mut self, from: Pos2, to: Pos2, button: PointerButton, modifiers: Modifiers) -> Vec<Action> {
        self.frame(vec![Event::PointerMoved(from)]);
        let mut actions = self.frame_with(vec![Self::button(from, button, true)], modifiers);
        for share in [0.3, 0.7, 1.0, 1.0] {
            actions.extend(self.frame_with(vec![Event::PointerMoved(from.lerp(to, share))], modifiers));
        }
        actions
    }

    fn drag(&mut self, from: Pos2, to: Pos2, button: PointerButton, modifiers: Modifiers) -> Vec<Action> {
        let mut actions = self.press_and_move(from, to, button, modifiers);
        actions.extend(self.frame_with(vec![Self::button(to, button, false)], modifiers));
        actions
    }

    fn position(&self, name: &str) -> (f32, f32) {
        let at = self.graph.node(&id(name)).expect("it is there").position;
        (at.x, at.y)
    }
}

fn line() -> Bench {
    Bench::new(
        &[("orders", "generator", 100.0, 200.0), ("large", "filter", 500.0, 200.0), ("shelf", "sink", 900.0, 200.0)],
        &[("orders", "large")],
    )
}

fn edits(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Edit(..))).count()
}

#[test]
fn a_click_selects_and_a_click_beside_selects_nothing() {
    let mut bench = line();
    bench.click(pos2(180.0, 240.0));
    assert_eq!(bench.selection, [Item::Node(id("orders"))].into());
    bench.click(pos2(388.0, 240.0));
    assert!(matches!(bench.selection.first(), Some(Item::Pipe(_))), "the pipe in the middle: {:?}", bench.selection);
    bench.click(pos2(60.0, 600.0));
    assert!(bench.selection.is_empty());
}

#[test]
fn dragging_moves_in_one_step_on_the_grid_of_four() {
    let mut bench = line();
    let actions = bench.drag(pos2(180.0, 240.0), pos2(241.0, 309.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(edits(&actions), 1, "{actions:?}");
    assert_eq!(bench.position("orders"), (160.0, 268.0));
    bench.drag(pos2(230.0, 300.0), pos2(231.0, 317.0), PointerButton::Primary, Modifiers::ALT);
    assert_eq!(bench.position("orders"), (161.0, 285.0), "with alt it does not snap");
}

#[test]
fn escape_gives_up_a_drag() {
    let mut bench = line();
    bench.press_and_move(pos2(180.0, 240.0), pos2(400.0, 500.0), PointerButton::Primary, Modifiers::NONE);
    let key = Event::Key { key: Key::Escape, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    let mut actions = bench.frame(vec![key]);
    actions.extend(bench.frame(vec![Bench::button(pos2(400.0, 500.0), PointerButton::Primary, false)]));
    assert_eq!(edits(&actions), 0, "{actions:?}");
    assert_eq!(bench.position("orders"), (100.0, 200.0));
}

#[test]
fn a_box_selects_what_it_touches_and_moves_it_together() {
    let mut bench = line();
    bench.drag(pos2(60.0, 150.0), pos2(600.0, 260.0), PointerButton::Primary, Modifiers::NONE);
    let nodes: Vec<_> = bench.selection.iter().filter(|item| matches!(item, Item::Node(_))).cloned().collect();
    assert_eq!(nodes, [Item::Node(id("large")), Item::Node(id("orders"))]);
    assert_eq!(bench.selection.len(), 3, "and the pipe between them");
    let actions = bench.drag(pos2(180.0, 240.0), pos2(180.0, 340.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(edits(&actions), 1);
    assert_eq!((bench.position("orders"), bench.position("large")), ((100.0, 300.0), (500.0, 300.0)));
    assert_eq!(bench.position("shelf"), (900.0, 200.0));
}

fn bends(bench: &Bench) -> Vec<(f32, f32)> {
    let pipe = PipeId { from: end("orders", "out"), to: end("large", "in") };
    bench.graph.pipe(&pipe).expect("the pipe").bends.iter().map(|bend| (bend.x, bend.y)).collect()
}

#[test]
fn a_pipe_is_bent_by_hand_and_straightened_again() {
    let mut bench = line();
    let pipe = Item::Pipe(PipeId { from: end("orders", "out"), to: end("large", "in") });
    let middle = pos2(388.0, 244.0);
    let actions = bench.drag(middle, pos2(387.0, 341.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!((edits(&actions), bends(&bench)), (1, vec![(388.0, 340.0)]), "{actions:?}");
    assert_eq!(bench.selection, [pipe].into());
    // Taken at the bend, it moves; taken beside it, there is another.
    bench.drag(pos2(388.0, 340.0), pos2(400.0, 360.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(bends(&bench), [(400.0, 360.0)]);
    bench.frame(vec![]);
    let beside = bench.state.scene.pipes[0].curve.parts()[1];
    let beside = super::curve::cubic(&beside, 0.5);
    bench.drag(beside, pos2(460.0, 120.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(bends(&bench), [(400.0, 360.0), (460.0, 120.0)]);
    // A double click takes the second away, pulling straight the first.
    bench.frame(vec![Event::PointerMoved(pos2(460.0, 120.0))]);
    for pressed in [true, false, true, false] {
        bench.frame(vec![Bench::button(pos2(460.0, 120.0), PointerButton::Primary, pressed)]);
    }
    assert_eq!(bends(&bench), [(400.0, 360.0)]);
    bench.time += 2.0;
    bench.drag(pos2(400.0, 360.0), pos2(390.0, 246.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(bends(&bench), []);
    // A bend that would not be one leaves nothing to undo.
    let actions = bench.drag(middle, pos2(392.0, 246.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(edits(&actions), 0, "{actions:?}");
}

#[test]
fn a_wire_is_drawn_from_port_to_port_and_not_where_it_may_not_land() {
    let mut bench =
        Bench::new(&[("orders", "generator", 100.0, 200.0), ("shelf", "sink", 600.0, 200.0), ("closed", "sink", 600.0, 500.0)], &[]);
    let out = pos2(276.0, 244.0);
    let actions = bench.drag(out, pos2(610.0, 250.0), PointerButton::Primary, Modifiers::NONE);
    assert!(
        matches!(&actions[..], [Action::Connect(from, to)] if *from == end("orders", "out") && *to == end("shelf", "in")),
        "{actions:?}"
    );
    let actions = bench.drag(out, pos2(700.0, 540.0), PointerButton::Primary, Modifiers::NONE);
    assert!(actions.is_empty(), "{actions:?}");
    let actions = bench.drag(out, pos2(400.0, 700.0), PointerButton::Primary, Modifiers::NONE);
    assert!(matches!(&actions[..], [Action::QuickAdd(_, Some(from))] if *from == end("orders", "out")), "{actions:?}");
}

#[test]
fn the_end_of_a_pipe_can_be_taken_and_dropped_elsewhere_or_nowhere() {
    let mut bench = line();
    let input = pos2(500.0, 244.0);
    let actions = bench.press_and_move(input, pos2(900.0, 244.0), PointerButton::Primary, Modifiers::NONE);
    assert!(actions.is_empty());
    bench.frame(vec![Bench::button(pos2(900.0, 244.0), PointerButton::Primary, false)]);
    let pipes: Vec<String> = bench.graph.pipes().keys().map(ToString::to_string).collect();
    assert_eq!(pipes, ["orders.out -> shelf.in"]);
    bench.drag(pos2(900.0, 244.0), pos2(600.0, 700.0), PointerButton::Primary, Modifiers::NONE);
    assert!(bench.graph.pipes().is_empty(), "it was dropped on nothing");
}

/// Where several pipes arrive, or a port may have several, the selected pipe is the one that is meant.
#[test]
fn a_selected_pipe_can_be_taken_at_both_ends() {
    let mut bench = Bench::new(
        &[
            ("one", "generator", 100.0, 200.0),
            ("two", "generator", 100.0, 500.0),
            ("shelf", "sink", 900.0, 200.0),
            ("box", "sink", 900.0, 500.0),
        ],
        &[("one", "shelf"), ("two", "shelf")],
    );
    let pipes = |bench: &Bench| bench.graph.pipes().keys().map(ToString::to_string).collect::<Vec<_>>();
    let (one, two, shelf, other) = (pos2(276.0, 244.0), pos2(276.0, 544.0), pos2(900.0, 244.0), pos2(900.0, 544.0));
    let actions = bench.drag(shelf, other, PointerButton::Primary, Modifiers::NONE);
    assert!(!matches!(&actions[..], [Action::Reconnect(..)]), "nobody knows which of the two is meant: {actions:?}");
    bench.selection = [Item::Pipe(PipeId { from: end("two", "out"), to: end("shelf", "in") })].into();
    bench.drag(shelf, other, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(pipes(&bench), ["one.out -> shelf.in", "two.out -> box.in"]);
    bench.selection = [Item::Pipe(PipeId { from: end("one", "out"), to: end("shelf", "in") })].into();
    bench.drag(one, two, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(pipes(&bench), ["two.out -> box.in", "two.out -> shelf.in"]);
}

#[test]
fn a_loose_node_dropped_on_a_pipe_goes_into_it() {
    let mut bench = Bench::new(
        &[("orders", "generator", 100.0, 200.0), ("large", "filter", 400.0, 600.0), ("shelf", "sink", 900.0, 200.0)],
        &[("orders", "shelf")],
    );
    let actions = bench.drag(pos2(488.0, 644.0), pos2(588.0, 244.0), PointerButton::Primary, Modifiers::NONE);
    assert_eq!(edits(&actions), 1, "moving and putting in are one step");
    let pipes: Vec<String> = bench.graph.pipes().keys().map(ToString::to_string).collect();
    assert_eq!(pipes, ["orders.out -> large.in", "large.out -> shelf.in"]);
}

#[test]
fn a_double_click_beside_everything_asks_for_a_node() {
    let mut bench = line();
    let at = pos2(300.0, 700.0);
    let press = |pressed| vec![Event::PointerMoved(at), Bench::button(at, PointerButton::Primary, pressed)];
    let mut actions = Vec::new();
    for pressed in [true, false, true, false] {
        actions.extend(bench.frame(press(pressed)));
    }
    assert!(
        actions.iter().any(|action| matches!(action, Action::QuickAdd(place, None) if (*place + vec2(88.0, 44.0) - at).length() < 1.0)),
        "{actions:?}"
    );
}

#[test]
fn the_right_button_moves_the_canvas_and_the_wheel_zooms_to_the_pointer() {
    let mut bench = line();
    let before = bench.state.camera.to_canvas(pos2(800.0, 400.0));
    bench.drag(pos2(300.0, 700.0), pos2(350.0, 720.0), PointerButton::Secondary, Modifiers::NONE);
    assert!((bench.state.camera.to_canvas(pos2(850.0, 420.0)) - before).length() < 8.0, "up to the way it takes to become a drag");
    let pointer = pos2(640.0, 360.0);
    bench.frame(vec![Event::PointerMoved(pointer)]);
    let under = bench.state.camera.to_canvas(pointer);
    let delta = vec2(0.0, 1.0);
    let wheel = Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    };
    bench.frame(vec![wheel]);
    for _ in 0..12 {
        bench.frame(vec![]);
    }
    assert!(bench.state.zoom() > 1.1, "{}", bench.state.zoom());
    assert!((bench.state.camera.to_canvas(pointer) - under).length() < 0.1);
}

#[test]
fn a_document_that_may_only_be_read_is_not_changed() {
    let mut bench = line();
    bench.read_only = true;
    let actions = bench.drag(pos2(180.0, 240.0), pos2(400.0, 500.0), PointerButton::Primary, Modifiers::NONE);
    assert!(actions.is_empty(), "{actions:?}");
    let actions = bench.drag(pos2(276.0, 244.0), pos2(900.0, 244.0), PointerButton::Primary, Modifiers::NONE);
    assert!(actions.is_empty(), "{actions:?}");
}

#[test]
fn nodes_and_ports_have_names_and_the_keyboard_goes_from_node_to_node() {
    let mut bench = line();
    bench.problems.push(Problem::error("PW100", Subject::Node(id("large")), "wrong"));
    bench.frame(vec![]);
    for name in ["orders, Generator, not running", "large, Filter, not running", "shelf, Sink, not running", "orders output out"] {
        assert!(bench.spoken.iter().any(|spoken| spoken == name), "{name} is not among {:?}", bench.spoken);
    }
    let key = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    bench.frame(vec![key(Key::Tab)]);
    bench.frame(vec![]);
    for _ in 0..6 {
        if !bench.selection.is_empty() {
            break;
        }
        bench.frame(vec![key(Key::Tab)]);
        bench.frame(vec![]);
    }
    assert_eq!(bench.selection, [Item::Node(id("orders"))].into(), "tab reaches the first node");
    bench.frame(vec![]);
    bench.frame(vec![key(Key::ArrowRight)]);
    assert_eq!(bench.selection, [Item::Node(id("large"))].into(), "and an arrow the next");
}

#[test]
fn the_scene_follows_the_document() {
    let mut bench = line();
    let bounds = bench.state.scene.bounds;
    bench.graph.apply(Edit::MoveNodes(vec![(id("shelf"), Point { x: 2_000.0, y: 0.0 })])).unwrap();
    bench.graph.apply(Edit::SetTitle(id("orders"), "Orders".into())).unwrap();
    bench.frame(vec![]);
    assert_eq!(bench.state.scene.bounds, bounds, "kept while the revision is the same");
    bench.revision += 1;
    bench.frame(vec![]);
    assert_eq!(bench.state.scene.node(&id("orders")).unwrap().title, "Orders");
    assert_eq!(bench.state.scene.bounds.unwrap().right(), 2_000.0 + super::NODE_WIDTH);
    let pipe = bench.graph.pipes().keys().next().unwrap().clone();
    bench.graph.apply(Edit::RemovePipe(pipe)).unwrap();
    bench.graph.apply(Edit::RemoveNode(id("orders"))).unwrap();
    bench.revision += 1;
    bench.frame(vec![]);
    assert!(bench.state.scene.node(&id("orders")).is_none() && bench.state.scene.pipes.is_empty());
    assert_eq!(bench.state.scene.nodes.len(), 2);
}

/// Nodes in a square with about a pipe and a half for each.
fn grid(nodes: usize) -> Bench {
    let side = (nodes as f64).sqrt().ceil() as usize;
    let names: Vec<String> = (0..nodes).map(|n| format!("n{n}")).collect();
    let kinds = ["generator", "filter", "queue", "sink"];
    let place = |n: usize| ((n % side) as f32 * 260.0, (n / side) as f32 * 160.0);
    let placed: Vec<_> = (0..nodes).map(|n| (names[n].as_str(), kinds[n % 4], place(n).0, place(n).1)).collect();
    let mut bench = Bench::new(&placed, &[]);
    for n in 0..nodes {
        for step in [1, side].into_iter().take(1 + n % 2) {
            if n + step < nodes {
                let pipe = PipeId { from: end(&names[n], "out"), to: end(&names[n + step], "in") };
                bench.graph.apply(Edit::AddPipe(pipe, Box::default(), None)).expect("a new pipe");
            }
        }
    }
    bench.revision += 1;
    bench
}

#[test]
fn only_what_is_in_view_is_drawn() {
    let [few, many] = [1_000, 40_000].map(|nodes| {
        let mut bench = grid(nodes);
        bench.frame(vec![]);
        (bench.state.seen.nodes.len(), bench.state.seen.pipes.len(), bench.triangles())
    });
    assert!((20..80).contains(&few.0) && (20..120).contains(&few.1), "{few:?}");
    assert_eq!((few.0, few.1), (many.0, many.1));
    assert!(many.2 < few.2 * 5 / 4, "triangles: {} of 1,000 nodes, {} of 40,000", few.2, many.2);
}

impl Bench {
    /// How many triangles a frame is made of.
    fn triangles(&mut self) -> usize {
        self.time += 0.02;
        let raw = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            events: vec![Event::PointerMoved(pos2(500.0, 500.0))],
            ..RawInput::default()
        };
        let mut outbox = Outbox::default();
        let input = CanvasInput {
            graph: &self.graph,
            whole: &self.graph,
            level: None,
            revision: self.revision,
            catalogue: CATALOGUE,
            snapshot: None,
            problems: &[],
            selection: &self.selection,
            theme: Theme::dark(),
            read_only: false,
            may_connect,
        };
        let mut output = self.context.run_ui(raw, |ui| canvas_ui(ui, &input, &mut self.state, &mut outbox));
        let meshes = self.context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point);
        output.textures_delta.clear();
        let triangles = meshes.iter().map(|mesh| match &mesh.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.indices.len() / 3,
            egui::epaint::Primitive::Callback(_) => 0,
        });
        triangles.sum()
    }
}
