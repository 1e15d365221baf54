//! What floats above the graph: the box that selects, the wire in hand, advice, hints, and the control of the zoom.

use super::advice::in_words;
use super::brush::Brush;
use super::camera::Camera;
use super::curve::Curve;
use super::gesture::Wiring;
use super::node_view::{self, PortLook};
use super::scene::{NODE_HEIGHT, NODE_WIDTH, Scene, Side};
use crate::theme::{self, Icon, Theme};
use crate::widgets::IconButton;
use egui::epaint::RectShape;
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2};
use pipewright_runtime::node::{Kind, PortRole};

/// Paints the box that selects.
pub fn paint_box(brush: &mut Brush<'_>, from: Pos2, to: Pos2) {
    let rect = Rect::from_two_pos(brush.camera.to_screen(from), brush.camera.to_screen(to));
    let accent = brush.theme.accent;
    brush.add(RectShape::new(rect, CornerRadius::same(2), accent.gamma_multiply(0.1), Stroke::new(1.0, accent), StrokeKind::Inside));
}

/// Paints the wire in hand, from its fixed end to the pointer or to the port on which it would land, and says why it may not.
pub fn paint_wire(brush: &mut Brush<'_>, scene: &Scene, wiring: &Wiring) {
    let theme = brush.theme;
    let node = &scene.nodes[wiring.fixed.0 as usize];
    let fixed = node.port_at(wiring.fixed.1 as usize);
    let outward = node.ports[wiring.fixed.1 as usize].outward();
    let landing = wiring.target.as_ref().filter(|(_, bar)| bar.is_none()).map(|(target, _)| *target);
    let (loose, loose_outward) = landing.map_or_else(
        || (wiring.loose, if wiring.wanted(scene) == Side::Input { Vec2::LEFT } else { Vec2::RIGHT }),
        |(node, port)| {
            let node = &scene.nodes[node as usize];
            (node.port_at(port as usize), node.ports[port as usize].outward())
        },
    );
    let curve = Curve::new(fixed, outward, loose, loose_outward, &[]);
    let camera = brush.camera;
    let mut points = Vec::new();
    curve.points(32, |point| camera.to_screen(point), &mut points);
    let colour = match &wiring.target {
        Some((_, Some(_))) => theme.failed,
        Some((_, None)) => theme.good,
        None => theme.accent,
    };
    brush.add(Shape::line(points, Stroke::new((2.2 * camera.zoom().sqrt()).clamp(1.4, 4.0), colour)));
    node_view::paint_port(brush, node, wiring.fixed.1 as usize, camera.to_screen(fixed), PortLook::Grown);
    if let Some((node, port)) = landing {
        let node = &scene.nodes[node as usize];
        node_view::paint_port(brush, node, port as usize, camera.to_screen(node.port_at(port as usize)), PortLook::Grown);
    }
    let pointer = camera.to_screen(wiring.loose) + vec2(16.0, 20.0);
    match &wiring.target {
        Some((_, Some(reason))) => {
            let reason = in_words(reason, |id| scene.node(id).map(|node| node.title.clone()));
            paint_hint(brush, pointer, &reason, theme.failed);
        }
        None if wiring.taken.is_some() => paint_hint(brush, pointer, "Drop here to disconnect", theme.dim),
        None => paint_hint(brush, pointer, "Drop here to add a node", theme.dim),
        Some((_, None)) => {}
    }
}

/// A sentence beside the pointer.
pub fn paint_hint(brush: &mut Brush<'_>, at: Pos2, text: &str, colour: Color32) {
    let galley = brush.painter.layout(text.to_owned(), theme::body(12.0), colour, 280.0);
    let room = brush.camera.viewport().shrink(6.0);
    let rect = Rect::from_min_size(at, galley.size() + vec2(16.0, 10.0));
    let inward = vec2((room.right() - rect.right()).min(0.0), (room.bottom() - rect.bottom()).min(0.0));
    let rect = rect.translate(inward);
    brush.add(RectShape::new(rect, CornerRadius::same(6), brush.theme.panel, Stroke::new(1.0, brush.theme.line), StrokeKind::Inside));
    brush.add(Shape::galley(rect.min + vec2(8.0, 5.0), galley, colour));
}

/// Advice as a small card below its node. Its rectangle on screen.
pub fn paint_advice(brush: &mut Brush<'_>, node: Rect, title: &str, text: &str) -> Rect {
    let theme = brush.theme;
    let width = node.width() - brush.scale(24.0);
    let title = brush.lines(title, theme::strong(brush.text_size(11.0)), theme.warning, width, 3);
    let text = (!text.is_empty()).then(|| brush.painter.layout(text.to_owned(), theme::body(brush.text_size(10.5)), theme.dim, width));
    let text_height = text.as_ref().map_or(0.0, |text| text.size().y + brush.scale(2.0));
    let height = title.size().y + text_height + brush.scale(12.0);
    let rect = Rect::from_min_size(node.left_bottom() + vec2(0.0, brush.scale(9.0)), vec2(node.width(), height));
    let round = CornerRadius::same(brush.scale(7.0).clamp(2.0, 20.0) as u8);
    let ground = theme::blend(theme.canvas, theme.warning, 0.05);
    brush.add(RectShape::new(rect, round, ground, Stroke::new(1.2, theme.warning), StrokeKind::Inside));
    let corner = rect.min + vec2(brush.scale(12.0), brush.scale(6.0));
    let below = corner + vec2(0.0, title.size().y + brush.scale(2.0));
    brush.add(Shape::galley(corner, title, theme.warning));
    if let Some(text) = text {
        brush.add(Shape::galley(below, text, theme.dim));
    }
    rect
}

