//! The small picture of a graph: nodes as blocks in their family's colour, pipes as curves.

use crate::samples::Sample;
use crate::theme::Theme;
use egui::epaint::CubicBezierShape;
use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};
use pipewright_runtime::file;
use pipewright_runtime::graph::layout::{NODE_HEIGHT, NODE_WIDTH};
use pipewright_runtime::node::{Catalogue, Family};

/// A graph reduced to what a small picture shows.
pub struct Drawing {
    nodes: Vec<(Pos2, Option<Family>)>,
    pipes: Vec<(usize, usize)>,
    bounds: Rect,
}

impl Drawing {
    /// The picture of a sample.
    pub fn of(sample: &Sample, catalogue: Catalogue) -> Self {
        let graph = file::read(sample.text, catalogue).graph;
        let place = |node: &pipewright_runtime::graph::Node| pos2(node.position.x, node.position.y);
        let nodes: Vec<_> = graph.nodes().values().map(|node| (place(node), catalogue.get(&node.kind).map(|kind| kind.family))).collect();
        let number = |id| graph.nodes().get_index_of(id);
        let pipes = graph.pipes().keys().filter_map(|pipe| Some((number(&pipe.from.node)?, number(&pipe.to.node)?))).collect();
        let size = vec2(NODE_WIDTH, NODE_HEIGHT);
        let bounds = nodes.iter().fold(Rect::NOTHING, |bounds, (at, _)| bounds.union(Rect::from_min_size(*at, size)));
        Self { nodes, pipes, bounds }
    }

    /// Paints it as large as it fits.
    pub fn paint(&self, painter: &Painter, into: Rect, theme: &Theme) {
        if self.nodes.is_empty() {
            return;
        }
        let scale = (into.width() / self.bounds.width()).min(into.height() / self.bounds.height()).min(0.4);
        let at = |point: Pos2| into.center() + (point - self.bounds.center()) * scale;
        let block = |node: usize| Rect::from_min_size(at(self.nodes[node].0), vec2(NODE_WIDTH, NODE_HEIGHT) * scale);
        for (from, to) in &self.pipes {
            let (start, end) = (block(*from).right_center(), block(*to).left_center());
            let reach = vec2(((end.x - start.x).abs() * 0.5).max(6.0), 0.0);
            let points = [start, start + reach, end - reach, end];
            painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, Stroke::new(1.2, theme.pipe)));
        }
        for (number, (_, family)) in self.nodes.iter().enumerate() {
            let rect = block(number);
            let colour = family.map_or(theme.faint, |family| theme.family(family));
            painter.rect(rect, CornerRadius::same(2), theme.raised, Stroke::new(1.0, theme.line), StrokeKind::Inside);
            let stripe = rect.with_max_x(rect.left() + 2.5);
            painter.rect_filled(stripe, CornerRadius::same(1), colour);
            let line = Rect::from_min_size(rect.left_center() + vec2(6.0, -1.0), vec2(rect.width() * 0.45, 2.0));
            painter.rect_filled(line, CornerRadius::same(1), colour.gamma_multiply(0.7));
        }
    }
}
