//! Arranges a graph with frames: what lies in a frame is arranged by itself, the frame grows or shrinks around it, and then takes part in
//! the drawing around it like one large node.

use super::{GRID, NODE, places, snapped, with_straight_pipes};
use crate::graph::query::Wiring;
use crate::graph::{Edit, Frame, FrameId, Graph, Note, NoteId, Point};
use crate::id::NodeId;
use std::collections::BTreeMap;

/// Space inside a frame, at its sides and below.
const MARGIN: f32 = 24.0;
/// Space inside a frame above, where its name stands.
const HEAD: f32 = 40.0;
/// Frames in frames deeper than this are arranged as if they lay beside each other.
const MOST_DEPTH: usize = 16;

/// Something that takes a place in the drawing of a frame, or of the whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Unit {
    Node(NodeId),
    Note(NoteId),
    Frame(FrameId),
}

/// A rectangle: left upper corner and size.
type Area = (Point, Point);

fn holds(outer: Area, inner: Area) -> bool {
    let (a, b) = (outer, inner);
    a.0.x <= b.0.x && a.0.y <= b.0.y && b.0.x + b.1.x <= a.0.x + a.1.x && b.0.y + b.1.y <= a.0.y + a.1.y
}

/// The smallest frame that holds a rectangle; equal frames hold each other only in the order of their numbers.
fn frame_around(graph: &Graph, area: Area, of: Option<FrameId>) -> Option<FrameId> {
    let own = of.and_then(|id| graph.frames.get(&id)).map(size_of);
    let holding = graph.frames.iter().filter(|(id, frame)| {
        let larger = own.is_none_or(|own| size_of(frame) > own || (size_of(frame) >= own && Some(**id) < of));
        Some(**id) != of && larger && holds((frame.position, frame.size), area)
    });
    holding.min_by(|(_, a), (_, b)| size_of(a).total_cmp(&size_of(b))).map(|(id, _)| *id)
}

fn size_of(frame: &Frame) -> f32 {
    frame.size.x * frame.size.y
}

/// What lies directly in each frame; `None` for what lies in none. Notes outside frames keep their places, as do frames that hold nothing.
struct Nesting {
    units: BTreeMap<Option<FrameId>, Vec<Unit>>,
    frame_of: BTreeMap<NodeId, Option<FrameId>>,
    parent: BTreeMap<FrameId, Option<FrameId>>,
}

impl Nesting {
    fn of(graph: &Graph) -> Self {
        let mut nesting = Self { units: BTreeMap::new(), frame_of: BTreeMap::new(), parent: BTreeMap::new() };
        for (id, node) in &graph.nodes {
            let frame = frame_around(graph, (node.position, NODE), None);
            nesting.frame_of.insert(id.clone(), frame);
            nesting.units.entry(frame).or_default().push(Unit::Node(id.clone()));
        }
        for (id, note) in &graph.notes {
            if let Some(frame) = frame_around(graph, (note.position, note.size), None) {
                nesting.units.entry(Some(frame)).or_default().push(Unit::Note(*id));
            }
        }
        for (id, frame) in &graph.frames {
            nesting.parent.insert(*id, frame_around(graph, (frame.position, frame.size), Some(*id)));
        }
        // Only frames with something in them, however deep, take part.
        let full: Vec<FrameId> = graph.frames.keys().copied().filter(|id| nesting.holds_something(*id)).collect();
        for id in full {
            let parent = nesting.parent[&id];
            nesting.units.entry(parent).or_default().push(Unit::Frame(id));
        }
        nesting
    }

    fn holds_something(&self, frame: FrameId) -> bool {
        let within = |other: FrameId| self.chain(Some(other)).contains(&frame);
        self.units.keys().flatten().any(|other| *other == frame || within(*other))
    }

    /// A frame and all that it lies in, from the inside out.
    fn chain(&self, frame: Option<FrameId>) -> Vec<FrameId> {
        std::iter::successors(frame, |frame| self.parent.get(frame).copied().flatten()).take(MOST_DEPTH).collect()
    }

    /// Which unit of a level a node belongs to.
    fn unit_of(&self, node: &NodeId, level: Option<FrameId>) -> Option<Unit> {
        let frame = *self.frame_of.get(node)?;
        if frame == level {
            return Some(Unit::Node(node.clone()));
        }
        let chain = self.chain(frame);
        chain.into_iter().find(|frame| self.parent.get(frame).copied().flatten() == level).map(Unit::Frame)
    }
}

