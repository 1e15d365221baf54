//! Every command performed on a document, and the ways of a document through files, the clipboard and a run.

use super::*;
use crate::action::table::TABLE;
use crate::action::{Item, Outbox};
use crate::dialogs::{Question, Scripted};
use crate::io::Io;
use crate::io::folders::Folders;
use crate::preferences::Preferences;
use crate::samples;
use crate::state::{Notice, Request, Waits};
use pipewright_runtime::file as files;
use pipewright_runtime::graph::{Node, Point};
use pipewright_runtime::id::{End, PipeId};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::telemetry::snapshot::RunState;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A window without a screen, in a folder of its own.
struct Desk {
    state: State,
    folder: PathBuf,
}

impl Desk {
    fn new(name: &str) -> Self {
        Self::answering(name, Vec::new())
    }

    fn answering(name: &str, answers: Vec<Option<PathBuf>>) -> Self {
        let folder = std::env::temp_dir().join(format!("pipewright-desk-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let io = Io::start(Folders::below(&folder), CATALOGUE, || {});
        let files = Scripted::answering(answers);
        Self { state: State::new(CATALOGUE, Preferences::default(), io, Box::new(files)), folder }
    }

    fn with_sample(name: &str) -> Self {
        let mut desk = Self::new(name);
        file::open_sample(&mut desk.state, &samples::ALL[1]);
        desk
    }

    fn perform(&mut self, action: Action) {
        self.state.push(action);
        perform_all(&mut self.state);
    }

    /// Lets the io thread and the file dialogs come up with their answers until this is so.
    fn until(&mut self, what: &str, done: impl Fn(&State) -> bool) {
        let began = Instant::now();
        while !done(&self.state) {
            assert!(began.elapsed() < Duration::from_secs(20), "{what} does not happen");
            file::take_chosen(&mut self.state);
            file::take_done(&mut self.state);
            for open in &mut self.state.documents {
                if let Some(session) = &mut open.session {
                    session.poll(began.elapsed().as_secs_f64(), &open.selection, None).unwrap();
                }
            }
            perform_all(&mut self.state);
            self.follow();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the window does at the end of each frame: checks what was drawn, and lets the runs follow.
    fn follow(&mut self) {
        let catalogue = self.state.catalogue;
        for open in &mut self.state.documents {
            open.document.check(catalogue);
        }
        run::follow(&mut self.state);
    }

    fn graph(&self) -> pipewright_runtime::graph::Graph {
        self.state.front().unwrap().document.graph().clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

#[test]
fn every_command_can_be_performed_on_a_sample_and_undone() {
    for command in TABLE.iter().filter(|command| !command.name.starts_with("run.")) {
        for select_first in [false, true] {
            let mut desk = Desk::with_sample("every");
            let before = desk.graph();
            if select_first {
                let first = before.nodes().keys().nth(1).unwrap().clone();
                desk.perform(Action::Select(vec![Item::Node(first)]));
            }
            let enabled = (command.enabled)(&desk.state);
            desk.perform(Action::Command(command.name));
            if !enabled && command.name.starts_with("edit.") {
                assert_eq!(desk.graph(), before, "{} is not enabled, yet changes the graph", command.name);
            }
            if let Some(open) = desk.state.front()
                && open.document.number == 2
            {
                while open_undo(&mut desk) {}
                assert_eq!(desk.graph(), before, "{} cannot be undone", command.name);
            }
        }
    }
}

fn open_undo(desk: &mut Desk) -> bool {
    let can = desk.state.front().unwrap().document.history().undo_label().is_some();
    desk.perform(Action::Command("edit.undo"));
    can
}

#[test]
fn every_command_can_be_performed_without_a_document() {
    for command in TABLE {
        let mut desk = Desk::new("none");
        (command.perform)(&mut desk.state);
        desk.perform(Action::Command(command.name));
    }
}

#[test]
fn commands_are_told_apart_and_explained() {
    let mut names: Vec<&str> = TABLE.iter().map(|command| command.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
    for command in TABLE {
        assert!(command.name.starts_with(&format!("{}.", command.menu.title().to_lowercase())), "{}", command.name);
        assert!(command.help.ends_with('.') && !command.title.is_empty(), "{}", command.name);
    }
}

#[test]
fn a_document_is_saved_opened_and_asked_about() {
    let target = std::env::temp_dir().join(format!("pipewright-saved-{}.ron", std::process::id()));
    let mut desk = Desk::answering("save", vec![Some(target.clone())]);
    file::open_sample(&mut desk.state, &samples::ALL[0]);
    let first = desk.graph().nodes().keys().next().unwrap().clone();
    desk.perform(Action::Edit("Title".into(), Edit::SetTitle(first, "Renamed".into())));
    assert!(desk.state.front().unwrap().document.dirty());
    desk.perform(Action::Command("file.save"));
    desk.until("the save", |state| state.front().is_some_and(|open| !open.document.dirty()));
    let written = desk.graph();
    let text = std::fs::read_to_string(&target).unwrap();
    assert_eq!(files::read(&text, CATALOGUE).graph, written);

    // Another program writes the file: saving asks first, and nothing is overwritten.
    std::fs::write(&target, format!("{text}\n// somebody else\n")).unwrap();
    let first = written.nodes().keys().next().unwrap().clone();
    desk.perform(Action::Edit("Title".into(), Edit::SetTitle(first, "Again".into())));
    desk.perform(Action::Command("file.save"));
    desk.until("the question", |state| matches!(state.dialog, Some(Dialog::Question(Question::ChangedOutside { .. }))));
    assert!(std::fs::read_to_string(&target).unwrap().ends_with("// somebody else\n"));

    // Closing with unsaved changes asks, too.
    desk.state.dialog = None;
    desk.perform(Action::Command("file.quit"));
    file::go_on_closing(&mut desk.state);
    assert!(matches!(desk.state.dialog, Some(Dialog::Question(Question::Unsaved { .. }))));
    assert!(!desk.state.requests.contains(&Request::Close));
    std::fs::remove_file(target).unwrap();
}

#[test]
fn a_file_that_cannot_be_written_loses_nothing() {
    let nowhere = PathBuf::from("/proc/pipewright/no.ron");
    let mut desk = Desk::answering("nowhere", vec![Some(nowhere)]);
    file::open_sample(&mut desk.state, &samples::ALL[0]);
    desk.state.front_mut().unwrap().document.mark_unsaved();
    desk.perform(Action::Command("file.save"));
    desk.until("the failure", |state| state.notices.iter().any(|notice| matches!(notice, crate::state::Notice::Failed(_))));
    assert!(desk.state.front().unwrap().document.dirty());
}

#[test]
fn a_copy_pasted_is_the_same_under_fresh_ids() {
    let mut desk = Desk::with_sample("copy");
    let before = desk.graph();
    desk.perform(Action::Command("edit.select_all"));
    desk.perform(Action::Command("edit.copy"));
    let copied = desk.state.requests.iter().find_map(|request| match request {
        Request::Copy(text) => Some(text.clone()),
        Request::Paste | Request::Close => None,
    });
    desk.state.pasted = copied;
    desk.perform(Action::Command("edit.paste"));
    let after = desk.graph();
    assert_eq!(after.nodes().len(), 2 * before.nodes().len());
    assert_eq!(after.pipes().len(), 2 * before.pipes().len());
    desk.perform(Action::Command("edit.undo"));
    assert_eq!(desk.graph(), before, "one step");
    desk.state.pasted = Some("no graph at all".into());
    desk.perform(Action::Command("edit.paste"));
    assert_eq!(desk.graph(), before);
}

#[test]
fn a_topic_gets_a_subscription_in_between() {
    let mut desk = Desk::new("topic");
    desk.perform(Action::Command("file.new"));
    for kind in ["topic", "sink"] {
        desk.perform(Action::AddNode { kind: kind.into(), at: egui::pos2(0.0, 0.0), wire: None, into: None });
    }
    let end = |name: &str, port: &str| End { node: node(name), port: port.into() };
    desk.perform(Action::Connect(end("topic", "out"), end("sink", "in")));
    let graph = desk.graph();
    assert!(graph.pipe(&PipeId { from: end("topic", "out"), to: end("subscription", "in") }).is_some(), "{:?}", graph.pipes().keys());
    assert!(graph.pipe(&PipeId { from: end("subscription", "out"), to: end("sink", "in") }).is_some());
    desk.perform(Action::Command("edit.undo"));
    assert_eq!(desk.graph().nodes().len(), 2, "one step");
}

#[test]
fn a_node_dropped_on_a_pipe_goes_into_it_and_can_be_cut_out_again() {
    let mut desk = Desk::with_sample("insert");
    let before = desk.graph();
    let pipe = before.pipes().keys().next().unwrap().clone();
    desk.perform(Action::AddNode { kind: "filter".into(), at: egui::pos2(7.0, 9.0), wire: None, into: Some(pipe.clone()) });
    let graph = desk.graph();
    assert!(graph.pipe(&pipe).is_none());
    assert_eq!(graph.pipes().len(), before.pipes().len() + 1);
    assert_eq!(desk.state.front().unwrap().selection.first(), Some(&Item::Node(node("filter"))));
    desk.perform(Action::Command("edit.delete_reconnect"));
    assert!(desk.graph().pipe(&pipe).is_some());
    assert_eq!(desk.graph().nodes().len(), before.nodes().len());
}

#[test]
fn a_run_starts_pauses_changes_and_stops() {
    let mut desk = Desk::with_sample("run");
    let run_state = |state: &State| state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.state().cloned());
    desk.perform(Action::Command("run.simulate"));
    desk.until("the start", |state| run_state(state) == Some(RunState::Running));
    let generator = desk.graph().nodes().keys().next().unwrap().clone();
    let rate = pipewright_runtime::setting::Setting::text("50/s");
    desk.perform(Action::Edit("Rate".into(), Edit::SetSetting(generator.clone(), "rate".into(), Some(rate))));
    let changed = |state: &State| {
        let snapshot = state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot());
        snapshot.is_some_and(|snapshot| snapshot.journal.iter().any(|line| line.node.as_ref() == Some(&generator)))
    };
    desk.until("the hot change in the journal", changed);
    desk.perform(Action::Command("run.pause"));
    desk.until("the pause", |state| run_state(state) == Some(RunState::Paused));
    desk.perform(Action::Command("run.step"));
    desk.perform(Action::Command("run.faster"));
    desk.perform(Action::Command("run.pause"));
    desk.until("going on", |state| run_state(state) == Some(RunState::Running));
    desk.perform(Action::Command("run.stop"));
    desk.perform(Action::Control(pipewright_runtime::engine::control::Control::StopNow));
    desk.until("the end", |state| run_state(state) == Some(RunState::Ended));
    assert!(!desk.state.front().unwrap().running());
}

#[test]
fn a_node_put_between_two_has_room_and_frames_keep_what_is_in_them() {
    let mut desk = Desk::with_sample("room");
    let before = desk.graph();
    let pipe = before.pipes().keys().next().unwrap().clone();
    let (from, to) = (before.node(&pipe.from.node).unwrap().position, before.node(&pipe.to.node).unwrap().position);
    let at = egui::pos2(f32::midpoint(from.x, to.x), from.y);
    desk.perform(Action::AddNode { kind: "delay".into(), at, wire: None, into: Some(pipe) });
    let graph = desk.graph();
    let places: Vec<_> = graph.nodes().values().map(|node| node.position).collect();
    for (number, a) in places.iter().enumerate() {
        for b in &places[number + 1..] {
            assert!((a.x - b.x).abs() >= 176.0 || (a.y - b.y).abs() >= 86.0, "{a:?} lies upon {b:?}");
        }
    }
    for frame in before.frames().keys() {
        assert_eq!(graph.nodes_in(*frame), before.nodes_in(*frame));
    }
    desk.perform(Action::Command("edit.undo"));
    assert_eq!(desk.graph(), before, "in one step");
}

#[test]
fn undo_brings_the_selection_back() {
    let mut desk = Desk::with_sample("undo-selection");
    let nodes: Vec<NodeId> = desk.graph().nodes().keys().cloned().collect();
    let chosen = |desk: &Desk| desk.state.front().unwrap().selection.clone();
    let both: std::collections::BTreeSet<Item> = nodes[..2].iter().cloned().map(Item::Node).collect();
    desk.perform(Action::Select(both.iter().cloned().collect()));
    desk.perform(Action::Command("edit.delete"));
    assert!(chosen(&desk).is_empty());
    desk.perform(Action::Select(vec![Item::Node(nodes[2].clone())]));
    desk.perform(Action::Command("edit.undo"));
    assert_eq!(chosen(&desk), both, "what was deleted is selected again");
    desk.perform(Action::Command("edit.redo"));
    assert_eq!(chosen(&desk), [Item::Node(nodes[2].clone())].into(), "and what was selected after that");
}

#[test]
fn a_redrawn_run_is_restarted_and_its_report_written() {
    let folder = std::env::temp_dir().join(format!("pipewright-desk-report-{}", std::process::id()));
    let path = folder.join("run.json");
    let mut desk = Desk::answering("report", vec![Some(path.clone())]);
    file::open_sample(&mut desk.state, &samples::ALL[1]);
    let run_state = |state: &State| state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.state().cloned());
    let has = |state: &State, node: &NodeId| {
        let snapshot = state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot());
        snapshot.is_some_and(|snapshot| snapshot.nodes.contains_key(node))
    };
    desk.perform(Action::Command("run.simulate"));
    desk.until("the start", |state| run_state(state) == Some(RunState::Running));
    desk.perform(Action::Command("run.save_report"));
    assert!(desk.state.files.take().is_none(), "a run that goes on has no report");
    let pipe = desk.graph().pipes().keys().next().unwrap().clone();
    desk.perform(Action::AddNode { kind: "delay".into(), at: egui::pos2(0.0, 0.0), wire: None, into: Some(pipe) });
    desk.perform(Action::Edit("Seed".into(), Edit::SetGraphSetting("seed".into(), Some(7.into()))));
    desk.follow();
    assert_eq!(desk.state.front().unwrap().waits(), Some(Waits::NextStart), "a seed is read at the start alone");
    desk.perform(Action::Command("run.restart"));
    desk.until("the end of the run before", |state| !state.front().unwrap().running());
    run::start_again(&mut desk.state);
    desk.until("a run of what is drawn now", |state| has(state, &node("delay")));
    assert_eq!(desk.state.front().unwrap().waits(), None);
    desk.perform(Action::Control(pipewright_runtime::engine::control::Control::StopNow));
    let over = |state: &State| !state.front().unwrap().running() && state.front().unwrap().session.as_ref().unwrap().reported();
    desk.until("the report", over);
    run::start_again(&mut desk.state);
    assert!(!desk.state.front().unwrap().running(), "it was asked for once");
    desk.perform(Action::Command("run.save_report"));
    desk.until("the file", |_| path.is_file() && std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with("}\n")));
    let text = std::fs::read_to_string(&path).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((report["messages"]["balanced"].as_bool(), report["mode"].as_str()), (Some(true), Some("simulated")));
    assert!(report["nodes"]["delay"].is_object() && report["graph"].is_string(), "{text}");
}

#[test]
fn g12_a_run_follows_the_drawing_and_says_what_it_did() {
    let mut desk = Desk::with_sample("follow");
    let snapshot = |state: &State| state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot().cloned());
    let has = move |state: &State, node: &str| snapshot(state).is_some_and(|snapshot| snapshot.nodes.contains_key(node));
    let told = |state: &State, words: &str| state.notices.iter().any(|notice| matches!(notice, Notice::Done(text) if text.contains(words)));
    desk.perform(Action::Command("run.simulate"));
    desk.until("the start", |state| snapshot(state).is_some_and(|snapshot| snapshot.state == RunState::Running));
    let first = desk.graph().pipes().keys().next().unwrap().clone();
    // Put in on a pipe.
    desk.perform(Action::AddNode { kind: "delay".into(), at: egui::pos2(0.0, 0.0), wire: None, into: Some(first) });
    desk.until("the delay in the run", |state| has(state, "delay"));
    desk.until("the notice", |state| told(state, "Delay put in"));
    assert_eq!(desk.state.front().unwrap().waits(), None);
    // A setting alone touches nothing else, and is no change of the drawing for the run.
    desk.perform(Action::Edit(
        "Time".into(),
        Edit::SetSetting(node("delay"), "time".into(), Some(pipewright_runtime::setting::Setting::text("5 ms"))),
    ));
    desk.follow();
    assert_eq!(snapshot(&desk.state).unwrap().changes.applied, 1);
    // Errors leave the run as it was; they come into force when they are gone.
    desk.perform(Action::AddNode { kind: "map".into(), at: egui::pos2(0.0, 300.0), wire: None, into: None });
    desk.follow();
    assert_eq!(desk.state.front().unwrap().waits(), Some(Waits::Errors));
    desk.perform(Action::Command("edit.undo"));
    desk.follow();
    assert_eq!(desk.state.front().unwrap().waits(), None);
    // Cut out again, and undone.
    desk.perform(Action::Select(vec![Item::Node(node("delay"))]));
    desk.perform(Action::Command("edit.delete_reconnect"));
    desk.until("the run without the delay", |state| !has(state, "delay"));
    desk.until("the notice of that", |state| told(state, "Delay taken out"));
    desk.perform(Action::Command("edit.undo"));
    desk.until("the delay back in the run", |state| has(state, "delay"));
    // An open gesture is waited for.
    let applied = |state: &State| snapshot(state).map_or(0, |snapshot| snapshot.changes.applied);
    let (before, pipe) = (applied(&desk.state), desk.graph().pipes().keys().next().unwrap().clone());
    desk.perform(Action::BeginGesture("Drag".into()));
    desk.perform(Action::Edit("Capacity".into(), Edit::SetPipeSetting(pipe, "capacity".into(), Some(3.into()))));
    desk.follow();
    assert!(desk.state.front().unwrap().session.as_ref().unwrap().drawing.differs(&desk.graph()), "nothing was sent");
    desk.perform(Action::EndGesture);
    desk.until("what the gesture did", |state| applied(state) > before);
    assert!(!desk.state.front().unwrap().session.as_ref().unwrap().drawing.differs(&desk.graph()));
}

#[test]
fn g12_a_store_with_messages_is_taken_out_of_a_run_only_when_asked_for_twice() {
    let mut desk = Desk::new("takeout");
    // A burst stands in its queue for two seconds.
    file::open_sample(&mut desk.state, samples::ALL.iter().find(|sample| sample.title == "Overload").unwrap());
    let snapshot = |state: &State| state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot().cloned());
    let queue = desk.graph().nodes().iter().find(|(_, node)| node.kind == "queue").map(|(id, _)| id.clone()).unwrap();
    desk.perform(Action::Select(vec![Item::Node(queue.clone())]));
    desk.perform(Action::Command("run.simulate"));
    let waiting = |state: &State| snapshot(state).and_then(|snapshot| snapshot.nodes.get(&queue).map(|figures| figures.held)).unwrap_or(0);
    desk.until("messages in the queue", |state| waiting(state) > 20);
    desk.perform(Action::Command("run.pause"));
    desk.until("the pause", |state| snapshot(state).is_some_and(|snapshot| snapshot.state == RunState::Paused));
    let held = waiting(&desk.state);
    assert!(held > 0);
    // In a composite it goes on with all of them, and is asked for as well.
    desk.perform(Action::Command("edit.make_composite"));
    let Some(Item::Node(composite)) = desk.state.front().unwrap().only_selected().cloned() else { panic!("the composite is selected") };
    let inside = desk.state.front().unwrap().document.whole().inside(&composite).next().expect("the queue is inside").clone();
    let moved = |state: &State| snapshot(state).and_then(|snapshot| snapshot.nodes.get(&inside).map(|figures| figures.held));
    desk.until("the change", |state| moved(state).is_some());
    assert_eq!(moved(&desk.state), Some(held));
    desk.perform(Action::Command("edit.delete"));
    assert!(desk.graph().nodes().contains_key(&composite), "asked first");
    assert!(matches!(&desk.state.dialog, Some(Dialog::Question(Question::TakeOut { messages, .. })) if *messages == held));
    edit::delete_anyway(&mut desk.state);
    assert!(!desk.graph().nodes().contains_key(&composite));
}

