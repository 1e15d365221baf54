//! What is wrong or could be better, at the place it belongs to: marks, cards and tooltips.

use super::hit::Hit;
use super::scene::{SceneNode, Side};
use super::{CanvasInput, CanvasState};
use crate::theme;
use crate::widgets::{StateMark, figure};
use egui::{Label, RichText, Ui};
use pipewright_runtime::id::{NodeId, PipeId};
use pipewright_runtime::problem::{Problem, Severity, Subject};
use pipewright_runtime::telemetry::snapshot::{NodeFigures, NodeState, PipeFigures};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Problems by the node or pipe they are about.
#[derive(Default)]
pub struct ProblemIndex {
    fingerprint: u64,
    nodes: HashMap<NodeId, Vec<usize>>,
    pipes: HashMap<PipeId, Vec<usize>>,
}

impl ProblemIndex {
    /// Sorts the problems by what they are about, if they are others than before.
    pub fn update(&mut self, problems: &[Problem]) {
        let mut hasher = DefaultHasher::new();
        for problem in problems {
            (problem.code, problem.severity, &problem.subject, &problem.message).hash(&mut hasher);
        }
        let fingerprint = hasher.finish();
        if fingerprint == self.fingerprint {
            return;
        }
        *self = Self { fingerprint, ..Self::default() };
        for (number, problem) in problems.iter().enumerate() {
            if let Some(node) = problem.subject.node() {
                self.nodes.entry(node.clone()).or_default().push(number);
            } else if let Subject::Pipe(pipe) = &problem.subject {
                self.pipes.entry(pipe.clone()).or_default().push(number);
            }
        }
    }

    /// The problems of a node.
    pub fn of_node<'p>(&self, id: &NodeId, problems: &'p [Problem]) -> impl Iterator<Item = &'p Problem> {
        self.nodes.get(id).into_iter().flatten().filter_map(|&number| problems.get(number))
    }

    /// The problems of a pipe.
    pub fn of_pipe<'p>(&self, id: &PipeId, problems: &'p [Problem]) -> impl Iterator<Item = &'p Problem> {
        self.pipes.get(id).into_iter().flatten().filter_map(|&number| problems.get(number))
    }

    /// Whether no node and no pipe has a problem.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.pipes.is_empty()
    }

    /// The worst of a node's problems.
    pub fn worst(&self, id: &NodeId, problems: &[Problem]) -> Option<Severity> {
        self.of_node(id, problems).map(|problem| problem.severity).min()
    }
}

/// What comes in through one pipe: how full the pipe is, and how many messages its sender keeps ready.
#[derive(Clone, Copy, Default, Debug)]
pub struct Arriving {
    /// Messages in the pipe.
    pub depth: u64,
    /// How many fit in; 0 if the sender keeps them until they are asked for (G3).
    pub capacity: u64,
    /// Whether the sender waits for room.
    pub blocked: bool,
    /// Messages inside the sender.
    pub held: u64,
}

/// Fewer messages than this are no crowd.
const CROWD: u64 = 50;

/// What a bottleneck says of itself: its servers are busy nearly all the time, and messages wait before it.
pub fn bottleneck(busy: f64, arriving: impl Iterator<Item = Arriving>) -> Option<String> {
    if busy < 0.95 {
        return None;
    }
    let (mut waiting, mut pressed) = (0, false);
    for pipe in arriving {
        let pulled = pipe.capacity == 0;
        pressed |= pipe.blocked || (!pulled && pipe.depth * 20 >= pipe.capacity * 17) || (pulled && pipe.held >= CROWD);
        waiting += if pulled { pipe.held } else { pipe.depth };
    }
    pressed.then(|| format!("busy {}, {} waiting before it", figure::percent(busy), figure::count(waiting)))
}

/// A problem's words for the screen: nodes in backticks by their titles, everything else in quotes left as it stands.
pub fn in_words(text: &str, title: impl Fn(&NodeId) -> Option<String>) -> String {
    let named = |quoted: &str| {
        let (id, port) = quoted.split_once('.').map_or((quoted, None), |(id, port)| (id, Some(port)));
        let title = title(&NodeId::new(id)?)?;
        Some(port.map_or_else(|| title.clone(), |port| format!("{title} · {}", port.replace('_', " "))))
    };
    let mut words = String::with_capacity(text.len());
    for (number, part) in text.split('`').enumerate() {
        match named(part).filter(|_| number % 2 == 1) {
            Some(title) => words.extend(["\u{201c}", &title, "\u{201d}"]),
            None if number % 2 == 1 => words.extend(["\u{201c}", part, "\u{201d}"]),
            None => words.push_str(part),
        }
    }
    words
}

