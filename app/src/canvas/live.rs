//! The run as the canvas sees it: figures of what is in view, small histories for the graphs, and the motion along pipes.

use super::scene::{Scene, SceneNode};
use crate::widgets::{Sparkline, StateMark, figure};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::node::Figure;
use pipewright_runtime::problem::Severity;
use pipewright_runtime::telemetry::snapshot::{NodeFigures, NodeState, PipeFigures, RunState, Snapshot};
use std::collections::HashMap;

/// Seconds between two values of a small graph.
const SAMPLE_EVERY: f64 = 0.25;
/// How many nodes have a small graph: those seen latest.
const MOST_TRACKED: usize = 1_500;

/// What is remembered of one node while it is looked at.
#[derive(Default, Debug)]
struct Track {
    graph: Sparkline,
    seen: u64,
}

/// What the canvas remembers of a run.
#[derive(Default, Debug)]
pub struct Live {
    /// Where each node of the scene stands in the snapshot: a guess that is checked at each use, since plans keep the order.
    node_places: Vec<u32>,
    pipe_places: Vec<u32>,
    tracks: HashMap<NodeId, Track>,
    sampled_at: f64,
    run_began: Option<u64>,
    frame: u64,
    /// The highest rate of a pipe of late; it falls slowly, so that the marks do not jump.
    pub top_rate: f64,
    /// How far the marks have moved along each pipe of the scene, in screen points.
    pub phases: Vec<f32>,
}

impl Live {
    /// Makes room for the scene, and takes a sample of every node that is followed if it is time.
    pub fn begin_frame(&mut self, scene: &Scene, snapshot: Option<&Snapshot>, now: f64) {
        self.frame += 1;
        self.node_places.resize(scene.nodes.len(), 0);
        self.pipe_places.resize(scene.pipes.len(), 0);
        self.phases.resize(scene.pipes.len(), 0.0);
        let Some(snapshot) = snapshot else {
            self.tracks.clear();
            self.run_began = None;
            return;
        };
        // A wall clock that went back tells of another run.
        let wall = snapshot.wall.0;
        if self.run_began.is_some_and(|before| wall < before) {
            self.tracks.clear();
            self.top_rate = 0.0;
        }
        self.run_began = Some(wall);
        if snapshot.state == RunState::Running && now - self.sampled_at >= SAMPLE_EVERY {
            self.sampled_at = now;
            self.top_rate *= 0.98;
            for (id, track) in &mut self.tracks {
                let figures = snapshot.nodes.get(id);
                track.graph.push(figures.map_or(0.0, |figures| figures.rate_in.max(figures.rate_out) as f32));
            }
            if self.tracks.len() > MOST_TRACKED {
                let oldest = self.frame.saturating_sub(600);
                self.tracks.retain(|_, track| track.seen >= oldest);
            }
        }
    }

    /// Forgets the places when the scene has changed.
    pub fn scene_changed(&mut self) {
        self.phases.clear();
    }

    /// A node's figures.
    pub fn node<'s>(&mut self, number: u32, id: &NodeId, snapshot: &'s Snapshot) -> Option<&'s NodeFigures> {
        let place = &mut self.node_places[number as usize];
        if let Some((known, figures)) = snapshot.nodes.get_index(*place as usize)
            && known == id
        {
            return Some(figures);
        }
        let (found, _, figures) = snapshot.nodes.get_full(id)?;
        *place = found as u32;
        Some(figures)
    }

    /// A pipe's figures.
    pub fn pipe<'s>(&mut self, number: u32, scene: &Scene, snapshot: &'s Snapshot) -> Option<&'s PipeFigures> {
        let id = &scene.pipes[number as usize].id;
        let place = &mut self.pipe_places[number as usize];
        let figures = match snapshot.pipes.get_index(*place as usize) {
            Some((known, figures)) if known == id => figures,
            _ => {
                let (found, _, figures) = snapshot.pipes.get_full(id)?;
                *place = found as u32;
                figures
            }
        };
        self.top_rate = self.top_rate.max(figures.rate);
        Some(figures)
    }

    /// The small graph of a node; from now on it is followed.
    pub fn graph(&mut self, id: &NodeId) -> &Sparkline {
        if !self.tracks.contains_key(id) {
            self.tracks.insert(id.clone(), Track::default());
        }
        let track = self.tracks.get_mut(id).expect("it was just put in");
        track.seen = self.frame;
        &track.graph
    }
}