#[test]
fn g12_a_durable_store_with_messages_keeps_its_path_in_a_run() {
    let mut desk = Desk::new("durable");
    file::open_sample(&mut desk.state, samples::ALL.iter().find(|sample| sample.title == "Overload").unwrap());
    let queue = desk.graph().nodes().iter().find(|(_, node)| node.kind == "queue").map(|(id, _)| id.clone()).unwrap();
    desk.perform(Action::Edit("Durable".into(), Edit::SetSetting(queue.clone(), "durable".into(), Some(true.into()))));
    desk.perform(Action::Select(vec![Item::Node(queue.clone())]));
    desk.perform(Action::Command("run.simulate"));
    let held = |state: &State| {
        let snapshot = state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot().cloned());
        snapshot.and_then(|snapshot| snapshot.nodes.get(&queue).map(|figures| figures.held)).unwrap_or(0)
    };
    desk.until("messages in the queue", |state| held(state) > 20);
    desk.perform(Action::Command("run.pause"));
    desk.perform(Action::Command("edit.make_composite"));
    assert!(desk.graph().nodes().contains_key(&queue), "its store goes by its path");
    let told = format!("{:?}", desk.state.notices);
    assert!(told.contains("keeps its messages on the disk"), "{told}");
}

#[test]
fn a_pipe_led_elsewhere_keeps_its_settings_and_its_place() {
    let mut desk = Desk::with_sample("reconnect");
    let before = desk.graph();
    let (place, (pipe, _)) = before.pipes().iter().enumerate().next().expect("the sample has pipes");
    let set = Edit::SetPipeSetting(pipe.clone(), "capacity".into(), Some(7.into()));
    desk.perform(Action::Edit("Capacity".into(), set));
    desk.perform(Action::Select(vec![Item::Pipe(pipe.clone())]));
    let sink = NodeId::new("elsewhere").unwrap();
    desk.perform(Action::Edit("Add".into(), Edit::AddNode(sink.clone(), Box::new(Node::new("sink", Point::default())), None)));
    let to = End { node: sink, port: "in".into() };
    desk.perform(Action::Reconnect(pipe.clone(), pipe.from.clone(), to.clone()));
    let led = PipeId { from: pipe.from.clone(), to };
    let graph = desk.graph();
    assert_eq!(graph.pipes().get_index_of(&led), Some(place), "{:?}", desk.state.notices);
    assert_eq!((graph.pipes()[&led].settings.get("capacity").cloned(), graph.pipe(pipe)), (Some(7.into()), None));
    assert_eq!(desk.state.front().unwrap().selection, [Item::Pipe(led)].into());
    desk.perform(Action::Command("edit.undo"));
    assert!(desk.graph().pipe(pipe).is_some(), "one step leads back");
}

#[test]
fn an_outbox_gives_its_actions_once() {
    let mut outbox = Outbox::default();
    outbox.command("edit.undo");
    assert_eq!(outbox.take().len(), 1);
    assert!(outbox.take().is_empty());
}
