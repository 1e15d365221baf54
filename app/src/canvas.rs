//! The canvas: the graph drawn in screen space, with a camera, a spatial index and level of detail. It reads the document and the newest
//! snapshot; all changes leave it as actions.

mod access;
mod advice;
mod backdrop;
mod bending;
mod border;
mod brush;
pub mod camera;
mod curve;
mod editing;
mod far_view;
mod gesture;
mod hit;
mod index;
mod live;
mod menu;
mod minimap;
mod node_view;
mod note_text;
mod overlay;
mod paint;
mod pipe_view;
mod pointer;
mod scene;
#[cfg(test)]
mod tests;

pub use advice::in_words;
pub use camera::Camera;
pub use gesture::MayConnect;
pub use scene::{NODE_HEIGHT, NODE_WIDTH, is_durable};

use crate::action::{Item, Outbox};
use crate::theme::Theme;
use editing::Editing;
use egui::{Pos2, Rect, Sense, Ui};
use pipewright_runtime::graph::Graph;
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::Catalogue;
use pipewright_runtime::problem::Problem;
use pipewright_runtime::telemetry::snapshot::Snapshot;
use std::collections::BTreeSet;

/// What the canvas is shown.
#[derive(Clone, Copy)]
pub struct CanvasInput<'a> {
    /// The level of the document that is open.
    pub graph: &'a Graph,
    /// The document with the content of its used files.
    pub whole: &'a Graph,
    /// The composite that is open; `None` for the top.
    pub level: Option<&'a NodeId>,
    /// A number that is another after every edit.
    pub revision: u64,
    /// The kinds there are.
    pub catalogue: Catalogue,
    /// The newest picture of the run, if there is one.
    pub snapshot: Option<&'a Snapshot>,
    /// What is wrong, and what could be better.
    pub problems: &'a [Problem],
    /// What is selected.
    pub selection: &'a BTreeSet<Item>,
    /// The colours.
    pub theme: &'a Theme,
    /// Whether the document may only be looked at.
    pub read_only: bool,
    /// Whether a wire may go from an output to an input.
    pub may_connect: MayConnect,
}

/// Something the camera is asked to do with the next frame, when it knows its viewport.
#[derive(Clone, PartialEq, Debug)]
enum Wish {
    Fit,
    FitItems(Vec<Item>),
    Reveal(Item),
    ZoomBy(f32),
    ZoomTo(f32),
}

/// What the canvas of one document remembers: camera, gesture, caches.
#[derive(Default)]
pub struct CanvasState {
    camera: Camera,
    scene: scene::Scene,
    live: live::Live,
    gesture: gesture::Gesture,
    hovered: Option<hit::Hit>,
    pointer_at: Option<Pos2>,
    menu_at: Option<Pos2>,
    dragged: Option<pointer::Dragged>,
    problems: advice::ProblemIndex,
    minimap: minimap::Minimap,
    editing: Option<Editing>,
    /// What is to be renamed as soon as it is drawn.
    renamed: Option<Item>,
    wishes: Vec<Wish>,
    shown_once: bool,
    seen: Seen,
}

/// What is in view; kept from frame to frame for its room.
#[derive(Default)]
struct Seen {
    nodes: Vec<u32>,
    pipes: Vec<u32>,
}

impl CanvasState {
    /// Shows the whole graph.
    pub fn fit(&mut self) {
        self.wishes.push(Wish::Fit);
    }

    /// Shows these items as large as may be.
    pub fn fit_items(&mut self, items: impl IntoIterator<Item = Item>) {
        self.wishes.push(Wish::FitItems(items.into_iter().collect()));
    }

    /// Moves just so far that an item is in view.
    pub fn reveal(&mut self, item: Item) {
        self.wishes.push(Wish::Reveal(item));
    }

    /// Zooms by a factor around the middle.
    pub fn zoom_by(&mut self, factor: f32) {
        self.wishes.push(Wish::ZoomBy(factor));
    }

    /// Zooms to a scale around the middle.
    pub fn zoom_to(&mut self, zoom: f32) {
        self.wishes.push(Wish::ZoomTo(zoom));
    }

    /// Opens the field for an item's name, with all of it selected: what is typed takes its place.
    pub fn rename(&mut self, item: Item) {
        self.renamed = Some(item);
    }

