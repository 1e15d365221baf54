//! A node on the canvas: stripe, icon, title, two figures, a small graph, its state and its ports.

use super::brush::{Brush, Detail};
use super::scene::{NODE_WIDTH, SceneNode, Side};
use crate::theme::{self, Icon};
use crate::widgets::{Sparkline, StateMark};
use egui::epaint::RectShape;
use egui::{Color32, CornerRadius, FontId, Galley, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};
use pipewright_runtime::node::PortRole;
use std::sync::Arc;

/// What a node looks like just now.
pub struct NodeLook<'a> {
    /// Where it lies on screen.
    pub rect: Rect,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether the pointer is over it, or a wire could be dropped on it.
    pub hovered: bool,
    /// Whether it has the keyboard.
    pub focused: bool,
    /// Its state.
    pub mark: StateMark,
    /// How many errors it had, if any.
    pub errors: u64,
    /// The strong and the dim figure.
    pub figures: [String; 2],
    /// Whether the figures are those of a run.
    pub running: bool,
    /// Its small graph, if a run is shown from near.
    pub graph: Option<&'a Sparkline>,
    /// How visible it is: less while it cannot be the goal of a wire.
    pub opacity: f32,
}

fn radius(brush: &Brush<'_>) -> u8 {
    brush.scale(8.0).clamp(2.0, 24.0) as u8
}

/// Paints a node with its words and figures, or, from farther away, with its title alone. Ports come later, on top of the wires.
pub fn paint(brush: &mut Brush<'_>, node: &SceneNode, look: &NodeLook<'_>) {
    let theme = brush.theme;
    let plain = if node.composite { theme.dim } else { theme.faint };
    let colour = node.family().map_or(plain, |family| theme.family(family));
    if node.composite {
        paint_stack(brush, look);
    }
    paint_card(brush, look, colour);
    if brush.detail == Detail::Near {
        paint_words(brush, node, look, colour);
    } else {
        paint_title(brush, node, look);
    }
    if look.opacity < 1.0 {
        // A veil of the ground's colour, since the card's layers would show through each other.
        let veil = theme.canvas.gamma_multiply(1.0 - look.opacity);
        brush.add(Shape::rect_filled(look.rect, CornerRadius::same(radius(brush)), veil));
    }
}

/// Two cards behind the card: there is more inside.
fn paint_stack(brush: &mut Brush<'_>, look: &NodeLook<'_>) {
    let theme = brush.theme;
    let corner = CornerRadius::same(radius(brush));
    let edge = Stroke::new(1.0, if look.selected { theme.accent } else { theme.line });
    for step in [2.0, 1.0] {
        let shift = brush.scale(4.0) * step;
        let card = look.rect.shrink2(vec2(brush.scale(5.0) * step, 0.0)).translate(vec2(0.0, -shift));
        brush.add(RectShape::new(card, corner, theme::blend(theme.raised, theme.canvas, 0.3 * step), edge, StrokeKind::Inside));
    }
}

