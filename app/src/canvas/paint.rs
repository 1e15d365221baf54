//! Paints one frame of the canvas, from back to front.

use super::brush::{Brush, Detail};
use super::curve::Curve;
use super::far_view::FarView;
use super::gesture::Gesture;
use super::hit::Hit;
use super::node_view::{NodeLook, PortLook};
use super::pipe_view::PipeLook;
use super::scene::{Scene, ScenePipe};
use super::{CanvasInput, CanvasState, advice, backdrop, live, node_view, overlay, pipe_view};
use crate::action::Item;
use crate::theme;
use egui::{Pos2, Rect, Shape, Ui, Vec2};
use pipewright_runtime::node::PortRole;
use pipewright_runtime::problem::Severity;
use pipewright_runtime::telemetry::snapshot::{NodeState, RunState};
use std::borrow::Cow;
use std::collections::HashSet;

/// Selected nodes and pipes by their numbers.
struct Selected {
    nodes: HashSet<u32>,
    pipes: HashSet<u32>,
}

/// Paints everything. Whether anything moves, so that another frame should follow soon.
pub fn paint(ui: &Ui, input: &CanvasInput<'_>, state: &mut CanvasState) -> bool {
    let viewport = state.camera.viewport();
    let painter = ui.painter_at(viewport);
    painter.rect_filled(viewport, 0.0, input.theme.canvas);
    find_seen(state);
    let camera = state.camera.clone();
    let detail = Detail::of(camera.zoom(), state.seen.nodes.len());
    let mut brush = Brush { painter: &painter, camera: &camera, theme: input.theme, detail, shapes: Vec::with_capacity(256) };
    backdrop::paint_grid(&mut brush);
    paint_backdrop(&mut brush, input, state);
    let selected = Selected {
        nodes: input.selection.iter().filter_map(|item| if let Item::Node(id) = item { state.scene.number(id) } else { None }).collect(),
        pipes: input.selection.iter().filter_map(|item| if let Item::Pipe(id) = item { state.scene.wire(id) } else { None }).collect(),
    };
    let mut moves = false;
    super::border::paint(&mut brush, &state.scene, &state.gesture, state.hovered);
    if detail == Detail::Far {
        paint_far(&mut brush, input, state, &selected);
    } else {
        let seconds = if super::motion(ui) { ui.input(|i| i.stable_dt).min(0.1) } else { 0.0 };
        moves = paint_pipes(&mut brush, input, state, &selected, seconds);
        paint_nodes(ui, &mut brush, input, state, &selected);
    }
    paint_overlay(&mut brush, input, state);
    let shapes = std::mem::take(&mut brush.shapes);
    painter.extend(shapes);
    if state.scene.bounds.is_none() {
        overlay::paint_empty(&painter, viewport, input.theme, input.read_only);
    }
    moves
}

/// Finds what is in view; things on the move are taken along wherever they stood.
fn find_seen(state: &mut CanvasState) {
    let part = state.camera.visible().expand(24.0);
    state.scene.node_index.touching(part, &mut state.seen.nodes);
    state.scene.pipe_index.touching(part, &mut state.seen.pipes);
    if let Gesture::Bending(bending) = &state.gesture
        && let Err(place) = state.seen.pipes.binary_search(&bending.pipe)
    {
        state.seen.pipes.insert(place, bending.pipe);
    }
    if let Gesture::Moving(moving) = &state.gesture {
        for (seen, moved) in [(&mut state.seen.nodes, &moving.nodes), (&mut state.seen.pipes, &moving.pipes)] {
            seen.extend(moved.iter().copied());
            seen.sort_unstable();
            seen.dedup();
        }
    }
}

