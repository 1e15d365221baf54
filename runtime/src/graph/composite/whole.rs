//! A graph with the content of its used files put in, each node under the path of the composite that uses it.

use super::{MOST_DEPTH, Part, moved_to, part_path, setting};
use crate::graph::{FrameId, Graph, Node, NoteId};
use crate::id::{End, NodeId, PipeId};
use crate::problem::{Problem, Severity, Subject};
use crate::setting::Setting;
use std::sync::Arc;

/// The most nodes of a graph with its used files.
pub const MOST_NODES: usize = 200_000;

/// A graph with the content of its used files.
#[derive(Clone, Default, Debug)]
pub struct Whole {
    /// The graph. Composites still stand in it; those that use a file have the ports that the file gives them.
    pub graph: Graph,
    /// The composites whose content comes from a file, with that file.
    pub used: Vec<(NodeId, String)>,
    /// What is wrong with the use of files, and with the used files' texts.
    pub problems: Vec<Problem>,
}

impl Graph {
    /// The graph with the content of its used files, as far as they were read.
    pub fn whole(&self) -> Whole {
        let mut whole = Whole { graph: self.clone(), ..Whole::default() };
        let users: Vec<NodeId> = self.nodes.iter().filter(|(_, node)| node.used_file().is_some()).map(|(id, _)| id.clone()).collect();
        for id in users {
            whole.put_in(&id, &mut Vec::new());
        }
        whole
    }
}

impl Whole {
    /// The used file that a node comes from, if it comes from one.
    pub fn file_of(&self, id: &NodeId) -> Option<&str> {
        let holding = self.used.iter().filter(|(composite, _)| id.below(composite.as_str()).is_some());
        holding.max_by_key(|(composite, _)| composite.as_str().len()).map(|(_, file)| file.as_str())
    }

    fn fault(&mut self, code: &'static str, id: &NodeId, message: String, hint: &str) {
        let subject = Subject::Setting(id.clone(), setting::USE.to_owned());
        self.problems.push(Problem::error(code, subject, message).hint(hint));
    }

    /// Puts the content of its file into one composite; `chain` holds the files that led here.
    fn put_in(&mut self, id: &NodeId, chain: &mut Vec<String>) {
        let Some(named) = self.graph.nodes[id].used_file() else { return };
        let file = match part_path(chain.last().map(String::as_str), named) {
            Ok(file) => file,
            Err(message) => return self.fault("PW803", id, message, "keep used files beside the graph, or in a folder below it"),
        };
        if let Some(first) = chain.iter().position(|above| *above == file) {
            let mut circle = chain[first..].to_vec();
            circle.push(file);
            let message = format!("these files use each other in a circle: {}", circle.join(" → "));
            return self.fault("PW804", id, message, "take one use out: a part cannot hold itself");
        }
        if chain.len() >= MOST_DEPTH {
            let message = format!("files are used more than {MOST_DEPTH} deep: {}", chain.join(" → "));
            return self.fault("PW805", id, message, "use fewer files inside each other");
        }
        let own = setting::PORTS;
        if self.graph.inside(id).next().is_some() || self.graph.nodes[id].settings.contains_key(own) {
            let message = format!("`{id}` has content or ports of its own, and those of `{file}` too");
            return self.fault("PW807", id, message, "take `use` out, or what stands in it here");
        }
        let Some(part) = self.graph.parts.get(&file).map(Arc::clone) else {
            return self.fault("PW803", id, format!("`{file}` was not read"), "open the graph from its own folder");
        };
        let graph = match &*part {
            Part::Missing(why) => {
                return self.fault("PW803", id, why.clone(), "files are looked for from the folder of the file that uses them");
            }
            Part::Read(graph, problems) => {
                let inside = |problem: &Problem| Problem { subject: subject_inside(id, &problem.subject), ..problem.clone() };
                // Told once for each file, however often it is used.
                if !self.used.iter().any(|(_, other)| *other == file) {
                    self.problems.extend(problems.iter().map(inside));
                }
                if problems.iter().any(|problem| problem.severity == Severity::Error) {
                    return self.fault("PW803", id, format!("`{file}` could not be read as a whole"), "mend it first");
                }
                graph
            }
        };
        if self.graph.nodes.len() + graph.nodes.len() > MOST_NODES {
            return self.fault("PW805", id, format!("with `{file}` the graph has more than {MOST_NODES} nodes"), "use fewer");
        }
        let Some(added) = self.add(id, graph) else {
            let message = format!("the path of a node in `{file}` becomes longer than {} letters", NodeId::MAX_LEN);
            return self.fault("PW805", id, message, "give shorter ids");
        };
        self.used.push((id.clone(), file.clone()));
        chain.push(file);
        for inner in added {
            self.put_in(&inner, chain);
        }
        chain.pop();
        self.override_settings(id);
    }

