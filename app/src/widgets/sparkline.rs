//! A small graph without axes: the latest values of one figure.

use egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2};

/// The latest values of one figure; the oldest is forgotten. Its scale decays slowly, so that it does not jump.
#[derive(Clone, Debug, Default)]
pub struct Sparkline {
    values: Vec<f32>,
    next: usize,
    ceiling: f32,
}

impl Sparkline {
    /// How many values are kept.
    pub const KEPT: usize = 60;

    /// Adds a value.
    pub fn push(&mut self, value: f32) {
        let value = if value.is_finite() { value.max(0.0) } else { 0.0 };
        if self.values.len() < Self::KEPT {
            self.values.push(value);
        } else {
            self.values[self.next] = value;
            self.next = (self.next + 1) % Self::KEPT;
        }
        self.ceiling = (self.ceiling * 0.985).max(self.iter().fold(0.0, f32::max));
    }

    /// The values, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = f32> {
        self.values[self.next..].iter().chain(&self.values[..self.next]).copied()
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.values.len() < 2
    }

    /// The graph as shapes: a line over a faint ground. The newest value is at the right.
    pub fn shapes(&self, rect: Rect, colour: Color32, width: f32) -> [Shape; 2] {
        if self.is_empty() {
            let base = [rect.left_bottom(), rect.right_bottom()];
            return [Shape::line_segment(base, Stroke::new(width, colour.gamma_multiply(0.35))), Shape::Noop];
        }
        let top = self.ceiling.max(f32::MIN_POSITIVE) * 1.3;
        let step = rect.width() / (Self::KEPT - 1) as f32;
        let first = rect.right() - step * (self.values.len() - 1) as f32;
        let points: Vec<Pos2> = self
            .iter()
            .enumerate()
            .map(|(at, value)| pos2(first + step * at as f32, rect.bottom() - (value / top).min(1.0) * rect.height()))
            .collect();
        let ground = colour.gamma_multiply(0.13);
        let mut mesh = Mesh::default();
        for point in &points {
            mesh.colored_vertex(*point, ground);
            mesh.colored_vertex(pos2(point.x, rect.bottom()), ground);
        }
        for at in 0..points.len() as u32 - 1 {
            mesh.add_triangle(at * 2, at * 2 + 1, at * 2 + 2);
            mesh.add_triangle(at * 2 + 1, at * 2 + 2, at * 2 + 3);
        }
        [Shape::mesh(mesh), Shape::line(points, Stroke::new(width, colour))]
    }

    /// Paints the graph.
    pub fn paint(&self, painter: &Painter, rect: Rect, colour: Color32) {
        painter.extend(self.shapes(rect, colour, 1.2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_values_in_order() {
        let mut line = Sparkline::default();
        for value in 0..100 {
            line.push(value as f32);
        }
        let values: Vec<f32> = line.iter().collect();
        assert_eq!(values.len(), Sparkline::KEPT);
        assert_eq!(values, (40..100).map(|value| value as f32).collect::<Vec<_>>());
    }

    #[test]
    fn it_stays_inside_its_rectangle() {
        let rect = Rect::from_min_size(pos2(10.0, 10.0), egui::vec2(100.0, 20.0));
        let mut line = Sparkline::default();
        for value in [5.0, f32::NAN, 1e30, -3.0, 0.0] {
            line.push(value);
        }
        for shape in line.shapes(rect, Color32::WHITE, 1.0) {
            let bounds = shape.visual_bounding_rect();
            assert!(!bounds.is_positive() || rect.expand(1.0).contains_rect(bounds), "{bounds:?}");
        }
    }
}
