//! The border of the composite that is open: its ports as stubs at the left and right of what is inside.

use super::brush::{Brush, Detail};
use super::curve::Curve;
use super::scene::{Scene, Side};
use crate::theme;
use egui::epaint::RectShape;
use egui::{CornerRadius, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};
use pipewright_runtime::graph::Graph;
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
    /// Its name outside.
    pub name: String,
    /// Where it lies.
    pub rect: Rect,
    /// What passes.
    pub role: PortRole,
    /// The way between it and the port inside that it is bound to.
    pub curve: Curve,
}

/// The stubs of a level: inputs at the left, outputs at the right, each as near to the height of its port as there is room.
pub fn stubs(scene: &Scene, whole: &Graph, level: Option<&NodeId>) -> Vec<Stub> {
    let Some(level) = level else { return Vec::new() };
    let Some(nodes) = scene.nodes.iter().map(|node| node.rect).reduce(Rect::union) else { return Vec::new() };
    let mut found: Vec<_> = whole
        .bindings(level)
        .into_iter()
        .filter_map(|(name, end)| {
            let node = scene.node(&end.node)?;
            let port = node.port(Side::Input, &end.port).or_else(|| node.port(Side::Output, &end.port))?;
            Some((name, node, port))
        })
        .collect();
    // Errors leave at the bottom: below the others, their ways cross none.
    let error = |node: &super::scene::SceneNode, port: usize| node.ports[port].role == PortRole::Error;
    found.sort_by(|a, b| error(a.1, a.2).cmp(&error(b.1, b.2)).then(a.1.port_at(a.2).y.total_cmp(&b.1.port_at(b.2).y)));
    let mut lowest = [f32::NEG_INFINITY; 2];
    let stub = |(name, node, port): (&str, &super::scene::SceneNode, usize)| {
        let (at, shape) = (node.port_at(port), &node.ports[port]);
        let left = shape.side == Side::Input;
        let lowest = &mut lowest[usize::from(left)];
        let y = (at.y - SIZE.y * 0.5).max(*lowest + STEP);
        *lowest = y;
        let x = if left { nodes.left() - GAP - SIZE.x } else { nodes.right() + GAP };
        let rect = Rect::from_min_size(pos2(x, y), SIZE);
        let curve = if left {
            Curve::new(rect.right_center(), Vec2::RIGHT, at, shape.outward(), &[])
        } else {
            Curve::new(at, shape.outward(), rect.left_center(), Vec2::LEFT, &[])
        };
        Stub { name: name.to_owned(), rect, role: shape.role, curve }
    };
    found.into_iter().map(stub).collect()
}

/// Paints the stubs, under the nodes.
pub fn paint(brush: &mut Brush<'_>, scene: &Scene) {
    let theme = brush.theme;
    for stub in &scene.stubs {
        let colour = if stub.role == PortRole::Error { theme.failed } else { theme.pipe };
        let mut points = Vec::new();
        let camera = brush.camera;
        stub.curve.points(24, |point| camera.to_screen(point), &mut points);
        let line = Stroke::new(brush.scale(1.8).clamp(0.8, 3.0), colour.gamma_multiply(0.8));
        brush.shapes.extend(Shape::dashed_line(&points, line, brush.scale(6.0).max(2.0), brush.scale(5.0).max(2.0)));
        let rect = camera.rect_to_screen(stub.rect);
        let round = CornerRadius::same((rect.height() * 0.5).clamp(1.0, 40.0) as u8);
        let edge = Stroke::new(brush.scale(1.0).clamp(0.8, 2.0), if stub.role == PortRole::Error { theme.failed } else { theme.line });
        brush.add(RectShape::new(rect, round, theme.panel, edge, StrokeKind::Inside));
        if brush.detail != Detail::Far {
            let name = brush.line(&stub.name, theme::medium(brush.text_size(12.0).max(9.0)), theme.dim, rect.width() - brush.scale(16.0));
            brush.text_centre(rect.center(), name);
        }
    }
}