fn paint_backdrop(brush: &mut Brush<'_>, input: &CanvasInput<'_>, state: &CanvasState) {
    let (moving, resizing) = match &state.gesture {
        Gesture::Moving(moving) => (Some(moving), None),
        Gesture::Resizing(resizing) => (None, Some(resizing)),
        _ => (None, None),
    };
    let part = brush.camera.visible();
    let place = |item: &Item, rect: Rect, moved: bool| match (moving, resizing) {
        (Some(moving), _) if moved => rect.translate(moving.shift),
        (_, Some(resizing)) if resizing.item == *item => resizing.rect,
        _ => rect,
    };
    for (number, frame) in state.scene.frames.iter().enumerate() {
        let item = Item::Frame(frame.id);
        let rect = place(&item, frame.rect, moving.is_some_and(|moving| moving.frames.contains(&(number as u32))));
        if rect.intersects(part) {
            let number = number as u32;
            let hovered = matches!(state.hovered, Some(Hit::Frame(n) | Hit::FrameCorner(n)) if n == number);
            backdrop::paint_frame(brush, frame, brush.camera.rect_to_screen(rect), input.selection.contains(&item), hovered);
        }
    }
    for (number, note) in state.scene.notes.iter().enumerate() {
        let item = Item::Note(note.id);
        let rect = place(&item, note.rect, moving.is_some_and(|moving| moving.notes.contains(&(number as u32))));
        if rect.intersects(part) {
            let number = number as u32;
            let hovered = matches!(state.hovered, Some(Hit::Note(n) | Hit::NoteCorner(n)) if n == number);
            backdrop::paint_note(brush, note, brush.camera.rect_to_screen(rect), input.selection.contains(&item), hovered);
        }
    }
}

fn paint_far(brush: &mut Brush<'_>, input: &CanvasInput<'_>, state: &mut CanvasState, selected: &Selected) {
    let theme = brush.theme;
    let CanvasState { scene, live, seen, gesture, problems, .. } = state;
    let mut view = FarView::new(seen.nodes.len(), seen.pipes.len());
    let width = brush.scale(2.4).clamp(0.7, 2.0);
    let quiet = theme::blend(theme.canvas, theme.pipe, 0.75);
    for &number in &seen.pipes {
        let pipe = &scene.pipes[number as usize];
        let figures = input.snapshot.and_then(|snapshot| live.pipe(number, scene, snapshot));
        let colour = match () {
            () if selected.pipes.contains(&number) => theme.accent,
            () if figures.is_some_and(|figures| figures.blocked) => theme.warning,
            () if pipe.role == PortRole::Error => theme::blend(theme.canvas, theme.failed, 0.55),
            () if figures.is_some_and(|figures| figures.rate > 0.0) => theme.pipe,
            () => quiet,
        };
        view.pipe(brush, pipe, colour, width);
    }
    for &number in &seen.nodes {
        let node = &scene.nodes[number as usize];
        let failed = input.snapshot.and_then(|snapshot| live.node(number, &node.id, snapshot)).map(|figures| &figures.state);
        let edge = match failed {
            _ if selected.nodes.contains(&number) => Some(theme.accent),
            Some(NodeState::Failed(_)) => Some(theme.failed),
            Some(NodeState::Blocked) => Some(theme.warning),
            _ if problems.is_empty() => None,
            _ => problems.worst(&node.id, input.problems).filter(|worst| *worst == Severity::Error).map(|_| theme.failed),
        };
        view.node(brush, node, brush.camera.rect_to_screen(node.rect.translate(gesture.shift_of(number))), edge);
    }
    brush.add(view.into_shape());
}

/// The way of a pipe just now: as kept, or between ends that are on the move.
fn curve_of<'s>(scene: &'s Scene, gesture: &Gesture, number: u32) -> Cow<'s, Curve> {
    let pipe = &scene.pipes[number as usize];
    match gesture {
        Gesture::Bending(bending) if bending.pipe == number => Cow::Owned(bending.curve(scene)),
        Gesture::Moving(moving) if moving.pipes.contains(&number) && moving.shift != Vec2::ZERO => {
            Cow::Owned(moved_curve(scene, gesture, pipe))
        }
        _ => Cow::Borrowed(&pipe.curve),
    }
}