    /// Puts a part's content in; the composites of it that use files themselves.
    fn add(&mut self, id: &NodeId, part: &Graph) -> Option<Vec<NodeId>> {
        let inside = |node: &NodeId| NodeId::inside(Some(id), node.as_str());
        let nodes: Vec<(NodeId, Arc<Node>)> =
            part.nodes.iter().map(|(node, value)| Some((inside(node)?, value.clone()))).collect::<Option<_>>()?;
        let end = |end: &End| Some(End { node: inside(&end.node)?, port: end.port.clone() });
        let pipes: Vec<_> = part
            .pipes
            .iter()
            .map(|(pipe, value)| Some((PipeId { from: end(&pipe.from)?, to: end(&pipe.to)? }, value.clone())))
            .collect::<Option<_>>()?;
        let users = nodes.iter().filter(|(_, node)| node.used_file().is_some()).map(|(id, _)| id.clone()).collect();
        let level = |level: Option<&NodeId>| level.map_or_else(|| Some(id.clone()), inside);
        let (first_frame, first_note) = (self.graph.fresh_frame_id().0, self.graph.fresh_note_id().0);
        for (number, frame) in (first_frame..).zip(part.frames.values()) {
            self.graph.frames.insert(FrameId(number), moved_to(frame, level(frame.inside.as_ref())));
        }
        for (number, note) in (first_note..).zip(part.notes.values()) {
            self.graph.notes.insert(NoteId(number), moved_to(note, level(note.inside.as_ref())));
        }
        self.graph.nodes.extend(nodes);
        self.graph.pipes.extend(pipes);
        let ports = Setting::Map(part.ports.iter().map(|(name, end)| (name.clone(), end.clone())).collect());
        let composite = Arc::make_mut(&mut self.graph.nodes[id]);
        composite.settings.insert(setting::PORTS.to_owned(), ports);
        if composite.title.is_empty() {
            composite.title.clone_from(&part.title);
        }
        Some(users)
    }

    /// Puts the settings in that the composite gives its content.
    fn override_settings(&mut self, id: &NodeId) {
        let Some(set) = self.graph.nodes[id].settings.get(setting::SET).cloned() else { return };
        let wrong = |message: String| {
            let subject = Subject::Setting(id.clone(), setting::SET.to_owned());
            Problem::error("PW806", subject, message).hint("write `set: {\"node.setting\": value}`, with nodes of the used file")
        };
        let Setting::Map(pairs) = set else {
            return self.problems.push(wrong(format!("expected a map as `set`, found {}", set.sort())));
        };
        for (name, value) in pairs {
            let node = name.split_once('.').and_then(|(node, setting)| Some((NodeId::inside(Some(id), node)?, setting)));
            match node.and_then(|(node, setting)| Some((self.graph.nodes.get_mut(&node)?, setting))) {
                Some((node, setting)) if node.opaque.is_none() => {
                    Arc::make_mut(node).settings.insert(setting.to_owned(), value);
                }
                _ => self.problems.push(wrong(format!("`{}` names no node of the used file and its setting", name.escape_debug()))),
            }
        }
    }
}

/// What a problem of a part is about, seen from the graph that uses it.
fn subject_inside(id: &NodeId, subject: &Subject) -> Subject {
    let inside = |node: &NodeId| NodeId::inside(Some(id), node.as_str()).unwrap_or_else(|| id.clone());
    match subject {
        Subject::Graph | Subject::Expectation(_) => Subject::Node(id.clone()),
        Subject::Node(node) => Subject::Node(inside(node)),
        Subject::Setting(node, name) => Subject::Setting(inside(node), name.clone()),
        Subject::Port(node, name) => Subject::Port(inside(node), name.clone()),
        Subject::Pipe(pipe) => {
            let end = |end: &End| End { node: inside(&end.node), port: end.port.clone() };
            Subject::Pipe(PipeId { from: end(&pipe.from), to: end(&pipe.to) })
        }
    }
}
