//! From text to graph: sections, nodes, pipes, settings. The layout section is read beside this file.

use super::found::Found;
use super::lexer;
use super::positions::Positions;
use super::tree::{self, Item, Shape, Tree};
use super::{FORMAT, setting, upgrade};
use crate::graph::kept::KeptText;
use crate::graph::node::Comments;
use crate::graph::{Graph, Node, Pipe};
use crate::id::{End, NodeId, PipeId};
use crate::node::Catalogue;
use crate::problem::{Problem, Subject, nearest};
use crate::setting::{Setting, Settings};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The largest file that is read, in bytes.
pub const MOST_BYTES: usize = 64 << 20;
/// The most nodes that are read.
pub const MOST_NODES: usize = 200_000;

/// What reading a text gave.
#[derive(Clone, Default, Debug)]
pub struct Read {
    /// Everything that could be understood, with what could not kept as text.
    pub graph: Graph,
    /// What is wrong with the text, in its order, each with line and column. What is wrong with the graph is `check`'s to say.
    pub problems: Vec<Problem>,
    /// Whether saving would lose something: then it must not be saved over the file it came from.
    pub read_only: bool,
    /// Where the text speaks of what.
    pub positions: Positions,
}

impl Read {
    /// Brings in the content of the files that composites use, from this folder.
    pub fn use_files(&mut self, folder: &std::path::Path, catalogue: Catalogue) {
        if self.graph.uses_files() {
            let used = super::parts::used_by(&self.graph, folder, catalogue);
            self.graph.set_parts(used.parts);
            self.positions.of_parts(used.positions);
        }
    }
}

/// Reads bytes that should be a graph.
pub fn read_bytes(bytes: &[u8], catalogue: Catalogue) -> Read {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(text, catalogue),
        Err(error) => {
            let sound = std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("valid up to here");
            let mut found = Found::new(sound);
            let message = format!("byte {} is not UTF-8 text", error.valid_up_to() + 1);
            found.error(sound.len(), "PW101", Subject::Graph, message, "is this a graph file? Graphs are texts in RON, encoded as UTF-8");
            refused(found)
        }
    }
}

fn refused(found: Found) -> Read {
    Read { problems: found.finish().0, read_only: true, ..Read::default() }
}

/// Reads a text that should be a graph. Never fails: see [`Read`].
pub fn read(text: &str, catalogue: Catalogue) -> Read {
    if text.len() > MOST_BYTES {
        let mut found = Found::new("");
        let message = format!("the file has {} bytes; graphs of up to {MOST_BYTES} bytes are read", text.len());
        found.error(0, "PW102", Subject::Graph, message, "keep data in files of its own, beside the graph");
        return refused(found);
    }
    let mut found = Found::new(text);
    let tokens = lexer::tokens(text, &mut found);
    let root = tree::parse(&tokens, &mut found);
    drop(tokens);
    let mut reader = Reader {
        text,
        found,
        catalogue,
        graph: Graph::default(),
        places: HashMap::new(),
        kept_sections: Vec::new(),
        placed: HashSet::new(),
    };
    let newer = reader.root(root);
    reader.place_nodes();
    let (problems, lines, torn) = reader.found.finish();
    Read { graph: reader.graph, problems, read_only: torn || newer, positions: Positions::new(lines, reader.places) }
}

pub(super) struct Reader<'a> {
    pub text: &'a str,
    pub found: Found,
    catalogue: Catalogue,
    pub graph: Graph,
    pub places: HashMap<Subject, usize>,
    /// Sections that are kept as text, with their places: they are written in this order, so that the first of two stays the first.
    kept_sections: Vec<(usize, KeptText)>,
    /// The nodes that the layout gives a place.
    pub placed: HashSet<String>,
}

const SECTIONS: [&str; 8] = ["format", "title", "settings", "nodes", "pipes", "ports", "expect", "layout"];

