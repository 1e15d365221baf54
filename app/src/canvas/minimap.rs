//! The whole graph in a corner: where things lie, and which part is in view.

use super::camera::Camera;
use super::scene::Scene;
use crate::theme::{self, Theme};
use egui::emath::RectTransform;
use egui::{Color32, CornerRadius, Mesh, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, vec2};
use std::sync::Arc;

const SIZE: Vec2 = vec2(156.0, 96.0);
/// With more nodes than this, they are counted into cells instead of drawn one by one.
const MOST_BLOCKS: usize = 1_500;

/// The minimap of one canvas; its picture is kept until the document or the theme changes.
#[derive(Default)]
pub struct Minimap {
    picture: Option<Picture>,
}

struct Picture {
    /// Made for this rectangle on screen, this part of the canvas, and this theme.
    place: Rect,
    part: Rect,
    dark: bool,
    mesh: Arc<Mesh>,
}

/// Where the minimap lies in a canvas; nowhere if the canvas is too small for it, or if all of the graph is in view anyway.
pub fn place(scene: &Scene, camera: &Camera) -> Option<Rect> {
    let viewport = camera.viewport();
    let useful = scene.nodes.len() > 1 && scene.bounds.is_some_and(|bounds| !camera.visible().contains_rect(bounds));
    let room = viewport.width() > 640.0 && viewport.height() > 320.0;
    (useful && room).then(|| Rect::from_min_size(viewport.max - SIZE - vec2(14.0, 14.0), SIZE))
}

impl Minimap {
    /// Forgets the picture.
    pub fn scene_changed(&mut self) {
        self.picture = None;
    }

    /// Shows it. A click or drag in it gives the canvas point to be brought to the middle.
    pub fn ui(&mut self, ui: &Ui, scene: &Scene, camera: &Camera, theme: &Theme) -> Option<Pos2> {
        let rect = place(scene, camera)?;
        let bounds = scene.bounds?;
        let response: Response = ui.interact(rect, ui.scope_id().with("minimap"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Minimap"));
        let painter = ui.painter_at(rect.expand(1.0));
        painter.rect(rect, CornerRadius::same(6), theme.panel, Stroke::new(1.0, theme.border), StrokeKind::Inside);
        let inside = rect.shrink(6.0);
        let part = fitted(bounds.expand(40.0), inside);
        let picture = self.picture.take().filter(|kept| kept.place == inside && kept.part == part && kept.dark == theme.dark);
        let picture =
            picture.unwrap_or_else(|| Picture { place: inside, part, dark: theme.dark, mesh: Arc::new(draw(scene, part, inside, theme)) });
        painter.add(Shape::Mesh(picture.mesh.clone()));
        self.picture = Some(picture);
        let to_map = RectTransform::from_to(part, inside);
        let seen = to_map.transform_rect(camera.visible()).intersect(inside);
        if seen.is_positive() {
            painter.rect(
                seen,
                CornerRadius::same(3),
                theme.accent.gamma_multiply(0.08),
                Stroke::new(1.2, theme.accent),
                StrokeKind::Inside,
            );
        }
        let pointer = response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on() || response.clicked())?;
        Some(to_map.inverse().transform_pos(inside.clamp(pointer)))
    }
}

/// The part of the canvas that fills the map without changing its shape.
fn fitted(bounds: Rect, map: Rect) -> Rect {
    let scale = (bounds.width() / map.width()).max(bounds.height() / map.height());
    Rect::from_center_size(bounds.center(), map.size() * scale)
}

fn draw(scene: &Scene, part: Rect, map: Rect, theme: &Theme) -> Mesh {
    let to_map = RectTransform::from_to(part, map);
    let colour = |family: Option<_>| family.map_or(theme.faint, |family| theme.family(family));
    let mut mesh = Mesh::default();
    for frame in &scene.frames {
        mesh.add_colored_rect(to_map.transform_rect(frame.rect), theme.accent_ground.gamma_multiply(0.5));
    }
    if scene.nodes.len() <= MOST_BLOCKS {
        for node in &scene.nodes {
            let rect = to_map.transform_rect(node.rect);
            mesh.add_colored_rect(Rect::from_center_size(rect.center(), rect.size().max(vec2(2.0, 1.5))), colour(node.family()));
        }
        return mesh;
    }
    // One cell for each two points: the fuller, the stronger; the colour is that of the cell's last node.
    const CELL: f32 = 2.0;
    let columns = (map.width() / CELL).ceil() as usize;
    let rows = (map.height() / CELL).ceil() as usize;
    let mut cells: Vec<(u32, Color32)> = vec![(0, Color32::TRANSPARENT); columns * rows];
    for node in &scene.nodes {
        let at = (to_map.transform_pos(node.rect.center()) - map.min) / CELL;
        let (column, row) = (at.x as usize, at.y as usize);
        if column < columns && row < rows {
            let cell = &mut cells[row * columns + column];
            *cell = (cell.0 + 1, colour(node.family()));
        }
    }
    for (number, (count, colour)) in cells.iter().enumerate().filter(|(_, (count, _))| *count > 0) {
        let corner = map.min + vec2((number % columns) as f32, (number / columns) as f32) * CELL;
        let strength = (0.45 + 0.15 * *count as f32).min(1.0);
        mesh.add_colored_rect(Rect::from_min_size(corner, vec2(CELL, CELL)), theme::blend(theme.panel, *colour, strength));
    }
    mesh
}

/// The camera's shift that brings a canvas point to the middle, in screen points.
pub fn shift_to(camera: &Camera, point: Pos2) -> Vec2 {
    camera.viewport().center() - camera.to_screen(point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn the_map_keeps_the_shape_and_shows_everything() {
        let map = Rect::from_min_size(pos2(10.0, 10.0), SIZE);
        for bounds in
            [Rect::from_min_size(pos2(-50.0, 3.0), vec2(4_000.0, 100.0)), Rect::from_min_size(pos2(0.0, 0.0), vec2(100.0, 9_000.0))]
        {
            let part = fitted(bounds, map);
            assert!(part.expand(0.1).contains_rect(bounds));
            assert!((part.aspect_ratio() - map.aspect_ratio()).abs() < 1e-3);
        }
    }
}
