//! The canvas from far away: nodes as coloured blocks and pipes as plain lines, all in one mesh.

use super::brush::Brush;
use super::curve::cubic;
use super::scene::{SceneNode, ScenePipe};
use crate::theme;
use egui::{Color32, Mesh, Pos2, Rect, Shape, vec2};

/// Collects blocks and lines.
#[derive(Default)]
pub struct FarView {
    mesh: Mesh,
}

impl FarView {
    /// Makes room, so that the mesh need not grow.
    pub fn new(nodes: usize, pipes: usize) -> Self {
        let mut mesh = Mesh::default();
        mesh.reserve_vertices(nodes * 8 + pipes * 12);
        mesh.reserve_triangles(nodes * 4 + pipes * 8);
        Self { mesh }
    }

    /// Adds a pipe: as a straight line if it is short on screen, else in as many pieces as its length wants.
    pub fn pipe(&mut self, brush: &Brush<'_>, pipe: &ScenePipe, colour: Color32, width: f32) {
        let size = brush.scale(pipe.curve.bounds().width() + pipe.curve.bounds().height());
        let pieces = ((size / 30.0) as usize).clamp(1, 12);
        for part in pipe.curve.parts() {
            let mut before = brush.camera.to_screen(part[0]);
            for piece in 1..=pieces {
                let next = brush.camera.to_screen(cubic(part, piece as f32 / pieces as f32));
                self.line(before, next, width, colour);
                before = next;
            }
        }
    }

    fn line(&mut self, from: Pos2, to: Pos2, width: f32, colour: Color32) {
        let side = (to - from).normalized().rot90() * (width * 0.5);
        let first = self.mesh.vertices.len() as u32;
        for corner in [from + side, from - side, to + side, to - side] {
            self.mesh.colored_vertex(corner, colour);
        }
        self.mesh.add_triangle(first, first + 1, first + 2);
        self.mesh.add_triangle(first + 1, first + 2, first + 3);
    }

    /// Adds a node as a block; `edge` is drawn around it.
    pub fn node(&mut self, brush: &Brush<'_>, node: &SceneNode, rect: Rect, edge: Option<Color32>) {
        let theme = brush.theme;
        let colour = node.family().map_or(theme.faint, |family| theme.family(family));
        // Never smaller than can be seen.
        let rect = if rect.width() < 3.0 { Rect::from_center_size(rect.center(), rect.size().max(vec2(3.0, 2.0))) } else { rect };
        if let Some(edge) = edge {
            self.mesh.add_colored_rect(rect.expand(2.0), edge);
        }
        self.mesh.add_colored_rect(rect, theme::blend(theme.canvas, colour, 0.82));
    }

    /// Everything collected, as one shape.
    pub fn into_shape(self) -> Shape {
        Shape::mesh(self.mesh)
    }
}
