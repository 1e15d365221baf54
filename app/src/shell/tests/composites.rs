//! Composites in the window: made, opened, changed inside, left, undone across levels, unpacked, saved as a file.

use super::*;
use crate::document::Document;
use pipewright_runtime::id::PipeId;
use pipewright_runtime::setting::Setting;

const TEXT: &str = r#"(
    format: 1,
    title: "Shop",
    nodes: {
        "orders": generator(title: "Orders", rate: "50/s"),
        "work": queue(title: "Work"),
        "desk": consumer_pool(title: "Desk", servers: 2, service: "1 ms"),
        "done": sink(title: "Done"),
    },
    pipes: ["orders.out -> work.in", "work.out -> desk.in", "desk.out -> done.in"],
)"#;

fn id(text: &str) -> NodeId {
    NodeId::new(text).unwrap()
}

fn shop() -> Screen {
    let mut screen = Screen::new(ThemeChoice::Dark);
    let document = Document::from_text(TEXT, None, CATALOGUE, 7);
    screen.shell.state.show(document);
    screen.frames(2);
    screen
}

impl Screen {
    fn command(&mut self, name: &'static str) -> Vec<String> {
        self.shell.state.outbox.command(name);
        self.frames(3)
    }

    fn select(&mut self, nodes: &[&str]) {
        self.shell.state.push(Action::Select(nodes.iter().map(|node| Item::Node(id(node))).collect()));
        self.frames(2);
    }

    fn document(&self) -> &Document {
        &self.shell.state.front().unwrap().document
    }

    fn notices(&self) -> String {
        format!("{:?}", self.shell.state.notices)
    }
}

#[test]
fn a_composite_is_made_opened_and_left() {
    let mut screen = shop();
    screen.select(&["work", "desk"]);
    let names = screen.command("edit.make_composite");
    assert!(screen.document().graph().node(&id("composite/work")).is_some(), "{}", screen.notices());
    assert_found(&names, "Composite, Composite");
    assert!(!names.iter().any(|name| name.starts_with("Work, ")), "what is inside is not drawn outside: {names:?}");
    assert_found(&names, "Unpack composite");
    assert!(screen.shell.state.front().unwrap().canvas.busy(), "its name is offered to be written at once");
}

#[test]
fn inside_the_same_tools_work_and_undo_goes_across_levels() {
    let mut screen = shop();
    screen.select(&["work", "desk"]);
    screen.command("edit.make_composite");
    let names = screen.command("view.enter");
    assert_eq!(screen.document().level(), Some(&id("composite")));
    assert_found(&names, "Work, Queue");
    assert_found(&names, "Leave the composite");
    assert!(!names.iter().any(|name| name.starts_with("Orders, ")), "what is outside is not drawn inside: {names:?}");
    let add = Action::AddNode { kind: "map".to_owned(), at: Pos2::ZERO, wire: None, into: None };
    screen.shell.state.push(add);
    screen.frames(2);
    assert!(screen.document().graph().node(&id("composite/map")).is_some(), "{:?}", screen.document().graph().nodes().keys());
    screen.command("view.leave");
    assert_eq!(screen.document().level(), None);
    for _ in 0..2 {
        screen.command("edit.undo");
    }
    assert!(screen.document().graph().node(&id("work")).is_some());
    assert!(!screen.document().graph().has_composites());
    for _ in 0..2 {
        screen.command("edit.redo");
    }
    assert!(screen.document().graph().node(&id("composite/map")).is_some());
    screen.select(&["composite"]);
    screen.command("view.enter");
    for _ in 0..2 {
        screen.command("edit.undo");
    }
    assert_eq!(screen.document().level(), None, "a level that is gone is left");
}

#[test]
fn a_problem_inside_is_revealed_on_its_level() {
    let mut screen = shop();
    screen.select(&["work", "desk"]);
    screen.command("edit.make_composite");
    screen.shell.state.push(Action::Reveal(Item::Node(id("composite/desk"))));
    screen.frames(2);
    assert_eq!(screen.document().level(), Some(&id("composite")));
    screen.shell.state.push(Action::Reveal(Item::Node(id("orders"))));
    screen.frames(2);
    assert_eq!(screen.document().level(), None);
}

