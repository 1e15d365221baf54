//! The nodes in view as widgets with names, for the keyboard and for AccessKit. They lie exactly where the nodes are painted.

use super::brush::Detail;
use super::scene::{SceneNode, Side};
use super::{CanvasInput, CanvasState, live};
use crate::action::{Action, Item, Outbox};
use crate::widgets::figure;
use egui::{EventFilter, Id, Key, Pos2, Rect, Role, Sense, Ui, Vec2, WidgetInfo, vec2};
use pipewright_runtime::graph::Edit;

/// With more nodes than this in view, they are no widgets: nobody reads them out one by one.
const MOST_WIDGETS: usize = 500;

/// A node's widget.
fn node_id(ui: &Ui, node: &SceneNode) -> Id {
    ui.scope_id().with(("node", node.id.as_str()))
}

/// Gives every node in view its widget, and lets the arrow keys move between nodes.
pub fn nodes_ui(ui: &Ui, input: &CanvasInput<'_>, state: &mut CanvasState, outbox: &mut Outbox) {
    let seen = &state.seen.nodes;
    if seen.len() > MOST_WIDGETS || Detail::of(state.camera.zoom(), seen.len()) == Detail::Far {
        return;
    }
    let viewport = state.camera.viewport();
    let mut focused = None;
    for &number in seen {
        let node = &state.scene.nodes[number as usize];
        let rect = state.camera.rect_to_screen(node.rect.translate(state.gesture.shift_of(number)));
        if !rect.intersects(viewport) {
            continue;
        }
        let id = node_id(ui, node);
        let response = ui.interact(rect, id, Sense::focusable_noninteractive());
        let item = Item::Node(node.id.clone());
        let selected = input.selection.contains(&item);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, spoken(node, input)));
        let asked = ui.input(|i| i.has_accesskit_action_request(id, egui::accesskit::Action::Click));
        if asked || (response.gained_focus() && !selected) {
            outbox.push(Action::Select(vec![item]));
        }
        if response.has_focus() {
            focused = Some(number);
        }
        ports_ui(ui, state, number, rect.min, response.has_focus() || selected, outbox);
    }
    if let Some(number) = focused {
        keys(ui, input, state, number, outbox);
    }
}

/// What is read out: "Orders, Generator, running, 2.0k/s".
fn spoken(node: &SceneNode, input: &CanvasInput<'_>) -> String {
    let figures = input.snapshot.and_then(|snapshot| snapshot.nodes.get(&node.id)).map(AsRef::as_ref);
    let mut text = format!("{}, {}, {}", node.title, node.kind_title(), live::state_word(figures, input.snapshot));
    if let Some(figures) = figures {
        text.push_str(", ");
        text.push_str(&figure::rate(figures.rate_in.max(figures.rate_out)));
    }
    text
}

/// The ports as widgets; those of the node in hand take the keyboard, and Enter on one adds a node wired to it.
fn ports_ui(ui: &Ui, state: &CanvasState, number: u32, corner: Pos2, focusable: bool, outbox: &mut Outbox) {
    let node = &state.scene.nodes[number as usize];
    for (place, port) in node.ports.iter().enumerate() {
        let at = corner + port.offset * state.camera.zoom();
        let id = node_id(ui, node).with(("port", port.side, &*port.name));
        let sense = if focusable { Sense::focusable_noninteractive() } else { Sense::hover() };
        let response = ui.interact(Rect::from_center_size(at, vec2(14.0, 14.0)), id, sense);
        response.widget_info(|| {
            let way = if port.side == Side::Input { "input" } else { "output" };
            let role = if focusable { Role::Button } else { Role::GenericContainer };
            WidgetInfo::labeled(role, true, format!("{} {way} {}", node.title, port.name))
        });
        if response.has_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            let away = if port.side == Side::Input { -260.0 } else { 80.0 };
            outbox.push(Action::QuickAdd(node.port_at(place) + vec2(away, -44.0), Some(node.end(place))));
        }
    }
}

/// Arrows go to the next node in their direction; with alt they move the selected nodes, with shift farther.
fn keys(ui: &Ui, input: &CanvasInput<'_>, state: &mut CanvasState, number: u32, outbox: &mut Outbox) {
    let own = node_id(ui, &state.scene.nodes[number as usize]);
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(own, filter));
    let node = &state.scene.nodes[number as usize];
    if node.composite && ui.input(|i| i.key_pressed(Key::Enter)) {
        outbox.push(Action::Enter(Some(node.id.clone())));
        return;
    }
    let arrows = [(Key::ArrowLeft, Vec2::LEFT), (Key::ArrowRight, Vec2::RIGHT), (Key::ArrowUp, Vec2::UP), (Key::ArrowDown, Vec2::DOWN)];
    let Some(&(_, direction)) = arrows.iter().find(|(key, _)| ui.input(|i| i.key_pressed(*key))) else { return };
    let modifiers = ui.input(|i| i.modifiers);
    if modifiers.alt {
        if !input.read_only {
            nudge(input, state, direction * if modifiers.shift { 20.0 } else { super::gesture::SNAP }, outbox);
        }
        return;
    }
    if let Some(next) = neighbour(state, number, direction) {
        let node = &state.scene.nodes[next as usize];
        let item = Item::Node(node.id.clone());
        ui.memory_mut(|memory| memory.request_focus(node_id(ui, node)));
        outbox.push(Action::Select(vec![item.clone()]));
        state.reveal(item);
    }
}

fn nudge(input: &CanvasInput<'_>, state: &CanvasState, shift: Vec2, outbox: &mut Outbox) {
    let chosen = input.selection.iter().filter_map(|item| if let Item::Node(id) = item { state.scene.node(id) } else { None });
    let places: Vec<_> = chosen.map(|node| (node.id.clone(), super::scene::point(node.rect.min + shift))).collect();
    if !places.is_empty() {
        outbox.push(Action::Edit("Move".to_owned(), Edit::MoveNodes(places)));
    }
}

/// The nearest node in a direction; what lies straight ahead counts as nearer than what lies aside.
fn neighbour(state: &CanvasState, number: u32, direction: Vec2) -> Option<u32> {
    let from = state.scene.nodes[number as usize].rect.center();
    let reach = Rect::from_center_size(from, Vec2::splat(8_000.0));
    let mut near = Vec::new();
    state.scene.node_index.touching(reach, &mut near);
    let cost = |&other: &u32| {
        let way = state.scene.nodes[other as usize].rect.center() - from;
        let ahead = way.dot(direction);
        let aside = way.dot(direction.rot90()).abs();
        (other != number && ahead > 1.0 && aside <= ahead * 2.5).then_some(ahead + aside * 2.0)
    };
    let mut best: Option<(f32, u32)> = None;
    for other in &near {
        if let Some(cost) = cost(other)
            && best.is_none_or(|(least, _)| cost < least)
        {
            best = Some((cost, *other));
        }
    }
    best.map(|(_, other)| other)
}
