//! Where actions are dropped during a frame.

use super::Action;

/// Where actions are dropped during a frame; the shell takes them out after painting and performs them.
#[derive(Default, Debug)]
pub struct Outbox(Vec<Action>);

impl Outbox {
    /// Drops an action.
    pub fn push(&mut self, action: Action) {
        self.0.push(action);
    }

    /// Drops a command of the table.
    pub fn command(&mut self, name: &'static str) {
        self.push(Action::Command(name));
    }

    /// Takes everything dropped so far.
    pub fn take(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.0)
    }
}
