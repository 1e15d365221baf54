//! The border of the composite that is open: its ports as stubs at the left and right of what is inside.

use super::brush::{Brush, Detail};
use super::curve::Curve;
use super::gesture::{Gesture, snapped};
use super::hit::Hit;
use super::scene::{Scene, Side, at, point};
use crate::action::{Action, Outbox};
use crate::theme;
use egui::epaint::RectShape;
use egui::{CornerRadius, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};
use pipewright_runtime::graph::{Edit, Graph};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::PortRole;

/// The size of a stub.
const SIZE: Vec2 = vec2(112.0, 26.0);
/// Space between a stub and the nodes.
const GAP: f32 = 72.0;
/// Space between stubs.
const STEP: f32 = 36.0;

/// A port of the composite that is open.
#[derive(Clone, Debug)]
pub struct Stub {
    /// The composite.
    pub owner: NodeId,
    /// Its name outside.
    pub name: String,
    /// Where it lies.
    pub rect: Rect,
    /// Whether it was moved there, and does not merely stand where there is room.
    pub placed: bool,
    /// The port inside that it is bound to: a node and its port, by their numbers.
    pub inside: (u32, u16),
}

impl Stub {
    /// What passes.
    pub fn role(&self, scene: &Scene) -> PortRole {
        scene.nodes[self.inside.0 as usize].ports[self.inside.1 as usize].role
    }

    /// The way between it and the port inside, where both are as far from their places as told.
    fn curve(&self, scene: &Scene, shift: Vec2, of_node: Vec2) -> Curve {
        let node = &scene.nodes[self.inside.0 as usize];
        let (port, rect) = (&node.ports[self.inside.1 as usize], self.rect.translate(shift));
        let at = node.port_at(self.inside.1 as usize) + of_node;
        match port.side {
            Side::Input => Curve::new(rect.right_center(), Vec2::RIGHT, at, port.outward(), &[]),
            Side::Output => Curve::new(at, port.outward(), rect.left_center(), Vec2::LEFT, &[]),
        }
    }

    /// The edit that gives it a place, or takes that away.
    pub fn moved(&self, to: Option<Pos2>) -> Edit {
        Edit::PlacePort(self.owner.clone(), self.name.clone(), to.map(point))
    }
}

/// A stub on its way to another place.
#[derive(Debug)]
pub struct Carrying {
    /// Its number.
    pub stub: u32,
    /// How far it has come.
    pub shift: Vec2,
    from: Pos2,
}

impl Carrying {
    /// Takes it in hand.
    pub const fn begin(stub: u32, from: Pos2) -> Self {
        Self { stub, shift: Vec2::ZERO, from }
    }

    /// Goes on with the pointer at `at`. `free`: without snapping.
    pub fn go_on(&mut self, scene: &Scene, at: Pos2, free: bool) {
        let stands = scene.stubs[self.stub as usize].rect.min;
        self.shift = snapped(stands + (at - self.from), free) - stands;
    }

    /// Puts it down.
    pub fn end(self, scene: &Scene, outbox: &mut Outbox) {
        let stub = &scene.stubs[self.stub as usize];
        if self.shift != Vec2::ZERO {
            outbox.push(Action::Edit(format!("Move port {}", stub.name), stub.moved(Some(stub.rect.min + self.shift))));
        }
    }
}

/// The stubs of a level: where they were moved to; else inputs at the left, outputs at the right, each as near to the height of its port as there
/// is room.
pub fn stubs(scene: &Scene, whole: &Graph, level: Option<&NodeId>) -> Vec<Stub> {
    let Some(level) = level else { return Vec::new() };
    let Some(nodes) = scene.nodes.iter().map(|node| node.rect).reduce(Rect::union) else { return Vec::new() };
    let places = whole.node(level).map(|node| &node.port_places);
    let mut found: Vec<_> = whole
        .bindings(level)
        .into_iter()
        .filter_map(|(name, end)| {
            let number = scene.number(&end.node)?;
            let node = &scene.nodes[number as usize];
            let port = node.port(Side::Input, &end.port).or_else(|| node.port(Side::Output, &end.port))?;
            Some((name, node, (number, port as u16)))
        })
        .collect();
    // Errors leave at the bottom: below the others, their ways cross none.
    let error = |node: &super::scene::SceneNode, port: u16| node.ports[port as usize].role == PortRole::Error;
    let height = |node: &super::scene::SceneNode, port: u16| node.port_at(port as usize).y;
    found.sort_by(|(_, a, (_, x)), (_, b, (_, y))| error(a, *x).cmp(&error(b, *y)).then(height(a, *x).total_cmp(&height(b, *y))));
    let mut lowest = [f32::NEG_INFINITY; 2];
    let stub = |(name, node, inside): (&str, &super::scene::SceneNode, (u32, u16))| {
        let placed = places.and_then(|places| places.get(name)).map(|place| at(*place));
        let left = node.ports[inside.1 as usize].side == Side::Input;
        let corner = placed.unwrap_or_else(|| {
            let lowest = &mut lowest[usize::from(left)];
            let y = (height(node, inside.1) - SIZE.y * 0.5).max(*lowest + STEP);
            *lowest = y;
            pos2(if left { nodes.left() - GAP - SIZE.x } else { nodes.right() + GAP }, y)
        });
        let rect = Rect::from_min_size(corner, SIZE);
        Stub { owner: level.clone(), name: name.to_owned(), rect, placed: placed.is_some(), inside }
    };
    found.into_iter().map(stub).collect()
}

