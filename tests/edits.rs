//! Edits at random on every sample, undone to the start and redone to the end: exact both ways (rule 4).

use pipewright_runtime::file;
use pipewright_runtime::graph::{Edit, Frame, Graph, History, Node, Note, Point};
use pipewright_runtime::id::{End, NodeId, PipeId, mix};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::setting::Setting;
use pipewright_tests::{files_below, root};

/// A small source of chance: each failing run is repeated by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % sides.max(1) as u64) as usize
    }

    fn node(&mut self, graph: &Graph) -> Option<NodeId> {
        let place = self.roll(graph.nodes().len());
        graph.nodes().get_index(place).map(|(id, _)| id.clone())
    }

    fn composite(&mut self, graph: &Graph) -> Option<NodeId> {
        let composites: Vec<&NodeId> = graph.nodes().iter().filter(|(_, node)| node.is_composite()).map(|(id, _)| id).collect();
        composites.get(self.roll(composites.len())).map(|id| (*id).clone())
    }

    fn pipe(&mut self, graph: &Graph) -> Option<PipeId> {
        let place = self.roll(graph.pipes().len());
        graph.pipes().get_index(place).map(|(id, _)| id.clone())
    }

    fn point(&mut self) -> Point {
        Point { x: self.roll(400) as f32 * 4.0, y: self.roll(400) as f32 * 4.0 }
    }

    fn setting(&mut self) -> Option<Setting> {
        match self.roll(5) {
            0 => None,
            1 => Some(Setting::Integer(self.roll(1000) as i64)),
            2 => Some(Setting::text("a \"text\"\nwith\tmarks")),
            3 => Some(Setting::Record("exponential".into(), vec![("mean".into(), Setting::text("20 ms"))])),
            _ => Some(Setting::word("some_word")),
        }
    }

    /// An edit that may or may not be possible.
    fn edit(&mut self, graph: &Graph, depth: usize) -> Option<Edit> {
        Some(match self.roll(if depth == 0 { 19 } else { 18 }) {
            0 => {
                let kinds: Vec<_> = CATALOGUE.kinds().collect();
                let kind = kinds[self.roll(kinds.len())].name;
                let place = (self.roll(2) == 0).then(|| self.roll(graph.nodes().len() + 1));
                Edit::AddNode(graph.fresh_node_id(kind), Box::new(Node::new(kind, self.point())), place)
            }
            1 => Edit::RemoveNode(self.node(graph)?),
            2 => graph.remove_nodes(&[self.node(graph)?, self.node(graph)?]),
            3 => Edit::RenameNode(self.node(graph)?, NodeId::new(&format!("renamed-{}", self.roll(20)))?),
            4 => Edit::SetTitle(self.node(graph)?, format!("Title {}", self.roll(9))),
            5 => Edit::SetSetting(self.node(graph)?, ["rate", "capacity", "unheard_of"][self.roll(3)].into(), self.setting()),
            6 => Edit::SetKind(self.node(graph)?, ["queue", "sink", "unheard_of"][self.roll(3)].into()),
            7 => Edit::MoveNodes(vec![(self.node(graph)?, self.point()), (self.node(graph)?, self.point())]),
            8 => {
                let end = |node: NodeId, port: &str| End { node, port: port.into() };
                let id = PipeId { from: end(self.node(graph)?, "out"), to: end(self.node(graph)?, "in") };
                let place = (self.roll(2) == 0).then(|| self.roll(graph.pipes().len() + 1));
                Edit::AddPipe(id, Box::default(), place)
            }
            9 => Edit::RemovePipe(self.pipe(graph)?),
            10 => Edit::SetPipeSetting(self.pipe(graph)?, "capacity".into(), self.setting()),
            11 => Edit::SetBends(self.pipe(graph)?, vec![self.point()]),
            12 => {
                let frame =
                    Frame { title: format!("Frame {}", self.roll(9)), position: self.point(), size: self.point(), ..Frame::default() };
                let known = graph.frames().keys().next().copied().filter(|_| self.roll(2) == 0);
                Edit::SetFrame(known.unwrap_or_else(|| graph.fresh_frame_id()), (self.roll(3) > 0).then_some(frame))
            }
            13 => {
                let note = Note { text: "*Note*\n\"quoted\"".into(), position: self.point(), size: self.point(), ..Note::default() };
                let known = graph.notes().keys().next().copied().filter(|_| self.roll(2) == 0);
                Edit::SetNote(known.unwrap_or_else(|| graph.fresh_note_id()), (self.roll(3) > 0).then_some(note))
            }
            14 => graph.make_composite(&[self.node(graph)?, self.node(graph)?], &[], &[], "Made").ok()?.0,
            15 => graph.unpack(&self.composite(graph)?).ok()?.0,
            16 => graph.rename(&self.composite(graph)?, &NodeId::new(&format!("renamed-{}", self.roll(20)))?),
            17 => {
                let composite = self.composite(graph)?;
                let (name, _) = graph.bindings(&composite).into_iter().next()?;
                match self.roll(3) {
                    0 => Edit::PlacePort(composite.clone(), name.to_owned(), (self.roll(3) > 0).then(|| self.point())),
                    1 => graph.rename_port(&composite, name, &format!("port-{}", self.roll(9)))?,
                    _ => graph.remove_port(&composite, name)?,
                }
            }
            _ => Edit::Group((0..3).filter_map(|_| self.edit(graph, depth + 1)).collect()),
        })
    }
}

fn edit_undo_redo(mut graph: Graph, seed: u64) {
    let told = format!("seed {seed}; repeat with: cargo test -p pipewright-tests edits");
    let mut dice = Dice(seed);
    let mut history = History::default();
    let mut states = vec![graph.clone()];
    for step in 0..150 {
        let Some(edit) = dice.edit(&graph, 0) else { continue };
        let before = graph.clone();
        match history.apply(&mut graph, &format!("step {step}"), edit.clone()) {
            // A refused edit, a group too, leaves no trace.
            Err(error) => assert_eq!(graph, before, "{told}: {edit:?} was refused ({error}) and yet changed something"),
            Ok(()) if history.undo_label() == Some(&format!("step {step}")) => states.push(graph.clone()),
            Ok(()) => assert_eq!(graph, before, "{told}: {edit:?} changed something and is not in the history"),
        }
        // What stands in the document can be written and read back, whatever was done to it.
        if step % 30 == 0 {
            let text = file::write(&graph);
            assert_eq!(file::write(&file::read(&text, CATALOGUE).graph), text, "{told}: step {step}");
        }
    }
    assert!(states.len() > 60, "{told}: hardly an edit was possible ({})", states.len());
    for state in states.iter().rev().skip(1) {
        assert!(history.undo(&mut graph).is_some(), "{told}");
        assert_eq!(&graph, state, "{told}: undo");
    }
    assert_eq!(history.undo(&mut graph), None, "{told}");
    for state in states.iter().skip(1) {
        assert!(history.redo(&mut graph).is_some(), "{told}");
        assert_eq!(&graph, state, "{told}: redo");
    }
    assert_eq!(history.redo(&mut graph), None, "{told}");
}

#[test]
fn random_edits_undo_and_redo_exactly() {
    for path in files_below(&root().join("samples"), ".ron") {
        let text = std::fs::read_to_string(&path).expect("a sample can be read");
        for seed in 0..4 {
            edit_undo_redo(file::read(&text, CATALOGUE).graph, seed);
        }
    }
}
