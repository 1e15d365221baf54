//! `check FILE`: everything that is wrong with a graph, all at once.

use super::Exit;
use super::arguments::FileArguments;
use super::load::Loaded;
use super::print::{Style, print_json, problems_json, problems_text, say};

/// Checks a file and lists its problems.
pub fn check(arguments: &FileArguments) -> Exit {
    let loaded = match Loaded::open(&arguments.file) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let printed = if arguments.json {
        print_json(&problems_json(&loaded.path, &loaded.problems))
    } else {
        say(&problems_text(&loaded.path, &loaded.text, &loaded.problems, Style::of(&std::io::stdout())))
    };
    if loaded.has_errors() { Exit::Problems } else { printed }
}
