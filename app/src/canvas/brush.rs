//! What all painting of the canvas shares: the camera, the theme, and the shapes of this frame, in screen points.

use super::camera::Camera;
use crate::theme::Theme;
use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontId, Galley, Painter, Pos2, Shape};
use std::sync::Arc;

/// How much of a thing is drawn, by how large it is on screen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Coloured blocks and plain lines.
    Far,
    /// Cards with a title and the strong figure, in letters that keep their size.
    Middle,
    /// Everything.
    Near,
}

impl Detail {
    /// Below this zoom nodes are blocks.
    const FAR: f32 = 0.24;
    /// From this zoom on, everything can be read at its own size.
    const NEAR: f32 = 0.68;
    /// With more nodes than this in view, nobody reads them: they are drawn as from far away.
    const MOST_CARDS: usize = 700;

    /// The detail that suits a zoom and a number of nodes in view.
    pub fn of(zoom: f32, nodes: usize) -> Self {
        match zoom {
            _ if zoom < Self::FAR || nodes > Self::MOST_CARDS => Self::Far,
            _ if zoom < Self::NEAR => Self::Middle,
            _ => Self::Near,
        }
    }
}

/// A font's size on screen, in steps of a half, so that a zoom does not fill the font texture with every size between; never so small
/// that it only smears.
pub fn least_text(size: f32) -> f32 {
    ((size * 2.0).round() * 0.5).max(7.0)
}

/// Collects shapes.
pub struct Brush<'a> {
    /// For laying out text.
    pub painter: &'a Painter,
    /// Where the canvas is looked at from.
    pub camera: &'a Camera,
    /// The colours.
    pub theme: &'a Theme,
    /// How much is drawn.
    pub detail: Detail,
    /// What was painted so far, from back to front.
    pub shapes: Vec<Shape>,
}

impl Brush<'_> {
    /// A length of the canvas in screen points.
    pub const fn scale(&self, length: f32) -> f32 {
        length * self.camera.zoom()
    }

    /// Adds a shape on top.
    pub fn add(&mut self, shape: impl Into<Shape>) {
        self.shapes.push(shape.into());
    }

    /// A font's size on screen.
    pub fn text_size(&self, size: f32) -> f32 {
        least_text(self.scale(size))
    }

    /// Lays out words in as many lines as it takes, at most `rows`, cut off with an ellipsis.
    pub fn lines(&self, text: &str, font: FontId, colour: Color32, width: f32, rows: usize) -> Arc<Galley> {
        let mut job = LayoutJob::simple(text.to_owned(), font, colour, width.max(0.0));
        job.wrap.max_rows = rows;
        self.painter.layout_job(job)
    }

    /// Lays out one line, cut off with an ellipsis at a width in screen points.
    pub fn line(&self, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
        job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
        self.painter.layout_job(job)
    }

    /// Lays out one line in letters as much smaller as it needs to fit, down to `least` points; only then is it cut off.
    pub fn line_that_fits(&self, text: &str, font: fn(f32) -> FontId, sizes: [f32; 2], colour: Color32, width: f32) -> Arc<Galley> {
        let [least, mut size] = sizes;
        while size > least && self.line(text, font(size), colour, f32::INFINITY).size().x > width {
            size = (size - 0.5).max(least);
        }
        self.line(text, font(size), colour, width)
    }

    /// Adds laid out text with its left end in the middle of the line at this point.
    pub fn text_left(&mut self, at: Pos2, galley: Arc<Galley>) {
        let corner = egui::pos2(at.x, at.y - galley.size().y * 0.5);
        self.shapes.push(Shape::galley(corner, galley, self.theme.text));
    }

    /// Adds laid out text with its right end in the middle of the line at this point.
    pub fn text_right(&mut self, at: Pos2, galley: Arc<Galley>) {
        let corner = egui::pos2(at.x - galley.size().x, at.y - galley.size().y * 0.5);
        self.shapes.push(Shape::galley(corner, galley, self.theme.text));
    }

    /// Adds laid out text around this point.
    pub fn text_centre(&mut self, at: Pos2, galley: Arc<Galley>) {
        let corner = at - galley.size() * 0.5;
        self.shapes.push(Shape::galley(corner, galley, self.theme.text));
    }
}