/// Says at the pointer what can be said of the thing under it.
pub fn tooltip_ui(response: &egui::Response, input: &CanvasInput<'_>, state: &CanvasState) {
    if !state.gesture.is_idle() || state.editing.is_some() {
        return;
    }
    match state.hovered {
        Some(Hit::Node(number)) => {
            let Some(node) = state.scene.nodes.get(number as usize) else { return };
            let figures = input.snapshot.and_then(|snapshot| snapshot.nodes.get(&node.id)).map(AsRef::as_ref);
            let told = state.problems.of_node(&node.id, input.problems).next().is_some()
                || figures.is_some_and(|figures| figures.last_error.is_some() || matches!(figures.state, NodeState::Failed(_)));
            if told {
                response.clone().on_hover_ui_at_pointer(|ui| node_tooltip_ui(ui, input, state, node, figures));
            }
        }
        Some(Hit::Port(number, port)) => {
            let Some(node) = state.scene.nodes.get(number as usize) else { return };
            let Some(port) = node.ports.get(port as usize) else { return };
            response.clone().on_hover_ui_at_pointer(|ui| {
                let way = if port.side == Side::Input { "in" } else { "out" };
                ui.label(RichText::new(format!("{}  ·  {way}", port.name)).font(theme::mono(11.5)).color(input.theme.text));
                if !port.help.is_empty() {
                    ui.label(RichText::new(&port.help).size(12.0).color(input.theme.dim));
                }
            });
        }
        Some(Hit::Stub(number)) => {
            let Some(stub) = state.scene.stubs.get(number as usize) else { return };
            let (node, port) =
                (&state.scene.nodes[stub.inside.0 as usize], &state.scene.nodes[stub.inside.0 as usize].ports[stub.inside.1 as usize]);
            response.clone().on_hover_ui_at_pointer(|ui| {
                let way = if port.side == Side::Input { "in" } else { "out" };
                ui.label(RichText::new(format!("{}  ·  {way}", stub.name)).font(theme::mono(11.5)).color(input.theme.text));
                let bound = format!("A port of the composite. Inside it is {} · {}.", node.title, port.name);
                ui.label(RichText::new(bound).size(12.0).color(input.theme.dim));
                if stub.placed && !input.read_only {
                    ui.label(RichText::new("A double click lets it stand where there is room.").size(11.5).color(input.theme.faint));
                }
            });
        }
        Some(Hit::Pipe(number) | Hit::Bend(number, _)) => {
            let Some(pipe) = state.scene.pipes.get(number as usize) else { return };
            let figures = input.snapshot.and_then(|snapshot| snapshot.pipes.get(&pipe.id));
            if figures.is_none() && state.problems.of_pipe(&pipe.id, input.problems).next().is_none() {
                return;
            }
            response.clone().on_hover_ui_at_pointer(|ui| {
                let title = |number: u32| &state.scene.nodes[number as usize].title;
                ui.label(RichText::new(format!("{} → {}", title(pipe.from), title(pipe.to))).font(theme::strong(12.5)));
                if let Some(figures) = figures {
                    pipe_figures_ui(ui, input, figures);
                }
                for problem in state.problems.of_pipe(&pipe.id, input.problems) {
                    problem_ui(ui, input, state, problem);
                }
            });
        }
        _ => {}
    }
}

fn pipe_figures_ui(ui: &mut Ui, input: &CanvasInput<'_>, figures: &PipeFigures) {
    // A number is never broken where its thousands are set apart.
    let line = |ui: &mut Ui, text: String| {
        ui.add(Label::new(RichText::new(text).font(theme::mono(11.5)).color(input.theme.dim)).extend());
    };
    line(ui, format!("{}  ·  {} in all", figure::rate(figures.rate), figure::count(figures.messages)));
    if figures.capacity > 0 {
        let (depth, capacity) = (figure::count(figures.depth), figure::count(figures.capacity));
        line(ui, format!("depth {depth} of {capacity}, most {}", figure::count(figures.depth_max)));
    }
    if figures.blocked || figures.blocked_time.0 > 0 {
        let word = if figures.blocked { "blocked now, " } else { "blocked " };
        line(ui, format!("{word}{} in all", figure::seconds(figures.blocked_time.seconds())));
    }
}

