//! The window without a screen: every kind in the inspector, every tab of the dock on a run, found by their names.

mod composites;
mod expected;
mod trust;

use super::*;
use crate::action::Item;
use crate::samples;
use crate::workspace::{DockTab, InspectorTab};
use egui::{Pos2, RawInput, Rect, vec2};
use pipewright_runtime::id::NodeId;
use pipewright_runtime::telemetry::snapshot::RunState;

struct Screen {
    context: Context,
    shell: Shell,
    seconds: f64,
}

impl Screen {
    fn new(theme: ThemeChoice) -> Self {
        let context = Context::default();
        context.enable_accesskit();
        let folders = Folders::below(&std::env::temp_dir().join(format!("pipewright-screen-{}", std::process::id())));
        let preferences = Preferences { theme, ..Preferences::default() };
        let shell = Shell::new(&context, &WindowArguments::default(), folders, preferences);
        Self { context, shell, seconds: 0.0 }
    }

    /// Paints a frame; the names of all that a screen reader would find.
    fn frame(&mut self) -> Vec<String> {
        self.seconds += 0.25;
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1_600.0, 1_000.0)));
        let input = RawInput { screen_rect, time: Some(self.seconds), focused: true, ..RawInput::default() };
        let shell = &mut self.shell;
        let mut output = self.context.run_ui(input, |ui| shell.frame_ui(ui));
        // Nobody paints here.
        output.textures_delta.clear();
        let update = output.platform_output.accesskit_update.expect("it was switched on");
        update.nodes.iter().flat_map(|(_, node)| [node.label(), node.value()]).flatten().map(str::to_owned).collect()
    }

    fn frames(&mut self, count: usize) -> Vec<String> {
        (1..count).for_each(|_| drop(self.frame()));
        self.frame()
    }
}

#[track_caller]
fn assert_found(names: &[String], wanted: &str) {
    assert!(names.iter().any(|name| name.contains(wanted)), "`{wanted}` is not on screen; there is {names:?}");
}

#[test]
fn the_inspector_names_every_field_of_every_kind() {
    for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
        let mut screen = Screen::new(theme);
        screen.shell.state.outbox.command("file.new");
        screen.frame();
        for kind in CATALOGUE.kinds() {
            let add = Action::AddNode { kind: kind.name.to_owned(), at: Pos2::ZERO, wire: None, into: None };
            screen.shell.state.push(add);
            screen.shell.state.preferences.workspace.inspector_tab = InspectorTab::Settings;
            let names = screen.frames(3);
            for field in kind.fields.iter().filter(|field| field.when.is_none()) {
                assert_found(&names, field.label);
            }
            for tab in [InspectorTab::Live, InspectorTab::Guide] {
                screen.shell.state.preferences.workspace.inspector_tab = tab;
                screen.frames(2);
            }
        }
    }
}

