//! Plain painting of boxes and wires, with culling and level of detail and nothing else: no text but titles, no state, no input.

use crate::canvas::{Drawing, SIZE};
use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, CornerRadius, FontId, Mesh, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, Vec2, pos2, vec2};
use pipewright::canvas::{NODE_HEIGHT, NODE_WIDTH};
use std::collections::HashMap;

/// The side of a cell of the index, in canvas units.
const CELL: f32 = 1_000.0;
const NODE: Vec2 = vec2(NODE_WIDTH, NODE_HEIGHT);
/// Below this zoom boxes are blocks and wires are lines.
const FAR: f32 = 0.25;

/// A drawing, ready to be painted.
pub struct Plain {
    nodes: Vec<Rect>,
    titles: Vec<String>,
    pipes: Vec<[Pos2; 2]>,
    node_cells: HashMap<(i32, i32), Vec<u32>>,
    pipe_cells: HashMap<(i32, i32), Vec<u32>>,
}

fn cells(rect: Rect) -> impl Iterator<Item = (i32, i32)> {
    let cell = |value: f32| (value / CELL).floor() as i32;
    let (left, right, top, bottom) = (cell(rect.left()), cell(rect.right()), cell(rect.top()), cell(rect.bottom()));
    (left..=right).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
}

fn index(rects: impl Iterator<Item = Rect>) -> HashMap<(i32, i32), Vec<u32>> {
    let mut index: HashMap<_, Vec<u32>> = HashMap::new();
    for (number, rect) in rects.enumerate() {
        cells(rect).for_each(|cell| index.entry(cell).or_default().push(number as u32));
    }
    index
}

fn touching(index: &HashMap<(i32, i32), Vec<u32>>, part: Rect) -> Vec<u32> {
    let mut found: Vec<u32> = cells(part).filter_map(|cell| index.get(&cell)).flatten().copied().collect();
    found.sort_unstable();
    found.dedup();
    found
}

impl Plain {
    /// Takes a drawing apart.
    pub fn new(drawing: &Drawing) -> Self {
        let nodes: Vec<Rect> = drawing.nodes.iter().map(|at| Rect::from_min_size(*at, NODE)).collect();
        let ends = |(from, to): &(usize, usize)| [nodes[*from].right_center(), nodes[*to].left_center()];
        let pipes: Vec<[Pos2; 2]> = drawing.pipes.iter().map(ends).collect();
        let node_cells = index(nodes.iter().copied());
        let pipe_cells = index(pipes.iter().map(|[from, to]| Rect::from_two_pos(*from, *to)));
        let titles = (0..nodes.len()).map(|number| format!("Node number {number}")).collect();
        Self { nodes, titles, pipes, node_cells, pipe_cells }
    }

    /// Paints what is in view.
    pub fn paint(&self, ui: &Ui, centre: Pos2, zoom: f32) {
        let part = Rect::from_center_size(centre, SIZE / zoom);
        let to_screen = |at: Pos2| pos2(SIZE.x / 2.0, SIZE.y / 2.0) + (at - centre) * zoom;
        let (nodes, pipes) = (touching(&self.node_cells, part), touching(&self.pipe_cells, part));
        let wire = Color32::from_gray(110);
        let painter = ui.painter_at(Rect::from_min_size(Pos2::ZERO, SIZE));
        if zoom < FAR {
            let mut mesh = Mesh::default();
            mesh.reserve_vertices(4 * (nodes.len() + pipes.len()));
            mesh.reserve_triangles(2 * (nodes.len() + pipes.len()));
            for number in pipes {
                let [from, to] = self.pipes[number as usize].map(to_screen);
                let side = (to - from).normalized().rot90() * 0.5;
                let first = mesh.vertices.len() as u32;
                [from + side, from - side, to + side, to - side].into_iter().for_each(|at| mesh.colored_vertex(at, wire));
                mesh.add_triangle(first, first + 1, first + 2);
                mesh.add_triangle(first + 1, first + 2, first + 3);
            }
            for number in nodes {
                let rect = self.nodes[number as usize];
                mesh.add_colored_rect(Rect::from_min_max(to_screen(rect.min), to_screen(rect.max)), Color32::from_gray(70));
            }
            painter.add(Shape::mesh(mesh));
            return;
        }
        for number in pipes {
            let [from, to] = self.pipes[number as usize].map(to_screen);
            let bend = vec2(60.0 * zoom, 0.0);
            painter.add(CubicBezierShape::from_points_stroke(
                [from, from + bend, to - bend, to],
                false,
                Color32::TRANSPARENT,
                Stroke::new(1.5, wire),
            ));
        }
        for number in nodes {
            let rect = self.nodes[number as usize];
            let rect = Rect::from_min_max(to_screen(rect.min), to_screen(rect.max));
            painter.rect(rect, CornerRadius::same(6), Color32::from_gray(40), Stroke::new(1.0, wire), StrokeKind::Inside);
            painter.circle_filled(rect.left_center(), 4.0, wire);
            painter.circle_filled(rect.right_center(), 4.0, wire);
            let at = rect.left_top() + vec2(10.0, 10.0);
            painter.text(at, Align2::LEFT_TOP, &self.titles[number as usize], FontId::proportional(13.0 * zoom), Color32::WHITE);
        }
    }
}