fn paint_card(brush: &mut Brush<'_>, look: &NodeLook<'_>, colour: Color32) {
    let theme = brush.theme;
    let rect = look.rect;
    let round = radius(brush);
    let corner = CornerRadius::same(round);
    if brush.detail == Detail::Near {
        let shade = Color32::from_black_alpha(if theme.dark { 90 } else { 22 });
        brush.add(RectShape::filled(rect.translate(vec2(0.0, 2.0)).expand(1.0), corner, shade).with_blur_width(brush.scale(9.0)));
    }
    if look.selected {
        brush.add(Shape::rect_filled(rect.expand(3.0), CornerRadius::same(round + 3), theme.accent.gamma_multiply(0.22)));
    }
    brush.add(Shape::rect_filled(rect, corner, colour));
    let inner = Rect::from_min_max(pos2(rect.left() + brush.scale(3.5).max(1.5), rect.top()), rect.max);
    let ground = if look.hovered { theme::blend(theme.raised, theme.hover, 0.7) } else { theme.raised };
    let soft = (brush.scale(3.0) as u8).min(round);
    brush.add(Shape::rect_filled(inner, CornerRadius { nw: soft, sw: soft, ne: round, se: round }, ground));
    let edge = match () {
        () if look.selected => Stroke::new(1.6, theme.accent),
        () if look.focused => Stroke::new(1.6, theme.accent.gamma_multiply(0.8)),
        () if look.mark == StateMark::Failed => Stroke::new(1.2, theme.failed),
        () if look.hovered => Stroke::new(1.0, theme::blend(theme.line, theme.dim, 0.4)),
        () => Stroke::new(1.0, if theme.dark { theme.line } else { theme.border }),
    };
    // The stripe lies on the edge, not under it, unless the edge itself has something to say.
    let framed = if look.selected || look.focused { rect } else { inner };
    let framed_corner = if look.selected || look.focused { corner } else { CornerRadius { nw: soft, sw: soft, ne: round, se: round } };
    brush.add(Shape::rect_stroke(framed, framed_corner, edge, StrokeKind::Inside));
}

fn paint_words(brush: &mut Brush<'_>, node: &SceneNode, look: &NodeLook<'_>, colour: Color32) {
    let theme = brush.theme;
    let corner = look.rect.min;
    let at = |x: f32, y: f32| corner + vec2(x, y) * brush.camera.zoom();
    let (title_line, figures_at) = (at(36.0, 20.0), 42.0);
    let icon = Rect::from_center_size(at(20.0, 20.0), vec2(brush.scale(15.0), brush.scale(15.0)));
    let (left, right, mark_at) = (at(14.0, figures_at), at(NODE_WIDTH - 12.0, figures_at), at(NODE_WIDTH - 17.0, 20.0));
    let errors_at = at(NODE_WIDTH - 28.0, 20.0);
    let graph = Rect::from_min_max(at(14.0, 54.0), pos2(at(NODE_WIDTH - 12.0, 0.0).x, look.rect.bottom() - brush.scale(10.0)));
    let unknown = if node.composite { Icon::Composite } else { Icon::More };
    let family_icon = node.family().map_or(unknown, Icon::family);
    brush.shapes.extend(family_icon.shapes(icon, colour));
    if node.durable {
        // A base under the icon: what is in here stays.
        let base = Stroke::new(brush.scale(1.6).max(1.0), colour);
        brush.add(Shape::line_segment([at(13.0, 31.0), at(27.0, 31.0)], base));
    }
    // The mark
    let mark = look.mark.shapes(mark_at, brush.scale(9.0), theme);
    brush.shapes.extend(mark);
    let mut room = brush.scale(NODE_WIDTH - 36.0 - 28.0);
    if look.errors > 0 {
        let text = crate::widgets::figure::short(look.errors as f64);
        let galley = brush.line(&text, theme::mono_strong(brush.text_size(10.0)), theme.failed, brush.scale(60.0));
        room -= galley.size().x + brush.scale(6.0);
        brush.text_right(errors_at, galley);
    }
    let sizes = [brush.text_size(10.0), brush.text_size(13.0)];
    let title = brush.line_that_fits(&node.title, theme::strong, sizes, theme.text, room);
    brush.text_left(title_line, title);
    // The strong figure gives up its word before the dim one is left out; a figure cut in half would be a wrong one.
    let whole = right.x - left.x;
    let running = look.running;
    let strong = if running { theme.text } else { theme.dim };
    let font = if running { theme::mono(brush.text_size(11.5)) } else { theme::body(brush.text_size(11.5)) };
    let second = brush.line(&look.figures[1], font.clone(), theme.dim, f32::INFINITY);
    let beside = if look.figures[1].is_empty() { 0.0 } else { second.size().x.max(brush.scale(RESERVED)) + brush.scale(10.0) };
    let both = running.then(|| figure_line(brush, &look.figures[0], &font, strong, whole - beside)).flatten();
    if let Some(first) = both {
        brush.text_left(left, first);
        brush.text_right(right, second);
    } else {
        let first = brush.line(&look.figures[0], font, strong, whole);
        brush.text_left(left, first);
    }
    if let Some(line) = look.graph {
        brush.shapes.extend(line.shapes(graph, colour, brush.scale(1.2).clamp(0.8, 2.0)));
    } else if !node.summary.is_empty() {
        let summary = brush.line(&node.summary, theme::mono(brush.text_size(10.5)), theme.dim, whole);
        brush.text_left(pos2(left.x, graph.center().y - brush.scale(2.0)), summary);
    }
}