fn moved_curve(scene: &Scene, gesture: &Gesture, pipe: &ScenePipe) -> Curve {
    let (from, to) = (gesture.shift_of(pipe.from), gesture.shift_of(pipe.to));
    let (sender, receiver) = (&scene.nodes[pipe.from as usize], &scene.nodes[pipe.to as usize]);
    let (out, into) = (pipe.ports[0] as usize, pipe.ports[1] as usize);
    let parts = pipe.curve.parts();
    // Bends between two moved nodes come along; others hold still.
    let along = if from == to { from } else { Vec2::ZERO };
    let bends: Vec<Pos2> = parts[1..].iter().map(|part| part[0] + along).collect();
    Curve::new(sender.port_at(out) + from, sender.ports[out].outward(), receiver.port_at(into) + to, receiver.ports[into].outward(), &bends)
}

/// Paints wires, then the pills above all wires. Whether marks move.
fn paint_pipes(brush: &mut Brush<'_>, input: &CanvasInput<'_>, state: &mut CanvasState, selected: &Selected, seconds: f32) -> bool {
    let running = input.snapshot.is_some_and(|snapshot| snapshot.state == RunState::Running);
    let over = input.snapshot.is_some_and(|snapshot| matches!(snapshot.state, RunState::Ended | RunState::Failed(_)));
    let CanvasState { scene, live, seen, gesture, problems, hovered, pointer_at, .. } = state;
    let landing = match gesture {
        Gesture::Moving(moving) => moving.into,
        _ => state.dragged.and_then(|dragged| dragged.into),
    };
    let taken = match gesture {
        Gesture::Wiring(wiring) => wiring.taken.as_ref().and_then(|id| scene.wire(id)),
        _ => None,
    };
    let top = live.top_rate.max(1e-9);
    let (mut points, mut pills, mut moves) = (Vec::new(), Vec::new(), false);
    let mut ordered = seen.pipes.clone();
    // What is selected or pointed at lies above the others.
    ordered.sort_by_key(|number| (selected.pipes.contains(number), hovered.and_then(Hit::pipe) == Some(*number)));
    for number in ordered {
        if taken == Some(number) {
            continue;
        }
        let pipe = &scene.pipes[number as usize];
        let curve = curve_of(scene, gesture, number);
        let figures = input.snapshot.and_then(|snapshot| live.pipe(number, scene, snapshot));
        let rate = figures.map_or(0.0, |figures| figures.rate);
        let share = ((rate / top) as f32).clamp(0.0, 1.0);
        let pointed = hovered.and_then(Hit::pipe) == Some(number) || landing == Some(number);
        let near = pointed || pointer_at.is_some_and(|at| (curve.middle() - at).length() * brush.camera.zoom() < 56.0);
        if rate > 0.0 && running && !near {
            live.phases[number as usize] += pipe_view::speed(share) * seconds;
            moves = true;
        }
        let broken = problems.of_pipe(&pipe.id, input.problems).any(|problem| problem.severity == Severity::Error);
        let is_selected = selected.pipes.contains(&number);
        let phase = live.phases[number as usize];
        let look = PipeLook { figures, over, selected: is_selected, hovered: pointed, broken, share, phase };
        pipe_view::paint(brush, pipe, &curve, &look, &mut points);
        if (is_selected || pointed) && brush.detail != Detail::Far {
            pipe_view::paint_bends(brush, &curve, *hovered, number);
        }
        // An error pipe says nothing as long as nothing goes wrong.
        let silent = pipe.role == PortRole::Error && figures.is_some_and(|figures| figures.messages == 0);
        if figures.is_some() && !silent {
            pills.push((number, curve.middle(), look));
        }
    }
    for (number, middle, look) in pills {
        let pipe = &scene.pipes[number as usize];
        let ends = [pipe.from, pipe.to].map(|node| scene.nodes[node as usize].rect.translate(gesture.shift_of(node)));
        pipe_view::paint_pill(brush, pipe, middle, ends, &look);
    }
    moves
}