impl Reader<'_> {
    /// Whether the file is of a newer format.
    fn root(&mut self, root: tree::Root) -> bool {
        let Tree { shape: Shape::Group(_, mut items), mut tail, .. } = root.value else {
            // A list of every sign that a text of another sort has would help nobody.
            self.found.forget();
            let hint = "a graph file is one record: (format: 1, nodes: {...}, pipes: [...])";
            self.found.error(root.value.start, "PW112", Subject::Graph, "this is not a graph", hint);
            self.found.torn = true;
            return false;
        };
        let newer = self.format(&mut items);
        self.graph.comments.before = root.before;
        let mut sections: HashMap<&str, Item> = HashMap::new();
        for item in items {
            let name = SECTIONS.into_iter().find(|name| item.key.as_deref() == Some(name));
            match (name, item.key.as_deref()) {
                (Some("format"), _) => {
                    self.section_comments("format", item);
                }
                (Some(name), _) if !sections.contains_key(name) => {
                    sections.insert(name, item);
                }
                (Some(name), _) => {
                    let message = format!("the section `{name}` stands here for the second time");
                    self.found.error(item.start, "PW109", Subject::Graph, message, "the first one counts; this one is kept as text");
                    self.keep_section(item);
                }
                (None, Some(name)) => {
                    let hint = nearest(name, SECTIONS).map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
                    let hint = format!("{hint}It is kept as it stands");
                    self.found.warning(item.start, "PW106", format!("there is no section `{name}`"), hint);
                    self.keep_section(item);
                }
                (None, None) => {
                    if item.value.is_whole() {
                        self.found.syntax(item.start, "expected `name: value`".to_owned());
                    }
                    self.keep_section(item);
                }
            }
        }
        if let Some(item) = sections.remove("title") {
            self.title(item);
        }
        if let Some(item) = sections.remove("settings") {
            self.graph_settings(item);
        }
        if let Some(item) = sections.remove("nodes") {
            self.nodes(item);
        }
        if let Some(item) = sections.remove("pipes") {
            self.pipes(item);
        }
        if let Some(item) = sections.remove("ports") {
            self.ports(item);
        }
        if let Some(item) = sections.remove("expect") {
            self.expectations(item);
        }
        if let Some(item) = sections.remove("layout") {
            self.layout(item);
        }
        self.kept_sections.sort_by_key(|(start, _)| *start);
        self.graph.kept.sections.extend(self.kept_sections.drain(..).map(|(_, kept)| kept));
        self.comment("", &mut tail);
        self.comment(".", &mut root.after.clone());
        newer
    }

    fn format(&mut self, items: &mut Vec<Item>) -> bool {
        let place = items.iter().find(|item| item.key.as_deref() == Some("format"));
        let (start, format) = match place.map(|item| (item.value.start, &item.value.shape)) {
            Some((start, Shape::Integer(format))) => (start, *format),
            Some((start, _)) => {
                let message = "`format` must be a whole number";
                self.found.error(start, "PW107", Subject::Graph, message, format!("write `format: {FORMAT}`"));
                self.found.torn = true;
                return false;
            }
            None => {
                let hint = format!("write `format: {FORMAT}` as the first entry; until then it is taken to be that");
                self.found.warning(0, "PW107", "the file does not say which `format` it has", hint);
                return false;
            }
        };
        if format > FORMAT {
            let message = format!("this file has format {format}, made by a newer Pipewright; this one knows format {FORMAT}");
            let hint = "it opens read-only, and parts of it may mean something else; use the newer program";
            self.found.error(start, "PW107", Subject::Graph, message, hint);
            return true;
        }
        if let Err(message) = upgrade::climb(items, format, FORMAT, upgrade::RUNGS) {
            self.found.error(start, "PW107", Subject::Graph, message, format!("write `format: {FORMAT}`"));
            self.found.torn = true;
        }
        false
    }

    pub fn kept_text(&self, item: Item) -> KeptText {
        KeptText { comments: item.comments, text: self.text[item.start..item.value.end.max(item.start)].to_owned() }
    }

    pub fn keep_section(&mut self, item: Item) {
        let start = item.start;
        let kept = self.kept_text(item);
        self.kept_sections.push((start, kept));
    }

    /// A section of the wrong shape: reported, and kept as text.
    pub fn misshapen(&mut self, item: Item, expected: &str) {
        // What is not whole was reported where it breaks.
        if !matches!(item.value.shape, Shape::Bad) {
            let message = format!("expected {expected}");
            self.found.error(item.value.start, "PW115", Subject::Graph, message, "it is kept as it stands");
        }
        self.keep_section(item);
    }

    pub fn comment(&mut self, place: &str, comments: &mut Vec<String>) {
        if !comments.is_empty() {
            self.graph.comments.settings.entry(place.to_owned()).or_default().append(comments);
        }
    }

    pub fn section_comments(&mut self, name: &str, mut item: Item) -> Tree {
        self.comment(name, &mut item.comments);
        self.comment(name, &mut item.inner);
        item.value
    }

    fn title(&mut self, item: Item) {
        let Shape::Text(title) = &item.value.shape else { return self.misshapen(item, "a text, as in `title: \"Orders\"`") };
        self.graph.title.clone_from(title);
        self.section_comments("title", item);
    }

    fn graph_settings(&mut self, item: Item) {
        let items = match &item.value.shape {
            Shape::Group(name, items) if name.is_empty() && item.value.is_whole() => items,
            _ => return self.misshapen(item, "settings, as in `settings: (seed: 7)`"),
        };
        match settings(items) {
            Err((at, message)) => {
                self.found.syntax(at, message);
                self.keep_section(item);
            }
            Ok((values, comments, _)) => {
                self.graph.settings = values;
                for (name, mut comments) in comments {
                    self.comment(&format!("settings.{name}"), &mut comments);
                }
                let mut value = self.section_comments("settings", item);
                self.comment("settings.", &mut value.tail);
            }
        }
    }

    fn nodes(&mut self, item: Item) {
        if !matches!(item.value.shape, Shape::Map(_)) {
            return self.misshapen(item, "nodes, as in `nodes: {\"orders\": generator(rate: \"5/s\")}`");
        }
        let mut value = self.section_comments("nodes", item);
        let Shape::Map(items) = value.shape else { unreachable!("matched above") };
        if items.len() > MOST_NODES {
            let message = format!("the graph has {} nodes; up to {MOST_NODES} are read", items.len());
            self.found.error(items[MOST_NODES].start, "PW102", Subject::Graph, message, "split it into several files");
            self.found.torn = true;
        }
        for item in items.into_iter().take(MOST_NODES) {
            self.node(item);
        }
        self.comment("nodes.", &mut value.tail);
    }

    fn node(&mut self, item: Item) {
        let id = match item.key.as_deref().map(|key| (key, NodeId::new(key))) {
            Some((_, Some(id))) => id,
            Some((key, None)) => {
                let hint = "an id is a short word: a letter, then letters, digits, `_` or `-`; the entry is kept as text";
                self.found.error(item.start, "PW108", Subject::Graph, format!("`{}` is no node id", key.escape_debug()), hint);
                let kept = self.kept_text(item);
                return self.graph.kept.nodes.push(kept);
            }
            None => {
                let kept = self.kept_text(item);
                return self.graph.kept.nodes.push(kept);
            }
        };
        let subject = Subject::Node(id.clone());
        if let Some(first) = self.places.get(&subject) {
            let message = format!("there is a node `{id}` already, on line {}", self.found.line(*first));
            self.found.error(item.start, "PW109", subject, message, "give it another id; until then it is kept as text and does not run");
            let kept = self.kept_text(item);
            return self.graph.kept.nodes.push(kept);
        }
        self.places.insert(subject, item.start);
        let node = self.node_value(&id, item);
        self.graph.nodes.insert(id, Arc::new(node));
    }

    fn node_value(&mut self, id: &NodeId, mut item: Item) -> Node {
        let mut node = Node::default();
        node.comments.before.append(&mut item.comments);
        node.comments.before.append(&mut item.inner);
        let source = self.text[item.value.start..item.value.end].to_owned();
        let subject = || Subject::Node(id.clone());
        let whole = item.value.is_whole();
        let problem = match &mut item.value.shape {
            // Reported where it breaks.
            _ if !whole => None,
            Shape::Word(kind) => {
                node.kind = std::mem::take(kind);
                return node;
            }
            Shape::Group(kind, _) if kind.is_empty() => Some((item.value.start, format!("node `{id}` has no kind"))),
            Shape::Group(kind, items) => match settings(items) {
                Ok((mut values, comments, places)) => {
                    let title = match values.get("title") {
                        None => Ok(String::new()),
                        Some(Setting::Text(title)) => Ok(title.clone()),
                        Some(other) => Err(format!("expected a text as `title`, found {}", other.sort())),
                    };
                    match title {
                        Ok(title) => {
                            values.shift_remove("title");
                            node.comments.settings = comments;
                            if !item.value.tail.is_empty() {
                                node.comments.settings.insert(String::new(), std::mem::take(&mut item.value.tail));
                            }
                            (node.kind, node.title, node.settings) = (std::mem::take(kind), title, values);
                            self.places.extend(places.into_iter().map(|(name, at)| (Subject::Setting(id.clone(), name), at)));
                            return node;
                        }
                        Err(message) => Some((item.value.start, message)),
                    }
                }
                Err(problem) => Some(problem),
            },
            other => Some((item.value.start, format!("expected a kind with settings, found {}", sort(other)))),
        };
        if let Some((at, message)) = problem {
            let hint = "write it as `\"orders\": generator(rate: \"5/s\")`; until then it is kept as text and does not run";
            self.found.error(at, "PW115", subject(), message, hint);
        }
        node.opaque = Some(source);
        node
    }

    fn pipes(&mut self, item: Item) {
        if !matches!(item.value.shape, Shape::List(_)) {
            return self.misshapen(item, "pipes, as in `pipes: [\"orders.out -> work.in\"]`");
        }
        let mut value = self.section_comments("pipes", item);
        let Shape::List(items) = value.shape else { unreachable!("matched above") };
        for item in items {
            self.pipe(item);
        }
        self.comment("pipes.", &mut value.tail);
    }

    fn pipe(&mut self, mut item: Item) {
        let read = if item.value.is_whole() { pipe(&item) } else { Err((item.start, String::new(), String::new())) };
        let start = item.start;
        match read {
            Ok((id, pipe)) if !self.graph.pipes.contains_key(&id) => {
                let (values, comments) = pipe;
                let mut pipe = Pipe { settings: values, comments: Comments { before: Vec::new(), settings: comments }, ..Pipe::default() };
                pipe.comments.before.append(&mut item.comments);
                if !item.value.tail.is_empty() {
                    pipe.comments.settings.insert(String::new(), std::mem::take(&mut item.value.tail));
                }
                self.places.insert(Subject::Pipe(id.clone()), start);
                self.graph.pipes.insert(id, pipe);
                return;
            }
            Ok((id, _)) => {
                let message = format!("there is a pipe `{id}` already");
                self.found.error(
                    start,
                    "PW109",
                    Subject::Pipe(id),
                    message,
                    "two pipes never join the same two ports; this one is kept as text",
                );
            }
            Err((_, message, _)) if message.is_empty() => {}
            Err((at, message, node)) => {
                let ports = self.outputs_of(&node);
                let hint = format!("write it as \"node.port -> node.port\"{ports}; until then it is kept as text and does nothing");
                self.found.error(at, "PW110", Subject::Graph, message, hint);
            }
        }
        let kept = self.kept_text(item);
        self.graph.kept.pipes.push(kept);
    }

    /// The ports a node has, for a person who left them out.
    fn outputs_of(&self, node: &str) -> String {
        let Some(node) = self.graph.nodes.get(node) else { return String::new() };
        let Some(kind) = self.catalogue.get(&node.kind) else { return String::new() };
        let ports = (kind.ports)(&node.settings);
        let names: Vec<String> = ports.outputs.iter().chain(&ports.inputs).map(|port| format!("`{}`", port.name)).collect();
        if names.is_empty() { String::new() } else { format!(" (its ports are {})", names.join(", ")) }
    }
}

