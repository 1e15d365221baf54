//! From graph to text: always in the same form, one node or pipe per line group, so that a diff shows what changed.

use super::FORMAT;
use super::literal::write_text;
use super::setting::{self, fits, flat_settings, new_line, word};
use crate::graph::kept::KeptText;
use crate::graph::node::Comments;
use crate::graph::{Graph, Node, Pipe, Point};
use crate::id::{NodeId, PipeId};
use crate::setting::{Setting, Settings};

/// Up to how many settings stand on one line.
const MOST_ON_A_LINE: usize = 4;

/// The text of a graph. [`super::read`] gives back an equal graph, and that again the same text.
pub fn write(graph: &Graph) -> String {
    let mut writer = Writer { out: String::new(), graph };
    writer.comments(&graph.comments.before, 0);
    if !writer.out.is_empty() {
        let first = writer.out.remove(0);
        debug_assert_eq!(first, '\n');
        writer.out.push('\n');
    }
    writer.out.push('(');
    writer.section("format");
    writer.out.extend(["format: ", &FORMAT.to_string(), ","]);
    if !graph.title.is_empty() || writer.has_comments("title") {
        writer.section("title");
        writer.out.push_str("title: ");
        write_text(&mut writer.out, &graph.title);
        writer.out.push(',');
    }
    writer.settings();
    writer.nodes();
    writer.pipes();
    writer.ports();
    writer.expectations();
    writer.layout();
    writer.kept(&graph.kept.sections, 1);
    writer.comments_at("", 1);
    writer.out.push_str("\n)");
    writer.comments_at(".", 0);
    writer.out.push('\n');
    writer.out
}

struct Writer<'a> {
    out: String,
    graph: &'a Graph,
}

