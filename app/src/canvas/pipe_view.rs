//! A pipe on the canvas: its wire, the marks that move along it, the pill with its rate and the bar that fills with its depth.

use super::brush::{Brush, Detail};
use super::curve::Curve;
use super::hit::Hit;
use super::scene::ScenePipe;
use crate::theme::{self};
use crate::widgets::figure;
use egui::epaint::{CircleShape, RectShape};
use egui::{Color32, CornerRadius, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};
use pipewright_runtime::node::PortRole;
use pipewright_runtime::telemetry::snapshot::PipeFigures;

/// What a pipe looks like just now.
#[derive(Clone, Copy, Debug)]
pub struct PipeLook<'a> {
    /// Its figures, if a run is shown.
    pub figures: Option<&'a PipeFigures>,
    /// Whether the run is over, so that totals are shown in place of rates.
    pub over: bool,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether the pointer is over it.
    pub hovered: bool,
    /// Whether it has a problem that keeps the graph from running.
    pub broken: bool,
    /// Its rate as a share of the highest rate of late.
    pub share: f32,
    /// How far its marks have moved, in screen points.
    pub phase: f32,
}

/// How far the marks of a pipe move in a second, in screen points.
pub fn speed(share: f32) -> f32 {
    24.0 + 66.0 * share
}

/// The distance between marks in screen points: the busier, the denser.
fn gap(share: f32) -> f32 {
    44.0 - 30.0 * share.sqrt()
}

/// The width of a pipe by the logarithm of its rate.
fn width(brush: &Brush<'_>, rate: f64) -> f32 {
    let own = 1.7 + 0.55 * (1.0 + rate.max(0.0)).log10() as f32;
    own.min(4.4) * brush.camera.zoom().sqrt().clamp(0.55, 1.7)
}

fn colour(brush: &Brush<'_>, pipe: &ScenePipe, look: &PipeLook<'_>) -> Color32 {
    let theme = brush.theme;
    match () {
        () if look.selected => theme.accent,
        () if look.broken => theme.failed,
        () if look.figures.is_some_and(|figures| figures.blocked) => theme.warning,
        () if pipe.role == PortRole::Error => theme::blend(theme.canvas, theme.failed, if look.hovered { 1.0 } else { 0.72 }),
        () if look.hovered => theme.pipe_mark,
        () => theme.pipe,
    }
}

/// How finely a curve is cut, by its size on screen.
fn pieces(brush: &Brush<'_>, curve: &Curve) -> usize {
    let size = brush.scale(curve.bounds().width() + curve.bounds().height()) / curve.parts().len() as f32;
    ((size / 9.0) as usize).clamp(8, 48)
}

/// Paints the wire and what moves along it.
pub fn paint(brush: &mut Brush<'_>, pipe: &ScenePipe, curve: &Curve, look: &PipeLook<'_>, points: &mut Vec<Pos2>) {
    let camera = brush.camera;
    curve.points(pieces(brush, curve), |point| camera.to_screen(point), points);
    let rate = look.figures.map_or(0.0, |figures| figures.rate);
    let (width, colour) = (width(brush, rate), colour(brush, pipe, look));
    if look.selected || look.hovered {
        brush.add(Shape::line(points.clone(), Stroke::new(width + 6.0, colour.gamma_multiply(0.18))));
    }
    brush.add(Shape::line(points.clone(), Stroke::new(width, colour)));
    if rate > 0.0 && !look.over {
        let mark = if pipe.role == PortRole::Error { brush.theme.failed } else { brush.theme.pipe_mark };
        let mark =
            if colour == brush.theme.pipe || pipe.role == PortRole::Error { mark } else { theme::blend(colour, brush.theme.text, 0.5) };
        paint_marks(brush, points, gap(look.share), look.phase, Stroke::new((width * 0.55).max(1.2), mark));
    }
}

