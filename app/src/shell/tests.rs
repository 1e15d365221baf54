//! The window without a screen: every kind in the inspector, every tab of the dock on a run, found by their names.

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
