//! The program's mark: a pipe that turns a corner, and the message at its end.

use super::Theme;
use egui::{Painter, Pos2, Rect, Shape, Stroke, pos2};

/// Paints the mark into a square.
pub fn paint(painter: &Painter, square: Rect, theme: &Theme) {
    let side = square.width().min(square.height());
    let place = |x: f32, y: f32| pos2(square.left() + x * side, square.top() + y * side);
    let mut points: Vec<Pos2> = vec![place(0.14, 0.88), place(0.14, 0.52)];
    // A quarter turn from upward to rightward.
    points.extend((1..=10).map(|step| {
        let angle = std::f32::consts::FRAC_PI_2 * step as f32 / 10.0;
        place(0.14 + 0.32 * (1.0 - angle.cos()), 0.52 - 0.32 * angle.sin())
    }));
    points.push(place(0.62, 0.2));
    painter.add(Shape::line(points, Stroke::new(side * 0.17, theme.accent)));
    painter.circle_filled(place(0.84, 0.2), side * 0.13, theme.good);
}