/// The room that the dim figure keeps though it is short just now, so that the strong one does not change its words with every sample.
const RESERVED: f32 = 46.0;

/// A figure in one line; without its word if it is too wide, and nothing at all if it does not fit even so.
fn figure_line(brush: &Brush<'_>, text: &str, font: &FontId, colour: Color32, width: f32) -> Option<Arc<Galley>> {
    [Some(text), number_alone(text)].into_iter().flatten().find_map(|text| {
        let galley = brush.line(text, font.clone(), colour, f32::INFINITY);
        (galley.size().x <= width).then_some(galley)
    })
}

/// A figure without the word in front of it: `102` for `dead letters 102`.
fn number_alone(text: &str) -> Option<&str> {
    let at = text.find(|sign: char| sign.is_ascii_digit()).filter(|at| *at > 0)?;
    text[..at].ends_with(' ').then(|| &text[at..])
}

/// The smallest letters of a title seen from farther away.
const LEAST_TITLE: f32 = 8.0;

/// Whether every word of a title fits into a line, so that none is torn apart.
fn words_fit(brush: &Brush<'_>, title: &str, size: f32, width: f32) -> bool {
    title.split_whitespace().all(|word| brush.line(word, theme::medium(size), brush.theme.text, f32::INFINITY).size().x <= width)
}

/// From farther away the title, in two lines if it must be, and the strong figure below it where there is room: both as large as they
/// can be read.
fn paint_title(brush: &mut Brush<'_>, node: &SceneNode, look: &NodeLook<'_>) {
    let theme = brush.theme;
    let size = |own: f32, least: f32, most: f32| ((brush.scale(own) * 2.0).round() * 0.5).clamp(least, most);
    let (mut title_size, figure_size) = (size(20.0, LEAST_TITLE, 11.5), size(18.0, 8.5, 10.5));
    let left = look.rect.left() + brush.scale(3.5) + 5.0;
    let dot = brush.scale(16.0).clamp(4.0, 7.5);
    let room = look.rect.shrink2(vec2(0.0, 2.0));
    let width = room.right() - left - dot * 2.0;
    while title_size > LEAST_TITLE && !words_fit(brush, &node.title, title_size, width) {
        title_size -= 0.5;
    }
    // A word too long to stand beside the mark stands below it, in a line that has the whole width and the node to itself.
    let below_mark = room.center().y - title_size * 0.65 >= look.rect.top() + dot * 1.6;
    let alone = below_mark && !words_fit(brush, &node.title, title_size, width);
    let rows = if room.height() >= title_size * 2.5 && words_fit(brush, &node.title, title_size, width) { 2 } else { 1 };
    let width = if alone { room.right() - left - 2.0 } else { width };
    let title = brush.lines(&node.title, theme::medium(title_size), theme.text, width, rows);
    let figure = (look.running && !alone && title.size().y + figure_size * 1.3 <= room.height())
        .then(|| figure_line(brush, &look.figures[0], &theme::mono(figure_size), theme.dim, room.right() - left - 4.0))
        .flatten();
    let gap = if figure.is_some() { (room.height() - title.size().y - figure_size * 1.3).clamp(0.0, 3.0) } else { 0.0 };
    let whole = title.size().y + gap + figure.as_ref().map_or(0.0, |figure| figure.size().y);
    let top = room.center().y - whole * 0.5;
    let below = top + title.size().y + gap;
    brush.add(Shape::galley(pos2(left, top), title, theme.text));
    if let Some(figure) = figure {
        brush.add(Shape::galley(pos2(left, below), figure, theme.dim));
    }
    let mark_at = pos2(look.rect.right() - dot, look.rect.top() + dot);
    brush.shapes.extend(look.mark.shapes(mark_at, dot, theme));
    if node.durable {
        // The base that stands under the icon from near by, here under the mark.
        let half = vec2(dot * 0.6, 0.0);
        let base = mark_at + vec2(0.0, dot * 0.95);
        brush.add(Shape::line_segment([base - half, base + half], Stroke::new(1.4, theme.dim)));
    }
}