fn sort(shape: &Shape) -> &'static str {
    match shape {
        Shape::Flag(_) => "true or false",
        Shape::Integer(_) | Shape::Number(_) => "a number",
        Shape::Text(_) => "a text",
        Shape::Word(_) => "a word",
        Shape::List(_) => "a list",
        Shape::Map(_) => "a map",
        Shape::Group(..) => "a record",
        Shape::Bad => "something unreadable",
    }
}

type CommentsByName = indexmap::IndexMap<String, Vec<String>>;
type Places = Vec<(String, usize)>;

/// Named values as settings, with their comments and places; else where and what is wrong.
fn settings(items: &[Item]) -> Result<(Settings, CommentsByName, Places), (usize, String)> {
    let (mut values, mut comments, mut places) = (Settings::new(), CommentsByName::new(), Places::new());
    for item in items {
        let Some(name) = &item.key else { return Err((item.start, "expected `name: value`".to_owned())) };
        let value = setting::from_tree(&item.value)?;
        if values.insert(name.clone(), value).is_some() {
            return Err((item.start, format!("`{name}` is set twice")));
        }
        let mut spoken = [item.comments.clone(), item.inner.clone()].concat();
        item.value.clone().take_comments(&mut spoken);
        if !spoken.is_empty() {
            comments.insert(name.clone(), spoken);
        }
        places.push((name.clone(), item.value.start));
    }
    Ok((values, comments, places))
}