/// A node that is not there yet, at the pointer.
pub fn paint_ghost(brush: &mut Brush<'_>, kind: &Kind, at: Pos2) {
    let theme = brush.theme;
    let rect = brush.camera.rect_to_screen(Rect::from_min_size(at, vec2(NODE_WIDTH, NODE_HEIGHT)));
    let colour = theme.family(kind.family);
    let round = CornerRadius::same(brush.scale(8.0).clamp(2.0, 24.0) as u8);
    brush.add(RectShape::new(rect, round, theme.raised.gamma_multiply(0.85), Stroke::new(1.4, colour), StrokeKind::Inside));
    let centre = rect.left_center() + vec2(brush.scale(22.0), 0.0);
    brush.shapes.extend(Icon::family(kind.family).shapes(Rect::from_center_size(centre, Vec2::splat(brush.scale(16.0))), colour));
    let title = brush.line(kind.title, theme::strong(brush.text_size(13.0).max(8.0)), theme.text, rect.width() * 0.7);
    brush.text_left(centre + vec2(brush.scale(16.0), 0.0), title);
}

/// Whether a kind could be put into a pipe: it takes messages in and lets messages out.
pub fn could_go_between(kind: &Kind) -> bool {
    let ports = (kind.ports)(&pipewright_runtime::setting::Settings::default());
    let has = |ports: &[pipewright_runtime::node::Port]| ports.iter().any(|port| port.role == PortRole::Message);
    has(&ports.inputs) && has(&ports.outputs)
}

/// What stands on an empty canvas.
pub fn paint_empty(painter: &Painter, viewport: Rect, theme: &Theme, read_only: bool) {
    let centre = viewport.center();
    if read_only {
        painter.text(centre, Align2::CENTER_CENTER, "This graph is empty", theme::body(14.0), theme.faint);
        return;
    }
    Icon::Plus.paint(painter, Rect::from_center_size(centre - vec2(0.0, 34.0), vec2(22.0, 22.0)), theme.faint);
    painter.text(centre, Align2::CENTER_CENTER, "Drag a node here, or double-click to add one", theme::medium(14.0), theme.dim);
    let hint = "Draw pipes from port to port · wheel to zoom · right button to move the canvas";
    painter.text(centre + vec2(0.0, 24.0), Align2::CENTER_CENTER, hint, theme::body(12.0), theme.faint);
}

/// What was chosen at the control of the zoom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ZoomChoice {
    /// A step out.
    Out,
    /// A step in.
    In,
    /// Nodes at their own size.
    Actual,
    /// The whole graph.
    Fit,
}

/// The control of the zoom at the lower left.
pub fn zoom_ui(ui: &mut Ui, camera: &Camera, theme: &Theme) -> Option<ZoomChoice> {
    let viewport = camera.viewport();
    if viewport.width() < 220.0 || viewport.height() < 80.0 {
        return None;
    }
    let rect = Rect::from_min_size(viewport.left_bottom() + vec2(14.0, -42.0), vec2(142.0, 28.0));
    ui.painter().rect(rect, CornerRadius::same(7), theme.panel, Stroke::new(1.0, theme.border), StrokeKind::Inside);
    let mut choice = None;
    let builder =
        UiBuilder::new().id_salt("zoom").max_rect(rect.shrink2(vec2(2.0, 2.0))).layout(egui::Layout::left_to_right(egui::Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        if IconButton::new(Icon::Minus, "Zoom out").side(24.0).quiet().ui(ui, theme).clicked() {
            choice = Some(ZoomChoice::Out);
        }
        let percent = egui::RichText::new(format!("{:.0}%", camera.zoom() * 100.0)).font(theme::mono(11.5)).color(theme.text);
        let button = egui::Button::new(percent).frame(false).min_size(vec2(50.0, 24.0));
        if ui.add(button).on_hover_text("Actual size").clicked() {
            choice = Some(ZoomChoice::Actual);
        }
        if IconButton::new(Icon::Plus, "Zoom in").side(24.0).quiet().ui(ui, theme).clicked() {
            choice = Some(ZoomChoice::In);
        }
        ui.add_space(12.0);
        if IconButton::new(Icon::Fit, "Fit all").side(24.0).quiet().ui(ui, theme).clicked() {
            choice = Some(ZoomChoice::Fit);
        }
    });
    choice
}

/// Where the control of the zoom and the minimap lie: what happens there is not meant for the canvas.
pub fn covers(scene: &Scene, camera: &Camera, at: Pos2) -> bool {
    let zoom = Rect::from_min_size(camera.viewport().left_bottom() + vec2(14.0, -42.0), vec2(142.0, 28.0));
    zoom.contains(at) || super::minimap::place(scene, camera).is_some_and(|map| map.contains(at))
}

/// The place of a new node whose middle is at a point.
pub fn centred(at: Pos2) -> Pos2 {
    pos2(at.x - NODE_WIDTH * 0.5, at.y - NODE_HEIGHT * 0.5)
}
