//! Composites as documents: made and unpacked exactly, borders taken away, used files put in.

use super::*;
use crate::graph::sample::{end, id, wired};
use crate::graph::{Edit, Expectation, FrameId, History, NoteId, Point};
use crate::problem::Problem;
use std::sync::Arc;

fn exactly(graph: &Graph) -> String {
    format!("{graph:?}")
}

fn pipes(graph: &Graph) -> Vec<String> {
    graph.pipes.keys().map(ToString::to_string).collect()
}

fn nodes(graph: &Graph) -> Vec<&str> {
    graph.nodes.keys().map(NodeId::as_str).collect()
}

/// `a → work → pool → b`, both stores failing to `dead`; expectations and notes speak of them.
fn shop() -> Graph {
    let mut graph =
        wired(&["a.out -> work.in", "work.out -> pool.in", "pool.out -> b.in", "work.dead -> dead.in", "pool.error -> dead.in"]);
    for (number, node) in graph.nodes.values_mut().enumerate() {
        Arc::make_mut(node).position = Point { x: 200.0 * number as f32, y: 40.0 };
    }
    graph.pipes[0].settings.insert("capacity".into(), Setting::Integer(7));
    let claim =
        |of: &str| Setting::Record("at_least".into(), vec![("of".into(), Setting::text(of)), ("value".into(), Setting::Integer(1))]);
    let at = Setting::Record("once_per_key".into(), vec![("at".into(), Setting::text("pool"))]);
    for (name, claim) in [
        ("node", claim("nodes.work.in")),
        ("pipe", claim("pipes.work.out -> pool.in.messages")),
        ("at", at),
        ("other", claim("nodes.a.out")),
    ] {
        graph.expectations.insert(name.into(), Expectation { claim, comments: Vec::new() });
    }
    graph.frames.insert(FrameId(1), Frame { title: "Work".into(), ..Frame::default() });
    graph.notes.insert(NoteId(1), Note { text: "Here".into(), ..Note::default() });
    graph
}

fn made() -> (Graph, NodeId) {
    let mut graph = shop();
    let (edit, made) = graph.make_composite(&[id("work"), id("pool")], &[FrameId(1)], &[NoteId(1)], "Work").unwrap();
    graph.apply(edit).unwrap();
    (graph, made)
}

#[test]
fn a_composite_is_made_of_a_selection() {
    let (graph, made) = made();
    assert_eq!(made, id("composite"));
    assert_eq!(nodes(&graph), ["a", "composite", "composite/work", "composite/pool", "b", "dead"]);
    assert_eq!(
        pipes(&graph),
        [
            "a.out -> composite.in",
            "composite/work.out -> composite/pool.in",
            "composite.out -> b.in",
            "composite.dead -> dead.in",
            "composite.error -> dead.in"
        ]
    );
    assert_eq!(graph.pipes[0].settings["capacity"], Setting::Integer(7), "a pipe keeps its settings and its place");
    assert_eq!(graph.nodes[&made].position, Point { x: 300.0, y: 40.0 });
    assert_eq!(graph.frames[&FrameId(1)].inside, Some(made.clone()));
    assert_eq!(graph.notes[&NoteId(1)].inside, Some(made.clone()));
    let claims: Vec<String> = graph.expectations.values().map(|expectation| format!("{:?}", expectation.claim)).collect();
    assert!(claims[0].contains("nodes.composite/work.in"), "{}", claims[0]);
    assert!(claims[1].contains("pipes.composite/work.out -> composite/pool.in.messages"), "{}", claims[1]);
    assert!(claims[2].contains("\"composite/pool\"") && claims[3].contains("nodes.a.out"), "{claims:?}");
    let inside = graph.level(Some(&made));
    assert_eq!((nodes(&inside).len(), inside.pipes.len(), inside.frames.len(), inside.notes.len()), (2, 1, 1, 1));
    assert_eq!(nodes(&graph.level(None)), ["a", "composite", "b", "dead"]);
}

#[test]
fn making_and_unpacking_comes_back_to_the_same() {
    let start = shop();
    let (mut graph, made) = made();
    let (edit, back) = graph.unpack(&made).unwrap();
    graph.apply(edit).unwrap();
    assert_eq!(back, [id("work"), id("pool")]);
    assert_eq!(exactly(&graph), exactly(&start));
}