/// The mark of a node.
pub fn mark(worst: Option<Severity>, figures: Option<&NodeFigures>, snapshot: Option<&Snapshot>) -> StateMark {
    let paused = snapshot.is_some_and(|snapshot| snapshot.state == RunState::Paused);
    match (figures.map(|figures| &figures.state), worst) {
        (Some(NodeState::Failed(_)), _) | (_, Some(Severity::Error)) => StateMark::Failed,
        (Some(NodeState::Blocked), _) | (_, Some(Severity::Warning)) => StateMark::Warning,
        (Some(_), _) if paused => StateMark::Paused,
        (Some(NodeState::Running), _) => StateMark::Good,
        (Some(NodeState::Idle) | None, _) => StateMark::Idle,
    }
}

/// The state of a node in a word.
pub fn state_word(figures: Option<&NodeFigures>, snapshot: Option<&Snapshot>) -> &'static str {
    match (figures.map(|figures| &figures.state), snapshot.map(|snapshot| &snapshot.state)) {
        (Some(NodeState::Failed(_)), _) => "failed",
        (Some(NodeState::Blocked), _) => "blocked",
        (Some(_), Some(RunState::Paused)) => "paused",
        (Some(NodeState::Running), _) => "running",
        (Some(NodeState::Idle), _) => "idle",
        (None, _) => "not running",
    }
}

/// The two figures under a node's title: the strong one and the dim one. Without a run, the kind's name.
pub fn figures_shown(node: &SceneNode, figures: Option<&NodeFigures>) -> [String; 2] {
    if node.composite {
        return match figures {
            Some(figures) => [figure::rate(figures.rate_in.max(figures.rate_out)), format!("{} held", short_count(figures.held))],
            None => [node.kind_title().to_owned(), String::new()],
        };
    }
    let Some(kind) = node.kind else { return [format!("unknown kind {}", node.kind_title()), String::new()] };
    let Some(figures) = figures else { return [node.kind_title().to_owned(), String::new()] };
    let text = |place: usize| match kind.figures[place] {
        Figure::RateIn => figure::rate(figures.rate_in),
        Figure::RateOut => figure::rate(figures.rate_out),
        Figure::Received => figure::count(figures.received),
        Figure::Held => format!("{} held", short_count(figures.held)),
        Figure::LostShare => {
            format!("{} lost", figure::percent(lost_share(figures)))
        }
        Figure::Busy => format!("busy {}", figure::percent(figures.busy)),
        Figure::Setting(_) => node.settings_shown[place].clone().unwrap_or_default(),
        Figure::Gauge(name) => figures.gauges.iter().find(|gauge| gauge.name == name).map_or_else(String::new, |gauge| {
            let value = match gauge.unit {
                "s" => figure::seconds(gauge.value),
                "B" => figure::bytes(gauge.value.max(0.0) as u64),
                "/s" => figure::rate(gauge.value),
                _ if gauge.value.fract() == 0.0 && (0.0..100_000.0).contains(&gauge.value) => figure::count(gauge.value as u64),
                _ => figure::short(gauge.value),
            };
            format!("{name} {value}")
        }),
        Figure::PipesOut => format!("{} out", node.pipes_out),
    };
    [text(0), text(1)]
}

/// Which share of what came in was lost here. A message that failed is an error and, later, perhaps a dead letter: it was lost once.
fn lost_share(figures: &NodeFigures) -> f64 {
    let dropped: u64 = figures.dropped.iter().map(|(_, count)| count).sum();
    let lost = figures.errors.max(figures.dead_lettered) + dropped;
    if figures.received == 0 { 0.0 } else { (lost as f64 / figures.received as f64).min(1.0) }
}

fn short_count(count: u64) -> String {
    if count < 100_000 { figure::count(count) } else { figure::short(count as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_lost_once() {
        let figures = NodeFigures { received: 10, errors: 4, dead_lettered: 4, ..NodeFigures::default() };
        assert!((lost_share(&figures) - 0.4).abs() < 1e-9);
        let figures = NodeFigures { received: 2, errors: 3, ..NodeFigures::default() };
        assert!((lost_share(&figures) - 1.0).abs() < 1e-9, "what failed again and again is not more than all");
        assert!(lost_share(&NodeFigures::default()).abs() < 1e-9);
    }
}
