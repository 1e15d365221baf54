//! What a command prints: answers on standard output, complaints on standard error, problems the way compilers print them.

use super::Exit;
use pipewright_runtime::problem::{Position, Problem, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;

/// How many problems are printed in words; `--json` lists all.
const MOST_PROBLEMS: usize = 200;
/// How much of a long source line is shown around the place.
const MOST_COLUMNS: usize = 120;

/// Prints an answer. A reader who has gone away (`| head`) is no error.
pub fn say(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("standard output cannot be written: {error}"));
            Exit::File
        }
        _ => Exit::Good,
    }
}

/// Prints an answer as JSON.
pub fn print_json(value: &Value) -> Exit {
    say(&serde_json::to_string_pretty(value).expect("JSON values always write"))
}

/// Prints what went wrong, on standard error. If even that is gone there is nobody left to tell.
pub fn complain(text: &str) {
    let style = Style::of(&io::stderr());
    let _ = writeln!(io::stderr(), "{}error{}: {text}", style.strong(Severity::Error), style.off());
}

/// Says something that is no error but must not be overlooked, on standard error.
pub fn remark(text: &str) {
    let style = Style::of(&io::stderr());
    let _ = writeln!(io::stderr(), "{}note{}: {text}", style.strong(Severity::Advice), style.off());
}

/// Colours on a terminal, nothing elsewhere or where `NO_COLOR` is set.
#[derive(Clone, Copy)]
pub struct Style(bool);

impl Style {
    /// The style for a stream.
    pub fn of(stream: &impl IsTerminal) -> Self {
        Self(stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    fn strong(self, severity: Severity) -> &'static str {
        match (self.0, severity) {
            (false, _) => "",
            (true, Severity::Error) => "\x1b[1;31m",
            (true, Severity::Warning) => "\x1b[1;33m",
            (true, Severity::Advice) => "\x1b[1;36m",
        }
    }

    fn dim(self) -> &'static str {
        if self.0 { "\x1b[2m" } else { "" }
    }

    fn off(self) -> &'static str {
        if self.0 { "\x1b[0m" } else { "" }
    }
}

/// Problems in words, worst first where nothing else orders them, each with its source line and a caret.
pub fn problems_text(path: &Path, text: &str, problems: &[Problem], style: Style) -> String {
    let mut out = String::new();
    for problem in problems.iter().take(MOST_PROBLEMS) {
        problem_text(&mut out, path, text, problem, style);
        out.push('\n');
    }
    if problems.len() > MOST_PROBLEMS {
        let _ = writeln!(out, "{} more problems are not shown; --json lists all", problems.len() - MOST_PROBLEMS);
    }
    out + &count_text(problems)
}

/// `2 errors, 1 warning` or `no problems`.
pub fn count_text(problems: &[Problem]) -> String {
    let of = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let counted: Vec<String> = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Advice, "piece of advice", "pieces of advice"),
    ]
    .into_iter()
    .filter_map(|(severity, one, many)| match of(severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    })
    .collect();
    if counted.is_empty() { "no problems".into() } else { counted.join(", ") }
}

fn problem_text(out: &mut String, path: &Path, text: &str, problem: &Problem, style: Style) {
    let (strong, dim, off) = (style.strong(problem.severity), style.dim(), style.off());
    let _ = writeln!(out, "{strong}{}[{}]{off}: {}", problem.severity.word(), problem.code, problem.message);
    let subject = problem.subject.to_string();
    // The line of a used file is not at hand.
    let own = problem.position.filter(|_| problem.file.is_none());
    let source = own.and_then(|position| Some((position, text.lines().nth(position.line.checked_sub(1)? as usize)?)));
    let path = match &problem.file {
        Some(file) => path.with_file_name(&**file),
        None => path.to_owned(),
    };
    match problem.position {
        Some(Position { line, column }) => {
            let _ = writeln!(out, "  {dim}-->{off} {}:{line}:{column} ({subject})", path.display());
        }
        None => {
            let _ = writeln!(out, "  {dim}-->{off} {} ({subject})", path.display());
        }
    }
    if let Some((position, line)) = source {
        let number = position.line.to_string();
        let gap = " ".repeat(number.len());
        let (shown, lead) = window(line, position.column as usize);
        let _ = writeln!(out, " {gap} {dim}|{off}\n {dim}{number} |{off} {shown}\n {gap} {dim}|{off} {lead}{strong}^{off}");
    }
    if !problem.hint.is_empty() {
        let _ = writeln!(out, "  {dim}={off} hint: {}", problem.hint);
    }
}