fn node_tooltip_ui(ui: &mut Ui, input: &CanvasInput<'_>, state: &CanvasState, node: &SceneNode, figures: Option<&NodeFigures>) {
    ui.label(RichText::new(&node.title).font(theme::strong(12.5)));
    for problem in state.problems.of_node(&node.id, input.problems).take(6) {
        problem_ui(ui, input, state, problem);
    }
    let Some(figures) = figures else { return };
    if let NodeState::Failed(reason) = &figures.state {
        marked_ui(ui, input, StateMark::Failed, &format!("failed: {reason}"));
    }
    if let Some(error) = &figures.last_error {
        let count = figure::count(figures.errors.max(1));
        marked_ui(ui, input, StateMark::Failed, &format!("{count} errors; the latest: {error}"));
    }
}

fn problem_ui(ui: &mut Ui, input: &CanvasInput<'_>, state: &CanvasState, problem: &Problem) {
    let mark = match problem.severity {
        Severity::Error => StateMark::Failed,
        Severity::Warning => StateMark::Warning,
        Severity::Advice => StateMark::Idle,
    };
    let words = |text: &str| in_words(text, |id| Some(state.scene.node(id)?.title.clone()));
    marked_ui(ui, input, mark, &words(&problem.message));
    if !problem.hint.is_empty() {
        ui.label(RichText::new(words(&problem.hint)).size(12.0).color(input.theme.dim));
    }
}

fn marked_ui(ui: &mut Ui, input: &CanvasInput<'_>, mark: StateMark, text: &str) {
    ui.horizontal(|ui| {
        mark.ui(ui, input.theme);
        ui.add(Label::new(RichText::new(text).size(12.0).color(input.theme.text)).wrap());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bottleneck_is_busy_and_pressed() {
        let pipe = |depth| [Arriving { depth, capacity: 100, ..Arriving::default() }].into_iter();
        let store = |held| [Arriving { held, ..Arriving::default() }].into_iter();
        assert_eq!(bottleneck(0.98, pipe(90)).as_deref(), Some("busy 98 %, 90 waiting before it"));
        assert_eq!(bottleneck(0.98, store(1_024)).as_deref(), Some("busy 98 %, 1 024 waiting before it"));
        assert_eq!(bottleneck(0.98, pipe(10)), None, "nobody waits");
        assert_eq!(bottleneck(0.98, store(3)), None, "hardly anybody waits");
        assert_eq!(bottleneck(0.5, pipe(100)), None, "it is idle half the time");
    }

    #[test]
    fn nodes_are_called_by_their_titles() {
        let title = |id: &NodeId| (id.as_str() == "pool").then(|| "Cooks".to_owned());
        for (text, words) in [
            (
                "`pool` can fail, and `pool.dead_letters` leads nowhere",
                "\u{201c}Cooks\u{201d} can fail, and \u{201c}Cooks · dead letters\u{201d} leads nowhere",
            ),
            ("set `rate` to more", "set \u{201c}rate\u{201d} to more"),
            ("nothing quoted", "nothing quoted"),
        ] {
            assert_eq!(in_words(text, title), words);
        }
    }

    #[test]
    fn problems_are_found_by_what_they_are_about() {
        let node = NodeId::new("orders").unwrap();
        let mut index = ProblemIndex::default();
        let mut problems = vec![
            Problem::advice("PW500", Subject::Node(node.clone()), "a better way"),
            Problem::warning("PW400", Subject::Setting(node.clone(), "rate".into()), "odd"),
        ];
        index.update(&problems);
        assert_eq!(index.worst(&node, &problems), Some(Severity::Warning));
        problems.push(Problem::error("PW100", Subject::Port(node.clone(), "out".into()), "wrong"));
        index.update(&problems);
        assert_eq!(index.worst(&node, &problems), Some(Severity::Error));
        index.update(&[]);
        assert!(index.is_empty());
    }
}
