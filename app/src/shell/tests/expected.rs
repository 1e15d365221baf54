//! What a graph expects is seen in the window: listed before a run, judged after it, and told if it was broken.

use super::*;
use crate::state::Notice;

const GRAPH: &str = r#"(
    format: 1,
    nodes: {
        "orders": generator(rate: "200/s", count: 3),
        "shelf": sink(),
    },
    pipes: ["orders.out -> shelf.in"],
    expect: {
        "some arrive": at_least(of: "nodes.shelf.in", value: 1),
        "a hundred arrive": at_least(of: "nodes.shelf.in", value: 100),
    },
)"#;

#[test]
fn a_run_is_judged_by_what_the_graph_expects() {
    let folder = std::env::temp_dir().join(format!("pipewright-expected-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a.ron");
    std::fs::write(&path, GRAPH).unwrap();
    let mut screen = Screen::new(ThemeChoice::Light);
    screen.shell.state.io.ask(crate::io::Job::Open(path));
    let began = Instant::now();
    let until = |screen: &mut Screen, what: &str, so: &dyn Fn(&State) -> bool| {
        while !so(&screen.shell.state) {
            assert!(began.elapsed() < Duration::from_secs(40), "{what} does not happen");
            screen.frame();
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    until(&mut screen, "the file opening", &|state| state.front().is_some_and(|open| !open.document.graph().nodes().is_empty()));
    let names = screen.frames(2);
    assert_found(&names, "some arrive: not judged yet");
    screen.shell.state.outbox.command("run.simulate");
    screen.frames(2);
    until(&mut screen, "the end of the run", &|state| {
        state.front().is_some_and(|open| open.session.as_ref().is_some_and(|session| !session.alive()))
    });
    let outcome = screen.shell.state.front().unwrap().session.as_ref().unwrap().outcome();
    assert!(
        matches!(&outcome, Some(Notice::Failed(text)) if text.contains("a hundred arrive") && !text.contains("some arrive")),
        "{outcome:?}"
    );
    let names = screen.frames(2);
    assert_found(&names, "some arrive: met");
    assert_found(&names, "a hundred arrive: broken");
    assert_found(&names, "nodes.shelf.in is 3, expected at least 100");
    let _ = std::fs::remove_dir_all(&folder);
}