fn paint_nodes(ui: &Ui, brush: &mut Brush<'_>, input: &CanvasInput<'_>, state: &mut CanvasState, selected: &Selected) {
    let rules = super::gesture::Rules { graph: input.whole, catalogue: input.catalogue, may_connect: input.may_connect };
    let CanvasState { scene, live, seen, gesture, problems, hovered, .. } = state;
    let focused = ui.memory(egui::Memory::focused);
    // The ends of the one pipe that is selected can be taken in hand.
    let alone = selected.pipes.iter().next().filter(|_| input.selection.len() == 1 && !input.read_only);
    let ends = alone.map(|pipe| &scene.pipes[*pipe as usize]).map(|pipe| [(pipe.from, pipe.ports[0]), (pipe.to, pipe.ports[1])]);
    let mut ordered = seen.nodes.clone();
    // What is selected or on the move lies above the others.
    ordered.sort_by_key(|number| (gesture.shift_of(*number) != Vec2::ZERO, selected.nodes.contains(number)));
    for &number in &ordered {
        let node = &scene.nodes[number as usize];
        let rect = brush.camera.rect_to_screen(node.rect.translate(gesture.shift_of(number)));
        let figures = input.snapshot.and_then(|snapshot| live.node(number, &node.id, snapshot));
        let worst = problems.worst(&node.id, input.problems);
        let hovering = matches!(*hovered, Some(Hit::Node(n) | Hit::Port(n, _)) if n == number);
        let (opacity, offered) = match gesture {
            Gesture::Wiring(wiring) => wiring_look(scene, wiring, number, rules),
            _ => (1.0, false),
        };
        let graph = figures.filter(|_| brush.detail == Detail::Near).map(|_| live.graph(&node.id).clone());
        let look = NodeLook {
            rect,
            selected: selected.nodes.contains(&number),
            hovered: hovering || offered,
            focused: focused.is_some_and(|id| id == ui.scope_id().with(("node", node.id.as_str()))),
            mark: live::mark(worst, figures, input.snapshot),
            errors: figures.map_or(0, |figures| figures.errors),
            figures: live::figures_shown(node, figures),
            running: figures.is_some(),
            graph: graph.as_ref(),
            opacity,
        };
        node_view::paint(brush, node, &look);
        if brush.detail == Detail::Near || hovering {
            for port in 0..node.ports.len() {
                let at = rect.min + node.ports[port].offset * brush.camera.zoom();
                let held = ends.is_some_and(|ends| ends.contains(&(number, port as u16)));
                let look = if held && gesture.is_idle() {
                    PortLook::Grown
                } else {
                    port_look(scene, gesture, *hovered, (number, port as u16), rules)
                };
                node_view::paint_port(brush, node, port, at, look);
            }
        }
        if brush.detail == Detail::Near {
            paint_advice(brush, input, scene, problems, number, rect);
        }
    }
}

/// How visible a node is while a wire is in hand, and whether the wire would land on it.
fn wiring_look(scene: &Scene, wiring: &mut super::gesture::Wiring, number: u32, rules: super::gesture::Rules<'_>) -> (f32, bool) {
    if wiring.fixed.0 == number {
        return (1.0, false);
    }
    let wanted = wiring.wanted(scene);
    let ports = &scene.nodes[number as usize].ports;
    let welcome =
        (0..ports.len() as u16).any(|port| ports[port as usize].side == wanted && wiring.bar(scene, (number, port), rules).is_none());
    let landing = wiring.target.as_ref().is_some_and(|((node, _), bar)| *node == number && bar.is_none());
    (if welcome { 1.0 } else { 0.45 }, landing)
}