/// What stands where, from the left upper corner of its level.
#[derive(Default)]
struct Arranged {
    nodes: Vec<(NodeId, Point)>,
    notes: Vec<(NoteId, Point)>,
    frames: Vec<(FrameId, Point, Point)>,
    size: Point,
}

impl Arranged {
    fn put(&mut self, inner: Self, at: Point) {
        let shifted = |point: Point| Point { x: point.x + at.x, y: point.y + at.y };
        self.nodes.extend(inner.nodes.into_iter().map(|(id, point)| (id, shifted(point))));
        self.notes.extend(inner.notes.into_iter().map(|(id, point)| (id, shifted(point))));
        self.frames.extend(inner.frames.into_iter().map(|(id, point, size)| (id, shifted(point), size)));
    }
}

fn level(graph: &Graph, nesting: &Nesting, frame: Option<FrameId>, depth: usize) -> Arranged {
    let units: &[Unit] = nesting.units.get(&frame).map_or(&[], Vec::as_slice);
    let numbers: BTreeMap<&Unit, usize> = units.iter().enumerate().map(|(number, unit)| (unit, number)).collect();
    let inner: Vec<Arranged> = units
        .iter()
        .map(|unit| match unit {
            Unit::Node(id) => Arranged { nodes: vec![(id.clone(), Point::default())], size: NODE, ..Arranged::default() },
            Unit::Note(id) => Arranged { notes: vec![(*id, Point::default())], size: graph.notes[id].size, ..Arranged::default() },
            Unit::Frame(id) if depth < MOST_DEPTH => in_frame(*id, level(graph, nesting, Some(*id), depth + 1)),
            Unit::Frame(id) => Arranged {
                frames: vec![(*id, Point::default(), graph.frames[id].size)],
                size: graph.frames[id].size,
                ..Arranged::default()
            },
        })
        .collect();
    let mut wiring = Wiring { out: vec![Vec::new(); units.len()], into: vec![Vec::new(); units.len()] };
    for (number, pipe) in graph.pipes.keys().enumerate() {
        let end = |node: &NodeId| nesting.unit_of(node, frame).and_then(|unit| numbers.get(&unit).copied());
        if let (Some(from), Some(to)) = (end(&pipe.from.node), end(&pipe.to.node))
            && from != to
        {
            wiring.out[from].push((number, to));
            wiring.into[to].push((number, from));
        }
    }
    let sizes: Vec<Point> = inner.iter().map(|inner| inner.size).collect();
    let mut whole = Arranged::default();
    for (inner, at) in inner.into_iter().zip(places(&wiring, &sizes)) {
        let at = snapped(Point::default(), at);
        whole.size = Point { x: whole.size.x.max(at.x + inner.size.x), y: whole.size.y.max(at.y + inner.size.y) };
        whole.put(inner, at);
    }
    whole
}

/// A frame drawn around what was arranged in it.
fn in_frame(id: FrameId, inner: Arranged) -> Arranged {
    let grid = |value: f32| (value / GRID).ceil() * GRID;
    let size = Point { x: grid(inner.size.x + 2.0 * MARGIN), y: grid(inner.size.y + HEAD + MARGIN) };
    let mut whole = Arranged { frames: vec![(id, Point::default(), size)], size, ..Arranged::default() };
    whole.put(inner, Point { x: MARGIN, y: HEAD });
    whole
}

