//! Ports: where pipes begin and end, and what may pass there.

use std::borrow::Cow;

/// What passes through a port, and how it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PortRole {
    /// Messages: a circle.
    Message,
    /// Errors and dead letters: a diamond at the bottom.
    Error,
    /// Commands between schedulers, agents and supervisors: a square.
    Control,
}

/// How many pipes an output may have, and what that means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fan {
    /// One pipe.
    One,
    /// Many pipes; each message goes to one of them (a store's consumers compete).
    Compete,
    /// Many pipes; each gets a copy (a topic's subscriptions).
    Copy,
}

/// How messages leave an output (G1 to G3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Flow {
    /// The sender spends credits that stand for room in the pipe; a full pipe blocks it.
    Push,
    /// The consumer grants credit for free servers; a store hands out only against credit (G3).
    Pull,
    /// Never blocks: from a topic to its subscriptions, which buffer (G2).
    Free,
}

/// One port of a node.
#[derive(Clone, PartialEq, Debug)]
pub struct Port {
    /// The name in files and reports: a short word.
    pub name: Cow<'static, str>,
    /// What passes.
    pub role: PortRole,
    /// How many pipes may leave (inputs take any number).
    pub fan: Fan,
    /// How messages leave (outputs only).
    pub flow: Flow,
    /// Whether `check` asks for a pipe here.
    pub required: bool,
    /// Whether every message that comes in leaves here, one for one, sooner or later, unless it fails (outputs only): then what is known
    /// of the rate before the node is known behind it.
    pub passes_all: bool,
    /// One sentence for the tooltip.
    pub help: Cow<'static, str>,
}

impl Port {
    /// An input for messages that must be wired.
    pub const fn input(name: &'static str, help: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            role: PortRole::Message,
            fan: Fan::One,
            flow: Flow::Push,
            required: true,
            passes_all: false,
            help: Cow::Borrowed(help),
        }
    }

    /// An output for messages that must be wired, to one pipe.
    pub const fn output(name: &'static str, help: &'static str) -> Self {
        Self::input(name, help)
    }

    /// An output for messages that failed here. Unwired, failures go to the graph's dead letters.
    pub const fn error(name: &'static str, help: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            role: PortRole::Error,
            fan: Fan::One,
            flow: Flow::Push,
            required: false,
            passes_all: false,
            help: Cow::Borrowed(help),
        }
    }

    /// The same, but every message that comes in leaves here.
    #[must_use]
    pub const fn passing_all(mut self) -> Self {
        self.passes_all = true;
        self
    }

    /// The same, but it may stay unwired.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same with another fan and flow.
    #[must_use]
    pub const fn flowing(mut self, fan: Fan, flow: Flow) -> Self {
        self.fan = fan;
        self.flow = flow;
        self
    }
}

/// A node's ports: numbers are positions in these lists.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Ports {
    /// Where messages come in.
    pub inputs: Vec<Port>,
    /// Where messages go out; an error port, if any, is among them.
    pub outputs: Vec<Port>,
    /// `Some(kind name)`: what every pipe out of a [`PortRole::Message`] output of this node must lead to (a topic's subscriptions, G2).
    pub only_to: Option<&'static str>,
    /// `Some(kind name)`: what every pipe into this node must come from.
    pub only_from: Option<&'static str>,
}

impl Ports {
    /// The number of the output with this name.
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|port| port.name == name)
    }

    /// The number of the input with this name.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|port| port.name == name)
    }

    /// The number of the error output.
    pub fn error(&self) -> Option<usize> {
        self.outputs.iter().position(|port| port.role == PortRole::Error)
    }
}
