//! The middle of the window: the canvas of the document in front.

use crate::canvas::{CanvasInput, canvas_ui};
use crate::panels::CameraWish;
use crate::pending::check;
use crate::session::Session;
use crate::state::{Open, State};
use crate::theme::Theme;
use egui::Ui;

/// Shows the canvas.
pub fn centre_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let State { catalogue, documents, active, outbox, .. } = state;
    let Some(open) = active.and_then(|at| documents.get_mut(at)) else { return };
    grant_wish(open);
    let Open { document, selection, session, canvas, views, .. } = open;
    let input = CanvasInput {
        graph: document.graph(),
        revision: document.revision(),
        catalogue: *catalogue,
        snapshot: session.as_ref().and_then(Session::snapshot).map(AsRef::as_ref),
        problems: document.problems(),
        selection,
        theme,
        read_only: document.read_only(),
        may_connect: check::ports::may_connect,
    };
    canvas_ui(ui, &input, canvas, outbox);
    views.canvas_centre = canvas.pointer().unwrap_or_else(|| canvas.centre());
}

/// Hands what the camera was asked to do to the canvas.
fn grant_wish(open: &mut Open) {
    match open.views.camera_wish.take() {
        Some(CameraWish::Fit) => open.canvas.fit(),
        Some(CameraWish::FitSelection) => open.canvas.fit_items(open.selection.iter().cloned()),
        Some(CameraWish::RevealSelection) => open.selection.iter().cloned().for_each(|item| open.canvas.reveal(item)),
        Some(CameraWish::ZoomBy(factor)) => open.canvas.zoom_by(factor),
        Some(CameraWish::ZoomTo(zoom)) => open.canvas.zoom_to(zoom),
        None => {}
    }
}
