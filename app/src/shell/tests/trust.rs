//! Trust in the window: what is always allowed is seen and taken back, and what is no longer true is no longer said.

use super::*;
use crate::document::Document;

const TEXT: &str = r#"(
    format: 1,
    nodes: {"orders": generator(rate: "50/s"), "done": sink()},
    pipes: ["orders.out -> done.in"],
)"#;

fn opened() -> (Screen, std::path::PathBuf) {
    let mut screen = Screen::new(ThemeChoice::Dark);
    let file = std::env::temp_dir().join("pipewright-trust/orders.ron");
    screen.shell.state.show(Document::from_text(TEXT, Some(file.clone()), CATALOGUE, 7));
    screen.frames(2);
    (screen, file)
}

#[test]
fn what_is_always_allowed_is_listed_and_taken_back() {
    let (mut screen, file) = opened();
    assert!(!screen.frame().iter().any(|name| name == "Always allowed"));
    screen.shell.state.preferences.grant(&file, ["env:KEY_A", "env:KEY_B"].map(|text| text.parse().unwrap()));
    let names = screen.frames(2);
    assert_found(&names, "Always allowed");
    assert_found(&names, "Take back: read the environment variable KEY_A");
    screen.shell.state.outbox.command("run.allowed");
    let names = screen.frames(3);
    assert_found(&names, "What live runs are always allowed");
    assert_found(&names, "orders.ron");
    screen.shell.state.preferences.revoke(&file, "env:KEY_A");
    screen.shell.state.dialog = None;
    let names = screen.frames(2);
    assert_found(&names, "Take back: read the environment variable KEY_B");
    assert!(!names.iter().any(|name| name.contains("KEY_A")), "{names:?}");
}

/// A start that was refused was told of for nine seconds, also when the next one ran.
#[test]
fn that_a_document_was_not_started_is_not_said_while_it_runs() {
    let (mut screen, _) = opened();
    screen.shell.state.not_started(7, "orders.ron was not started");
    assert_found(&screen.frames(2), "orders.ron was not started");
    screen.shell.state.outbox.command("run.simulate");
    assert!(!screen.frames(3).iter().any(|name| name.contains("was not started")));
}
