//! The descriptor of a node kind, and the catalogue of all of them.

use super::{Behaviour, Field, Form, Ports};
use crate::setting::Settings;

/// The families, in the order of the palette. Each has a colour and an icon in the theme.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Where messages come from.
    Publish,
    /// Every subscription gets a copy.
    Topic,
    /// Each message goes to one consumer.
    Queue,
    /// Pipes and filters.
    Filter,
    /// Large payloads kept off the pipes.
    Claim,
    /// To and from other systems.
    Bridge,
    /// Services that react to events.
    Choreography,
    /// Scheduler, agent, supervisor.
    Supervision,
    /// Where messages end.
    Sink,
}

impl Family {
    /// All families, in the order of the palette.
    pub const ALL: [Self; 9] = [
        Self::Publish,
        Self::Topic,
        Self::Queue,
        Self::Filter,
        Self::Claim,
        Self::Bridge,
        Self::Choreography,
        Self::Supervision,
        Self::Sink,
    ];

    /// The heading on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Publish => "Publish",
            Self::Topic => "Topic",
            Self::Queue => "Queue",
            Self::Filter => "Filter",
            Self::Claim => "Claim check",
            Self::Bridge => "Bridge",
            Self::Choreography => "Choreography",
            Self::Supervision => "Supervision",
            Self::Sink => "Sink",
        }
    }
}

/// A key figure that a running node shows under its title.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Messages received per second.
    RateIn,
    /// Messages sent per second.
    RateOut,
    /// Messages received so far.
    Received,
    /// Messages inside now.
    Held,
    /// Share of what came in that was dropped or failed.
    LostShare,
    /// Mean busy share of the servers.
    Busy,
    /// The value of a setting, as written.
    Setting(&'static str),
    /// A gauge that the behaviour reports under this name.
    Gauge(&'static str),
    /// How many pipes leave the node.
    PipesOut,
}

/// Everything the program knows about one kind of node.
pub struct Kind {
    /// The name in files: a short word in snake case. Nobody compares it.
    pub name: &'static str,
    /// The name on screen.
    pub title: &'static str,
    /// Its family.
    pub family: Family,
    /// One sentence: what it does.
    pub summary: &'static str,
    /// The guide page, in Markdown.
    pub guide: &'static str,
    /// A small graph, as the text of a file, that shows it. It opens, checks and runs in a test.
    pub example: &'static str,
    /// Its settings, in the order of the form.
    pub fields: &'static [Field],
    /// Its ports under these settings. Reading must not fail on any settings.
    pub ports: fn(&Settings) -> Ports,
    /// Reads the settings through the form, which collects problems, and builds the behaviour. Pure: the world is not touched.
    pub build: fn(&mut Form<'_>) -> Box<dyn Behaviour>,
    /// The two figures under the title of a running node: the strong one and the dim one.
    pub figures: [Figure; 2],
}

impl Kind {
    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.name)
    }
}

/// The kinds there are. The one full list is [`crate::nodes::CATALOGUE`]; the engine and the checks get theirs handed in.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue(pub &'static [&'static Kind]);

impl Catalogue {
    /// The kind with this name.
    pub fn get(self, name: &str) -> Option<&'static Kind> {
        self.0.iter().copied().find(|kind| kind.name == name)
    }

    /// All kinds, in the order of the palette.
    pub fn kinds(self) -> impl Iterator<Item = &'static Kind> {
        self.0.iter().copied()
    }

    /// The kinds of one family.
    pub fn family(self, family: Family) -> impl Iterator<Item = &'static Kind> {
        self.kinds().filter(move |kind| kind.family == family)
    }
}
