//! A person's mistake, told so that it can be mended: code, severity, place, what was expected, what was found, what to do.

use crate::id::{NodeId, PipeId};
use std::fmt;

/// How bad a problem is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The graph cannot run.
    Error,
    /// The graph runs, but probably not as meant.
    Warning,
    /// A better way is known.
    Advice,
}

impl Severity {
    /// The word on screen and in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        }
    }
}

/// What a problem is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Subject {
    /// The graph as a whole.
    #[default]
    Graph,
    /// A node.
    Node(NodeId),
    /// One setting of a node.
    Setting(NodeId, String),
    /// One port of a node.
    Port(NodeId, String),
    /// A pipe.
    Pipe(PipeId),
    /// An expectation, by its name.
    Expectation(String),
}

impl Subject {
    /// The node it is about, if it is about one.
    pub fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Node(node) | Self::Setting(node, _) | Self::Port(node, _) => Some(node),
            Self::Graph | Self::Pipe(_) | Self::Expectation(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph => f.write_str("graph"),
            Self::Node(node) => write!(f, "{node}"),
            Self::Setting(node, name) | Self::Port(node, name) => write!(f, "{node}.{name}"),
            Self::Pipe(pipe) => write!(f, "{pipe}"),
            Self::Expectation(name) => write!(f, "expect: {name}"),
        }
    }
}

/// A place in a text, both counted from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One problem. Problems are collected, never thrown one at a time.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// The code, a key of the table in [`crate::check::explain`]: `PW` and three digits.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// The used file that it stands in, from the graph's folder; `None` for the graph's own file.
    pub file: Option<std::sync::Arc<str>>,
    /// Where in the file, or (for `Setting` subjects found while drawing) where in the setting's own text.
    pub position: Option<Position>,
    /// One sentence: what is wrong, with what was expected and what was found.
    pub message: String,
    /// One sentence: what to do. Empty if the message says it.
    pub hint: String,
}

impl Problem {
    /// An error about `subject`.
    pub fn error(code: &'static str, subject: Subject, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, subject, file: None, position: None, message: message.into(), hint: String::new() }
    }

    /// A warning about `subject`.
    pub fn warning(code: &'static str, subject: Subject, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, subject, message) }
    }

    /// Advice about `subject`.
    pub fn advice(code: &'static str, subject: Subject, message: impl Into<String>) -> Self {
        Self { severity: Severity::Advice, ..Self::error(code, subject, message) }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.position = Some(Position { line, column });
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] ", self.severity.word(), self.code)?;
        if let Some(file) = &self.file {
            write!(f, "{file}{}", if self.position.is_some() { ":" } else { " " })?;
        }
        if let Some(position) = self.position {
            write!(f, "{}:{} ", position.line, position.column)?;
        }
        write!(f, "{}: {}", self.subject, self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  {}", self.hint)?;
        }
        Ok(())
    }
}

/// The word of `known` nearest to `word`, if it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (edit_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters; words longer than 64 characters count as far apart.
fn edit_distance(a: &str, b: &str) -> usize {
    if a.len() > 64 || b.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_what_was_meant() {
        let known = ["generator", "queue", "consumer_pool", "sink"];
        assert_eq!(nearest("generater", known), Some("generator"));
        assert_eq!(nearest("Queue", known), Some("queue"));
        assert_eq!(nearest("consumerpool", known), Some("consumer_pool"));
        assert_eq!(nearest("teapot", known), None);
    }
}