#[test]
fn ports_are_renamed_and_the_composite_is_unpacked() {
    let mut screen = shop();
    screen.select(&["work", "desk"]);
    screen.command("edit.make_composite");
    let change = screen.document().graph().rename_port(&id("composite"), "in", "orders").unwrap();
    screen.shell.state.push(Action::Edit("Rename port".to_owned(), change));
    screen.frames(2);
    let pipe = screen.document().graph().pipes().keys().next().unwrap().to_string();
    assert_eq!(pipe, "orders.out -> composite.orders");
    screen.select(&["composite"]);
    screen.command("edit.unpack");
    assert!(!screen.document().graph().has_composites());
    assert_eq!(screen.document().graph().pipes().keys().next().unwrap().to_string(), "orders.out -> work.in");
}

#[test]
fn figures_are_summed_outside_and_shown_inside_while_it_runs() {
    let mut screen = shop();
    screen.select(&["work", "desk"]);
    screen.command("edit.make_composite");
    screen.command("run.simulate");
    let began = Instant::now();
    let (composite, inner) = (id("composite"), id("composite/desk"));
    loop {
        screen.frame();
        let session = screen.shell.state.front().unwrap().session.as_ref().unwrap();
        if let Some(snapshot) = session.snapshot()
            && let (Some(sum), Some(desk)) = (snapshot.nodes.get(&composite), snapshot.nodes.get(&inner))
            && sum.received > 5
        {
            assert!(desk.received > 0 && sum.received >= desk.received);
            assert!(!session.running().unwrap().nodes.contains_key(&composite), "the engine does not hear of composites");
            let drawn: Vec<String> = snapshot.pipes.keys().map(PipeId::to_string).collect();
            assert!(drawn.contains(&"orders.out -> composite.in".to_owned()), "{drawn:?}");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "nothing came in");
        std::thread::yield_now();
    }
    let open = screen.shell.state.front().unwrap();
    let differs = open.session.as_ref().unwrap().drawing.differs(open.document.running());
    assert!(!differs, "a border is no difference to what runs");
    screen.command("view.enter");
    screen.shell.state.push(Action::Edit(
        "Change servers".to_owned(),
        pipewright_runtime::graph::Edit::SetSetting(inner, "servers".to_owned(), Some(Setting::Integer(4))),
    ));
    screen.frames(3);
    screen.command("run.stop");
}

#[test]
fn a_used_file_can_be_given_settings_and_nothing_else() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("samples/patterns/composite.ron");
    let mut screen = Screen::new(ThemeChoice::Light);
    screen.shell.state.io.ask(Job::Open(root));
    let began = Instant::now();
    while screen.shell.state.front().is_none() {
        screen.frame();
        assert!(began.elapsed() < Duration::from_secs(30), "the file does not open");
    }
    screen.frames(3);
    assert_eq!(screen.document().problems(), []);
    screen.select(&["payment"]);
    let names = screen.command("view.enter");
    assert_found(&names, "Card desk, ");
    assert_found(&names, "from parts/payment.ron");
    let set =
        |name: &str, value| pipewright_runtime::graph::Edit::SetSetting(id("payment/desk"), name.to_owned(), Some(Setting::Integer(value)));
    screen.shell.state.push(Action::Edit("Change servers".to_owned(), set("servers", 9)));
    screen.frames(2);
    let servers = |screen: &Screen| screen.document().whole().node(&id("payment/desk")).unwrap().settings.get("servers").cloned();
    assert_eq!(servers(&screen), Some(Setting::Integer(9)));
    screen.select(&["payment/desk"]);
    let before = screen.document().revision();
    screen.command("edit.delete");
    assert_eq!(screen.document().revision(), before, "what stands in a file is not deleted here");
    screen.command("edit.undo");
    assert_eq!(servers(&screen), Some(Setting::Integer(4)));
    screen.command("view.leave");
    screen.select(&["payment"]);
    screen.command("edit.take_over");
    assert!(!screen.document().graph().uses_files());
    assert!(screen.document().graph().node(&id("payment/desk")).is_some());
}
