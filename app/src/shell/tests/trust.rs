//! Trust in the window: what is no longer true is no longer said.

use super::*;
use crate::document::Document;

const TEXT: &str = r#"(
    format: 1,
    nodes: {"orders": generator(rate: "50/s"), "done": sink()},
    pipes: ["orders.out -> done.in"],
)"#;

fn opened() -> Screen {
    let mut screen = Screen::new(ThemeChoice::Dark);
    screen.shell.state.show(Document::from_text(TEXT, None, CATALOGUE, 7));
    screen.frames(2);
    screen
}

/// A start that was refused was told of for nine seconds, also when the next one ran.
#[test]
fn that_a_document_was_not_started_is_not_said_while_it_runs() {
    let mut screen = opened();
    screen.shell.state.not_started(7, "orders.ron was not started");
    assert_found(&screen.frames(2), "orders.ron was not started");
    screen.shell.state.outbox.command("run.simulate");
    assert!(!screen.frames(3).iter().any(|name| name.contains("was not started")));
}
