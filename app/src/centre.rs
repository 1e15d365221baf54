//! The middle of the window: the canvas of the document in front, and above it the way to the level that is open.

mod trail;

use crate::action::Item;
use crate::canvas::{CanvasInput, canvas_ui};
use crate::panels::CameraWish;
use crate::state::{Open, State};
use crate::theme::Theme;
use egui::Ui;
use pipewright_runtime::check;

/// Shows the canvas.
pub fn centre_ui(ui: &mut Ui, theme: &Theme, state: &mut State) {
    let catalogue = state.catalogue;
    let Some(open) = state.active.and_then(|at| state.documents.get_mut(at)) else { return };
    if let Some(wish) = open.views.camera_wish.take() {
        move_camera(open, wish);
    }
    if open.document.level().is_some() {
        ui.spacing_mut().item_spacing.y = 0.0;
        trail::trail_ui(ui, theme, open, &mut state.outbox);
    }
    let snapshot = open.session.as_ref().and_then(|session| session.snapshot());
    let input = CanvasInput {
        graph: open.document.shown(),
        whole: open.document.whole(),
        level: open.document.level(),
        revision: open.document.revision(),
        catalogue,
        snapshot: snapshot.map(AsRef::as_ref),
        problems: open.document.problems(),
        selection: &open.selection,
        theme,
        read_only: open.document.read_only(),
        may_connect: check::ports::may_connect,
    };
    canvas_ui(ui, &input, &mut open.canvas, &mut state.outbox);
    open.views.canvas_centre = open.canvas.centre();
}

fn move_camera(open: &mut Open, wish: CameraWish) {
    match wish {
        CameraWish::Fit => open.canvas.fit(),
        CameraWish::FitSelection => open.canvas.fit_items(open.selection.iter().cloned().collect::<Vec<Item>>()),
        CameraWish::RevealSelection => {
            if let Some(item) = open.selection.first() {
                open.canvas.reveal(item.clone());
            }
        }
        CameraWish::ZoomBy(factor) => open.canvas.zoom_by(factor),
        CameraWish::ZoomTo(zoom) => open.canvas.zoom_to(zoom),
    }
}
