//! The description of one setting: its type, unit, range, default and help. Forms, checks and the reference follow from it.

use crate::setting::{Setting, Settings};

/// A default value, in a form that can stand in a `static`.
#[derive(Clone, Copy)]
pub enum Preset {
    /// No default: the setting is optional.
    None,
    /// No default: the setting must be given.
    Required,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text, also a span, rate or size.
    Text(&'static str),
    /// One of a choice.
    Word(&'static str),
    /// Something larger.
    Made(fn() -> Setting),
}

impl Preset {
    /// The default as a setting.
    pub fn setting(&self) -> Option<Setting> {
        match *self {
            Self::None | Self::Required => None,
            Self::Flag(flag) => Some(Setting::Flag(flag)),
            Self::Integer(number) => Some(Setting::Integer(number)),
            Self::Number(number) => Some(Setting::Number(number)),
            Self::Text(text) => Some(Setting::text(text)),
            Self::Word(word) => Some(Setting::word(word)),
            Self::Made(make) => Some(make()),
        }
    }
}

/// One word of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// The word in files.
    pub name: &'static str,
    /// The words on screen.
    pub label: &'static str,
    /// One sentence: what choosing it means.
    pub help: &'static str,
}

/// What the text of an expression must yield.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Yields {
    /// True or false.
    Bool,
    /// Text, or something that becomes one: keys and topics.
    Text,
    /// Any value.
    Any,
}

/// The closed list of field types. The inspector has one widget for each.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FieldType {
    /// One line of text.
    Text,
    /// Several lines of text.
    LongText,
    /// A payload template: JSON with `{{...}}` fake data (see [`crate::template`]).
    Template,
    /// A CEL expression (see [`crate::expr`]).
    Expression(Yields),
    /// A jq program.
    Jq,
    /// On or off.
    Flag,
    /// A whole number within these limits, both included.
    Integer(i64, i64),
    /// A number within these limits, both included.
    Number(f64, f64),
    /// A probability or share, 0 to 1.
    Share,
    /// A span of time of at least this many nanoseconds.
    Span(u64),
    /// A rate above zero.
    Rate,
    /// A number of bytes, at least one.
    Size,
    /// One of these words.
    Choice(&'static [Word]),
    /// A probability distribution of spans of time (see [`crate::distribution`]).
    Distribution,
    /// A file: to be read (`false`) or written (`true`).
    Path {
        /// Whether the node writes it.
        written: bool,
    },
    /// Named predicates in order, `{"name": "CEL", ...}`: each becomes an output port.
    Rules,
    /// Names to weights, `{"name": 0.3, ...}`: each becomes an output port.
    Weights,
    /// Header or field names to CEL expressions, `{"name": "CEL", ...}`.
    Assignments,
    /// A pattern of topics in the dialect of the topic.
    TopicPattern,
    /// Points of a rate over time, `[("0 s", "10/s"), ("1 min", "50/s")]`.
    Profile,
}

/// Something that a field lacks while a choice field has one of these words: itself, or some words of its own. The form says why, and the inspector
/// greys it out with the same words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lack {
    /// The choice field that decides.
    pub choice: &'static str,
    /// Its words under which this holds.
    pub words: &'static [&'static str],
    /// The words of this field that are not to be had; none listed: the whole field is not.
    pub values: &'static [&'static str],
    /// One sentence: why, and what there is instead.
    pub why: &'static str,
}

/// Another default while a choice field has one of these words.
#[derive(Clone, Copy)]
pub struct Usual {
    /// The choice field that decides.
    pub choice: &'static str,
    /// Its words under which this holds.
    pub words: &'static [&'static str],
    /// The default then.
    pub default: Preset,
}

/// One setting of a kind.
pub struct Field {
    /// The name in files: a short word in snake case.
    pub name: &'static str,
    /// The label on screen.
    pub label: &'static str,
    /// The heading it stands under in the inspector.
    pub group: &'static str,
    /// Type, limits and unit.
    pub ty: FieldType,
    /// What it is when absent.
    pub default: Preset,
    /// The unit of a bare number, for the field's right end; empty if the value carries its own.
    pub unit: &'static str,
    /// One or two sentences: what it does, and when to change it.
    pub help: &'static str,
    /// Where the rule or default comes from, if it is somebody else's; else empty.
    pub source: &'static str,
    /// Shown only while the choice field named first has one of these words; a flag has the word `true` or `false`.
    pub when: Option<(&'static str, &'static [&'static str])>,
    /// What it lacks under which choices.
    pub lacks: &'static [Lack],
    /// Other defaults under which choices.
    pub usuals: &'static [Usual],
}

impl Field {
    /// A field with the usual rest: no unit, no source, always shown.
    pub const fn new(
        group: &'static str,
        name: &'static str,
        label: &'static str,
        ty: FieldType,
        default: Preset,
        help: &'static str,
    ) -> Self {
        Self { name, label, group, ty, default, unit: "", help, source: "", when: None, lacks: &[], usuals: &[] }
    }

    /// The same with a unit.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    /// The same with a source.
    #[must_use]
    pub const fn source(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// The same, shown only while `choice` is one of `words`.
    #[must_use]
    pub const fn when(mut self, choice: &'static str, words: &'static [&'static str]) -> Self {
        self.when = Some((choice, words));
        self
    }

    /// The same, with what it lacks under which choices.
    #[must_use]
    pub const fn lacking(mut self, lacks: &'static [Lack]) -> Self {
        self.lacks = lacks;
        self
    }

    /// The same, with other defaults under which choices.
    #[must_use]
    pub const fn usually(mut self, usuals: &'static [Usual]) -> Self {
        self.usuals = usuals;
        self
    }

    /// What it is when absent, under these settings of the kind that has these fields.
    pub fn default_under(&self, fields: &[Self], settings: &Settings) -> Option<Setting> {
        let usual = self.usuals.iter().find(|usual| chosen(fields, settings, usual.choice, usual.words));
        usual.map_or(&self.default, |usual| &usual.default).setting()
    }

    /// Whether it is shown under these settings: the choice it depends on has one of its words.
    pub fn shown_under(&self, fields: &[Self], settings: &Settings) -> bool {
        self.when.is_none_or(|(choice, words)| chosen(fields, settings, choice, words))
    }

    /// Why the whole field is not to be had under these settings, if so.
    pub fn lacks_under(&self, fields: &[Self], settings: &Settings) -> Option<&'static str> {
        let mut lacks = self.lacks.iter().filter(|lack| lack.values.is_empty());
        lacks.find(|lack| chosen(fields, settings, lack.choice, lack.words)).map(|lack| lack.why)
    }

    /// Why one of its words is not to be had under these settings, if so.
    pub fn lacks_word_under(&self, word: &str, fields: &[Self], settings: &Settings) -> Option<&'static str> {
        let mut lacks = self.lacks.iter().filter(|lack| lack.values.contains(&word));
        lacks.find(|lack| chosen(fields, settings, lack.choice, lack.words)).map(|lack| lack.why)
    }
}

/// Whether a choice field has one of these words.
fn chosen(fields: &[Field], settings: &Settings, choice: &str, words: &[&str]) -> bool {
    let Some(field) = fields.iter().find(|field| field.name == choice) else { return false };
    let default = field.default.setting();
    let value = settings.get(choice).or(default.as_ref());
    value.and_then(Setting::as_choice).is_some_and(|word| words.contains(&word))
}