#[test]
fn every_step_is_undone_exactly() {
    let mut graph = shop();
    let mut history = History::default();
    let mut states = vec![exactly(&graph)];
    let mut step = |graph: &mut Graph, edit: Edit| {
        history.apply(graph, "step", edit).unwrap();
        states.push(exactly(graph));
    };
    let (edit, inner) = graph.make_composite(&[id("work"), id("pool")], &[FrameId(1)], &[NoteId(1)], "Work").unwrap();
    step(&mut graph, edit);
    let (edit, outer) = graph.make_composite(&[inner.clone(), id("dead")], &[], &[], "All").unwrap();
    step(&mut graph, edit);
    assert_eq!(outer, id("composite-2"));
    let deep = id("composite-2/composite/work");
    assert!(graph.nodes.contains_key(&deep), "{:?}", nodes(&graph));
    let rename = graph.rename(&outer, &id("shop"));
    step(&mut graph, rename);
    assert_eq!(graph.frames[&FrameId(1)].inside, Some(id("shop/composite")));
    step(&mut graph, Edit::SetSetting(id("shop/composite/work"), "capacity".into(), Some(Setting::Integer(3))));
    let port = graph.rename_port(&id("shop/composite"), "in", "orders").unwrap();
    step(&mut graph, port);
    assert_eq!(graph.inner_end(&end("shop.in")), Some(end("shop/composite/work.in")), "the port around it follows");
    let (edit, _) = graph.unpack(&id("shop")).unwrap();
    step(&mut graph, edit);
    assert!(graph.nodes.contains_key(&id("composite/work")), "{:?}", nodes(&graph));
    let gone = graph.remove_nodes(&[id("composite")]);
    step(&mut graph, gone);
    assert_eq!(nodes(&graph), ["a", "b", "dead"]);
    assert!(graph.frames.is_empty() && graph.notes.is_empty(), "what stood inside went along");
    for state in states.iter().rev().skip(1) {
        history.undo(&mut graph).unwrap();
        assert_eq!(exactly(&graph), *state);
    }
    for state in states.iter().skip(1) {
        history.redo(&mut graph).unwrap();
        assert_eq!(exactly(&graph), *state);
    }
}

#[test]
fn ports_are_named_after_nodes_where_names_would_clash() {
    let mut graph = wired(&["x.out -> a.in", "x.more -> b.in", "a.out -> y.in", "b.out -> y.in"]);
    let (edit, made) = graph.make_composite(&[id("a"), id("b")], &[], &[], "").unwrap();
    graph.apply(edit).unwrap();
    let names: Vec<(&str, String)> = graph.bindings(&made).into_iter().map(|(name, end)| (name, end.to_string())).collect();
    let expected = [("a-in", "composite/a.in"), ("b-in", "composite/b.in"), ("a-out", "composite/a.out"), ("b-out", "composite/b.out")];
    assert_eq!(names, expected.map(|(name, end)| (name, end.to_owned())));
}

#[test]
fn a_composite_in_a_composite_takes_over_its_ports() {
    let (mut graph, made) = made();
    let (edit, inner) = graph.make_composite(&[id("composite/work")], &[], &[], "").unwrap();
    graph.apply(edit).unwrap();
    assert_eq!(inner, id("composite/composite"));
    assert_eq!(graph.inner_end(&end("composite.in")), Some(end("composite/composite/work.in")));
    assert_eq!(graph.bindings(&made)[0], ("in", end("composite/composite.in")));
    let flat = Flat::of(&graph);
    assert_eq!(pipes(&flat.graph)[0], "a.out -> composite/composite/work.in");
    let (edit, _) = graph.unpack(&inner).unwrap();
    graph.apply(edit).unwrap();
    assert_eq!(graph.bindings(&made)[0], ("in", end("composite/work.in")));
}

