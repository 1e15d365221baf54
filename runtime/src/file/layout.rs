//! The layout section: where nodes stand, how pipes bend, frames and notes.

use super::read::{Reader, pipe_id};
use super::setting;
use super::tree::{Item, Shape, Tree};
use crate::graph::layout::{NODE_HEIGHT, arrange};
use crate::graph::{Frame, FrameId, Node, Note, NoteId, Point};
use crate::id::NodeId;
use crate::problem::nearest;
use crate::setting::Settings;
use std::collections::HashSet;
use std::sync::Arc;

const PARTS: [&str; 5] = ["nodes", "ports", "bends", "frames", "notes"];

/// What a frame or note looks like in the file.
struct Boxed {
    text: String,
    at: Point,
    size: Point,
    inside: Option<NodeId>,
    rest: Settings,
}

impl Reader<'_> {
    pub fn layout(&mut self, item: Item) {
        if !matches!(&item.value.shape, Shape::Group(..)) {
            return self.misshapen(item, "a layout, as in `layout: (nodes: {\"orders\": (40, 80)})`");
        }
        let mut value = self.section_comments("layout", item);
        let Shape::Group(_, items) = value.shape else { unreachable!("matched above") };
        let mut seen = HashSet::new();
        for item in items {
            let name = PARTS.into_iter().find(|name| item.key.as_deref() == Some(name));
            match (name, &item.value.shape) {
                (Some(name), Shape::Map(_)) if seen.insert(name) => self.layout_part(name, item),
                (Some(name), _) => self.keep_layout("", item, &format!("expected `{name}` once, as a map")),
                (None, _) => {
                    let name = item.key.clone().unwrap_or_default();
                    let meant = nearest(&name, PARTS).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
                    self.keep_layout("", item, &format!("a layout has no part `{name}`{meant}"));
                }
            }
        }
        self.comment("layout", &mut value.tail);
    }

    fn layout_part(&mut self, name: &'static str, item: Item) {
        let mut value = self.section_comments("layout", item);
        let Shape::Map(items) = value.shape else { unreachable!("called with a map") };
        let mut placed = HashSet::new();
        for item in items {
            let key = item.key.clone().unwrap_or_default();
            let twice = !placed.insert(key.clone());
            let outcome = if twice { Err(format!("`{key}` stands here for the second time")) } else { self.place(name, &key, &item.value) };
            if let Err(message) = outcome {
                self.keep_layout(name, item, &message);
                continue;
            }
            let mut value = self.section_comments("layout", item);
            let mut comments = Vec::new();
            value.take_comments(&mut comments);
            self.comment("layout", &mut comments);
        }
        self.comment("layout", &mut value.tail);
    }

    fn keep_layout(&mut self, part: &str, item: Item, message: &str) {
        // What is not whole was reported where it breaks.
        if item.value.is_whole() {
            self.found.warning(item.start, "PW111", message, "it is kept as it stands, and has no effect");
        }
        let kept = self.kept_text(item);
        self.graph.kept.layout.entry(part.to_owned()).or_default().push(kept);
    }

    fn place(&mut self, part: &str, key: &str, value: &Tree) -> Result<(), String> {
        match part {
            "nodes" => {
                let at = point(value)?;
                self.placed_node(key)?.position = at;
                self.placed.insert(key.to_owned());
            }
            "ports" => {
                let at = point(value)?;
                let (node, port) =
                    key.split_once('.').ok_or_else(|| format!("expected a port as the name, as in \"pay.in\", found `{key}`"))?;
                self.placed_node(node)?.port_places.insert(port.to_owned(), at);
            }
            "bends" => {
                let id = pipe_id(key).map_err(|(message, _)| message)?;
                let Shape::List(points) = &value.shape else { return Err("expected points, as in [(40, 80)]".to_owned()) };
                let bends = points.iter().map(|item| point(&item.value)).collect::<Result<_, _>>()?;
                self.graph.pipes.get_mut(&id).ok_or_else(|| format!("there is no pipe `{id}`"))?.bends = bends;
            }
            "frames" => {
                let (id, Boxed { text, at, size, inside, rest }) = (FrameId(number(key)?), boxed("title", value)?);
                if self.graph.frames.contains_key(&id) {
                    return Err(format!("there is a frame {} already", id.0));
                }
                self.graph.frames.insert_sorted(id, Frame { title: text, position: at, size, inside });
                if !rest.is_empty() {
                    self.graph.kept.frames.insert_sorted(id, rest);
                }
            }
            _ => {
                let (id, Boxed { text, at, size, inside, rest }) = (NoteId(number(key)?), boxed("text", value)?);
                if self.graph.notes.contains_key(&id) {
                    return Err(format!("there is a note {} already", id.0));
                }
                self.graph.notes.insert_sorted(id, Note { text, position: at, size, inside });
                if !rest.is_empty() {
                    self.graph.kept.notes.insert_sorted(id, rest);
                }
            }
        }
        Ok(())
    }

    fn placed_node(&mut self, id: &str) -> Result<&mut Node, String> {
        if !self.graph.nodes.contains_key(id) {
            let known = self.graph.nodes.keys().map(NodeId::as_str);
            // With very many nodes the nearest would cost more than it helps.
            let meant = if known.len() > 1_000 { None } else { nearest(id, known) };
            let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            return Err(format!("there is no node `{id}`{meant}"));
        }
        Ok(Arc::make_mut(&mut self.graph.nodes[id]))
    }

    /// Gives a place to every node that the layout does not speak of: below the others of its level.
    pub fn place_nodes(&mut self) {
        let missing = self.graph.nodes.keys().filter(|id| !self.placed.contains(id.as_str()));
        let mut levels: Vec<(Option<NodeId>, Vec<NodeId>)> = Vec::new();
        for id in missing {
            let level = self.graph.level_of(id);
            match levels.iter_mut().find(|(known, _)| known.as_ref() == level) {
                Some((_, nodes)) => nodes.push(id.clone()),
                None => levels.push((level.cloned(), vec![id.clone()])),
            }
        }
        for (level, missing) in levels {
            self.place_on(level.as_ref(), &missing);
        }
    }

    fn place_on(&mut self, level: Option<&NodeId>, missing: &[NodeId]) {
        let placed = self.graph.nodes.iter().filter(|(id, _)| self.placed.contains(id.as_str()) && self.graph.level_of(id) == level);
        let corners = placed.map(|(_, node)| Point { x: node.position.x, y: node.position.y + 2.0 * NODE_HEIGHT });
        let corner = corners.reduce(|a, b| Point { x: a.x.min(b.x), y: a.y.max(b.y) });
        let origin = corner.unwrap_or(Point { x: 40.0, y: 40.0 });
        let mut part = self.graph.level(level);
        part.frames.clear();
        part.notes.clear();
        let others: Vec<NodeId> = part.nodes.keys().filter(|id| !missing.contains(id)).cloned().collect();
        part.apply(part.remove_nodes(&others)).expect("a graph takes the edit that removes nodes of it");
        part.apply(arrange(&part, origin)).expect("a graph takes the edit that arranges it");
        for (id, node) in part.nodes {
            Arc::make_mut(&mut self.graph.nodes[&id]).position = node.position;
        }
    }
}