    /// Whether something is in hand that Escape gives up: then Escape means nothing else.
    pub const fn busy(&self) -> bool {
        !self.gesture.is_idle() || self.editing.is_some()
    }

    /// The scale: screen points for one canvas unit.
    pub const fn zoom(&self) -> f32 {
        self.camera.zoom()
    }

    /// The canvas point in the middle of the view.
    pub fn centre(&self) -> Pos2 {
        self.camera.visible().center()
    }

    /// The canvas point under the pointer, if the pointer is over the canvas: where a new node would go.
    pub const fn pointer(&self) -> Option<Pos2> {
        self.pointer_at
    }

    /// Where an item lies on screen, as it was drawn last.
    pub fn screen_rect(&self, item: &Item) -> Option<Rect> {
        gesture::rect_of(&self.scene, item).map(|rect| self.camera.rect_to_screen(rect))
    }
}

/// Shows the canvas in the room there is.
pub fn canvas_ui(ui: &mut Ui, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let viewport = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(viewport, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Canvas"));
    let now = ui.input(|input| input.time);
    if state.scene.update(input) {
        state.live.scene_changed();
        state.minimap.scene_changed();
        // Numbers of the old scene mean nothing in the new one.
        state.hovered = None;
        if !state.gesture.is_idle() {
            state.gesture = gesture::Gesture::Idle;
        }
    }
    state.problems.update(input.problems);
    let gliding = camera_frame(state, viewport, now, motion(ui));
    state.live.begin_frame(&state.scene, input.snapshot, now);
    pointer::handle(ui, &response, input, state, outbox);
    let moving = paint::paint(ui, input, state);
    access::nodes_ui(ui, input, state, outbox);
    if let Some(at) = state.minimap.ui(ui, &state.scene, &state.camera, input.theme) {
        state.camera.pan(minimap::shift_to(&state.camera, at));
    }
    match overlay::zoom_ui(ui, &state.camera, input.theme) {
        Some(overlay::ZoomChoice::In) => state.zoom_by(1.25),
        Some(overlay::ZoomChoice::Out) => state.zoom_by(0.8),
        Some(overlay::ZoomChoice::Actual) => state.zoom_to(1.0),
        Some(overlay::ZoomChoice::Fit) => state.fit(),
        None => {}
    }
    if let Some(item) = state.renamed.take() {
        state.editing = Editing::anew(item, input);
    }
    editing::editing_ui(ui, input, state, outbox);
    menu::menu_ui(&response, input, state, outbox);
    advice::tooltip_ui(&response, input, state);
    if gliding || !state.wishes.is_empty() {
        ui.ctx().request_repaint();
    } else if moving && motion(ui) {
        ui.ctx().request_repaint_after(std::time::Duration::from_millis(33));
    }
}

/// Whether things may move by themselves: not where the system asks for less motion.
fn motion(ui: &Ui) -> bool {
    ui.style().animation_time > 0.0
}

/// Lets the camera do what it was asked to. Whether it is still on its way.
fn camera_frame(state: &mut CanvasState, viewport: Rect, now: f64, motion: bool) -> bool {
    state.camera.begin_frame(viewport, now);
    let first = !state.shown_once && viewport.width() > 50.0;
    if first {
        state.shown_once = true;
        state.wishes.insert(0, Wish::Fit);
    }
    let asked = !state.wishes.is_empty();
    for wish in std::mem::take(&mut state.wishes) {
        let middle = viewport.center();
        match wish {
            Wish::Fit => {
                if let Some(bounds) = state.scene.bounds {
                    state.camera.fit(bounds, 1.0, now);
                }
            }
            Wish::FitItems(items) => {
                let rects = items.iter().filter_map(|item| gesture::rect_of(&state.scene, item));
                if let Some(part) = rects.reduce(Rect::union) {
                    state.camera.fit(part, 1.6, now);
                }
            }
            Wish::Reveal(item) => {
                if let Some(part) = gesture::rect_of(&state.scene, &item) {
                    state.camera.reveal(part, now);
                }
            }
            Wish::ZoomBy(factor) => state.camera.glide_zoom(middle, state.camera.zoom_ahead() * factor, now),
            Wish::ZoomTo(zoom) => state.camera.glide_zoom(middle, zoom, now),
        }
    }
    if first || !motion {
        state.camera.finish_glide();
    }
    state.camera.begin_frame(viewport, now) || (asked && motion && !first)
}
