//! What the pointer and the wheel do on the canvas.

use super::editing::Editing;
use super::gesture::{Gesture, Rules, item_of};
use super::hit::{self, Hit};
use super::{CanvasInput, CanvasState, note_text, overlay};
use crate::action::{Action, Item, Outbox};
use crate::panels::palette::DraggedKind;
use egui::{CursorIcon, Event, Key, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, Response, Ui, Vec2, vec2};
use pipewright_runtime::node::Kind;

/// A kind that is being dragged over the canvas.
#[derive(Clone, Copy, Debug)]
pub struct Dragged {
    /// The kind.
    pub kind: &'static Kind,
    /// Where its left upper corner would lie.
    pub at: Pos2,
    /// The pipe it would be put into.
    pub into: Option<u32>,
}

/// How far one notch of a mouse wheel zooms.
const NOTCH: f32 = 1.2;
/// Near the rim of the view a gesture pulls the canvas along: how near, and how fast, in screen points (a second).
const RIM: f32 = 28.0;
const PULL: f32 = 700.0;

/// Takes what the pointer did in this frame.
pub fn handle(ui: &Ui, response: &Response, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let over = response.contains_pointer();
    let screen = ui.input(|i| i.pointer.latest_pos());
    wheel(ui, over, screen, state);
    state.pointer_at = screen.filter(|_| over).map(|at| state.camera.to_canvas(at));
    palette(ui, response, input, state, outbox);
    // Asked of the raw events: the shortcuts come first, and may have taken the key.
    let escape = |event: &Event| matches!(event, Event::Key { key: Key::Escape, pressed: true, .. });
    if !state.gesture.is_idle() && ui.input(|i| i.raw.events.iter().any(escape)) {
        state.gesture = Gesture::Idle;
        ui.ctx().stop_dragging();
        return;
    }
    state.hovered = screen
        .filter(|at| over && state.gesture.is_idle() && !overlay::covers(&state.scene, &state.camera, *at))
        .map(|at| hit::hit(&state.scene, state.camera.to_canvas(at), state.camera.zoom()));
    let space = ui.input(|i| i.key_down(Key::Space)) && ui.memory(|memory| memory.focused().is_none());
    let by_hand = response.dragged_by(PointerButton::Middle)
        || response.dragged_by(PointerButton::Secondary)
        || (space && state.gesture.is_idle() && response.dragged_by(PointerButton::Primary));
    if by_hand {
        state.gesture = Gesture::Panning;
        state.camera.pan(response.drag_delta());
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
        return;
    }
    if matches!(state.gesture, Gesture::Panning) {
        state.gesture = Gesture::Idle;
    }
    drag(ui, response, input, state, outbox);
    if state.gesture.is_idle() {
        clicks(ui, response, input, state, outbox);
        cursor(ui, state, space);
    }
}

fn wheel(ui: &Ui, over: bool, screen: Option<Pos2>, state: &mut CanvasState) {
    let Some(at) = screen.filter(|_| over) else { return };
    let (events, pinch, now) = ui.input(|i| (i.events.clone(), i.zoom_delta(), i.time));
    let mut zoomed_by_wheel = false;
    for event in events {
        let Event::MouseWheel { unit, delta, source, modifiers, .. } = event else { continue };
        let notched = match source {
            MouseWheelSource::Wheel => true,
            MouseWheelSource::Unknown => unit != MouseWheelUnit::Point,
            _ => false,
        };
        let (notches, points) = if unit == MouseWheelUnit::Point { (delta / 50.0, delta) } else { (delta, delta * 50.0) };
        match () {
            // A notched wheel zooms, to the pointer; with shift or alt it moves the canvas.
            () if notched && modifiers.shift => state.camera.pan(vec2(points.x + points.y, 0.0)),
            () if notched && modifiers.alt => state.camera.pan(points),
            () if notched => {
                zoomed_by_wheel = true;
                state.camera.glide_zoom(at, state.camera.zoom_ahead() * NOTCH.powf(notches.y.clamp(-4.0, 4.0)), now);
                ui.ctx().request_repaint();
            }
            // Two fingers move the canvas, unless with Ctrl they mean to pinch.
            () if modifiers.command || modifiers.ctrl => {}
            () => state.camera.pan(points),
        }
    }
    if pinch != 1.0 && !zoomed_by_wheel {
        state.camera.zoom_at(at, pinch);
    }
}

fn palette(ui: &Ui, response: &Response, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    state.dragged = None;
    if input.read_only {
        return;
    }
    let hovering = response.dnd_hover_payload::<DraggedKind>();
    let dropped = response.dnd_release_payload::<DraggedKind>();
    let (Some(dragged), Some(at)) = (hovering.or_else(|| dropped.clone()), state.pointer_at) else { return };
    let Some(kind) = input.catalogue.get(dragged.0) else { return };
    let free = ui.input(|i| i.modifiers.alt);
    let into = overlay::could_go_between(kind).then(|| hit::nearest_pipe(&state.scene, at, 18.0 / state.camera.zoom())).flatten();
    let at = super::gesture::snapped(overlay::centred(at), free);
    if dropped.is_some() {
        let into = into.map(|pipe| state.scene.pipes[pipe as usize].id.clone());
        outbox.push(Action::AddNode { kind: kind.name.to_owned(), at, wire: None, into });
    } else {
        state.dragged = Some(Dragged { kind, at, into });
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    }
}