#[test]
fn what_cannot_be_made_says_why() {
    let (graph, made) = made();
    let error = |nodes: &[NodeId]| graph.make_composite(nodes, &[], &[], "").unwrap_err();
    assert_eq!(error(&[]), GroupError::Nothing);
    assert_eq!(error(&[id("a"), id("composite/work")]), GroupError::Levels);
    assert_eq!(graph.unpack(&id("a")).unwrap_err(), GroupError::NoComposite(id("a")));
    let mut deep = graph.clone();
    for _ in 0..MOST_DEPTH {
        match deep.make_composite(&[deep.level_of(&id("a")).cloned().unwrap_or_else(|| made.clone())], &[], &[], "") {
            Ok((edit, _)) => {
                deep.apply(edit).unwrap();
            }
            Err(error) => {
                assert_eq!(error, GroupError::TooDeep);
                return;
            }
        }
        let top = deep.nodes.keys().find(|node| node.above().next().is_none() && deep.nodes[*node].is_composite()).unwrap().clone();
        if top != made {
            let rename = deep.rename(&top, &made);
            deep.apply(rename).unwrap();
        }
    }
    panic!("nothing kept composites from nesting: {:?}", nodes(&deep));
}

#[test]
fn renaming_refuses_what_would_be_caught() {
    let (mut graph, made) = made();
    graph.apply(Edit::AddNode(id("other/x"), Box::default(), None)).unwrap();
    let before = exactly(&graph);
    assert!(graph.apply(Edit::RenameNode(made.clone(), id("other"))).is_err(), "`other/x` would find itself inside");
    let long = NodeId::new(&"x".repeat(118)).unwrap();
    assert!(graph.apply(Edit::RenameNode(made, long)).is_err(), "paths would be too long");
    assert_eq!(exactly(&graph), before);
}

#[test]
fn a_copy_of_a_composite_has_its_own_content() {
    let (mut graph, made) = made();
    let clip = graph.extract(std::slice::from_ref(&made));
    assert_eq!(clip.nodes.len(), 3);
    let (edit, ids) = graph.insert(&clip, Point { x: 0.0, y: 400.0 });
    graph.apply(edit).unwrap();
    assert_eq!(ids, [id("composite-2")]);
    assert!(graph.pipes.contains_key(&crate::graph::sample::pipe("composite-2/work.out -> composite-2/pool.in")));
    assert_eq!(graph.nodes[&id("composite-2/work")].position, graph.nodes[&id("composite/work")].position);
    let (edit, ids) = graph.insert_on(Some(&made), &clip, Point::default());
    graph.apply(edit).unwrap();
    assert_eq!(ids, [id("composite/composite")]);
    assert!(graph.nodes.contains_key(&id("composite/composite/pool")));
}

fn using(file: &str) -> Graph {
    let mut graph = wired(&["a.out -> pay.in", "pay.out -> b.in"]);
    let node = Arc::make_mut(&mut graph.nodes[&id("pay")]);
    node.kind = COMPOSITE.into();
    node.settings.insert("use".into(), Setting::text(file));
    graph
}

fn part(pipes: &[&str], ports: &[(&str, &str)]) -> Graph {
    let mut part = wired(pipes);
    part.ports = ports.iter().map(|(name, end)| ((*name).to_owned(), Setting::text(*end))).collect();
    part.notes.insert(NoteId(4), Note::default());
    part
}

fn read(graph: Graph) -> Arc<Part> {
    Arc::new(Part::Read(Box::new(graph), Vec::new()))
}

