//! Where the canvas is looked at from: canvas units to screen points and back, with short glides.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// How far one can zoom out.
pub const LEAST_ZOOM: f32 = 0.05;
/// How far one can zoom in.
pub const MOST_ZOOM: f32 = 4.0;
/// How long a glide lasts, in seconds.
const GLIDE: f64 = 0.14;

/// One point of view.
#[derive(Clone, Copy, PartialEq, Debug)]
struct View {
    /// The canvas point at the viewport's left upper corner.
    origin: Pos2,
    zoom: f32,
}

#[derive(Clone, Copy, Debug)]
struct Glide {
    from: View,
    to: View,
    /// The screen offset and canvas point that stay together, if the glide is a zoom around a point.
    anchor: Option<(Vec2, Pos2)>,
    began: f64,
}

/// The camera of one canvas.
#[derive(Clone, Debug)]
pub struct Camera {
    viewport: Rect,
    view: View,
    glide: Option<Glide>,
}

impl Default for Camera {
    fn default() -> Self {
        let view = View { origin: pos2(-40.0, -40.0), zoom: 1.0 };
        Self { viewport: Rect::from_min_size(Pos2::ZERO, vec2(800.0, 600.0)), view, glide: None }
    }
}

impl Camera {
    /// Takes the screen rectangle of the canvas, and moves on along a glide. Whether the glide goes on.
    pub fn begin_frame(&mut self, viewport: Rect, now: f64) -> bool {
        self.viewport = viewport;
        let Some(glide) = self.glide else { return false };
        let share = ((now - glide.began) / GLIDE).clamp(0.0, 1.0) as f32;
        // Fast at first, then easing out.
        let share = 1.0 - (1.0 - share).powi(3);
        let zoom = glide.from.zoom * (glide.to.zoom / glide.from.zoom).powf(share);
        let origin = if let Some((offset, point)) = glide.anchor {
            point - offset / zoom
        } else {
            // The middle moves evenly, so that a fit does not swing.
            let middle = |view: View| view.origin + viewport.size() * 0.5 / view.zoom;
            middle(glide.from).lerp(middle(glide.to), share) - viewport.size() * 0.5 / zoom
        };
        self.view = View { origin, zoom };
        if share >= 1.0 {
            self.view = glide.to;
            self.glide = None;
        }
        self.glide.is_some()
    }

    /// Screen points for one canvas unit.
    pub const fn zoom(&self) -> f32 {
        self.view.zoom
    }

    /// The screen rectangle of the canvas.
    pub const fn viewport(&self) -> Rect {
        self.viewport
    }

    /// The part of the canvas in view.
    pub fn visible(&self) -> Rect {
        Rect::from_min_size(self.view.origin, self.viewport.size() / self.view.zoom)
    }

    /// Canvas to screen.
    pub fn to_screen(&self, point: Pos2) -> Pos2 {
        self.viewport.min + (point - self.view.origin) * self.view.zoom
    }

    /// Canvas to screen.
    pub fn rect_to_screen(&self, rect: Rect) -> Rect {
        Rect::from_min_size(self.to_screen(rect.min), rect.size() * self.view.zoom)
    }

    /// Screen to canvas.
    pub fn to_canvas(&self, point: Pos2) -> Pos2 {
        self.view.origin + (point - self.viewport.min) / self.view.zoom
    }

    /// Moves what is seen by this many screen points.
    pub fn pan(&mut self, delta: Vec2) {
        self.glide = None;
        self.view.origin -= delta / self.view.zoom;
    }

    /// Zooms by a factor; what is under this screen point stays there.
    pub fn zoom_at(&mut self, point: Pos2, factor: f32) {
        self.glide = None;
        let under = self.to_canvas(point);
        self.view.zoom = (self.view.zoom * factor).clamp(LEAST_ZOOM, MOST_ZOOM);
        self.view.origin = under - (point - self.viewport.min) / self.view.zoom;
    }

    /// Glides to a zoom around a screen point.
    pub fn glide_zoom(&mut self, point: Pos2, zoom: f32, now: f64) {
        let offset = point - self.viewport.min;
        // A second wheel notch goes on from where the first was leading.
        let under = match self.glide {
            Some(Glide { anchor: Some((old, under)), .. }) if (old - offset).length() < 2.0 => under,
            _ => self.to_canvas(point),
        };
        let zoom = zoom.clamp(LEAST_ZOOM, MOST_ZOOM);
        let to = View { origin: under - offset / zoom, zoom };
        self.glide = Some(Glide { from: self.view, to, anchor: Some((offset, under)), began: now });
    }

    /// The zoom that the camera has, or will have after its glide.
    pub fn zoom_ahead(&self) -> f32 {
        self.glide.map_or(self.view.zoom, |glide| glide.to.zoom)
    }

