//! What lies behind nodes and pipes: the grid's dots, frames and notes.

use super::brush::{Brush, Detail};
use super::scene::{SceneFrame, SceneNote};
use crate::theme;
use egui::epaint::RectShape;
use egui::text::{LayoutJob, TextFormat};
use egui::{CornerRadius, Mesh, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

/// The distance between the grid's dots in canvas units.
const GRID: f32 = 32.0;
/// The height of the strip at a frame's top that carries its title and can be dragged.
pub const FRAME_TITLE: f32 = 32.0;
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
    let size = brush.text_size(12.0).max(10.0);
    let title = brush.line(&frame.title, theme::strong(size), theme.dim, rect.width() - brush.scale(24.0));
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
    if brush.scale(12.0) < 5.0 {
        return;
    }
    let job = note_text(brush, &note.text, rect.width() - brush.scale(20.0));
    let galley = brush.painter.layout_job(job);
    let inside = rect.shrink(brush.scale(8.0));
    // Text that does not fit is cut off by the note's edge.
    let lines = galley.rows.iter().take_while(|row| row.rect().bottom() <= inside.height()).count();
    if lines == galley.rows.len() {
        brush.add(Shape::galley(inside.min + vec2(brush.scale(2.0), 0.0), galley, theme.text));
    } else {
        let mut job = note_text(brush, &note.text, rect.width() - brush.scale(20.0));
        job.wrap.max_rows = lines.max(1);
        job.wrap.overflow_character = Some('…');
        let galley = brush.painter.layout_job(job);
        brush.add(Shape::galley(inside.min + vec2(brush.scale(2.0), 0.0), galley, theme.text));
    }
    if (hovered || selected) && brush.detail == Detail::Near {
        paint_corner(brush, rect);
    }
}

/// The text of a note: lines that begin with `#` are headings, those with `-` points of a list.
fn note_text(brush: &Brush<'_>, text: &str, width: f32) -> LayoutJob {
    let theme = brush.theme;
    let mut job = LayoutJob::default();
    job.wrap.max_width = width.max(1.0);
    let format = |font_id, color| TextFormat { font_id, color, ..TextFormat::default() };
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            job.append("\n", 0.0, format(theme::body(brush.text_size(12.0)), theme.dim));
        }
        let heading = line.trim_start_matches('#');
        if heading.len() < line.len() && heading.starts_with(' ') {
            job.append(heading.trim(), 0.0, format(theme::strong(brush.text_size(13.0)), theme.text));
            continue;
        }
        let (lead, rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map_or(("", line), |rest| ("•  ", rest));
        job.append(lead, 0.0, format(theme::body(brush.text_size(12.0)), theme.faint));
        for (part, words) in rest.split("**").enumerate() {
            let font = if part % 2 == 1 { theme::strong(brush.text_size(12.0)) } else { theme::body(brush.text_size(12.0)) };
            job.append(words, 0.0, format(font, theme.dim));
        }
    }
    job
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
