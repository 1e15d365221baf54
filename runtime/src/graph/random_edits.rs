//! A property: random edits, undone one by one, give back the start exactly; redone, the end.

use super::sample::{graph, id};
use super::{Edit, Frame, FrameId, Graph, History, Node, Note, NoteId, Pipe, Point};
use crate::id::{End, NodeId, PipeId};
use crate::setting::Setting;
use proptest::prelude::*;

fn node_id() -> impl Strategy<Value = NodeId> {
    prop::sample::select(vec!["orders", "work", "workers", "done", "a", "b", "c"]).prop_map(id)
}

fn pipe_id() -> impl Strategy<Value = PipeId> {
    let end = || (node_id(), prop::sample::select(vec!["in", "out"])).prop_map(|(node, port)| End { node, port: port.into() });
    (end(), end()).prop_map(|(from, to)| PipeId { from, to })
}

fn point() -> impl Strategy<Value = Point> {
    (-9..9_i16, -9..9_i16).prop_map(|(x, y)| Point { x: f32::from(x), y: f32::from(y) })
}

fn setting() -> impl Strategy<Value = (String, Option<Setting>)> {
    (prop::sample::select(vec!["rate", "count", "seed", "capacity", "new"]), prop::option::of(any::<i64>()))
        .prop_map(|(name, value)| (name.to_owned(), value.map(Setting::Integer)))
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = || prop::option::of(0..9_usize);
    let single = prop_oneof![
        (node_id(), point(), place()).prop_map(|(id, at, place)| Edit::AddNode(id, Box::new(Node::new("k", at)), place)),
        node_id().prop_map(Edit::RemoveNode),
        (node_id(), node_id()).prop_map(|(from, to)| Edit::RenameNode(from, to)),
        (node_id(), "[a-z]{0,3}").prop_map(|(id, title)| Edit::SetTitle(id, title)),
        (node_id(), "[a-z]{1,3}").prop_map(|(id, kind)| Edit::SetKind(id, kind)),
        (node_id(), setting()).prop_map(|(id, (name, value))| Edit::SetSetting(id, name, value)),
        prop::collection::vec((node_id(), point()), 0..4).prop_map(Edit::MoveNodes),
        (node_id(), "[a-c]", prop::option::of(point())).prop_map(|(id, name, at)| Edit::PlacePort(id, name, at)),
        (pipe_id(), place()).prop_map(|(id, place)| Edit::AddPipe(id, Box::<Pipe>::default(), place)),
        pipe_id().prop_map(Edit::RemovePipe),
        (pipe_id(), setting()).prop_map(|(id, (name, value))| Edit::SetPipeSetting(id, name, value)),
        (pipe_id(), prop::collection::vec(point(), 0..3)).prop_map(|(id, bends)| Edit::SetBends(id, bends)),
        setting().prop_map(|(name, value)| Edit::SetGraphSetting(name, value)),
        "[a-z]{0,3}".prop_map(Edit::SetGraphTitle),
        (0..6_u32, prop::option::of(point()))
            .prop_map(|(id, at)| Edit::SetFrame(FrameId(id), at.map(|position| Frame { position, ..Frame::default() }))),
        (0..6_u32, prop::option::of(point()))
            .prop_map(|(id, at)| Edit::SetNote(NoteId(id), at.map(|position| Note { position, ..Note::default() }))),
    ];
    single.prop_recursive(2, 8, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Edit::Group))
}

/// Everything in order: equality of maps alone does not see the order.
fn exactly(graph: &Graph) -> String {
    format!("{graph:?}")
}

proptest! {
    #[test]
    fn random_edits_undo_and_redo_exactly(steps in prop::collection::vec((0..8_u8, edit()), 1..40)) {
        let (mut graph, mut history) = (graph(), History::default());
        let mut states = vec![(exactly(&graph), history.state_number())];
        for (gesture, edit) in steps {
            match gesture {
                0 => history.begin_gesture("gesture"),
                1 => history.end_gesture(),
                2 => history.cancel_gesture(&mut graph),
                _ => {}
            }
            let before = exactly(&graph);
            if history.apply(&mut graph, "step", edit).is_err() {
                prop_assert_eq!(before, exactly(&graph), "a refused edit changes nothing");
            }
            states.push((exactly(&graph), history.state_number()));
        }
        history.end_gesture();
        let end = exactly(&graph);
        let mut seen = vec![(end.clone(), history.state_number())];
        while history.undo(&mut graph).is_some() {
            seen.push((exactly(&graph), history.state_number()));
        }
        prop_assert_eq!(&seen.last().unwrap(), &&states[0]);
        for state in &seen {
            prop_assert!(states.contains(state), "undo leads only through states that were");
        }
        while history.redo(&mut graph).is_some() {}
        prop_assert_eq!(exactly(&graph), end);
    }
}