#[test]
fn a_run_is_seen_in_every_tab() {
    let mut screen = Screen::new(ThemeChoice::Dark);
    perform::file::open_sample(&mut screen.shell.state, &samples::ALL[1]);
    screen.shell.state.outbox.command("run.simulate");
    let began = Instant::now();
    let going = |screen: &Screen| {
        let snapshot = screen.shell.state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot()).cloned();
        snapshot.is_some_and(|snapshot| snapshot.state == RunState::Running && snapshot.books.delivered > 20)
    };
    while !going(&screen) {
        assert!(began.elapsed() < Duration::from_secs(20), "the run does not come up");
        screen.frame();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_found(&screen.frame(), "running");
    let nodes: Vec<NodeId> = screen.shell.state.front().unwrap().document.graph().nodes().keys().cloned().collect();
    for (at, tab) in DockTab::ALL.into_iter().enumerate() {
        screen.shell.state.preferences.workspace.dock_tab = tab;
        screen.shell.state.preferences.workspace.inspector_tab = InspectorTab::Live;
        screen.shell.state.push(Action::Select(vec![Item::Node(nodes[at % nodes.len()].clone())]));
        let names = screen.frames(3);
        assert_found(&names, tab.title());
        assert_found(&names, "Received");
    }
    screen.shell.state.push(Action::Control(pipewright_runtime::engine::control::Control::StopNow));
    let ended = |screen: &Screen| !screen.shell.state.front().unwrap().running();
    while !ended(&screen) {
        assert!(began.elapsed() < Duration::from_secs(40), "the run does not end");
        screen.frame();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_found(&screen.frames(2), "The run ended");
}

#[test]
fn dialogs_open_over_the_welcome_page() {
    let mut screen = Screen::new(ThemeChoice::Light);
    let names = screen.frames(2);
    for sample in samples::ALL {
        assert_found(&names, sample.title);
    }
    screen.shell.state.outbox.command("view.palette");
    screen.frame();
    assert_found(&screen.frames(2), "Search or run a command");
    assert!(screen.shell.state.dialog.is_some());
}

/// A person's way through the desk: see what failed, choose, look, edit, try, put back to work, and see it fail again.
#[test]
fn the_desk_leads_from_a_failure_back_to_work() {
    let mut screen = Screen::new(ThemeChoice::Dark);
    let sample = samples::ALL.iter().find(|sample| sample.title.contains("the desk")).expect("it is there");
    perform::file::open_sample(&mut screen.shell.state, sample);
    screen.shell.state.preferences.workspace.dock_tab = DockTab::DeadLetters;
    assert_found(&screen.frames(2), "No dead letters");
    screen.shell.state.front_mut().unwrap().speed = pipewright_runtime::engine::control::Speed::Times(20.0);
    screen.shell.state.outbox.command("run.simulate");
    let began = Instant::now();
    let until = |screen: &mut Screen, what: &str, done: &dyn Fn(&pipewright_runtime::telemetry::snapshot::Snapshot) -> bool| {
        loop {
            let snapshot =
                screen.shell.state.front().and_then(|open| open.session.as_ref()).and_then(|session| session.snapshot()).cloned();
            if snapshot.is_some_and(|snapshot| done(&snapshot)) {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "waited in vain for {what}");
            screen.frame();
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    until(&mut screen, "letters", &|snapshot| snapshot.dead_letters.get("failed").is_some_and(|shelf| shelf.len() > 10));
    let names = screen.frames(2);
    for wanted in
        ["Kitchen queue · max deliveries", "Search letters", "Redrive rate", "Choose all of Kitchen queue", "to Kitchen queue at once"]
    {
        assert_found(&names, wanted);
    }
    // With the keyboard: the palette's commands do what the buttons do.
    screen.shell.state.outbox.command("run.redrive");
    until(&mut screen, "the first to go back", &|snapshot| snapshot.dead_letters["failed"].acts.sent > 10);
    let again = |snapshot: &pipewright_runtime::telemetry::snapshot::Snapshot| {
        snapshot.dead_letters["failed"].iter().any(|letter| letter.redriven() == 1)
    };
    until(&mut screen, "one that failed again", &again);
    let names = screen.frames(4);
    assert_found(&names, "failed again");
    assert_found(&names, "sent back");
    // Discarding asks first, in its place, and goes on when told so.
    screen.shell.state.outbox.command("run.discard");
    assert_found(&screen.frames(3), "for good? They are counted as dropped.");
    perform::letters::discard_now(&mut screen.shell.state);
    until(&mut screen, "what was discarded", &|snapshot| snapshot.books.dropped.get("discarded").is_some_and(|count| *count > 0));
    assert_found(&screen.frames(2), "discarded");
    screen.shell.state.push(Action::Control(pipewright_runtime::engine::control::Control::StopNow));
    until(&mut screen, "the end", &|snapshot| snapshot.state == RunState::Ended);
}

/// Every page of an opened letter, and a dry run of it as edited.
#[test]
fn an_opened_letter_is_edited_and_tried() {
    let mut screen = Screen::new(ThemeChoice::Light);
    let sample = samples::ALL.iter().find(|sample| sample.title.contains("the desk")).expect("it is there");
    perform::file::open_sample(&mut screen.shell.state, sample);
    screen.shell.state.preferences.workspace.dock_tab = DockTab::DeadLetters;
    screen.shell.state.front_mut().unwrap().speed = pipewright_runtime::engine::control::Speed::Times(20.0);
    screen.shell.state.outbox.command("run.simulate");
    let began = Instant::now();
    let height = |screen: &Screen| screen.shell.state.preferences.workspace.dock_height;
    screen.frames(2);
    let before = height(&screen);
    while !screen.shell.state.front_mut().unwrap().views.dead_letters.open_first("portions\":\"many") {
        assert!(began.elapsed() < Duration::from_mins(1), "no wrong order is given up");
        screen.frame();
        std::thread::sleep(Duration::from_millis(5));
    }
    screen.shell.state.outbox.command("run.pause");
    assert_found(&screen.frames(3), "Redrive this");
    assert!((height(&screen) - before).abs() < 1.0, "the dock keeps its height: {}, not {before}", height(&screen));
    screen.shell.state.outbox.command("run.dry_run");
    let wait_for = |screen: &mut Screen, wanted: &str| {
        loop {
            let names = screen.frames(2);
            if names.iter().any(|name| name.contains(wanted)) {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "`{wanted}` is not on screen; there is {names:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait_for(&mut screen, "it would fail again");
    screen.shell.state.front_mut().unwrap().views.dead_letters.edit_payload(|text| text.replace("many", "2"));
    let names = screen.frames(3);
    assert_found(&names, "Difference");
    assert_found(&names, "+   \"portions\": \"2\"");
    assert_found(&names, "Redrive edited");
    screen.shell.state.front_mut().unwrap().views.dead_letters.edit_payload(|text| text.replace("\"2\"", "two"));
    assert_found(&screen.frames(3), "This is not JSON");
    screen.shell.state.front_mut().unwrap().views.dead_letters.edit_payload(|text| text.replace("two", "\"2\""));
}

#[test]
fn a_live_run_asks_for_what_it_may_not_do_by_itself() {
    let folder = std::env::temp_dir().join(format!("pipewright-trust-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("graph")).unwrap();
    std::fs::write(folder.join("prices.jsonl"), "1\n2\n3\n").unwrap();
    let path = folder.join("graph/a.ron");
    let graph = |file: &str| {
        format!("(format: 1, nodes: {{\"prices\": file_source(path: \"{file}\"), \"kept\": sink()}}, pipes: [\"prices.out -> kept.in\"])")
    };
    std::fs::write(&path, graph("../prices.jsonl")).unwrap();
    let mut screen = Screen::new(ThemeChoice::Light);
    screen.shell.state.io.ask(crate::io::Job::Open(path.clone()));
    let began = Instant::now();
    let until = |screen: &mut Screen, what: &str, so: &dyn Fn(&State) -> bool| loop {
        let names = screen.frame();
        if so(&screen.shell.state) {
            return names;
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(5));
    };
    let asked = |state: &State| matches!(state.dialog, Some(dialogs::Dialog::Trust(_)));
    let decide = |screen: &mut Screen, decision| {
        let Some(dialogs::Dialog::Trust(question)) = screen.shell.state.dialog.take() else { panic!("nothing is asked") };
        perform::trust::decide(&mut screen.shell.state, &question, decision);
    };
    let ended = |state: &State| state.front().is_some_and(|open| open.session.as_ref().is_some_and(Session::reported));
    until(&mut screen, "the file opening", &|state| state.front().is_some_and(|open| !open.document.graph().nodes().is_empty()));

    screen.shell.state.outbox.command("run.live");
    until(&mut screen, "the question", &asked);
    let names = screen.frames(2);
    for words in ["read the file ../prices.jsonl", "prices", "Allow once", "Always for this file", "Don\u{2019}t"] {
        assert_found(&names, words);
    }
    decide(&mut screen, perform::trust::Decision::Never);
    assert!(!screen.shell.state.front().unwrap().running());

    // Once is for one run.
    screen.shell.state.outbox.command("run.live");
    until(&mut screen, "the question again", &asked);
    decide(&mut screen, perform::trust::Decision::Once);
    until(&mut screen, "the run to its end", &ended);
    let report = screen.shell.state.front().unwrap().session.as_ref().unwrap().report("a").unwrap();
    assert!(report.contains("read:../prices.jsonl") && report.contains("\"granted\": true"), "{report}");
    assert!(report.contains("\"delivered\": 3"), "{report}");

    screen.shell.state.outbox.command("run.live");
    until(&mut screen, "the question for ever", &asked);
    decide(&mut screen, perform::trust::Decision::Always);
    until(&mut screen, "the second run to its end", &ended);
    screen.shell.state.outbox.command("run.live");
    screen.frames(2);
    until(&mut screen, "the third run to its end", &ended);
    assert!(screen.shell.state.dialog.is_none(), "what is always allowed is not asked again");

    // Another file is another thing.
    let prices = NodeId::new("prices").unwrap();
    let edit = pipewright_runtime::graph::Edit::SetSetting(prices, "path".into(), Some("../others.jsonl".into()));
    screen.shell.state.push(Action::Edit("Path".into(), edit));
    screen.frame();
    screen.shell.state.outbox.command("run.live");
    until(&mut screen, "the question about the change", &asked);
    // A simulation asks for nothing.
    screen.shell.state.dialog = None;
    screen.shell.state.outbox.command("run.simulate");
    screen.frames(2);
    until(&mut screen, "the simulation", &|state| {
        state.front().is_some_and(|open| open.session.as_ref().is_some_and(|one| one.snapshot().is_some()))
    });
    assert!(screen.shell.state.dialog.is_none());
    let _ = std::fs::remove_dir_all(&folder);
}