fn number(key: &str) -> Result<u32, String> {
    key.parse().map_err(|_| format!("expected a number as the name, found `{}`", key.escape_debug()))
}

fn point(tree: &Tree) -> Result<Point, String> {
    let coordinate = |item: &Item| match item.value.shape {
        Shape::Integer(number) => Some(number as f32),
        Shape::Number(number) => Some(number as f32),
        _ => None,
    };
    if let Shape::Group(name, items) = &tree.shape
        && let ([x, y], "") = (items.as_slice(), name.as_str())
        && let (Some(x), Some(y)) = (coordinate(x), coordinate(y))
        && [x, y].iter().all(|number| number.is_finite() && number.abs() <= 1e9)
    {
        return Ok(Point { x, y });
    }
    Err("expected a point such as (40, 80), with finite numbers up to a thousand million".to_owned())
}

fn boxed(text_name: &str, tree: &Tree) -> Result<Boxed, String> {
    let Shape::Group(_, items) = &tree.shape else { return Err(format!("expected ({text_name}: \"...\", at: (0, 0), size: (400, 300))")) };
    let mut boxed =
        Boxed { text: String::new(), at: Point::default(), size: Point { x: 400.0, y: 300.0 }, inside: None, rest: Settings::new() };
    for item in items {
        match (item.key.as_deref(), &item.value.shape) {
            (Some("at"), _) => boxed.at = point(&item.value)?,
            (Some("size"), _) => boxed.size = point(&item.value)?,
            (Some("inside"), Shape::Text(text)) if NodeId::new(text).is_some() => boxed.inside = NodeId::new(text),
            (Some(name), Shape::Text(text)) if name == text_name => boxed.text.clone_from(text),
            (Some(name), _) if name == text_name => return Err(format!("expected a text as `{name}`")),
            (Some(name), _) => {
                let value = setting::from_tree(&item.value).map_err(|(_, message)| message)?;
                boxed.rest.insert(name.to_owned(), value);
            }
            (None, _) => return Err("expected `name: value`".to_owned()),
        }
    }
    Ok(boxed)
}
