//! A state by shape and colour: ● good, ▲ warning, ■ failed, ‖ paused, ○ idle.

use crate::theme::Theme;
use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// A state to mark.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StateMark {
    /// All is well.
    Good,
    /// Something wants a look.
    Warning,
    /// Something is broken.
    Failed,
    /// Parked.
    Paused,
    /// Nothing goes on.
    Idle,
}

impl StateMark {
    /// Its colour.
    pub const fn colour(self, theme: &Theme) -> Color32 {
        match self {
            Self::Good => theme.good,
            Self::Warning => theme.warning,
            Self::Failed => theme.failed,
            Self::Paused => theme.dim,
            Self::Idle => theme.faint,
        }
    }

    /// The mark as shapes, `size` wide.
    pub fn shapes(self, centre: Pos2, size: f32, theme: &Theme) -> [Shape; 2] {
        let colour = self.colour(theme);
        let half = size * 0.5;
        let one = |shape| [shape, Shape::Noop];
        match self {
            Self::Good => one(Shape::circle_filled(centre, half * 0.86, colour)),
            Self::Idle => one(Shape::circle_stroke(centre, half * 0.76, Stroke::new((size * 0.15).clamp(1.0, 2.0), colour))),
            Self::Warning => {
                let points = vec![
                    pos2(centre.x, centre.y - half * 0.96),
                    pos2(centre.x + half * 1.08, centre.y + half * 0.88),
                    pos2(centre.x - half * 1.08, centre.y + half * 0.88),
                ];
                one(Shape::convex_polygon(points, colour, Stroke::NONE))
            }
            Self::Failed => one(Shape::rect_filled(Rect::from_center_size(centre, vec2(size, size) * 0.86), CornerRadius::same(1), colour)),
            Self::Paused => {
                let bar = |x: f32| {
                    let rect = Rect::from_center_size(pos2(centre.x + x, centre.y), vec2(size * 0.24, size * 0.9));
                    Shape::rect_filled(rect, CornerRadius::same(1), colour)
                };
                [bar(-size * 0.24), bar(size * 0.24)]
            }
        }
    }

    /// Paints the mark.
    pub fn paint(self, painter: &Painter, centre: Pos2, size: f32, theme: &Theme) {
        painter.extend(self.shapes(centre, size, theme));
    }

    /// The mark in a line of words.
    pub fn ui(self, ui: &mut Ui, theme: &Theme) {
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
        self.paint(ui.painter(), rect.center(), 9.0, theme);
    }
}
