//! Collects the problems of a file while it is read, with their places.

use crate::problem::{Position, Problem, Severity, Subject};

/// Problems by place in the text, and whether the reading lost a part of it.
pub struct Found {
    lines: Lines,
    problems: Vec<Problem>,
    /// How many more there were than are kept.
    beyond: usize,
    /// Whether saving what was read would lose a part of the text.
    pub torn: bool,
}

impl Found {
    /// How many problems of one file are told.
    pub const MOST: usize = 1_000;

    pub fn new(text: &str) -> Self {
        Self { lines: Lines::of(text), problems: Vec::new(), beyond: 0, torn: false }
    }

    pub fn push(&mut self, text_at: usize, problem: Problem) {
        if self.problems.len() >= Self::MOST {
            self.beyond += 1;
            return;
        }
        let Position { line, column } = self.lines.position(text_at);
        self.problems.push(problem.at(line, column));
    }

    pub fn error(&mut self, at: usize, code: &'static str, subject: Subject, message: impl Into<String>, hint: impl Into<String>) {
        self.push(at, Problem::error(code, subject, message).hint(hint));
    }

    pub fn warning(&mut self, at: usize, code: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.push(at, Problem::warning(code, Subject::Graph, message).hint(hint));
    }

    /// Something that cannot stand where it stands.
    pub fn syntax(&mut self, at: usize, message: String) {
        self.push(at, Problem::error("PW104", Subject::Graph, message));
    }

    /// Damage after which saving would lose a part of the text.
    pub fn torn(&mut self, at: usize, message: &str, hint: impl Into<String>) {
        self.torn = true;
        self.push(at, Problem::error("PW103", Subject::Graph, message).hint(hint));
    }

    /// Forgets what was found so far, where one larger problem is behind it all.
    pub fn forget(&mut self) {
        self.problems.clear();
        self.beyond = 0;
    }

    /// The line of a place, for messages that name a second place.
    pub fn line(&self, at: usize) -> u32 {
        self.lines.position(at).line
    }

    /// The problems in the order of the text, and the lines.
    pub fn finish(mut self) -> (Vec<Problem>, Lines, bool) {
        self.problems.sort_by_key(|problem| problem.position);
        if self.beyond > 0 {
            let message = format!("{} more problems in this file are not shown", self.beyond);
            self.problems.push(Problem { severity: Severity::Error, ..Problem::error("PW114", Subject::Graph, message) });
        }
        (self.problems, self.lines, self.torn)
    }
}

/// Where lines begin: turns bytes into lines and columns.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lines {
    text: std::sync::Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    pub fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text: text.into(), starts }
    }

    /// The place of a byte; the end of the text if it lies beyond.
    pub fn position(&self, at: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..at.min(self.text.len())).unwrap_or("");
        // A line of many megabytes is no line a person counts columns in; counting it for each problem would take minutes.
        let column = if before.len() > 10_000 { before.len() } else { before.chars().count() };
        Position { line: line as u32, column: column as u32 + 1 }
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}