/// Paints the stubs, under the nodes; those that a gesture moves, or whose nodes it moves, where they would come to lie.
pub fn paint(brush: &mut Brush<'_>, scene: &Scene, gesture: &Gesture, hovered: Option<Hit>) {
    let theme = brush.theme;
    for (number, stub) in scene.stubs.iter().enumerate() {
        let shift = match gesture {
            Gesture::Carrying(carrying) if carrying.stub as usize == number => carrying.shift,
            _ => Vec2::ZERO,
        };
        let error = stub.role(scene) == PortRole::Error;
        let colour = if error { theme.failed } else { theme.pipe };
        let mut points = Vec::new();
        let camera = brush.camera;
        let curve = stub.curve(scene, shift, gesture.shift_of(stub.inside.0));
        curve.points(24, |point| camera.to_screen(point), &mut points);
        let line = Stroke::new(brush.scale(1.8).clamp(0.8, 3.0), colour.gamma_multiply(0.8));
        brush.shapes.extend(Shape::dashed_line(&points, line, brush.scale(6.0).max(2.0), brush.scale(5.0).max(2.0)));
        let rect = camera.rect_to_screen(stub.rect.translate(shift));
        let round = CornerRadius::same((rect.height() * 0.5).clamp(1.0, 40.0) as u8);
        let edge = match () {
            () if error => theme.failed,
            () if shift != Vec2::ZERO || hovered == Some(Hit::Stub(number as u32)) => theme::blend(theme.line, theme.dim, 0.4),
            () => theme.line,
        };
        let edge = Stroke::new(brush.scale(1.0).clamp(0.8, 2.0), edge);
        brush.add(RectShape::new(rect, round, theme.panel, edge, StrokeKind::Inside));
        if brush.detail != Detail::Far {
            let name = brush.line(&stub.name, theme::medium(brush.text_size(12.0).max(9.0)), theme.dim, rect.width() - brush.scale(16.0));
            brush.text_centre(rect.center(), name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CanvasInput;
    use super::super::hit::hit;
    use super::*;
    use crate::theme::Theme;
    use pipewright_runtime::file;
    use pipewright_runtime::nodes::CATALOGUE;
    use std::collections::BTreeSet;

    const TEXT: &str = r#"(
    format: 1,
    nodes: {
        "pay": composite(ports: {"in": "work.in", "out": "desk.out"}),
        "pay/work": queue(),
        "pay/desk": consumer_pool(),
    },
    pipes: ["pay/work.out -> pay/desk.in"],
    layout: (
        nodes: {"pay": (0, 0), "pay/work": (0, 0), "pay/desk": (300, 0)},
        ports: {"pay.out": (600, 100)},
    ),
)"#;

    fn scene(whole: &Graph) -> Scene {
        let level = NodeId::new("pay").unwrap();
        let mut scene = Scene::default();
        scene.update(&CanvasInput {
            graph: &whole.level(Some(&level)),
            whole,
            level: Some(&level),
            revision: 1,
            catalogue: CATALOGUE,
            snapshot: None,
            problems: &[],
            selection: &BTreeSet::new(),
            theme: Theme::dark(),
            read_only: false,
            may_connect: |_, _, _, _| Ok(()),
        });
        scene
    }

    #[test]
    fn a_stub_is_carried_to_another_place_and_put_back() {
        let mut graph = file::read(TEXT, CATALOGUE).graph;
        let before = scene(&graph);
        let place = |scene: &Scene, name: &str| scene.stubs.iter().find(|stub| stub.name == name).map(|stub| (stub.rect.min, stub.placed));
        assert_eq!(place(&before, "out"), Some((pos2(600.0, 100.0), true)));
        let (stood, placed) = place(&before, "in").unwrap();
        assert!(stood.x < 0.0 && !placed, "it stands at the left, where there is room");
        let from = stood + vec2(10.0, 10.0);
        let Hit::Stub(stub) = hit(&before, from, 1.0) else { panic!("the pointer is over it") };
        let mut carrying = Carrying::begin(stub, from);
        carrying.go_on(&before, from + vec2(-41.0, 90.0), false);
        let mut outbox = Outbox::default();
        carrying.end(&before, &mut outbox);
        let Some(Action::Edit(_, edit)) = outbox.take().pop() else { panic!("a step that can be undone") };
        let back = graph.apply(edit).unwrap();
        let (stands, placed) = place(&scene(&graph), "in").unwrap();
        assert!((stands - (stood + vec2(-41.0, 90.0))).length() < 4.0 && placed && stands.x % 4.0 == 0.0, "{stands:?}");
        graph.apply(back).unwrap();
        assert_eq!(place(&scene(&graph), "in"), Some((stood, false)));
    }
}