#[test]
fn a_used_file_is_put_in_and_taken_over() {
    let mut graph = using("parts/pay.ron");
    assert_eq!(graph.used_files(None), ["parts/pay.ron"]);
    graph.parts.insert("parts/pay.ron".into(), read(part(&["work.out -> pool.in"], &[("in", "work.in"), ("out", "pool.out")])));
    let set = graph.set_inside(&id("pay/pool"), "servers", Some(Setting::Integer(8))).unwrap();
    let before = exactly(&graph);
    let back = graph.apply(set).unwrap();
    let whole = graph.whole();
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    assert_eq!(nodes(&whole.graph), ["a", "pay", "b", "pay/work", "pay/pool"]);
    assert_eq!(whole.graph.nodes[&id("pay/pool")].settings["servers"], Setting::Integer(8));
    assert_eq!(whole.graph.notes.values().next().unwrap().inside, Some(id("pay")));
    assert_eq!(whole.file_of(&id("pay/pool")), Some("parts/pay.ron"));
    assert_eq!(pipes(&Flat::of(&whole.graph).graph), ["a.out -> pay/work.in", "pay/pool.out -> b.in", "pay/work.out -> pay/pool.in"]);
    assert_eq!(nodes(&graph), ["a", "pay", "b"], "the document itself holds nothing of it");
    let mut own = graph.clone();
    let taken = own.apply(graph.take_over(&id("pay")).unwrap()).unwrap();
    assert!(!own.uses_files() && own.whole().problems.is_empty());
    assert_eq!(own.nodes[&id("pay/pool")].settings["servers"], Setting::Integer(8));
    assert_eq!(own.as_part(&id("pay")).unwrap().ports, part(&[], &[("in", "work.in"), ("out", "pool.out")]).ports);
    let again = own.use_file(&id("pay"), "parts/pay.ron");
    own.apply(again).unwrap();
    assert_eq!(nodes(&own), ["a", "pay", "b"]);
    own = graph.clone();
    own.apply(graph.take_over(&id("pay")).unwrap()).unwrap();
    own.apply(taken).unwrap();
    assert_eq!(exactly(&own), exactly(&graph));
    graph.apply(back).unwrap();
    assert_eq!(exactly(&graph), before);
}

#[test]
fn files_within_files_are_found_from_their_own_folder() {
    let mut graph = using("parts/pay.ron");
    let mut pay = part(&["work.out -> bank.in"], &[("in", "work.in"), ("out", "bank.out")]);
    let bank = Arc::make_mut(&mut pay.nodes[&id("bank")]);
    bank.kind = COMPOSITE.into();
    bank.settings.insert("use".into(), Setting::text("bank.ron"));
    graph.parts.insert("parts/pay.ron".into(), read(pay));
    let codes = |graph: &Graph| graph.whole().problems.iter().map(|problem: &Problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes(&graph), ["PW803"], "not read");
    graph.parts.insert("parts/bank.ron".into(), read(part(&["x.out -> y.in"], &[("in", "x.in"), ("out", "y.out")])));
    assert_eq!(codes(&graph), [""; 0]);
    assert_eq!(graph.whole().graph.inner_end(&end("pay.out")), Some(end("pay/bank/y.out")));
    let mut own = graph.clone();
    own.apply(graph.take_over(&id("pay")).unwrap()).unwrap();
    assert_eq!(own.used_files(None), ["parts/bank.ron"], "taken over, it is named from the graph's folder");
    assert_eq!(own.whole().graph.inner_end(&end("pay.out")), Some(end("pay/bank/y.out")));
    let set = Setting::Map(vec![("ghost.x".into(), Setting::Integer(1)), ("bank/x.n".into(), Setting::Integer(2))]);
    graph.apply(Edit::SetSetting(id("pay"), "set".into(), Some(set))).unwrap();
    assert_eq!(codes(&graph), ["PW806"]);
    assert_eq!(graph.whole().graph.nodes[&id("pay/bank/x")].settings["n"], Setting::Integer(2));
}

#[test]
fn the_places_of_ports_go_with_their_names() {
    let (mut graph, made) = made();
    let start = exactly(&graph);
    let place = Some(Point { x: 8.0, y: 4.0 });
    let mut back = Vec::new();
    let mut step = |graph: &mut Graph, edit| back.push(graph.apply(edit).unwrap());
    step(&mut graph, Edit::PlacePort(made.clone(), "in".into(), place));
    let renamed = graph.rename_port(&made, "in", "orders").unwrap();
    step(&mut graph, renamed);
    assert_eq!((graph.nodes[&made].port_places.get("in"), graph.nodes[&made].port_places.get("orders").copied()), (None, place));
    let read = crate::file::read(&crate::file::write(&graph), crate::node::Catalogue(&[]));
    assert_eq!(read.graph.nodes[&made].port_places, graph.nodes[&made].port_places);
    let removed = graph.remove_port(&made, "orders").unwrap();
    step(&mut graph, removed);
    assert!(graph.nodes[&made].port_places.is_empty(), "a place without a port is nothing");
    for edit in back.into_iter().rev() {
        graph.apply(edit).unwrap();
    }
    assert_eq!(exactly(&graph), start);
}
