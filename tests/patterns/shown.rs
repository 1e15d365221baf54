//! What a sample shows: that a kind, one of its settings, or a value of one occurs in it.

use pipewright_runtime::graph::Graph;
use pipewright_runtime::node::Kind;
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::setting::{Setting, Settings};
use pipewright_tests::{graph_of, root};
use std::path::PathBuf;

/// What stands for a composite in the place of a kind.
const COMPOSITE: &str = "composite";
/// What stands for a pipe in the place of a kind, and the settings of one.
const PIPE: (&str, &[&str]) = ("pipe", &["capacity", "capacity_bytes", "time_to_live"]);

/// Something that a sample may show.
pub struct Shown<'a> {
    of: Of,
    setting: Option<(&'a str, Option<&'a str>)>,
}

#[derive(Clone, Copy)]
enum Of {
    Kind(&'static Kind),
    Composite,
    Pipe,
}

impl<'a> Shown<'a> {
    /// Reads `kind`, `kind.setting` or `kind.setting=value`; all of it must be there.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let (name, setting) = text.split_once('.').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let setting = setting.map(|rest| rest.split_once('=').map_or((rest, None), |(setting, value)| (setting, Some(value))));
        let of = match (name, CATALOGUE.get(name)) {
            (_, Some(kind)) => Of::Kind(kind),
            (COMPOSITE, None) => Of::Composite,
            (name, None) if name == PIPE.0 => Of::Pipe,
            (_, None) => return Err(format!("there is no kind `{name}`")),
        };
        let there = |setting: &str| match of {
            Of::Kind(kind) => kind.field(setting).is_some(),
            Of::Composite => setting == "use",
            Of::Pipe => PIPE.1.contains(&setting),
        };
        match setting {
            Some((setting, _)) if !there(setting) => Err(format!("`{name}` has no setting `{setting}`")),
            setting => Ok(Self { of, setting }),
        }
    }

    /// Whether the graph has it.
    pub fn is_in(&self, graph: &Graph) -> bool {
        match self.of {
            Of::Kind(kind) => graph.nodes().values().any(|node| node.kind == kind.name && self.is_set(&node.settings)),
            Of::Composite => graph.nodes().values().any(|node| node.is_composite() && self.is_set(&node.settings)),
            Of::Pipe => graph.pipes().values().any(|pipe| self.is_set(&pipe.settings)),
        }
    }

    fn is_set(&self, settings: &Settings) -> bool {
        match self.setting {
            None => true,
            Some((setting, None)) => settings.contains_key(setting),
            Some((setting, Some(value))) => settings.get(setting).is_some_and(|found| word(found) == value),
        }
    }

    /// The kind, if it is one of the catalogue.
    pub const fn kind(&self) -> Option<&'static Kind> {
        match self.of {
            Of::Kind(kind) => Some(kind),
            Of::Composite | Of::Pipe => None,
        }
    }
}

/// A value as it is written in the table: a word, a text, a number or the name of a record.
fn word(setting: &Setting) -> String {
    match setting {
        Setting::Integer(number) => number.to_string(),
        Setting::Number(number) => number.to_string(),
        Setting::Record(name, _) | Setting::Tuple(name, _) => name.clone(),
        Setting::Flag(_) | Setting::Text(_) | Setting::Word(_) | Setting::List(_) | Setting::Map(_) => {
            setting.as_choice().unwrap_or_default().to_owned()
        }
    }
}

/// Whether the graph has what is written so.
pub fn occurs(text: &str, graph: &Graph) -> bool {
    Shown::parse(text).is_ok_and(|shown| shown.is_in(graph))
}

/// Where a sample lies.
pub fn path(sample: &str) -> PathBuf {
    root().join("samples").join(format!("{sample}.ron"))
}

/// A sample with the files that it uses.
pub fn graph(sample: &str) -> Graph {
    graph_of(&path(sample))
}

#[test]
fn what_is_not_there_is_not_shown() {
    let graph = pipewright_tests::graph(
        "(format: 1, nodes: {\"g\": generator(arrivals: poisson), \"s\": sink()}, pipes: [(\"g.out -> s.in\", capacity: 4)])",
    );
    for text in ["generator", "generator.arrivals", "generator.arrivals=poisson", "pipe.capacity", "pipe.capacity=4", "sink"] {
        assert!(occurs(text, &graph), "{text}");
    }
    for text in ["queue", "generator.rate", "generator.arrivals=burst", "pipe.time_to_live", "composite", "composite.use"] {
        assert!(!occurs(text, &graph) && Shown::parse(text).is_ok(), "{text}");
    }
    for text in ["teapot", "generator.spout", "pipe.colour", "composite.colour"] {
        assert!(Shown::parse(text).is_err(), "{text}");
    }
}
