//! Bending a pipe by hand: a bend is taken along, or made where the pipe is taken hold of; one that is pulled straight goes away.

use super::curve::{Curve, distance_to_line};
use super::gesture::snapped;
use super::scene::{Scene, ScenePipe, point};
use crate::action::{Action, Outbox};
use egui::Pos2;
use pipewright_runtime::graph::Edit;

/// A bend that comes so near to the straight way between its neighbours, in screen points, goes away.
const STRAIGHT: f32 = 7.0;

/// A bend in hand.
#[derive(Debug)]
pub struct Bending {
    /// The pipe, by its number.
    pub pipe: u32,
    /// Its bends as they would be.
    bends: Vec<Pos2>,
    /// Which of them is in hand.
    held: usize,
    /// How many there were.
    before: usize,
    /// Whether the bend would go away.
    straight: bool,
    moved: bool,
}

impl Bending {
    /// Takes hold of a bend, or of the pipe between two.
    pub fn begin(scene: &Scene, pipe: u32, bend: Option<u16>, at: Pos2) -> Self {
        let curve = &scene.pipes[pipe as usize].curve;
        let mut bends: Vec<Pos2> = curve.bends().collect();
        let before = bends.len();
        let held = bend.map_or_else(|| curve.nearest_part(at), usize::from);
        if bend.is_none() {
            bends.insert(held, at);
        }
        Self { pipe, bends, held, before, straight: false, moved: false }
    }

    /// Goes on with the pointer at `at`. `free`: without snapping.
    pub fn go_on(&mut self, scene: &Scene, at: Pos2, zoom: f32, free: bool) {
        let at = snapped(at, free);
        self.moved |= at != self.bends[self.held];
        self.bends[self.held] = at;
        let [start, end] = ends(scene, &scene.pipes[self.pipe as usize]);
        let before = if self.held == 0 { start } else { self.bends[self.held - 1] };
        let after = self.bends.get(self.held + 1).copied().unwrap_or(end);
        self.straight = distance_to_line(at, before, after) < STRAIGHT / zoom.max(0.3);
    }

    /// Whether the bend would go away if it were let go here.
    pub const fn straightens(&self) -> bool {
        self.straight
    }

    /// The pipe's way as it would be.
    pub fn curve(&self, scene: &Scene) -> Curve {
        way(scene, &scene.pipes[self.pipe as usize], &self.left())
    }

    fn left(&self) -> Vec<Pos2> {
        let mut bends = self.bends.clone();
        if self.straight {
            bends.remove(self.held);
        }
        bends
    }

    /// Lets go.
    pub fn end(self, scene: &Scene, outbox: &mut Outbox) {
        let bends = self.left();
        if !self.moved || (bends.is_empty() && self.before == 0) {
            return;
        }
        let label = if bends.len() < self.before { "Straighten" } else { "Bend pipe" };
        let id = scene.pipes[self.pipe as usize].id.clone();
        outbox.push(Action::Edit(label.to_owned(), Edit::SetBends(id, bends.into_iter().map(point).collect())));
    }
}

/// The edit that takes one bend away.
pub fn without(scene: &Scene, pipe: u32, bend: u16) -> Edit {
    let pipe = &scene.pipes[pipe as usize];
    let kept = pipe.curve.bends().enumerate().filter(|(number, _)| *number != usize::from(bend)).map(|(_, at)| point(at));
    Edit::SetBends(pipe.id.clone(), kept.collect())
}

/// Where a pipe begins and ends.
fn ends(scene: &Scene, pipe: &ScenePipe) -> [Pos2; 2] {
    let end = |node: u32, port: u16| scene.nodes[node as usize].port_at(port as usize);
    [end(pipe.from, pipe.ports[0]), end(pipe.to, pipe.ports[1])]
}

/// The way of a pipe through these bends.
fn way(scene: &Scene, pipe: &ScenePipe, bends: &[Pos2]) -> Curve {
    let outward = |node: u32, port: u16| scene.nodes[node as usize].ports[port as usize].outward();
    let [from, to] = ends(scene, pipe);
    Curve::new(from, outward(pipe.from, pipe.ports[0]), to, outward(pipe.to, pipe.ports[1]), bends)
}
