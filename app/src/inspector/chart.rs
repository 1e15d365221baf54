//! A small chart without axes: the last minutes of one figure.

use crate::session::history::{Ring, Sample};
use crate::theme::{self, Theme};
use egui::{Color32, CornerRadius, Mesh, Pos2, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// Shows a figure over time, and its largest value.
pub fn chart_ui(ui: &mut Ui, theme: &Theme, title: &str, ring: &Ring, colour: Color32, figure: fn(&Sample) -> f64, say: fn(f64) -> String) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 76.0), Sense::hover());
    ui.painter().rect(rect, CornerRadius::same(6), theme.canvas, Stroke::new(1.0, theme.border), StrokeKind::Inside);
    let inner = rect.shrink2(vec2(6.0, 6.0)).with_min_y(rect.top() + 22.0);
    let (first, last) = (ring.front().map_or(0.0, |sample| sample.at), ring.back().map_or(0.0, |sample| sample.at));
    let largest = ring.iter().map(figure).fold(0.0_f64, f64::max);
    let span = (last - first).max(1e-9);
    let at = |sample: &Sample| {
        let x = inner.left() + ((sample.at - first) / span) as f32 * inner.width();
        let y = inner.bottom() - (figure(sample) / largest.max(1e-12)) as f32 * inner.height();
        pos2(x, y)
    };
    // One point for each pixel is plenty.
    let step = (ring.len() / (inner.width() as usize).max(1)).max(1);
    let points: Vec<Pos2> = ring.iter().step_by(step).map(at).collect();
    if points.len() > 1 {
        ui.painter().add(Shape::mesh(area(&points, inner.bottom(), colour.gamma_multiply(0.16))));
        ui.painter().line(points, Stroke::new(1.4, colour));
    }
    ui.painter().text(rect.left_top() + vec2(8.0, 5.0), egui::Align2::LEFT_TOP, title, theme::body(11.0), theme.dim);
    let most = format!("highest {}", say(largest));
    ui.painter().text(rect.right_top() + vec2(-8.0, 5.0), egui::Align2::RIGHT_TOP, most, theme::mono(10.5), theme.faint);
    if let Some(pointer) = response.hover_pos()
        && let Some(sample) = ring.iter().min_by(|a, b| (at(a).x - pointer.x).abs().total_cmp(&(at(b).x - pointer.x).abs()))
    {
        ui.painter().circle_filled(at(sample), 3.0, colour);
        response.on_hover_text(format!("{} at {}", say(figure(sample)), crate::widgets::figure::clock(sample.at)));
    }
}

fn area(points: &[Pos2], bottom: f32, colour: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for point in points {
        mesh.colored_vertex(*point, colour);
        mesh.colored_vertex(pos2(point.x, bottom), colour);
    }
    for at in 0..points.len().saturating_sub(1) as u32 {
        mesh.add_triangle(2 * at, 2 * at + 1, 2 * at + 2);
        mesh.add_triangle(2 * at + 1, 2 * at + 2, 2 * at + 3);
    }
    mesh
}
