//! Who gets what: the patterns of a topic's subscriptions, read through the topic's form and found through one tree.

use super::presence::Presence;
use super::record::StartFrom;
use crate::id::NodeId;
use crate::node::Form;
use crate::node::field::Word;
use crate::wildcard::{Dialect, Pattern, Tree};
use std::sync::Arc;

/// The words of the field `dialect`.
pub const DIALECTS: &[Word] = &[
    Word {
        name: "mqtt",
        label: "MQTT",
        help: "`plant/+/heat`, `plant/#`: `+` is one level, `#` at the end the level above and all below.",
    },
    Word { name: "nats", label: "NATS", help: "`plant.*.heat`, `plant.>`: `*` is one level, `>` at the end one level or more." },
    Word { name: "amqp", label: "AMQP", help: "`plant.*.heat`, `#.heat`: `*` is one word, `#` anywhere none or more." },
];

/// The setting of a subscription that says which topics it wants.
pub const PATTERN: &str = "pattern";

/// Who gets a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// Every subscription.
    All,
    /// These.
    Some(Arc<[u32]>),
}

/// The patterns of the subscriptions behind one output.
pub struct Routes {
    pub dialect: Dialect,
    /// Which subscription it is, by branch.
    ids: Vec<NodeId>,
    /// The pattern of each, by branch.
    patterns: Vec<Pattern>,
    /// When each is there, and where it starts from.
    readers: Vec<(Presence, StartFrom)>,
    tree: Tree,
    /// Whether all of them want everything, so that nothing needs to be looked up.
    all_want_all: bool,
    found: Vec<u32>,
}

impl Routes {
    /// Reads the topic's dialect and the patterns of its subscriptions. A pattern that is none is told of at the subscription, and stands
    /// for everything.
    pub fn read(form: &mut Form<'_>) -> Self {
        let dialect = Dialect::named(form.choice("dialect")).unwrap_or_default();
        let (mut ids, mut patterns, mut readers) = (Vec::new(), Vec::new(), Vec::new());
        for receiver in form.receivers() {
            ids.push(receiver.id.clone());
            readers.push((Presence::of(receiver), StartFrom::of(receiver)));
            let text = receiver.text(PATTERN).filter(|text| !text.is_empty());
            let pattern = text.map_or_else(|| Ok(Pattern::everything(dialect)), |text| Pattern::new(dialect, &text));
            patterns.push(pattern.unwrap_or_else(|fault| {
                let problem = receiver.problem(PATTERN, format!("{} (the topic speaks {})", fault.message, dialect.name().to_uppercase()));
                form.push(problem.at(1, fault.column).hint(hint(dialect)));
                Pattern::everything(dialect)
            }));
        }
        let mut tree = Tree::new(dialect);
        for (branch, pattern) in (0..).zip(&patterns) {
            tree.insert(pattern, branch);
        }
        let all_want_all = patterns.iter().all(Pattern::is_everything);
        Self { dialect, ids, patterns, readers, tree, all_want_all, found: Vec::new() }
    }

    /// The pattern of one subscription, when it is there, and where it starts from.
    pub fn reader(&self, branch: u32) -> Option<(&Pattern, &Presence, StartFrom)> {
        let (presence, from) = self.readers.get(branch as usize)?;
        Some((self.patterns.get(branch as usize)?, presence, *from))
    }

    /// Every subscription, by branch.
    pub fn ids(&self) -> &[NodeId] {
        &self.ids
    }

    /// How many subscriptions there are.
    pub const fn len(&self) -> u32 {
        self.readers.len() as u32
    }

    /// Who wants this topic; `None`: nobody.
    pub fn choose(&mut self, topic: Option<&str>, may: impl Fn(u32) -> bool) -> Option<Chosen> {
        self.found.clear();
        let hidden = self.dialect == Dialect::Mqtt && topic.is_some_and(|topic| topic.starts_with('$'));
        if self.all_want_all && !hidden {
            self.found.extend(0..self.patterns.len() as u32);
        } else {
            self.tree.matching(topic, &mut self.found);
        }
        self.found.retain(|branch| may(*branch));
        match self.found.len() {
            0 => None,
            all if all == self.patterns.len() => Some(Chosen::All),
            _ => {
                // In the order of the pipes, whatever way the tree was walked.
                self.found.sort_unstable();
                Some(Chosen::Some(self.found.as_slice().into()))
            }
        }
    }
}

/// What a pattern may look like.
pub const fn hint(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mqtt => "for example `orders/#` or `orders/+/paid`",
        Dialect::Nats => "for example `orders.>` or `orders.*.paid`",
        Dialect::Amqp => "for example `orders.#` or `*.paid`",
    }
}