/// Paints the bends of a pipe, to be taken hold of.
pub fn paint_bends(brush: &mut Brush<'_>, curve: &Curve, hovered: Option<Hit>, pipe: u32) {
    let theme = brush.theme;
    for (number, bend) in curve.bends().enumerate() {
        let on = hovered == Some(Hit::Bend(pipe, number as u16));
        let (radius, fill) = if on { (5.5, theme.accent) } else { (4.0, theme.canvas) };
        let circle = CircleShape { center: brush.camera.to_screen(bend), radius, fill, stroke: Stroke::new(1.4, theme.accent) };
        brush.add(circle);
    }
}

/// Short strokes along a line, evenly spaced, moved on by `phase`.
fn paint_marks(brush: &mut Brush<'_>, points: &[Pos2], gap: f32, phase: f32, stroke: Stroke) {
    const LENGTH: f32 = 5.0;
    let viewport = brush.camera.viewport();
    let mut next = phase.rem_euclid(gap);
    let mut passed = 0.0;
    for pair in points.windows(2) {
        let way = pair[1] - pair[0];
        let length = way.length();
        while next < passed + length {
            let begin = pair[0] + way * ((next - passed) / length);
            if viewport.contains(begin) {
                brush.add(Shape::line_segment([begin, begin + way * (LENGTH / length)], stroke));
            }
            next += gap;
        }
        passed += length;
    }
}

/// The smallest letters of a pill, and the zoom below which it would cover more than it tells.
const PILL_TEXT: f32 = 9.0;
const PILL_ZOOM: f32 = 0.36;

/// Paints the pill with the rate in the middle of the pipe, and the bar of its depth below; neither where it would lie on
/// one of the `ends`, the rectangles of the nodes.
pub fn paint_pill(brush: &mut Brush<'_>, pipe: &ScenePipe, middle: Pos2, ends: [Rect; 2], look: &PipeLook<'_>) {
    let Some(figures) = look.figures.filter(|_| brush.camera.zoom() >= PILL_ZOOM) else { return };
    let theme = brush.theme;
    let text = if look.over { figure::count(figures.messages) } else { figure::rate(figures.rate) };
    let words = match () {
        () if pipe.role == PortRole::Error && figures.messages > 0 => theme.failed,
        () if look.over || figures.rate == 0.0 => theme.dim,
        () => theme.text,
    };
    let galley = brush.line(&text, theme::mono(brush.text_size(10.5).max(PILL_TEXT)), words, 200.0);
    let centre = brush.camera.to_screen(middle);
    let size = vec2(galley.size().x + brush.scale(12.0).max(8.0), brush.scale(18.0).max(14.0));
    let rect = Rect::from_center_size(centre, size);
    // Touching a node's edge is no harm where there is room for everything.
    let spare = if brush.detail == Detail::Near { 3.0 } else { 0.0 };
    if ends.into_iter().any(|end| brush.camera.rect_to_screen(end).shrink(spare).intersects(rect)) {
        return;
    }
    let edge = match () {
        () if look.selected => theme.accent,
        () if pipe.role == PortRole::Error => theme::blend(theme.raised, theme.failed, 0.5),
        () => theme.line,
    };
    let round = CornerRadius::same(brush.scale(6.0).clamp(2.0, 20.0) as u8);
    brush.add(RectShape::new(rect, round, theme.raised, Stroke::new(1.0, edge), StrokeKind::Inside));
    brush.text_centre(centre, galley);
    if figures.capacity == 0 {
        return;
    }
    let bar = Rect::from_min_size(rect.left_bottom() + vec2(0.0, brush.scale(2.5)), vec2(rect.width(), brush.scale(3.0).max(2.0)));
    let fill = (figures.depth as f32 / figures.capacity as f32).clamp(0.0, 1.0);
    let round = CornerRadius::same((bar.height() * 0.5) as u8);
    brush.add(Shape::rect_filled(bar, round, theme.line));
    if figures.depth > 0 {
        let filled = Rect::from_min_max(bar.min, pos2((bar.left() + bar.width() * fill).max(bar.left() + bar.height()), bar.bottom()));
        brush.add(Shape::rect_filled(filled, round, theme.fill(fill)));
    }
}
