//! The claims that an expectation can make, and how they are read from the file.

use super::figure::{Figure, did_you_mean};
use crate::expr::Expression;
use crate::graph::Graph;
use crate::id::NodeId;
use crate::problem::{Problem, Subject, nearest};
use crate::setting::Setting;
use crate::units::Span;

/// A claim that can be made: its name, its arguments, and what it says.
#[derive(Clone, Copy, Debug)]
pub struct KnownClaim {
    /// The word in files.
    pub name: &'static str,
    /// Its arguments, those that must be there first.
    pub arguments: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

/// Every claim there is.
pub const CLAIMS: &[KnownClaim] = &[
    KnownClaim {
        name: "no_loss",
        arguments: &["but_for", "dead_letters"],
        help: "Nothing was dropped and nothing became a dead letter. `but_for` lists reasons for which dropping is meant, `dead_letters: true` allows dead letters.",
    },
    KnownClaim { name: "at_least", arguments: &["of", "value"], help: "A figure of the report is no less than this." },
    KnownClaim { name: "at_most", arguments: &["of", "value"], help: "A figure of the report is no more than this." },
    KnownClaim { name: "exactly", arguments: &["of", "value"], help: "A figure of the report is just this." },
    KnownClaim {
        name: "once_per_key",
        arguments: &["at", "key"],
        help: "No two messages with one key came in at this node. The key is an expression; unset, the message's id.",
    },
    KnownClaim {
        name: "order_per_key",
        arguments: &["at", "key", "by"],
        help: "Messages of one key came in at this node in order: the expression `by` (unset: the time at which they entered the run) never went back. `key` unset: the message's own key.",
    },
    KnownClaim {
        name: "every",
        arguments: &["at", "condition"],
        help: "The condition is true for every message that came in at this node.",
    },
];

/// How a figure stands to a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    /// No less.
    AtLeast,
    /// No more.
    AtMost,
    /// Just that.
    Exactly,
}

/// A claim, read and checked.
#[derive(Clone, PartialEq, Debug)]
pub enum Claim {
    /// Nothing dropped but for these reasons, and no dead letters unless they are allowed.
    NoLoss {
        /// Reasons for which dropping is meant.
        but_for: Vec<String>,
        /// Whether dead letters are allowed.
        dead_letters: bool,
    },
    /// A figure compared with a value.
    Compare(Figure, Relation, f64),
    /// No key twice at a node.
    OncePerKey {
        /// The node.
        at: NodeId,
        /// The key; the message's id if `None`.
        key: Option<Expression>,
    },
    /// Order within each key at a node.
    OrderPerKey {
        /// The node.
        at: NodeId,
        /// The key; the message's own if `None`.
        key: Option<Expression>,
        /// What never goes back; the time of entry if `None`.
        by: Option<Expression>,
    },
    /// A condition on every message at a node.
    Every {
        /// The node.
        at: NodeId,
        /// The condition.
        condition: Expression,
    },
}

/// An expectation, read.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    /// Its name.
    pub name: String,
    /// What it claims, or why it cannot be judged.
    pub claim: Result<Claim, String>,
    /// Runs shorter than this are not judged.
    pub after: Option<Span>,
}

/// Reads the expectations of a graph, and collects what is wrong with them.
pub fn read(graph: &Graph) -> (Vec<Expected>, Vec<Problem>) {
    let (mut expected, mut problems) = (Vec::new(), Vec::new());
    for (name, expectation) in graph.expectations() {
        let mut reader = Reader { graph, arguments: arguments(&expectation.claim), faults: Vec::new() };
        let after = reader.span("after");
        let claim = reader.claim(&expectation.claim);
        let faults = reader.rest(&expectation.claim);
        for fault in &faults {
            let hint = "until this is mended, the expectation counts as broken";
            problems.push(Problem::warning("PW501", Subject::Expectation(name.clone()), fault).hint(hint));
        }
        let claim = match (faults.into_iter().next(), claim) {
            (None, Some(claim)) => Ok(claim),
            (fault, _) => Err(fault.unwrap_or_else(|| "it cannot be read".to_owned())),
        };
        expected.push(Expected { name: name.clone(), claim, after });
    }
    (expected, problems)
}

fn name_of(claim: &Setting) -> Option<&str> {
    match claim {
        Setting::Word(name) | Setting::Record(name, _) => Some(name),
        Setting::Tuple(name, items) if items.is_empty() => Some(name),
        _ => None,
    }
}