/// How a port looks just now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortLook {
    /// As usual.
    Plain,
    /// The pointer is over it, or the wire in hand starts or ends here.
    Grown,
    /// The wire in hand may land here.
    Offered,
    /// The wire in hand may not land here.
    Barred,
}

/// Paints a port at its place on screen.
pub fn paint_port(brush: &mut Brush<'_>, node: &SceneNode, number: usize, at: Pos2, look: PortLook) {
    let port = &node.ports[number];
    let theme = brush.theme;
    let base = if port.role == PortRole::Error { theme.failed } else { theme.dim };
    let (size, colour, width) = match look {
        PortLook::Plain => (4.6, base, 1.4),
        PortLook::Grown => (6.6, theme.accent, 1.8),
        PortLook::Offered => (5.8, theme.good, 1.8),
        PortLook::Barred => (4.0, base.gamma_multiply(0.35), 1.2),
    };
    let size = brush.scale(size).max(2.0);
    let stroke = Stroke::new(brush.scale(width).clamp(1.0, 3.0), colour);
    if look == PortLook::Offered {
        brush.add(Shape::circle_filled(at, size * 2.0, theme.good.gamma_multiply(0.18)));
    }
    let ground = if look == PortLook::Grown { theme.accent_ground } else { theme.canvas };
    match port.role {
        PortRole::Message => brush.add(egui::epaint::CircleShape { center: at, radius: size, fill: ground, stroke }),
        PortRole::Error => {
            let reach = size * 1.25;
            let points = vec![at + vec2(0.0, -reach), at + vec2(reach, 0.0), at + vec2(0.0, reach), at + vec2(-reach, 0.0)];
            brush.add(Shape::convex_polygon(points, ground, stroke));
        }
        PortRole::Control => {
            let rect = Rect::from_center_size(at, vec2(size, size) * 1.8);
            brush.add(RectShape::new(rect, CornerRadius::same(1), ground, stroke, StrokeKind::Middle));
        }
    }
    // Where there are several, the name stands beside.
    if port.named && brush.camera.zoom() >= 0.75 && look != PortLook::Barred {
        let galley = brush.line(&port.name, theme::body(brush.text_size(10.0)), theme.dim, brush.scale(90.0));
        let lift = brush.scale(8.0);
        let size = galley.size();
        let left = match (port.side, port.role) {
            (Side::Output, PortRole::Error) => pos2(at.x + lift, at.y + lift),
            (Side::Output, _) => pos2(at.x + lift, at.y - lift),
            (Side::Input, _) => pos2(at.x - lift - size.x, at.y - lift),
        };
        // A pipe that leaves here does not strike the name through.
        let ground = Rect::from_min_size(pos2(left.x, left.y - size.y * 0.5), size).expand2(vec2(2.0, -1.0));
        brush.add(Shape::rect_filled(ground, CornerRadius::same(3), theme.canvas.gamma_multiply(0.8)));
        brush.text_left(left, galley);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_gives_up_its_word_and_keeps_its_number() {
        for (text, alone) in [
            ("dead letters 102", Some("102")),
            ("busy 99 %", Some("99 %")),
            ("backlog 1 024", Some("1 024")),
            ("331 held", None),
            ("12.4k/s", None),
            ("Consumer pool", None),
            ("v2", None),
        ] {
            assert_eq!(number_alone(text), alone, "{text}");
        }
    }
}
