//! Where in a file the things of a graph stand, so that problems found later can name line and column.

use super::found::Lines;
use super::literal;
use crate::id::{End, NodeId, PipeId};
use crate::problem::{Position, Problem, Subject};
use std::collections::{BTreeMap, HashMap};

/// Where a file speaks of each node, setting and pipe.
#[derive(Clone, Default, Debug)]
pub struct Positions {
    lines: Lines,
    places: HashMap<Subject, usize>,
    /// The same for the files that composites use.
    parts: BTreeMap<String, Self>,
}

impl Positions {
    pub(super) const fn new(lines: Lines, places: HashMap<Subject, usize>) -> Self {
        Self { lines, places, parts: BTreeMap::new() }
    }

    /// Takes what is known of used files.
    pub(super) fn of_parts(&mut self, parts: BTreeMap<String, Self>) {
        self.parts = parts;
    }

    /// Where the file speaks of this; of a setting or port that is not there, its node.
    pub fn of(&self, subject: &Subject) -> Option<Position> {
        Some(self.lines.position(self.place(subject)?))
    }

    /// A subject of a graph that uses this file, as this file knows it: the outer parts of its path are taken off.
    fn seen_from_inside(&self, subject: &Subject) -> Option<Subject> {
        let node = match subject {
            Subject::Pipe(pipe) => &pipe.from.node,
            other => other.node()?,
        };
        let outer = node.above().map(str::len).collect::<Vec<_>>();
        outer.into_iter().rev().find_map(|length| {
            let strip = |id: &NodeId| NodeId::new(id.as_str().get(length + 1..)?);
            let end = |end: &End| Some(End { node: strip(&end.node)?, port: end.port.clone() });
            let inside = match subject {
                Subject::Node(node) => Subject::Node(strip(node)?),
                Subject::Setting(node, name) => Subject::Setting(strip(node)?, name.clone()),
                Subject::Port(node, name) => Subject::Port(strip(node)?, name.clone()),
                Subject::Pipe(pipe) => Subject::Pipe(PipeId { from: end(&pipe.from)?, to: end(&pipe.to)? }),
                Subject::Graph | Subject::Expectation(_) => return None,
            };
            self.place(&inside).map(|_| inside)
        })
    }

    fn place(&self, subject: &Subject) -> Option<usize> {
        let place = self.places.get(subject).copied();
        place.or_else(|| self.places.get(&Subject::Node(subject.node()?.clone())).copied())
    }

    /// Gives problems their place in the file. Those that already name a place within a setting's text get the place of that character in
    /// the file; so do this once, for problems fresh from [`crate::check::check`].
    pub fn locate(&self, problems: &mut [Problem]) {
        for problem in problems {
            if let Some(part) = problem.file.as_ref().and_then(|file| self.parts.get(&**file)) {
                // Problems of the used file's text know their place already.
                if let Some(inside) = part.seen_from_inside(&problem.subject) {
                    let mut own = [Problem { subject: inside, file: None, ..problem.clone() }];
                    part.locate(&mut own);
                    problem.position = own[0].position;
                }
                continue;
            }
            let Some(place) = self.place(&problem.subject) else { continue };
            let in_text = problem.position.filter(|_| self.places.contains_key(&problem.subject));
            let place = in_text.map_or(place, |position| self.within_text(place, position));
            problem.position = Some(self.lines.position(place));
        }
    }

    /// The place in the file of a line and column of the text that is written from `start` on; `start` if no text is written there.
    fn within_text(&self, start: usize, position: Position) -> usize {
        let source = &self.lines.text()[start..];
        let (line, column) = (position.line.saturating_sub(1) as usize, position.column.saturating_sub(1) as usize);
        if source.starts_with('r') {
            let Some(quote) = source.find('"') else { return start };
            let inner = start + quote + 1;
            let text = &self.lines.text()[inner..];
            let line_start = if line == 0 { 0 } else { text.match_indices('\n').nth(line - 1).map_or(0, |(at, _)| at + 1) };
            let skipped: usize = text[line_start..].chars().take(column).map(char::len_utf8).sum();
            return inner + line_start + skipped;
        }
        if !source.starts_with('"') {
            return start;
        }
        // Walk the escapes: the longest beginning of the source that reads as no more than the wanted characters.
        let (mut at, mut seen_lines, mut seen_columns) = (1, 0, 0);
        while (seen_lines, seen_columns) < (line, column) {
            let length = escape_length(&source[at..]);
            let Ok(read) = literal::text(&source[at..at + length]) else { break };
            if source[at..].starts_with('"') || length == 0 {
                break;
            }
            at += length;
            (seen_lines, seen_columns) = if read == "\n" { (seen_lines + 1, 0) } else { (seen_lines, seen_columns + read.chars().count()) };
        }
        start + at
    }
}

/// How many bytes of source the next character of a text takes.
fn escape_length(source: &str) -> usize {
    let mut characters = source.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), Some('u')) => source.find('}').map_or(source.len(), |at| at + 1),
        (Some('\\'), Some('x')) => source.char_indices().nth(4).map_or(source.len(), |(at, _)| at),
        (Some('\\'), Some(next)) => 1 + next.len_utf8(),
        (Some(plain), _) => plain.len_utf8(),
        (None, _) => 0,
    }
}
