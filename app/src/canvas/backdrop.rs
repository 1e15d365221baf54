//! What lies behind nodes and pipes: the grid's dots, frames and notes.

use super::brush::{Brush, Detail};
use super::note_text;
use super::scene::{SceneFrame, SceneNote};
use crate::theme;
use egui::epaint::RectShape;
use egui::{CornerRadius, Mesh, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

/// The distance between the grid's dots in canvas units.
const GRID: f32 = 32.0;
/// The height of the strip at a frame's top that carries its title and can be dragged.
pub const FRAME_TITLE: f32 = 32.0;
/// The smallest letters of a frame's title.
const LEAST_TITLE: f32 = 8.0;
/// The side of the square at the lower right corner of frames and notes that resizes them.
pub const CORNER: f32 = 14.0;

/// Paints the dots of the grid; from farther away there are fewer.
pub fn paint_grid(brush: &mut Brush<'_>) {
    let mut step = GRID;
    while brush.scale(step) < 22.0 {
        step *= 2.0;
    }
    let part = brush.camera.visible();
    let side = if brush.camera.zoom() > 1.5 { 2.0 } else { 1.5 };
    let mut mesh = Mesh::default();
    let mut y = (part.top() / step).floor() * step;
    while y <= part.bottom() {
        let mut x = (part.left() / step).floor() * step;
        while x <= part.right() {
            let at = brush.camera.to_screen(pos2(x, y)).round();
            mesh.add_colored_rect(Rect::from_min_size(at, vec2(side, side)), brush.theme.grid_dot);
            x += step;
        }
        y += step;
    }
    brush.add(Shape::mesh(mesh));
}

/// Paints a frame: tinted and named.
pub fn paint_frame(brush: &mut Brush<'_>, frame: &SceneFrame, rect: Rect, selected: bool, hovered: bool) {
    let theme = brush.theme;
    let round = CornerRadius::same(brush.scale(10.0).clamp(2.0, 24.0) as u8);
    let ground = theme.accent_ground.gamma_multiply(if theme.dark { 0.28 } else { 0.42 });
    let edge = if selected { theme.accent } else { theme::blend(theme.line, theme.accent, if hovered { 0.4 } else { 0.12 }) };
    brush.add(RectShape::new(rect, round, ground, Stroke::new(if selected { 1.6 } else { 1.0 }, edge), StrokeKind::Inside));
    if brush.detail == Detail::Far && rect.width() < 60.0 {
        return;
    }
    let sizes = [LEAST_TITLE, brush.text_size(12.0).max(10.0)];
    let title = brush.line_that_fits(&frame.title, theme::strong, sizes, theme.dim, rect.width() - brush.scale(24.0));
    brush.text_left(rect.min + vec2(brush.scale(14.0), brush.scale(18.0)), title);
    if (hovered || selected) && brush.detail == Detail::Near {
        paint_corner(brush, rect);
    }
}

/// Paints a note.
pub fn paint_note(brush: &mut Brush<'_>, note: &SceneNote, rect: Rect, selected: bool, hovered: bool) {
    let theme = brush.theme;
    let round = CornerRadius::same(brush.scale(6.0).clamp(1.0, 18.0) as u8);
    let edge = if selected { theme.accent } else { theme::blend(theme.border, theme.warning, if hovered { 0.5 } else { 0.25 }) };
    let ground = theme::blend(theme.panel, theme.warning, 0.05);
    brush.add(RectShape::new(rect, round, ground, Stroke::new(if selected { 1.6 } else { 1.0 }, edge), StrokeKind::Inside));
    if brush.detail == Detail::Far || rect.height() < 14.0 {
        return;
    }
    let (galley, _) = note_text::lay(brush.painter, theme, brush.camera.zoom(), &note.text, rect.size());
    brush.add(Shape::galley(note_text::corner(rect, brush.camera.zoom()), galley, theme.text));
    if (hovered || selected) && brush.detail == Detail::Near {
        paint_corner(brush, rect);
    }
}

/// The corner that resizes.
pub fn corner(rect: Rect, side: f32) -> Rect {
    Rect::from_min_max(rect.max - vec2(side, side), rect.max)
}

fn paint_corner(brush: &mut Brush<'_>, rect: Rect) {
    let corner = corner(rect, brush.scale(CORNER));
    let stroke = Stroke::new(1.2, brush.theme.faint);
    for share in [0.3, 0.65] {
        let from: Pos2 = corner.left_bottom().lerp(corner.right_bottom(), share) - vec2(0.0, brush.scale(3.0));
        let to: Pos2 = corner.right_top().lerp(corner.right_bottom(), share) - vec2(brush.scale(3.0), 0.0);
        brush.add(Shape::line_segment([from, to], stroke));
    }
}
