//! What lies under a point of the canvas.

use super::backdrop::{CORNER, FRAME_TITLE, corner};
use super::scene::{Scene, Side};
use egui::{Pos2, Rect, pos2};

/// What was hit; numbers are places in the scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hit {
    /// A port of a node.
    Port(u32, u16),
    /// A node.
    Node(u32),
    /// A port of the composite that is open.
    Stub(u32),
    /// A pipe.
    Pipe(u32),
    /// A bend of a pipe.
    Bend(u32, u16),
    /// A frame's title or edge.
    Frame(u32),
    /// The corner that resizes a frame.
    FrameCorner(u32),
    /// A note.
    Note(u32),
    /// The corner that resizes a note.
    NoteCorner(u32),
    /// Nothing.
    Nothing,
}

/// How near the pointer must come, in screen points.
const PORT_REACH: f32 = 11.0;
const PIPE_REACH: f32 = 7.0;
const BEND_REACH: f32 = 9.0;
const EDGE_REACH: f32 = 5.0;

impl Hit {
    /// The pipe that was hit, on its way or at a bend.
    pub const fn pipe(self) -> Option<u32> {
        match self {
            Self::Pipe(pipe) | Self::Bend(pipe, _) => Some(pipe),
            _ => None,
        }
    }
}

/// What lies at a canvas point, at a zoom. What is in front comes first.
pub fn hit(scene: &Scene, at: Pos2, zoom: f32) -> Hit {
    let reach = |screen: f32| screen / zoom;
    if zoom >= 0.3
        && let Some((node, port)) = nearest_port(scene, at, reach(PORT_REACH).min(16.0), |_, _| true)
    {
        return Hit::Port(node, port);
    }
    if let Some(node) = scene.node_index.near(at, 0.5).into_iter().rev().find(|&node| scene.nodes[node as usize].rect.contains(at)) {
        return Hit::Node(node);
    }
    if let Some(stub) = scene.stubs.iter().rposition(|stub| stub.rect.contains(at)) {
        return Hit::Stub(stub as u32);
    }
    let corner_at = |rect: Rect| corner(rect, CORNER.max(reach(8.0))).contains(at);
    for (number, note) in scene.notes.iter().enumerate().rev() {
        if note.rect.contains(at) {
            return if corner_at(note.rect) { Hit::NoteCorner(number as u32) } else { Hit::Note(number as u32) };
        }
    }
    if let Some(pipe) = nearest_pipe(scene, at, reach(PIPE_REACH)) {
        return bend_at(scene, pipe, at, reach(BEND_REACH)).map_or(Hit::Pipe(pipe), |bend| Hit::Bend(pipe, bend));
    }
    for (number, frame) in scene.frames.iter().enumerate().rev() {
        let rect = frame.rect;
        if !rect.expand(reach(EDGE_REACH)).contains(at) {
            continue;
        }
        if corner_at(rect) {
            return Hit::FrameCorner(number as u32);
        }
        let title = Rect::from_min_max(rect.min, pos2(rect.right(), rect.top() + FRAME_TITLE.max(reach(14.0))));
        if title.contains(at) || !rect.shrink(reach(EDGE_REACH)).contains(at) {
            return Hit::Frame(number as u32);
        }
    }
    Hit::Nothing
}

/// The port nearest to a point within `reach`, among those that `fits` allows.
pub fn nearest_port(scene: &Scene, at: Pos2, reach: f32, fits: impl Fn(u32, u16) -> bool) -> Option<(u32, u16)> {
    let mut best = (reach, None);
    for number in scene.node_index.near(at, reach) {
        let node = &scene.nodes[number as usize];
        for port in 0..node.ports.len() {
            let distance = (node.port_at(port) - at).length();
            if distance <= best.0 && fits(number, port as u16) {
                best = (distance, Some((number, port as u16)));
            }
        }
    }
    best.1
}

/// The pipe nearest to a point within `reach`.
pub fn nearest_pipe(scene: &Scene, at: Pos2, reach: f32) -> Option<u32> {
    let mut best = (reach, None);
    for pipe in scene.pipe_index.near(at, reach) {
        let distance = scene.pipes[pipe as usize].curve.distance(at);
        if distance <= best.0 {
            best = (distance, Some(pipe));
        }
    }
    best.1
}

/// The bend of a pipe at a point.
fn bend_at(scene: &Scene, pipe: u32, at: Pos2, reach: f32) -> Option<u16> {
    let bends = scene.pipes[pipe as usize].curve.bends();
    bends.enumerate().find(|(_, bend)| (*bend - at).length() <= reach).map(|(number, _)| number as u16)
}

/// The only pipe that arrives at an input, if there is just one: dragging the port takes its end in hand.
pub fn only_pipe_into(scene: &Scene, node: u32, port: u16) -> Option<u32> {
    let at = scene.nodes[node as usize].port_at(port as usize);
    if scene.nodes[node as usize].ports[port as usize].side != Side::Input {
        return None;
    }
    let arrives = |&pipe: &u32| scene.pipes[pipe as usize].to == node && scene.pipes[pipe as usize].ports[1] == port;
    let mut pipes = scene.pipe_index.near(at, 1.0).into_iter().filter(arrives);
    pipes.next().filter(|_| pipes.next().is_none())
}
