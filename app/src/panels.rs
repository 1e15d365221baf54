//! The panels around the canvas.

pub mod dead_letters;
pub mod dock;
pub mod journal;
pub mod messages;
pub mod metrics;
pub mod palette;
pub mod problems;
pub mod run_bar;
pub mod status;
pub mod top_bar;

use egui::Pos2;

/// What the camera is asked to do; done by the canvas in the next frame, when its size is known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum CameraWish {
    /// Show everything.
    Fit,
    /// Show what is selected.
    FitSelection,
    /// Bring what is selected into view without changing the zoom more than needed.
    RevealSelection,
    /// Zoom by this factor about the middle.
    ZoomBy(f32),
    /// Zoom to this scale about the middle.
    ZoomTo(f32),
}

/// What the panels remember about one document.
pub struct Views {
    /// For the canvas.
    pub camera_wish: Option<CameraWish>,
    /// The canvas point in the middle of what is seen.
    pub canvas_centre: Pos2,
    /// The messages panel.
    pub messages: messages::View,
    /// The dead letters panel.
    pub dead_letters: dead_letters::View,
    /// The problem that is explained.
    pub problem: Option<usize>,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            camera_wish: Some(CameraWish::Fit),
            canvas_centre: Pos2::new(200.0, 160.0),
            messages: messages::View::default(),
            dead_letters: dead_letters::View::default(),
            problem: None,
        }
    }
}
