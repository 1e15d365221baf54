//! The command line: one file per verb. Verbs that answer with data speak JSON with `--json`; exit codes stand in one table.

mod arguments;
mod check;
mod dead_letters;
mod drive;
mod exit;
mod experiment;
mod explain;
mod fallback;
mod fmt;
mod interrupt;
mod kinds;
mod load;
mod new;
mod print;
mod run;
mod simulate;
mod summary;
mod table;

pub use arguments::{Arguments, ThemeName, Verb, WindowArguments};
pub use exit::Exit;
pub use fallback::sample_in_terminal;

use clap::Parser;

/// Reads the arguments of this process; prints help or the mistake and ends the process where they ask for it.
pub fn arguments() -> Arguments {
    Arguments::parse()
}

/// Does what a verb asks.
pub fn perform(verb: &Verb) -> Exit {
    match verb {
        Verb::Check(arguments) => check::check(arguments),
        Verb::Explain(arguments) => explain::explain(arguments),
        Verb::Kinds(arguments) => kinds::kinds(arguments),
        Verb::New(arguments) => new::new(arguments),
        Verb::Fmt(arguments) => fmt::format(arguments),
        Verb::Run(arguments) => run::run(arguments),
        Verb::Simulate(arguments) => simulate::simulate(arguments),
        Verb::DeadLetters(arguments) => dead_letters::dead_letters(arguments),
    }
}