fn drag(ui: &Ui, response: &Response, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let rules = Rules { graph: input.whole, catalogue: input.catalogue, may_connect: input.may_connect };
    let (modifiers, origin) = ui.input(|i| (i.modifiers, i.pointer.press_origin()));
    if response.drag_started_by(PointerButton::Primary)
        && let Some(origin) = origin
        && !overlay::covers(&state.scene, &state.camera, origin)
    {
        let at = state.camera.to_canvas(origin);
        let under = match hit::hit(&state.scene, at, state.camera.zoom()) {
            hit if input.read_only && !matches!(hit, Hit::Nothing) => return,
            hit => hit,
        };
        let add = modifiers.shift || modifiers.command;
        state.gesture = Gesture::begin(&state.scene, input.whole, under, at, input.selection, add, outbox);
    }
    if state.gesture.is_idle() {
        return;
    }
    if let Some(screen) = response.interact_pointer_pos() {
        pull(ui, screen, state);
        let at = state.camera.to_canvas(screen);
        state.gesture.go_on(&state.scene, at, state.camera.zoom(), modifiers.alt, rules);
    }
    if response.drag_stopped_by(PointerButton::Primary) {
        std::mem::take(&mut state.gesture).end(&state.scene, input.graph, outbox);
    }
}

/// Near the rim the canvas comes along.
fn pull(ui: &Ui, screen: Pos2, state: &mut CanvasState) {
    let inside = state.camera.viewport().shrink(RIM);
    let out = screen - inside.clamp(screen);
    if out != Vec2::ZERO {
        let seconds = ui.input(|i| i.stable_dt).min(0.05);
        let share = out.clamp(Vec2::splat(-RIM), Vec2::splat(RIM)) / RIM;
        state.camera.pan(-share * PULL * seconds);
        ui.ctx().request_repaint();
    }
}

fn clicks(ui: &Ui, response: &Response, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let Some(screen) = response.interact_pointer_pos() else { return };
    if overlay::covers(&state.scene, &state.camera, screen) {
        return;
    }
    let at = state.camera.to_canvas(screen);
    let under = hit::hit(&state.scene, at, state.camera.zoom());
    let item = item_of(&state.scene, under);
    if let (true, Hit::Node(node)) = (response.double_clicked_by(PointerButton::Primary), under)
        && let Some(node) = state.scene.nodes.get(node as usize).filter(|node| node.composite)
    {
        outbox.push(Action::Enter(Some(node.id.clone())));
        return;
    }
    if response.double_clicked_by(PointerButton::Primary) && !input.read_only {
        match (under, item) {
            (Hit::Nothing, _) => outbox.push(Action::QuickAdd(overlay::centred(at), None)),
            (Hit::Port(node, port), _) => {
                let node = &state.scene.nodes[node as usize];
                let away = if node.ports[port as usize].side == super::scene::Side::Input { -260.0 } else { 84.0 };
                outbox.push(Action::QuickAdd(at + vec2(away, -44.0), Some(node.end(port as usize))));
            }
            (Hit::Stub(stub), _) => {
                let stub = &state.scene.stubs[stub as usize];
                if stub.placed {
                    outbox.push(Action::Edit(format!("Put port {} back", stub.name), stub.moved(None)));
                }
            }
            (Hit::Bend(pipe, bend), _) => {
                outbox.push(Action::Edit("Straighten".to_owned(), super::bending::without(&state.scene, pipe, bend)));
            }
            (_, Some(item)) => state.editing = Editing::begin(item, input),
            (_, None) => {}
        }
        return;
    }
    if response.clicked_by(PointerButton::Primary) {
        let (add, open) = ui.input(|i| (i.modifiers.shift || i.modifiers.command, i.modifiers.command));
        if let (true, Hit::Note(note)) = (open, under)
            && let Some(address) = note_text::link_at(ui.painter(), input.theme, &state.camera, &state.scene.notes[note as usize], screen)
        {
            ui.ctx().open_url(egui::OpenUrl::new_tab(address));
            return;
        }
        outbox.push(Action::Select(chosen(input, item, add)));
    } else if response.secondary_clicked() {
        state.menu_at = Some(at);
        match item {
            Some(item) if input.selection.contains(&item) => {}
            item => outbox.push(Action::Select(item.into_iter().collect())),
        }
    }
}

/// What is selected after a click on an item; with `add`, the click puts it in or takes it out.
fn chosen(input: &CanvasInput<'_>, item: Option<Item>, add: bool) -> Vec<Item> {
    if !add {
        return item.into_iter().collect();
    }
    let mut chosen = input.selection.clone();
    if let Some(item) = item
        && !chosen.remove(&item)
    {
        chosen.insert(item);
    }
    chosen.into_iter().collect()
}

fn cursor(ui: &Ui, state: &CanvasState, space: bool) {
    let icon = match state.hovered {
        Some(_) if space => CursorIcon::Grab,
        Some(Hit::Port(..)) => CursorIcon::Crosshair,
        Some(Hit::FrameCorner(_) | Hit::NoteCorner(_)) => CursorIcon::ResizeNwSe,
        Some(Hit::Pipe(_)) => CursorIcon::PointingHand,
        Some(Hit::Bend(..) | Hit::Stub(_)) => CursorIcon::Move,
        _ => return,
    };
    ui.ctx().set_cursor_icon(icon);
}