fn port_look(scene: &Scene, gesture: &mut Gesture, hovered: Option<Hit>, port: (u32, u16), rules: super::gesture::Rules<'_>) -> PortLook {
    match gesture {
        Gesture::Wiring(wiring) if wiring.fixed == port => PortLook::Grown,
        Gesture::Wiring(wiring) => {
            let fits = scene.nodes[port.0 as usize].ports[port.1 as usize].side == wiring.wanted(scene);
            if fits && wiring.bar(scene, port, rules).is_none() { PortLook::Offered } else { PortLook::Barred }
        }
        _ if hovered == Some(Hit::Port(port.0, port.1)) => PortLook::Grown,
        _ => PortLook::Plain,
    }
}

fn paint_advice(brush: &mut Brush<'_>, input: &CanvasInput<'_>, scene: &Scene, problems: &advice::ProblemIndex, number: u32, rect: Rect) {
    let node = &scene.nodes[number as usize];
    let mut below = rect;
    if let Some(snapshot) = input.snapshot
        && let Some(figures) = snapshot.nodes.get(&node.id)
    {
        let around = scene.pipe_index.near(node.rect.left_center(), node.rect.height() * 0.5);
        let arriving = around.into_iter().map(|pipe| &scene.pipes[pipe as usize]).filter(|pipe| pipe.to == number).filter_map(|pipe| {
            let figures = snapshot.pipes.get(&pipe.id)?;
            let held = snapshot.nodes.get(&pipe.id.from.node).map_or(0, |sender| sender.held);
            Some(advice::Arriving { depth: figures.depth, capacity: figures.capacity, blocked: figures.blocked, held })
        });
        if snapshot.state == RunState::Running
            && let Some(text) = advice::bottleneck(figures.busy, arriving)
        {
            let card = overlay::paint_advice(brush, rect, "Bottleneck", &text);
            below = rect.union(card);
        }
    }
    if let Some(problem) = problems.of_node(&node.id, input.problems).find(|problem| problem.severity == Severity::Advice) {
        let words = |text: &str| advice::in_words(text, |id| Some(scene.node(id)?.title.clone()));
        overlay::paint_advice(brush, below, &words(&problem.message), &words(&problem.hint));
    }
}

fn paint_overlay(brush: &mut Brush<'_>, input: &CanvasInput<'_>, state: &CanvasState) {
    match &state.gesture {
        Gesture::Selecting { from, to, .. } => overlay::paint_box(brush, *from, *to),
        Gesture::Wiring(wiring) => overlay::paint_wire(brush, &state.scene, wiring),
        Gesture::Bending(bending) if bending.straightens() => {
            if let Some(at) = state.pointer_at {
                let at = brush.camera.to_screen(at) + egui::vec2(16.0, 20.0);
                overlay::paint_hint(brush, at, "Let go to straighten it", input.theme.dim);
            }
        }
        Gesture::Moving(moving) if moving.into.is_some() => {
            if let Some(at) = state.pointer_at {
                let at = brush.camera.to_screen(at) + egui::vec2(16.0, 20.0);
                overlay::paint_hint(brush, at, "Drop to put it into this pipe", input.theme.dim);
            }
        }
        _ => {}
    }
    if let Some(dragged) = state.dragged {
        overlay::paint_ghost(brush, dragged.kind, dragged.at);
        if dragged.into.is_some()
            && let Some(at) = state.pointer_at
        {
            let at = brush.camera.to_screen(at) + egui::vec2(16.0, 20.0);
            overlay::paint_hint(brush, at, "Drop to put it into this pipe", input.theme.dim);
        }
    }
    if input.read_only {
        let at = brush.camera.viewport().center_top() + egui::vec2(0.0, 20.0);
        let galley = brush.line("Read only", theme::medium(12.0), input.theme.dim, 200.0);
        let rect = Rect::from_center_size(at, galley.size() + egui::vec2(20.0, 8.0));
        brush.add(Shape::rect_filled(rect, 8.0, input.theme.raised));
        brush.add(Shape::rect_stroke(rect, 8.0, egui::Stroke::new(1.0, input.theme.border), egui::StrokeKind::Inside));
        brush.text_centre(at, galley);
    }
}