impl Writer<'_> {
    fn comments(&mut self, comments: &[String], indent: usize) {
        for comment in comments {
            new_line(&mut self.out, indent);
            self.out.push_str(comment);
        }
    }

    fn has_comments(&self, place: &str) -> bool {
        self.graph.comments.settings.get(place).is_some_and(|comments| !comments.is_empty())
    }

    fn comments_at(&mut self, place: &str, indent: usize) {
        if let Some(comments) = self.graph.comments.settings.get(place) {
            self.comments(comments, indent);
        }
    }

    fn section(&mut self, name: &str) {
        self.comments_at(name, 1);
        new_line(&mut self.out, 1);
    }

    fn kept(&mut self, kept: &[KeptText], indent: usize) {
        for KeptText { comments, text } in kept {
            self.comments(comments, indent);
            new_line(&mut self.out, indent);
            self.out.push_str(text);
            self.out.push(',');
        }
    }

    fn settings(&mut self) {
        let graph = self.graph;
        let own = |name: &String| name.starts_with("settings.") && self.has_comments(name);
        let commented = graph.comments.settings.keys().any(own);
        if graph.settings.is_empty() && !commented && !self.has_comments("settings") {
            return;
        }
        self.section("settings");
        let flat = flat_settings(&graph.settings);
        if !commented && fits(&flat, "    settings: ()".len()) {
            self.out.extend(["settings: (", &flat, "),"]);
            return;
        }
        let comments = graph.comments.settings.iter();
        let comments = comments.filter_map(|(name, comments)| Some((name.strip_prefix("settings.")?.to_owned(), comments.clone())));
        self.out.push_str("settings: (");
        self.broken_settings(&graph.settings, &Comments { before: Vec::new(), settings: comments.collect() }, 1);
        self.out.push_str("),");
    }

    /// One setting a line, each with its comments before it; ends at the start of the closing bracket's line. Comments of settings that are
    /// no longer set stand at the end.
    fn broken_settings(&mut self, settings: &Settings, comments: &Comments, indent: usize) {
        for (name, value) in settings {
            self.comments(comments.settings.get(name).map_or(&[], Vec::as_slice), indent + 1);
            self.line_setting(name, value, indent + 1);
        }
        for (name, comments) in &comments.settings {
            if !settings.contains_key(name) {
                self.comments(comments, indent + 1);
            }
        }
        new_line(&mut self.out, indent);
    }

    fn line_setting(&mut self, name: &str, value: &Setting, indent: usize) {
        new_line(&mut self.out, indent);
        let name = word(name);
        self.out.push_str(&name);
        self.out.push_str(": ");
        setting::write(&mut self.out, value, indent, 4 * indent + name.chars().count() + 2);
        self.out.push(',');
    }

    fn nodes(&mut self) {
        let graph = self.graph;
        if graph.nodes.is_empty() && graph.kept.nodes.is_empty() && !self.has_comments("nodes") && !self.has_comments("nodes.") {
            return;
        }
        self.section("nodes");
        self.out.push_str("nodes: {");
        for (id, node) in &graph.nodes {
            self.node(id, node);
        }
        self.kept(&graph.kept.nodes, 2);
        self.comments_at("nodes.", 2);
        new_line(&mut self.out, 1);
        self.out.push_str("},");
    }

    fn node(&mut self, id: &NodeId, node: &Node) {
        self.comments(&node.comments.before, 2);
        new_line(&mut self.out, 2);
        let from = self.out.len();
        write_text(&mut self.out, id.as_str());
        self.out.push_str(": ");
        if let Some(source) = &node.opaque {
            self.out.push_str(source);
            self.out.push(',');
            return;
        }
        if !node.kind.is_empty() {
            self.out.push_str(&word(&node.kind));
        }
        self.out.push('(');
        let mut settings = Settings::new();
        if !node.title.is_empty() {
            settings.insert("title".to_owned(), Setting::text(&node.title));
        }
        settings.extend(node.settings.iter().map(|(name, value)| (name.clone(), value.clone())));
        let flat = flat_settings(&settings);
        let commented = node.comments.settings.values().any(|comments| !comments.is_empty());
        let column = 8 + self.out[from..].chars().count() + 1;
        if !commented && settings.len() <= MOST_ON_A_LINE && fits(&flat, column) {
            self.out.push_str(&flat);
        } else {
            self.broken_settings(&settings, &node.comments, 2);
        }
        self.out.push_str("),");
    }

    fn pipes(&mut self) {
        let graph = self.graph;
        if graph.pipes.is_empty() && graph.kept.pipes.is_empty() && !self.has_comments("pipes") && !self.has_comments("pipes.") {
            return;
        }
        self.section("pipes");
        self.out.push_str("pipes: [");
        for (id, pipe) in &graph.pipes {
            self.pipe(id, pipe);
        }
        self.kept(&graph.kept.pipes, 2);
        self.comments_at("pipes.", 2);
        new_line(&mut self.out, 1);
        self.out.push_str("],");
    }

    fn pipe(&mut self, id: &PipeId, pipe: &Pipe) {
        self.comments(&pipe.comments.before, 2);
        new_line(&mut self.out, 2);
        let commented = pipe.comments.settings.values().any(|comments| !comments.is_empty());
        if pipe.settings.is_empty() && !commented {
            write_text(&mut self.out, &id.to_string());
            self.out.push(',');
            return;
        }
        let mut settings = Settings::from_iter([("pipe".to_owned(), Setting::text(id.to_string()))]);
        settings.extend(pipe.settings.iter().map(|(name, value)| (name.clone(), value.clone())));
        let flat = flat_settings(&settings);
        self.out.push('(');
        if !commented && fits(&flat, 8 + 2) {
            self.out.push_str(&flat);
        } else {
            self.broken_settings(&settings, &pipe.comments, 2);
        }
        self.out.push_str("),");
    }

    fn ports(&mut self) {
        let graph = self.graph;
        let commented = graph.comments.settings.keys().any(|name| name.starts_with("ports.") && self.has_comments(name));
        if graph.ports.is_empty() && !commented && !self.has_comments("ports") {
            return;
        }
        self.section("ports");
        self.out.push_str("ports: {");
        for (name, end) in &graph.ports {
            self.comments_at(&format!("ports.{name}"), 2);
            new_line(&mut self.out, 2);
            let from = self.out.len();
            write_text(&mut self.out, name);
            self.out.push_str(": ");
            let column = 8 + self.out[from..].chars().count();
            setting::write(&mut self.out, end, 2, column);
            self.out.push(',');
        }
        // Comments of ports that are gone.
        for (name, comments) in &graph.comments.settings {
            if let Some(port) = name.strip_prefix("ports.")
                && !graph.ports.contains_key(port)
            {
                self.comments(comments, 2);
            }
        }
        new_line(&mut self.out, 1);
        self.out.push_str("},");
    }

    fn expectations(&mut self) {
        let graph = self.graph;
        if graph.expectations.is_empty()
            && graph.kept.expectations.is_empty()
            && !self.has_comments("expect")
            && !self.has_comments("expect.")
        {
            return;
        }
        self.section("expect");
        self.out.push_str("expect: {");
        for (name, expectation) in &graph.expectations {
            self.comments(&expectation.comments, 2);
            new_line(&mut self.out, 2);
            let from = self.out.len();
            write_text(&mut self.out, name);
            self.out.push_str(": ");
            let column = 8 + self.out[from..].chars().count();
            setting::write(&mut self.out, &expectation.claim, 2, column);
            self.out.push(',');
        }
        self.kept(&graph.kept.expectations, 2);
        self.comments_at("expect.", 2);
        new_line(&mut self.out, 1);
        self.out.push_str("},");
    }

    fn layout(&mut self) {
        let graph = self.graph;
        let bent = graph.pipes.iter().filter(|(_, pipe)| !pipe.bends.is_empty());
        let drawn = !(graph.nodes.is_empty() && graph.frames.is_empty() && graph.notes.is_empty()) || bent.clone().next().is_some();
        let nothing = !drawn && graph.kept.layout.is_empty();
        if nothing && !self.has_comments("layout") {
            return;
        }
        self.section("layout");
        self.out.push_str("layout: (");
        let nodes = graph.nodes.iter().map(|(id, node)| (quoted(id.as_str()), point(node.position)));
        self.part("nodes", nodes.collect());
        let ports = graph.nodes.iter().flat_map(|(id, node)| node.port_places.iter().map(move |(name, at)| (id, name, *at)));
        self.part("ports", ports.map(|(id, name, at)| (quoted(&format!("{id}.{name}")), point(at))).collect());
        let points = |pipe: &Pipe| pipe.bends.iter().copied().map(point).collect::<Vec<_>>().join(", ");
        self.part("bends", bent.map(|(id, pipe)| (quoted(&id.to_string()), format!("[{}]", points(pipe)))).collect());
        let frames = graph.frames.iter().map(|(id, frame)| {
            let rest = graph.kept.frames.get(id);
            (id.0.to_string(), boxed("title", &frame.title, frame.position, frame.size, frame.inside.as_ref(), rest))
        });
        self.part("frames", frames.collect());
        let notes = graph.notes.iter().map(|(id, note)| {
            let rest = graph.kept.notes.get(id);
            (id.0.to_string(), boxed("text", &note.text, note.position, note.size, note.inside.as_ref(), rest))
        });
        self.part("notes", notes.collect());
        self.kept(graph.kept.layout.get("").map_or(&[], Vec::as_slice), 2);
        new_line(&mut self.out, 1);
        self.out.push_str("),");
    }

    fn part(&mut self, name: &str, entries: Vec<(String, String)>) {
        let kept = self.graph.kept.layout.get(name).map_or(&[][..], Vec::as_slice);
        if entries.is_empty() && kept.is_empty() {
            return;
        }
        new_line(&mut self.out, 2);
        self.out.push_str(name);
        self.out.push_str(": {");
        for (key, value) in entries {
            new_line(&mut self.out, 3);
            self.out.extend([&key, ": ", &value, ","]);
        }
        self.kept(kept, 3);
        new_line(&mut self.out, 2);
        self.out.push_str("},");
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_text(&mut out, text);
    out
}

fn point(point: Point) -> String {
    // A place that is no number is written as the origin: reading it back must give a place.
    let sound = |number: f32| if number.is_finite() { number } else { 0.0 };
    format!("({}, {})", sound(point.x), sound(point.y))
}

fn boxed(text_name: &str, text: &str, at: Point, size: Point, inside: Option<&NodeId>, rest: Option<&Settings>) -> String {
    let inside = inside.map_or_else(String::new, |inside| format!(", inside: {}", quoted(inside.as_str())));
    let rest = rest.map_or_else(String::new, |rest| format!(", {}", flat_settings(rest)));
    format!("({text_name}: {}, at: {}, size: {}{inside}{rest})", quoted(text), point(at), point(size))
}
