//! The canvas. (placeholder until the real one lands)
/// State.
#[derive(Default)]
pub struct CanvasState {}