fn arguments(claim: &Setting) -> Vec<(&str, &Setting)> {
    match claim {
        Setting::Record(_, pairs) => pairs.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        _ => Vec::new(),
    }
}

struct Reader<'a> {
    graph: &'a Graph,
    arguments: Vec<(&'a str, &'a Setting)>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn claim(&mut self, claim: &Setting) -> Option<Claim> {
        Some(match name_of(claim)? {
            "no_loss" => Claim::NoLoss { but_for: self.words("but_for"), dead_letters: self.flag("dead_letters") },
            "at_least" => self.compare(Relation::AtLeast)?,
            "at_most" => self.compare(Relation::AtMost)?,
            "exactly" => self.compare(Relation::Exactly)?,
            "once_per_key" => Claim::OncePerKey { at: self.node()?, key: self.expression("key") },
            "order_per_key" => Claim::OrderPerKey { at: self.node()?, key: self.expression("key"), by: self.expression("by") },
            "every" => {
                let (at, condition) = (self.node(), self.required("condition").and_then(|_| self.expression("condition")));
                Claim::Every { at: at?, condition: condition? }
            }
            _ => return None,
        })
    }

    /// Everything that is wrong: what was found while reading, and arguments that nobody read.
    fn rest(mut self, claim: &Setting) -> Vec<String> {
        let Some(name) = name_of(claim) else {
            return vec![format!("expected a claim such as `no_loss()`, found {}", claim.sort())];
        };
        let Some(known) = CLAIMS.iter().find(|known| known.name == name) else {
            let meant = did_you_mean(nearest(name, CLAIMS.iter().map(|known| known.name)));
            let all: Vec<&str> = CLAIMS.iter().map(|known| known.name).collect();
            return vec![format!("there is no claim `{name}`{meant}; there are {}", all.join(", "))];
        };
        for (argument, _) in &self.arguments {
            if *argument != "after" && !known.arguments.contains(argument) {
                let meant = did_you_mean(nearest(argument, known.arguments.iter().copied().chain(["after"])));
                self.faults.push(format!("`{name}` has no argument `{argument}`{meant}"));
            }
        }
        self.faults
    }

    fn get(&self, name: &str) -> Option<Setting> {
        self.arguments.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).clone())
    }

    fn required(&mut self, name: &str) -> Option<Setting> {
        let value = self.get(name);
        if value.is_none() {
            self.faults.push(format!("`{name}` must be given"));
        }
        value
    }

    fn keep<T>(&mut self, name: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|fault| self.faults.push(format!("`{name}`: {fault}"))).ok()
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let text = value.as_str().map(str::to_owned).ok_or_else(|| format!("expected a text, found {}", value.sort()));
        self.keep(name, text)
    }

    fn span(&mut self, name: &str) -> Option<Span> {
        let text = self.text(name)?;
        self.keep(name, text.parse::<Span>().map_err(|error| error.to_string()))
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.get(name) {
            None => false,
            Some(Setting::Flag(flag)) => flag,
            Some(other) => self.keep(name, Err(format!("expected true or false, found {}", other.sort()))).unwrap_or(false),
        }
    }

    fn words(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let words = match &value {
            Setting::List(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        self.keep(name, words.ok_or_else(|| "expected a list of reasons, such as [filtered]".to_owned())).unwrap_or_default()
    }

    fn expression(&mut self, name: &str) -> Option<Expression> {
        let text = self.text(name)?;
        let compiled = Expression::compile(&text).map_err(|error| format!("{} (column {})", error.message, error.column));
        self.keep(name, compiled)
    }

    fn node(&mut self) -> Option<NodeId> {
        self.required("at")?;
        let text = self.text("at")?;
        let known = NodeId::new(&text).filter(|id| self.graph.node(id).is_some());
        let meant = did_you_mean(nearest(&text, self.graph.nodes().keys().map(NodeId::as_str)));
        self.keep("at", known.ok_or_else(|| format!("there is no node `{text}`{meant}")))
    }

    fn compare(&mut self, relation: Relation) -> Option<Claim> {
        let (of, value) = (self.required("of"), self.required("value"));
        of?;
        let text = self.text("of")?;
        let figure = Figure::read(&text, self.graph);
        let figure = self.keep("of", figure)?;
        let value = figure.value(&value?);
        let value = self.keep("value", value)?;
        Some(Claim::Compare(figure, relation, value))
    }
}