    /// Glides until a part of the canvas fills the view, not larger than `most` times its own size.
    pub fn fit(&mut self, part: Rect, most: f32, now: f64) {
        if !part.is_finite() || self.viewport.area() <= 0.0 {
            return;
        }
        let margin = vec2(40.0, 48.0).min(self.viewport.size() * 0.05);
        // The control of the zoom lies below, up to 42 points from the border.
        let below = 48.0_f32.min(self.viewport.height() * 0.2).max(margin.y);
        let room = self.viewport.size() - margin - vec2(margin.x, below);
        let zoom = (room.x / part.width().max(1.0)).min(room.y / part.height().max(1.0)).clamp(LEAST_ZOOM, most);
        let origin = part.center() - (self.viewport.size() - vec2(0.0, below - margin.y)) * 0.5 / zoom;
        self.glide = Some(Glide { from: self.view, to: View { origin, zoom }, anchor: None, began: now });
    }

    /// Glides just so far that a part of the canvas is in view.
    pub fn reveal(&mut self, part: Rect, now: f64) {
        let inside = self.visible().shrink2(vec2(24.0, 24.0) / self.view.zoom);
        if inside.contains_rect(part) {
            return;
        }
        if part.width() > inside.width() || part.height() > inside.height() {
            return self.fit(part, self.view.zoom.min(1.0), now);
        }
        let shift = vec2(
            (part.right() - inside.right()).max(0.0) + (part.left() - inside.left()).min(0.0),
            (part.bottom() - inside.bottom()).max(0.0) + (part.top() - inside.top()).min(0.0),
        );
        let to = View { origin: self.view.origin + shift, zoom: self.view.zoom };
        self.glide = Some(Glide { from: self.view, to, anchor: None, began: now });
    }

    /// Goes at once to where the glide leads.
    pub fn finish_glide(&mut self) {
        if let Some(glide) = self.glide.take() {
            self.view = glide.to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        let mut camera = Camera::default();
        camera.begin_frame(Rect::from_min_size(pos2(200.0, 50.0), vec2(1000.0, 700.0)), 0.0);
        camera
    }

    fn near(a: Pos2, b: Pos2) {
        assert!((a - b).length() < 0.05, "{a:?} {b:?}");
    }

    #[test]
    fn screen_and_canvas_are_inverse() {
        let mut camera = camera();
        camera.zoom_at(pos2(321.0, 77.0), 1.7);
        camera.pan(vec2(-31.0, 12.0));
        for point in [pos2(0.0, 0.0), pos2(-500.0, 1e4), pos2(17.0, 3.0)] {
            near(camera.to_canvas(camera.to_screen(point)), point);
        }
    }

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let mut camera = camera();
        let pointer = pos2(640.0, 333.0);
        let under = camera.to_canvas(pointer);
        for factor in [1.3, 10.0, 0.001, 3.0] {
            camera.zoom_at(pointer, factor);
            assert!((LEAST_ZOOM..=MOST_ZOOM).contains(&camera.zoom()));
            near(camera.to_canvas(pointer), under);
        }
        camera.glide_zoom(pointer, 1.0, 0.0);
        for now in [0.02, 0.06, 0.1] {
            assert!(camera.begin_frame(camera.viewport(), now));
            near(camera.to_canvas(pointer), under);
        }
        assert!(!camera.begin_frame(camera.viewport(), GLIDE + 0.001));
        assert_eq!(camera.zoom(), 1.0);
    }

    #[test]
    fn fit_shows_everything_and_reveal_moves_no_more_than_needed() {
        let mut camera = camera();
        let part = Rect::from_min_max(pos2(-3000.0, 100.0), pos2(2000.0, 900.0));
        camera.fit(part, 1.0, 0.0);
        camera.finish_glide();
        assert!(camera.visible().contains_rect(part));
        let high = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 9000.0));
        camera.fit(high, 1.0, 0.0);
        camera.finish_glide();
        assert!((camera.visible().bottom() - high.bottom()) * camera.zoom() > 46.0, "nothing lies under the control of the zoom");
        camera.fit(part, 1.0, 0.0);
        camera.finish_glide();
        let before = camera.visible();
        camera.reveal(Rect::from_center_size(pos2(0.0, 500.0), vec2(10.0, 10.0)), 0.0);
        camera.finish_glide();
        assert_eq!(camera.visible(), before, "it was in view");
        let far = Rect::from_center_size(pos2(9000.0, 500.0), vec2(176.0, 88.0));
        camera.reveal(far, 0.0);
        camera.finish_glide();
        assert!(camera.visible().contains_rect(far));
        assert_eq!(camera.visible().top(), before.top(), "it moved sideways only");
    }
}
