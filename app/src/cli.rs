//! The command line: one file per verb. Verbs that answer with data speak JSON with `--json`; exit codes stand in one table.

mod arguments;
mod exit;
mod kinds;
mod print;

pub use arguments::{Arguments, ThemeName, Verb, WindowArguments};
pub use exit::Exit;

use clap::Parser;

/// Reads the arguments of this process; prints help or the mistake and ends the process where they ask for it.
pub fn arguments() -> Arguments {
    Arguments::parse()
}

/// Does what a verb asks.
pub fn perform(verb: &Verb) -> Exit {
    match verb {
        Verb::Kinds(arguments) => kinds::kinds(arguments),
    }
}
