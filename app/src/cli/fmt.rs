//! `fmt FILE [--check]`: writes a graph file in its stable form, comments kept.

use super::Exit;
use super::arguments::FormatArguments;
use super::print::{Style, complain, problems_text, say};
use pipewright_runtime::file::{self, Loaded};
use pipewright_runtime::nodes::CATALOGUE;
use pipewright_runtime::problem::Severity;

/// Formats a file, or says whether it is formatted. A file that does not read without errors is left as it is.
pub fn format(arguments: &FormatArguments) -> Exit {
    let path = &arguments.file;
    let Loaded { read, text, .. } = match file::load(path, CATALOGUE) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&error.to_string());
            return Exit::File;
        }
    };
    if read.read_only || read.problems.iter().any(|problem| problem.severity == Severity::Error) {
        eprintln!("{}", problems_text(path, &text, &read.problems, Style::of(&std::io::stderr())));
        complain(&format!("{} is left as it is", path.display()));
        return Exit::Problems;
    }
    let formatted = file::write(&read.graph);
    if formatted == text {
        return Exit::Good;
    }
    if arguments.check {
        let line = 1 + text.lines().zip(formatted.lines()).take_while(|(old, new)| old == new).count();
        say(&format!(
            "{}:{line}: is not formatted; `pipewright fmt` would write `{}`",
            path.display(),
            formatted.lines().nth(line - 1).unwrap_or("").trim()
        ));
        return Exit::Problems;
    }
    match file::save(path, &read.graph) {
        Ok(_) => Exit::Good,
        Err(error) => {
            complain(&error.to_string());
            Exit::File
        }
    }
}
