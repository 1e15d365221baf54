//! The way of a pipe over the canvas: cubic curves from port to port, through its bends.

use egui::{Pos2, Rect, Vec2};

/// A chain of cubic Bézier curves.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    parts: Vec<[Pos2; 4]>,
    bounds: Rect,
}

/// How far a curve goes straight on before it turns: more over longer ways, and more where it must turn back.
fn reach(from: Pos2, to: Pos2, outward: Vec2) -> f32 {
    let way = to - from;
    let ahead = way.dot(outward);
    let length = way.length();
    if ahead > 0.0 { (length * 0.45).clamp(length.min(24.0), 160.0) } else { (40.0 + length * 0.3).min(190.0) }
}

impl Curve {
    /// A curve between two points, leaving and arriving in these directions (both away from their node).
    pub fn new(from: Pos2, from_outward: Vec2, to: Pos2, to_outward: Vec2, bends: &[Pos2]) -> Self {
        let mut parts = Vec::with_capacity(bends.len() + 1);
        let first_goal = bends.first().copied().unwrap_or(to);
        let mut start = from;
        let mut out = from_outward * reach(from, first_goal, from_outward);
        for (number, bend) in bends.iter().enumerate() {
            let next = bends.get(number + 1).copied().unwrap_or(to);
            let along = (next - start) / 6.0;
            parts.push([start, start + out, *bend - along, *bend]);
            start = *bend;
            out = along;
        }
        parts.push([start, start + out, to + to_outward * reach(to, start, to_outward), to]);
        let bounds = Rect::from_points(&parts.iter().flatten().copied().collect::<Vec<_>>());
        Self { parts, bounds }
    }

    /// A rectangle around it; somewhat too large, since it holds the control points.
    pub const fn bounds(&self) -> Rect {
        self.bounds
    }

    /// The cubic curves.
    pub fn parts(&self) -> &[[Pos2; 4]] {
        &self.parts
    }

    /// The bends that it goes through.
    pub fn bends(&self) -> impl ExactSizeIterator<Item = Pos2> {
        self.parts[1..].iter().map(|part| part[0])
    }

    /// The number of the part that passes nearest to a point.
    pub fn nearest_part(&self, point: Pos2) -> usize {
        let distance =
            |part: &[Pos2; 4]| (0..=16).map(|piece| (cubic(part, piece as f32 / 16.0) - point).length()).fold(f32::INFINITY, f32::min);
        let distances = self.parts.iter().map(distance).enumerate();
        distances.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(number, _)| number)
    }

    /// Points along it, from its start to its end, through `place`; each part is cut into `pieces`.
    pub fn points(&self, pieces: usize, place: impl Fn(Pos2) -> Pos2, points: &mut Vec<Pos2>) {
        points.clear();
        points.push(place(self.parts[0][0]));
        for part in &self.parts {
            points.extend((1..=pieces).map(|piece| place(cubic(part, piece as f32 / pieces as f32))));
        }
    }

    /// The point in its middle.
    pub fn middle(&self) -> Pos2 {
        let half = self.parts.len() as f32 * 0.5;
        let part = (half.floor() as usize).min(self.parts.len() - 1);
        cubic(&self.parts[part], half - part as f32)
    }

    /// The distance from a point, nearly.
    pub fn distance(&self, point: Pos2) -> f32 {
        let mut nearest = f32::INFINITY;
        for part in &self.parts {
            let mut before = part[0];
            for piece in 1..=16 {
                let next = cubic(part, piece as f32 / 16.0);
                nearest = nearest.min(distance_to_line(point, before, next));
                before = next;
            }
        }
        nearest
    }
}

/// The point of a cubic curve at `t` from 0 to 1.
pub fn cubic(points: &[Pos2; 4], t: f32) -> Pos2 {
    let s = 1.0 - t;
    let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
    points.iter().zip(weights).fold(Vec2::ZERO, |sum, (point, weight)| sum + point.to_vec2() * weight).to_pos2()
}

/// The distance of a point from the line between two others.
pub fn distance_to_line(point: Pos2, from: Pos2, to: Pos2) -> f32 {
    let way = to - from;
    let length = way.length_sq();
    if length == 0.0 {
        return (point - from).length();
    }
    let share = ((point - from).dot(way) / length).clamp(0.0, 1.0);
    (point - (from + way * share)).length()
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn it_begins_and_ends_at_its_ports_and_stays_in_its_bounds() {
        for (to, bends) in [
            (pos2(300.0, 40.0), vec![]),
            (pos2(-300.0, 40.0), vec![]),
            (pos2(300.0, 40.0), vec![pos2(100.0, 200.0), pos2(220.0, -80.0)]),
            (pos2(0.0, 0.0), vec![]),
        ] {
            let curve = Curve::new(Pos2::ZERO, Vec2::RIGHT, to, Vec2::LEFT, &bends);
            let mut points = Vec::new();
            curve.points(20, |point| point, &mut points);
            assert_eq!(points[0], Pos2::ZERO);
            assert!((points[points.len() - 1] - to).length() < 1e-3);
            assert!(points.iter().all(|point| curve.bounds().expand(1e-3).contains(*point)));
            for bend in bends {
                assert!(curve.distance(bend) < 0.5, "it misses its bend");
            }
            assert!(curve.distance(curve.middle()) < 1.0);
            assert!(curve.distance(pos2(5_000.0, 0.0)) > 4_000.0);
        }
    }
}
