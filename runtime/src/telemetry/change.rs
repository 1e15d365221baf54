//! What a change of a running graph did (G12): which nodes it touched, and what became of the messages that were under way.

use crate::id::NodeId;
use crate::units::Moment;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// One change that came into force.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Changed {
    /// When, on the run clock.
    pub at: Moment,
    /// Nodes put in, in order of their ids.
    pub added: Vec<NodeId>,
    /// Nodes taken out.
    pub removed: Vec<NodeId>,
    /// Nodes that went on under another id, by that: renamed, or put into a composite or out of one.
    pub moved: Vec<NodeId>,
    /// Nodes that took changed settings without a restart.
    pub kept: Vec<NodeId>,
    /// Nodes that were restarted for changed settings.
    pub restarted: Vec<NodeId>,
    /// Pipes put in.
    pub pipes_added: usize,
    /// Pipes taken out.
    pub pipes_removed: usize,
    /// Pipes with other bounds.
    pub pipes_changed: usize,
    /// Messages whose pipe or node went and that go on another way.
    pub went_on: u64,
    /// Messages given back to the store that they came from.
    pub given_back: u64,
    /// Messages dropped, because nothing is left that they could go to.
    pub dropped: u64,
    /// Messages that became dead letters.
    pub dead_lettered: u64,
}

impl Changed {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self { at: self.at, ..Self::default() }
    }

    /// What was done, in one line, with nodes called by the name that `name` has for them.
    pub fn told(&self, name: impl Fn(&NodeId) -> String) -> String {
        let mut parts: Vec<String> = Vec::new();
        let mut nodes = |nodes: &[NodeId], what: &str| {
            if !nodes.is_empty() {
                parts.push(format!("{} {what}", listed(nodes, &name)));
            }
        };
        nodes(&self.added, "put in");
        nodes(&self.removed, "taken out");
        nodes(&self.moved, "moved");
        nodes(&self.restarted, "restarted");
        nodes(&self.kept, "changed without a restart");
        for (count, what) in [(self.pipes_added, "put in"), (self.pipes_removed, "taken out"), (self.pipes_changed, "resized")] {
            if count > 0 {
                parts.push(format!("{} {what}", counted(count as u64, "pipe")));
            }
        }
        let mut moved: Vec<String> = Vec::new();
        let fates = [
            (self.went_on, "went on another way"),
            (self.given_back, "given back"),
            (self.dead_lettered, "to the dead letters"),
            (self.dropped, "dropped"),
        ];
        for (count, what) in fates.into_iter().filter(|(count, _)| *count > 0) {
            moved.push(if moved.is_empty() { format!("{} {what}", counted(count, "message")) } else { format!("{count} {what}") });
        }
        if moved.is_empty() {
            moved.push("no message was touched".to_owned());
        }
        format!("{}; {}", if parts.is_empty() { "nothing but the drawing".to_owned() } else { parts.join(", ") }, moved.join(", "))
    }
}

impl Display for Changed {
    /// The line for the journal, where nodes go by their ids.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(NodeId::to_string))
    }
}

/// All changes of a run, and the newest one.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Changes {
    /// How many came into force.
    pub applied: u64,
    /// How many could not.
    pub refused: u64,
    /// The newest: what it did, or why it could not come into force.
    pub last: Option<Result<Arc<Changed>, Arc<str>>>,
}

impl Changes {
    /// How many were asked for and dealt with.
    pub const fn dealt_with(&self) -> u64 {
        self.applied + self.refused
    }
}

fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The first few by name, the others by number.
fn listed(nodes: &[NodeId], name: impl Fn(&NodeId) -> String) -> String {
    const NAMED: usize = 4;
    let names: Vec<String> = nodes.iter().take(NAMED).map(name).collect();
    let others = nodes.len().saturating_sub(NAMED);
    if others > 0 { format!("{} and {others} more", names.join(", ")) } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<NodeId> {
        names.iter().map(|name| NodeId::new(name).expect("an id")).collect()
    }

    #[test]
    fn a_change_is_told_in_one_line() {
        let told = |changed: &Changed| changed.to_string();
        let cut = Changed { removed: ids(&["check"]), pipes_added: 1, pipes_removed: 2, went_on: 12, ..Changed::default() };
        assert_eq!(told(&cut), "check taken out, 1 pipe put in, 2 pipes taken out; 12 messages went on another way");
        let many = Changed { added: ids(&["a", "b", "c", "d", "e", "f"]), ..Changed::default() };
        assert_eq!(told(&many), "a, b, c, d and 2 more put in; no message was touched");
        let composite = Changed { moved: ids(&["desk/work", "desk/hands"]), ..Changed::default() };
        assert_eq!(told(&composite), "desk/work, desk/hands moved; no message was touched");
        let lost = Changed { restarted: ids(&["desk"]), given_back: 1, dropped: 3, ..Changed::default() };
        assert_eq!(told(&lost), "desk restarted; 1 message given back, 3 dropped");
        assert_eq!(told(&Changed::default()), "nothing but the drawing; no message was touched");
        assert!(Changed::default().is_empty() && !cut.is_empty());
    }
}