/// A pipe with its settings and their comments.
type PipeParts = (PipeId, (Settings, CommentsByName));

/// A pipe; else where, what is wrong, and the node it may be about.
fn pipe(item: &Item) -> Result<PipeParts, (usize, String, String)> {
    let expected = |found: &str| format!("expected a pipe such as \"orders.out -> work.in\", found {found}");
    let (at, text, rest) = match &item.value.shape {
        Shape::Text(text) => (item.start, text, None),
        Shape::Group(_, items) => {
            let place = items.iter().position(|part| matches!(part.key.as_deref(), None | Some("pipe")));
            match place.map(|place| (place, &items[place].value.shape)) {
                Some((place, Shape::Text(text))) => {
                    let mut rest = items.clone();
                    let named = rest.remove(place);
                    let mut comments = [named.comments, named.inner].concat();
                    if let Some(next) = rest.first_mut() {
                        comments.append(&mut next.comments);
                        next.comments = comments;
                    }
                    (items[place].value.start, text, Some(rest))
                }
                _ => return Err((item.start, expected("a record without one"), String::new())),
            }
        }
        other => return Err((item.start, expected(sort(other)), String::new())),
    };
    let id = pipe_id(text).map_err(|(message, node)| (at, message, node))?;
    let (values, comments, _) = settings(rest.as_deref().unwrap_or_default()).map_err(|(at, message)| (at, message, String::new()))?;
    Ok((id, (values, comments)))
}

/// The ends that `a.out -> b.in` names; else what is wrong, and the node it is about.
pub(super) fn pipe_id(text: &str) -> Result<PipeId, (String, String)> {
    let Some((from, to)) = text.split_once("->") else {
        return Err((format!("`{}` has no `->`", text.escape_debug()), String::new()));
    };
    Ok(PipeId { from: end(from.trim())?, to: end(to.trim())? })
}

fn end(text: &str) -> Result<End, (String, String)> {
    let Some((node, port)) = text.split_once('.').filter(|(_, port)| !port.is_empty()) else {
        return Err((format!("`{}` names no port", text.escape_debug()), text.to_owned()));
    };
    match NodeId::new(node) {
        Some(node) => Ok(End { node, port: port.into() }),
        None => Err((format!("`{}` is no node id", node.escape_debug()), String::new())),
    }
}
