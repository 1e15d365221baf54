//! A spatial index: which rectangles lie in a part of the canvas.

use egui::{Pos2, Rect};
use std::collections::HashMap;

/// The side of a cell in canvas units: a few nodes fit into one.
const CELL: f32 = 512.0;
/// A rectangle over more cells than this is kept in a list of its own.
const MOST_CELLS: i64 = 48;

/// A grid of cells, each with the numbers of the rectangles that touch it.
#[derive(Clone, Default, Debug)]
pub struct Index {
    cells: HashMap<(i32, i32), Vec<u32>>,
    large: Vec<u32>,
    bounds: Vec<Rect>,
}

fn cell(value: f32) -> i32 {
    (value / CELL).floor().clamp(-1e9, 1e9) as i32
}

fn span(rect: Rect) -> (i32, i32, i32, i32) {
    (cell(rect.left()), cell(rect.right()), cell(rect.top()), cell(rect.bottom()))
}

const fn cells_of((left, right, top, bottom): (i32, i32, i32, i32)) -> i64 {
    (right as i64 - left as i64 + 1) * (bottom as i64 - top as i64 + 1)
}

impl Index {
    /// An index over rectangles; each is known by its place in the list.
    pub fn new(bounds: Vec<Rect>) -> Self {
        let mut index = Self { bounds, ..Self::default() };
        for number in 0..index.bounds.len() {
            let rect = index.bounds[number];
            if !rect.is_finite() {
                continue;
            }
            let (left, right, top, bottom) = span(rect);
            if cells_of((left, right, top, bottom)) > MOST_CELLS {
                index.large.push(number as u32);
                continue;
            }
            for x in left..=right {
                for y in top..=bottom {
                    index.cells.entry((x, y)).or_default().push(number as u32);
                }
            }
        }
        index
    }

    /// The numbers of the rectangles that touch `part`, in order, each once.
    pub fn touching(&self, part: Rect, found: &mut Vec<u32>) {
        found.clear();
        if !part.is_finite() || part.is_negative() {
            return;
        }
        if self.bounds.len() <= 64 {
            found.extend((0..self.bounds.len() as u32).filter(|&number| self.bounds[number as usize].intersects(part)));
            return;
        }
        let (left, right, top, bottom) = span(part);
        let mut take = |numbers: &[u32]| found.extend(numbers.iter().copied().filter(|&n| self.bounds[n as usize].intersects(part)));
        take(&self.large);
        if cells_of((left, right, top, bottom)) > self.cells.len() as i64 {
            // Most of the graph is in view: walk what there is, not the empty land between.
            for (&(x, y), numbers) in &self.cells {
                if (left..=right).contains(&x) && (top..=bottom).contains(&y) {
                    take(numbers);
                }
            }
        } else {
            for x in left..=right {
                for y in top..=bottom {
                    if let Some(numbers) = self.cells.get(&(x, y)) {
                        take(numbers);
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
    }

    /// The numbers of the rectangles within `reach` of a point.
    pub fn near(&self, point: Pos2, reach: f32) -> Vec<u32> {
        let mut found = Vec::new();
        self.touching(Rect::from_center_size(point, egui::Vec2::splat(reach * 2.0)), &mut found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};
    use pipewright_runtime::id::mix;

    #[test]
    fn it_finds_what_a_walk_over_all_finds() {
        for seed in 0..20_u64 {
            let draw = |at: u64, most: f32| (mix(seed * 10_007 + at) % 10_000) as f32 / 10_000.0 * most;
            let rects: Vec<Rect> = (0..400)
                .map(|n| {
                    let size = if n % 50 == 0 { 20_000.0 } else { 300.0 };
                    Rect::from_min_size(
                        pos2(draw(n * 4, 40_000.0) - 20_000.0, draw(n * 4 + 1, 40_000.0) - 20_000.0),
                        vec2(draw(n * 4 + 2, size), draw(n * 4 + 3, size)),
                    )
                })
                .collect();
            let index = Index::new(rects.clone());
            for n in 0..20 {
                let side = if n % 2 == 0 { 900.0 } else { 60_000.0 };
                let part = Rect::from_center_size(
                    pos2(draw(n + 9_000, 40_000.0) - 20_000.0, draw(n + 9_500, 40_000.0) - 20_000.0),
                    vec2(side, side),
                );
                let mut found = Vec::new();
                index.touching(part, &mut found);
                let expected: Vec<u32> = (0..400).filter(|&n| rects[n as usize].intersects(part)).collect();
                assert_eq!(found, expected, "seed {seed}");
            }
        }
    }

    #[test]
    fn rectangles_from_nowhere_do_no_harm() {
        let index = Index::new(vec![Rect::NAN, Rect::EVERYTHING, Rect::from_min_size(pos2(1e30, 0.0), vec2(1.0, 1.0))]);
        let mut found = Vec::new();
        index.touching(Rect::from_min_size(Pos2::ZERO, vec2(10.0, 10.0)), &mut found);
        assert!(!found.contains(&0));
        index.touching(Rect::NAN, &mut found);
        assert!(found.is_empty());
    }
}