pub fn arrange(graph: &Graph, origin: Point) -> Edit {
    let whole = level(graph, &Nesting::of(graph), None, 0);
    let mut edits = vec![Edit::MoveNodes(whole.nodes.into_iter().map(|(id, at)| (id, snapped(origin, at))).collect())];
    for (id, at, size) in whole.frames {
        let frame = Frame { position: snapped(origin, at), size, ..graph.frames[&id].clone() };
        edits.push(Edit::SetFrame(id, Some(frame)));
    }
    for (id, at) in whole.notes {
        edits.push(Edit::SetNote(id, Some(Note { position: snapped(origin, at), ..graph.notes[&id].clone() })));
    }
    with_straight_pipes(graph, Edit::Group(edits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{id, wired};

    fn area(graph: &Graph, node: &str) -> Area {
        (graph.nodes[&id(node)].position, NODE)
    }

    fn framed(graph: &mut Graph, number: u32, title: &str, at: (f32, f32), size: (f32, f32)) {
        let (position, size) = (Point { x: at.0, y: at.1 }, Point { x: size.0, y: size.1 });
        graph.apply(Edit::SetFrame(FrameId(number), Some(Frame { title: title.to_owned(), position, size, ..Frame::default() }))).unwrap();
    }

    fn moved(graph: &mut Graph, places: &[(&str, f32, f32)]) {
        let places = places.iter().map(|(node, x, y)| (id(node), Point { x: *x, y: *y })).collect();
        graph.apply(Edit::MoveNodes(places)).unwrap();
    }

    fn frame(graph: &Graph, number: u32) -> Area {
        let frame = &graph.frames[&FrameId(number)];
        (frame.position, frame.size)
    }

    fn apart(a: Area, b: Area) -> bool {
        a.0.x + a.1.x <= b.0.x || b.0.x + b.1.x <= a.0.x || a.0.y + a.1.y <= b.0.y || b.0.y + b.1.y <= a.0.y
    }

    #[test]
    fn what_lies_in_a_frame_stays_in_it_and_nothing_else_comes_in() {
        let mut graph = wired(&["a.o -> b.i", "b.o -> c.i", "b.o -> d.i", "c.o -> e.i", "d.o -> e.i", "e.o -> f.i"]);
        // c and d in the inner frame, it and e in the outer one; all of it piled up.
        moved(&mut graph, &[("a", 0.0, 0.0), ("b", 10.0, 0.0), ("f", 20.0, 0.0)]);
        moved(&mut graph, &[("c", 420.0, 420.0), ("d", 430.0, 430.0), ("e", 420.0, 700.0)]);
        framed(&mut graph, 1, "Outer", (400.0, 340.0), (300.0, 500.0));
        framed(&mut graph, 2, "Inner", (410.0, 400.0), (280.0, 200.0));
        framed(&mut graph, 3, "Empty", (2_000.0, 2_000.0), (100.0, 100.0));
        let note =
            Note { text: "kept".to_owned(), position: Point { x: 420.0, y: 640.0 }, size: Point { x: 100.0, y: 40.0 }, ..Note::default() };
        graph.apply(Edit::SetNote(NoteId(1), Some(note))).unwrap();
        let before = graph.clone();
        let back = graph.apply(arrange(&graph, Point::default())).unwrap();
        let (outer, inner) = (frame(&graph, 1), frame(&graph, 2));
        assert!(holds(outer, inner) && holds(outer, area(&graph, "e")), "{outer:?} {inner:?}");
        for node in ["c", "d"] {
            assert!(holds(inner, area(&graph, node)), "{node} left its frame");
        }
        for node in ["a", "b", "f"] {
            assert!(apart(outer, area(&graph, node)), "{node} came into the frame");
        }
        assert!(apart(inner, area(&graph, "e")));
        let note = &graph.notes[&NoteId(1)];
        assert!(holds(outer, (note.position, note.size)) && apart(inner, (note.position, note.size)));
        assert!(area(&graph, "a").0.x < area(&graph, "b").0.x && area(&graph, "b").0.x < outer.0.x && outer.0.x < area(&graph, "f").0.x);
        let nodes = ["a", "b", "c", "d", "e", "f"];
        for (number, one) in nodes.iter().enumerate() {
            assert!(nodes[number + 1..].iter().all(|other| apart(area(&graph, one), area(&graph, other))), "{one}");
        }
        assert_eq!(graph.frames[&FrameId(3)], before.frames[&FrameId(3)], "an empty frame stays where it is");
        graph.apply(back).unwrap();
        assert_eq!(graph, before);
    }

    #[test]
    fn frames_of_one_size_upon_each_other_come_to_an_end() {
        let mut graph = wired(&["a.o -> b.i"]);
        moved(&mut graph, &[("a", 40.0, 40.0), ("b", 40.0, 140.0)]);
        for number in 1..5 {
            framed(&mut graph, number, "Same", (0.0, 0.0), (300.0, 300.0));
        }
        graph.apply(arrange(&graph, Point::default())).unwrap();
        assert!((1..5).all(|number| holds(frame(&graph, number), area(&graph, "a"))));
    }
}