/// The part of a line around a column (from 1), and the white space that brings a caret below it. Tabs stay tabs; control characters
/// of a stranger's file do not reach the terminal.
fn window(line: &str, column: usize) -> (String, String) {
    let clean = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    let at = column.saturating_sub(1);
    let from = if line.chars().count() > MOST_COLUMNS { at.saturating_sub(MOST_COLUMNS / 2) } else { 0 };
    let shown: String = line.chars().skip(from).take(MOST_COLUMNS).map(clean).collect();
    let lead: String = line.chars().skip(from).take(at - from).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    (shown, lead)
}

/// Problems as JSON, with a count of each severity.
pub fn problems_json(path: &Path, problems: &[Problem]) -> Value {
    let of = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    json!({
        "format": 1,
        "graph": path.to_string_lossy(),
        "errors": of(Severity::Error),
        "warnings": of(Severity::Warning),
        "advice": of(Severity::Advice),
        "problems": problems.iter().map(problem_json).collect::<Vec<_>>(),
    })
}

fn problem_json(problem: &Problem) -> Value {
    json!({
        "code": problem.code,
        "severity": problem.severity.word(),
        "subject": problem.subject.to_string(),
        "node": problem.subject.node().map(ToString::to_string),
        "file": problem.file.as_deref(),
        "line": problem.position.map(|position| position.line),
        "column": problem.position.map(|position| position.column),
        "message": problem.message,
        "hint": problem.hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipewright_runtime::problem::Subject;

    #[test]
    fn a_problem_shows_its_line_and_a_caret() {
        let problem = Problem::error("PW202", Subject::Graph, "expected a rate").at(2, 3).hint("write \"5/s\"");
        let text = problems_text(Path::new("a.ron"), "(\n\trate: 5\n)", &[problem], Style(false));
        let expected =
            "error[PW202]: expected a rate\n  --> a.ron:2:3 (graph)\n   |\n 2 | \trate: 5\n   | \t ^\n  = hint: write \"5/s\"\n\n1 error";
        assert_eq!(text, expected);
    }

    /// Found by a tester: a place in a used file was told as one of the file that uses it, which has no such line.
    #[test]
    fn a_problem_of_a_used_file_names_it() {
        let problem = Problem { file: Some("parts/b.ron".into()), ..Problem::error("PW202", Subject::Graph, "expected a rate").at(2, 3) };
        let text = problems_text(Path::new("graphs/a.ron"), "(\n\trate: 5\n)", &[problem], Style(false));
        assert_eq!(text, "error[PW202]: expected a rate\n  --> graphs/parts/b.ron:2:3 (graph)\n\n1 error");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place_and_cleaned() {
        let line = format!("{}\x1b[31mX{}", "a".repeat(500), "b".repeat(500));
        let (shown, lead) = window(&line, 506);
        assert!(shown.chars().count() <= MOST_COLUMNS && !shown.contains('\x1b'));
        assert_eq!(shown.chars().nth(lead.chars().count()), Some('X'));
        assert_eq!(window("", 9).1, "");
    }

    #[test]
    fn problems_are_counted_in_words() {
        let error = Problem::error("PW101", Subject::Graph, "");
        let advice = Problem::advice("PW901", Subject::Graph, "");
        assert_eq!(count_text(&[]), "no problems");
        assert_eq!(count_text(&[error.clone(), error, advice.clone()]), "2 errors, 1 piece of advice");
        assert_eq!(count_text(&[advice.clone(), advice]), "2 pieces of advice");
    }
}
