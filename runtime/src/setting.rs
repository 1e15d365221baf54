//! What a person set: the values of a node's settings as they stand in the document, before any kind has read them.

use indexmap::IndexMap;

/// One setting's value, close to how it is written in the file.
#[derive(Clone, PartialEq, Debug)]
pub enum Setting {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction. May be NaN or infinite: `check` says so at its place.
    Number(f64),
    /// Quoted text; also spans, rates and sizes ("250 ms").
    Text(String),
    /// A bare word: one of a choice, such as `drop_oldest`.
    Word(String),
    /// `[a, b]`
    List(Vec<Setting>),
    /// `{"a": x}`, in the order written.
    Map(Vec<(String, Setting)>),
    /// `Name(a: x, b: y)` or `(a: x)`; the name may be empty.
    Record(String, Vec<(String, Setting)>),
    /// `Name(x, y)` or `(x, y)`; the name may be empty.
    Tuple(String, Vec<Setting>),
}

impl Setting {
    /// Text as a setting.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A choice as a setting.
    pub fn word(word: impl Into<String>) -> Self {
        Self::Word(word.into())
    }

    /// The text of a `Text` or a `Word`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Word(text) => Some(text),
            _ => None,
        }
    }

    /// The word of a choice; of a flag `true` or `false`.
    pub fn as_choice(&self) -> Option<&str> {
        match self {
            Self::Flag(true) => Some("true"),
            Self::Flag(false) => Some("false"),
            other => other.as_str(),
        }
    }

    /// What sort of value it is, for messages: `a text`, `a whole number`, ...
    pub const fn sort(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Word(_) => "a word",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Record(..) | Self::Tuple(..) => "a record",
        }
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}
impl From<i64> for Setting {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<f64> for Setting {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}
impl From<bool> for Setting {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// A node's settings in the order they stand in the file. What is absent has its default.
pub type Settings = IndexMap<String, Setting>;
